"""Print the built book into one PDF, with Chromium; `make pdf` runs it.

    .venv/bin/python book/pdf/print_book.py [--paper letter] [--book FOLDER] [--out FILE] [page ...]

Every page is opened, its widgets are drawn, and its article is taken over as it stands. All of them become
one document, so that a link between chapters leads to a page of the PDF and one tree of tags describes the
whole. It is printed until the page numbers in its contents are right, which takes two times.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import pikepdf
from paged import HERE, ROOT, compose, fill, parts, settings
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(ROOT / "tests"))
from chromium import find_browser

MOST = 3  # times the book is printed until its contents are right
FONT = ROOT / "_build/pdf/fonts/node_modules/@fontsource-variable/noto-sans-sc/index.css"
WIDTHS = {"A4": 210, "letter": 215.9}  # mm
MARGINS = 34  # mm, both sides: pdf.css
READY = "[...document.querySelectorAll('.cnn-host')].every((el) => el.dataset.state === 'drawn')"
BEFORE = "dispatchEvent(new Event('beforeprint'))"
AGAIN = f"dispatchEvent(new Event('afterprint')); {BEFORE}"
LETTERS = """document.fonts.load('1em "Noto Sans SC Variable"', document.body.textContent)
  .then(() => { document.body.hidden = false; })
  .then(() => document.fonts.ready)"""
DANGLING = """[...document.querySelectorAll('a[href^="#"]')].map((a) => a.getAttribute('href').slice(1))
  .filter((id) => !document.getElementById(id))"""
BOXES = "'div.math > .katex-display, .pst-scrollable-table-container, .output, pre, .cnn-widget, .sheet'"
FIT = f"""document.querySelectorAll({BOXES}).forEach((box) => {{
  const more = () => box.scrollWidth - box.clientWidth;
  const widen = () => {{ box.style.width = `${{box.offsetWidth + more()}}px`; }};
  for (let k = 0; k < 6 && more() > 1 && box.style.width; k += 1) widen();
  const share = (box.style.zoom || 1) * box.clientWidth / box.scrollWidth;
  if (more() > 1) box.style.zoom = Math.floor(100 * share) / 100;
}})"""
CUT = f"""() => {{
  const side = document.querySelector('main').getBoundingClientRect().right + 1;
  const wide = [...document.querySelectorAll({BOXES})].filter((box) => box.scrollWidth > box.clientWidth + 1);
  const outside = [...document.querySelectorAll('main *:not(.katex *)')].filter((el) => el.checkVisibility()
    && el.getBoundingClientRect().right > side && !el.closest('svg, .unseen, [aria-hidden=true]'));
  return [...new Set([...wide, ...outside])].map((el) => el.outerHTML.slice(0, 160));
}}"""
ALIKE = """() => {
  const words = [...document.querySelectorAll('[lang^=zh]')].map((each) => each.textContent).join('');
  const [first, second] = new Set(words.match(/\\p{Script=Han}/gu));
  const draw = (letter) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 40, height: 40 });
    const pen = canvas.getContext('2d');
    pen.font = `30px ${getComputedStyle(document.body).fontFamily}`;
    pen.fillText(letter, 2, 32);
    return canvas.toDataURL();
  };
  return Boolean(second) && draw(first) === draw(second);
}"""


def drawn(context, book, name):
    """Open a page of the built book and draw its widgets."""
    page = context.new_page()
    page.goto((book / f"{name}.html").as_uri())
    page.evaluate(BEFORE)  # draws what is not yet in sight
    page.wait_for_function(READY, timeout=120_000)
    page.wait_for_timeout(300)  # until nothing moves
    page.evaluate(AGAIN)  # measures them all
    return page


def take(page, name, names):
    """Return what collect.js takes from an open page of a book of these pages."""
    script = (HERE / "collect.js").read_text("utf8").split("*/", 1)[1]
    title = "About this book" if name == parts()[0][1][0] else None  # the cover bears the book's own
    return page.evaluate(script, {"name": name, "pages": names, "title": title})


def collect(context, book, names):
    """Open each page, draw its widgets, and take its article; return what collect.js answers, by name."""
    found = {}
    for name in names:
        page = drawn(context, book, name)
        found[name] = take(page, name, names)
        page.close()
    return found


def page_numbers(path):
    """Return the page, counted from 1, of every place in a PDF that a link leads to."""
    with pikepdf.open(path) as pdf:
        place = {page.objgen: number for number, page in enumerate(pdf.pages, 1)}
        return {str(name)[1:]: place[target[0].objgen] for name, target in pdf.Root.Dests.items()}


def print_pages(context, document, out, paper):
    """Print the document until its page numbers are those it gets; return what is cut or has no letters."""
    numbers, written = {}, out.with_suffix(".html")
    width = round((WIDTHS[paper] - MARGINS) / 25.4 * 96)
    for _ in range(MOST):
        written.write_text(fill(document, numbers), "utf8")
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 1000})
        page.emulate_media(media="print")
        page.goto(written.as_uri())
        page.evaluate(LETTERS)
        if lost := page.evaluate(DANGLING):
            raise LookupError(f"links of the book lead nowhere in print: {sorted(set(lost))}")
        page.evaluate(FIT)
        faults = [f"cut at the side: {each}" for each in page.evaluate(CUT)]
        if page.evaluate(ALIKE):
            faults.append("no font on this machine has Chinese letters, so boxes stand for them")
        page.pdf(path=out, tagged=True, outline=True, prefer_css_page_size=True, print_background=True)
        page.close()
        before, numbers = numbers, page_numbers(out)
        if numbers == before:
            return faults
    raise RuntimeError(f"the page numbers still change after printing {MOST} times")


def bookmarks(items):
    """List bookmarks in the order of the pages."""
    for item in items:
        yield item
        yield from bookmarks(item.children)


def rename(items, titles):
    """Give bookmarks their headings; Chromium doubles the words of some that move to the next page."""
    if len(items) != len(titles):
        raise RuntimeError(f"{len(items)} bookmarks for {len(titles)} headings")
    for item, title in zip(items, titles, strict=True):
        item.title, item.is_closed = title, True


def finish(raw, out, found):
    """Name title, author and language, mend the bookmarks, and pack the file; return its number of pages."""
    known = settings()
    titles = ["Contents", *(row["title"] for part in found.values() for row in part["headings"])]
    with pikepdf.open(raw) as pdf:
        with pdf.open_outline() as outline:
            rename(list(bookmarks(outline.root)), titles)
        words = {"/Title": known["title"], "/Author": known["author"], "/Subject": known["description"]}
        pdf.docinfo = pdf.make_indirect(pikepdf.Dictionary(words | {"/Producer": "Chromium and pikepdf"}))
        with pdf.open_metadata(set_pikepdf_as_editor=False) as data:
            data["dc:title"], data["dc:creator"] = known["title"], [known["author"]]
            data["dc:language"], data["dc:description"] = {known["language"]}, known["description"]
        pdf.Root.Lang = pikepdf.String(known["language"])
        pdf.Root.PageMode = pikepdf.Name.UseOutlines
        packed = pikepdf.ObjectStreamMode.generate
        pdf.save(out, object_stream_mode=packed, recompress_flate=True, deterministic_id=True)
        return len(pdf.pages)


def print_book(browser, book, out, names, paper="A4"):
    """Print pages of a built book into `out`; return how many pages it has, and what is wrong with them."""
    out.parent.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, color_scheme="light")
    found = collect(context, book, names)
    document = compose(found, paper, [FONT] if FONT.is_file() else [])
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "book.pdf")
        faults = print_pages(context, document, raw, paper)
        context.close()
        return finish(raw, out, found), faults


def main():
    """Read the command line, print the book, and say where it is."""
    parser = argparse.ArgumentParser(description="Print the built book into one PDF.")
    parser.add_argument("--paper", default="A4", choices=list(WIDTHS))
    parser.add_argument("--book", type=Path, default=ROOT / "_build/html")
    parser.add_argument("--out", type=Path)
    parser.add_argument("pages", nargs="*", default=[name for _, names in parts() for name in names])
    wish = parser.parse_args()
    if not (wish.book / "index.html").is_file():
        sys.exit("There is no built book yet: run make book first.")
    suffix = "" if wish.paper == "A4" else f"-{wish.paper}"
    out = wish.out or ROOT / f"_build/pdf/convolution-forward-and-backward{suffix}.pdf"
    start = time.monotonic()
    with sync_playwright() as playwright:
        path = find_browser(windows=False)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        count, faults = print_book(browser, wish.book.resolve(), out, wish.pages, wish.paper)
    print(*faults, sep="\n", end="\n" * bool(faults), file=sys.stderr)
    print(f"{out}: {count} pages, {out.stat().st_size / 2**20:.1f} MB, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
