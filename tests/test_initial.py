"""First weights: limits, moments, fans, reproducibility, messages."""

import re

import numpy as np
import pytest

from cnnlib import he, xavier
from cnnlib.initial import drawn


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    "shape, limit", [((6, 1, 5, 5), 0.1852), ((12, 6, 5, 5), 0.1155), ((10, 192), 0.1723)], ids=str
)
def test_limits_of_bouvries_network(shape, limit):
    """xavier: ±√(6 / (fan_in + fan_out)) with the kernel's area in both fans; the draws fill the interval."""
    draws = np.concatenate([xavier(shape, rng(seed), np.float64).ravel() for seed in range(40)])
    assert limit * 0.999 < draws.max() < limit + 5e-5 and -limit * 0.999 > draws.min() > -limit - 5e-5


@pytest.mark.parametrize("shape", [(200, 300), (300, 200), (50, 20, 5, 3)], ids=str)
def test_variances(shape):
    """xavier, he: 2 / (fan_in + fan_out) and 2 / fan_in; 60000 draws or more pin a variance to 3 %."""
    fan_in, fan_out = np.prod(shape[1:]), shape[0] * np.prod(shape[2:])
    for draw, variance in ((xavier, 2 / (fan_in + fan_out)), (he, 2 / fan_in)):
        w = np.concatenate([draw(shape, rng(seed)).ravel() for seed in range(4)])
        assert abs(w.var() / variance - 1) < 0.03 and abs(w.mean()) < 0.02 * np.sqrt(variance)


def test_he_is_normal_and_keeps_the_signal_of_a_relu_network():
    """he: a quarter of normal draws lie beyond 1.15 deviations, and 30 ReLU layers keep the mean square."""
    w = he((100, 1000), rng(), np.float64) / np.sqrt(2 / 1000)
    assert abs((np.abs(w) > 1.1503).mean() - 0.25) < 0.01
    a = rng().standard_normal((200, 50))
    start = (a**2).mean()
    for layer in range(30):
        a = np.maximum(he((200, 200), rng(layer + 1), np.float64) @ a, 0)
    assert (
        0.2 < 2 * (a**2).mean() / start < 5
    )  # half of it goes in each layer, and is made up for by the next


@pytest.mark.parametrize("draw", [xavier, he])
def test_draws_follow_the_generator_and_not_the_dtype(draw):
    for dtype in (np.float16, np.float32, np.float64):
        w = draw((3, 2, 2, 2), rng(1), dtype)
        assert w.dtype == dtype and np.array_equal(w, draw((3, 2, 2, 2), rng(1), np.float64).astype(dtype))
    assert not np.array_equal(draw((3, 2), rng(1)), draw((3, 2), rng(2)))


@pytest.mark.parametrize("draw", [xavier, he])
@pytest.mark.parametrize(
    "arguments, error, sentence",
    [
        ((5, rng()), ValueError, "shape must be (outputs, inputs, ...), got 5"),
        (((5,), rng()), ValueError, "shape must be (outputs, inputs, ...), got (5,)"),
        (((5, 0), rng()), ValueError, "shape must be at least 1, got 0"),
        (((5, 2.0), rng()), TypeError, "shape must be an int"),
        (((5, 2), 0), TypeError, "rng must be a numpy.random.Generator, got int"),
        (((5, 2), np.random), TypeError, "rng must be a numpy.random.Generator, got module"),
        (((5, 2), rng(), int), TypeError, "dtype must be floating, got int64"),
        (((5, 2), rng(), None), TypeError, "dtype must be floating, got None"),
        (((5, 2), rng(), "half a float"), TypeError, "dtype must be floating, got 'half a float'"),
    ],
)
def test_wrong_arguments_are_named(draw, arguments, error, sentence):
    with pytest.raises(error, match=re.escape(sentence)):
        draw(*arguments)


def test_an_initialiser_of_ones_own():
    """It gets shape, generator and dtype, and what it returns is taken as it is."""
    source, seen = rng(), []

    def init(*arguments):
        seen.extend(arguments)
        return result

    result = np.full((2, 3), 7, np.float16)
    assert drawn(init, (2, 3), source, np.float16) is result
    assert seen == [(2, 3), source, np.float16]


@pytest.mark.parametrize(
    "init, dtype, error, sentence",
    [
        (
            lambda shape, rng, dtype: np.zeros(5, dtype),
            np.float32,
            ValueError,
            "the result of init must have shape (2, 3) of the weights, got (5,)",
        ),
        (
            lambda shape, rng, dtype: [0.0],
            np.float32,
            TypeError,
            "the result of init must be a NumPy array, got list",
        ),
        (xavier, int, TypeError, "dtype must be floating, got int64"),
        ("xavier", np.float32, TypeError, "init must be a function, got 'xavier'"),
    ],
)
def test_wrong_initialisers_are_named(init, dtype, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        drawn(init, (2, 3), rng(), dtype)
