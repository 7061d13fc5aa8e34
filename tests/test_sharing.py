"""The figures of chapter 03 draw what they say, and SciPy's correlation is as equivariant as ours."""

import re

import numpy as np
import pytest
from scipy.signal import convolve2d, correlate2d

from cnnlib import conv2d, conv_transpose2d
from cnnlib.plots.figures import show
from cnnlib.plots.sharing import connections, pipeline


def drawn(fig):
    """List every text of a figure."""
    return [text.get_text() for ax in fig.axes for text in [*ax.texts, ax.title]]


@pytest.mark.parametrize("n, m, counts", [(7, 3, (35, 15, 3)), (5, 2, (20, 8, 2))])
def test_connections_are_lines_that_can_be_counted(n, m, counts):
    fig, alt = connections(n, m)
    lines = [sum(line.get_ydata()[0] > 0 for line in ax.lines) for ax in fig.axes]
    assert lines == [counts[0], counts[1], counts[1]]
    styles = {line.get_linestyle() for line in fig.axes[2].lines}
    assert len(styles) == m == counts[2]
    titles = [ax.get_title() for ax in fig.axes]
    assert titles[2] == f"shared: {counts[1]} connections, {counts[2]} different weights"
    assert all(title in alt for title in titles)


def test_the_pipeline_names_its_stages_and_sizes():
    fig, alt = pipeline((3, 16, 16), (8, 12, 12), (8, 6, 6), 30, 4)
    texts = drawn(fig)
    assert [text[0] for text in texts if re.match(r"[ICSXNO]: ", text)] == list("ICSXNO")
    assert {"3 × 16 × 16", "8 × 12 × 12", "8 × 6 × 6", str(8 * 36), "30", "4"} <= set(texts)
    assert texts.count("⋮") == 2, "four outputs are all drawn"
    assert "vector X of 288 numbers" in alt and show(fig, alt).svg.startswith("<svg")


@pytest.mark.parametrize("p, q", [(0, 1), (2, 0), (1, 3)])
def test_scipy_follows_the_picture_too(p, q):
    """equivariance, correlation: both sides by SciPy, and the library's output moved by the same shift."""
    rng = np.random.default_rng(7)
    x, k = rng.integers(-9, 10, (8, 9)), rng.integers(-9, 10, (3, 2))
    moved = rng.integers(-9, 10, x.shape)
    moved[p:, q:] = x[: 8 - p, : 9 - q]
    after = correlate2d(moved, k, mode="valid")[p:, q:]
    before = correlate2d(x, k, mode="valid")
    assert (after == before[: before.shape[0] - p, : before.shape[1] - q]).all()
    assert (conv2d(moved[None, None], k[None, None])[0, 0, p:, q:] == after).all()


@pytest.mark.parametrize("n, m, P", [(6, 3, 0), (6, 3, 1), (6, 3, 2), (5, 4, 1), (4, 1, 0)])
def test_ones_sent_back_count_the_uses_of_a_pixel(n, m, P):
    """border-uses: SciPy's full convolution of ones, cropped by the padding, in both directions."""
    o = n + 2 * P - m + 1
    full = convolve2d(np.ones((o, o)), np.ones((m, m)))
    u = [min(s + P, o - 1) - max(0, s + P - m + 1) + 1 for s in range(n)]
    sent = conv_transpose2d(np.ones((1, 1, o, o)), np.ones((1, 1, m, m)), padding=P)[0, 0]
    assert (sent == np.outer(u, u)).all() and (sent == full[P : P + n, P : P + n]).all()
