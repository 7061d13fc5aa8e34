"""The figures of chapter 13 draw and say the numbers they are given."""

import numpy as np

from cnnlib.plots.depth import fading, slopes
from cnnlib.plots.figures import STYLES, show


def test_each_slope_has_its_panel_and_its_maximum():
    z = np.linspace(-2, 2, 5)
    fig, alt = slopes(z, {"flat": [0, 0.1, 0.25, 0.1, 0], "step": [0, 0, 0, 1, 1]})
    assert [ax.get_title() for ax in fig.axes] == ["flat\nat most 0.25", "step\nat most 1"]
    assert len(fig.axes[0].lines) == 1 and len(fig.axes[1].lines) == 2, "a jump must not be a line"
    assert "of flat is at most 0.25" in alt and "that of step is at most 1" in alt
    assert show(fig, alt).svg.startswith("<svg")


def test_norms_are_drawn_relative_to_the_last_layer():
    runs = np.array([[1e-4, 1e-2, 1.0], [1e-6, 1e-2, 1.0]]) * 7
    fig, alt = fading({"fades": runs, "stays": np.ones((2, 3))})
    [ax] = fig.axes
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [1e-5, 1e-2, 1])  # geometric means
    assert [line.get_linestyle() for line in ax.lines] == list(STYLES[:2])
    assert ax.get_xlim()[0] > ax.get_xlim()[1] and ax.get_yscale() == "log"
    assert "fades 1e-05, stays 1" in alt
    band = ax.collections[0].get_paths()[0].vertices
    assert 1e-6 < band[:, 1].min() < 1e-5 < 1e-4 * 0.9 and band[:, 1].max() <= 1


def test_labels_keep_a_distance():
    fig, _ = fading({name: np.full((2, 2), 1.0) for name in "abc"})
    heights = sorted(note.xyann[1] for note in fig.axes[0].texts)
    assert np.diff(heights).min() >= 10.9
