"""Learned combinations of maps: the definition as loops, the complex step, and every wrong argument."""

import numpy as np
import pytest
from scipy.signal import correlate2d
from scipy.special import softmax as scipy_softmax

from cnnlib import combine_maps, combine_maps_backward, conv2d, softmax
from cnnlib.gradcheck import complex_step_vjp


def by_definition(x, w, scores, b, stride, padding, dilation):
    """map-combination: SciPy's correlation and softmax, one output map after the other."""
    taps = np.zeros((len(w), *(dilation * (np.array(w.shape[1:]) - 1) + 1)))
    taps[:, ::dilation, ::dilation] = w
    alpha, framed = scipy_softmax(scores, axis=1), np.pad(x, [(0, 0)] * 2 + [(padding, padding)] * 2)
    each = np.array([[correlate2d(m, k, mode="valid") for m, k in zip(s, taps, strict=True)] for s in framed])
    each = each[..., ::stride, ::stride]
    return np.array([[(alpha[o] * s.T).T.sum(0) + b[o] for o in range(len(b))] for s in each])


GEOMETRIES = [(1, 0, 1), (2, 1, 1), (1, 2, 2), (3, 0, 1)]


@pytest.mark.parametrize("stride, padding, dilation", GEOMETRIES)
def test_forward_is_the_definition(stride, padding, dilation):
    """map-combination"""
    rng = np.random.default_rng(stride)
    x, w, scores, b = (rng.normal(size=s) for s in ((2, 3, 7, 6), (3, 2, 3), (4, 3), 4))
    z = combine_maps(x, w, scores, b, stride=stride, padding=padding, dilation=dilation)
    expected = by_definition(x, w, scores, b, stride, padding, dilation)
    np.testing.assert_allclose(z, expected, rtol=0, atol=1e-12)  # a few rounding errors


@pytest.mark.parametrize("stride, padding, dilation", GEOMETRIES)
def test_backward_agrees_with_the_complex_step(stride, padding, dilation):
    """map-combination-ds, conv-dx, conv-dw: all four gradients."""
    rng, geometry = np.random.default_rng(7), dict(stride=stride, padding=padding, dilation=dilation)
    x, w, scores, b = (rng.normal(size=s) for s in ((2, 3, 7, 6), (3, 2, 3), (2, 3), 2))
    dy = rng.normal(size=combine_maps(x, w, scores, b, **geometry).shape)
    found = combine_maps_backward(dy, x, w, scores, **geometry)

    def run(x, w, scores, b):
        return combine_maps(x, w, scores, b, **geometry)

    expected = complex_step_vjp(run, (x, w, scores, b), dy)
    for a, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, e, rtol=0, atol=1e-11)


def test_equal_scores_take_the_mean_and_one_high_score_takes_one_map():
    x, w = np.arange(18.0).reshape(1, 2, 3, 3), np.array([[[1.0]], [[3.0]]])
    even = combine_maps(x, w, np.zeros((1, 2)))
    assert np.allclose(even[:, 0], (x[:, 0] + 3 * x[:, 1]) / 2, rtol=0, atol=1e-13)
    one = combine_maps(x, w, np.array([[0.0, 800.0]]))
    assert (one[:, 0] == 3 * x[:, 1]).all()


def test_it_is_a_convolution_whose_kernels_are_tied():
    """map-combination, conv-1x1: K[o, c] = α[o, c] K[c]."""
    rng = np.random.default_rng(0)
    x, w, scores = (rng.normal(size=s) for s in ((2, 3, 5, 5), (3, 2, 2), (4, 3)))
    tied = softmax(scores)[:, :, None, None] * w
    np.testing.assert_allclose(combine_maps(x, w, scores), conv2d(x, tied), rtol=0, atol=1e-12)


def test_float32_stays_float32():
    arrays = (np.ones((1, 2, 3, 3)), np.ones((2, 2, 2)), np.zeros((1, 2)))
    x, w, scores = (a.astype(np.float32) for a in arrays)
    z = combine_maps(x, w, scores)
    gradients = combine_maps_backward(z, x, w, scores)
    assert z.dtype == np.float32 and {g.dtype for g in gradients} == {np.dtype(np.float32)}


def test_an_empty_batch_has_shapes():
    x, w, scores = np.zeros((0, 2, 4, 4)), np.ones((2, 3, 3)), np.zeros((5, 2))
    assert combine_maps(x, w, scores).shape == (0, 5, 2, 2)
    dx, dw, dscores, db = combine_maps_backward(np.zeros((0, 5, 2, 2)), x, w, scores)
    assert (dx.shape, dw.shape, dscores.shape, db.shape) == (x.shape, w.shape, scores.shape, (5,))
    assert not dw.any() and not dscores.any()


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ((np.ones((1, 3, 4, 4)), np.ones((2, 2, 2)), np.ones((1, 3))), r"one kernel for each of the 3 maps"),
        (
            (np.ones((1, 3, 4, 4)), np.ones((3, 2, 2)), np.ones((1, 2))),
            r"scores must have one column .* 3 maps",
        ),
        (
            (np.ones((1, 3, 4, 4)), np.ones((3, 2, 2)), np.ones((0, 3))),
            r"only the batch may be empty, got w \(3, 2, 2\) and scores \(0, 3\)",
        ),
        (
            (np.ones((1, 3, 4, 4)), np.ones((3, 0, 2)), np.ones((1, 3))),
            r"only the batch may be empty, got w \(3, 0, 2\) and scores \(1, 3\)",
        ),
        ((np.ones((1, 3, 4, 4)), np.ones((3, 5, 2)), np.ones((1, 3))), r"kernel must fit"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        combine_maps(*arguments)
