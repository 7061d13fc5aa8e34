"""Why gradients fade and how to draw weights so that they do not: proofs on symbols."""

import itertools

import numpy as np
import pytest
import sympy

from cnnlib import conv_matrix
from cnnlib.symbolic.arrays import assert_identical, gradient, symbol_array

PHI, S = sympy.Function("phi"), sympy.Symbol("s")
apply = np.vectorize(lambda z: PHI(z), otypes=[object])
slope = np.vectorize(lambda z: PHI(S).diff(S).subs(S, z), otypes=[object])


@pytest.mark.parametrize("sizes", [(2, 3, 2), (2, 2, 3, 1), (1, 2, 1, 2, 1)], ids=str)
def test_delta_product(sizes):
    """delta-product: for an unknown φ and a loss linear in the last net inputs, δ of the first layer."""
    a, biases, slopes, matrices = symbol_array("x", sizes[0]), [], [], []
    for k, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        matrices.append(symbol_array(f"w{k}", (outputs, inputs)))
        biases.append(symbol_array(f"b{k}", outputs))
        z = matrices[-1] @ a + biases[-1]
        slopes.append(slope(z))
        a = apply(z)
    product = symbol_array("δ", sizes[-1])
    loss = (product * z).sum()  # the simplest loss with that δ in the last layer
    for d, w in zip(slopes[-2::-1], matrices[:0:-1], strict=True):
        product = d * (w.T @ product)
    assert_identical(product, gradient(loss, biases[0]))  # a bias's gradient is δ


def test_a_gate_of_slopes_at_most_m_stretches_nothing_more_than_m():
    """delta-bound: m²‖v‖² − ‖Dv‖² is a sum of terms (m² − d²) v²."""
    d, v, m = symbol_array("d", 3), symbol_array("v", 3), sympy.Symbol("m")
    gap = m**2 * (v**2).sum() - ((d * v) ** 2).sum()
    assert sympy.expand(gap - sum((m**2 - a**2) * b**2 for a, b in zip(d, v, strict=True))) == 0


def test_the_spectral_norm_bounds_the_product():
    """delta-bound: ‖W‖₂²I − WWᵀ has determinant 0 and no negative trace, so it is positive, for all 2 × 2."""
    a, b, c, d = sympy.symbols("a b c d", real=True)
    squared = sympy.Matrix([[a, b], [c, d]]) * sympy.Matrix([[a, b], [c, d]]).T
    trace, determinant = squared.trace(), squared.det()
    root = sympy.sqrt(trace**2 - 4 * determinant)
    rest = (trace + root) / 2 * sympy.eye(2) - squared
    assert sympy.expand(rest.det()) == 0 and sympy.expand(rest.trace() - root) == 0
    inside = (squared[0, 0] - squared[1, 1]) ** 2 + 4 * squared[0, 1] ** 2
    assert sympy.expand(trace**2 - 4 * determinant - inside) == 0  # never negative: the root is real


def test_steepest_slopes():
    """delta-bound: ¼ − σ′ and 1 − tanh′ are squares, so max σ′ = ¼ and max tanh′ = 1, both at 0."""
    y, z = sympy.symbols("y z", real=True)
    sigma = 1 / (1 + sympy.exp(-z))
    assert sympy.simplify(sigma.diff(z) - sigma * (1 - sigma)) == 0
    assert sympy.expand(sympy.Rational(1, 4) - y * (1 - y) - (y - sympy.Rational(1, 2)) ** 2) == 0
    assert sympy.simplify(sympy.tanh(z).diff(z) - (1 - sympy.tanh(z) ** 2)) == 0
    assert sigma.diff(z).subs(z, 0) == sympy.Rational(1, 4) and sympy.tanh(z).diff(z).subs(z, 0) == 1


@pytest.mark.parametrize("n", [1, 2, 5])
def test_variance_recursion(n):
    """variance-recursion: independent weights of mean 0 leave only squares, whatever the inputs are."""
    w, a = symbol_array("w", n), symbol_array("a", n)
    v, q = sympy.symbols("v q")
    total = sympy.Poly(sympy.expand((w @ a) ** 2), *w)
    second = 0
    for powers, inputs in total.terms():
        by_weights = sympy.prod([(1, 0, v)[power] for power in powers])  # E 1 = 1, E w = 0, E w² = v
        second += by_weights * inputs.subs({square**2: q for square in a})
    assert sympy.expand(second - n * v * q) == 0


def test_xavier_and_he():
    """xavier, he: between both wishes for the variance; twice as much for half of a symmetric signal."""
    v, n, m, s, z = sympy.symbols("v n m s z", positive=True)
    forward, backward = sympy.solve(n * v - 1, v)[0], sympy.solve(m * v - 1, v)[0]
    assert sympy.simplify(2 / (1 / forward + 1 / backward) - 2 / (n + m)) == 0
    density = sympy.Function("p")(z**2)  # of any symmetric signal: p(−z) = p(z)
    assert density.subs(z, -z) == density
    normal = sympy.exp(-(z**2) / (2 * s**2)) / (s * sympy.sqrt(2 * sympy.pi))
    assert sympy.simplify(2 * sympy.integrate(z**2 * normal, (z, 0, sympy.oo)) - s**2) == 0
    assert sympy.solve(sympy.Eq(n * v * s**2 / 2, s**2), v) == [2 / n]


@pytest.mark.parametrize("stride, padding, dilation", list(itertools.product((1, 2), (0, 1), (1, 2))))
@pytest.mark.parametrize("kernel", [(2, 2), (3, 1), (2, 3)], ids=str)
def test_conv_norm(kernel, stride, padding, dilation):
    """conv-norm: W is Σ k P, and each P has at most one 1 in a row and in a column, so its norm is ≤ 1."""
    geometry = dict(stride=stride, padding=padding, dilation=dilation)
    k, shape = symbol_array("k", (1, 1, *kernel)), (1, 5, 6)
    total = 0
    for at in np.ndindex(kernel):
        unit = np.zeros((1, 1, *kernel), dtype=int)
        unit[0, 0][at] = 1
        shift = conv_matrix(unit, shape, **geometry)
        assert set(np.unique(shift)) <= {0, 1}
        assert shift.sum(axis=0).max() <= 1 and shift.sum(axis=1).max() <= 1
        total = total + k[0, 0][at] * shift
    assert_identical(conv_matrix(k, shape, **geometry), total)
