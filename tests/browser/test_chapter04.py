"""The widgets of chapter 04 on the built page: every control by mouse and keys, agreement with cnnlib."""

import itertools

import numpy as np
import pytest
from test_widget_controls import CONTRAST, NONSENSE, everything
from widget_page import NUMBERS, assert_fits_a_phone, cell, numbers, panel, starting

from cnnlib import conv2d, output_size
from cnnlib.widgets import ChannelMixer

PAGE = "/notebooks/04-convolution-arithmetic.html"
KINDS = "geometry", "channel-mixer"
RANGES = {
    "pixels n": range(1, 11),
    "taps m": range(1, 6),
    "stride S": range(1, 5),
    "padding P": range(0, 5),
    "dilation D": range(1, 4),
}


@pytest.fixture
def opened(book_http, page_factory):
    """Return a function that opens chapter 04: one widget, its page, and what the page complained of."""

    def open_widget(kind, base=book_http, **options):
        page, seen = page_factory(**options)
        page.goto(base + PAGE)
        widget = page.locator(f".cnn-widget.{kind}")
        widget.scroll_into_view_if_needed()
        return widget, page, seen

    return open_widget


def test_the_widgets_also_run_from_files(opened, book_file):
    for kind in KINDS:
        widget, _, seen = opened(kind, base=book_file)
        assert "2" in widget.locator(".sum").last.inner_text()
        seen.assert_clean()


# --- geometry -----------------------------------------------------------------------------------
SWEEP = """async (widget, settings) => {
  const ranges = [...widget.querySelectorAll('input[type=range]')];
  const named = (name) => ranges.find((i) => i.closest('label').querySelector('span').textContent === name);
  const inputs = ['pixels n', 'taps m', 'stride S', 'padding P', 'dilation D'].map(named);
  const result = [];
  let slowest = 0;
  for (const setting of settings) {
    const begin = performance.now();
    inputs.forEach((slider, k) => {
      if (slider.value === String(setting[k])) return;
      slider.value = setting[k];
      slider.dispatchEvent(new Event('input', {bubbles: true}));
    });
    await Promise.resolve();
    slowest = Math.max(slowest, performance.now() - begin);
    const count = (s) => widget.querySelectorAll(s).length;
    result.push([count('.geo-bar'), count('.geo-cell.unused'), count('.geo-tap'),
      widget.querySelector('.sum').innerText, widget.querySelector('.says').className.includes('warning')]);
  }
  return [result, slowest];
}"""


def test_formula_and_count_agree_over_the_whole_range_of_every_slider(opened):
    """out-size: windows drawn, cells left over, taps, what the formula says, the warning."""
    widget, _, seen = opened("geometry")
    settings = list(itertools.product(*RANGES.values()))
    answers, _ = widget.evaluate(SWEEP, settings)
    refused = 0
    for (n, m, S, P, D), (bars, unused, taps, line, warned) in zip(settings, answers, strict=True):
        try:
            size = output_size(n, m, stride=S, padding=P, dilation=D)
        except ValueError:
            refused += 1
            assert (bars, unused, warned) == (0, 0, True) and "less than one window" in line
            continue
        rest = (n + 2 * P - D * (m - 1) - 1) % S
        assert (bars, unused, taps, warned) == (size, rest, size * m, False), (n, m, S, P, D)
        text = " ".join(line.split())
        assert f"⌋ + 1 = {size}" in text and text.endswith(f"mod {S} = {rest}"), text
    assert 0 < refused < 1000
    seen.assert_clean()


def test_the_first_picture_shows_the_pixel_nobody_reads(opened):
    widget, _, _ = opened("geometry")
    assert widget.locator(".geo-cell.unused").all_inner_texts() == ["8"]
    assert widget.locator(".says").inner_text().endswith("No window reads pixel 8.")
    assert widget.locator(".geo-count").inner_text() == "counted: 3 windows"
    line = "".join(widget.locator(".sum").nth(1).inner_text().split())
    assert line == "y2=k1x3+k2x4+k3x5"


def test_pointing_at_a_window_chooses_it(opened):
    widget, _, _ = opened("geometry")
    widget.locator(".geo-bar").nth(2).hover(force=True)
    assert widget.locator(".says").inner_text().startswith("Window 3 reads pixels 5, 6 and 7.")
    widget.get_by_label("one window on").click()
    assert widget.locator(".says").inner_text().startswith("Window 1 reads")
    widget.get_by_label("one window back").click()
    assert widget.locator(".says").inner_text().startswith("Window 3 reads")


def test_named_paddings_set_the_slider_or_say_why_not(opened):
    widget, _, seen = opened("geometry")
    widget.get_by_role("slider", name="stride").fill("1")
    for name, lengths in (("wide", 10), ("same", 8), ("narrow", 6)):
        widget.get_by_label(f"{name} padding").click()
        assert widget.locator(".geo-bar").count() == lengths, name
    widget.get_by_role("slider", name="taps").fill("4")
    widget.get_by_label("same padding").click()
    said = widget.get_by_role("alert").inner_text()
    assert "3 zeros in all, 1.5 on each side" in said and "1 on one side and 2 on the other" in said
    widget.get_by_role("slider", name="dilation").fill("2")
    assert not widget.get_by_role("alert").is_visible()
    widget.get_by_label("wide padding").click()
    assert "6 zeros on each side" in widget.get_by_role("alert").inner_text()
    widget.get_by_label("back to the worked example").click()
    assert widget.locator(".geo-bar").count() == 3 and not widget.get_by_role("alert").is_visible()
    seen.assert_clean()


def test_an_impossible_setting_is_explained(opened):
    widget, _, _ = opened("geometry")
    widget.get_by_role("slider", name="pixels").fill("3")
    widget.get_by_role("slider", name="dilation").fill("3")
    said = widget.locator(".says.warning").inner_text()
    assert said.startswith(
        "There is no window: 3 taps, 3 apart, reach over 7 cells, and the padded axis has only 3."
    )


# --- channel mixer ------------------------------------------------------------------------------
def shown(widget):
    """Read the mixer's matrices: two maps, two kernels in the order of their lanes, bias, output."""
    found = widget.evaluate(NUMBERS)
    return {name: np.array(rows) for name, rows in found.items()}


def test_the_mixer_agrees_with_cnnlib_in_every_state(opened):
    """conv-fwd, conv-table: sizes, tables, orders, numbers; and the sum of every output."""
    widget, _, seen = opened("channel-mixer")
    numbers_menu = widget.get_by_label("numbers")
    for name in [o.get_attribute("value") for o in numbers_menu.locator("option").all()][:-1]:
        numbers_menu.select_option(name)
        for table, crossed in itertools.product(("both", "first", "second"), (False, True)):
            widget.locator(f"input[value={table}]").check(force=True)
            widget.get_by_role("checkbox").set_checked(crossed)
            for m in (1, 2, 3):
                widget.get_by_role("slider", name="kernel").fill(str(m))
                see = shown(widget)
                state = dict(x1=see["x₁"], x2=see["x₂"], k1=see["K₁"], k2=see["K₂"], b=float(see["b"][0, 0]))
                model = ChannelMixer(**state, table=table, crossed=crossed)
                assert (conv2d(*model.arrays())[0, 0] == see["z"]).all(), (name, table, crossed, m)
    seen.assert_clean()


def test_the_sum_is_written_out_over_both_maps(opened):
    widget, _, _ = opened("channel-mixer")
    cell(widget, "z", 1, 0).hover()
    lines = [" ".join(line.split()) for line in widget.locator(".sum .mixer-part").all_inner_texts()]
    assert lines[0] == "map 1: 1·0 + 0·1 + (−1)·2 + 2·1 = 0"
    assert lines[1] == "map 2: 0·1 + 1·1 + 2·0 + (−1)·3 = −2"
    assert lines[2].replace(" ", "") == "z4=0+(−2)+1=−1"
    assert panel(widget, "x₁").locator(".cnn-cell.lit").count() == 4


def test_the_trap_of_the_third_axis(opened):
    """The kernels change places, the wrong map is shown, the sentence says so; equal kernels hide it."""
    widget, _, _ = opened("channel-mixer")
    cell(widget, "b", 0, 0).locator("input").fill("0")
    assert starting(numbers(widget), "z") == [[4, 10, 0], [-2, 5, 9], [4, 9, 6]]
    widget.get_by_role("checkbox").check()
    assert starting(numbers(widget), "z") == [[4, -2, 10], [11, 5, 0], [6, 1, 2]]
    cell(widget, "z", 0, 1).hover()
    assert widget.locator(".says.warning").inner_text().endswith("Output 2 is −2; map by map it is 10.")
    for name in ("equal kernels", "equal maps"):
        widget.get_by_label("numbers").select_option(name)
        assert "no output changes" in widget.locator(".says:not(.warning)").inner_text()


def test_nonsense_in_a_cell_is_refused_in_words(opened):
    widget, page, seen = opened("channel-mixer")
    before = numbers(widget)
    for title in ("x₁", "K₂", "b"):
        box = cell(widget, title, 0, 0).locator("input")
        for nonsense in NONSENSE[:5]:
            box.focus()
            page.keyboard.press("Delete")
            page.keyboard.type(nonsense)
            page.keyboard.press("Tab")
            assert "A cell takes a number" in widget.get_by_role("alert").inner_text()
            assert numbers(widget) == before
    seen.assert_clean()


# --- both ---------------------------------------------------------------------------------------
def visible_state(widget):
    """What the reader sees and hears, and where the sliders stand."""
    sliders = widget.evaluate(
        "(w) => [...w.querySelectorAll('input')].map((i) => i.value + i.checked).join()"
    )
    return everything(widget), widget.locator("p").all_inner_texts(), sliders


@pytest.mark.parametrize("kind, sliders", [("geometry", 6), ("channel-mixer", 1)])
def test_each_slider_obeys_keys_and_mouse(opened, kind, sliders):
    widget, page, seen = opened(kind)
    assert widget.get_by_role("slider").count() == sliders
    for slider in widget.get_by_role("slider").all():
        for by in ("keys", "mouse"):
            before = visible_state(widget)
            at_end = slider.input_value() == slider.get_attribute("max")
            if by == "keys":
                slider.focus()
                page.keyboard.press("ArrowLeft" if at_end else "ArrowRight")
            else:
                slider.scroll_into_view_if_needed()
                box = slider.bounding_box()
                share = 0.03 if int(slider.input_value()) > 1 else 0.97
                page.mouse.click(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
            page.wait_for_timeout(20)
            after = visible_state(widget)
            label = slider.evaluate("(i) => i.closest('label').innerText")
            assert before[1] != after[1] and before[2] != after[2], (label, by)
    seen.assert_clean()


@pytest.mark.parametrize("kind", KINDS)
def test_no_button_is_dead(opened, kind):
    widget, page, seen = opened(kind)
    slider, value = {"geometry": ("padding", "4"), "channel-mixer": ("kernel", "3")}[kind]
    for button in widget.get_by_role("button").all():
        widget.get_by_role("slider", name=slider).fill(value)
        before = visible_state(widget)
        button.click()
        page.wait_for_timeout(20)
        assert visible_state(widget) != before, button.get_attribute("aria-label")
    seen.assert_clean()


@pytest.mark.parametrize("kind", KINDS)
def test_on_a_phone_nothing_sticks_out(opened, kind):
    widget, _, seen = opened(kind, width=360, height=740, has_touch=True, is_mobile=True)
    for slider in widget.get_by_role("slider").all():
        slider.fill(slider.get_attribute("max"))
    widget.get_by_role("slider").last.fill("1" if kind == "geometry" else "3")
    assert_fits_a_phone(widget, ".geo, .panel, .controls, .sum")
    seen.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_of_the_widgets_is_readable(opened, scheme):
    """Contrast at least 4.5 : 1, also where a map is off the table and where cells are padding."""
    for kind in KINDS:
        widget, _, _ = opened(kind, color_scheme=scheme)
        widget.get_by_role("slider").nth(0).fill("2")
        if kind == "geometry":
            widget.get_by_role("slider", name="padding").fill("2")
            widget.get_by_role("slider", name="stride").fill("4")
        else:
            widget.locator("input[value=first]").check(force=True)
        assert widget.evaluate(CONTRAST) == []


def test_without_javascript_pictures_stand_in_their_places(book_http, page_factory):
    page, _ = page_factory(java_script_enabled=False)
    page.goto(book_http + PAGE)
    figures = page.locator("figure.cnn-static:not(:has(ol))")
    assert figures.count() == 3
    text = " ".join(figures.all_inner_texts())
    assert "1 cell lies behind the last one" in text and "x₁ under K₁" in text
