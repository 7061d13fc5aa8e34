"""The perceptron widget: its JavaScript in Node against cnnlib, and its traits."""

import re

import numpy as np
import pytest
import traitlets
from node import run_tests

from cnnlib import sigmoid, tanh
from cnnlib.perceptron import learn, logistic_gradient, obstacle, perceptron_update
from cnnlib.widgets import Perceptron
from cnnlib.widgets.perceptron import PRESETS

RNG = np.random.default_rng(11)


def step_case(activation):
    """One random step of one unit, as the Python kernels do it."""
    points, labels = RNG.integers(-15, 26, (3, 2)) / 10, RNG.choice([-1, 1], 3)
    w, b, rate, index = RNG.normal(size=2) * 3, float(RNG.normal()), int(RNG.integers(1, 21)) / 10, 1
    x, label = points[index], int(labels[index])
    z = x @ w + b
    if activation == "sign":
        new_w, new_b = perceptron_update(x, label, w, b, lr=rate)
        y, loss = np.sign(z), max(0, -label * z)
    else:
        scale = 2 if activation == "tanh" else 1  # tanh-sigmoid: a tanh unit is a sigmoid of 2z
        dw, db = logistic_gradient(x[None], np.array([(label + 1) / 2]), scale * w, scale * b)
        new_w, new_b = w - scale * rate * dw, b - scale * rate * db
        y = {"tanh": tanh, "sigmoid": sigmoid}[activation](np.array([z]))[0]
        loss = -np.log(sigmoid(np.array([scale * label * z]))[0])
    state = dict(
        activation=activation, points=points.tolist(), labels=labels.tolist(), w=w.tolist(), b=b, rate=rate
    )
    return dict(state=state, index=index, w=new_w.tolist(), b=float(new_b), y=float(y), loss=float(loss))


def run_case(name):
    """A whole run from zero, as `learn` does it."""
    points, labels = np.array(PRESETS[name]["points"]), PRESETS[name]["labels"]
    w, b, clean = learn(points, labels)
    state = dict(activation="sign", points=points.tolist(), labels=labels, w=[0, 0], b=0, rate=1)
    return dict(state=state, seen=clean * len(points), w=w.tolist(), b=b)


def plane_case(side):
    count = RNG.integers(1, 8)
    points, labels = RNG.integers(0, side, (count, 2)), RNG.choice([-1, 1], count).tolist()
    scaled = [[f"{v / 10}" for v in point] for point in points]
    return dict(points=(points / 10).tolist(), labels=labels, witness=obstacle(scaled, labels))


def test_arithmetic_in_node(tmp_path):
    cases = {
        "steps": [step_case(kind) for kind in ("sign", "sigmoid", "tanh") for _ in range(100)],
        "runs": [run_case(name) for name in ("AND", "OR", "AND, coded ±1")],
        "planes": [plane_case(side) for side in (2, 4, 9) for _ in range(100)],
    }
    run_tests("perceptron", cases, tmp_path)


# --- traits ----------------------------------------------------------------------------------------
def test_the_worked_example_is_the_initial_state():
    widget = Perceptron()
    assert widget.points == [[0, 0], [0, 1], [1, 0], [1, 1]] and widget.labels == [-1, -1, -1, 1]
    assert (widget.w, widget.b, widget.seen, widget.activation) == ([0, 0], 0, 0, "sign")
    assert set(widget.initial) == set(Perceptron.starting)


def test_new_points_bring_labels():
    widget = Perceptron(labels=[1, 1, -1, -1])
    widget.points = np.zeros((6, 2))
    assert widget.labels == [1, 1, -1, -1, 1, 1]
    widget.points = [[0, 0], [1, 1]]
    assert widget.labels == [1, 1]


def test_points_and_labels_may_come_together_from_the_page():
    widget, seen = Perceptron(), []
    widget.observe(lambda change: seen.append(change.new), "labels")
    cloud = PRESETS["two clouds"]
    widget.set_state({"labels": cloud["labels"], "points": cloud["points"], "w": [0.5, 1], "b": -0.25})
    assert widget.labels == cloud["labels"] and seen[-1] == cloud["labels"] and widget.b == -0.25


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_states(name):
    widget = Perceptron(**PRESETS[name])
    assert (widget.obstacle() is None) == (name not in ("XOR", "one stray point"))
    assert widget.initial["labels"] == PRESETS[name]["labels"]


def test_outputs_are_those_of_the_library():
    widget = Perceptron(w=[1, 2], b=-2, activation="tanh")
    z, y = widget.outputs()
    assert z.tolist() == [-2, 0, -1, 1] and (y == tanh(z)).all()


BAD = [
    ("points", [], r"points must be one to ten pairs"),
    ("points", [[1, 2, 3]], r"points must be one to ten pairs"),
    ("points", [[0, 0]] * 11, r"points must be one to ten pairs"),
    ("points", [[0, 3]], r"points must lie from -1.5 to 2.5 .* came 3"),
    ("points", [[0, 0.125]], r"at most two decimals; came 0.125"),
    ("points", [[0, float("nan")]], r"came nan"),
    ("points", [[0, True]], r"came True"),
    ("labels", [1, 1, 1], r"labels must be 4 numbers 1 or −1, one per point; came \[1, 1, 1\]"),
    ("labels", [1, 1, 1, 0], r"labels"),
    ("w", [1], r"w must be two numbers .* came \[1\]"),
    ("w", [1, "2"], r"w must be two numbers"),
    ("w", [1, 1e6], r"w must be two numbers"),
    ("b", float("inf"), r"b must be a number .* came inf"),
    ("b", None, r"b must be a number .* came None"),
    ("activation", "relu", r"activation"),
    ("rate", 0.0, r"rate"),
    ("seen", -1, r"seen"),
]


@pytest.mark.parametrize(("name", "value", "sentence"), BAD)
def test_a_bad_trait_is_refused_and_changes_nothing(name, value, sentence):
    widget = Perceptron()
    before = getattr(widget, name)
    with pytest.raises(traitlets.TraitError, match=sentence):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


def test_the_static_picture_tells_the_state():
    html = Perceptron(w=[3, 2], b=-4).static_html()
    assert "z = 3·x₁ + 2·x₂ + −4. A line separates" in html and "<td>−1</td>" in html
    assert "No line separates" in Perceptron(labels=[-1, 1, 1, -1]).static_html()
    tables = re.findall(r"<tr>(.*?)</tr>", html)
    assert len(tables) == 4 and tables[3].endswith("<td>1</td><td>1</td><td>1</td><td>1</td><td>1</td>")
