"""Losses and softmax: numbers of the chapters, extreme scores, finite differences, messages."""

import re

import numpy as np
import pytest
import scipy.special
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlib import (
    complex_step_vjp,
    cross_entropy,
    cross_entropy_backward,
    softmax,
    softmax_backward,
    squared_error,
    squared_error_backward,
)

Z = np.array([[1.0, 2.0, 3.0]])


def test_numbers_of_the_softmax_chapter():
    """softmax, ce, ce-dlogits, softmax-jac, squared-error-da: three scores, the third class, six decimals."""
    onehot = np.array([[0.0, 0.0, 1.0]])
    np.testing.assert_allclose(softmax(Z), [[0.090031, 0.244728, 0.665241]], atol=5e-7)
    np.testing.assert_allclose(cross_entropy(Z, np.array([2])), 0.407606, atol=5e-7)
    delta = [[0.090031, 0.244728, -0.334759]]
    for target in (np.array([2]), onehot):
        np.testing.assert_allclose(cross_entropy_backward(Z, target), delta, atol=5e-7)
    through = softmax_backward(squared_error_backward(softmax(Z), onehot), Z)
    np.testing.assert_allclose(through, [[0.022033, 0.097751, -0.119784]], atol=5e-7)


def test_the_squared_error_dies_where_the_cross_entropy_does_not():
    """ce-dlogits, squared-error-da, softmax-se: a net that is sure and wrong."""
    z, t = np.array([[-8.0, 8.0]]), np.array([[1.0, 0.0]])
    np.testing.assert_allclose(cross_entropy_backward(z, t), [[-1, 1]], atol=2e-7)
    dying = softmax_backward(squared_error_backward(softmax(z), t), z)
    np.testing.assert_allclose(dying, [[-2.3e-7, 2.3e-7]], rtol=0.03)


def test_the_loss_before_any_learning_is_the_logarithm_of_the_number_of_classes():
    for K in (2, 3, 10):
        assert abs(cross_entropy(np.zeros((5, K)), np.arange(5) % K) - np.log(K)) < 1e-15


@settings(max_examples=100, deadline=None)
@given(N=st.integers(1, 5), K=st.integers(1, 6), seed=st.integers(0, 2**32 - 1))
def test_agrees_with_scipy_and_the_complex_step(N, K, seed):
    """softmax, softmax-jac, ce, ce-dlogits, squared-error, squared-error-da; rounding allowed."""
    rng = np.random.default_rng(seed)
    z, dy, t = rng.standard_normal((N, K)), rng.standard_normal((N, K)), rng.uniform(-1, 2, (N, K))
    np.testing.assert_allclose(softmax(z), scipy.special.softmax(z, axis=1), rtol=1e-14)
    np.testing.assert_allclose(
        cross_entropy(z, t), -(t * scipy.special.log_softmax(z, axis=1)).sum() / N, rtol=1e-12, atol=1e-14
    )
    for forward, backward in (
        (lambda a: np.asarray(cross_entropy(a, t)), cross_entropy_backward),
        (lambda a: np.asarray(squared_error(a, t)), squared_error_backward),
    ):
        (slope,) = complex_step_vjp(forward, [z], np.ones(()))
        np.testing.assert_allclose(backward(z, t), slope, rtol=1e-11, atol=1e-13)
    (slope,) = complex_step_vjp(softmax, [z], dy)
    np.testing.assert_allclose(softmax_backward(dy, z), slope, rtol=1e-11, atol=1e-13)


def test_classes_and_probabilities_agree():
    rng = np.random.default_rng(0)
    z, classes = rng.standard_normal((6, 4)), rng.integers(4, size=6)
    onehot = np.eye(4)[classes]
    np.testing.assert_allclose(cross_entropy(z, classes), cross_entropy(z, onehot), rtol=1e-15)
    np.testing.assert_allclose(
        cross_entropy_backward(z, classes), cross_entropy_backward(z, onehot), atol=1e-16
    )


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_extreme_scores_do_no_harm(dtype):
    """ce, log-sum-exp: the logarithm of e^-60000 is still -60000; a common shift changes nothing."""
    z = np.array([[0, 60000], [-60000, 0]], dtype)
    assert softmax(z).tolist() == [[0, 1], [0, 1]]
    assert cross_entropy(z[:1], np.array([0])) == 60000 == cross_entropy(z[1:], np.array([0]))
    assert cross_entropy(z, np.array([1, 1])) == 0
    assert cross_entropy_backward(z, np.array([0, 1])).tolist() == [[-0.5, 0.5], [0, 0]]


def test_a_class_that_is_ruled_out_by_minus_infinity():
    z = np.array([[0.0, -np.inf, 0.0]])
    assert abs(cross_entropy(z, np.array([0])) - np.log(2)) < 1e-15
    assert cross_entropy_backward(z, np.array([0])).tolist() == [[-0.5, 0, 0.5]]


def test_losses_are_means_over_the_batch():
    """squared-error, ce: twice the same samples is the same loss, and half the gradient for each."""
    a, t = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[0.0, 0.0], [3.0, 3.0]])
    assert squared_error(a, t) == (2.5 + 2) / 2
    assert squared_error_backward(a, t).tolist() == [[0.5, 1], [0, 1]]
    twice = np.concatenate([a, a])
    assert squared_error(twice, np.concatenate([t, t])) == squared_error(a, t)
    classes = np.array([0, 1])
    assert abs(cross_entropy(twice, np.tile(classes, 2)) - cross_entropy(a, classes)) < 1e-15
    np.testing.assert_allclose(
        cross_entropy_backward(twice, np.tile(classes, 2))[:2], cross_entropy_backward(a, classes) / 2
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_keep_their_precision(dtype):
    z, t = Z.astype(dtype), np.array([[0, 0, 1]], dtype)
    for target in (t, np.array([2])):
        assert cross_entropy(z, target).dtype == cross_entropy_backward(z, target).dtype == dtype
    assert squared_error(z, t).dtype == squared_error_backward(z, t).dtype == dtype
    assert softmax(z).dtype == softmax_backward(t, z).dtype == dtype


def test_integer_scores_and_images_as_outputs():
    np.testing.assert_allclose(softmax(Z.astype(np.int8)), softmax(Z), rtol=1e-15)
    assert squared_error(np.full((1, 1, 2), 200, np.uint8), np.full((1, 1, 2), 202, np.uint8)) == 4


def test_the_wider_of_outputs_and_targets_decides():
    thirds, ones = np.full((1, 2), 1 / 3), np.ones((1, 2), np.float32)
    for a, t in ((thirds, ones), (ones, thirds)):
        gradient = squared_error_backward(a, t)
        assert gradient.dtype == float and abs(abs(gradient) - 2 / 3).max() < 1e-15


def test_scores_may_be_letters():
    """softmax: what has no order is not shifted by its largest."""
    u, v = sympy.symbols("u v")
    first, second = softmax(np.array([u, v]))
    assert first == sympy.exp(u) / (sympy.exp(u) + sympy.exp(v))
    assert second == sympy.exp(v) / (sympy.exp(u) + sympy.exp(v))


def test_inputs_stay_as_they_were():
    z, t, classes = Z.copy(), np.array([[0.0, 0.0, 1.0]]), np.array([2])
    for array in (z, t, classes):
        array.flags.writeable = False
    softmax(z), softmax_backward(t, z), squared_error(z, t), squared_error_backward(z, t)
    for target in (t, classes):
        cross_entropy(z, target), cross_entropy_backward(z, target)
    assert np.array_equal(z, Z)


def test_softmax_of_a_single_sample():
    assert np.array_equal(softmax(Z[0]), softmax(Z)[0])
    assert np.array_equal(softmax_backward(np.ones(3), Z[0]), softmax_backward(np.ones((1, 3)), Z)[0])


TARGETS = [
    (np.array([0, 1]), ValueError, "target must have shape (1,) (one class per row of the logits), got (2,)"),
    (np.array([3]), ValueError, "target must lie in 0..2, got values from 3 to 3"),
    (np.array([-1]), ValueError, "target must lie in 0..2, got values from -1 to -1"),
    (np.array([1.0]), TypeError, "target must hold integers when it gives class indices, got dtype float64"),
    (np.array([True]), TypeError, "target must hold integers when it gives class indices, got dtype bool"),
    (
        np.zeros((1, 2)),
        ValueError,
        "target must have shape (1, 3) like the logits, or (N,) for class indices, got (1, 2)",
    ),
    (
        np.zeros((3, 1)),
        ValueError,
        "target must have shape (1, 3) like the logits, or (N,) for class indices, got (3, 1)",
    ),
    (
        np.array(2),
        ValueError,
        "target must have shape (1, 3) like the logits, or (N,) for class indices, got ()",
    ),
    ([2], TypeError, "target must be a NumPy array, got list"),
    (2, TypeError, "target must be a NumPy array, got int"),
]


@pytest.mark.parametrize("function", [cross_entropy, cross_entropy_backward])
@pytest.mark.parametrize("target, error, sentence", TARGETS)
def test_wrong_targets_are_named(function, target, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        function(Z, target)


EMPTY = "a loss is a mean over the batch, so the batch must not be empty"


@pytest.mark.parametrize(
    "call, error, sentence",
    [
        (lambda: softmax([1.0]), TypeError, "z must be a NumPy array, got list"),
        (lambda: softmax(np.zeros((1, 2, 3))), ValueError, "z must have shape (N, K) or (K,), got (1, 2, 3)"),
        (lambda: softmax(np.zeros((2, 0))), ValueError, "z must hold at least one class, got shape (2, 0)"),
        (
            lambda: softmax_backward(np.zeros((2, 3)), Z),
            ValueError,
            "dy must have shape (1, 3) like the output, got (2, 3)",
        ),
        (
            lambda: cross_entropy(Z[0], np.array([0])),
            ValueError,
            "logits must have 2 axes (N, K), got shape (3,)",
        ),
        (
            lambda: cross_entropy(np.zeros((2, 0)), np.zeros(2, int)),
            ValueError,
            "logits must hold at least one class, got shape (2, 0)",
        ),
        (lambda: cross_entropy(Z[:0], np.zeros(0, int)), ValueError, EMPTY),
        (lambda: squared_error(Z, Z[0]), ValueError, "t must have shape (1, 3) like a, got (3,)"),
        (
            lambda: squared_error_backward(Z, np.zeros((1, 1))),
            ValueError,
            "t must have shape (1, 3) like a, got (1, 1)",
        ),
        (
            lambda: squared_error(Z[0], Z[0]),
            ValueError,
            "a must have at least 2 axes (N, ...), got shape (3,)",
        ),
        (lambda: squared_error(Z[:0], Z[:0]), ValueError, EMPTY),
        (lambda: squared_error(Z, None), TypeError, "t must be a NumPy array, got NoneType"),
        (lambda: squared_error(1.0, Z), TypeError, "a must be a NumPy array, got float"),
    ],
)
def test_wrong_arguments_are_named(call, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        call()
