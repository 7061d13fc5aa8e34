"""Figures of chapter 08: branches that join, a shortcut both ways, nested fields, gradients by depth.

Each function returns ``(fig, alt)`` for ``show(*...)``. Every number drawn or said comes from its arguments.
"""

import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from cnnlib.plots.figures import DELTA, INK, LINE, MUTED, STYLES, W, X, Y, heat, panels


def inception(channels, branches):
    """Draw branches side by side from one stack of maps to another.

    `branches` lists for each branch its layers ``(name, maps)`` from the input to the output.
    """
    fig, ax = _canvas(12, 8.8, height=3.6)
    total, middle = sum(layers[-1][1] for layers in branches), 4.3
    _box(ax, 1.1, middle, X, f"x\n{channels}", width=1.6, height=2.2)
    _box(ax, 10.9, middle, Y, f"joined\n{total}", width=1.8, height=2.2)
    said = []
    for k, layers in enumerate(branches):
        y = 1.2 + k * 6.2 / max(1, len(branches) - 1)
        places = [4.2, 7.65] if len(layers) > 1 else [5.9]
        for x, (name, maps) in zip(places, layers, strict=True):
            colour = MUTED if "max" in name else W
            _box(ax, x, y, colour, f"{name}, {maps}", width=2.9, height=1.1)
        _arrow(ax, (1.95, middle + (y - middle) * 0.25), (places[0] - 1.5, y))
        _arrow(ax, (places[-1] + 1.5, y), (9.95, middle + (y - middle) * 0.25))
        if len(layers) > 1:
            _arrow(ax, (places[0] + 1.5, y), (places[1] - 1.5, y))
        said.append(", then ".join(f"{name} with {maps} maps" for name, maps in layers))
    return fig, (
        f"{channels} maps enter {len(branches)} branches. " + "; ".join(said)
        + f". The results are joined along the depth: {total} maps leave.")


def shortcut(x, fx, slope, gamma):
    """Draw h = x + f(x) with values going right, and below the gradient coming back both ways."""
    fig, axes = panels(2, 1, height=4)
    for ax in axes:
        ax.axis("off")
        ax.set(xlim=(0, 12), ylim=(4.4, 0), aspect="equal")
    for ax, names, colours, style, sign in [
        (axes[0], (f"x = {x}", f"f(x) = {fx}", f"h = {x} + {fx} = {x + fx}"), (X, W, Y), "-", 1),
        (axes[1], (f"γ + J γ = {gamma + slope * gamma}", f"J γ = {slope}·{gamma} = {slope * gamma}",
                   f"γ = {gamma}"), (DELTA, W, DELTA), "--", -1),
    ]:
        ink = INK if sign > 0 else DELTA
        for place, wide, name, colour in zip((1.6, 5.6, 10.2), (3, 3, 3.4), names, colours, strict=True):
            _box(ax, place, 3.1, colour, name, width=wide, height=1.1)
        ends = [((3.15, 3.1), (4.05, 3.1)), ((7.15, 3.1), (8.45, 3.1))]
        for start, end in ends:
            _arrow(ax, *((start, end) if sign > 0 else (end, start)), ink, style)
        bow = [(1.6, 2.5), (10.2, 2.5)][::sign]
        _arrow(ax, *bow, ink, style, bend=-0.28 * sign)
        text = f"shortcut: x = {x}" if sign > 0 else f"shortcut: γ = {gamma}"
        ax.text(5.9, 0.65, text, color=ink, ha="center", va="center", weight="bold")
    axes[0].set_title("forward: add", color=MUTED)
    axes[1].set_title("backward: the gradient takes both ways, and adds", color=MUTED)
    return fig, (
        f"A residual block at x = {x}. Forward: f(x) = {fx} and the shortcut's {x} add up to {x + fx}. "
        f"Backward: γ = {gamma} arrives, returns unchanged over the shortcut and as {slope} times {gamma} = "
        f"{slope * gamma} through f; together {gamma + slope * gamma}.")


def nested_fields(image, fields, names):
    """Draw the receptive fields ``(r, j)`` of one unit per layer over an image."""
    image = np.asarray(image)
    n = len(image)
    fig, ax = panels(height=3.7)
    heat(ax, image, colour=MUTED, strength=0.55)
    sides = []
    for k, ((r, j), name) in enumerate(zip(fields, names, strict=True)):
        start = j * (((n - r) // j) // 2)
        look = dict(fill=False, ec=X, lw=2, ls=STYLES[k % len(STYLES)], clip_on=False)
        ax.add_patch(Rectangle((start, start), r, r, **look))
        sides.append(f"{name}: {r}")
        height = n * (k + 0.5) / len(fields)
        ax.annotate(f"{name}: {r} × {r}", (start + r, min(max(height, start), start + r)), (n + 2, height),
                    color=X, va="center", fontsize=9, annotation_clip=False,
                    arrowprops=dict(arrowstyle="-", color=LINE, lw=1))
    return fig, (f"An image of {n} by {n} pixels with the field of one unit of each layer drawn as a square. "
                 "Side lengths: " + ", ".join(sides) + ".")


def norms_by_depth(depths, series):
    """Draw how the size of a gradient depends on depth, on a log scale; `series` maps names to values."""
    fig, ax = panels(height=3.1)
    ends = []
    for k, (name, values) in enumerate(series.items()):
        colour = (W, DELTA)["shortcut" in name]
        ax.plot(depths, values, STYLES[k % len(STYLES)], color=colour, marker="osD^"[k % 4], ms=4)
        ends.append((np.log10(values[-1]), name, colour))
    ax.set(yscale="log", xlabel="number of blocks", ylabel="first layer's gradient", xticks=depths)
    low, high = np.log10(ax.get_ylim())
    last, unit = -np.inf, 155 / (high - low)
    for end, name, colour in sorted(ends):
        last = max(last + 11, (end - low) * unit)
        ax.annotate(name, (depths[-1], 10**end), xytext=(6, last - (end - low) * unit), va="center",
                    textcoords="offset points", color=colour, fontsize=9, annotation_clip=False)
    return fig, ("The size of the first layer's gradient against the number of blocks, on a log scale. "
                 + "; ".join(f"{name}: from {v[0]:.2g} at {depths[0]} to {v[-1]:.2g} at {depths[-1]}"
                             for name, v in series.items()) + ".")


def _canvas(columns, rows, *, height):
    fig, ax = panels(height=height)
    ax.axis("off")
    ax.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal")
    return fig, ax


def _box(ax, x, y, colour, text, *, width, height):
    look = dict(boxstyle="round,pad=0,rounding_size=0.15", facecolor=colour, edgecolor="none", alpha=0.14)
    ax.add_patch(FancyBboxPatch((x - width / 2, y - height / 2), width, height, **look))
    ax.text(x, y, text, color=colour, ha="center", va="center", weight="bold", fontsize=9)


def _arrow(ax, start, end, colour=INK, style="-", bend=0.0):
    look = dict(arrowstyle="-|>", mutation_scale=9, color=colour, lw=1.3, shrinkA=0, shrinkB=0)
    path = f"arc3,rad={bend}"
    ax.add_patch(FancyArrowPatch(start, end, linestyle=style, connectionstyle=path, **look))
