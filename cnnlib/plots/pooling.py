"""Figures of chapter 07: a δ spread over its block, blocks feeding outputs, overlapping windows.

Each function returns ``(fig, alt)`` for ``show(*...)``. Every number drawn or said comes from its arguments.
"""

import numpy as np
from matplotlib.patches import FancyArrowPatch, Rectangle

from cnnlib.plots.figures import DELTA, INK, MUTED, W, X, panels
from cnnlib.pool import avg_pool2d_backward, max_pool2d_backward, sum_pool2d_backward
from cnnlib.windows import output_size, upsample

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def spreading(delta, scale):
    """Draw a small map and, beside it, the map in which each entry has become a block."""
    delta = np.asarray(delta)
    up = upsample(delta, scale)
    fig, ax = _canvas(delta.shape[1] + up.shape[1] + 2.4, up.shape[0] + 0.9)
    top = 0.8 + (up.shape[0] - delta.shape[0]) / 2
    _map(ax, 0.1, top, delta, DELTA, strong=True)
    left, middle = delta.shape[1] + 2.2, 0.8 + up.shape[0] / 2
    _map(ax, left, 0.8, up, DELTA, block=scale)
    _arrow(ax, (delta.shape[1] + 0.4, middle), (left - 0.3, middle), f"up, {scale}")
    _title(ax, 0.1 + delta.shape[1] / 2, top, "δ", DELTA)
    _title(ax, left + up.shape[1] / 2, 0.8, f"δ ⊗ ones of {scale} × {scale}", DELTA)
    return fig, (
        f"Left a map δ with the rows {_said(delta)}. Right the same map after up by {scale}: each entry "
        f"fills a block of {scale} by {scale}, rows {_said(up)}.")


def feeding(names, size):
    """Draw a map whose pixels carry `names`, cut into blocks; each block feeds one δ."""
    names = np.asarray(names)
    rows, columns = names.shape[0] // size, names.shape[1] // size
    fig, ax = _canvas(names.shape[1] + columns * 1.3 + 3.2, names.shape[0] + 1.7)
    left, said = names.shape[1] + 2.6, []
    _map(ax, 0.1, 0.8, names, X, block=size)
    for i, j in np.ndindex(rows, columns):
        block = names[i * size : (i + 1) * size, j * size : (j + 1) * size].ravel()
        label = f"d{i + 1}{j + 1}".translate(_SUBSCRIPTS)
        x, y = left + 1.3 * j, 0.8 + names.shape[0] / 2 + 1.5 * (i - rows / 2) + 0.25
        _map(ax, x, y, np.array([[label]]), DELTA, strong=True)
        said.append(f"{label} from {', '.join(map(str, block))}")
        corner = 0.1 + (j + 1) * size - 0.12, 0.8 + i * size + (0.12 if i == 0 else size - 0.12)
        bend = f"arc3,rad={0.25 if i else -0.25}"
        target = x + 0.5, y + (0 if i == 0 else 1)
        ax.add_patch(FancyArrowPatch(corner, target, arrowstyle="-|>", mutation_scale=8, color=W, lw=1.3,
                                     connectionstyle=bend, shrinkA=0, shrinkB=2))
    _title(ax, 0.1 + names.shape[1] / 2, 0.8, "pixels a", X)
    return fig, f"A map cut into blocks of {size} by {size} pixels; each feeds one δ: {'; '.join(said)}."


def two_ways_back(x, delta, size):
    """Draw a δ map and what comes back from it through the maximum and through the mean."""
    x, delta = np.asarray(x), np.asarray(delta)
    args = delta[None, None], x[None, None], size
    through_max, through_mean = max_pool2d_backward(*args)[0, 0], avg_pool2d_backward(*args)[0, 0]
    n, o = x.shape[1], delta.shape[1]
    fig, ax = _canvas(2 * n + 1.6, 2 * n + 2.6)
    _map(ax, 0.1, 0.8, x, X, block=size)
    _map(ax, n + 1.5 + (n - o) / 2, 0.8 + (n - o) / 2, delta, DELTA, strong=True)
    _map(ax, 0.1, n + 2.4, through_max, DELTA, block=size, strong=through_max != 0)
    _map(ax, n + 1.5, n + 2.4, through_mean, DELTA, block=size, strong=through_mean != 0)
    for at, top, text, colour in [(n / 2 + 0.1, 0.8, "a", X), (1.5 * n + 1.5, 0.8 + (n - o) / 2, "δ", DELTA),
                                  (n / 2 + 0.1, n + 2.4, "γ through the maximum", DELTA),
                                  (1.5 * n + 1.5, n + 2.4, "γ through the mean", DELTA)]:
        _title(ax, at, top, text, colour)
    return fig, (
        f"A map a with the rows {_said(x)} and the gradient δ of its pooled map, rows {_said(delta)}. "
        f"Through the maximum each δ lands on one pixel: rows {_said(through_max)}. Through the "
        f"mean it is shared by its block: rows {_said(through_mean)}.")


def use_counts(n, size, stride):
    """Draw how many windows each pixel of an n × n map lies in, with the windows' outlines."""
    o = output_size(n, size, stride=stride)
    ones = np.ones((1, 1, o, o), int)
    counts = sum_pool2d_backward(ones, np.zeros((1, 1, n, n)), size, stride=stride)[0, 0]
    fig, ax = _canvas(n + 0.2, n + 0.9, width=2.6)
    _map(ax, 0.1, 0.8, counts, X, strong=counts > 1)
    for k, (i, j) in enumerate(np.ndindex(o, o)):
        inset = 0.06 + 0.05 * (k % 2)
        side, dash = size - 2 * inset, ["-", "--"][(i + j) % 2]
        corner = 0.1 + j * stride + inset, 0.8 + i * stride + inset
        ax.add_patch(Rectangle(corner, side, side, fill=False, edgecolor=W, lw=1.3, ls=dash))
    _title(ax, 0.1 + n / 2, 0.8, f"{o * o} windows of {size} × {size}, step {stride}", X)
    return fig, (
        f"A map of {n} by {n} pixels under {o * o} windows of {size} by {size} with step {stride}. In each "
        f"pixel stands the number of windows it lies in: rows {_said(counts)}.")


def _canvas(columns, rows, *, width=4.2):
    fig, ax = panels(width=width, height=width * rows / columns)
    ax.axis("off")
    ax.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal")
    return fig, ax


def _map(ax, left, top, values, colour, *, block=None, strong=False):
    """Draw cells with their values; `strong` ones are tinted, thicker rules part blocks."""
    for (r, c), value in np.ndenumerate(values):
        bold = bool(np.broadcast_to(strong, values.shape)[r, c])
        at = left + c + 0.05, top + r + 0.05
        if bold:
            ax.add_patch(Rectangle(at, 0.9, 0.9, facecolor=colour, alpha=0.16, lw=0))
        ax.add_patch(Rectangle(at, 0.9, 0.9, fill=False, edgecolor=colour, lw=0.7))
        text = f"{value:g}" if isinstance(value, (int, float, np.number)) else str(value)
        ax.text(left + c + 0.5, top + r + 0.52, text.replace("-", "−"), color=colour, ha="center",
                va="center", weight="bold" if bold else "normal", fontsize=10 if len(text) < 4 else 8)
    for r, c in np.ndindex(*(np.array(values.shape) // block if block else (0, 0))):
        corner = left + c * block, top + r * block
        ax.add_patch(Rectangle(corner, block, block, fill=False, edgecolor=INK, lw=1.1))


def _title(ax, x, top, text, colour):
    ax.text(x, top - 0.4, text, color=colour, ha="center", va="center", weight="bold", fontsize=9.5)


def _arrow(ax, start, end, text):
    look = dict(arrowstyle="-|>", mutation_scale=10, color=INK, lw=1.3, shrinkA=0, shrinkB=0)
    ax.add_patch(FancyArrowPatch(start, end, **look))
    ax.text((start[0] + end[0]) / 2, start[1] - 0.35, text, color=MUTED, ha="center", va="center", fontsize=9)


def _said(values):
    """Write rows as words: 1, 2 / 3, 4."""
    return " / ".join(", ".join(f"{v:g}" for v in row) for row in values)
