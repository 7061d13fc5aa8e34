"""BlockBuilder on the built page of chapter 08: every control by mouse and keys, agreement with cnnlib."""

import itertools

import pytest
from test_widget_controls import CONTRAST

from cnnlib import receptive_field
from cnnlib.widgets import BlockBuilder

PAGE = "/notebooks/08-other-layers.html"
VIEWS = ["inception", "residual", "field"]
TABS = dict(zip(VIEWS, ["branches", "shortcuts", "fields"], strict=True))
LENET = BlockBuilder().presets["LeNet-5"]
SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")

SWEEP = """async (widget, {names, settings}) => {
  const shown = [...widget.querySelectorAll('label.control')].filter((l) => !l.closest('.controls').hidden);
  const named = (name) => shown.find((label) => label.querySelector('span').textContent === name);
  const inputs = names.map((name) => named(name).querySelector('input'));
  const all = (css) => [...widget.querySelectorAll(css)].map((e) => e.textContent);
  const count = (css) => widget.querySelectorAll(css).length;
  const result = [];
  for (const setting of settings) {
    inputs.forEach((slider, k) => {
      if (slider.value === String(setting[k])) return;
      slider.value = setting[k];
      slider.dispatchEvent(new Event('input', {bubbles: true}));
    });
    await Promise.resolve();
    result.push({
      lanes: all('.block-weights'), bars: all('.block-bar output'), total: all('.sum .total').at(-1),
      ends: all('.block-name output strong'), pieces: count('.block-piece'),
      fields: all('.block-rung strong').reverse(), lit: count('.block-unit-cell.x.lit'),
      units: count('.block-unit-cell.y'), warned: count('.says.warning') > 0,
    });
  }
  return result;
}"""


@pytest.fixture
def opened(book_http, page_factory):
    """Return a function that opens the chapter at the widget that starts with a view."""

    def open_widget(view, base=book_http, **options):
        page, seen = page_factory(**options)
        page.goto(base + PAGE)
        widgets = page.locator(".cnn-widget.block-builder")
        widgets.nth(2).wait_for(state="attached")
        widget = widgets.nth(VIEWS.index(view))
        widget.scroll_into_view_if_needed()
        return widget, page, seen

    return open_widget


def number(text):
    """Read a number as the page writes it: grouped, or with a power of ten."""
    text = text.replace("\u202f", "").translate(SUPERSCRIPTS)
    digits, _, exponent = text.partition("·10")
    return float(f"{digits}e{exponent}") if exponent else float(digits)


def slider(widget, name):
    """Find the visible slider with exactly this label."""
    return widget.get_by_role("slider", name=name, exact=True)


def sweep(widget, names, settings):
    """Put sliders to settings, one after the other; yield each with what stood in the page."""
    settings = list(settings)
    answers = widget.evaluate(SWEEP, {"names": names, "settings": settings})
    return zip(settings, answers, strict=True)


def state(widget):
    """Everything a reader sees or could change."""
    return widget.evaluate(
        "(w) => w.outerHTML + [...w.querySelectorAll('input,select')].map((i) => i.value + i.checked).join()"
    )


# --- agreement with cnnlib over every setting ---------------------------------------------------
@pytest.mark.parametrize("reduced", [True, False])
def test_weights_are_those_of_layers_that_exist(opened, reduced):
    """param-count, concat-dx: the whole range of each slider at each branch."""
    widget, _, seen = opened("inception")
    widget.get_by_role("checkbox", name="1×1 reducers").set_checked(reduced)
    sliders = [(None, "maps in", "channels", 512)] + [
        (k, "filters", "filters", 256) for k in range(3 + reduced)
    ]
    sliders += [(k, "reduce to", "reducers", 256) for k in (1, 2) if reduced]
    for branch, label, trait, top in sliders:
        w = BlockBuilder(reduced=reduced, branch=1 if branch is None else branch)
        widget.locator(".block-lane").nth(w.branch).click()
        rest = getattr(w, trait)
        place = w.branch - (trait == "reducers")
        for (value,), shown in sweep(widget, [label], [(v,) for v in range(1, top + 1)]):
            new = value if trait == "channels" else [value if i == place else v for i, v in enumerate(rest)]
            setattr(w, trait, new)
            counts = [sum(p.size for p in b.params()) for b in w.block().branches]
            assert [number(text) for text in shown["lanes"]] == counts, (label, value)
            assert number(shown["bars"][0 if reduced else 1].removesuffix(" weights")) == sum(counts)
        widget.get_by_label("back to the worked example").click()
        widget.get_by_role("checkbox", name="1×1 reducers").set_checked(reduced)
    seen.assert_clean()


def test_what_comes_back_is_what_cnnlib_sends_back(opened):
    """residual-dx: every slope at every depth, to the three digits that are shown."""
    widget, _, seen = opened("residual")
    w = BlockBuilder()
    settings = itertools.product(range(-10, 21), range(1, 41))
    for (c, depth), shown in sweep(widget, ["slope c", "blocks D"], settings):
        w.slope, w.depth = c / 20, depth
        for text, value in zip(shown["ends"], w.passed_back(), strict=True):
            assert number(text) == pytest.approx(value, rel=0.006), (c, depth, text)
        assert number(shown["total"]) == pytest.approx((1 + c / 20) ** depth, rel=0.006)
        assert shown["pieces"] == (2 * depth if c else depth), "each block is one piece of a bar"
    seen.assert_clean()


def test_fields_are_those_of_lit_pixels(opened):
    """receptive-field, out-size: every window of every layer of LeNet-5, every length of the strip."""
    widget, _, seen = opened("field")
    refused = 0
    for level in range(5):
        widget.locator(".block-rung").nth(4 - level).click()
        for (m, S), shown in sweep(
            widget, ["window m", "stride S"], itertools.product(range(1, 8), (1, 2, 3))
        ):
            w = BlockBuilder(layers=[[m, S] if k == level else pair for k, pair in enumerate(LENET)])
            fields, units = receptive_field(w.layers), w.units()
            assert shown["fields"] == [f"r = {r}" for r, _ in fields]
            assert (shown["units"], shown["warned"]) == (sum(units), not units[level])
            assert shown["lit"] == (fields[level][0] if units[level] else 0) or S > m, (level, m, S)
            refused += not units[level]
        widget.get_by_label("back to the worked example").click()
    widget.locator(".block-rung").nth(0).click()
    for (n,), shown in sweep(widget, ["pixels"], [(n,) for n in range(4, 49)]):
        units = BlockBuilder(image_size=n).units()
        assert (shown["units"], shown["warned"]) == (sum(units), not units[4])
        assert shown["lit"] == (32 if units[4] else 0)
    assert refused > 0
    seen.assert_clean()


# --- the worked examples, words, controls -------------------------------------------------------
def test_the_worked_examples_stand_there_untouched(opened, book_file):
    for base in ({}, {"base": book_file}):
        widget, page, seen = opened("inception", **base)
        bars = widget.locator(".block-bar output").all_inner_texts()
        assert [number(text.removesuffix(" weights")) for text in bars] == [163328, 387072]
        second, third = (page.locator(".cnn-widget.block-builder").nth(k) for k in (1, 2))
        ends = second.locator(".block-name output strong").all_inner_texts()
        assert [number(text) for text in ends] == [1e-20, 6.73]
        rungs = third.locator(".block-rung strong").all_inner_texts()[::-1]
        assert rungs == [f"r = {r}" for r in (5, 6, 14, 16, 32)]
        assert "pixels 8 to 21" in third.locator(".says").inner_text()
        seen.assert_clean()


def test_the_way_back_splits_the_channels(opened):
    """concat-dx: the shares of Concat, in words, for each branch."""
    widget, _, _ = opened("inception")
    widget.get_by_role("radio", name="backward").check()
    for k, (start, end) in enumerate([(0, 63), (64, 191), (192, 223), (224, 255)]):
        widget.locator(".block-segment").nth(k).click()
        assert f"takes channels {start} to {end} of δ" in widget.locator(".says").inner_text()
        assert widget.locator('.block-lane[aria-pressed="true"]').count() == 1
    assert "γ4" in "".join(widget.locator(".sum:visible").inner_text().split())


def test_an_impossible_ladder_is_explained_and_stays_usable(opened):
    widget, _, seen = opened("field")
    slider(widget, "pixels").fill("10")
    said = widget.locator(".says.warning").inner_text()
    assert "Layer 3 has no unit: its window of 5 does not fit on the 3 units below" in said
    assert "does not fit" in widget.locator(".unseen").inner_text()
    slider(widget, "window m").fill("3")
    assert widget.locator(".says.warning").count() == 0
    widget.get_by_label("back to the worked example").click()
    assert widget.locator(".block-unit-cell.x.lit").count() == 14
    seen.assert_clean()


def test_layers_can_be_added_removed_and_pointed_at(opened):
    widget, _, _ = opened("field")
    add, remove = widget.get_by_label("add a layer"), widget.get_by_label("remove the last layer")
    widget.get_by_label("ladder").select_option("one 5×5")
    assert remove.is_disabled()
    for count in range(2, 9):
        add.click()
        assert widget.locator("button.block-rung").count() == count
    assert add.is_disabled()
    remove.click()
    assert widget.locator("button.block-rung").count() == 7
    widget.get_by_label("ladder").select_option("seven 3×3")
    assert "393 paths lead to pixel 7," in widget.locator(".says").inner_text()
    widget.locator(".block-unit-cell.y").last.click()
    assert "Unit 17 of layer 7" in widget.locator(".says").inner_text()
    assert "393 paths lead to pixel 24" in widget.locator(".says").inner_text()


@pytest.mark.parametrize("view", VIEWS)
def test_every_control_obeys_keys_and_mouse(opened, view):
    widget, page, seen = opened(view)
    for k in range(widget.get_by_role("slider").count()):
        widget.get_by_label("back to the worked example").click()
        control, before = widget.get_by_role("slider").nth(k), widget.locator(".unseen").inner_text()
        control.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(30)
        after = widget.locator(".unseen").inner_text()
        label = control.evaluate("(i) => i.closest('label').innerText")
        assert after != before, label
        box = control.bounding_box()
        control.click(position={"x": box["width"] * 0.9, "y": box["height"] / 2})
        page.wait_for_timeout(30)
        assert widget.locator(".unseen").inner_text() != after, label
    for button in widget.get_by_role("button").all():
        if button.get_attribute("aria-pressed") == "true" or button.is_disabled():
            continue
        before = state(widget)
        button.focus()
        page.keyboard.press("Enter")
        page.wait_for_timeout(30)
        assert state(widget) != before, button.get_attribute("aria-label")
    for control in widget.get_by_role("checkbox").all() + widget.get_by_role("radio").all()[::-1]:
        before = state(widget)
        control.focus()
        page.keyboard.press("Space")
        page.wait_for_timeout(30)
        assert state(widget) != before or control.is_checked()
    seen.assert_clean()


def test_every_tab_shows_its_picture_and_the_others_on_the_page_stay(opened):
    widget, page, seen = opened("inception")
    others = [page.locator(".cnn-widget.block-builder").nth(k) for k in (1, 2)]
    before = [state(w) for w in others]
    for view, tab in TABS.items():
        widget.get_by_role("radio", name=tab).check()
        visible = [
            widget.locator(css).is_visible()
            for css in (".block-lanes", ".block-log >> nth=0", ".block-ladder")
        ]
        assert visible == [v == view for v in VIEWS]
        assert widget.get_by_label("back to the worked example").is_visible()
    assert [state(w) for w in others] == before
    seen.assert_clean()


# --- phones, paper, no JavaScript ---------------------------------------------------------------
@pytest.mark.parametrize("view", VIEWS)
def test_on_a_phone_nothing_sticks_out(opened, view):
    widget, page, seen = opened(view, width=360, height=740, has_touch=True, is_mobile=True)
    if view == "inception":
        widget.get_by_role("radio", name="backward").check()
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    outside = widget.evaluate(
        """(w) => [...w.querySelectorAll('*')]
          .filter((e) => e.checkVisibility() && !e.closest('.unseen, legend, svg'))
          .filter((e) => e.getBoundingClientRect().right > w.getBoundingClientRect().right)
          .map((e) => e.outerHTML)"""
    )
    small = widget.evaluate(
        """(w) => [...w.querySelectorAll('button, select, .choice label, .control')]
          .filter((e) => e.checkVisibility())
          .map((e) => e.getBoundingClientRect().height).filter((h) => h < 44)"""
    )
    assert (outside, small) == ([], [])
    seen.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable(opened, scheme):
    """Contrast of every visible text is at least 4.5 : 1, also backward and in a warning."""
    widget, _, _ = opened("inception", color_scheme=scheme, reduced_motion="reduce")
    assert widget.evaluate(CONTRAST) == []
    widget.get_by_role("radio", name="backward").check()
    assert widget.evaluate(CONTRAST) == []
    for tab in ("shortcuts", "fields"):
        widget.get_by_role("radio", name=tab).check()
        assert widget.evaluate(CONTRAST) == []
    slider(widget, "pixels").fill("6")
    assert widget.evaluate(CONTRAST) == []


def test_without_javascript_the_numbers_stand_in_tables(book_http, page_factory):
    page, _ = page_factory(java_script_enabled=False)
    page.goto(book_http + PAGE)
    tables = page.locator("figure.cnn-static:not(:has(ol)) table")
    assert tables.count() == 3 and all(table.is_visible() for table in tables.all())
    assert all(text in "".join(tables.all_inner_texts()) for text in ("163328", "1e-20", "6.73", "32"))
