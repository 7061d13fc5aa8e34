"""The widget of one axis: how many windows fit, and what they read."""

from cnnlib.widgets.base import Whole, Widget
from cnnlib.widgets.compose import compose
from cnnlib.windows import output_size


class Geometry(Widget):
    """Lay windows along a strip of pixels; count them and compare with the formula.

    Traits are the widget's whole state: assigning one redraws every view of it,
    and ``observe`` sees what the reader changes. Equations ``out-size``,
    ``conv-narrow``, ``conv-same``, ``conv-wide``.

    Parameters
    ----------
    image_size, kernel_size : int, optional
        Pixels (up to 10) and taps (up to 5) along the axis.
    stride, padding, dilation : int, optional
        Step between windows, zeros at each end, distance of neighbouring taps.
    step : int
        Number, from 0, of the window in the focus.

    Raises
    ------
    traitlets.TraitError
        If a value is not of the kind above, with a sentence.
    """

    _esm = compose("geometry")
    starting = ("image_size", "kernel_size", "stride", "padding", "dilation", "step")

    image_size = Whole(8, min=1, max=10).tag(sync=True)
    kernel_size = Whole(3, min=1, max=5).tag(sync=True)
    stride = Whole(2, min=1, max=4).tag(sync=True)
    padding = Whole(0, min=0, max=4).tag(sync=True)
    dilation = Whole(1, min=1, max=3).tag(sync=True)
    step = Whole(1, min=0, max=17).tag(sync=True)

    def windows(self):
        """Return, for each window, the cells of the padded axis that its taps lie on."""
        S, P, D = self.stride, self.padding, self.dilation
        if D * (self.kernel_size - 1) >= self.image_size + 2 * P:
            return []
        count = output_size(self.image_size, self.kernel_size, stride=S, padding=P, dilation=D)
        return [[i * S + u * D for u in range(self.kernel_size)] for i in range(count)]

    def static_html(self):
        windows, (n, P) = self.windows(), (self.image_size, self.padding)
        if not windows:
            return "<figcaption>With these sizes there is no window.</figcaption>"
        rest = n + 2 * P - 1 - windows[-1][-1]
        behind = "1 cell lies" if rest == 1 else f"{rest} cells lie"
        rows = [[str(k - P + 1) if P <= k < n + P else "0" for k in range(n + 2 * P)]]
        for taps in windows:
            rows.append([f"k{taps.index(k) + 1}" if k in taps else "" for k in range(n + 2 * P)])
        body = ""
        for i, row in enumerate(rows):
            mark = ' class="picked"' if i == min(self.step, len(windows) - 1) + 1 else ""
            cells = "".join(f"<td{mark if text else ''}>{text}</td>" for text in row)
            body += f"<tr><th>{f'y{i}' if i else 'x'}</th>{cells}</tr>"
        return (
            f'<table class="w"><caption>{len(windows)} windows</caption><tbody>{body}</tbody></table>'
            f"<figcaption>{n} pixels with {P} zeros at each end, and below them each window with its taps; "
            f"{behind} behind the last one. This picture moves where JavaScript runs."
            "</figcaption>"
        )
