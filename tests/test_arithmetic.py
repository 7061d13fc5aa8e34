"""The arithmetic of chapter 04 against NumPy and SciPy, and its figures against the kernels."""

import numpy as np
import pytest
from scipy.signal import convolve2d, correlate2d

from cnnlib import conv2d, output_size, rot180
from cnnlib.plots.arithmetic import three_lengths, two_maps
from cnnlib.plots.figures import show

RNG = np.random.default_rng(4)
SIZES = [((3, 3), (2, 2)), ((4, 4), (2, 2)), ((5, 4), (3, 2)), ((2, 6), (1, 3))]


def pair(image, kernel):
    """Draw an image and a kernel of small whole numbers."""
    return RNG.integers(-9, 10, image), RNG.integers(-9, 10, kernel)


def slide(x, k, padding=0):
    """Run the library on single maps."""
    return conv2d(x[None, None], k[None, None], padding=padding)[0, 0]


@pytest.mark.parametrize("image, kernel", SIZES)
def test_true_convolution_is_that_of_scipy(image, kernel):
    """conv-true"""
    x, k = pair(image, kernel)
    assert (slide(x, rot180(k)) == convolve2d(x, k, mode="valid")).all()


@pytest.mark.parametrize("image, kernel", SIZES)
def test_who_commutes(image, kernel):
    """conv-commute, corr-commute: SciPy's full forms, both ways round."""
    x, k = pair(image, kernel)
    border, other = np.subtract(kernel, 1), np.subtract(image, 1)
    full = slide(x, rot180(k), tuple(map(int, border)))
    assert (full == convolve2d(x, k)).all() and (full == convolve2d(k, x)).all()
    slid, swapped = slide(x, k, tuple(map(int, border))), slide(k, x, tuple(map(int, other)))
    assert (slid == correlate2d(x, k)).all() and (swapped == correlate2d(k, x)).all()
    assert (slid == rot180(swapped)).all() and (slid != swapped).any()


@pytest.mark.parametrize("m", range(1, 8))
def test_named_lengths_are_those_of_numpy(m):
    """conv-narrow, conv-same, conv-wide: the lengths of numpy.convolve's three modes."""
    for n in range(m, 20):
        ones = np.ones(n), np.ones(m)
        assert output_size(n, m) == len(np.convolve(*ones, "valid")) == n - m + 1
        assert output_size(n, m, padding=m - 1) == len(np.convolve(*ones, "full")) == n + m - 1
        if m % 2:
            assert output_size(n, m, padding=(m - 1) // 2) == len(np.convolve(*ones, "same")) == n


def test_a_connection_table_is_a_bank_with_zeros():
    """conv-table: each output map adds SciPy's correlations of the maps its row lists."""
    x, w, b = RNG.integers(-9, 10, (3, 5, 6)), RNG.integers(-9, 10, (2, 3, 2, 3)), np.array([4, -7])
    table = np.array([[1, 0, 1], [0, 1, 1]])
    z = conv2d(x[None], w * table[:, :, None, None], b)[0]
    for o, row in enumerate(table):
        maps = [correlate2d(x[c], w[o, c], mode="valid") for c in np.flatnonzero(row)]
        assert (z[o] == sum(maps) + b[o]).all()


def drawn(fig):
    """List every text of a figure."""
    return [text.get_text() for ax in fig.axes for text in ax.texts]


@pytest.mark.parametrize("n, m", [(5, 3), (7, 5), (6, 1)])
def test_strips_show_every_cell(n, m):
    fig, alt = three_lengths(n, m)
    half = (m - 1) // 2
    for name, padding in (("narrow", 0), ("same", half), ("wide", m - 1)):
        o = n + 2 * padding - m + 1
        assert f"{name}: P = {padding}, o = {n} + 2·{padding} − {m} + 1 = {o}" in drawn(fig)
        assert f"{name} with {padding} zeros at each end gives {o}" in alt
    assert drawn(fig).count("0") == 2 * (half + m - 1)
    show(fig, alt)


def test_two_maps_show_the_sum():
    x, w = RNG.integers(-3, 4, (2, 4, 4)), RNG.integers(-3, 4, (2, 2, 2))
    fig, alt = two_maps(x, w, 2)
    z = sum(correlate2d(x[c], w[c], mode="valid") for c in (0, 1)) + 2
    assert str(z.tolist()) in alt
    cells = [text for text in drawn(fig) if text.lstrip("−").isdigit()]
    expected = [*x.ravel(), *w.ravel(), *w.ravel(), *z.ravel()]
    assert sorted(cells) == sorted(str(value).replace("-", "−") for value in expected)
    show(fig, alt)


def test_figures_say_what_they_cannot_draw():
    with pytest.raises(ValueError, match=r"odd kernel_size m.* got m = 4"):
        three_lengths(5, 4)
    with pytest.raises(ValueError, match=r"two maps and two kernels, got shapes \(3, 4, 4\)"):
        two_maps(np.zeros((3, 4, 4)), np.zeros((2, 2, 2)), 0)
