"""DigitReader: its network in Node on 1000 drawings, its brush, its traits, and what it refuses."""

import itertools

import numpy as np
import pytest
import traitlets
from node import run_tests

from cnnlib import (
    SGD,
    Conv2d,
    Dense,
    Flatten,
    MaxPool2d,
    ReLU,
    Sequential,
    cross_entropy,
    cross_entropy_backward,
    fit,
    softmax,
)
from cnnlib.data import load_digits
from cnnlib.widgets import DigitReader


def make_net(first=8, second=16, seed=0):
    """Stack the layers that the widget reads."""
    rng = np.random.default_rng(seed)
    return Sequential(
        Conv2d(1, first, 3, padding=1, rng=rng), ReLU(), MaxPool2d(2),
        Conv2d(first, second, 3, padding=1, rng=rng), ReLU(), Flatten(), Dense(16 * second, 10, rng=rng),
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained():
    """Return a network after two epochs, and the digits it learned from."""
    (x, t), net = load_digits(), make_net()
    loss, optimiser = (cross_entropy, cross_entropy_backward), SGD(net.params(), 0.05, momentum=0.9)
    rng = np.random.default_rng(0)
    fit(net, x, t, loss=loss, optimiser=optimiser, epochs=2, batch_size=32, rng=rng)
    return net, x


def dab(row, column, softness):
    """Ink a blank sheet at one point, by the definition of the brush."""
    soft, sheet = softness / 4, np.zeros((8, 8))
    for i, j in np.ndindex(8, 8):
        distance = np.hypot(i + 0.5 - row, j + 0.5 - column)
        sheet[i, j] = np.clip((0.6 + soft - distance) / soft, 0, 1) if soft else 0
    if 0 <= row < 8 and 0 <= column < 8:
        sheet[int(row), int(column)] = 1
    return sheet


def drawings(rng, x):
    """Make 1000 pictures: strokes of all brushes, real digits, moved ones, noise, and blank paper."""
    yield from ((picture[0].astype(float), True) for picture in x[:200])
    yield from ((np.roll(picture[0], (1, -1), (0, 1)).astype(float), False) for picture in x[200:300])
    yield np.zeros((8, 8)), False
    yield np.ones((8, 8)), False
    for _ in range(198):
        yield rng.random((8, 8)).round(4), False
    for _ in range(500):
        sheet, point, softness = np.zeros((8, 8)), rng.uniform(0, 8, 2), int(rng.integers(5))
        for _ in range(int(rng.integers(3, 40))):
            point = np.clip(point + rng.normal(0, 0.8, 2), 0, 7.999)
            sheet = np.maximum(sheet, dab(*point, softness))
        yield sheet.round(4), False


def answers(net, picture, towards, seen, maps):
    """Write one picture with all that cnnlib makes of it."""
    scores = net(picture[None, None])
    dx = net.backward(cross_entropy_backward(scores, np.array([towards])))
    case = dict(x=picture, towards=towards, seen=seen, z=scores[0], y=softmax(scores)[0], dx=dx)
    if maps:
        a = picture[None, None]
        for k, layer in enumerate(net.layers[:5]):
            a = layer(a)
            case |= {1: dict(a1=a), 2: dict(p=a), 4: dict(a2=a)}.get(k, {})
    return {name: v.ravel().tolist() if isinstance(v, np.ndarray) else v for name, v in case.items()}


def test_the_arithmetic_in_node(trained, tmp_path):
    """conv-fwd, maxpool-dx, dense-dx, ce-dlogits, conv-dx: 1000 drawings, forward to 1e-9, back to 1e-6."""
    net, x = trained
    widget, rng = DigitReader(net, seen=x), np.random.default_rng(12)
    exact = widget.network()
    pictures = list(drawings(rng, x))
    assert len(pictures) == 1000
    cases = [
        answers(exact, picture, k % 10, seen, maps=k % 10 == 0) for k, (picture, seen) in enumerate(pictures)
    ]
    places = itertools.product((0.1, 3.5, 4.0, 7.9, -0.4), (0.2, 4.0, 6.6, 8.3), range(5))
    dabs = [dict(row=r, column=c, softness=s, inked=dab(r, c, s).ravel().tolist()) for r, c, s in places]
    run_tests(
        "digit_reader", dict(weights=widget.weights, usual=widget.usual, drawings=cases, dabs=dabs), tmp_path
    )


def test_the_page_holds_the_very_numbers_of_the_network(trained):
    """Each decimal is read back as the same float32, and float64 arithmetic differs by rounding only."""
    net, x = trained
    widget = DigitReader(net)
    assert sum(map(len, widget.weights.values())) == 3818
    for mine, theirs in zip(widget.network().params(), net.params(), strict=True):
        assert (mine.astype(np.float32) == theirs).all()
    np.testing.assert_allclose(widget.network()(x[:50].astype(float)), net(x[:50]), atol=2e-5)


def test_reading_equals_the_network(trained):
    """The probabilities and ∂E/∂x of the widget's picture, for each class; 1e-12 leaves room for rounding."""
    net, x = trained
    widget = DigitReader(net, presets={"a digit": x[3, 0]})
    exact = widget.network()
    scores = exact(np.array(widget.picture)[None, None])
    for k in range(10):
        widget.towards = k
        y, dx = widget.read()
        np.testing.assert_allclose(y, softmax(scores)[0], rtol=1e-12)
        h, nudged = 1e-6, np.array(widget.picture)[None, None]
        nudged[0, 0, 4, 4] += h
        slope = (np.log(softmax(scores))[0, k] - np.log(softmax(exact(nudged)))[0, k]) / h
        assert abs(slope - dx[4, 4]) < 1e-3 * max(1, abs(slope))


@pytest.mark.parametrize("first, second", [(1, 1), (3, 5), (16, 32)])
def test_other_numbers_of_filters_are_welcome(first, second):
    widget = DigitReader(make_net(first, second), layer="second", map=second - 1)
    assert widget.read()[1].shape == (8, 8) and len(widget.weights["w2"]) == 9 * first * second


def test_a_preset_is_the_first_picture_and_kept_in_sixteenths(trained):
    net, x = trained
    widget = DigitReader(net, presets={"three": x[3, 0], "four": x[4, 0]})
    np.testing.assert_allclose(widget.picture, x[3, 0], atol=1e-4)
    assert widget.presets["four"] == (16 * x[4, 0]).astype(int).ravel().tolist()
    assert DigitReader(net, presets={"three": x[3, 0]}, picture=np.eye(8)).picture == np.eye(8).tolist()


def test_what_is_usual_is_what_was_seen(trained):
    net, x = trained
    usual = DigitReader(net, seen=x).usual
    ink = x.sum(axis=(1, 2, 3))
    assert usual["ink"] == pytest.approx([ink.min(), ink.max()], abs=1e-3)
    assert np.array(usual["blank"]).reshape(8, 8).tolist() == (x == 0).all(axis=(0, 1)).tolist()
    corner = np.zeros((1, 1, 8, 8))
    corner[0, 0, 2, 5] = 1
    assert DigitReader(net, seen=corner).usual["row"] == [2, 2]


BAD_NETWORKS = [
    (None, TypeError),
    (Dense(64, 10, rng=np.random.default_rng(0)), TypeError),
    (Sequential(Flatten(), Dense(64, 10, rng=np.random.default_rng(0))), ValueError),
    (make_net(17, 4), ValueError),
    (make_net(4, 33), ValueError),
    (Sequential(*make_net().layers[:-1], Dense(256, 9, rng=np.random.default_rng(0))), ValueError),
    (Sequential(*make_net().layers[:-2], ReLU(), make_net().layers[-1]), ValueError),
]


@pytest.mark.parametrize("network, kind", BAD_NETWORKS)
def test_another_network_is_refused_with_a_sentence(network, kind):
    with pytest.raises(kind, match=r"network must be .*Conv2d\(1, f, 3, padding=1\), ReLU, MaxPool2d\(2\)"):
        DigitReader(network)


def test_a_network_full_of_nan_is_refused():
    net = make_net()
    net.params()[2][0] = np.nan
    with pytest.raises(ValueError, match="network must have finite parameters"):
        DigitReader(net)


@pytest.mark.parametrize("seen", [np.zeros((3, 8, 8)), [[1]], np.zeros((0, 1, 8, 8)), np.zeros((2, 1, 8, 8))])
def test_other_training_pictures_are_refused(seen):
    with pytest.raises(ValueError, match="seen must"):
        DigitReader(make_net(), seen=seen)


BAD = [("picture", np.eye(7)), ("picture", np.full((8, 8), 1.5)), ("picture", [[float("nan")] * 8] * 8)]
BAD += [("picture", None), ("picture", [[True] * 8] * 8), ("towards", 10), ("layer", "third"), ("map", -1)]
BAD += [("row", 8), ("column", "2"), ("part", 32), ("softness", 5), ("eraser", 2)]


@pytest.mark.parametrize("name, value", BAD)
def test_a_bad_trait_is_refused_and_changes_nothing(name, value):
    widget = DigitReader(make_net())
    before = getattr(widget, name)
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


def test_the_static_picture_shows_the_state(trained):
    net, x = trained
    html = DigitReader(net, presets={"zero": x[0, 0]}, towards=8).static_html()
    assert html.count("<table") == 3 and "∂E/∂x for class 8" in html and "reads a 0" in html


def test_the_joined_source_and_the_state_stay_small(trained):
    net, x = trained
    widget = DigitReader(net, seen=x, presets={f"a {k}": x[k, 0] for k in range(10)})
    assert len(str(widget._esm).encode()) < 40_000
    assert len(str(widget.get_state(["weights", "usual", "presets"])).encode()) < 60_000
