"""The dense layer against loops and numbers to check on paper; flattening; memory; messages."""

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlib import (
    dense,
    dense_backward,
    flatten,
    flatten_backward,
    sigmoid,
    sigmoid_backward,
    squared_error,
    squared_error_backward,
)
from cnnlib.dense import dense_pull_back

sizes = st.integers(1, 6)


@settings(max_examples=100, deadline=None)
@given(N=sizes, I=sizes, O=sizes, seed=st.integers(0, 2**32 - 1))
def test_agrees_with_loops_exactly(N, I, O, seed):
    """dense-fwd, dense-dx, dense-dw, dense-db: the index sums of back-propagation, in integers."""
    rng = np.random.default_rng(seed)
    x, w, b, dy = (rng.integers(-9, 10, shape) for shape in ((N, I), (O, I), O, (N, O)))
    dx, dw, db = dense_backward(dy, x, w)
    for n in range(N):
        assert dense(x, w, b)[n].tolist() == [
            sum(w[j, i] * x[n, i] for i in range(I)) + b[j] for j in range(O)
        ]
        assert dx[n].tolist() == [sum(dy[n, j] * w[j, i] for j in range(O)) for i in range(I)]
    for j in range(O):
        assert dw[j].tolist() == [sum(dy[n, j] * x[n, i] for n in range(N)) for i in range(I)]
        assert db[j] == sum(dy[n, j] for n in range(N))


@settings(max_examples=500, deadline=None)
@given(N=sizes, I=sizes, O=sizes, seed=st.integers(0, 2**32 - 1))
def test_backward_is_the_adjoint(N, I, O, seed):
    """dense-dx, dense-dw: ⟨y, δ⟩ = ⟨x, dx⟩ = ⟨w, dw⟩ for the layer without its bias."""
    rng = np.random.default_rng(seed)
    x, w, dy = (rng.standard_normal(shape) for shape in ((N, I), (O, I), (N, O)))
    dx, dw, _ = dense_backward(dy, x, w)
    form, scale = (dense(x, w) * dy).sum(), np.linalg.norm(x) * np.linalg.norm(w) * np.linalg.norm(dy)
    assert abs(form - (x * dx).sum()) <= 1e-12 * scale and abs(form - (w * dw).sum()) <= 1e-12 * scale


def test_numbers_of_the_perceptron_chapter():
    """The 2-3-2 network of sigmoids: net inputs, outputs, E and both δ, to the six decimals printed."""
    x, t = np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]])
    theta_q, b_q = np.array([[0.1, 0.2], [0.3, -0.1], [-0.2, 0.4]]), np.array([0.1, 0.0, -0.1])
    theta_r, b_r = np.array([[0.5, -0.3, 0.2], [-0.4, 0.1, 0.6]]), np.array([0.0, 0.2])
    n_q = dense(x, theta_q, b_q)
    n_r = dense(sigmoid(n_q), theta_r, b_r)
    np.testing.assert_allclose(n_q, [[0.6, 0.1, 0.5]], atol=1e-15)
    np.testing.assert_allclose(sigmoid(n_r), [[0.571954, 0.590906]], atol=5e-7)
    np.testing.assert_allclose(squared_error(sigmoid(n_r), t), 0.2661967, atol=5e-8)
    delta_r = sigmoid_backward(squared_error_backward(sigmoid(n_r), t), n_r)
    gamma, _, _ = dense_backward(delta_r, sigmoid(n_q), theta_r)
    np.testing.assert_allclose(delta_r, [[-0.104795, 0.142843]], atol=5e-7)
    delta_q = sigmoid_backward(gamma, n_q)
    np.testing.assert_allclose(delta_q, [[-0.025060, 0.011402, 0.015216]], atol=5e-7)


def test_flatten_is_row_major_and_comes_back():
    x = np.arange(24).reshape(2, 3, 2, 2)
    batch_last = np.ascontiguousarray(np.moveaxis(x, 0, -1))
    for images in (x, np.moveaxis(batch_last, -1, 0), np.asfortranarray(x), x[:, ::-1][:, ::-1]):
        y = flatten(images)
        assert y.tolist() == np.arange(24).reshape(2, 12).tolist()
        for gradient in (y, np.asfortranarray(y)):
            assert flatten_backward(gradient, x.shape).tolist() == x.tolist()


def test_batch_last_memory_passes_through_without_a_copy():
    memory = np.zeros((3, 4, 5, 2))
    x = np.moveaxis(memory, -1, 0)
    y = flatten(x)
    assert np.shares_memory(y, memory)
    dx, _, _ = dense_backward(dense(y, np.zeros((7, 60))), y, np.zeros((7, 60)))
    back = flatten_backward(dx, x.shape)
    assert np.shares_memory(back, dx) and back.strides == x.strides


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, object])
def test_dtypes_are_kept(dtype):
    x, w = np.ones((2, 3)).astype(dtype), np.ones((4, 3)).astype(dtype)
    y = dense(x, w, np.ones(4).astype(dtype))
    assert y.dtype == dtype and all(gradient.dtype == dtype for gradient in dense_backward(y, x, w))


@pytest.mark.parametrize("wide", range(3))
def test_one_wide_argument_is_enough(wide):
    """A third has more digits in float64; the result keeps them."""
    arrays = [np.ones(shape, np.float32) for shape in ((2, 3), (4, 3), 4)]
    arrays[wide] = np.full(arrays[wide].shape, 1 / 3)
    y = dense(*arrays)
    assert y.dtype == float and abs(y - (3 + 1 / 3 if wide == 2 else 2)).max() < 1e-15
    dy, x, w = np.ones((2, 4), np.float32), *arrays[:2]
    assert {g.dtype for g in dense_backward(dy, x, w)} == {np.result_type(x, w)}


def test_a_gradient_that_nobody_needs_is_left_out():
    dy, x, w = np.ones((2, 4)), np.ones((2, 3)), np.ones((4, 3))
    dx, dw, db = dense_pull_back(dy, x, w, with_dx=False)
    assert dx is None and dw.tolist() == [[2] * 3] * 4 and db.tolist() == [2] * 4


def test_exact_and_narrow_numbers():
    x = np.array([[Fraction(1, 3), Fraction(1, 7)]])
    assert dense(x, np.array([[3, 7]]))[0, 0] == 2
    narrow = np.full((1, 3), 100, np.int8)
    assert dense(narrow, narrow).item() == 30000
    _, dw, db = dense_backward(
        np.full((3, 1), 100, np.int8), np.full((3, 1), 100, np.int8), np.ones((1, 1), np.int8)
    )
    assert dw.item() == 30000 and db.item() == 300


def test_inputs_stay_as_they_were():
    arrays = [np.random.default_rng(0).standard_normal(shape) for shape in ((2, 3), (4, 3), 4, (2, 4))]
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    x, w, b, dy = arrays
    dense(x, w, b), dense_backward(dy, x, w)
    assert all(map(np.array_equal, arrays, before))


def test_an_empty_batch():
    w = np.ones((4, 3))
    assert dense(np.zeros((0, 3)), w, np.ones(4)).shape == (0, 4)
    dx, dw, db = dense_backward(np.zeros((0, 4)), np.zeros((0, 3)), w)
    assert dx.shape == (0, 3) and not dw.any() and not db.any()
    assert flatten(np.zeros((0, 2, 3))).shape == (0, 6)
    assert flatten_backward(np.zeros((0, 6)), (0, 2, 3)).shape == (0, 2, 3)


X, W = np.zeros((2, 3)), np.zeros((4, 3))


@pytest.mark.parametrize(
    "call, error, sentence",
    [
        (
            lambda: dense(np.zeros((2, 5)), W),
            ValueError,
            "x has 5 inputs but w expects 3: got x (2, 5) and w (4, 3)",
        ),
        (lambda: dense(np.zeros(3), W), ValueError, "x must have 2 axes (N, I), got shape (3,)"),
        (lambda: dense(X, np.zeros(3)), ValueError, "w must have 2 axes (O, I), got shape (3,)"),
        (lambda: dense([[1]], W), TypeError, "x must be a NumPy array, got list"),
        (lambda: dense(X, None), TypeError, "w must be a NumPy array, got NoneType"),
        (
            lambda: dense(X, W, np.zeros(3)),
            ValueError,
            "b must have shape (4,) (one bias per output), got (3,)",
        ),
        (
            lambda: dense(X, W, np.zeros((4, 1))),
            ValueError,
            "b must have shape (4,) (one bias per output), got (4, 1)",
        ),
        (lambda: dense(X, W, 0.5), TypeError, "b must be a NumPy array, got float"),
        (lambda: dense(X, np.full((4, 3), "a")), TypeError, "w must hold numbers, got an array of dtype <U1"),
        (
            lambda: dense_backward(np.zeros((2, 3)), X, W),
            ValueError,
            "dy must have shape (2, 4) like the output, got (2, 3)",
        ),
        (
            lambda: dense_backward(np.zeros(4), X, W),
            ValueError,
            "dy must have shape (2, 4) like the output, got (4,)",
        ),
        (lambda: dense_backward(None, X, W), TypeError, "dy must be a NumPy array, got NoneType"),
        (lambda: flatten(np.zeros(3)), ValueError, "x must have at least 2 axes (N, ...), got shape (3,)"),
        (lambda: flatten("x"), TypeError, "x must be a NumPy array, got str"),
        (
            lambda: flatten_backward(X, (2, 2, 2)),
            ValueError,
            "dy must have shape (2, 4) to fill a batch of shape (2, 2, 2)",
        ),
        (
            lambda: flatten_backward(X, 6),
            ValueError,
            "shape must be a tuple (N, ...) of at least 2 sizes, got 6",
        ),
        (
            lambda: flatten_backward(X, (2, 1.5, 2)),
            TypeError,
            "shape must be an int or a pair of ints, got 1.5",
        ),
        (lambda: flatten_backward([1], (1, 1)), TypeError, "dy must be a NumPy array, got list"),
    ],
)
def test_wrong_arguments_are_named(call, error, sentence):
    with pytest.raises(error, match=re.escape(sentence)):
        call()
