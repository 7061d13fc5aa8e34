"""The gallery of chapter 10: nine wrong backward passes, what checks see of them, and what training does."""

import math
from html import escape
from numbers import Real

import numpy as np
import traitlets

from cnnlib.mistakes import INPUTS, MISTAKES, case
from cnnlib.planted import gap
from cnnlib.widgets.base import LIMIT, Choice, Whole, Widget, table_html
from cnnlib.widgets.compose import compose


class MistakeGallery(Widget):
    """Look at nine wrong backward passes beside the right ones, on inputs that expose or hide them.

    Traits are the widget's whole state: assigning one redraws every view of it,
    and ``observe`` sees what the reader changes. Equations ``vjp``, ``central-diff``, ``adjoint``.

    Parameters
    ----------
    mistake : str, optional
        A key of `cnnlib.mistakes.MISTAKES`.
    test_input : str, optional
        A key of `cnnlib.mistakes.INPUTS`.
    focus : int
        Which entry of the spoiled gradient is worked out, in row-major order.
    edits : dict
        The reader's own numbers, such as ``{"dy 3": 5}``; another mistake or input clears them.
    runs : dict, optional
        For each mistake ``{"right": (losses, accuracy), "wrong": (losses, accuracy)}``, as
        `cnnlib.planted.train` returns them. Without it no curves are drawn.

    Raises
    ------
    traitlets.TraitError
        If a value is not of the kind above, with a sentence.
    """

    _esm = compose("mistake_gallery")
    starting = ("mistake", "test_input", "focus", "edits")

    mistake = Choice(tuple(MISTAKES), "kernel not turned").tag(sync=True)
    test_input = Choice(tuple(INPUTS), "nothing special").tag(sync=True)
    focus = Whole(5, min=0, max=63).tag(sync=True)
    edits = traitlets.Dict().tag(sync=True)
    runs = traitlets.Dict().tag(sync=True)
    cases = traitlets.Dict().tag(sync=True)
    texts = traitlets.Dict().tag(sync=True)

    def __init__(self, **traits):
        super().__init__(**traits)
        self.cases = {name: {kind: layer(name, kind) for kind in INPUTS} for name in MISTAKES}
        self.texts = {name: [m.says, m.seen, m.hides] for name, m in MISTAKES.items()}

    @traitlets.observe("mistake", "test_input")
    def _forget(self, change):
        if self.cases:
            self.edits = {}

    @traitlets.validate("edits")
    def _check_edits(self, proposal):
        known = layer(self.mistake, self.test_input)
        for key, value in proposal.value.items():
            name, _, place = str(key).partition(" ")
            if name not in ("x", "w", "dy") or known[name] is None or not place.isdecimal():
                raise traitlets.TraitError(
                    f"edits must have keys such as 'dy 3' for this layer; came {key!r}"
                )
            if int(place) >= len(known[name]["data"]):
                raise traitlets.TraitError(
                    f"edits: {name} has {len(known[name]['data'])} entries; came the number {place}"
                )
            if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
                raise traitlets.TraitError(f"edits must hold numbers; came {value!r}")
            if abs(value) > LIMIT:
                raise traitlets.TraitError(
                    f"edits must hold numbers from −{LIMIT} to {LIMIT}; came {value!r}"
                )
        return proposal.value

    @traitlets.validate("runs")
    def _check_runs(self, proposal):
        for name, run in proposal.value.items():
            if name not in MISTAKES or set(run) != {"right", "wrong"}:
                raise traitlets.TraitError(
                    f"runs must hold a right and a wrong run for names of mistakes; came {name!r}"
                )
        return proposal.value

    def case(self):
        """Return the layer with the reader's numbers, as `cnnlib.mistakes.case` does."""
        found = case(self.mistake, self.test_input)
        arrays = {"dy": found.dy.copy()} | {
            name: array.copy() for name, array in zip("xwb", found.arguments, strict=False)
        }
        for key, value in self.edits.items():
            name, place = key.split()
            arrays[name].ravel()[int(place)] = value
        return found._replace(arguments=[arrays[n] for n in "xwb" if n in arrays], dy=arrays["dy"])

    def gradients(self):
        """Return the right and the wrong gradient of the array that the mistake spoils."""
        found, place = self.case(), 1 if MISTAKES[self.mistake].wrong == "dw" else 0
        return tuple(f(found.dy, *found.arguments)[place] for f in (found.backward, found.wrong))

    def static_html(self):
        right, wrong = self.gradients()
        size = np.prod(right.shape[2:])
        place = divmod(min(self.focus, right.size - 1) // size, right.shape[1])
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{gap(case(name, self.test_input), 'one by one'):.2f}</td></tr>"
            for name in MISTAKES
        )
        return (
            table_html("y", "right", right[place].tolist())
            + table_html("d", f"wrong: {self.mistake}", wrong[place].tolist())
            + f"<table><caption>relative error that nudging finds</caption><tbody>{rows}</tbody></table>"
            f"<figcaption>{escape(MISTAKES[self.mistake].says)} Test input: {escape(self.test_input)}. "
            "This picture moves where JavaScript runs.</figcaption>"
        )


def layer(mistake, test_input):
    """Write a case as the numbers JavaScript needs: arrays as shape (four axes) and data."""
    found, kind = case(mistake, test_input), MISTAKES[mistake].kind
    x, w, b = (*found.arguments, None, None)[:3]
    dy = found.dy.reshape(x.shape) if kind == "flatten" else found.dy

    def packed(array):
        return None if array is None else {"shape": list(array.shape), "data": array.ravel().tolist()}

    stride = found.options.get("stride", (1, 1))
    window = w.shape[2:] if w is not None else INPUTS[test_input].get("window", (2, 2))
    numbers = {"x": packed(x), "w": packed(w), "b": packed(b), "dy": packed(dy)}
    return numbers | {
        "kind": kind, "wrong": MISTAKES[mistake].wrong, "window": list(window), "stride": list(stride)
    }  # fmt: skip
