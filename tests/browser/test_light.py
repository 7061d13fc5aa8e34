"""A long page appears quickly: what is far below waits, and nothing of it is lost."""

import json

import pytest
from pages import eventually

PAGE = "/notebooks/05-convolution-backward.html"
LAST = ".bd-article > section > section:last-of-type > h2"
SEEN = f"document.querySelector('{LAST}').checkVisibility({{contentVisibilityAuto: true}})"
ALL_LAID_OUT = "!document.querySelector('.bd-article > section > section:not(.laid-out)')"


@pytest.fixture
def chapter(page_factory, book_http):
    """Return a chapter as it stands before its reader moves, and what was asked for."""
    page, seen = page_factory()
    page.add_init_script("window.setTimeout = () => 0")  # nor do ten seconds pass
    page.goto(book_http + PAGE)
    page.wait_for_selector(".cnn-host[data-state=drawn]")
    return page, seen


def test_what_is_far_below_waits_for_the_readers_first_move(chapter):
    """Before it, the last section is not laid out and its widgets wait; after it, all stand."""
    page, seen = chapter
    assert not page.evaluate(SEEN)
    assert page.locator(".cnn-host[data-state=waiting]").count() > 0
    page.mouse.move(640, 800)
    page.wait_for_function(ALL_LAID_OUT)
    page.wait_for_function("!document.querySelector('.cnn-host[data-state=waiting]')")
    assert page.evaluate(SEEN)
    seen.assert_clean()


def test_paper_waits_for_nobody(chapter):
    """In print every section is laid out, even if its reader has not moved."""
    page, _ = chapter
    page.emulate_media(media="print")
    page.wait_for_function(SEEN)  # true from the next frame on


def test_a_link_into_the_page_leads_there_and_stays(browser, book_http):
    """A heading far below is in view at once, and stays there (page_factory would lay out all at once)."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{book_http}{PAGE}#exercises")
    page.mouse.move(640, 800)
    page.wait_for_function(ALL_LAID_OUT)
    page.wait_for_timeout(300)
    assert 0 <= page.locator("#exercises > h2").bounding_box()["y"] < 300
    page.context.close()


def test_what_scrolls_can_be_reached_by_tab_and_nothing_else(chapter):
    """Code and output wider than the page are stops of Tab; boxes that fit are none."""
    page, _ = chapter
    page.set_viewport_size({"width": 360, "height": 900})
    page.mouse.move(100, 800)
    page.wait_for_function(ALL_LAID_OUT)
    stops = eventually(
        lambda: page.evaluate("""[...document.querySelectorAll("pre, .cell_output > .output")]
      .filter((el) => el.checkVisibility())
      .map((el) => [el.scrollWidth > el.clientWidth || el.scrollHeight > el.clientHeight + 1,
                    el.tabIndex === 0])"""),
        lambda stops: all(wide == stop for wide, stop in stops),
    )
    assert {wide for wide, _ in stops} == {True, False}
    assert all(wide == stop for wide, stop in stops), stops


def test_modules_and_styles_are_files_asked_for_once(chapter):
    """The page holds no long module or style; each file of a widget is fetched once and shared."""
    page, seen = chapter
    page.mouse.move(640, 800)
    page.wait_for_function("!document.querySelector('.cnn-host[data-state=waiting]')")
    states = json.loads(page.locator("script[type$='widget-state+json']").text_content())["state"].values()
    texts = [model["state"].get(part) for model in states for part in ("_esm", "_css")]
    assert all(len(text) <= 2000 for text in texts if isinstance(text, str))
    files = {text["file"] for text in texts if isinstance(text, dict) and "file" in text}
    fetched = [url.rpartition("/")[2] for url in seen.urls if "/_static/widgets/" in url]
    assert len(files) > 1 and sorted(fetched) == sorted(files)
