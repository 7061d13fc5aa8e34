"""Every page of the built book under its own Content-Security-Policy; `make policy`.

Once from headers and once from the pages themselves, there also from disk: all widgets are drawn, and the
browser had nothing to refuse. The result goes into benchmarks/policy.md.
"""

import datetime
import platform
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/browser"))
from policy import plant, sent_headers, strictly_served, visit  # noqa: E402

RESULT = ROOT / "benchmarks/policy.md"


@pytest.fixture(scope="module")
def carrying(book_path, tmp_path_factory):
    """Return a copy of the book whose pages carry their policy."""
    copy = tmp_path_factory.mktemp("book") / "html"
    shutil.copytree(book_path, copy)
    command = [sys.executable, ROOT / "book/ext/book_policy.py", copy]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0 and "pages carry their policy now" in run.stdout, run.stderr
    return copy


def test_every_page_works_under_its_policy(book_path, carrying, serve, page_factory, browser):
    """Three ways: from headers, from the page over http, from the page on disk."""
    names = sorted(
        path.relative_to(book_path).as_posix()
        for path in book_path.rglob("*.html")
        if path.relative_to(book_path).parts[0] not in {"_static", "_sources"} and path.name != "index.html"
    )
    assert len(names) > 20
    rows, faults = [], []
    with strictly_served(book_path) as strict:
        bases = {"header": strict, "in the page": serve(carrying), "in the page, disk": carrying.as_uri()}
        for name in names:
            drawn = set()
            for way, base in bases.items():
                page, seen = page_factory()
                broken = visit(page, f"{base}/{name}")
                drawn.add(page.locator(".cnn-host[data-state=drawn]").count())
                failed = page.locator(".cnn-host[data-state=failed]").count()
                if broken or failed or seen.messages or seen.failed or seen.outside:
                    faults.append(f"{name} ({way}): {broken + seen.messages + seen.failed + seen.outside}")
                if plant(page):
                    faults.append(f"{name} ({way}): what was planted ran")
                page.context.close()
            rows.append(f"| {name.removesuffix('.html')} | {'/'.join(map(str, drawn))} | 3 of 3 |")
            assert len(drawn) == 1, (name, drawn)
    assert not faults, "\n".join(faults)
    write(rows, book_path, browser.version)


def write(rows, book_path, chromium):
    """Write what was seen."""
    line = sent_headers(book_path)["Content-Security-Policy"]
    tools = f"Chromium {chromium}, Playwright {version('playwright')}, Python {platform.python_version()}"
    text = f"""# Every page under its Content-Security-Policy

`make policy`, {datetime.date.today()}; {tools}.
Each page was opened with the policy from a header, from the page over http and from the page on disk:
nothing was refused, all widgets were drawn, and an inline script, a handler, a `javascript:` address
and a style planted there were refused.

| page | widgets drawn | ways without a violation |
|---|---|---|
{chr(10).join(rows)}

The policy has {len(line)} characters:

```
{line}
```
"""
    RESULT.write_text(text, "utf8")
