"""The widget of several channels: two maps, two kernels, one output map."""

import traitlets

from cnnlib.conv import conv2d
from cnnlib.widgets.base import Choice, Matrix, Number, Whole, Widget, np, resize, table_html
from cnnlib.widgets.compose import compose

WORKED = {
    "x1": [[1, 2, 0, 1], [0, 1, 3, 2], [2, 1, 0, 1], [1, 0, 2, 3]],
    "x2": [[2, 0, 1, 1], [1, 1, 0, 2], [0, 3, 1, 0], [1, 2, 1, 0]],
    "k1": [[1, 0], [-1, 2]],
    "k2": [[0, 1], [2, -1]],
    "b": 1,
}
PRESETS = {
    "worked example": WORKED,
    "equal kernels": {**WORKED, "k2": WORKED["k1"]},
    "equal maps": {**WORKED, "x2": WORKED["x1"]},
    "1 × 1 kernels": {**WORKED, "k1": [[2]], "k2": [[-1]], "b": 0},
}


class ChannelMixer(Widget):
    """Read one output's sum over two input maps; cross the kernels as a turn of the third axis does.

    Traits are the widget's whole state: assigning one redraws every view of it,
    and ``observe`` sees what the reader changes. Equations ``conv-fwd``,
    ``conv-table``.

    Parameters
    ----------
    x1, x2 : 4 × 4 matrices of numbers, optional
        The two input maps.
    k1, k2 : square matrices of numbers, optional
        The kernel of each map, up to 3 × 3 and of one size.
    b : float
        The bias of the output map.
    kernel_size : int, optional
        Changing it resizes both kernels: they keep their corner and gain zeros.
    table : {"both", "first", "second"}
        Which maps the connection table lists.
    crossed : bool
        Whether map 1 meets ``k2`` and map 2 meets ``k1``.
    step : int
        Row-major number, from 0, of the output in the focus.

    Raises
    ------
    traitlets.TraitError
        If a value is not of the kind above, with a sentence.
    """

    _esm = compose("channel_mixer")
    starting = ("x1", "x2", "k1", "k2", "b", "kernel_size", "table", "crossed", "step")

    x1 = Matrix(4).tag(sync=True)
    x2 = Matrix(4).tag(sync=True)
    k1 = Matrix(3).tag(sync=True)
    k2 = Matrix(3).tag(sync=True)
    b = Number(1, min=-999, max=999).tag(sync=True)
    kernel_size = Whole(2, min=1, max=3).tag(sync=True)
    table = Choice(("both", "first", "second"), "both").tag(sync=True)
    crossed = traitlets.Bool(False).tag(sync=True)
    step = Whole(0, min=0, max=15).tag(sync=True)
    presets = traitlets.Dict(PRESETS).tag(sync=True)

    def __init__(self, x1=None, x2=None, k1=None, k2=None, **traits):
        kernels = {"k1": k1, "k2": k2}
        sizes = [len(kernel) for kernel in kernels.values() if hasattr(kernel, "__len__")]
        size = traits.setdefault("kernel_size", sizes[0] if sizes else 2)
        if any(other != size for other in sizes):
            raise traitlets.TraitError(
                f"k1, k2 and kernel_size must be of one size; came {sizes} and {size!r}"
            )
        for name, kernel in kernels.items():
            fits = isinstance(size, int) and 0 < size < 4
            traits[name] = kernel if kernel is not None else resize(WORKED[name], size if fits else 2)
        traits["x1"], traits["x2"] = (
            (WORKED["x1"] if x1 is None else x1),
            (WORKED["x2"] if x2 is None else x2),
        )
        super().__init__(**traits)

    @traitlets.validate("x1", "x2")
    def _four_by_four(self, proposal):
        if len(proposal.value) != 4:
            size = len(proposal.value)
            raise traitlets.TraitError(f"{proposal.trait.name} must be 4 × 4; came {size} × {size}")
        return proposal.value

    @traitlets.observe("k1", "k2")
    def _size_follows(self, change):
        self.kernel_size = len(change.new)

    @traitlets.observe("kernel_size")
    def settle(self, change=None):
        self.k1, self.k2 = (self._fit(kernel) for kernel in (self.k1, self.k2))

    def _fit(self, kernel):
        return resize(kernel, self.kernel_size)

    def arrays(self):
        """Return ``(x, w, b)`` ready for `conv2d`: kernels crossed if they are, zeros off the table."""
        kernels = [self.k2, self.k1] if self.crossed else [self.k1, self.k2]
        w = np.array([kernels])
        w[0, [self.table == "second", self.table == "first"]] = 0
        return np.array([[self.x1, self.x2]]), w, np.array([self.b])

    def static_html(self):
        x, w, b = self.arrays()
        z = conv2d(x, w, b)[0, 0]
        at = divmod(min(self.step, z.size - 1), len(z))
        names = ("K₂", "K₁") if self.crossed else ("K₁", "K₂")
        tables = "".join(
            table_html("x", f"x{'₁₂'[c]}", x[0, c]) + table_html("w", names[c], w[0, c]) for c in (0, 1)
        )
        return (
            f"{tables}{table_html('y', 'z', z, at)}<figcaption>The output map z: x₁ under {names[0]} plus "
            f"x₂ under {names[1]} plus the bias {self.b:g}. This picture moves where JavaScript runs."
            "</figcaption>"
        )
