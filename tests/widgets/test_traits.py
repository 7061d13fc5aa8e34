"""The Python side of the widgets: traits are the state, and a bad one is refused with a sentence."""

import os
import subprocess
import sys

import numpy as np
import pytest
import traitlets

from cnnlib import conv2d, conv2d_backward
from cnnlib.widgets import ConvBackward, ConvStepper
from cnnlib.widgets.base import Widget


def test_the_worked_example_is_the_initial_state():
    w = ConvBackward(focus=6)
    assert w.delta == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert w.w == [[1, 2], [3, 4]]
    x, kernel, delta = w.arrays()
    assert conv2d_backward(delta, x, kernel)[0][0, 0].ravel()[6] == 33  # conv-dx, node 7


def test_a_new_kernel_size_resizes_kernel_and_delta():
    w = ConvBackward()
    w.kernel_size = 3
    assert np.shape(w.w) == (3, 3) and w.w[2][2] == 9
    assert w.delta == [[1, 2], [3, 4]]


def test_own_numbers_keep_their_corner():
    w = ConvBackward(w=[[5, 0], [0, 7]])
    w.kernel_size = 3
    assert w.w == [[5, 0, 0], [0, 7, 0], [0, 0, 0]]


def test_a_new_image_sets_the_image_size():
    w = ConvBackward()
    w.x = np.arange(9.0).reshape(3, 3)
    assert w.image_size == 3 and w.delta == [[1, 2], [3, 4]]


def test_arrays_feed_the_kernels():
    w = ConvStepper(x=np.arange(1, 10).reshape(3, 3), w=[[1, 2], [3, 4]])
    x, kernel = w.arrays()
    assert conv2d(x, kernel)[0, 0].tolist() == [[37, 47], [67, 77]]
    w.turned = True
    assert conv2d(*w.arrays())[0, 0].tolist() == [[23, 33], [53, 63]]


def test_observe_sees_a_change_that_comes_from_the_page():
    w, seen = ConvBackward(), []
    w.observe(lambda change: seen.append(change.new), "kernel_size")
    w.set_state({"kernel_size": 3, "w": [[9] * 3] * 3, "delta": [[1, 2], [3, 4]]})
    assert seen == [3] and w.w == [[9] * 3] * 3 and w.delta == [[1, 2], [3, 4]]


def test_a_kernel_that_does_not_fit_is_a_state_not_an_error():
    w = ConvBackward(image_size=2)
    w.kernel_size = 4
    assert w.outputs() == 0 and "does not fit" in w.static_html()


BAD = [
    (ConvBackward, "x", [[1, 2], [3]], r"x must be a square matrix .* came"),
    (ConvBackward, "x", [[1, 2, 3]], r"x must be a square matrix .* shape \(1, 3\)"),
    (ConvBackward, "w", np.ones((5, 5)), r"w must be a square matrix of at most 4 × 4 .* shape \(5, 5\)"),
    (ConvBackward, "w", [[1, "2"], [3, 4]], r"w must .* came the entry '2'"),
    (ConvBackward, "w", [[1, True], [3, 4]], r"w must .* came the entry True"),
    (ConvBackward, "w", [[1, float("nan")], [3, 4]], r"w must hold numbers .* came nan"),
    (ConvBackward, "delta", [[float("inf")]], r"delta must hold numbers .* came inf"),
    (ConvBackward, "delta", [[1, 2], [3, 4]], r"delta must be 3 × 3, one entry per output .* came 2 × 2"),
    (ConvBackward, "x", None, r"x must be a square matrix .* came"),
    (ConvBackward, "x", "abc", r"x must be a square matrix .* came"),
    (ConvBackward, "kernel_size", 5, r"kernel_size"),
    (ConvBackward, "kernel_size", 2.5, r"kernel_size"),
    (ConvBackward, "stride", 0, r"stride"),
    (ConvBackward, "view", "sideways", r"view"),
    (ConvStepper, "padding", 1, r"padding"),
    (ConvStepper, "step", -1, r"step"),
    (ConvStepper, "x", [[1e6]], r"x must hold numbers .* came 1000000"),
]


@pytest.mark.parametrize(("widget", "name", "value", "sentence"), BAD)
def test_a_bad_trait_is_refused_and_changes_nothing(widget, name, value, sentence):
    w = widget()
    before = getattr(w, name)
    with pytest.raises(traitlets.TraitError, match=sentence):
        setattr(w, name, value)
    assert getattr(w, name) == before


def test_a_size_that_contradicts_its_matrix_is_refused():
    with pytest.raises(traitlets.TraitError, match="image_size must be 3, the size of x; came 5"):
        ConvBackward(x=np.eye(3), image_size=5)
    with pytest.raises(traitlets.TraitError, match="image_size"):
        ConvBackward(image_size=2.5)


START = """
from cnnlib.widgets import ConvBackward
x = [[(i + 2 * j) % 5 for j in range(5)] for i in range(5)]
w, delta = [[1, 2, 0], [0, 1, -1], [2, 0, 1]], [[1, 2], [3, 4]]
widget = ConvBackward(x=x, w=w, delta=delta, stride=2)
assert (widget.x, widget.w, widget.delta) == (x, w, delta), (widget.x, widget.w, widget.delta)
assert widget.initial["w"] == w and (widget.image_size, widget.kernel_size) == (5, 3)
"""


@pytest.mark.parametrize("seed", range(4))
def test_start_values_survive_in_whatever_order_traits_are_told(seed):
    """Sets are walked in another order under another hash seed."""
    run = subprocess.run(
        [sys.executable, "-c", START],
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr


def test_a_misspelt_trait_is_named():
    with pytest.raises(TypeError, match=r"ConvStepper has no trait 'strid'; it has .*stride"):
        ConvStepper(strid=2)


@pytest.mark.parametrize(
    "widget",
    [
        ConvStepper(),
        ConvStepper(turned=True, padding="wide"),
        ConvBackward(),
        ConvBackward(view="kernel", focus=1),
        ConvBackward(view="forward", focus=2),
        ConvBackward(stride=2),
    ],
)
def test_the_static_picture_shows_the_state(widget):
    html = widget.static_html()
    assert html.count("<table") == 3 and html.count('class="picked"') == 1


def test_where_there_is_no_output_the_picture_says_so():
    assert "there is no output" in ConvStepper(image_size=2, kernel_size=3, padding="narrow").static_html()
    assert "there is no output" in ConvStepper(kernel_size=2, padding="same").static_html()


def test_every_widget_owes_its_readers_a_picture():
    with pytest.raises(NotImplementedError):
        Widget().static_html()


def test_the_static_picture_of_the_worked_example_marks_33():
    assert '<td class="picked">33</td>' in ConvBackward(focus=6).static_html()


@pytest.mark.parametrize("widget", [ConvStepper, ConvBackward])
def test_displaying_adds_a_picture_for_readers_without_javascript(widget, monkeypatch):
    shown = []
    monkeypatch.setattr("cnnlib.widgets.base.display", lambda data, **_: shown.append(data))
    widget()._ipython_display_()
    assert "application/vnd.jupyter.widget-view+json" in shown[0]
    assert shown[1].data.startswith("<noscript>")


@pytest.mark.parametrize("widget", [ConvStepper, ConvBackward])
def test_the_joined_source_stays_small(widget):
    assert len(str(widget()._esm).encode()) < 40_000
