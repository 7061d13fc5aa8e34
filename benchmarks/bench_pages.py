"""Weigh the built pages and let Lighthouse judge them: `make book`, then `make pages`.

Each page is served from this machine, compressed as real hosts do. A browser opens it fresh, counts what
it fetched, and reads when the first widget was drawn; then Lighthouse visits it as a slow phone and as a
desktop. The table goes to benchmarks/pages.md. The exit code is 1 if a page misses what it must reach.

    .venv/bin/python -m benchmarks.bench_pages book/intro notebooks/00-notation --runs 3

measures the pages it names, several times, and prints their table; `--write` writes it all the same.
"""

import argparse
import functools
import gzip
import http.server
import json
import os
import statistics
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from chromium import find_browser  # noqa: E402
from conftest import BROWSER_FLAGS, BookServer  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from benchmarks.report import processor, table  # noqa: E402

BOOK = ROOT / "_build" / "html"
TOOLS = ROOT / "_build" / "lighthouse"
NODE = Path(sys.executable).with_name("node")
PAGE = ROOT / "benchmarks" / "pages.md"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
# column: (what it must reach, what it aims at); weights and times are upper limits, marks lower ones
MUST = {
    "KB": (700, 350),
    "first widget": (500, 300),
    "phone": (85, 95),
    "desktop": (97, 100),
    "accessibility": (100, 100),
    "best practices": (100, 100),
    "SEO": (100, 100),
}
VISITS = 5
AGAIN = 5  # runs of Lighthouse on a page that missed something with fewer
LIMITS = {"KB", "first widget"}
PACKED = {".woff2", ".png", ".jpg", ".webp"}
INTRODUCTION = """# Pages

`make pages` serves the built book from this machine, compressed, visits each page as a first-time reader and
lets Lighthouse {version} judge it, as a slow phone and as a desktop. KB is what a first visit fetches,
compressed, down to the end of the page. The first widget's time is from the click to the first widget drawn,
in a headless browser, 1280 pixels wide: the median of {visits} visits, since it comes and goes with what else
the machine does. Marks are the median of {runs} run(s); a page that missed something then was measured anew,
with {again} runs, and bears a †. {some} of {all} pages were visited. Lists that are
kept out of search engines have no mark for SEO. What a page must reach, and in brackets what it aims at:
{musts}.
"""


# --- one page ----------------------------------------------------------------------------------
@contextmanager
def served(folder):
    """Serve a folder as the tests do; give its address."""
    handler = functools.partial(BookServer, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def visit(browser, folder, address):
    """Open a page fresh; return what it weighs, in how many files, and when its first widget stood."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    urls = set()
    page.on("request", lambda request: urls.add(request.url))
    page.goto(address)
    page.wait_for_load_state("load")
    first = None
    if page.locator("script[type$='widget-view+json']").count():
        page.wait_for_function("performance.getEntriesByName('widget-drawn').length", timeout=90_000)
        first = page.evaluate("performance.getEntriesByName('widget-drawn')[0].startTime")
    page.mouse.move(640, 800)
    page.wait_for_function("!document.querySelector('.cnn-host[data-state=waiting]')", timeout=90_000)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(500)
    page.context.close()
    files = {unquote(urlsplit(url).path) for url in urls if url.startswith("http")}
    return sum(weight(folder / name.lstrip("/")) for name in files) / 1000, len(files), first


def weight(path):
    """Return how many bytes of a file travel."""
    data = path.read_bytes()
    return len(data) if path.suffix in PACKED else len(gzip.compress(data, 6))


def marks(address, browser, preset):
    """Return Lighthouse's marks, 0 to 100, and the whole report."""
    command = [
        *(NODE, TOOLS / "node_modules/lighthouse/cli/index.js", address, "--quiet", "--output=json"),
        *("--disable-full-page-screenshot", f"--only-categories={','.join(CATEGORIES)}"),
        f"--chrome-flags=--headless=new {' '.join(flag for flag in BROWSER_FLAGS if ' ' not in flag)}",
        *(["--preset=desktop"] if preset == "desktop" else []),
    ]
    environment = {**os.environ, "CHROME_PATH": browser}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600, check=False)
    if done.returncode:
        raise RuntimeError(f"Lighthouse gave up on {address}:\n{done.stderr[-2000:]}")
    report = json.loads(done.stdout)
    if "runtimeError" in report:
        raise RuntimeError(f"Lighthouse gave up on {address}: {report['runtimeError']['message']}")
    return [round(100 * report["categories"][name]["score"]) for name in CATEGORIES], report


def measure(name, folder, base, browser, path, runs):
    """Return a page's row: the medians of several visits, and the lower marks of phone and desktop."""
    address = f"{base}/{name}.html"
    visits = [visit(browser, folder, address) for _ in range(max(VISITS, runs))]
    weights, files, firsts = zip(*visits, strict=True)
    phone = [marks(address, path, "phone") for _ in range(runs)]
    desktop = [marks(address, path, "desktop") for _ in range(runs)]
    phone_marks, desktop_marks = (
        [int(statistics.median(column)) for column in zip(*(found for found, _ in both), strict=True)]
        for both in (phone, desktop)
    )
    worst = [min(pair) for pair in zip(phone_marks[1:], desktop_marks[1:], strict=True)]
    if '<meta name="robots" content="noindex"' in (folder / f"{name}.html").read_text("utf8"):
        worst[-1] = None  # a list of what stands elsewhere, kept out of search engines on purpose
    return {
        "page": name,
        "KB": round(statistics.median(weights)),
        "files": round(statistics.median(files)),
        "first widget": None if None in firsts else round(statistics.median(firsts)),
        "phone": phone_marks[0],
        "desktop": desktop_marks[0],
        **dict(zip(["accessibility", "best practices", "SEO"], worst, strict=True)),
        "machine": phone[0][1]["environment"]["benchmarkIndex"],
    }


# --- all pages ---------------------------------------------------------------------------------
def missed(row, level=0):
    """Return the columns in which a page misses what it must reach, or with level 1 what it aims at."""
    found = []
    for column, wanted in MUST.items():
        value = row[column]
        if value is not None and (value > wanted[level] if column in LIMITS else value < wanted[level]):
            found.append(column)
    return found


def report(rows, runs, total):
    """Lay out the page of results."""
    musts = ", ".join(f"{name} {wanted[0]} ({wanted[1]})" for name, wanted in MUST.items())
    head = ["page", "KB", "files", "first widget, ms", *list(MUST)[2:], "within?"]
    body = []
    for row in rows:
        verdict = "**no**: " + ", ".join(missed(row)) if missed(row) else "must" if missed(row, 1) else "aim"
        page = row["page"] + " †" * row["again"]
        cells = [page, *(row[name] for name in ("KB", "files", *list(MUST)[1:]))]
        body.append([*("–" if cell is None else str(cell) for cell in cells), verdict])
    speeds = sorted(row["machine"] for row in rows)
    state = (
        f"{date.today()}; {processor()}, {os.cpu_count()} cores, of speed {speeds[0]:.0f} to "
        f"{speeds[-1]:.0f} as Lighthouse counts it; {browser_version()}. Other work on the machine lowers "
        "speed and marks"
    )
    text = INTRODUCTION.format(
        version=pinned(), runs=runs, again=AGAIN, visits=max(VISITS, runs), musts=musts, some=len(rows),
        all=total,
    )  # fmt: skip
    return f"{text}\n{table(head, body)}\n\n*{state}.*\n"


def browser_version():
    """Name the browser."""
    done = subprocess.run([find_browser(), "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip().split(" built")[0]


def pinned():
    """Return the version of Lighthouse that tests/slow/package.json names."""
    return json.loads((ROOT / "tests/slow/package.json").read_text("utf8"))["dependencies"]["lighthouse"]


def install():
    """Put Lighthouse into a folder under _build, unless this version is there."""
    own = TOOLS / "node_modules" / "lighthouse" / "package.json"
    if own.exists() and json.loads(own.read_text("utf8"))["version"] == pinned():
        return
    TOOLS.mkdir(parents=True, exist_ok=True)
    (TOOLS / "package.json").write_text('{"private": true}\n', "utf8")
    npm = [NODE.with_name("npm"), "install", "--no-audit", "--no-fund", f"lighthouse@{pinned()}"]
    path = f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(npm, cwd=TOOLS, check=True, env={**os.environ, "PATH": path}, timeout=600)


def names(folder):
    """Return every page of a built book; index.html only leads to the first page."""
    found = [path.relative_to(folder) for path in sorted(folder.rglob("*.html"))]
    found = [path for path in found if not path.parts[0].startswith(("_", "index."))]
    return [path.with_suffix("").as_posix() for path in found]


def main():
    """Measure, print, write, and tell by the exit code whether every page reaches what it must."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pages", nargs="*", help="pages without .html; all of them if none is named")
    parser.add_argument("--write", action="store_true", help="write the table of the pages named")
    parser.add_argument("--runs", type=int, default=1, help="runs of Lighthouse on each page")
    parser.add_argument("--book", type=Path, default=BOOK, help="folder of the built book")
    options = parser.parse_args()
    if not (options.book / "index.html").is_file():
        sys.exit(f"There is no built book in {options.book}: run make book first.")
    install()
    path, rows = find_browser(), []
    with served(options.book) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(windows=False), args=BROWSER_FLAGS
        )
        for name in options.pages or names(options.book):
            row = measure(name, options.book, base, browser, path, options.runs)
            again = bool(missed(row)) and options.runs < AGAIN
            row = measure(name, options.book, base, browser, path, AGAIN) if again else row
            rows.append(row | {"again": again})
            print(*(f"{key} {value}" for key, value in rows[-1].items()), sep=", ", flush=True)
    text = report(rows, options.runs, len(names(options.book)))
    print(text)
    if options.write or not options.pages:
        PAGE.write_text(text, "utf8")
    sys.exit(any(missed(row) for row in rows))


if __name__ == "__main__":
    main()
