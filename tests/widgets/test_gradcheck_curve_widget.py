"""GradcheckCurve: its functions and estimates in Node at every step, its traits, its static picture."""

import numpy as np
import pytest
import traitlets
from node import run_tests

from cnnlib import squared_error
from cnnlib.widgets import GradcheckCurve
from cnnlib.widgets.gradcheck_curve import FUNCTIONS, METHODS, TARGETS, _conv_loss, _picture

POINTS = [*np.round(np.arange(-2, 2.01, 0.15), 2), 0.7, 0.0, 0.01]


def test_the_arithmetic_in_node(tmp_path):
    """central-diff, complex-step: four functions, their slopes, mistaken slopes, estimates at all steps."""
    cases = []
    for name, (f, slope, mistaken) in FUNCTIONS.items():
        for t in map(float, POINTS):
            widget = GradcheckCurve(function=name, point=t)
            steps = [-20 + k / 4 for k in range(81)] if t in (0.7, 0.0) else [-8, -5, -1]
            rows = [[e, *(widget.estimate(m, 10.0**e) for m in METHODS)] for e in steps]
            values = dict(value=float(f(t)), slope=slope(t), mistaken=mistaken(t))
            cases.append({"name": name, "t": t, "estimates": rows} | values)
    run_tests("gradcheck_curve", cases, tmp_path)


def test_slopes_are_slopes():
    """complex-step, central-diff: each right slope agrees with its function, each mistaken one does not."""
    for name in FUNCTIONS:
        widget = GradcheckCurve(function=name, point=-0.4)
        method = "central" if widget.estimate("complex", 1e-30) is None else "complex"
        best = widget.estimate(method, 1e-30 if method == "complex" else 1e-5)
        assert abs(widget.slope() - best) < 1e-9
        widget.planted = True
        assert abs(widget.slope() - best) > 1e-3


def test_the_conv_loss_is_the_squared_error_of_the_library():
    z = np.array([[[[0.37, 0.47], [0.67, 0.77]]]])  # Numbers A in tenths, at t = 0.5
    assert abs(_conv_loss(0.5) - squared_error(1 / (1 + np.exp(-z)), TARGETS)) < 1e-15
    assert _picture(0.5)[0, 0, 1, 1] == 0.5


def test_errors_of_the_worked_example():
    """central-diff, complex-step: 5.7e-7, 5.7e-9, 6e-11, 3e-10 and about 2e-16 for e^sin t at 0.7."""
    widget = GradcheckCurve()
    errors = {h: abs(widget.estimate("central", h) - widget.slope()) for h in (1e-3, 1e-4, 1e-5, 1e-7)}
    assert 5.6e-7 < errors[1e-3] < 5.8e-7 and 5.6e-9 < errors[1e-4] < 5.8e-9
    assert errors[1e-5] < 1e-10 and 1e-11 < errors[1e-7] < 3e-9
    assert abs(widget.estimate("complex", 1e-20) - widget.slope()) < 1e-15


BAD = [
    ("function", "x"),
    ("point", 2.5),
    ("point", "0"),
    ("exponent", 1),
    ("exponent", -21),
    ("method", "back"),
]


@pytest.mark.parametrize("name, value", [*BAD, ("planted", "yes")])
def test_a_bad_trait_is_refused_and_changes_nothing(name, value):
    widget = GradcheckCurve()
    before = getattr(widget, name)
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


def test_the_static_picture_shows_the_valley():
    html = GradcheckCurve().static_html()
    assert html.count("<tr>") == 9 and "6e−11" in html and "6e−07" in html
    assert "<td>–</td>" in GradcheckCurve(function="relu(sin t)").static_html()


def test_the_joined_source_stays_small():
    assert len(str(GradcheckCurve()._esm).encode()) < 40_000
