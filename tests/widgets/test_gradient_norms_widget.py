"""GradientNorms: its network in Node over every slider, its draws, its bound, its traits."""

import itertools

import numpy as np
import pytest
import traitlets
from node import run_tests

from cnnlib import Dense, Residual, Sequential, Sigmoid
from cnnlib.widgets import GradientNorms
from cnnlib.widgets.gradient_norms import (
    ACTIVATIONS,
    DEEPEST,
    LEAK,
    SEEDS,
    WIDTH,
    deep_norms,
    draws,
)

EXPONENTS = [k / 4 for k in range(-16, 25)]
DRAWS = "normal", "uniform"


def settings():
    """All activations, exponents and shortcuts at full depth; all depths and seeds, mixed."""
    names = "depth", "activation", "exponent", "draw", "residual", "seed"
    seeds = itertools.cycle(range(1, SEEDS + 1))
    for activation, exponent, residual in itertools.product(ACTIVATIONS, EXPONENTS, (False, True)):
        yield dict(zip(names, (DEEPEST, activation, exponent, "normal", residual, next(seeds)), strict=True))
    mixed = itertools.cycle(itertools.product(ACTIVATIONS, (0.0, 1.0, 4.0), DRAWS, (False, True)))
    for depth, seed in itertools.product(range(1, DEEPEST), (1, 7, 23, 40)):
        activation, exponent, draw, residual = next(mixed)
        yield dict(zip(names, (depth, activation, exponent, draw, residual, seed), strict=True))
    for seed in range(1, SEEDS + 1):
        activation, exponent, draw, residual = next(mixed)
        yield dict(zip(names, (DEEPEST, activation, exponent, draw, residual, seed), strict=True))
    for activation, exponent in itertools.product(ACTIVATIONS, EXPONENTS[::2]):
        yield dict(zip(names, (10, activation, exponent, "uniform", False, next(seeds)), strict=True))


def run(setting):
    """Work one setting out and put it into the shape of a case."""
    arguments = {name: value for name, value in setting.items() if name != "exponent"}
    arguments["gain"] = 2 ** setting["exponent"]
    return dict(setting=arguments, **deep_norms(**arguments))


def test_the_arithmetic_in_node(tmp_path):
    """delta-product, delta-bound: the same norms, to 1e-9 of each, over the range of every slider."""
    drawn = [
        dict(seed=seed, draw=draw, start=start, values=draws(seed, start, 64, draw).tolist())
        for seed in range(1, SEEDS + 1)
        for draw, start in ((*itertools.product(DRAWS, (0, 19_456)), ("normal", 60_000), ("normal", 61_000)))
    ]
    steepest = {name: float(slope) for name, (_, _, slope) in ACTIVATIONS.items()}
    cases = dict(sizes=[WIDTH, DEEPEST, SEEDS, LEAK], steepest=steepest, draws=drawn)
    run_tests("gradient_norms", cases | dict(runs=[run(s) for s in settings()]), tmp_path)


@pytest.mark.parametrize("residual", [False, True])
def test_the_norms_are_those_of_layers_that_back_propagate(residual):
    """delta-product: a Sequential with the same weights leaves δ in the gradients of its biases."""
    depth, blocks = 6, []
    for k in range(depth):
        layer = Dense(WIDTH, WIDTH, rng=np.random.default_rng(0), dtype=np.float64)
        layer.w = np.sqrt(4 / WIDTH) * draws(3, WIDTH**2 * k, WIDTH**2).reshape(WIDTH, WIDTH)
        block = Sequential(layer, Sigmoid())
        blocks.append(Residual(block) if residual else block)
    net = Sequential(*blocks)
    a = net.forward(draws(3, 60_000, WIDTH)[None])
    gamma = draws(3, 61_000, WIDTH)[None]
    net.backward(gamma / np.linalg.norm(gamma))
    found = deep_norms(depth, "sigmoid", 4.0, "normal", residual, 3)
    np.testing.assert_allclose(found["delta"], [np.linalg.norm(g) for g in net.grads()[1::2]], rtol=1e-12)
    assert abs(found["a"][-1] / np.linalg.norm(a) - 1) < 1e-12


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_no_slope_is_steeper_than_the_steepest(name):
    """delta-bound: the largest slope on a fine grid is the table's, reached at 0 or right of it."""
    _, backward, steepest = ACTIVATIONS[name]
    z = np.linspace(-6, 6, 1201)
    slopes = backward(np.ones_like(z), z)
    assert abs(slopes.max() - steepest) < 1e-12 and slopes[601] > 0.99 * steepest


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("residual", [False, True])
def test_the_bound_holds_and_can_be_reached(activation, residual):
    """delta-bound: δ stays below it for every seed; layer by layer it is the chained product."""
    for seed, exponent in itertools.product(range(1, SEEDS + 1, 4), (-4, 0, 1, 4, 6)):
        found = deep_norms(10, activation, 2.0**exponent, "normal", residual, seed)
        assert (np.array(found["delta"]) <= np.array(found["bound"]) * (1 + 1e-12)).all()
        steepest = ACTIVATIONS[activation][2]
        steps = [steepest * s + residual for s in found["spectral"][1:]]
        np.testing.assert_allclose(found["bound"][0], steepest * np.prod(steps), rtol=1e-12)


def test_draws_look_like_what_they_are_called():
    """Mean 0 and variance 1 to three standard errors and the fourth moments 3 and 9/5; no two seeds alike."""
    for draw, fourth in (("normal", 3.0), ("uniform", 1.8)):
        v = np.concatenate([draws(seed, 0, 20_480, draw) for seed in range(1, SEEDS + 1)])
        error = 3 / np.sqrt(v.size)
        assert abs(v.mean()) < error and abs(v.var() - 1) < error * np.sqrt(fourth - 1)
        assert abs((v**4).mean() - fourth) < 0.05
        for lag in (1, 2, WIDTH, WIDTH**2):
            assert abs((v[:-lag] * v[lag:]).mean()) < 4 / np.sqrt(v.size)
    assert len({draws(seed, 0, 2)[0] for seed in range(1, SEEDS + 1)}) == SEEDS


def test_the_worked_example_vanishes():
    """delta-bound: ten sigmoid layers with N(0, 1/n), as in the chapter's table, within its spread."""
    ratios = [deep_norms(10, "sigmoid", 1.0, "normal", False, seed)["delta"] for seed in range(1, SEEDS + 1)]
    mean = np.exp(np.mean([np.log(d[0] / d[-1]) for d in ratios]))
    assert 1.4e-6 < mean < 2.1e-6
    a, delta, bound = GradientNorms().norms()
    assert len(a) == 11 and len(delta) == len(bound) == 10 and bound[-1] == 0.25


BAD = [
    ("depth", 0),
    ("depth", 21),
    ("activation", "sign"),
    ("exponent", 7),
    ("exponent", "1"),
    ("draw", "he"),
    ("residual", "yes"),
    ("seed", 41),
    ("layer", 0),
]


@pytest.mark.parametrize("name, value", BAD)
def test_a_bad_trait_is_refused_and_changes_nothing(name, value):
    widget = GradientNorms()
    before = getattr(widget, name)
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


def test_the_static_picture_shows_every_layer():
    html = GradientNorms().static_html()
    assert html.count("<tr>") == 11 and html.count('class="picked"') == 3
    assert "seed 1" in html and "5.2e−07" in html
    assert GradientNorms(depth=3, residual=True).static_html().count("<tr>") == 4


def test_the_joined_source_stays_small():
    assert len(str(GradientNorms()._esm).encode()) < 40_000
