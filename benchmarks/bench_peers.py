"""Other NumPy implementations, which you bring, timed beside `cnnlib`: see peers.md.

    python -m benchmarks.bench_peers FOLDER [--write]

FOLDER holds the files that PEERS names, in folders so called; their code is not part of this repository.
"""

import argparse
import importlib.util
import os
import sys
from pathlib import Path
from statistics import median

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np

from benchmarks import bench_conv, report
from benchmarks.timing import note, paired, ratio, warm_allocator

PAGE = Path(__file__).with_name("peers.md")
PEERS = {
    "deep-learning-from-scratch": (
        "oreilly-japan/deep-learning-from-scratch",
        {"common/util.py": "5a21926d01a4", "common/layers.py": "0781cbef51f0"},
        "`im2col`, `col2im` and the class `Convolution`; slices, always float64",
    ),
    "cs231n": (
        "nadavge/cs231n-assignment-02",
        {"cs231n/im2col.py": "c7fa8d0487d5"},
        "index arrays and `np.add.at`; `/` replaced by `//` in two lines, else it stops on today's NumPy",
    ),
}
INTRODUCTION = """# Peers

Two well-read NumPy implementations of a convolution's forward and backward pass, timed beside the layers of
`cnnlib` on the networks of [the benchmarks](README.md). Their code is not part of this repository: bring it,
and run `python -m benchmarks.bench_peers FOLDER --write`. A ratio is the peer's time divided by that of
`cnnlib`: above 1, the peer is slower. Before anything is timed, all are seen to give equal arrays.
"""


def load(folder, name):
    """Import one file of a peer under its own name.

    Raises ValueError if the folder does not hold it.
    """
    path = Path(folder) / name
    if not path.is_file():
        raise ValueError(f"{folder} must hold the file {name}, found none")
    sys.path.insert(0, str(Path(folder)))
    try:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(Path(folder)))
    return module


def from_scratch(folder):
    """Return the pass of deep-learning-from-scratch: forward and backward of its class."""
    layers = load(Path(folder) / "deep-learning-from-scratch", "common/layers.py")

    def run(x, w, b, dy, layer):
        peer = layers.Convolution(w, b, layer.stride[0], layer.padding[0])
        y = peer.forward(x)
        return y, peer.backward(dy), peer.dW, peer.db

    return run


def cs231n(folder):
    """Return a pass made of the course's `im2col_indices` and `col2im_indices`."""
    im2col = load(Path(folder) / "cs231n-assignment-02", "cs231n/im2col.py")

    def run(x, w, b, dy, layer):
        (size, _), (step, _), (border, _) = layer.kernel, layer.stride, layer.padding
        columns = im2col.im2col_indices(x, size, size, border, step)
        filters, delta = w.reshape(len(w), -1), dy.transpose(1, 2, 3, 0).reshape(len(w), -1)
        y = (filters @ columns + b[:, None]).reshape(len(w), *layer.output, len(x)).transpose(3, 0, 1, 2)
        dx = im2col.col2im_indices(filters.T @ delta, x.shape, size, size, border, step)
        return y, dx, (delta @ columns.T).reshape(w.shape), delta.sum(1)

    return run


def rows(folder, networks="ABCD", seconds=3.0):
    """Time the peers on each network; return one list of texts per table row."""
    passes, found = {"deep-learning-from-scratch": from_scratch(folder), "cs231n": cs231n(folder)}, []
    for name in networks:
        text, shapes = bench_conv.NETWORKS[name]
        note(f"peers {name}: {text}")
        rng = np.random.default_rng(0)
        layers = [bench_conv.make_layer(*shape, rng) for shape in shapes]
        plain = [[np.ascontiguousarray(array) for array in layer[:4]] + [layer[4]] for layer in layers]
        ways = {"layer": (bench_conv.layer_pass, layers)}
        ways |= {peer: (run, plain) for peer, run in passes.items()}
        bench_conv.check_equal(ways)
        calls = {key: lambda f=f, data=data: [f(*layer) for layer in data] for key, (f, data) in ways.items()}
        times = paired(calls, seconds=seconds)
        own = report.seconds(median(times["layer"]))
        found.append([f"{name}: {text}", own, *(f"{ratio(times, peer, 'layer'):.1f}" for peer in passes)])
    return found


def page(table_rows):
    """Write the page: what was measured, on what, and the table."""
    sources = [
        f"- **{name}**: [{repository}](https://github.com/{repository}), "
        + ", ".join(f"`{file}` at {commit}" for file, commit in files.items())
        + f"; {remark}."
        for name, (repository, files, remark) in PEERS.items()
    ]
    head = ["network", "`cnnlib`", *(f"{name} ÷ `cnnlib`" for name in PEERS)]
    table = report.table(head, table_rows)
    return "\n".join([INTRODUCTION, *sources, "", f"{report.machine()}.", "", table, ""])


def main():
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_peers")
    parser.add_argument("folder", type=Path, help="where the peers' files are")
    parser.add_argument("--write", action="store_true", help="replace benchmarks/peers.md by this run")
    options = parser.parse_args()
    warm_allocator()
    text = page(rows(options.folder))
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf8")


if __name__ == "__main__":
    main()
