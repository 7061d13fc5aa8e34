"""Other ways to compute the convolution of `conv2d`, for chapter 14: each gives the same numbers.

Shifted sums and columns are exact for every kind of number, SymPy symbols included. The detour through
frequencies is for floating-point numbers and strides of 1. A fast way for 3×3 kernels stands in `winograd`.
"""

import math

import numpy as np

from cnnlib.conv import IMAGES, conv_geometry
from cnnlib.windows import common_dtype, geometry, require_array, require_int, require_shape, widen


def im2col(x, kernel_size, *, stride=1, padding=0, dilation=1):
    r"""Write each window of the images as one column: a pixel is copied once for every window it lies in.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W)
        Images.
    kernel_size : int or pair of int
        Height and width of the windows, in taps.
    stride, padding, dilation : int or pair of int
        As in `conv2d`.

    Returns
    -------
    columns : ndarray of shape (N, C * Kh * Kw, H' * W')
        Rows are taps, channel by channel; columns are windows, in the row-major order of the outputs.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, or the window exceeds the padded image.

    Notes
    -----
    Equation ``im2col``. With it, ``conv-fwd`` is one matrix product, ``conv-gemm``
    (Dumoulin & Visin, 2016, write the same layer as a matrix).

    Examples
    --------
    >>> im2col(np.arange(1, 10).reshape(1, 1, 3, 3), 2)[0]
    array([[1, 2, 4, 5],
           [2, 3, 5, 6],
           [4, 5, 7, 8],
           [5, 6, 8, 9]])
    """
    require_array("x", x, IMAGES)
    layer = geometry(x.shape[2:], kernel_size, stride=stride, padding=padding, dilation=dilation)
    padded, columns = _padded(x, layer), np.empty((*x.shape[:2], *layer.kernel, *layer.output), x.dtype)
    for i, j, rows, pixels in _taps(layer):
        columns[:, :, i, j] = padded[:, :, rows, pixels]  # im2col
    return columns.reshape(len(x), math.prod(columns.shape[1:4]), math.prod(layer.output))


def col2im(columns, image_shape, kernel_size, *, stride=1, padding=0, dilation=1):
    r"""Add columns back onto the pixels that `im2col` read them from: its adjoint, not its inverse.

    Parameters
    ----------
    columns : ndarray of shape (N, C * Kh * Kw, H' * W')
        Numbers in the places of `im2col`.
    image_shape : pair of int
        Height and width of the images.
    kernel_size, stride, padding, dilation : int or pair of int
        As in `im2col`.

    Returns
    -------
    x : ndarray of shape (N, C, H, W)
        Sums over all windows; what falls on the padding is dropped.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, or `columns` has another shape.

    Notes
    -----
    Equation ``im2col-adjoint``: ``(im2col(x) * c).sum() == (x * col2im(c)).sum()``. After ``im2col`` it
    multiplies each pixel by the number of its uses, ``col2im-uses``.

    Examples
    --------
    >>> col2im(np.ones((1, 4, 4), int), (3, 3), 2)[0, 0]
    array([[1, 2, 1],
           [2, 4, 2],
           [1, 2, 1]])
    """
    require_array("columns", columns, ("N", "C*Kh*Kw", "H'*W'"))
    if not isinstance(image_shape, (tuple, list)) or len(image_shape) != 2:
        raise ValueError(f"image_shape must be a pair of ints (H, W), got {image_shape!r}")
    sides = tuple(require_int("image_shape", size, 1) for size in image_shape)
    layer = geometry(sides, kernel_size, stride=stride, padding=padding, dilation=dilation)
    (H, W), (Kh, Kw), (p, q) = layer.image, layer.kernel, layer.padding
    N, C = len(columns), columns.shape[1] // (Kh * Kw)
    sides = (N, max(C, 1) * Kh * Kw, math.prod(layer.output))
    columns = require_shape("columns", columns, sides, "(one row per tap, one column per window)")
    columns = widen(columns).reshape(N, C, Kh, Kw, *layer.output)
    x = np.zeros((N, C, H + 2 * p, W + 2 * q), columns.dtype)
    for i, j, rows, pixels in _taps(layer):
        x[:, :, rows, pixels] += columns[:, :, i, j]  # im2col-adjoint, col2im-uses
    return x[:, :, p : p + H, q : q + W]


def conv2d_im2col(x, w, *, stride=1, padding=0, dilation=1):
    """Compute `conv2d` as one matrix product per image, on the columns of `im2col`.

    Arguments, result and errors are those of `conv2d`, without a bias. Equation ``conv-gemm``.

    Examples
    --------
    >>> x, w = np.arange(1, 10).reshape(1, 1, 3, 3), np.arange(1, 5).reshape(1, 1, 2, 2)
    >>> conv2d_im2col(x, w)[0, 0]
    array([[37, 47],
           [67, 77]])
    """
    layer, dtype = conv_geometry(x, w, stride, padding, dilation), common_dtype(x, w)
    columns = im2col(x.astype(dtype, copy=False), layer.kernel, **_options(layer))
    y = w.reshape(len(w), -1).astype(dtype, copy=False) @ columns  # conv-gemm
    return y.reshape(len(x), len(w), *layer.output)


def conv2d_im2col_backward(dy, x, w, *, stride=1, padding=0, dilation=1):
    """Pull `dy` back through `conv2d_im2col`: two products per image, and the adjoint of the copy.

    Returns ``(dx, dw, db)`` like `conv2d_backward`; equation ``conv-gemm-backward``.
    """
    layer = conv_geometry(x, w, stride, padding, dilation)
    dtype = common_dtype(require_shape("dy", dy, (len(x), len(w), *layer.output), "like the output"), x, w)
    delta = dy.reshape(*dy.shape[:2], math.prod(layer.output)).astype(dtype, copy=False)
    columns = im2col(x.astype(dtype, copy=False), layer.kernel, **_options(layer))
    dw = (delta @ columns.transpose(0, 2, 1)).sum(axis=0)  # conv-gemm-backward
    dcolumns = w.reshape(len(w), -1).T.astype(dtype, copy=False) @ delta
    dx = col2im(dcolumns, layer.image, layer.kernel, **_options(layer))
    return dx, dw.reshape(w.shape), delta.sum(axis=(0, 2))


def conv2d_shifted(x, w, *, stride=1, padding=0, dilation=1):
    """Compute `conv2d` as a sum of shifted images: one multiply-add of whole arrays per channel and tap.

    Arguments, result and errors are those of `conv2d`, without a bias. Equation ``shifted-sum``.

    Examples
    --------
    >>> x, w = np.arange(1, 10).reshape(1, 1, 3, 3), np.arange(1, 5).reshape(1, 1, 2, 2)
    >>> conv2d_shifted(x, w)[0, 0]
    array([[37, 47],
           [67, 77]])
    """
    layer, dtype = conv_geometry(x, w, stride, padding, dilation), common_dtype(x, w)
    padded, y = _padded(x, layer, dtype), np.zeros((len(x), len(w), *layer.output), dtype)
    w = w.astype(dtype, copy=False)
    for i, j, rows, pixels in _taps(layer):
        for c in range(x.shape[1]):
            y += w[:, c, i, j, None, None] * padded[:, c, None, rows, pixels]  # shifted-sum
    return y


def conv2d_shifted_backward(dy, x, w, *, stride=1, padding=0, dilation=1):
    """Pull `dy` back through `conv2d_shifted`: each multiply-add gives a share to its two factors.

    Returns ``(dx, dw, db)`` like `conv2d_backward`.
    """
    layer = conv_geometry(x, w, stride, padding, dilation)
    dtype = common_dtype(require_shape("dy", dy, (len(x), len(w), *layer.output), "like the output"), x, w)
    (H, W), (p, q), padded = layer.image, layer.padding, _padded(x, layer, dtype)
    dy, w = dy.astype(dtype, copy=False), w.astype(dtype, copy=False)
    dpadded, dw = np.zeros(padded.shape, dtype), np.zeros(w.shape, dtype)
    for i, j, rows, pixels in _taps(layer):
        for c in range(x.shape[1]):
            dpadded[:, c, rows, pixels] += (w[:, c, i, j, None, None] * dy).sum(axis=1)
            dw[:, c, i, j] = (dy * padded[:, c, None, rows, pixels]).sum(axis=(0, 2, 3))
    return dpadded[:, :, p : p + H, q : q + W], dw, dy.sum(axis=(0, 2, 3))


def conv2d_separable(x, column, row, *, padding=0):
    r"""Slide the kernel ``np.outer(column, row)`` over every channel by itself, one direction at a time.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W)
        Images.
    column, row : ndarray of shape (Kh,), (Kw,)
        The factors of the kernel.
    padding : int or pair of int
        Zeros per side.

    Returns
    -------
    y : ndarray of shape (N, C, H', W')

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, or the kernel exceeds the padded image.

    Notes
    -----
    Equation ``separable``: ``Kh + Kw`` products per output instead of ``Kh * Kw``.

    Examples
    --------
    >>> blur = np.array([1, 2, 1])
    >>> conv2d_separable(np.eye(3, dtype=int)[None, None], blur, blur)
    array([[[[6]]]])
    """
    for name, factor in (("column", column), ("row", row)):
        require_array(name, factor, ("K",))
    dtype = common_dtype(require_array("x", x, IMAGES), column, row)
    maps = x.astype(dtype, copy=False).reshape(-1, 1, *x.shape[2:])
    across = conv2d_shifted(maps, row[None, None, None, :], padding=padding)
    y = conv2d_shifted(across, column[None, None, :, None])  # separable
    return y.reshape(*x.shape[:2], *y.shape[2:])


def conv2d_fft(x, w, *, padding=0):
    r"""Compute `conv2d` of stride 1 by multiplying spectra.

    Parameters
    ----------
    x, w, padding
        As in `conv2d`; real numbers only.

    Returns
    -------
    y : ndarray of shape (N, O, H', W')
        Floating-point numbers, equal to `conv2d` up to rounding.

    Raises
    ------
    TypeError, ValueError
        As `conv2d`, or if the numbers are complex or symbols.

    Notes
    -----
    Equation ``fft-corr`` (the convolution theorem for circular correlation). The spectra are those of the
    padded image: sums that wrap around its edge belong to positions where the kernel does not fit, and are
    cut off.

    Examples
    --------
    >>> x, w = np.arange(1, 10).reshape(1, 1, 3, 3), np.arange(1, 5).reshape(1, 1, 2, 2)
    >>> conv2d_fft(x, w)[0, 0].round(12)
    array([[37., 47.],
           [67., 77.]])
    """
    layer = conv_geometry(x, w, 1, padding, 1)
    (images, filters), sides = _spectra(layer, x=_padded(x, layer), w=w)
    y = images @ filters.conj().swapaxes(2, 3)  # fft-corr
    return _maps(y, sides, layer.output)


def conv2d_fft_backward(dy, x, w, *, padding=0):
    """Pull `dy` back through `conv2d_fft` with the same three spectra; equation ``fft-grad``.

    Returns ``(dx, dw, db)`` like `conv2d_backward`.
    """
    layer = conv_geometry(x, w, 1, padding, 1)
    require_shape("dy", dy, (len(x), len(w), *layer.output), "like the output")
    (images, filters, deltas), sides = _spectra(layer, x=_padded(x, layer), w=w, dy=dy)
    (H, W), (p, q) = layer.image, layer.padding
    dx = _maps(deltas @ filters, sides, sides)[:, :, p : p + H, q : q + W]  # fft-grad: nothing wraps around
    dw = _maps(deltas.conj().swapaxes(2, 3) @ images, sides, layer.kernel)  # fft-grad
    return dx, dw, dy.sum(axis=(0, 2, 3), dtype=dx.dtype)


def _spectra(layer, **arrays):
    """Return the spectra of batches of maps, frequencies first, and the sides of the maps they stand for."""
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{name} must hold real numbers for the Fourier transform, got {array.dtype}")
    sides = tuple(n + 2 * p for n, p in zip(layer.image, layer.padding, strict=True))
    spectra = [np.fft.rfft2(array, sides).transpose(2, 3, 0, 1) for array in arrays.values()]
    return [np.ascontiguousarray(spectrum) for spectrum in spectra], sides


def _maps(spectrum, sides, keep):
    """Return the top left corner of the maps that have this spectrum."""
    return np.fft.irfft2(spectrum.transpose(2, 3, 0, 1), sides)[:, :, : keep[0], : keep[1]]


def _padded(x, layer, dtype=None):
    (p, q), (N, C, H, W) = layer.padding, x.shape
    padded = np.zeros((N, C, H + 2 * p, W + 2 * q), dtype or x.dtype)
    padded[:, :, p : p + H, q : q + W] = x
    return padded


def _options(layer):
    return {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}


def _taps(layer):
    """Yield each tap (i, j) with the rows and the columns of the padded image that it meets."""
    (s, t), (d, e), (Ho, Wo) = layer.stride, layer.dilation, layer.output
    for i, j in np.ndindex(layer.kernel):
        yield i, j, slice(d * i, d * i + s * (Ho - 1) + 1, s), slice(e * j, e * j + t * (Wo - 1) + 1, t)
