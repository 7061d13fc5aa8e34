"""The definitions, written as loops over single numbers: slow, obvious, and sharing no code with the library.

They run on any numbers, SymPy symbols included.
"""

from itertools import product

import numpy as np


def conv_terms(x_shape, w_shape, stride=(1, 1), padding=(0, 0), dilation=(1, 1)):
    """Yield ((n, o, h, w), (o, c, i, j), (n, c, r, q)) for each product in the sums of ``conv-fwd``.

    Taps that fall on the padding are left out: they meet zeros.
    """
    (N, C, H, W), (O, _, Kh, Kw) = x_shape, w_shape
    for h, v in product(*conv_positions(x_shape[2:], w_shape[2:], stride, padding, dilation)):
        for i, j in product(range(Kh), range(Kw)):
            r = h * stride[0] + i * dilation[0] - padding[0]
            q = v * stride[1] + j * dilation[1] - padding[1]
            if 0 <= r < H and 0 <= q < W:
                for n, o, c in product(range(N), range(O), range(C)):
                    yield (n, o, h, v), (o, c, i, j), (n, c, r, q)


def conv_positions(image, kernel, stride, padding, dilation):
    """List, per axis, the outputs whose window ends inside the padded image, found by trying them in turn."""
    positions = []
    for n, m, s, p, d in zip(image, kernel, stride, padding, dilation, strict=True):
        fits = [k for k in range(n + 2 * p) if k * s + (m - 1) * d < n + 2 * p]
        positions.append(fits)
    return positions


def conv2d_loops(x, w, b=None, **geometry):
    """Sum up ``conv-fwd`` product by product."""
    positions = conv_positions(x.shape[2:], w.shape[2:], *_pairs(**geometry))
    y = np.zeros((len(x), len(w), *map(len, positions)), np.result_type(x, w))
    for at, tap, pixel in conv_terms(x.shape, w.shape, *_pairs(**geometry)):
        y[at] = y[at] + w[tap] * x[pixel]
    return y if b is None else y + np.reshape(b, (1, -1, 1, 1))


def conv2d_backward_loops(dy, x, w, **geometry):
    """Hand each product's share of the gradient to its two factors."""
    dtype = np.result_type(dy, x, w)
    dx, dw, db = np.zeros(x.shape, dtype), np.zeros(w.shape, dtype), np.zeros(len(w), dtype)
    for at, tap, pixel in conv_terms(x.shape, w.shape, *_pairs(**geometry)):
        dx[pixel] = dx[pixel] + w[tap] * dy[at]
        dw[tap] = dw[tap] + x[pixel] * dy[at]
    for at in np.ndindex(dy.shape):
        db[at[1]] = db[at[1]] + dy[at]
    return dx, dw, db


def conv_matrix_loops(w, input_shape, **geometry):
    """Write each weight to the row of its output and the column of its pixel."""
    x_shape = (1, *input_shape)
    positions = conv_positions(input_shape[1:], w.shape[2:], *_pairs(**geometry))
    matrix = np.zeros((len(w), *map(len, positions), *input_shape), w.dtype)
    for at, tap, pixel in conv_terms(x_shape, w.shape, *_pairs(**geometry)):
        matrix[at[1:] + pixel[1:]] = matrix[at[1:] + pixel[1:]] + w[tap]
    return matrix.reshape(-1, int(np.prod(input_shape)))


def _pairs(stride=1, padding=0, dilation=1):
    return [size if isinstance(size, tuple) else (size, size) for size in (stride, padding, dilation)]
