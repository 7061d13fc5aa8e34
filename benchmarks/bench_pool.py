"""Pooling, forward and backward: cnnlib ÷ PyTorch."""

from statistics import median

import numpy as np

from benchmarks.timing import note, paired, ratio, torch
from cnnlib import AvgPool2d, MaxPool2d

SHAPES = [  # batch, channels, image, window, stride
    (50, 6, 24, 2, 2),
    (64, 8, 8, 2, 2),
    (32, 32, 32, 2, 2),
    (32, 32, 31, 3, 2),
]


def library_pass(layer, x, dy):
    """Forward and backward as a layer of a network."""
    return layer.forward(x), layer.backward(dy)


def torch_pass(pool, x, dy):
    """Forward and backward by PyTorch."""
    y = pool(x)
    return y.detach(), torch.autograd.grad(y, x, dy)[0]


def contestants(kind, N, C, H, m, s):
    """Name the ways to pool one batch; both were seen to give the same arrays."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((C, H, H, N), np.float32).transpose(3, 0, 1, 2)  # batch-last, as in a network
    layer = {"max": MaxPool2d, "mean": AvgPool2d}[kind](m, stride=s)
    dy = rng.standard_normal(layer.forward(x).transpose(1, 2, 3, 0).shape, np.float32).transpose(3, 0, 1, 2)
    ways = {"library": lambda: library_pass(layer, x, dy)}
    if torch:
        functions = torch.nn.functional
        pool = {"max": functions.max_pool2d, "mean": functions.avg_pool2d}[kind]
        tensor = torch.from_numpy(np.ascontiguousarray(x)).requires_grad_()
        back = torch.from_numpy(np.ascontiguousarray(dy))
        ways["torch"] = lambda: torch_pass(lambda t: pool(t, m, s), tensor, back)
        for got, want in zip(ways["library"](), ways["torch"](), strict=True):
            np.testing.assert_allclose(got, want.numpy(), rtol=0, atol=1e-5)
    return ways


def rows(seconds=1.5):
    """Time every case; return one dict per table row."""
    results = []
    for kind in ("max", "mean"):
        for shape in SHAPES:
            N, C, H, m, s = shape
            text = f"{kind} {m}×{m}, stride {s}, on {N}×{C}×{H}×{H}"
            note(f"pooling: {text}")
            times = paired(contestants(kind, *shape), seconds=seconds)
            results.append(
                {"case": text, "time": median(times["library"]), "torch": ratio(times, "library", "torch")}
            )
    return results
