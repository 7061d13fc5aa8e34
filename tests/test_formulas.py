"""The book's formulas themselves, evaluated without the library's algorithm, against the library.

Each side is exact: integers, fractions or symbols, so agreement means equality and needs no tolerance.
"""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy
from scipy.signal import convolve2d, correlate2d

from cnnlib import (
    Concat,
    Dense,
    Residual,
    conv2d,
    conv2d_backward,
    dilate,
    rot180,
    subsample2d_backward,
    upsample,
)
from cnnlib.symbolic.arrays import assert_identical, gradient, inner, symbol_array

RNG = np.random.default_rng(5)


def whole(*shape):
    """Draw small whole numbers."""
    return RNG.integers(-9, 10, shape)


def batch(a):
    """Give a map the two leading axes of a batch of one with one channel."""
    return a[None, None]


def turned(a):
    """Turn a map by 180 degrees, written with indices."""
    m, n = a.shape
    return np.array([[a[m - 1 - u, n - 1 - v] for v in range(n)] for u in range(m)])


@pytest.mark.parametrize(
    "image, kernel", [((4, 4), (2, 2)), ((5, 4), (3, 2)), ((3, 6), (1, 4)), ((4, 5), (4, 5))]
)
def test_one_form_three_gradients(image, kernel):
    """conv-trilinear, shared-parameter: ⟨X ⋆ K, Δ⟩ = ⟨K, X ⋆ Δ⟩ = ⟨X, Δ *ᶠ K⟩, by SciPy and by the kernel."""
    x, k = whole(*image), whole(*kernel)
    y = correlate2d(x, k, mode="valid")
    delta = whole(*y.shape)
    by_k, by_x = correlate2d(x, delta, mode="valid"), convolve2d(delta, k, mode="full")
    assert (y * delta).sum() == (k * by_k).sum() == (x * by_x).sum()
    dx, dw, _ = conv2d_backward(batch(delta), batch(x), batch(k))
    assert (dx[0, 0] == by_x).all() and (dw[0, 0] == by_k).all()


def test_rearrangements_and_their_partners_as_matrices():
    """rearrange-adjoint: written as matrices column by column, the partner is the transpose."""
    pairs = [
        (rot180, rot180, (3, 2), (3, 2)),
        (lambda a: np.pad(a, 2), lambda b: b[2:-2, 2:-2], (3, 2), (7, 6)),
        (lambda a: dilate(a, (2, 3)), lambda b: b[::2, ::3], (3, 2), (5, 4)),
    ]
    for there, back, small, large in pairs:
        columns = [there(unit.reshape(small)).ravel() for unit in np.eye(6, dtype=int)]
        rows = [back(unit.reshape(large)).ravel() for unit in np.eye(np.prod(large), dtype=int)]
        assert (np.array(columns) == np.array(rows).T).all()


def test_a_tap_collects_the_gradients_of_all_its_copies():
    """shared-parameter: give every window a kernel of its own; the shared kernel's gradient is their sum."""
    x, k, delta = whole(5, 6), whole(2, 3), whole(4, 4)
    own = np.array([[x[i : i + 2, j : j + 3] * delta[i, j] for j in range(4)] for i in range(4)])
    _, dw, db = conv2d_backward(batch(delta), batch(x), batch(k))
    assert (dw[0, 0] == own.sum(axis=(0, 1))).all() and db[0] == delta.sum()


@pytest.mark.parametrize("image, kernel", [((4, 4), (2, 2)), ((5, 4), (3, 2)), ((6, 3), (2, 3))])
def test_true_convolution_forward(image, kernel):
    """conv-dx-conv, conv-dw-conv: the slopes of SciPy's true convolution, one unit step at a time."""
    x, k = whole(*image), whole(*kernel)
    delta = whole(*convolve2d(x, k, mode="valid").shape)

    def slopes(value, at):
        units = np.eye(at.size, dtype=int).reshape(-1, *at.shape)
        return np.array([value(at + unit) - value(at) for unit in units]).reshape(at.shape)

    by_x = slopes(lambda x: (convolve2d(x, k, mode="valid") * delta).sum(), x)
    by_k = slopes(lambda k: (convolve2d(x, k, mode="valid") * delta).sum(), k)
    assert (by_x == convolve2d(delta, turned(k), mode="full")).all()
    assert (by_k == turned(correlate2d(x, delta, mode="valid"))).all()
    dx, dw, _ = conv2d_backward(batch(delta), batch(x), batch(turned(k)))
    assert (dx[0, 0] == by_x).all() and (turned(dw[0, 0]) == by_k).all()


GEOMETRIES = [
    geometry
    for geometry in product(
        [(5, 7), (8, 6)], [(1, 2), (3, 2)], [(1, 1), (2, 3)], [(0, 0), (1, 2)], [(1, 1), (2, 1)]
    )
    if all(n + 2 * p > d * (m - 1) for n, m, _, p, d in zip(*geometry, strict=True))
]


@pytest.mark.parametrize("image, kernel, stride, padding, dilation", GEOMETRIES)
def test_strided_formulas(image, kernel, stride, padding, dilation):
    """conv-dx-strided, conv-dw-strided: stretch δ, add the rows no window reaches, convolve as usual."""
    x, k = whole(*image), whole(*kernel)
    geometry = dict(stride=stride, padding=padding, dilation=dilation)
    y = conv2d(batch(x), batch(k), **geometry)[0, 0]
    delta = whole(*y.shape)
    spread = dilate(delta, stride)
    span = [n + 2 * p - d * (m - 1) for n, m, p, d in zip(image, kernel, padding, dilation, strict=True)]
    spread = np.pad(spread, [(0, n - have) for n, have in zip(span, spread.shape, strict=True)])
    by_x = convolve2d(spread, dilate(k, dilation), mode="full")
    by_x = by_x[padding[0] : padding[0] + image[0], padding[1] : padding[1] + image[1]]
    framed = np.pad(x, [(p, p) for p in padding])
    by_k = correlate2d(framed, spread, mode="valid")[:: dilation[0], :: dilation[1]]
    dx, dw, _ = conv2d_backward(batch(delta), batch(x), batch(k), **geometry)
    assert (dx[0, 0] == by_x).all() and (dw[0, 0] == by_k).all()


def test_gradients_of_a_trainable_subsampling_map():
    """subsample-dx, subsample-dbeta, subsample-db: each formula as a loop over blocks, on fractions."""
    x, beta = (
        np.vectorize(Fraction)(whole(2, 3, 4, 6)),
        np.array([Fraction(1, 4), Fraction(-2, 3), Fraction(5)]),
    )
    delta = np.vectorize(Fraction)(whole(2, 3, 2, 2))
    dx, dbeta, db = subsample2d_backward(delta, x, beta, (2, 3))
    assert (dx == beta[:, None, None] * upsample(delta, (2, 3))).all()
    for c in range(3):
        blocks = [
            (n, i, j, x[n, c, 2 * i : 2 * i + 2, 3 * j : 3 * j + 3].sum()) for n, i, j in np.ndindex(2, 2, 2)
        ]
        assert dbeta[c] == sum(delta[n, c, i, j] * total for n, i, j, total in blocks)
        assert db[c] == delta[:, c].sum()


def symbolic_dense(name, inputs, outputs):
    """Return a dense layer whose weights and biases are symbols."""
    layer = Dense(inputs, outputs, rng=np.random.default_rng(0))
    layer.w, layer.b = symbol_array(f"w{name}", (outputs, inputs)), symbol_array(f"b{name}", (outputs,))
    return layer


def test_gradient_around_a_shortcut():
    """residual-dx: the gradient at the input of x + f(x), with f a dense layer of symbols."""
    block, x, dy = symbolic_dense("", 3, 3), symbol_array("x", (2, 3)), symbol_array("g", (2, 3))
    layer = Residual(block)
    value = inner(layer.forward(x), dy)
    dx = layer.backward(dy)
    assert_identical(dx, gradient(value, x))
    assert_identical(dx, dy + dy @ block.w)  # the gradient itself, and what comes through the block
    assert_identical(block.dw, gradient(value, block.w))


def test_gradient_of_branches_side_by_side():
    """concat-dx: every branch pulls back its own part of the gradient, and the parts add."""
    a, b = symbolic_dense("a", 3, 2), symbolic_dense("b", 3, 4)
    x, dy = symbol_array("x", (2, 3)), symbol_array("g", (2, 6))
    layer = Concat(a, b)
    value = inner(layer.forward(x), dy)
    dx = layer.backward(dy)
    assert_identical(dx, gradient(value, x))
    assert_identical(dx, dy[:, :2] @ a.w + dy[:, 2:] @ b.w)
    assert_identical(b.dw, gradient(value, b.w))


def test_what_a_step_to_both_sides_leaves_out():
    """central-diff, complex-step: for degree four the error is h² f'''/6, with opposite signs."""
    x, h = sympy.symbols("x h", real=True)
    coefficients = sympy.symbols("c:5", real=True)
    f = sum(c * x**i for i, c in enumerate(coefficients))
    rest = h**2 * f.diff(x, 3) / 6
    central = (f.subs(x, x + h) - f.subs(x, x - h)) / (2 * h)
    complex_step = sympy.im(sympy.expand(f.subs(x, x + sympy.I * h))) / h
    assert sympy.expand(central - f.diff(x) - rest) == 0
    assert sympy.expand(complex_step - f.diff(x) + rest) == 0


def test_a_uniform_draw_has_the_variance_the_limit_promises():
    """xavier: limits ±√(6/(in+out)) give the variance 2/(in+out)."""
    t, fan_in, fan_out = sympy.symbols("t n_in n_out", positive=True)
    limit = sympy.sqrt(6 / (fan_in + fan_out))
    variance = sympy.integrate(t**2 / (2 * limit), (t, -limit, limit))
    assert sympy.simplify(variance - 2 / (fan_in + fan_out)) == 0
