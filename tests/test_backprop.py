"""Back-propagation against computations that know nothing of it: the complex step and sums over paths."""

from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest

from cnnlib import Dense, ReLU, Sequential, Sigmoid, Tanh, squared_error, squared_error_backward

RNG = np.random.default_rng(7)


def built(sizes, activation, dtype=float):
    """Return a network of dense layers with an activation after each, and its dense layers."""
    dense = [Dense(i, o, rng=RNG) for i, o in pairwise(sizes)]
    for layer in dense:
        layer.w, layer.b = (RNG.normal(size=a.shape).astype(dtype) for a in (layer.w, layer.b))
    return Sequential(*(part for layer in dense for part in (layer, activation()))), dense


@pytest.mark.parametrize("activation", [Sigmoid, Tanh])
@pytest.mark.parametrize("sizes", [(2, 3, 2), (3, 4, 2, 5), (1, 1, 1), (4, 2, 3, 1)], ids=str)
@pytest.mark.parametrize("samples", [1, 6])
def test_every_parameter_against_the_complex_step(sizes, activation, samples):
    """backprop, backprop-output, backprop-weight, backprop-vector, backprop-batch: to rounding error."""
    net, dense = built(sizes, activation, complex)
    x, t = RNG.normal(size=(samples, sizes[0])), RNG.normal(size=(samples, sizes[-1]))
    net.backward(squared_error_backward(net.forward(x + 0j), t + 0j))
    found = [(layer, name, getattr(layer, f"d{name}").real.copy()) for layer in dense for name in "wb"]
    for layer, name, slopes in found:
        values = getattr(layer, name)
        for at in np.ndindex(values.shape):
            values[at] += 1e-30j
            a = net.forward(x + 0j) - t
            slope = ((a * a).sum() / 2 / samples).imag / 1e-30
            values[at] -= 1e-30j
            assert abs(slope - slopes[at]) <= 1e-13 * (1 + abs(slope)), (name, at)


@pytest.mark.parametrize("sizes", [(2, 3, 2), (2, 3, 4, 2), (1, 2, 2, 2, 1)], ids=str)
def test_the_gradient_of_an_input_is_the_sum_over_all_paths(sizes):
    """backprop, backprop-paths: with ReLU a path is a product of weights along active units; exactly."""
    net, dense = built(sizes, ReLU)
    for layer in dense:
        layer.w, layer.b = (np.vectorize(Fraction)(RNG.integers(-4, 6, a.shape)) for a in (layer.w, layer.b))
    x = np.vectorize(Fraction)(RNG.integers(1, 5, (1, sizes[0])))
    t = np.vectorize(Fraction)(RNG.integers(-3, 4, (1, sizes[-1])))
    active, a = [], x
    for layer in dense:
        a = np.maximum(a @ layer.w.T + layer.b, 0)
        active.append(a[0] > 0)
    assert (net.forward(x) == a).all()
    dx = net.backward(squared_error_backward(a, t))
    for i in range(sizes[0]):
        total = Fraction(0)
        for path in product(*map(range, sizes[1:])):
            steps = zip(dense, path, (i, *path), strict=False)
            factors = [layer.w[to, source] for layer, to, source in steps]
            alive = all(on[j] for on, j in zip(active, path, strict=True))
            total += alive * np.prod(factors) * (a[0, path[-1]] - t[0, path[-1]])
        assert dx[0, i] == total


def test_the_loss_is_the_mean_so_its_gradient_is_divided_once():
    """backprop-batch: the gradient of the batch is the mean of the samples' gradients."""
    net, [layer, _] = built((3, 2, 2), Tanh)
    x, t = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))
    each = []
    for n in range(5):
        net.backward(squared_error_backward(net.forward(x[[n]]), t[[n]]))
        each.append(layer.dw.copy())
    y = net.forward(x)
    net.backward(squared_error_backward(y, t))
    np.testing.assert_allclose(layer.dw, np.mean(each, axis=0), rtol=0, atol=1e-14)
    assert np.isclose(squared_error(y, t), ((y - t) ** 2).sum() / 10)
