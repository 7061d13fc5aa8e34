"""Proofs of the activations: the smooth ones on symbols, the bent ones on both sides of their bend."""

import numpy as np
import pytest
import sympy

from cnnlib import (
    leaky_relu,
    leaky_relu_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    tanh,
    tanh_backward,
)
from cnnlib.symbolic.arrays import assert_identical, gradient, inner, symbol_array

SHAPES = pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 1, 2, 2)], ids=str)


def assert_equal_functions(a, b):
    """Compare entries that hold exponentials: as fractions of polynomials in e^x."""
    assert a.shape == b.shape
    for left, right in zip(a.flat, b.flat, strict=True):
        difference = sympy.expand((left - right).rewrite(sympy.exp), power_exp=True)
        assert sympy.cancel(sympy.together(difference)) == 0


@SHAPES
def test_sigmoid(shape):
    """sigmoid-dx, delta-gamma: σ′ = σ(1 − σ), every entry."""
    x, delta = symbol_array("x", shape), symbol_array("δ", shape)
    y = np.frompyfunc(lambda v: 1 / (1 + sympy.exp(-v)), 1, 1)(x)
    assert_identical(sigmoid(x), y)
    assert_equal_functions(sigmoid_backward(delta, x), gradient(inner(y, delta), x))


@SHAPES
def test_tanh(shape):
    """tanh-dx: tanh′ = 1 − tanh², every entry."""
    x, delta = symbol_array("x", shape), symbol_array("δ", shape)
    y = np.frompyfunc(sympy.tanh, 1, 1)(x)
    assert_identical(tanh(x), y)
    assert_identical(tanh_backward(delta, x), gradient(inner(y, delta), x))


def test_tanh_is_a_stretched_sigmoid():
    """sigmoid-dx, tanh-dx: tanh x = 2σ(2x) − 1."""
    x = symbol_array("x", (1,))
    assert_equal_functions(tanh(x), 2 * sigmoid(2 * x) - 1)


def halves(kink, **sign):
    """Return symbols on one side of the bend, δ, and the derivative there of a function that SymPy bends."""
    x, delta = symbol_array("x", (2, 3), **sign), symbol_array("δ", (2, 3))
    return x, delta, gradient(inner(np.frompyfunc(kink, 1, 1)(x), delta), x)


@pytest.mark.parametrize("sign", ["positive", "negative"])
def test_relu(sign):
    """relu-dx: on either side of 0, every entry; Max(x, 0) bends there."""
    x, delta, expected = halves(lambda v: sympy.Max(v, 0), **{sign: True})
    assert_identical(relu_backward(delta, x), expected)
    assert_identical(relu(x), x if sign == "positive" else 0 * x)


@pytest.mark.parametrize("sign", ["positive", "negative"])
def test_leaky_relu(sign):
    """leaky-relu-dx: on either side of 0, every entry, with an exact slope."""
    slope = sympy.Rational(1, 5)
    x, delta, expected = halves(lambda v: sympy.Max(v, 0) + slope * sympy.Min(v, 0), **{sign: True})
    assert_identical(leaky_relu_backward(delta, x, slope=slope), expected)
    assert_identical(leaky_relu(x, slope=slope), x if sign == "positive" else slope * x)


def test_slope_at_the_bend():
    """relu-dx, leaky-relu-dx: at 0 the slope is that of the left side, by convention."""
    delta, zero = symbol_array("δ", (1,)), np.array([sympy.Integer(0)], object)
    assert_identical(relu_backward(delta, zero), np.array([0]))
    assert_identical(leaky_relu_backward(delta, zero, slope=sympy.Rational(1, 5)), delta / 5)
