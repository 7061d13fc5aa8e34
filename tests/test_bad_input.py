"""Every public kernel refuses every wrong argument with one sentence that names it; nothing is guessed.

A table of valid calls is crossed with values that are wrong for each argument's kind.
"""

import re
import warnings

import numpy as np
import pytest
import sympy

import cnnlib

X, W, B = np.ones((2, 3, 6, 5)), np.ones((4, 3, 2, 3)), np.ones(4)
CONV, POOL = dict(stride=1, padding=0, dilation=1), dict(kernel_size=2, stride=2, padding=0, ceil_mode=False)
LP = {key: value for key, value in POOL.items() if key != "padding"}
AVG = {**POOL, "count_include_pad": True}

VALID = {  # name: arguments of a call that works
    "conv2d": dict(x=X, w=W, b=B, **CONV),
    "conv2d_backward": dict(dy=np.ones((2, 4, 5, 3)), x=X, w=W, **CONV),
    "conv_transpose2d": dict(x=np.ones((2, 4, 5, 3)), w=W, b=np.ones(3), output_padding=0, **CONV),
    "conv_matrix": dict(w=W, input_shape=(3, 6, 5), **CONV),
    "combine_maps": dict(x=X, w=np.ones((3, 2, 3)), scores=np.ones((4, 3)), b=B, **CONV),
    "combine_maps_backward": dict(
        dy=np.ones((2, 4, 5, 3)), x=X, w=np.ones((3, 2, 3)), scores=np.ones((4, 3)), **CONV
    ),
    "receptive_field": dict(windows=[(5, 1), (2, 2)]),
    "output_size": dict(n=7, kernel_size=3, **CONV, ceil_mode=False),
    "rot180": dict(w=W),
    "upsample": dict(x=X, scale=2),
    "dilate": dict(x=X, stride=2),
    "max_pool2d": dict(x=X, **POOL),
    "max_pool2d_backward": dict(dy=np.ones((2, 3, 3, 2)), x=X, **POOL),
    "sum_pool2d": dict(x=X, **POOL),
    "sum_pool2d_backward": dict(dy=np.ones((2, 3, 3, 2)), x=X, **POOL),
    "avg_pool2d": dict(x=X, **AVG),
    "avg_pool2d_backward": dict(dy=np.ones((2, 3, 3, 2)), x=X, **AVG),
    "lp_pool2d": dict(x=X, norm_type=2, **LP),
    "lp_pool2d_backward": dict(dy=np.ones((2, 3, 3, 2)), x=X, norm_type=2, **LP),
    "subsample2d": dict(x=X[..., :4], beta=np.ones(3), b=np.ones(3), kernel_size=2),
    "subsample2d_backward": dict(dy=np.ones((2, 3, 3, 2)), x=X[..., :4], beta=np.ones(3), kernel_size=2),
    **{name: dict(x=X) for name in ("relu", "sigmoid", "tanh", "flatten")},
    **{f"{name}_backward": dict(dy=X, x=X) for name in ("relu", "sigmoid", "tanh")},
    "leaky_relu": dict(x=X, slope=0.1),
    "leaky_relu_backward": dict(dy=X, x=X, slope=0.1),
    "dense": dict(x=np.ones((2, 3)), w=np.ones((4, 3)), b=B),
    "dense_backward": dict(dy=np.ones((2, 4)), x=np.ones((2, 3)), w=np.ones((4, 3))),
    "flatten_backward": dict(dy=np.ones((2, 90)), shape=X.shape),
    "softmax": dict(z=np.ones((2, 4))),
    "softmax_backward": dict(dy=np.ones((2, 4)), z=np.ones((2, 4))),
    "cross_entropy": dict(logits=np.ones((2, 4)), target=np.array([0, 3])),
    "cross_entropy_backward": dict(logits=np.ones((2, 4)), target=np.array([0, 3])),
    "squared_error": dict(a=np.ones((2, 4)), t=np.ones((2, 4))),
    "squared_error_backward": dict(a=np.ones((2, 4)), t=np.ones((2, 4))),
    "xavier": dict(shape=(4, 3), rng=np.random.default_rng(0)),
    "he": dict(shape=(4, 3), rng=np.random.default_rng(0)),
}
SIZES = {"kernel_size", "stride", "padding", "dilation", "output_padding", "scale", "n"}
TRUTHS = {"ceil_mode", "count_include_pad"}
WRONG_ARRAYS = {
    "list": [[1.0, 2.0], [3.0, 4.0]],
    "number": 1.0,
    "string": "x",
    "strings": np.full((2, 2), "x"),
    "dates": np.zeros((2, 2), "M8[s]"),
    "masked": np.ma.ones((2, 3, 6, 5)),
    "SymPy matrix": sympy.eye(2),
    "None": None,
}
WRONG_SIZES = {
    "negative": -1,
    "float": 2.0,
    "nan": float("nan"),
    "infinite": float("inf"),
    "bool": True,
    "string": "2",
    "triple": (1, 2, 3),
    "pair with a float": (1, 1.5),
    "array": np.array([1, 2]),
    "None": None,
}


# Functions of single entries take any number of axes, and then it is dy that does not fit.
ENTRYWISE = ("relu", "leaky_relu", "sigmoid", "tanh")
ANY_AXES = ("rot180", "upsample", "dilate", "flatten", *ENTRYWISE)


def wrong_values(function, name, value):
    """Name values that are wrong for one argument of a call."""
    if name in SIZES:
        wrong = {**WRONG_SIZES, **({} if name in ("padding", "output_padding", "n") else {"zero": 0})}
    elif name in TRUTHS:
        wrong = {"number": 1, "string": "yes", "None": None}
    elif isinstance(value, np.ndarray):
        wrong = {**WRONG_ARRAYS, "one axis more": value[None], "no axis": np.array(1.0)}
        if function in ANY_AXES:
            del wrong["one axis more"]
        if function in ENTRYWISE:
            del wrong["no axis"]
    else:
        wrong = {"string": "x", "None": None}
    if (name == "b" and function != "subsample2d") or (name == "stride" and "pool" in function):
        del wrong["None"]  # it stands for no bias, and for a stride of the window's size
    return wrong


CASES = [
    pytest.param(function, name, wrong, id=f"{function}-{name}-{label}")
    for function, arguments in VALID.items()
    for name, value in arguments.items()
    for label, wrong in wrong_values(function, name, value).items()
]


def test_every_kernel_stands_in_the_table():
    kernels = {name for name in cnnlib.__all__ if name.islower()}
    assert kernels - set(VALID) == {"check_adjoint", "check_vjp", "numerical_vjp", "complex_step_vjp", "fit"}
    assert len(CASES) > 400


@pytest.mark.parametrize("function", VALID)
def test_valid_calls_work(function):
    getattr(cnnlib, function)(**VALID[function])


@pytest.mark.parametrize("function, name, wrong", CASES)
def test_wrong_arguments_are_named(function, name, wrong):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        named = rf"\b({name}|dy)\b" if function.removesuffix("_backward") in ENTRYWISE else rf"\b{name}\b"
        with pytest.raises((TypeError, ValueError), match=named) as caught:
            getattr(cnnlib, function)(**{**VALID[function], name: wrong})
    sentence = str(caught.value)
    assert 15 < len(sentence) < 250 and "\n" not in sentence and "got" in sentence
    assert caught.traceback[-1].path.parent.name == "cnnlib"  # the library noticed, not NumPy


IMAGES, FILTERS = "N, C, H, W", "O, C, Kh, Kw"
AXES = {  # what the sentence says about an array with an axis too many
    "conv2d": dict(x=IMAGES, w=FILTERS),
    "conv2d_backward": dict(x=IMAGES, w=FILTERS),
    "conv_transpose2d": dict(x=IMAGES, w="C, O, Kh, Kw"),
    "conv_matrix": dict(w=FILTERS),
    "combine_maps": dict(x=IMAGES, w="C, Kh, Kw", scores="O, C"),
    "dense": dict(x="N, I", w="O, I"),
    "cross_entropy": dict(logits="N, K"),
    **{f"{name}_pool2d": dict(x=IMAGES) for name in ("max", "sum", "avg", "lp")},
}


@pytest.mark.parametrize("function, name", [(f, name) for f, axes in AXES.items() for name in axes])
def test_axes_are_named_in_order(function, name):
    axes, array = AXES[function][name], VALID[function][name][None]
    sentence = f"{name} must have {array.ndim - 1} axes ({axes}), got shape {array.shape}"
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        getattr(cnnlib, function)(**{**VALID[function], name: array})


REASONS = {  # why an array has to have just that shape
    **{
        (name, "dy"): "like the output"
        for name in VALID
        if name.endswith("_backward") and "dy" in VALID[name]
    },
    **{
        (name, "b"): "(one bias per output channel)"
        for name in ("conv2d", "conv_transpose2d", "combine_maps")
    },
    ("dense", "b"): "(one bias per output)",
    ("subsample2d", "beta"): "(one value per map)",
    ("subsample2d", "b"): "(one value per map)",
    ("subsample2d_backward", "beta"): "(one value per map)",
    ("cross_entropy", "target"): "(one class per row of the logits)",
    ("squared_error", "t"): "like a",
    ("flatten_backward", "dy"): f"to fill a batch of shape {X.shape}",
}


@pytest.mark.parametrize("function, name", REASONS)
def test_reasons_of_shapes_are_told(function, name):
    array = VALID[function][name]
    twice = np.concatenate([array, array])
    sentence = f"{name} must have shape {array.shape} {REASONS[function, name]}, got {twice.shape}"
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        getattr(cnnlib, function)(**{**VALID[function], name: twice})


# Lengths that a call may change in one argument alone: the batch, and an image or window that fits anyway.
FREE = {
    *((function, "x", 0) for function in ("conv2d", "conv_transpose2d", "subsample2d", "dense")),
    ("combine_maps", "x", 0),
    *(("combine_maps", "w", axis) for axis in (1, 2)),
    *((function, "w", axis) for function in ("conv2d", "conv_transpose2d") for axis in (2, 3)),
    *(("conv_transpose2d", "x", axis) for axis in (2, 3)),
}
LENGTHS = [
    pytest.param(function, name, axis, id=f"{function}-{name}-axis {axis}")
    for function, arguments in VALID.items()
    for name, value in arguments.items()
    if isinstance(value, np.ndarray) and sum(isinstance(v, np.ndarray) for v in arguments.values()) > 1
    for axis in range(value.ndim)
    if (function, name, axis) not in FREE
]


@pytest.mark.parametrize("function, name, axis", LENGTHS)
def test_lengths_of_one_are_not_broadcast(function, name, axis):
    """Shapes that do not belong together are refused, also where NumPy would stretch a length of 1."""
    arguments = dict(VALID[function])
    arguments[name] = np.take(arguments[name], [0], axis)
    with pytest.raises(ValueError, match="got"):
        getattr(cnnlib, function)(**arguments)


@pytest.mark.parametrize("function, name, axis", sorted(FREE))
def test_free_lengths_are_free(function, name, axis):
    arguments = dict(VALID[function])
    arguments[name] = np.take(arguments[name], [0], axis)
    getattr(cnnlib, function)(**arguments)
