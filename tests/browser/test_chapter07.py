"""PoolRouter on the built page of chapter 07: every control by mouse and keys, agreement with cnnlib."""

import itertools

import numpy as np
import pytest
from test_widget_controls import CONTRAST, NONSENSE, everything
from widget_page import NUMBERS, cell, numbers, panel, starting

from cnnlib import output_size
from cnnlib.widgets import PoolRouter

PAGE = "/notebooks/07-pooling.html"
RANGES = range(2, 9), range(1, 5), range(1, 5), range(0, 3)
SLIDERS = "image", "window", "stride", "padding"
STATE = """(w) => [...w.querySelectorAll('.panel, p')].map((e) => e.innerText).join()
  + w.querySelector('svg').innerHTML
  + [...w.querySelectorAll('input, select')].map((i) => i.value + i.checked).join()"""


@pytest.fixture
def opened(book_http, page_factory):
    """Return a function that opens the nth widget, its page, and what the page complained of."""

    def open_widget(nth=0, base=book_http, **options):
        page, seen = page_factory(**options)
        page.goto(base + PAGE)
        widget = page.locator(".cnn-widget.pool-router").nth(nth)
        widget.scroll_into_view_if_needed()
        return widget, page, seen

    return open_widget


def test_the_widgets_also_run_from_files(opened, book_file):
    widget, page, seen = opened(base=book_file)
    assert page.locator(".cnn-widget.pool-router").count() == 3
    assert "8" in widget.locator(".sum").first.inner_text()
    seen.assert_clean()


# --- agreement with cnnlib ----------------------------------------------------------------------
SWEEP = """async (widget, {settings, kinds}) => {
  const read = NUMBERS;
  const ranges = [...widget.querySelectorAll('input[type=range]')];
  const boxes = [...widget.querySelectorAll('input[type=checkbox]')];
  const box = boxes.find((i) => i.closest('label').innerText.includes('ceil'));
  const result = [];
  let slowest = 0;
  for (const [kind, ...setting] of settings) {
    const begin = performance.now();
    const radio = widget.querySelector(`input[value=${kind}]`);
    if (!radio.checked) radio.click();
    if (box.checked !== setting[4]) box.click();
    ranges.forEach((slider, k) => {
      if (slider.value === String(setting[k])) return;
      slider.value = setting[k];
      slider.dispatchEvent(new Event('input', {bubbles: true}));
    });
    await Promise.resolve();
    slowest = Math.max(slowest, performance.now() - begin);
    result.push([read(widget), widget.querySelector('.says').className.includes('warning')]);
  }
  return [result, slowest];
}""".replace("NUMBERS", NUMBERS)


@pytest.mark.parametrize("kind", ["sum", "mean", "max", "l2"])
def test_page_and_library_agree_over_every_slider_setting(opened, kind):
    """p and γ of the page, for the image and the δ the page shows; what cannot be is a warning."""
    widget, _, seen = opened()
    settings = [(kind, *s) for s in itertools.product(*RANGES, (False, True))]
    answers, _ = widget.evaluate(SWEEP, {"settings": settings, "kinds": [kind]})
    refused = 0
    for (_, n, m, S, P, up), (shown, warned) in zip(settings, answers, strict=True):
        if 2 * P > m or m > n + 2 * P:
            refused += 1
            assert warned and starting(shown, "p,") == [[None]], (n, m, S, P, up)
            continue
        image = np.array(starting(shown, "a"))[P : P + n, P : P + n]
        traits = dict(pool_size=m, stride=S, padding=P, ceil_mode=up)
        model = PoolRouter(x=image, delta=starting(shown, "δ"), kind=kind, **traits)
        p, gamma = model.pooled()
        assert len(starting(shown, "p,")) == output_size(n, m, stride=S, padding=P, ceil_mode=up)
        np.testing.assert_allclose(starting(shown, "p,"), p[0, 0], atol=0.00501)  # two decimals are shown
        np.testing.assert_allclose(starting(shown, "γ"), gamma[0, 0], atol=0.00501)
    assert 0 < refused < len(settings)
    seen.assert_clean()


# --- what the reader sees first, and what moves ---------------------------------------------------
def test_copies_as_a_kronecker_product_with_arrows(opened):
    """upsample: δ ⊗ ones, four arrows from δ₂; the mean has quarters; overlap has no such product."""
    widget, _, _ = opened()
    assert starting(numbers(widget), "share") == [[1, 1], [1, 1]]
    assert widget.locator(".pool-line").count() == 4
    assert starting(numbers(widget), "γ")[0] == [1, 1, 2, 2]
    widget.get_by_role("radio", name="mean").check(force=True)
    assert panel(widget, "share").locator(".value").all_inner_texts() == ["1/4"] * 4
    widget.get_by_role("slider", name="stride").fill("1")
    assert not panel(widget, "share").is_visible()


def test_a_tie_goes_to_the_first_or_is_split(opened):
    widget, _, seen = opened(nth=1)
    said = widget.locator(".says")
    assert "A tie at 3 between pixels 11, 12 and 15" in said.inner_text()
    assert panel(widget, "a").locator(".tied").count() == 3
    assert [row[2:] for row in starting(numbers(widget), "γ")[2:]] == [[4, 0], [0, 0]]
    widget.locator("summary").click()
    widget.get_by_role("checkbox", name="split").check()
    assert starting(numbers(widget), "γ")[2][2:] == [1.33, 1.33]
    cell(widget, "a", 2, 3).locator("input").fill("4")
    assert starting(numbers(widget), "γ")[2][2:] == [0, 4]
    seen.assert_clean()


def test_a_pixel_that_wins_four_windows_adds_up(opened):
    """maxpool-dx with overlap: 1 + 2 + 3 + 4."""
    widget, _, _ = opened(nth=2)
    line = "".join(widget.locator(".sum").first.inner_text().split())
    assert line == "γ13=1·δ1+1·δ2+1·δ3+1·δ4=1·1+1·2+1·3+1·4=10"
    assert "wins them all. Its shares add up" in widget.locator(".says").inner_text()
    assert widget.locator(".pool-line").count() == 4


def test_stepping_hands_out_one_delta_after_the_other(opened):
    widget, page, _ = opened()
    totals = []
    for _ in range(4):
        widget.get_by_label("one δ on").click()
        totals.append(np.sum(starting(numbers(widget), "γ")))
    assert totals == [4, 12, 24, 40]
    widget.get_by_label("one δ back").click()
    assert np.sum(starting(numbers(widget), "γ")) == 24
    widget.get_by_label("back to the worked example").click()
    widget.get_by_label("hand out the δ one by one").click()
    page.wait_for_timeout(150)
    assert np.sum(starting(numbers(widget), "γ")) == 4
    moving = "document.getAnimations().map((a) => a.effect.getComputedTiming().activeDuration)"
    times = page.evaluate(moving)
    assert times and max(times) < 600
    widget.get_by_label("pause").click()


def test_names_by_rows_or_blocks(opened):
    widget, _, _ = opened()
    widget.locator("summary").click()
    widget.get_by_role("radio", name="block by block").check(force=True)
    corners = panel(widget, "a").locator(".corner").all_inner_texts()
    assert corners == "1 2 5 6 3 4 7 8 9 10 13 14 11 12 15 16".split()
    assert "pixels 5, 6, 7 and 8" in widget.locator(".says").inner_text()
    widget.get_by_role("radio", name="row by row").check(force=True)
    widget.get_by_role("slider", name="stride").fill("1")
    widget.get_by_role("radio", name="block by block").check(force=True)
    assert "needs blocks side by side" in widget.get_by_role("alert").inner_text()


# --- every control; nonsense; phones; contrast ---------------------------------------------------
def test_each_slider_obeys_keys_and_mouse(opened):
    widget, page, seen = opened(nth=2)
    assert widget.get_by_role("slider").count() == len(SLIDERS)
    for slider in widget.get_by_role("slider").all():
        before = everything(widget), widget.locator(".unseen").inner_text()
        slider.focus()
        page.keyboard.press(
            "ArrowLeft" if slider.input_value() == slider.get_attribute("max") else "ArrowRight"
        )
        page.wait_for_timeout(30)
        between = everything(widget), widget.locator(".unseen").inner_text()
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        at_start = slider.input_value() == slider.get_attribute("min")
        page.mouse.click(box["x"] + box["width"] * (0.97 if at_start else 0.03), box["y"] + box["height"] / 2)
        page.wait_for_timeout(30)
        after = everything(widget), widget.locator(".unseen").inner_text()
        assert before[0] != between[0] != after[0] and before[1] != between[1] != after[1]
        widget.get_by_label("back to the worked example").click()
    seen.assert_clean()


def test_no_control_is_dead(opened):
    widget, page, seen = opened(nth=1)
    widget.locator("summary").click()
    for control in widget.locator("button, input[type=radio], input[type=checkbox]").all():
        widget.get_by_label("back to the worked example").click()
        widget.get_by_role("slider", name="padding").fill("1")
        if "counts" in control.evaluate("(c) => c.closest('label')?.innerText ?? ''"):
            widget.get_by_role("radio", name="mean").check(force=True)
        if control.get_attribute("type") == "radio" and control.is_checked():
            continue
        before = widget.evaluate(STATE)
        control.click(force=True)
        page.wait_for_timeout(30)
        assert widget.evaluate(STATE) != before, control.get_attribute("value")
    menu = widget.get_by_role("combobox")
    for option in [o.get_attribute("value") for o in menu.locator("option").all()][1:]:
        before = everything(widget)
        menu.select_option(option)
        assert everything(widget) != before, option
    seen.assert_clean()


def test_cells_are_walked_and_typed_and_nonsense_is_refused(opened):
    widget, page, seen = opened()
    before = numbers(widget)
    for title in ("a", "δ"):
        box = cell(widget, title, 0, 0).locator("input")
        for nonsense in NONSENSE[:5]:
            box.focus()
            page.keyboard.press("Delete")
            page.keyboard.type(nonsense)
            page.keyboard.press("Tab")
            assert "A cell takes a number" in widget.get_by_role("alert").inner_text()
            assert numbers(widget) == before
    cell(widget, "δ", 0, 0).locator("input").fill("−7")
    assert starting(numbers(widget), "γ")[0][0] == -7
    page.keyboard.press("ArrowDown")
    assert "δ3" in widget.locator(".pool-back").inner_text().replace("\n", "")
    seen.assert_clean()


def test_an_impossible_setting_is_explained_and_left_again(opened):
    widget, _, seen = opened()
    widget.get_by_role("slider", name="padding").fill("2")
    assert "Padding 2 is more than half of a 2 × 2 window" in widget.locator(".says.warning").inner_text()
    widget.get_by_role("slider", name="padding").fill("1")
    assert widget.locator(".says.warning").count() == 0
    seen.assert_clean()


@pytest.mark.parametrize("nth", [0, 2])
def test_on_a_phone_nothing_sticks_out(opened, nth):
    widget, page, seen = opened(nth=nth, width=360, height=740, has_touch=True, is_mobile=True)
    for value in ("1", "4"):
        for slider in widget.get_by_role("slider").all()[:3]:
            slider.fill(value)
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    widget.get_by_role("slider", name="image").fill("8")
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    small = widget.evaluate(
        """(w) => [...w.querySelectorAll('button, select, .choice label, .control')]
          .filter((e) => e.offsetParent).map((e) => e.getBoundingClientRect().height).filter((h) => h < 44)"""
    )
    assert small == [] and widget.locator(".cnn-cell").first.bounding_box()["height"] >= 36
    seen.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_of_the_widget_is_readable(opened, scheme):
    widget, _, _ = opened(nth=1, color_scheme=scheme)
    widget.locator("summary").click()
    assert widget.evaluate(CONTRAST) == []
    widget.get_by_role("slider", name="padding").fill("1")
    assert widget.evaluate(CONTRAST) == []


def test_without_motion_or_javascript(opened, book_http, page_factory):
    widget, page, _ = opened(reduced_motion="reduce")
    widget.get_by_label("one δ on").click()
    assert page.evaluate("document.getAnimations().filter((a) => a.playState === 'running').length") == 0
    page, _ = page_factory(java_script_enabled=False)
    page.goto(book_http + PAGE)
    figures = page.locator("figure.cnn-static:not(:has(ol))")
    assert figures.count() == 3 and "the sums p of its windows" in figures.first.inner_text()
