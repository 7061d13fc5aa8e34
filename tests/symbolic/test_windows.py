"""Proofs of the rearrangements of a map, entry by entry, and of the size formula by counting."""

from itertools import product

import numpy as np
import pytest
from oracles import conv_positions

from cnnlib import dilate, output_size, rot180, upsample
from cnnlib.symbolic.arrays import assert_identical, gradient, inner, symbol_array

SHAPES = [(1, 1), (1, 4), (3, 2), (2, 1, 3, 3), (2, 2, 2, 3)]
PAIRS = [(1, 1), (2, 2), (1, 3), (3, 2)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rot180(shape):
    """rot180: entry (u, v) comes from (H - 1 - u, W - 1 - v), and turning twice changes nothing."""
    w = symbol_array("w", shape)
    expected = np.empty_like(w)
    for *rest, u, v in np.ndindex(shape):
        expected[*rest, u, v] = w[*rest, shape[-2] - 1 - u, shape[-1] - 1 - v]
    assert_identical(rot180(w), expected)
    assert_identical(rot180(rot180(w)), w)


@pytest.mark.parametrize("shape, stride", [*product(SHAPES, PAIRS)], ids=str)
def test_dilate(shape, stride):
    """dilate: entry (i, j) goes to (s i, t j) and everything else is 0."""
    x = symbol_array("x", shape)
    spread = dilate(x, stride)
    assert spread.shape[-2:] == tuple(s * (n - 1) + 1 for s, n in zip(stride, shape[-2:], strict=True))
    for *rest, i, j in np.ndindex(spread.shape):
        on_grid = i % stride[0] == 0 and j % stride[1] == 0
        assert_identical(spread[*rest, i, j], x[*rest, i // stride[0], j // stride[1]] if on_grid else 0)


@pytest.mark.parametrize("shape, scale", [*product(SHAPES, PAIRS)], ids=str)
def test_upsample(shape, scale):
    """upsample: the Kronecker product with a block of ones, and the adjoint of the block sum."""
    delta = symbol_array("δ", shape)
    up = upsample(delta, scale)
    assert_identical(up, np.kron(delta, np.ones(scale, dtype=int)))
    x = symbol_array("x", up.shape)
    blocks = x.reshape(*shape[:-1], scale[0], shape[-1], scale[1])
    assert_identical(up, gradient(inner(blocks.sum(axis=(-3, -1)), delta), x))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rearrange_adjoint(shape):
    """rearrange-adjoint: turn, pad and spread A, or leave A and turn, crop and pick B."""
    a = symbol_array("a", shape)
    b = symbol_array("b", shape)
    assert_identical(rot180(b), gradient(inner(rot180(a), b), a))
    for p, q in PAIRS:
        padded = np.pad(a, [(0, 0)] * (len(shape) - 2) + [(p, p), (q, q)])
        b = symbol_array("b", padded.shape)
        assert_identical(b[..., p:-p, q:-q], gradient(inner(padded, b), a))
        spread = dilate(a, (p, q))
        b = symbol_array("b", spread.shape)
        assert_identical(b[..., ::p, ::q], gradient(inner(spread, b), a))


@pytest.mark.parametrize("n", range(1, 10))
def test_output_size(n):
    """out-size: as many outputs as windows that end inside the padded image, for 144 layers per n."""
    for m, s, p, d in product(range(1, 5), (1, 2, 3), range(4), (1, 2, 3)):
        (fitting,) = conv_positions((n,), (m,), (s,), (p,), (d,))
        if fitting:
            assert_identical(output_size(n, m, stride=s, padding=p, dilation=d), len(fitting))
        else:
            with pytest.raises(ValueError, match="must fit into the padded input"):
                output_size(n, m, stride=s, padding=p, dilation=d)


@pytest.mark.parametrize("n", range(1, 10))
def test_output_size_with_ceil_mode(n):
    """out-size: rounding up adds a window that overhangs, if it begins on the image or before it."""
    for m, s, p, d in product(range(1, 5), (1, 2, 3), range(4), (1, 2)):
        if n + 2 * p <= d * (m - 1):
            continue
        starts = [k * s for k in range(n + 2 * p)]
        last_fitting = max(k for k, start in enumerate(starts) if start + d * (m - 1) < n + 2 * p)
        overhanging = starts[last_fitting] + d * (m - 1) + 1 < n + 2 * p and starts[last_fitting + 1] < n + p
        expected = last_fitting + 1 + overhanging
        assert_identical(output_size(n, m, stride=s, padding=p, dilation=d, ceil_mode=True), expected)
