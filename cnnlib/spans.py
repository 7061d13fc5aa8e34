"""The windows of a pooling layer as strided slices of the image, and the two moves built on them.

A window is a rectangle, so its sum or maximum is taken over rows first and columns second; no window is ever
copied out. The memory order of the image is kept, batch last in a network.
"""

from functools import reduce
from itertools import product

import numpy as np

from cnnlib.checks import require_truth
from cnnlib.windows import geometry, pair, require_array, widen


def pool_geometry(x, kernel_size, stride, padding, ceil_mode):
    """Check the images and the window of a pooling layer and work out its sizes."""
    if 0 in require_array("x", x, ("N", "C", "H", "W")).shape[1:]:
        raise ValueError(f"only the batch may be empty, got x of shape {x.shape}")
    require_truth("ceil_mode", ceil_mode)
    kernel = pair("kernel_size", kernel_size, 1)
    stride = kernel if stride is None else stride
    layer = geometry(x.shape[2:], kernel, stride=stride, padding=padding, ceil_mode=ceil_mode)
    if any(2 * p > m for p, m in zip(layer.padding, kernel, strict=True)):
        raise ValueError(f"padding must be at most half of kernel_size {kernel}, got {layer.padding}")
    return layer


def _extent(layer):
    """Height and width of the image with its padding and with what the last windows overhang."""
    axes = zip(layer.image, layer.padding, layer.stride, layer.output, layer.kernel, strict=True)
    return tuple(max(n + 2 * p, s * (o - 1) + m) for n, p, s, o, m in axes)


def _inside(layer):
    """Where the image lies within what `pad` returns."""
    sides = zip(layer.padding, layer.image, strict=True)
    return (slice(None), slice(None), *(slice(p, p + n) for p, n in sides))


def pad(x, layer, fill=None):
    """Surround the images by `fill`, or what wins against no pixel, as far as padding and windows reach."""
    if _extent(layer) == layer.image:
        return x
    fill = _lowest(x.dtype) if fill is None else fill
    padded = np.full_like(x, fill, shape=(*x.shape[:2], *_extent(layer)))
    padded[_inside(layer)] = x
    return padded


def _lowest(dtype):
    """Return a value that wins against no pixel."""
    return np.iinfo(dtype).min if dtype.kind in "iu" else False if dtype.kind == "b" else -np.inf


def crop(padded, layer):
    """Undo `pad`: keep the pixels of the image."""
    return padded if padded.shape[2:] == layer.image else padded[_inside(layer)]


def _spans(layer):
    """For each axis, the pixels under each tap of the window, one per output."""
    axes = zip(layer.kernel, layer.stride, layer.output, strict=True)
    return [[slice(tap, tap + s * (o - 1) + 1, s) for tap in range(m)] for m, s, o in axes]


def taps(layer):
    """List, in row-major order, the pixels under each tap of the window."""
    return ((slice(None), slice(None), *spans) for spans in product(*_spans(layer)))


def winners(padded, y, layer):
    """Pair each tap with where its pixel equals the maximum `y` of its window; the border never counts."""
    inside = pad(np.ones((1, 1, *layer.image), bool), layer, False)
    for tap in taps(layer):
        won = padded[tap] == y
        yield tap, won if inside.shape[2:] == layer.image else won & inside[tap]


def reduce_windows(padded, layer, combine):
    """Combine the pixels of every window by a function of two arrays, such as np.add."""
    rows, columns = _spans(layer)
    bands = reduce(combine, (padded[:, :, span] for span in rows))  # (N, C, H', W)
    y = reduce(combine, (bands[..., span] for span in columns))  # (N, C, H', W')
    return y.copy() if layer.kernel == (1, 1) else y


def deposit(image, pixels, shares, layer):
    """Add shares to pixels; where windows are apart, each pixel is met once, and writing is faster."""
    if all(s >= m for s, m in zip(layer.stride, layer.kernel, strict=True)):
        image[pixels] = shares
    else:
        image[pixels] += shares


def spread(dy, layer):
    """Add each entry of `dy` to all pixels of its window: the adjoint of the window sum."""
    rows, columns = _spans(layer)
    (height, width), dy = _extent(layer), widen(dy)
    bands = np.zeros_like(dy, shape=(*dy.shape[:3], width))
    for span in columns:
        deposit(bands, (..., span), dy, layer)
    dx = np.zeros_like(bands, shape=(*dy.shape[:2], height, width))
    for span in rows:
        deposit(dx, (..., span, slice(None)), bands, layer)
    return crop(dx, layer)


def members(layer, dtype, count_include_pad):
    """Count the pixels in each window: one number if all agree, else an array of shape (H', W')."""
    require_truth("count_include_pad", count_include_pad)
    counts = []
    axes = zip(layer.image, layer.padding, layer.stride, layer.output, layer.kernel, strict=True)
    for n, p, s, o, m in axes:
        starts = np.arange(o) * s - p
        first, last = (-p, n + p) if count_include_pad else (0, n)
        counts.append(np.minimum(starts + m, last) - np.maximum(starts, first))
    table = np.outer(*counts)
    if (table == table[0, 0]).all():
        return int(table[0, 0])
    return table.astype(np.float64 if dtype.kind in "iub" else dtype)
