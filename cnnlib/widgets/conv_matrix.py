"""The widget of chapter 06: one layer as a sparse matrix, its transpose, and the sum over tied entries."""

import numpy as np
import traitlets

from cnnlib.conv import conv2d, conv2d_backward
from cnnlib.matrix import conv_matrix
from cnnlib.widgets.base import Choice, Matrix, Whole, Widget, agree, resize, table_html
from cnnlib.widgets.compose import compose
from cnnlib.windows import output_size


class ConvMatrix(Widget):
    """Choose a tap, an output or a pixel: see it in W, in the network, and in the sum it takes part in.

    Traits are the widget's whole state: assigning one redraws every view of it,
    and ``observe`` sees what the reader changes. Equations ``conv-matrix``, ``matrix-dx``, ``tied-sum``.

    Parameters
    ----------
    x, w, delta : square matrices of numbers, optional
        Image (up to 6 × 6), kernel (up to 4 × 4) and the gradient at each output (up to 10 × 10).
    image_size, kernel_size, stride, padding, dilation : int, optional
        Changing one resizes the matrices: counting ones stay counting, others
        keep their top left corner and gain zeros.
    view : {"forward", "backward", "gradient"}
        ``W x``, ``Wᵀ δ``, or the entries ``δ xᵀ`` that add up to the kernel's gradient.
    weights : {"dense", "local", "shared"}
        Which entries of W are weights of their own.
    focus_on : {"y", "x", "w", "entry"}
        What is chosen: output, pixel, tap, or one entry of W.
    focus : int
        Its row-major number, from 0.

    Raises
    ------
    traitlets.TraitError
        If a value is not of the kind above, with a sentence.
    """

    _esm = compose("conv_matrix")
    starting = (
        *("x", "w", "delta", "image_size", "kernel_size", "stride", "padding", "dilation"),
        *("view", "weights", "focus_on", "focus"),
    )

    x = Matrix(6).tag(sync=True)
    w = Matrix(4).tag(sync=True)
    delta = Matrix(10).tag(sync=True)
    image_size = Whole(3, min=2, max=6).tag(sync=True)
    kernel_size = Whole(2, min=1, max=4).tag(sync=True)
    stride = Whole(1, min=1, max=3).tag(sync=True)
    padding = Whole(0, min=0, max=2).tag(sync=True)
    dilation = Whole(1, min=1, max=2).tag(sync=True)
    view = Choice(("forward", "backward", "gradient"), "forward").tag(sync=True)
    weights = Choice(("dense", "local", "shared"), "shared").tag(sync=True)
    focus_on = Choice(("y", "x", "w", "entry"), "y").tag(sync=True)
    focus = Whole(0, min=0, max=3599).tag(sync=True)

    def __init__(self, x=None, w=None, delta=None, **traits):
        traits = agree({"x": x, **traits}, "x", "image_size", 3)
        traits = agree({"w": w, **traits}, "w", "kernel_size", 2)
        if delta is not None:
            traits["delta"] = delta
        super().__init__(**traits)

    @traitlets.validate("delta")
    def _one_delta_per_output(self, proposal):
        o, came = self.outputs(), len(proposal.value)
        if o not in (0, came):
            raise traitlets.TraitError(
                f"delta must be {o} × {o}, one entry per output of a {self.kernel_size} × {self.kernel_size} "
                f"kernel on a {self.image_size} × {self.image_size} image with stride {self.stride}, padding "
                f"{self.padding} and dilation {self.dilation}; came {came} × {came}"
            )
        return proposal.value

    def geometry(self):
        """Return stride, padding and dilation as keyword arguments for `conv2d` and `conv_matrix`."""
        return dict(stride=self.stride, padding=self.padding, dilation=self.dilation)

    def outputs(self):
        """Return the number of outputs along one axis; 0 when the kernel does not fit."""
        if self.dilation * (self.kernel_size - 1) >= self.image_size + 2 * self.padding:
            return 0
        return output_size(self.image_size, self.kernel_size, **self.geometry())

    @traitlets.observe("x", "w")
    def _sizes_follow(self, change):
        setattr(self, {"x": "image_size", "w": "kernel_size"}[change.name], len(change.new))

    @traitlets.observe("image_size", "kernel_size", "stride", "padding", "dilation")
    def settle(self, change=None):
        self.x, self.w = resize(self.x, self.image_size), resize(self.w, self.kernel_size)
        if self.outputs():
            self.delta = resize(self.delta, self.outputs())

    def arrays(self):
        """Return ``(x, w, delta)`` as NCHW arrays, ready for `conv2d_backward`."""
        return tuple(np.array(rows)[None, None] for rows in (self.x, self.w, self.delta))

    def matrix(self):
        """Return W; it has no rows where the kernel does not fit."""
        x, w, _ = self.arrays()
        return conv_matrix(w, x.shape[1:], **self.geometry()) if self.outputs() else np.zeros((0, x.size))

    def static_html(self):
        if not self.outputs():
            return "<figcaption>The kernel does not fit on the image, so the matrix has no rows.</figcaption>"
        x, w, delta = self.arrays()
        matrix = self.matrix()
        dx, dw, _ = conv2d_backward(delta, x, w, **self.geometry())
        row, column = (np.reshape(a, (1, -1)) for a in (x, delta))
        tables, said = {
            "forward": (
                (("x", "x", row), ("w", "W", matrix), ("y", "y = W x", conv2d(x, w, **self.geometry()))),
                "The layer as one matrix W, with the image x laid out as a row.",
            ),
            "backward": (
                (("d", "δ", column), ("w", "Wᵀ", matrix.T), ("d", "γ = Wᵀ δ", dx)),
                "The way back: the transposed matrix, with δ laid out as a row.",
            ),
            "gradient": (
                (("x", "x", row), ("w", "G = δ xᵀ", column.T * row), ("w", "∂E/∂K", dw)),
                "The gradient of the kernel: G, added up over the places of each tap.",
            ),
        }[self.view]
        drawn = "".join(
            table_html(kind, name, values.reshape(-1, values.shape[-1])) for kind, name, values in tables
        )
        return f"{drawn}<figcaption>{said} This picture moves where JavaScript runs.</figcaption>"
