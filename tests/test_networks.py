"""The figures of chapter 05 draw and say what the kernels compute."""

import re

import numpy as np
import pytest

from cnnlib import conv2d_backward
from cnnlib.plots.figures import show
from cnnlib.plots.networks import gradient_flow, kernel_gradient, node_map

W = np.array([[5, 7], [11, 13]])
DELTA = np.array([[2, -3, 4], [1, 6, -5], [9, 8, 3]])


def drawn(fig):
    """List every text of a figure."""
    return [text.get_text() for ax in fig.axes for text in [*ax.texts, ax.title]]


def pulled_back(x, delta):
    """Return the input's and the kernel's gradient of single maps."""
    dx, dw, _ = conv2d_backward(delta[None, None], x[None, None], W[None, None])
    return dx[0, 0], dw[0, 0]


@pytest.mark.parametrize("x, w, delta", [(5, 2, 3), (-4, 7, 2)])
def test_flow_multiplies_upstream_by_local(x, w, delta):
    fig, alt = gradient_flow(x, w, delta)
    assert f"∂E/∂x = δ·k = {delta}·{w} = {delta * w}" in drawn(fig)
    assert f"∂E/∂k = δ·x = {delta}·{x} = {delta * x}" in drawn(fig)
    assert all(str(value) in alt for value in (x, w, delta, w * x, delta * w, delta * x))


@pytest.mark.parametrize("node", range(1, 17))
def test_node_map_writes_the_sum_that_conv_dx_gives(node):
    fig, alt = node_map(DELTA, W, node)
    gamma = pulled_back(np.zeros((4, 4), int), DELTA)[0].flat[node - 1]
    (numbers,) = [text for text in drawn(fig) if text.startswith("= ")]
    terms, total = numbers[2:].rsplit(" = ", 1)
    products = [re.fullmatch(r"(-?\d+)·(-?\d+)", term).groups() for term in terms.split(" + ")]
    assert int(total) == gamma == sum(int(tap) * int(delta) for tap, delta in products)
    assert numbers in alt
    outlets = {1: 1, 4: 1, 13: 1, 16: 1, 6: 4, 7: 4, 10: 4, 11: 4}.get(node, 2)
    assert len(products) == outlets == sum("k" in text and "δ" not in text for text in drawn(fig))


def test_node_map_refuses_larger_kernels():
    with pytest.raises(ValueError, match=r"2×2 kernels, got w of shape \(3, 3\)"):
        node_map(DELTA, np.ones((3, 3), int), 7)


def test_kernel_figure_shows_conv_dw_and_the_window_of_each_tap():
    x = np.arange(16).reshape(4, 4) - 3
    fig, alt = kernel_gradient(x, DELTA)
    dw = pulled_back(x, DELTA)[1]
    titles = [ax.get_title() for ax in fig.axes]
    assert [int(title.rsplit(" ", 1)[1]) for title in titles] == dw.ravel().tolist()
    assert all(str(total) in alt for total in dw.flat)
    for ax in fig.axes:
        marks = [text.get_text() for text in ax.texts if text.get_text().startswith("·")]
        assert marks == [f"·{value}" for value in DELTA.flat]


def test_figures_become_svg_with_their_description():
    image = np.eye(4, dtype=int)
    for figure in (gradient_flow(5, 2, 3), node_map(DELTA, W, 7), kernel_gradient(image, DELTA)):
        svg = show(*figure).svg
        assert 'role="img"' in svg and f'aria-label="{figure[1][:30]}' in svg
