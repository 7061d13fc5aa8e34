"""The figures of chapter 07 draw and say what the kernels compute."""

import numpy as np
import pytest

from cnnlib import avg_pool2d_backward, max_pool2d_backward, upsample
from cnnlib.plots.figures import show
from cnnlib.plots.pooling import feeding, spreading, two_ways_back, use_counts

X = np.array([[5, -2, 7, 0], [1, 4, 3, 8], [2, 2, 6, 1], [9, 0, 3, 3]])
DELTA = np.array([[4, -8], [12, 16]])


def drawn(fig):
    """List every text of a figure."""
    return [text.get_text() for ax in fig.axes for text in ax.texts]


def shown(values):
    return [f"{value:g}".replace("-", "−") for value in np.ravel(values)]


@pytest.mark.parametrize("scale", [2, 3])
def test_spreading_draws_up(scale):
    fig, alt = spreading(DELTA, scale)
    cells = [text for text in drawn(fig) if text.lstrip("−").isdigit()]
    assert cells == shown(DELTA) + shown(upsample(DELTA, scale))
    assert "12, 12" in alt and f"{scale} by {scale}" in alt


def test_feeding_names_the_pixels_of_each_block():
    rows = np.arange(1, 17).reshape(4, 4)
    fig, alt = feeding(rows, 2)
    assert "d₁₁ from 1, 2, 5, 6; d₁₂ from 3, 4, 7, 8" in alt and "d₂₂ from 11, 12, 15, 16" in alt
    blocks = rows.reshape(2, 2, 2, 2).swapaxes(1, 2).reshape(4, 4)
    assert [text for text in drawn(feeding(blocks, 2)[0]) if text.isdigit()] == shown(blocks)
    assert [text for text in drawn(fig) if text.isdigit()] == shown(rows)


def test_two_ways_back_are_those_of_the_kernels():
    fig, alt = two_ways_back(X, DELTA, 2)
    args = DELTA[None, None], X[None, None], 2
    ways = max_pool2d_backward(*args), avg_pool2d_backward(*args)
    cells = [text for text in drawn(fig) if text.lstrip("−").isdigit()]
    assert cells == shown(X) + shown(DELTA) + shown(ways[0]) + shown(ways[1])
    assert "1, 1, -2, -2" in alt and "4, 0, 0, 0" in alt


@pytest.mark.parametrize("n, size, stride", [(5, 3, 2), (6, 3, 1), (7, 2, 3)])
def test_use_counts_count_windows(n, size, stride):
    fig, alt = use_counts(n, size, stride)
    starts = range(0, n - size + 1, stride)
    along = [sum(s <= pixel < s + size for s in starts) for pixel in range(n)]
    counts = np.outer(along, along)
    assert drawn(fig)[: n * n] == shown(counts)
    assert f"{len(starts) ** 2} windows" in alt


def test_figures_become_svg_with_their_description():
    for figure in (spreading(DELTA, 2), feeding(X, 2), two_ways_back(X, DELTA, 2), use_counts(5, 3, 2)):
        assert f'aria-label="{figure[1][:30]}' in show(*figure).svg
