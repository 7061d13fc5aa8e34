"""The Im2colView widget: its traits, its picture, and its arithmetic in Node over every setting."""

import itertools

import numpy as np
import pytest
import traitlets
from node import run_tests

from cnnlib import conv2d, conv2d_backward
from cnnlib.fast import col2im, im2col
from cnnlib.widgets import Im2colView

SETTINGS = list(itertools.product(range(3, 7), (1, 2, 3), (1, 2), (0, 1), ("rows", "columns")))


def case(n, m, stride, padding, order, rng):
    """One setting with random whole numbers, and what cnnlib.fast and cnnlib.conv make of them."""
    options = {"stride": stride, "padding": padding}
    x, w = rng.integers(-9, 10, (1, 1, n, n)), rng.integers(-9, 10, (1, 1, m, m))
    y, columns = conv2d(x, w, **options), im2col(x, m, **options)
    delta = rng.integers(-9, 10, y.shape)
    dx, dw, _ = conv2d_backward(delta, x, w, **options)
    outputs = np.arange(y.size).reshape(y.shape[2:])
    places = (outputs if order == "rows" else outputs.T).ravel()
    c = rng.integers(-9, 10, columns.shape)
    uses = col2im(np.ones_like(columns), (n, n), m, **options)
    return {
        "setting": dict(n=n, m=m, order=order, **options),
        "order": places.tolist(),
        **{name: a[0, 0].tolist() for name, a in dict(x=x, w=w, delta=delta, y=y, dx=dx, dw=dw).items()},
        **{"columns": columns[0][:, places].tolist(), "c": c[0][:, places].tolist()},
        "back": col2im(c, (n, n), m, **options)[0, 0].tolist(),
        "uses": uses[0, 0].tolist(),
    }


def test_the_arithmetic_in_node(tmp_path):
    """im2col, im2col-adjoint, col2im-uses, conv-gemm, conv-gemm-backward in all 96 settings."""
    rng = np.random.default_rng(14)
    run_tests("im2col_view", [case(*setting, rng) for setting in SETTINGS], tmp_path)


@pytest.mark.parametrize("view", ["forward", "backward", "round"])
@pytest.mark.parametrize("n, m, stride, padding, order", SETTINGS[::7])
def test_the_static_picture_shows_the_numbers_of_the_kernels(n, m, stride, padding, order, view):
    widget = Im2colView(image_size=n, kernel_size=m, stride=stride, padding=padding, order=order, view=view)
    x, w, delta = widget.arrays()
    y = conv2d(x, w, **widget.geometry())
    places, columns = widget.columns()
    html = widget.static_html()
    last = {
        "forward": y.ravel()[places],
        "backward": conv2d_backward(delta, x, w, **widget.geometry())[0].ravel(),
        "round": (x * col2im(np.ones((1, m * m, y.size), int), (n, n), m, **widget.geometry())).ravel(),
    }[view]
    entries = [int(text.split("<")[0].replace("−", "-")) for text in html.split("<td>")[1:]]
    assert entries[-len(last) :] == last.tolist()
    assert len(html.split("<table")) == 5 - (view == "round") and columns.shape == (m * m, y.size)


def test_the_worked_example_is_the_initial_state():
    widget = Im2colView()
    assert widget.columns()[1].tolist() == [[1, 2, 4, 5], [2, 3, 5, 6], [4, 5, 7, 8], [5, 6, 8, 9]]
    assert widget.initial["focus"] == 1 and "<td>47</td>" in widget.static_html()


def test_sizes_follow_and_own_numbers_keep_their_corner():
    widget = Im2colView(x=[[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    widget.padding = 1
    assert len(widget.delta) == 4 and widget.delta[3][3] == 16
    widget.image_size = 4
    assert widget.x[1] == [1, 0, 1, 0] and widget.x[3] == [0, 0, 0, 0] and len(widget.delta) == 5
    widget.w = [[1, 0, -1]] * 3
    assert widget.kernel_size == 3 and len(widget.delta) == 4


def test_a_change_from_the_page_may_set_sizes_and_numbers_at_once():
    widget, seen = Im2colView(), []
    widget.observe(lambda change: seen.append(change.new), "kernel_size")
    widget.set_state({"kernel_size": 1, "w": [[5]], "delta": [[1, 2, 3], [4, 5, 6], [7, 8, 9]]})
    assert seen == [1] and widget.w == [[5]] and widget.outputs() == 3


@pytest.mark.parametrize(
    "name, value, sentence",
    [
        ("x", [[1, 2], [3]], "x must be a square matrix"),
        ("x", np.ones((7, 7)), "x must be a square matrix of at most 6 × 6"),
        ("x", np.ones((2, 2)), "x must be at least 3 × 3; came 2 × 2|image_size"),
        ("w", [[1, "2"], [3, 4]], "w must .* came the entry '2'"),
        ("w", [[1e6]], "w must hold numbers .* came 1000000"),
        ("delta", [[1]], "delta must be 2 × 2, one entry per window; came 1 × 1"),
        ("image_size", 2, "image_size"),
        ("kernel_size", 4, "kernel_size|w must be .* at most 3 × 3"),
        ("stride", 0, "stride"),
        ("padding", 2, "padding"),
        ("view", "sideways", "view"),
        ("order", "random", "order"),
        ("focus_on", "z", "focus_on"),
        ("focus", -1, "focus"),
        ("frame", -2, "frame"),
        ("speed", "warp", "speed"),
    ],
)
def test_a_bad_trait_is_refused_in_a_sentence(name, value, sentence):
    with pytest.raises(traitlets.TraitError, match=sentence):
        Im2colView(**{name: value})
    widget = Im2colView()
    before = widget.get_state()
    with pytest.raises(traitlets.TraitError, match=sentence):
        setattr(widget, name, value)
    assert widget.get_state() == before


def test_an_unknown_trait_is_named():
    with pytest.raises(TypeError, match="Im2colView has no trait 'batch'"):
        Im2colView(batch=2)
