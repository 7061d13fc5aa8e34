"""Every equation of the registry has all its parts, and no id stands anywhere without being registered.

`faults` is the rule; the last tests take the parts away one by one and see that it notices.
"""

import copy
import importlib.util
import re
from functools import cache
from pathlib import Path

import nbformat
import pytest
from pybtex.database import parse_file

ROOT = Path(__file__).resolve().parent.parent

spec = importlib.util.spec_from_file_location("ledger", ROOT / "book/ledger.py")
ledger = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ledger)

FIELDS = {"formula", "says", "source", "chapter", "kernel", "proof", "test"}
REGISTRY = ledger.registry()
LABELS = ledger.labels()
WORKS = set(parse_file(ROOT / "book/references.bib").entries)
ID = r"[a-z]+(?:-[a-z0-9]+)*"


def faults(identifier, entry, labels=LABELS, works=WORKS):
    """List what is missing from one entry of the registry."""
    found = [f"fields differ: {sorted(FIELDS ^ set(entry))}"] * (FIELDS != set(entry))
    found += [f"{field} is empty" for field in FIELDS if not entry.get(field)]
    found += [f"the bibliography has no {key}" for key in entry.get("source", {}) if key not in works]
    found += wrong_label(identifier, entry, labels)
    found += wrong_place(identifier, entry.get("kernel", ""), "kernel")
    found += wrong_place(identifier, entry.get("test", ""), "test")
    for place in entry.get("proof", []):
        found += wrong_place(identifier, place, "proof") if "::" in place else wrong_page(identifier, place)
    return found


def wrong_label(identifier, entry, labels):
    """Find a formula that its chapter does not label, or labels twice, or writes in another way."""
    chapter, formula = entry.get("chapter"), " ".join(entry.get("formula", "").split())
    places = labels.get(identifier, [])
    expected = (
        [] if chapter == ledger.PAGE else [chapter]
    )  # the registry's own page labels its formulas itself
    if [page for page, _ in places] != expected:
        return [f"labelled in {[page for page, _ in places]}, not in {expected}"]
    return [f"{page} writes {written}" for page, written in places if written != formula]


def wrong_place(identifier, place, part):
    """Find a kernel, proof or test that does not exist, or does not mention the id."""
    try:
        name, line, lines = ledger.definition(place)
    except (LookupError, OSError) as error:
        return [f"{part}: {error}"]
    if ledger.mentions(identifier, "\n".join(lines)):
        return []
    return [f"{part}: {name}:{line} does not mention {identifier}"]


def wrong_page(identifier, place):
    """Find a page named as a proof without a claim cell that mentions the id."""
    cells = claim_cells(ROOT / place)
    if any(ledger.mentions(identifier, cell) for cell in cells):
        return []
    return [f"proof: {place} has no claim cell that mentions {identifier}"]


@cache
def claim_cells(page):
    """List the sources of a page's cells that are tagged as claims."""
    if (path := page.with_suffix(".md")).exists():
        cells = re.findall(r"^```\{code-cell\}.*?^```$", path.read_text("utf8"), flags=re.S | re.M)
        return [cell for cell in cells if ":tags: [claim]" in cell]
    if not (path := page.with_suffix(".ipynb")).exists():
        return []
    cells = nbformat.read(path, as_version=4).cells
    return [cell.source for cell in cells if "claim" in cell.metadata.get("tags", [])]


def unregistered(registry=REGISTRY, labels=LABELS, sources=None):
    """List ids without an entry that label a formula or stand in a docstring or comment of the library."""
    found = [f"{pages[0][0]} labels {name}" for name, pages in labels.items() if name not in registry]
    if sources is None:
        sources = {path: path.read_text("utf8") for path in sorted((ROOT / "cnnlib").rglob("*.py"))}
    for path, text in sources.items():
        names = re.findall(rf'^    formula = "({ID})"', text, flags=re.M)
        for sentence in re.findall(rf"Equations?((?:[\s,]|and|``{ID}``|\([^()]*\))+)", text):
            names += re.findall(rf"``({ID})``", sentence)
        for line in text.splitlines():
            names += ids_in_comment(line)
        found += [f"{path.name}: {name}" for name in names if name not in registry]
    return found


def ids_in_comment(line):
    """List the ids in a comment that consists of ids: words with hyphens, separated by commas."""
    code, mark, comment = line.partition("  # ")
    words = [word.strip() for word in comment.split(",")] if mark and code.strip() else []
    return [word for word in words if re.fullmatch(ID, word) and "-" in word]


@pytest.mark.parametrize("identifier", REGISTRY)
def test_equation_has_all_its_parts(identifier):
    assert faults(identifier, REGISTRY[identifier]) == []


def test_no_id_is_unregistered():
    assert unregistered() == []


def test_every_equation_is_shown_on_the_page():
    page = (ROOT / "book/equations.md").read_text("utf8")
    shown = {
        file
        for cell in re.findall(r"^show\((.*)\)$", page, flags=re.M)
        for file in re.findall(r'"(.+?)"', cell)
    }
    assert {entry["kernel"].split(":")[0] for entry in REGISTRY.values()} == shown


def test_the_page_can_run_the_proofs():
    requirements = (ROOT / "requirements.txt").read_text("utf8")
    assert re.search(r"^pytest==", requirements, flags=re.M), (
        "without pytest the built page cannot run the proofs"
    )


@pytest.mark.timeout(120)
def test_running_a_proof_counts_its_cases():
    place = next(place for place in REGISTRY["conv-dw"]["proof"] if "::" in place)
    counts = ledger.run_proofs([place])[place]
    assert counts["cases"] > 0 and counts["entries"] > 0 and counts["failed"] == 0


def test_a_failing_proof_stops_the_page(tmp_path):
    (tmp_path / "test_wrong.py").write_text("def test_wrong():\n    assert 1 + 1 == 3\n")
    with pytest.raises(RuntimeError, match="a proof failed"):
        ledger.run_proofs([str(tmp_path / "test_wrong.py::test_wrong")])


# --- the rule itself: it must notice each part that is taken away ---------------------------------


def without(field):
    """Return a change that takes a field away."""
    return lambda entry: entry.pop(field)


def with_value(field, value):
    """Return a change that sets a field."""
    return lambda entry: entry.update({field: value})


CHANGES = [
    *(without(field) for field in sorted(FIELDS)),
    with_value("formula", "x"),
    with_value("says", ""),
    with_value("source", {"nobody1900": "p. 1"}),
    with_value("chapter", "book/intro"),
    with_value("chapter", "book/equations"),
    with_value("kernel", "cnnlib/windows.py:pair"),
    with_value("kernel", "cnnlib/conv.py:gone"),
    with_value("kernel", "cnnlib/gone.py:conv2d"),
    with_value("proof", ["book/notation"]),
    with_value("proof", ["tests/test_equations.py::without"]),
    with_value("proof", ["tests/test_equations.py::gone"]),
    with_value("proof", ["notebooks/99-gone"]),
    with_value("test", "tests/test_equations.py::without"),
    with_value("test", "tests/test_gone.py::test_conv"),
    with_value("more", "x"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_rule_notices_a_missing_part(change):
    entry = copy.deepcopy(REGISTRY["conv-dw"])
    change(entry)
    assert faults("conv-dw", entry), "no fault was noticed"


def test_rule_notices_a_label_that_is_gone_or_doubled():
    entry, places = REGISTRY["conv-dw"], LABELS["conv-dw"]
    assert faults("conv-dw", entry, labels={})
    assert faults("conv-dw", entry, labels={"conv-dw": places * 2})


@pytest.mark.parametrize(
    "text",
    [
        '"""Equation ``no-such-id`` (Bouvrie, 2006)."""',
        '"""Equations ``conv-dw`` and\n    ``no-such-id``."""',
        '    formula = "no-such-id"',
        "    x = y  # no-such-id",
        "    x = y  # conv-dw, no-such-id",
    ],
)
def test_rule_notices_an_unregistered_id(text):
    assert unregistered(sources={ROOT / "conv.py": text}) == ["conv.py: no-such-id"]
    assert unregistered(labels={"no-such-id": [("book/notation", "x")]}, sources={})
