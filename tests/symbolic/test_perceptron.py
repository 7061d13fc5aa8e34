"""Proofs of the single unit's formulas on symbols."""

import numpy as np
import pytest
import sympy

from cnnlib.activations import sigmoid, tanh
from cnnlib.perceptron import logistic_gradient, perceptron_update
from cnnlib.symbolic.arrays import assert_identical, gradient, symbol_array


def assert_equal_functions(a, b):
    """Compare entries that hold exponentials: as fractions of polynomials in e^x."""
    a, b = np.atleast_1d(a), np.atleast_1d(b)
    assert a.shape == b.shape
    for left, right in zip(a.flat, b.flat, strict=True):
        difference = sympy.expand((left - right).rewrite(sympy.exp), power_exp=True)
        assert sympy.cancel(sympy.together(difference)) == 0


@pytest.mark.parametrize("inputs", [1, 2, 5])
@pytest.mark.parametrize("t", [1, -1])
def test_update_is_a_gradient_step(inputs, t):
    """perceptron-update, perceptron-criterion: a step down on a wrong sample, none on a right one."""
    x = symbol_array("x", inputs, positive=True)
    w, b = (
        symbol_array("w", inputs, **{"negative" if t > 0 else "positive": True}),
        sympy.Symbol("b", zero=True),
    )
    lr = sympy.Symbol("η", positive=True)
    criterion = -t * (w @ x + b)
    new_w, new_b = perceptron_update(x, t, w, b, lr=lr)
    assert_identical(new_w, w - lr * gradient(criterion, w))
    assert_identical(new_b, b + lr * t)
    assert_identical(perceptron_update(x, -t, w, b, lr=lr)[0], w)


@pytest.mark.parametrize("inputs", [1, 2, 5])
@pytest.mark.parametrize("t", [1, -1])
def test_update_helps_its_sample(inputs, t):
    """perceptron-update: t(w·x + b) grows by η(‖x‖² + 1)."""
    x = symbol_array("x", inputs, positive=True)
    w, b = -t * symbol_array("v", inputs, positive=True), sympy.Integer(0)
    lr = sympy.Symbol("η", positive=True)
    new_w, new_b = perceptron_update(x, t, w, b, lr=lr)
    assert_identical(t * (new_w @ x + new_b) - t * (w @ x + b), lr * (x @ x + 1))


@pytest.mark.parametrize("samples, inputs", [(1, 2), (3, 2), (2, 4)])
def test_logistic_gradient(samples, inputs):
    """logistic-grad: every entry, for targets that are any numbers."""
    x, t = symbol_array("x", (samples, inputs)), symbol_array("t", samples)
    w, b = symbol_array("w", inputs), symbol_array("b", 1)
    y = sigmoid(x @ w + b)
    log = np.frompyfunc(sympy.log, 1, 1)
    loss = (-t * log(y) - (1 - t) * log(1 - y)).sum() / samples
    dw, db = logistic_gradient(x, t, w, b[0])
    assert_equal_functions(dw, gradient(loss, w))
    assert_equal_functions(db, gradient(loss, b))


def test_tanh_is_a_rescaled_sigmoid():
    """tanh-sigmoid: (1 + tanh z)/2 = σ(2z), and so tanh z = 2σ(2z) − 1."""
    z = symbol_array("z", (1,))
    assert_equal_functions((1 + tanh(z)) / 2, sigmoid(2 * z))
    assert_equal_functions(tanh(z), 2 * sigmoid(2 * z) - 1)
