"""The widget of chapter 03: what a layer costs when it is dense, local or shared."""

import traitlets

from cnnlib.widgets.base import Choice, Whole, Widget
from cnnlib.widgets.compose import compose
from cnnlib.windows import output_size

PRESETS = {
    "photograph": dict(image_size=1000, kernel_size=10, channels=1, maps=1, stride=1, pool=2),
    "digit, 8 × 8": dict(image_size=8, kernel_size=3, channels=1, maps=8, stride=1, pool=2),
    "LeNet-5, first layer": dict(image_size=32, kernel_size=5, channels=1, maps=6, stride=1, pool=2),
    "LeNet-5, second layer": dict(image_size=14, kernel_size=5, channels=6, maps=16, stride=1, pool=2),
    "colour picture, 64 maps": dict(image_size=224, kernel_size=3, channels=3, maps=64, stride=1, pool=2),
}
CLASSES = 10


class ParameterCounter(Widget):
    """Count the parameters of one layer three ways: dense, local, and with shared kernels.

    Traits are the widget's whole state: assigning one redraws every view of it,
    and ``observe`` sees what the reader changes. Equations ``param-count``, ``out-size``.

    Parameters
    ----------
    image_size, kernel_size : int, optional
        Pixels per side of the image (up to 1000) and of the window (up to 32).
    channels, maps : int, optional
        Maps that come in and go out, up to 64.
    stride, pool : int, optional
        Step of the window, and side of the pooling blocks, up to 8.
    ceil_mode : bool
        Whether pooling keeps a last, partly filled block.
    units : {"1000", "outputs"}
        How many units the dense and the local layer have: 1000, or as many as the convolution has outputs.

    Raises
    ------
    traitlets.TraitError
        If a value is not of the kind above, with a sentence.
    """

    _esm = compose("parameter_counter")
    starting = ("image_size", "kernel_size", "channels", "maps", "stride", "pool", "ceil_mode", "units")

    image_size = Whole(1000, min=1, max=1000).tag(sync=True)
    kernel_size = Whole(10, min=1, max=32).tag(sync=True)
    channels = Whole(1, min=1, max=64).tag(sync=True)
    maps = Whole(1, min=1, max=64).tag(sync=True)
    stride = Whole(1, min=1, max=8).tag(sync=True)
    pool = Whole(2, min=1, max=8).tag(sync=True)
    ceil_mode = traitlets.Bool(False).tag(sync=True)
    units = Choice(("1000", "outputs"), "1000").tag(sync=True)
    presets = traitlets.Dict(PRESETS).tag(sync=True)

    def counts(self):
        """Return sizes and ``(weights, biases)`` of each kind of layer; what does not exist is left out.

        The last entry, ``tail``, is the dense layer from the pooled maps to ten classes.
        """
        n, m, found = self.image_size, self.kernel_size, {}
        if m > n:
            return found
        output = found["output"] = output_size(n, m, stride=self.stride)
        units = found["units"] = 1000 if self.units == "1000" else self.maps * output**2
        found["dense"] = self.channels * n**2 * units, units  # param-count
        found["local"] = self.channels * m**2 * units, units  # param-count
        found["shared"] = self.channels * m**2 * self.maps, self.maps  # param-count
        if self.pool <= output:
            pooled = output_size(output, self.pool, stride=self.pool, ceil_mode=self.ceil_mode)
            found["pooled"], found["tail"] = pooled, (self.maps * pooled**2 * CLASSES, CLASSES)
        return found

    def static_html(self):
        found, n, m = self.counts(), self.image_size, self.kernel_size
        if not found:
            return f"<figcaption>A {m} × {m} kernel does not fit on a {n} × {n} image.</figcaption>"
        rows = "".join(
            f"<tr><th>{name}</th><td>{grouped(found[name][0])}</td><td>{grouped(found[name][1])}</td></tr>"
            for name in ("dense", "local", "shared", "tail")
            if name in found
        )
        pooled = f", pooled to {found['pooled']} × {found['pooled']}" if "pooled" in found else ""
        return (
            "<table><thead><tr><th>layer</th><th>weights</th><th>biases</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
            f"<figcaption>Parameters of a layer on a {n} × {n} image with {m} × {m} windows: dense, local, "
            f"and with shared kernels, whose maps have {found['output']} × {found['output']} "
            f"pixels{pooled}. The tail is a dense layer from there to {CLASSES} classes. "
            "This picture moves where JavaScript runs.</figcaption>"
        )


def grouped(count):
    """Write a whole number in groups of three digits; four digits stay together."""
    return str(count) if count < 10_000 else f"{count:,}".replace(",", "\u202f")
