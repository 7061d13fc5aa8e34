"""MistakeGallery: its arithmetic in Node on every mistake and test input, its traits, its static picture."""

import numpy as np
import pytest
import traitlets
from node import run_tests

from cnnlib import numerical_vjp
from cnnlib.mistakes import INPUTS, MISTAKES
from cnnlib.planted import CHECKS, gap
from cnnlib.widgets import MistakeGallery


def expected(widget):
    """Everything Node must find for the gallery's present state, by Python's kernels and checks."""
    found, place = widget.case(), 1 if MISTAKES[widget.mistake].wrong == "dw" else 0
    right, wrong = widget.gradients()
    nudged = numerical_vjp(found.forward, found.arguments, found.dy, step=1e-4)[place]
    array, zero = found.arguments[place], list(found.arguments)
    zero[place] = np.zeros_like(array)
    there = ((found.forward(*found.arguments) - found.forward(*zero)) * found.dy).sum()
    back = (wrong * array).sum()
    slopes = []
    for h in (1e-4, -1e-4):
        moved = list(found.arguments)
        moved[place] = array + h
        slopes.append((found.forward(*moved) * found.dy).sum() / 2e-4)
    slope, total = slopes[0] - slopes[1], wrong.sum()
    checks = {
        "single": float(np.abs(wrong - nudged).max() / max(np.abs(wrong).max(), np.abs(nudged).max())),
        "together": abs(slope - total) / (max(abs(slope), abs(total)) or 1),
        "adjoint": abs(there - back) / ((abs(there) + abs(back)) or 1),
    }
    arrays = dict(right=right, wrong=wrong, nudged=nudged, y=found.forward(*found.arguments))
    flat = {name: array.ravel().tolist() for name, array in arrays.items()}
    return flat | {"checks": checks, "count": int((np.abs(right - wrong) > 1e-9).sum())}


def settings():
    """Yield the gallery on every mistake and every test input, and on numbers of the reader's own."""
    widget, rng = MistakeGallery(), np.random.default_rng(7)
    for mistake in MISTAKES:
        for test_input in INPUTS:
            widget.mistake, widget.test_input = mistake, test_input
            yield widget
            if test_input == "nothing special":
                for _ in range(3):
                    layer = widget.cases[mistake][test_input]
                    names = [n for n in ("x", "w", "dy") if layer[n]]
                    widget.edits = {
                        f"{n} {rng.integers(len(layer[n]['data']))}": int(rng.integers(-9, 10)) for n in names
                    }
                    yield widget


def test_the_arithmetic_in_node(tmp_path):
    """vjp, central-diff, adjoint: outputs, right, wrong and nudged gradients, three checks."""
    cases = [
        {
            "mistake": widget.mistake,
            "layer": widget.cases[widget.mistake][widget.test_input],
            "edits": widget.edits,
            "expected": expected(widget),
        }
        for widget in settings()
    ]
    run_tests("mistake_gallery", cases, tmp_path)


def test_the_worked_example_is_the_initial_state():
    right, wrong = MistakeGallery().gradients()
    assert right.shape == (2, 2, 3, 4) and right[0, 0, 1, 1] != wrong[0, 0, 1, 1]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_traits_become_arrays_for_cnnlib(mistake):
    widget = MistakeGallery(mistake=mistake)
    assert {check: gap(widget.case(), check) for check in CHECKS}["one by one"] > 0.01
    widget.edits = {"dy 0": 50}
    assert widget.case().dy.ravel()[0] == 50
    widget.test_input = "one sample"
    assert widget.edits == {} and widget.case().dy.ravel()[0] == 1


BAD = [
    ("mistake", "magic", "mistake"),
    ("test_input", "magic", "test_input"),
    ("focus", -1, "focus"),
    ("edits", {"q 1": 2}, r"edits must have keys such as 'dy 3' .* came 'q 1'"),
    ("edits", {"dy": 2}, r"edits must have keys such as"),
    ("edits", {"dy 900": 2}, r"dy has 24 entries; came the number 900"),
    ("edits", {"dy 1": "2"}, r"edits must hold numbers; came '2'"),
    ("edits", {"dy 1": float("nan")}, r"edits must hold numbers; came nan"),
    ("edits", {"w 1": 1000}, r"edits must hold numbers from −999 to 999; came 1000"),
    ("runs", {"magic": {}}, r"runs must hold a right and a wrong run .* came 'magic'"),
]


@pytest.mark.parametrize("name, value, message", BAD)
def test_a_bad_trait_is_refused_and_changes_nothing(name, value, message):
    widget = MistakeGallery()
    before = getattr(widget, name)
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


def test_runs_come_in_pairs_of_right_and_wrong():
    runs = {name: {"right": [1.0], "wrong": [2.0]} for name in list(MISTAKES)[:2]}
    assert MistakeGallery(runs=runs).runs == runs
    runs[next(iter(MISTAKES))] = {"right": [1.0]}
    with pytest.raises(traitlets.TraitError, match="runs must hold a right and a wrong run"):
        MistakeGallery(runs=runs)


def test_the_static_picture_shows_both_gradients_and_all_errors():
    html = MistakeGallery(mistake="missing 1/s²").static_html()
    assert "<td>0.75</td>" in html and html.count("<tr>") == 3 + 3 + 9
    assert "0.00" in MistakeGallery(test_input="the convenient one").static_html()


def test_the_joined_source_stays_small():
    assert len(str(MistakeGallery()._esm).encode()) < 40_000
