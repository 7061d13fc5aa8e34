"""Chinese and Japanese words of the built pages say in which language they are.

A screen reader needs to know it to read them aloud, and a browser to choose a font. The words stand in the
glossary, in the bibliography and, with the glossary's title, in the sidebar of every page; so the finished
pages are marked, whatever put the words there.
"""

import re
from pathlib import Path

HAN, KANA = "\u3400-\u9fff", "\u3040-\u30ff"
WORDS = re.compile(f"[{HAN}{KANA}][{HAN}{KANA}（）、・]*")
JAPANESE = re.compile(f"[{KANA}術評]")  # syllables, and forms of characters that Chinese does not write
SILENT = re.compile(r"(<(script|style|title|textarea)\b.*?</\2>|<[^>]*>)", re.S)


def mark(page):
    """Return a page's HTML with a `lang` around each run of Chinese or Japanese words."""
    done, marked = 0, []
    for silent in [*SILENT.finditer(page), None]:
        text = page[done : silent.start() if silent else None]
        known = marked and marked[-1].startswith("<span lang=")
        marked += [text if known else WORDS.sub(spoken, text), silent[0] if silent else ""]
        done = silent.end() if silent else done
    return "".join(marked)


def spoken(found):
    """Return words in a span with their language."""
    language = "ja" if JAPANESE.search(found[0]) else "zh"
    return f'<span lang="{language}">{found[0]}</span>'


def mark_pages(app, exception):
    """Mark every page of the finished book."""
    if exception or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        page = path.read_text("utf8")
        if "_static" not in path.parts and (marked := mark(page)) != page:
            path.write_text(marked, "utf8")


def setup(app):
    """Register the step with Sphinx."""
    app.connect("build-finished", mark_pages, priority=930)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
