"""Proofs of other ways to compute a convolution: every entry, with generic symbols, for the sizes listed."""

from itertools import product

import numpy as np
import pytest
import sympy
from oracles import conv2d_loops, conv_terms

from cnnlib import columns, conv2d
from cnnlib.conv import conv_geometry
from cnnlib.fast import (
    col2im,
    conv2d_im2col,
    conv2d_im2col_backward,
    conv2d_separable,
    conv2d_shifted,
    conv2d_shifted_backward,
    im2col,
)
from cnnlib.symbolic.arrays import assert_identical, gradient, inner, symbol_array
from cnnlib.winograd import AT, BT, TWICE_G, conv2d_winograd, conv2d_winograd_backward, winograd_f23

LAYERS = [
    ((1, 1, 3, 3), (1, 1, 2, 2), {}),
    ((2, 2, 4, 3), (2, 2, 2, 2), {}),
    ((1, 2, 4, 5), (2, 2, 3, 2), {"stride": (2, 1), "padding": (1, 0)}),
    ((1, 1, 6, 5), (1, 1, 2, 3), {"stride": 2, "padding": (0, 2)}),
    ((1, 1, 7, 6), (2, 1, 2, 3), {"stride": (3, 2), "padding": 1, "dilation": (3, 2)}),
    ((2, 1, 2, 3), (1, 1, 1, 1), {"padding": 1}),
]
each_layer = pytest.mark.parametrize("x_shape, w_shape, geometry", LAYERS)
TILES = [((1, 1, 4, 4), 0), ((1, 1, 3, 3), 0), ((1, 2, 5, 4), 0), ((2, 1, 3, 4), 1), ((1, 1, 2, 5), (1, 0))]
each_tile = pytest.mark.parametrize("x_shape, padding", TILES)


def pairs(geometry):
    plain = {"stride": 1, "padding": 0, "dilation": 1, **geometry}
    return {name: v if isinstance(v, tuple) else (v, v) for name, v in plain.items()}


@each_layer
def test_im2col(x_shape, w_shape, geometry):
    """im2col: row (c, u, v), column (i, j) holds the pixel that output (i, j) reads through tap (u, v)."""
    x = symbol_array("x", x_shape)
    found = im2col(x, w_shape[2:], **geometry)
    y_shape = conv2d(x, symbol_array("w", w_shape), **geometry).shape
    expected = np.zeros((x_shape[0], *w_shape[1:], *y_shape[2:]), object)
    for (n, _, h, v), (_, c, i, j), pixel in conv_terms(x_shape, (1, *w_shape[1:]), **pairs(geometry)):
        expected[n, c, i, j, h, v] = x[pixel]
    assert_identical(found, expected.reshape(found.shape))


@each_layer
def test_im2col_adjoint(x_shape, w_shape, geometry):
    """im2col-adjoint: ⟨im2col x, c⟩ = ⟨x, col2im c⟩ for arbitrary x and c."""
    x = symbol_array("x", x_shape)
    cols = im2col(x, w_shape[2:], **geometry)
    c = symbol_array("c", cols.shape)
    back = col2im(c, x_shape[2:], w_shape[2:], **geometry)
    assert_identical(inner(cols, c), inner(x, back))
    assert_identical(back, gradient(inner(cols, c), x))


@each_layer
def test_shipped_columns_are_adjoint_too(x_shape, w_shape, geometry):
    """im2col-adjoint: the same of `unfold` and `fold`, which conv2d and conv2d_backward run on."""
    x = symbol_array("x", x_shape)
    options = {"stride": 1, "padding": 0, "dilation": 1, **geometry}
    layer = conv_geometry(x, symbol_array("w", w_shape), *options.values())
    image = columns.batch_last(x, np.dtype(object), layer.padding)
    made = columns.unfold(image, layer, 0, layer.output[0])
    c, back = symbol_array("c", made.shape), np.zeros_like(image)
    columns.fold(back, c, layer, 0, layer.output[0])
    (H, W), (p, q) = layer.image, layer.padding
    kept = back[:, p : p + H, q : q + W].transpose(3, 0, 1, 2)
    assert_identical(inner(made, c), inner(x, kept))


@each_layer
def test_col2im_uses(x_shape, w_shape, geometry):
    """col2im-uses: there and back multiplies each pixel by the number of windows that read it."""
    x = symbol_array("x", x_shape)
    options = (x_shape[2:], w_shape[2:])
    uses = np.zeros(x_shape, int)
    for _, _, pixel in conv_terms(x_shape, (1, *w_shape[1:]), **pairs(geometry)):
        uses[pixel] += 1
    cols = im2col(x, w_shape[2:], **geometry)
    assert_identical(col2im(cols, *options, **geometry), uses * x)
    assert (col2im(np.ones(cols.shape, int), *options, **geometry) == uses).all()


@each_layer
def test_shifted_sum(x_shape, w_shape, geometry):
    """shifted-sum: the definition, and its gradients."""
    check(conv2d_shifted, conv2d_shifted_backward, x_shape, w_shape, geometry)


@each_layer
def test_conv_gemm(x_shape, w_shape, geometry):
    """conv-gemm, conv-gemm-backward: the definition, and its gradients."""
    check(conv2d_im2col, conv2d_im2col_backward, x_shape, w_shape, geometry)


def check(forward, backward, x_shape, w_shape, geometry):
    """Compare a way to convolve with the loops, and its way back with SymPy's derivatives of the loops."""
    x, w = symbol_array("x", x_shape), symbol_array("w", w_shape)
    y = conv2d_loops(x, w, **pairs(geometry))
    assert_identical(forward(x, w, **geometry), y)
    delta = symbol_array("δ", y.shape)
    loss = inner(y, delta)
    dx, dw, db = backward(delta, x, w, **geometry)
    assert_identical(dx, gradient(loss, x))
    assert_identical(dw, gradient(loss, w))
    assert_identical(db, delta.sum(axis=(0, 2, 3)))


@pytest.mark.parametrize(
    "image, kernel, padding", [((4, 4), (3, 3), 0), ((5, 4), (3, 2), (1, 0)), ((3, 5), (1, 4), 1)]
)
def test_separable(image, kernel, padding):
    """separable: the kernel column·rowᵀ, slid in two directions one after the other."""
    x, column, row = (
        symbol_array("x", (1, 2, *image)),
        symbol_array("k", kernel[0]),
        symbol_array("r", kernel[1]),
    )
    maps = x.reshape(2, 1, *image)
    expected = conv2d(maps, np.outer(column, row)[None, None], padding=padding)
    assert_identical(
        conv2d_separable(x, column, row, padding=padding), expected.reshape(1, 2, *expected.shape[2:])
    )


def fourier(map_):
    """Transform a 4×4 map exactly: the fourth roots of unity are 1, −i, −1, i."""
    roots = np.array([[(-sympy.I) ** (j * k) for k in range(4)] for j in range(4)], dtype=object)
    return roots @ map_ @ roots


def circular(x, k):
    """Correlate on a 4×4 grid whose edges are glued together."""
    y = np.zeros((4, 4), object)
    for i, j, u, v in product(range(4), repeat=4):
        y[i, j] += x[(i + u) % 4, (j + v) % 4] * k[u, v]
    return y


def corner(map_):
    padded = np.zeros((4, 4), object)
    padded[: map_.shape[0], : map_.shape[1]] = map_
    return padded


@pytest.mark.parametrize("m, n", [(2, 2), (3, 2), (1, 4)])
def test_fft_corr(m, n):
    """fft-corr: the spectrum of a circular correlation; without the wrapped sums it is the valid one."""
    x, k = symbol_array("x", (4, 4), real=True), symbol_array("k", (m, n), real=True)
    y = circular(x, corner(k))
    conjugate = np.vectorize(sympy.conjugate, otypes=[object])
    assert_identical(fourier(y), fourier(x) * conjugate(fourier(corner(k))))
    assert_identical(y[: 5 - m, : 5 - n], conv2d(x[None, None], k[None, None])[0, 0])


@pytest.mark.parametrize("m, n", [(2, 2), (3, 2), (1, 4)])
def test_fft_grad(m, n):
    """fft-grad: both gradients by products of spectra of the image's own size; nothing wraps around."""
    x, k = symbol_array("x", (4, 4), real=True), symbol_array("k", (m, n), real=True)
    d = symbol_array("δ", (5 - m, 5 - n), real=True)
    loss = inner(conv2d(x[None, None], k[None, None])[0, 0], d)
    conjugate = np.vectorize(sympy.conjugate, otypes=[object])
    assert_identical(fourier(gradient(loss, x)), fourier(corner(d)) * fourier(corner(k)))
    dk = circular(x, corner(d))
    assert_identical(fourier(dk), fourier(x) * conjugate(fourier(corner(d))))
    assert_identical(dk[:m, :n], gradient(loss, k))


def test_winograd_f23():
    """winograd-f23: both outputs of the definition from four products of a sum of taps and one of pixels."""
    d, g = symbol_array("d", 4), symbol_array("g", 3)
    definition = [sum(d[i + u] * g[u] for u in range(3)) for i in range(2)]
    assert_identical(winograd_f23(d, g), definition)
    assert_identical(AT @ ((TWICE_G @ g) * (BT @ d)) / 2, definition)
    assert len(TWICE_G) == len(BT) == AT.shape[1] == 4


def test_winograd_f2233():
    """winograd-f2233: nested in both directions, 16 products give the 36 of four outputs."""
    d, g = symbol_array("d", (4, 4)), symbol_array("g", (3, 3))
    y = AT @ ((TWICE_G @ g @ TWICE_G.T) * (BT @ d @ BT.T)) @ AT.T / 4
    assert_identical(y, conv2d_loops(d[None, None], g[None, None])[0, 0])


@each_tile
def test_winograd_on_images(x_shape, padding):
    """winograd-f2233, winograd-grad: whole layers, tiles over the edge included."""
    w_shape = (2, x_shape[1], 3, 3)
    check(conv2d_winograd, conv2d_winograd_backward, x_shape, w_shape, {"padding": padding})


def test_winograd_grad():
    """winograd-grad: the transposed steps, as matrices on one tile."""
    d, g, delta = symbol_array("d", (4, 4)), symbol_array("g", (3, 3)), symbol_array("δ", (2, 2))
    loss = inner(conv2d_loops(d[None, None], g[None, None])[0, 0], delta)
    shares, tile, taps = AT.T @ delta @ AT, BT @ d @ BT.T, TWICE_G @ g @ TWICE_G.T
    assert_identical(TWICE_G.T @ (shares * tile) @ TWICE_G / 4, gradient(loss, g))
    assert_identical(BT.T @ (taps * shares) @ BT / 4, gradient(loss, d))
