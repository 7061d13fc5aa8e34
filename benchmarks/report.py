"""Turn the measurements into the Markdown that is printed and kept in README.md."""

import os
import platform
from datetime import date
from pathlib import Path

import numpy as np

from benchmarks.timing import torch

INTRODUCTION = """# Benchmarks

`make bench` measures the tables below and prints them. This page is written by a run with `--write`:
`.venv-bench/bin/python -m benchmarks --write`.
All numbers are float32 with one thread for every contestant. A ratio is the time of `cnnlib` divided by the
other's, so below 1 means faster: contestants take turns in one process, and the ratio is the median over
{rounds} rounds. Ratios travel between machines better than times do. Before kernels are timed, they are
seen to give equal arrays. Two other NumPy implementations are timed in [peers.md](peers.md), and the network
of chapter 11 on the 60 000 digits of MNIST in [mnist.md](mnist.md).
"""


def processor():
    """Name the processor as the system does."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def machine():
    """Say in one line what the numbers were measured on, and with what."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    versions = [
        f"Python {platform.python_version()}",
        f"NumPy {np.__version__} ({blas['name']} {blas['version']})",
        f"PyTorch {torch.__version__}" if torch else "no PyTorch",
    ]
    return (
        f"Measured {date.today()} on {processor()}, {os.cpu_count()} cores, {platform.system()}: "
        + ", ".join(versions)
    )


def seconds(value):
    """Write a time with a fitting unit."""
    return f"{value * 1e6:.0f} µs" if value < 1e-3 else f"{value * 1e3:.2f} ms"


def times(value):
    """Write a ratio; a dash stands for what was not measured."""
    return "–" if value is None else f"{value:.2f}"


def table(head, rows):
    """Lay out a Markdown table; the first column is text, the others are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def convolution(rows, memory):
    """Write the section on convolutions."""
    head = ["network", "layers", "÷ PyTorch", "÷ bare products", "÷ textbook im2col", "pure pair"]
    body = [
        [
            r["network"],
            seconds(r["layer"]),
            times(r["torch"]),
            times(r["products"]),
            times(r["textbook"]),
            seconds(r["pair"]),
        ]
        for r in rows
    ]
    return f"""## Convolution, forward and backward

Gradients by input, filters and bias. *Layers* keep their columns from the forward to the backward pass, as
`Conv2d` does; the *pure pair* `conv2d`, `conv2d_backward` makes them twice. The ratios are those of the
layers. *Bare products* are the three matrix products that any im2col needs, with nothing around them.
*Textbook im2col* is the usual one in (N, C, H, W) memory, as in `bench_conv.py`.

{table(head, body)}

Peak of new memory for 3×3 on 4×8×256×256, forward and backward, results included:
{memory["multiple"]:.1f} times the input of {memory["input"] / 2**20:.0f} MiB."""


def other_ways(rows):
    """Write the section on the variants of chapter 14."""
    head = ["network", "bare products", "layers", "Winograd", "its forward pass", "spectra", "shifted sums"]
    keys = ("layer", "winograd", "forward", "spectra", "shifted")
    body = [[r["network"], seconds(r["products"]), *(times(r[key]) for key in keys)] for r in rows]
    return f"""## Convolution in other ways

Times of forward and backward passes divided by those of the bare products, for the variants of chapter 14
on the networks above. Winograd's tiles take 3×3 kernels only; *its forward pass* is compared with the one
product of the forward pass. Below 1 means faster than those products alone. A dash stands for what does
not apply, or would take minutes.

{table(head, body)}"""


def pooling(rows):
    """Write the section on pooling."""
    body = [[r["case"], seconds(r["time"]), times(r["torch"])] for r in rows]
    return "## Pooling, forward and backward\n\n" + table(["case", "layer", "÷ PyTorch"], body)


def digits(epoch, accuracies):
    """Write the section on training."""
    body = [
        [r["recipe"], *(f"{100 * r[key]:.1f} %" for key in ("mean", "lowest", "highest"))] for r in accuracies
    ]
    return f"""## Training on the 8×8 digits

Two convolutions of 3×3 with 8 and 16 filters, pooling between them, ten logits; batches of 32.
One epoch over {epoch["images"]} images takes {seconds(epoch["time"])}, ÷ PyTorch {times(epoch["torch"])}.

{table(["test accuracy", "mean", "lowest", "highest"], body)}"""


def page(*sections, rounds):
    """Join the sections under the introduction and the machine."""
    return "\n\n".join([INTRODUCTION.format(rounds=rounds).strip(), machine() + ".", *sections]) + "\n"
