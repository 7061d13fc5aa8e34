"""Every page of the book, for readers with keys, a screen reader, large letters or colours of their own.

`make access` runs it, `make access ONLY=05` one page. Pages are looked at by tests/browser/reading.js: names,
rings, edges, forced colours, 200 and 400 %, words set wide. That each control obeys the keys, tells what it
changed and moves nothing for readers who want no motion is checked with the numbers, by `make firefox`.
"""

import json
import sys
from datetime import date
from pathlib import Path

import pytest
from readers import KEPT, ROOT, made

sys.path.insert(0, str(ROOT / "tests" / "browser"))
from pages import PAGES, open_solutions, rest, settle
from test_reading import SPACED, colours, look

PAGE = ROOT / "benchmarks" / "access.md"
INTRODUCTION = """# Readers without a mouse

What was looked at on each page, and found in order: stops of Tab with a ring of 3 : 1 (light and dark), edges
of boxes of 3 : 1, words of 4.5 : 1 where readers force their own colours, boxes that could cut their words at
200 and 400 % or with lines, letters and words set wide (WCAG 1.4.12), and widgets that are named groups. A
page has a row when nothing was wrong with any of them. Written by `make access`; the rows may come from
different days. Controls: see firefox.md.

| page | stops | edges | words | boxes | widgets |
|---|---:|---:|---:|---:|---:|
"""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_for_every_reader(name, book_http, page_factory):
    """Keys, names, contrast and size, in light, in dark and in the reader's own colours."""
    page, _ = page_factory(reduced_motion="reduce")
    page.goto(f"{book_http}/{name}.html")
    settle(page)
    open_solutions(page)
    page.keyboard.press("Tab")
    row = {}
    for scheme in ("light", "dark"):
        colours(page, color_scheme=scheme)
        row |= {"stops": look(page, "rings"), "edges": look(page, "edges")}
        colours(page, color_scheme=scheme, forced_colors="active")
        row["words"] = look(page, "forced")
    colours(page, color_scheme="light")
    row["widgets"] = look(page, "names")
    assert row["widgets"] == page.locator(".cnn-host").count()
    for width in (640, 320):
        page.set_viewport_size({"width": width, "height": 700})
        rest(page, 250)
        row["boxes"] = look(page, "cut")
    page.add_style_tag(content=SPACED)
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 700})
        rest(page, 250)
        look(page, "cut")
    assert row["stops"] > 20
    keep(name, {**row, "with": f"Chromium {page.context.browser.version}"})


def keep(name, row):
    """Keep what was found on a page for the page of results."""
    path = KEPT / "access" / f"{Path(name).name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(row | {"day": str(date.today())}), "utf8")


def test_the_page_of_results_is_written():
    """Every page has a row; those of an earlier day keep theirs."""
    paths = {name: KEPT / "access" / f"{Path(name).name}.json" for name in PAGES}
    assert [name for name, path in paths.items() if not path.exists()] == []
    rows = {name: json.loads(path.read_text("utf8")) for name, path in paths.items()}
    columns = "stops", "edges", "words", "boxes", "widgets"
    lines = [
        f"| {name} | {' | '.join(str(row[column]) for column in columns)} |" for name, row in rows.items()
    ]
    state = made({row["day"] for row in rows.values()}, {row["with"] for row in rows.values()})
    PAGE.write_text(INTRODUCTION + "\n".join([*lines, "", state]) + "\n", "utf8")
