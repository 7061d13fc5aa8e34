"""Figures of chapter 04: how long an output is, and how several maps become one.

Each function returns ``(fig, alt)`` for ``show(*...)``. Every number drawn or said comes from its arguments.
"""

import numpy as np

from cnnlib.conv import conv2d
from cnnlib.plots.figures import INK, MUTED, W, X, Y
from cnnlib.plots.networks import _canvas, _cell
from cnnlib.windows import output_size, rot180


def three_lengths(n, m):
    """Draw narrow, same and wide side by side: the padded axis, and each output below its window's middle."""
    if m % 2 == 0:
        raise ValueError(f"three_lengths needs an odd kernel_size m, since half a zero is none; got m = {m}")
    lengths = {"narrow": 0, "same": (m - 1) // 2, "wide": m - 1}
    columns, margin = n + 2 * (m - 1), m - 1
    fig, ax = _canvas(columns, 3 * 3.3, width=3.6)
    said = []
    for row, (name, padding) in enumerate(lengths.items()):
        o, top = output_size(n, m, padding=padding), 3.3 * row
        text = f"{name}: P = {padding}, o = {n} + 2·{padding} − {m} + 1 = {o}"
        ax.text(columns / 2, top + 0.35, text, color=INK, ha="center", va="center", fontsize=10)
        for k in range(-padding, n + padding):
            inside, read = 0 <= k < n, -padding <= k < m - padding
            label = f"{k + 1}" if inside else "0"
            _cell(ax, margin + k + 0.5, top + 1.25, X if inside else MUTED, label, strong=read)
        for i in range(o):
            _cell(ax, margin - padding + i + m / 2, top + 2.3, Y, f"{i + 1}", strong=i == 0)
        said.append(f"{name} with {padding} zeros at each end gives {o}")
    return fig, (
        f"Three strips of {n} pixels under a window of {m} taps: {'; '.join(said)} outputs. Each output "
        "stands below the middle of its window; the first window and the first output are marked.")


def two_maps(x, w, b):
    """Draw two maps, their kernels as slid and as stored for the true convolution, and the map they make."""
    x, w = np.asarray(x), np.asarray(w)
    if x.ndim != 3 or w.ndim != 3 or len(x) != 2 or len(w) != 2:
        raise ValueError(f"two_maps draws two maps and two kernels, got shapes {x.shape} and {w.shape}")
    z = conv2d(x[None], w[None], np.array([b]))[0, 0]
    (rows, columns), m = x.shape[1:], w.shape[2]
    height = rows + 1.3
    fig, ax = _canvas(columns + 2 * m + z.shape[1] + 4.4, 2 * height, width=4.4)
    left = columns + 2 * m + 3.4
    for c in (0, 1):
        name, top = "₁₂"[c], c * height
        _block(ax, x[c], 0.2, top, X, f"X{name}", window=w.shape[1:])
        ax.text(columns + 0.7, top + 1.7, "⋆", color=INK, ha="center", va="center", fontsize=14)
        _block(ax, w[c], columns + 1.1, top, W, f"K{name}", window=w.shape[1:])
        _block(ax, rot180(w[c]), columns + m + 1.7, top, MUTED, f"rot K{name}")
    ax.text(columns + 1.1 + m / 2, height - 0.4, "+", color=INK, ha="center", va="center", fontsize=14)
    ax.text(left - 0.25, height - 0.4, f"+ {b} =", color=INK, ha="right", va="center", fontsize=11)
    _block(ax, z, left, height - 0.9 - z.shape[0] / 2, Y, "Z", window=(1, 1))
    return fig, (
        f"Two maps of {rows} by {columns} pixels, each with its kernel beside it and, in grey, the kernel "
        f"turned by 180 degrees. Map 1 slid under kernel 1, plus map 2 slid under kernel 2, plus {b}, make "
        f"the output {z.tolist()}. The first window of each map and the first output are marked.")


def _block(ax, values, left, top, colour, name, *, window=(0, 0)):
    """Draw one matrix under its name; the cells of its first window are strong."""
    ax.text(left + values.shape[1] / 2, top + 0.35, name, color=colour, ha="center", va="center",
            weight="bold")
    for (r, c), value in np.ndenumerate(values):
        text = f"{value}".replace("-", "−")
        _cell(ax, left + c + 0.5, top + r + 1.2, colour, text, strong=r < window[0] and c < window[1])
