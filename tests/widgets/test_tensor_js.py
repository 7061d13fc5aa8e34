"""The widgets' JavaScript in Node, against arrays written by the Python kernels over every slider setting."""

import itertools

import numpy as np
import pytest
from node import run_tests

from cnnlib import conv2d, conv2d_backward, dilate, output_size, rot180
from cnnlib.widgets.base import counting, resize

RNG = np.random.default_rng(5)


def whole(*shape):
    return RNG.integers(-9, 10, shape)


def rows(array):
    return np.asarray(array)[0, 0].tolist()


def backward_case(n, m, stride):
    """One setting of ConvBackward's sliders: conv-fwd, conv-dx, conv-dw."""
    x, w = whole(1, 1, n, n), whole(1, 1, m, m)
    y = conv2d(x, w, stride=stride)
    delta = whole(*y.shape)
    dx, dw, _ = conv2d_backward(delta, x, w, stride=stride)
    arrays = dict(x=x, w=w, delta=delta, y=y, dx=dx, dw=dw)
    return dict(n=n, m=m, stride=stride, **{name: rows(a) for name, a in arrays.items()})


def stepper_case(n, m, stride, padding, turned):
    """One setting of ConvStepper's sliders: conv-fwd, out-size."""
    x, w = whole(1, 1, n, n), whole(1, 1, m, m)
    y = conv2d(x, rot180(w) if turned else w, stride=stride, padding=padding)
    size = output_size(n, m, stride=stride, padding=padding)
    return dict(
        n=n, m=m, stride=stride, padding=padding, turned=turned, size=size, x=rows(x), w=rows(w), y=rows(y)
    )


def stepper_settings():
    for n, m, stride, turned in itertools.product(range(2, 9), range(1, 6), (1, 2, 3), (False, True)):
        for padding in sorted({0, m - 1} | ({(m - 1) // 2} if m % 2 else set())):
            if m <= n + 2 * padding:
                yield n, m, stride, padding, turned


def rectangle_case():
    stride, padding = (int(v) for v in RNG.integers((1, 0), (4, 3)))
    x, w = whole(1, 1, *RNG.integers(4, 8, 2)), whole(1, 1, *RNG.integers(1, 5, 2))
    return dict(
        x=rows(x),
        w=rows(w),
        stride=stride,
        padding=padding,
        y=rows(conv2d(x, w, stride=stride, padding=padding)),
    )


def move_case(stride):
    a = whole(1, 1, 2, 3)
    return dict(a=rows(a), stride=stride, turned=rows(rot180(a)), spread=rows(dilate(a, stride)))


def resize_case(array, size):
    return dict(rows=array, size=size, resized=resize(array, size))


def every_case():
    """Gather the settings of all sliders, as Node reads them."""
    sizes = itertools.product(range(2, 7), range(1, 5), (1, 2, 3))
    return {
        "backward": [backward_case(*setting) for setting in sizes if setting[1] <= setting[0]],
        "stepper": [stepper_case(*setting) for setting in stepper_settings()],
        "rectangles": [rectangle_case() for _ in range(40)],
        "moves": [move_case(stride) for stride in (1, 2, 3)],
        "resized": [
            resize_case(a, size)
            for a in ([[1]], counting(3), [[5, 1], [0, 2]])
            for size in range(1, 6)
        ],
    }


@pytest.fixture(scope="module")
def cases():
    return every_case()


@pytest.mark.parametrize("module", ["tensor", "draw"])
def test_modules_in_node(cases, module, tmp_path):
    run_tests(module, cases, tmp_path)
