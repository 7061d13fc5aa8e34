"""Every page of the built book, from a server and from disk, as a reader's browser meets it."""

import gzip
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MUST_WEIGH_LESS = 700  # KB, gzip, first visit


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
SCHEMES = ["http", "file"]


@pytest.fixture
def book(request, book_http, book_file):
    """Return the base address for the scheme a test asks for."""
    return {"http": book_http, "file": book_file}[request.param]


def settle(page):
    """Wait until the page is loaded and every widget is drawn."""
    page.wait_for_load_state("load")
    for drawn in (
        "!document.querySelector('.cnn-host[data-state=waiting]')",
        "[...document.querySelectorAll('.cnn-host')].every(el => el.dataset.state)",
    ):
        page.wait_for_function(drawn, timeout=90_000)  # both cores may be busy
    page.wait_for_timeout(100)


def open_solutions(page):
    """Open every folded box, so that checks see what is inside."""
    page.evaluate("""() => {
      for (const button of document.querySelectorAll("button.toggle-button-hidden")) button.click();
      for (const box of document.querySelectorAll("details")) box.open = true;
    }""")
    page.wait_for_timeout(400)


def test_the_list_of_pages_is_complete(book_path):
    """No built page escapes these tests; index.html only leads to the first page."""
    built = {path.relative_to(book_path).with_suffix("").as_posix() for path in book_path.rglob("*.html")}
    built = {page for page in built if not page.startswith("_")}
    assert built == {*PAGES, "index"}


@pytest.mark.parametrize("book", SCHEMES, indirect=True)
@pytest.mark.parametrize("name", ["index", *PAGES])
def test_a_page_is_clean(book, name, page_factory, book_path):
    """No request leaves the host, nothing is missing, the console is silent, every widget is drawn."""
    page, seen = page_factory()
    page.goto(f"{book}/{name}.html")
    settle(page)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(200)
    seen.assert_clean()
    assert page.locator(".cnn-host[data-state=failed]").count() == 0
    if book.startswith("file:"):
        paths = [unquote(urlsplit(url).path) for url in seen.urls if url.startswith("file:")]
        assert all(Path(path).is_relative_to(book_path) for path in paths), paths


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_it_is(name, book_http, page_factory):
    """Language, one title, one h1, a description of useful length, a favicon that exists, one search box."""
    page, _ = page_factory()
    page.goto(f"{book_http}/{name}.html")
    settle(page)
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
@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways(name, width, book_http, page_factory):
    """Wide formulas, tables and code scroll inside themselves; the page does not."""
    page, _ = page_factory(width=width)
    page.goto(f"{book_http}/{name}.html")
    settle(page)
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


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_wide_formula_can_be_scrolled_with_the_keyboard(name, book_http, page_factory):
    """A formula wider than a phone is reachable with Tab, one that fits is not a stop."""
    page, _ = page_factory(width=360)
    page.goto(f"{book_http}/{name}.html")
    settle(page)
    stops = page.evaluate("""[...document.querySelectorAll("div.math > .katex-display")]
      .filter((el) => el.checkVisibility())
      .map((el) => [el.scrollWidth > el.clientWidth + 1, el.tabIndex === 0])""")
    assert stops and all(wide == stop for wide, stop in stops), stops


@pytest.mark.parametrize("name", CHAPTERS)
def test_weight_of_a_chapter(name, book_path, book_http, page_factory, capsys):
    """A first visit stays within the budget; the sizes are printed."""
    page, seen = page_factory()
    page.goto(f"{book_http}/{name}.html")
    settle(page)
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
    page.wait_for_selector("#search-results li a")
    found = [link.get_attribute("href") for link in page.locator("#search-results li a").all()]
    assert any("notebooks/" in link for link in found), found
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


@pytest.mark.parametrize("name", CHAPTERS)
def test_launch_buttons_name_the_notebook(name, book_http, page_factory):
    """Binder and Colab are offered as links to this very notebook, and nothing is asked before a click."""
    page, seen = page_factory()
    page.goto(f"{book_http}/{name}.html")
    page.get_by_role("button", name="Launch interactive content").click()
    links = [a.get_attribute("href") for a in page.locator(".dropdown-launch-buttons a:visible").all()]
    assert len(links) == 2
    assert links[0].startswith("https://mybinder.org/v2/gh/")
    assert links[0].endswith(f"lab/tree/{name}.ipynb")
    assert links[1].startswith("https://colab.research.google.com/github/")
    assert links[1].endswith(f"{name}.ipynb")
    seen.assert_clean()


@pytest.mark.parametrize("name", CHAPTERS)
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


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_prints(name, book_http, page_factory):
    """On paper: no sidebars or buttons, every widget drawn, solutions open, nothing cut at the side."""
    page, _ = page_factory(width=794)
    page.goto(f"{book_http}/{name}.html")
    settle(page)
    page.emulate_media(media="print")
    for part in (".bd-sidebar-primary", ".bd-header-article", ".toggle-button", ".copybtn"):
        assert not any(each.is_visible() for each in page.locator(part).all()), part
    assert all(each.is_visible() for each in page.locator(".cnn-host").all())
    folded = page.locator(".admonition.toggle-hidden > section").all()
    assert all(each.bounding_box()["height"] > 10 and each.is_visible() for each in folded)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert len(page.pdf()) > 10_000


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
