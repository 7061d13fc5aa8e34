"""What the convolution kernels do with kinds of numbers, with memory, and for layers that keep columns."""

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from conv_cases import CASES, EXACT, PLAIN, draw, each_case
from oracles import conv2d_backward_loops, conv2d_loops

from cnnlib import columns, conv2d, conv2d_backward, conv_transpose2d
from cnnlib.conv import conv_backward, conv_forward, conv_geometry


@pytest.fixture
def rng():
    return np.random.default_rng(7)


# --- kinds of numbers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype, tolerance",
    [("f2", 2e-2), ("f4", 1e-5), ("f8", 1e-13), ("g", 1e-13), ("c8", 1e-5), ("c16", 1e-13)],
)
def test_float_and_complex_dtypes_are_kept(dtype, tolerance, rng):
    """All conv-* kernels work in the precision that came in; tolerances are a few hundred roundings."""
    x, w, b, dy, geometry = draw(CASES["all unequal"], rng, dtype)
    wide = [array.astype("c16" if dtype.startswith("c") else "f8") for array in (x, w, b, dy)]
    ours = (conv2d(x, w, b, **geometry), *conv2d_backward(dy, x, w, **geometry))
    expected = (conv2d(*wide[:3], **geometry), *conv2d_backward(wide[3], *wide[:2], **geometry))
    for got, want in zip(ours, expected, strict=True):
        assert got.dtype == np.dtype(dtype)
        np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * np.abs(want).max())


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i2", "u4", "i4", "i8"])
def test_small_integers_and_booleans_do_not_wrap_around(dtype):
    x = np.ones((1, 1, 20, 20), dtype) if dtype == "?" else np.full((1, 1, 20, 20), 100, dtype)
    w = np.ones((1, 1, 20, 20), dtype)
    y = conv2d(x, w)
    assert y.dtype == np.int64 and y.item() == (400 if dtype == "?" else 40000)
    dx, dw, db = conv2d_backward(np.ones((1, 1, 1, 1), dtype), x, w)
    assert {dx.dtype, dw.dtype, db.dtype} == {np.dtype(np.int64)}


def test_mixed_dtypes_are_promoted_as_numpy_does(rng):
    x, w, b, dy, _ = draw(CASES["plain"], rng, "f4")
    assert conv2d(x, w.astype("f8"), b).dtype == np.float64
    assert conv2d(x, w, b.astype("f8")).dtype == np.float64
    assert conv2d(x > 0, w).dtype == np.float32
    assert conv2d(x, (w > 0).astype(int)).dtype == np.float64
    assert conv2d(x.astype("f8"), w, b).dtype == np.float64
    assert conv_transpose2d(dy, w).dtype == np.float32
    for at in range(3):
        wide = [array.astype("f8") if i == at else array for i, array in enumerate((dy, x, w))]
        assert {gradient.dtype for gradient in conv2d_backward(*wide)} == {np.dtype("f8")}


def test_fractions_stay_exact():
    x = np.array([Fraction(k, 7) for k in range(16)], dtype=object).reshape(1, 1, 4, 4)
    w = np.array([Fraction(1, 2), Fraction(-1, 3), 1, 0], dtype=object).reshape(1, 1, 2, 2)
    y = conv2d(x, w, stride=2, padding=1)
    np.testing.assert_array_equal(y, conv2d_loops(x, w, stride=2, padding=1))
    ours, loops = (
        conv2d_backward(y, x, w, stride=2, padding=1),
        conv2d_backward_loops(y, x, w, stride=2, padding=1),
    )
    for gradient, expected in zip(ours, loops, strict=True):
        np.testing.assert_array_equal(gradient, expected)


# --- memory --------------------------------------------------------------------------------------


@each_case
def test_inputs_may_lie_anywhere_and_stay_untouched(case, rng):
    """Read-only, reversed, transposed and batch-last inputs give the same numbers and are not written to."""
    arrays = draw(case, rng)[:4]
    *_, geometry = case
    expected = conv2d(*arrays[:3], **geometry), *conv2d_backward(arrays[3], *arrays[:2], **geometry)

    def batch_last(a):
        return a if a.ndim == 1 else np.ascontiguousarray(a.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2)

    layouts = {
        "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
        "reversed": lambda a: a[::-1].copy()[::-1],
        "fortran": np.asfortranarray,
        "batch last": batch_last,
    }
    for name, lay_out in layouts.items():
        x, w, b, dy = (lay_out(a) for a in arrays)
        for a in (x, w, b, dy):
            a.flags.writeable = False
        ours = conv2d(x, w, b, **geometry), *conv2d_backward(dy, x, w, **geometry)
        for (
            got,
            want,
        ) in zip(ours, expected, strict=True):
            np.testing.assert_allclose(got, want, err_msg=name, **EXACT)
        for a, original in zip((x, w, b, dy), arrays, strict=True):
            np.testing.assert_array_equal(a, original)


def test_results_share_no_memory_with_the_inputs(rng):
    x, w, b, dy, _ = draw(((2, 2, 3, 4), (2, 2, 1, 1), PLAIN), rng)
    for result in (conv2d(x, w, b), *conv2d_backward(dy, x, w), conv_transpose2d(x, w)):
        assert not any(np.shares_memory(result, argument) for argument in (x, w, b, dy))
        result[...] = 0  # and they are writable


def test_images_lie_batch_last_in_memory(rng):
    x, w, b, dy, _ = draw(CASES["plain"], rng)
    assert conv2d(x, w, b).transpose(1, 2, 3, 0).flags.c_contiguous
    assert conv2d_backward(dy, x, w)[0].transpose(1, 2, 3, 0).flags.c_contiguous


@pytest.mark.parametrize("dtype", [float, "f4", int, object])
def test_an_empty_batch_has_empty_images_and_zero_gradients(dtype):
    x, w, b = np.zeros((0, 2, 5, 4), dtype), np.ones((3, 2, 2, 3), dtype), np.ones(3, dtype)
    y = conv2d(x, w, b, stride=2, padding=1)
    assert y.shape == (0, 3, 3, 2) and y.dtype == np.dtype(dtype)
    dx, dw, db = conv2d_backward(y, x, w, stride=2, padding=1)
    assert dx.shape == x.shape and dw.shape == w.shape and not dw.any() and db.tolist() == [0, 0, 0]
    assert conv_transpose2d(y, w, stride=2).shape == (0, 2, 6, 5)


def test_a_large_image_takes_few_times_its_own_memory():
    """Blocks of rows bound the columns, which would be 18 copies of the input for 3×3 and both ways."""
    x, w = np.ones((1, 8, 384, 384), "f4"), np.ones((8, 8, 3, 3), "f4")
    tracemalloc.start()
    y = conv2d(x, w, padding=1)
    conv2d_backward(y, x, w, padding=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * x.nbytes


# --- what layers use -----------------------------------------------------------------------------


@each_case
def test_kept_columns_change_nothing(case, rng):
    x, w, b, dy, geometry = draw(case, rng)
    layer = conv_geometry(x, w, **geometry)
    _, kept = conv_forward(x, w, b, layer)
    assert kept is not None
    fresh, reused = conv_backward(dy, x, w, layer), conv_backward(dy, x, w, layer, columns=kept)
    for got, want in zip(reused, fresh, strict=True):
        np.testing.assert_array_equal(got, want)


def test_kept_columns_are_not_made_again(rng):
    x, w, b, dy, geometry = draw(CASES["all unequal"], rng)
    layer = conv_geometry(x, w, **geometry)
    _, kept = conv_forward(x, w, b, layer)
    doubled, plain = (conv_backward(dy, x, w, layer, columns=c)[1] for c in (2 * kept, kept))
    np.testing.assert_array_equal(doubled, 2 * plain)


def test_dx_can_be_left_out(rng):
    x, w, _, dy, geometry = draw(CASES["all unequal"], rng)
    layer = conv_geometry(x, w, **geometry)
    dx, dw, _ = conv_backward(dy, x, w, layer, with_dx=False)
    assert dx is None
    np.testing.assert_array_equal(dw, conv_backward(dy, x, w, layer)[1])


def test_columns_too_large_to_keep_are_not_kept(monkeypatch, rng):
    monkeypatch.setattr(columns, "WHOLE", 0)
    monkeypatch.setattr(columns, "BLOCK", 1)
    x, w, b, _, _ = draw(CASES["plain"], rng)
    assert conv_forward(x, w, b, conv_geometry(x, w, 1, 0, 1))[1] is None
