"""ParameterCounter on the built page of chapter 03: all values, mouse, keys, phone, contrast."""

import re

import pytest
from test_widget_controls import CONTRAST

from cnnlib.widgets import ParameterCounter

PAGE = "/notebooks/03-why-convolve.html"
SLIDERS = {
    "image": ("image_size", 1000),
    "kernel": ("kernel_size", 32),
    "maps": ("maps", 64),
    "stride": ("stride", 8),
    "pool": ("pool", 8),
    "maps in": ("channels", 64),
}
KINDS = ["dense", "local", "shared", "tail"]
SWEEP = """async (widget, {name, values}) => {
  const slider = [...widget.querySelectorAll('input[type=range]')]
    .find((i) => i.closest('label').querySelector('span').textContent === name);
  const result = [];
  for (const value of values) {
    slider.value = value;
    slider.dispatchEvent(new Event('input', {bubbles: true}));
    await new Promise((resolve) => setTimeout(resolve, 0));
    result.push({
      totals: [...widget.querySelectorAll('.count-total')].map((e) => e.textContent),
      formulas: [...widget.querySelectorAll('.count-formula')].map((e) => e.textContent),
      sizes: [...widget.querySelectorAll('.caption')].map((e) => e.textContent),
      says: widget.querySelector('.says').textContent,
      warned: widget.querySelector('.says').classList.contains('warning'),
    });
  }
  return result;
}"""


@pytest.fixture
def counter(book_http, page_factory):
    """Return a function that opens the chapter at its widget."""

    def open_widget(base=book_http, **options):
        page, seen = page_factory(**options)
        page.goto(base + PAGE)
        widget = page.locator(".cnn-widget.parameter-counter").first
        widget.scroll_into_view_if_needed()
        return widget, page, seen

    return open_widget


def number(text):
    """Read a grouped number; None where there is none."""
    return None if text == "–" else int(text.replace("\u202f", ""))


def slider(widget, name):
    """Find a slider by its exact label."""
    return widget.get_by_role("slider", name=name, exact=True)


def totals(widget):
    """Read the four numbers at the bars."""
    return [number(text) for text in widget.locator(".count-total").all_inner_texts()]


def agrees(shown, expected):
    """Tell whether a reading of the page is what the Python class counts."""
    sums = [sum(expected[kind]) if kind in expected else None for kind in KINDS]
    products = []
    for formula in shown["formulas"]:
        found = re.search(r"= ([\d\u202f]+) weights", formula)
        products.append(number(found[1]) if found else None)
    weights = [expected[kind][0] if kind in expected else None for kind in KINDS]
    warned = "tail" not in expected
    return [number(t) for t in shown["totals"]] == sums and products == weights and shown["warned"] == warned


@pytest.mark.parametrize("mode, up", [("1000", False), ("outputs", True)])
def test_every_value_of_every_slider_agrees_with_python(counter, mode, up):
    """param-count, out-size: bars, formulas and sizes over the whole range of each slider."""
    widget, _, seen = counter()
    widget.get_by_role("radio", name="one per output" if mode == "outputs" else "1000 units").check()
    widget.get_by_role("radio", name="round up" if up else "round down").check()
    model, told = ParameterCounter(units=mode, ceil_mode=up), 0
    for name, (trait, top) in SLIDERS.items():
        values, rest = list(range(1, top + 1)), getattr(model, trait)
        answers = widget.evaluate(SWEEP, {"name": name, "values": values})
        for value, shown in zip(values, answers, strict=True):
            setattr(model, trait, value)
            expected = model.counts()
            assert agrees(shown, expected), (name, value, shown, expected)
            ends = [f"= {expected.get('output')}", f"= {expected.get('pooled')}"]
            for text, end in zip(shown["sizes"][1:], ends, strict=True):
                assert text.endswith(end) or text in ("no output", "nothing to pool")
            told += shown["warned"]
        setattr(model, trait, rest)
        slider(widget, name).fill(str(rest))
    assert told == 10, "images of 1 to 9 pixels hold no window, one of 10 nothing to pool"
    seen.assert_clean()


def test_the_numbers_of_the_chapter_stand_there_untouched(counter):
    """param-count: 10⁹ + 1000, 10⁵ + 1000, 100 + 1, and 991 that pools to 495 or 496."""
    widget, _, seen = counter()
    assert totals(widget) == [10**9 + 1000, 10**5 + 1000, 101, 495**2 * 10 + 10]
    formulas = [text.replace("\u202f", " ") for text in widget.locator(".count-formula").all_text_contents()]
    assert formulas[0] == "C · n2 · U = 1 · 10002 · 1000 = 1 000 000 000 weights + 1000 biases"
    assert formulas[2] == "C · m2 · O = 1 · 102 · 1 = 100 weights + 1 bias"
    captions = widget.locator(".caption")
    assert captions.nth(1).inner_text() == "o = ⌊(1000 − 10) / 1⌋ + 1 = 991"
    assert captions.nth(2).inner_text() == "p = ⌊(991 − 2) / 2⌋ + 1 = 495"
    widget.get_by_role("radio", name="round up").check()
    assert captions.nth(2).inner_text() == "p = ⌈(991 − 2) / 2⌉ + 1 = 496"
    seen.assert_clean()


def test_it_also_runs_from_a_file(counter, book_file):
    widget, _, seen = counter(book_file)
    slider(widget, "kernel").fill("1")
    assert totals(widget)[2] == 2
    seen.assert_clean()


def test_the_layer_of_the_exercise_has_1792_parameters(counter):
    widget, _, _ = counter()
    widget.get_by_label("layer").select_option("colour picture, 64 maps")
    assert totals(widget)[2] == 1792
    slider(widget, "image").fill("31")
    assert totals(widget)[2] == 1792 and widget.get_by_label("layer").input_value() == "own layer"


def test_an_impossible_layer_is_explained(counter):
    widget, _, seen = counter()
    slider(widget, "image").fill("8")
    assert "A 10 × 10 kernel does not fit on a 8 × 8 image." in widget.locator(".says.warning").inner_text()
    assert totals(widget) == [None] * 4
    assert "does not fit" in widget.locator(".unseen").inner_text()
    widget.get_by_label("back to the worked example").click()
    assert totals(widget)[2] == 101 and widget.locator(".says.warning").count() == 0
    seen.assert_clean()


def test_every_slider_obeys_keys_and_mouse(counter):
    """Only kernel, maps and maps in move the shared bar."""
    widget, page, seen = counter()
    for name in SLIDERS:
        widget.get_by_label("back to the worked example").click()
        control, before, said = slider(widget, name), totals(widget), widget.locator(".unseen").inner_text()
        control.focus()
        page.keyboard.press("ArrowLeft" if name == "image" else "ArrowRight")
        page.wait_for_timeout(30)
        after = totals(widget)
        assert (before[2] != after[2]) == (name in ("kernel", "maps", "maps in")), name
        assert before != after and widget.locator(".unseen").inner_text() != said, name
        box = control.bounding_box()
        control.click(position={"x": box["width"] * 0.6, "y": box["height"] / 2})
        page.wait_for_timeout(30)
        assert totals(widget) != after, name
    seen.assert_clean()


def test_every_choice_changes_the_picture(counter):
    widget, page, seen = counter()
    for name, line in (("one per output", 0), ("1000 units", 0), ("round up", 3), ("round down", 3)):
        before = totals(widget)
        radio = widget.get_by_role("radio", name=name)
        radio.focus()
        page.keyboard.press("Space")
        page.wait_for_timeout(30)
        assert radio.is_checked() and totals(widget)[line] != before[line], name
    menu = widget.get_by_label("layer")
    pictures = set()
    for option in [o.get_attribute("value") for o in menu.locator("option").all()][1:]:
        menu.select_option(option)
        pictures.add(tuple(totals(widget)))
    assert len(pictures) == 5
    seen.assert_clean()


def test_bars_are_on_a_log_scale(counter):
    """1000 times as many parameters make the bar longer by the same length everywhere."""
    widget, _, _ = counter(reduced_motion="reduce")
    lengths = [fill.bounding_box()["width"] for fill in widget.locator(".count-fill").all()]
    track = widget.locator(".count-track").first.bounding_box()["width"]
    assert abs(lengths[0] - track) < 1 and abs(lengths[2] - track * 2.0043 / 9) < 1
    assert widget.locator(".count-scale span").all_inner_texts() == ["1", "10³", "10⁶", "10⁹"]


def test_on_a_phone_nothing_sticks_out(counter):
    widget, page, seen = counter(width=360, height=740, has_touch=True, is_mobile=True)
    widget.get_by_role("radio", name="one per output").check()
    slider(widget, "maps").fill("64")
    slider(widget, "maps in").fill("64")
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    outside = widget.evaluate(
        """(w) => [...w.querySelectorAll('*')]
          .filter((e) => e.checkVisibility() && !e.closest('.unseen, legend'))
          .filter((e) => e.getBoundingClientRect().right > w.getBoundingClientRect().right)
          .map((e) => e.outerHTML)"""
    )
    assert outside == []
    small = widget.evaluate(
        """(w) => [...w.querySelectorAll('button, select, .choice label, .control')]
          .map((e) => e.getBoundingClientRect().height).filter((h) => h < 44)"""
    )
    assert small == []
    seen.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable(counter, scheme):
    """Contrast of every visible text is at least 4.5 : 1, also in a warning."""
    widget, _, _ = counter(color_scheme=scheme)
    assert widget.evaluate(CONTRAST) == []
    slider(widget, "image").fill("5")
    assert widget.evaluate(CONTRAST) == []


def test_without_javascript_the_counts_stand_in_a_table(book_http, page_factory):
    page, _ = page_factory(java_script_enabled=False)
    page.goto(book_http + PAGE)
    table = page.locator("figure.cnn-static:not(:has(ol)) table")
    assert table.is_visible() and "2\u202f450\u202f250" in table.inner_text()
