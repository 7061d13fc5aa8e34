"""The widget of chapter 14: windows become columns, and columns go back."""

import numpy as np
import traitlets

from cnnlib.fast import col2im, im2col
from cnnlib.widgets.base import Choice, Matrix, Whole, Widget, agree, resize, table_html
from cnnlib.widgets.compose import compose
from cnnlib.windows import output_size


class Im2colView(Widget):
    """Copy the windows of an image into columns, multiply, and add columns back onto the image.

    Traits are the widget's whole state: assigning one redraws every view of it,
    and ``observe`` sees what the reader changes. Equations ``im2col``, ``conv-gemm``,
    ``conv-gemm-backward``, ``im2col-adjoint``, ``col2im-uses``.

    Parameters
    ----------
    x, w, delta : square matrices of numbers, optional
        Image (3 × 3 to 6 × 6), kernel (up to 3 × 3) and the gradient at each output.
    image_size, kernel_size, stride, padding : int, optional
        Changing a size resizes the matrices: counting ones stay counting, others
        keep their top left corner and gain zeros.
    view : {"forward", "backward", "round"}
        Columns of x; the columns Kᵀδ added back; or the columns of x added back.
    order : {"rows", "columns"}
        Whether the windows are listed row by row or column by column.
    focus_on : {"x", "w", "y"}
        What is chosen: a pixel, a tap or a column.
    focus : int
        Its number, from 0.
    frame : int
        −1 for the whole picture, otherwise the last column that was handled.
    speed : {"slow", "normal", "fast"}
        Pace of the play button.

    Raises
    ------
    traitlets.TraitError
        If a value is not of the kind above, with a sentence.
    """

    _esm = compose("im2col_view")
    starting = (
        *("x", "w", "delta", "image_size", "kernel_size", "stride", "padding"),
        *("view", "order", "focus_on", "focus", "frame"),
    )

    x = Matrix(6).tag(sync=True)
    w = Matrix(3).tag(sync=True)
    delta = Matrix(8).tag(sync=True)
    image_size = Whole(3, min=3, max=6).tag(sync=True)
    kernel_size = Whole(2, min=1, max=3).tag(sync=True)
    stride = Whole(1, min=1, max=2).tag(sync=True)
    padding = Whole(0, min=0, max=1).tag(sync=True)
    view = Choice(("forward", "backward", "round"), "forward").tag(sync=True)
    order = Choice(("rows", "columns"), "rows").tag(sync=True)
    focus_on = Choice(("x", "w", "y"), "y").tag(sync=True)
    focus = Whole(1, min=0, max=63).tag(sync=True)
    frame = Whole(-1, min=-1, max=63).tag(sync=True)
    speed = Choice(("slow", "normal", "fast"), "normal").tag(sync=True)

    def __init__(self, x=None, w=None, delta=None, **traits):
        traits = agree({"x": x, **traits}, "x", "image_size", 3)
        traits = agree({"w": w, **traits}, "w", "kernel_size", 2)
        if delta is not None:
            traits["delta"] = delta
        super().__init__(**traits)

    def outputs(self):
        """Return the number of outputs along one axis."""
        return output_size(self.image_size, self.kernel_size, stride=self.stride, padding=self.padding)

    @traitlets.validate("x")
    def _room_for_every_kernel(self, proposal):
        if len(proposal.value) < 3:
            side = len(proposal.value)
            raise traitlets.TraitError(f"x must be at least 3 × 3; came {side} × {side}")
        return proposal.value

    @traitlets.validate("delta")
    def _one_delta_per_output(self, proposal):
        if len(proposal.value) != self.outputs():
            raise traitlets.TraitError(
                f"delta must be {self.outputs()} × {self.outputs()}, one entry per window; "
                f"came {len(proposal.value)} × {len(proposal.value)}"
            )
        return proposal.value

    @traitlets.observe("x", "w")
    def _sizes_follow(self, change):
        setattr(self, {"x": "image_size", "w": "kernel_size"}[change.name], len(change.new))

    @traitlets.observe("image_size", "kernel_size", "stride", "padding")
    def settle(self, change=None):
        self.x, self.w = resize(self.x, self.image_size), resize(self.w, self.kernel_size)
        self.delta = resize(self.delta, self.outputs())

    def geometry(self):
        """Return the keyword arguments ``stride`` and ``padding`` of `im2col`."""
        return {"stride": self.stride, "padding": self.padding}

    def arrays(self):
        """Return ``(x, w, delta)`` as NCHW arrays, ready for `conv2d_im2col_backward`."""
        return tuple(np.array(rows)[None, None] for rows in (self.x, self.w, self.delta))

    def columns(self):
        """Return the windows' numbers in the widget's order, and the column matrix that is shown."""
        x, w, delta = self.arrays()
        outputs = np.arange(self.outputs() ** 2).reshape(self.outputs(), -1)
        order = (outputs if self.order == "rows" else outputs.T).ravel()
        made = im2col(x, self.kernel_size, **self.geometry())[0]
        shown = np.outer(w, delta) if self.view == "backward" else made
        return order, shown[:, order]

    def static_html(self):
        (order, shown), (x, w, delta) = self.columns(), self.arrays()
        unordered = np.empty_like(shown)
        unordered[:, order] = shown
        back = col2im(unordered[None], x.shape[2:], self.kernel_size, **self.geometry())[0, 0]
        row = w.reshape(1, -1)
        tables = {
            "forward": (
                ("x", "x", x[0, 0]),
                ("w", "K", row),
                ("x", "im2col(x)", shown),
                ("y", "z", row @ shown),
            ),
            "backward": (
                *(("d", "δ", delta.ravel()[None, order]), ("w", "K", row)),
                *(("d", "Kᵀδ", shown), ("d", "γ = col2im(Kᵀδ)", back)),
            ),
            "round": (("x", "x", x[0, 0]), ("x", "im2col(x)", shown), ("x", "col2im(im2col(x))", back)),
        }[self.view]
        said = {
            "forward": "Each window is one column; the kernel as a row times the columns is the output.",
            "backward": "Each column of Kᵀδ is added back onto the pixels of its window.",
            "round": "Copied into columns and added back, each pixel comes out once per window it lies in.",
        }[self.view]
        drawn = "".join(table_html(kind, name, values) for kind, name, values in tables)
        return f"{drawn}<figcaption>{said} This picture moves where JavaScript runs.</figcaption>"
