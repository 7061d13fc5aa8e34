"""The page of errata holds every entry with all its parts, and chapters and page lead to each other."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "book/errata.md").read_text("utf8")
IDS = [f"E-{number:02d}" for number in range(1, 34)]
PARTS = ("says", "verdict", "instead", "settled in")


def entries(page):
    """Split the page into its entries: a dict from id to text."""
    pieces = re.split(r"^\(e-\d\d\)=\n### (E-\d\d)\n", page, flags=re.M)
    texts = [re.split(r"\n(?:\(errata-s\d\)=\n)?## ", text)[0] for text in pieces[2::2]]
    return dict(zip(pieces[1::2], texts, strict=True))


def faults(page):
    """List what the page lacks."""
    found = entries(page)
    anchors = re.findall(r"^\((e-\d\d)\)=\n### (E-\d\d)$", page, flags=re.M)
    wrong = [f"{anchor} stands before {name}" for anchor, name in anchors if anchor != name.lower()]
    wrong += [f"the page holds {list(found)}"] * (list(found) != IDS)
    for name, text in found.items():
        missing = [part for part in PARTS if not re.search(rf"^- \*\*{part}:?\*\* \S", text, re.M)]
        wrong += [f"{name} has no {part}" for part in missing]
        cells = re.findall(r"^```\{code-cell\} ipython3\n:tags: \[claim\]\n(.*?)^```$", text, re.S | re.M)
        named = [cell for cell in cells if f"# {name}" in cell and re.search(r"^ *assert", cell, re.M)]
        wrong += [f"{name} has no claim cell that names it"] * (not named)
        for chapter in chapters(text):
            wrong += [f"{chapter} does not name {name}"] * (name not in prose(chapter))
    return wrong


def chapters(text):
    """List the chapters that settle an entry."""
    return re.findall(r"\{doc\}`\.\./notebooks/([\w-]+)`", text.split("**settled in**")[-1])


def prose(chapter):
    """Join the Markdown cells of a chapter; nothing if there is no such chapter."""
    path = ROOT / "notebooks" / f"{chapter}.ipynb"
    if not path.exists():
        return ""
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def test_every_erratum_has_all_its_parts():
    assert faults(PAGE) == []


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_erratum_of_a_chapter_is_on_the_page(path):
    named = set(re.findall(r"\*\*(E-\d+)\.?\*\*", prose(path.stem)))
    assert named <= set(IDS)
    listed = {name for name, text in entries(PAGE).items() if path.stem in chapters(text)}
    assert listed <= named, f"not in bold in the chapter: {sorted(listed - named)}"


@pytest.mark.parametrize(
    "old, new",
    [
        ("- **verdict:** a misprint.\n", ""),
        ("(e-07)=\n", "(e-08)=\n"),
        ("  # E-14\n", "\n"),
        ("assert_identical(gradient(inner(cl.conv2d(x, w, b)", "print(gradient(inner(cl.conv2d(x, w, b)"),
        ("### E-33", "### E-34"),
        ("../notebooks/08-other-layers", "../notebooks/05-convolution-backward"),
    ],
)
def test_the_rule_notices_what_is_missing(old, new):
    changed = PAGE.replace(old, new)
    assert changed != PAGE and faults(changed)
