"""The book on paper and without JavaScript: two pages as a PDF, a printed page, a page that only reads."""

import re

import pytest
from paper import compare_widgets, heard, links, marks, paged, print_book, squeezed
from pypdf import PdfReader

CHAPTER, TABLES = "notebooks/00-notation", "book/notation"
QUIZ = "notebooks/05-convolution-backward"


# --- the PDF, read by another library than the one that wrote it --------------------------------------
@pytest.fixture(scope="module")
def printed(browser, book_path, tmp_path_factory):
    """Return two pages of the book as a PDF, and what is wrong with them according to its maker."""
    out = tmp_path_factory.mktemp("paper") / "two.pdf"
    count, faults = print_book.print_book(browser, book_path, out, [CHAPTER, TABLES])
    reader = PdfReader(out)
    assert len(reader.pages) == count
    return reader, faults


@pytest.fixture(scope="module")
def texts(printed):
    return [page.extract_text() for page in printed[0].pages]


def test_nothing_is_cut_at_the_side(printed):
    assert printed[1] == []


def test_bookmarks_lead_to_their_headings(printed, texts):
    reader, _ = printed
    found = list(marks(reader.outline))
    tops = [mark.title for depth, mark in found if depth == 0]
    assert tops == ["Contents", "0 · Notation", "Notation"]
    assert len(found) > 15 and {depth for depth, _ in found} == {0, 1, 2}
    for _, mark in found:
        page = texts[reader.get_destination_page_number(mark)]
        assert squeezed(mark.title) in squeezed(page), mark.title


def test_contents_name_the_page_on_which_a_section_begins(printed, texts):
    """Each line ends in the number of the page that shows its title; its link leads there, too."""
    reader, _ = printed
    lines = re.findall(r"^(.*\S) +(\d+)$", texts[1], re.M)
    listed = [(title, int(number)) for title, number in lines]
    notes = [reader.named_destinations[note["/Dest"]] for number, note in links(reader) if number == 1]
    numbers = [reader.get_destination_page_number(place) + 1 for place in notes]
    assert len(listed) > 12 and [number for _, number in listed] == numbers == sorted(numbers)
    for title, number in listed:
        assert squeezed(title) in squeezed(texts[number - 1]), title


def test_each_page_has_its_number_and_its_chapter(printed, texts):
    """All but the cover; the numbers are those a reader of the PDF jumps to."""
    reader, _ = printed
    starts = [
        (reader.get_destination_page_number(mark), mark.title)
        for depth, mark in marks(reader.outline)
        if depth == 0
    ]
    for number, text in enumerate(texts[1:], 1):
        chapter = [title for start, title in starts if start <= number][-1]
        lines = [line.strip() for line in text.splitlines()]
        assert str(number + 1) in lines and chapter in lines, (number, lines[:3], lines[-3:])
    assert "cnnlib" in texts[0] and "1" not in texts[0].split()


def test_links_between_pages_stay_in_the_book(printed):
    """The chapter's link to the page of notation leads to that page; none leads to a file."""
    reader, _ = printed
    targets = {name: reader.get_destination_page_number(d) for name, d in reader.named_destinations.items()}
    found = list(links(reader))
    inside = [(number, note["/Dest"]) for number, note in found if "/Dest" in note]
    outside = [note["/A"]["/URI"] for _, note in found if "/A" in note]
    assert len(inside) > 40 and all(name in targets for _, name in inside)
    first, second = targets["/00-notation"], targets["/notation"]
    assert any(first <= page < second and targets[name] == second for page, name in inside)
    assert any(page >= second and first <= targets[name] < second for page, name in inside)
    assert all(address.startswith("https://") for address in outside), outside


def test_answers_stand_at_the_end(printed, texts):
    """Exercises first, with the page of their answer; answers after the summary."""
    reader, _ = printed
    places = [(mark.title, reader.get_destination_page_number(mark)) for _, mark in marks(reader.outline)]
    pages, titles = dict(places), [title for title, _ in places]
    assert titles.index("Answers") > titles.index("Summary")
    asked = "\n".join(texts[pages["Exercises"] : pages["Summary"]])
    assert "Answer on page" in asked and "Solution to" not in asked
    assert "Both axes are reversed" in "\n".join(texts[pages["Answers"] :])


def test_fonts_are_embedded_and_the_file_says_what_it_is(printed):
    reader, _ = printed
    found = [page["/Resources"].get("/Font", {}) for page in reader.pages]
    fonts = [font.get_object() for each in found for font in each.values()]
    names = {font.get("/BaseFont", "Type3") for font in fonts}
    assert any("KaTeX_Math" in name for name in names), names
    for font in fonts:
        inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
        described = inner.get("/FontDescriptor", {}).get_object() if "/FontDescriptor" in inner else {}
        assert font["/Subtype"] == "/Type3" or any(key.startswith("/FontFile") for key in described), font
    root, known = reader.trailer["/Root"], paged.settings()
    assert root["/Lang"] == known["language"] and root["/MarkInfo"]["/Marked"]
    assert (reader.metadata.title, reader.metadata.author) == (known["title"], known["author"])
    assert reader.xmp_metadata.dc_language == [known["language"]]


def test_formulas_can_be_heard(printed):
    """The tree of tags holds formulas as figures with their TeX."""
    texts = heard(printed[0])
    assert len(texts) > 100 and sum(r"\delta" in words for words in texts) > 10, texts[:5]


@pytest.mark.parametrize("name", [QUIZ, "notebooks/12-training-on-digits"])
def test_widgets_on_paper_wear_their_style(browser, book_path, tmp_path, name):
    """Each mark, word and box of a widget has the colour and weight that it has where its page is printed."""
    count, unlike = compare_widgets(browser, book_path, name, tmp_path)
    assert count > 1000 and unlike == []


@pytest.mark.parametrize(
    "body",
    [
        "<p style='width: 700px'>wide</p>",
        "<pre style='white-space: pre; overflow: hidden'>" + "long " * 50 + "</pre>",
        "<div class='math'><div class='katex-display'><div style='width: 900px'>x</div></div></div>",
    ],
)
def test_what_sticks_out_is_noticed(page_factory, body):
    page, _ = page_factory(width=600)
    page.set_content("<main><p>narrow</p></main>")
    assert page.evaluate(print_book.CUT) == []
    page.set_content(f"<main>{body}</main>")
    assert page.evaluate(print_book.CUT)


# --- a page that a reader prints ---------------------------------------------------------------------
def test_a_dark_page_prints_light_and_stays_dark(book_http, page_factory):
    """On paper ink is dark, widgets keep their width, buttons are gone; afterwards all is as before."""
    page, _ = page_factory(color_scheme="dark")
    page.goto(f"{book_http}/{QUIZ}.html")
    page.wait_for_selector(".cnn-host[data-state=drawn]")
    widget = page.locator(".cnn-widget").first
    paper = "getComputedStyle(document.body).backgroundColor"
    dark, width = page.evaluate(paper), widget.evaluate("(w) => w.offsetWidth")
    page.evaluate(print_book.BEFORE)
    page.wait_for_function(print_book.READY)
    page.emulate_media(media="print")
    assert page.evaluate(paper) == "rgb(255, 255, 255)" != dark
    assert widget.evaluate("(w) => w.offsetWidth") == width
    sheet = page.locator(".quiz")
    assert sheet.locator(".quiz-paper").is_visible()
    assert not any(buttons.is_visible() for buttons in sheet.locator(".quiz-buttons").all())
    assert not any(fold.is_visible() for fold in page.locator("details.hide").all())
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(paper) == dark and widget.get_attribute("style") in ("", None)
    assert not sheet.locator(".quiz-paper").is_visible()


# --- without JavaScript --------------------------------------------------------------------------------
@pytest.mark.parametrize("width", [360, 1280])
def test_without_javascript_all_pages_and_answers_can_be_reached(book_file, page_factory, width):
    page, seen = page_factory(width=width, java_script_enabled=False)
    page.goto(f"{book_file}/{QUIZ}.html")
    chapters = page.locator(".bd-links a")
    assert chapters.count() > 20 and all(link.is_visible() for link in chapters.all())
    solutions = page.locator(".admonition.solution").all()
    assert solutions and all(box.locator("section").is_visible() for box in solutions)
    assert not any(button.is_visible() for button in page.locator(".bd-header-article button").all())
    chapters.last.click()
    assert page.locator(".bd-article h1").inner_text().startswith("How to cite")
    seen.assert_clean()


def test_search_says_that_it_needs_javascript(book_file, page_factory):
    page, _ = page_factory(java_script_enabled=False)
    page.goto(f"{book_file}/search.html?q=kernel")
    assert "JavaScript" in page.locator("main").inner_text()
    assert not page.get_by_role("searchbox").is_visible()
