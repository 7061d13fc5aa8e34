"""The pad of chapter 12 on the built page: agreement with cnnlib, mouse, touch and keys, every control."""

import itertools
import re

import numpy as np
import pytest
from test_widget_controls import CONTRAST

from cnnlib import (
    Conv2d,
    Dense,
    Flatten,
    MaxPool2d,
    ReLU,
    Sequential,
    cross_entropy_backward,
    softmax,
)
from cnnlib.widgets import DigitReader

PAGE = "/notebooks/12-training-on-digits.html"

MODEL = """() => Object.values(JSON.parse(document.querySelector(
  'script[type="application/vnd.jupyter.widget-state+json"]').textContent).state)
  .map((entry) => entry.state).find((state) => state.weights)"""

STATE = """(w) => {
  const number = (text) => Number(text.replaceAll('−', '-'));
  const last = (cell) => number(cell.getAttribute('aria-label').split(': ')[1]);
  const text = (e) => e.textContent.replace(/\\s+/g, ' ').trim();
  const cells = (kind) => [...w.querySelectorAll(`.digit-board.${kind} .digit-pixel`)];
  return { x: cells('x').map(last), dx: cells('d').map(last), arrows: cells('d').map(text),
    y: [...w.querySelectorAll('.digit-bar output')].map((o) => Number(o.title)),
    k: [...w.querySelectorAll('.digit-bar input')].findIndex((i) => i.checked),
    says: w.querySelector('.says').textContent, pointed: w.querySelector('.digit-pointed').textContent,
    preset: w.querySelector('select').value, chosen: text(w.querySelector('.digit-chosen')),
    totals: [...w.querySelectorAll('.digit-workshop .total')].filter((t) => t.checkVisibility())
      .map((t) => number(t.textContent)) };
}"""

SWEEP = """async (w, [presets, classes]) => {
  const [menu, bars, found] = [w.querySelector('select'), [...w.querySelectorAll('.digit-bar input')], []];
  for (const preset of presets) for (const k of classes) {
    menu.value = preset;
    menu.dispatchEvent(new Event('change', { bubbles: true }));
    bars[k].click();
    await new Promise((resolve) => setTimeout(resolve, 0));
    found.push((STATE)(w));
  }
  return found;
}""".replace("STATE", STATE)

WALK = """async (maps, count) => {
  const w = maps.closest('.cnn-widget');
  const press = async (key) => {
    maps.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    await Promise.resolve();
  };
  const found = [];
  for (let k = 0; k < count; k++) {
    await press(k % 2 ? 'ArrowLeft' : 'ArrowRight');
    await press('ArrowRight');
    if (k % 3 === 0) await press('ArrowDown');
    if (k % 7 === 0) await press('PageDown');
    found.push((STATE)(w));
  }
  return found;
}""".replace("STATE", STATE)


@pytest.fixture
def opened(book_http, page_factory):
    """Return a function that opens the pad: the widget, its page, the page's complaints."""

    def open_widget(base=book_http, **options):
        page, seen = page_factory(**options)
        page.goto(base + PAGE)
        widget = page.locator(".cnn-widget.digit-reader")
        widget.scroll_into_view_if_needed()
        widget.locator(".digit-chosen").wait_for()
        return widget, page, seen

    return open_widget


def network(page):
    """Rebuild the page's network in cnnlib from the numbers the page holds; return it with its presets."""
    state, rng = page.evaluate(MODEL), np.random.default_rng(0)
    blank = Sequential(
        Conv2d(1, 8, 3, padding=1, rng=rng), ReLU(), MaxPool2d(2),
        Conv2d(8, 16, 3, padding=1, rng=rng), ReLU(), Flatten(), Dense(256, 10, rng=rng),
    )  # fmt: skip
    widget = DigitReader(blank)
    widget.weights = state["weights"]
    return widget.network(), {name: np.reshape(v, (8, 8)) / 16 for name, v in state["presets"].items()}


def check(net, x, k, found):
    """Compare probabilities to 1e-9, gradients to the three digits a pixel shows, arrows with their signs."""
    scores = net(np.reshape(x, (1, 1, 8, 8)))
    np.testing.assert_allclose(found["y"], softmax(scores)[0], atol=1e-9)
    dx = net.backward(cross_entropy_backward(scores, np.array([k]))).ravel()
    tiny = np.abs(dx) < 1e-3
    np.testing.assert_allclose(np.array(found["dx"])[~tiny], dx[~tiny], rtol=5.1e-3)
    np.testing.assert_allclose(np.array(found["dx"])[tiny], dx[tiny], atol=5.1e-5)
    share = dx / max(abs(dx).max(), 1e-300)
    for value, arrow in zip(share, found["arrows"], strict=True):
        if abs(abs(value) - 0.04) > 1e-6:
            assert arrow == ("·" if abs(value) < 0.04 else "▲" if value < 0 else "▼")
    assert found["k"] == k


def pixel(widget, row, column):
    return widget.locator(".digit-board.x .digit-pixel").nth(8 * row + column)


def middle(box, row, column):
    return box["x"] + box["width"] * (column + 0.5) / 8, box["y"] + box["height"] * (row + 0.5) / 8


def test_reads_what_cnnlib_reads(opened):
    """conv-fwd, softmax, ce-dlogits, conv-dx: all test digits of the page, for all ten classes."""
    widget, page, seen = opened()
    net, presets = network(page)
    found = widget.evaluate(SWEEP, [list(presets), list(range(10))])
    for (name, k), state in zip(itertools.product(presets, range(10)), found, strict=True):
        assert state["preset"] == name
        check(net, presets[name], k, state)
        best = int(np.argmax(state["y"]))
        assert f"reads a {best}," in state["says"]
    assert len(presets) >= 12 and len(set(np.argmax(f["y"]) for f in found)) == 10
    seen.assert_clean()


@pytest.mark.parametrize("strip, layer", [(0, 1), (1, 2), (2, 4)])
def test_a_unit_shows_the_sum_that_made_it(opened, strip, layer):
    """Walked over with the keys: the numbers at the bottom are those of cnnlib's layers."""
    widget, page, seen = opened()
    net, presets = network(page)
    a = next(iter(presets.values()))[None, None]
    for k in range(layer + 1):
        before, a = a, net.layers[k](a)
    visited = set()
    for found in widget.locator(".digit-maps").nth(strip).evaluate(WALK, 90):
        at = tuple(map(int, re.findall(r"map (\d+).*row (\d+), column (\d+)", found["chosen"])[0]))
        visited.add(at)
        if layer == 2:
            assert abs(found["totals"][0] - a[0][at]) < 0.00501
        else:
            assert abs(found["totals"][-1] - before[0][at]) < 0.00501
    assert len(visited) > 40
    seen.assert_clean()


def test_a_score_opens_into_its_parts(opened):
    widget, page, seen = opened()
    net, presets = network(page)
    scores = net(next(iter(presets.values()))[None, None])[0]
    widget.get_by_role("radio", name=re.compile("^class 3")).check(force=True)
    chips = widget.locator(".digit-chip")
    assert chips.count() == 16
    parts = [float(chip.inner_text().split()[-1].replace("−", "-")) for chip in chips.all()]
    bias = net.params()[-1][3]
    assert abs(bias + sum(parts) - scores[3]) < 17 * 0.005
    chips.nth(5).click()
    assert chips.nth(5).get_attribute("aria-pressed") == "true"
    totals = widget.evaluate(STATE)["totals"]
    assert totals[0] == parts[5] and abs(totals[-1] - scores[3]) < 0.00501
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert chips.nth(6).get_attribute("aria-pressed") == "true"
    seen.assert_clean()


def test_the_keyboard_draws(opened):
    """Arrows walk, digits set ninths, space toggles, Delete erases; the network reads along."""
    widget, page, seen = opened()
    net, _ = network(page)
    widget.get_by_label("clear the paper").click()
    assert "Blank paper" in widget.evaluate(STATE)["says"]
    pixel(widget, 0, 0).focus()
    x = np.zeros((8, 8))
    for row, column, key in [(0, 3, "9"), (0, 4, "4"), (1, 4, " "), (2, 4, "7"), (7, 7, " ")]:
        pixel(widget, 0, 0).focus()
        for arrow in ["ArrowDown"] * row + ["ArrowRight"] * column:
            page.keyboard.press(arrow)
        page.keyboard.press(key)
        x[row, column] = 1 if key == " " else round(int(key) / 9, 4)
    check(net, x, 8, widget.evaluate(STATE))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Delete")
    x[7, 7] = 0
    found = widget.evaluate(STATE)
    check(net, x, 8, found)
    assert (
        "row 7, column 7: ink 0," in found["pointed"]
        and "no training digit has so little ink" in found["says"]
    )
    assert found["preset"] == ""
    seen.assert_clean()


def test_the_mouse_draws_and_erases(opened):
    widget, page, seen = opened()
    net, _ = network(page)
    widget.get_by_label("clear the paper").click()
    widget.get_by_role("slider", name="soft brush").fill("0")
    pad = widget.locator(".digit-board.x .digit-sheet")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(*middle(box, 1, 1))
    page.mouse.down()
    page.mouse.move(*middle(box, 1, 6), steps=3)
    page.mouse.up()
    page.mouse.move(*middle(box, 5, 6), steps=3)  # without the button nothing is drawn
    x = np.zeros((8, 8))
    x[1, 1:7] = 1
    check(net, x, 8, widget.evaluate(STATE))
    widget.get_by_role("slider", name="soft brush").fill("4")
    page.mouse.click(*middle(box, 5, 3))
    soft = widget.evaluate(STATE)["x"]
    assert soft[8 * 5 + 3] == 1 and 0 < soft[8 * 5 + 4] < 1 and 0 < soft[8 * 4 + 3] < 1
    widget.get_by_role("checkbox", name="eraser").check()
    widget.get_by_role("slider", name="soft brush").fill("0")
    page.mouse.click(*middle(box, 1, 1))
    assert widget.evaluate(STATE)["x"][9] == 0 and widget.evaluate(STATE)["x"][10] == 1
    seen.assert_clean()


def test_uphill_changes_its_mind(opened):
    widget, page, seen = opened()
    button = widget.get_by_role("button", name="one step uphill")
    for k in (8, 1):
        widget.get_by_role("radio", name=re.compile(f"^class {k}")).check(force=True)
        read = [np.argmax(widget.evaluate(STATE)["y"])]
        while read[-1] != k and len(read) < 12:
            button.click()
            page.wait_for_timeout(15)
            read.append(np.argmax(widget.evaluate(STATE)["y"]))
        assert 1 < len(read) < 12 and f"reads a {k}," in widget.evaluate(STATE)["says"]
    widget.get_by_label("back to the worked example").click()
    page.wait_for_timeout(15)
    assert "first test digit" in widget.evaluate(STATE)["preset"]
    seen.assert_clean()


def test_every_other_control_by_mouse_and_keys(opened, book_file):
    widget, page, seen = opened(base=book_file)
    page.set_default_timeout(5000)
    start = np.reshape(widget.evaluate(STATE)["x"], (8, 8))
    for name, down, right in [("left", 0, -1), ("right", 0, 1), ("down", 1, 0), ("up", -1, 0)]:
        before = np.reshape(widget.evaluate(STATE)["x"], (8, 8))
        widget.get_by_label(f"move the drawing one pixel {name}").press("Enter")
        page.wait_for_timeout(15)
        padded = np.pad(before, 1)[1 - down : 9 - down, 1 - right : 9 - right]
        assert np.array_equal(np.reshape(widget.evaluate(STATE)["x"], (8, 8)), padded), name
    assert not np.array_equal(start, before)
    slider = widget.get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert slider.input_value() == "3"
    widget.get_by_role("radio", name=re.compile("^class 8")).focus()
    page.keyboard.press("ArrowDown")
    assert widget.evaluate(STATE)["k"] == 9 and "uphill for 9" in widget.inner_text()
    widget.locator(".digit-board.d .digit-pixel").nth(27).hover()
    assert "row 3, column 3" in widget.evaluate(STATE)["pointed"]
    said = widget.locator(".unseen").inner_text()
    widget.get_by_role("combobox").select_option(index=4)
    page.wait_for_timeout(15)
    assert widget.locator(".unseen").inner_text() != said
    widget.locator("svg[data-map='5']").nth(1).click()
    assert widget.evaluate(STATE)["chosen"].startswith("How map 5 of p")
    seen.assert_clean()


def test_on_a_phone_a_finger_draws_and_nothing_sticks_out(opened):
    widget, page, seen = opened(width=360, height=740, has_touch=True, is_mobile=True)
    widget.get_by_label("clear the paper").tap()
    widget.locator(".digit-board.x").scroll_into_view_if_needed()
    box = widget.locator(".digit-board.x .digit-sheet").bounding_box()
    finger = page.context.new_cdp_session(page)
    for kind, places in [
        ("touchStart", [(2, 2)]),
        ("touchMove", [(4, 2)]),
        ("touchMove", [(6, 3)]),
        ("touchEnd", []),
    ]:
        points = [dict(zip("xy", middle(box, *place), strict=True)) for place in places]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.wait_for_timeout(30)
    x = widget.evaluate(STATE)["x"]
    assert x[8 * 2 + 2] == x[8 * 3 + 2] == x[8 * 6 + 3] == 1
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    widget.get_by_role("radio", name=re.compile("^class 3")).check(force=True)
    small = widget.evaluate(
        """(w) => [...w.querySelectorAll('button, select, .control, .digit-bar')]
          .filter((e) => e.offsetParent).map((e) => e.getBoundingClientRect().height).filter((h) => h < 44)"""
    )
    assert small == [] and box["width"] / 8 >= 33
    frame = widget.bounding_box()
    for part in widget.locator(".digit-bar, .digit-strip, .digit-chip, .controls > *, .sum").all():
        spot = part.bounding_box()
        assert spot is None or spot["x"] + spot["width"] <= frame["x"] + frame["width"] + 0.5
    seen.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_of_the_pad_is_readable(opened, scheme):
    widget, _, _ = opened(color_scheme=scheme)
    assert widget.evaluate(CONTRAST) == []
    widget.get_by_role("radio", name=re.compile("^class 3")).check(force=True)
    assert widget.evaluate(CONTRAST) == []


def test_without_javascript_a_table_stands_in_its_place(book_http, page_factory):
    page, _ = page_factory(java_script_enabled=False)
    page.goto(book_http + PAGE)
    figure = page.locator("figure.cnn-static")
    assert figure.count() == 1 and "The network reads a" in figure.inner_text()
