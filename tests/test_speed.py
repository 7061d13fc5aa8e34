"""The figures of chapter 14 draw the numbers they are given."""

import numpy as np
import pytest

from cnnlib.plots.figures import show
from cnnlib.plots.speed import growth, ladder, lines, strips, tiles


def texts(fig):
    return [
        text.get_text()
        for ax in fig.axes
        for text in [*ax.texts, ax.title, ax._left_title]
        if text.get_text()
    ]


def test_bars_end_at_the_ratios():
    ratios = {"loops": 3210.4, "columns": 3.14, "tiles": 0.8}
    fig, alt = ladder(ratios)
    ends = [bar.get_x() + bar.get_width() for bar in fig.axes[0].patches]
    np.testing.assert_allclose(ends, list(ratios.values()))
    assert {"loops", "3,210", "3.1", "0.8"} <= set(texts(fig))
    assert "loops: 3,210; columns: 3.1; tiles: 0.8" in alt and fig.axes[0].get_xscale() == "log"


def test_strips_count_the_runs():
    touched = np.zeros(20, bool)
    touched[[1, 2, 3, 7, 8, 19]] = True
    fig, alt = strips({"mixed": touched, "whole": np.arange(20) < 5})
    runs = [(p.get_x(), p.get_width()) for p in fig.axes[0].patches[1:]]
    assert runs == [(1, 3), (7, 2), (19, 1)] and len(fig.axes[1].patches) == 2
    assert texts(fig) == ["mixed: 3 runs of 1 to 3 numbers", "whole: 1 runs of 5 numbers"]
    assert "mixed: 3 runs" in alt


def test_lines_carry_their_data_and_name_themselves():
    fig, alt = lines(
        {"a": ([1, 2], [3.0, 4.0]), "b": ([1, 2], [5.0, 6.0])}, xlabel="size", ylabel="ms", mark=2
    )
    (ax,) = fig.axes
    assert [list(line.get_ydata()) for line in ax.lines[:2]] == [[3.0, 4.0], [5.0, 6.0]]
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "b"]
    assert "a from 3 to 4; b from 5 to 6" in alt and show(fig, alt).svg.startswith("<svg")


def test_lines_are_marked_where_asked():
    series = {"a": ([1, 2], [3.0, 4.0])}
    marked, plain = (lines(series, xlabel="size", ylabel="ms", mark=mark)[0].axes[0] for mark in (2, None))
    assert list(marked.lines[1].get_xdata()) == [2, 2] and len(plain.lines) == 1


def test_growth_draws_times_and_a_line_like_the_work():
    sizes, times, work = [8, 16, 32], [1.0, 3.0, 20.0], [64, 256, 1024]
    fig, alt = growth(dict.fromkeys(("image", "kernel", "channels", "batch"), (sizes, times, work)))
    assert len(fig.axes) == 4
    for ax in fig.axes:
        drawn, dashed = ax.lines
        assert list(drawn.get_ydata()) == times
        np.testing.assert_allclose(dashed.get_ydata(), [1.25, 5.0, 20.0])
    assert "image from 8 to 32: time times 20, work times 16" in alt


@pytest.mark.parametrize("size", [4, 6])
def test_tiles_of_outputs_read_overlapping_pixels(size):
    fig, alt = tiles(size)
    for ax, side, whole in zip(fig.axes, (4, 2), (size + 2, size), strict=True):
        cells = [p for p in ax.patches if p.get_width() == 1]
        big = {(p.get_x(), p.get_width()) for p in ax.patches if p.get_width() > 1}
        assert len(cells) == whole * whole and big == {(0, side), (2, side)}
    assert f"{size + 2} by {size + 2} pixels" in alt
