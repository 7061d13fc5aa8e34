"""The glossary: every entry in both languages with a sentence and a link, introduced where it says."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "book/glossary.md").read_text("utf8")
ENTRY = re.compile(
    r"^(?P<term>\S[^\n]*)\n  (?P<chinese>[^\n]*?)\. (?P<sentence>[A-Z$⟨γδ][^\n]*?) "
    r"\{doc\}`Chapter (?P<number>\d+) <\.\./notebooks/(?P<page>[\w-]+)>`$",
    re.M,
)
BODY = PAGE.split("```{glossary}\n")[1].removesuffix("```\n")
ENTRIES = [match.groupdict() for match in ENTRY.finditer(BODY)]


def test_every_paragraph_is_an_entry():
    assert len(ENTRIES) == len(BODY.strip().split("\n\n")) >= 70


def test_the_entries_are_in_order_and_none_comes_twice():
    terms = [entry["term"].lower() for entry in ENTRIES]
    assert terms == sorted(set(terms))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["term"])
def test_an_entry_is_complete(entry):
    assert re.search(r"[\u4e00-\u9fff]", entry["chinese"])
    assert entry["sentence"].endswith(".") and len(entry["sentence"].split()) >= 3
    assert entry["page"].startswith(f"{int(entry['number']):02d}-")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["term"])
def test_the_chapter_uses_the_term(entry):
    cells = nbformat.read(ROOT / "notebooks" / f"{entry['page']}.ipynb", as_version=4).cells
    text = " ".join(cell.source for cell in cells).lower().replace("_", " ")
    names = re.findall(r"[\w°–-]+(?: [\w°–-]+)*", entry["term"].lower())
    stems = {re.sub("( layer|ation|ing|e?s)$", "", name) for name in names}
    assert any(stem in text for stem in stems), f"{entry['page']} does not mention {sorted(stems)}"
