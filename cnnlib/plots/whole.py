"""Figures and tables of chapter 11: whole networks, layer by layer and path by path.

Each figure function returns ``(fig, alt)`` for ``show(*...)``; every number comes from its arguments.
"""

from html import escape

import numpy as np
from matplotlib.patches import FancyArrowPatch, Rectangle

from cnnlib.plots.figures import DELTA, INK, LINE, MUTED, W, Y, panels

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
WAYS = {  # what a layer does forward, and what it sends back
    "Conv2d": ("Zₒ = bₒ + Σ X꜀ ⋆ Kₒ꜀", "∂K = X ⋆ δ, ∂b = Σ δ, γ = Σ δ ⋆ᶠ rot K"),
    "Dense": ("z = W x + b", "∂W = δ xᵀ, ∂b = δ, γ = Wᵀ δ"),
    "Sigmoid": ("a = σ(z)", "δ = γ ⊙ a ⊙ (1 − a)"),
    "Tanh": ("a = tanh z", "δ = γ ⊙ (1 − a²)"),
    "ReLU": ("a = max(0, z)", "δ = γ where z > 0, else 0"),
    "MaxPool2d": ("largest of each block", "γ to the first largest pixel, 0 elsewhere"),
    "AvgPool2d": ("mean of each block", "γ = up(γ′) / s²"),
    "Subsample2d": ("z = β · block sum + b", "∂β = Σ δ · block sum, ∂b = Σ δ, γ = β up(δ)"),
    "Flatten": ("lay the maps end to end", "back into maps"),
}


class NetworkTable:
    """A table with one row for each layer: name, formula, shape, parameters, both ways."""

    header = "layer", "formula id", "shape", "parameters", "forward", "backward"

    def __init__(self, rows, total):
        self.rows, self.total = rows, total

    def __repr__(self):
        return (
            "\n".join(" | ".join(map(str, row)) for row in [self.header, *self.rows])
            + f"\ntotal {self.total}"
        )

    def _repr_html_(self):
        rows = [*self.rows, ("total", "", "", self.total, "", "")]
        head = "".join(f'<th scope="col">{name}</th>' for name in self.header)
        body = "".join(f"<tr>{''.join(map(_cell, row, range(6)))}</tr>" for row in rows)
        table = f'<table class="cnn-summary"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        name = f"layers of the network of {self.total} parameters"
        return f'<div style="overflow-x:auto" tabindex="0" role="region" aria-label="{name}">{table}</div>'


def _cell(value, column):
    wrap = ' style="white-space:nowrap"' if column < 4 else ""
    return f"<td{wrap}>{escape(str(value))}</td>"


def network_table(net, input_shape):
    """Tabulate a network: the rows of `Sequential.summary`, and each layer's two ways in a line.

    Raises
    ------
    ValueError
        If the network holds a layer that the table has no words for.
    """
    rows = []
    for row, layer in zip(net.summary(input_shape).rows, net.layers, strict=True):
        name = type(layer).__name__
        if name not in WAYS:
            raise ValueError(f"network_table has no words for {name}; it knows {', '.join(sorted(WAYS))}")
        rows.append((*row, *WAYS[name]))
    return NetworkTable(rows, sum(row[3] for row in rows))


def influence(slope, weights, output_slopes, misses):
    """Draw the ways from one net input of a filter map to the cost: one road, then one path for each output.

    `slope` is a′ at the pixel, a winner; `weights`, `output_slopes` and `misses` hold one number an output.
    """
    if not len(weights) == len(output_slopes) == len(misses):
        raise ValueError(f"influence needs one weight, slope and miss for each output; got {len(weights)}, "
                         f"{len(output_slopes)} and {len(misses)}")  # fmt: skip
    products = [slope * w * s * e for w, s, e in zip(weights, output_slopes, misses, strict=True)]
    fig, ax = panels(height=4.2)
    ax.axis("off")
    ax.set(xlim=(0, 10), ylim=(9.2, 0), aspect="equal")
    for y, name, colour in [(0.6, "z in F", Y), (2.2, "a in F", Y), (3.8, "a in P", Y)]:
        _node(ax, 5, y, name, colour)
    _link(ax, (5, 1), (5, 1.8), f"a′ = {slope:.4g}", (5.25, 1.4))
    _link(ax, (5, 2.6), (5, 3.4), "1: it is the winner", (5.25, 3))
    for n, (w, s, e) in enumerate(zip(weights, output_slopes, misses, strict=True)):
        x, label = 5 + 3.4 * (n - 1), 5.15 if n == 1 else 5 + 2.4 * (n - 1)
        _node(ax, x, 5.7, f"O{n + 1}", Y)
        _link(ax, (5 + 0.3 * (n - 1), 4.2), (x, 5.3), f"w = {_number(w)}", (label, 4.5 + 0.3 * (n == 1)), W)
        _link(
            ax,
            (x, 6.1),
            (5 + 0.5 * (n - 1), 7.75),
            f"{_number(e)} · {_number(s)}",
            (label, 7.2 - 0.5 * (n == 1)),
            DELTA,
        )
    _node(ax, 5, 8.1, "C", INK)
    total = " + ".join(f"({_number(p)})" for p in products)
    ax.text(
        5, 8.95, f"{total} = {_number(sum(products))}", ha="center", va="center", fontsize=10, color=DELTA
    )
    return fig, _said(slope, weights, output_slopes, misses, total, sum(products))


def _said(slope, weights, output_slopes, misses, total, result):
    """Put the paths into words."""
    paths = "; ".join(
        f"through O{n + 1} with weight {_number(w)}, slope {_number(s)} and miss {_number(e)}"
        for n, (w, s, e) in enumerate(zip(weights, output_slopes, misses, strict=True))
    )
    return (
        f"From the net input of one pixel a single road leads through its output, slope {slope:.4g}, "
        f"and the pooled pixel, whose winner it is. There it splits into {len(weights)} paths: {paths}. "
        f"The products {total} add up to {_number(result)}."
    )


def connections(table):
    """Draw a connection table: row = input map, column = output map, a square where they are connected."""
    table = np.asarray(table, dtype=bool)
    fig, ax = panels(height=2.3)
    for (c, o), on in np.ndenumerate(table):
        look = dict(facecolor=W, alpha=0.75, lw=0) if on else dict(facecolor="none", edgecolor=LINE, lw=0.8)
        ax.add_patch(Rectangle((o + 0.08, c + 0.08), 0.84, 0.84, **look))
    ax.grid(False)
    ax.spines[:].set(visible=False)
    rows, columns = table.shape
    ax.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal", xlabel="output map", ylabel="input map")
    ax.set(xticks=np.arange(columns) + 0.5, xticklabels=range(columns))
    ax.set(yticks=np.arange(rows) + 0.5, yticklabels=range(rows))
    sources = [f"{o} from {', '.join(map(str, np.flatnonzero(table[:, o])))}" for o in range(columns)]
    return fig, (
        f"Which of {rows} input maps each of {columns} output maps uses, {table.sum()} connections in all. "
        f"Output map {'; '.join(sources)}."
    )


def _number(value):
    return f"{value:.4g}".replace("-", "−")


def _node(ax, x, y, name, colour):
    box = dict(boxstyle="round,pad=0.35", facecolor="none", edgecolor=colour)
    ax.text(x, y, name, ha="center", va="center", color=colour, weight="bold", bbox=box)


def _link(ax, start, end, text, at, colour=MUTED):
    look = dict(arrowstyle="-|>", mutation_scale=9, color=MUTED, lw=1.1, shrinkA=0, shrinkB=0)
    ax.add_patch(FancyArrowPatch(start, end, **look))
    side = "left" if at[0] > 5 else "right"
    ax.text(*at, text, ha=side, va="center", color=colour, fontsize=10)
