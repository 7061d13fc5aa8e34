"""The Geometry widget: its traits, and its arithmetic in Node over the whole range of every slider."""

import itertools

import numpy as np
import pytest
import traitlets
from node import run_tests

from cnnlib import conv2d, output_size
from cnnlib.widgets import Geometry

SLIDERS = range(1, 11), range(1, 6), range(1, 5), range(0, 5), range(1, 4)


def read_by(n, m, **geometry):
    """List the pixels each output reads, found by lighting one pixel at a time (conv-fwd)."""
    lit = conv2d(np.eye(n, dtype=int)[:, None, None], np.ones((1, 1, 1, m), int), **geometry)
    return lit[:, 0, 0].T


def case(n, m, stride, padding, dilation):
    """One setting: its size by cnnlib, 0 where cnnlib refuses, and the pixels no output reads."""
    geometry = dict(n=n, m=m, stride=stride, padding=padding, dilation=dilation)
    options = dict(stride=(1, stride), padding=(0, padding), dilation=(1, dilation))
    try:
        size = output_size(n, m, stride=stride, padding=padding, dilation=dilation)
    except ValueError:
        return dict(geometry=geometry, size=0, unread=list(range(n)))
    unread = np.flatnonzero(~read_by(n, m, **options).any(axis=0))
    return dict(geometry=geometry, size=size, unread=unread.tolist())


def test_the_arithmetic_in_node(tmp_path):
    """out-size: formula, counting and cnnlib agree in every setting, and so do the pixels nobody reads."""
    cases = [case(*setting) for setting in itertools.product(*SLIDERS)]
    run_tests("geometry", cases, tmp_path)


@pytest.mark.parametrize(
    "n, m, stride, padding, dilation", [(8, 3, 2, 0, 1), (7, 3, 2, 1, 2), (5, 4, 1, 3, 1)]
)
def test_windows_are_those_of_the_kernel(n, m, stride, padding, dilation):
    widget = Geometry(image_size=n, kernel_size=m, stride=stride, padding=padding, dilation=dilation)
    options = dict(stride=(1, stride), padding=(0, padding), dilation=(1, dilation))
    for taps, read in zip(widget.windows(), read_by(n, m, **options), strict=True):
        assert [k - padding for k in taps if 0 <= k - padding < n] == np.flatnonzero(read).tolist()


def test_a_window_that_does_not_fit_is_a_state_not_an_error():
    widget = Geometry(image_size=2, kernel_size=3, dilation=3)
    assert widget.windows() == [] and "no window" in widget.static_html()


@pytest.mark.parametrize(
    "name, value",
    [("image_size", 0), ("kernel_size", 6), ("stride", 0), ("padding", -1), ("dilation", 1.5), ("step", -1)],
)
def test_a_bad_trait_is_refused_and_changes_nothing(name, value):
    widget = Geometry()
    before = getattr(widget, name)
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


def test_the_static_picture_shows_every_window():
    html = Geometry().static_html()
    assert html.count("<tr>") == 4 and html.count('class="picked"') == 3 and "1 cells lie" not in html
    assert "1 cell lies behind" in html
