"""The widget of chapter 07: pool a map, and route every δ back to the pixels that made it."""

import numpy as np
import traitlets

from cnnlib import pool
from cnnlib.widgets.base import Choice, Matrix, Whole, Widget, agree, resize, table_html
from cnnlib.widgets.compose import compose
from cnnlib.windows import output_size

EXAMPLE = [[1, 3, 2, 0], [4, 2, 1, 5], [0, 1, 2, 2], [3, 0, 6, 1]]
KERNELS = {
    "sum": (pool.sum_pool2d, pool.sum_pool2d_backward),
    "mean": (pool.avg_pool2d, pool.avg_pool2d_backward),
    "max": (pool.max_pool2d, pool.max_pool2d_backward),
}


class PoolRouter(Widget):
    """Pool an image by sum, mean, maximum or Euclid's norm, and follow each δ back to its pixels.

    Traits are the widget's whole state: assigning one redraws every view of it,
    and ``observe`` sees what the reader changes. Equations ``maxpool-fwd``,
    ``maxpool-dx``, ``avgpool-fwd``, ``avgpool-dx``, ``sumpool-dx``, ``lppool-dx``, ``upsample``.

    Parameters
    ----------
    x, delta : square matrices of numbers, optional
        Image (up to 8 × 8) and the gradient at each output.
    kind : {"sum", "mean", "max", "l2"}
        What is kept of a window.
    image_size, pool_size, stride, padding : int, optional
        Changing a size resizes the matrices: counting ones stay counting, others
        keep their top left corner and gain zeros.
    ceil_mode : bool
        Whether a last window may overhang the far edge.
    count_padding : bool
        Whether a mean counts the zeros of the padding as members.
    split_ties : bool
        Whether tied maxima share the gradient; the library gives it to the first.
    numbering : {"rows", "blocks"}
        How the pixels are named: row by row or block by block.
    focus_on : {"x", "y"}
        What is chosen: a pixel, or an output with its δ.
    focus : int
        Its row-major number, from 0.
    frame : int
        −1 for the whole picture, otherwise the δ that is being handed out.

    Raises
    ------
    traitlets.TraitError
        If a value is not of the kind above, with a sentence.
    """

    _esm = compose("pool_router")
    starting = (
        *("x", "delta", "kind", "image_size", "pool_size", "stride", "padding", "ceil_mode"),
        *("count_padding", "split_ties", "numbering", "focus_on", "focus", "frame"),
    )

    x = Matrix(8).tag(sync=True)
    delta = Matrix(9).tag(sync=True)
    kind = Choice(("sum", "mean", "max", "l2"), "max").tag(sync=True)
    image_size = Whole(4, min=2, max=8).tag(sync=True)
    pool_size = Whole(2, min=1, max=4).tag(sync=True)
    stride = Whole(2, min=1, max=4).tag(sync=True)
    padding = Whole(0, min=0, max=2).tag(sync=True)
    ceil_mode = traitlets.Bool(False).tag(sync=True)
    count_padding = traitlets.Bool(True).tag(sync=True)
    split_ties = traitlets.Bool(False).tag(sync=True)
    numbering = Choice(("rows", "blocks"), "rows").tag(sync=True)
    focus_on = Choice(("x", "y"), "y").tag(sync=True)
    focus = Whole(0, min=0, max=80).tag(sync=True)
    frame = Whole(-1, min=-1, max=80).tag(sync=True)

    def __init__(self, x=None, delta=None, **traits):
        if x is None and traits.get("image_size", 4) == 4:
            x = EXAMPLE
        traits = agree({"x": x, **traits}, "x", "image_size", 4)
        if delta is not None:
            traits["delta"] = delta
        super().__init__(**traits)

    @traitlets.validate("delta")
    def _one_delta_per_output(self, proposal):
        count, got = self.outputs(), len(proposal.value)
        if count not in (0, got):
            raise traitlets.TraitError(
                f"delta must be {count} × {count}, one entry per window of size {self.pool_size}, stride "
                f"{self.stride} and padding {self.padding} on a {self.image_size} × {self.image_size} image; "
                f"came {got} × {got}"
            )
        return proposal.value

    def geometry(self):
        """Return the sizes as the kernels take them: ``(kernel_size, options)``."""
        return self.pool_size, dict(stride=self.stride, padding=self.padding, ceil_mode=self.ceil_mode)

    def outputs(self):
        """Return the number of windows along one axis; 0 when none fits or the padding is too wide."""
        m, options = self.geometry()
        if 2 * self.padding > m or m > self.image_size + 2 * self.padding:
            return 0
        return output_size(self.image_size, m, **options)

    @traitlets.observe("x")
    def _size_follows(self, change):
        self.image_size = len(change.new)

    @traitlets.observe("image_size", "pool_size", "stride", "padding", "ceil_mode")
    def settle(self, change=None):
        self.x = resize(self.x, self.image_size)
        if self.outputs():
            self.delta = resize(self.delta, self.outputs())

    def arrays(self):
        """Return ``(x, delta)`` as NCHW arrays, ready for the kernels."""
        return np.array(self.x)[None, None], np.array(self.delta)[None, None]

    def pooled(self):
        """Return ``(p, gamma)`` by the library's kernels; ties go to the first maximum."""
        (x, delta), (m, options) = self.arrays(), self.geometry()
        if self.kind == "l2":  # the library's norm takes no padding; its squares are a sum
            p = pool.sum_pool2d(x**2, m, **options) ** 0.5
            return p, x * pool.sum_pool2d_backward(delta / np.where(p == 0, 1, p), x, m, **options)
        if self.kind == "mean":
            options["count_include_pad"] = self.count_padding
        forward, backward = KERNELS[self.kind]
        return forward(x, m, **options), backward(delta, x, m, **options)

    def static_html(self):
        if not self.outputs():
            return "<figcaption>With these sizes there is no window, so there is no output.</figcaption>"
        (x, delta), (p, gamma) = self.arrays(), self.pooled()
        at = divmod(self.focus, self.image_size if self.focus_on == "x" else self.outputs())
        maps = [("x", "a", x, "x"), ("y", "p", p, "y"), ("d", "δ = ∂E/∂p", delta, "y")]
        maps += [("d", "γ = ∂E/∂a", gamma, "x")]
        drawn = "".join(
            table_html(kind, name, values[0, 0].round(2), at if node == self.focus_on else None)
            for kind, name, values, node in maps
        )
        name = {"sum": "sums", "mean": "means", "max": "maxima", "l2": "Euclidean norms"}[self.kind]
        return (
            f"{drawn}<figcaption>The map a, the {name} p of its windows, the gradient δ at p, and what "
            "comes back to a. This picture moves where JavaScript runs.</figcaption>"
        )
