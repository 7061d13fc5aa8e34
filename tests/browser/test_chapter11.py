"""The widget of chapter 11 on the built page: every control, every number, a training against cnnlib."""

import numpy as np
import pytest
from test_widget_controls import CONTRAST, NONSENSE, everything
from widget_page import cell, numbers, panel, starting

from cnnlib import SGD, squared_error, squared_error_backward
from cnnlib.data import draw_glyphs
from cnnlib.widgets import NetworkInspector

PAGE = "/notebooks/11-whole-networks.html"
PHONE = dict(width=360, height=740, has_touch=True, is_mobile=True)


@pytest.fixture
def opened(book_http, page_factory):
    """Return a function that opens chapter 11: the widget, its page, and what the page complained of."""

    def open_widget(base=book_http, **options):
        page, seen = page_factory(**options)
        page.goto(base + PAGE)
        widget = page.locator(".cnn-widget.network-inspector")
        widget.scroll_into_view_if_needed()
        return widget, page, seen

    return open_widget


def total(widget):
    """The number that the line of arithmetic ends in."""
    return float(widget.locator(".sum .total").inner_text().replace("−", "-"))


def show(widget, name):
    widget.get_by_role("radio", name=name, exact=True).check(force=True)


def test_the_widget_also_runs_from_files(opened, book_file):
    widget, _, seen = opened(base=book_file)
    assert total(widget) == -0.01879
    seen.assert_clean()


EACH = """async (widget, view) => {
  const result = {};
  for (const panel of widget.querySelectorAll('.panel:not(.x)')) {
    const title = panel.querySelector('.title').textContent;
    for (const cell of panel.querySelectorAll('.cnn-cell')) {
      cell.click();
      await new Promise((resolve) => setTimeout(resolve, 0));
      const text = widget.querySelector(".sum .total").textContent.replaceAll("−", "-");
      (result[title] ??= []).push(Number(text));
    }
  }
  return result;
}"""


def test_every_delta_and_gradient_is_that_of_cnnlib(opened):
    """net6-delta-f, backprop-output, conv-dw, dense-dw: choose each of the 141 numbers and read its sum."""
    widget, _, seen = opened()
    shown = widget.evaluate(EACH)
    python = NetworkInspector()
    _, delta_f, delta_out = python.deltas()
    net, t = python.network(), np.array([[0.0, 1.0, 0.0]])
    net.backward(squared_error_backward(net(np.array([[python.image]], float)), t))
    dw, db, dv, dc = net.grads()
    for k in range(3):
        np.testing.assert_allclose(shown[f"δ F{k + 1}"], delta_f[k].ravel(), rtol=1e-3, atol=1e-12)
        np.testing.assert_allclose(shown[f"∂C/∂w F{k + 1}"], [*dw[k].ravel(), db[k]], rtol=1e-3, atol=1e-12)
    gradients = np.concatenate([dv[:, 4 * k : 4 * k + 4].ravel() for k in range(3)])
    np.testing.assert_allclose(shown["∂C/∂w O1, O2, O3"], gradients, rtol=1e-3)
    np.testing.assert_allclose(shown["δ O"], np.column_stack([delta_out, dc]).ravel(), rtol=1e-3)
    gamma = (delta_out @ np.reshape(python.weights, (3, 12))).reshape(3, 4)
    for k in range(3):
        np.testing.assert_allclose(shown[f"γ P{k + 1}"], gamma[k], rtol=1e-3, atol=1e-12)
    seen.assert_clean()


@pytest.mark.parametrize("view, layer", [("z", 0), ("a", 1)])
def test_every_forward_number_is_that_of_cnnlib(opened, view, layer):
    """conv-fwd, maxpool-fwd: the same for z and a."""
    widget, _, seen = opened()
    show(widget, view)
    shown = widget.evaluate(EACH)
    python = NetworkInspector()
    net = python.network()
    values = [np.array([[python.image]], float)]
    for each in net.layers:
        values.append(each(values[-1]))
    for k in range(3):
        maps = values[layer + 1][0, k]
        np.testing.assert_allclose(shown[f"{view} F{k + 1}"], maps.ravel(), rtol=1e-3, atol=1e-12)
        np.testing.assert_allclose(shown[f"a P{k + 1}"], values[3][0, k].ravel(), rtol=1e-3)
        taps = [*np.ravel(python.filters[k]), python.filter_bias[k]]
        np.testing.assert_allclose(shown[f"w F{k + 1}"], taps, atol=1e-12)
    both = np.column_stack([values[layer + 5][0], python.output_bias])
    np.testing.assert_allclose(shown[f"{view} O"], both.ravel(), rtol=1e-3, atol=1e-12)
    seen.assert_clean()


def test_the_three_paths_are_written_out(opened):
    widget, page, _ = opened(width=1400)
    lines = ["".join(text.split()) for text in widget.locator(".ins-path").all_inner_texts()]
    assert len(lines) == 3
    assert lines[0] == "O1:δO1·wO1,1-11·1·a′=0.09675·(−0.5)·1·0.2055=−0.009941"
    assert widget.locator(".ins-thread").count() == 7
    cell(widget, "δ F1", 0, 1).click()
    assert total(widget) == 0 and "·0·" in widget.locator(".ins-path").first.inner_text()
    assert widget.locator(".says").inner_text().startswith("Not the largest of its block")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert total(widget) == 0.01308 and widget.locator(".ins-thread.cut").count() == 0


def test_drawing_by_mouse_and_keys(opened):
    """Press and move draws; space turns the focused pixel over; the numbers follow."""
    widget, page, seen = opened()
    widget.get_by_label("wipe the picture").click()
    ink = widget.locator(".panel.x [aria-label*=', ink']")
    assert ink.count() == 0 and "A tie" in widget.locator(".says").inner_text()
    first, last = (cell(widget, "x", 2, column).bounding_box() for column in (1, 4))
    page.mouse.move(first["x"] + 9, first["y"] + 9)
    page.mouse.down()
    page.mouse.move(last["x"] + 9, last["y"] + 9, steps=12)
    page.mouse.up()
    assert ink.count() == 4
    page.mouse.move(first["x"] + 9, first["y"] + 90)
    assert ink.count() == 4
    cell(widget, "x", 2, 1).focus()
    page.keyboard.press("Space")
    assert ink.count() == 3
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert ink.count() == 4
    seen.assert_clean()


def test_training_on_the_page_is_that_of_cnnlib(opened):
    """sgd: fresh weights, 12 steps at rate 7; every parameter and the cost line agree."""
    widget, _, seen = opened()
    widget.get_by_label("start from random weights").click()
    widget.get_by_role("slider", name="rate").fill("7")
    python = NetworkInspector()
    parts = np.split(np.array(python.fresh), [27, 30, 66])
    net = python.network()
    for own, fresh in zip(net.params(), parts, strict=True):
        own[...] = fresh.reshape(own.shape)
    pictures, classes = draw_glyphs(60, np.random.default_rng(0), dtype=float)
    optimiser, targets = SGD(net.params(), lr=7), np.eye(3)[classes]
    for _ in range(12):
        net.backward(squared_error_backward(net(pictures), targets))
        optimiser.step(net.grads())
        widget.get_by_label("one step downhill").click()
    y = net(pictures)
    wrong = (y.argmax(axis=1) != classes).sum()
    said = widget.locator(".ins-score").inner_text()
    assert said == f"12 steps · cost {float(f'{squared_error(y, targets):.4g}')} · {wrong} of 60 wrong"
    show(widget, "a")
    taps = starting(numbers(widget), "w F2")
    np.testing.assert_allclose(np.ravel(taps[:3]), net.params()[0][1, 0].ravel(), atol=0.0051)
    seen.assert_clean()


def test_train_runs_pauses_and_ends_without_errors(opened):
    widget, page, seen = opened()
    widget.get_by_label("start from random weights").click()
    widget.get_by_label("train on from here").click()
    page.wait_for_function("document.querySelector('.ins-score.done')", timeout=20000)
    widget.get_by_label("pause").click()
    said = widget.locator(".ins-score").inner_text()
    assert "0 of 60 wrong" in said
    page.wait_for_timeout(300)
    assert widget.locator(".ins-score").inner_text() == said
    widget.get_by_label("back to the worked example").click()
    assert widget.locator(".ins-score").inner_text().startswith("0 steps") and total(widget) == -0.01879
    seen.assert_clean()


def test_no_control_is_dead(opened):
    widget, page, seen = opened()
    for name in ("z", "a", "δ", "this picture", "all digits"):
        before = everything(widget), widget.locator(".ins-score").inner_text()
        show(widget, name)
        assert (everything(widget), widget.locator(".ins-score").inner_text()) != before, name
    for name in ("1", "3"):
        before = everything(widget)
        show(widget, name)
        assert everything(widget) != before
    for _ in range(2):
        before = everything(widget)
        widget.get_by_label("show the next training digit").click()
        assert everything(widget) != before
    slider = widget.get_by_role("slider", name="rate")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert slider.input_value() == "4"
    seen.assert_clean()


def test_weights_take_typing_and_refuse_nonsense_in_words(opened):
    widget, page, seen = opened()
    show(widget, "z")
    box = cell(widget, "w F1", 0, 1).locator("input")
    box.fill("1.9")
    assert total(widget) == 1.9 and "A cell" not in widget.inner_text()
    page.keyboard.press("Tab")
    before = numbers(widget)
    for nonsense in NONSENSE:
        box.focus()
        page.keyboard.press("Control+A")
        page.keyboard.press("Delete")
        page.keyboard.type(nonsense)
        page.keyboard.press("Tab")
        assert "A cell takes a number from −999 to 999" in widget.get_by_role("alert").inner_text()
        assert numbers(widget) == before and widget.locator("img").count() == 0
    seen.assert_clean()


def test_on_a_phone_columns_stack_and_a_finger_draws(opened):
    widget, page, seen = opened(**PHONE)
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    small = widget.evaluate(
        """(w) => [...w.querySelectorAll('button, .choice label, .control')]
          .filter((e) => e.offsetParent).map((e) => e.getBoundingClientRect().height).filter((h) => h < 44)"""
    )
    assert small == [] and cell(widget, "x", 0, 0).bounding_box()["height"] >= 36
    above, below = panel(widget, "δ F1"), panel(widget, "∂C/∂w O1").first
    assert below.bounding_box()["y"] > above.bounding_box()["y"] + 100
    cell(widget, "x", 0, 0).tap()
    assert widget.locator(".panel.x [aria-label^='row 1, column 1, ink']").count() == 1
    cell(widget, "δ O", 1, 0).tap()
    assert total(widget) < 0 and "miss" in widget.locator(".says").inner_text()
    seen.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable(opened, scheme):
    widget, _, _ = opened(color_scheme=scheme)
    for name in ("δ", "z", "a"):
        show(widget, name)
        assert widget.evaluate(CONTRAST) == []


def test_without_javascript_a_picture_stands_in_its_place(book_http, page_factory):
    page, _ = page_factory(java_script_enabled=False)
    page.goto(book_http + PAGE)
    figure = page.locator("figure.cnn-static:not(:has(ol))")
    assert figure.count() == 1 and "−0.018787" in figure.inner_text() and "target 2" in figure.inner_text()
