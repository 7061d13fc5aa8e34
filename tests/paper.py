"""What tests of the printed book share: words, links and marks of a PDF, and how widgets look on paper."""

import sys
from pathlib import Path
from unicodedata import normalize

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book/pdf"))
import paged  # noqa: E402
import print_book  # noqa: E402

# Everything in a widget gets a number on its page; on paper it is compared with the page's own print.
LOOK = """const look = (el) => {
  const style = getComputedStyle(el);
  const said = "display position color fill stroke background-color font-weight text-anchor";
  return said.split(" ").map((name) => `${name}: ${style.getPropertyValue(name)}`).join("; ");
};"""
NUMBER = f"""() => {{ {LOOK}
  const all = [...document.querySelectorAll(".bd-article .cnn-widget, .bd-article .cnn-widget *")];
  all.forEach((el, k) => el.setAttribute("data-n", k));
  return all.map(look);
}}"""
COMPARE = f"""(looks) => {{ {LOOK}
  const all = [...document.querySelectorAll("[data-n]")];
  const unlike = all.filter((el) => look(el) !== looks[el.dataset.n]);
  const tell = (el) => `${{el.outerHTML.slice(0, 120)}}: ${{look(el)}} instead of ${{looks[el.dataset.n]}}`;
  return [all.length, unlike.map(tell)];
}}"""


def squeezed(text):
    """Return a text without spaces, and without the typesetter's joined letters such as fi."""
    return "".join(normalize("NFKC", text).split())


def marks(outline, depth=0):
    """List (depth, bookmark) in order."""
    for entry in outline:
        if isinstance(entry, list):
            yield from marks(entry, depth + 1)
        else:
            yield depth, entry


def links(reader):
    """List (page number, annotation) of all links."""
    for number, page in enumerate(reader.pages):
        for note in page.get("/Annots", []):
            if note.get_object()["/Subtype"] == "/Link":
                yield number, note.get_object()


def heard(reader):
    """List the texts of the figures in the tree of tags."""
    texts, left = [], [reader.trailer["/Root"]["/StructTreeRoot"]]
    while left:
        node = left.pop().get_object()
        if isinstance(node, dict):
            texts += [node["/Alt"]] if node.get("/S") == "/Figure" and "/Alt" in node else []
            children = node.get("/K", [])
            left += children if isinstance(children, list) else [children]
    return texts


def compare_widgets(browser, book, name, folder):
    """Return how many elements a page's widgets have on paper, and those that look otherwise there."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, color_scheme="light")
    page = print_book.drawn(context, book, name)
    page.emulate_media(media="print")
    looks = page.evaluate(NUMBER)
    document = paged.compose({name: print_book.take(page, name, [name])}, "A4")
    written = folder / "paper.html"
    written.write_text(paged.fill(document, {}), "utf8")
    page.goto(written.as_uri())
    page.evaluate(print_book.LETTERS)
    count, unlike = page.evaluate(COMPARE, looks)
    context.close()
    return count, unlike
