"""Figures shared by the chapters: SVG in the page, readable in light and dark mode.

`show` turns each palette colour into a CSS variable: the page decides how ink and quantities look.
"""

import html
import io
import re
import sys

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

X, W, Y, DELTA = "#0065a8", "#a84c06", "#00734f", "#a3246f"       # image, kernel, output, gradient
INK, MUTED, LINE = "#1c2430", "#5b6675", "#d9dee5"                # text, secondary text, rules
POSITIVE, NEGATIVE = "#a84c07", "#0065a9"                         # signed values; 0 is the page itself
STYLES = "-", "--", ":", "-."

_VARIABLES = {
    X: f"var(--cnn-x, {X})", W: f"var(--cnn-w, {W})", Y: f"var(--cnn-y, {Y})",
    DELTA: f"var(--cnn-delta, {DELTA})",
    POSITIVE: f"var(--cnn-w, {POSITIVE})", NEGATIVE: f"var(--cnn-x, {NEGATIVE})",
    INK: f"var(--pst-color-text-base, var(--jp-content-font-color1, {INK}))",
    MUTED: f"var(--pst-color-text-muted, var(--jp-content-font-color2, {MUTED}))",
    LINE: f"var(--pst-color-border, var(--jp-border-color2, {LINE}))",
}
_DARK = ('[data-theme="dark"] .cnn-figure,[data-jp-theme-light="false"] .cnn-figure'
         "{--cnn-x:#6cb8ee;--cnn-w:#f0a860;--cnn-y:#57cfa3;--cnn-delta:#ee8cc0}"
         ".text_html:has(>.cnn-figure){background:none!important;padding:0!important}")   # the theme's sheet
_FONT = "var(--pst-font-family-base, var(--jp-content-font-family, sans-serif))"
_RC = {
    "svg.fonttype": "none", "path.simplify": False, "font.size": 10, "text.color": INK,
    "axes.edgecolor": LINE, "axes.labelcolor": MUTED, "axes.titlesize": 10, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True, "grid.color": LINE,
    "grid.linewidth": 0.6, "xtick.color": MUTED, "ytick.color": MUTED, "xtick.major.size": 0,
    "ytick.major.size": 0, "lines.linewidth": 1.8, "legend.frameon": False,
}


class Drawing:
    """A finished figure: inline SVG for pages and notebooks, PNG for print."""

    def __init__(self, svg, png):
        self.svg, self.png = svg, png

    def _repr_html_(self):
        return f'<div class="cnn-figure">{self.svg}</div>'

    def _repr_png_(self):
        return self.png


def show(fig, alt):
    """Return `fig` as inline SVG that follows the page's colours and says `alt` to a screen reader.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        Drawn with this module's palette; other colours stay as they are.
    alt : str
        What the figure shows, for readers who cannot see it.

    Returns
    -------
    Drawing
        The same bytes on every run.

    Raises
    ------
    ValueError
        If `alt` is empty.
    """
    if not alt.strip():
        raise ValueError("show expects a description of the figure in alt, got an empty one")
    svg, png = io.StringIO(), io.BytesIO()
    with mpl.rc_context(_RC | {"svg.hashsalt": alt}):
        fig.savefig(svg, format="svg", transparent=True, metadata={"Date": None})
        fig.savefig(png, format="png", dpi=150, facecolor="white", metadata={"Software": None})
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(fig)
    return Drawing(_inline(svg.getvalue(), alt), png.getvalue())


def _inline(svg, alt):
    """Make a stand-alone SVG fit to live inside a page."""
    svg = re.sub(r"^.*?(?=<svg)|<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.S)
    width, height = (float(n) for n in re.search(r'viewBox="0 0 (\S+) (\S+)"', svg).groups())
    root = (f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{html.escape(alt)}" '
            f'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'style="width:100%;max-width:{1.5 * width:.0f}px;height:auto;stroke-linejoin:round">'
            f"<style>{_DARK}</style>")
    svg = re.sub(r"<svg[^>]*>", lambda _: root, svg, count=1)
    svg = re.sub(r' id="cells"', ' shape-rendering="crispEdges"', svg)
    used = set(re.findall(r'#([\w-]+)["\)]', svg))
    svg = re.sub(r' id="([^"]+)"', lambda m: m[0] if m[1] in used else "", svg)
    svg = re.sub(r' (?:d|x|y|transform)="[^"]*"', _shorten, svg)
    svg = re.sub(r"font-family:[^;\"]*", f"font-family: {_FONT}", svg)
    svg = re.sub(r"#[0-9a-f]{6}\b", lambda m: _VARIABLES.get(m[0], m[0]), svg.replace("#000000", INK))
    return re.sub(r"\s*\n(\s*<g/>)*\s*", "\n", svg).strip()


def _shorten(attribute):
    """Round the coordinates of one SVG attribute to hundredths of a point."""
    text = re.sub(r"-?\d+\.\d+", lambda m: f"{round(float(m[0]), 2):g}", attribute[0])
    return re.sub(r"\s+([MLCQz])\s*", r"\1", text).replace('"M ', '"M')


def panels(rows=1, columns=1, *, width=4.6, height=2.8, **subplots):
    """Return a figure and its axes in the house style; 4.6 inches wide reads well on a phone."""
    with mpl.rc_context(_RC):
        fig = Figure(figsize=(width, height), layout="constrained")
        return fig, fig.subplots(rows, columns, **subplots)


def curves(ax, series, *, start=1, xlabel="", ylabel="", colours=(INK,)):
    """Draw named curves told apart by dash, colour and a label at their end.

    `series` maps a name to one curve, or to runs of shape (runs, points): their mean, and as a band
    their range. Points are numbered from `start`.
    """
    ends = []
    for k, (name, values) in enumerate(series.items()):
        runs = np.atleast_2d(values)
        mean, at = runs.mean(axis=0), np.arange(start, start + runs.shape[1])
        colour = colours[k % len(colours)]
        ax.plot(at, mean, STYLES[k % len(STYLES)], color=colour)
        if len(runs) > 1:
            ax.fill_between(at, runs.min(axis=0), runs.max(axis=0), color=colour, alpha=0.15, lw=0)
        ends.append((mean[-1], name, at[-1], colour))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    (low, high), last = ax.get_ylim(), -np.inf
    points = ax.figure.get_figheight() * 50 / (high - low)        # about the axes' height in points
    for end, name, right, colour in sorted(ends):
        last = max(last + 11, (end - low) * points)               # labels never overlap
        ax.annotate(name, (right, end), xytext=(5, last - (end - low) * points), va="center",
                    textcoords="offset points", color=colour, fontsize=9, annotation_clip=False)


def heat(ax, values, *, colour=None, scale=None, numbers=None, strength=1.0, levels=16):
    """Draw a small matrix as cells whose opacity is strength * |value| / scale.

    With a `colour` the values are magnitudes; without one they are signed, and 0 is the bare page.
    `numbers` is a format such as ``"{:.1f}"`` to print each value in its cell.
    """
    values = np.asarray(values, dtype=float)
    scale = scale or np.abs(values).max() or 1.0
    steps = np.clip(np.rint(values / scale * levels), -levels, levels).astype(int)
    for step in np.unique(steps[steps != 0]):
        squares = [Path([(c, r), (c + 1, r), (c + 1, r + 1), (c, r + 1), (c, r)], closed=True)
                   for r, c in np.argwhere(steps == step)]
        shade = colour or (POSITIVE if step > 0 else NEGATIVE)
        ax.add_patch(PathPatch(Path.make_compound_path(*squares), facecolor=shade, lw=0, gid="cells",
                               clip_on=False, alpha=strength * abs(step) / levels))
    for (r, c), value in np.ndenumerate(values if numbers else np.empty((0, 0))):
        text = numbers.format(value)
        ax.text(c + 0.5, r + 0.5, (text if float(text) else text.strip("-")).replace("-", "−"),
                ha="center", va="center", fontsize=8, color=INK)
    ax.set(xlim=(0, values.shape[1]), ylim=(values.shape[0], 0), aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set(visible=True, color=LINE)
    ax.grid(False)


def grid(maps, *, titles=(), columns=8, colour=None, numbers=None, size=0.55):
    """Draw many small matrices on one scale, signed ones with a legend of that scale."""
    scale, strength = float(max(np.abs(m).max() for m in maps)) or 1.0, 0.5 if numbers else 1.0
    rows, legend = -(-len(maps) // columns), 0 if colour else 1
    fig, axes = panels(rows + legend, columns, width=size * columns, squeeze=False,
                       height=(size + 0.22 * (len(titles) > 0)) * rows + 0.5 * legend,
                       height_ratios=[1] * rows + [0.35] * legend)
    for k, ax in enumerate(axes[:rows].flat):
        if k < len(maps):
            heat(ax, maps[k], colour=colour, scale=scale, numbers=numbers, strength=strength)
            ax.set_title(titles[k] if len(titles) else "", fontsize=9, pad=3)
        else:
            ax.axis("off")
    if legend:
        for ax in axes[rows, 1:]:
            ax.remove()
        ax = axes[rows, 0]
        ax.set_subplotspec(ax.get_gridspec()[rows, :])
        heat(ax, np.linspace(-scale, scale, 17)[None], strength=strength)
        ax.set(aspect="auto", xticks=[0.5, 8.5, 16.5], xticklabels=[f"−{scale:.2g}", "0", f"{scale:.2g}"])
    return fig


def confusion(matrix):
    """Draw a confusion matrix: row = true class, column = predicted class, errors on their own scale."""
    matrix = np.asarray(matrix)
    fig, ax = panels(height=4.4)
    heat(ax, matrix - np.diag(np.diag(matrix)), colour=DELTA, strength=0.45)
    for (r, c), count in np.ndenumerate(matrix):
        ax.text(c + 0.5, r + 0.5, str(count) if count else "·", ha="center", va="center",
                color=INK if count else MUTED, weight="bold" if r != c and count else "normal")
    names = np.arange(len(matrix))
    ax.set(xticks=names + 0.5, xticklabels=names, xlabel="predicted digit")
    ax.set(yticks=names + 0.5, yticklabels=names, ylabel="true digit")
    return fig
