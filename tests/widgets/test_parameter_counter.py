"""ParameterCounter: it counts what layers hold, so does its JavaScript, and bad traits are refused."""

import itertools

import numpy as np
import pytest
import traitlets
from node import run_tests

from cnnlib import Conv2d, Dense, Flatten, MaxPool2d, Sequential, max_pool2d
from cnnlib.widgets import ParameterCounter
from cnnlib.widgets.parameter_counter import grouped

NAMES = ParameterCounter.starting


def test_the_worked_example_is_the_initial_state():
    """param-count: 10⁹, 10⁵, 100 + 1, and 991 that pools to 495 or 496."""
    w = ParameterCounter()
    found = w.counts()
    assert (found["dense"], found["local"], found["shared"]) == ((10**9, 1000), (10**5, 1000), (100, 1))
    assert (found["output"], found["pooled"]) == (991, 495)
    w.ceil_mode = True
    assert w.counts()["pooled"] == 496


@pytest.mark.parametrize("n, m, channels, maps, pool", [(8, 3, 1, 8, 2), (9, 4, 3, 2, 3), (5, 5, 2, 4, 1)])
def test_counts_are_those_of_layers_that_exist(n, m, channels, maps, pool):
    """param-count: the shared layer, the tail and the dense layer, built and counted array by array."""
    found = ParameterCounter(
        image_size=n, kernel_size=m, channels=channels, maps=maps, pool=pool, units="outputs"
    ).counts()
    rng = np.random.default_rng(0)
    conv, size = Conv2d(channels, maps, m, rng=rng), (n - m + 1) // pool
    net = Sequential(conv, MaxPool2d(pool), Flatten(), Dense(maps * size**2, 10, rng=rng))
    assert net(np.zeros((1, channels, n, n), np.float32)).shape == (1, 10)
    dense = Dense(channels * n**2, maps * (n - m + 1) ** 2, rng=rng)
    assert tuple(a.size for a in conv.params()) == found["shared"]
    assert tuple(a.size for a in net.params()[2:]) == found["tail"]
    assert tuple(a.size for a in dense.params()) == found["dense"]


def test_the_pooled_size_is_that_of_the_kernel():
    for n, pool, up in itertools.product(range(1, 12), range(1, 9), (False, True)):
        w = ParameterCounter(image_size=n, kernel_size=1, pool=pool, ceil_mode=up)
        if pool > n:
            assert "pooled" not in w.counts()
        else:
            maps = max_pool2d(np.zeros((1, 1, n, n)), pool, ceil_mode=up)
            assert w.counts()["pooled"] == maps.shape[2]


def settings():
    """Yield each value of each slider with the others at rest, and a thousand random combinations."""
    rest = dict(zip(NAMES, (1000, 10, 1, 1, 1, 2, False, "1000"), strict=True))
    top = dict(image_size=1000, kernel_size=32, channels=64, maps=64, stride=8, pool=8)
    for name, most in top.items():
        for value, up, units in itertools.product(range(1, most + 1), (False, True), ("1000", "outputs")):
            yield {**rest, name: value, "ceil_mode": up, "units": units}
    rng = np.random.default_rng(3)
    for _ in range(1000):
        chosen = {name: int(rng.integers(1, min(most, 64) + 1)) for name, most in top.items()}
        yield {**chosen, "ceil_mode": bool(rng.integers(2)), "units": str(rng.choice(["1000", "outputs"]))}


def cases():
    w, found = ParameterCounter(), []
    for traits in settings():
        for name, value in traits.items():
            setattr(w, name, value)
        found.append({"traits": traits, "counts": w.counts()})
    return found


def test_the_javascript_counts_the_same(tmp_path):
    run_tests("parameter_counter", cases(), tmp_path)


BAD = [("image_size", 0), ("image_size", 1001), ("kernel_size", 2.5), ("maps", 65), ("channels", -1)]
BAD += [("stride", 9), ("pool", "2"), ("ceil_mode", "up"), ("units", "many")]


@pytest.mark.parametrize("name, value", BAD)
def test_a_bad_trait_is_refused_and_changes_nothing(name, value):
    w = ParameterCounter()
    before = w.counts()
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(w, name, value)
    assert w.counts() == before


def test_presets_are_settings_that_work():
    for name, traits in ParameterCounter().presets.items():
        assert "tail" in ParameterCounter(**traits).counts(), name


def test_the_static_picture_shows_the_state():
    html = ParameterCounter().static_html()
    assert all(f"<td>{grouped(n)}</td>" in html for n in (10**9, 10**5, 100, 1000, 1, 2450250))
    assert "495 × 495" in html
    assert "does not fit" in ParameterCounter(image_size=4).static_html()
    assert "pooled" in html and "pooled to" not in ParameterCounter(image_size=10).static_html()


def test_the_joined_source_stays_small():
    assert len(str(ParameterCounter()._esm).encode()) < 40_000
