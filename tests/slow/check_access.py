"""Every page of the book and every control of every widget, as readers meet them who do not use a mouse.

`make access` runs it, `make access ONLY=05` one page. Pages are looked at by tests/browser/reading.js: names,
rings, edges, forced colours, 200 and 400 %. Then readers.mjs moves each control of each widget with the keys,
for a reader who wants no motion: something is said in words whenever something changes, and nothing moves.
"""

import json
import platform
import sys
from datetime import date
from pathlib import Path

import pytest
from readers import KEPT, ROOT, moving, programs, read, silent

sys.path.insert(0, str(ROOT / "tests" / "browser"))
from pages import CHAPTERS, PAGES, open_solutions, settle
from test_reading import colours, look

PAGE = ROOT / "benchmarks" / "access.md"
INTRODUCTION = """# Readers without a mouse

What was looked at on each page, and found in order: stops of Tab with a ring of 3 : 1 (light and dark), edges
of boxes of 3 : 1, words of 4.5 : 1 where readers force their own colours, boxes that could cut their words at
200 and 400 %, and controls moved with the keys that say what changed, without motion. Written by
`make access`; the rows may come from different days.

| page | stops | edges | words | boxes | controls |
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
    assert look(page, "names") == page.locator(".cnn-widget").count()
    for width in (640, 320):
        page.set_viewport_size({"width": width, "height": 700})
        page.wait_for_timeout(250)
        row["boxes"] = look(page, "cut")
    assert row["stops"] > 20
    keep(name, row)


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_control_by_keys(name, book_http):
    """Each takes the focus and shows it; what changes is told in words; nothing moves."""
    report = read("chrome", programs()["chrome"], [name], [book_http])
    acts = report["visits"][0]["acts"]
    assert acts and [act["control"] for act in acts if not (act["held"] and act["ring"])] == []
    assert moving(acts) == [] and silent(acts) == []
    keep(name, {"controls": len(acts), "with": report["version"]})


def keep(name, row):
    """Keep what was found on a page for the page of results."""
    path = KEPT / "access" / f"{Path(name).name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    old = json.loads(path.read_text("utf8")) if path.exists() else {}
    path.write_text(json.dumps(old | row | {"day": str(date.today())}), "utf8")


def test_the_page_of_results_is_written():
    """Every page has a row; those of an earlier day keep theirs."""
    paths = {name: KEPT / "access" / f"{Path(name).name}.json" for name in PAGES}
    assert [name for name, path in paths.items() if not path.exists()] == []
    rows = {name: json.loads(path.read_text("utf8")) for name, path in paths.items()}
    columns = "stops", "edges", "words", "boxes", "controls"
    lines = [
        f"| {name} | {' | '.join(str(row.get(column, 0)) for column in columns)} |"
        for name, row in rows.items()
    ]
    days = sorted({row["day"] for row in rows.values()})
    seen = sorted({row["with"] for row in rows.values() if "with" in row})
    state = f"*{', '.join(days)}; {', '.join(seen)}; {platform.system()} {platform.machine()}.*"
    PAGE.write_text(INTRODUCTION + "\n".join([*lines, "", state]) + "\n", "utf8")
