"""Proofs about the matrix of a convolution, with generic symbols, for the sizes listed."""

import numpy as np
import pytest
from oracles import conv2d_loops

from cnnlib import conv2d_backward, conv_matrix
from cnnlib.symbolic.arrays import assert_identical, gradient, inner, symbol_array

# (C, H, W), (O, C, Kh, Kw), geometry
LAYERS = [
    ((1, 3, 3), (1, 1, 2, 2), {}),
    ((1, 4, 5), (2, 1, 3, 2), {"padding": (1, 2)}),
    ((2, 4, 3), (2, 2, 2, 2), {"stride": (2, 1)}),
    ((1, 5, 5), (1, 1, 3, 3), {"stride": 2, "padding": 1}),
    ((1, 6, 7), (1, 1, 2, 3), {"stride": (2, 1), "padding": (0, 1), "dilation": (3, 2)}),
    ((2, 7, 6), (1, 2, 2, 2), {"stride": 2, "padding": 1, "dilation": (1, 3)}),
]
each = pytest.mark.parametrize("image, filters, geometry", LAYERS, ids=str)


@each
def test_matrix(image, filters, geometry):
    """conv-matrix: the matrix is the Jacobian of the definition by the pixels."""
    x, w = symbol_array("x", (1, *image)), symbol_array("w", filters)
    y = conv2d_loops(x, w, **geometry)
    matrix = conv_matrix(w, image, **geometry)
    assert matrix.shape == (y.size, x.size)
    assert_identical(matrix @ x.ravel(), y.ravel())
    for row, output in zip(matrix, y.ravel(), strict=True):
        assert_identical(row, gradient(output, x.ravel()))


@each
def test_transposed_matrix(image, filters, geometry):
    """conv-matrix, matrix-dx, conv-dx: its transpose is the backward pass."""
    x, w = symbol_array("x", (1, *image)), symbol_array("w", filters)
    delta = symbol_array("δ", conv2d_loops(x, w, **geometry).shape)
    dx, _, _ = conv2d_backward(delta, x, w, **geometry)
    assert_identical(conv_matrix(w, image, **geometry).T @ delta.ravel(), dx.ravel())


@each
def test_adjoint(image, filters, geometry):
    """adjoint: for the loops and for what the kernel sends back, with every entry a symbol."""
    x, w = symbol_array("x", (1, *image)), symbol_array("w", filters)
    y = conv2d_loops(x, w, **geometry)
    delta = symbol_array("δ", y.shape)
    dx, _, _ = conv2d_backward(delta, x, w, **geometry)
    assert_identical(inner(y, delta), inner(x, dx))


@each
def test_tied_sum(image, filters, geometry):
    """tied-sum: with a weight of its own in every entry, add up the gradients of those that are tied."""
    x, w = symbol_array("x", (1, *image)), symbol_array("w", filters)
    matrix = conv_matrix(w, image, **geometry)
    free = symbol_array("W", matrix.shape)
    delta = symbol_array("δ", conv2d_loops(x, w, **geometry).shape)
    dense = gradient(inner(free @ x.ravel(), delta.ravel()), free)
    assert_identical(dense, np.outer(delta, x))
    _, dw, _ = conv2d_backward(delta, x, w, **geometry)
    for tap, shipped in zip(w.flat, dw.flat, strict=True):
        assert_identical(dense[matrix == tap].sum(), shipped)


def shifts(n, m, stride, padding, dilation):
    """Write the shifts along one axis by their definition: [s = iS + uD - P] in row i and column s."""
    o = (n + 2 * padding - dilation * (m - 1) - 1) // stride + 1
    i, s = np.arange(o)[:, None], np.arange(n)
    return [(s == i * stride + u * dilation - padding).astype(int) for u in range(m)]


SIX = [(5, 2, 1, 0, 1), (5, 3, 2, 1, 1), (6, 3, 2, 0, 1), (6, 2, 3, 1, 1), (7, 3, 1, 2, 2), (7, 2, 2, 1, 3)]


@pytest.mark.parametrize("n, m, stride, padding, dilation", SIX)
def test_shift_matrices(n, m, stride, padding, dilation):
    """shift-matrices, matrix-nonzeros: forward, matrix, both gradients; rows and columns differ."""
    x, w = symbol_array("x", (n, n + 1)), symbol_array("k", (m, m + 1))
    S, T = (
        shifts(size, taps, stride, padding, dilation) for size, taps in zip(x.shape, w.shape, strict=True)
    )
    uses = [(w[u, v], S[u], T[v]) for u, v in np.ndindex(w.shape)]
    options = dict(stride=stride, padding=padding, dilation=dilation)
    four = x[None, None], w[None, None]
    y = conv2d_loops(*four, **options)
    delta = symbol_array("δ", y.shape)
    dx, dw, _ = conv2d_backward(delta, *four, **options)
    matrix = conv_matrix(four[1], (1, *x.shape), **options)
    assert_identical(sum(k * (s @ x @ t.T) for k, s, t in uses), y[0, 0])
    assert_identical(sum(k * np.kron(s, t) for k, s, t in uses), matrix)
    assert_identical([inner(s @ x @ t.T, delta[0, 0]) for _, s, t in uses], dw.ravel())
    assert_identical(sum(k * (s.T @ delta[0, 0] @ t) for k, s, t in uses), dx[0, 0])
    assert np.count_nonzero(matrix) == np.sum(S) * np.sum(T)
