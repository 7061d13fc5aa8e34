"""The whole book as a PDF, as `make pdf` prints it: `make check-pdf`, about five minutes.

What is measured goes into benchmarks/pdf.md.
"""

import os
import platform
import re
import time
from datetime import date
from importlib.metadata import version

import pytest
from paper import ROOT, compare_widgets, heard, links, marks, paged, print_book, squeezed
from pypdf import PdfReader

PAGE = ROOT / "benchmarks/pdf.md"
NAMES = [name for _, names in paged.parts() for name in names]
MOST_MB, MOST_SECONDS = 15, 180
TEXT = """# The book as a PDF

Written by `make check-pdf` on {day}: {machine}, {cores} cores, Python {python}, Chromium {chromium},
pikepdf {pikepdf}.

| what | value |
|---|---|
| pages | {pages} |
| size | {size:.1f} MB |
| time to print, twice | {seconds:.0f} s |
| chapters and other pages of the book in it | {parts} |
| bookmarks | {bookmarks} |
| links inside the PDF | {inside} |
| links to the world | {outside} |
| formulas and pictures with a text for listeners | {heard} |
"""


@pytest.fixture(scope="module")
def printed(browser, book_path):
    """Print the book; return reader, faults, file, seconds, and the version of the browser."""
    out = ROOT / "_build/pdf/convolution-forward-and-backward.pdf"
    start = time.monotonic()
    _, faults = print_book.print_book(browser, book_path, out, NAMES)
    return PdfReader(out), faults, out, time.monotonic() - start, browser.version


@pytest.fixture(scope="module")
def texts(printed):
    return [page.extract_text() for page in printed[0].pages]


def test_nothing_is_cut_and_no_letter_is_missing(printed):
    assert printed[1] == []


def test_every_page_of_the_book_is_there_in_order(printed, texts):
    reader = printed[0]
    tops = [mark for depth, mark in marks(reader.outline) if depth == 0]
    assert len(tops) == 1 + len(NAMES)
    starts = [reader.get_destination_page_number(mark) for mark in tops]
    assert starts == sorted(set(starts)) and starts[0] == 1
    for start, mark in zip(starts, tops, strict=True):
        assert squeezed(mark.title) in squeezed(texts[start])


def test_every_bookmark_and_line_of_the_contents_tells_the_truth(printed, texts):
    reader = printed[0]
    places = [(m.title, reader.get_destination_page_number(m)) for _, m in marks(reader.outline)]
    wrong = [(t, n + 1) for t, n in places if squeezed(t) not in squeezed(texts[n])]
    assert not wrong, wrong
    first = reader.get_destination_page_number(reader.outline[1])
    listed = re.findall(r"^(.*\S) +(\d+)$", "\n".join(texts[1:first]), re.M)
    assert len(listed) > 150
    wrong = [(t, n) for t, n in listed if squeezed(t) not in squeezed(texts[int(n) - 1])]
    assert not wrong, wrong


def test_every_page_has_words_its_number_and_its_chapter(printed, texts):
    reader = printed[0]
    tops = [(reader.get_destination_page_number(m), m.title) for d, m in marks(reader.outline) if d == 0]
    for number, text in enumerate(texts[1:], 1):
        chapter = squeezed([title for start, title in tops if start <= number][-1])
        lines = [squeezed(line) for line in text.splitlines()]
        assert str(number + 1) in lines and chapter in squeezed(text), (number + 1, lines[:4])
        assert len(squeezed(text)) > 60, f"page {number + 1} is as good as empty"


def test_every_link_leads_to_a_place_or_into_the_world(printed):
    reader = printed[0]
    places = set(reader.named_destinations)
    for number, note in links(reader):
        if "/Dest" in note:
            assert note["/Dest"] in places, (number + 1, note["/Dest"])
        else:
            assert re.match("https?://", note["/A"]["/URI"]), (number + 1, note["/A"])


def test_fonts_are_embedded(printed):
    for number, page in enumerate(printed[0].pages, 1):
        for font in page["/Resources"].get("/Font", {}).values():
            font = font.get_object()
            inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
            held = inner["/FontDescriptor"].get_object() if "/FontDescriptor" in inner else {}
            embedded = font["/Subtype"] == "/Type3" or any(key.startswith("/FontFile") for key in held)
            assert embedded, (number, font)


def test_us_paper(browser, book_path, tmp_path):
    count, faults = print_book.print_book(browser, book_path, tmp_path / "us.pdf", NAMES[1:2], "letter")
    reader = PdfReader(tmp_path / "us.pdf")
    sizes = {(round(page.mediabox.width), round(page.mediabox.height)) for page in reader.pages}
    assert sizes == {(612, 792)} and count == len(reader.pages) and faults == []


@pytest.mark.parametrize("name", NAMES)
def test_widgets_wear_their_style(browser, book_path, tmp_path, name):
    """Each mark, word and box of a widget has the colour and weight that it has where its page is printed."""
    page = (book_path / f"{name}.html").read_text("utf8")
    count, unlike = compare_widgets(browser, book_path, name, tmp_path)
    assert (count > 100) == ("application/vnd.jupyter.widget-view+json" in page) and unlike == []


def test_size_and_time_are_reasonable(printed):
    """Write down what was measured, then compare."""
    reader, _, out, seconds, chromium = printed
    notes = [note for _, note in links(reader)]
    size, spoken = out.stat().st_size / 2**20, len(heard(reader))
    PAGE.write_text(
        TEXT.format(
            day=date.today().isoformat(),
            machine=f"{platform.system()} {platform.machine()}",
            cores=os.cpu_count(), python=platform.python_version(),
            chromium=chromium, pikepdf=version("pikepdf"),
            pages=len(reader.pages), size=size, seconds=seconds, parts=len(NAMES),
            bookmarks=len(list(marks(reader.outline))), inside=sum("/Dest" in note for note in notes),
            outside=sum("/A" in note for note in notes), heard=spoken,
        ),
        "utf8",
    )  # fmt: skip
    assert size <= MOST_MB and seconds <= MOST_SECONDS and spoken > 2000
