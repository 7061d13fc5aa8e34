"""The widget of the forward pass: slide a kernel over an image."""

import traitlets

from cnnlib.conv import conv2d
from cnnlib.widgets.base import Choice, Matrix, Whole, Widget, agree, counting, np, resize, table_html
from cnnlib.widgets.compose import compose
from cnnlib.windows import output_size, rot180

TWO = ["011100", "100010", "000100", "001000", "010001", "111110"]  # a handwritten 2 on 6 × 6 pixels
SOBEL = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
PRESETS = {
    "counting": {"x": counting(3), "w": counting(2), "shaded": False},
    "vertical edge": {"x": [[0, 0, 0, 1, 1, 1]] * 6, "w": SOBEL, "shaded": True},
    "blur a dot": {
        "x": [[9 * (i == j == 3) for j in range(7)] for i in range(7)],
        "w": [[1, 2, 1], [2, 4, 2], [1, 2, 1]],
        "shaded": True,
    },
    "edges of a digit": {"x": [[int(pixel) for pixel in row] for row in TWO], "w": SOBEL, "shaded": True},
}


class ConvStepper(Widget):
    """Slide a kernel over an image and read the sum behind each output.

    Traits are the widget's whole state: assigning one redraws every view of it,
    and ``observe`` sees what the reader changes. Equations ``conv-fwd``,
    ``out-size``, ``rot180``.

    Parameters
    ----------
    x, w : square matrices of numbers, optional
        Image (up to 8 × 8) and kernel (up to 5 × 5).
    image_size, kernel_size, stride : int, optional
        Changing a size resizes the matrices: counting ones stay counting, others
        keep their top left corner and gain zeros.
    padding : {"narrow", "same", "wide"}
        No zeros, ``(m − 1) / 2`` (odd kernels only), or ``m − 1`` on every side.
    turned : bool
        Whether the kernel is turned by 180°: then this is the true convolution.
    step : int
        Row-major number, from 0, of the output under the window.
    focus_on : {"y", "x", "w"}
        What is chosen: the output of `step`, or the pixel or tap of `focus`.
    focus : int
        Row-major number, from 0, of the chosen pixel or tap.
    shaded : bool
        Whether cells are shaded by their value.
    speed : {"slow", "normal", "fast"}
        Pace of the play button.

    Raises
    ------
    traitlets.TraitError
        If a value is not of the kind above, with a sentence.
    """

    _esm = compose("conv_stepper")
    starting = (
        "x",
        "w",
        "image_size",
        "kernel_size",
        "stride",
        "padding",
        "turned",
        "step",
        "focus_on",
        "focus",
        "shaded",
    )

    x = Matrix(8).tag(sync=True)
    w = Matrix(5).tag(sync=True)
    image_size = Whole(3, min=2, max=8).tag(sync=True)
    kernel_size = Whole(2, min=1, max=5).tag(sync=True)
    stride = Whole(1, min=1, max=3).tag(sync=True)
    padding = Choice(("narrow", "same", "wide"), "narrow").tag(sync=True)
    turned = traitlets.Bool(False).tag(sync=True)
    step = Whole(0, min=0, max=143).tag(sync=True)
    focus_on = Choice(("y", "x", "w"), "y").tag(sync=True)
    focus = Whole(0, min=0, max=63).tag(sync=True)
    shaded = traitlets.Bool(False).tag(sync=True)
    speed = Choice(("slow", "normal", "fast"), "normal").tag(sync=True)
    presets = traitlets.Dict(PRESETS).tag(sync=True)

    def __init__(self, x=None, w=None, **traits):
        traits = agree({"x": x, **traits}, "x", "image_size", 3)
        super().__init__(**agree({"w": w, **traits}, "w", "kernel_size", 2))

    def border(self):
        """Return the zeros per side, or None where "same" would need half a zero."""
        m = self.kernel_size
        return {"narrow": 0, "same": (m - 1) // 2 if m % 2 else None, "wide": m - 1}[self.padding]

    @traitlets.observe("x", "w")
    def _sizes_follow(self, change):
        setattr(self, {"x": "image_size", "w": "kernel_size"}[change.name], len(change.new))

    @traitlets.observe("image_size", "kernel_size")
    def settle(self, change=None):
        self.x, self.w = resize(self.x, self.image_size), resize(self.w, self.kernel_size)

    def arrays(self):
        """Return ``(x, w)`` as NCHW arrays, ready for `conv2d`; a turned kernel comes turned."""
        x, w = (np.array(rows)[None, None] for rows in (self.x, self.w))
        return x, rot180(w) if self.turned else w

    def static_html(self):
        x, w = self.arrays()
        padding = self.border()
        if padding is None or self.kernel_size > self.image_size + 2 * padding:
            return "<figcaption>With this kernel and padding there is no output.</figcaption>"
        y = conv2d(x, w, stride=self.stride, padding=padding)
        size = output_size(self.image_size, self.kernel_size, stride=self.stride, padding=padding)
        at = divmod(min(self.step, size * size - 1), size)
        tables = (
            table_html("x", "x", x[0, 0])
            + table_html("w", "K, turned by 180°" if self.turned else "K", w[0, 0])
            + table_html("y", "y", y[0, 0], at)
        )
        return (
            f"{tables}<figcaption>The output y ({self.padding} padding, stride {self.stride}) of the kernel "
            "K on the image x. This picture moves where JavaScript runs.</figcaption>"
        )
