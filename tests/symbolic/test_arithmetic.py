"""Proofs for chapter 04: who commutes, how long outputs are, and what several maps add up to."""

import numpy as np
import pytest

from cnnlib import conv2d, output_size, rot180
from cnnlib.symbolic.arrays import assert_identical, symbol_array

SIZES = [((3, 3), (2, 2)), ((4, 4), (2, 2)), ((5, 4), (3, 2))]


def slide(x, k, padding=0):
    """Run the library on single maps."""
    return conv2d(x[None, None], k[None, None], padding=padding)[0, 0]


def stamped(x, k):
    """Lay down a copy of k at every pixel of x: the sum over all pixels with minus signs in the indices."""
    (M, N), (m, n) = x.shape, k.shape
    total = np.zeros((M + m - 1, N + n - 1), dtype=object)
    for (s, t), pixel in np.ndenumerate(x):
        for (u, v), tap in np.ndenumerate(k):
            total[s + u, t + v] += pixel * tap
    return total


@pytest.mark.parametrize("image, kernel", SIZES)
def test_correlation(image, kernel):
    """correlation: the double sum, with plus signs in the indices."""
    x, k = symbol_array("x", image), symbol_array("k", kernel)
    y = slide(x, k)
    assert y.shape == tuple(n - m + 1 for n, m in zip(image, kernel, strict=True))
    for i, j in np.ndindex(y.shape):
        assert_identical(y[i, j], sum(x[i + u, j + v] * k[u, v] for u, v in np.ndindex(kernel)))


@pytest.mark.parametrize("image, kernel", SIZES)
def test_true_convolution(image, kernel):
    """conv-true: the turned kernel, slid; the middle of the infinite sum; and the index formula itself."""
    x, k = symbol_array("x", image), symbol_array("k", kernel)
    (M, N), (m, n) = image, kernel
    expected = np.zeros((M - m + 1, N - n + 1), dtype=object)
    for i, j in np.ndindex(expected.shape):
        for u, v in np.ndindex(m, n):
            expected[i, j] += x[i + m - 1 - u, j + n - 1 - v] * k[u, v]
    assert_identical(slide(x, rot180(k)), expected)
    assert_identical(stamped(x, k)[m - 1 : M, n - 1 : N], expected)


@pytest.mark.parametrize("image, kernel", SIZES)
def test_who_commutes(image, kernel):
    """conv-commute, corr-commute: the full forms, both ways round."""
    x, k = symbol_array("x", image), symbol_array("k", kernel)
    border, other = tuple(m - 1 for m in kernel), tuple(n - 1 for n in image)
    assert_identical(slide(x, rot180(k), border), slide(k, rot180(x), other))
    assert_identical(slide(x, k, border), rot180(slide(k, x, other)))
    with pytest.raises(AssertionError):
        assert_identical(slide(x, k, border), slide(k, x, other))


@pytest.mark.parametrize("m", range(1, 6))
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_named_paddings(m, dilation):
    """conv-narrow, conv-same, conv-wide: by laying windows down, also with D(m - 1) in the place of m - 1."""
    span = dilation * (m - 1)
    for n in range(span + 1, span + 8):
        for padding, length in ((0, n - span), (span / 2, n), (span, n + span)):
            if padding % 1:
                continue
            counted = sum(1 for start in range(n + 2 * int(padding)) if start + span < n + 2 * padding)
            assert output_size(n, m, padding=int(padding), dilation=dilation) == counted == length


def test_no_equal_padding_for_an_even_kernel():
    """conv-same: with an even number of taps, no number of zeros keeps the length."""
    for n in range(4, 9):
        assert n not in [output_size(n, 4, padding=padding) for padding in range(9)]


def test_a_connection_table():
    """conv-table: taps that are zero leave the sum over the listed maps."""
    x, w, b = symbol_array("x", (1, 3, 3, 4)), symbol_array("w", (2, 3, 2, 2)), symbol_array("b", (2,))
    listed = [0, 2], [1]
    table = np.array([[c in row for c in range(3)] for row in listed]).astype(int)
    z = conv2d(x, w * table[:, :, None, None], b)
    for o, row in enumerate(listed):
        assert_identical(z[0, o], sum(slide(x[0, c], w[o, c]) for c in row) + b[o])
