"""The figures of chapter 08 draw and say what they are given."""

import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch, Rectangle

from cnnlib import receptive_field
from cnnlib.plots.blocks import inception, nested_fields, norms_by_depth, shortcut
from cnnlib.plots.figures import show


def drawn(fig):
    """List every text of a figure."""
    return [text.get_text() for ax in fig.axes for text in ax.texts]


def test_branches_join_to_the_sum_of_their_maps():
    """concat-dx: 5 + 7 + 2 maps, and one arrow into each box and out of it."""
    branches = [[("1×1", 5)], [("1×1", 3), ("3×3", 7)], [("max 3×3", 2)]]
    fig, alt = inception(2, branches)
    assert {"x\n2", "joined\n14", "1×1, 3", "3×3, 7", "max 3×3, 2"} <= set(drawn(fig))
    arrows = [patch for patch in fig.axes[0].patches if isinstance(patch, FancyArrowPatch)]
    assert len(arrows) == 2 * 3 + 1
    assert "1×1 with 3 maps, then 3×3 with 7 maps" in alt and alt.endswith("14 maps leave.")


def test_the_shortcut_adds_both_ways():
    """residual-dx: 4 + 9 forward, 2 + 3·2 backward."""
    fig, alt = shortcut(4, 9, 3, 2)
    assert {"h = 4 + 9 = 13", "J γ = 3·2 = 6", "γ + J γ = 8"} <= set(drawn(fig))
    assert "together 8" in alt
    styles = [{p.get_linestyle() for p in ax.patches if isinstance(p, FancyArrowPatch)} for ax in fig.axes]
    assert styles == [{"-"}, {"--"}]


@pytest.mark.parametrize("windows", [[(3, 1), (3, 1)], [(2, 2), (3, 2), (2, 1)]])
def test_fields_are_squares_inside_the_image(windows):
    """receptive-field: a square of side r that starts at a multiple of the jump."""
    fields = receptive_field(windows)
    fig, alt = nested_fields(np.eye(12), fields, [f"layer {k}" for k in range(len(fields))])
    frames = [p for p in fig.axes[0].patches if isinstance(p, Rectangle)]
    for frame, (r, j) in zip(frames, fields, strict=True):
        assert frame.get_width() == frame.get_height() == r
        assert frame.get_x() % j == 0 and 0 <= frame.get_x() <= 12 - r
    assert f"layer 1: {fields[1][0]}" in alt and show(fig, alt).svg.startswith("<svg")


def test_norms_keep_their_values_and_labels():
    fig, alt = norms_by_depth([1, 5], {"plain": [1.0, 1e-9], "with shortcuts": [2.0, 3.0]})
    lines = fig.axes[0].lines
    assert [line.get_ydata().tolist() for line in lines] == [[1.0, 1e-9], [2.0, 3.0]]
    assert fig.axes[0].get_yscale() == "log" and lines[0].get_linestyle() != lines[1].get_linestyle()
    assert drawn(fig) == ["plain", "with shortcuts"] and "from 1 at 1 to 1e-09 at 5" in alt
