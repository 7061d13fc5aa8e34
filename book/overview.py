"""Draw the map of the book: its chapters, what each needs, how many formulas it proves; every box is a link.

`book/intro.md` shows it. Titles come from the notebooks and counts from the registry.
"""

import html
import textwrap
from pathlib import Path

import ledger
import nbformat

ROOT = Path(__file__).resolve().parent.parent
# Where a chapter stands (row, place from the left in half boxes), and which chapters it builds on.
PLACES = {
    0: (0, 2), 1: (1, 1), 2: (1, 3), 3: (2, 1), 4: (2, 3), 5: (3, 2), 6: (4, 0), 7: (4, 2), 8: (4, 4),
    9: (5, 1), 10: (5, 3), 11: (6, 2), 12: (7, 0), 13: (7, 2), 14: (7, 4),
}  # fmt: skip
NEEDS = {
    1: [0], 2: [1], 3: [2], 4: [3], 5: [4], 6: [5], 7: [5], 8: [5], 9: [7], 10: [7], 11: [9, 10],
    12: [11], 13: [11], 14: [11],
}  # fmt: skip
WIDTH, HEIGHT, GAP_X, GAP_Y = 112, 62, 8, 26
SHORT = {
    1: "Perceptron", 2: "Back-propagation", 3: "Why convolve", 4: "Arithmetic", 5: "Convolution, backward",
    6: "Sparse matrix", 7: "Pooling", 8: "Other layers", 9: "Softmax", 10: "Gradient checks",
    11: "Whole networks", 12: "Digits", 13: "First weights", 14: "Making it fast",
}  # fmt: skip
NETWORKS = {2: "2-3-2 and XOR", 11: "28×28, 6×6, LeNet", 12: "reads what you draw"}


def chapters(root=ROOT):
    """Return a dict from a chapter's number to (page, title)."""
    found = {}
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        first = nbformat.read(path, as_version=4).cells[0].source.splitlines()[0]
        number, title = first.removeprefix("# ").split(" · ", 1)
        found[int(number)] = (f"notebooks/{path.stem}", title)
    return found


def corner(number):
    """Return the upper left corner of a chapter's box."""
    row, half = PLACES[number]
    return half * (WIDTH + GAP_X) / 2, row * (HEIGHT + GAP_Y)


def box(number, page, title, formulas):
    """Draw one chapter as a link."""
    x, y = corner(number)
    name = f"{number} · {SHORT.get(number, title)}"
    lines = [("name", line) for line in textwrap.wrap(name, 17)] + [("note", NETWORKS.get(number, ""))]
    texts = [
        f'<text class="{kind}" x="{x + 8}" y="{y + 18 + 15 * i}">{html.escape(line)}</text>'
        for i, (kind, line) in enumerate([*lines[:2], ("note", f"{formulas} formulas")])
    ]
    label = html.escape(f"Chapter {number}: {title}, {formulas} formulas", quote=True)
    return (
        f'<a href="../{page}.html" aria-label="{label}"><rect x="{x}" y="{y}" width="{WIDTH}" '
        f'height="{HEIGHT}" rx="7"/>{"".join(texts)}</a>'
    )


def arrow(start, end):
    """Draw a line from the edge of one box to the edge of another."""
    (x, y), (u, v) = corner(start), corner(end)
    if y == v:
        return f'<path d="M{x + WIDTH} {y + HEIGHT / 2}H{u - 3}" marker-end="url(#map-tip)"/>'
    x, u = x + WIDTH / 2, u + WIDTH / 2
    middle = v - GAP_Y / 2
    return f'<path d="M{x} {y + HEIGHT}V{middle}H{u}V{v - 3}" marker-end="url(#map-tip)"/>'


def draw(root=ROOT):
    """Return the map as SVG."""
    found, registry = chapters(root), ledger.registry(root)
    counts = {page: sum(e["chapter"] == page for e in registry.values()) for page, _ in found.values()}
    boxes = [box(number, *found[number], counts[found[number][0]]) for number in sorted(found)]
    arrows = [arrow(a, b) for b in sorted(found) for a in NEEDS.get(b, []) if a in found]
    wide, high = 3 * WIDTH + 2 * GAP_X, 8 * (HEIGHT + GAP_Y) - GAP_Y
    return (
        f'<svg class="book-map" viewBox="-2 -2 {wide + 4} {high + 4}" role="group" '
        'aria-label="Map of the book: chapters in the order in which they build on each other">'
        '<marker id="map-tip" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="6" markerHeight="6" '
        f'orient="auto"><path d="M0 0L6 3L0 6z"/></marker>{"".join(arrows)}{"".join(boxes)}</svg>'
    )
