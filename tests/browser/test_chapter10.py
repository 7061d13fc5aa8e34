"""The widgets of chapter 10 on the built page: agreement with cnnlib, every control, phone, contrast."""

import math

import numpy as np
import pytest
from test_widget_controls import CONTRAST, NONSENSE, everything
from widget_page import NUMBERS, assert_fits_a_phone, cell, numbers, panel, starting

from cnnlib.mistakes import INPUTS, MISTAKES
from cnnlib.widgets import GradcheckCurve, MistakeGallery
from cnnlib.widgets.gradcheck_curve import FUNCTIONS, METHODS

PAGE = "/notebooks/10-gradient-checking.html"
KINDS = "gradcheck-curve", "mistake-gallery"


@pytest.fixture
def opened(book_http, page_factory):
    """Return a function that opens chapter 10: one widget, its page, and what the page complained of."""

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
        assert widget.locator(".sum .total").first.inner_text()
        seen.assert_clean()


# --- gallery ------------------------------------------------------------------------------------
SWEEP = """async (widget, [mistakes, inputs]) => {
  const read = NUMBERS;
  const radios = [...widget.querySelectorAll('input[type=radio]')];
  const menu = widget.querySelector('select');
  const found = [];
  for (const mistake of mistakes) for (const input of inputs) {
    radios.find((r) => r.value === mistake).click();
    menu.value = input;
    menu.dispatchEvent(new Event('change', { bubbles: true }));
    await Promise.resolve();
    await Promise.resolve();
    const label = radios.find((r) => r.value === mistake).closest('label');
    const block = Number(widget.querySelectorAll('select')[1].value);
    const totals = [...widget.querySelectorAll('.gallery-work .total')].map((t) => t.textContent);
    const mark = label.querySelector('.gallery-mark').textContent;
    found.push([mistake, input, read(widget), mark, block, totals]);
  }
  return found;
}""".replace("NUMBERS", NUMBERS)


def as_shown(rows):
    """Round as the page does: two decimals, halves up."""
    return [[math.floor(v * 100 + 0.5) / 100 for v in row] for row in np.asarray(rows).tolist()]


def test_the_gallery_agrees_with_cnnlib_on_every_mistake_and_input(opened):
    """vjp, central-diff: both gradients, whether it shows, and the three totals, ninety times."""
    widget, _, seen = opened("mistake-gallery")
    answers = widget.evaluate(SWEEP, [list(MISTAKES), list(INPUTS)])
    assert len(answers) == 90
    for mistake, test_input, found, mark, block, totals in answers:
        right, wrong = MistakeGallery(mistake=mistake, test_input=test_input).gradients()
        place = divmod(block, right.shape[1])
        letter = "∂E/∂K" if MISTAKES[mistake].wrong == "dw" else "γ"
        assert as_shown(right[place]) == starting(found, f"{letter} right"), (mistake, test_input)
        assert as_shown(wrong[place]) == starting(found, f"{letter} wrong"), (mistake, test_input)
        assert (mark == "hidden") == bool((right == wrong).all()), (mistake, test_input, mark)
        assert len(totals) == 3 and (totals[0] != totals[1]) == bool((right != wrong).any())
        if mistake != "tie counted twice":
            assert totals[2] == totals[0], (mistake, test_input, totals)
    seen.assert_clean()


def test_the_first_picture_writes_both_sums(opened):
    widget, _, _ = opened("mistake-gallery")
    lines = ["".join(line.split()) for line in widget.locator(".gallery-work .sum").all_inner_texts()]
    right, wrong = MistakeGallery().gradients()
    assert lines[0].startswith("right4·1+3·2+") and lines[0].endswith(f"={right.ravel()[5]:g}")
    assert lines[1].startswith("wrong1·1+2·2+") and lines[1].endswith(f"={wrong.ravel()[5]:g}")
    assert lines[2].endswith(f"={right.ravel()[5]:g}")


def test_edited_numbers_count_and_nonsense_is_refused(opened):
    """Making the kernel the same upside down by hand hides the mistake."""
    widget, page, seen = opened("mistake-gallery")
    before = numbers(widget)
    box = cell(widget, "K", 0, 0).locator("input")
    for nonsense in NONSENSE[:5]:
        box.focus()
        page.keyboard.press("Delete")
        page.keyboard.type(nonsense)
        page.keyboard.press("Tab")
        assert "A cell takes a number" in widget.get_by_role("alert").inner_text()
        assert numbers(widget) == before
    kernels = starting(before, "K")
    for row in range(0, 4, 2):
        for column in range(0, 4, 2):
            for i, j in ((0, 0), (0, 1)):
                cell(widget, "K", row + i, column + j).locator("input").fill(
                    f"{kernels[row + 1 - i][column + 1 - j]:g}"
                )
    assert "the wrong pass gives the right answer" in widget.locator(".says").inner_text()
    assert not widget.get_by_role("alert").is_visible()
    cell(widget, "δ", 0, 0).locator("input").fill("9")
    edited = MistakeGallery(
        edits={"dy 0": 9} | {"w 0": 4, "w 1": 3, "w 4": 1, "w 5": 0, "w 8": 5, "w 9": 4, "w 12": 2, "w 13": 1}
    )
    right, wrong = edited.gradients()
    assert (right == wrong).all() and as_shown(right[0, 0]) == starting(numbers(widget), "γ right")
    seen.assert_clean()


def test_a_cell_of_either_gradient_can_be_chosen_by_pointer_and_keys(opened):
    widget, page, _ = opened("mistake-gallery")
    cell(widget, "γ wrong", 2, 3).hover()
    assert (
        panel(widget, "γ right").locator(".picked").inner_text()
        == f"{starting(numbers(widget), 'γ right')[2][3]:g}"
    )
    cell(widget, "γ right", 0, 0).click()
    page.mouse.move(2, 2)
    page.keyboard.press("ArrowRight")
    shown = starting(numbers(widget), "γ right")[0][1]
    assert widget.locator(".gallery-work .total").first.inner_text() == f"{shown:g}"


def test_the_mistakes_are_a_list_for_the_arrow_keys(opened):
    widget, page, _ = opened("mistake-gallery")
    widget.get_by_role("radio").first.focus()
    said = set()
    for _ in range(9):
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(20)
        said.add(widget.locator(".unseen").inner_text())
    assert len(said) == 9


def test_menus_and_reset_of_the_gallery(opened):
    widget, _, seen = opened("mistake-gallery")
    first = everything(widget)
    for label, option in (("test input", "one row"), ("show", "3")):
        before = everything(widget)
        widget.get_by_label(label).select_option(option)
        assert everything(widget) != before, label
    widget.get_by_label("back to the worked example").click()
    assert everything(widget) == first
    assert widget.locator(".gallery-runs .caption").inner_text().count("%") == 2
    seen.assert_clean()


# --- curve --------------------------------------------------------------------------------------
ERRORS = """async (widget, settings) => {
  const [step] = widget.querySelectorAll('input[type=range]');
  const menu = widget.querySelector('select');
  const box = widget.querySelector('input[type=checkbox]');
  const found = [];
  for (const [name, planted, exponent] of settings) {
    menu.value = name;
    menu.dispatchEvent(new Event('change', { bubbles: true }));
    if (box.checked !== planted) box.click();
    step.value = exponent * 4;
    step.dispatchEvent(new Event('input', { bubbles: true }));
    await Promise.resolve();
    await Promise.resolve();
    found.push([...widget.querySelectorAll('.curve-legend output')].map((o) => o.textContent));
  }
  return found;
}"""
POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")


def value(text):
    """Read 5.7·10⁻⁷ as a number; None where the method is not possible."""
    if text == "not possible":
        return None
    digits, _, power = text.translate(POWERS).partition("·10")
    return float(digits) * 10.0 ** int(power or 0)


def test_the_errors_agree_with_cnnlib(opened):
    """central-diff, complex-step: where curvature or a mistake decides, not rounding."""
    widget, _, seen = opened("gradcheck-curve")
    settings = [
        [name, planted, e] for name in FUNCTIONS for planted in (False, True) for e in (-4, -3, -2, -1, 0)
    ]
    compared = 0
    for (name, planted, e), shown in zip(settings, widget.evaluate(ERRORS, settings), strict=True):
        model = GradcheckCurve(function=name, point=0.01 if "relu" in name else 0.7, planted=planted)
        for method, text in zip(METHODS, shown, strict=True):
            estimate = model.estimate(method, 10.0**e)
            assert (value(text) is None) == (estimate is None), (name, method)
            if estimate is not None and abs(estimate - model.slope()) > 1e-9:
                assert value(text) == pytest.approx(abs(estimate - model.slope()), rel=0.06), (
                    name,
                    method,
                    e,
                )
                compared += 1
    assert compared > 80
    seen.assert_clean()


def test_sliders_by_keys_and_mouse(opened):
    widget, page, seen = opened("gradcheck-curve")
    assert widget.get_by_role("slider").count() == 2
    for slider in widget.get_by_role("slider").all():
        before = widget.locator("p").all_inner_texts()
        slider.focus()
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(20)
        after = widget.locator("p").all_inner_texts()
        assert before != after
        box = slider.bounding_box()
        page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2)
        page.wait_for_timeout(20)
        assert widget.locator("p").all_inner_texts() != after
    seen.assert_clean()


def test_method_mistake_and_reset(opened):
    widget, _, seen = opened("gradcheck-curve")
    first = widget.locator("p").all_inner_texts()
    for name in ("forward", "complex"):
        before = widget.locator("p").all_inner_texts()
        widget.locator(f"input[value={name}]").check(force=True)
        assert widget.locator("p").all_inner_texts() != before, name
    widget.get_by_role("checkbox").check()
    assert "the backward pass is wrong (cos t forgotten)" in widget.locator(".says").inner_text()
    widget.get_by_label("function").select_option("relu(sin t)")
    assert "not possible" in widget.locator(".curve-legend").inner_text()
    assert "knows complex numbers" in widget.locator(".says.warning").inner_text()
    widget.locator("input[value=central]").check(force=True)
    widget.get_by_role("checkbox").uncheck()
    widget.get_by_role("slider", name="step h").fill("-4")
    assert "A false alarm" in widget.locator(".says.warning").inner_text()
    widget.get_by_label("back to the worked example").click()
    assert widget.locator("p").all_inner_texts() == first
    seen.assert_clean()


# --- both ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_on_a_phone_nothing_sticks_out(opened, kind):
    widget, _, seen = opened(kind, width=360, height=740, has_touch=True, is_mobile=True)
    if kind == "mistake-gallery":
        widget.locator("input[value='batch axis flipped']").check(force=True)
    assert_fits_a_phone(widget, ".panel, .controls, .sum, .gallery-list, select, svg", ".gallery-list label")
    seen.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_of_the_widgets_is_readable(opened, scheme):
    for kind in KINDS:
        widget, _, _ = opened(kind, color_scheme=scheme)
        if kind == "mistake-gallery":
            widget.get_by_label("test input").select_option("the convenient one")
        assert widget.evaluate(CONTRAST) == []


def test_without_javascript_pictures_stand_in_their_places(book_http, page_factory):
    page, _ = page_factory(java_script_enabled=False)
    page.goto(book_http + PAGE)
    text = " ".join(page.locator("figure.cnn-static:not(:has(ol))").all_inner_texts())
    assert page.locator("figure.cnn-static:not(:has(ol))").count() == 2
    assert "How far three estimates of the slope" in text and "relative error that nudging finds" in text
