"""Figures of chapter 01: the unit, lines between points, and the three activations.

Each function returns ``(fig, alt)`` for ``show(*...)``. Every number drawn or said comes from its arguments.
"""

import numpy as np

from cnnlib.activations import sigmoid, tanh
from cnnlib.plots.figures import DELTA, INK, MUTED, STYLES, W, X, Y, panels
from cnnlib.plots.networks import _arrow, _box, _canvas

SUBSCRIPTS = "₁₂₃₄₅"


def unit(x, w, b):
    """Draw one threshold unit: inputs times weights, plus the bias, then a decision."""
    z = sum(p * q for p, q in zip(x, w, strict=True)) + b
    y = int(np.sign(z))
    fig, ax = _canvas(11.2, 4.6, width=4.4)
    sources = [(f"x{s} = {v}", X, f"w{s} = {p}") for s, v, p in zip(SUBSCRIPTS, x, w, strict=False)]
    for row, (name, colour, weight) in enumerate([*sources, ("1", MUTED, f"b = {b}")]):
        height = 0.8 + 1.5 * row
        _box(ax, 1.2, height, colour, name, width=2, height=0.9)
        _arrow(ax, (2.25, height), (5.5, 2.3 + 0.25 * (row - 1)), INK, "-")
        ax.text(3.9, (0.85, 2.02, 3.72)[row], weight.replace("-", "−"), color=W, ha="center", va="center")
    _box(ax, 6.7, 2.3, Y, f"z = {z}".replace("-", "−"), width=2.2, height=1)
    _arrow(ax, (7.85, 2.3), (8.75, 2.3), INK, "-")
    _box(ax, 9.9, 2.3, Y, f"sign z = {y}".replace("-", "−"), width=2.2, height=1)
    return fig, (
        f"A unit: inputs {', '.join(map(str, x))} and a constant 1 are multiplied by the weights "
        f"{', '.join(map(str, w))} and the bias {b}; the sum z = {z} is turned into the output sign z = {y}.")


def planes(points, tables):
    """Draw points in the plane, one panel for each table: name -> (labels, (w, b) or None)."""
    fig, axes = panels(1, len(tables), width=4.6, height=1.75, sharey=True, squeeze=False)
    said = []
    for ax, (name, (labels, line)) in zip(axes[0], tables.items(), strict=True):
        for (p, q), label in zip(points, labels, strict=True):
            marker = dict(marker="o", color=INK) if label > 0 else dict(marker="s", color=INK, mfc="none")
            ax.plot([p], [q], ms=7, **marker)
        if line is not None:
            (u, v), b = line
            ends = np.array([-0.5, 1.5])
            ax.plot(ends, -(u * ends + b) / v, color=W)
            ax.set_xlabel(f"{u}x₁ + {v}x₂ − {-b} = 0", fontsize=9)
        else:
            for kind in (1, -1):
                pair = np.array([point for point, label in zip(points, labels, strict=True) if label == kind])
                ax.plot(*pair.T, ":", color=DELTA, lw=1.4)
            ax.set_xlabel("the diagonals cross", fontsize=9)
        ax.set(title=name, xlim=(-0.5, 1.5), ylim=(-0.5, 1.5), xticks=[0, 1], yticks=[0, 1], aspect="equal")
        found = "no line" if line is None else f"the line {line[0][0]} x1 + {line[0][1]} x2 = {-line[1]}"
        said.append(f"{name}: {found}")
    kinds = "The corners of a square, filled circles for plus and open squares for minus. "
    return fig, kinds + "; ".join(said) + "."


def activations(limit=4):
    """Draw sign, tanh and the sigmoid, and below them their slopes."""
    z = np.linspace(-limit, limit, 160)  # 0 itself, where sign jumps, is not among them
    fig, (above, below) = panels(2, 1, height=3.4, sharex=True)
    curves = {"sign": (np.sign(z), 0 * z, INK), "tanh": (tanh(z), 1 - tanh(z) ** 2, Y),
              "sigmoid": (sigmoid(z), sigmoid(z) * (1 - sigmoid(z)), X)}
    places = {"sign": ((8, 5), (8, -12)), "tanh": ((93, -14), (90, 4)), "sigmoid": ((26, 9), (114, 5))}
    for k, (name, (value, slope, colour)) in enumerate(curves.items()):
        for ax, curve, (at, up) in zip((above, below), (value, slope), places[name], strict=True):
            gap = np.where(np.abs(np.diff(curve, prepend=curve[0])) > 1, np.nan, curve)
            ax.plot(z, gap, STYLES[k], color=colour)
            ax.annotate(name, (z[at], curve[at]), xytext=(4, up), textcoords="offset points", color=colour,
                        fontsize=9)
    above.set(ylabel="output", yticks=[-1, 0, 1])
    below.set(ylabel="slope", xlabel="net input z", yticks=[0, 0.25, 1], ylim=(-0.18, 1.06))
    return fig, (
        "Above: sign jumps from −1 to 1 at 0, tanh climbs smoothly between the same two values, the sigmoid "
        "from 0 to 1 at half the pace. Below, their slopes: 0 for sign, a bump of height 1 for tanh, a wider "
        "bump of height one quarter for the sigmoid.")
