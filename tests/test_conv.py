"""The convolution kernels against independent oracles: loops by definition, SciPy, explicit matrices."""

from itertools import product

import numpy as np
import pytest
from conv_cases import EXACT, draw, each_case
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import conv2d_backward_loops, conv2d_loops, conv_matrix_loops
from scipy import signal

from cnnlib import columns, conv2d, conv2d_backward, conv_transpose2d, rot180


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture(params=["whole", "row by row", "two rows"])
def pieces(request, monkeypatch):
    """Cut the kernels' work into single rows, or into pairs of rows, of these small images."""
    block = {"whole": None, "row by row": 1, "two rows": 2}[request.param]
    if block:

        def row_blocks(channels, batch, dtype, layer):
            row = channels * layer.kernel[0] * layer.kernel[1] * layer.output[1] * batch * dtype.itemsize
            monkeypatch.setattr(columns, "BLOCK", block * row)
            return plan(channels, batch, dtype, layer)

        plan = columns.row_blocks
        monkeypatch.setattr(columns, "WHOLE", 0)
        monkeypatch.setattr("cnnlib.conv.row_blocks", row_blocks)


@each_case
def test_against_loops(case, pieces, rng):
    """conv-fwd, conv-dx, conv-dw, conv-db: the kernels sum the same products as the definition."""
    x, w, b, dy, geometry = draw(case, rng)
    np.testing.assert_allclose(conv2d(x, w, b, **geometry), conv2d_loops(x, w, b, **geometry), **EXACT)
    ours, loops = conv2d_backward(dy, x, w, **geometry), conv2d_backward_loops(dy, x, w, **geometry)
    for gradient, expected in zip(ours, loops, strict=True):
        assert gradient.shape == expected.shape
        np.testing.assert_allclose(gradient, expected, **EXACT)


@each_case
def test_against_an_explicit_matrix(case, rng):
    """conv-fwd, conv-dx, conv-transpose: the layer is a matrix, and back through it goes its transpose."""
    x, w, _, dy, geometry = draw(case, rng)
    matrix = conv_matrix_loops(w, x.shape[1:], **geometry)
    y = (x.reshape(len(x), -1) @ matrix.T).reshape(dy.shape)
    dx = (dy.reshape(len(x), -1) @ matrix).reshape(x.shape)
    np.testing.assert_allclose(conv2d(x, w, **geometry), y, **EXACT)
    np.testing.assert_allclose(conv2d_backward(dy, x, w, **geometry)[0], dx, **EXACT)


@pytest.mark.parametrize(
    "image, kernel", [((6, 5), (3, 2)), ((4, 4), (4, 4)), ((3, 7), (1, 3)), ((2, 3), (2, 3))]
)
def test_against_scipy(image, kernel, rng):
    """conv-fwd, conv-dw, conv-dx, conv-full, by a library that computes them in its own way.

    The image is never smaller than the kernel: in mode "valid", SciPy exchanges its arguments otherwise.
    """
    x, w = rng.standard_normal(image), rng.standard_normal(kernel)

    def four(map_):
        return map_[None, None]

    y = conv2d(four(x), four(w))
    np.testing.assert_allclose(y[0, 0], signal.correlate2d(x, w, "valid"), **EXACT)
    np.testing.assert_allclose(
        conv2d(four(x), rot180(four(w)))[0, 0], signal.convolve2d(x, w, "valid"), **EXACT
    )
    dy = rng.standard_normal(y.shape)
    dx, dw, db = conv2d_backward(dy, four(x), four(w))
    np.testing.assert_allclose(dx[0, 0], signal.convolve2d(dy[0, 0], w, "full"), **EXACT)
    np.testing.assert_allclose(dw[0, 0], signal.correlate2d(x, dy[0, 0], "valid"), **EXACT)
    np.testing.assert_allclose(db, dy.sum(axis=(0, 2, 3)), **EXACT)


@st.composite
def layers(draw_):
    """Draw any small layer whose window fits."""

    def integers(low, high):
        return draw_(st.integers(low, high))

    N, C, O = integers(1, 3), integers(1, 3), integers(1, 3)
    axes = []
    for _ in range(2):
        m, s, p, d = integers(1, 4), integers(1, 4), integers(0, 3), integers(1, 3)
        least = max(1, d * (m - 1) + 1 - 2 * p)
        axes.append((integers(least, least + 6), m, s, p, d))
    (H, Kh, *vertical), (W, Kw, *horizontal) = axes
    stride, padding, dilation = zip(vertical, horizontal, strict=True)
    geometry = {"stride": stride, "padding": padding, "dilation": dilation}
    return (N, C, H, W), (O, C, Kh, Kw), geometry, integers(0, 2**32 - 1)


@settings(max_examples=600, deadline=None)
@given(layers())
def test_adjoint(layer):
    """conv-dx, conv-dw, conv-transpose: ⟨A x, y⟩ = ⟨x, Aᵀ y⟩ to 1e-12 of the norms, for x and for w."""
    x_shape, w_shape, geometry, seed = layer
    rng = np.random.default_rng(seed)
    x, w = rng.standard_normal(x_shape), rng.standard_normal(w_shape)
    y = conv2d(x, w, **geometry)
    dy = rng.standard_normal(y.shape)
    dx, dw, _ = conv2d_backward(dy, x, w, **geometry)
    form = np.vdot(y, dy)
    norms = np.linalg.norm(x) * np.linalg.norm(w) * np.linalg.norm(dy)
    assert abs(form - np.vdot(x, dx)) <= 1e-12 * norms
    assert abs(form - np.vdot(w, dw)) <= 1e-12 * norms
    axes = zip(x_shape[2:], w_shape[2:], *geometry.values(), strict=True)
    unused = tuple((n + 2 * p - d * (m - 1) - 1) % s for n, m, s, p, d in axes)
    back = conv_transpose2d(dy, w, output_padding=unused, **geometry)
    np.testing.assert_allclose(back, dx, rtol=0, atol=1e-12 * norms)


@settings(max_examples=150, deadline=None)
@given(layers())
def test_integers_are_exact(layer):
    """conv-fwd, conv-dx, conv-dw, conv-db: on whole numbers kernels and loops agree to the last digit."""
    x_shape, w_shape, geometry, seed = layer
    rng = np.random.default_rng(seed)
    x, w, b = (rng.integers(-9, 10, shape) for shape in (x_shape, w_shape, w_shape[:1]))
    y = conv2d(x, w, b, **geometry)
    dy = rng.integers(-9, 10, y.shape)
    np.testing.assert_array_equal(y, conv2d_loops(x, w, b, **geometry))
    ours, loops = conv2d_backward(dy, x, w, **geometry), conv2d_backward_loops(dy, x, w, **geometry)
    for gradient, expected in zip(ours, loops, strict=True):
        np.testing.assert_array_equal(gradient, expected)


def test_worked_examples_of_the_chapter():
    """conv-fwd, conv-dw, conv-dx, conv-db: two maps into one, and stride 2 with and without an unused row."""
    x = np.array([[[1, 2, 0, 1], [0, 1, 3, 2], [2, 1, 0, 1], [1, 0, 2, 3]],
                  [[2, 0, 1, 1], [1, 1, 0, 2], [0, 3, 1, 0], [1, 2, 1, 0]]])[None]  # fmt: skip
    w = np.array([[[1, 0], [-1, 2]], [[0, 1], [2, -1]]])[None]
    assert conv2d(x, w, np.array([1]))[0, 0].tolist() == [[5, 11, 1], [-1, 6, 10], [5, 10, 7]]
    dx, dw, db = conv2d_backward(np.array([[1, 0, -1], [2, 1, 0], [0, -1, 1]])[None, None], x, w)
    assert dw[0].tolist() == [[[1, 7], [4, 2]], [[2, 0], [3, 5]]] and db.tolist() == [3]
    assert dx[0, 0].tolist() == [[1, 0, -1, 0], [1, 3, 1, -2], [-2, 2, 3, 0], [0, 1, -3, 2]]
    assert dx[0, 1].tolist() == [[0, 1, 0, -1], [2, 1, -1, 1], [4, 0, -2, 1], [0, -2, 3, -1]]

    kernel, delta = (
        np.array([[1, 2, 0], [0, 1, -1], [2, 0, 1]])[None, None],
        np.array([[1, 2], [3, 4]])[None, None],
    )
    for size in (5, 6):
        rows, cols = np.mgrid[:size, :size]
        x = ((rows + 2 * cols) % 5)[None, None]
        assert conv2d(x, kernel, stride=2)[0, 0].tolist() == [[12, 6], [19, 18]]
        dx, dw, _ = conv2d_backward(delta, x, kernel, stride=2)
        assert dw[0, 0].tolist() == [[18, 28, 13], [18, 23, 18], [28, 13, 18]]
        assert dx[0, 0, :5, :5].tolist() == [
            [1, 2, 2, 4, 0], [0, 1, -1, 2, -2], [5, 6, 9, 8, 2], [0, 3, -3, 4, -4], [6, 0, 11, 0, 4],
        ]  # fmt: skip
        assert not dx[0, 0, 5:].any() and not dx[0, 0, :, 5:].any()


@pytest.mark.parametrize("stride, padding, output_padding, dilation", [
    (1, 0, 0, 1), (2, 0, 0, 1), (2, 1, 1, 1), ((3, 2), (1, 0), (2, 0), 1), (1, 0, 1, 2),
    ((2, 3), (2, 1), (0, 2), (1, 2)),
])  # fmt: skip
def test_transpose_against_its_definition(stride, padding, output_padding, dilation, rng):
    """conv-transpose: every pixel adds its multiple of the kernel; then the padding is cut off."""
    x, w, b = rng.standard_normal((2, 3, 4, 3)), rng.standard_normal((3, 2, 3, 2)), rng.standard_normal(2)
    (s, t), (p, q), (r, u), (d, e) = (
        size if isinstance(size, tuple) else (size, size)
        for size in (stride, padding, output_padding, dilation)
    )
    size = [s * 3 + d * 2 + 1 + r, t * 2 + e * 1 + 1 + u]
    expected = np.zeros((2, 2, *size))
    for n, c, h, v in np.ndindex(x.shape):
        for o, i, j in product(range(2), range(3), range(2)):
            expected[n, o, s * h + d * i, t * v + e * j] += x[n, c, h, v] * w[c, o, i, j]
    expected = expected[:, :, p : size[0] - p, q : size[1] - q] + b[:, None, None]
    y = conv_transpose2d(
        x, w, b, stride=stride, padding=padding, output_padding=output_padding, dilation=dilation
    )
    np.testing.assert_allclose(y, expected, **EXACT)


def test_transpose_is_not_the_inverse(rng):
    x, w = rng.standard_normal((1, 1, 4, 4)), rng.standard_normal((1, 1, 2, 2))
    assert not np.allclose(conv_transpose2d(conv2d(x, w), w), x)


# --- refusals ------------------------------------------------------------------------------------

X, W = np.zeros((2, 3, 5, 6)), np.zeros((4, 3, 2, 3))
DY = np.zeros((2, 4, 4, 4))
REFUSED = {
    "channels": (
        lambda: conv2d(X, W[:, :2]),
        r"x has C = 3 channels but w expects 2: got x \(2, 3, 5, 6\) and w \(4, 2, 2, 3\)",
    ),
    "channels of the transpose": (
        lambda: conv_transpose2d(X, W),
        r"x has C = 3 channels but w expects 4: got x \(2, 3, 5, 6\) and w \(4, 3, 2, 3\)",
    ),
    "one image without a batch": (
        lambda: conv2d(X[0], W),
        r"x must have 4 axes \(N, C, H, W\), got shape \(3, 5, 6\)",
    ),
    "one kernel": (lambda: conv2d(X, W[0, 0]), r"w must have 4 axes \(O, C, Kh, Kw\), got shape \(2, 3\)"),
    "one kernel of the transpose": (
        lambda: conv_transpose2d(DY, W[0]),
        r"w must have 4 axes \(C, O, Kh, Kw\), got shape \(3, 2, 3\)",
    ),
    "kernel too high": (
        lambda: conv2d(X, W, dilation=(5, 1)),
        r"it spans 6 pixels \(kernel size 2, dilation 5\), got an input of 5 \+ 2\*0 pixels",
    ),
    "kernel too wide": (
        lambda: conv2d(X[..., :2], W),
        r"it spans 3 pixels \(kernel size 3, dilation 1\), got an input of 2 \+ 2\*0 pixels",
    ),
    "bias per pixel": (lambda: conv2d(X, W, DY), r"b must have shape \(4,\) .*, got \(2, 4, 4, 4\)"),
    "one bias for all": (lambda: conv2d(X, W, np.zeros(1)), r"b must have shape \(4,\) .*, got \(1,\)"),
    "bias of the transpose": (
        lambda: conv_transpose2d(DY, W, np.zeros(4)),
        r"b must have shape \(3,\) \(one bias per output channel\), got \(4,\)",
    ),
    "no channels": (lambda: conv2d(X[:, :0], W[:, :0]), r"only the batch may be empty, got x \(2, 0, 5, 6\)"),
    "no rows": (
        lambda: conv2d(X[:, :, :0], W, padding=3),
        r"only the batch may be empty, got x \(2, 3, 0, 6\)",
    ),
    "no taps": (lambda: conv2d(X, W[..., :0]), r"only the batch may be empty, .* and w \(4, 3, 2, 0\)"),
    "no filters": (lambda: conv2d(X, W[:0]), r"only the batch may be empty, .* and w \(0, 3, 2, 3\)"),
    "dy of another layer": (
        lambda: conv2d_backward(DY, X, W, stride=2),
        r"dy must have shape \(2, 4, 2, 2\) like the output, got \(2, 4, 4, 4\)",
    ),
    "dy of another batch": (
        lambda: conv2d_backward(DY[:1], X, W),
        r"dy must have shape \(2, 4, 4, 4\) .*got \(1, 4",
    ),
    "output padding": (
        lambda: conv_transpose2d(DY, W, stride=2, output_padding=(1, 2)),
        r"output_padding must be smaller than stride \(2, 2\) or dilation \(1, 1\), got \(1, 2\)",
    ),
    "nothing left": (
        lambda: conv_transpose2d(DY, W, padding=(3, 0)),
        r"padding must leave at least one pixel, got \(3, 0\), which leaves \(-1, 6\)",
    ),
}


@pytest.mark.parametrize("call, message", REFUSED.values(), ids=REFUSED)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
