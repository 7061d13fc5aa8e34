"""Nine backward passes that are wrong: the mistakes people make, kept for study.

Each returns arrays of the right shapes, and each is right on some inputs. `MISTAKES` says where it is met;
`INPUTS` names the inputs that hide one mistake or another; `case` builds the small layer on which chapter 10
and the tests try every check. The library's layers call none of them; `planted` puts them into networks.
"""

from typing import NamedTuple

import numpy as np

from cnnlib import pool
from cnnlib.checks import require_choice
from cnnlib.conv import conv2d, conv2d_backward
from cnnlib.dense import flatten, flatten_backward
from cnnlib.windows import pair, rot180


def kernel_not_turned(dy, x, w):
    """Slide the kernel itself over the padded dy, where ``conv-dx`` slides the turned one."""
    _, dw, db = conv2d_backward(dy, x, w)
    return conv2d(dy, w.swapaxes(0, 1), padding=_border(w)), dw, db


def batch_axis_flipped(dy, x, w):
    """Turn the images for the kernel's gradient, and the order of the samples with them."""
    dx, dw, db = conv2d_backward(dy, x, w)
    turned = x[::-1, :, ::-1, ::-1]
    dw = conv2d(turned.swapaxes(0, 1), rot180(dy).swapaxes(0, 1)).swapaxes(0, 1)
    return dx, rot180(dw), db


def valid_for_full(dy, x, w):
    """Slide without padding, and put zeros around the result until it has the shape of x."""
    _, dw, db = conv2d_backward(dy, x, w)
    (top, left), dx = _border(w), np.zeros(x.shape, dy.dtype)
    if dy.shape[2] > top and dy.shape[3] > left:
        inside = np.s_[:, :, top : x.shape[2] - top, left : x.shape[3] - left]
        dx[inside] = conv2d(dy, rot180(w).swapaxes(0, 1))
    return dx, dw, db


def wrong_sum_over_maps(dy, x, w):
    """Sum over the axis of w that the forward pass summed over, where ``conv-dx`` sums over the other."""
    _, dw, db = conv2d_backward(dy, x, w)
    return conv2d(dy, rot180(w), padding=_border(w)), dw, db


def overwritten(dy, x, kernel_size, *, stride=None, ceil_mode=False):
    """Write each share of a mean with ``=`` where windows overlap and ``+=`` is needed."""
    dx = np.zeros(x.shape, dy.dtype)
    members = np.prod(pair("kernel_size", kernel_size, 1))
    for tap in _taps(dy, kernel_size, stride):
        dx[tap] = dy / int(members)
    return dx


def remainder_dropped(dy, x, kernel_size, *, stride=None, ceil_mode=True):
    """Share out the gradients of the whole blocks of a mean only, not those of partly filled ones."""
    dx, size = np.zeros(x.shape, dy.dtype), pair("kernel_size", kernel_size, 1)
    rows, columns = (n // s for n, s in zip(x.shape[2:], size, strict=True))
    whole = np.s_[:, :, : rows * size[0], : columns * size[1]]
    dx[whole] = pool.avg_pool2d_backward(dy[:, :, :rows, :columns], x[whole], kernel_size)
    return dx


def missing_divisor(dy, x, kernel_size, *, stride=None, ceil_mode=False):
    """Copy dy to every pixel of its window as for a sum, though the forward pass took the mean."""
    return pool.sum_pool2d_backward(dy, x, kernel_size, stride=stride, ceil_mode=ceil_mode)


def tie_counted_twice(dy, x, kernel_size, *, stride=None, ceil_mode=False):
    """Give the whole gradient to every pixel that equals the maximum, not to one of them."""
    y = pool.max_pool2d(x, kernel_size, stride=stride)
    dx = np.zeros(x.shape, dy.dtype)
    for tap in _taps(dy, kernel_size, stride):
        dx[tap] += dy * (x[tap] == y)
    return dx


def rows_for_columns(dy, shape):
    """Read a vector back column by column that was written row by row."""
    samples, maps, height, width = shape
    return dy.reshape(samples, maps, width, height).swapaxes(2, 3)


class Mistake(NamedTuple):
    """A wrong backward pass, the kind of layer it belongs to, and what to know about it."""

    backward: object
    kind: str
    wrong: str
    says: str
    seen: str
    hides: str


MISTAKES = {
    "kernel not turned": Mistake(
        kernel_not_turned, "conv", "dx", "δ slides over the kernel as it is.",
        "A text says “convolve δ with the kernel” and means a convolution that turns it by itself.",
        "the kernel looks the same upside down"),
    "batch axis flipped": Mistake(
        batch_axis_flipped, "conv", "dw", "Each δ meets the image of another sample.",
        "flipall of a MATLAB toolbox turns the samples too; its convn turns them back, others do not.",
        "the batch holds one sample"),
    "valid for full": Mistake(
        valid_for_full, "conv", "dx", "δ is not padded; zeros fill the border of the result.",
        "The shapes disagreed, and padding the result with zeros silenced the error.",
        "the kernel has a single tap"),
    "wrong sum over maps": Mistake(
        wrong_sum_over_maps, "conv", "dx", "The two map axes of the kernels are not exchanged.",
        "A formula with one index j on both sides; shapes object only when maps in and maps out differ.",
        "there is one map, or K₀₁ = K₁₀"),
    "= for +=": Mistake(
        overwritten, "overlapping mean", "dx", "Where windows overlap, the last share replaces the others.",
        "A loop over windows, first written for blocks that do not overlap.",
        "no two windows share a pixel"),
    "remainder row dropped": Mistake(
        remainder_dropped, "mean, rounded up", "dx", "Partly filled windows at the edge pass nothing back.",
        "Forward rounds up, as from 991 pixels to 496 blocks; backward counts whole blocks only.",
        "the window divides the size"),
    "missing 1/s²": Mistake(
        missing_divisor, "mean", "dx", "The mean goes back as if it were a sum.",
        "The paper sums, the program averages, and upsampling alone fits only the sum.",
        "windows hold one pixel"),
    "tie counted twice": Mistake(
        tie_counted_twice, "maximum", "dx", "Every pixel that equals the maximum gets the whole gradient.",
        "The mask x == upsample(y) is one short line; on pictures with a flat background it has many ones.",
        "no window holds its maximum twice"),
    "h and w exchanged": Mistake(
        rows_for_columns, "flatten", "dx", "The maps come back with their pixels in the wrong places.",
        "MATLAB counts down columns, NumPy along rows; a swapaxes then made the shapes fit.",
        "the maps have one row"),
}  # fmt: skip

INPUTS = {
    "nothing special": {},
    "one sample": dict(samples=1),
    "one map": dict(maps=1),
    "kernel the same upside down": dict(symmetric=True),
    "windows side by side": dict(apart=True),
    "sizes that divide": dict(size=(4, 4)),
    "no ties": dict(distinct=True),
    "one row": dict(size=(1, 5), window=(1, 2)),
    "1 × 1 windows": dict(window=(1, 1)),
    "the convenient one": dict(
        samples=1, maps=1, symmetric=True, apart=True, size=(4, 4), distinct=True
    ),
}  # fmt: skip
PLAIN = dict(
    samples=2, maps=2, size=(3, 4), window=(2, 2), symmetric=False, apart=False, distinct=False
)  # fmt: skip


class Case(NamedTuple):
    """One layer with its numbers: forward, the right and the wrong backward pass, arguments, dy, options."""

    forward: object
    backward: object
    wrong: object
    arguments: list
    dy: object
    options: dict


def case(mistake, test_input="nothing special"):
    """Build the layer of a mistake on one of the `INPUTS`, in small whole numbers.

    Parameters
    ----------
    mistake : str
        A key of `MISTAKES`.
    test_input : str
        A key of `INPUTS`.

    Returns
    -------
    case : Case
        ``forward(*arguments)``; ``backward(dy, *arguments)`` and ``wrong(dy, *arguments)`` return a tuple.

    Raises
    ------
    ValueError
        If there is no such mistake or input.

    Examples
    --------
    >>> found = case("missing 1/s²")
    >>> wrong, right = (f(found.dy, *found.arguments)[0] for f in (found.wrong, found.backward))
    >>> bool((wrong == 4 * right).all())
    True
    """
    for name, value, known in (("mistake", mistake, MISTAKES), ("test_input", test_input, INPUTS)):
        require_choice(name, value, known)
    setting = PLAIN | INPUTS[test_input]
    x = _numbers((setting["samples"], setting["maps"], *setting["size"]), setting["distinct"])
    if MISTAKES[mistake].kind == "conv":
        return _conv_case(mistake, setting, x)
    if MISTAKES[mistake].kind == "flatten":
        return _flatten_case(x)
    return _pool_case(mistake, setting, x)


def _conv_case(mistake, setting, x):
    w, b = _counting((setting["maps"], setting["maps"], *setting["window"]), 6), np.ones(setting["maps"])
    if setting["symmetric"]:
        w = np.minimum(w, rot180(w))
    wrong = MISTAKES[mistake].backward

    def backward(dy, x, w, b):
        return conv2d_backward(dy, x, w)

    def mistaken(dy, x, w, b):
        return wrong(dy, x, w)

    return Case(conv2d, backward, mistaken, [x, w, b], _counting(conv2d(x, w, b).shape, 4), {})


def _pool_case(mistake, setting, x):
    kind, size = MISTAKES[mistake].kind, setting["window"]
    overlap = kind == "overlapping mean" and not setting["apart"]
    options = dict(stride=(1, 1) if overlap else size, ceil_mode=kind == "mean, rounded up")
    name = "max" if kind == "maximum" else "avg"
    pool_forward = getattr(pool, f"{name}_pool2d")
    pool_backward = getattr(pool, f"{name}_pool2d_backward")

    def forward(x):
        return pool_forward(x, size, **options)

    def backward(dy, x):
        return (pool_backward(dy, x, size, **options),)

    def mistaken(dy, x):
        return (MISTAKES[mistake].backward(dy, x, size, **options),)

    return Case(forward, backward, mistaken, [x], _counting(forward(x).shape, 4), options)


def _flatten_case(x):
    def backward(dy, x):
        return (flatten_backward(dy, x.shape),)

    def mistaken(dy, x):
        return (rows_for_columns(dy, x.shape),)

    return Case(flatten, backward, mistaken, [x], _counting(flatten(x).shape, 100), {})


def _border(w):
    return w.shape[2] - 1, w.shape[3] - 1


def _taps(dy, kernel_size, stride):
    """Yield, for each place in a window, the pixels that all windows have there."""
    size = pair("kernel_size", kernel_size, 1)
    step = size if stride is None else pair("stride", stride, 1)
    for u, v in np.ndindex(*size):
        down, along = (s * n for s, n in zip(step, dy.shape[2:], strict=True))
        yield np.s_[:, :, u : u + down : step[0], v : v + along : step[1]]


def _counting(shape, top):
    """Count 1, 2, … up to `top`, then from 0 again, so that sums stay small."""
    return np.arange(1.0, np.prod(shape) + 1).reshape(shape) % (top + 1)


def _numbers(shape, distinct):
    """Fill an array with small numbers: all different, or digits that often meet their like."""
    steps = np.arange(np.prod(shape))
    return (steps * 7 % len(steps) if distinct else steps * (steps + 3) * 4 % 9).reshape(shape).astype(float)
