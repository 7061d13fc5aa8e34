"""The figures of chapter 01 draw and say what their arguments say."""

import numpy as np
import pytest

from cnnlib.plots.figures import show
from cnnlib.plots.perceptron import activations, planes, unit

CORNERS = [[0, 0], [0, 1], [1, 0], [1, 1]]


def drawn(fig):
    return [text.get_text() for ax in fig.axes for text in [*ax.texts, ax.title, ax.xaxis.label]]


@pytest.mark.parametrize("x, w, b", [((1, 0), (2, 1), -1), ((2, 3), (-1, 4), 5), ((1, 1), (1, -2), 0)])
def test_unit_adds_up(x, w, b):
    fig, alt = unit(x, w, b)
    z = int(np.dot(x, w) + b)
    texts = [text.replace("−", "-") for text in drawn(fig)]
    assert f"z = {z}" in texts and f"sign z = {np.sign(z)}" in texts and f"w₂ = {w[1]}" in texts
    assert f"the sum z = {z}" in alt


def test_the_line_drawn_is_the_line_given():
    fig, alt = planes(CORNERS, {"AND": ([-1, -1, -1, 1], ((3, 2), -4)), "XOR": ([-1, 1, 1, -1], None)})
    (p, q) = fig.axes[0].lines[-1].get_data()
    assert np.allclose(3 * p + 2 * q - 4, 0, rtol=0, atol=1e-12)
    assert "the line 3 x1 + 2 x2 = 4" in alt and "XOR: no line" in alt
    ends = [sorted(map(tuple, line.get_xydata().tolist())) for line in fig.axes[1].lines[-2:]]
    assert ends == [[(0, 1), (1, 0)], [(0, 0), (1, 1)]]


def test_slopes_are_the_slopes_of_the_curves_above():
    fig, alt = activations()
    above, below = (ax.lines for ax in fig.axes)
    for curve, slope in list(zip(above, below, strict=True))[1:]:  # differences, step 0.05
        z, y = curve.get_data()
        assert np.allclose(np.gradient(y, z)[1:-1], slope.get_ydata()[1:-1], atol=2e-3)
    assert (below[0].get_ydata() == 0).all() and np.isnan(above[0].get_ydata()).sum() == 1
    assert 'role="img"' in show(fig, alt).svg
