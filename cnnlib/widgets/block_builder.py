"""The widget of chapter 08: branches side by side, shortcuts, and the pixels that one unit depends on."""

import numpy as np
import traitlets

from cnnlib.layers import Conv2d, Dense, MaxPool2d
from cnnlib.network import Concat, Residual, Sequential
from cnnlib.widgets.base import Choice, Number, Whole, Widget
from cnnlib.widgets.compose import compose
from cnnlib.windows import output_size, receptive_field

PRESETS = {"LeNet-5": [[5, 1], [2, 2], [5, 1], [2, 2], [5, 1]], "one 5×5": [[5, 1]], "two 3×3": [[3, 1]] * 2}
PRESETS |= {"seven 3×3": [[3, 1]] * 7, "small windows, large steps": [[1, 2], [3, 2], [2, 1]]}
ZEROS = dict(bias=False, rng=None, init=lambda shape, rng, dtype: np.zeros(shape, dtype))
WINDOWS = "1 to 8 pairs [kernel_size, stride], kernels from 1 to 7 and strides from 1 to 3"


class Wholes(traitlets.TraitType):
    """A list of whole numbers within `limits`, or of pairs if there are two limits."""

    def __init__(self, default, lengths, *limits, text):
        super().__init__(default)
        self.lengths, self.limits, self.info_text = lengths, limits, text

    def _entry(self, entry):
        numbers = entry if isinstance(entry, list | tuple) else [entry]
        within = zip(numbers, self.limits, strict=False)
        whole = all(type(n) is int and low <= n <= high for n, (low, high) in within)
        return list(numbers) if whole and len(numbers) == len(self.limits) else None

    def validate(self, obj, value):
        entries = [self._entry(entry) for entry in value] if isinstance(value, list | tuple) else []
        if None in entries or len(entries) not in self.lengths:
            raise traitlets.TraitError(f"{self.name} must be {self.info_text}; came {value!r}")
        return entries if len(self.limits) > 1 else [entry[0] for entry in entries]


class BlockBuilder(Widget):
    """Build an Inception block, a chain of shortcuts or a ladder of windows, and watch what it costs.

    Traits are all its state. Equations ``param-count``, ``concat-dx``, ``residual-dx``, ``receptive-field``.

    Parameters
    ----------
    view : {"inception", "residual", "field"}
        Which of the three is shown.
    channels : int
        Maps that enter the Inception block, up to 512.
    filters, reducers : list of 4 and of 2 ints, optional
        Filters of the branches 1×1, 3×3, 5×5 and pool; of the 1×1 reducers before 3×3 and 5×5.
    reduced, backward : bool
        Whether there are reducers (and a 1×1 convolution after the pool); the direction shown.
    branch : int
        The branch in the focus, from 0.
    depth, slope : int, float
        Number of blocks, up to 40, and the derivative of each, from −0.5 to 1.
    layers : list of pairs ``[kernel_size, stride]``, optional
        Up to 8 windows, from the image upwards; kernels up to 7, strides up to 3.
    image_size, level, unit : int
        Pixels of the strip, up to 48; the layer and the unit in the focus, from 0.

    Raises
    ------
    traitlets.TraitError
        If a value is not of the kind above, with a sentence.
    """

    _esm = compose("block_builder")
    starting = ("view", "channels", "filters", "reducers", "reduced", "backward", "branch")
    starting += ("depth", "slope", "layers", "image_size", "level", "unit")

    view = Choice(("inception", "residual", "field"), "inception").tag(sync=True)
    channels = Whole(192, min=1, max=512).tag(sync=True)
    filters = Wholes([64, 128, 32, 32], [4], (1, 256), text="4 whole numbers from 1 to 256").tag(sync=True)
    reducers = Wholes([96, 16], [2], (1, 256), text="2 whole numbers from 1 to 256").tag(sync=True)
    reduced = traitlets.Bool(True).tag(sync=True)
    backward = traitlets.Bool(False).tag(sync=True)
    branch = Whole(1, min=0, max=3).tag(sync=True)
    depth = Whole(20, min=1, max=40).tag(sync=True)
    slope = Number(0.1).tag(sync=True)
    layers = Wholes(PRESETS["LeNet-5"], range(1, 9), (1, 7), (1, 3), text=WINDOWS).tag(sync=True)
    image_size = Whole(32, min=4, max=48).tag(sync=True)
    level = Whole(2, min=0, max=7).tag(sync=True)
    unit = Whole(4, min=0, max=47).tag(sync=True)
    presets = traitlets.Dict(PRESETS).tag(sync=True)

    @traitlets.validate("slope")
    def _slope(self, proposal):
        if not -0.5 <= proposal.value <= 1:
            raise traitlets.TraitError(f"slope must be a number from −0.5 to 1; came {proposal.value}")
        return proposal.value

    def block(self):
        """Return the Inception block as a layer without biases; its weights are 0."""

        def conv(c, o, k):
            return Conv2d(c, o, k, padding=k // 2, **ZEROS)

        c, (f1, f3, f5, fp), (r3, r5) = self.channels, self.filters, self.reducers
        pool = MaxPool2d(3, stride=1, padding=1)
        if not self.reduced:
            return Concat(conv(c, f1, 1), conv(c, f3, 3), conv(c, f5, 5), pool)
        three, five = (Sequential(conv(c, r, 1), conv(r, f, k)) for r, f, k in ((r3, f3, 3), (r5, f5, 5)))
        return Concat(conv(c, f1, 1), three, five, Sequential(pool, conv(c, fp, 1)))

    def passed_back(self):
        """Return the gradient that δ = 1 leaves at the input of the chain: plain, and around shortcuts."""
        found, one = [], np.ones((1, 1))
        for wrap in (Sequential, Residual):
            dense = [Dense(1, 1, dtype=float, **ZEROS) for _ in range(self.depth)]
            net = Sequential(*map(wrap, dense))
            for weight in net.params():
                weight[...] = self.slope
            net.forward(one)
            found.append(net.backward(one).item())  # residual-dx
        return tuple(found)

    def units(self):
        """Return the number of units in each layer along the strip; 0 where a window does not fit."""
        sizes, n = [], self.image_size
        for kernel, stride in self.layers:
            n = output_size(n, kernel, stride=stride) if kernel <= n else 0
            sizes.append(n)
        return sizes

    def static_html(self):
        rows, said = getattr(self, f"_{self.view}_rows")()
        lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
        moves = "This picture moves where JavaScript runs."
        return f"<table><tbody>{lines}</tbody></table><figcaption>{said} {moves}</figcaption>"

    def _inception_rows(self):
        rows, start, x = [("branch", "maps", "channels", "weights")], 0, np.zeros((0, self.channels, 1, 1))
        for name, branch in zip(("1×1", "3×3", "5×5", "pool"), self.block().branches, strict=True):
            end = start + branch(x).shape[1]
            rows.append((name, end - start, f"{start} to {end - 1}", sum(p.size for p in branch.params())))
            start = end
        rows.append(("all", start, f"0 to {start - 1}", sum(row[3] for row in rows[1:])))
        return rows, f"An Inception block on {self.channels} maps."

    def _residual_rows(self):
        names = "plain", "with shortcuts"
        rows = [(name, f"{value:.3g}") for name, value in zip(names, self.passed_back(), strict=True)]
        return rows, f"What comes back of δ = 1 through {self.depth} blocks of slope {self.slope:g}."

    def _field_rows(self):
        rows = [("layer", "window", "stride", "units", "receptive field r", "jump j")]
        fields = zip(self.layers, self.units(), receptive_field(self.layers), strict=True)
        rows += [(k, *window, n, *field) for k, (window, n, field) in enumerate(fields, 1)]
        return rows, f"What one unit of each layer sees of {self.image_size} pixels."
