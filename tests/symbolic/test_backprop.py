"""Proofs of back-propagation through whole networks, with activations nobody has chosen."""

import numpy as np
import pytest
import sympy

from cnnlib import Dense, Sequential, squared_error, squared_error_backward
from cnnlib.layers import Layer
from cnnlib.symbolic.arrays import assert_identical, gradient, symbol_array

Z = sympy.Symbol("z")
SIZES = [(2, 3, 2), (1, 2, 3), (3, 2, 1), (2, 1, 2)]


class Undefined(Layer):
    """An activation of which nothing is known but that it has a slope."""

    formula = "vjp"

    def __init__(self, name):
        self.function = sympy.Function(name)

    def forward(self, x):
        self.x = x
        return np.vectorize(self.function, otypes=[object])(x)

    def slope(self, x):
        return np.vectorize(lambda v: self.function(Z).diff(Z).subs(Z, v), otypes=[object])(x)

    def backward(self, dy, *, with_dx=True):
        return dy * self.slope(self.x)


def network(l, m, n):
    """Return the layers q and r, their activations, and the network they make, all of symbols."""
    q, r = (Dense(i, o, rng=np.random.default_rng(0)) for i, o in [(l, m), (m, n)])
    for layer, name in ((q, "q"), (r, "r")):
        layer.w, layer.b = symbol_array(f"θ{name}", layer.w.shape), symbol_array(f"b{name}", layer.b.shape)
    phi, psi = Undefined("phi"), Undefined("psi")
    return q, phi, r, psi, Sequential(q, phi, r, psi)


@pytest.mark.parametrize("l, m, n", SIZES)
def test_one_sample(l, m, n):
    """The chapter's sums, entry by entry.

    backprop, backprop-paths, backprop-output, backprop-weight, backprop-vector.
    """
    q, phi, r, psi, net = network(l, m, n)
    x, t = symbol_array("o", (1, l)), symbol_array("t", (1, n))
    o = net.forward(x)
    E = squared_error(o, t)
    net.backward(squared_error_backward(o, t))
    theta, n_q, n_r = r.w, phi.x[0], psi.x[0]
    delta_r = [(o[0, k] - t[0, k]) * psi.slope(n_r)[k] for k in range(n)]
    delta_q = [phi.slope(n_q)[j] * sum(theta[k, j] * delta_r[k] for k in range(n)) for j in range(m)]
    assert_identical(np.array(delta_q), (theta.T @ np.array(delta_r)) * phi.slope(n_q))
    o_q = phi.forward(n_q)
    assert_identical(r.dw, np.array([[delta_r[k] * o_q[j] for j in range(m)] for k in range(n)]))
    assert_identical(q.dw, np.array([[delta_q[j] * x[0, i] for i in range(l)] for j in range(m)]))
    for layer, delta in ((q, delta_q), (r, delta_r)):
        assert_identical(layer.db, np.array(delta))
        assert_identical(layer.dw, gradient(E, layer.w))
        assert_identical(layer.db, gradient(E, layer.b))


@pytest.mark.parametrize("N", [2, 3])
def test_batch(N):
    """backprop-batch: samples as columns, one matrix product, and one division by N."""
    q, phi, r, psi, net = network(2, 2, 1)
    x, t = symbol_array("o", (N, 2)), symbol_array("t", (N, 1))
    o = net.forward(x)
    loss = squared_error(o, t)
    net.backward(squared_error_backward(o, t))
    delta_r = ((o - t) * psi.slope(psi.x)).T  # one column per sample
    delta_q = (r.w.T @ delta_r) * phi.slope(phi.x).T
    for layer, delta, inputs in ((q, delta_q, x.T), (r, delta_r, phi.forward(phi.x).T)):
        assert_identical(layer.dw, delta @ inputs.T / N)
        assert_identical(layer.db, delta.sum(axis=1) / N)
        assert_identical(layer.dw, gradient(loss, layer.w))
        assert_identical(layer.db, gradient(loss, layer.b))
