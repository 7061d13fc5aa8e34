"""The figures of chapter 09 draw what they are given."""

import re

import numpy as np
import pytest

from cnnlib.plots.figures import show
from cnnlib.plots.last_mile import one_unit, orders


@pytest.mark.parametrize("shape", [(2, 2, 3), (1, 3, 2), (2, 1, 1)])
def test_every_number_stands_in_its_map_and_in_every_order(shape):
    maps = np.arange(np.prod(shape)).reshape(shape) + 5
    backward = maps.ravel()[::-1]
    fig, alt = orders(maps, {"as stored": maps.ravel(), "backward": backward})
    texts = [text for text in fig.axes[0].texts if re.fullmatch(r"\d+", text.get_text())]
    assert len(texts) == 3 * maps.size
    rows = {}
    for text in texts[maps.size :]:
        rows.setdefault(text.get_position()[1], []).append((text.get_position()[0], int(text.get_text())))
    found = [[number for _, number in sorted(row)] for _, row in sorted(rows.items())]
    assert found == [maps.ravel().tolist(), backward.tolist()]
    assert f"backward: {', '.join(map(str, backward))}." in alt
    assert show(fig, alt).svg.startswith("<svg")


def test_a_strip_keeps_the_colours_of_the_maps():
    maps = np.arange(4).reshape(2, 1, 2)
    fig, _ = orders(maps, {"crossed": [2, 0, 3, 1]})
    faces = [patch.get_facecolor() for patch in fig.axes[0].patches if patch.get_alpha()]
    assert faces[4:] == [faces[2], faces[0], faces[3], faces[1]] and faces[0] != faces[2]


def test_the_unit_is_drawn_step_by_step_and_the_crossing_is_said():
    z = np.linspace(-3, 1, 5)
    outputs = {"quick": [0.1, 0.4, 0.6, 0.9], "slow": [0.1] * 30 + [0.8]}
    fig, alt = one_unit(z, {"quick": z**2, "slow": 0 * z + 2}, outputs)
    above, below = fig.axes
    assert [line.get_ydata().tolist() for line in above.lines] == [(z**2).tolist(), [2.0] * 5]
    drawn = {line.get_label(): dict(zip(*line.get_data(), strict=True)) for line in below.lines}
    assert drawn["quick"] == {1: 0.4, 2: 0.6, 3: 0.9}
    assert drawn["slow"][1] == 0.1 and drawn["slow"][30] == 0.8
    styles = [line.get_linestyle() for line in above.lines]
    assert len(set(styles)) == 2
    for ax in (above, below):
        assert [text.get_text() for text in ax.texts] == ["quick", "slow"]
    assert [text.xy for text in below.texts] == [(2, 0.5), (30, 0.5)]
    assert "quick after 2 steps, slow after 30 steps" in alt and "9.0 on the left" in alt
