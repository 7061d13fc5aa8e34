"""The widgets of chapter 02 on the built page: every control by mouse and keys, agreement with NumPy."""

import itertools

import numpy as np
import pytest
from pages import eventually
from test_widget_controls import CONTRAST, NONSENSE
from widget_page import cell

from cnnlib.activations import sigmoid
from cnnlib.widgets import MlpGraph
from cnnlib.widgets.mlp_graph import ACTIVATIONS
from cnnlib.widgets.xor_trainer import net_inputs, train

PAGE = "/notebooks/02-mlp-backpropagation.html"
KINDS = "mlp-graph", "xor-trainer"
PHONE = dict(width=360, height=740, has_touch=True, is_mobile=True)


@pytest.fixture
def opened(book_http, page_factory):
    """Return a function that opens chapter 02: one widget, its page, and what the page complained of."""

    def open_widget(kind, base=book_http, nth=0, **options):
        page, seen = page_factory(**options)
        page.goto(base + PAGE)
        widget = page.locator(f".cnn-widget.{kind}").nth(nth)
        widget.scroll_into_view_if_needed()
        return widget, page, seen

    return open_widget


def number(text):
    return float(text.replace("−", "-"))


def total(widget):
    """The last result that the widget writes out."""
    return number(widget.locator(".sum .total").last.inner_text())


@pytest.mark.parametrize("kind", KINDS)
def test_the_widgets_also_run_from_files(opened, book_file, kind):
    widget, _, seen = opened(kind, base=book_file)
    assert widget.locator(".sum .total").last.is_visible()
    seen.assert_clean()


# --- mlp-graph ----------------------------------------------------------------------------------
def test_the_worked_example_is_the_first_picture(opened):
    """backprop: θ_q12 has two paths, five factors each, and the sum of §2.2."""
    widget, _, seen = opened("mlp-graph")
    assert total(widget) == -0.05012
    assert widget.locator(".edge.lit").count() == 5 and widget.locator(".edge.chosen").count() == 1
    line = widget.locator(".sum").inner_text().replace("\n", "").replace(" ", "")
    assert line.startswith("∂E/∂θq12=op2·φ′q1·θr11·φ′r1·e1+op2·φ′q1·θr21·φ′r2·e2=2·0.2288·0.5·0.2448")
    assert "two paths, through unit q1" in widget.locator(".says").inner_text()
    seen.assert_clean()


WALK = """async (widget) => {
  const result = [];
  for (const input of widget.querySelectorAll('.panel.w input.value')) {
    input.focus();
    await new Promise((resolve) => setTimeout(resolve, 0));
    result.push([...widget.querySelectorAll('.sum .total')].at(-1).textContent);
  }
  return result;
}"""


@pytest.mark.parametrize("view", ["path by path", "backward"])
def test_every_weight_with_every_activation_agrees_with_the_kernels(opened, view):
    """backprop, backprop-output, backprop-weight: all 17 derivatives, as shown, to four digits."""
    widget, _, seen = opened("mlp-graph")
    widget.get_by_role("radio", name=view).check()
    for activation in ACTIVATIONS:
        widget.get_by_role("combobox", name="φ").select_option(activation)
        _, dq, dr = MlpGraph(activation=activation).gradients()
        shown = [number(text) for text in widget.evaluate(WALK)]
        np.testing.assert_allclose(shown, np.concatenate([dq.ravel(), dr.ravel()]), rtol=6e-4, atol=1e-12)
    seen.assert_clean()


def test_an_edge_is_chosen_by_mouse_and_a_weight_by_arrow_keys(opened):
    widget, page, seen = opened("mlp-graph")
    widget.locator(".reach").nth(11).dispatch_event("click")  # θ_r23
    assert "∂E/∂θr23" in widget.locator(".sum").inner_text().replace("\n", "")
    assert widget.locator(".edge.lit").count() == 2
    first = widget.locator(".panel.w").first.locator("input.value")
    first.nth(0).click()
    assert "θq11 reaches" in widget.locator(".says").inner_text()
    for key in ("ArrowDown", "End", "ArrowRight"):
        page.keyboard.press(key)
    assert "θq22" in widget.locator(".says").inner_text() and "θq22" in widget.locator(".unseen").inner_text()
    seen.assert_clean()


@pytest.mark.parametrize("view, pieces", [("path by path", 5), ("backward", 4)])
def test_steps_reveal_one_piece_at_a_time(opened, view, pieces):
    widget, page, seen = opened("mlp-graph")
    widget.get_by_role("radio", name=view).check()
    whole = widget.locator(".sum").inner_text()
    lines = {whole}
    for _ in range(pieces):
        widget.get_by_label("one piece on").click()
        page.wait_for_timeout(20)
        lines.add(widget.locator(".sum").inner_text())
    assert len(lines) == pieces + 1
    widget.get_by_label("one piece on").click()
    page.wait_for_timeout(20)
    assert widget.locator(".sum").inner_text() == whole
    widget.get_by_label("one piece back").click()
    page.wait_for_timeout(20)
    assert widget.locator(".sum").inner_text() != whole
    widget.get_by_label("one piece on").click()
    widget.get_by_label("reveal piece by piece").click()
    page.wait_for_timeout(60)
    widget.get_by_label("pause").click()
    seen.assert_clean()


def test_numbers_can_be_changed_and_nonsense_is_refused(opened):
    widget, page, seen = opened("mlp-graph")
    box = cell(widget, "o", 1, 0).locator("input")
    box.fill("−3.5")
    widget.locator(".panel.w").first.locator("input.value").nth(1).click()
    assert abs(total(widget) - MlpGraph(inputs=[1, -3.5]).gradients()[1][0, 1]) < 1e-5
    before = widget.locator(".sum").inner_text()
    for nonsense in NONSENSE:
        box.focus()
        page.keyboard.press("Delete")
        page.keyboard.type(nonsense)
        page.keyboard.press("Tab")
        assert "A cell takes a number from −999 to 999" in widget.get_by_role("alert").inner_text()
    page.wait_for_timeout(20)
    assert box.input_value() == "−3.5"
    widget.locator(".panel.w").first.locator("input.value").nth(1).click()
    assert widget.locator(".sum").inner_text() == before
    seen.assert_clean()


def test_from_zero_weights_nothing_comes_back_to_layer_q(opened):
    widget, page, seen = opened("mlp-graph")
    widget.get_by_label("set all weights and biases to 0").click()
    page.wait_for_timeout(20)
    shown = [number(text) for text in widget.evaluate(WALK)]
    assert shown[:9] == [0] * 9 and all(shown[9:])
    widget.get_by_label("back to the worked example").click()
    page.wait_for_timeout(20)
    assert total(widget) == -0.05012
    seen.assert_clean()


# --- xor-trainer --------------------------------------------------------------------------------
SWEEP = """async (widget, settings) => {
  const ranges = [...widget.querySelectorAll('input[type=range]')];
  const named = (name) => ranges.find((i) => i.closest('label').querySelector('span').textContent === name);
  const inputs = ['hidden units', 'start', 'steps'].map(named);
  const result = [];
  for (const setting of settings) {
    for (const [k, slider] of inputs.entries()) {
      slider.value = setting[k];
      slider.dispatchEvent(new Event('input', {bubbles: true}));
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
    const rows = [...widget.querySelectorAll('tbody tr')].map((r) => parseFloat(r.children[2].textContent));
    result.push([parseFloat(widget.querySelector('.sum .total').textContent), rows]);
  }
  return result;
}"""


def agrees(widget, settings):
    answers = widget.evaluate(SWEEP, settings)
    for (hidden, start, steps), (loss, outputs) in zip(settings, answers, strict=True):
        p, losses = train(hidden, [start], steps)
        assert abs(loss - losses[0, -1]) <= 5.1e-4, (hidden, start, steps)
        assert np.allclose(outputs, sigmoid(net_inputs(p))[0], rtol=0, atol=5.1e-4), (hidden, start, steps)


def test_every_width_and_start_agrees_with_numpy(opened):
    """backprop, sgd: the page trains as NumPy does, over the whole range of two sliders."""
    widget, _, seen = opened("xor-trainer")
    agrees(widget, list(itertools.product(range(1, 9), range(51), [30])))
    seen.assert_clean()


def test_all_of_the_training_agrees_with_numpy(opened):
    """From the first step to the last, forth and back again."""
    widget, _, seen = opened("xor-trainer")
    steps = [0, 1, 2, 99, 1000, 5000, 2500, 7]
    agrees(widget, [(hidden, start, k) for hidden, start in [(2, 1), (2, 2), (8, 50), (1, 9)] for k in steps])
    seen.assert_clean()


def test_training_runs_pauses_and_gets_there(opened):
    widget, page, seen = opened("xor-trainer")
    widget.get_by_role("combobox", name="speed").select_option("fast")
    widget.get_by_label("train on from here").click()
    steps = widget.get_by_role("slider", name="steps")
    eventually(lambda: int(steps.input_value()), bool)
    widget.get_by_label("pause").click()
    done = int(steps.input_value())
    page.wait_for_timeout(150)
    assert 0 < done == int(widget.get_by_role("slider", name="steps").input_value())
    widget.get_by_role("slider", name="steps").fill("5000")
    page.wait_for_timeout(50)
    assert "has learned XOR" in widget.locator(".says").inner_text()
    widget.get_by_role("slider", name="start").fill("0")
    page.wait_for_timeout(20)
    assert "nothing has moved" in widget.locator(".says.warning").inner_text()
    seen.assert_clean()


@pytest.mark.parametrize("name, low, high", [("hidden units", 1, 8), ("start", 0, 50), ("steps", 0, 5000)])
def test_each_slider_obeys_mouse_and_keys(opened, name, low, high):
    widget, page, seen = opened("xor-trainer")
    slider = widget.get_by_role("slider", name=name)
    assert (int(slider.get_attribute("min")), int(slider.get_attribute("max"))) == (low, high)
    slider.focus()
    said = widget.locator(".unseen").inner_text()
    before = int(slider.input_value())
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(30)
    assert int(slider.input_value()) == before + 1 and widget.locator(".unseen").inner_text() != said
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    page.wait_for_timeout(30)
    assert int(slider.input_value()) > 0.9 * high
    seen.assert_clean()


def test_each_button_of_the_trainer_moves_it(opened):
    widget, page, seen = opened("xor-trainer")
    steps = widget.get_by_role("slider", name="steps")
    for label, expected in (("100 steps on", "100"), ("100 steps on", "200"), ("100 steps back", "100")):
        widget.get_by_label(label).click()
        page.wait_for_timeout(20)
        assert steps.input_value() == expected
    widget.get_by_label("back to the first picture").click()
    page.wait_for_timeout(20)
    assert steps.input_value() == "0"
    seen.assert_clean()


# --- phones, colours, paper ---------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_on_a_phone_nothing_sticks_out(opened, kind):
    widget, page, seen = opened(kind, **PHONE)
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    small = widget.evaluate(
        """(w) => [...w.querySelectorAll('button, select, .choice label, .control')]
          .filter((e) => e.offsetParent).map((e) => e.getBoundingClientRect().height).filter((h) => h < 44)"""
    )
    assert small == []
    seen.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_of_the_widgets_is_readable(opened, scheme):
    """Also in the drawings, where the colour of a text is its fill, on the card or on a unit's disc."""
    drawn = CONTRAST.replace("getComputedStyle(e).color", "getComputedStyle(e).fill")
    for kind, discs in ("mlp-graph", ".unit"), ("xor-trainer", ".corner-point :first-child"):
        widget, _, _ = opened(kind, color_scheme=scheme)
        assert widget.evaluate(CONTRAST) == []
        widget = widget.locator("svg").first
        assert widget.evaluate(drawn) == []
        for disc in widget.locator(discs).all():
            fill = disc.evaluate("(e) => getComputedStyle(e).fill")
            widget.evaluate("(e, fill) => { e.style.backgroundColor = fill; }", fill)
            assert widget.evaluate(drawn.replace("('*')", "('text:not(.unit-delta)')")) == []


def test_without_javascript_tables_stand_in_their_place(book_file, page_factory):
    page, _ = page_factory(java_script_enabled=False)
    page.goto(book_file + PAGE)
    text = " ".join(page.locator("figure.cnn-static:not(:has(ol))").all_inner_texts())
    assert "E = 0.266197" in text and "XOR with 2 hidden units" in text
