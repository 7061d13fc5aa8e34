"""The registry on the built page: the filter above its cards, and the badges that lead to them."""

import re

import pytest

PAGE = "/book/equations.html"


@pytest.fixture(params=["http", "file"])
def opened(request, page_factory):
    """Return the page, the field, and what went wrong."""
    page, seen = page_factory()
    page.goto(request.getfixturevalue(f"book_{request.param}") + PAGE)
    return page, page.get_by_label("Show equations with"), seen


def shown(page):
    return page.locator(".admonition.equation:visible").count()


def test_words_leave_the_cards_that_hold_them_all(opened):
    page, field, seen = opened
    every = shown(page)
    assert every > 80 and page.locator(".equation-count").inner_text() == f"{every} equations"
    field.press_sequentially("conv-dw bouvrie")
    few = shown(page)
    assert 0 < few < every and page.locator(".equation-count").inner_text() == f"{few} of {every}"
    texts = page.locator(".admonition.equation:visible").all_inner_texts()
    assert all("conv-dw" in text and "ouvrie" in text for text in texts)
    assert page.locator("section:visible > h2").count() <= few
    field.fill("POOLING")
    assert shown(page) >= 8, "the title of a section counts for its cards"
    field.fill("<img src=x>")
    assert shown(page) == 0 and page.locator(".equation-count").inner_text() == f"0 of {every}"
    field.fill("")
    assert shown(page) == every
    seen.assert_clean()


def test_a_link_to_a_hidden_card_shows_it(opened):
    page, field, _ = opened
    field.fill("softmax")
    assert not page.locator(".admonition.equation:visible", has_text="conv-dw-strided").count()
    page.evaluate("location.hash = '#registry-conv-dw-strided'")
    page.locator(".admonition.equation:visible", has_text="conv-dw-strided").first.wait_for()
    assert field.input_value() == ""


def test_each_badge_of_a_chapter_leads_to_its_card(book_http, page_factory):
    page, seen = page_factory()
    page.goto(book_http + "/notebooks/05-convolution-backward.html")
    badges = page.locator(".badge-proof")
    links = badges.evaluate_all("all => all.map((a) => [a.textContent, a.href])")
    assert len(links) == page.locator("div.math .eqno").count() > 10
    page.goto(book_http + PAGE)
    for text, href in links:
        name = re.fullmatch(r"\(([\w-]+) ✓\)", text)[1]
        assert href == f"{book_http}{PAGE}#registry-{name}"
        assert page.locator(f"#registry-{name}").count() == 1
    seen.assert_clean()
