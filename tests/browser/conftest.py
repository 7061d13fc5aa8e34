"""Fixtures of the browser tests: a page visited once by several tests, and a widget opened."""

import pytest
from pages import settle
from widget_page import PAGE


@pytest.fixture(scope="session")
def visits(browser, book_http, watch):
    """Return a function that gives a page's visit, `(page, seen)`, and ends the visit before it.

    Loading a chapter and drawing its widgets takes seconds, so the tests of one page run one after the
    other in one process (`pages.each`) and share a visit.
    """
    current = {}

    def visit(name):
        if name not in current:
            while current:
                current.popitem()[1][0].context.close()
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            current[name] = page, watch(page)
            page.goto(f"{book_http}/{name}.html")
            settle(page)
        return current[name]

    yield visit
    for page, _ in current.values():
        page.context.close()


@pytest.fixture
def visit(name, visits):
    """Return the page called `name`, drawn, at its top, wide, light and on a screen, and its `Watched`."""
    page, seen = visits(name)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(media="screen", color_scheme="light")
    page.mouse.move(640, 890)
    page.evaluate("window.scrollTo(0, 0)")
    return page, seen


@pytest.fixture(params=["http", "file"])
def base(request):
    """The book's address, once from a server and once from the disk."""
    return request.getfixturevalue(f"book_{request.param}")


@pytest.fixture
def opened(base, page_factory):
    """Return a function that opens the chapter: one widget, its page, and what the page complained of."""

    def open_widget(kind, nth=0, **options):
        page, seen = page_factory(**options)
        page.goto(base + PAGE)
        widget = page.locator(f".cnn-widget.{kind}").nth(nth)
        widget.scroll_into_view_if_needed()
        return widget, page, seen

    return open_widget
