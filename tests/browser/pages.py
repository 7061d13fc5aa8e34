"""The pages of the book, and what tests do with an open one."""

import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def toc_pages(entry):
    """Return the pages an entry of `_toc.yml` names, in order."""
    pages = [entry[key] for key in ("root", "file") if key in entry]
    for key in ("parts", "chapters", "sections"):
        for inner in entry.get(key, []):
            pages += toc_pages(inner)
    return pages


TOC = toc_pages(yaml.safe_load((ROOT / "_toc.yml").read_text("utf8")))
PAGES = [*TOC, "genindex", "search", "prf-prf"]
CHAPTERS = [page for page in TOC if page.startswith("notebooks/")]


def each(names):
    """Parametrize a test by page; the tests of one page go to one process (see tests/conftest.py)."""
    return pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.xdist_group(n)) for n in names])


def settle(page):
    """Wait until the page is loaded and, for a reader who moves, all is laid out and every widget drawn."""
    page.wait_for_load_state("load")
    page.mouse.move(640, 800)
    for done in (
        "!document.querySelector('.cnn-host[data-state=waiting]')",
        "[...document.querySelectorAll('.cnn-host')].every(el => el.dataset.state)",
        "!document.querySelector('.bd-article > section > section:not(.laid-out)')",
    ):
        page.wait_for_function(done, timeout=90_000)  # both cores may be busy
    rest(page, 100)


def rest(page, milliseconds):
    """Wait so long, and until what watches the sizes of boxes has been told of their last ones."""
    page.wait_for_timeout(milliseconds)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def eventually(ask, right, seconds=10):
    """Ask until the answer is right or the time is over; return the last answer."""
    end = time.monotonic() + seconds
    while not right(answer := ask()) and time.monotonic() < end:
        time.sleep(0.02)
    return answer


def open_solutions(page):
    """Open every folded box, so that checks see what is inside."""
    page.evaluate("""() => {
      for (const button of document.querySelectorAll("button.toggle-button-hidden")) button.click();
      for (const box of document.querySelectorAll("details")) box.open = true;
    }""")
    rest(page, 400)
