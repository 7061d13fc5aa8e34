"""The widget of chapter 06 on the built page: every control by mouse and keys, agreement with cnnlib."""

import itertools

import numpy as np
import pytest
from pages import eventually
from test_widget_controls import NONSENSE
from widget_page import NUMBERS, cell, numbers, panel, reset, starting

from cnnlib import conv2d, conv2d_backward, conv_matrix
from cnnlib.widgets.base import counting, resize

PAGE = "/notebooks/06-sparse-matrix-view.html"
RANGES = {
    "image": range(2, 7),
    "kernel": range(1, 5),
    "stride": range(1, 4),
    "padding": range(3),
    "dilation": (1, 2),
}
DELTA = [[1, 0], [2, -1]]
TITLES = {"forward": "W", "backward": "Wᵀ", "gradient": "G = δ xᵀ"}


@pytest.fixture
def opened(book_http, page_factory):
    """Return a function that opens chapter 06: its first widget, the page, what the page complained of."""

    def open_widget(base=book_http, **options):
        page, seen = page_factory(**options)
        page.goto(base + PAGE)
        widget = page.locator(".cnn-widget.conv-matrix").first
        widget.scroll_into_view_if_needed()
        return widget, page, seen

    return open_widget


def choose(widget, value):
    widget.locator(f"input[value={value}]").check(force=True)


def said(widget):
    return widget.locator(".says").inner_text()


def line(widget):
    return "".join(widget.locator(".sum").inner_text().split())


# --- agreement with cnnlib ----------------------------------------------------------------------
SWEEP = """async (widget, settings) => {
  const read = NUMBERS;
  const ranges = [...widget.querySelectorAll('input[type=range]')].slice(0, 5);
  const pieces = (path, part) => path.getAttribute('d').split(part).length - 1;
  const count = (kind, part) => [...widget.querySelectorAll(kind)].reduce((n, p) => n + pieces(p, part), 0);
  const result = [];
  let slowest = 0;
  for (const setting of settings) {
    const begin = performance.now();
    ranges.forEach((slider, k) => {
      if (slider.value === String(setting[k])) return;
      slider.value = setting[k];
      slider.dispatchEvent(new Event('input', {bubbles: true}));
    });
    await Promise.resolve();
    slowest = Math.max(slowest, performance.now() - begin);
    const large = !widget.querySelector('.cm-scroll').hidden;
    result.push({ numbers: read(widget), large,
      warned: widget.querySelector('.says').className.includes('warning'),
      counts: [...widget.querySelectorAll('.choice')[1].querySelectorAll('span')].map((e) => e.textContent),
      total: widget.querySelector('.total')?.textContent ?? '',
      squares: large ? count('.cm-squares:not(.x, .y, .d)', 'h13v13') : 0,
      lines: widget.querySelector('.cm-drawing').hidden ? 0 : count('.cm-line:not(.lit)', 'M') });
  }
  return [result, slowest];
}""".replace("NUMBERS", NUMBERS)


def expected(n, m, stride, padding, dilation):
    """W and the three products by cnnlib; None where the kernel does not fit."""
    if dilation * (m - 1) >= n + 2 * padding:
        return None
    geometry = dict(stride=stride, padding=padding, dilation=dilation)
    x, w = (np.array(counting(size))[None, None] for size in (n, m))
    y = conv2d(x, w, **geometry)
    delta = np.array(resize(DELTA, y.shape[2]))[None, None]
    dx, dw, _ = conv2d_backward(delta, x, w, **geometry)
    matrix = conv_matrix(w, (1, n, n), **geometry)
    return dict(
        x=x.ravel(), delta=delta.ravel(), matrix=matrix, forward=y.ravel(), backward=dx.ravel(), dw=dw[0, 0]
    )


def table(known, view):
    """The table of a view: one vector above, one at the left, the matrix between them."""
    inner = {"forward": known["matrix"], "backward": known["matrix"].T}
    inner = inner.get(view, np.outer(known["delta"], known["x"]))
    above = known["delta"] if view == "backward" else known["x"]
    left = known["delta"] if view == "gradient" else known[view]
    return [[0, *above.tolist()], *([a, *row] for a, row in zip(left.tolist(), inner.tolist(), strict=True))]


@pytest.mark.parametrize("view", TITLES)
def test_the_numbers_are_those_of_cnnlib_over_the_whole_range_of_every_slider(opened, view):
    """conv-matrix, matrix-dx, tied-sum: matrix, vectors, kernel, counts, lines, sum of the first focus."""
    widget, _, seen = opened()
    choose(widget, view)
    widget.locator("summary").click()
    choose(widget, {"forward": "y", "backward": "x", "gradient": "w"}[view])
    settings = list(itertools.product(*RANGES.values()))
    answers, _ = widget.evaluate(SWEEP, settings)
    large = refused = 0
    for setting, found in zip(settings, answers, strict=True):
        known = expected(*setting)
        refused += found["warned"]
        assert found["warned"] == (known is None), setting
        if known is None:
            continue
        nonzero, taps = np.count_nonzero(known["matrix"]), setting[1] ** 2
        assert found["counts"] == [f"dense {known['matrix'].size}", f"local {nonzero}", f"shared {taps}"]
        kernel = known["dw"] if view == "gradient" else np.array(counting(setting[1]))
        rounded = np.array(starting(found["numbers"], "∂E/∂K" if view == "gradient" else "K"))
        assert (rounded == kernel).all() and found["lines"] == nonzero, setting
        first = known["dw"].flat[0] if view == "gradient" else known[view][0]
        assert found["total"].replace("−", "-") == str(first), setting
        large += found["large"]
        assert found["large"] == (max(known["matrix"].shape) >= 17)
        if found["large"]:
            assert found["squares"] == nonzero
        else:
            assert found["numbers"][TITLES[view]] == table(known, view), setting
    assert len(settings) == 360 and large > 150 and refused > 40
    seen.assert_clean()


# --- pointing -----------------------------------------------------------------------------------
def test_the_first_picture_is_the_worked_example(opened):
    widget, _, seen = opened()
    assert line(widget) == "y1=k11x1+k12x2+k21x4+k22x5=1·1+2·2+3·4+4·5=37"
    assert panel(widget, "W").locator(".cnn-cell.lit").count() == 1 + 4 + 4
    assert widget.locator(".cm-tag").all_text_contents() == ["k11", "k12", "k21", "k22"]
    seen.assert_clean()


def test_forward_becomes_backward(opened):
    widget, _, _ = opened()
    before = starting(numbers(widget), "W")
    cell(widget, "W", 0, 5).hover()
    assert said(widget) == "Column 5 of W belongs to pixel 5, which feeds outputs 1, 2, 3 and 4."
    choose(widget, "backward")
    after = starting(numbers(widget), "Wᵀ")
    assert [row[1:] for row in after[1:]] == [list(column) for column in zip(*before[1:], strict=True)][1:]
    assert line(widget) == "γ5=k22δ1+k21δ2+k12δ3+k11δ4=4·1+3·0+2·2+1·(−1)=7"
    assert "Row 5 of Wᵀ was column 5 of W" in said(widget)


def test_a_tap_is_chosen_in_the_kernel_the_matrix_and_the_network(opened):
    widget, page, _ = opened()
    cell(widget, "K", 1, 0).hover()
    wanted = line(widget)
    assert wanted == "∂E/∂k21=δ1x4+δ2x5+δ3x7+δ4x8=1·4+0·5+2·7+(−1)·8=10"
    assert said(widget).startswith("Tap k21 stands in W 4 times, once in every row.")
    reset(widget)
    cell(widget, "W", 2, 5).hover()
    assert line(widget) == wanted and panel(widget, "W").locator(".cnn-cell.lit").count() == 12
    reset(widget)
    box = widget.locator(".cm-drawing svg").bounding_box()
    page.mouse.move(
        box["x"] + box["width"] * (3.5 / 9 + 0.5 / 4) / 2, box["y"] + 92
    )  # half way from x4 to y1
    assert line(widget) == wanted
    page.mouse.move(box["x"] + box["width"] * 8.5 / 9, box["y"] + 26)
    assert said(widget) == "Column 9 of W belongs to pixel 9, which feeds output 4."
    page.mouse.move(box["x"] + box["width"] * 2.5 / 4, box["y"] + 160)
    assert line(widget).startswith("y3=") and line(widget).endswith("=67")


def test_dense_local_shared(opened):
    widget, page, _ = opened()
    widget = page.locator(".cnn-widget.conv-matrix").nth(1)
    assert line(widget) == "∂E/∂k11=δ1x1+δ2x2+δ3x4+δ4x5=1·1+0·2+2·4+(−1)·5=4"
    choose(widget, "local")
    assert line(widget) == "∂E/∂W1,1=δ1x1=1·1=1" and "gradients 1, 0, 8 and −5: after" in said(widget)
    cell(widget, "G", 1, 3).hover()
    assert line(widget) == "W1,3=0" and said(widget).endswith("δ1·x3 = 3 is dropped.")
    choose(widget, "dense")
    assert line(widget) == "∂E/∂W1,3=δ1x3=1·3=3" and widget.locator(".cm-none").count() == 0
    lines = widget.locator(".cm-line:not(.lit)").evaluate_all(
        "(p) => p.map((e) => e.getAttribute('d')).join('')"
    )
    assert lines.count("M") == 36
    choose(widget, "shared")
    assert widget.locator(".cm-none").count() == 20


def test_a_large_matrix_scrolls_inside_and_answers_to_pointer_and_keys(opened):
    widget, page, seen = opened()
    widget.get_by_role("slider", name="image").fill("6")
    widget.get_by_role("slider", name="padding").fill("1")
    pane = widget.locator(".cm-scroll")
    assert pane.is_visible() and not widget.locator(".panel .cells").nth(1).is_visible()
    assert pane.evaluate("(e) => e.scrollHeight > e.clientHeight")
    matrix = pane.locator("svg")
    matrix.hover(position={"x": 15 + 8, "y": 8})  # the first pixel
    assert said(widget) == "Column 1 of W belongs to pixel 1, which feeds outputs 1, 2, 8 and 9."
    matrix.hover(position={"x": 15 + 8, "y": 15 * 9 + 8})  # pixel 1, output 9
    assert line(widget).startswith("∂E/∂k11")
    matrix.hover(position={"x": 8, "y": 15 * 2 + 8})
    assert line(widget).startswith("y2=")
    widget.locator("summary").click()
    number = widget.get_by_role("slider", name="number")
    assert number.get_attribute("aria-valuetext") == "2 of 49"
    number.focus()
    page.keyboard.press("ArrowRight")
    assert line(widget).startswith("y3=")
    pane.focus()
    page.keyboard.press("End")
    assert eventually(lambda: pane.evaluate("(e) => e.scrollTop"), bool) > 0
    seen.assert_clean()


# --- values -------------------------------------------------------------------------------------
def test_values_can_be_typed_and_nonsense_is_refused_in_words(opened):
    widget, page, seen = opened()
    cell(widget, "K", 0, 0).locator("input").fill("5")
    cell(widget, "W", 0, 1).locator("input").fill("2")
    assert [row[0] for row in starting(numbers(widget), "W")][1:] == [46, 55, 83, 97]
    choose(widget, "backward")
    cell(widget, "Wᵀ", 0, 1).locator("input").fill("-1")
    assert starting(numbers(widget), "Wᵀ")[1][0] == -5
    before = numbers(widget)
    for title, box in (("K", cell(widget, "K", 1, 1)), ("Wᵀ", cell(widget, "Wᵀ", 0, 4))):
        for nonsense in NONSENSE:
            box.locator("input").focus()
            page.keyboard.press("Delete")
            page.keyboard.type(nonsense)
            page.keyboard.press("Tab")
            assert "A cell takes a number" in widget.get_by_role("alert").inner_text(), title
            assert numbers(widget) == before and widget.locator("img").count() == 0
    reset(widget)
    assert line(widget).endswith("=37") and not widget.get_by_role("alert").is_visible()
    seen.assert_clean()


def test_an_impossible_setting_is_explained_and_stays_usable(opened):
    widget, _, seen = opened()
    widget.get_by_role("slider", name="kernel").fill("4")
    text = widget.locator(".says.warning").inner_text()
    assert text.startswith(
        "No output, so W has no rows: the taps reach over 4 pixels, the padded image has 3."
    )
    for value in ("backward", "gradient", "dense", "local"):
        choose(widget, value)
        assert widget.locator(".says.warning").count() == 1
    widget.get_by_role("slider", name="padding").fill("1")
    assert widget.locator(".says.warning").count() == 0
    seen.assert_clean()
