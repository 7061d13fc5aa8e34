"""The controls of the widget of chapter 06 on the built page: mouse, keys, touch, dark, no JavaScript."""

import itertools
import re

import pytest
from test_chapter06 import PAGE, TITLES, choose, line
from test_widget_controls import CONTRAST, everything
from widget_page import cell, panel, reset


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


def visible_state(widget):
    """What the reader sees and hears, and where the controls stand."""
    inputs = "(w) => [...w.querySelectorAll('input')].map((i) => i.value + i.checked).join()"
    return everything(widget), widget.locator("p").all_inner_texts(), widget.evaluate(inputs)


def test_each_control_obeys_keys_and_mouse(opened):
    widget, page, seen = opened()
    widget.locator("summary").click()
    assert widget.get_by_role("slider").count() == 6
    for slider, by in itertools.product(widget.get_by_role("slider").all(), ("keys", "mouse")):
        reset(widget)
        before = visible_state(widget)
        slider.scroll_into_view_if_needed()
        if by == "keys":
            slider.focus()
            page.keyboard.press(
                "ArrowLeft" if slider.input_value() == slider.get_attribute("max") else "ArrowRight"
            )
        else:
            box, low = slider.bounding_box(), int(slider.input_value()) > int(slider.get_attribute("min"))
            page.mouse.click(box["x"] + box["width"] * (0.03 if low else 0.97), box["y"] + box["height"] / 2)
        page.wait_for_timeout(20)
        after = visible_state(widget)
        label = slider.evaluate("(i) => i.closest('label').innerText")
        assert before[1] != after[1] and before[2] != after[2], (label, by)
    reset(widget)
    for radio in widget.get_by_role("radio").all():
        if not radio.is_checked():
            before = visible_state(widget)
            radio.check(force=True)
            assert visible_state(widget) != before, radio.get_attribute("value")
    widget.get_by_role("radio", name="forward").focus()
    page.keyboard.press("ArrowRight")
    assert panel(widget, "Wᵀ").count() == 1
    seen.assert_clean()


def test_arrow_keys_walk_through_the_cells(opened):
    widget, page, _ = opened()
    cell(widget, "W", 1, 1).focus()
    for key, wanted in (("ArrowRight", "∂E/∂k12"), ("ArrowDown", "∂E/∂k11"), ("ArrowLeft", "W2,1=0")):
        page.keyboard.press(key)
        assert line(widget).startswith(wanted), key


def test_two_widgets_do_not_disturb_each_other_also_from_files(opened, book_file):
    widget, page, seen = opened(base=book_file)
    other = page.locator(".cnn-widget.conv-matrix").nth(1)
    before = visible_state(other)
    choose(widget, "backward")
    widget.get_by_role("slider", name="image").fill("5")
    assert visible_state(other) == before and line(other).endswith("=4")
    seen.assert_clean()


@pytest.mark.parametrize("image", ["3", "6"])
def test_on_a_phone_nothing_sticks_out(opened, image):
    widget, page, seen = opened(width=360, height=740, has_touch=True, is_mobile=True)
    widget.get_by_role("slider", name="image").fill(image)
    widget.locator("summary").click()
    for view in TITLES:
        choose(widget, view)
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
        frame = widget.bounding_box()
        for part in widget.locator(".panel, .controls, .sum, .cm-drawing, .cm-scroll").all():
            if part.is_visible():
                box = part.bounding_box()
                assert box["x"] >= frame["x"] and box["x"] + box["width"] <= frame["x"] + frame["width"] + 0.5
    small = widget.evaluate(
        """(w) => [...w.querySelectorAll('button, .choice label, .control')]
          .filter((e) => e.offsetParent).map((e) => e.getBoundingClientRect().height).filter((h) => h < 44)"""
    )
    assert small == []
    seen.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_of_the_widget_is_readable(opened, scheme):
    """Contrast at least 4.5 : 1 for every tap, in every view, also in the large map."""
    widget, _, _ = opened(color_scheme=scheme, reduced_motion="reduce")
    widget.get_by_role("slider", name="image").fill("4")
    for kernel, view in itertools.product("234", TITLES):
        widget.get_by_role("slider", name="kernel").fill(kernel)
        choose(widget, view)
        assert widget.evaluate(CONTRAST) == []
    widget.get_by_role("slider", name="image").fill("6")
    assert widget.evaluate(CONTRAST) == []


def test_without_javascript_pictures_stand_in_their_places(book_http, page_factory):
    page, _ = page_factory(java_script_enabled=False)
    page.goto(book_http + PAGE)
    figures = page.locator("figure.cnn-static:not(:has(ol))")
    assert figures.count() == 2
    text = " ".join(figures.all_inner_texts())
    assert "y = W x" in text and "added up over the places of each tap" in text
    assert re.search(r"37\s+47", text)
