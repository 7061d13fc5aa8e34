"""The map of the book shows every chapter once, in order of need, with true titles and counts."""

import importlib.util
import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def overview():
    sys.path.insert(0, str(ROOT / "book"))
    spec = importlib.util.spec_from_file_location("overview", ROOT / "book/overview.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(ROOT / "book"))


def test_every_chapter_of_the_contents_has_one_box(overview):
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text("utf8"))["parts"]
    pages = [entry["file"] for entry in parts[0]["chapters"]]
    linked = re.findall(r'<a href="\.\./([\w/-]+)\.html"', overview.draw())
    assert linked == pages


def test_a_chapter_needs_only_earlier_ones_and_boxes_do_not_meet(overview):
    assert set(overview.NEEDS) == set(overview.PLACES) - {0}
    assert all(max(needed) < number for number, needed in overview.NEEDS.items())
    rows = {}
    for row, half in overview.PLACES.values():
        rows.setdefault(row, []).append(half)
    gaps = [b - a for places in map(sorted, rows.values()) for a, b in pairwise(places)]
    assert min(gaps) >= 2


def test_counts_are_those_of_the_registry(overview):
    labels = re.findall(r'aria-label="Chapter (\d+): [^"]*?, (\d+) formulas"', overview.draw())
    said = {int(number): int(formulas) for number, formulas in labels}
    registry = overview.ledger.registry()
    for number, (page, _) in overview.chapters().items():
        assert said[number] == sum(entry["chapter"] == page for entry in registry.values())
    assert sum(said.values()) > 80


def test_titles_are_escaped(overview):
    drawn = overview.box(3, "notebooks/x", "<b>", 1)
    assert "&lt;b&gt;" in drawn and "<b>" not in drawn
