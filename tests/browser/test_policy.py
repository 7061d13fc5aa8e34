"""The book works under the strict policy it writes for itself, and that policy keeps intruders out.

All pages, from headers and from the pages' own policy, are the matter of tests/slow/check_policy.py.
"""

import pytest
from policy import plant, sent_headers, strictly_served, visit

CHAPTER = "notebooks/05-convolution-backward.html"


@pytest.fixture(scope="module")
def strict(book_path):
    """Return the address of the book as served with its own headers."""
    with strictly_served(book_path) as address:
        yield address


def test_the_policy_is_strict(book_path):
    """Nothing from outside, no inline code but by its hash, no code in attributes, no eval."""
    line = sent_headers(book_path)["Content-Security-Policy"]
    rules = {name: sources for name, *sources in (part.split() for part in line.split("; "))}
    assert rules["default-src"] == ["'none'"] and rules["base-uri"] == ["'none'"]
    code = [source for source in rules["script-src"] if not source.startswith("'sha256-")]
    assert set(code) <= {"'self'", "blob:"}
    assert all("unsafe" not in s for name in rules if "style" not in name for s in rules[name])
    assert all("unsafe" not in source for source in rules["style-src-elem"])
    assert not any(":" in s and s not in {"blob:", "data:"} for sources in rules.values() for s in sources)
    assert (book_path / "csp.txt").read_text("utf8").strip() == line


def test_a_chapter_works_under_its_policy(strict, page_factory):
    """All widgets are drawn with their style, the button for paper prints, and nothing was blocked."""
    page, seen = page_factory()
    page.add_init_script("window.printed = 0; window.print = () => { window.printed += 1; }")
    assert visit(page, f"{strict}/{CHAPTER}") == []
    assert page.locator(".cnn-host[data-state=failed]").count() == 0
    for widget in page.locator(".cnn-widget").all():
        assert widget.evaluate("w => getComputedStyle(w).borderRadius") == "12px"
    page.locator("[data-print]").evaluate("button => button.click()")
    assert page.evaluate("printed") == 1 and page.evaluate("violations") == []
    seen.assert_clean()


def test_the_search_works_and_an_intruder_gets_nothing_done(strict, page_factory):
    """The search reads the pages it found; inline code, handlers, javascript: and styles are refused."""
    page, seen = page_factory()
    assert visit(page, f"{strict}/search.html?q=gradient") == []
    page.wait_for_selector("#search-results li p.context")
    assert page.evaluate("violations") == []
    seen.assert_clean()
    assert plant(page) == []
    kinds = {line.split(":")[0] for line in page.evaluate("violations")}
    assert kinds >= {"script-src-elem", "script-src-attr", "style-src-elem"}


def test_without_the_policy_the_intruder_would_succeed(page_factory, book_http):
    """What is planted does run where nothing forbids it."""
    page, _ = page_factory()
    page.goto(f"{book_http}/search.html")
    assert sorted(plant(page, patience=20_000)) == ["address", "handler", "inline script", "style"]
