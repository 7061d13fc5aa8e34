"""Figures are inline SVG that follow the page's colours, describe themselves and never change by chance."""

import re
import subprocess
import sys
from itertools import pairwise
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_hex

from cnnlib.plots import figures
from cnnlib.plots.figures import DELTA, INK, W, X, Y, confusion, curves, grid, heat, panels, show

SVG = "{http://www.w3.org/2000/svg}"


def sample():
    """A figure that uses text, ticks, curves, cells and a clip path."""
    fig, axes = panels(1, 2)
    curves(axes[0], {"train": [3.0, 2.0, 1.0], "test": [3.0, 2.5, 0.9]}, xlabel="epoch", ylabel="loss")
    heat(axes[1], [[1.0, -1.0], [0.0, 0.5]], numbers="{:.1f}")
    return fig


def test_empty_description_is_refused():
    with pytest.raises(ValueError, match="description of the figure in alt, got an empty one"):
        show(sample(), "  ")


def test_description_is_escaped_and_announced():
    root = ElementTree.fromstring(show(sample(), 'loss < 1 & "falling"').svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'loss < 1 & "falling"'


def test_a_drawing_shows_itself_and_leaves_no_open_figure_behind(monkeypatch):
    closed, fig = [], sample()
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", SimpleNamespace(close=closed.append))
    drawing = show(fig, "curves")
    assert drawing._repr_html_() == f'<div class="cnn-figure">{drawing.svg}</div>'
    assert drawing._repr_png_().startswith(b"\x89PNG") and closed == [fig]


def test_same_figure_gives_the_same_bytes_in_another_process():
    code = ("import sys; sys.path.insert(0, 'tests'); from test_figures import *; "
            "d = show(sample(), 'a'); sys.stdout.write(d.svg + d.png.hex())")
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                           cwd=figures.__file__.rsplit("cnnlib", 1)[0]) for _ in range(2)]
    assert runs[0].stdout == runs[1].stdout
    assert runs[0].stdout.startswith("<svg")
    assert "dc:date" not in runs[0].stdout


def test_every_id_is_used_and_differs_between_descriptions():
    one, two = (show(sample(), alt).svg for alt in ("first", "second"))
    ids = re.findall(r' id="([^"]+)"', one)
    assert ids, "the curves need a clip path"
    assert len(ids) == len(set(ids))
    assert all(f"#{i}" in one for i in ids)
    assert not set(ids) & set(re.findall(r' id="([^"]+)"', two))


def test_text_stays_text_and_takes_the_page_font():
    root = ElementTree.fromstring(show(sample(), "curves").svg)
    texts = {"".join(t.itertext()): t.get("style") for t in root.iter(f"{SVG}text")}
    assert {"epoch", "loss", "train", "test", "−1.0"} <= set(texts)
    assert all("--pst-font-family-base" in style for style in texts.values())


def test_no_style_rule_reaches_outside_the_figure():
    root = ElementTree.fromstring(show(sample(), "curves").svg)
    (style,) = list(root.iter(f"{SVG}style"))
    selectors = [s for rule in re.findall(r"([^{}]+)\{", style.text) for s in rule.split(",")]
    assert len(selectors) == 3
    for selector in selectors:
        assert re.search(r"\.cnn-figure\)?$", selector), f"{selector} would change more than figures"


@pytest.mark.parametrize("colour, variable", [(X, "--cnn-x"), (W, "--cnn-w"), (Y, "--cnn-y"),
                                              (DELTA, "--cnn-delta"), (INK, "--pst-color-text-base")])
def test_palette_colours_become_variables_with_a_fallback(colour, variable):
    fig, ax = panels()
    curves(ax, {"line": [1, 2]}, colours=(colour,))
    svg = show(fig, "a line").svg
    assert f"stroke: var({variable}, " in svg
    assert not re.search(rf"(fill|stroke): {colour}", svg)


def test_black_text_added_by_hand_follows_the_page_too():
    fig, ax = panels()
    ax.text(0.5, 0.5, "by hand", color="black")
    assert "#000000" not in show(fig, "text").svg


def test_background_is_transparent_and_size_fluid():
    svg = show(sample(), "curves").svg
    root = ElementTree.fromstring(svg)
    assert "width:100%" in root.get("style") and root.get("width") is None
    assert "#ffffff" not in svg


def opacities(axes):
    """Colour and opacity of every group of cells."""
    return {(p.get_gid(), to_hex(p.get_facecolor())): p.get_alpha() for p in axes.patches}


def test_zero_draws_nothing_and_signs_take_opposite_colours():
    _, ax = panels()
    heat(ax, [[0.0, 2.0], [-1.0, 0.0]])
    assert opacities(ax) == {("cells", figures.POSITIVE): 1.0, ("cells", figures.NEGATIVE): 0.5}
    assert [len(p.get_path().vertices) // 5 for p in ax.patches] == [1, 1]


def test_a_cell_is_drawn_at_its_row_and_column():
    _, ax = panels()
    heat(ax, [[0.0, 0.0, 3.0], [0.0, 0.0, 0.0]])
    (patch,) = ax.patches
    assert patch.get_path().get_extents().bounds == (2.0, 0.0, 1.0, 1.0)
    assert ax.get_ylim() == (2.0, 0.0), "row 0 is on top"


def test_grid_shares_one_scale_and_shows_it():
    fig = grid([np.eye(2), -4 * np.eye(2)], titles=["a", "b"], columns=2)
    first, second, legend = (ax for ax in fig.axes)
    assert list(opacities(first).values()) == [0.25]
    assert list(opacities(second).values()) == [1.0]
    assert [t.get_text() for t in legend.get_xticklabels()] == ["−4", "0", "4"]
    assert [ax.get_title() for ax in (first, second)] == ["a", "b"]


def test_grid_of_magnitudes_has_no_legend_and_hides_spare_axes():
    fig = grid([np.ones((2, 2))] * 3, columns=2, colour=X)
    assert len(fig.axes) == 4 and not fig.axes[3].axison


def test_runs_are_drawn_as_mean_and_range():
    _, ax = panels()
    curves(ax, {"runs": [[1.0, 2.0], [3.0, 6.0]]})
    assert list(ax.lines[0].get_ydata()) == [2.0, 4.0]
    band = ax.collections[0].get_paths()[0].get_extents()
    assert (band.y0, band.y1) == (1.0, 6.0)


def test_labels_of_close_curves_do_not_overlap():
    fig, ax = panels()
    curves(ax, {"a": [0.0, 1.0], "b": [0.0, 1.0001], "c": [0.0, 1.0002]})
    fig.draw_without_rendering()
    tops = sorted((t.get_window_extent().y0, t.get_window_extent().y1) for t in ax.texts)
    assert len(tops) == 3
    assert all(below[1] <= above[0] + 2 for below, above in pairwise(tops))


def test_confusion_prints_counts_and_shades_only_errors():
    fig = confusion([[5, 2], [0, 7]])
    (ax,) = fig.axes
    assert [t.get_text() for t in ax.texts] == ["5", "2", "·", "7"]
    (patch,) = ax.patches
    assert patch.get_path().get_extents().bounds == (1.0, 0.0, 1.0, 1.0)
