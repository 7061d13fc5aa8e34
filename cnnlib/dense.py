"""The dense layer, and the flattening that leads from maps to it.

A flattened batch keeps the memory order of the maps it came from, batch last, so that neither step copies.
"""

from math import prod

from cnnlib.windows import common_dtype, require_array, require_int, require_shape


def dense(x, w, b=None):
    r"""Weigh all inputs for every output and add a bias.

    Parameters
    ----------
    x : ndarray of shape (N, I)
        One row per sample.
    w : ndarray of shape (O, I)
        One row of weights per output.
    b : ndarray of shape (O,), optional
        One bias per output.

    Returns
    -------
    y : ndarray of shape (N, O)

    Raises
    ------
    TypeError, ValueError
        If an argument is not an array of numbers, or shapes disagree.

    Notes
    -----
    Equation ``dense-fwd``: :math:`y_{nj} = b_j + \sum_i w_{ji} x_{ni}`.

    Examples
    --------
    >>> dense(np.array([[1, 2]]), np.array([[1, 0], [3, 4], [5, 6]]), np.array([10, 20, 30]))
    array([[11, 31, 47]])
    """
    _check(x, w)
    if b is None:
        dtype = common_dtype(x, w)
    else:
        dtype = common_dtype(x, w, require_shape("b", b, w.shape[:1], "(one bias per output)"))
    y = w.astype(dtype, copy=False) @ x.T.astype(dtype, copy=False)  # dense-fwd, (O, N)
    if b is not None:
        y += b[:, None].astype(dtype, copy=False)
    return y.T


def dense_backward(dy, x, w):
    r"""Pull the gradient `dy` of shape (N, O) back through `dense`.

    Returns
    -------
    dx, dw, db : ndarray
        Gradients of shapes (N, I), (O, I) and (O,).

    Notes
    -----
    Equations ``dense-dx``, ``dense-dw``, ``dense-db`` (Bouvrie, 2006): :math:`w^\top\delta`,
    :math:`\delta x^\top` and :math:`\delta`, summed over the batch where a parameter is shared by it.

    Examples
    --------
    >>> dense_backward(np.array([[1, -1]]), np.array([[2, 3]]), np.array([[1, 0], [3, 4]]))
    (array([[-2, -4]]), array([[ 2,  3],
           [-2, -3]]), array([ 1, -1]))
    """
    return dense_pull_back(dy, x, w)


def dense_pull_back(dy, x, w, *, with_dx=True):
    """Return (dx, dw, db); dx is None where nobody needs it."""
    _check(x, w)
    require_shape("dy", dy, (len(x), len(w)), "like the output")
    dtype = common_dtype(dy, x, w)
    delta = dy.T.astype(dtype, copy=False)  # (O, N)
    dw = delta @ x.astype(dtype, copy=False)  # dense-dw, backprop-weight, backprop-batch
    db = delta.sum(axis=1)  # dense-db
    # dense-dx, backprop, backprop-paths, backprop-vector, delta-product, delta-bound
    dx = (w.T.astype(dtype, copy=False) @ delta).T if with_dx else None
    return dx, dw, db


def flatten(x):
    """Lay the maps of each sample end to end: channel by channel, row by row.

    Parameters
    ----------
    x : ndarray of shape (N, ...)
        A batch of at least 2 axes.

    Returns
    -------
    y : ndarray of shape (N, F)
        A view of `x` if its memory allows.

    Raises
    ------
    TypeError, ValueError
        If `x` is not an array of numbers with at least 2 axes.

    Notes
    -----
    Equation ``flatten``: a permutation, so the backward pass puts every entry back in its place.

    Examples
    --------
    >>> flatten(np.arange(4).reshape(1, 1, 2, 2))
    array([[0, 1, 2, 3]])
    """
    if require_array("x", x).ndim < 2:
        raise ValueError(f"x must have at least 2 axes (N, ...), got shape {x.shape}")
    features = prod(x.shape[1:])
    if x.flags.c_contiguous:
        return x.reshape(len(x), features)  # flatten
    return x.transpose(*range(1, x.ndim), 0).reshape(features, len(x)).T  # batch last in memory


def flatten_backward(dy, shape):
    """Put every entry of `dy` of shape (N, F) back to its place in a batch of this `shape`.

    >>> flatten_backward(np.array([[0, 1, 2, 3]]), (1, 1, 2, 2))
    array([[[[0, 1],
             [2, 3]]]])
    """
    if not isinstance(shape, (tuple, list)) or len(shape) < 2:
        raise ValueError(f"shape must be a tuple (N, ...) of at least 2 sizes, got {shape!r}")
    shape = tuple(require_int("shape", size, 0) for size in shape)
    features = prod(shape[1:])
    require_shape("dy", dy, (shape[0], features), f"to fill a batch of shape {shape}")
    if dy.flags.c_contiguous:
        return dy.reshape(shape)
    return dy.T.reshape(*shape[1:], shape[0]).transpose(len(shape) - 1, *range(len(shape) - 1))


def _check(x, w):
    require_array("x", x, ("N", "I"))
    if require_array("w", w, ("O", "I")).shape[1] != x.shape[1]:
        raise ValueError(
            f"x has {x.shape[1]} inputs but w expects {w.shape[1]}: got x {x.shape} and w {w.shape}"
        )
