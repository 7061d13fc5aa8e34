"""First values of weights, drawn so that signals neither grow nor fade from layer to layer."""

import numpy as np

from cnnlib.checks import brief, require_function
from cnnlib.windows import require_int, require_shape


def xavier(shape, rng, dtype=np.float32):
    r"""Draw weights uniformly, with a variance between what the forward and the backward pass would like.

    Parameters
    ----------
    shape : tuple of int
        (O, I) for a dense layer, (O, C, Kh, Kw) for a convolution.
    rng : numpy.random.Generator
        Source of the draws.
    dtype : floating dtype
        Of the result; the draws themselves do not depend on it.

    Returns
    -------
    w : ndarray of this `shape`

    Raises
    ------
    TypeError, ValueError
        If `shape` is not that of weights, `rng` not a Generator, or `dtype` not floating.

    Notes
    -----
    Equation ``xavier`` (Glorot & Bengio, 2010): variance
    :math:`2 / (\mathrm{fan_{in}} + \mathrm{fan_{out}})`, hence the limits
    :math:`\pm\sqrt{6 / (\mathrm{fan_{in}} + \mathrm{fan_{out}})}`. In a convolution
    the fans are :math:`C K_h K_w` and :math:`O K_h K_w`.

    Examples
    --------
    >>> w = xavier((6, 1, 5, 5), np.random.default_rng(0))
    >>> bool(abs(w).max() <= np.sqrt(6 / (25 + 150)))
    True
    """
    fan_in, fan_out = _fans(shape)
    limit = np.sqrt(6 / (fan_in + fan_out))  # xavier
    return require_generator(rng).uniform(-limit, limit, shape).astype(require_floating(dtype))


def he(shape, rng, dtype=np.float32):
    r"""Draw normal weights whose variance makes up for the half that a ReLU removes.

    Parameters
    ----------
    shape, rng, dtype
        As in `xavier`.

    Returns
    -------
    w : ndarray of this `shape`

    Notes
    -----
    Equation ``he`` (He et al., 2015): mean 0, variance :math:`2 / \mathrm{fan_{in}}`.

    Examples
    --------
    >>> w = he((100, 50), np.random.default_rng(0))
    >>> w.shape, w.dtype, bool(abs(w.var() - 2 / 50) < 0.002)
    ((100, 50), dtype('float32'), True)
    """
    fan_in, _ = _fans(shape)
    draws = require_generator(rng).standard_normal(shape)
    return (np.sqrt(2 / fan_in) * draws).astype(require_floating(dtype))  # he


def _fans(shape):
    if not isinstance(shape, (tuple, list)) or len(shape) < 2:
        raise ValueError(f"shape must be (outputs, inputs, ...), got {brief(shape)}")
    outputs, inputs, *kernel = (require_int("shape", size, 1) for size in shape)
    taps = int(np.prod(kernel, dtype=int))
    return inputs * taps, outputs * taps  # variance-recursion


def require_generator(rng):
    """Return `rng` if it is a generator; draws come from nowhere else."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator, got {type(rng).__name__}")
    return rng


def require_floating(dtype):
    """Return `dtype` if it is that of floating-point numbers."""
    try:
        found = None if dtype is None else np.dtype(dtype)  # NumPy takes None for float64
    except Exception:  # many kinds, depending on what came
        found = None
    if found is None or found.kind != "f":
        raise TypeError(f"dtype must be floating, got {brief(dtype) if found is None else found}")
    return dtype


def drawn(init, shape, rng, dtype):
    """Draw weights by ``init(shape, rng, dtype)``, and see that it gives an array of this shape."""
    weights = require_function("init", init)(shape, rng, require_floating(dtype))
    return require_shape("the result of init", weights, shape, "of the weights")
