"""Write down what the built pages may load and run, as a Content-Security-Policy computed from them.

A Sphinx extension, loaded by `_config.yml`. When the pages stand, it takes from them what no policy
should have to allow (a handler in an attribute, a line that differs on every page), reads them, and
writes the strictest policy under which they work to `csp.txt` and `_headers` in the built book.

    python book/ext/book_policy.py _build/html

writes the same policy into the pages themselves, for hosts that send no headers of one's own.
See HOSTING.md.
"""

import base64
import hashlib
import html
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

STATE = "application/vnd.jupyter.widget-state+json"
RUNS = {None, "", "module", "text/javascript", "application/javascript"}  # types of script that are code
# Read by the theme's switch between versions only, which this book does not have.
PAGENAME = re.compile(r"<script>DOCUMENTATION_OPTIONS\.pagename = '[^'<]*';</script>\s*")
HEAD = re.compile(r"<head>")
META = '<head>\n<meta http-equiv="Content-Security-Policy" content="{}" />'
FIXED = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'", "'unsafe-inline'"],  # for browsers that do not know the next two
    "style-src-elem": ["'self'"],
    "style-src-attr": ["'none'"],
    "img-src": ["'self'"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],  # the search reads the pages it found
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'self'"],
}
HEADER_ONLY = {"frame-ancestors"}  # ignored, with a complaint, in a page's own policy


def digest(text):
    """Return the policy's name for an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class Reader(HTMLParser):
    """Collect what a page holds inline: scripts, styles, style attributes, data images, handlers."""

    def __init__(self, page):
        super().__init__()
        self.scripts, self.styles, self.handlers = set(), set(), set()
        self.styled = self.data = False
        self.inside, self.text = None, ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.styled |= "style" in values
        self.data |= any(str(values.get(name)).startswith("data:") for name in ("src", "srcset"))
        self.handlers |= {f"{name}={value}" for name, value in attributes if name.startswith("on")}
        self.handlers |= {f"{tag} {value}" for value in values.values() if script_address(value)}
        if tag in {"script", "style"} and "src" not in values:
            self.inside, self.text = (tag, values.get("type")), ""

    handle_startendtag = handle_starttag

    def handle_data(self, text):
        self.text += text

    def handle_endtag(self, tag):
        if self.inside and tag == self.inside[0]:
            self.keep(*self.inside, self.text)
            self.inside = None

    def keep(self, tag, kind, text):
        """Note what the page holds between two tags, if it is code or style."""
        if tag == "style":
            self.styles.add(text)
        elif kind in RUNS:
            self.scripts.add(text)
        elif kind == STATE:
            models = json.loads(text)["state"].values()
            styles = (model["state"].get("_css") for model in models)
            self.styles |= {style for style in styles if isinstance(style, str)}


def script_address(value):
    """Tell whether an attribute is an address that runs code."""
    return re.match(r"\s*(javascript|vbscript):", value or "", re.IGNORECASE) is not None


def tidy(page):
    """Return a page without what a strict policy forbids and the book has another way to do."""
    page = PAGENAME.sub("", page)
    return page.replace('onclick="window.print()"', "data-print")  # book.js listens


def pages(folder):
    """Yield the pages of a built book."""
    for path in sorted(Path(folder).rglob("*.html")):
        if path.relative_to(folder).parts[0] not in {"_static", "_sources"}:
            yield path


def policy(folder):
    """Return the strictest policy for the built book, as names with lists of sources.

    Raises
    ------
    ValueError
        If a page runs code from an attribute, which no hash allows.
    """
    found = {name: list(sources) for name, sources in FIXED.items()}
    scripts, styles = set(), set()
    for path in pages(folder):
        page = Reader(path.read_text("utf8"))
        if page.handlers:
            raise ValueError(f"{path.name}: expected no code in attributes, got {sorted(page.handlers)}")
        scripts |= page.scripts
        styles |= page.styles
        if page.styled:  # KaTeX sets each part of a formula by a style attribute of its own
            found["style-src-attr"] = ["'unsafe-inline'"]
        if page.data:
            found["img-src"] = ["'self'", "data:"]
    for path in Path(folder, "_static").rglob("*.css"):
        if "url(data:" in (css := path.read_text("utf8").replace('"', "").replace("'", "")):
            found["img-src"] = ["'self'", "data:"]
            if re.search(r"url\(data:(font|application)/", css):
                found["font-src"] = ["'self'", "data:"]
    if any("createObjectURL" in path.read_text("utf8") for path in Path(folder, "_static").glob("*.js")):
        found["script-src"] += ["blob:"]  # widget-host.js imports a widget's module from its text
    found["script-src"] += sorted(map(digest, scripts))
    found["style-src-elem"] += sorted(map(digest, styles))
    return found


def written(found, without=()):
    """Return a policy as one line."""
    return "; ".join(f"{name} {' '.join(found[name])}" for name in found if name not in without)


def write_policy(app, exception):
    """Tidy the pages, then leave their policy where hosts and people find it."""
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir)
    for path in pages(folder):
        path.write_text(tidy(path.read_text("utf8")), "utf8")
    line = written(policy(folder))
    (folder / "csp.txt").write_text(f"{line}\n", "utf8")
    headers = f"/*\n  Content-Security-Policy: {line}\n  X-Content-Type-Options: nosniff\n"
    (folder / "_headers").write_text(headers, "utf8")


def write_into_pages(folder):
    """Put the policy into each page's head; return how many pages carry it."""
    line = html.escape(written(policy(folder), HEADER_ONLY), quote=True).replace("&#x27;", "'")
    count = 0
    for path in pages(folder):
        page, changed = HEAD.subn(META.format(line), path.read_text("utf8"), count=1)
        if "Content-Security-Policy" not in page or not changed:
            raise ValueError(f"{path.name}: expected a <head> to put the policy in, got none")
        path.write_text(page, "utf8")
        count += 1
    return count


def setup(app):
    """Register the step with Sphinx, after all that change pages."""
    app.connect("build-finished", write_policy, priority=990)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    print(f"{write_into_pages(Path(sys.argv[1]))} pages carry their policy now")
