"""Proofs of the descent step: the shipped optimiser runs on symbols and is compared with closed forms."""

import numpy as np
import pytest
import sympy

from cnnlib import SGD
from cnnlib.symbolic.arrays import assert_identical, symbol_array

STEPS = pytest.mark.parametrize("steps", [1, 2, 3, 6])


def trained(steps, mu):
    """Take steps along generic gradients g_0, g_1, … from generic parameters."""
    start, g = symbol_array("θ", (2,)), symbol_array("g", (steps, 2))
    theta = start.copy()
    optimiser = SGD([theta], lr=sympy.Rational(2, 7), momentum=mu)
    for gradient in g:
        optimiser.step([gradient])
    return start, g, theta, optimiser.velocities[0]


@STEPS
def test_plain_descent(steps):
    """sgd: after n steps, θ − η (g_0 + … + g_{n−1})."""
    start, g, theta, _ = trained(steps, 0)
    assert_identical(theta, start - sympy.Rational(2, 7) * g.sum(axis=0))


@STEPS
@pytest.mark.parametrize("mu", [sympy.Rational(1, 2), sympy.Rational(9, 10)], ids=str)
def test_momentum(steps, mu):
    """sgd-momentum: v is Σ μ^(n−1−k) g_k, and g_k has moved θ by η (1 − μ^(n−k)) / (1 − μ) times itself."""
    start, g, theta, v = trained(steps, mu)
    weights = [mu ** (steps - 1 - k) for k in range(steps)]
    reach = [(1 - mu ** (steps - k)) / (1 - mu) for k in range(steps)]
    assert_identical(v, sum(weight * g[k] for k, weight in enumerate(weights)))
    assert_identical(theta, start - sympy.Rational(2, 7) * sum(r * g[k] for k, r in enumerate(reach)))


def test_a_step_along_minus_the_gradient_lowers_a_quadratic():
    """sgd: with E = Σ λ θ²/2 a step changes each θ by the factor 1 − η λ, so E falls where η < 2/λ."""
    theta, rates = symbol_array("θ", (3,)), symbol_array("λ", (3,))
    moved = theta.copy()
    SGD([moved], lr=sympy.Rational(1, 5)).step([rates * theta])
    assert_identical(moved, (1 - rates / 5) * theta)


def test_symbols_are_replaced_in_place():
    """sgd: the array that the network holds is the one that changes."""
    theta = symbol_array("θ", (1,))
    held = theta
    SGD([theta], lr=sympy.Integer(1)).step([theta.copy()])
    assert held is theta and np.array_equal(held, [0])
