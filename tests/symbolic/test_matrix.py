"""Proofs about the matrix of a convolution, with generic symbols, for the sizes listed."""

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
    """conv-matrix, conv-dx: its transpose is the backward pass."""
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
