"""Proofs of the dense layer and of flattening: every entry, with generic symbols."""

import numpy as np
import pytest
import sympy

from cnnlib import dense, dense_backward, flatten, flatten_backward
from cnnlib.symbolic.arrays import assert_identical, gradient, inner, symbol_array

SIZES = [(1, 1, 1), (1, 2, 3), (3, 2, 1), (2, 3, 2), (4, 3, 5)]


@pytest.mark.parametrize("N, I, O", SIZES)
def test_dense(N, I, O):
    """dense-fwd, dense-dx, dense-dw, dense-db: the sum that defines y, and its derivatives."""
    x, w, b = symbol_array("x", (N, I)), symbol_array("w", (O, I)), symbol_array("b", (O,))
    y = np.array([[b[j] + sum(w[j, i] * x[n, i] for i in range(I)) for j in range(O)] for n in range(N)])
    delta = symbol_array("δ", (N, O))
    assert_identical(dense(x, w, b), y)
    assert_identical(dense(x, w), y - b)
    for found, argument in zip(dense_backward(delta, x, w), (x, w, b), strict=True):
        assert_identical(found, gradient(inner(y, delta), argument))


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 3, 2, 2), (2, 1, 3, 4), (3, 4)], ids=str)
def test_flatten(shape):
    """flatten: every entry goes where row-major order puts it, and comes back from there."""
    x = symbol_array("x", shape)
    y, delta = flatten(x), symbol_array("δ", (shape[0], x[0].size))
    for n, *place in np.ndindex(shape):
        assert y[n, np.ravel_multi_index(place, shape[1:])] == x[n, *place]
    assert_identical(flatten_backward(delta, shape), gradient(inner(y, delta), x))


def test_two_layers_with_an_undefined_activation():
    """dense-dx, dense-dw, dense-db: the δ recursion of a 2-3-2 network, for any activations φ and ψ."""
    phi, psi, z = sympy.Function("phi"), sympy.Function("psi"), sympy.Symbol("z")
    apply = np.vectorize(lambda f, value: f(value), otypes=[object])
    slope = np.vectorize(lambda f, value: f(z).diff(z).subs(z, value), otypes=[object])
    x, t = symbol_array("x", (1, 2)), symbol_array("t", (1, 2))
    v, c, w, b = (
        symbol_array(name, shape) for name, shape in [("v", (3, 2)), ("c", 3), ("w", (2, 3)), ("b", 2)]
    )
    hidden = dense(x, v, c)
    net = dense(apply(phi, hidden), w, b)
    E = ((apply(psi, net) - t) ** 2).sum() / 2
    delta = (apply(psi, net) - t) * slope(psi, net)
    da, dw, db = dense_backward(delta, apply(phi, hidden), w)
    _, dv, dc = dense_backward(da * slope(phi, hidden), x, v)
    for found, argument in ((dw, w), (db, b), (dv, v), (dc, c)):
        assert_identical(found, gradient(E, argument))
