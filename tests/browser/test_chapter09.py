"""The softmax widget on the built page of chapter 09: agreement with cnnlib, controls, phone, contrast."""

import itertools

import numpy as np
import pytest
from test_widget_controls import CONTRAST, NONSENSE
from widget_page import NUMBERS, starting

from cnnlib.widgets import SoftmaxSliders

PAGE = "/notebooks/09-softmax-output.html"
TEMPERATURES = 0.25, 0.5, 1, 2, 4, 8
START = dict(logits=[1, 2, 3], target=2, smoothing=0.0, temperature=1.0)

STATE = """(w) => {
  const rows = [...w.querySelectorAll('.soft-row[role=group]')].filter((row) => !row.hidden);
  const cells = rows.map((row) => [...row.querySelectorAll('.soft-number')]);
  const exact = (i) => cells.map((c) => Number(c[i].title));
  const text = (e) => e.textContent.replace(/\\s+/g, ' ').trim();
  const says = w.querySelector('.says');
  return { y: exact(0), ce: exact(1), se: exact(2), shown: cells.map((c) => c.map(text)),
    t: rows.map((row) => Number(row.querySelector('.soft-true').textContent)),
    z: rows.map((row) => Number(row.querySelector('.soft-box').value.replace('−', '-'))),
    target: rows.findIndex((row) => row.querySelector('input[type=radio]').checked),
    focus: rows.findIndex((row) => row.classList.contains('picked')),
    dead: [...w.querySelectorAll('.soft-dead')].map((r) => [r.x.baseVal.value, r.width.baseVal.value]),
    warned: says.classList.contains('warning'), says: says.textContent,
    sums: [...w.querySelectorAll('.soft-sum')].map(text), jacobian: (NUMBERS)(w) };
}""".replace("NUMBERS", NUMBERS)

SWEEP = """async (w, settings) => {
  const named = Object.fromEntries([...w.querySelectorAll('input[type=range]')]
    .map((i) => [i.closest('label').querySelector('span').textContent, i]));
  const put = (name, value) => {
    if (named[name].value === String(value)) return;
    named[name].value = value;
    named[name].dispatchEvent(new Event('input', { bubbles: true }));
  };
  const result = [];
  for (const { logits, target, smoothing, temperature } of settings) {
    put('classes', logits.length);
    await Promise.resolve();
    logits.forEach((z, k) => put(`z${'₀₁₂₃₄'[k]}`, 2 * z));
    put('temperature T', TEMPERATURES.indexOf(temperature));
    put('smoothing ε', Math.round(20 * smoothing));
    w.querySelectorAll('.soft-row[role=group]')[target].querySelector('input[type=radio]').click();
    await Promise.resolve();
    result.push((STATE)(w));
  }
  return result;
}""".replace("TEMPERATURES", str(list(TEMPERATURES))).replace("STATE", STATE)


@pytest.fixture
def opened(book_http, page_factory):
    """Return a function that opens chapter 09: one of its two widgets, its page, the page's complaints."""

    def open_widget(nth=0, base=book_http, **options):
        page, seen = page_factory(**options)
        page.goto(base + PAGE)
        widget = page.locator(".cnn-widget.softmax-sliders").nth(nth)
        widget.scroll_into_view_if_needed()
        widget.locator(".soft-sum").first.wait_for()
        return widget, page, seen

    return open_widget


def settings():
    """Each slider over its whole range, scores of two classes on a grid, and all T × ε × classes."""
    halves = [k / 2 for k in range(-20, 21)]
    for k, value in itertools.product(range(5), halves):
        yield dict(START, logits=[value if j == k else j for j in range(5)], target=k)
    for z in itertools.product(halves[::4], repeat=2):
        yield dict(START, logits=list(z), target=0)
    rng = np.random.default_rng(4)
    for K, T, step in itertools.product(range(2, 6), TEMPERATURES, range(11)):
        logits, target = (rng.integers(-20, 21, K) / 2).tolist(), int(rng.integers(K))
        yield dict(logits=logits, target=target, smoothing=step / 20, temperature=T)


def test_agrees_with_cnnlib_over_every_slider(opened):
    """softmax, softmax-jac, ce-dlogits, softmax-se: what stands in the page, to 1e-12."""
    widget, _, seen = opened()
    every = list(settings())
    deaths = 0
    for setting, found in zip(every, widget.evaluate(SWEEP, every), strict=True):
        model = SoftmaxSliders(**setting)
        z, t = model.arrays()
        ce, se = model.gradients()
        y = np.exp(z[0]) / np.exp(z[0]).sum()
        assert found["z"] == setting["logits"] and found["target"] == setting["target"]
        np.testing.assert_allclose(found["t"], t[0], atol=5.1e-4)
        for name, expected in dict(y=y, ce=ce, se=se).items():
            np.testing.assert_allclose(found[name], expected, atol=1e-12, rtol=1e-12, err_msg=str(setting))
        rows = starting(found["jacobian"], "∂y/∂z")
        J = (np.diag(y) - np.outer(y, y)) / setting["temperature"]
        np.testing.assert_allclose(rows, J, atol=0.00501)
        k, logits = setting["target"], setting["logits"]
        dead = max(logits) > logits[k] and abs(se[k]) < 0.01 * abs(ce[k])
        assert found["warned"] == dead
        deaths += dead
    assert len(every) > 580 and 50 < deaths < len(every)
    seen.assert_clean()


def test_the_first_picture_is_the_worked_example(opened):
    widget, _, _ = opened()
    found = widget.evaluate(STATE)
    assert found["shown"][2] == ["0.665", "−0.335", "−0.120"] and found["focus"] == found["target"] == 2
    assert found["sums"][0] == "y2 = e0 / (e−2 + e−1 + e0) = 0.665"
    assert found["sums"][1] == "cross-entropy ∂E/∂z2 = y2 − t2 = 0.665 − 1 = −0.335"
    products = "(−0.060)·0.090 + (−0.163)·0.245 + 0.223·(−0.335)"
    assert found["sums"][2] == f"squared error ∂E/∂z2 = {products} = −0.120"
    foot = " ".join(widget.locator(".soft-foot").inner_text().split())
    assert foot == "sum 1 sum 1 sum 0 E = 0.408 sum 0 E = 0.090"


def test_the_shaded_zone_is_where_cnnlib_finds_it(opened):
    """Its edge, in the second widget, within one of the 160 steps of the plot."""
    widget, _, _ = opened(nth=1)
    [[left, width]] = widget.evaluate(STATE)["dead"]

    def dead(z):
        ce, se = SoftmaxSliders(logits=[z, 8], target=0).gradients()
        return abs(se[0]) < 0.01 * abs(ce[0])

    grid = np.arange(-80, 65) / 8
    last = grid[[dead(z) for z in grid]].max()
    assert left == 34 and abs(width / 288 * 20 - (last + 10)) < 1e-5


def test_the_widgets_also_run_from_files_and_leave_each_other_alone(opened, book_file):
    widget, page, seen = opened(base=book_file)
    other = page.locator(".cnn-widget.softmax-sliders").nth(1)
    other.scroll_into_view_if_needed()
    before = other.evaluate(STATE)
    widget.get_by_role("slider", name="z₁").fill("-7")
    widget.get_by_role("radio", name="class 0 is").check()
    after = widget.evaluate(STATE)
    assert after["z"] == [1, -3.5, 3] and after["target"] == 0
    assert other.evaluate(STATE) == before and before["warned"] and before["target"] == 0
    seen.assert_clean()


def test_each_slider_obeys_keys_and_mouse(opened):
    widget, page, seen = opened()
    names = "z₀", "z₁", "z₂", "temperature", "smoothing", "classes"
    assert widget.get_by_role("slider").count() == len(names)
    for name, by in itertools.product(names, ("keys", "mouse")):
        slider = widget.get_by_role("slider", name=name)
        before = widget.locator(".unseen").inner_text(), slider.input_value(), widget.evaluate(STATE)
        if by == "keys":
            slider.focus()
            page.keyboard.press("ArrowRight")
        else:
            box = slider.bounding_box()
            share = 0.97 if name in ("smoothing", "temperature") else 0.03
            page.mouse.click(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
        page.wait_for_timeout(30)
        after = widget.locator(".unseen").inner_text(), slider.input_value(), widget.evaluate(STATE)
        assert all(a != b for a, b in zip(before, after, strict=True)), (name, by)
    seen.assert_clean()


def test_target_examples_and_reset(opened):
    widget, page, seen = opened()
    widget.get_by_role("radio", name="class 2 is").focus()
    page.keyboard.press("ArrowUp")
    assert widget.evaluate(STATE)["target"] == 1
    menu = widget.get_by_role("combobox")
    presets = SoftmaxSliders().presets
    for name, preset in presets.items():
        menu.select_option(name)
        page.wait_for_timeout(20)
        found = widget.evaluate(STATE)
        assert found["z"] == preset["logits"] and found["target"] == preset["target"]
        np.testing.assert_allclose(found["se"], SoftmaxSliders(**preset).gradients()[1], atol=1e-12)
    widget.get_by_role("slider", name="classes").fill("2")
    assert menu.input_value() == "own scores"
    assert widget.evaluate(STATE)["target"] == 1 and len(widget.evaluate(STATE)["y"]) == 2
    widget.get_by_label("back to the worked example").click()
    page.wait_for_timeout(20)
    assert widget.evaluate(STATE)["z"] == START["logits"] and "worked" in menu.input_value()
    seen.assert_clean()


def test_a_row_a_cell_and_the_plot_choose_and_change(opened):
    """Pointing chooses the class whose sum is written out; dragging in the plot moves its score."""
    widget, page, seen = opened()
    widget.locator(".soft-row[role=group]").nth(0).hover()
    assert widget.locator(".soft-sum").first.inner_text().startswith("y0")
    widget.locator(".cnn-row").nth(1).locator(".cnn-cell").nth(2).hover()
    assert widget.evaluate(STATE)["focus"] == 1
    page.keyboard.press("Tab")
    widget.locator(".cnn-row").nth(1).locator(".cnn-cell").nth(1).focus()
    page.keyboard.press("ArrowDown")
    assert widget.evaluate(STATE)["focus"] == 2
    box = widget.locator(".soft-plot").bounding_box()

    def at(z):
        return box["x"] + box["width"] * (34 + 288 * (z + 10) / 20) / 330, box["y"] + box["height"] / 2

    page.mouse.move(*at(3))
    page.mouse.down()
    page.mouse.move(*at(-9.5), steps=4)
    page.mouse.up()
    found = widget.evaluate(STATE)
    assert found["z"] == [1, 2, -9.5] and found["warned"] and "Dead zone" in found["says"]
    assert widget.locator(".try").inner_text().startswith("Wake squared error up")
    seen.assert_clean()


def test_a_typed_score_is_taken_and_nonsense_refused_in_words(opened):
    widget, page, seen = opened()
    box = widget.get_by_label("score of class 1")
    box.fill("−2,25")
    page.keyboard.press("Enter")
    assert widget.evaluate(STATE)["z"] == [1, -2.25, 3]
    for nonsense in [*NONSENSE, "10.5"]:
        box.fill(nonsense)
        page.keyboard.press("Tab")
        said = widget.get_by_role("alert").inner_text()
        assert "from −10 to 10" in said and (nonsense[:12] or "nothing") in said
        assert widget.evaluate(STATE)["z"] == [1, -2.25, 3] and box.input_value() == "−2.25"
    assert widget.locator("img").count() == 0
    widget.get_by_role("slider", name="z₀").fill("4")
    assert not widget.get_by_role("alert").is_visible()
    seen.assert_clean()


def test_on_a_phone_nothing_sticks_out(opened):
    widget, page, seen = opened(width=360, height=740, has_touch=True, is_mobile=True)
    for name, value in {"classes": 5, "smoothing": 7, "temperature": 0, "z₀": -19}.items():
        widget.get_by_role("slider", name=name).fill(str(value))
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    frame = widget.bounding_box()
    for part in widget.locator(".soft-row:visible > *, .panel, .controls > *, .soft-sum").all():
        box = part.bounding_box()
        assert box is None or box["x"] + box["width"] <= frame["x"] + frame["width"] + 0.5
    small = widget.evaluate(
        """(w) => [...w.querySelectorAll('button, select, .control, .soft-box, .soft-true')]
          .filter((e) => e.offsetParent).map((e) => e.getBoundingClientRect().height).filter((h) => h < 44)"""
    )
    assert small == [] and widget.locator(".cnn-cell").first.bounding_box()["height"] >= 36
    seen.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_of_the_widgets_is_readable(opened, scheme):
    for nth in (0, 1):
        widget, _, _ = opened(nth, color_scheme=scheme)
        assert widget.evaluate(CONTRAST) == []


def test_without_javascript_pictures_stand_in_their_places(book_http, page_factory):
    page, _ = page_factory(java_script_enabled=False)
    page.goto(book_http + PAGE)
    figures = page.locator("figure.cnn-static:not(:has(ol))")
    assert figures.count() == 2 and "−0.119784" in figures.first.inner_text()
