"""The widget of chapter 14 on the built page: every control by mouse and keys, agreement with cnnlib.fast."""

import itertools

import numpy as np
import pytest
from pages import eventually
from test_widget_controls import CONTRAST, NONSENSE, everything
from widget_page import NUMBERS, assert_fits_a_phone, cell, numbers, panel, starting

from cnnlib import conv2d, conv2d_backward
from cnnlib.fast import col2im, im2col
from cnnlib.widgets.base import counting

PAGE = "/notebooks/14-making-it-fast.html"
RANGES = {"image": range(3, 7), "kernel": range(1, 4), "stride": range(1, 3), "padding": range(2)}
VIEWS = "forward", "backward", "round"


@pytest.fixture
def opened(book_http, page_factory):
    """Return a function that opens chapter 14: its widget, its page, and what the page complained of."""

    def open_widget(base=book_http, **options):
        page, seen = page_factory(**options)
        page.goto(base + PAGE)
        widget = page.locator(".cnn-widget.im2col-view")
        widget.scroll_into_view_if_needed()
        return widget, page, seen

    return open_widget


def squeezed(locator):
    """The text of a line without any space."""
    return "".join(locator.inner_text().split())


def test_the_widget_also_runs_from_files(opened, book_file):
    widget, _, seen = opened(base=book_file)
    assert squeezed(widget.locator(".sum").first) == "z2=k1x2+k2x3+k3x5+k4x6=1·2+2·3+3·5+4·6=47"
    assert "they become column 2" in widget.locator(".says").inner_text()
    seen.assert_clean()


SWEEP = """async (widget, [names, settings]) => {
  const ranges = [...widget.querySelectorAll('input[type=range]')];
  const named = (name) => ranges.find((i) => i.closest('label').querySelector('span').textContent === name);
  const order = widget.querySelector('input[type=checkbox]');
  const result = [];
  for (const [view, down, ...sizes] of settings) {
    names.forEach((name, k) => {
      const slider = named(name);
      if (slider.value === String(sizes[k])) return;
      slider.value = sizes[k];
      slider.dispatchEvent(new Event('input', {bubbles: true}));
    });
    const radio = widget.querySelector(`input[value=${view}]`);
    if (!radio.checked) { radio.checked = true; radio.dispatchEvent(new Event('change', {bubbles: true})); }
    if (order.checked !== down) order.click();
    await new Promise((resolve) => setTimeout(resolve, 0));
    result.push([(READ)(widget), widget.querySelector('.im2col-adjoint').textContent]);
  }
  return result;
}""".replace("READ", NUMBERS)


def inner_numbers(rows, padding):
    """Cut the border off the picture of an image."""
    return np.array(rows, float)[padding : len(rows) - padding, padding : len(rows) - padding]


def test_every_setting_shows_what_cnnlib_computes(opened):
    """im2col, conv-gemm, conv-gemm-backward, im2col-adjoint, col2im-uses, in 192 settings."""
    widget, _, seen = opened()
    widget.locator("summary").click()
    widget.get_by_label("fill image, kernel and δ by counting").click()
    orders = [("forward", False), ("forward", True), ("backward", False), ("round", False)]
    settings = [
        (*order, *sizes) for order, sizes in itertools.product(orders, itertools.product(*RANGES.values()))
    ]
    answers = widget.evaluate(SWEEP, [list(RANGES), settings])
    for (view, down, n, m, s, p), (shown, line) in zip(settings, answers, strict=True):
        x, w = (np.array(counting(k))[None, None] for k in (n, m))
        y, made = conv2d(x, w, stride=s, padding=p), im2col(x, m, stride=s, padding=p)
        delta = 1 + np.arange(y.size).reshape(y.shape)
        places = np.arange(y.size).reshape(y.shape[2:])
        places = (places.T if down else places).ravel()
        columns = np.outer(w, delta)[None] if view == "backward" else made
        back = col2im(columns, (n, n), m, stride=s, padding=p)[0, 0]
        matrix = starting(shown, "Kᵀδ" if view == "backward" else "im2col(x)")
        assert (np.array(matrix) == columns[0][:, places]).all(), (view, n, m, s, p)
        image = inner_numbers(starting(shown, {"forward": "x", "backward": "γ", "round": "r"}[view]), p)
        assert (image == (x[0, 0] if view == "forward" else back)).all(), (view, n, m, s, p)
        if view == "forward":
            assert starting(shown, "z") == [y.ravel()[places].tolist()]
            assert line.endswith(f"= {columns.size} entries")
        else:
            total = (made * columns).sum()
            assert line.count(f"= {total} ") == 2 and total == (x[0, 0] * back).sum(), line
        if view == "backward":
            assert starting(shown, "δ") == [delta.ravel()[places].tolist()]
            assert (back == conv2d_backward(delta, x, w, stride=s, padding=p)[0][0, 0]).all()
    seen.assert_clean()


def test_backward_adds_columns_one_after_the_other(opened):
    """im2col-adjoint: the chapter's δ; after each step γ is the sum of the columns so far."""
    widget, _, seen = opened()
    widget.locator("input[value=backward]").check(force=True)
    cell(widget, "γ", 1, 1).hover()
    assert squeezed(widget.locator(".sum").first).endswith("4·1+3·0+2·2+1·(−1)=7")
    assert squeezed(widget.locator(".im2col-adjoint")) == "⟨im2col(x),Kᵀδ⟩=94=94=⟨x,col2im(Kᵀδ)⟩"
    c = np.outer([1, 2, 3, 4], [1, 0, 2, -1])
    for k in range(1, 5):
        widget.get_by_label("one column on").click()
        so_far = np.where(np.arange(4) < k, c, 0)[None]
        assert (starting(numbers(widget), "γ") == col2im(so_far, (3, 3), 2)[0, 0]).all()
    assert squeezed(widget.locator(".sum").first) == "γ5+=−1·γ6+=−2·γ8+=−3·γ9+=−4"
    widget.get_by_label("one column on").click()
    widget.get_by_label("one column back").click()
    assert "Column 4" in widget.locator(".says").inner_text()
    seen.assert_clean()


def test_copies_fly_and_land(opened):
    widget, _, seen = opened()
    widget.get_by_label("one column on").click()
    assert widget.locator(".im2col-ghost").count() == 4
    assert eventually(widget.locator(".im2col-ghost").count, lambda count: count == 0) == 0
    still, _, _ = opened(reduced_motion="reduce")
    still.get_by_label("one column on").click()
    assert still.locator(".im2col-ghost").count() == 0 and "column 1." in still.locator(".says").inner_text()
    seen.assert_clean()


def test_play_runs_through_the_columns_and_stops(opened):
    widget, page, seen = opened()
    widget.locator("summary").click()
    widget.get_by_label("speed").select_option("fast")
    hidden = panel(widget, "im2col").locator(".hidden-value")
    widget.evaluate("""widget => {
      window.counts = [];
      const note = () => counts.push(widget.querySelectorAll(".hidden-value").length);
      new MutationObserver(note).observe(widget, { subtree: true, childList: true, attributes: true });
    }""")
    widget.get_by_label("play all columns").click()
    widget.get_by_label("pause").wait_for()
    widget.get_by_label("play all columns").wait_for()
    assert hidden.count() == 0
    assert [count for count, _ in itertools.groupby(page.evaluate("counts"))] == [0, 15, 10, 5, 0]
    seen.assert_clean()


def test_a_tap_shows_its_shifted_image(opened):
    """shifted-sum: the row of a tap, and the pixels that it meets; backward, its gradient."""
    widget, _, _ = opened()
    cell(widget, "K", 0, 3).hover()
    assert squeezed(widget.locator(".sum").first) == "rowofk4:x5x6x8x9"
    assert panel(widget, "x").locator(".cnn-cell.lit").count() == 4
    widget.locator("input[value=backward]").check(force=True)
    assert squeezed(widget.locator(".sum").first).endswith("5·1+6·0+8·2+9·(−1)=12")
    widget.locator("input[value=round]").check(force=True)
    cell(widget, "r", 1, 1).hover()
    assert squeezed(widget.locator(".sum").first) == "r5=4·x5=4·5=20"


def test_numbers_can_be_edited_and_nonsense_is_refused(opened):
    widget, page, seen = opened()
    cell(widget, "x", 0, 0).locator("input").fill("−2")
    cell(widget, "K", 0, 0).locator("input").fill("3")
    assert starting(numbers(widget), "z")[0][0] == 3 * -2 + 2 * 2 + 3 * 4 + 4 * 5
    before = numbers(widget)
    for title in ("x", "K"):
        for nonsense in NONSENSE:
            cell(widget, title, 0, 0).locator("input").focus()
            page.keyboard.press("Delete")
            page.keyboard.type(nonsense)
            page.keyboard.press("Tab")
            assert "A cell takes a number" in widget.get_by_role("alert").inner_text()
            assert numbers(widget) == before
    widget.get_by_label("back to the worked example").click()
    assert starting(numbers(widget), "z") == [[37, 47, 67, 77]]
    seen.assert_clean()


def state(widget):
    """What the reader sees and hears, and where the controls stand."""
    controls = "(w) => [...w.querySelectorAll('input,select')].map((i) => i.value + i.checked).join()"
    return everything(widget), widget.locator("p").all_inner_texts(), widget.evaluate(controls)


def test_each_slider_obeys_keys_and_mouse(opened):
    widget, page, seen = opened()
    for name in RANGES:
        slider = widget.get_by_role("slider", name=name)
        for by in ("keys", "mouse"):
            before = state(widget)
            at_end = slider.input_value() == slider.get_attribute("max")
            if by == "keys":
                slider.focus()
                page.keyboard.press("ArrowLeft" if at_end else "ArrowRight")
            else:
                slider.scroll_into_view_if_needed()
                box = slider.bounding_box()
                share = 0.03 if slider.input_value() != slider.get_attribute("min") else 0.97
                page.mouse.click(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
            page.wait_for_timeout(20)
            assert all(a != b for a, b in zip(before, state(widget), strict=True)), (name, by)
    seen.assert_clean()


def test_no_control_is_dead(opened):
    widget, page, seen = opened()
    widget.locator("summary").click()
    for control in widget.locator("button, input[type=radio]:not(:checked), input[type=checkbox]").all():
        widget.get_by_role("slider", name="padding").fill("1")
        if control.get_attribute("aria-label") == "fill image, kernel and δ by counting":
            widget.get_by_label("fill image, kernel and δ with ones").click()
        before = state(widget)
        control.click(force=True)
        page.wait_for_timeout(30)
        assert state(widget) != before, control.get_attribute("aria-label") or control.get_attribute("value")
        if control.get_attribute("aria-label") == "pause":
            control.click()
    seen.assert_clean()


def test_on_a_phone_nothing_sticks_out(opened):
    widget, _, seen = opened(width=360, height=740, has_touch=True, is_mobile=True)
    for name, values in RANGES.items():
        widget.get_by_role("slider", name=name).fill(str(max(values) if name != "stride" else 1))
    assert_fits_a_phone(widget, ".im2col-long, .controls, .sum")
    seen.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable(opened, scheme):
    """Contrast at least 4.5 : 1 in every view, with padding, chosen cells and columns still to come."""
    widget, _, _ = opened(color_scheme=scheme)
    for view in VIEWS:
        widget.locator(f"input[value={view}]").check(force=True)
        widget.get_by_role("slider", name="padding").fill("1")
        widget.get_by_label("one column on").click()
        assert widget.evaluate(CONTRAST) == []


def test_without_javascript_a_picture_stands_in_its_place(book_http, page_factory):
    page, _ = page_factory(java_script_enabled=False)
    page.goto(book_http + PAGE)
    text = page.locator("figure.cnn-static").inner_text()
    assert "im2col(x)" in text and "47" in text
