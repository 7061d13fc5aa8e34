"""axe-core on every page of the built book: the longest of the browser tests, so in a file of its own."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from test_pages import PAGES, open_solutions, settle


@pytest.mark.parametrize("look", ["light", "dark", "light, 360 px"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(name, look, book_http, page_factory):
    """axe-core's rules, all of them, hold on the whole page, theme and opened solutions included.

    Contrast takes most of the time. It depends on the scheme and hardly on the width, so the wide page is
    asked for it in both schemes, and the narrow page for everything else.
    """
    scheme, _, narrow = look.partition(", ")
    page, _ = page_factory(width=360 if narrow else 1280, color_scheme=scheme)
    page.goto(f"{book_http}/{name}.html")
    settle(page)
    open_solutions(page)
    assert page.locator("html").get_attribute("data-theme") == scheme
    rules = {"runOnly": ["color-contrast"]} if scheme == "dark" else {}
    if narrow:
        rules = {"rules": {"color-contrast": {"enabled": False}}}
    violations = Axe().run(page, options=rules).response["violations"]
    assert not violations, [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in violations]
