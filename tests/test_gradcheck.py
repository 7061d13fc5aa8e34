"""The gradient checks themselves: right on known derivatives, and able to find planted mistakes."""

import numpy as np
import pytest
import sympy

from cnnlib import (
    avg_pool2d,
    avg_pool2d_backward,
    check_adjoint,
    check_vjp,
    complex_step_vjp,
    conv2d,
    conv2d_backward,
    max_pool2d,
    max_pool2d_backward,
    numerical_vjp,
    rot180,
)
from cnnlib.symbolic.arrays import gradient, inner, symbol_array

BOTH = pytest.mark.parametrize("method, tol", [("central-diff", 1e-7), ("complex-step", 1e-12)])
RELU_POINTS = np.array([[-1.0, 0.5], [2.0, -0.25]])


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def strided(x, w, b):
    return conv2d(x, w, b, stride=2, padding=1)


def strided_backward(dy, x, w, b):
    return conv2d_backward(dy, x, w, stride=2, padding=1)


@pytest.fixture
def arguments(rng):
    return [rng.standard_normal(shape) for shape in ((2, 2, 5, 6), (3, 2, 3, 2), (3,))]


@BOTH
def test_the_convolution_pair_agrees(method, tol, arguments, rng):
    """vjp, central-diff, complex-step: an independent third witness for conv-dx, conv-dw, conv-db."""
    error = check_vjp(strided, strided_backward, arguments, rng=rng, method=method, tol=tol)
    assert 0 < error <= tol


MISTAKES = {
    "sign of dx": lambda dx, dw, db: (-dx, dw, db),
    "kernel not turned": lambda dx, dw, db: (dx, rot180(dw), db),
    "mean for sum": lambda dx, dw, db: (dx, dw, db / 9),
    "one wrong entry": lambda dx, dw, db: (dx, dw, db + np.array([0, 1e-4, 0])),
    "not a number": lambda dx, dw, db: (dx * np.nan, dw, db),
}
PLACES = {"sign of dx": 0, "kernel not turned": 1, "mean for sum": 2, "one wrong entry": 2, "not a number": 0}


@BOTH
@pytest.mark.parametrize("mistake", MISTAKES)
def test_planted_mistakes_are_found_and_placed(mistake, method, tol, arguments, rng):
    def broken(dy, x, w, b):
        return MISTAKES[mistake](*strided_backward(dy, x, w, b))

    place = rf"argument {PLACES[mistake]}, entry \("
    with pytest.raises(AssertionError, match=place + ".* backward gives .*relative error"):
        check_vjp(strided, broken, arguments, rng=rng, method=method, tol=tol)


def test_the_message_names_the_entry_and_both_values(arguments, rng):
    broken = MISTAKES["one wrong entry"]
    with pytest.raises(
        AssertionError, match=r"argument 2, entry \(1,\): backward gives .*, central differences give"
    ):
        check_vjp(strided, lambda dy, *a: broken(*strided_backward(dy, *a)), arguments, rng=rng)


@pytest.mark.parametrize("estimate, accuracy", [(numerical_vjp, 1e-9), (complex_step_vjp, 1e-15)])
def test_against_sympy(estimate, accuracy):
    """vjp: for a function of two arrays with mixed terms, SymPy's derivative at the same point."""
    x, w = symbol_array("x", (2, 2)), symbol_array("w", (2,))
    points, slopes = [np.array([[0.3, -0.5], [0.8, 0.1]]), np.array([1.5, -0.7])], np.array([2.0, -3.0])
    E = inner(
        np.array([sympy.sin(x[0, 0] * w[0]) + x[1, 1] ** 2, sympy.exp(w[1] * x[0, 1]) * x[1, 0]]), slopes
    )
    values = dict(zip([*x.flat, *w.flat], np.concatenate([p.ravel() for p in points]), strict=True))

    def f(x, w):
        return np.array([np.sin(x[0, 0] * w[0]) + x[1, 1] ** 2, np.exp(w[1] * x[0, 1]) * x[1, 0]])

    for got, symbols in zip(estimate(f, points, slopes), (x, w), strict=True):
        expected = np.vectorize(lambda d: float(d.subs(values)))(gradient(E, symbols))
        np.testing.assert_allclose(got, expected, rtol=0, atol=accuracy)


def test_errors_of_the_step_sizes():
    """central-diff, complex-step: d/dt exp(sin t) at 0.7 misses by what curvature and rounding cost."""
    slope = np.cos(0.7) * np.exp(np.sin(0.7))

    def miss(estimate, step):
        (got,) = estimate(lambda t: np.exp(np.sin(t)), [np.array(0.7)], 1.0, step=step)
        return abs(float(got) - slope)

    for step in (1e-3, 1e-4):  # the cubic term of the Taylor series: h² |f'''| / 6, where f''' is about -3.4
        assert 0.5 * step**2 < miss(numerical_vjp, step) < 0.65 * step**2
    assert miss(numerical_vjp, 1e-5) < 1e-10
    assert miss(numerical_vjp, 1e-12) > 1e-6  # cancellation
    assert miss(complex_step_vjp, 1e-30) <= 2 * np.finfo(float).eps


def test_kinks_are_seen_from_the_side_one_stands_on():
    (dx,) = numerical_vjp(lambda x: np.maximum(x, 0), [RELU_POINTS], np.ones((2, 2)))
    np.testing.assert_allclose(dx, RELU_POINTS > 0, atol=1e-10)


def test_single_gradient_scalar_output_and_number_argument(rng):
    assert check_vjp(np.tanh, lambda dy, x: dy * (1 - np.tanh(x) ** 2), [RELU_POINTS], rng=rng) < 1e-8
    assert check_vjp(np.sum, lambda dy, x: np.full(x.shape, dy), [RELU_POINTS], rng=rng) < 1e-8
    assert check_vjp(lambda x: x**2, lambda dy, x: [2 * x * dy], [np.array(3.0)], rng=rng) < 1e-8


def test_the_method_is_the_one_asked_for(rng):
    """complex-step: not by default, for it refuses functions that central differences can follow."""

    def signs(dy, x):
        return dy * np.sign(x)

    assert check_vjp(np.abs, signs, [RELU_POINTS], rng=rng) < 1e-8
    with pytest.raises(TypeError, match="f must keep complex numbers complex"):
        check_vjp(np.abs, signs, [RELU_POINTS], rng=rng, method="complex-step")


def test_the_error_is_relative_to_the_largest_entry_and_may_reach_the_tolerance(rng):
    x = np.array([1.0, 2.0, 3.0])
    error = check_vjp(lambda x: 100 * x, lambda dy, x: 101 * dy, [x], rng=rng, tol=1)
    assert error == pytest.approx(1 / 101)
    assert check_vjp(lambda x: 0 * x, lambda dy, x: 0 * dy, [x], rng=rng, tol=0) == 0


def test_a_function_that_returns_a_view_of_its_argument(rng):
    assert check_vjp(np.ravel, lambda dy, x: dy.reshape(x.shape), [RELU_POINTS], rng=rng) < 1e-9


def test_empty_and_vanishing_gradients(rng):
    assert check_vjp(lambda x: 2 * x, lambda dy, x: 2 * dy, [np.zeros((0, 3))], rng=rng) == 0
    assert check_vjp(lambda x: 0 * x, lambda dy, x: 0 * dy, [RELU_POINTS], rng=rng) == 0


@pytest.mark.parametrize("dtype", ["f4", "f8", int])
def test_arguments_are_copied_to_float64(dtype):
    x = np.array([1, 2, 3], dtype)
    x.flags.writeable = False
    (dx,) = numerical_vjp(np.square, [x], np.ones(3))
    assert dx.dtype == np.float64 and x.tolist() == [1, 2, 3]
    np.testing.assert_allclose(dx, [2, 4, 6], rtol=1e-9)


ESTIMATES = pytest.mark.parametrize("estimate", [numerical_vjp, complex_step_vjp])


@ESTIMATES
@pytest.mark.parametrize("step", [0, -1e-5, np.nan, np.inf, 1j, "1e-5", None])
def test_wrong_steps(estimate, step):
    with pytest.raises((ValueError, TypeError), match="step must be a positive number, got"):
        estimate(np.square, [np.ones(2)], np.ones(2), step=step)


@ESTIMATES
def test_wrong_shapes_and_kinds(estimate):
    with pytest.raises(ValueError, match=r"dy must have shape \(2,\) like the output of f, got \(3,\)"):
        estimate(np.square, [np.ones(2)], np.ones(3))
    with pytest.raises(TypeError, match="dy must hold real numbers, got dtype complex128"):
        estimate(np.square, [np.ones(2)], np.ones(2) * 1j)
    for wrong in (np.ones(2) * 1j, np.array(["a", "b"]), np.array([True, False]), np.array([None, None])):
        with pytest.raises(TypeError, match="argument 0 must hold real numbers, got dtype"):
            estimate(np.square, [wrong], np.ones(2))
    with pytest.raises(ValueError, match=r"argument 0 must be an array of real numbers, got \[\[1, 2\]"):
        estimate(np.square, [[[1, 2], [3]]], np.ones(2))
    with pytest.raises(TypeError, match="arguments must be a sequence of arrays, got ndarray"):
        estimate(np.square, np.ones(2), np.ones(2))


def test_the_complex_step_refuses_functions_that_drop_the_imaginary_part():
    with pytest.raises(TypeError, match="f must keep complex numbers complex, but it returned float64"):
        complex_step_vjp(np.abs, [np.ones(2)], np.ones(2))


def test_wrong_answers_of_a_backward_pass(rng):
    x = np.ones((2, 3))
    with pytest.raises(AssertionError, match=r"backward returns 2 gradients for 1 arguments"):
        check_vjp(np.square, lambda dy, x: (dy, dy), [x], rng=rng)
    with pytest.raises(AssertionError, match=r"argument 0 has shape \(2, 3\) but its gradient \(3,\)"):
        check_vjp(np.square, lambda dy, x: dy[0], [x], rng=rng)
    with pytest.raises(ValueError, match="method must be one of central-diff, complex-step; got 'magic'"):
        check_vjp(np.square, lambda dy, x: dy, [x], rng=rng, method="magic")
    for tol in (-1e-9, float("nan")):
        with pytest.raises(ValueError, match=f"tol must be at least 0, got {tol}"):
            check_vjp(np.square, lambda dy, x: 2 * x * dy, [x], rng=rng, tol=tol)
    with pytest.raises(TypeError, match="rng must be a NumPy random generator, got int"):
        check_vjp(np.square, lambda dy, x: dy, [x], rng=0)


# Up to 120 products are added up; each rounding costs 1e-16 of the largest, and the sum is seldom far below.
ROUNDING = 1e-12


def test_the_adjoint_is_the_transposed_matrix(rng):
    """adjoint: a dense matrix passes with its transpose, and with no other one near it."""
    A, x = rng.standard_normal((5, 7)), rng.standard_normal(7)
    assert check_adjoint(A.dot, A.T.dot, x) < ROUNDING
    for at in np.ndindex(A.shape):
        wrong = A.copy()
        wrong[at] += 0.01
        assert check_adjoint(A.dot, wrong.T.dot, x, rng=rng) > 1e-8


def test_adjoint_of_layers(rng):
    """adjoint: linear layers pass, and so does a maximum, at the point where its gradient is taken."""
    x, w, b = rng.standard_normal((2, 2, 5, 6)), rng.standard_normal((3, 2, 3, 2)), rng.standard_normal(3)
    geometry = dict(stride=2, padding=1)

    def back(dy):
        return conv2d_backward(dy, x, w, **geometry)[0]

    assert check_adjoint(lambda x: conv2d(x, w, **geometry), back, x, rng=rng) < ROUNDING
    assert check_adjoint(lambda x: avg_pool2d(x, 2), lambda dy: avg_pool2d_backward(dy, x, 2), x) < ROUNDING
    assert check_adjoint(lambda x: max_pool2d(x, 2), lambda dy: max_pool2d_backward(dy, x, 2), x) < ROUNDING
    assert (
        check_adjoint(lambda x: conv2d(x, w, b, **geometry), back, x, rng=rng) > 1e-4
    )  # a bias is not linear
    assert check_adjoint(lambda x: conv2d(x, w, **geometry), lambda dy: back(dy)[..., ::-1], x) > 1e-4
    assert check_adjoint(lambda x: conv2d(x, w, **geometry), lambda dy: 2 * back(dy), x) == pytest.approx(
        1 / 3
    )


def test_adjoint_is_repeatable_and_leaves_its_arguments_alone():
    x = np.arange(6).reshape(2, 3)
    x.flags.writeable = False

    def spoil(array):
        result = 2 * array
        array[...] = np.nan
        return result

    assert check_adjoint(spoil, spoil, x) == 0
    gaps = [check_adjoint(lambda x: x, lambda dy: 3 * dy, x, rng=np.random.default_rng(s)) for s in (1, 1, 2)]
    assert gaps == pytest.approx([0.5] * 3) and x[1, 2] == 5  # (3 - 1) / (3 + 1)
    seeds = (0, 0, 1, 2, 3)
    gaps = [check_adjoint(np.cumsum, np.cumsum, x[1], rng=np.random.default_rng(s)) for s in seeds]
    assert check_adjoint(np.cumsum, np.cumsum, x[1]) == gaps[0] == gaps[1] and len(set(gaps)) == 4
    assert check_adjoint(lambda x: 0 * x, lambda dy: 0 * dy, x) == 0
    assert np.isnan(check_adjoint(lambda x: x * np.nan, lambda dy: dy, x))


def test_adjoint_refuses_what_does_not_fit():
    x = np.ones((2, 3))
    with pytest.raises(TypeError, match="forward must be a function of one array, got ndarray"):
        check_adjoint(x, np.negative, x)
    with pytest.raises(TypeError, match="backward must be a function of one array, got NoneType"):
        check_adjoint(np.negative, None, x)
    with pytest.raises(TypeError, match="rng must be a NumPy random generator or None, got int"):
        check_adjoint(np.negative, np.negative, x, rng=3)
    for wrong in (x * 1j, np.array(["a"]), None):
        with pytest.raises(TypeError, match="x must hold real numbers, got dtype"):
            check_adjoint(np.negative, np.negative, wrong)
    with pytest.raises(TypeError, match="the result of forward must hold real numbers, got dtype complex128"):
        check_adjoint(lambda x: x * 1j, np.negative, x)
    with pytest.raises(TypeError, match="the result of backward must hold real numbers, got dtype object"):
        check_adjoint(np.negative, lambda dy: None, x)
    with pytest.raises(
        ValueError, match=r"backward must return an array of shape \(2, 3\) like x, got \(3,\)"
    ):
        check_adjoint(np.negative, lambda dy: dy[0], x)
    with pytest.raises(ValueError, match="backward must return one array, shaped like x, got 3 of them"):
        check_adjoint(np.negative, lambda dy: (dy, dy, dy), x)
