"""The softmax widget: its JavaScript in Node against cnnlib over every slider, and its traits."""

import itertools

import numpy as np
import pytest
import traitlets
from node import run_tests

from cnnlib import (
    cross_entropy,
    cross_entropy_backward,
    softmax,
    softmax_backward,
    squared_error,
    squared_error_backward,
)
from cnnlib.widgets import SoftmaxSliders
from cnnlib.widgets.softmax_sliders import PRESETS

RNG = np.random.default_rng(9)
TEMPERATURES = 0.25, 0.5, 1, 2, 4, 8
SMOOTHINGS = [k / 20 for k in range(11)]


def case(logits, target, smoothing=0.0, temperature=1.0):
    """One setting, by the kernels: the temperature divides the scores, so it divides every gradient."""
    z, K = np.array([logits], float) / temperature, len(logits)
    t = (1 - smoothing) * np.eye(K)[[target]] + smoothing / K
    y = softmax(z)
    J = [softmax_backward(row[None], z)[0] / temperature for row in np.eye(K)]  # softmax-jac
    ce = cross_entropy_backward(z, t)[0] / temperature  # ce-dlogits
    se = softmax_backward(squared_error_backward(y, t), z)[0] / temperature
    wrong = max(logits) > logits[target]
    return dict(
        setting=dict(logits=list(logits), target=target, smoothing=smoothing, temperature=temperature),
        **dict(y=y[0].tolist(), t=t[0].tolist(), J=np.array(J).tolist(), ce=ce.tolist(), se=se.tolist()),
        loss=[float(cross_entropy(z, t)), float(squared_error(y, t))],
        right=bool(not wrong and sum(v == max(logits) for v in logits) == 1),
        dead=bool(wrong and abs(se[target]) < 0.01 * abs(ce[target])),
    )


def test_the_arithmetic_in_node(tmp_path):
    half_steps = [k / 2 for k in range(-20, 21)]
    grid = [case(z, 0) for z in itertools.product(half_steps, repeat=2)]
    others = itertools.product(range(2, 6), TEMPERATURES, SMOOTHINGS, range(5))
    for K, T, smoothing, target in others:
        if target < K:
            z = (RNG.integers(-20, 21, (2, K)) / 2).tolist()
            grid += [case(scores, target, smoothing, T) for scores in z]
    assert any(c["dead"] for c in grid) and any(c["right"] for c in grid)
    RNG.shuffle(grid)
    saturated = [case([-a, a], 0, 0.0, T) for a in (6, 8, 10) for T in (0.5, 1)]
    run_tests("softmax_sliders", dict(settings=grid, saturated=saturated), tmp_path)


# --- traits ----------------------------------------------------------------------------------------
def test_the_worked_example_is_the_initial_state():
    widget = SoftmaxSliders()
    assert widget.logits == [1, 2, 3] and widget.target == widget.focus == 2
    ce, se = widget.gradients()
    assert ce.round(6).tolist() == [0.090031, 0.244728, -0.334759]  # ce-dlogits
    assert se.round(6).tolist() == [0.022033, 0.097751, -0.119784]  # softmax-jac
    assert set(widget.initial) == set(SoftmaxSliders.starting)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_settings(name):
    widget = SoftmaxSliders(**SoftmaxSliders().presets[name])
    expected = case(widget.logits, widget.target, widget.smoothing, widget.temperature)
    ce, se = widget.gradients()
    np.testing.assert_allclose(ce, expected["ce"], atol=1e-15)
    np.testing.assert_allclose(se, expected["se"], atol=1e-15)


def test_the_temperature_divides_scores_and_gradients():
    widget = SoftmaxSliders(logits=[1.5, -2, 0.5, 3], target=1, smoothing=0.2, temperature=4)
    z, t = widget.arrays()
    assert z.tolist() == [[0.375, -0.5, 0.125, 0.75]] and t[0].tolist() == pytest.approx(
        [0.05, 0.85, 0.05, 0.05]
    )
    step = 1e-6
    for gradient, loss in zip(
        widget.gradients(), (cross_entropy, lambda z, t: squared_error(softmax(z), t)), strict=True
    ):
        slopes = [(loss(z + d / 4, t) - loss(z - d / 4, t)) / (2 * step) for d in step * np.eye(4)]
        np.testing.assert_allclose(gradient, slopes, atol=1e-9)  # central differences in z before division


def test_fewer_scores_keep_target_and_focus_among_the_classes():
    widget = SoftmaxSliders(logits=[0, 1, 2, 3, 4], target=4, focus=3)
    widget.logits = np.array([5.0, 6.0])
    assert (widget.target, widget.focus, widget.logits) == (1, 1, [5.0, 6.0])
    assert SoftmaxSliders(logits=[-8, 8]).target == 1


def test_scores_and_target_may_come_together_from_the_page():
    widget, seen = SoftmaxSliders(logits=[0, 0], target=0, focus=0), []
    widget.observe(lambda change: seen.append(change.new), "target")
    widget.set_state({"target": 3, "logits": [1, 2, 3, 4], "focus": 2})
    assert seen == [3] and widget.focus == 2


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("logits", [1], "logits must be 2 to 5 scores, one per class; came"),
        ("logits", [1] * 6, "logits must be 2 to 5 scores"),
        ("logits", [[1, 2]], "logits must be 2 to 5 scores"),
        ("logits", None, "logits must be 2 to 5 scores"),
        ("logits", [1, 11], "logits must hold numbers from −10 to 10; came 11"),
        ("logits", [1, float("nan")], "logits must hold numbers .* came nan"),
        ("logits", [1, "2"], "logits must hold numbers .* came '2'"),
        ("logits", [1, True], "logits must hold numbers .* came True"),
        ("target", 3, "target must be a class from 0 to 2, since there are 3 scores; came 3"),
        ("focus", 4, "focus must be a class from 0 to 2"),
        ("target", -1, "target"),
        ("smoothing", 0.6, "smoothing"),
        ("temperature", 0, "temperature"),
    ],
)
def test_a_bad_trait_is_refused_and_changes_nothing(name, value, message):
    widget = SoftmaxSliders()
    before = getattr(widget, name)
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


def test_the_static_picture_holds_both_gradients():
    html = SoftmaxSliders().static_html()
    assert html.count("<tr>") == 3 and "<td>−0.334759</td><td>−0.119784</td>" in html
