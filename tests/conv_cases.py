"""Convolution layers that tests share: one of each kind, filled with numbers."""

import pytest
from oracles import conv2d_loops

PLAIN = {"stride": 1, "padding": 0, "dilation": 1}
CASES = {
    "plain": ((2, 3, 5, 6), (4, 3, 2, 3), PLAIN),
    "1x1 kernel": ((2, 3, 4, 5), (2, 3, 1, 1), PLAIN),
    "1x1 kernel, strided": ((2, 3, 5, 4), (2, 3, 1, 1), {**PLAIN, "stride": 2}),
    "kernel as large as the input": ((2, 2, 4, 3), (3, 2, 4, 3), PLAIN),
    "kernel larger than the unpadded input": ((1, 2, 2, 3), (2, 2, 5, 4), {**PLAIN, "padding": (2, 1)}),
    "single pixel": ((1, 1, 1, 1), (1, 1, 1, 1), PLAIN),
    "single row": ((3, 2, 1, 7), (2, 2, 1, 3), PLAIN),
    "stride that divides": ((2, 1, 7, 7), (2, 1, 3, 3), {**PLAIN, "stride": 2}),
    "stride that leaves rows over": ((2, 2, 8, 9), (1, 2, 3, 2), {**PLAIN, "stride": 3}),
    "stride beyond the kernel": ((1, 1, 8, 7), (2, 1, 2, 2), {**PLAIN, "stride": (4, 3)}),
    "same padding": ((2, 2, 5, 4), (3, 2, 3, 3), {**PLAIN, "padding": 1}),
    "padding beyond the kernel": ((1, 1, 3, 3), (1, 1, 2, 2), {**PLAIN, "padding": 3}),
    "dilated": ((1, 2, 7, 8), (2, 2, 3, 2), {**PLAIN, "dilation": (2, 4)}),
    "all unequal": ((2, 3, 9, 11), (4, 3, 2, 3), {"stride": (3, 2), "padding": (2, 1), "dilation": (1, 3)}),
    "all unequal, exchanged": (
        (2, 3, 11, 9),
        (4, 3, 3, 2),
        {"stride": (2, 3), "padding": (1, 2), "dilation": (3, 1)},
    ),
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
# float64 sums of at most a few hundred products of numbers around 1 lose at most a few hundred times 1e-16.
EXACT = {"rtol": 0, "atol": 1e-12}


def draw(case, rng, dtype=float):
    """Fill a layer with normal numbers: x, w, b, dy and the geometry."""
    x_shape, w_shape, geometry = case
    x, w = rng.standard_normal(x_shape).astype(dtype), rng.standard_normal(w_shape).astype(dtype)
    b = rng.standard_normal(w_shape[0]).astype(dtype)
    y = conv2d_loops(x, w, b, **geometry)
    return x, w, b, rng.standard_normal(y.shape).astype(dtype), geometry
