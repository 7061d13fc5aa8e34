"""Activations: values, slopes at the bend, extreme arguments, dtypes and messages."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy

from cnnlib import (
    complex_step_vjp,
    leaky_relu,
    leaky_relu_backward,
    numerical_vjp,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    tanh,
    tanh_backward,
)

PAIRS = {
    "relu": (relu, relu_backward),
    "leaky_relu": (leaky_relu, leaky_relu_backward),
    "sigmoid": (sigmoid, sigmoid_backward),
    "tanh": (tanh, tanh_backward),
}
each = pytest.mark.parametrize("forward, backward", PAIRS.values(), ids=PAIRS)


@each
def test_backward_agrees_with_central_differences(forward, backward):
    """relu-dx, leaky-relu-dx, sigmoid-dx, tanh-dx: away from 0; 1e-8 is far above the error h²."""
    rng = np.random.default_rng(0)
    x = rng.choice([-1, 1], (3, 2, 4)) * rng.uniform(0.1, 3, (3, 2, 4))
    dy = rng.standard_normal(x.shape)
    (expected,) = numerical_vjp(forward, [x], dy)
    np.testing.assert_allclose(backward(dy, x), expected, atol=1e-8)


@pytest.mark.parametrize("forward, backward", [PAIRS["sigmoid"], PAIRS["tanh"]], ids=["sigmoid", "tanh"])
def test_smooth_ones_agree_with_the_complex_step(forward, backward):
    """sigmoid-dx, tanh-dx, delta-gamma: no cancellation, so a few rounding errors are all that may differ."""
    rng = np.random.default_rng(1)
    x, dy = rng.uniform(-5, 5, (4, 5)), rng.standard_normal((4, 5))
    (expected,) = complex_step_vjp(forward, [x], dy)
    np.testing.assert_allclose(backward(dy, x), expected, rtol=1e-12, atol=1e-15)


def test_values():
    x = np.array([-2.0, -0.5, 0.0, 0.5, 2.0])
    assert relu(x).tolist() == [0, 0, 0, 0.5, 2]
    assert leaky_relu(x).tolist() == [-0.02, -0.005, 0, 0.5, 2]
    np.testing.assert_allclose(sigmoid(x), [1 / (1 + math.exp(-v)) for v in x], rtol=1e-15)
    np.testing.assert_allclose(tanh(x), [math.tanh(v) for v in x], rtol=1e-15)


def test_the_slope_at_zero_is_that_of_the_left_side():
    """relu-dx, leaky-relu-dx; zero with a minus sign as well."""
    zero, dy = np.array([0.0, -0.0]), np.array([5.0, 5.0])
    assert relu_backward(dy, zero).tolist() == [0, 0]
    assert leaky_relu_backward(dy, zero, slope=0.5).tolist() == [2.5, 2.5]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble, complex, object])
def test_gradients_of_infinities_are_not_multiplied(dtype):
    """relu-dx: what is blocked is blocked, even an infinite gradient."""
    dy = np.array([np.inf, np.nan, np.inf], dtype)
    assert relu_backward(dy, np.array([-1.0, -1.0, 1.0])).tolist() == [0, 0, np.inf]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_extreme_arguments_saturate_quietly(dtype):
    x = np.array([-60000, -1000, 1000, 60000], dtype)
    assert sigmoid(x).tolist() == [0, 0, 1, 1]
    assert tanh(x).tolist() == [-1, -1, 1, 1]
    for backward in (sigmoid_backward, tanh_backward):
        assert backward(np.ones_like(x), x).tolist() == [0, 0, 0, 0]


@each
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_keep_their_precision(forward, backward, dtype):
    x = np.linspace(-2, 2, 12).reshape(3, 4).astype(dtype)
    assert forward(x).dtype == backward(x, x).dtype == dtype


@each
def test_inputs_stay_and_memory_order_is_kept(forward, backward):
    x = np.random.default_rng(0).standard_normal((3, 4, 5, 2)).transpose(3, 0, 1, 2)
    x.flags.writeable = False
    before = x.copy()
    assert forward(x).strides == backward(x, x).strides == x.strides
    assert np.array_equal(x, before) and not np.shares_memory(forward(x), x)
    assert forward(np.zeros((0, 3))).shape == (0, 3)


def test_exact_and_narrow_numbers():
    x = np.array([Fraction(-1, 3), Fraction(2, 3)])
    assert relu(x).tolist() == [0, Fraction(2, 3)]
    assert leaky_relu(x, slope=Fraction(1, 2)).tolist() == [Fraction(-1, 6), Fraction(2, 3)]
    np.testing.assert_allclose(sigmoid(x).astype(float), sigmoid(x.astype(float)), rtol=1e-15)
    assert sigmoid(np.array([0, 200], np.uint8)).tolist() == [0.5, 1]  # -200 must not wrap round to 56
    assert relu(np.array([-3, 3], np.int8)).tolist() == [0, 3]


def test_formulas_use_the_functions_of_their_package():
    x = np.array([sympy.Symbol("x")])
    assert tanh(x).tolist() == [sympy.tanh(x[0])]
    assert sigmoid(x).tolist() == [1 / (1 + sympy.exp(-x[0]))]


def test_the_slope_does_not_widen_narrow_floats():
    x, slope = np.array([-2.0, 2.0], np.float32), np.float64(0.5)
    for y in (leaky_relu(x, slope=slope), leaky_relu_backward(x, x, slope=slope)):
        assert y.dtype == np.float32 and y.tolist() == [-1, 2]


@each
@pytest.mark.parametrize(
    "x, dy, error, sentence",
    [
        (3.0, np.zeros(1), TypeError, "x must be a NumPy array, got float"),
        (None, np.zeros(1), TypeError, "x must be a NumPy array, got NoneType"),
        (np.array(["a"]), np.zeros(1), TypeError, "x must hold numbers, got an array of dtype <U1"),
        (np.zeros(3), np.zeros(1), ValueError, r"dy must have shape \(3,\) like the output, got \(1,\)"),
        (
            np.zeros((2, 3)),
            np.zeros(3),
            ValueError,
            r"dy must have shape \(2, 3\) like the output, got \(3,\)",
        ),
        (np.zeros(3), [1, 2, 3], TypeError, "dy must be a NumPy array, got list"),
    ],
)
def test_wrong_arguments_are_named(forward, backward, x, dy, error, sentence):
    with pytest.raises(error, match=sentence):
        backward(dy, x)
    if sentence.startswith("x"):
        with pytest.raises(error, match=sentence):
            forward(x)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (
            lambda: relu(np.array([1j])),
            "x must be real, since complex numbers have no order; got dtype complex128",
        ),
        (lambda: leaky_relu_backward(np.ones(1), np.array([1j])), "x must be real, since complex numbers"),
        (lambda: leaky_relu(np.ones(1), slope="0.1"), "slope must be a real number, got '0.1'"),
        (lambda: leaky_relu(np.ones(1, object), slope="0.1"), "slope must be a real number, got '0.1'"),
        (lambda: leaky_relu(np.ones(1), slope=np.ones(1)), "slope must be a real number, got array"),
        (
            lambda: leaky_relu_backward(np.ones(1), np.ones(1), slope=True),
            "slope must be a real number, got True",
        ),
    ],
)
def test_order_and_slope(call, sentence):
    with pytest.raises(TypeError, match=f"^{sentence}"):
        call()


@pytest.mark.parametrize("slope", [float("inf"), -float("inf"), float("nan")])
def test_a_slope_is_finite(slope):
    with pytest.raises(ValueError, match=f"^slope must be a finite number, got {slope}"):
        leaky_relu(np.ones(1), slope=slope)
