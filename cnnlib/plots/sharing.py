"""Figures of chapter 03: who is connected to whom, and the way from a picture to an answer.

Each function returns ``(fig, alt)`` for ``show(*...)``. Every number drawn or said comes from its arguments.
"""

import numpy as np
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from cnnlib.plots.figures import INK, MUTED, STYLES, W, X, Y, panels
from cnnlib.windows import output_size

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def connections(n, m):
    """Draw a row of n pixels and its units three times: dense, local, and with m shared weights."""
    units = output_size(n, m)
    fig, axes = panels(3, 1, height=5.2, height_ratios=[1, 1, 1.25])
    counts = []
    for ax, kind in zip(axes, ("dense", "local", "shared"), strict=True):
        seen = [(i, s) for i in range(units) for s in range(n) if kind == "dense" or 0 <= s - i < m]
        weights = m if kind == "shared" else len(seen)
        counts.append(f"{kind}: {len(seen)} connections, {weights} different weights")
        _row(ax, n, units, counts[-1])
        for i, s in seen:
            dashed = kind == "shared"
            style, colour, lw = (STYLES[(s - i) % len(STYLES)], W, 1.5) if dashed else ("-", MUTED, 0.9)
            ax.plot([s, i + (m - 1) / 2], [0.17, 0.83], style, color=colour, lw=lw)
    for u in range(m):
        left = (n - 1) / 2 + 1.5 * (u - (m - 1) / 2)
        axes[2].plot([left - 0.5, left], [-0.42, -0.42], STYLES[u % len(STYLES)], color=W, lw=1.5)
        axes[2].text(left + 0.1, -0.42, f"k{u}".translate(_SUBSCRIPTS), color=W, va="center", weight="bold")
    axes[2].set_ylim(-0.55, 1.2)
    return fig, (
        f"A row of {n} pixels below, {units} units above, drawn three times. "
        + "; ".join(counts)
        + f". In the last one every unit uses the same {m} weights, told apart by the dash of their lines.")


def _row(ax, n, units, title):
    """Draw the circles of one panel: pixels below, units above."""
    ax.axis("off")
    ax.set(xlim=(-0.6, n - 0.4), ylim=(-0.2, 1.2), title=title)
    for count, left, level, letter, colour in [(n, 0, 0, "x", X), (units, (n - units) / 2, 1, "z", Y)]:
        for k in range(count):
            box = Rectangle((left + k - 0.3, level - 0.15), 0.6, 0.3, facecolor=colour, alpha=0.14, lw=0)
            ax.add_patch(box)
            ax.text(left + k, level, f"{letter}{k}".translate(_SUBSCRIPTS), color=colour, ha="center",
                    va="center", weight="bold")


def pipeline(image, convolved, pooled, hidden, outputs):
    """Draw the way of one picture: I, convolved to C, pooled to S, laid out as X, through units N to O.

    `image`, `convolved` and `pooled` are shapes (maps, rows, columns); `hidden` and `outputs` count units.
    """
    inputs = int(np.prod(pooled))
    fig, ax = panels(height=4.3)
    ax.axis("off")
    ax.set(xlim=(0, 10), ylim=(9.3, 0), aspect="equal")
    side = 2.3 / image[1]
    for x, shape, name, colour in [(0.4, image, "I: image", X), (4, convolved, "C: convolved", Y),
                                   (7.6, pooled, "S: subsampled", Y)]:
        _stack(ax, x, 0.9, shape, side, colour)
        _named(ax, x + 1, 0.35, name, 4.1, f"{shape[0]} × {shape[1]} × {shape[2]}", colour)
    for x, shown, count, name in [(1.2, 9, inputs, "X: one vector"), (5, 6, hidden, "N: hidden units"),
                                  (8.6, 6, outputs, "O: probabilities")]:
        _column(ax, x, 5.5, min(shown, count), boxes=x < 2, more=count > shown)
        _named(ax, x, 5.05, name, 9, f"{count}", Y)
    for start, end, text, at in [((2.95, 2.3), (3.8, 2.3), "convolve", (3.35, 1.9)),
                                 ((6.45, 2.3), (7.4, 2.3), "pool", (6.95, 1.9)),
                                 ((1.7, 7.1), (4.5, 7.1), "dense, φ", (3.1, 6.7)),
                                 ((5.5, 7.1), (8.1, 7.1), "dense, softmax", (6.8, 6.7))]:
        _arrow(ax, start, end, text, at)
    ax.plot([8.6, 8.6, 1.2], [4.3, 4.62, 4.62], color=INK, lw=1.2)
    _arrow(ax, (1.2, 4.62), (1.2, 4.85), "rasterise: lay the maps end to end", (5, 4.4))
    return fig, (
        f"The way of one picture. The image I, {image[0]} map of {image[1]} by {image[2]} pixels, is "
        f"convolved to C, {convolved[0]} maps of {convolved[1]} by {convolved[2]}, and subsampled to S, "
        f"{pooled[0]} maps of {pooled[1]} by {pooled[2]}. Rasterising lays them end to end as a vector X of "
        f"{inputs} numbers. A dense layer leads to {hidden} hidden units N, another one with softmax to "
        f"{outputs} outputs O.")


def _stack(ax, x, y, shape, side, colour):
    """Draw up to six maps behind each other, drawn to scale."""
    behind = min(shape[0], 6) - 1
    for k in range(behind, -1, -1):
        face, edge = dict(facecolor=colour, alpha=0.14, lw=0), dict(facecolor="none", edgecolor=colour, lw=1)
        for look in (face, edge):
            corner = x + 0.12 * k, y + 0.12 * k
            ax.add_patch(Rectangle(corner, side * shape[2], side * shape[1], **look))


def _column(ax, x, y, shown, *, boxes, more):
    """Draw a column of numbers as boxes, or of units as circles; dots stand for `more` than fit."""
    step, look = 3.1 / shown, dict(facecolor="none", edgecolor=Y)
    for k in range(shown - more):
        if boxes:
            ax.add_patch(Rectangle((x - 0.2, y + k * step), 0.4, step, lw=1, **look))
        else:
            ax.add_patch(Circle((x, y + (k + 0.5) * step), 0.2, lw=1.2, **look))
    if more:
        ax.text(x, y + 3.1 - step / 2, "⋮", color=Y, ha="center", va="center")


def _named(ax, x, top, name, bottom, size, colour):
    """Write the name above and the size below a stage."""
    ax.text(x, top, name, color=colour, ha="center", va="center", weight="bold", fontsize=9)
    ax.text(x, bottom, size, color=INK, ha="center", va="center", fontsize=9)


def _arrow(ax, start, end, text, at):
    ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=9, color=INK, lw=1.2, shrinkA=0,
                                 shrinkB=0))
    ax.text(*at, text, color=MUTED, ha="center", va="center", fontsize=8.5)
