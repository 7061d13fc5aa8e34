"""Pooling: summarise the pixels of each window; on the way back, shares add up where windows overlap."""

import numpy as np

from cnnlib.activations import bits, keep
from cnnlib.checks import require_norm
from cnnlib.spans import crop, deposit, members, pad, pool_geometry, reduce_windows, spread, taps, winners
from cnnlib.windows import common_dtype, require_shape, widen


def max_pool2d(x, kernel_size, *, stride=None, padding=0, ceil_mode=False):
    r"""Take the largest pixel of each window.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W)
        Real images; padding never wins, it counts as minus infinity.
    kernel_size : int or pair of int
        Height and width of the window.
    stride : int or pair of int, optional
        Step between windows; the window's size by default.
    padding : int or pair of int
        Empty border on each side, at most half the window.
    ceil_mode : bool
        Keep a last window that overhangs the far edge, if it starts on the image or its near padding.

    Returns
    -------
    y : ndarray of shape (N, C, H', W')
        Sizes as in `output_size`.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or the window exceeds the padded image.

    Notes
    -----
    Equation ``maxpool-fwd`` (Dumoulin & Visin, 2016):
    :math:`y_{ncij} = \max_{u,v} x_{n,c,\,si+u-p,\,sj+v-p}`.

    Examples
    --------
    >>> max_pool2d(np.array([[[[1, 3, 2, 0], [4, 2, 1, 5]]]]), 2)
    array([[[[4, 5]]]])
    """
    return max_forward(x, pool_geometry(x, kernel_size, stride, padding, ceil_mode))


def max_pool2d_backward(dy, x, kernel_size, *, stride=None, padding=0, ceil_mode=False):
    """Give each entry of `dy` to the pixel of `x` that won its window: the first maximum in row-major order.

    Returns ``dx`` of shape (N, C, H, W). Equation ``maxpool-dx``; a pixel that wins several windows
    collects from each. Arguments and errors as in `max_pool2d`, with `dy` shaped like its output.

    >>> max_pool2d_backward(np.array([[[[7]]]]), np.array([[[[4, 5], [5, 5]]]]), 2)
    array([[[[0, 7],
             [0, 0]]]])
    """
    layer = pool_geometry(x, kernel_size, stride, padding, ceil_mode)
    return max_pull_back(dy, x, max_forward(x, layer), layer)


def max_forward(x, layer):
    """Take the maxima, given the sizes."""
    _require_order(x)
    return reduce_windows(pad(x, layer), layer, np.maximum)  # maxpool-fwd


def max_pull_back(dy, x, y, layer):
    """Route `dy` to the winners, given the output `y` that the forward pass has found."""
    _require_gradient(dy, x, layer)
    padded = pad(x, layer)
    dx = np.zeros_like(padded, dtype=common_dtype(dy))
    unclaimed = bits(dy.astype(dx.dtype))
    for tap, won in winners(padded, y, layer):
        share = keep(unclaimed, won)
        unclaimed -= share
        deposit(dx, tap, share.view(dx.dtype), layer)  # maxpool-dx
    return crop(dx, layer)


def sum_pool2d(x, kernel_size, *, stride=None, padding=0, ceil_mode=False):
    """Add up the pixels of each window.

    Parameters
    ----------
    x, kernel_size, stride, padding, ceil_mode
        As in `max_pool2d`, and so the errors; padding adds zeros.

    Returns
    -------
    y : ndarray of shape (N, C, H', W')

    Notes
    -----
    Without overlap this is the ``down`` of Bouvrie (2006), and its backward pass is `upsample`.

    Examples
    --------
    >>> sum_pool2d(np.array([[[[1, 3, 2, 0], [4, 2, 1, 5]]]]), 2)
    array([[[[10,  8]]]])
    """
    layer = pool_geometry(x, kernel_size, stride, padding, ceil_mode)
    return reduce_windows(pad(widen(x), layer, 0), layer, np.add)


def sum_pool2d_backward(dy, x, kernel_size, *, stride=None, padding=0, ceil_mode=False):
    """Copy each entry of `dy` to every pixel of its window, adding where windows overlap.

    Returns ``dx`` of shape (N, C, H, W). Equation ``sumpool-dx``, the adjoint of `sum_pool2d`.

    >>> sum_pool2d_backward(np.array([[[[1, 2]]]]), np.zeros((1, 1, 1, 3)), (1, 2), stride=1)
    array([[[[1, 3, 2]]]])
    """
    layer = pool_geometry(x, kernel_size, stride, padding, ceil_mode)
    return spread(_require_gradient(dy, x, layer), layer)  # sumpool-dx


def avg_pool2d(x, kernel_size, *, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    r"""Take the mean of each window.

    Parameters
    ----------
    x, kernel_size, stride, padding, ceil_mode
        As in `max_pool2d`; padding adds zeros.
    count_include_pad : bool
        Whether padded zeros count as members of the window. What overhangs beyond them never counts.

    Returns
    -------
    y : ndarray of shape (N, C, H', W')
        Integers become float64; exact numbers stay exact.

    Raises
    ------
    TypeError, ValueError
        As `max_pool2d`.

    Notes
    -----
    Equation ``avgpool-fwd``: the block sum divided by the number of members, :math:`s^2` for a full
    :math:`s \times s` window.

    Examples
    --------
    >>> avg_pool2d(np.array([[[[1, 3, 2, 0], [4, 2, 1, 5]]]]), 2)
    array([[[[2.5, 2. ]]]])
    """
    y = sum_pool2d(x, kernel_size, stride=stride, padding=padding, ceil_mode=ceil_mode)
    layer = pool_geometry(x, kernel_size, stride, padding, ceil_mode)
    return y / members(layer, y.dtype, count_include_pad)  # avgpool-fwd


def avg_pool2d_backward(
    dy, x, kernel_size, *, stride=None, padding=0, ceil_mode=False, count_include_pad=True
):
    """Share each entry of `dy` equally among the members of its window.

    Returns ``dx`` of shape (N, C, H, W). Equation ``avgpool-dx``: each of the ``s * s`` pixels of a full
    window receives ``dy / s**2``.

    >>> avg_pool2d_backward(np.array([[[[1, 2]]]]), np.zeros((1, 1, 1, 4)), (1, 2))
    array([[[[0.5, 0.5, 1. , 1. ]]]])
    """
    layer = pool_geometry(x, kernel_size, stride, padding, ceil_mode)
    counts = members(layer, _require_gradient(dy, x, layer).dtype, count_include_pad)
    return spread(dy / counts, layer)  # avgpool-dx


def lp_pool2d(x, norm_type, kernel_size, *, stride=None, ceil_mode=False):
    r"""Take the p-norm of each window.

    Parameters
    ----------
    x, kernel_size, stride, ceil_mode
        As in `max_pool2d`.
    norm_type : real number
        The p of the norm, at least 1: 1 adds magnitudes, 2 is Euclid's norm, large values near the maximum.

    Returns
    -------
    y : ndarray of shape (N, C, H', W')

    Raises
    ------
    TypeError, ValueError
        As `max_pool2d`, or if `norm_type` is not a finite number of at least 1.

    Notes
    -----
    :math:`y = (\sum_i |a_i|^p)^{1/p}` over the window. PyTorch leaves out the absolute value, so odd p differ
    there for negative pixels; and it scales up a window that overhangs the edge.

    Examples
    --------
    >>> lp_pool2d(np.array([[[[3.0, 4.0]]]]), 2, (1, 2))
    array([[[[5.]]]])
    """
    layer = pool_geometry(x, kernel_size, stride, 0, ceil_mode)
    p = _norm(norm_type, _require_order(x).dtype)
    powers = abs(widen(x)) ** p
    return reduce_windows(pad(powers, layer, 0), layer, np.add) ** (1 / p)


def lp_pool2d_backward(dy, x, norm_type, kernel_size, *, stride=None, ceil_mode=False):
    """Give each pixel ``sign(a) * (abs(a) / y)**(p - 1)`` of the gradient `dy` at its window's norm y.

    Returns ``dx`` of shape (N, C, H, W). Equation ``lppool-dx``. A window of zeros has no gradient and
    passes on 0.

    >>> lp_pool2d_backward(np.array([[[[10.0]]]]), np.array([[[[3.0, 4.0]]]]), 2, (1, 2))
    array([[[[6., 8.]]]])
    """
    y = lp_pool2d(x, norm_type, kernel_size, stride=stride, ceil_mode=ceil_mode)
    layer, p = pool_geometry(x, kernel_size, stride, 0, ceil_mode), _norm(norm_type, x.dtype)
    _require_gradient(dy, x, layer)
    y = np.where(y == 0, 1, y)
    padded = pad(widen(x), layer, 0)
    dx = np.zeros_like(padded, dtype=common_dtype(dy, y))
    for tap in taps(layer):
        dx[tap] += dy * np.sign(padded[tap]) * (abs(padded[tap]) / y) ** (p - 1)  # lppool-dx
    return crop(dx, layer)


def subsample2d(x, beta, b, kernel_size):
    r"""Scale the block sum of each map by a trainable gain and add a trainable bias.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W)
        Input maps.
    beta, b : ndarray of shape (C,)
        Gain and bias of each map.
    kernel_size : int or pair of int
        The block; blocks do not overlap, rows and columns left over are dropped.

    Returns
    -------
    z : ndarray of shape (N, C, H // kernel_size, W // kernel_size)

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or shapes disagree.

    Notes
    -----
    Equation ``subsample-fwd`` (Bouvrie, 2006): :math:`z_c = \beta_c\,\mathrm{down}(x_c) + b_c`.

    Examples
    --------
    >>> subsample2d(np.ones((1, 1, 2, 4)), np.array([0.5]), np.array([1.0]), 2)
    array([[[[3., 3.]]]])
    """
    blocks = sum_pool2d(x, kernel_size)
    for name, value in (("beta", beta), ("b", b)):
        require_shape(name, value, x.shape[1:2], "(one value per map)")
    return widen(beta)[:, None, None] * blocks + widen(b)[:, None, None]  # subsample-fwd


def subsample2d_backward(dy, x, beta, kernel_size):
    """Pull the gradient `dy` at the output of `subsample2d` back to its inputs.

    Returns ``(dx, dbeta, db)`` of shapes (N, C, H, W), (C,), (C,).

    >>> subsample2d_backward(np.ones((1, 1, 1, 1)), np.array([[[[1, 2]]]]), np.array([3.0]), (1, 2))
    (array([[[[3., 3.]]]]), array([3.]), array([1.]))
    """
    blocks = sum_pool2d(x, kernel_size)
    require_shape("dy", dy, blocks.shape, "like the output")
    require_shape("beta", beta, x.shape[1:2], "(one value per map)")
    dy = widen(dy)
    dx = sum_pool2d_backward(widen(beta)[:, None, None] * dy, x, kernel_size)  # subsample-dx
    dbeta = (dy * blocks).sum(axis=(0, 2, 3))  # subsample-dbeta
    return dx, dbeta, dy.sum(axis=(0, 2, 3))  # subsample-db


def _require_order(x):
    if x.dtype.kind == "c":
        raise TypeError(f"x must be real, since complex numbers have no order; got dtype {x.dtype}")
    return x


def _require_gradient(dy, x, layer):
    return require_shape("dy", dy, (*x.shape[:2], *layer.output), "like the output")


def _norm(norm_type, dtype):
    """Return p: a float, or an exact fraction for arrays of exact numbers."""
    if require_norm(norm_type) and dtype.kind != "O":
        return float(norm_type)
    from fractions import Fraction  # not at the top, so that importing the library stays quick

    return Fraction(norm_type)
