"""Figures of chapter 05: how gradients travel through products, nodes and windows.

Each function returns ``(fig, alt)`` for ``show(*...)``. Every number drawn or said comes from its arguments.
"""

import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from cnnlib.conv import conv2d_backward
from cnnlib.plots.figures import DELTA, INK, LINE, MUTED, STYLES, W, X, Y, panels

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def gradient_flow(x, w, delta):
    """Draw one product z = k·x: values go right, the gradient comes back as upstream times local."""
    fig, ax = _canvas(10, 6.2, width=3.8)
    _box(ax, 1.3, 1.6, X, f"x = {x}", width=2.2)
    _box(ax, 1.3, 4.6, W, f"k = {w}", width=2.2)
    _box(ax, 7, 3.1, Y, f"z = {w * x}", width=2.2)
    ax.text(9.6, 3.1, "E", color=INK, ha="center", va="center", fontsize=13, style="italic")
    for forward in [((2.5, 1.65), (5.8, 2.75)), ((2.5, 4.55), (5.8, 3.45)), ((8.2, 2.95), (9.35, 2.95))]:
        _arrow(ax, *forward, INK, "-")
    for back in [((5.8, 3), (2.5, 1.95)), ((5.8, 3.2), (2.5, 4.25)), ((9.35, 3.25), (8.2, 3.25))]:
        _arrow(ax, *back, DELTA, "--")
    ax.text(4.4, 1.5, f"local ∂z/∂x = k = {w}", color=W, ha="left", va="center")
    ax.text(4.4, 4.7, f"local ∂z/∂k = x = {x}", color=X, ha="left", va="center")
    ax.text(9.9, 3.95, f"upstream δ = {delta}", color=DELTA, ha="right", va="center")
    for row, text in [(0.55, f"∂E/∂x = δ·k = {delta}·{w} = {delta * w}"),
                      (5.65, f"∂E/∂k = δ·x = {delta}·{x} = {delta * x}")]:
        ax.text(0.2, row, text, color=DELTA, ha="left", va="center", weight="bold", fontsize=11)
    return fig, (
        f"One product, z = k times x, with x = {x}, k = {w} and z = {w * x}. Solid arrows lead from x and k "
        f"to z and on to the loss E. Dashed arrows lead back: the upstream gradient δ = {delta} arrives at "
        f"z; x receives δ times the local derivative k, which is {delta * w}; k receives δ times x, which "
        f"is {delta * x}.")


def node_map(delta, w, node):
    """Draw a map, the taps and the next map; follow one node through a 2×2 kernel to all it feeds."""
    delta, w = np.asarray(delta), np.asarray(w)
    if w.shape != (2, 2):
        raise ValueError(f"node_map draws 2×2 kernels, got w of shape {w.shape}")
    rows, columns = np.add(delta.shape, 1)
    s, t = divmod(node - 1, columns)
    gamma = conv2d_backward(delta[None, None], np.zeros((1, 1, rows, columns), int), w[None, None])[0][0, 0]
    terms = [(f"k{s - i + 1}{t - j + 1}".translate(_SUBSCRIPTS), w[s - i, t - j],
              f"δ{i * delta.shape[1] + j + 1}".translate(_SUBSCRIPTS), delta[i, j])
             for i, j in _outlets(s, t, delta.shape)]
    formula = f"γ{node} = ".translate(_SUBSCRIPTS) + " + ".join(f"{tap}·{out}" for tap, _, out, _ in terms)
    numbers = "= " + " + ".join(f"{a}·{d}" for _, a, _, d in terms) + f" = {gamma[s, t]}"
    fig, ax = _canvas(columns + 6.9, rows + 2.7, width=4)
    _draw_maps(ax, gamma, delta, (s, t))
    for k, (tap, a, _, _) in enumerate(terms):
        height = rows / 2 + 0.55 + k - (len(terms) - 1) / 2
        _box(ax, columns + 1.55, height, W, f"{tap} = {a}", width=1.7, height=0.8)
        _connect(ax, (s, t), _outlets(s, t, delta.shape)[k], columns, height, STYLES[k])
    ax.text(0.1, rows + 1.55, formula, color=INK, va="center", fontsize=11)
    ax.text(0.75, rows + 2.3, numbers, color=INK, va="center", fontsize=11, weight="bold")
    return fig, (
        f"Left, a {rows} by {columns} map with nodes 1 to {gamma.size}, node {node} marked; right, the next "
        f"map with nodes 1 to {delta.size} and their δ. Lines lead from node {node} through "
        + ", ".join(f"tap {tap} = {a} to {out} = {d}" for tap, a, out, d in terms)
        + f". Below: {formula} {numbers}.")


def kernel_gradient(x, delta):
    """Draw, for each tap, the pixels it met: the window of δ's size that starts at the tap's own index."""
    x, delta = np.asarray(x), np.asarray(delta)
    m, n = np.subtract(x.shape, delta.shape) + 1
    zeros = np.zeros((1, 1, m, n), int)
    dw = conv2d_backward(delta[None, None], x[None, None], zeros)[1][0, 0]
    fig, axes = panels(m, n, width=4, height=4 * m / n * 1.12, squeeze=False)
    for (u, v), total in np.ndenumerate(dw):
        ax = axes[u, v]
        ax.axis("off")
        ax.set(xlim=(-0.05, x.shape[1] + 0.05), ylim=(x.shape[0] + 0.05, -0.05), aspect="equal")
        name = f"k{u + 1}{v + 1}".translate(_SUBSCRIPTS)
        ax.set_title(f"∂E/∂{name} = {total}", color=W, fontsize=11, weight="bold")
        for (r, c), pixel in np.ndenumerate(x):
            met = 0 <= r - u < delta.shape[0] and 0 <= c - v < delta.shape[1]
            _cell(ax, c + 0.5, r + 0.5, X if met else LINE, f"{pixel}", strong=met, ink=X if met else MUTED)
            if met:
                ax.text(c + 0.86, r + 0.88, f"·{delta[r - u, c - v]}", color=DELTA, fontsize=8, ha="right")
    entries = ", ".join(f"k{u + 1}{v + 1}: {total}" for (u, v), total in np.ndenumerate(dw))
    return fig, (
        f"One copy of the {x.shape[0]} by {x.shape[1]} image per tap. In each, the {delta.shape[0]} by "
        f"{delta.shape[1]} pixels the tap met are marked and carry their δ; the window starts at the tap's "
        f"own row and column. Sums of products, the gradients of the taps: {entries}.")


def _draw_maps(ax, gamma, delta, at):
    """Draw the numbered nodes of both maps and mark the node at `at` and its outlets."""
    (rows, columns), left = gamma.shape, gamma.shape[1] + 3.2
    for r, c in np.ndindex(rows, columns):
        _cell(ax, c + 0.5, r + 1.1, MUTED, corner=r * columns + c + 1, side="right")
    _cell(ax, at[1] + 0.5, at[0] + 1.1, DELTA, f"{gamma[at]}", side="right", strong=True)
    for (r, c), value in np.ndenumerate(delta):
        _cell(ax, left + 1.15 * c + 0.5, 1.35 * r + 1.25, DELTA, f"{value}",
              corner=r * delta.shape[1] + c + 1, strong=(r, c) in _outlets(*at, delta.shape))
    ax.text(columns / 2, 0.2, f"γ: nodes 1–{gamma.size}", color=INK, ha="center", va="center")
    ax.text(columns + 1.55, 0.2, "taps", color=W, ha="center", va="center")
    ax.text(left + 1.65, 0.2, f"δ: nodes 1–{delta.size}", color=DELTA, ha="center", va="center")


def _connect(ax, pixel, outlet, columns, height, dash):
    """Draw the line from a pixel through the tap at `height` to an outlet, in the lanes between the rows."""
    (s, t), (i, j), left = pixel, outlet, columns + 3.2
    x, y, side = left + 1.15 * j + 0.5, 1.35 * i + 1.25, -1 if i < s else 1
    lane = y + side * (0.56 + 0.12 * (j - t + 1))
    ax.plot([t + 0.92, columns + 0.7], [s + 1.1, height], dash, color=W, lw=1.6)
    ax.plot([columns + 2.4, left, x, x], [height, lane, lane, y + side * 0.42], dash, color=W, lw=1.6)


def _outlets(s, t, outputs):
    """List the outputs whose 2×2 window contains pixel (s, t)."""
    return [(i, j) for i in (s - 1, s) for j in (t - 1, t) if 0 <= i < outputs[0] and 0 <= j < outputs[1]]


def _canvas(columns, rows, *, width):
    fig, ax = panels(width=width, height=width * rows / columns)
    ax.axis("off")
    ax.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal")
    return fig, ax


def _box(ax, x, y, colour, text, *, width, height=1.0):
    shape = FancyBboxPatch((x - width / 2, y - height / 2), width, height, facecolor=colour, edgecolor="none",
                           boxstyle="round,pad=0,rounding_size=0.15", alpha=0.14)
    ax.add_patch(shape)
    ax.text(x, y, text, color=colour, ha="center", va="center", weight="bold")


def _cell(ax, x, y, colour, text="", *, corner=None, side="left", strong=False, ink=None):
    box = dict(width=0.84, height=0.84, boxstyle="round,pad=0,rounding_size=0.1", lw=1.6 if strong else 1)
    at, nudge = (x - 0.42, y - 0.42), 0.07 if side == "right" else 0
    if strong:
        ax.add_patch(FancyBboxPatch(at, facecolor=colour, edgecolor="none", alpha=0.16, **box))
    ax.add_patch(FancyBboxPatch(at, facecolor="none", edgecolor=colour if strong else LINE, **box))
    ax.text(x - nudge, y + 0.03 - nudge, text, color=ink or colour, ha="center", va="center",
            weight="bold" if strong else "normal")
    if corner is not None:
        edge, line = (x - 0.36, y - 0.22) if side == "left" else (x + 0.37, y + 0.26)
        ax.text(edge, line, f"{corner}", color=MUTED, ha=side, va="center", fontsize=7.5)


def _arrow(ax, start, end, colour, style):
    ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=9, color=colour, lw=1.6,
                                 linestyle=style, shrinkA=0, shrinkB=0))
