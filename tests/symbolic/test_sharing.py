"""Proofs of chapter 03: what a layer holds, counted on symbols, and that a shared kernel is equivariant."""

from itertools import product

import numpy as np
import pytest

from cnnlib import Conv2d, Dense, Sequential, conv2d, dense
from cnnlib.symbolic.arrays import assert_identical, symbol_array


def symbols_in(outputs, without):
    """Collect the symbols of an array of formulas, without those of another array."""
    return set().union(*(entry.free_symbols for entry in outputs.flat)) - set(without.flat)


@pytest.mark.parametrize("C, O, n, m", [*product((1, 2), (1, 3), (3, 4), (1, 2, 3))])
def test_param_count(C, O, n, m):
    """param-count: dense, local and shared, as many different symbols as the three lines say."""
    x, w = symbol_array("x", (1, C, n, n)), symbol_array("k", (O, C, m, m))
    z = conv2d(x, w, symbol_array("b", O))
    U = z.size
    full = dense(x.reshape(1, -1), symbol_array("w", (U, x.size)), symbol_array("d", U))
    windows = [entry.free_symbols & set(x.flat) for entry in z.flat]
    assert_identical(len(symbols_in(full, x)), C * n**2 * U + U)
    assert_identical(sum(map(len, windows)) + U, C * m**2 * U + U)
    assert_identical(len(symbols_in(z, x)), C * m**2 * O + O)


@pytest.mark.parametrize("C, O, n, m", [(1, 2, 5, 3), (3, 4, 4, 2)])
def test_summary_counts_what_the_layers_hold(C, O, n, m):
    """param-count: the summary of a network prints the shared and the dense line."""
    rng, U = np.random.default_rng(0), O * (n - m + 1) ** 2
    shared = Sequential(Conv2d(C, O, m, rng=rng)).summary((C, n, n))
    full = Sequential(Dense(C * n**2, U, rng=rng)).summary((C * n**2,))
    assert_identical(shared.total, C * m**2 * O + O)
    assert_identical(full.total, C * n**2 * U + U)


SHIFTS = [*product(range(3), range(3))]


@pytest.mark.parametrize("kernel", [(1, 1), (2, 2), (3, 2), (2, 4)], ids=str)
@pytest.mark.parametrize("shift", SHIFTS, ids=str)
def test_equivariance(kernel, shift):
    """equivariance: outputs whose shifted place is an output follow; all others have read what entered."""
    p, q = shift
    x, w = symbol_array("x", (1, 2, 5, 6)), symbol_array("k", (2, 2, *kernel))
    moved = symbol_array("e", x.shape)
    moved[..., p:, q:] = x[..., : x.shape[2] - p, : x.shape[3] - q]
    y, y_moved = conv2d(x, w), conv2d(moved, w)
    rows, columns = y.shape[2] - p, y.shape[3] - q
    assert_identical(y_moved[..., p:, q:], y[..., :rows, :columns])
    entered = set(moved.flat) - set(x.flat)
    for *_, i, j in np.ndindex(y.shape):
        assert bool(y_moved[0, 0, i, j].free_symbols & entered) == (i < p or j < q)


@pytest.mark.parametrize("stride", [(2, 2), (3, 1)], ids=str)
def test_equivariance_in_steps(stride):
    """equivariance: with a stride, a shift by whole steps moves the output by one; a smaller one does not."""
    x, w = symbol_array("x", (1, 1, 9, 9)), symbol_array("k", (1, 1, 2, 2))
    y = conv2d(x, w, stride=stride)
    for p, q in product(range(stride[0] + 1), range(stride[1] + 1)):
        moved = symbol_array("e", x.shape)
        moved[..., p:, q:] = x[..., : 9 - p, : 9 - q]
        follows = conv2d(moved, w, stride=stride)[..., 1:, 1:] == y[..., :-1, :-1]
        assert follows.all() if (p, q) == stride else not follows.any()


@pytest.mark.parametrize("n, m", [(n, m) for n in range(1, 8) for m in range(1, min(n, 4) + 1)])
def test_border_uses(n, m):
    """border-uses: the number of outputs in whose formula a pixel's symbol stands."""
    for P in range(m):
        x = symbol_array("x", (1, 1, 1, n))
        outputs = conv2d(x, np.ones((1, 1, 1, m), int), padding=(0, P)).ravel()
        o = n + 2 * P - m + 1
        for s, pixel in enumerate(x.flat):
            uses = sum(pixel in output.free_symbols for output in outputs)
            assert_identical(uses, min(s + P, o - 1) - max(0, s + P - m + 1) + 1)
