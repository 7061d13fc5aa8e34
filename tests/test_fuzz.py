"""Random layers against their definitions: a fixed number of each kind. `make fuzz` tries 10 000."""

import numpy as np
import pytest
from fuzz_draw import KINDS, LAYOUTS, REAL, Draw, check, laid_out
from fuzzing import failures

import cnnlib

SEEDS = range(40)


@pytest.mark.parametrize("name", KINDS)
def test_random_cases(name):
    for error in failures(name, SEEDS).values():
        raise error


@pytest.mark.parametrize("name, seed", [("max_pool2d", 603)])
def test_cases_that_have_failed(name, seed):
    """Found by `make fuzz`: long doubles in the other byte order."""
    check(name, seed)


def test_every_kernel_is_fuzzed():
    """Initialisers, gradient checks, fit and the layer objects have tests of their own."""
    functions = {name.removesuffix("_backward") for name in cnnlib.__all__ if name.islower()}
    others = {"he", "xavier", "fit", "numerical_vjp", "complex_step_vjp", "check_vjp", "check_adjoint"}
    assert functions - set(KINDS) == others


def test_layouts_keep_the_numbers():
    """All but "one repeated" hold what they were given, and most differ in memory from a plain array."""
    rng, seen = np.random.default_rng(0), set()
    for layout in sorted(set(LAYOUTS) - {"one repeated"}):
        plain = np.arange(1, 121.0).reshape(1, 4, 5, 6)
        found = laid_out(plain.copy(), layout, rng)
        assert np.array_equal(found, plain)
        flags = found.flags
        seen.add((found.strides, flags.aligned, flags.writeable, found.dtype.isnative))
    assert len(seen) >= 8


def test_draws_are_the_same_again():
    first, second = (Draw("conv2d", 5) for _ in range(2))
    for draw in (first, second):
        draw.dtypes(("x",), REAL)
        draw.array("x", (2, 3))
    assert first.told == second.told and (first.given["x"][0] == second.given["x"][0]).all()


def last_maximum(dy, x, *arguments, **options):
    return cnnlib_max(dy[..., ::-1, ::-1], x[..., ::-1, ::-1], *arguments, **options)[..., ::-1, ::-1].copy()


def spoils_its_input(dy, x):
    if x.flags.writeable and x.size:
        x[...] = 0
    return cnnlib_relu(dy, x)


cnnlib_max, cnnlib_relu, cnnlib_sum = cnnlib.max_pool2d_backward, cnnlib.relu_backward, cnnlib.sum_pool2d
cnnlib_avg, cnnlib_conv, cnnlib_back = cnnlib.avg_pool2d, cnnlib.conv2d, cnnlib.conv2d_backward
PLANTED = {
    "conv2d": lambda x, w, b=None, **options: cnnlib_conv(x, w, **options),
    "conv2d_backward": lambda dy, x, w, **options: (
        *cnnlib_back(dy, x, w, **options)[:2],
        dy.mean((0, 2, 3)),
    ),
    "max_pool2d_backward": last_maximum,
    "relu_backward": spoils_its_input,
    "rot180": lambda w: w[..., ::-1, ::-1],
    "sum_pool2d": lambda x, *arguments, **options: cnnlib_sum(x, *arguments, **options).astype(x.dtype),
    "avg_pool2d": lambda *arguments, count_include_pad=True, **options: cnnlib_avg(*arguments, **options),
    "dense": lambda x, w, b=None: x @ w.T + (0 if b is None else b),
    "dilate": lambda x, stride: cnnlib.upsample(x, stride),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_errors_are_found(name, monkeypatch):
    """Each wrong function is right on some layers, yet not on all."""
    monkeypatch.setattr(cnnlib, name, PLANTED[name])
    found = failures(name.removesuffix("_backward"), SEEDS)
    assert found
    seed, error = next(iter(found.items()))
    assert f"again: python tests/fuzzing.py {name.removesuffix('_backward')} {seed}" in error.__notes__[0]
