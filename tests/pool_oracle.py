"""Pooling by its definition: loops over windows and their pixels, for any numbers, exact ones included."""

from itertools import product

import numpy as np


def starts(n, m, s, p, ceil_mode):
    """List where the windows along one axis start, found by walking."""
    found = list(range(-p, n + p - m + 1, s))
    if ceil_mode and found[-1] + m < n + p and found[-1] + s < n:
        found.append(found[-1] + s)
    return found


def windows(x, kernel, stride, padding, ceil_mode):
    """Yield (output index, pixels inside the image, members with padding) of every window, by loops."""
    (H, W), (p, q) = x.shape[2:], padding
    tops = starts(H, kernel[0], stride[0], p, ceil_mode)
    lefts = starts(W, kernel[1], stride[1], q, ceil_mode)
    for n, c in np.ndindex(x.shape[:2]):
        for (i, top), (j, left) in product(enumerate(tops), enumerate(lefts)):
            taps = product(range(top, top + kernel[0]), range(left, left + kernel[1]))
            padded = [(s, t) for s, t in taps if s < H + p and t < W + q]
            inside = [(n, c, s, t) for s, t in padded if 0 <= s < H and 0 <= t < W]
            yield (n, c, i, j), inside, len(padded)


def out_shape(x, kernel, stride, padding, ceil_mode):
    """Return the shape of the output, counted by walking."""
    axes = zip(x.shape[2:], kernel, stride, padding, strict=True)
    return x.shape[:2] + tuple(len(starts(*axis, ceil_mode)) for axis in axes)


def by_definition(x, dy, sizes, reduce, share):
    """Pool forward and backward, window by window; `sizes` are kernel, stride, padding, ceil_mode."""
    y, dx = np.zeros(out_shape(x, *sizes), object), np.zeros(x.shape, object)
    for at, inside, members in windows(x, *sizes):
        values = [x[pixel] for pixel in inside]
        y[at] = reduce(values, members)
        for k, pixel in enumerate(inside):
            dx[pixel] += dy[at] * share(values, members, k)
    return y, dx
