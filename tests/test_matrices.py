"""The figures of chapter 06 draw and say what the matrices hold."""

import re

import numpy as np
import pytest

from cnnlib import conv2d_backward, conv_matrix, max_pool2d_backward
from cnnlib.plots.figures import show
from cnnlib.plots.matrices import dense_and_shared, layers, one_tap_back, tap_matrix


def places(n, m, columns, **geometry):
    """The number of the tap at each entry of the matrix."""
    return conv_matrix(np.arange(1, m * columns + 1).reshape(1, 1, m, columns), (1, n, n), **geometry)


def drawn(fig):
    """List every text of a figure."""
    return [text.get_text() for ax in fig.axes for text in [*ax.texts, ax.title]]


def strokes(ax, least=0.0):
    """List the lines from a pixel to an output that are at least so wide."""
    return [line for line in ax.lines if list(line.get_ydata()) == [1, 0] and line.get_linewidth() > least]


@pytest.mark.parametrize("n, m, columns, geometry", [(3, 2, 2, {}), (3, 3, 2, {"padding": 1}), (4, 2, 2, {})])
def test_each_entry_wears_the_name_of_its_tap(n, m, columns, geometry):
    matrix = places(n, m, columns, **geometry)
    fig, alt = tap_matrix(matrix, columns, block=(2, n))
    texts = drawn(fig)
    assert texts.count("0") == (matrix == 0).sum()
    assert sum(bool(re.fullmatch("k[₁-₉]{2}|[1-9]{2}", text)) for text in texts) == np.count_nonzero(matrix)
    assert alt.count(" in column ") == np.count_nonzero(matrix)
    first = np.flatnonzero(matrix[0])[-1]
    u, v = divmod(matrix[0, first] - 1, columns)
    assert f"k{u + 1}{v + 1} in column {first + 1}." in alt and f"blocks of 2 by {n}" in alt
    assert show(fig, alt).svg.startswith("<svg")


def test_lines_are_counted_and_told_apart_by_dash_and_colour():
    fig, alt = dense_and_shared(places(3, 2, 2), 2)
    assert [len(strokes(ax)) for ax in fig.axes] == [36, 16]
    assert len({(line.get_color(), line.get_linestyle()) for line in strokes(fig.axes[1])}) == 4
    assert "dense: 36 lines, 36 weights" in alt and "shared: 16 lines, 4 weights" in alt
    assert {"k₁₁", "k₁₂", "k₂₁", "k₂₂"} <= set(drawn(fig))


@pytest.mark.parametrize("tap", [1, 2, 3, 4])
def test_one_tap_adds_up_to_its_gradient(tap):
    """tied-sum: the sum written below is the kernel's gradient, and each of its terms has a strong line."""
    x, delta = np.arange(9) - 3, np.array([2, -1, 0, 5])
    fig, alt = one_tap_back(places(3, 2, 2), 2, tap, x, delta)
    four = delta.reshape(1, 1, 2, 2), x.reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2), int)
    dw = conv2d_backward(*four)[1].flat[tap - 1]
    numbers = drawn(fig)[-2]
    assert numbers.replace("−", "-").endswith(f" = {dw}") and alt.endswith(f" = {dw}.")
    assert numbers.count("·") == len(strokes(fig.axes[0], least=2)) == 4


def test_layers_and_their_transposes():
    x = np.array([[3, 1, 0, 2], [0, 2, 1, 9], [1, 0, 5, 0], [7, 2, 2, 1]]).reshape(1, 1, 4, 4)
    maximum = np.stack([max_pool2d_backward(e.reshape(1, 1, 2, 2), x, 2).ravel() for e in np.eye(4)])
    both = {"own": -places(4, 2, 2, stride=2), "maximum": maximum}
    fig, alt = layers(both)
    assert {"own", "maximum", "−4", "1"} <= set(drawn(fig)) and drawn(fig).count("−4") == 4
    assert "4 by 16 matrices of 2 layers" in alt and alt.endswith("own: 16; maximum: 4.")
    shades = [patch for patch in fig.axes[0].patches if patch.get_width() == 1]
    assert len(shades) == 20 and len({patch.get_facecolor()[:3] for patch in shades}) == 2
    fig, alt = layers(both, transposed=True)
    shades = sorted(
        (patch.get_x() % 5.9, patch.get_y()) for patch in fig.axes[0].patches if patch.get_width() == 1
    )
    assert "16 by 4 transposes" in alt and len(shades) == 20 and max(y for _, y in shades) > 15
