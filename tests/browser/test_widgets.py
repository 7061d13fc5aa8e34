"""The widgets of chapter 05 on the built page, with no kernel: every control, over http and from files."""

import itertools
import re

import numpy as np
import pytest

from cnnlib import conv2d, conv2d_backward, rot180
from cnnlib.widgets.base import counting

PAGE = "/notebooks/05-convolution-backward.html"
KINDS = ["conv-stepper", "conv-backward"]
SLIDERS = {
    "conv-stepper": {"image": range(2, 9), "kernel": range(1, 6), "stride": range(1, 4)},
    "conv-backward": {"image": range(2, 7), "kernel": range(1, 5), "stride": range(1, 4)},
}


@pytest.fixture(params=["http", "file"])
def base(request):
    """The book's address, once from a server and once from the disk."""
    return request.getfixturevalue(f"book_{request.param}")


@pytest.fixture
def opened(base, page_factory):
    """Return a function that opens the chapter: one widget, its page, and what the page complained of."""

    def open_widget(kind, nth=0, **options):
        page, seen = page_factory(**options)
        page.goto(base + PAGE)
        widget = page.locator(f".cnn-widget.{kind}").nth(nth)
        widget.scroll_into_view_if_needed()
        return widget, page, seen

    return open_widget


def panel(widget, title):
    """The matrix whose title begins so."""
    return widget.locator(".panel").filter(
        has=widget.page.locator(".title", has_text=re.compile(rf"^{re.escape(title)}"))
    )


def cell(widget, title, row, column):
    return panel(widget, title).locator(".row").nth(row).locator(".cell").nth(column)


def names(locator):
    return [text.strip() for text in locator.all_inner_texts()]


NUMBERS = """(widget) => Object.fromEntries([...widget.querySelectorAll('.panel')].map((panel) => [
  panel.querySelector('.title').textContent,
  [...panel.querySelectorAll('.row')].map((row) => [...row.querySelectorAll('.value')].map((v) => {
    const text = (v.value ?? v.textContent).replace('−', '-');
    return text === '·' || text === '–' ? null : Number(text);
  }))]))"""


def numbers(widget):
    """All matrices of a widget by title, as the reader sees them."""
    return widget.evaluate(NUMBERS)


def starting(found, title):
    [match] = [rows for name, rows in found.items() if name.startswith(title)]
    return match


def reset(widget):
    widget.get_by_label("back to the worked example").click()


SWEEP = """async (widget, {names, settings}) => {
  const read = NUMBERS;
  const ranges = [...widget.querySelectorAll('input[type=range]')];
  const input = (name) => ranges.find((i) => i.closest('label').querySelector('span').textContent === name);
  const says = widget.querySelector('.says');
  const result = [];
  for (const setting of settings) {
    names.forEach((name, k) => {
      const slider = input(name);
      slider.value = setting[k];
      slider.dispatchEvent(new Event('input', {bubbles: true}));
    });
    await new Promise((resolve) => setTimeout(resolve, 0));
    result.push([read(widget), says.className.includes('warning'), says.textContent]);
  }
  return result;
}""".replace("NUMBERS", NUMBERS)


def sweep(widget, kind):
    """Put the sliders to every combination of settings; yield the setting and what stood in the page."""
    settings = list(itertools.product(*SLIDERS[kind].values()))
    answers = widget.evaluate(SWEEP, {"names": list(SLIDERS[kind]), "settings": settings})
    return zip(settings, answers, strict=True)


def batch(rows):
    return np.array(rows)[None, None]


# --- the worked example of §5.3 -----------------------------------------------------------------
def test_node_7_meets_four_outputs_through_four_taps_and_gets_33(opened):
    """conv-dx: hovering node 7 shows exactly {k22→2, k21→3, k12→5, k11→6} and 33."""
    widget, _, seen = opened("conv-backward")
    cell(widget, "γ", 0, 0).hover()
    assert "γ7" not in widget.locator(".sum").inner_text()
    cell(widget, "γ", 1, 2).hover()
    lit = panel(widget, "δ").locator(".cell.lit")
    assert dict(zip(names(lit.locator(".badge")), names(lit.locator(".corner")), strict=True)) == {
        "k22": "2",
        "k21": "3",
        "k12": "5",
        "k11": "6",
    }
    line = widget.locator(".sum").inner_text().replace("\n", "").replace(" ", "")
    assert line == "γ7=k22δ2+k21δ3+k12δ5+k11δ6=4·2+3·3+2·5+1·6=33"
    assert (
        widget.locator(".says").inner_text()
        == "Node 7 feeds outputs 2, 3, 5 and 6, through taps k22, k21, k12 and k11."
    )
    seen.assert_clean()


def test_node_7_by_keyboard(opened):
    """The same cell, reached with the arrow keys."""
    widget, page, _ = opened("conv-backward")
    cell(widget, "γ", 0, 0).focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    assert "= 33" in widget.locator(".sum").inner_text()
    assert "Node 7" in widget.locator(".unseen").inner_text()


def test_an_unturned_kernel_gives_47_and_says_that_this_is_wrong(opened):
    widget, _, _ = opened("conv-backward")
    cell(widget, "γ", 1, 2).hover()
    widget.get_by_role("checkbox", name="turned").uncheck()
    assert "= 47" in widget.locator(".sum").inner_text()
    assert widget.locator(".says.warning").inner_text().endswith("node 7 gets 47. The gradient is 33.")
    assert (
        numbers(widget)["γ = ∂E/∂x"]
        == conv2d(batch(np.pad(counting(3), 1)), batch(counting(2)))[0, 0].tolist()
    )


def test_an_output_tells_where_its_delta_goes(opened):
    widget, _, _ = opened("conv-backward")
    panel(widget, "δ").locator(".row").nth(2).locator(".cell").nth(2).hover()
    assert (
        widget.locator(".says").inner_text()
        == "δ5 goes back to nodes 6, 7, 10 and 11, through taps k11, k12, k21 and k22."
    )
    assert names(panel(widget, "γ").locator(".cell.lit .corner")) == ["6", "7", "10", "11"]


def test_a_tap_tells_all_its_uses_and_its_gradient(opened):
    widget, _, _ = opened("conv-backward")
    panel(widget, "K").locator(".cell").first.hover()  # turned: k22 is first
    expected = conv2d_backward(batch(counting(3)), batch(counting(4)), batch(counting(2)))[1][0, 0, 1, 1]
    assert (
        "Tap k22 is used 9 times, once for each output; "
        f"its gradient sums x·δ over all its uses: ∂E/∂k22 = {expected}."
        == widget.locator(".says").inner_text()
    )
    assert panel(widget, "δ").locator(".cell.lit").count() == 9


# --- the numbers of §5, typed in by a reader ----------------------------------------------------
def type_in(widget, title, rows, first=(0, 0)):
    """Type a matrix into the cells of one panel, cell by cell."""
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            cell(widget, title, first[0] + i, first[1] + j).locator("input").fill(str(value))


def test_numbers_a_come_out_of_both_widgets(opened):
    """Curriculum numbers A: forward both ways, then both gradients."""
    widget, _, seen = opened("conv-stepper")
    reset(widget)
    for name, value in (("image", 3), ("kernel", 2), ("stride", 1)):
        widget.get_by_role("slider", name=name).fill(str(value))
    type_in(widget, "x", counting(3))
    type_in(widget, "K", counting(2))
    assert starting(numbers(widget), "y") == [[37, 47], [67, 77]]
    widget.get_by_role("checkbox", name="turned").check()
    assert starting(numbers(widget), "y") == [[23, 33], [53, 63]]
    widget.get_by_role("radio", name="wide").check()
    assert starting(numbers(widget), "y") == [
        [1, 4, 7, 6],
        [7, 23, 33, 24],
        [19, 53, 63, 42],
        [21, 52, 59, 36],
    ]
    widget = widget.page.locator(".cnn-widget.conv-backward").first
    widget.get_by_role("slider", name="image").fill("3")
    type_in(widget, "δ", [[1, 0], [2, -1]], first=(1, 1))
    assert starting(numbers(widget), "γ") == [[1, 2, 0], [5, 7, -2], [6, 5, -4]]
    widget.get_by_role("radio", name="∂E/∂K").check()
    assert starting(numbers(widget), "∂E/∂K") == [[4, 6], [10, 12]]
    seen.assert_clean()


NUMBERS_B = [
    ([[1, 2, 0, 1], [0, 1, 3, 2], [2, 1, 0, 1], [1, 0, 2, 3]], [[1, 0], [-1, 2]]),
    ([[2, 0, 1, 1], [1, 1, 0, 2], [0, 3, 1, 0], [1, 2, 1, 0]], [[0, 1], [2, -1]]),
]
DELTA_B = [[1, 0, -1], [2, 1, 0], [0, -1, 1]]
X_C = [[(i + 2 * j) % 5 for j in range(5)] for i in range(5)]
NUMBERS_C = (X_C, [[1, 2, 0], [0, 1, -1], [2, 0, 1]], [[1, 2], [3, 4]], 2)


@pytest.mark.parametrize(
    ("x", "w", "delta", "stride"), [(*NUMBERS_B[0], DELTA_B, 1), (*NUMBERS_B[1], DELTA_B, 1), NUMBERS_C]
)
def test_numbers_b_and_c_come_out_of_the_widget(opened, x, w, delta, stride):
    """Curriculum numbers B (map by map) and C (stride 2): output and both gradients as cnnlib gives them."""
    widget, _, seen = opened("conv-backward")
    for name, value in (("image", len(x)), ("kernel", len(w)), ("stride", stride)):
        widget.get_by_role("slider", name=name).fill(str(value))
    widget.get_by_role("radio", name="forward").check()
    type_in(widget, "x", x)
    type_in(widget, "K", w)
    assert starting(numbers(widget), "z") == conv2d(batch(x), batch(w), stride=stride)[0, 0].tolist()
    widget.get_by_role("radio", name="∂E/∂K").check()
    for i, j in np.ndindex(np.shape(delta)):
        cell(widget, "δ", i * stride, j * stride).locator("input").fill(str(delta[i][j]))
    dx, dw, _ = conv2d_backward(batch(delta), batch(x), batch(w), stride=stride)
    assert starting(numbers(widget), "∂E/∂K") == dw[0, 0].tolist()
    widget.get_by_role("radio", name="∂E/∂x").check()
    assert starting(numbers(widget), "γ") == dx[0, 0].tolist()
    seen.assert_clean()


# --- every slider setting against cnnlib --------------------------------------------------------
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("padding", ["narrow", "same", "wide"])
def test_the_stepper_agrees_with_cnnlib_over_all_sliders(opened, padding, turned):
    widget, _, seen = opened("conv-stepper")
    widget.get_by_role("radio", name=padding).check()
    widget.get_by_role("checkbox", name="turned").set_checked(turned)
    drawn = 0
    for (n, m, stride), (found, warned, said) in sweep(widget, "conv-stepper"):
        border = {"narrow": 0, "same": (m - 1) / 2, "wide": m - 1}[padding]
        if border != int(border) or m > n + 2 * border:
            assert warned and ("odd kernel" in said or "does not fit" in said), (n, m, stride)
            continue
        drawn += 1
        kernel = batch(starting(found, "K"))
        x = np.array(starting(found, "x"))
        assert not warned and x.shape == (n + 2 * border,) * 2
        assert starting(found, "y") == conv2d(batch(x), kernel, stride=stride)[0, 0].tolist(), (n, m, stride)
    assert drawn > 50
    seen.assert_clean()


@pytest.mark.parametrize("view", ["forward", "∂E/∂x", "∂E/∂K"])
def test_conv_backward_agrees_with_cnnlib_over_all_sliders(opened, view):
    widget, _, seen = opened("conv-backward")
    reset(widget)
    widget.get_by_role("radio", name=view).check()
    drawn = 0
    for (n, m, stride), (found, warned, said) in sweep(widget, "conv-backward"):
        if m > n:
            assert warned and "does not fit" in said
            continue
        drawn += 1
        x, w = batch(counting(n)), batch(counting(m))
        y = conv2d(x, w, stride=stride)
        dx, dw, _ = conv2d_backward(batch(counting(y.shape[2])), x, w, stride=stride)
        title, expected = {"forward": ("z", y), "∂E/∂x": ("γ", dx), "∂E/∂K": ("∂E/∂K", dw)}[view]
        assert starting(found, title) == expected[0, 0].tolist(), (n, m, stride)
        if view == "∂E/∂x":
            assert starting(found, "K") == rot180(w)[0, 0].tolist()
            slid = conv2d(batch(starting(found, "δ")), batch(starting(found, "K")))
            assert starting(found, "γ") == slid[0, 0].tolist(), "γ is the picture's own δ ⋆ K"
    assert drawn == 51
    seen.assert_clean()


# --- every control, by mouse and by keyboard ----------------------------------------------------
def everything(widget):
    return widget.evaluate(
        """(w) => [...w.querySelectorAll('.panel')].map((panel) =>
          panel.innerText + [...panel.querySelectorAll('input.value')].map((i) => i.value)).join()"""
    )


@pytest.mark.parametrize("kind", KINDS)
def test_each_slider_obeys_the_arrow_keys(opened, kind):
    """Picture, output text and live region all change."""
    widget, page, seen = opened(kind)
    sliders = widget.get_by_role("slider")
    assert sliders.count() == {"conv-stepper": 4, "conv-backward": 3}[kind]
    for k in range(sliders.count()):
        slider = sliders.nth(k)
        before = everything(widget), slider.input_value(), widget.locator(".unseen").inner_text()
        slider.focus()
        page.keyboard.press(
            "ArrowLeft" if slider.input_value() == slider.get_attribute("max") else "ArrowRight"
        )
        page.wait_for_timeout(30)
        after = everything(widget), slider.input_value(), widget.locator(".unseen").inner_text()
        label = slider.evaluate("(i) => i.closest('label').innerText")
        assert all(a != b for a, b in zip(before, after, strict=True)) or label.startswith("output"), (
            label,
            before,
            after,
        )
        assert before[1:] != after[1:], label
    seen.assert_clean()


@pytest.mark.parametrize("kind", KINDS)
def test_each_slider_obeys_the_mouse(opened, kind):
    widget, page, seen = opened(kind)
    for name in SLIDERS[kind]:
        slider = widget.get_by_role("slider", name=name)
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        before = slider.input_value(), widget.locator(".unseen").inner_text()
        target = 0.03 if int(slider.input_value()) > 2 else 0.97
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * target, box["y"] + box["height"] / 2, steps=4)
        page.mouse.up()
        page.wait_for_timeout(30)
        assert before[0] != slider.input_value() and before[1] != widget.locator(".unseen").inner_text(), name
    seen.assert_clean()


@pytest.mark.parametrize("kind", KINDS)
def test_no_control_is_dead(opened, kind):
    """Each button, box, choice and menu changes what the reader sees."""
    widget, page, seen = opened(kind)
    widget.locator("summary").click()
    assert widget.locator("details[open]").count() == 1
    state = (
        "(w) => w.outerHTML + [...w.querySelectorAll('input,select')].map((i) => i.value + i.checked).join()"
    )
    for button in widget.get_by_role("button").all():
        if button.get_attribute("aria-label").startswith(("back to", "count the")):
            widget.get_by_role("slider", name="image").fill("5")
            if "count" in button.get_attribute("aria-label"):
                widget.get_by_label("set every δ to 1").click()
        before = widget.evaluate(state)
        button.click()
        page.wait_for_timeout(60)
        assert widget.evaluate(state) != before, button.get_attribute("aria-label")
        if button.get_attribute("aria-label") == "pause":
            button.click()
    for control in widget.get_by_role("radio").all() + widget.get_by_role("checkbox").all():
        if control.is_visible() and not (control.get_attribute("type") == "radio" and control.is_checked()):
            before = widget.evaluate(state)
            control.click()
            page.wait_for_timeout(30)
            assert widget.evaluate(state) != before, control.get_attribute("value")
    for menu in widget.get_by_role("combobox").all():
        for option in [o.get_attribute("value") for o in menu.locator("option").all()]:
            menu.select_option(option)
    seen.assert_clean()


@pytest.mark.parametrize("kind", KINDS)
def test_play_runs_and_pauses(opened, kind):
    widget, page, seen = opened(kind)
    widget.locator("summary").click()
    widget.get_by_label("speed").select_option("fast")
    widget.get_by_label("play all").click()
    said = set()
    for _ in range(12):
        page.wait_for_timeout(120)
        said.add(widget.locator(".says").inner_text())
    widget.get_by_label("pause").click()
    assert len(said) >= 3
    still = widget.locator(".says").inner_text()
    page.wait_for_timeout(400)
    assert widget.locator(".says").inner_text() == still
    seen.assert_clean()


def test_the_three_steps_pad_turn_slide(opened):
    """Stepping shows δ as it came, the border of zeros, the turned kernel, and one pixel at a time."""
    widget, _, _ = opened("conv-backward")
    on = widget.get_by_label("one step on")
    on.click()
    assert np.shape(starting(numbers(widget), "δ")) == (3, 3) and starting(numbers(widget), "K") == counting(
        2
    )
    on.click()
    assert (
        np.shape(starting(numbers(widget), "δ")) == (5, 5)
        and "Pad with m − 1 = 1" in widget.locator(".says").inner_text()
    )
    on.click()
    assert starting(numbers(widget), "K") == [[4, 3], [2, 1]]
    for k in range(1, 8):
        on.click()
        shown = [v for row in starting(numbers(widget), "γ") for v in row if v is not None]
        assert len(shown) == k
    assert "= 33" in widget.locator(".sum").inner_text()
    widget.get_by_label("one step back").click()
    assert "γ6" in widget.locator(".sum").inner_text().replace("\n", "")


# --- typing, dragging, scrolling; and nonsense ---------------------------------------------------
def test_a_cell_takes_typing_paging_wheel_and_drag(opened):
    widget, page, seen = opened("conv-backward")
    box = cell(widget, "δ", 1, 1).locator("input")
    box.fill("−2.5")
    assert starting(numbers(widget), "γ")[0][0] == -2.5
    page.keyboard.press("PageUp")
    assert starting(numbers(widget), "γ")[0][0] == -1.5
    box.hover()
    page.mouse.wheel(0, -50)
    page.wait_for_timeout(50)
    assert starting(numbers(widget), "γ")[0][0] == -0.5
    page.mouse.down()
    spot = box.bounding_box()
    page.mouse.move(spot["x"] + 10, spot["y"] + 10 - 60, steps=5)
    page.mouse.up()
    page.wait_for_timeout(50)
    assert starting(numbers(widget), "γ")[0][0] > 3
    seen.assert_clean()


NONSENSE = ["", "abc", "1e999", "NaN", "1000", "<img src=x onerror=alert(1)>", "7;8", "--1"]


def test_nonsense_in_a_cell_is_refused_in_words(opened):
    """The old value stays, the reason is said, nothing becomes markup; a good value clears the reason."""
    widget, page, seen = opened("conv-backward")
    before = numbers(widget)
    box = cell(widget, "δ", 1, 1).locator("input")
    for nonsense in NONSENSE:
        box.focus()
        page.keyboard.press("Delete")
        page.keyboard.type(nonsense)
        page.keyboard.press("Tab")
        said = widget.get_by_role("alert").inner_text()
        assert (
            "A cell takes a number from −999 to 999" in said and (nonsense[:12].strip() or "nothing") in said
        )
        assert numbers(widget) == before
        assert widget.locator("img").count() == 0
    box.fill("2")
    assert widget.get_by_role("alert").count() == 0 or not widget.get_by_role("alert").is_visible()
    seen.assert_clean()


# --- several on a page, phones, paper, no JavaScript ---------------------------------------------
def test_widgets_on_one_page_do_not_disturb_each_other(opened):
    widget, page, _ = opened("conv-backward")
    others = [w for w in page.locator(".cnn-widget").all()][:]
    pictures = [everything(w) for w in others]
    widget.get_by_role("slider", name="kernel").fill("3")
    widget.get_by_role("radio", name="forward").check()
    changed = [everything(w) != picture for w, picture in zip(others, pictures, strict=True)]
    assert changed.count(True) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_on_a_phone_nothing_sticks_out(opened, kind):
    widget, page, seen = opened(kind, width=360, height=740, has_touch=True, is_mobile=True)
    for name, values in SLIDERS[kind].items():
        widget.get_by_role("slider", name=name).fill(str(max(values) if name != "stride" else 1))
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    small = widget.evaluate(
        """(w) => [...w.querySelectorAll('button, select, .choice label, .control')]
          .filter((e) => e.offsetParent).map((e) => e.getBoundingClientRect().height).filter((h) => h < 44)"""
    )
    assert small == []
    assert widget.locator(".cell").first.bounding_box()["height"] >= 36
    seen.assert_clean()


def test_a_tap_chooses_a_cell(opened):
    widget, _, _ = opened("conv-backward", width=360, height=740, has_touch=True, is_mobile=True)
    cell(widget, "γ", 2, 3).tap()
    assert "γ12" in widget.locator(".sum").inner_text().replace("\n", "")


def test_motion_stops_for_readers_who_do_not_want_it(opened):
    widget, page, _ = opened("conv-backward", reduced_motion="reduce")
    widget.get_by_role("checkbox", name="turned").uncheck()
    assert page.evaluate("document.getAnimations().filter((a) => a.playState === 'running').length") == 0


def test_without_javascript_a_picture_stands_in_its_place(base, page_factory):
    page, _ = page_factory(java_script_enabled=False)
    page.goto(base + PAGE)
    figures = page.locator("figure.cnn-static")
    assert figures.count() >= 3 and figures.first.is_visible()
    assert "33" in names(page.locator("figure.cnn-static td.picked"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_of_the_widgets_is_readable(opened, scheme):
    """Contrast of every visible text in the widgets is at least 4.5 : 1."""
    for kind in KINDS:
        widget, _, _ = opened(kind, color_scheme=scheme)
        widget.locator("summary").click()
        assert widget.evaluate(CONTRAST) == []


CONTRAST = """(widget) => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const shares = [0.2126, 0.7152, 0.0722];
  const luminance = (c) => shares.reduce((sum, share, i) => sum + share * linear(c[i] / 255), 0);
  const behind = (e) => {
    for (let p = e; p; p = p.parentElement) {
      const colour = rgba(getComputedStyle(p).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const e of widget.querySelectorAll('*')) {
    const own = [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join('').trim();
    const text = e.matches('input.value') ? e.value : own;
    if (!text || !e.checkVisibility() || e.closest('.unseen')) continue;
    const [a, b] = [luminance(rgba(getComputedStyle(e).color)), luminance(behind(e))].sort((p, q) => q - p);
    if ((a + 0.05) / (b + 0.05) < 4.5) bad.push([text, e.className, ((a + 0.05) / (b + 0.05)).toFixed(2)]);
  }
  return bad;
}"""
