"""The figures of chapter 02 draw and say what the network computes."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from cnnlib.plots.figures import DELTA, Y, show
from cnnlib.plots.mlp import loss_runs, three_layers, xor_planes

NET = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5]), np.array([1.0, -1.0]), -0.7


@pytest.mark.parametrize("sizes", [(2, 3, 2), (1, 2, 4)])
def test_the_network_has_a_line_for_each_weight(sizes):
    fig, alt = three_layers(sizes)
    l, m, n = sizes
    assert len(fig.axes[0].lines) == l * m + m * n + n
    assert len(fig.axes[0].patches) >= l + m + n + 1
    assert f"p with {l}, q with {m} and r with {n}" in alt


def test_the_planes_put_the_points_where_the_hidden_units_do():
    fig, alt = xor_planes(*NET)
    left, right = fig.axes
    placed = np.array([line.get_xydata()[0] for line in right.lines])
    assert np.allclose(placed, np.tanh(np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) @ NET[0].T + NET[1]))
    assert [line.get_marker() for line in left.lines] == ["s", "o", "o", "s"]
    assert "(0, 0) to (-0.46, -0.91)" in alt and "(0, 1) to (0.46, -0.46)" in alt


def test_the_planes_need_two_hidden_units():
    with pytest.raises(ValueError, match=r"two hidden units, got w of shape \(3, 2\)"):
        xor_planes(np.ones((3, 2)), *NET[1:])


def test_runs_are_told_apart_by_dash_and_colour():
    losses = np.array([[2.0, 1.0, 0.25], [2.0, 1.5, 1.4], [3.0, 1.0, 0.5]])
    fig, alt = loss_runs(losses, [True, False, True])
    lines = fig.axes[0].lines[:3]
    assert [line.get_linestyle() for line in lines] == ["-", "--", "-"]
    assert [to_hex(line.get_color()) for line in lines] == [Y, DELTA, Y]
    assert "Loss of 3 runs over 2 steps. 2 solid lines fall to between 0.250 and 0.500" in alt
    assert "1 dashed lines end between 1.400 and 1.400" in alt


@pytest.mark.parametrize("figure", [three_layers(), xor_planes(*NET)])
def test_the_figures_become_drawings(figure):
    assert show(*figure).svg.startswith("<svg")
