"""Sizes of sliding windows, the checks that every kernel makes, and three ways to rearrange a map."""

from operator import index
from typing import NamedTuple

import numpy as np

from cnnlib.checks import brief, require_truth

INT64 = np.dtype(np.int64)
MOST = 2**31 - 1  # no side, step or count is larger; what is, would fill the memory or never end
NO_NUMBERS = (type(None), str, bytes, list, tuple, dict, set)


def require_array(name, value, axes=None):
    """Return `value` if it is an array of numbers with these `axes`; say what is wrong otherwise."""
    if type(value) is not np.ndarray:
        if not isinstance(value, np.ndarray) or isinstance(value, (np.matrix, np.ma.MaskedArray)):
            raise TypeError(f"{name} must be a NumPy array, got {type(value).__name__}")
    if value.dtype.kind not in "fciubO":
        raise TypeError(f"{name} must hold numbers, got an array of dtype {value.dtype}")
    if value.dtype.kind == "O" and any(isinstance(entry, NO_NUMBERS) for entry in value.flat):
        raise TypeError(f"{name} must hold numbers, got an array of objects that are none")
    if axes is not None and value.ndim != len(axes):
        expected = ", ".join(axes)
        raise ValueError(f"{name} must have {len(axes)} axes ({expected}), got shape {value.shape}")
    return value


def require_shape(name, value, shape, reason):
    """Return `value` if it is an array of exactly this `shape`; the sentence gives the `reason` for it."""
    if require_array(name, value).shape != shape:
        raise ValueError(f"{name} must have shape {shape} {reason}, got {value.shape}")
    return value


def require_int(name, value, least):
    """Return `value` as an int of at least `least`; booleans and floats are refused."""
    if type(value) is not int:
        try:
            if isinstance(value, bool):
                raise TypeError
            value = index(value)
        except TypeError:
            got = f"{brief(value)} of type {type(value).__name__}"
            raise TypeError(f"{name} must be an int or a pair of ints, got {got}") from None
    if not least <= value <= MOST:
        bound = f"at least {least}" if value < least else f"at most {MOST}"
        raise ValueError(f"{name} must be {bound}, got {value}")
    return value


def pair(name, value, least):
    """Return an int, or a pair of ints, as a (vertical, horizontal) tuple."""
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            got = f"{len(value)} values: {brief(value)}"
            raise ValueError(f"{name} must be an int or a pair of ints, got {got}")
        return require_int(name, value[0], least), require_int(name, value[1], least)
    return (require_int(name, value, least),) * 2


def common_dtype(*arrays):
    """Return the dtype to compute in: NumPy's promotion, with integers of any width and booleans as int64."""
    dtypes = [array.dtype for array in arrays]
    if all(other is dtypes[0] for other in dtypes):
        dtype = INT64 if dtypes[0].kind in "iub" else dtypes[0]
        return dtype if dtype.isnative else dtype.newbyteorder("=")
    return INT64 if all(dtype.kind in "iub" for dtype in dtypes) else np.result_type(*dtypes)


def widen(array):
    """Return booleans and integers as int64, so that sums fit and a minus sign means what it says."""
    return array.astype(common_dtype(array), copy=False)


class Geometry(NamedTuple):
    """The sizes of one sliding-window layer, each a (vertical, horizontal) pair."""

    image: tuple
    kernel: tuple
    stride: tuple
    padding: tuple
    dilation: tuple
    output: tuple


def geometry(image, kernel, *, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Check the sizes of a layer and work out its output size."""
    require_truth("ceil_mode", ceil_mode)
    kernel = pair("kernel_size", kernel, 1)
    stride, padding = pair("stride", stride, 1), pair("padding", padding, 0)
    dilation = pair("dilation", dilation, 1)
    axes = zip(image, kernel, stride, padding, dilation, strict=True)
    output = tuple(_axis_size(*axis, ceil_mode) for axis in axes)
    return Geometry(image, kernel, stride, padding, dilation, output)


def _axis_size(n, m, s, p, d, ceil_mode):
    room = n + 2 * p - d * (m - 1) - 1
    if room < 0:
        raise ValueError(
            f"the kernel must fit into the padded input: it spans {d * (m - 1) + 1} pixels "
            f"(kernel size {m}, dilation {d}), got an input of {n} + 2*{p} pixels"
        )
    size = room // s + 1  # out-size
    overhangs = ceil_mode and room % s and size * s < n + p  # a last, partial window that starts on the image
    return size + 1 if overhangs else size


def output_size(n, kernel_size, *, stride=1, padding=0, dilation=1, ceil_mode=False):
    r"""Count the positions a window can take along an axis of `n` pixels.

    Parameters
    ----------
    n, kernel_size : int or pair of int
        Length of the image and of the window.
    stride, padding, dilation : int or pair of int
        Step between windows, zeros per side, spacing of window taps.
    ceil_mode : bool
        Count a last window that overhangs the far edge, if it starts on the image or its near padding.

    Returns
    -------
    size : int or pair of int
        A pair if any argument is a pair.

    Raises
    ------
    TypeError, ValueError
        If a size is not a whole number in range, or the window exceeds the padded image.

    Notes
    -----
    Equation ``out-size`` (Dumoulin & Visin, 2016):

    .. math:: o = \left\lfloor \frac{n + 2p - d(m - 1) - 1}{s} \right\rfloor + 1

    With stride 1 and no dilation the padding 0 is called narrow (``conv-narrow``), (m - 1)/2 keeps the
    length (``conv-same``, odd m only), and m - 1 is called wide (``conv-wide``).

    Examples
    --------
    >>> output_size(28, 5)
    24
    >>> output_size((5, 6), 3, stride=2, padding=(0, 1))
    (2, 3)
    >>> output_size(991, 2, stride=2), output_size(991, 2, stride=2, ceil_mode=True)
    (495, 496)
    """
    sizes = geometry(
        pair("n", n, 0), kernel_size, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )
    pairs = any(isinstance(size, (tuple, list)) for size in (n, kernel_size, stride, padding, dilation))
    return sizes.output if pairs else sizes.output[0]


def receptive_field(windows):
    r"""Measure how many pixels along an axis one unit of each layer depends on.

    Parameters
    ----------
    windows : sequence of pairs of int
        ``(kernel_size, stride)`` of each convolution or pooling, from the image upwards.

    Returns
    -------
    fields : list of pairs of int
        For each layer ``(r, j)``: a unit's pixels span `r`, those of its neighbour lie `j` further on.

    Raises
    ------
    TypeError, ValueError
        If `windows` is not a sequence of pairs of positive ints.

    Notes
    -----
    Equation ``receptive-field``: :math:`r_\ell = r_{\ell-1} + (m_\ell - 1)\,j_{\ell-1}` and
    :math:`j_\ell = j_{\ell-1} S_\ell`, from :math:`r_0 = j_0 = 1`. A dilated kernel counts with the span of
    its taps, ``dilation*(kernel_size - 1) + 1``.

    Examples
    --------
    >>> receptive_field([(5, 1), (2, 2), (5, 1)])
    [(5, 1), (6, 2), (14, 2)]
    """
    if not isinstance(windows, (list, tuple)) or not all(isinstance(w, (list, tuple)) for w in windows):
        raise TypeError(f"windows must be a sequence of pairs (kernel_size, stride), got {brief(windows)}")
    fields, r, j = [], 1, 1
    for window in windows:
        kernel, stride = pair("windows", tuple(window), 1)
        r, j = r + (kernel - 1) * j, j * stride  # receptive-field
        fields.append((r, j))
    return fields


def rot180(w):
    """Turn the last two axes by 180 degrees.

    Parameters
    ----------
    w : ndarray of shape (..., H, W)

    Returns
    -------
    turned : ndarray of shape (..., H, W)

    Notes
    -----
    Equation ``rot180``: entry (u, v) moves to (H - 1 - u, W - 1 - v). ``conv2d(x, rot180(w))`` is the true
    convolution (``conv-true``); by the chain rule its weight gradient is ``rot180(dw)`` (``conv-dw-conv``)
    and its input gradient uses the stored kernel unturned (``conv-dx-conv``).

    Examples
    --------
    >>> rot180(np.array([[1, 2], [3, 4]]))
    array([[4, 3],
           [2, 1]])
    """
    return _require_map("w", w)[..., ::-1, ::-1].copy()  # rot180


def upsample(x, scale):
    """Repeat every entry of the last two axes over a block: the Kronecker product with ones.

    Parameters
    ----------
    x : ndarray of shape (..., H, W)
    scale : int or pair of int
        Height and width of the block.

    Returns
    -------
    up : ndarray of shape (..., H * scale, W * scale)

    Notes
    -----
    Equation ``upsample``; the adjoint of the block sum (Bouvrie, 2006).

    Examples
    --------
    >>> upsample(np.array([[1, 2]]), 2)
    array([[1, 1, 2, 2],
           [1, 1, 2, 2]])
    """
    vertical, horizontal = pair("scale", scale, 1)
    return _require_map("x", x).repeat(vertical, axis=-2).repeat(horizontal, axis=-1)  # upsample


def dilate(x, stride):
    """Insert ``stride - 1`` zeros between neighbours along the last two axes.

    Parameters
    ----------
    x : ndarray of shape (..., H, W)
    stride : int or pair of int
        Distance between former neighbours.

    Returns
    -------
    spread : ndarray of shape (..., stride * (H - 1) + 1, stride * (W - 1) + 1)

    Notes
    -----
    Equation ``dilate`` (Dumoulin & Visin, 2016). Its adjoint is ``y[..., ::s, ::s]``, one of the pairs of
    equation ``rearrange-adjoint``.

    Examples
    --------
    >>> dilate(np.array([[1, 2], [3, 4]]), 2)
    array([[1, 0, 2],
           [0, 0, 0],
           [3, 0, 4]])
    """
    steps = pair("stride", stride, 1)
    sides = [max(s * (n - 1) + 1, 0) for s, n in zip(steps, _require_map("x", x).shape[-2:], strict=True)]
    spread = np.zeros((*x.shape[:-2], *sides), x.dtype)
    spread[..., :: steps[0], :: steps[1]] = x  # dilate
    return spread


def _require_map(name, value):
    if require_array(name, value).ndim < 2:
        raise ValueError(f"{name} must have at least 2 axes (..., H, W), got shape {value.shape}")
    return value
