"""Every chapter in Firefox, from a server and from the disk, and every control there as in Chromium.

`make firefox` runs it, `make firefox ONLY=05` one chapter. Both browsers run readers.mjs: they put the focus
on each control of each widget, press the same keys and note every text and value that a reader then sees.
What they report of a chapter is kept in _build/readers; benchmarks/firefox.md is written from it.
"""

import json
import re
from datetime import date
from pathlib import Path

import pytest
from readers import KEPT, ROOT, made, moving, programs, read, silent

CHAPTERS = re.findall(r"notebooks/[\w-]+", (ROOT / "_toc.yml").read_text("utf8"))
# Errors of gradient checks below 10⁻⁸ consist of the last bits of exp and its kin, where engines may differ.
LAST_BITS = re.compile(r"[\d.]+·10⁻(⁹|[¹²³⁴⁵⁶⁷⁸⁹][⁰¹²³⁴⁵⁶⁷⁸⁹])\W*")
NUMBER = re.compile(r"[−-]?\d+(?:\.\d+)?(?:e[−-]?\d+)?")
PAGE = ROOT / "benchmarks" / "firefox.md"
INTRODUCTION = """# Firefox

Each chapter opened in Firefox and in Chromium, from a server and from the disk; then each control of each
widget moved with the keys, and everything a reader sees afterwards compared between the two. A chapter has a
row when nothing differed, no complaint came, no request went outside, and each control had the focus, a
ring and something to say. Written by `make firefox`; the rows may come from different days.

| chapter | widgets | controls moved | numbers compared |
|---|---:|---:|---:|
"""


def differences(a, b):
    """Return how many numbers two texts have, and the words in which they differ by more than last bits."""
    one, two = (LAST_BITS.sub("tiny ", text).split() for text in (a, b))
    if len(one) != len(two):
        return len(NUMBER.findall(a)), [(len(one), len(two))]
    return len(NUMBER.findall(a)), [pair for pair in zip(one, two, strict=True) if pair[0] != pair[1]]


def compare(ours, theirs):
    """Return how many numbers were compared, and each difference with the control that led to it."""
    count, apart = 0, []
    for a, b in zip(ours, theirs, strict=True):
        assert (a["widget"], a["control"], a["keys"]) == (b["widget"], b["control"], b["keys"])
        if not a["runs"]:
            numbers, different = differences(a["shown"], b["shown"])
            count += numbers
            apart += [(a["control"], *pair) for pair in different]
    return count, apart


@pytest.fixture(scope="session")
def browsers():
    """Return Firefox and Chromium; fail if one of them cannot be had."""
    try:
        return programs()
    except LookupError as error:
        pytest.fail(str(error))


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_in_firefox(name, browsers, book_http, book_file):
    """Nothing complained of or asked outside; each control has the focus, a ring, and Chromium's numbers."""
    reports = {kind: read(kind, browsers[kind], [name], [book_http, book_file]) for kind in browsers}
    firefox, chromium = (reports[kind]["visits"] for kind in ("firefox", "chrome"))
    assert [visit["base"] for visit in firefox] == ["http", "file"]
    for visit, other in zip(firefox, chromium, strict=True):
        assert not (visit["messages"] or visit["outside"] or visit["failed"]), visit
        assert visit["widgets"] == other["widgets"] and visit["widgets"]
        assert all(state == "drawn" for _, state in visit["widgets"])
    acts = firefox[0]["acts"]
    assert {act["widget"] for act in acts} == set(range(len(firefox[0]["widgets"])))
    assert [act["control"] for act in acts if not (act["held"] and act["ring"])] == []
    assert silent(acts) == [] and moving(acts) == []
    count, apart = compare(acts, chromium[0]["acts"])
    assert apart == [] and count > 20
    keep(name, reports, widgets=len(firefox[0]["widgets"]), controls=len(acts), numbers=count)


def keep(name, reports, **row):
    """Keep what the page of results says of a chapter."""
    row |= {"day": str(date.today()), "with": [reports[kind]["version"] for kind in ("firefox", "chrome")]}
    (KEPT / f"{Path(name).name}.json").write_text(json.dumps(row), "utf8")


def test_the_page_of_results_is_written():
    """Every chapter has a row; those of an earlier day keep theirs."""
    found = {name: KEPT / f"{Path(name).name}.json" for name in CHAPTERS}
    missing = [name for name, path in found.items() if not path.exists()]
    assert not missing, f"not yet looked at: {missing}"
    rows = {name: json.loads(path.read_text("utf8")) for name, path in found.items()}
    lines = [
        f"| {Path(name).name} | {row['widgets']} | {row['controls']} | {row['numbers']} |"
        for name, row in rows.items()
    ]
    sums = [str(sum(row[what] for row in rows.values())) for what in ("widgets", "controls", "numbers")]
    state = made(
        {row["day"] for row in rows.values()}, {each for row in rows.values() for each in row["with"]}
    )
    text = INTRODUCTION + "\n".join([*lines, f"| all | {' | '.join(sums)} |", "", state])
    PAGE.write_text(text + "\n", "utf8")
