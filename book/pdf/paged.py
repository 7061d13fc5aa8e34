"""The printed book as one page of HTML: cover, contents, chapters, and the rules of its pages."""

import html
import json
import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
FONTS = 'system-ui, "Noto Sans", "DejaVu Sans", "Noto Sans SC Variable", sans-serif'
RUNNING = f"font: 8.5pt {FONTS}; color: #5b6675;"
COVER = """<section class="cover"><p class="title">{title}</p><p>{description}</p><p>{author}</p>
<p class="small first">cnnlib {version} · © {copyright}. Text: CC BY 4.0. Code: MIT.</p>
<p class="small">The widgets stand here as they open on the screen.{where}</p></section>"""
WHERE = ' Pages on which they move, and notebooks: <a href="{0}">{0}</a>'
PAGE = """<!doctype html>
<html lang="{language}" data-theme="light"><head><meta charset="utf-8"><title>{title}</title>
{sheets}</head><body hidden>{body}</body></html>"""  # shown when its letters have come
LINK = re.compile(r'(<a class="to-page" href="#([^"]+)">[^<]*<span class="page">)[^<]*(</span>)')


def settings():
    """Read title, author, language and the like from the book's own settings."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))
    sphinx = config["sphinx"]["config"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
    return {
        **{name: config[name] for name in ("title", "author", "copyright")},
        "description": sphinx["book_page_description"],
        "language": sphinx["language"],
        "address": sphinx["book_page_site"] or sphinx["book_page_repository"],
        "version": project["version"],
    }


def parts():
    """List (caption, pages) from the table of contents; the first page has no caption."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf8"))
    return [("", [toc["root"]])] + [
        (part["caption"], [entry["file"] for entry in part["chapters"]]) for part in toc["parts"]
    ]


def contents(found):
    """Return the list of chapters and sections; `fill` puts the page numbers in."""
    lines = ["<section class='contents' id='contents'><h1>Contents</h1>"]
    for caption, names in parts():
        if rows := [row for name in names if name in found for row in found[name]["headings"]]:
            lines += [f"<p class='part'>{html.escape(caption)}</p>"] * bool(caption) + ["<ol>"]
            lines += [
                f'<li class="level{row["level"]}"><a class="to-page" href="#{row["id"]}">'
                f'{html.escape(row["title"])} <span class="page"></span></a></li>'
                for row in rows
                if row["level"] < 3
            ] + ["</ol>"]
    return "\n".join([*lines, "</section>"])


def running(name, title):
    """Return the rules that give the pages of a chapter its title above and their number below."""
    own = Path(name).name
    head = json.dumps(title, ensure_ascii=False).replace("<", "\\3c ")
    return (
        f'[id="{own}"] {{ page: p-{own}; }} @page p-{own} {{ @top-left {{ content: {head}; {RUNNING} }}'
        f" @bottom-center {{ content: counter(page); {RUNNING} }} }}"
    )


def dress(sheet):
    """Return the element that puts on a style sheet, given by its address or its text."""
    if "href" in sheet:
        return f'<link rel="stylesheet" href="{html.escape(sheet["href"])}">'
    return f"<style>{sheet['text']}</style>"


def compose(found, paper, fonts=()):
    """Return the whole book as one HTML page whose page numbers are still open."""
    known = {name: html.escape(text) for name, text in settings().items()}
    known["where"] = known["address"] and WHERE.format(known["address"])
    titles = {"contents": "Contents", **{name: part["headings"][0]["title"] for name, part in found.items()}}
    worn = [sheet for part in found.values() for sheet in part["sheets"]]
    texts = [
        (HERE / "pdf.css").read_text("utf8"),
        f"@page {{ size: {paper}; }} html[data-theme] {{ --pst-font-family-base: {FONTS}; }}",
        *(running(name, title) for name, title in titles.items()),
    ]
    sheets = [{"href": path.as_uri()} for path in fonts] + worn + [{"text": text} for text in texts]
    body = [COVER.format(**known), '<main class="bd-content">', contents(found)]
    body += [*(part["html"] for part in found.values()), "</main>"]
    return PAGE.format(**known, sheets="".join(dict.fromkeys(map(dress, sheets))), body="".join(body))


def fill(document, numbers):
    """Write the page that each link of the contents, or from a question to its answer, leads to."""
    return LINK.sub(lambda link: f"{link[1]}{numbers.get(link[2], '000')}{link[3]}", document)
