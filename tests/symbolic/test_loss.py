"""Proofs of the losses and the softmax: every entry, with generic symbols."""

import numpy as np
import pytest
import sympy

from cnnlib import (
    cross_entropy,
    cross_entropy_backward,
    sigmoid,
    softmax,
    softmax_backward,
    squared_error,
    squared_error_backward,
)
from cnnlib.symbolic.arrays import assert_identical, gradient, inner, symbol_array

SIZES = pytest.mark.parametrize("N, K", [(1, 2), (1, 3), (2, 3), (3, 2)])


def assert_equal_functions(a, b):
    """Compare entries that hold exponentials: as fractions of polynomials in e^z."""
    assert np.shape(a) == np.shape(b)
    difference = np.asarray(a, object) - np.asarray(b, object)
    rest = [sympy.cancel(sympy.together(sympy.expand(d, power_exp=True))) for d in difference.flat]
    assert_identical(np.array(rest, object), np.zeros(len(rest), int))


def probabilities(z):
    """Return e^z / Σ e^z, written out."""
    powers = np.frompyfunc(sympy.exp, 1, 1)(z)
    return powers / np.array([[sympy.Add(*row)] for row in powers])


@SIZES
def test_softmax(N, K):
    """softmax, softmax-jac: the quotient that defines it, and diag(y) − y yᵀ in every direction dy."""
    z, dy = symbol_array("z", (N, K)), symbol_array("δ", (N, K))
    y = probabilities(z)
    assert_identical(softmax(z), y)
    assert_equal_functions(softmax_backward(dy, z), gradient(inner(y, dy), z))


def test_softmax_does_not_see_a_common_shift():
    """softmax: the same number added to all scores changes nothing; two classes are a sigmoid."""
    z, shift = symbol_array("z", (1, 3)), sympy.Symbol("s")
    assert_equal_functions(softmax(z + shift), softmax(z))
    two = np.array([[z[0, 0], sympy.Integer(0)]], object)
    assert_equal_functions(softmax(two)[:, :1], sigmoid(z[:, :1]))


@SIZES
def test_cross_entropy_of_any_targets(N, K):
    """ce, ce-dlogits: −Σ t ln y / N and its derivative, for targets that need not sum to 1."""
    z, t = symbol_array("z", (N, K), real=True), symbol_array("t", (N, K), real=True)
    logs = np.frompyfunc(sympy.log, 1, 1)(probabilities(z))
    E = -inner(t, logs) / N
    difference = sympy.expand(sympy.expand_log(cross_entropy(z, t) - E, force=True))
    assert difference == 0
    assert_equal_functions(cross_entropy_backward(z, t), gradient(E, z))


@SIZES
def test_cross_entropy_of_classes(N, K):
    """ce, ce-dlogits: class indices mean the probabilities 0 and 1; δ = (y − t)/N, which sums to 0."""
    z = symbol_array("z", (N, K), real=True)
    for first in range(K):
        classes = (first + np.arange(N)) % K
        onehot = (classes[:, None] == np.arange(K)).astype(int).astype(object)
        assert sympy.expand(cross_entropy(z, classes) - cross_entropy(z, onehot)) == 0
        delta = cross_entropy_backward(z, classes)
        assert_identical(delta, (softmax(z) - onehot) / N)
        assert_equal_functions(delta.sum(axis=1), np.zeros(N, object) * z[0, 0])


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (3, 1, 2, 2)], ids=str)
def test_squared_error(shape):
    """squared-error, squared-error-da: half the squared distance; the half cancels the 2."""
    a, t = symbol_array("a", shape), symbol_array("t", shape)
    E = sum((p - q) ** 2 for p, q in zip(a.flat, t.flat, strict=True)) / (2 * sympy.Integer(shape[0]))
    assert_identical(np.array(squared_error(a, t)), np.array(E))
    assert_identical(squared_error_backward(a, t), gradient(E, a))


@SIZES
def test_squared_error_behind_a_softmax(N, K):
    """softmax-se: (diag(y) − y yᵀ)(y − t), by hand and as the two kernels compute it, for each sample."""
    z, t = symbol_array("z", (N, K)), symbol_array("t", (N, K))
    y = probabilities(z)
    difference = (y - t).reshape(N, K, 1)
    jacobians = np.array([np.diag(row) - np.outer(row, row) for row in y])
    by_hand = (jacobians @ difference)[:, :, 0] / N
    assert_equal_functions(softmax_backward(squared_error_backward(y, t), z), by_hand)
    assert_equal_functions(gradient(squared_error(y, t), z), by_hand)


@pytest.mark.parametrize("K", [1, 2, 5])
def test_log_sum_exp(K):
    """log-sum-exp: whatever number m is taken off the scores, the logarithm of the sum gets it back."""
    z, m = symbol_array("z", K, real=True), sympy.Symbol("m", real=True)
    powers = np.frompyfunc(sympy.exp, 1, 1)
    left, right = sympy.Add(*powers(z)), sympy.exp(m) * sympy.Add(*powers(z - m))
    assert_identical(np.array(sympy.simplify(left - right)), np.array(0))
    E = cross_entropy(z[None], np.array([K - 1]))
    assert sympy.expand(sympy.expand_log(E - (sympy.log(left) - z[K - 1]), force=True)) == 0
