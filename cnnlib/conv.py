"""Convolution of image batches, its backward pass, and its transpose.

One algorithm serves every dtype, so the code that trains a network is the code that is proved on symbols.
The windows of the image are copied side by side into columns; then the forward pass is one matrix product,
and the backward pass is two products and the adjoint of the copy.

The pairs `conv2d`, `conv2d_backward` keep nothing. A layer may instead call `conv_geometry` once,
`conv_forward` to get y with its columns, and `conv_backward` to use the columns again or to skip dx.
"""

import numpy as np

from cnnlib.columns import batch_last, fold, row_blocks, unfold
from cnnlib.windows import Geometry, common_dtype, geometry, pair, require_array, require_shape

IMAGES = ("N", "C", "H", "W")
FILTERS = ("O", "C", "Kh", "Kw")


def conv2d(x, w, b=None, *, stride=1, padding=0, dilation=1):
    r"""Slide a bank of filters over a batch of images.

    The kernel is not flipped, so this is cross-correlation; pass ``rot180(w)`` for the signal-processing
    convolution, and ``padding=(Kh - 1, Kw - 1)`` for the "full" one (``conv-full``).

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W)
        Input images.
    w : ndarray of shape (O, C, Kh, Kw)
        One filter per output channel.
    b : ndarray of shape (O,), optional
        One bias per output channel.
    stride, padding, dilation : int or pair of int
        Step between windows, zeros per side, spacing of kernel taps.

    Returns
    -------
    y : ndarray of shape (N, O, H', W')
        ``H' = (H + 2*padding - dilation*(Kh - 1) - 1) // stride + 1``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, shapes disagree, or the kernel exceeds the padded input.

    Notes
    -----
    Equation ``conv-fwd`` (Dumoulin & Visin, 2016), for single maps ``correlation``:

    .. math:: y_{nohw} = b_o + \sum_{c,i,j} w_{ocij}\, x_{n,c,\,sh+di-p,\,sw+dj-p}

    With 1×1 filters each pixel is multiplied by one matrix (``conv-1x1``).
    A filter whose taps for some channels are 0 reads the other channels only (``conv-table``). With full
    padding, image and filter may change places if the filter is turned (``conv-commute``); if it is not, the
    result comes out turned (``corr-commute``).

    The dtype is NumPy's promotion of the arguments'; integers of any width and booleans become int64.

    Examples
    --------
    >>> x = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    >>> conv2d(x, np.array([[[[1.0, 2.0], [3.0, 4.0]]]]))
    array([[[[37., 47.],
             [67., 77.]]]])
    """
    layer = conv_geometry(x, w, stride, padding, dilation)
    return conv_forward(x, w, b, layer)[0]


def conv2d_backward(dy, x, w, *, stride=1, padding=0, dilation=1):
    r"""Pull the gradient `dy` of shape (N, O, H', W') back through `conv2d`.

    Parameters
    ----------
    dy : ndarray of shape (N, O, H', W')
        Gradient of the loss with respect to the output of ``conv2d(x, w, b, ...)``.
    x, w, stride, padding, dilation
        As in `conv2d`.

    Returns
    -------
    dx, dw, db : ndarray
        Gradients shaped like ``x``, ``w`` and ``(O,)``.

    Raises
    ------
    TypeError, ValueError
        As `conv2d`, or if `dy` is not shaped like its output.

    Notes
    -----
    The form :math:`\langle y, dy \rangle` is linear in x, in w and in dy (``conv-trilinear``); its partial
    gradients are ``conv-db``, ``conv-dw`` and ``conv-dx``, with stride ``conv-dw-strided`` and
    ``conv-dx-strided`` (Bouvrie, 2006; Dumoulin & Visin, 2016). No conjugates are taken of complex numbers:
    these are derivatives of an analytic function, as the complex-step check needs them.

    Examples
    --------
    >>> x, w = np.arange(1, 10).reshape(1, 1, 3, 3), np.array([[[[1, 2], [3, 4]]]])
    >>> dx, dw, db = conv2d_backward(np.array([[[[1, 0], [2, -1]]]]), x, w)
    >>> dx[0, 0]
    array([[ 1,  2,  0],
           [ 5,  7, -2],
           [ 6,  5, -4]])
    >>> dw[0, 0], db
    (array([[ 4,  6],
           [10, 12]]), array([2]))
    """
    layer = conv_geometry(x, w, stride, padding, dilation)
    return conv_backward(dy, x, w, layer)


def conv_transpose2d(x, w, b=None, *, stride=1, padding=0, output_padding=0, dilation=1):
    r"""Send each input pixel back through a bank of filters: the adjoint of `conv2d`, not its inverse.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W)
        Images in the place of the gradient at a convolution's output.
    w : ndarray of shape (C, O, Kh, Kw)
        The convolution's filters: it maps O channels to C.
    b : ndarray of shape (O,), optional
        One bias per output channel.
    stride, padding, dilation : int or pair of int
        Those of the convolution that is transposed.
    output_padding : int or pair of int
        Rows and columns at the far edges that its windows do not reach.

    Returns
    -------
    y : ndarray of shape (N, O, H', W')
        ``H' = stride*(H - 1) + dilation*(Kh - 1) + 1 - 2*padding + output_padding``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, shapes disagree, or nothing is left after removing the padding.

    Notes
    -----
    Equation ``conv-transpose``: ``(conv2d(u, w) * x).sum() == (u * conv_transpose2d(x, w)).sum()`` for the
    same geometry (Dumoulin & Visin, 2016). Applied to ones, it counts how often each pixel is used
    (``border-uses``).

    Examples
    --------
    >>> conv_transpose2d(np.array([[[[1, 0], [2, -1]]]]), np.array([[[[1, 2], [3, 4]]]]))
    array([[[[ 1,  2,  0],
             [ 5,  7, -2],
             [ 6,  5, -4]]]])
    """
    layer = _transpose_geometry(x, w, stride, padding, output_padding, dilation)
    dtype = _dtype_with_bias(x, w, b, w.shape[1])
    y = _pull_back(_as_matrix(batch_last(x, dtype), dtype), w, layer, dtype)  # conv-transpose
    return y if b is None else y + b[:, None, None].astype(dtype, copy=False)


def conv_geometry(x, w, stride, padding, dilation):
    """Check the images and the filters of a convolution and work out its sizes."""
    require_array("x", x, IMAGES)
    _require_channels(x, w, FILTERS, 1)
    return geometry(x.shape[2:], w.shape[2:], stride=stride, padding=padding, dilation=dilation)


def conv_forward(x, w, b, layer):
    """Return y, and its columns for `conv_backward` to use again: None if they were cut into blocks."""
    dtype = _dtype_with_bias(x, w, b, len(w))
    image, filters = batch_last(x, dtype, layer.padding), _as_matrix(w, dtype)
    blocks = row_blocks(w.shape[1], len(x), dtype, layer)
    y = np.empty((len(w), layer.output[0] * layer.output[1] * len(x)), dtype)
    for top, bottom, span in blocks:
        columns = unfold(image, layer, top, bottom)
        np.matmul(filters, columns, out=y[:, span])  # conv-fwd, equivariance
    if b is not None:
        y += b[:, None].astype(dtype, copy=False)
    y = y.reshape(len(w), *layer.output, len(x)).transpose(3, 0, 1, 2)
    return y, columns if len(blocks) == 1 else None


def conv_backward(dy, x, w, layer, *, columns=None, with_dx=True):
    """Return (dx, dw, db); use the columns of `conv_forward` if given, and skip dx where nobody needs it."""
    require_shape("dy", dy, (len(x), len(w), *layer.output), "like the output")
    dtype = common_dtype(dy, x, w)
    delta = _as_matrix(batch_last(dy, dtype), dtype)  # (O, H'*W'*N)
    db = delta.sum(axis=1)  # conv-db, shared-parameter: one bias, used by every output pixel
    dw = _correlate(delta, x, layer, dtype) if columns is None else delta @ columns.T  # conv-dw, tied-sum
    dx = _pull_back(delta, w, layer, dtype) if with_dx else None  # conv-dx
    return dx, dw.reshape(w.shape), db


def _correlate(delta, x, layer, dtype):
    """Meet every window of the image with the gradient at its output, block by block."""
    image = batch_last(x, dtype, layer.padding)
    dw = np.zeros((len(delta), image.shape[0] * layer.kernel[0] * layer.kernel[1]), dtype)
    for top, bottom, span in row_blocks(image.shape[0], image.shape[3], dtype, layer):
        dw += delta[:, span] @ unfold(image, layer, top, bottom).T  # conv-dw, conv-dw-strided
    return dw


def _pull_back(delta, w, layer, dtype):
    """Share each output gradient out over its window through the filters; overlapping windows accumulate."""
    (H, W), (p, q), C = layer.image, layer.padding, w.shape[1]
    N = delta.shape[1] // (layer.output[0] * layer.output[1])
    image = np.zeros((C, H + 2 * p, W + 2 * q, N), dtype)
    filters = _as_matrix(w, dtype).T
    for top, bottom, span in row_blocks(C, N, dtype, layer):
        fold(image, filters @ delta[:, span], layer, top, bottom)  # conv-dx, conv-dx-strided, conv-transpose
    return image[:, p : p + H, q : q + W].transpose(3, 0, 1, 2)


def _transpose_geometry(x, w, stride, padding, output_padding, dilation):
    require_array("x", x, IMAGES)
    _require_channels(x, w, ("C", "O", "Kh", "Kw"), 0)
    stride, padding = pair("stride", stride, 1), pair("padding", padding, 0)
    extra, dilation = pair("output_padding", output_padding, 0), pair("dilation", dilation, 1)
    if any(r >= max(s, d) for r, s, d in zip(extra, stride, dilation, strict=True)):
        raise ValueError(
            f"output_padding must be smaller than stride {stride} or dilation {dilation}, got {extra}"
        )
    axes = zip(x.shape[2:], w.shape[2:], stride, padding, dilation, extra, strict=True)
    image = tuple(s * (o - 1) + d * (m - 1) + 1 - 2 * p + r for o, m, s, p, d, r in axes)
    if min(image) < 1:
        raise ValueError(f"padding must leave at least one pixel, got {padding}, which leaves {image}")
    return Geometry(image, w.shape[2:], stride, padding, dilation, x.shape[2:])


def _require_channels(x, w, axes, axis):
    channels = require_array("w", w, axes).shape[axis]
    if channels != x.shape[1]:
        raise ValueError(
            f"x has C = {x.shape[1]} channels but w expects {channels}: got x {x.shape} and w {w.shape}"
        )
    if 0 in w.shape or 0 in x.shape[2:]:
        raise ValueError(f"only the batch may be empty, got x {x.shape} and w {w.shape}")


def _dtype_with_bias(x, w, b, outputs):
    if b is None:
        return common_dtype(x, w)
    return common_dtype(x, w, require_shape("b", b, (outputs,), "(one bias per output channel)"))


def _as_matrix(array, dtype):
    return array.reshape(len(array), -1).astype(dtype, copy=False)
