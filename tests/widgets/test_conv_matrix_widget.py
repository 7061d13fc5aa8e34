"""The ConvMatrix widget: its traits, and its arithmetic in Node over the whole range of every slider."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
import traitlets
from node import run_tests

from cnnlib import conv2d, conv2d_backward, conv_matrix
from cnnlib.widgets import ConvMatrix

SLIDERS = range(2, 7), range(1, 5), range(1, 4), range(3), (1, 2)
WORKED = dict(x=np.arange(1, 10).reshape(3, 3), w=[[1, 2], [3, 4]], delta=[[1, 0], [2, -1]])


def case(n, m, stride, padding, dilation, rng):
    """One setting by cnnlib: where each tap stands in W, and all three products with whole numbers."""
    geometry = dict(stride=stride, padding=padding, dilation=dilation)
    known = dict(geometry=dict(n=n, m=m, **geometry))
    if dilation * (m - 1) + 1 > n + 2 * padding:
        return dict(known, size=0, matrix=[])
    numbered = np.arange(1, m * m + 1).reshape(1, 1, m, m)
    x, w = rng.integers(-9, 10, (1, 1, n, n)), rng.integers(-9, 10, (1, 1, m, m))
    y = conv2d(x, w, **geometry)
    delta = rng.integers(-9, 10, y.shape)
    dx, dw, _ = conv2d_backward(delta, x, w, **geometry)
    arrays = dict(
        matrix=conv_matrix(numbered, (1, n, n), **geometry), x=x, w=w, delta=delta, y=y, dx=dx, dw=dw
    )
    return dict(known, size=y.shape[2], **{name: array.ravel().tolist() for name, array in arrays.items()})


def test_the_arithmetic_in_node(tmp_path):
    """conv-matrix, matrix-dx, tied-sum: the widget's numbers are cnnlib's in every setting."""
    rng = np.random.default_rng(6)
    run_tests("conv_matrix", [case(*setting, rng) for setting in itertools.product(*SLIDERS)], tmp_path)


def test_the_worked_example():
    widget = ConvMatrix(**WORKED)
    x, w, delta = widget.arrays()
    assert (widget.matrix() @ x.ravel()).tolist() == [37, 47, 67, 77]
    assert (widget.matrix().T @ delta.ravel()).tolist() == [1, 2, 0, 5, 7, -2, 6, 5, -4]
    assert conv2d_backward(delta, x, w)[1].ravel().tolist() == [4, 6, 10, 12]


def test_sizes_follow_and_delta_with_them():
    widget = ConvMatrix(**WORKED)
    widget.padding = 2
    assert np.shape(widget.delta) == (6, 6) and widget.delta[1][:3] == [2, -1, 0]
    widget.stride, widget.dilation, widget.kernel_size = 3, 2, 3
    assert np.shape(widget.matrix()) == (1, 9) and widget.w == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    widget.x = np.eye(6)
    assert widget.image_size == 6 and np.shape(widget.matrix()) == (4, 36)
    largest = ConvMatrix(image_size=6, kernel_size=1, padding=2)
    assert np.shape(largest.matrix()) == (100, 36) and largest.delta[9][9] == 100


def test_a_kernel_that_does_not_fit_is_a_state_not_an_error():
    widget = ConvMatrix(image_size=2, kernel_size=4)
    assert widget.outputs() == 0 and widget.matrix().shape == (0, 4)
    assert "does not fit" in widget.static_html()
    assert ConvMatrix(image_size=3, kernel_size=3, dilation=2).outputs() == 0


BAD = [
    ("x", [[1, 2, 3]], r"x must be a square matrix"),
    ("x", np.ones((7, 7)), r"x must be a square matrix of at most 6 × 6"),
    ("w", [[float("nan")]], r"w must hold numbers"),
    ("delta", [[1]], r"delta must be 2 × 2, one entry per output of a 2 × 2 kernel on a 3 × 3 .* came 1 × 1"),
    ("image_size", 7, r"image_size"),
    ("kernel_size", 0, r"kernel_size"),
    ("stride", 4, r"stride"),
    ("padding", -1, r"padding"),
    ("dilation", 1.5, r"dilation"),
    ("view", "sideways", r"view"),
    ("weights", "tied", r"weights"),
    ("focus_on", "z", r"focus_on"),
    ("focus", -1, r"focus"),
]


@pytest.mark.parametrize("name, value, sentence", BAD)
def test_a_bad_trait_is_refused_and_changes_nothing(name, value, sentence):
    widget = ConvMatrix(**WORKED)
    before = getattr(widget, name)
    with pytest.raises(traitlets.TraitError, match=sentence):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


START = """
from cnnlib.widgets import ConvMatrix
x = [[i * j for j in range(5)] for i in range(5)]
w, delta = [[0, 1, 0], [2, 0, 0], [0, 0, 5]], [[1, 0], [0, 7]]
widget = ConvMatrix(x=x, w=w, delta=delta, stride=2, padding=1, dilation=2)
assert (widget.x, widget.w, widget.delta) == (x, w, delta), (widget.x, widget.w, widget.delta)
assert widget.initial["delta"] == delta and (widget.image_size, widget.kernel_size) == (5, 3)
"""


@pytest.mark.parametrize("seed", range(3))
def test_start_values_survive_in_whatever_order_traits_are_told(seed):
    run = subprocess.run(
        [sys.executable, "-c", START],
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    "view, rows, number",
    [("forward", 1 + 4 + 2, 77), ("backward", 1 + 9 + 3, 7), ("gradient", 1 + 4 + 2, 12)],
)
def test_the_static_picture_shows_the_state(view, rows, number):
    html = ConvMatrix(**WORKED, view=view).static_html()
    assert html.count("<table") == 3 and html.count("<tr>") == rows and f"<td>{number}</td>" in html
