"""Reading with the keyboard, by ear, enlarged, and in colours of one's own, on the pages of the built book.

Here all pages are read as text and a few are opened, one with each kind of content; `make access` opens all
of them and moves every control (tests/slow/check_access.py).
"""

import re
from collections import Counter
from html import unescape
from itertools import pairwise
from pathlib import Path

import pytest
from pages import PAGES, each, open_solutions, rest

READING = Path(__file__).with_name("reading.js").read_text("utf8").split("\n() =>")[1]
SOME = ["book/intro", "notebooks/04-convolution-arithmetic", "notebooks/09-softmax-output"]
NO_TEXT = re.compile(r"<(script|style|title|noscript)\b.*?</\1>", re.S)
NAMED = re.compile(
    r"\W*(this |a |the )?(figure|image|picture|plot|chart|graph|diagram)( of|\W*$|\W*\d)", re.I
)
FOREIGN = re.compile("[\u3040-\u30ff\u3400-\u9fff]+")


def look(page, what):
    """Let a function of reading.js look at a page; it has to find something to look at."""
    count, wrong = page.evaluate(f"(() =>{READING})().{what}()")
    assert wrong == [], "\n".join([what, *wrong])
    return count


def colours(page, **media):
    """Let the page be light or dark, or in the reader's own colours, at once and without motion."""
    page.emulate_media(**{"forced_colors": "none", "reduced_motion": "reduce", **media})
    rest(page, 100)


# --- pages as text --------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def texts(book_path):
    """Return the HTML of every page by name, without what nobody reads."""
    return {name: NO_TEXT.sub("", (book_path / f"{name}.html").read_text("utf8")) for name in PAGES}


def pictures(html):
    """Return what the pictures of a page say instead of themselves; root signs of formulas are none."""
    for tag in re.findall(r"<(?:img|svg)\b[^>]*>", html):
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        symbol = found.get("width", "").endswith("em") or "_static/images/logo_" in found.get("src", "")
        if not symbol and found.get("aria-hidden") != "true":
            yield unescape(found.get("aria-label", found.get("alt", "")))


def complaint(words):
    """Say what a picture's text lacks: a sentence of its own, neither a name nor a data dump."""
    if not 40 <= len(words) <= 1000:
        return f"{len(words)} letters"
    if len(re.findall(r"[^\W\d_]{2,}", words)) < 6:
        return "fewer than six words"
    if NAMED.match(words):
        return "names a picture instead of saying what it shows"
    return ""


def test_every_picture_says_what_it_shows(texts):
    """Drawings and images have a text of their own, of useful length; no two on a page have the same."""
    said = {name: list(pictures(html)) for name, html in texts.items()}
    wrong = [(name, words, complaint(words)) for name in said for words in said[name] if complaint(words)]
    assert wrong == []
    twice = [(name, words) for name in said for words, count in Counter(said[name]).items() if count > 1]
    assert twice == []
    assert sum(map(len, said.values())) > 50


@pytest.mark.parametrize(
    "words", ["", "figure 3", "../_images/output_7_0.png", "A plot", "Image of the digits that were misread"]
)
def test_a_picture_without_words_is_noticed(words):
    assert complaint(words)


def test_headings_come_in_order(texts):
    """No level is left out on the way down, so that a list of headings is a table of contents."""
    for name, html in texts.items():
        levels = [int(level) for level in re.findall(r"<h([1-6])\b", html)]
        assert levels[0] == 1, name
        steps = pairwise(levels)
        assert [(a, b) for a, b in steps if b > a + 1] == [], name


def test_other_languages_say_which(texts):
    """Chinese and Japanese words stand in an element that names their language."""
    marked = 0
    for name, html in texts.items():
        html, count = re.subn(r'<span lang="(zh|ja)">[^<]*</span>', "", html)
        assert FOREIGN.findall(re.sub(r"<[^>]*>", "", html)) == [], name
        marked += count
    assert marked > len(texts)


# --- pages in a browser ----------------------------------------------------------------------------
@pytest.fixture
def page(visit):
    """Return the page of a visit, and leave it to other tests in the colours and motion it had."""
    page, _ = visit
    yield page
    page.emulate_media(forced_colors="none", reduced_motion="no-preference")


@each(SOME)
def test_the_keyboard_finds_its_way(page):
    """The skip link is first and works; every stop has a ring, every box an edge, in light and in dark."""
    page.evaluate("document.activeElement.blur()")
    colours(page)
    page.keyboard.press("Tab")
    first = page.locator(":focus")
    assert first.inner_text() == "Skip to main content" and first.bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('#main-content')")
    for scheme in ("dark", "light"):
        colours(page, color_scheme=scheme)
        assert look(page, "rings") > 50 and look(page, "edges") > 0


@each(SOME)
def test_widgets_have_names(name, page):
    """Each is a named group that tells what changes; its controls and drawings have names, too."""
    assert look(page, "names") == {"book/intro": 0, SOME[1]: 4, SOME[2]: 3}[name]


@each(SOME)
def test_readers_force_their_colours(page):
    """Words, icons, cells and what is chosen can be seen in colours that are not ours."""
    colours(page, forced_colors="active", color_scheme="dark")
    assert look(page, "forced") > 100


@each(SOME)
def test_a_page_enlarged_is_not_cut(page):
    """At 200 and 400 %, 640 and 320 px wide, nothing scrolls sideways and no box cuts its words."""
    open_solutions(page)
    for width in (640, 320):
        page.set_viewport_size({"width": width, "height": 700})
        rest(page, 250)
        assert look(page, "cut") > 100


SPACED = """p, li, td, th, dd, dt, label, button, output, summary, a, h1, h2, h3, figcaption, .cnn-widget * {
  line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
p { margin-bottom: 2em !important; }"""


@each(SOME)
def test_words_set_wide_are_not_cut(page):
    """With the spacing of lines, letters and words that readers may choose (WCAG 1.4.12), no word is lost."""
    colours(page)  # without motion: a ring on its way counts as cut
    open_solutions(page)
    sheet = page.add_style_tag(content=SPACED)
    try:
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 700})
            rest(page, 250)
            assert look(page, "cut") > 100
    finally:
        sheet.evaluate("style => style.remove()")
