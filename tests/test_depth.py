"""Norms through many layers, against computations that do not use the formulas' own route."""

import numpy as np
import pytest

from cnnlib import (
    Dense,
    Sequential,
    Tanh,
    avg_pool2d_backward,
    conv2d,
    conv2d_backward,
    conv_matrix,
    he,
    xavier,
)

RNG = np.random.default_rng(13)


def test_delta_of_the_first_layer_by_differences():
    """delta-product: nudge each bias of the first of four layers; the loss is a sum of outputs."""
    rng = np.random.default_rng(1)
    dense = [Dense(3, 3, rng=rng, dtype=np.float64) for _ in range(4)]
    net = Sequential(*(layer for one in dense for layer in (one, Tanh())))
    x, h = rng.normal(size=(1, 3)), 1e-6
    net.forward(x)
    net.backward(np.ones((1, 3)))
    delta = net.grads()[1].copy()
    for k in range(3):
        losses = []
        for step in (h, -h):
            dense[0].b[k] = step
            losses.append(net.forward(x).sum())
        dense[0].b[k] = 0
        assert abs((losses[0] - losses[1]) / (2 * h) - delta[k]) < 1e-9


def test_delta_never_exceeds_the_bound():
    """delta-bound: with singular values by NumPy, for tanh networks of many scales; a flat one reaches it."""
    for scale in (0.1, 1.0, 3.0):
        w = [scale * RNG.normal(size=(5, 5)) for _ in range(6)]
        a, z = RNG.normal(size=5), []
        for matrix in w:
            z.append(matrix @ a)
            a = np.tanh(z[-1])
        delta = RNG.normal(size=5)
        for k in range(4, -1, -1):
            bound = np.linalg.svd(w[k + 1])[1][0] * np.linalg.norm(delta)
            delta = (1 - np.tanh(z[k]) ** 2) * (w[k + 1].T @ delta)
            assert np.linalg.norm(delta) <= bound * (1 + 1e-12)
    matrix, top = RNG.normal(size=(4, 4)), RNG.normal(size=4)
    left, values, _ = np.linalg.svd(matrix)
    net = Sequential(Dense(4, 4, rng=RNG, dtype=np.float64), Tanh(), Dense(4, 4, rng=RNG, dtype=np.float64))
    net.layers[2].w[:] = matrix
    net.forward(np.zeros((1, 4)))  # tanh′(0) = 1
    net.backward(left[:, 0][None] * np.linalg.norm(top))
    assert abs(np.linalg.norm(net.grads()[1]) / (values[0] * np.linalg.norm(top)) - 1) < 1e-12


@pytest.mark.parametrize("init, forward, backward", [(xavier, 2 * 300 / 400, 2 * 100 / 400), (he, 2, 2 / 3)])
def test_second_moments_of_a_layer(init, forward, backward):
    """variance-recursion: 300 inputs, 100 outputs, 200 draws; mean squares within 3 %, inputs not centred."""
    there, back = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        w = init((100, 300), rng, np.float64)
        a, delta = rng.exponential(size=300), rng.uniform(size=100)
        there.append(((w @ a) ** 2).mean() / (a**2).mean())
        back.append(((w.T @ delta) ** 2).mean() / (delta**2).mean())
    assert abs(np.mean(there) / forward - 1) < 0.03 and abs(np.mean(back) / backward - 1) < 0.03


def stretch(w, shape, **geometry):
    """Find ‖W‖₂ by running the layer there and back until one picture is left; no matrix is written."""
    x = RNG.normal(size=(1, *shape))
    for _ in range(300):
        x = x / np.linalg.norm(x)
        y = conv2d(x, w, **geometry)
        x = conv2d_backward(y, x, w, **geometry)[0]
    return np.sqrt(np.linalg.norm(x))


@pytest.mark.parametrize("stride, padding", [(1, 0), (1, 1), (2, 0), (2, 1)])
def test_no_picture_is_stretched_more_than_the_taps_add_up_to(stride, padding):
    """conv-norm: by power iteration through the kernels and by singular values; equal signs come close."""
    geometry = dict(stride=stride, padding=padding)
    for kernel in (RNG.normal(size=(1, 1, 3, 3)), RNG.normal(size=(1, 1, 2, 4)), np.ones((1, 1, 3, 3))):
        found = stretch(kernel, (1, 9, 8), **geometry)
        exact = np.linalg.svd(conv_matrix(kernel, (1, 9, 8), **geometry))[1][0]
        assert abs(found / exact - 1) < 1e-3
        assert exact <= np.abs(kernel).sum() * (1 + 1e-12)
    large = np.linalg.norm(conv_matrix(np.ones((1, 1, 3, 3)), (1, 24, 24), padding=1), 2)
    assert 0.97 * 9 < large < 9


@pytest.mark.parametrize("s", [1, 2, 3, 5])
def test_mean_pooling_shrinks_a_gradient_by_its_side(s):
    """avgpool-dx: ‖up(Δ)/s²‖ = ‖Δ‖/s for every Δ."""
    delta = RNG.normal(size=(2, 3, 4, 5))
    back = avg_pool2d_backward(delta, np.zeros((2, 3, 4 * s, 5 * s)), s)
    assert abs(np.linalg.norm(back) * s / np.linalg.norm(delta) - 1) < 1e-12
