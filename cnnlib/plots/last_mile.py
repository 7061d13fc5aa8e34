"""Figures of chapter 09: two orders of laying maps end to end, and one unit that learns from two losses.

Each function returns ``(fig, alt)`` for ``show(*...)``. Every number drawn or said comes from its arguments.
"""

import numpy as np
from matplotlib.patches import Rectangle

from cnnlib.plots.figures import DELTA, INK, MUTED, STYLES, X, Y, panels

_COLOURS = X, Y


def orders(maps, vectors):
    """Draw maps of shape (C, h, w), C at most 2, and below them the same numbers in one or more orders.

    `vectors` maps the name of an order to the numbers in that order; numbers must differ.
    """
    count, h, w = maps.shape
    length = maps.size
    fig, ax = panels(height=0.5 * h + 0.75 * len(vectors) + 0.35)
    ax.axis("off")
    ax.set(xlim=(0, length), ylim=(h + 1.75 * len(vectors) + 0.4, -0.8), aspect="equal")
    gap = (length - count * w) / (count + 1)
    for c, values in enumerate(maps):
        left = gap * (c + 1) + w * c
        ax.text(left + w / 2, -0.45, f"map {c}", color=_COLOURS[c], ha="center", va="center", fontsize=9)
        for (i, j), value in np.ndenumerate(values):
            _cell(ax, left + j, i, value, _COLOURS[c])
    for row, (name, vector) in enumerate(vectors.items()):
        top = h + 0.9 + 1.75 * row
        ax.text(0, top - 0.35, name, color=MUTED, ha="left", va="center", fontsize=9)
        for q, value in enumerate(vector):
            [[c, *_]] = np.argwhere(maps == value)
            _cell(ax, q, top, value, _COLOURS[c])
    said = "; ".join(f"{name}: {', '.join(map(str, vector))}" for name, vector in vectors.items())
    return fig, f"{count} maps of {h} by {w} numbers, and below them the same numbers end to end. {said}."


def _cell(ax, x, y, value, colour):
    """Draw one number in a tinted square with an edge."""
    ax.add_patch(Rectangle((x + 0.05, y + 0.05), 0.9, 0.9, facecolor=colour, alpha=0.14, lw=0))
    ax.add_patch(Rectangle((x + 0.05, y + 0.05), 0.9, 0.9, facecolor="none", edgecolor=colour, lw=0.8))
    ax.text(x + 0.5, y + 0.5, str(value), color=INK, ha="center", va="center", fontsize=9)


def one_unit(z, losses, outputs):
    """Draw losses against the net input z, and below them the output of a unit during two trainings.

    `losses` maps a name to one value per entry of `z`; `outputs` maps a name to one output per step.
    """
    fig, (above, below) = panels(2, 1, height=4.6)
    names, quarter = list(losses), len(z) // 4
    crossed = {name: int(np.argmax(np.array(outputs[name]) > 0.5)) for name in names}
    for k, name in enumerate(names):
        above.plot(z, losses[name], STYLES[k], color=DELTA, label=name)
        _name(above, name, (z[quarter], losses[name][quarter]), (5, 6), "left")
        offset, side = ((7, -16), "left") if k == 0 else ((-7, -16), "right")
        _name(below, name, (crossed[name], 0.5), offset, side)
        some = np.unique(np.geomspace(1, len(outputs[name]) - 1, 150).round().astype(int))
        below.plot(some, np.array(outputs[name])[some], STYLES[k], color=DELTA, label=name)
    above.set(xlabel="net input z", ylabel="loss", title="the loss of one sample with target 1")
    below.axhline(0.5, color=MUTED, lw=0.8)
    below.set(xlabel="steps taken, logarithmic", ylabel="output a", xscale="log", ylim=(-0.03, 1.03),
              title="the output during training")
    said = ", ".join(f"{name} after {step} steps" for name, step in crossed.items())
    return fig, (
        f"Above, two losses over z from {z[0]:g} to {z[-1]:g}: {names[0]} ends at {losses[names[0]][0]:.1f} "
        f"on the left, a slope, {names[1]} at {losses[names[1]][0]:.1f}, a plateau. Below, the output during "
        f"training; it first exceeds one half with {said}.")


def _name(ax, text, place, offset, side):
    """Write a curve's name beside it, so that no legend is needed."""
    ax.annotate(text, place, xytext=offset, textcoords="offset points", ha=side, color=DELTA, fontsize=9)
