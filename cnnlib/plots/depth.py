"""Figures of chapter 13: how steep activations are, and how large δ is in every layer of many networks.

Each function returns ``(fig, alt)`` for ``show(*...)``. Every number drawn or said comes from its arguments.
"""

import numpy as np

from cnnlib.plots.figures import DELTA, INK, MUTED, STYLES, W, X, Y, panels

_COLOURS = DELTA, X, W, Y, MUTED


def slopes(z, curves):
    """Draw the slope of each activation over `z`; `curves` maps its name to the slopes there."""
    fig, axes = panels(1, len(curves), width=4.6, height=2.2, sharey=True)
    said = []
    for ax, (name, values) in zip(np.atleast_1d(axes), curves.items(), strict=True):
        values = np.asarray(values, dtype=float)
        breaks = np.flatnonzero(np.abs(np.diff(values)) > 0.5) + 1        # a jump is not a steep line
        for part in np.split(np.arange(len(z)), breaks):
            ax.plot(np.asarray(z)[part], values[part], color=DELTA)
        at = int(values.argmax())
        ax.set_title(f"{name}\nat most {values[at]:g}", color=INK)
        ax.set(xlabel="z", ylim=(-0.06, 1.12), xticks=[z[0], 0, z[-1]], yticks=[0, 0.25, 0.5, 0.75, 1])
        ends = f"at the ends {values[0]:.2g} and {values[-1]:.2g}"
        said.append(f"of {name} is at most {values[at]:g} and {ends}")
    return fig, f"Slopes over z from {z[0]:g} to {z[-1]:g}. The slope {'; that '.join(said)}."


def fading(series, *, unit="δ"):
    """Draw norms layer by layer, relative to the last layer: geometric mean and the middle 80 % of runs.

    `series` maps a name to an array of shape (runs, layers); layers are numbered from 1.
    """
    fig, ax = panels(width=4.6, height=3.2)
    ends, said = [], []
    for k, (name, norms) in enumerate(series.items()):
        logs = np.log10(np.asarray(norms) / np.asarray(norms)[:, -1:])
        layers, mean = np.arange(1, logs.shape[1] + 1), logs.mean(axis=0)
        low, high = np.quantile(logs, [0.1, 0.9], axis=0)
        colour = _COLOURS[k % len(_COLOURS)]
        ax.plot(layers, 10**mean, STYLES[k % len(STYLES)], color=colour)
        ax.fill_between(layers, 10**low, 10**high, color=colour, alpha=0.15, lw=0)
        ends.append((mean[0], name, colour))
        said.append(f"{name} {10 ** mean[0]:.2g}")
    ax.set(yscale="log", xlabel="layer", ylabel=f"‖{unit}‖, last layer = 1", xticks=layers)
    ax.set_xlim(layers[-1] + 0.2, 1)                                      # backward: from left to right
    _label(ax, ends)
    return fig, (
        f"Norm of {unit} relative to the last layer, on a logarithmic scale, from layer {layers[-1]} on the "
        f"left back to layer 1 on the right, where it is on average: {', '.join(said)}.")


def _label(ax, ends):
    """Write each name at the right end of its curve, a line apart at least."""
    low, high = np.log10(ax.get_ylim())
    points = ax.figure.get_figheight() * 50 / (high - low)               # about the axes' height in points
    last = -np.inf
    for end, name, colour in sorted(ends):
        last = max(last + 11, (end - low) * points)
        ax.annotate(name, (1, 10**end), xytext=(6, last - (end - low) * points), va="center",
                    textcoords="offset points", color=colour, fontsize=9, annotation_clip=False)
