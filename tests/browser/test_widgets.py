"""What the widgets of chapter 05 compute on the built page, with no kernel, over http and from files."""

import numpy as np
import pytest
from widget_page import batch, cell, names, numbers, panel, reset, starting, sweep

from cnnlib import conv2d, conv2d_backward, rot180
from cnnlib.widgets.base import counting


# --- the worked example of §5.3 -----------------------------------------------------------------
def test_node_7_meets_four_outputs_through_four_taps_and_gets_33(opened):
    """conv-dx: hovering node 7 shows exactly {k22→2, k21→3, k12→5, k11→6} and 33."""
    widget, _, seen = opened("conv-backward")
    cell(widget, "γ", 0, 0).hover()
    assert "γ7" not in widget.locator(".sum").inner_text()
    cell(widget, "γ", 1, 2).hover()
    lit = panel(widget, "δ").locator(".cnn-cell.lit")
    assert dict(zip(names(lit.locator(".cnn-badge")), names(lit.locator(".corner")), strict=True)) == {
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
    panel(widget, "δ").locator(".cnn-row").nth(2).locator(".cnn-cell").nth(2).hover()
    assert (
        widget.locator(".says").inner_text()
        == "δ5 goes back to nodes 6, 7, 10 and 11, through taps k11, k12, k21 and k22."
    )
    assert names(panel(widget, "γ").locator(".cnn-cell.lit .corner")) == ["6", "7", "10", "11"]


def test_a_tap_tells_all_its_uses_and_its_gradient(opened):
    widget, _, _ = opened("conv-backward")
    panel(widget, "K").locator(".cnn-cell").first.hover()  # turned: k22 is first
    expected = conv2d_backward(batch(counting(3)), batch(counting(4)), batch(counting(2)))[1][0, 0, 1, 1]
    assert (
        "Tap k22 is used 9 times, once for each output; "
        f"its gradient sums x·δ over all its uses: ∂E/∂k22 = {expected}."
        == widget.locator(".says").inner_text()
    )
    assert panel(widget, "δ").locator(".cnn-cell.lit").count() == 9


# --- the numbers of §5, typed in by a reader ----------------------------------------------------
def type_in(widget, title, rows, first=(0, 0)):
    """Type a matrix into the cells of one panel, cell by cell."""
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            cell(widget, title, first[0] + i, first[1] + j).locator("input").fill(str(value))


def test_numbers_a_come_out_of_both_widgets(opened):
    """The 3×3 example of chapter 05: forward both ways, then both gradients."""
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
    """The two-map example, map by map, and the one with stride 2, as cnnlib gives them."""
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
@pytest.mark.parametrize("base", ["http"], indirect=True)
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


@pytest.mark.parametrize("base", ["http"], indirect=True)
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
