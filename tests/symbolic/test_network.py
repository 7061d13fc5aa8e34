"""Proofs of whole networks: layers filled with symbols, undefined activations, all derivatives at once."""

import numpy as np
import sympy
from sympy import Function, Symbol

from cnnlib import AvgPool2d, Concat, Conv2d, Dense, Flatten, Residual, Sequential, Subsample2d
from cnnlib.layers import Layer
from cnnlib.symbolic.arrays import assert_identical, gradient, inner, symbol_array


class Undefined(Layer):
    """An activation of which nothing is known but that it works entry by entry."""

    def __init__(self, name):
        z = Symbol("z")
        self.apply = np.frompyfunc(Function(name), 1, 1)
        self.slope = np.frompyfunc(lambda value: Function(name)(z).diff(z).subs(z, value), 1, 1)

    def forward(self, x):
        self._memory = x
        return self.apply(x)

    def backward(self, dy, *, with_dx=True):
        return dy * self.slope(self._recall())


def filled(layer, name):
    """Put symbols in place of the parameters of a layer."""
    for parameter in layer.trainable:
        setattr(layer, parameter, symbol_array(f"{name}_{parameter}", getattr(layer, parameter).shape))
    return layer


def conv(c, o, k, name, **geometry):
    return filled(Conv2d(c, o, k, rng=np.random.default_rng(0), **geometry), name)


def prove(net, x, with_input=True):
    """Compare the gradient of ⟨net(x), δ⟩ by every parameter, and the input, with SymPy's derivative."""
    y = net(x)
    delta = symbol_array("δ", y.shape)
    E = inner(y, delta)
    dx = net.backward(delta)
    if with_input:
        assert_identical(dx, gradient(E, x))
    for value, array in zip(net.grads(), net.params(), strict=True):
        assert_identical(value, gradient(E, array))
    return sum(array.size for array in net.params())


def test_bouvries_network_in_small():
    """net-backward, conv-dw, subsample-dbeta, subsample-db, dense-dw: 6×6 → 1c3 → 2s → 2, all 22."""
    dense = filled(Dense(4, 2, rng=np.random.default_rng(0)), "w")
    subsample = filled(Subsample2d(1, 2), "s")
    layers = conv(1, 1, 3, "k"), Undefined("phi"), subsample, Undefined("psi"), Flatten(), dense
    net = Sequential(*layers, Undefined("omega"))
    assert prove(net, symbol_array("x", (1, 1, 6, 6)), with_input=False) == 22


def test_convolution_pooling_convolution():
    """net-backward, conv-dx, conv-dw, avgpool-dx: 5×5 → 1c2 → mean of 2×2 → 2 maps of 1×1: 4 + 8 + 25."""
    net = Sequential(
        conv(1, 1, 2, "k", bias=False), Undefined("phi"), AvgPool2d(2), conv(1, 2, 2, "l", bias=False)
    )
    x = symbol_array("x", (1, 1, 5, 5))
    assert prove(net, x) + x.size == 4 + 8 + 25


def test_error_of_a_pixel_below_a_maximum():
    """net6-delta-f: off ties a maximum copies its winner; all 48 δ, with two unknown activations."""
    phi, omega, s = Function("phi"), Function("omega"), Symbol("s")
    z, v, b, t = (symbol_array(name, shape) for name, shape in
                  [("z", (3, 4, 4)), ("v", (3, 3, 2, 2)), ("b", 3), ("t", 3)])  # fmt: skip
    winner = np.random.default_rng(0).integers(0, 2, (3, 2, 2, 2))
    at = {
        (k, i, j): (2 * i + winner[k, i, j, 0], 2 * j + winner[k, i, j, 1]) for k, i, j in np.ndindex(3, 2, 2)
    }
    pooled = np.array([[[phi(z[k][at[k, i, j]]) for j in (0, 1)] for i in (0, 1)] for k in range(3)])
    nets = [inner(v[n], pooled) + b[n] for n in range(3)]
    cost = sum((omega(net) - t[n]) ** 2 / 2 for n, net in enumerate(nets))
    delta = [(omega(net) - t[n]) * omega(s).diff(s).subs(s, net) for n, net in enumerate(nets)]
    for k, i, j in np.ndindex(3, 4, 4):
        arriving = inner(np.array(delta), v[:, k, i // 2, j // 2])
        wins = at[k, i // 2, j // 2] == (i, j)
        formula = arriving * int(wins) * phi(s).diff(s).subs(s, z[k, i, j])
        assert_identical(cost.diff(z[k, i, j]), formula)


def test_residual():
    """residual-dx: with an unknown function on the branch, with a convolution, and with a projection."""
    x = symbol_array("x", (1, 2, 2, 3))
    prove(Residual(Undefined("f")), x)
    prove(Residual(Sequential(conv(2, 2, 3, "k", padding=1), Undefined("f"))), x)
    prove(Residual(conv(2, 1, (1, 2), "k"), conv(2, 1, (1, 2), "p")), x)


def test_residual_twice():
    """residual-dx: the Jacobian of two blocks is (1 + f′)(1 + g′), so one path has no factor."""
    x, z = symbol_array("x", (1, 1)), Symbol("z")
    net = Sequential(Residual(Undefined("f")), Residual(Undefined("g")))
    net(x)
    dx = net.backward(np.array([[sympy.Integer(1)]])).item()
    f, g = Function("f"), Function("g")
    inside = x.item() + f(x.item())
    slopes = (1 + f(z).diff(z).subs(z, x.item())) * (1 + g(z).diff(z).subs(z, inside))
    assert sympy.expand((dx - slopes).doit()) == 0


def test_concat():
    """concat-dx: branches of different kinds and numbers of maps."""
    block = Concat(
        conv(2, 1, 1, "a"), Undefined("f"), conv(2, 2, 3, "b", padding=1), AvgPool2d(3, stride=1, padding=1)
    )
    prove(block, symbol_array("x", (1, 2, 2, 3)))
