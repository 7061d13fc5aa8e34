"""The tools of the proofs: they must see every difference, and only differences."""

import numpy as np
import pytest
import sympy

from cnnlib.symbolic.arrays import assert_identical, gradient, inner, symbol_array


def test_symbols_are_called_after_their_indices():
    assert [str(s) for s in symbol_array("x", (1, 1, 2, 2)).flat] == ["x_00", "x_01", "x_10", "x_11"]
    assert str(symbol_array("w", (2, 1, 3, 3))[1, 0, 2, 1]) == "w_1021"
    assert str(symbol_array("b", 3)[2]) == "b_2" and str(symbol_array("s", ())[()]) == "s_"
    assert symbol_array("x", (1, 1, 2, 3)).shape == (1, 1, 2, 3)


@pytest.mark.parametrize(
    "shape", [(12, 3), (3, 12), (11, 1, 2, 2), (2, 11, 11), (1, 1, 12, 12), (1, 7), (7, 1)]
)
def test_symbols_are_all_different(shape):
    symbols = symbol_array("x", shape)
    assert len(set(symbols.flat)) == symbols.size


def test_symbols_can_be_assumed_positive():
    assert symbol_array("p", (2,), positive=True)[0].is_positive
    assert symbol_array("p", (2,))[0].is_positive is None


def test_gradient_has_the_shape_of_the_array():
    x, y = symbol_array("x", (2, 2)), sympy.Symbol("y")
    slope = gradient(x[0, 0] ** 2 * x[1, 0] + y, x)
    assert slope.tolist() == [[2 * x[0, 0] * x[1, 0], 0], [x[0, 0] ** 2, 0]]
    assert gradient(7, x).tolist() == [[0, 0], [0, 0]]


def test_inner_takes_equal_shapes_only():
    x = symbol_array("x", (2, 2))
    assert inner(x, np.eye(2, dtype=int)) == x[0, 0] + x[1, 1]
    assert inner(np.zeros((0, 2)), np.zeros((0, 2))) == 0
    with pytest.raises(ValueError, match=r"one shape, got \(2, 2\) and \(2,\)"):
        inner(x, x[0])


a, b = sympy.symbols("a b")
f = sympy.Function("f")
SAME = {
    "expanded": ((a + b) ** 2, a**2 + 2 * a * b + b**2),
    "factored": ((a + b) * (a - b), a**2 - b**2),
    "numbers": (2, sympy.Integer(2)),
    "pending derivative": (sympy.Derivative(a**2 * f(b), a), 2 * a * f(b)),
    "arrays": (np.array([a * (b + 1), 3]), np.array([a + a * b, 3])),
    "nothing": (np.zeros((0, 2)), np.zeros((0, 2))),
}
DIFFERENT = {
    "sign": (np.array([a, b]), np.array([a, -b]), r"entry \(1,\) differs: b is not -b"),
    "last of many": (np.eye(3, dtype=int), np.diag([1, 1, 2]), r"entry \(2, 2\) differs: 1 is not 2"),
    "first of two": (np.array([a, b]), np.array([b, a]), r"entry \(0,\) differs"),
    "scalars": (a * b, a + b, r"the value differs: a\*b is not a \+ b"),
    "a constant": (np.array([a]), np.array([a + sympy.Rational(1, 10**9)]), r"entry \(0,\) differs"),
    "functions": (f(a), f(b), "the value differs"),
    "shapes": (np.array([a, a]), np.array([a]), r"shapes differ: \(2,\) and \(1,\)"),
    "broadcastable shapes": (np.zeros((1, 2)), np.zeros(2), r"shapes differ: \(1, 2\) and \(2,\)"),
    "array and scalar": (np.array([a]), a, r"shapes differ: \(1,\) and \(\)"),
    "empty and not": (np.zeros((0, 2)), np.zeros((1, 2)), r"shapes differ: \(0, 2\) and \(1, 2\)"),
    "not a number": (np.array([sympy.nan]), np.array([sympy.nan]), r"entry \(0,\) differs: nan is not nan"),
}


@pytest.mark.parametrize("left, right", SAME.values(), ids=SAME)
def test_equal_expressions_pass(left, right):
    assert_identical(left, right)


@pytest.mark.parametrize("left, right, message", DIFFERENT.values(), ids=DIFFERENT)
def test_the_first_difference_is_named(left, right, message):
    with pytest.raises(AssertionError, match=message):
        assert_identical(left, right)
