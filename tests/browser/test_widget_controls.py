"""Every control of the widgets of chapter 05 on the built page: mouse, keyboard, touch, nonsense, paper."""

import numpy as np
import pytest
from pages import eventually
from widget_page import KINDS, PAGE, SLIDERS, cell, names, numbers, starting

from cnnlib.widgets.base import counting


# --- every control, by mouse and by keyboard ----------------------------------------------------
def everything(widget):
    return widget.evaluate(
        """(w) => [...w.querySelectorAll('.panel')].map((panel) =>
          panel.innerText + [...panel.querySelectorAll('input.value')].map((i) => i.value)).join()"""
    )


@pytest.fixture
def base(book_http):
    """Controls are tried from a server; test_widgets.py opens the same widgets from the disk as well."""
    return book_http


@pytest.mark.parametrize("kind", KINDS)
def test_each_slider_obeys_the_arrow_keys(opened, kind):
    """Picture, output text and live region all change."""
    widget, page, seen = opened(kind)
    sliders = widget.get_by_role("slider")
    assert sliders.count() == {"conv-stepper": 4, "conv-backward": 3}[kind]
    for k in range(sliders.count()):
        slider = sliders.nth(k)
        before = everything(widget), slider.input_value(), widget.locator(".unseen").inner_text()
        slider.focus()
        page.keyboard.press(
            "ArrowLeft" if slider.input_value() == slider.get_attribute("max") else "ArrowRight"
        )
        page.wait_for_timeout(30)
        after = everything(widget), slider.input_value(), widget.locator(".unseen").inner_text()
        label = slider.evaluate("(i) => i.closest('label').innerText")
        assert all(a != b for a, b in zip(before, after, strict=True)) or label.startswith("output"), (
            label,
            before,
            after,
        )
        assert before[1:] != after[1:], label
    seen.assert_clean()


@pytest.mark.parametrize("kind", KINDS)
def test_each_slider_obeys_the_mouse(opened, kind):
    widget, page, seen = opened(kind)
    for name in SLIDERS[kind]:
        slider = widget.get_by_role("slider", name=name)
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        before = slider.input_value(), widget.locator(".unseen").inner_text()
        target = 0.03 if int(slider.input_value()) > 2 else 0.97
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * target, box["y"] + box["height"] / 2, steps=4)
        page.mouse.up()
        page.wait_for_timeout(30)
        assert before[0] != slider.input_value() and before[1] != widget.locator(".unseen").inner_text(), name
    seen.assert_clean()


@pytest.mark.parametrize("kind", KINDS)
def test_no_control_is_dead(opened, kind):
    """Each button, box, choice and menu changes what the reader sees."""
    widget, page, seen = opened(kind)
    widget.locator("summary").click()
    assert widget.locator("details[open]").count() == 1
    state = (
        "(w) => w.outerHTML + [...w.querySelectorAll('input,select')].map((i) => i.value + i.checked).join()"
    )
    for button in widget.get_by_role("button").all():
        if button.get_attribute("aria-label").startswith(("back to", "count the")):
            widget.get_by_role("slider", name="image").fill("5")
            if "count" in button.get_attribute("aria-label"):
                widget.get_by_label("set every δ to 1").click()
        before = widget.evaluate(state)
        button.click()
        page.wait_for_timeout(60)
        assert widget.evaluate(state) != before, button.get_attribute("aria-label")
        if button.get_attribute("aria-label") == "pause":
            button.click()
    for control in widget.get_by_role("radio").all() + widget.get_by_role("checkbox").all():
        if control.is_visible() and not (control.get_attribute("type") == "radio" and control.is_checked()):
            before = widget.evaluate(state)
            control.click()
            page.wait_for_timeout(30)
            assert widget.evaluate(state) != before, control.get_attribute("value")
    for menu in widget.get_by_role("combobox").all():
        for option in [o.get_attribute("value") for o in menu.locator("option").all()]:
            menu.select_option(option)
    seen.assert_clean()


@pytest.mark.parametrize("kind", KINDS)
def test_play_runs_and_pauses(opened, kind):
    widget, page, seen = opened(kind)
    widget.locator("summary").click()
    widget.get_by_label("speed").select_option("fast")
    widget.get_by_label("play all").click()
    said = set()
    eventually(lambda: said.add(widget.locator(".says").inner_text()), lambda _: len(said) >= 3)
    widget.get_by_label("pause").click()
    assert len(said) >= 3
    still = widget.locator(".says").inner_text()
    page.wait_for_timeout(400)
    assert widget.locator(".says").inner_text() == still
    seen.assert_clean()


def test_the_three_steps_pad_turn_slide(opened):
    """Stepping shows δ as it came, the border of zeros, the turned kernel, and one pixel at a time."""
    widget, _, _ = opened("conv-backward")
    on = widget.get_by_label("one step on")
    on.click()
    assert np.shape(starting(numbers(widget), "δ")) == (3, 3) and starting(numbers(widget), "K") == counting(
        2
    )
    on.click()
    assert (
        np.shape(starting(numbers(widget), "δ")) == (5, 5)
        and "Pad with m − 1 = 1" in widget.locator(".says").inner_text()
    )
    on.click()
    assert starting(numbers(widget), "K") == [[4, 3], [2, 1]]
    for k in range(1, 8):
        on.click()
        shown = [v for row in starting(numbers(widget), "γ") for v in row if v is not None]
        assert len(shown) == k
    assert "= 33" in widget.locator(".sum").inner_text()
    widget.get_by_label("one step back").click()
    assert "γ6" in widget.locator(".sum").inner_text().replace("\n", "")


# --- typing, dragging, scrolling; and nonsense ---------------------------------------------------
def test_a_cell_takes_typing_paging_wheel_and_drag(opened):
    widget, page, seen = opened("conv-backward")
    box = cell(widget, "δ", 1, 1).locator("input")
    box.fill("−2.5")
    assert starting(numbers(widget), "γ")[0][0] == -2.5
    page.keyboard.press("PageUp")
    assert starting(numbers(widget), "γ")[0][0] == -1.5
    box.hover()
    page.mouse.wheel(0, -50)
    page.wait_for_timeout(50)
    assert starting(numbers(widget), "γ")[0][0] == -0.5
    page.mouse.down()
    spot = box.bounding_box()
    page.mouse.move(spot["x"] + 10, spot["y"] + 10 - 60, steps=5)
    page.mouse.up()
    page.wait_for_timeout(50)
    assert starting(numbers(widget), "γ")[0][0] > 3
    seen.assert_clean()


NONSENSE = ["", "abc", "1e999", "NaN", "1000", "<img src=x onerror=alert(1)>", "7;8", "--1"]


def test_nonsense_in_a_cell_is_refused_in_words(opened):
    """The old value stays, the reason is said, nothing becomes markup; a good value clears the reason."""
    widget, page, seen = opened("conv-backward")
    before = numbers(widget)
    box = cell(widget, "δ", 1, 1).locator("input")
    for nonsense in NONSENSE:
        box.focus()
        page.keyboard.press("Delete")
        page.keyboard.type(nonsense)
        page.keyboard.press("Tab")
        said = widget.get_by_role("alert").inner_text()
        assert (
            "A cell takes a number from −999 to 999" in said and (nonsense[:12].strip() or "nothing") in said
        )
        assert numbers(widget) == before
        assert widget.locator("img").count() == 0
    box.fill("2")
    assert widget.get_by_role("alert").count() == 0 or not widget.get_by_role("alert").is_visible()
    seen.assert_clean()


# --- several on a page, phones, paper, no JavaScript ---------------------------------------------
def test_widgets_on_one_page_do_not_disturb_each_other(opened):
    widget, page, _ = opened("conv-backward")
    others = [w for w in page.locator(".cnn-widget").all()][:]
    pictures = [everything(w) for w in others]
    widget.get_by_role("slider", name="kernel").fill("3")
    widget.get_by_role("radio", name="forward").check()
    changed = [everything(w) != picture for w, picture in zip(others, pictures, strict=True)]
    assert changed.count(True) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_on_a_phone_nothing_sticks_out(opened, kind):
    widget, page, seen = opened(kind, width=360, height=740, has_touch=True, is_mobile=True)
    for name, values in SLIDERS[kind].items():
        widget.get_by_role("slider", name=name).fill(str(max(values) if name != "stride" else 1))
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    small = widget.evaluate(
        """(w) => [...w.querySelectorAll('button, select, .choice label, .control')]
          .filter((e) => e.offsetParent).map((e) => e.getBoundingClientRect().height).filter((h) => h < 44)"""
    )
    assert small == []
    assert widget.locator(".cnn-cell").first.bounding_box()["height"] >= 36
    seen.assert_clean()


def test_a_tap_chooses_a_cell(opened):
    widget, _, _ = opened("conv-backward", width=360, height=740, has_touch=True, is_mobile=True)
    cell(widget, "γ", 2, 3).tap()
    assert "γ12" in widget.locator(".sum").inner_text().replace("\n", "")


def test_motion_stops_for_readers_who_do_not_want_it(opened):
    widget, page, _ = opened("conv-backward", reduced_motion="reduce")
    widget.get_by_role("checkbox", name="turned").uncheck()
    assert page.evaluate("document.getAnimations().filter((a) => a.playState === 'running').length") == 0


def test_without_javascript_a_picture_stands_in_its_place(base, page_factory):
    page, _ = page_factory(java_script_enabled=False)
    page.goto(base + PAGE)
    figures = page.locator("figure.cnn-static:not(:has(ol))")
    assert figures.count() >= 3 and figures.first.is_visible()
    assert "33" in names(page.locator("figure.cnn-static:not(:has(ol)) td.picked"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_of_the_widgets_is_readable(opened, scheme):
    """Contrast of every visible text in the widgets is at least 4.5 : 1."""
    for kind in KINDS:
        widget, _, _ = opened(kind, color_scheme=scheme)
        widget.locator("summary").click()
        assert widget.evaluate(CONTRAST) == []


CONTRAST = """(widget) => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const shares = [0.2126, 0.7152, 0.0722];
  const luminance = (c) => shares.reduce((sum, share, i) => sum + share * linear(c[i] / 255), 0);
  const behind = (e) => {
    for (let p = e; p; p = p.parentElement) {
      const colour = rgba(getComputedStyle(p).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const e of widget.querySelectorAll('*')) {
    const own = [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join('').trim();
    const text = e.matches('input.value') ? e.value : own;
    if (!text || !e.checkVisibility() || e.closest('.unseen')) continue;
    const [a, b] = [luminance(rgba(getComputedStyle(e).color)), luminance(behind(e))].sort((p, q) => q - p);
    if ((a + 0.05) / (b + 0.05) < 4.5) bad.push([text, e.className, ((a + 0.05) / (b + 0.05)).toFixed(2)]);
  }
  return bad;
}"""
