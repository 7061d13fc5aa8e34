"""Proofs of 1×1 convolutions, learned combinations of maps, and receptive fields: every entry, on symbols."""

import itertools

import numpy as np
import pytest
import sympy

from cnnlib import combine_maps, combine_maps_backward, conv2d, conv2d_backward, dense, receptive_field
from cnnlib.symbolic.arrays import assert_identical, gradient, inner, symbol_array


@pytest.mark.parametrize("N, C, O, H, W", [(1, 2, 3, 2, 2), (2, 3, 2, 1, 2), (1, 1, 2, 2, 3)])
def test_one_by_one(N, C, O, H, W):
    """conv-1x1: each pixel meets one matrix; ∂E/∂K = Δ Xᵀ and γ = Kᵀ Δ, pixels as columns."""
    x, w = symbol_array("x", (N, C, H, W)), symbol_array("k", (O, C, 1, 1))
    z, K = conv2d(x, w), w[:, :, 0, 0]
    delta = symbol_array("δ", z.shape)
    columns, deltas = (a.transpose(1, 0, 2, 3).reshape(a.shape[1], -1) for a in (x, delta))
    assert_identical(z.transpose(1, 0, 2, 3).reshape(O, -1), K @ columns)
    dx, dw, _ = conv2d_backward(delta, x, w)
    assert_identical(dw[:, :, 0, 0], deltas @ columns.T)
    assert_identical(dw, gradient(inner(z, delta), w))
    assert_identical(dx.transpose(1, 0, 2, 3).reshape(C, -1), K.T @ deltas)
    assert_identical(dx, gradient(inner(z, delta), x))


def test_one_by_one_on_a_single_pixel_is_a_dense_layer():
    """conv-1x1: maps of one pixel are features."""
    x, w, b = symbol_array("x", (2, 3)), symbol_array("w", (4, 3)), symbol_array("b", 4)
    z = conv2d(x[:, :, None, None], w[:, :, None, None], b)
    assert_identical(z[:, :, 0, 0], dense(x, w, b))


def as_powers(array, scores):
    """Write every e^s as a positive symbol, so that only fractions of polynomials are left."""
    powers = {sympy.exp(s): sympy.Symbol(f"p_{i}", positive=True) for i, s in enumerate(scores.flat)}
    return np.array([sympy.sympify(entry).subs(powers) for entry in np.asarray(array, object).flat], object)


@pytest.mark.parametrize("C, O, image, kernel", [(3, 1, (2, 3), (2, 2)), (2, 2, (2, 2), (1, 2))])
def test_learned_combination(C, O, image, kernel):
    """map-combination, map-combination-ds: scores, kernels, maps and biases against SymPy's derivatives."""
    x, w = symbol_array("a", (1, C, *image)), symbol_array("k", (C, *kernel))
    scores, b = symbol_array("s", (O, C)), symbol_array("b", O)
    z = combine_maps(x, w, scores, b)
    delta = symbol_array("δ", z.shape)
    E, shipped = inner(z, delta), combine_maps_backward(delta, x, w, scores)
    for found, symbols in zip(shipped, (x, w, scores, b), strict=True):
        pairs = zip(as_powers(found, scores), as_powers(gradient(E, symbols), scores), strict=True)
        assert all(sympy.cancel(sympy.together(left - right)) == 0 for left, right in pairs)


def support(windows, length):
    """List the pixels that the first unit's formula contains, through layers of symbols of their own."""
    x = row = symbol_array("x", (1, 1, 1, length))
    for level, (kernel, stride) in enumerate(windows):
        row = conv2d(row, symbol_array(f"k{level}", (1, 1, 1, kernel)), stride=(1, stride))
    return np.flatnonzero([sympy.diff(row[0, 0, 0, 0], pixel) != 0 for pixel in x.flat])


@pytest.mark.parametrize("windows", list(itertools.product([(1, 1), (2, 1), (2, 2), (3, 2)], repeat=3)))
def test_receptive_field(windows):
    """receptive-field: the span of the pixels that stand in one unit's formula."""
    r = receptive_field(windows)[-1][0]
    pixels = support(windows, r + 3)
    assert (pixels[0], pixels[-1]) == (0, r - 1)
