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
    """List the passes over the output as (slice of output rows, slice of columns)."""
    height, run = layer.output[0], layer.output[1] * batch
    row = channels * layer.kernel[0] * layer.kernel[1] * run * dtype.itemsize
    rows = height if row * height <= WHOLE else max(1, BLOCK // row)
    starts = range(0, height, rows)
    return [(top, min(top + rows, height), slice(top * run, min(top + rows, height) * run)) for top in starts]


def unfold(image, layer, top, bottom):
    """Copy the windows of output rows [top, bottom) into columns of shape (C*Kh*Kw, rows*W'*N)."""
    C, N = image.shape[0], image.shape[3]
    columns = np.empty((C, *layer.kernel, bottom - top, layer.output[1], N), image.dtype)
    for i, j, pixels in _taps(layer, top, bottom):
        columns[:, i, j] = image[pixels]
    return columns.reshape(C * layer.kernel[0] * layer.kernel[1], -1)


def fold(image, columns, layer, top, bottom):
    """Add columns onto the pixels that `unfold` copied them from: overlapping windows accumulate."""
    C, N = image.shape[0], image.shape[3]
    columns = columns.reshape(C, *layer.kernel, bottom - top, layer.output[1], N)
    for i, j, pixels in _taps(layer, top, bottom):
        image[pixels] += columns[:, i, j]


def _taps(layer, top, bottom):
    """Yield each kernel tap (i, j) with the slices of the padded image that it meets."""
    (Kh, Kw), (sh, sw), (dh, dw) = layer.kernel, layer.stride, layer.dilation
    width = sw * (layer.output[1] - 1) + 1
    for i in range(Kh):
        rows = slice(sh * top + dh * i, sh * (bottom - 1) + dh * i + 1, sh)
        for j in range(Kw):
            yield i, j, (slice(None), rows, slice(dw * j, dw * j + width, sw))
