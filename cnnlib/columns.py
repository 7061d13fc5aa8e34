"""Copy the windows of images into columns (im2col), and add columns back onto the images (its adjoint).

Images lie in (C, H, W, N) memory here: with the batch last, each window tap is a copy of long contiguous
runs. Column matrices that would be large are made in blocks of output rows, so memory stays bounded.
"""

import numpy as np

WHOLE = 16 * 2**20  # bytes of columns that are still made in one piece
BLOCK = 4 * 2**20  # bytes of columns per block otherwise


def batch_last(x, dtype, padding=(0, 0)):
    """Return the images `x` of shape (N, C, H, W) zero-padded in contiguous (C, H+2p, W+2p, N) memory."""
    x = x.transpose(1, 2, 3, 0)
    if padding == (0, 0):
        return np.ascontiguousarray(x, dtype)
    (C, H, W, N), (p, q) = x.shape, padding
    padded = np.zeros((C, H + 2 * p, W + 2 * q, N), dtype)
    padded[:, p : p + H, q : q + W] = x
    return padded


def row_blocks(channels, batch, dtype, layer):
    """List the passes over the output: its rows from top to bottom, and the columns that belong to them."""
    height, run = layer.output[0], layer.output[1] * batch
    row = channels * layer.kernel[0] * layer.kernel[1] * run * dtype.itemsize
    rows = height if row * height <= WHOLE else max(1, BLOCK // row)
    starts = range(0, height, rows)
    return [(top, min(top + rows, height), slice(top * run, min(top + rows, height) * run)) for top in starts]


def unfold(image, layer, top, bottom):
    """Copy the windows of output rows [top, bottom) into columns of shape (C*Kh*Kw, rows*W'*N)."""
    (Kh, Kw), (C, _, _, N) = layer.kernel, image.shape
    columns = np.empty((C, Kh, Kw, bottom - top, layer.output[1], N), image.dtype)
    across = _taps(layer, 1, 0, layer.output[1])
    for i, rows in enumerate(_taps(layer, 0, top, bottom)):
        for j, pixels in enumerate(across):
            columns[:, i, j] = image[:, rows, pixels]
    return columns.reshape(C * Kh * Kw, -1)


def fold(image, columns, layer, top, bottom):
    """Add columns onto the pixels that `unfold` copied them from: overlapping windows accumulate.

    Adding down the rows first, then along them, takes Kh + Kw additions of long runs instead of Kh * Kw.
    """
    (Kh, Kw), (C, _, _, N), width = layer.kernel, image.shape, layer.output[1]
    columns = columns.reshape(C, Kh, Kw, bottom - top, width, N)
    first = layer.stride[0] * top
    last = layer.stride[0] * (bottom - 1) + layer.dilation[0] * (Kh - 1) + 1
    strips = np.zeros((C, Kw, last - first, width, N), image.dtype)
    for i, rows in enumerate(_taps(layer, 0, 0, bottom - top)):
        meeting = strips[:, :, rows]
        meeting += columns[:, i]
    for j, pixels in enumerate(_taps(layer, 1, 0, width)):
        meeting = image[:, first:last, pixels]
        meeting += strips[:, j]


def _taps(layer, axis, start, stop):
    """List, for each kernel tap along an axis, the pixels it meets for the outputs [start, stop)."""
    step, spacing = layer.stride[axis], layer.dilation[axis]
    first, last = step * start, step * (stop - 1) + 1
    return [slice(first + at, last + at, step) for at in range(0, spacing * layer.kernel[axis], spacing)]
