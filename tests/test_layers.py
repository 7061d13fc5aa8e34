"""Layers do what their kernels do, remember what they must, and say so when they cannot go back."""

import inspect
import re

import numpy as np
import pytest

import cnnlib
from cnnlib import (
    AvgPool2d,
    Concat,
    Conv2d,
    Dense,
    Flatten,
    LeakyReLU,
    LpPool2d,
    MaxPool2d,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Subsample2d,
    SumPool2d,
    Tanh,
    xavier,
)


def rng():
    return np.random.default_rng(5)


ODD = dict(stride=(2, 1), padding=(1, 0))
# Layer, kernel, further arguments of the kernel as (positional, by keyword).
LAYERS = [
    (MaxPool2d(2), "max_pool2d", (2,), {}),
    (MaxPool2d((3, 2), **ODD, ceil_mode=True), "max_pool2d", ((3, 2),), dict(ODD, ceil_mode=True)),
    (SumPool2d((3, 2), **ODD), "sum_pool2d", ((3, 2),), ODD),
    (AvgPool2d((3, 2), **ODD), "avg_pool2d", ((3, 2),), ODD),
    (
        AvgPool2d(2, padding=1, count_include_pad=False),
        "avg_pool2d",
        (2,),
        dict(padding=1, count_include_pad=False),
    ),
    (AvgPool2d((3, 2), **ODD, ceil_mode=True), "avg_pool2d", ((3, 2),), dict(ODD, ceil_mode=True)),
    (LpPool2d(2, 1, stride=1), "lp_pool2d", (2, 1), dict(stride=1)),
    (
        LpPool2d(3, (3, 2), stride=(2, 1), ceil_mode=True),
        "lp_pool2d",
        (3, (3, 2)),
        dict(stride=(2, 1), ceil_mode=True),
    ),
    (ReLU(), "relu", (), {}),
    (LeakyReLU(slope=0.2), "leaky_relu", (), dict(slope=0.2)),
    (Sigmoid(), "sigmoid", (), {}),
    (Tanh(), "tanh", (), {}),
]


@pytest.mark.parametrize("layer, kernel, sizes, geometry", LAYERS, ids=lambda value: repr(value)[:40])
def test_layers_without_parameters_do_what_their_kernels_do(layer, kernel, sizes, geometry):
    x = rng().standard_normal((2, 3, 6, 5))
    y = getattr(cnnlib, kernel)(x, *sizes, **geometry)
    dy = rng().standard_normal(y.shape)
    assert np.array_equal(layer(x), y)
    dx = getattr(cnnlib, f"{kernel}_backward")(dy, x, *sizes, **geometry)
    np.testing.assert_allclose(layer.backward(dy), dx, rtol=1e-15)
    assert layer.params() == layer.grads() == []


def test_conv2d():
    layer = Conv2d(3, 4, (3, 2), rng=rng(), stride=(2, 1), padding=1, dilation=(1, 2), dtype=np.float64)
    layer.b[...] = rng().standard_normal(4)
    x, geometry = rng().standard_normal((2, 3, 7, 6)), dict(stride=(2, 1), padding=1, dilation=(1, 2))
    y = cnnlib.conv2d(x, layer.w, layer.b, **geometry)
    dy = rng().standard_normal(y.shape)
    assert np.array_equal(layer(x), y)
    expected = cnnlib.conv2d_backward(dy, x, layer.w, **geometry)
    for found, gradient in zip((layer.backward(dy), *layer.grads()), expected, strict=True):
        np.testing.assert_allclose(found, gradient, rtol=1e-12, atol=1e-13)


def test_dense():
    layer, x, dy = Dense(3, 4, rng=rng(), dtype=np.float64), rng().standard_normal((5, 3)), np.ones((5, 4))
    assert np.array_equal(layer(x), cnnlib.dense(x, layer.w, layer.b))
    expected = cnnlib.dense_backward(dy, x, layer.w)
    assert all(map(np.array_equal, (layer.backward(dy), *layer.grads()), expected))


def test_subsample2d():
    layer, x = Subsample2d(3, (2, 1), dtype=np.float64), rng().standard_normal((2, 3, 4, 4))
    assert np.array_equal(layer(x), cnnlib.avg_pool2d(x, (2, 1)))  # as it starts
    layer.beta[...], layer.b[...] = [1, 2, 3], [4, 5, 6]
    z = layer(x)
    assert np.array_equal(z, cnnlib.subsample2d(x, layer.beta, layer.b, (2, 1)))
    expected = cnnlib.subsample2d_backward(z, x, layer.beta, (2, 1))
    assert all(map(np.array_equal, (layer.backward(z), *layer.grads()), expected))


def test_flatten():
    layer, x = Flatten(), rng().standard_normal((2, 3, 2, 2))
    assert np.array_equal(layer(x), x.reshape(2, 12))
    assert np.array_equal(layer.backward(layer(x)), x)


@pytest.mark.parametrize("layer", [Conv2d(1, 2, 3, rng=rng()), Dense(4, 2, rng=rng())], ids=repr)
def test_the_first_layer_may_leave_its_input_gradient_out(layer):
    x = np.ones((2, 1, 5, 5) if isinstance(layer, Conv2d) else (2, 4), np.float32)
    y = layer(x)
    assert layer.backward(y) is not None
    full = [gradient.copy() for gradient in layer.grads()]
    layer(x)
    assert layer.backward(y, with_dx=False) is None
    assert all(map(np.array_equal, layer.grads(), full))


@pytest.mark.parametrize("kind, sizes", [(Conv2d, (1, 2, 3)), (Dense, (4, 2))])
def test_without_bias(kind, sizes):
    layer = kind(*sizes, rng=rng(), bias=False)
    x = np.ones((2, 1, 5, 5) if isinstance(layer, Conv2d) else (2, 4), np.float32)
    layer.backward(layer(x))
    assert layer.b is None
    assert (
        [array.shape for array in layer.params()]
        == [layer.w.shape]
        == [array.shape for array in layer.grads()]
    )


def test_parameters_are_drawn_by_init_from_rng_in_the_dtype_asked_for():
    layer = Conv2d(2, 3, (4, 5), rng=rng(), init=xavier, dtype=np.float64)
    assert np.array_equal(layer.w, xavier((3, 2, 4, 5), rng(), np.float64)) and not layer.b.any()
    assert Dense(2, 3, rng=rng()).w.dtype == Dense(2, 3, rng=rng()).b.dtype == np.float32
    assert Subsample2d(2, 2).beta.tolist() == [0.25, 0.25]
    for dtype in (np.float16, np.float32, np.float64):
        layers = Conv2d(1, 1, 1, rng=rng(), dtype=dtype), Subsample2d(2, 2, dtype=dtype)
        assert {array.dtype for layer in layers for array in layer.params()} == {np.dtype(dtype)}


def test_params_are_the_arrays_themselves():
    layer = Dense(2, 1, rng=rng())
    layer.params()[0][...] = [[3, 4]]
    assert layer(np.ones((1, 2), np.float32)).item() == 7


def test_layers_write_themselves_as_they_were_called():
    pairs = [
        (Conv2d(1, 8, 3, rng=rng(), padding=1), "Conv2d(1, 8, 3, padding=1)"),
        (Conv2d(1, 8, (3, 3), rng=rng(), stride=(1, 1)), "Conv2d(1, 8, 3)"),
        (Conv2d(1, 8, (3, 5), rng=rng(), stride=2, bias=False), "Conv2d(1, 8, (3, 5), stride=2, bias=False)"),
        (MaxPool2d(2), "MaxPool2d(2)"),
        (MaxPool2d(3, stride=(2, 1), ceil_mode=True), "MaxPool2d(3, stride=(2, 1), ceil_mode=True)"),
        (AvgPool2d(2, count_include_pad=False), "AvgPool2d(2, count_include_pad=False)"),
        (AvgPool2d(2, ceil_mode=True), "AvgPool2d(2, ceil_mode=True)"),
        (LpPool2d(2, 3), "LpPool2d(2, 3)"),
        (Residual(Flatten()), "Residual(Flatten())"),
        (LeakyReLU(slope=0.2), "LeakyReLU(slope=0.2)"),
        (Subsample2d(6, 2), "Subsample2d(6, 2)"),
        (Dense(4, 2, rng=rng(), init=xavier), "Dense(4, 2)"),
        (Flatten(), "Flatten()"),
    ]
    assert [repr(layer) for layer, _ in pairs] == [text for _, text in pairs]


FRESH = [
    Conv2d(1, 1, 1, rng=rng()), Dense(1, 1, rng=rng()), Flatten(), MaxPool2d(2), SumPool2d(2), AvgPool2d(2),
    LpPool2d(2, 2), Subsample2d(1, 2), ReLU(), LeakyReLU(), Sigmoid(), Tanh(),
]  # fmt: skip


@pytest.mark.parametrize("layer", FRESH, ids=repr)
def test_no_way_back_without_a_way_there(layer):
    with pytest.raises(
        RuntimeError, match=rf"{type(layer).__name__} remembers no input: call forward before backward"
    ):
        layer.backward(np.zeros((1, 1, 1, 1)))
    if layer.trainable:
        with pytest.raises(
            RuntimeError, match=rf"{type(layer).__name__} has no gradients yet: call backward"
        ):
            layer.grads()


@pytest.mark.parametrize(
    "call, error, sentence",
    [
        (lambda: Conv2d(0, 1, 3, rng=rng()), ValueError, "in_channels must be at least 1, got 0"),
        (lambda: Conv2d(1, 1.5, 3, rng=rng()), TypeError, "out_channels must be an int"),
        (
            lambda: Conv2d(1, 1, (1, 2, 3), rng=rng()),
            ValueError,
            "kernel_size must be an int or a pair of ints",
        ),
        (lambda: Conv2d(1, 1, 3, rng=rng(), dilation=0), ValueError, "dilation must be at least 1, got 0"),
        (lambda: Conv2d(1, 1, 3, rng=rng(), bias=1), TypeError, "bias must be True or False, got 1"),
        (lambda: Dense(1, 1, rng=rng(), bias=1), TypeError, "bias must be True or False, got 1"),
        (lambda: MaxPool2d(2, padding=-1), ValueError, "padding must be at least 0, got -1"),
        (lambda: MaxPool2d(2, ceil_mode=1), TypeError, "ceil_mode must be True or False, got 1"),
        (
            lambda: AvgPool2d(2, count_include_pad=1),
            TypeError,
            "count_include_pad must be True or False, got 1",
        ),
        (lambda: LpPool2d(2, 0), ValueError, "kernel_size must be at least 1, got 0"),
        (lambda: LpPool2d(2, 2, stride=0), ValueError, "stride must be at least 1, got 0"),
        (lambda: LpPool2d(2, 2, ceil_mode=1), TypeError, "ceil_mode must be True or False, got 1"),
        (lambda: Subsample2d(1, 0), ValueError, "kernel_size must be at least 1, got 0"),
        (lambda: LeakyReLU(slope="1"), TypeError, "slope must be a real number, got '1'"),
        (lambda: Conv2d(1, 1, 3, rng=rng(), stride=0), ValueError, "stride must be at least 1, got 0"),
        (lambda: Conv2d(1, 1, 3, rng=rng(), padding=-1), ValueError, "padding must be at least 0, got -1"),
        (lambda: Conv2d(1, 1, 3, rng=0), TypeError, "rng must be a numpy.random.Generator, got int"),
        (lambda: Conv2d(1, 1, 3, rng=rng(), dtype=int), TypeError, "dtype must be floating, got int64"),
        (lambda: Dense(1, 0, rng=rng()), ValueError, "out_features must be at least 1, got 0"),
        (lambda: Dense("1", 1, rng=rng()), TypeError, "in_features must be an int"),
        (lambda: MaxPool2d(0), ValueError, "kernel_size must be at least 1, got 0"),
        (lambda: AvgPool2d(2, stride=-1), ValueError, "stride must be at least 1, got -1"),
        (lambda: Subsample2d(0, 2), ValueError, "channels must be at least 1, got 0"),
        (
            lambda: Conv2d(2, 1, 3, rng=rng())(np.zeros((1, 3, 4, 4))),
            ValueError,
            "x has C = 3 channels but w expects 2",
        ),
        (lambda: Dense(2, 1, rng=rng())(np.zeros((1, 3))), ValueError, "x has 3 inputs but w expects 2"),
    ],
)
def test_wrong_arguments_are_named(call, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}"):
        call()


@pytest.mark.parametrize(
    "layer", [*FRESH, *(kind(ReLU()) for kind in (Residual, Concat, Sequential))], ids=repr
)
def test_the_input_gradient_is_computed_unless_refused(layer):
    assert inspect.signature(layer.backward).parameters["with_dx"].default is True


@pytest.mark.parametrize("layer", FRESH, ids=repr)
def test_a_failed_forward_leaves_the_layer_as_it_was(layer):
    with pytest.raises((TypeError, ValueError)):
        layer.forward(None)
    with pytest.raises(RuntimeError, match="call forward before backward"):
        layer.backward(np.zeros((1, 1, 1, 1)))
