"""Every page of the built book, from a server and from disk, as a reader's browser meets it."""

import gzip
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from pages import CHAPTERS, PAGES, TOC, each, eventually, open_solutions, settle

MUST_WEIGH_LESS = 700  # KB, gzip, first visit
SCHEMES = ["http", "file"]


@pytest.fixture
def book(request, book_http, book_file):
    """Return the base address for the scheme a test asks for."""
    return {"http": book_http, "file": book_file}[request.param]


def test_the_list_of_pages_is_complete(book_path):
    """No built page escapes these tests; index.html only leads to the first page."""
    built = {path.relative_to(book_path).with_suffix("").as_posix() for path in book_path.rglob("*.html")}
    built = {page for page in built if not page.startswith("_")}
    assert built == {*PAGES, "index"}


def test_formulas_are_coloured(book_path):
    page = (book_path / "notebooks/05-convolution-backward.html").read_text("utf8")
    [formula] = re.findall(r'<div class="math" id="equation-conv-dx-conv">.*?</div>', page, re.DOTALL)
    assert formula.count("of-d") == 3 and "of-x" not in formula


def assert_clean(page, seen):
    """Nothing was missed, asked of others or complained of from top to bottom, and every widget is drawn."""
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(200)
    seen.assert_clean()
    assert page.locator(".cnn-host[data-state=failed]").count() == 0


@each(["index", *PAGES])
def test_a_page_is_clean(visit):
    """No request leaves the host, nothing is missing, the console is silent, every widget is drawn."""
    assert_clean(*visit)


@each(["index", *PAGES])
def test_a_page_is_clean_from_disk(name, book_file, page_factory, book_path):
    """The same without a server, and no file outside the book is read."""
    page, seen = page_factory()
    page.goto(f"{book_file}/{name}.html")
    settle(page)
    assert_clean(page, seen)
    paths = [unquote(urlsplit(url).path) for url in seen.urls if url.startswith("file:")]
    assert paths and all(Path(path).is_relative_to(book_path) for path in paths), paths


@each(PAGES)
def test_a_page_says_what_it_is(name, book_http, visit):
    """Language, one title, one h1, a description of useful length, a favicon that exists, one search box."""
    page, _ = visit
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.title()
    assert page.locator("main h1:visible").count() == 1
    descriptions = page.locator("head meta[name=description]").all()
    assert len(descriptions) == 1
    assert 50 <= len(descriptions[0].get_attribute("content")) <= 200
    icon = page.locator("head link[rel=icon]").get_attribute("href")
    response = page.request.get(f"{book_http}/{name.rpartition('/')[0]}/{icon}")
    assert response.ok and "svg" in response.headers["content-type"]
    assert page.locator("input[type=search]").count() == 1


def test_descriptions_differ(book_path):
    """A chapter's description is its own, not the book's."""
    found = {}
    for name in TOC:
        head = (book_path / f"{name}.html").read_text("utf8").split("</head>")[0]
        found[name] = re.search(r'<meta [^>]*name="description"[^>]*>', head).group()
    assert len(set(found.values())) == len(TOC), found


@pytest.mark.parametrize("width", [360, 768, 1280])
@each(PAGES)
def test_no_page_scrolls_sideways(width, visit):
    """Wide formulas, tables and code scroll inside themselves; the page does not."""
    page, _ = visit
    page.set_viewport_size({"width": width, "height": 900})
    open_solutions(page)
    page.evaluate("window.scrollTo(9999, 0)")
    assert page.evaluate("[window.scrollX, document.documentElement.scrollWidth - innerWidth]") == [0, 0]
    outside = page.evaluate("""() => {
      const inside = (el) => {   // cut or scrolled by a box of its own?
        for (let box = el.parentElement; box && box.tagName !== "BODY"; box = box.parentElement)
          if (getComputedStyle(box).overflowX !== "visible") return true;
        return false;
      };
      return [...document.querySelectorAll(".bd-article-container *")]
        .filter((el) => el.getBoundingClientRect().right > innerWidth + 1)
        .filter((el) => el.checkVisibility() && !inside(el))
        .map((el) => el.outerHTML.slice(0, 160));
    }""")
    assert outside == []


@each(CHAPTERS)
def test_a_wide_formula_can_be_scrolled_with_the_keyboard(visit):
    """A formula wider than a phone is reachable with Tab, one that fits is not a stop."""
    page, _ = visit
    page.set_viewport_size({"width": 360, "height": 900})
    stops = eventually(
        lambda: page.evaluate("""[...document.querySelectorAll("div.math > .katex-display")]
      .filter((el) => el.checkVisibility())
      .map((el) => [el.scrollWidth > el.clientWidth, el.tabIndex === 0])"""),
        lambda stops: stops and all(wide == stop for wide, stop in stops),
    )
    assert stops and all(wide == stop for wide, stop in stops), stops


@each(CHAPTERS)
def test_weight_of_a_chapter(name, book_path, book_http, visit, capsys):
    """A first visit stays within the budget; the sizes are printed."""
    page, seen = visit
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(300)
    sizes = {}
    for url in {url for url in seen.urls if url.startswith(book_http)}:
        path = book_path / unquote(urlsplit(url).path).lstrip("/")
        data = path.read_bytes()
        packed = path.suffix in {".woff2", ".png"}
        sizes[path.name] = len(data if packed else gzip.compress(data, 6)) / 1000
    total = sum(sizes.values())
    heaviest = ", ".join(f"{file} {sizes[file]:.0f}" for file in sorted(sizes, key=sizes.get)[:-6:-1])
    drawn = page.evaluate("performance.getEntriesByName('widget-drawn')[0]?.startTime") or 0
    with capsys.disabled():
        print(f"\n{name}: {total:.0f} KB in {len(sizes)} files ({heaviest}); first widget {drawn:.0f} ms")
    assert total <= MUST_WEIGH_LESS


@pytest.mark.parametrize("book", SCHEMES, indirect=True)
def test_search_finds_a_chapter(book, page_factory):
    """The search box leads to results, also from disk."""
    page, seen = page_factory()
    page.goto(f"{book}/{CHAPTERS[0]}.html")
    page.get_by_role("searchbox").fill("gradient")
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_selector("#search-results li a[href*='notebooks/']")  # results come one by one
    seen.assert_clean()


def test_the_reader_chooses_the_colours(book_http, page_factory):
    """The switch changes the page to dark and back, and the choice survives the next page."""
    page, seen = page_factory(color_scheme="light")
    page.goto(f"{book_http}/{CHAPTERS[0]}.html")
    switch = page.get_by_role("button", name="Color mode")
    papers = set()
    for _ in range(3):
        switch.click()
        papers.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(papers) == 2
    while page.locator("html").get_attribute("data-theme") != "dark":
        switch.click()
    page.goto(f"{book_http}/{CHAPTERS[1]}.html")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    seen.assert_clean()


@each(CHAPTERS)
def test_a_chapter_reads_without_javascript(name, book_file, page_factory):
    """Formulas are drawn, a figure stands for each widget, and the console is silent."""
    page, seen = page_factory(java_script_enabled=False)
    page.goto(f"{book_file}/{name}.html")
    formula = page.locator("div.math .katex-html").first
    assert formula.is_visible() and formula.bounding_box()["height"] > 10
    views = page.locator('script[type="application/vnd.jupyter.widget-view+json"]').count()
    figures = page.locator("noscript figure").all()
    assert len(figures) >= views
    for figure in figures:
        box = figure.bounding_box()
        assert figure.is_visible() and box["width"] > 200 and box["height"] > 100
    seen.assert_clean()


@each(CHAPTERS)
def test_a_chapter_prints(visit):
    """On paper: no sidebars or buttons, every widget drawn, solutions open, nothing cut at the side."""
    page, _ = visit
    page.set_viewport_size({"width": 794, "height": 900})
    page.emulate_media(media="print")
    for part in (".bd-sidebar-primary", ".bd-header-article", ".toggle-button", ".copybtn"):
        assert not any(each.is_visible() for each in page.locator(part).all()), part
    assert all(each.is_visible() for each in page.locator(".cnn-host").all())
    folded = page.locator(".admonition.toggle-hidden > section").all()
    assert all(each.bounding_box()["height"] > 10 and each.is_visible() for each in folded)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_links_between_pages_lead_somewhere(book_path):
    """Every local link and anchor of every page exists in the built book."""
    ids, links, missing = {}, [], []
    for path in [book_path / f"{name}.html" for name in [*PAGES, "index"]]:
        html = path.read_text("utf8")
        ids[path] = set(re.findall(r'\bid="([^"]+)"', html))
        links += [(path, link) for link in re.findall(r'<a\b[^>]*\bhref="([^"]+)"', html)]
    for page, link in links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        anchor = unquote(parts.fragment)
        if not target.is_file() or (anchor and target in ids and anchor not in ids[target]):
            missing.append(f"{page.name}: {link}")
    assert not missing
