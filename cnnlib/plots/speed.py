"""Figures of chapter 14: what lies beside what in memory, and how times grow.

Each function returns ``(fig, alt)`` for ``show(*...)``. Every number drawn or said comes from its arguments.
"""

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, NullFormatter

from cnnlib.plots.figures import DELTA, INK, MUTED, STYLES, W, X, Y, panels

COLOURS = X, W, Y, DELTA


def ladder(ratios):
    """Draw one bar per variant: its time as a multiple of the bare matrix product, on a log axis."""
    fig, ax = panels(height=0.42 * len(ratios) + 0.9)
    names, values = list(ratios), list(ratios.values())
    start = min([*values, 1.0]) / 2
    for k, value in enumerate(values):
        ax.barh(k, value - start, left=start, height=0.5, color=X, alpha=0.35)
        ax.text(value * 1.06, k, _number(value), va="center", color=INK)
        ax.text(start, k - 0.42, names[k], va="center", color=INK, fontsize=9)
    ax.axvline(1, color=MUTED, ls="--", lw=1)
    ax.set(
        xscale="log",
        yticks=[],
        ylim=(len(names) - 0.4, -0.8),
        xlim=(start, max(values) * 2.2),
        xlabel="time ÷ time of the bare matrix product",
    )
    _plain(ax.xaxis)
    ax.grid(False, axis="y")
    listed = "; ".join(f"{name}: {_number(value)}" for name, value in ratios.items())
    return fig, f"Bars on a logarithmic axis, time as a multiple of the bare matrix product. {listed}."


def strips(layouts):
    """Draw memory as one long strip per layout, with the numbers that one tap copies in colour.

    `layouts` maps a name to a flat array of booleans, one per address.
    """
    fig, axes = panels(len(layouts), 1, height=0.85 * len(layouts) + 0.3, squeeze=False)
    said = []
    for ax, (name, touched) in zip(axes[:, 0], layouts.items(), strict=True):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(touched, int), [0]])))
        starts, lengths = edges[::2], edges[1::2] - edges[::2]
        ax.add_patch(Rectangle((0, 0), len(touched), 1, facecolor=MUTED, alpha=0.15, lw=0))
        for start, length in zip(starts, lengths, strict=True):
            ax.add_patch(Rectangle((start, 0), length, 1, facecolor=X, lw=0))
        span = sorted({int(lengths.min()), int(lengths.max())})
        said.append(f"{name}: {len(starts)} runs of {' to '.join(map(str, span))} numbers")
        ax.set(xlim=(0, len(touched)), ylim=(0, 1), yticks=[], xticks=[])
        ax.set_title(said[-1], loc="left", fontsize=9)
        ax.spines[:].set_visible(False)
    return fig, "Memory as a strip, the numbers that one tap copies marked. " + "; ".join(said) + "."


def lines(series, *, xlabel, ylabel, mark=None):
    """Draw curves on two logarithmic axes: `series` maps a name to (xs, ys); `mark` is a vertical line."""
    fig, ax = panels(height=3.2)
    for k, (name, (xs, ys)) in enumerate(series.items()):
        ax.plot(xs, ys, STYLES[k % len(STYLES)], marker="o", ms=4, color=COLOURS[k % 4], label=name)
    if mark is not None:
        ax.axvline(mark, color=MUTED, lw=1, ls=":")
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
    ax.set_xticks(sorted({x for xs, _ in series.values() for x in xs}))
    _plain(ax.xaxis)
    _plain(ax.yaxis)
    ax.legend(frameon=False)
    listed = "; ".join(f"{name} from {ys[0]:.3g} to {ys[-1]:.3g}" for name, (_, ys) in series.items())
    return fig, f"{ylabel} against {xlabel}, both axes logarithmic: {listed}."


def growth(curves, *, ylabel="time in ms"):
    """Draw log-log panels: `curves` maps what grows to (sizes, times, work); dashed grows like the work."""
    fig, axes = panels(2, 2, height=5.2)
    said = []
    for ax, (name, (sizes, times, work)) in zip(axes.flat, curves.items(), strict=True):
        ax.plot(sizes, times, "o-", ms=4, color=X)
        ax.plot(sizes, np.asarray(work) * times[-1] / work[-1], "--", color=MUTED, lw=1)
        ax.set(xscale="log", yscale="log", xlabel=name, ylabel=ylabel, xticks=sizes)
        _plain(ax.xaxis)
        _plain(ax.yaxis)
        said.append(
            f"{name} from {sizes[0]} to {sizes[-1]}: time times {times[-1] / times[0]:.3g}, "
            f"work times {work[-1] / work[0]:.3g}"
        )
    fig.get_layout_engine().set(hspace=0.08, wspace=0.08)
    return (
        fig,
        "Four panels, both axes logarithmic, time and a dashed line that grows like the work. "
        + "; ".join(said)
        + ".",
    )


def tiles(size):
    """Draw an output of `size` × `size` pixels, and two neighbouring tiles with the pixels they read."""
    fig, axes = panels(1, 2, height=3.0)
    for ax, side, title in ((axes[0], size + 2, "pixels"), (axes[1], size, "outputs")):
        for r, c in np.ndindex(side, side):
            ax.add_patch(Rectangle((c, r), 1, 1, facecolor="none", edgecolor=MUTED, lw=0.4))
        ax.set(
            xlim=(-0.1, side + 0.1),
            ylim=(side + 0.1, -0.1),
            aspect="equal",
            xticks=[],
            yticks=[],
            title=title,
        )
        ax.spines[:].set_visible(False)
        ax.grid(False)
    for k, (colour, style) in enumerate(((W, "-"), (DELTA, "--"))):
        axes[0].add_patch(Rectangle((2 * k, 0), 4, 4, facecolor=colour, alpha=0.15, lw=0))
        axes[1].add_patch(Rectangle((2 * k, 0), 2, 2, facecolor=colour, alpha=0.3, lw=0))
        for ax, side in ((axes[0], 4), (axes[1], 2)):
            ax.add_patch(
                Rectangle((2 * k, 0), side, side, facecolor="none", edgecolor=colour, lw=2, ls=style)
            )
    return fig, (
        f"An image of {size + 2} by {size + 2} pixels and its {size} by {size} outputs. Two neighbouring "
        "tiles of 2 by 2 outputs read 4 by 4 pixels each, which overlap in two columns."
    )


def _number(value):
    """Write a number with two or three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def _plain(axis):
    """Write the ticks of a logarithmic axis as plain numbers."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
