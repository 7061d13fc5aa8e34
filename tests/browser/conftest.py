"""Fixtures of the widget tests."""

import pytest
from widget_page import PAGE


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
