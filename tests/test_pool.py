"""Pooling against its definition as loops, on exact numbers; edge cases, memory and messages."""

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pool_oracle import by_definition, out_shape

import cnnlib
from cnnlib import (
    avg_pool2d,
    avg_pool2d_backward,
    conv2d,
    lp_pool2d,
    lp_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
    output_size,
    subsample2d,
    subsample2d_backward,
    sum_pool2d,
    sum_pool2d_backward,
    upsample,
)
from cnnlib.spans import members, pool_geometry

MAP = np.array([[1, 3, 2, 0], [4, 2, 1, 5], [0, 1, 2, 2], [3, 0, 6, 1]])[None, None]
GAMMA = np.array([[1, 2], [3, 4]])[None, None]


# --- the definition ------------------------------------------------------------------------------
DEFINITIONS = {
    "max": (lambda v, n: max(v), lambda v, n, k: int(k == v.index(max(v)))),
    "sum": (lambda v, n: sum(v), lambda v, n, k: 1),
    "avg": (lambda v, n: sum(v) / Fraction(n), lambda v, n, k: Fraction(1, n)),
    "avg without padding": (lambda v, n: sum(v) / Fraction(len(v)), lambda v, n, k: Fraction(1, len(v))),
}
KERNELS = {
    "max": (max_pool2d, max_pool2d_backward, {}),
    "sum": (sum_pool2d, sum_pool2d_backward, {}),
    "avg": (avg_pool2d, avg_pool2d_backward, {}),
    "avg without padding": (avg_pool2d, avg_pool2d_backward, {"count_include_pad": False}),
}


@st.composite
def layers(draw):
    """Draw rectangular images and windows that fit them: overlap, gaps, remainders, padding, ceil mode."""
    axes = []
    for _ in range(2):
        m, s = draw(st.integers(1, 4)), draw(st.integers(1, 4))
        p = draw(st.integers(0, m // 2))
        axes.append((draw(st.integers(max(1, m - 2 * p), 8)), m, s, p))
    image, kernel, stride, padding = zip(*axes, strict=True)
    batch, seed = (draw(st.integers(1, 2)), draw(st.integers(1, 2))), draw(st.integers(0, 2**32 - 1))
    sizes = kernel, stride, padding, draw(st.booleans())
    return (*batch, *image), sizes, np.random.default_rng(seed)


def options(sizes):
    return dict(stride=sizes[1], padding=sizes[2], ceil_mode=sizes[3])


def exact(values):
    return np.frompyfunc(Fraction, 1, 1)(values)


@pytest.mark.parametrize("name", DEFINITIONS)
@settings(max_examples=150, deadline=None)
@given(layer=layers())
def test_agrees_with_the_definition_exactly(name, layer):
    """maxpool-fwd, maxpool-dx, sumpool-dx, avgpool-fwd, avgpool-dx: loops over windows, in fractions."""
    shape, sizes, rng = layer
    x = exact(rng.integers(-3, 4, shape))  # few values: many ties
    dy = exact(rng.integers(-9, 10, out_shape(x, *sizes)))
    forward, backward, extra = KERNELS[name]
    y, dx = by_definition(x, dy, sizes, *DEFINITIONS[name])
    assert np.array_equal(forward(x, sizes[0], **options(sizes), **extra), y)
    assert np.array_equal(backward(dy, x, sizes[0], **options(sizes), **extra), dx)


@pytest.mark.parametrize("name", ["sum", "avg", "avg without padding"])
@settings(max_examples=500, deadline=None)
@given(layer=layers())
def test_backward_is_the_adjoint_of_a_linear_layer(name, layer):
    """⟨A x, y⟩ = ⟨x, Aᵀ y⟩; both sides are sums of the same few hundred products, so 1e-12 leaves room."""
    shape, sizes, rng = layer
    forward, backward, extra = KERNELS[name]
    x = rng.standard_normal(shape)
    y = forward(x, sizes[0], **options(sizes), **extra)
    dy = rng.standard_normal(y.shape)
    left, right = (y * dy).sum(), (x * backward(dy, x, sizes[0], **options(sizes), **extra)).sum()
    assert abs(left - right) <= 1e-12 * np.linalg.norm(x) * np.linalg.norm(dy)


@settings(max_examples=100, deadline=None)
@given(layer=layers(), p=st.sampled_from([1, 1.5, 2, 3, 4]))
def test_lp_agrees_with_the_definition(layer, p):
    """lppool-dx; no padding, and the tolerance is a few rounding errors of the powers."""
    shape, (kernel, stride, _, ceil_mode), rng = layer
    shape = (*shape[:2], *(max(n, m) for n, m in zip(shape[2:], kernel, strict=True)))
    x = np.where(rng.random(shape) < 0.2, 0.0, rng.standard_normal(shape))
    sizes = kernel, stride, (0, 0), ceil_mode
    dy = rng.standard_normal(out_shape(x, *sizes))

    def norm(values, members):
        return sum(abs(v) ** p for v in values) ** (1 / p)

    def share(values, members, k):
        return np.sign(values[k]) * (abs(values[k]) / (norm(values, members) or 1)) ** (p - 1)

    y, dx = by_definition(x, dy, sizes, norm, share)
    given_sizes = dict(stride=stride, ceil_mode=ceil_mode)
    np.testing.assert_allclose(lp_pool2d(x, p, kernel, **given_sizes), y.astype(float), rtol=1e-12)
    found = lp_pool2d_backward(dy, x, p, kernel, **given_sizes)
    np.testing.assert_allclose(found, dx.astype(float), rtol=1e-10, atol=1e-12)


# --- numbers to check on paper -------------------------------------------------------------------
def test_numbers_of_the_pooling_chapter():
    """The 4×4 map in 2×2 blocks: sum, mean, max, Euclid's norm."""
    assert sum_pool2d(MAP, 2)[0, 0].tolist() == [[10, 8], [4, 11]]
    assert avg_pool2d(MAP, 2)[0, 0].tolist() == [[2.5, 2], [1, 2.75]]
    assert max_pool2d(MAP, 2)[0, 0].tolist() == [[4, 5], [3, 6]]
    assert lp_pool2d(MAP, 2, 2)[0, 0].tolist() == np.sqrt([[30, 30], [10, 45]]).tolist()
    block = lp_pool2d_backward(GAMMA, MAP, 2, 2)[0, 0, :2, :2]
    np.testing.assert_allclose(block, np.array([[1, 3], [4, 2]]) / np.sqrt(30), rtol=1e-15)


def test_without_overlap_the_sum_goes_back_by_upsampling():
    up = [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    assert sum_pool2d_backward(GAMMA, MAP, 2)[0, 0].tolist() == upsample(GAMMA, 2)[0, 0].tolist() == up
    assert avg_pool2d_backward(GAMMA, MAP, 2)[0, 0].tolist() == (np.array(up) / 4).tolist()


def test_max_sends_the_gradient_to_the_winners():
    winners = [[0, 0, 0, 0], [1, 0, 0, 2], [0, 0, 0, 0], [3, 0, 4, 0]]
    assert max_pool2d_backward(GAMMA, MAP, 2)[0, 0].tolist() == winners


def test_ties_go_to_the_first_maximum_in_row_major_order():
    """maxpool-dx: also where the tie is between the end of one row and the start of the next."""
    x = np.array([[0, 7, 7], [7, 7, 7]])[None, None]
    assert max_pool2d_backward(np.array([[[[5]]]]), x, (2, 3))[0, 0].tolist() == [[0, 5, 0], [0, 0, 0]]
    flat = np.zeros((1, 1, 4, 4))
    assert max_pool2d_backward(np.ones((1, 1, 2, 2)), flat, 2)[0, 0].tolist() == [
        [1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0],
    ]  # fmt: skip


def test_a_pixel_that_wins_two_windows_collects_twice():
    x = np.array([[1, 2, 9, 2, 1]])[None, None]
    dx = max_pool2d_backward(np.array([[[[10, 100]]]]), x, (1, 3), stride=2)
    assert dx[0, 0].tolist() == [[0, 0, 110, 0, 0]]


def test_remainder_rows_are_dropped_and_receive_nothing():
    x = np.arange(1, 26).reshape(1, 1, 5, 5)
    for forward, backward, _ in KERNELS.values():
        y = forward(x, 2)
        assert y.shape == (1, 1, 2, 2)
        dx = backward(np.ones_like(y), x, 2)
        assert dx.shape == x.shape and not dx[..., 4, :].any() and not dx[..., 4].any()


def test_ceil_mode_keeps_a_window_that_starts_on_the_image():
    assert output_size(991, 2, stride=2, ceil_mode=True) == 496
    x = np.arange(1.0, 6.0).reshape(1, 1, 1, 5)
    assert max_pool2d(x, (1, 2), ceil_mode=True)[0, 0].tolist() == [[2, 4, 5]]
    assert sum_pool2d(x, (1, 2), ceil_mode=True)[0, 0].tolist() == [[3, 7, 5]]
    assert avg_pool2d(x, (1, 2), ceil_mode=True)[0, 0].tolist() == [[1.5, 3.5, 5]]
    lone = max_pool2d(x[..., :4], (1, 2), stride=(1, 3), padding=(0, 1), ceil_mode=True)
    assert lone[0, 0].tolist() == [[1, 4]]  # a third window would start at pixel 5 of 4


def test_padding_never_wins():
    x = np.full((1, 1, 3, 3), -5)
    for images in (x, x.astype(np.int8), x.astype(float), exact(x)):
        y = max_pool2d(images, 2, padding=1)
        assert (y == -5).all() and y.shape == (1, 1, 2, 2)
        dx = max_pool2d_backward(np.ones_like(y), images, 2, padding=1)
        assert dx.sum() == 4 and dx.shape == x.shape


def test_average_counts_padding_unless_told_not_to():
    x = np.full((1, 1, 2, 2), 4.0)
    assert avg_pool2d(x, 2, padding=1)[0, 0].tolist() == [[1, 1], [1, 1]]
    assert avg_pool2d(x, 2, padding=1, count_include_pad=False)[0, 0].tolist() == [[4, 4], [4, 4]]


def test_members_are_one_number_where_all_windows_agree():
    """avgpool-fwd: counts above 255 do not wrap round, and floats are divided by floats of their kind."""
    x = np.zeros((1, 1, 40, 40), np.uint8)
    layer = pool_geometry(x, 20, None, 10, False)
    assert isinstance(members(layer, x.dtype, True), int) and members(layer, x.dtype, True) == 400
    for dtype, expected in ((np.uint8, float), (bool, float), (np.float32, np.float32)):
        table = members(layer, np.dtype(dtype), False)
        assert table.dtype == expected
        assert table.tolist() == [[100, 200, 100], [200, 400, 200], [100, 200, 100]]


def test_average_is_a_convolution_with_a_constant_kernel():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 1, 7, 6))
    y = conv2d(x, np.full((1, 1, 3, 2), 1 / 6), stride=(2, 1), padding=(1, 0))
    np.testing.assert_allclose(avg_pool2d(x, (3, 2), stride=(2, 1), padding=(1, 0)), y, atol=1e-15)


def test_lp_approaches_sum_and_maximum():
    x = np.abs(np.random.default_rng(0).standard_normal((1, 2, 4, 4)))
    np.testing.assert_allclose(lp_pool2d(x, 1, 2), sum_pool2d(x, 2), rtol=1e-15)
    np.testing.assert_allclose(lp_pool2d(x, 200, 2), max_pool2d(x, 2), rtol=0.01)  # 4**(1/200) < 1.007


def test_lp_of_exact_numbers_is_exact_where_the_root_is():
    y = lp_pool2d(exact(MAP), 1, 2)
    assert y.tolist() == sum_pool2d(exact(MAP), 2).tolist() and type(y.flat[0]) is Fraction
    assert lp_pool2d(exact(np.array([[[[3, 4]]]])), 2, (1, 2)).item() == 5


def test_lp_of_zeros_passes_on_no_gradient():
    assert not lp_pool2d_backward(np.ones((1, 1, 1, 1)), np.zeros((1, 1, 2, 2)), 2, 2).any()


def test_numbers_of_bouvries_subsampling():
    """subsample-fwd and its gradients: β times the block sum plus b."""
    beta, b = np.array([Fraction(1, 2), Fraction(3)]), np.array([1, -1])
    x = exact(np.concatenate([MAP, MAP], axis=1))
    z = subsample2d(x, beta, b, 2)
    assert z[0].tolist() == [[[6, 5], [3, Fraction(13, 2)]], [[29, 23], [11, 32]]]
    dx, dbeta, db = subsample2d_backward(exact(np.concatenate([GAMMA, -GAMMA], axis=1)), x, beta, 2)
    assert dbeta.tolist() == [10 + 16 + 12 + 44, -82] and db.tolist() == [10, -10]
    assert (dx[0, 0] == upsample(GAMMA, 2)[0, 0] * Fraction(1, 2)).all()
    assert (dx[0, 1] == -3 * upsample(GAMMA, 2)[0, 0]).all()


def test_subsampling_drops_what_does_not_fill_a_block():
    x, beta, b = np.ones((2, 3, 5, 7)), np.ones(3), np.zeros(3)
    assert (subsample2d(x, beta, b, (2, 3)) == 6).all()
    dx, _, _ = subsample2d_backward(np.ones((2, 3, 2, 2)), x, beta, (2, 3))
    assert dx.sum() == 2 * 3 * 4 * 6 and not dx[:, :, 4].any() and not dx[..., 6].any()


# --- dtypes, memory, purity ----------------------------------------------------------------------
EVERY = [
    ("max", lambda x: max_pool2d(x, 2), lambda dy, x: max_pool2d_backward(dy, x, 2)),
    ("sum", lambda x: sum_pool2d(x, 2), lambda dy, x: sum_pool2d_backward(dy, x, 2)),
    ("avg", lambda x: avg_pool2d(x, 2), lambda dy, x: avg_pool2d_backward(dy, x, 2)),
    ("lp", lambda x: lp_pool2d(x, 2, 2), lambda dy, x: lp_pool2d_backward(dy, x, 2, 2)),
    ("padded", lambda x: avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False),
     lambda dy, x: avg_pool2d_backward(dy, x, 3, stride=2, padding=1, count_include_pad=False)),
    ("subsample", lambda x: subsample2d(x, np.ones(3, x.dtype), np.ones(3, x.dtype), 2),
     lambda dy, x: subsample2d_backward(dy, x, np.ones(3, x.dtype), 2)[0]),
]  # fmt: skip
every = pytest.mark.parametrize("name, forward, backward", EVERY, ids=[row[0] for row in EVERY])


@every
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_keep_their_precision(name, forward, backward, dtype):
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 6)).astype(dtype)
    y = forward(x)
    assert y.dtype == dtype and backward(y, x).dtype == dtype


@every
def test_a_gradient_wider_than_the_image_stays_wide(name, forward, backward):
    x = np.ones((2, 3, 4, 6), np.float32)
    assert backward(np.ones(forward(x).shape), x).dtype == np.float64


@every
def test_inputs_stay_as_they_were_and_any_memory_will_do(name, forward, backward):
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 6))
    y, dx = forward(x), backward(forward(x), x)
    x.flags.writeable = False
    batch_last = np.ascontiguousarray(x.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2)
    holed = np.zeros((4, 3, 8, 6))[::2, :, ::2]
    holed[...] = x
    for images in (x, batch_last, holed, np.asfortranarray(x)):
        before = images.copy()
        np.testing.assert_allclose(forward(images), y, rtol=1e-15)
        np.testing.assert_allclose(backward(y, images), dx, rtol=1e-15)
        assert np.array_equal(images, before)
    assert not np.shares_memory(forward(x), x)


@every
def test_batch_last_memory_stays_batch_last(name, forward, backward):
    x = np.ones((3, 4, 6, 5)).transpose(3, 0, 1, 2)
    y = forward(x)
    assert y.transpose(1, 2, 3, 0).flags.c_contiguous
    assert backward(y, x).strides[0] == x.itemsize


@every
def test_an_empty_batch_gives_an_empty_batch(name, forward, backward):
    x = np.zeros((0, 3, 4, 6))
    y = forward(x)
    assert y.shape == (0, 3, 2, 3) and backward(y, x).shape == x.shape


def test_a_window_of_one_pixel_copies():
    x = np.arange(4.0).reshape(1, 1, 2, 2)
    for forward, _, _ in KERNELS.values():
        y = forward(x, 1)
        y += 1
        assert x[0, 0, 0, 0] == 0 and np.array_equal(y, x + 1)


def test_narrow_integers_do_not_overflow():
    x = np.full((1, 1, 2, 2), 200, np.uint8)
    assert (
        sum_pool2d(x, 2).item() == 800 and avg_pool2d(x, 2).item() == 200 and lp_pool2d(x, 2, 2).item() == 400
    )
    assert sum_pool2d(np.ones((1, 1, 2, 2), bool), 2).item() == 4
    assert max_pool2d(x, 2).item() == 200 and max_pool2d(x, 2).dtype == np.uint8


def test_a_missing_number_stays_missing():
    x = np.array([[[[np.nan, 1.0], [2.0, 3.0]]]])
    assert np.isnan(max_pool2d(x, 2)).all() and np.isnan(avg_pool2d(x, 2)).all()


# --- messages ------------------------------------------------------------------------------------
X = np.zeros((1, 2, 4, 4))
WRONG = [
    (lambda f: f([[1]], 2), TypeError, "x must be a NumPy array, got list"),
    (lambda f: f(np.zeros((4, 4)), 2), ValueError, r"x must have 4 axes \(N, C, H, W\), got shape \(4, 4\)"),
    (lambda f: f(np.array([[[["a"]]]]), 1), TypeError, "x must hold numbers, got an array of dtype <U1"),
    (
        lambda f: f(np.zeros((1, 0, 4, 4)), 2),
        ValueError,
        r"only the batch may be empty, got x of shape \(1, 0,",
    ),
    (lambda f: f(X, 0), ValueError, "kernel_size must be at least 1, got 0"),
    (lambda f: f(X, 2.0), TypeError, "kernel_size must be an int or a pair of ints, got 2.0 of type float"),
    (lambda f: f(X, True), TypeError, "kernel_size must be an int or a pair of ints, got True"),
    (lambda f: f(X, (1, 2, 3)), ValueError, "kernel_size must be an int or a pair of ints, got 3 values"),
    (lambda f: f(X, None), TypeError, "kernel_size must be an int or a pair of ints, got None"),
    (lambda f: f(X, 5), ValueError, r"the kernel must fit into the padded input: it spans 5 pixels .* of 4"),
    (lambda f: f(X, 2, stride=0), ValueError, "stride must be at least 1, got 0"),
    (lambda f: f(X, 2, stride=(1, -1)), ValueError, "stride must be at least 1, got -1"),
    (lambda f: f(X, 2, stride=float("nan")), TypeError, "stride must be an int or a pair of ints, got nan"),
    (lambda f: f(X, 2, ceil_mode="yes"), TypeError, "ceil_mode must be True or False, got 'yes'"),
]
PADDED = [
    (lambda f: f(X, 2, padding=-1), ValueError, "padding must be at least 0, got -1"),
    (
        lambda f: f(X, 3, padding=2),
        ValueError,
        r"padding must be at most half of kernel_size \(3, 3\), got \(2, 2\)",
    ),
    (lambda f: f(X, 2, padding="same"), TypeError, "padding must be an int or a pair of ints, got 'same'"),
]


def bound(name):
    return {"lp": lambda x, *sizes, **geometry: lp_pool2d(x, 2, *sizes, **geometry)}.get(
        name, getattr(cnnlib, f"{name}_pool2d")
    )


@pytest.mark.parametrize("name", ["max", "sum", "avg", "lp"])
@pytest.mark.parametrize("call, error, sentence", WRONG)
def test_wrong_arguments_are_named(name, call, error, sentence):
    with pytest.raises(error, match=sentence):
        call(bound(name))


@pytest.mark.parametrize("name", ["max", "sum", "avg"])
@pytest.mark.parametrize("call, error, sentence", PADDED)
def test_wrong_padding_is_named(name, call, error, sentence):
    with pytest.raises(error, match=sentence):
        call(bound(name))


@pytest.mark.parametrize("name", ["max", "sum", "avg"])
def test_a_gradient_of_another_shape_is_refused(name):
    backward = KERNELS[name][1]
    for dy in (np.zeros((1, 2, 4, 4)), np.zeros((1, 1, 2, 2)), np.zeros(())):
        sentence = f"dy must have shape (1, 2, 2, 2) like the output, got {dy.shape}"
        with pytest.raises(ValueError, match=re.escape(sentence)):
            backward(dy, X, 2)
    with pytest.raises(TypeError, match="dy must be a NumPy array, got NoneType"):
        backward(None, X, 2)


@pytest.mark.parametrize(
    "call, error, sentence",
    [
        (lambda: max_pool2d(X + 1j, 2), TypeError, "x must be real.*got dtype complex128"),
        (lambda: lp_pool2d(X + 1j, 2, 2), TypeError, "x must be real.*got dtype complex128"),
        (lambda: lp_pool2d(X, 0.5, 2), ValueError, "norm_type must be finite and at least 1, got 0.5"),
        (
            lambda: lp_pool2d(X, float("inf"), 2),
            ValueError,
            "norm_type must be finite and at least 1, got inf",
        ),
        (
            lambda: lp_pool2d(X, float("nan"), 2),
            ValueError,
            "norm_type must be finite and at least 1, got nan",
        ),
        (lambda: lp_pool2d(X, "2", 2), TypeError, "norm_type must be a real number, got '2'"),
        (lambda: lp_pool2d(X, True, 2), TypeError, "norm_type must be a real number, got True"),
        (
            lambda: lp_pool2d_backward(X, X, 2, 2),
            ValueError,
            r"dy must have shape \(1, 2, 2, 2\) like the output",
        ),
        (
            lambda: avg_pool2d(X, 2, count_include_pad=None),
            TypeError,
            "count_include_pad must be True or False",
        ),
        (
            lambda: subsample2d(X, np.ones(3), np.ones(2), 2),
            ValueError,
            r"beta must have shape \(2,\) \(one value",
        ),
        (
            lambda: subsample2d(X, np.ones(2), np.ones(1), 2),
            ValueError,
            r"b must have shape \(2,\) \(one value",
        ),
        (lambda: subsample2d(X, 0.25, np.ones(2), 2), TypeError, "beta must be a NumPy array, got float"),
        (
            lambda: subsample2d_backward(X, X, np.ones(2), 2),
            ValueError,
            r"dy must have shape \(1, 2, 2, 2\) like",
        ),
        (
            lambda: subsample2d_backward(X[..., :2, :2], X, np.ones(1), 2),
            ValueError,
            r"beta must have shape \(2,\)",
        ),
    ],
)
def test_other_wrong_arguments_are_named(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()
