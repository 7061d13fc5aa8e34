"""Sizes, argument checks and rearrangements: small examples, and a sentence for each wrong argument."""

import re
from itertools import product

import numpy as np
import pytest
import sympy

from cnnlib import conv_transpose2d, dilate, output_size, receptive_field, rot180, upsample
from cnnlib.windows import common_dtype, geometry, pair, require_array, require_shape, widen


def test_output_size_takes_ints_and_pairs():
    """out-size: one int for ints, a pair as soon as one argument is a pair."""
    assert output_size(28, 5) == 24 and isinstance(output_size(28, 5), int)
    assert output_size((28, 30), 5) == (24, 26)
    assert output_size(7, 3, stride=(2, 1)) == (3, 5)
    assert output_size(7, 3, padding=[1, 0]) == (7, 5)
    assert output_size(7, 3, stride=2, dilation=2) == 2
    assert output_size(np.int64(991), 2, stride=sympy.Integer(2)) == 495


def windows_one_by_one(n, m, s, p, d, ceil_mode):
    """Set windows down on pixels -p, ..., n + p - 1 while they fit; then perhaps one that overhangs."""
    reach, starts = d * (m - 1), [-p]
    while starts[-1] + s + reach < n + p:
        starts.append(starts[-1] + s)
    covered = starts[-1] + reach == n + p - 1
    return len(starts) + (ceil_mode and not covered and starts[-1] + s < n)


def test_output_size_by_setting_windows_down():
    """out-size: the count of the formula, for every small axis, with and without a last partial window."""
    axes = [axis for axis in product(range(7), *(range(1, 4),) * 2, range(3), (1, 2))]
    axes = [(n, m, s, p, d) for n, m, s, p, d in axes if d * (m - 1) < n + 2 * p]
    for (n, m, s, p, d), ceil_mode in product(axes, (False, True)):
        size = output_size(n, m, stride=s, padding=p, dilation=d, ceil_mode=ceil_mode)
        assert size == windows_one_by_one(n, m, s, p, d, ceil_mode), (n, m, s, p, d, ceil_mode)
    assert len(axes) > 300 and geometry((5, 4), (3, 2)).output == (3, 3)
    assert geometry((6, 4), 3, stride=2).output == output_size((6, 4), 3, stride=2) == (2, 1)


@pytest.mark.parametrize("dtype", [int, "f4", complex, object, bool])
def test_rearrangements_keep_the_dtype_and_copy(dtype):
    x = np.arange(12).reshape(1, 2, 2, 3).astype(dtype)
    for moved in (rot180(x), upsample(x, 1), upsample(x, (1, 2)), dilate(x, 1), dilate(x, (2, 1))):
        assert moved.dtype == x.dtype and not np.shares_memory(moved, x)


def test_rearrangements_of_the_chapters():
    """rot180, upsample, dilate on maps that fit on paper."""
    x = np.array([[1, 2], [3, 4]])
    assert rot180(x).tolist() == [[4, 3], [2, 1]]
    assert upsample(x, 2).tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    assert dilate(x, (1, 3)).tolist() == [[1, 0, 0, 2], [3, 0, 0, 4]]
    assert dilate(np.zeros((2, 0, 3)), 2).shape == (2, 0, 5)
    maps = np.arange(24).reshape(2, 2, 2, 3)
    assert upsample(maps, (3, 2))[1, 0].tolist() == np.kron(maps[1, 0], np.ones((3, 2), int)).tolist()


def test_common_dtype():
    types = lambda *names: common_dtype(*(np.zeros(1, name) for name in names))  # noqa: E731
    assert types("f4", "f4") == "f4" and types("f4", "f8") == "f8" and types("f2", "i1") == "f2"
    assert types("?", "?") == types("u1", "i4") == types("i8", "i2") == "i8"
    assert types("f4", "O") == "O" and types("c8", "f4") == "c8" and types("u8", "u8") == "i8"


def test_widened_integers_become_int64_and_floats_stay():
    for name, wide in (("u1", "i8"), ("?", "i8"), ("f4", "f4"), ("O", "O")):
        assert widen(np.ones(2, name)).dtype == wide


def test_geometry_gathers_pairs():
    layer = geometry((7, 8), (3, 2), stride=(2, 3), padding=1, dilation=(1, 2))
    assert layer == ((7, 8), (3, 2), (2, 3), (1, 1), (1, 2), (4, 3))
    assert layer.output == (4, 3)


INT = r"must be an int or a pair of ints, got "
WRONG_SIZES = {
    "zero": (0, ValueError, r"size must be at least 1, got 0"),
    "negative": (-2, ValueError, r"size must be at least 1, got -2"),
    "negative in a pair": ((2, -1), ValueError, r"size must be at least 1, got -1"),
    "float": (2.0, TypeError, INT + r"2\.0 of type float"),
    "nan": (float("nan"), TypeError, INT + "nan of type float"),
    "infinity": (np.inf, TypeError, INT + "inf of type float"),
    "numpy float": (np.float64(2), TypeError, INT + ".* of type float64"),
    "bool": (True, TypeError, INT + "True of type bool"),
    "numpy bool": (np.True_, TypeError, INT + ".*True.* of type bool"),
    "None": (None, TypeError, INT + "None of type NoneType"),
    "string": ("2", TypeError, INT + "'2' of type str"),
    "complex": (1j, TypeError, INT + "1j of type complex"),
    "dict": ({2: 2}, TypeError, INT + r"\{2: 2\} of type dict"),
    "array": (np.array([2, 2]), TypeError, INT + r"array.* of type ndarray"),
    "symbol": (sympy.Symbol("s"), TypeError, INT + "s of type Symbol"),
    "single": ((2,), ValueError, INT + r"1 values: \(2,\)"),
    "triple": ([1, 2, 3], ValueError, INT + r"3 values: \[1, 2, 3\]"),
    "empty": ((), ValueError, INT + r"0 values: \(\)"),
    "nested": (((1, 1), 1), TypeError, INT + r"\(1, 1\) of type tuple"),
    "float in a pair": ((1, 2.5), TypeError, INT + r"2\.5 of type float"),
    "bool in a pair": ((1, False), TypeError, INT + "False of type bool"),
    "more than fits": (2**31, ValueError, "^size must be at most 2147483647, got 2147483648$"),
}


@pytest.mark.parametrize("value, error, message", WRONG_SIZES.values(), ids=WRONG_SIZES)
def test_wrong_sizes(value, error, message):
    """One sentence names the argument, what it should be and what came."""
    with pytest.raises(error, match=message):
        pair("size", value, 1)


def test_the_smallest_and_the_largest_size():
    assert pair("size", (1, 2**31 - 1), 1) == (1, 2**31 - 1)


@pytest.mark.parametrize("name", ["n", "kernel_size", "stride", "padding", "dilation"])
@pytest.mark.parametrize(
    "value, error", [("3", TypeError), (1.5, TypeError), (-1, ValueError), ((1, 2, 3), ValueError)]
)
def test_output_size_names_the_wrong_argument(name, value, error):
    arguments = {"n": 5, "kernel_size": 3, "stride": 1, "padding": 0, "dilation": 1, name: value}
    n, kernel_size = arguments.pop("n"), arguments.pop("kernel_size")
    with pytest.raises(error, match=f"^{name} must be"):
        output_size(n, kernel_size, **arguments)


def test_output_size_of_a_window_that_does_not_fit():
    message = re.escape("spans 5 pixels (kernel size 3, dilation 2), got an input of 2 + 2*1 pixels")
    with pytest.raises(ValueError, match=message):
        output_size(2, 3, padding=1, dilation=2)


def test_ceil_mode_is_a_truth_value():
    with pytest.raises(TypeError, match="ceil_mode must be True or False, got 'yes'"):
        output_size(5, 2, ceil_mode="yes")


WRONG_ARRAYS = {
    "list": ([[1, 2]], TypeError, "a must be a NumPy array, got list"),
    "tuple": (((1, 2),), TypeError, "a must be a NumPy array, got tuple"),
    "number": (3.0, TypeError, "a must be a NumPy array, got float"),
    "None": (None, TypeError, "a must be a NumPy array, got NoneType"),
    "string": ("abc", TypeError, "a must be a NumPy array, got str"),
    "matrix": (sympy.eye(2), TypeError, "a must be a NumPy array, got MutableDenseMatrix"),
    "masked": (np.ma.zeros((2, 2)), TypeError, "a must be a NumPy array, got MaskedArray"),
    "strings": (np.array([["a", "b"]]), TypeError, "a must hold numbers, got an array of dtype <U1"),
    "bytes": (np.array([[b"a"]]), TypeError, r"a must hold numbers, got an array of dtype \|S1"),
    "objects": (
        np.array([[sympy.Symbol("x"), None]]),
        TypeError,
        "^a must hold numbers, got an array of objects that are none$",
    ),
    "dates": (
        np.zeros((2, 2), "M8[s]"),
        TypeError,
        r"a must hold numbers, got an array of dtype datetime64\[s\]",
    ),
    "records": (np.zeros((2, 2), [("p", "f4")]), TypeError, "a must hold numbers, got an array of dtype"),
    "one axis": (np.zeros(3), ValueError, r"a must have 2 axes \(H, W\), got shape \(3,\)"),
    "three axes": (np.zeros((1, 2, 3)), ValueError, r"a must have 2 axes \(H, W\), got shape \(1, 2, 3\)"),
    "no axis": (np.array(1.0), ValueError, r"a must have 2 axes \(H, W\), got shape \(\)"),
}


@pytest.mark.parametrize("value, error, message", WRONG_ARRAYS.values(), ids=WRONG_ARRAYS)
def test_wrong_arrays(value, error, message):
    with pytest.raises(error, match=message):
        require_array("a", value, ("H", "W"))


def test_other_kinds_of_arrays_are_welcome():
    class Tagged(np.ndarray):
        """An array with a name, say."""

    tagged = np.ones((2, 2)).view(Tagged)
    assert require_array("a", tagged, ("H", "W")) is tagged


def test_a_wrong_shape_says_why():
    with pytest.raises(ValueError, match=r"b must have shape \(3,\) \(one bias per filter\), got \(4,\)"):
        require_shape("b", np.zeros(4), (3,), "(one bias per filter)")


@pytest.mark.parametrize("call", [rot180, lambda x: upsample(x, 2), lambda x: dilate(x, 2)])
@pytest.mark.parametrize(
    "value, error", [(np.zeros(3), ValueError), ([[1]], TypeError), (np.array([["a"]]), TypeError)]
)
def test_maps_need_two_axes_of_numbers(call, value, error):
    with pytest.raises(error, match=r"must have at least 2 axes|must be a NumPy array|must hold numbers"):
        call(value)


@pytest.mark.parametrize("call, name", [(upsample, "scale"), (dilate, "stride")])
@pytest.mark.parametrize(
    "value, error", [(0, ValueError), (1.5, TypeError), (None, TypeError), ((1, 2, 3), ValueError)]
)
def test_rearrangements_name_the_wrong_size(call, name, value, error):
    with pytest.raises(error, match=f"^{name} must be"):
        call(np.ones((2, 2)), value)


@pytest.mark.parametrize("windows", [[(5, 1), (2, 2), (5, 1), (2, 2), (5, 1)], [(3, 2), (3, 3), (4, 1)], []])
def test_receptive_field_against_lit_pixels(windows):
    """receptive-field: send a gradient back from two neighbouring units and see which pixels light up."""
    fields = receptive_field(windows)
    for level, (r, j) in enumerate(fields, 1):
        starts = []
        for unit in (0, 1):
            lit = np.zeros((1, 1, 1, 8), int)
            lit[..., unit] = 1
            for kernel, stride in reversed(windows[:level]):
                lit = conv_transpose2d(lit, np.ones((1, 1, 1, kernel), int), stride=(1, stride))
            pixels = np.flatnonzero(lit)
            assert pixels[-1] - pixels[0] + 1 == r
            starts.append(pixels[0])
        assert starts[1] - starts[0] == j


@pytest.mark.parametrize("windows", ["53", [3, 2], [(3,)], [(3, 0)], [(0, 1)], [(3, 1.5)], None])
def test_receptive_field_refuses_what_is_no_window(windows):
    with pytest.raises((TypeError, ValueError), match=r"windows .*got"):
        receptive_field(windows)


def test_receptive_field_quotes_what_is_no_sequence():
    with pytest.raises(TypeError, match=r"^windows must be a sequence of pairs .*, got 7$"):
        receptive_field(7)
