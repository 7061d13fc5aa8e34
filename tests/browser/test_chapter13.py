"""GradientNorms on the built page: every control by mouse and keys, agreement with the Python kernels."""

import itertools

import numpy as np
import pytest
from test_widget_controls import CONTRAST
from widget_page import assert_fits_a_phone

from cnnlib.widgets.gradient_norms import ACTIVATIONS, deep_norms

PAGE = "/notebooks/13-initialisation.html"
PHONE = dict(width=360, height=740, has_touch=True, is_mobile=True)
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


@pytest.fixture
def opened(book_http, page_factory):
    """Return a function that opens chapter 13: the widget, its page, and what the page complained of."""

    def open_widget(base=book_http, **options):
        page, seen = page_factory(**options)
        page.goto(base + PAGE)
        widget = page.locator(".cnn-widget.gradient-norms")
        widget.scroll_into_view_if_needed()
        return widget, page, seen

    return open_widget


def number(text):
    """Read 0.25 or 5.9·10⁻⁷."""
    digits, _, power = text.replace("−", "-").partition("·10")
    return float(digits) * 10.0 ** int(power.translate(RAISED) or 0)


def shown(widget):
    """The norms of the chosen layer in the legend: of a, of δ, and the bound."""
    return [number(text) for text in widget.locator(".norms-legend output").all_inner_texts()]


def lines(widget):
    """What can be told from the drawing: numbers of points of each line, and the sentence."""
    points = "(w) => [...w.querySelectorAll('polyline')].map((p) => p.points.numberOfItems)"
    return widget.evaluate(points), widget.locator(".says").inner_text()


def test_the_widget_also_runs_from_files(opened, book_file):
    widget, _, seen = opened(base=book_file)
    assert widget.locator(".sum .total").is_visible()
    seen.assert_clean()


def test_the_first_picture_is_the_chapters_experiment(opened):
    """delta-bound: ten sigmoid layers, N(0, 1/n), seed 1; layer 9 in the focus."""
    widget, _, seen = opened()
    found = deep_norms(10, "sigmoid", 1.0, "normal", False, 1)
    want = [found["a"][9], found["delta"][8], found["bound"][8]]
    np.testing.assert_allclose(shown(widget), want, rtol=0.06)
    line = "".join(widget.locator(".sum").inner_text().split())
    step = 0.25 * found["spectral"][9] * found["delta"][9]
    assert line.startswith("‖δ9‖≤maxφ′·‖W10‖₂·‖δ10‖=¼·") and f"={step:.2g}andinfact" in line
    assert "It vanishes." in widget.locator(".says").inner_text()
    assert lines(widget)[0] == [10, 11, 10] and widget.locator(".norms-gate").count() == 10
    seen.assert_clean()


SWEEP = """async (widget, settings) => {
  const pick = (value) => {
    const input = widget.querySelector(`input[value="${value}"]`);
    if (!input.checked) input.click();
  };
  const [depth, scale, layer] = widget.querySelectorAll('input[type=range]');
  const slide = (input, value) => {
    input.value = value;
    input.dispatchEvent(new Event('input', {bubbles: true}));
  };
  const box = widget.querySelector('input[type=checkbox]');
  const on = widget.querySelectorAll('.steps button')[1];
  const result = [];
  for (const [deep, activation, exponent, start, residual, seeds, at] of settings) {
    pick(activation);
    if (start) pick(start); else slide(scale, 4 * exponent);
    slide(depth, deep);
    for (let k = 0; k < seeds; k += 1) on.click();
    if (box.checked !== residual) box.click();
    await new Promise((done) => setTimeout(done, 0));
    slide(layer, at);
    await new Promise((done) => setTimeout(done, 0));
    const norms = [...widget.querySelectorAll('.norms-legend output')].map((o) => o.textContent);
    result.push([widget.querySelector('.norms-seed').textContent, norms]);
  }
  return result;
}"""


def test_what_the_page_shows_is_what_the_kernels_compute(opened):
    """delta-product, delta-bound: activations, scales, starts, depths, seeds, shortcuts."""
    widget, _, seen = opened()
    starts = {None: None, "N(0, 1/n)": (0, "normal"), "Xavier": (0, "uniform"), "He": (1, "normal")}
    rng = np.random.default_rng(13)
    settings = []
    for activation, residual, start in itertools.product(ACTIVATIONS, (False, True), starts):
        for exponent in (-4, -1.25, 2.5, 6) if start is None else (0,):
            depth = int(rng.integers(1, 21))
            layer = int(rng.integers(1, depth + 1))
            settings.append([depth, activation, exponent, start, residual, int(rng.integers(0, 3)), layer])
    settings.sort(key=lambda setting: list(starts).index(setting[3]))  # moving the scale keeps the draw
    last = []
    for setting, (seed, texts) in zip(settings, widget.evaluate(SWEEP, settings), strict=True):
        depth, activation, exponent, start, residual, _, layer = setting
        exponent, draw = starts[start] or (exponent, "normal")
        last.append(int(seed.split()[1]))
        found = deep_norms(depth, activation, 2.0**exponent, draw, residual, last[-1])
        want = [found["a"][layer], found["delta"][layer - 1], found["bound"][layer - 1]]
        np.testing.assert_allclose([number(t) for t in texts], want, rtol=0.06, err_msg=str(setting))
    assert len(settings) == 56 and len(set(last)) > 20
    seen.assert_clean()


def test_each_slider_obeys_keys_and_mouse(opened):
    widget, page, seen = opened()
    assert widget.get_by_role("slider").count() == 3
    for slider in widget.get_by_role("slider").all():
        for by in ("keys", "mouse"):
            before = widget.locator(".sum").inner_text(), widget.locator(".unseen").inner_text()
            if by == "keys":
                slider.focus()
                page.keyboard.press("ArrowLeft")
            else:
                slider.scroll_into_view_if_needed()
                box = slider.bounding_box()
                page.mouse.click(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2)
            page.wait_for_timeout(20)
            after = widget.locator(".sum").inner_text(), widget.locator(".unseen").inner_text()
            label = slider.evaluate("(i) => i.closest('label').innerText")
            assert before[1] != after[1] and (before[0] != after[0] or label.startswith("depth")), (label, by)
    seen.assert_clean()


def test_no_control_is_dead(opened):
    widget, page, seen = opened()

    def state():
        return widget.locator("svg").get_attribute("aria-label"), widget.locator(".unseen").inner_text()

    for control in [*widget.get_by_role("radio").all(), *widget.get_by_role("checkbox").all()]:
        if control.is_checked():
            continue
        before = state()
        control.click(force=True)
        page.wait_for_timeout(20)
        assert state() != before, control.get_attribute("value")
    for button in widget.get_by_role("button").all():
        before = state()
        button.click()
        page.wait_for_timeout(20)
        assert state() != before, button.get_attribute("aria-label")
    assert "It vanishes." in widget.locator(".says").inner_text()  # the last button was reset
    seen.assert_clean()


def test_pointing_at_a_column_chooses_its_layer(opened):
    widget, page, seen = opened()
    for layer in (3, 1, 10):
        widget.locator(".norms-reach").nth(layer).hover(force=True)
        page.wait_for_timeout(20)
        assert widget.locator(".sum").inner_text().replace("\n", "").startswith(f"‖δ{layer}‖")
    assert "γ10" in widget.locator(".sum").inner_text().replace("\n", "")
    widget.get_by_role("slider", name="depth").fill("4")
    assert widget.locator(".sum").inner_text().replace("\n", "").startswith("‖δ4‖")
    assert widget.get_by_role("slider", name="layer").get_attribute("max") == "4"
    seen.assert_clean()


def test_the_sentence_names_what_happens(opened):
    widget, page, _ = opened()
    cases = [
        ("tanh", "Xavier", "about keeps"),
        ("ReLU", "He", "about keeps"),
        ("ReLU", "16/n", "explodes"),
        ("sigmoid", "16/n", "many units are saturated"),
        ("sigmoid", "1/n", "hardly any unit is saturated"),
    ]
    for activation, start, words in cases:
        widget.get_by_role("radio", name=activation, exact=True).check(force=True)
        widget.get_by_role("radio", name=start, exact=True).check(force=True)
        page.wait_for_timeout(20)
        assert words in widget.locator(".says").inner_text(), (activation, start)
    widget.get_by_role("slider", name="depth").fill("1")
    assert "One layer" in widget.locator(".says").inner_text()


def test_on_a_phone_nothing_sticks_out(opened):
    widget, _, seen = opened(**PHONE)
    widget.get_by_role("slider", name="depth").fill("20")
    widget.get_by_role("slider", name="Var").fill("24")
    widget.get_by_role("checkbox").check(force=True)
    assert_fits_a_phone(widget, "svg, .norms-legend li, .controls, .sum, .sum .group")
    seen.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_of_the_widget_is_readable(opened, scheme):
    """Contrast at least 4.5 : 1, with and without shortcuts."""
    widget, page, _ = opened(color_scheme=scheme)
    assert widget.evaluate(CONTRAST) == []
    widget.get_by_role("checkbox").check()
    page.wait_for_timeout(20)
    assert widget.evaluate(CONTRAST) == []


def test_without_javascript_a_table_stands_in_its_place(book_http, page_factory):
    page, _ = page_factory(java_script_enabled=False)
    page.goto(book_http + PAGE)
    figure = page.locator("figure.cnn-static")
    assert figure.count() == 1 and figure.is_visible() and figure.locator("tbody tr").count() == 10


def test_root_signs_are_as_tall_as_what_stands_under_them(opened):
    """KaTeX draws a root as a picture of its own, which rules for pictures must leave alone."""
    _, page, _ = opened()
    heights = page.locator(".katex .sqrt .hide-tail svg").evaluate_all(
        "(roots) => roots.filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect().height)"
    )
    assert len(heights) > 3 and min(heights) > 12
