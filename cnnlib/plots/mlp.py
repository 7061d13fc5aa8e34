"""Figures of chapter 02: a small network, the planes of XOR, and what became of fifty runs.

Each function returns ``(fig, alt)`` for ``show(*...)``. Every number drawn or said comes from its arguments.
"""

import numpy as np
from matplotlib.patches import Circle

from cnnlib.plots.figures import DELTA, INK, LINE, MUTED, W, X, Y, panels


def three_layers(sizes=(2, 3, 2)):
    """Draw layers p, q and r as columns of units, every unit joined to all of the next layer, and E."""
    fig, ax = panels(width=4.4, height=2.6)
    ax.axis("off")
    columns = [np.linspace(-(n - 1), n - 1, n) * 0.75 for n in (*sizes, 1)]
    for left, right, step in zip(columns[:-1], columns[1:], range(len(sizes)), strict=True):
        for a in left:
            for b in right:
                start, run = np.array([2.2 * step, a]), np.array([2.2, b - a])
                rim = 0.48 * run / np.hypot(*run)
                ax.plot(*np.transpose([start + rim, start + run - rim]), color=(W, W, MUTED)[step], lw=1)
    for step, (places, colour) in enumerate(zip(columns, (X, X, Y, DELTA), strict=True)):
        for k, y in enumerate(places[::-1]):
            ax.add_patch(Circle((2.2 * step, y), 0.48, fill=False, edgecolor=colour, lw=2))
            name = "E" if step == len(sizes) else f"{'pqr'[step]}{k + 1}"
            ax.text(2.2 * step, y, name, ha="center", va="center", color=INK, fontsize=10)
    for step, text in ((1.1, "Θ, b of q"), (3.3, "Θ, b of r")):
        ax.text(step, 2.2, text, ha="center", color=W, fontsize=9)
    ax.annotate("", (6.6, -2.75), (0, -2.75), arrowprops=dict(arrowstyle="->", color=INK))
    ax.text(3.3, -2.7, "forward: outputs", ha="center", va="bottom", color=INK, fontsize=9)
    ax.annotate("", (0, -3.4), (6.6, -3.4), arrowprops=dict(arrowstyle="->", color=DELTA, ls="--"))
    ax.text(3.3, -3.35, "backward: δ", ha="center", va="bottom", color=DELTA, fontsize=9)
    ax.set(xlim=(-0.6, 7.2), ylim=(-3.6, 2.6), aspect="equal")
    return fig, (
        f"Three columns of units, p with {sizes[0]}, q with {sizes[1]} and r with {sizes[2]}. Each unit of a "
        "layer is joined to every unit of the next; the units of r lead to the loss E. An arrow from left to "
        "right says forward, outputs; a dashed arrow from right to left says backward, delta.")


def xor_planes(w, b, v, c):
    """Draw the input plane with the region of output 1, and the plane of two hidden units with its line."""
    if np.shape(w) != (2, 2):
        raise ValueError(f"xor_planes draws nets with two hidden units, got w of shape {np.shape(w)}")
    points, targets = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), (0, 1, 1, 0)
    fig, (left, right) = panels(1, 2, width=5, height=2.7)
    axis = np.linspace(-0.5, 1.5, 121)
    plane = np.stack(np.meshgrid(axis, axis), axis=-1)
    _region(left, axis, np.tanh(plane @ np.transpose(w) + b) @ v + c)
    axis = np.linspace(-1.15, 1.15, 121)
    _region(right, axis, np.stack(np.meshgrid(axis, axis), axis=-1) @ v + c)
    hidden = np.tanh(points @ np.transpose(w) + b)
    for ax, places in ((left, points), (right, hidden)):
        for place, target in zip(places, targets, strict=True):
            ax.plot(*place, "o" if target else "s", color=INK, ms=9, mfc=INK if target else "none", mew=1.8)
        ax.set_aspect("equal")
        ax.grid(False)
    left.set(title="input plane", xlabel="x₁", ylabel="x₂")
    right.set(title="hidden plane", xlabel="o of q1", ylabel="o of q2")
    pairs = zip(points, hidden, strict=True)
    said = ", ".join(f"{tuple(map(int, p))} to ({a:.2f}, {b:.2f})" for p, (a, b) in pairs)
    return fig, (
        "Two planes. Left, the four points of XOR: discs for target 1, open squares for target 0, and shaded "
        f"the region where the output exceeds one half. Right, where the two hidden units put them: {said}; "
        "there one straight line parts discs from squares.")


def _region(ax, axis, z):
    """Shade where z > 0 and draw its border."""
    ax.contourf(axis, axis, z, levels=[0, max(1.0, z.max())], colors=[Y], alpha=0.25)
    ax.contour(axis, axis, z, levels=[0], colors=[INK], linewidths=1.6)


def loss_runs(losses, solved):
    """Draw the loss of many runs against steps, the solved ones apart from the stuck ones."""
    losses, solved = np.asarray(losses), np.asarray(solved)
    fig, ax = panels(width=4.6, height=2.8)
    steps = np.unique(np.geomspace(1, losses.shape[1], 160).astype(int)) - 1
    for run, good in zip(losses, solved, strict=True):
        ax.plot(steps + 1, run[steps], "-" if good else "--", color=Y if good else DELTA, lw=0.9, alpha=0.8)
    for value, name in ((4 * np.log(2), "4 ln 2"), (2 * np.log(2), "2 ln 2")):
        ax.axhline(value, color=LINE, lw=0.8)
        ax.annotate(name, (losses.shape[1], value), xytext=(4, 0), textcoords="offset points", va="center",
                    color=MUTED, fontsize=9, annotation_clip=False)
    ax.set(xscale="log", yscale="log", xlabel="step (logarithmic)", ylabel="loss E")
    ax.set(xticks=[1, 10, 100, 1000], xticklabels=["1", "10", "100", "1000"])
    ax.set(yticks=[0.01, 0.1, 1], yticklabels=["0.01", "0.1", "1"])
    ax.minorticks_off()
    groups = losses[solved, -1], losses[~solved, -1]
    ends = [f"{group.min():.3f} and {group.max():.3f}" for group in groups]
    return fig, (
        f"Loss of {len(losses)} runs over {losses.shape[1] - 1} steps. {int(solved.sum())} solid lines fall "
        f"to between {ends[0]}; {int((~solved).sum())} dashed lines end between {ends[1]}, close to "
        f"2 ln 2 = {2 * np.log(2):.3f}.")
