"""The convolution as one matrix: against loops, against the kernels, and by what the chapter says of it."""

import numpy as np
import pytest
from conv_cases import EXACT, draw, each_case
from oracles import conv_matrix_loops

from cnnlib import conv2d, conv2d_backward, conv_matrix


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@each_case
def test_against_loops_and_kernels(case, rng):
    """conv-matrix, matrix-dx, conv-fwd, conv-dx: the matrix forward, its transpose backward."""
    x, w, _, dy, geometry = draw(case, rng)
    matrix = conv_matrix(w, x.shape[1:], **geometry)
    np.testing.assert_array_equal(matrix, conv_matrix_loops(w, x.shape[1:], **geometry))
    y, dx = conv2d(x, w, **geometry), conv2d_backward(dy, x, w, **geometry)[0]
    for n in range(len(x)):
        np.testing.assert_allclose(matrix @ x[n].ravel(), y[n].ravel(), **EXACT)
        np.testing.assert_allclose(matrix.T @ dy[n].ravel(), dx[n].ravel(), **EXACT)


def test_the_matrix_on_paper():
    """conv-matrix: 3×3 image, 2×2 kernel: 16 of 36 entries, 4 distinct values."""
    matrix = conv_matrix(np.array([[[[1, 2], [3, 4]]]]), (1, 3, 3))
    assert matrix.tolist() == [
        [1, 2, 0, 3, 4, 0, 0, 0, 0],
        [0, 1, 2, 0, 3, 4, 0, 0, 0],
        [0, 0, 0, 1, 2, 0, 3, 4, 0],
        [0, 0, 0, 0, 1, 2, 0, 3, 4],
    ]


@each_case
def test_the_weights_of_the_matrix(case, rng):
    """tied-sum, matrix-nonzeros: dense gradients summed over ties, and how often a tap stands."""
    x, w, _, dy, geometry = draw(case, rng)
    numbered = np.arange(1, w.size + 1).reshape(w.shape)
    places = conv_matrix(numbered, x.shape[1:], **geometry)
    dense = dy.reshape(len(x), -1).T @ x.reshape(len(x), -1)
    dw = conv2d_backward(dy, x, w, **geometry)[1]
    summed = [dense[places == number].sum() for number in numbered.flat]
    np.testing.assert_allclose(summed, dw.ravel(), **EXACT)
    met = conv2d(np.ones_like(x[:1]), np.ones((1, 1, *w.shape[2:])).repeat(x.shape[1], 1), **geometry)
    assert np.count_nonzero(places) == len(w) * met.sum()  # pixels under each window, padding left out


def seen_by(tap, taps, n, **geometry):
    """List for each output along an axis which of n pixels a tap reads, by lighting one at a time."""
    one = np.zeros((1, 1, 1, taps), int)
    one[..., tap] = 1
    return conv2d(np.eye(n, dtype=int)[:, None, None], one, **geometry)[:, 0, 0].T


@each_case
def test_shifts_of_both_axes_make_the_matrix(case, rng):
    """shift-matrices: Kronecker products of what each tap reads, row by row and column by column."""
    x, w, _, _, geometry = draw(case, rng)
    pairs = {name: (value, value) if isinstance(value, int) else value for name, value in geometry.items()}
    still = dict(stride=1, padding=0, dilation=1)
    rows, columns = ({name: (still[name], pairs[name][axis]) for name in pairs} for axis in (0, 1))
    blocks = np.zeros(conv_matrix(w[:1, :1], (1, *x.shape[2:]), **geometry).shape)
    for u, v in np.ndindex(w.shape[2:]):
        S = seen_by(u, w.shape[2], x.shape[2], **rows)
        T = seen_by(v, w.shape[3], x.shape[3], **columns)
        blocks += w[0, 0, u, v] * np.kron(S, T)
    np.testing.assert_allclose(conv_matrix(w[:1, :1], (1, *x.shape[2:]), **geometry), blocks, **EXACT)


@pytest.mark.parametrize(
    "dtype, kept", [("f4", "f4"), (complex, complex), (object, object), ("i2", "i8"), (bool, "i8")]
)
def test_dtypes(dtype, kept):
    assert conv_matrix(np.ones((1, 1, 2, 2), dtype), (1, 3, 3)).dtype == np.dtype(kept)


W = np.ones((2, 3, 2, 2))
WRONG = {
    "w a list": (([[1]], (3, 4, 4)), {}, TypeError, "w must be a NumPy array, got list"),
    "w of rank 2": (
        (W[0, 0], (3, 4, 4)),
        {},
        ValueError,
        r"w must have 4 axes \(O, C, Kh, Kw\), got shape \(2, 2\)",
    ),
    "channels": ((W, (2, 4, 4)), {}, ValueError, r"w must have C = 2 channels, .*, got \(2, 3, 2, 2\)"),
    "no tap": ((W[..., :0], (3, 4, 4)), {}, ValueError, "no empty axis"),
    "two sizes": ((W, (4, 4)), {}, ValueError, r"input_shape must be \(C, H, W\), got \(4, 4\)"),
    "a number": ((W, 4), {}, ValueError, r"input_shape must be \(C, H, W\), got 4"),
    "zero rows": ((W, (3, 0, 4)), {}, ValueError, r"input_shape\[1\] must be at least 1, got 0"),
    "float size": ((W, (3, 4, 4.0)), {}, TypeError, r"input_shape\[2\] must be an int .* got 4\.0"),
    "too small": ((W, (3, 1, 4)), {}, ValueError, "must fit into the padded input"),
    "stride": ((W, (3, 4, 4)), {"stride": 0}, ValueError, "stride must be at least 1, got 0"),
}


@pytest.mark.parametrize("arguments, geometry, error, message", WRONG.values(), ids=WRONG)
def test_refusals(arguments, geometry, error, message):
    with pytest.raises(error, match=message):
        conv_matrix(*arguments, **geometry)
