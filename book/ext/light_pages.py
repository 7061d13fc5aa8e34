"""Make the built pages light: fewer rules of style, and each widget's text in a file that pages share.

A Sphinx extension, loaded by `_config.yml`. Nothing a reader sees depends on it.

* From the style sheets of others go the rules that name a class or an id which no page and no script
  of the book knows; the book's own rules stay as written.
* The module and the style of a widget, if they are long, leave the page for `_static/widgets`, so that
  the text of a page comes first and its second chapter finds them in the browser's memory. A module is
  wrapped in a classic script, since browsers refuse to read modules, or texts, from a disk.
* One routine of the theme goes, which measured every box of code and output again after each change in
  the page; `book.js` does its work when a box changes its size.
"""

import hashlib
import json
import re
from pathlib import Path

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = re.compile(r'"model_id": ?"([^"]+)"')
FOLDER = "_static/widgets"
SHORT = 2000  # characters; a shorter text is not worth a request
FETCH = {
    "_css": '<meta name="widget-style" content="{}" />',
    "_esm": '<script async fetchpriority="high" src="{}"></script>',
}
BUNDLE, OWN = "_static/all.css", "book/assets/book.css"
THEME_SCRIPT = "_static/scripts/pydata-sphinx-theme.js"
MEASURING = '"complete"===document.readyState?I():window.addEventListener("load",I)'
REPLACED = '"see book.js"'
TOKEN = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|url\([^)\"']*\)|[{};]", re.DOTALL)
NESTED = ("@media", "@supports", "@layer", "@container")
ARGUMENT = re.compile(r"\[[^\]]*\]|:[\w-]+\((?:[^()]|\([^()]*\))*\)")  # [type=range], :not(.a, .b)
SELECTOR = re.compile(r"(?:[^,()\\]|\\.|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))+")


# --- style -------------------------------------------------------------------------------------
def rules(css):
    """Yield each rule as its head and its block; a statement such as @import has no block."""
    start = depth = opened = 0
    for token in TOKEN.finditer(css):
        if token[0] == "{":
            opened = opened if depth else token.start()
            depth += 1
        elif token[0] == "}":
            depth -= 1
            if not depth:
                yield css[start:opened].strip(), css[opened + 1 : token.start()]
                start = token.end()
        elif token[0] == ";" and not depth:
            yield css[start : token.end()].strip(), None
            start = token.end()


def pruned(css, known):
    """Return a style sheet without the rules that can match nothing, as `known` tells of each name."""
    kept = []
    for head, block in rules(re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)):
        if block is None:
            kept.append(head)
        elif head.startswith(NESTED):
            if inner := pruned(block, known):
                kept.append(f"{head}{{{inner}}}")
        elif head.startswith("@"):
            kept.append(f"{head}{{{block}}}")
        elif selectors := [each.strip() for each in SELECTOR.findall(head) if matches(each, known)]:
            kept.append(f"{','.join(selectors)}{{{block}}}")
    return "\n".join(kept)


def matches(selector, known):
    """Tell whether a selector could match: each class and id it asks for is known."""
    names = re.findall(r"[.#]((?:[\w-]|\\.)+)", ARGUMENT.sub("", selector))
    return all(known(name.replace("\\", "")) for name in names)


def vocabulary(folder):
    """Return a function that tells whether a class or id occurs in the pages or scripts of a built book.

    A script may join a name from parts, as in `bs-tooltip-${side}`: what ends in a hyphen stands for all
    names that begin so.
    """
    names = set()
    for path in folder.rglob("*.html"):
        page = path.read_text("utf8")
        for value in {*re.findall(r'\b(?:class|id)="([^"]*)"', page)}:
            names.update(value.split())
        for text in re.findall(r"<script\b[^>]*>(.+?)</script>", page, re.DOTALL):
            names.update(re.findall(r"[\w-]+", text))
    for path in folder.rglob("*.js"):
        names.update(re.findall(r"[\w-]+", path.read_text("utf8")))
    parts = tuple(name for name in names if name.endswith("-") and len(name) > 3)
    return lambda name: name in names or name.startswith(parts)


def prune(app, exception):
    """Take from the bundle what no page can need; the book's own rules, which come last, stay."""
    if exception or app.builder.format != "html":
        return
    bundle, own = Path(app.outdir, BUNDLE), Path(app.srcdir, OWN).read_text("utf8")
    css = bundle.read_text("utf8")
    if not css.endswith(own):
        raise ValueError(f"{BUNDLE}: expected it to end with {OWN}, got {css[-60:]!r}")
    bundle.write_text(pruned(css.removesuffix(own), vocabulary(Path(app.outdir))) + "\n" + own, "utf8")


# --- scripts -----------------------------------------------------------------------------------
def calm(app, exception):
    """Take from the theme's script the routine that book.js replaces."""
    if exception or app.builder.format != "html":
        return
    path = Path(app.outdir, THEME_SCRIPT)
    text = path.read_text("utf8")
    if REPLACED in text:  # a build into the same folder
        return
    if text.count(MEASURING) != 1:
        raise ValueError(f"{THEME_SCRIPT}: expected {MEASURING} once, got it {text.count(MEASURING)} times")
    path.write_text(text.replace(MEASURING, REPLACED), "utf8")


def stored(folder, part, text):
    """Write a module or a style to a file named after its content; return the file's name."""
    name = hashlib.sha256(text.encode()).hexdigest()[:12]
    name += ".js" if part == "_esm" else ".css"
    if part == "_esm":
        text = f'(globalThis.cnnModules ??= {{}})["{name}"] = {json.dumps(text, ensure_ascii=False)};\n'
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf8")
    return name


def move_texts(app, pagename, templatename, context, doctree):
    """Leave the names of files in a page's state where long modules and styles stood."""
    for place, script in enumerate(context["script_files"]):
        if script.attributes.get("type") != STATE:
            continue
        page = json.loads(script.attributes["body"])
        models = {name: model for name, model in page["state"].items() if "_esm" in model["state"]}
        for traits in (model["state"] for model in models.values()):
            for part in ("_esm", "_css"):
                if isinstance(traits.get(part), str) and len(traits[part]) > SHORT:
                    traits[part] = {"file": stored(Path(app.outdir, FOLDER), part, traits[part])}
        fetch_first(context, models)
        body = json.dumps({**page, "state": models}, ensure_ascii=False)
        # Markup in a trait must not end the script, nor hide its end.
        body = body.replace("</", "<\\/").replace("<!--", "\\u003c!--")
        context["script_files"][place] = type(script)(
            None, priority=script.priority, **{**script.attributes, "body": body}
        )


def fetch_first(context, models):
    """Let the browser fetch the first widget's module and style while it reads the page."""
    first = next((name for name in VIEW.findall(context.get("body", "")) if name in models), None)
    for part, tag in FETCH.items() if first else ():
        text = models[first]["state"].get(part)
        while isinstance(text, dict) and "like" in text:
            text = models[text["like"]]["state"].get(part)
        if isinstance(text, dict):
            address = context["pathto"](f"{FOLDER}/{text['file']}", resource=True)
            context["metatags"] = f"{context.get('metatags', '')}\n{tag.format(address)}"


def setup(app):
    """Register before the policy is computed, and after all that writes states and style sheets."""
    app.connect("html-page-context", move_texts, priority=970)
    app.connect("build-finished", calm, priority=940)
    app.connect("build-finished", prune, priority=950)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
