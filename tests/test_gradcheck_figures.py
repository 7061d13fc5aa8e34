"""The figures of chapter 10 show and say the numbers they are given."""

import numpy as np

from cnnlib.plots.figures import show
from cnnlib.plots.gradcheck import error_curves, hiding, training


def test_error_curves_draw_every_method_and_name_the_best_step():
    steps = np.array([1e-8, 1e-5, 1e-2])
    fig, alt = error_curves(steps, {"forward": [1e-7, 1e-6, 1e-3], "complex step": [0.0, 1e-11, 1e-5]})
    lines = fig.axes[0].lines
    assert [line.get_label() for line in lines] == ["forward", "complex step"]
    assert lines[0].get_ydata().tolist() == [1e-7, 1e-6, 1e-3] and lines[1].get_ydata()[0] > 0
    assert "forward: smallest 1e-07 at h = 1e-08" in alt
    assert "<svg" in show(fig, alt).svg


def test_hidden_mistakes_have_empty_marks():
    fig, alt = hiding([[0.5, 0.0], [np.nan, 0.2]], ["one", "two"], ["here", "there"])
    circles = [p for p in fig.axes[0].patches if type(p).__name__ == "Circle"]
    assert [c.get_facecolor()[3] > 0 for c in circles] == [True, False, True]
    assert [tuple(c.center) for c in circles] == [(0, 0), (1, 0), (1, 1)] and len(fig.axes[0].lines) == 1
    assert "one: there; two: nothing." in alt
    assert "here" in show(fig, alt).svg


def test_training_draws_two_curves_a_mistake():
    runs = {f"m{k}": {"right": ([2.0, 1.0], 0.9), "wrong": ([2.0, 1.5 - k], 0.5)} for k in range(4)}
    fig, alt = training(runs)
    drawn = [ax for ax in fig.axes if ax.lines]
    assert len(drawn) == 4 and all(len(ax.lines) == 2 for ax in drawn)
    assert drawn[1].lines[1].get_ydata().tolist() == [2.0, 0.5]
    assert "m3: 90 % right, 50 % wrong" in alt
    assert "50 %" in show(fig, alt).svg
