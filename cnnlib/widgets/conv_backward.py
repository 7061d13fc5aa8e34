"""The widget of chapter 05: follow a δ back through a kernel."""

import numpy as np
import traitlets

from cnnlib.conv import conv2d, conv2d_backward
from cnnlib.widgets.base import Choice, Matrix, Whole, Widget, agree, resize, table_html
from cnnlib.widgets.compose import compose
from cnnlib.windows import output_size


class ConvBackward(Widget):
    """Choose a pixel, a tap or an output and read the sum behind its gradient.

    Traits are the widget's whole state: assigning one redraws every view of it,
    and ``observe`` sees what the reader changes. Equations ``conv-trilinear``,
    ``conv-fwd``, ``conv-dx``, ``conv-dw``, ``conv-dx-strided``.

    Parameters
    ----------
    x, w, delta : square matrices of numbers, optional
        Image (up to 6 × 6), kernel (up to 4 × 4) and the gradient at each output.
    image_size, kernel_size, stride : int, optional
        Changing a size resizes the matrices: counting ones stay counting, others
        keep their top left corner and gain zeros.
    view : {"input", "kernel", "forward"}
        Which of the three products of the trilinear form is computed.
    turned : bool
        Whether the kernel is turned by 180° in the input view; without it the
        widget shows the classical mistake.
    focus_on : {"x", "w", "y"}
        What kind of node is chosen: pixel, tap or output.
    focus : int
        Its row-major number, from 0.
    frame : int
        −1 for the whole picture, otherwise a step of "pad, turn, slide".
    speed : {"slow", "normal", "fast"}
        Pace of the play button.

    Raises
    ------
    traitlets.TraitError
        If a value is not of the kind above, with a sentence.
    """

    _esm = compose("conv_backward")
    starting = (
        "x",
        "w",
        "delta",
        "image_size",
        "kernel_size",
        "stride",
        "view",
        "turned",
        "focus_on",
        "focus",
        "frame",
    )

    x = Matrix(6).tag(sync=True)
    w = Matrix(4).tag(sync=True)
    delta = Matrix(6).tag(sync=True)
    image_size = Whole(4, min=2, max=6).tag(sync=True)
    kernel_size = Whole(2, min=1, max=4).tag(sync=True)
    stride = Whole(1, min=1, max=3).tag(sync=True)
    view = Choice(("input", "kernel", "forward"), "input").tag(sync=True)
    turned = traitlets.Bool(True).tag(sync=True)
    focus_on = Choice(("x", "w", "y"), "x").tag(sync=True)
    focus = Whole(0, min=0, max=35).tag(sync=True)
    frame = Whole(-1, min=-1, max=40).tag(sync=True)
    speed = Choice(("slow", "normal", "fast"), "normal").tag(sync=True)

    def __init__(self, x=None, w=None, delta=None, **traits):
        traits = agree({"x": x, **traits}, "x", "image_size", 4)
        traits = agree({"w": w, **traits}, "w", "kernel_size", 2)
        if delta is not None:
            traits["delta"] = delta
        traits.setdefault("focus_on", {"kernel": "w", "forward": "y"}.get(traits.get("view"), "x"))
        super().__init__(**traits)

    @traitlets.validate("delta")
    def _one_delta_per_output(self, proposal):
        if self.outputs() not in (0, len(proposal.value)):
            raise traitlets.TraitError(
                f"delta must be {self.outputs()} × {self.outputs()}, one entry per output of a "
                f"{self.kernel_size} × {self.kernel_size} kernel with stride {self.stride} on a "
                f"{self.image_size} × {self.image_size} image; "
                f"came {len(proposal.value)} × {len(proposal.value)}"
            )
        return proposal.value

    def outputs(self):
        """Return the number of outputs along one axis; 0 when the kernel does not fit."""
        if self.kernel_size > self.image_size:
            return 0
        return output_size(self.image_size, self.kernel_size, stride=self.stride)

    @traitlets.observe("x", "w")
    def _sizes_follow(self, change):
        setattr(self, {"x": "image_size", "w": "kernel_size"}[change.name], len(change.new))

    @traitlets.observe("image_size", "kernel_size", "stride")
    def settle(self, change=None):
        self.x, self.w = resize(self.x, self.image_size), resize(self.w, self.kernel_size)
        if self.outputs():
            self.delta = resize(self.delta, self.outputs())

    def arrays(self):
        """Return ``(x, w, delta)`` as NCHW arrays, ready for `conv2d_backward`."""
        return tuple(np.array(rows)[None, None] for rows in (self.x, self.w, self.delta))

    def static_html(self):
        if not self.outputs():
            return "<figcaption>The kernel does not fit on the image, so there is no output.</figcaption>"
        x, w, delta = self.arrays()
        dx, dw, _ = conv2d_backward(delta, x, w, stride=self.stride)
        at = divmod(
            self.focus, {"x": self.image_size, "w": self.kernel_size, "y": self.outputs()}[self.focus_on]
        )
        tables = {
            "input": (("d", "γ = ∂E/∂x", dx, "x"), ("d", "δ = ∂E/∂z", delta, "y"), ("w", "K", w, "w")),
            "kernel": (("w", "∂E/∂K", dw, "w"), ("x", "x", x, "x"), ("d", "δ = ∂E/∂z", delta, "y")),
            "forward": (
                ("x", "x", x, "x"),
                ("w", "K", w, "w"),
                ("y", "z = x ⋆ K", conv2d(x, w, stride=self.stride), "y"),
            ),
        }[self.view]
        drawn = "".join(
            table_html(kind, name, values[0, 0], at if node == self.focus_on else None)
            for kind, name, values, node in tables
        )
        said = {
            "input": "The gradient γ of the image, from δ and the kernel K.",
            "kernel": "The gradient of the kernel, from the image x and δ.",
            "forward": "The output z, from the image x and the kernel K.",
        }[self.view]
        return f"{drawn}<figcaption>{said} This picture moves where JavaScript runs.</figcaption>"
