"""Convolution, forward and backward: cnnlib ÷ PyTorch, ÷ bare matrix products, ÷ a textbook im2col."""

import tracemalloc
from statistics import median

import numpy as np

from benchmarks.timing import note, paired, ratio, torch
from cnnlib import conv2d, conv2d_backward
from cnnlib.conv import conv_backward, conv_forward, conv_geometry

# name: (what it is, [(batch, channels, image, filters, kernel, stride, padding), …])
NETWORKS = {
    "A": ("28×28, 6 of 5×5, pool, 12 of 5×5; batch 50", [(50, 1, 28, 6, 5, 1, 0), (50, 6, 12, 12, 5, 1, 0)]),
    "B": (
        "the convolutions of LeNet-5; batch 64",
        [(64, 1, 32, 6, 5, 1, 0), (64, 6, 14, 16, 5, 1, 0), (64, 16, 5, 120, 5, 1, 0)],
    ),
    "C": (
        "8×8 digits, 8 then 16 of 3×3, padded; batch 64",
        [(64, 1, 8, 8, 3, 1, 1), (64, 8, 4, 16, 3, 1, 1)],
    ),
    "D": ("32×32, 3→32→64 of 3×3, padded; batch 32", [(32, 3, 32, 32, 3, 1, 1), (32, 32, 32, 64, 3, 1, 1)]),
    "S": (
        "stride 2, 32×32, 16→32 of 3×3 and 3→16 of 5×5; batch 32",
        [(32, 16, 32, 32, 3, 2, 1), (32, 3, 32, 16, 5, 2, 2)],
    ),
    "E": ("one 6×6 image, 3 of 3×3", [(1, 1, 6, 3, 3, 1, 0)]),
}


def make_layer(N, C, H, O, K, stride, padding, rng):
    """Draw one layer's float32 data; images lie batch-last in memory, as inside a network of the library."""
    x = rng.standard_normal((C, H, H, N), np.float32).transpose(3, 0, 1, 2)
    w, b = rng.standard_normal((O, C, K, K), np.float32), rng.standard_normal(O, np.float32)
    layer = conv_geometry(x, w, stride, padding, 1)
    dy = rng.standard_normal((O, *layer.output, N), np.float32).transpose(3, 0, 1, 2)
    return x, w, b, dy, layer


def layer_pass(x, w, b, dy, layer):
    """Forward and backward as a `Conv2d` layer runs them: the columns are kept in between."""
    y, columns = conv_forward(x, w, b, layer)
    return y, *conv_backward(dy, x, w, layer, columns=columns)


def pair_pass(x, w, b, dy, layer):
    """Forward and backward through the public pair, which keeps nothing."""
    sizes = {"stride": layer.stride, "padding": layer.padding}
    return conv2d(x, w, b, **sizes), *conv2d_backward(dy, x, w, **sizes)


def textbook_pass(x, w, b, dy, layer):
    """Forward and backward by the usual im2col and col2im on (N, C, H, W) memory."""
    N, C, (H, W), (Kh, Kw) = *x.shape[:2], layer.image, layer.kernel
    (s, t), (p, q), (Ho, Wo), O = layer.stride, layer.padding, layer.output, len(w)
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)))
    windows = np.empty((N, C, Kh, Kw, Ho, Wo), x.dtype)
    for i in range(Kh):
        for j in range(Kw):
            windows[:, :, i, j] = padded[:, :, i : i + s * Ho : s, j : j + t * Wo : t]
    columns = windows.transpose(0, 4, 5, 1, 2, 3).reshape(N * Ho * Wo, -1)
    filters = w.reshape(O, -1)
    y = (columns @ filters.T + b).reshape(N, Ho, Wo, O).transpose(0, 3, 1, 2)
    delta = dy.transpose(0, 2, 3, 1).reshape(-1, O)
    dcolumns = (delta @ filters).reshape(N, Ho, Wo, C, Kh, Kw).transpose(0, 3, 4, 5, 1, 2)
    dpadded = np.zeros_like(padded)
    for i in range(Kh):
        for j in range(Kw):
            dpadded[:, :, i : i + s * Ho : s, j : j + t * Wo : t] += dcolumns[:, :, i, j]
    return y, dpadded[:, :, p : p + H, q : q + W], (delta.T @ columns).reshape(w.shape), delta.sum(0)


def torch_pass(x, w, b, dy, layer):
    """Forward and backward by PyTorch's convolution and automatic differentiation."""
    y = torch.nn.functional.conv2d(x, w, b, stride=layer.stride, padding=layer.padding)
    return y.detach(), *torch.autograd.grad(y, (x, w, b), dy)


def product_buffers(x, w, b, dy, layer):
    """Lay out the operands and results of the three matrix products of one layer."""
    _, columns = conv_forward(x, w, b, layer)
    if columns is None:  # cut into blocks: products of this size take the same time on any numbers
        columns = np.ones((w[0].size, dy[0, 0].size * len(dy)), w.dtype)
    filters, delta = w.reshape(len(w), -1), np.ascontiguousarray(dy.transpose(1, 2, 3, 0)).reshape(len(w), -1)
    return filters, columns, delta, np.empty_like(delta), np.empty_like(filters), np.empty_like(columns)


def product_pass(filters, columns, delta, y, dw, dcolumns):
    """Run only the three matrix products of one layer."""
    np.matmul(filters, columns, out=y)
    np.matmul(delta, columns.T, out=dw)
    np.matmul(filters.T, delta, out=dcolumns)


def contestants(layers):
    """Name the ways to run these layers; each was seen to give the same four arrays."""
    ways = {"layer": (layer_pass, layers), "pair": (pair_pass, layers)}
    plain = [[np.ascontiguousarray(array) for array in layer[:4]] + [layer[4]] for layer in layers]
    ways["textbook"] = (textbook_pass, plain)
    if torch:
        tensors = [[torch.from_numpy(array) for array in layer[:4]] + [layer[4]] for layer in plain]
        for layer in tensors:
            for tensor in layer[:3]:
                tensor.requires_grad_()
        ways["torch"] = (torch_pass, tensors)
    check_equal(ways)
    ways["products"] = (product_pass, [product_buffers(*layer) for layer in layers])
    return {name: lambda f=f, data=data: [f(*layer) for layer in data] for name, (f, data) in ways.items()}


def check_equal(ways):
    """Raise unless all ways agree: float32 sums of a few thousand terms, so to 1e-3 of the largest entry."""
    f, layers = ways["layer"]
    for i, layer in enumerate(layers):
        expected = f(*layer)
        for g, data in ways.values():
            for got, want in zip(g(*data[i]), expected, strict=True):
                np.testing.assert_allclose(np.asarray(got), want, rtol=0, atol=1e-3 * np.abs(want).max())


def speed_rows(seconds=3.0):
    """Time every network; return one dict per table row."""
    rows = []
    for name, (text, shapes) in NETWORKS.items():
        note(f"convolution {name}: {text}")
        rng = np.random.default_rng(0)
        times = paired(contestants([make_layer(*shape, rng) for shape in shapes]), seconds=seconds)
        rows.append(
            {
                "network": f"{name}: {text}",
                "layer": median(times["layer"]),
                "pair": median(times["pair"]),
                **{base: ratio(times, "layer", base) for base in ("torch", "products", "textbook")},
            }
        )
    return rows


def memory_row():
    """Return the peak of new memory in one forward and backward pass, as a multiple of the input's size."""
    x, w, b, dy, layer = make_layer(4, 8, 256, 8, 3, 1, 1, np.random.default_rng(0))
    tracemalloc.start()
    pair_pass(x, w, b, dy, layer)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {"input": x.nbytes, "peak": peak, "multiple": peak / x.nbytes}
