"""Activation functions, entry by entry, and their backward passes."""

import math
import sys

import numpy as np

from cnnlib.checks import require_number
from cnnlib.windows import require_array, require_shape, widen


def relu(x):
    """Keep the positive entries and replace the others by zero.

    Parameters
    ----------
    x : ndarray of real numbers, any shape

    Returns
    -------
    y : ndarray shaped like x

    Raises
    ------
    TypeError
        If `x` is not an array of real numbers.

    Notes
    -----
    ``max(x, 0)``. The slope at 0 itself is a convention; here, as in PyTorch, it is 0.

    Examples
    --------
    >>> relu(np.array([-1.5, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return np.maximum(_require_real(x), 0)


def relu_backward(dy, x):
    """Pass `dy` on where ``x > 0``, and nothing elsewhere. Equation ``relu-dx``.

    >>> relu_backward(np.array([5, 6, 7]), np.array([-1.5, 0.0, 2.0]))
    array([0, 0, 7])
    """
    _require_gradient(dy, _require_real(x))
    return keep(dy, x > 0)  # relu-dx


def leaky_relu(x, *, slope=0.01):
    """Keep the positive entries and scale the others by `slope`.

    Parameters
    ----------
    x : ndarray of real numbers, any shape
    slope : real number
        Factor of the entries at or below zero.

    Returns
    -------
    y : ndarray shaped like x

    Raises
    ------
    TypeError
        If `x` is not an array of real numbers, or `slope` not a real number.

    Examples
    --------
    >>> leaky_relu(np.array([-2.0, 0.0, 2.0]), slope=0.5)
    array([-1.,  0.,  2.])
    """
    slope, positive = _require_slope(slope, _require_real(x)), x > 0
    return keep(x, positive) + slope * keep(x, ~positive)


def leaky_relu_backward(dy, x, *, slope=0.01):
    """Pass `dy` on where ``x > 0``, and ``slope * dy`` elsewhere. Equation ``leaky-relu-dx``.

    >>> leaky_relu_backward(np.array([6.0, 6.0, 7.0]), np.array([-2.0, 0.0, 2.0]), slope=0.5)
    array([3., 3., 7.])
    """
    _require_gradient(dy, _require_real(x))
    positive = x > 0
    return keep(dy, positive) + _require_slope(slope, dy) * keep(dy, ~positive)  # leaky-relu-dx


def sigmoid(x):
    r"""Squash each entry into (0, 1) by the logistic function.

    Parameters
    ----------
    x : ndarray, any shape

    Returns
    -------
    y : ndarray shaped like x

    Raises
    ------
    TypeError
        If `x` is not an array of numbers.

    Notes
    -----
    :math:`\sigma(x) = 1 / (1 + e^{-x})`. Far on the left the exponential overflows to infinity, and the
    quotient to the right answer, 0.

    Examples
    --------
    >>> sigmoid(np.array([0.0, -1000.0]))
    array([0.5, 0. ])
    """
    with np.errstate(over="ignore"):
        return 1 / (1 + elementary("exp", -widen(require_array("x", x))))


def sigmoid_backward(dy, x):
    """Pull `dy` back through `sigmoid`: its slope is ``y * (1 - y)``. Equation ``sigmoid-dx``.

    >>> sigmoid_backward(np.array([8.0]), np.array([0.0]))
    array([2.])
    """
    return sigmoid_pull_back(dy, sigmoid(x))


def sigmoid_pull_back(dy, y):
    """Do the same from the output `y`, as a layer that remembers it can."""
    _require_gradient(dy, y)
    return dy * (y * (1 - y))  # sigmoid-dx, delta-gamma


def tanh(x):
    """Squash each entry into (-1, 1) by the hyperbolic tangent.

    Parameters
    ----------
    x : ndarray, any shape

    Returns
    -------
    y : ndarray shaped like x

    Raises
    ------
    TypeError
        If `x` is not an array of numbers.

    Notes
    -----
    Equation ``tanh-sigmoid``: it equals ``2*sigmoid(2*x) - 1``.

    Examples
    --------
    >>> tanh(np.array([0.0, 1000.0]))
    array([0., 1.])
    """
    return elementary("tanh", widen(require_array("x", x)))


def tanh_backward(dy, x):
    """Pull `dy` back through `tanh`: its slope is ``1 - y**2``. Equation ``tanh-dx``.

    >>> tanh_backward(np.array([8.0]), np.array([0.0]))
    array([8.])
    """
    return tanh_pull_back(dy, tanh(x))


def tanh_pull_back(dy, y):
    """Do the same from the output `y`, as a layer that remembers it can."""
    _require_gradient(dy, y)
    return dy * (1 - y * y)  # tanh-dx


def keep(values, mask):
    """Return `values` where the mask is true and 0 elsewhere: ``np.where(mask, values, 0)``, but faster."""
    if values.dtype.kind in "iu":
        return values * mask
    raw = bits(values)
    return (raw * mask).view(values.dtype) if raw is not values else np.where(mask, values, 0)


def bits(values):
    """View floats as integers: times 1 or 0 they are the same float or 0, infinite and missing ones too."""
    return values.view(f"i{values.itemsize}") if values.dtype.kind == "f" and values.itemsize <= 8 else values


def elementary(name, x):
    """Apply exp, log or tanh to every entry; exact objects, such as SymPy's, use their own package's."""
    if x.dtype.kind != "O":
        return getattr(np, name)(x)
    return np.frompyfunc(lambda entry: _function_for(entry, name)(entry), 1, 1)(x)


def _function_for(entry, name):
    package = sys.modules[type(entry).__module__.partition(".")[0]]
    return getattr(package, name, None) or getattr(math, name)


def _require_real(x):
    if require_array("x", x).dtype.kind == "c":
        raise TypeError(f"x must be real, since complex numbers have no order; got dtype {x.dtype}")
    return x


def _require_gradient(dy, x):
    return require_shape("dy", dy, x.shape, "like the output")


def _require_slope(slope, x):
    return require_number("slope", slope) if x.dtype.kind == "O" else float(require_number("slope", slope))
