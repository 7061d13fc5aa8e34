"""Losses, each a mean over the batch, and the softmax that turns scores into probabilities."""

import numpy as np

from cnnlib.activations import elementary
from cnnlib.windows import common_dtype, require_array, require_shape, widen


def softmax(z):
    r"""Turn scores into probabilities along the last axis.

    Parameters
    ----------
    z : ndarray of shape (N, K) or (K,)
        Scores, also called logits.

    Returns
    -------
    y : ndarray shaped like z
        Positive, with sum 1 along the last axis.

    Raises
    ------
    TypeError, ValueError
        If `z` is not an array of numbers with 1 or 2 axes and at least one class.

    Notes
    -----
    Equation ``softmax``: :math:`y_k = e^{z_k} / \sum_j e^{z_j}`. Shifting all scores alike changes nothing;
    subtracting the largest keeps the exponentials from overflowing.

    Examples
    --------
    >>> softmax(np.array([1.0, 2.0, 3.0])).round(6)
    array([0.090031, 0.244728, 0.665241])
    """
    exponentials = elementary("exp", _shift(_require_scores("z", z)))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)  # softmax


def softmax_backward(dy, z):
    r"""Pull the gradient `dy` at the probabilities back to the scores `z`.

    Notes
    -----
    Equation ``softmax-jac``: the Jacobian :math:`\mathrm{diag}(y) - y y^\top` is symmetric, so
    :math:`dz = y \odot (dy - \langle y, dy\rangle)`. Behind a squared error, :math:`dy = y - t`, it is
    equation ``softmax-se``.

    Examples
    --------
    >>> softmax_backward(np.array([[1.0, -1.0]]), np.zeros((1, 2)))
    array([[ 0.5, -0.5]])
    """
    y = softmax(z)
    require_shape("dy", dy, y.shape, "like the output")
    return y * (dy - (y * dy).sum(axis=-1, keepdims=True))  # softmax-jac


def cross_entropy(logits, target):
    r"""Measure how surprising the targets are under ``softmax(logits)``, averaged over the batch.

    Parameters
    ----------
    logits : ndarray of shape (N, K)
        Scores before the softmax.
    target : ndarray of int of shape (N,), or ndarray of shape (N, K)
        Class indices, or a row of probabilities for each sample.

    Returns
    -------
    loss : scalar

    Raises
    ------
    TypeError, ValueError
        If shapes disagree, a class index is out of range, or the batch is empty.

    Notes
    -----
    Equation ``ce``: :math:`-\frac1N \sum_{n,k} t_{nk} \ln y_{nk}`, evaluated as
    :math:`\ln\sum_j e^{z_j} - z_k` so that a probability too small for a float does no harm; with the
    largest score taken off first, equation ``log-sum-exp``.

    Examples
    --------
    >>> round(float(cross_entropy(np.array([[1.0, 2.0, 3.0]]), np.array([2]))), 6)
    0.407606
    """
    target = _require_target(logits, target)
    shifted = _shift(logits)
    surprise = elementary("log", elementary("exp", shifted).sum(axis=1, keepdims=True)) - shifted
    if target.ndim == 1:
        return surprise[np.arange(len(target)), target].sum() / len(target)
    return (target * surprise).sum() / len(target)  # ce


def cross_entropy_backward(logits, target):
    r"""Return the gradient of `cross_entropy` with respect to the logits, of shape (N, K).

    Notes
    -----
    Equation ``ce-dlogits``: :math:`(y \sum_k t_k - t) / N`, which is :math:`(y - t) / N` when the targets of
    a sample sum to 1.

    Examples
    --------
    >>> cross_entropy_backward(np.array([[1.0, 2.0, 3.0]]), np.array([2])).round(6)
    array([[ 0.090031,  0.244728, -0.334759]])
    """
    target = _require_target(logits, target)
    y = softmax(logits)
    if target.ndim == 1:
        y[np.arange(len(target)), target] -= 1
        return y / len(target)
    return (y * target.sum(axis=1, keepdims=True) - target) / len(target)  # ce-dlogits


def squared_error(a, t):
    r"""Halve the squared distance between outputs and targets, averaged over the batch.

    Parameters
    ----------
    a, t : ndarray of shape (N, ...)
        Outputs and targets, of equal shape.

    Returns
    -------
    loss : scalar

    Raises
    ------
    TypeError, ValueError
        If shapes disagree, have fewer than 2 axes, or the batch is empty.

    Notes
    -----
    Equation ``squared-error``: :math:`\frac1N \sum_n \frac12 \lVert a_n - t_n \rVert^2`.

    Examples
    --------
    >>> squared_error(np.array([[1.0, 2.0]]), np.array([[0.0, 0.0]]))
    np.float64(2.5)
    """
    difference = _difference(a, t)
    return (difference * difference).sum() / (2 * len(difference))  # squared-error


def squared_error_backward(a, t):
    """Return the gradient of `squared_error` with respect to `a`: ``(a - t) / N``.

    Equation ``squared-error-da``; the one half cancels the exponent 2.

    >>> squared_error_backward(np.array([[1.0, 2.0]]), np.array([[0.0, 0.0]]))
    array([[1., 2.]])
    """
    difference = _difference(a, t)
    return difference / len(difference)  # squared-error-da


def _shift(z):
    """Subtract the largest score of each row; exact numbers cannot overflow and stay."""
    z = widen(z)
    return z if z.dtype.kind == "O" else z - z.real.max(axis=-1, keepdims=True)


def _require_scores(name, z):
    if require_array(name, z).ndim not in (1, 2):
        raise ValueError(f"{name} must have shape (N, K) or (K,), got {z.shape}")
    if z.shape[-1] == 0:
        raise ValueError(f"{name} must hold at least one class, got shape {z.shape}")
    return z


def _require_target(logits, target):
    _require_scores("logits", require_array("logits", logits, ("N", "K")))
    N, K = logits.shape
    if N == 0:
        raise ValueError("a loss is a mean over the batch, so the batch must not be empty")
    if require_array("target", target).ndim != 1:
        return require_shape("target", target, (N, K), "like the logits, or (N,) for class indices")
    require_shape("target", target, (N,), "(one class per row of the logits)")
    if target.dtype.kind not in "iu":
        raise TypeError(f"target must hold integers when it gives class indices, got dtype {target.dtype}")
    if target.min() < 0 or target.max() >= K:
        raise ValueError(f"target must lie in 0..{K - 1}, got values from {target.min()} to {target.max()}")
    return target


def _difference(a, t):
    if require_array("a", a).ndim < 2:
        raise ValueError(f"a must have at least 2 axes (N, ...), got shape {a.shape}")
    require_shape("t", t, a.shape, "like a")
    if len(a) == 0:
        raise ValueError("a loss is a mean over the batch, so the batch must not be empty")
    dtype = common_dtype(a, t)
    return a.astype(dtype, copy=False) - t.astype(dtype, copy=False)
