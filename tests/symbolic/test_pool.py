"""Proofs of the pooling kernels: on symbols where pooling is smooth, region by region where it chooses.

The loss is ⟨y, δ⟩ with y made by loops from the definition, so no kernel vouches for another.
"""

from itertools import permutations, product

import numpy as np
import pytest
import sympy
from pool_oracle import out_shape, windows

from cnnlib import (
    avg_pool2d,
    avg_pool2d_backward,
    lp_pool2d,
    lp_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
    subsample2d,
    subsample2d_backward,
    sum_pool2d,
    sum_pool2d_backward,
    upsample,
)
from cnnlib.symbolic.arrays import assert_identical, gradient, inner, symbol_array

# Image, then kernel, stride, padding, ceil_mode.
LAYERS = {
    "blocks": ((1, 1, 4, 4), ((2, 2), (2, 2), (0, 0), False)),
    "rectangles": ((2, 2, 4, 6), ((2, 3), (2, 3), (0, 0), False)),
    "remainder": ((1, 2, 5, 7), ((2, 2), (2, 2), (0, 0), False)),
    "overlap": ((1, 1, 5, 5), ((3, 3), (2, 2), (0, 0), False)),
    "overlap, unequal": ((2, 1, 6, 5), ((3, 2), (2, 1), (0, 0), False)),
    "overlap in columns": ((1, 1, 4, 5), ((2, 3), (2, 1), (0, 0), False)),
    "overlap in rows": ((1, 2, 5, 4), ((3, 2), (1, 3), (0, 0), False)),
    "gaps": ((1, 1, 7, 5), ((2, 1), (3, 2), (0, 0), False)),
    "padded": ((1, 2, 4, 5), ((3, 2), (2, 2), (1, 1), False)),
    "padded, overlap": ((1, 1, 4, 4), ((3, 3), (1, 1), (1, 1), False)),
    "ceil": ((1, 1, 5, 5), ((2, 2), (2, 2), (0, 0), True)),
    "ceil, padded": ((1, 1, 5, 6), ((3, 3), (2, 2), (1, 0), True)),
    "one pixel": ((1, 2, 3, 2), ((1, 1), (1, 1), (0, 0), False)),
    "one window": ((2, 1, 3, 4), ((3, 4), (1, 1), (0, 0), False)),
}
each = pytest.mark.parametrize("shape, sizes", LAYERS.values(), ids=LAYERS)


def options(sizes):
    """Name the geometry as the kernels do."""
    return dict(stride=sizes[1], padding=sizes[2], ceil_mode=sizes[3])


def pooled(x, sizes, combine):
    """Pool by loops."""
    y = np.empty(out_shape(x, *sizes), object)
    for at, inside, members in windows(x, *sizes):
        y[at] = combine([x[pixel] for pixel in inside], members)
    return y


MEANS = {True: lambda v, members: sympy.Add(*v) / members, False: lambda v, members: sympy.Add(*v) / len(v)}


@each
def test_sum(shape, sizes):
    """sumpool-dx: forward and backward, every entry."""
    x = symbol_array("x", shape)
    y = pooled(x, sizes, lambda v, members: sympy.Add(*v))
    delta = symbol_array("δ", y.shape)
    assert_identical(sum_pool2d(x, sizes[0], **options(sizes)), y)
    assert_identical(sum_pool2d_backward(delta, x, sizes[0], **options(sizes)), gradient(inner(y, delta), x))


@each
@pytest.mark.parametrize("count", MEANS, ids=["with padding", "without padding"])
def test_average(shape, sizes, count):
    """avgpool-fwd, avgpool-dx: forward and backward, every entry."""
    x, given = symbol_array("x", shape), dict(options(sizes), count_include_pad=count)
    y = pooled(x, sizes, MEANS[count])
    delta = symbol_array("δ", y.shape)
    assert_identical(avg_pool2d(x, sizes[0], **given), y)
    assert_identical(avg_pool2d_backward(delta, x, sizes[0], **given), gradient(inner(y, delta), x))


@each
def test_maximum_at_a_point_of_each_kind(shape, sizes):
    """maxpool-fwd, maxpool-dx: the derivative of Max(...) as SymPy takes it, at rational points."""
    x = symbol_array("x", shape)
    y = pooled(x, sizes, lambda v, members: sympy.Max(*v))
    delta = symbol_array("δ", y.shape)
    slopes = gradient(inner(y, delta), x)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(x.size) - x.size // 2
        point = np.frompyfunc(lambda n: sympy.Rational(int(n), 7), 1, 1)(order.reshape(shape))
        at = dict(zip(x.flat, point.flat, strict=True))
        assert_identical(max_pool2d(point, sizes[0], **options(sizes)), at_point(y, at))
        found = max_pool2d_backward(delta, point, sizes[0], **options(sizes))
        assert_identical(found, at_point(slopes, at))


def at_point(expressions, at):
    """Put numbers for symbols, entry by entry."""
    return np.frompyfunc(lambda entry: sympy.sympify(entry).xreplace(at).doit(), 1, 1)(expressions)


def test_maximum_in_all_regions_of_a_window():
    """maxpool-dx: a 2×2 window has 24 orders; within each the maximum is one pixel, so a point proves it."""
    x = symbol_array("x", (1, 1, 2, 2))
    delta = symbol_array("δ", (1, 1, 1, 1))
    slopes = gradient(delta.item() * sympy.Max(*x.flat), x)
    values = [sympy.Rational(-3, 2), sympy.Integer(0), sympy.Rational(1, 3), sympy.Integer(5)]
    for order in permutations(values):
        point, at = np.array(order, object).reshape(x.shape), dict(zip(x.flat, order, strict=True))
        assert_identical(max_pool2d_backward(delta, point, 2), at_point(slopes, at))


def test_all_ties_of_a_window():
    """maxpool-dx: with three values in six places all ties occur; the first in row-major order wins."""
    delta = symbol_array("δ", (1, 1, 1, 1))
    for values in product((0, 1, 2), repeat=6):
        expected = np.zeros(6, object)
        expected[values.index(max(values))] = delta.item()
        found = max_pool2d_backward(delta, np.array(values).reshape(1, 1, 2, 3), (2, 3))
        assert_identical(found, expected.reshape(1, 1, 2, 3))


@pytest.mark.parametrize("p", [1, sympy.Rational(3, 2), 2, 3, 4], ids=str)
def test_lp(p):
    """lppool-dx: every sign pattern of a 2×2 window is a region where |a| is smooth; windows overlap."""
    signs = [dict(positive=True), dict(negative=True)]
    for pattern in product(signs, repeat=4):
        names = [sympy.Symbol(f"a{i}", **sign) for i, sign in enumerate(pattern)]
        extra = [sympy.Symbol("a4", positive=True), sympy.Symbol("a5", positive=True)]
        x = np.array([*names[:2], extra[0], *names[2:], extra[1]], object).reshape(1, 1, 2, 3)
        sizes = ((2, 2), (1, 1), (0, 0), False)
        y = pooled(
            x, sizes, lambda v, members: sympy.Add(*(abs(a) ** p for a in v)) ** (1 / sympy.sympify(p))
        )
        delta = symbol_array("δ", y.shape)
        assert_identical(lp_pool2d(x, p, 2, stride=1), y)
        found = lp_pool2d_backward(delta, x, p, 2, stride=1)
        for a, b in zip(found.flat, gradient(inner(y, delta), x).flat, strict=True):
            assert (
                sympy.powdenest(sympy.expand_power_base(sympy.powsimp(sympy.expand(a - b))), force=True) == 0
            )


@pytest.mark.parametrize(
    "shape, block", [((1, 1, 4, 4), (2, 2)), ((2, 2, 4, 6), (2, 3)), ((2, 2, 5, 5), (2, 2))], ids=str
)
def test_subsampling(shape, block):
    """subsample-fwd, subsample-dx, subsample-dbeta, subsample-db: every entry."""
    x, beta, b = symbol_array("x", shape), symbol_array("β", shape[1:2]), symbol_array("b", shape[1:2])
    sums = pooled(x, (block, block, (0, 0), False), lambda v, members: sympy.Add(*v))
    z = beta.reshape(1, -1, 1, 1) * sums + b.reshape(1, -1, 1, 1)
    delta = symbol_array("δ", z.shape)
    E = inner(z, delta)
    assert_identical(subsample2d(x, beta, b, block), z)
    for found, argument in zip(subsample2d_backward(delta, x, beta, block), (x, beta, b), strict=True):
        assert_identical(found, gradient(E, argument))


def test_worked_line_of_the_gain():
    """subsample-dbeta, upsample: numbered block by block, ∂E/∂β = δ₁₁(a₁+…+a₄) + … + δ₂₂(a₁₃+…+a₁₆)."""
    a, delta = sympy.symbols("a1:17"), symbol_array("δ", (1, 1, 2, 2))
    rows = [a[0:2] + a[4:6], a[2:4] + a[6:8], a[8:10] + a[12:14], a[10:12] + a[14:16]]
    x = np.array(rows, object).reshape(1, 1, 4, 4)
    dx, dbeta, _ = subsample2d_backward(delta, x, symbol_array("β", (1,)), 2)
    line = sum(d * sympy.Add(*a[4 * i : 4 * i + 4]) for i, d in enumerate(delta.flat))
    assert_identical(dbeta, np.array([line]))
    assert_identical(dx, sympy.Symbol("β_0") * upsample(delta, 2))
