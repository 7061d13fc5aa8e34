"""Figures of chapter 06: layers as matrices, and the networks whose lines are their entries.

`places` is ``conv_matrix`` of a kernel that holds 1, 2, 3, …: the number of the tap at each entry, else 0.
Hue tells a tap's column, dash its row. Each function returns ``(fig, alt)``; numbers come from its arguments.
"""

import numpy as np
from matplotlib.patches import Rectangle

from cnnlib.plots.figures import DELTA, INK, LINE, MUTED, NEGATIVE, POSITIVE, STYLES, W, X, Y, panels

HUES = W, "#8a63d2", "#857d00", "#6b7d93"
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def tap_matrix(places, columns, *, block=None):
    """Draw the matrix with the name of a tap at each of its places; `columns` is the kernel's width.

    `block` is the shape (rows, columns) of the blocks to rule off, one for each row of outputs and of pixels.
    """
    places = np.asarray(places)
    rows, pixels = places.shape
    small = pixels > 12
    middle = dict(ha="center", va="center")
    fig, ax = _canvas(pixels + 0.9, rows + 0.9, top=-0.9)
    for (r, q), number in np.ndenumerate(places):
        if not number:
            ax.text(q + 0.5, r + 0.5, "0", color=MUTED, fontsize=8, **middle)
            continue
        hue, dash = _look(number, columns)
        box = dict(width=0.86, height=0.86)
        ax.add_patch(Rectangle((q + 0.07, r + 0.07), facecolor=hue, alpha=0.2, lw=0, **box))
        ax.add_patch(Rectangle((q + 0.07, r + 0.07), facecolor="none", edgecolor=hue, lw=1, ls=dash, **box))
        text = _name(number, columns) if small else f"k{_name(number, columns)}".translate(_SUBSCRIPTS)
        ax.text(q + 0.5, r + 0.52, text, color=INK, fontsize=8 if small else 10, **middle)
    for q in range(pixels):
        ax.text(q + 0.5, -0.4, _indexed("x", q), color=X, ha="center", fontsize=7 if small else 9)
    for r in range(rows):
        ax.text(-0.45, r + 0.5, _indexed("y", r), color=Y, fontsize=9, **middle)
    for step, length, line in zip(block or (), places.shape, (ax.hlines, ax.vlines), strict=False):
        line(np.arange(0, length + 1, step), 0, pixels if line == ax.hlines else rows, color=INK, lw=1.1)
    ruled = f" Lines cut it into blocks of {block[0]} by {block[1]}." if block else ""
    return fig, f"A {rows} by {pixels} matrix. {_rows(places, columns)}{ruled}"


def dense_and_shared(places, columns):
    """Draw the network of a matrix twice: every line there could be, then the lines there are, by tap."""
    places = np.asarray(places)
    fig, axes = panels(2, 1, width=4.6, height=4.2)
    lines, taps = np.count_nonzero(places), len(set(places[places > 0].tolist()))
    titles = f"dense: {places.size} lines, {places.size} weights", f"shared: {lines} lines, {taps} weights"
    _network(axes[0], np.ones_like(places), None, "xy", dict.fromkeys([1], (MUTED, "-", 0.7)), titles[0])
    looks = {number: (*_look(number, columns), 1.6) for number in np.unique(places[places > 0])}
    _network(axes[1], places, columns, "xy", looks, titles[1])
    _legend(axes[1], looks, columns, places.shape[1])
    return fig, (
        f"{places.shape[1]} pixels above and {places.shape[0]} outputs below, drawn twice. {titles[0]}. "
        f"{titles[1]}: one colour and dash for each tap. {_rows(places, columns)}")


def one_tap_back(places, columns, tap, x, delta):
    """Draw only the lines of one tap, with the pixel and the δ at their ends, and add up their products."""
    places, x, delta = np.asarray(places), np.ravel(x), np.ravel(delta)
    ends = [(r, q) for r, q in np.argwhere(places == tap).tolist()]
    name = f"k{_name(tap, columns)}".translate(_SUBSCRIPTS)
    fig, ax = panels(width=4.6, height=2.6)
    looks = {number: (LINE, "-", 0.8) for number in np.unique(places[places > 0])}
    looks[tap] = (*_look(tap, columns), 2.4)
    _network(ax, places, columns, "xδ", looks, "", met=ends)
    symbols = " + ".join(_indexed("δ", r) + _indexed("x", q) for r, q in ends)
    products = " + ".join(f"{_signed(delta[r])}·{_signed(x[q])}" for r, q in ends)
    total = sum(delta[r] * x[q] for r, q in ends)
    line = dict(color=INK, ha="center", fontsize=11)
    ax.text(4.5, -0.55, f"∂E/∂{name} = {symbols}", **line)
    ax.text(4.5, -0.92, f"= {products} = {_signed(total, False)}", weight="bold", **line)
    ax.set_ylim(-1.05, 1.25)
    joined = ", ".join(f"x{q + 1} with δ{r + 1}" for r, q in ends)
    return fig, (
        f"The network with {places.shape[1]} pixels x above and {places.shape[0]} gradients δ below. Only "
        f"the {len(ends)} lines of tap {name} are drawn strongly; they join {joined}. Below: the gradient "
        f"of the tap, {symbols} = {products} = {total}.")


def layers(matrices, *, transposed=False):
    """Draw the matrices of several layers below one another, or their transposes side by side.

    Entries are shaded by size, warm above 0 and cold below; upright ones carry their numbers.
    """
    shapes = {name: np.asarray(matrix, float) for name, matrix in matrices.items()}
    rows, pixels = next(iter(shapes.values())).shape
    gap = 1.9
    across = len(shapes) * (rows + gap)
    fig, ax = _canvas(*((across, pixels + 1.6) if transposed else (pixels, across)))
    for k, (name, matrix) in enumerate(shapes.items()):
        left, top = (k * (rows + gap) + gap / 2, 1.3) if transposed else (0, k * (rows + gap) + 1.4)
        _shade(ax, matrix.T if transposed else matrix, left, top, numbers=not transposed)
        at = (left + rows / 2, 0.8) if transposed else (0, top - 0.35)
        ax.text(*at, name, color=INK, ha="center" if transposed else "left", fontsize=9, weight="bold")
    kind = f"{pixels} by {rows} transposes" if transposed else f"{rows} by {pixels} matrices"
    said = "; ".join(f"{name}: {np.count_nonzero(matrix)}" for name, matrix in shapes.items())
    return fig, f"The {kind} of {len(shapes)} layers, shaded by size. Entries that are not 0: {said}."


def _shade(ax, matrix, left, top, *, numbers):
    for (r, q), value in np.ndenumerate(matrix):
        if value:
            look = dict(facecolor=POSITIVE if value > 0 else NEGATIVE, lw=0)
            strength = 0.15 + 0.45 * abs(value) / np.abs(matrix).max()
            ax.add_patch(Rectangle((left + q, top + r), 1, 1, alpha=strength, **look))
        if numbers and value:
            text = f"{value:.2g}".lstrip("0") if 0 < value < 1 else f"{value:g}".replace("-", "−")
            ax.text(left + q + 0.5, top + r + 0.52, text, color=INK, ha="center", va="center", fontsize=8)
    box = dict(width=matrix.shape[1], height=matrix.shape[0], facecolor="none", edgecolor=MUTED, lw=0.8)
    ax.add_patch(Rectangle((left, top), **box))


def _network(ax, places, columns, letters, looks, title, met=None):
    """Draw pixels above, outputs below, and the line of each entry as `looks` has it for its tap."""
    rows, pixels = places.shape
    for number, (colour, dash, width) in looks.items():
        for r, q in np.argwhere(places == number):
            ends, order = [_across(q, pixels), _across(r, rows)], 1 + (width > 2)
            ax.plot(ends, [1, 0], dash, color=colour, lw=width, zorder=order)
    colours = {"x": X, "y": Y, "δ": DELTA}
    for count, level, letter, axis in ((pixels, 1, letters[0], 1), (rows, 0, letters[1], 0)):
        for k in range(count):
            strong = met is None or k in {end[axis] for end in met}
            colour = colours[letter] if strong else MUTED
            look = dict(color=colour, ha="center", va="center", weight="bold" if strong and met else "normal")
            ax.text(_across(k, count), 1.13 * level - 0.13 * (1 - level), _indexed(letter, k), **look)
            ax.plot(_across(k, count), level, "o", color=colour, ms=5, zorder=3)
    ax.axis("off")
    ax.set(xlim=(0, 9), ylim=(-0.25, 1.25))
    ax.set_title(title, color=INK)


def _across(k, count):
    return (k + 0.5) * 9 / count


def _indexed(letter, k):
    return f"{letter}{k + 1}".translate(_SUBSCRIPTS)


def _legend(ax, looks, columns, pixels):
    for k, (number, (hue, dash, width)) in enumerate(looks.items()):
        left = 4.5 + 2 * (k - (len(looks) - 1) / 2)
        ax.plot([left - 0.7, left - 0.1], [-0.5, -0.5], dash, color=hue, lw=width)
        ax.text(left, -0.5, f"k{_name(number, columns)}".translate(_SUBSCRIPTS), color=INK, va="center")
    ax.set_ylim(-0.65, 1.25)


def _canvas(columns, rows, *, top=0.0):
    fig, ax = panels(width=4.6, height=4.6 * rows / columns)
    ax.axis("off")
    ax.set(xlim=(-0.9 if top else 0, columns + (-0.9 if top else 0)), ylim=(rows + top, top), aspect="equal")
    return fig, ax


def _look(number, columns):
    u, v = divmod(int(number) - 1, columns)
    return HUES[v % len(HUES)], STYLES[u % len(STYLES)]


def _name(number, columns):
    u, v = divmod(int(number) - 1, columns)
    return f"{u + 1}{v + 1}"


def _signed(value, brackets=True):
    text = f"{value:g}".replace("-", "−")
    return f"({text})" if value < 0 and brackets else text


def _rows(places, columns):
    """Say row by row which tap stands in which column."""
    said = []
    for r, row in enumerate(places):
        tapped = [(_name(number, columns), q + 1) for q, number in enumerate(row) if number]
        taps = ", ".join(f"k{name} in column {column}" for name, column in tapped)
        said.append(f"Row {r + 1}: {taps or 'only zeros'}.")
    return " ".join(said)
