"""Every way to compute a convolution against the loops of the definition and against SciPy."""

from fractions import Fraction

import numpy as np
import pytest
from conv_cases import CASES, EXACT, draw, each_case
from oracles import conv2d_backward_loops, conv2d_loops, conv_matrix_loops
from scipy import signal

from cnnlib import winograd
from cnnlib.fast import (
    col2im,
    conv2d_fft,
    conv2d_fft_backward,
    conv2d_im2col,
    conv2d_im2col_backward,
    conv2d_separable,
    conv2d_shifted,
    conv2d_shifted_backward,
    im2col,
)
from cnnlib.winograd import conv2d_winograd, conv2d_winograd_backward, winograd_f23

ANY = [(conv2d_shifted, conv2d_shifted_backward), (conv2d_im2col, conv2d_im2col_backward)]
UNIT = {name: case for name, case in CASES.items() if case[2]["stride"] == case[2]["dilation"] == 1}
TILED = {
    "one tile": ((1, 1, 4, 4), (1, 1, 3, 3), 0),
    "less than a tile": ((2, 3, 3, 3), (4, 3, 3, 3), 0),
    "odd sides": ((3, 2, 7, 6), (4, 2, 3, 3), 0),
    "same padding": ((2, 3, 5, 8), (4, 3, 3, 3), 1),
    "wide and unequal": ((2, 2, 1, 6), (3, 2, 3, 3), (2, 1)),
    "no images": ((0, 2, 5, 5), (3, 2, 3, 3), 1),
}


@pytest.fixture
def rng():
    return np.random.default_rng(14)


@pytest.mark.parametrize("forward, backward", ANY, ids=["shifted", "im2col"])
@each_case
def test_any_geometry_against_loops(forward, backward, case, rng):
    """shifted-sum, conv-gemm, conv-gemm-backward: integers, so nothing may differ at all."""
    x_shape, w_shape, geometry = case
    x, w = rng.integers(-9, 10, x_shape), rng.integers(-9, 10, w_shape)
    y = conv2d_loops(x, w, **geometry)
    dy = rng.integers(-9, 10, y.shape)
    assert (forward(x, w, **geometry) == y).all()
    loops = conv2d_backward_loops(dy, x, w, **geometry)
    for found, expected in zip(backward(dy, x, w, **geometry), loops, strict=True):
        assert found.shape == expected.shape and (found == expected).all()


@each_case
def test_columns_are_a_matrix_of_zeros_and_ones(case, rng):
    """im2col, im2col-adjoint, col2im-uses: im2col as an explicit matrix, col2im as its transpose."""
    x_shape, (_, C, Kh, Kw), geometry = case
    picks = np.eye(C * Kh * Kw, dtype=int).reshape(-1, C, Kh, Kw)  # one filter per row of the columns
    matrix = conv_matrix_loops(picks, x_shape[1:], **geometry)
    x = rng.integers(-9, 10, x_shape)
    found = im2col(x, (Kh, Kw), **geometry)
    assert (found.reshape(len(x), -1) == x.reshape(len(x), -1) @ matrix.T).all()
    c = rng.integers(-9, 10, found.shape)
    back = col2im(c, x_shape[2:], (Kh, Kw), **geometry)
    assert back.shape == x.shape and (back.reshape(len(x), -1) == c.reshape(len(x), -1) @ matrix).all()


@pytest.mark.parametrize("case", UNIT.values(), ids=UNIT)
def test_fourier_against_loops(case, rng):
    """fft-corr, fft-grad: float64 spectra of a few hundred numbers around 1, so to 1e-12."""
    x, w, _, dy, geometry = draw(case, rng)
    found = conv2d_fft(x, w, padding=geometry["padding"])
    np.testing.assert_allclose(found, conv2d_loops(x, w, **geometry), **EXACT)
    loops = conv2d_backward_loops(dy, x, w, **geometry)
    for gradient, expected in zip(
        conv2d_fft_backward(dy, x, w, padding=geometry["padding"]), loops, strict=True
    ):
        assert gradient.shape == expected.shape
        np.testing.assert_allclose(gradient, expected, **EXACT)


@pytest.mark.parametrize("image, kernel", [((6, 5), (3, 2)), ((7, 7), (7, 7)), ((4, 9), (1, 5))])
def test_fourier_against_scipy(image, kernel, rng):
    """fft-corr: SciPy pads to the full length and cuts out the middle; we cut off what wrapped around."""
    x, w = rng.standard_normal(image), rng.standard_normal(kernel)
    expected = signal.fftconvolve(x, w[::-1, ::-1], "valid")
    np.testing.assert_allclose(conv2d_fft(x[None, None], w[None, None])[0, 0], expected, **EXACT)


@pytest.mark.parametrize("bands", ["whole", "one row of tiles"])
@pytest.mark.parametrize("x_shape, w_shape, padding", TILED.values(), ids=TILED)
def test_winograd_against_loops(x_shape, w_shape, padding, bands, rng, monkeypatch):
    """winograd-f2233, winograd-grad: exact on integers, in one piece and in bands."""
    if bands != "whole":
        plan = winograd._bands
        monkeypatch.setattr(winograd, "_bands", lambda *sizes: plan(*sizes, budget=1))
    x, w = rng.integers(-9, 10, x_shape), rng.integers(-9, 10, w_shape)
    pair = padding if isinstance(padding, tuple) else (padding, padding)
    y = conv2d_loops(x, w, padding=pair)
    assert (conv2d_winograd(x, w, padding=padding) == y).all() and y.dtype == x.dtype
    dy = rng.integers(-9, 10, y.shape)
    loops = conv2d_backward_loops(dy, x, w, padding=pair)
    for found, expected in zip(conv2d_winograd_backward(dy, x, w, padding=padding), loops, strict=True):
        assert found.shape == expected.shape and (found == expected).all()


@pytest.mark.parametrize(
    "budget, starts", [(22400 * 10, [0]), (22400 * 5, [0, 5]), (22400 * 5 - 1, [0, 4, 8]), (1, range(10))]
)
def test_winograd_takes_as_many_rows_of_tiles_as_the_budget_allows(budget, starts):
    """A row holds 16 numbers of 4 bytes per 2 pixels of 14, for 3 + 7 channels and 5 images: 22400 bytes."""
    bands = winograd._bands(10, np.zeros((3, 22, 14, 5), np.float32), 7, budget)
    assert bands == [slice(*ends) for ends in zip(starts, [*starts[1:], 10], strict=True)]


def test_winograd_f23_against_numpy(rng):
    """winograd-f23: NumPy's correlation of four pixels with three taps, for whole numbers and fractions."""
    for _ in range(20):
        d, g = rng.integers(-99, 100, 4), rng.integers(-99, 100, 3)
        assert (winograd_f23(d, g) == np.correlate(d, g, "valid")).all()
    halves = np.array([Fraction(k, 2) for k in range(7)])
    assert (winograd_f23(halves[:4], halves[4:]) == np.correlate(halves[:4], halves[4:], "valid")).all()


@pytest.mark.parametrize(
    "image, kernel, padding", [((5, 6), (3, 2), 0), ((4, 4), (1, 3), 1), ((6, 3), (5, 3), 2)]
)
def test_separable_against_scipy(image, kernel, padding, rng):
    """separable: SciPy with the outer product as one kernel."""
    x, column, row = (rng.integers(-9, 10, size) for size in ((2, 3, *image), kernel[0], kernel[1]))
    found = conv2d_separable(x, column, row, padding=padding)
    for at in np.ndindex(2, 3):
        expected = signal.correlate2d(np.pad(x[at], padding), np.outer(column, row), "valid")
        assert (found[at] == expected).all()


def test_separable_adds_no_border_unless_told():
    x, column, row = np.ones((2, 3, 5, 6), np.int8), np.ones(2, np.int8), np.ones(3, np.int8)
    found = conv2d_separable(x, column, row)
    assert found.shape == (2, 3, 4, 4) and (found == 6).all()


@pytest.mark.parametrize("wide", ["column", "row"])
def test_separable_promotes_all_three_at_once(wide):
    """Small integers and float32 make float32, whichever of the factors comes second."""
    arrays = dict(x=np.ones((1, 1, 3, 3), np.int8), column=np.ones(2, np.int8), row=np.ones(2, np.int8))
    arrays[wide] = arrays[wide].astype(np.float32)
    assert conv2d_separable(**arrays).dtype == np.float32


@pytest.mark.parametrize("forward, backward", ANY, ids=["shifted", "im2col"])
def test_whole_numbers_that_no_float_holds_stay_exact(forward, backward):
    x, one = np.full((1, 1, 1, 1), 2**53 + 1, np.uint64), np.ones((1, 1, 1, 1), np.uint64)
    dx, dw, _ = backward(one, x, one)
    assert forward(x, one).item() == dw.item() == x.item() and dx.item() == 1
    assert backward(one, one, x)[0].item() == x.item()


@pytest.mark.parametrize(
    "forward, backward",
    [*ANY, (conv2d_fft, conv2d_fft_backward), (conv2d_winograd, conv2d_winograd_backward)],
)
def test_float32_stays_float32(forward, backward, rng):
    x, w = rng.standard_normal((2, 3, 6, 6), np.float32), rng.standard_normal((4, 3, 3, 3), np.float32)
    y = forward(x, w, padding=1)
    gradients = backward(np.ones_like(y), x, w, padding=1)
    assert {array.dtype for array in (y, *gradients)} == {np.dtype(np.float32)}


def test_fourier_turns_whole_numbers_into_floats():
    x, w = np.ones((2, 3, 6, 6), int), np.ones((4, 3, 3, 3), int)
    y = conv2d_fft(x, w)
    gradients = conv2d_fft_backward(np.ones(y.shape, int), x, w)
    assert {array.dtype for array in (y, *gradients)} == {np.dtype(float)}


@pytest.mark.parametrize("forward, backward", [*ANY, (conv2d_fft, conv2d_fft_backward)])
def test_an_empty_batch_gives_empty_maps(forward, backward):
    x, w = np.ones((0, 3, 6, 6)), np.ones((4, 3, 3, 3))
    y = forward(x, w)
    dx, dw, db = backward(y, x, w)
    assert y.shape == (0, 4, 4, 4) and dx.shape == x.shape and not dw.any() and not db.any()


def test_small_integers_are_widened_first():
    x, w = np.full((1, 1, 4, 4), 100, np.int8), np.full((1, 1, 3, 3), 100, np.int8)
    for forward in (conv2d_shifted, conv2d_im2col, conv2d_winograd):
        assert (forward(x, w) == 90000).all(), forward.__name__


X, W = np.ones((2, 3, 6, 5)), np.ones((4, 3, 3, 3))
REFUSED = [
    (
        lambda: conv2d_winograd(X, W[..., :2]),
        ValueError,
        r"w must hold 3×3 filters .* got shape \(4, 3, 3, 2\)",
    ),
    (lambda: conv2d_winograd(X, [[1]]), TypeError, "^w must be a NumPy array, got list"),
    (lambda: conv2d_winograd(X, W[0]), ValueError, r"^w must have 4 axes \(O, C, Kh, Kw\)"),
    (lambda: conv2d_winograd(X, W[:, :2]), ValueError, "x has C = 3 channels but w expects 2"),
    (lambda: conv2d_winograd(X[..., :2], W), ValueError, "the kernel must fit into the padded input"),
    (
        lambda: conv2d_winograd_backward(X, X, W),
        ValueError,
        r"dy must have shape \(2, 4, 4, 3\) like the output",
    ),
    (lambda: conv2d_fft(X * 1j, W), TypeError, "x must hold real numbers .* got complex128"),
    (lambda: conv2d_fft(X, W.astype(object)), TypeError, "w must hold real numbers .* got object"),
    (lambda: conv2d_fft_backward(X, X, W), ValueError, r"dy must have shape \(2, 4, 4, 3\) like the output"),
    (lambda: conv2d_im2col(X, W[0]), ValueError, r"w must have 4 axes \(O, C, Kh, Kw\)"),
    (
        lambda: conv2d_im2col_backward(X, X, W),
        ValueError,
        r"dy must have shape \(2, 4, 4, 3\) like the output",
    ),
    (lambda: conv2d_shifted(X, W, padding=-1), ValueError, "padding must be at least 0, got -1"),
    (
        lambda: conv2d_shifted_backward(X, X, W),
        ValueError,
        r"dy must have shape \(2, 4, 4, 3\) like the output",
    ),
    (lambda: im2col(X[0], 2), ValueError, r"x must have 4 axes \(N, C, H, W\), got shape \(3, 6, 5\)"),
    (lambda: im2col(X, 7), ValueError, "the kernel must fit into the padded input"),
    (lambda: im2col(X, 2.0), TypeError, "kernel_size must be an int or a pair of ints"),
    (lambda: col2im(np.ones((2, 12, 21)), (6, 5), 2), ValueError, r"columns must have shape \(2, 12, 20\)"),
    (lambda: col2im(np.ones((2, 13, 20)), (6, 5), 2), ValueError, r"columns must have shape \(2, 12, 20\)"),
    (lambda: col2im(np.ones((2, 3, 20)), (6, 5), 2), ValueError, r"columns must have shape \(2, 4, 20\)"),
    (
        lambda: col2im(np.ones((2, 12, 20)), 6, 2),
        ValueError,
        r"image_shape must be a pair of ints \(H, W\), got 6",
    ),
    (
        lambda: col2im(np.ones((2, 12, 20)), (6, 5, 1), 2),
        ValueError,
        r"image_shape must be a pair of ints \(H, W\), got \(6, 5, 1\)",
    ),
    (lambda: col2im(np.ones((2, 12, 20)), [0, 5], 2), ValueError, "^image_shape must be at least 1, got 0$"),
    (lambda: col2im([[1]], (6, 5), 2), TypeError, "^columns must be a NumPy array, got list"),
    (
        lambda: col2im(np.ones((12, 20)), (6, 5), 2),
        ValueError,
        r"^columns must have 3 axes \(N, C\*Kh\*Kw, H'\*W'\), got shape \(12, 20\)$",
    ),
    (
        lambda: col2im(np.ones((2, 12, 21)), (6, 5), 2),
        ValueError,
        r"^columns .* \(one row per tap, one column per window\), got \(2, 12, 21\)$",
    ),
    (lambda: conv2d_separable(X, W[0, 0], W[0, 0, 0]), ValueError, r"^column must have 1 axes \(K\)"),
    (lambda: conv2d_separable(X, W[0, 0, 0], W[0, 0]), ValueError, r"^row must have 1 axes \(K\)"),
    (
        lambda: conv2d_separable(X[0], np.ones(2), np.ones(2)),
        ValueError,
        r"^x must have 4 axes \(N, C, H, W\), got shape \(3, 6, 5\)$",
    ),
    (
        lambda: winograd_f23(np.ones(5), np.ones(3)),
        ValueError,
        r"d must have shape \(4,\) \(four pixels\), got \(5,\)",
    ),
    (
        lambda: winograd_f23(np.ones(4), np.ones(4)),
        ValueError,
        r"g must have shape \(3,\) \(three taps\), got \(4,\)",
    ),
]


@pytest.mark.parametrize("call, error, sentence", REFUSED)
def test_bad_input_is_refused_in_a_sentence(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()
