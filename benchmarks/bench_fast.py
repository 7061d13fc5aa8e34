"""Other ways to convolve, forward and backward, ÷ the three bare matrix products of im2col."""

from statistics import median

import numpy as np

from benchmarks.bench_conv import NETWORKS, check_equal, layer_pass, make_layer, product_buffers, product_pass
from benchmarks.timing import note, paired, ratio
from cnnlib.fast import conv2d_fft, conv2d_fft_backward, conv2d_shifted, conv2d_shifted_backward
from cnnlib.winograd import conv2d_winograd, conv2d_winograd_backward

CHOSEN = "A", "B", "C", "D"
MOST = 3 * 10**8  # products per pass, beyond which shifted sums would take minutes


def pair_pass(forward, backward):
    """Return one forward and backward pass through a pair of functions, with the bias added outside."""

    def run(x, w, b, dy, layer):
        y = forward(x, w, padding=layer.padding) + b[:, None, None]
        return y, *backward(dy, x, w, padding=layer.padding)

    return run


def contestants(layers):
    """Name the ways that apply to these layers of stride 1; each was seen to give the same four arrays."""
    ways = {"layer": (layer_pass, layers)}
    ways["spectra"] = (pair_pass(conv2d_fft, conv2d_fft_backward), layers)
    if all(layer.kernel == (3, 3) for *_, layer in layers):
        ways["winograd"] = (pair_pass(conv2d_winograd, conv2d_winograd_backward), layers)
    if sum(dy.size * w[0].size for _, w, _, dy, _ in layers) < MOST:
        ways["shifted"] = (pair_pass(conv2d_shifted, conv2d_shifted_backward), layers)
    check_equal(ways)
    ways["products"] = (product_pass, [product_buffers(*layer) for layer in layers])
    return {name: lambda f=f, data=data: [f(*layer) for layer in data] for name, (f, data) in ways.items()}


def forward_contestants(layers):
    """Name the forward passes alone: Winograd, and the one bare product per layer."""

    def winograd(x, w, b, dy, layer):
        return conv2d_winograd(x, w, padding=layer.padding)

    def product(filters, columns, _, y, *rest):
        return np.matmul(filters, columns, out=y)

    buffers = [product_buffers(*layer) for layer in layers]
    return {
        "winograd": lambda: [winograd(*layer) for layer in layers],
        "products": lambda: [product(*arrays) for arrays in buffers],
    }


def rows(seconds=4.0, rounds=9):
    """Time the chosen networks; return one dict per table row."""
    found = []
    for name in CHOSEN:
        text, shapes = NETWORKS[name]
        note(f"other ways {name}: {text}")
        rng = np.random.default_rng(0)
        layers = [make_layer(*shape, rng) for shape in shapes]
        times = paired(contestants(layers), seconds=seconds, rounds=rounds)
        row = {way: ratio(times, way, "products") for way in ("layer", "winograd", "spectra", "shifted")}
        if "winograd" in times:
            ahead = paired(forward_contestants(layers), seconds=seconds / 2, rounds=rounds)
            row["forward"] = ratio(ahead, "winograd", "products")
        found.append({"network": name, "products": median(times["products"]), "forward": None, **row})
    return found
