"""The widget of chapter 10: how far a finite difference misses, for every step h."""

from html import escape

import numpy as np
import traitlets

from cnnlib.activations import relu, sigmoid, sigmoid_backward
from cnnlib.conv import conv2d, conv2d_backward
from cnnlib.gradcheck import complex_step_vjp, numerical_vjp
from cnnlib.loss import squared_error_backward
from cnnlib.mistakes import kernel_not_turned, missing_divisor
from cnnlib.pool import avg_pool2d, avg_pool2d_backward
from cnnlib.widgets.base import Choice, Number, Widget
from cnnlib.widgets.compose import compose

KERNEL = np.array([[[[0.1, 0.2], [0.3, 0.4]]]])
TARGETS = np.array([[[[0.0, 1.0], [1.0, 0.0]]]])


def _picture(t):
    return np.array([[[[0.1, 0.2, 0.3], [0.4, t, 0.6], [0.7, 0.8, 0.9]]]])


def _block(t):
    return np.array([[[[t, 1.0], [2.0, 3.0]]]])


def _conv_loss(t):
    z = conv2d(_picture(t), KERNEL)
    miss = 1 / (1 + np.exp(-z)) - TARGETS  # as a formula, so that complex numbers pass
    return (miss * miss).sum() / 2


def _conv_slope(t, backward=conv2d_backward):
    z = conv2d(_picture(t), KERNEL)
    dy = sigmoid_backward(squared_error_backward(sigmoid(z), TARGETS), z)
    return float(backward(dy, _picture(t), KERNEL)[0][0, 0, 1, 1])


def _mean_slope(t, backward=avg_pool2d_backward):
    return float(backward(np.exp(avg_pool2d(_block(t), 2)), _block(t), 2)[0, 0, 0, 0])


# name: the function, its slope by a backward pass, and the slope by a mistaken one
FUNCTIONS = {
    "e^(sin t)": (
        lambda t: np.exp(np.sin(t)),
        lambda t: float(np.cos(t) * np.exp(np.sin(t))),
        lambda t: float(np.exp(np.sin(t))),
    ),
    "conv, sigmoid, ½Σ(y − t)²": (
        _conv_loss,
        _conv_slope,
        lambda t: _conv_slope(t, kernel_not_turned),
    ),
    "exp of a 2 × 2 mean": (
        lambda t: np.exp(avg_pool2d(_block(t), 2))[0, 0, 0, 0],
        _mean_slope,
        lambda t: _mean_slope(t, missing_divisor),
    ),
    "relu(sin t)": (
        lambda t: relu(np.asarray(np.sin(t))),
        lambda t: float(np.cos(t) * (np.sin(t) > 0)),
        lambda t: float(np.cos(t)),
    ),
}
METHODS = ("forward", "central", "complex")


class GradcheckCurve(Widget):
    """Draw the error of forward, central and complex-step differences against the step h.

    Traits are the widget's whole state: assigning one redraws every view of it,
    and ``observe`` sees what the reader changes. Equations ``central-diff``, ``complex-step``.

    Parameters
    ----------
    function : str, optional
        A key of ``FUNCTIONS``.
    point : float
        The t at which the slope is wanted, from -2 to 2.
    exponent : float
        The base-10 logarithm of h, from -20 to 0.
    method : {"forward", "central", "complex"}
        Whose arithmetic is written out.
    planted : bool
        Whether the backward pass to be checked has a mistake.

    Raises
    ------
    traitlets.TraitError
        If a value is not of the kind above, with a sentence.
    """

    _esm = compose("gradcheck_curve")
    starting = ("function", "point", "exponent", "method", "planted")

    function = Choice(tuple(FUNCTIONS), "e^(sin t)").tag(sync=True)
    point = Number(0.7, min=-2, max=2).tag(sync=True)
    exponent = Number(-5.0, min=-20, max=0).tag(sync=True)
    method = Choice(METHODS, "central").tag(sync=True)
    planted = traitlets.Bool(False).tag(sync=True)

    def slope(self):
        """Return what the backward pass gives, right or with its mistake."""
        return FUNCTIONS[self.function][2 if self.planted else 1](self.point)

    def estimate(self, method, h):
        """Return what one method gives for the slope; None where complex numbers have no maximum."""
        f, t = FUNCTIONS[self.function][0], np.array(self.point)
        if method == "forward":
            return float((f(self.point + h) - f(self.point)) / h)
        try:
            estimate = numerical_vjp if method == "central" else complex_step_vjp
            return float(estimate(f, [t], np.float64(1), step=h)[0])
        except TypeError:
            return None

    def static_html(self):
        body = ""
        for exponent in range(-1, -16, -2):
            found = [self.estimate(method, 10.0**exponent) for method in METHODS]
            cells = ["–" if v is None else f"{abs(v - self.slope()):.0e}".replace("-", "−") for v in found]
            body += f"<tr><th>10<sup>−{-exponent}</sup></th>{''.join(f'<td>{c}</td>' for c in cells)}</tr>"
        heads = "".join(f'<th scope="col">{name}</th>' for name in ("h", *METHODS))
        return (
            f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
            f"<figcaption>How far three estimates of the slope of {escape(self.function)} at "
            f"t = {self.point:g} lie from what the backward pass gives. "
            "This picture moves where JavaScript runs.</figcaption>"
        )
