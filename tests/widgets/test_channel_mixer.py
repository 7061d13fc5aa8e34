"""The ChannelMixer widget: its traits, and its arithmetic in Node against cnnlib."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
import traitlets
from node import run_tests

from cnnlib import conv2d
from cnnlib.widgets import ChannelMixer

USES = {"both": [True, True], "first": [True, False], "second": [False, True]}


def cases():
    """Mixes over every kernel size, connection table and order, with whole and halved numbers (conv-fwd)."""
    rng = np.random.default_rng(4)
    for m, table, crossed, _ in itertools.product((1, 2, 3), USES, (False, True), range(4)):
        x1, x2 = rng.integers(-9, 10, (2, 4, 4)) / 2
        k1, k2 = rng.integers(-9, 10, (2, m, m)) / 2
        widget = ChannelMixer(x1, x2, k1, k2, b=float(rng.integers(-9, 10)), table=table, crossed=crossed)
        mix = dict(maps=[widget.x1, widget.x2], kernels=[widget.k1, widget.k2], bias=widget.b)
        z = conv2d(*widget.arrays())[0, 0].tolist()
        yield dict(mix=dict(mix, uses=USES[table], crossed=crossed), z=z)


def test_the_arithmetic_in_node(tmp_path):
    """conv-fwd: the output map and each of its sums."""
    run_tests("channel_mixer", list(cases()), tmp_path)


def test_the_worked_example_and_the_trap():
    widget = ChannelMixer()
    assert conv2d(*widget.arrays())[0, 0].tolist() == [[5, 11, 1], [-1, 6, 10], [5, 10, 7]]
    widget.crossed, widget.b = True, 0
    assert conv2d(*widget.arrays())[0, 0].tolist() == [[4, -2, 10], [11, 5, 0], [6, 1, 2]]


def test_off_the_connection_table_a_map_counts_for_nothing():
    widget = ChannelMixer(table="first")
    x, w, b = widget.arrays()
    assert (conv2d(x, w, b) == conv2d(x[:, :1], w[:, :1], b)).all()


def test_one_kernel_size_for_both():
    widget = ChannelMixer(k1=[[5, 6], [7, 8]], k2=[[0, 1], [1, 0]])
    widget.kernel_size = 3
    assert widget.k1 == [[5, 6, 0], [7, 8, 0], [0, 0, 0]]
    widget.k2 = [[4]]
    assert (widget.kernel_size, widget.k1) == (1, [[5]])
    assert np.shape(ChannelMixer(kernel_size=3).k2) == (3, 3)
    assert np.shape(ChannelMixer(k1=np.eye(3)).k2) == (3, 3)


BAD = [
    ("x1", [[1, 2], [3, 4]], r"x1 must be 4 × 4; came 2 × 2"),
    ("x2", [[1, 2, 3]], r"x2 must be a square matrix"),
    ("k1", np.ones((4, 4)), r"k1 must be a square matrix of at most 3 × 3"),
    ("k2", [[float("nan")]], r"k2 must hold numbers"),
    ("b", float("nan"), r"b must be a number"),
    ("b", 1e6, r"b"),
    ("table", "none", r"table"),
    ("kernel_size", 4, r"kernel_size"),
    ("step", -1, r"step"),
]


@pytest.mark.parametrize("name, value, sentence", BAD)
def test_a_bad_trait_is_refused_and_changes_nothing(name, value, sentence):
    widget = ChannelMixer()
    before = getattr(widget, name)
    with pytest.raises(traitlets.TraitError, match=sentence):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


def test_kernels_of_two_sizes_are_refused():
    with pytest.raises(traitlets.TraitError, match=r"of one size; came \[2, 3\] and 2"):
        ChannelMixer(k1=np.eye(2), k2=np.eye(3))


START = """
from cnnlib.widgets import ChannelMixer
k1, k2 = [[1, 2, 0], [0, 1, -1], [2, 0, 1]], [[0] * 3, [0, 1, 0], [5, 0, 0]]
widget = ChannelMixer(k1=k1, k2=k2, b=3)
assert (widget.k1, widget.k2, widget.kernel_size) == (k1, k2, 3)
assert ChannelMixer(kernel_size=3).initial["kernel_size"] == 3
"""


@pytest.mark.parametrize("seed", range(3))
def test_start_values_survive_in_whatever_order_traits_are_told(seed):
    run = subprocess.run(
        [sys.executable, "-c", START],
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr


def test_the_static_picture_shows_the_state():
    assert '<td class="picked">5</td>' in ChannelMixer().static_html()
    assert ChannelMixer().static_html().count("<table") == 5
    assert "x₁ under K₂" in ChannelMixer(crossed=True).static_html()
