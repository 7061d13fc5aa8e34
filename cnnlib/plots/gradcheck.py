"""Figures of chapter 10: errors against the step, which mistakes hide where, and how they train.

Each function returns ``(fig, alt)`` for ``show(*...)``. Every number drawn or said comes from its arguments.
"""

import numpy as np
from matplotlib.patches import Circle, Rectangle

from cnnlib.plots.figures import DELTA, INK, LINE, MUTED, W, X, Y, panels

LOOKS = (("--", W), ("-", X), (":", Y))


def error_curves(steps, errors):
    """Draw the errors of several methods against the step on log-log axes.

    `errors` maps a method to one error per step; an error of 0 is drawn at the foot of the figure.
    """
    fig, ax = panels(height=3.2)
    foot = 1e-18
    said = []
    for (name, values), (style, colour) in zip(errors.items(), LOOKS, strict=False):
        shown = np.maximum(values, foot)
        ax.plot(steps, shown, style, color=colour, label=name)
        best = steps[int(np.argmin(values))]
        said.append(f"{name}: smallest {min(values):.0e} at h = {best:.0e}")
    ax.set(xscale="log", yscale="log", xlabel="step h", ylabel="error", ylim=(foot / 2, 20))
    ax.legend(loc="lower right", fontsize=9, labelcolor="linecolor")
    return fig, "Error against step, both on logarithmic scales. " + "; ".join(said) + "."


def hiding(errors, rows, columns, *, least=1e-6):
    """Draw a table: a full mark where a mistake shows, an empty one where it hides, a dash where nothing ran.

    `errors` has one row per mistake and one column per input or check; NaN means that it could not be run.
    """
    errors = np.asarray(errors, float)
    names = 1.3 + 0.2 * max(map(len, columns))  # how far the slanted names reach up and to the right
    fig, ax = panels(height=0.3 * (len(rows) + names), width=0.3 * (len(columns) + 7.6 + names / 2))
    ax.axis("off")
    ax.set(xlim=(-7.2, len(columns) + names / 2), ylim=(len(rows) - 0.4, -names), aspect="equal")
    for i, name in enumerate(rows):
        ax.text(-0.7, i, name, ha="right", va="center", fontsize=8.5, color=INK)
        if i % 2 == 0:
            ax.add_patch(Rectangle((-7.1, i - 0.5), len(columns) + 7.6, 1, color=LINE, alpha=0.35, lw=0))
        for j in range(len(columns)):
            _mark(ax, j, i, errors[i, j], least)
    for j, name in enumerate(columns):
        ax.text(j - 0.1, -0.8, name, rotation=50, ha="left", va="bottom", fontsize=8.5, color=INK,
                rotation_mode="anchor")
    said = []
    for name, line in zip(rows, errors, strict=True):
        hidden = [column for column, error in zip(columns, line, strict=True) if error < least]
        said.append(f"{name}: {', '.join(hidden) or 'nothing'}")
    return fig, "A table of full marks (seen) and empty ones (hidden). Hidden by " + "; ".join(said) + "."


def _mark(ax, column, row, error, least):
    if np.isnan(error):
        ax.plot([column - 0.2, column + 0.2], [row, row], color=MUTED, lw=1.5)
    elif error < least:
        ax.add_patch(Circle((column, row), 0.27, facecolor="none", edgecolor=MUTED, lw=1.2))
    else:
        ax.add_patch(Circle((column, row), 0.27, facecolor=DELTA, edgecolor=DELTA, lw=1.2))


def training(runs):
    """Draw for each mistake the loss of a right and of a wrong run, with the accuracies they reach."""
    columns = 3
    rows = -(-len(runs) // columns)
    fig, axes = panels(rows, columns, height=1.5 * rows + 0.3, width=5.2, sharex=True, sharey=True,
                       squeeze=False)
    top = 1.05 * max(max(losses) for run in runs.values() for losses, _ in run.values())
    said = []
    for ax, (name, run) in zip(axes.flat, runs.items(), strict=False):
        for kind, style, colour in (("right", "-", Y), ("wrong", "--", DELTA)):
            losses, accuracy = run[kind]
            ax.plot(np.arange(1, len(losses) + 1), losses, style, color=colour)
            ax.text(0.97, 0.9 if kind == "right" else 0.72, f"{kind} {100 * accuracy:.0f} %", color=colour,
                    ha="right", va="top", transform=ax.transAxes, fontsize=8.5)
        ax.set_title(name, fontsize=8.5)
        ax.set(ylim=(0, top), xticks=[1, len(losses)])
        said.append(f"{name}: {100 * run['right'][1]:.0f} % right, {100 * run['wrong'][1]:.0f} % wrong")
    for ax in list(axes.flat)[len(runs):]:
        ax.axis("off")
    axes[-1, 1].set_xlabel("epoch")
    axes[rows // 2, 0].set_ylabel("loss")
    alt = "Training loss by epoch, without and with each mistake. Test accuracy: "
    return fig, alt + "; ".join(said) + "."
