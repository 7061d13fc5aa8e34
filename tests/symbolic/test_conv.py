"""Proofs of the convolution kernels: every entry, with generic symbols, for the sizes listed.

The loss is ⟨y, δ⟩ with y summed up by loops from the definition, so no kernel vouches for another.
"""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import sympy
from oracles import conv2d_loops

from cnnlib import Conv2d, columns, conv2d, conv2d_backward, conv_transpose2d, dilate, rot180, upsample
from cnnlib.symbolic.arrays import assert_identical, gradient, inner, symbol_array


def layer(x, w, stride=(1, 1), padding=(0, 0), dilation=(1, 1)):
    """Describe a layer by the shapes of its input and filters and its geometry."""
    return x, w, {"stride": stride, "padding": padding, "dilation": dilation}


# All H in 3..6, kernels of 1..3, strides 1..3, paddings 0 and 1: 72 square layers.
SQUARE = [
    layer((1, 1, H, H), (1, 1, m, m), (s, s), (p, p))
    for H, m, s, p in product(range(3, 7), (1, 2, 3), (1, 2, 3), (0, 1))
]
# Rectangles, unequal pairs, rows and columns that no window reaches, several images, channels and filters.
GENERAL = [
    layer((1, 1, 4, 4), (1, 1, 2, 2)),
    layer((1, 1, 5, 4), (1, 1, 3, 2)),
    layer((2, 1, 4, 3), (1, 1, 2, 2)),
    layer((1, 2, 4, 4), (1, 2, 2, 2)),
    layer((1, 2, 3, 4), (3, 2, 2, 3)),
    layer((2, 2, 4, 5), (2, 2, 3, 2), stride=(2, 1), padding=(1, 0)),
    layer((1, 2, 6, 5), (2, 2, 2, 3), stride=(3, 2), padding=(0, 2)),
    layer((1, 1, 7, 5), (1, 1, 3, 2), dilation=(2, 3)),
    layer((1, 1, 6, 7), (1, 1, 2, 3), stride=(2, 3), padding=(1, 2), dilation=(3, 2)),
    layer((2, 2, 5, 6), (2, 2, 2, 2), stride=(2, 2), padding=(1, 1), dilation=(2, 1)),
    layer((1, 1, 3, 5), (1, 1, 3, 5)),
    layer((1, 1, 2, 3), (1, 1, 4, 3), padding=(2, 3)),
]


def name(value):
    """Write a layer as image·kernel and what is not plain about it."""
    (x, w, geometry), short = value, {"stride": "s", "padding": "p", "dilation": "d"}
    plain = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)}
    extras = [f"{short[key]}{v}{h}" for key, (v, h) in geometry.items() if (v, h) != plain[key]]
    return "-".join(["x".join(map(str, x)), "x".join(map(str, w)), *extras])


def each(layers):
    """Make one test case per layer."""
    return pytest.mark.parametrize("case", layers, ids=name)


def symbols(case):
    """Fill a layer with symbols; E is the general loss that is linear in y."""
    x_shape, w_shape, geometry = case
    x, w = symbol_array("x", x_shape), symbol_array("w", w_shape)
    b = symbol_array("b", w_shape[:1])
    sums = conv2d_loops(x, w, **geometry)
    y = sums + b.reshape(1, -1, 1, 1)
    delta = symbol_array("δ", y.shape)
    return SimpleNamespace(
        x=x, w=w, b=b, y=y, delta=delta, form=inner(sums, delta), E=inner(y, delta), geometry=geometry
    )


def stretched(s):
    """Return δ with zeros between its entries, and at the far edges for pixels that no window reaches."""
    spread = dilate(s.delta, s.geometry["stride"])
    axes = zip(s.x.shape[2:], s.w.shape[2:], s.geometry["padding"], s.geometry["dilation"], strict=True)
    missing = [n + 2 * p - d * (m - 1) - o for (n, m, p, d), o in zip(axes, spread.shape[2:], strict=True)]
    return np.pad(spread, ((0, 0), (0, 0), (0, missing[0]), (0, missing[1])))


def swapped(a):
    """Exchange the first two axes."""
    return a.transpose(1, 0, 2, 3)


def full(delta, w):
    """Meet every overlap of delta with the filters, from the first corner to the last; sum over filters."""
    return conv2d(delta, swapped(w), padding=(w.shape[2] - 1, w.shape[3] - 1))


def cropped(image, padding):
    """Take the padding off again."""
    (p, q), (H, W) = padding, image.shape[2:]
    return image[:, :, p : H - p, q : W - q]


WAYS = ("whole", "row by row", "as a layer")
each_way = pytest.mark.parametrize(
    "case, way",
    [(case, "whole") for case in SQUARE] + [(case, way) for case in GENERAL for way in WAYS],
    ids=lambda value: value if isinstance(value, str) else name(value),
)


@pytest.fixture
def run(way, monkeypatch):
    """Return a function that runs a layer forward and backward in one of the ways in which it ships.

    The pair works in one piece, or in single output rows as for large images; the layer that trains networks
    keeps its columns from the forward pass.
    """
    if way == "row by row":
        monkeypatch.setattr(columns, "WHOLE", 0)
        monkeypatch.setattr(columns, "BLOCK", 1)

    def as_pair(s):
        return conv2d(s.x, s.w, s.b, **s.geometry), *conv2d_backward(s.delta, s.x, s.w, **s.geometry)

    def as_layer(s):
        O, C, *kernel = s.w.shape
        trained = Conv2d(C, O, kernel, rng=np.random.default_rng(0), **s.geometry)
        trained.w, trained.b = s.w, s.b
        return trained(s.x), trained.backward(s.delta), *trained.grads()

    return as_layer if way == "as a layer" else as_pair


@each_way
def test_forward(case, run):
    """conv-fwd: y is the sum that defines it."""
    s = symbols(case)
    y, _, _, _ = run(s)
    assert_identical(y, s.y)


@each_way
def test_input_gradient(case, run):
    """conv-dx: dx is the derivative of E by every pixel."""
    s = symbols(case)
    _, dx, _, _ = run(s)
    assert_identical(dx, gradient(s.E, s.x))


@each_way
def test_weight_gradient(case, run):
    """conv-dw: dw is the derivative of E by every weight."""
    s = symbols(case)
    _, _, dw, _ = run(s)
    assert_identical(dw, gradient(s.E, s.w))


@each_way
def test_bias_gradient(case, run):
    """conv-db: db is the derivative of E by every bias."""
    s = symbols(case)
    _, _, _, db = run(s)
    assert_identical(db, gradient(s.E, s.b))


@each(SQUARE + GENERAL)
def test_trilinear(case):
    """conv-trilinear: one form ⟨y, δ⟩, linear in x, in w and in δ; each of its slopes is a kernel."""
    s = symbols(case)
    y = conv2d(s.x, s.w, **s.geometry)
    dx, dw, _ = conv2d_backward(s.delta, s.x, s.w, **s.geometry)
    assert_identical(y, gradient(s.form, s.delta))
    for slope, argument in ((dx, s.x), (dw, s.w), (y, s.delta)):
        assert_identical(inner(slope, argument), s.form)


@each(SQUARE + GENERAL)
def test_transpose(case):
    """conv-transpose: ⟨A x, δ⟩ = ⟨x, Aᵀ δ⟩, and Aᵀ δ has the shape of x."""
    s = symbols(case)
    reached = conv_transpose2d(s.delta, s.w, **s.geometry).shape[2:]
    unused = tuple(n - r for n, r in zip(s.x.shape[2:], reached, strict=True))
    back = conv_transpose2d(s.delta, s.w, output_padding=unused, **s.geometry)
    assert_identical(inner(s.x, back), s.form)


@each([case for case in SQUARE + GENERAL if case[2]["stride"] == case[2]["dilation"] == (1, 1)])
def test_full_convolution(case):
    """conv-full, conv-dx: dx is the full convolution of δ with w, less the padding; convolution turns w."""
    s = symbols(case)
    dx, _, _ = conv2d_backward(s.delta, s.x, s.w, **s.geometry)
    assert_identical(dx, cropped(full(s.delta, rot180(s.w)), s.geometry["padding"]))


@each(SQUARE + GENERAL)
def test_strided_input_gradient(case):
    """conv-dx-strided: the same for any geometry, with zeros put between the entries of δ and of w."""
    s = symbols(case)
    dx, _, _ = conv2d_backward(s.delta, s.x, s.w, **s.geometry)
    kernel = rot180(dilate(s.w, s.geometry["dilation"]))
    assert_identical(dx, cropped(full(stretched(s), kernel), s.geometry["padding"]))


@each(SQUARE + GENERAL)
def test_strided_weight_gradient(case):
    """conv-dw-strided: dw correlates the image with the stretched δ; dilation keeps every d-th entry."""
    s = symbols(case)
    _, dw, _ = conv2d_backward(s.delta, s.x, s.w, **s.geometry)
    met = conv2d(swapped(s.x), swapped(stretched(s)), padding=s.geometry["padding"])
    d, e = s.geometry["dilation"]
    assert_identical(dw, swapped(met[:, :, ::d, ::e]))


@each([case for case in GENERAL if case[2]["stride"] == case[2]["dilation"] == (1, 1)])
def test_true_convolution(case):
    """conv-dx-conv, conv-dw-conv: if forward turns its kernel k, dx uses k as it is and dk is turned."""
    s = symbols(case)
    E = inner(conv2d_loops(s.x, s.w[:, :, ::-1, ::-1], **s.geometry), s.delta)
    dx, dw, _ = conv2d_backward(s.delta, s.x, rot180(s.w), **s.geometry)
    assert_identical(dx, gradient(E, s.x))
    assert_identical(rot180(dw), gradient(E, s.w))
    assert_identical(dx, cropped(full(s.delta, s.w), s.geometry["padding"]))
    met = conv2d(swapped(s.x), swapped(s.delta), padding=s.geometry["padding"])
    assert_identical(gradient(E, s.w), rot180(swapped(met)))


def test_chain_through_activation_and_pooling():
    """conv-dw, upsample: E = Σ t ψ(Σ block φ(x ⋆ k + b)) with undefined φ, ψ, differentiated whole."""
    phi, psi, z = sympy.Function("phi"), sympy.Function("psi"), sympy.Symbol("z")
    apply = np.vectorize(lambda f, value: f(value), otypes=[object])
    slope = np.vectorize(lambda f, value: f(z).diff(z).subs(z, value), otypes=[object])
    x, k, b = symbol_array("x", (1, 1, 5, 5)), symbol_array("k", (1, 1, 2, 2)), symbol_array("b", (1,))
    net = conv2d(x, k, b)
    pooled = apply(phi, net).reshape(1, 1, 2, 2, 2, 2).sum(axis=(3, 5))
    t = symbol_array("t", pooled.shape)
    E = inner(apply(psi, pooled), t)
    delta = slope(phi, net) * upsample(t * slope(psi, pooled), 2)
    dx, dk, db = conv2d_backward(delta, x, k)
    for ours, argument in ((dx, x), (dk, k), (db, b)):
        assert_identical(ours, gradient(E, argument))
