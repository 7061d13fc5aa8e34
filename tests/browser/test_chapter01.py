"""The perceptron widget on the built page: each control, by mouse, keys and touch, against cnnlib."""

import re

import numpy as np
import pytest
from test_widget_controls import CONTRAST

from cnnlib import sigmoid, tanh
from cnnlib.perceptron import learn, logistic_gradient, obstacle, perceptron_update
from cnnlib.widgets.perceptron import CORNERS, PRESETS

PAGE = "/notebooks/01-perceptron.html"


@pytest.fixture
def opened(request, page_factory):
    """Return a function that opens the chapter: one widget, its page, and what the page complained of."""

    def open_widget(nth=0, base="http", **options):
        page, seen = page_factory(**options)
        page.goto(request.getfixturevalue(f"book_{base}") + PAGE)
        widget = page.locator(".cnn-widget.perceptron").nth(nth)
        widget.scroll_into_view_if_needed()
        return widget, page, seen

    return open_widget


def number(text):
    return float(text.replace("−", "-"))


def weights(widget):
    """The weights before and after the announced step, as the reader sees them."""
    triples = re.findall(r"\(([^()]+, [^()]+, [^()]+)\)", widget.locator(".sum").nth(1).inner_text())
    values = [[number(v) for v in triple.split(", ")] for triple in triples]
    return values[0], values[-1]


def table(widget):
    rows = widget.evaluate(
        """(w) => [...w.querySelectorAll('.cnn-points tbody tr')]
          .map((r) => [...r.cells].map((c) => c.innerText))"""
    )
    return [[cell.strip("▸ ") for cell in row] for row in rows]


def press(widget, name, times=1):
    for _ in range(times):
        widget.get_by_role("button", name=name, exact=True).click()


def dot(widget, index):
    return widget.locator(".cnn-dot").nth(index)


def said(widget):
    return widget.locator(".says").inner_text(), widget.locator(".verdict").inner_text()


# --- the reference runs of chapter 01 ------------------------------------------------------------
@pytest.mark.parametrize(("name", "base"), [("AND", "http"), ("OR", "file")])
def test_passes_end_where_the_library_ends(opened, name, base):
    """perceptron-update: AND ends with (3, 2, −4), OR with (2, 2, −1), at the right pass and not before."""
    widget, _, seen = opened(base=base)
    widget.get_by_role("combobox", name="points").select_option(name)
    w, b, clean = learn(np.array(CORNERS), PRESETS[name]["labels"])
    press(widget, "show every point once", clean - 1)
    assert "nothing any more" not in said(widget)[0]
    press(widget, "show every point once")
    assert weights(widget)[0] == [*w, b] == {"AND": [3, 2, -4], "OR": [2, 2, -1]}[name]
    assert said(widget)[0] == "All 4 points lie on their own side: the rule changes nothing any more."
    assert f"pass {clean} · all on their own side · mean E 0" in widget.inner_text()
    assert [row[-1] for row in table(widget)] == ["✓"] * 4
    seen.assert_clean()


def test_play_stops_by_itself_when_all_is_right(opened):
    widget, _, seen = opened()
    widget.locator("summary").click()
    widget.get_by_label("speed").select_option("fast")
    press(widget, "play all updates")
    assert widget.get_by_role("button", name="pause").count() == 1
    widget.get_by_role("button", name="play all updates").wait_for(timeout=15_000)
    assert weights(widget)[0] == [3, 2, -4]
    seen.assert_clean()


@pytest.mark.parametrize("kind", ["sign", "sigmoid", "tanh"])
def test_each_step_is_the_one_announced_and_the_one_of_cnnlib(opened, kind):
    """perceptron-update, logistic-grad, tanh-sigmoid: eight steps on AND, shown to two decimals."""
    widget, _, seen = opened()
    widget.get_by_role("radio", name=kind).check()
    widget.get_by_role("slider", name="step η").fill("5")
    w, b, labels, outputs = (
        np.zeros(2),
        0.0,
        PRESETS["AND"]["labels"],
        {"sign": np.sign, "tanh": tanh, "sigmoid": sigmoid},
    )
    for k in range(8):
        x, t = np.array(CORNERS[k % 4], float), labels[k % 4]
        row = table(widget)[k % 4]
        assert number(row[4]) == pytest.approx(outputs[kind](np.array([x @ w + b]))[0], abs=0.0051)
        if kind == "sign":
            w, b = perceptron_update(x, t, w, b, lr=0.5)
        else:
            scale = 2 if kind == "tanh" else 1
            dw, db = logistic_gradient(x[None], np.array([(t + 1) / 2]), scale * w, scale * b)
            w, b = w - 0.5 * scale * dw, b - 0.5 * scale * db
        announced = weights(widget)[1]
        press(widget, "show the next point")
        assert weights(widget)[0] == announced == pytest.approx([*w, b], abs=0.0051)
    seen.assert_clean()


def test_xor_says_that_no_line_exists_and_why(opened):
    widget, _, seen = opened()
    widget.get_by_role("combobox", name="points").select_option("XOR")
    for _ in range(3):
        assert "segment between points 1 and 4 crosses the segment between points 2 and 3" in said(widget)[1]
        press(widget, "show every point once")
    assert widget.locator("polyline.proof").count() == 2 and "none" in widget.locator(
        ".verdict"
    ).get_attribute("class")
    press(widget, "back to the worked example")
    assert said(widget)[1] == "A line between the two kinds exists."
    seen.assert_clean()


# --- points and labels ------------------------------------------------------------------------------
def test_points_move_and_switch_by_keyboard(opened):
    widget, page, seen = opened()
    dot(widget, 0).focus()
    for key in ("ArrowRight", "ArrowUp", "ArrowUp", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    page.wait_for_timeout(30)
    assert table(widget)[0][1] == "(−0.4, 0.2)"
    assert page.evaluate("document.activeElement.className").startswith("cnn-dot")
    page.keyboard.press("Enter")
    page.wait_for_timeout(30)
    assert table(widget)[0][2] == "1" and "point 1, plus, at −0.4, 0.2" in dot(widget, 0).get_attribute(
        "aria-label"
    )
    page.keyboard.press("Space")
    page.wait_for_timeout(30)
    assert table(widget)[0][2] == "−1" and "points 1" not in widget.locator(".says").inner_text()
    for _ in range(30):
        page.keyboard.press("Shift+ArrowDown")
    assert table(widget)[0][1] == "(−0.4, −1.5)"
    seen.assert_clean()


def test_a_point_dragged_by_the_mouse_goes_there_and_keeps_its_label(opened):
    """XOR becomes separable when point 4 crosses the segment from 2 to 3, exactly when Python says so."""
    widget, page, seen = opened()
    widget.get_by_role("combobox", name="points").select_option("XOR")
    plane = widget.locator(".cnn-plane").bounding_box()

    def to_page(x, y):
        return (
            plane["x"] + (x + 1.5) / 4 * plane["width"],
            plane["y"] + (2.5 - y) / 4 * plane["height"],
        )

    page.mouse.move(*to_page(1, 1))
    page.mouse.down()
    for x in (0.8, 0.6, 0.5, 0.4):
        page.mouse.move(*to_page(x, x), steps=2)
        page.wait_for_timeout(30)
        assert table(widget)[3][1] == f"({x}, {x})"
        points = [["0", "0"], ["0", "1"], ["1", "0"], [str(x), str(x)]]
        blocked = obstacle(points, [-1, 1, 1, -1]) is not None
        assert blocked == (x >= 0.5) == said(widget)[1].removeprefix("⚠ ").startswith("No line exists")
    page.mouse.up()
    assert table(widget)[3][2] == "−1"
    dot(widget, 3).click()
    page.wait_for_timeout(30)
    assert table(widget)[3][2] == "1"
    assert widget.get_by_role("combobox", name="points").input_value() == "own points"
    seen.assert_clean()


def test_on_a_phone_points_are_dragged_by_touch_and_nothing_sticks_out(opened):
    widget, page, seen = opened(width=360, height=740, has_touch=True, is_mobile=True)
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    widget.locator("summary").tap()
    small = widget.evaluate(
        """(w) => [...w.querySelectorAll('button, select, .choice label, .control')]
          .filter((e) => e.offsetParent).map((e) => e.getBoundingClientRect())
          .filter((r) => Math.min(r.height, r.width) < 44).length"""
    )
    assert small == 0
    dot(widget, 1).tap()
    page.wait_for_timeout(30)
    assert table(widget)[1][2] == "1"
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert dot(widget, 1).evaluate("(e) => getComputedStyle(e).touchAction") == "none"
    seen.assert_clean()


# --- every control ----------------------------------------------------------------------------------
def test_every_slider_over_its_whole_range_by_keyboard(opened):
    """The line placed by hand: z of all points as NumPy gives it, for each value of each slider."""
    widget, page, seen = opened()
    widget.locator("summary").click()
    now = {"w₁": 0, "w₂": 0, "b": 0, "step η": 10}
    for name, (first, last) in {"w₁": (-8, 8), "w₂": (-8, 8), "b": (-8, 8), "step η": (1, 20)}.items():
        slider = widget.get_by_role("slider", name=name)
        slider.focus()
        page.keyboard.press("Home")
        for value in range(first, last + 1):
            page.wait_for_timeout(5)
            now[name] = value
            z = np.array(CORNERS) @ [now["w₁"], now["w₂"]] + now["b"]
            assert [number(row[3]) for row in table(widget)] == z.tolist(), (name, value)
            wrong = [i + 1 for i, t in enumerate(PRESETS["AND"]["labels"]) if t * z[i] <= 0]
            assert [i + 1 for i, row in enumerate(table(widget)) if row[-1] == "✗"] == wrong
            page.keyboard.press("ArrowRight")
        assert slider.input_value() == str(last)
    assert "2·" in widget.locator(".sum").nth(1).inner_text()  # η = 2
    seen.assert_clean()


def test_sliders_obey_the_mouse_and_no_control_is_dead(opened):
    widget, page, seen = opened()
    widget.locator("summary").click()
    state = (
        "(w) => w.outerHTML + [...w.querySelectorAll('input,select')].map((i) => i.value + i.checked).join()"
    )
    for slider in widget.get_by_role("slider").all():
        box, before = slider.bounding_box(), widget.evaluate(state)
        page.mouse.click(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2)
        page.wait_for_timeout(30)
        assert widget.evaluate(state) != before, slider.evaluate("(s) => s.closest('label').innerText")
    for button in widget.locator(".controls button").all() + [dot(widget, 2)]:
        before = widget.evaluate(state)
        button.click()
        page.wait_for_timeout(60)
        assert widget.evaluate(state) != before, button.get_attribute("aria-label")
        if button.get_attribute("aria-label") == "pause":
            button.click()
        if button.get_attribute("aria-label") in ("start from zero weights", "back to the worked example"):
            press(widget, "show every point once")
    for name in PRESETS:
        widget.get_by_role("combobox", name="points").select_option(name)
        page.wait_for_timeout(30)
        assert len(table(widget)) == widget.locator(".cnn-dot").count() == len(PRESETS[name]["points"])
        points = [[str(v) for v in point] for point in PRESETS[name]["points"]]
        assert ("No line" in said(widget)[1]) == (obstacle(points, PRESETS[name]["labels"]) is not None)
    for kind in ("tanh", "sigmoid", "sign"):
        widget.get_by_role("radio", name=kind).check()
        assert kind in widget.locator(".unseen").inner_text()
    seen.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable(opened, scheme):
    _, page, _ = opened(color_scheme=scheme)
    for widget in page.locator(".cnn-widget.perceptron").all():
        widget.locator("summary").click()
        assert widget.evaluate(CONTRAST) == []


def test_widgets_of_one_page_do_not_disturb_each_other(opened):
    widget, page, _ = opened()
    others = [page.locator(".cnn-widget.perceptron").nth(k) for k in (1, 2)]
    before = [other.inner_text() for other in others]
    press(widget, "show every point once", 2)
    assert [other.inner_text() for other in others] == before


def test_without_javascript_a_table_stands_in_its_place(book_http, page_factory):
    page, _ = page_factory(java_script_enabled=False)
    page.goto(book_http + PAGE)
    figures = page.locator("figure.cnn-static:not(:has(ol))")
    assert figures.count() == 3 and figures.nth(1).is_visible()
    assert "No line separates the two kinds." in figures.nth(1).inner_text()
