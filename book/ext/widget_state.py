"""Write the same bytes in every build: widgets and cells get names of their own, not random ones.

A Sphinx extension, loaded by `_config.yml`.

* A kernel names its widgets at random, and the state lists them in the order of these names. They are named
  and listed as they stand on the page; a module or style that several widgets share is written once.
* The cache of executed notebooks keeps the order of keys, so that a menu made from a dictionary has the
  same order in a build that runs the notebooks and in one that does not.
* What a cell prints is joined as it was printed, wherever the kernel happened to cut it into messages.
* Notebooks made from executed pages, for download, number their cells.
"""

import json
import re
from pathlib import Path

from myst_nb.core import render
from myst_nb.core.utils import coalesce_streams
from nbformat.v4 import nbjson

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = re.compile(r'"model_id": ?"([^"]+)"')
NAME = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")


def page_order(models, views):
    """Return a name for each model: first the views with all they refer to, then what no view leads to."""
    texts = {name: json.dumps(model, sort_keys=True) for name, model in models.items()}
    # Those that refer to others come first, then by what they hold.
    rest = sorted(models, key=lambda name: (not NAME.search(texts[name]), NAME.sub("", texts[name])))
    order, ahead = {}, [*views, *rest][::-1]
    while ahead:
        name = ahead.pop()
        if name in models and name not in order:
            order[name] = f"widget-{len(order) + 1}"
            ahead += NAME.findall(texts[name])[::-1]
    return order


def share_texts(models):
    """Let later widgets refer to an equal module or style of an earlier one as `{"like": its name}`."""
    owners = {}
    for name, model in models.items():
        for part in ("_esm", "_css"):
            text = model["state"].get(part)
            if text and owners.setdefault(text, name) != name:
                model["state"][part] = {"like": owners[text]}


def rename(text, order):
    """Replace the kernel's names in a text."""
    return NAME.sub(lambda found: order.get(found[0], found[0]), text)


def written(script, views):
    """Return the state as it will stand in the page, and the new name of each widget."""
    page = json.loads(script.attributes["body"])
    order = page_order(page["state"], views)
    page["state"] = {name: dict(sorted(page["state"][name].items())) for name in order}
    page = json.loads(rename(json.dumps(page), order))
    share_texts(page["state"])
    # neither the end of a script nor the start of a comment, which would hide that end
    body = json.dumps(page, ensure_ascii=False).replace("</", "<\\/").replace("<!--", "\\u003c!--")
    return type(script)(None, priority=script.priority, **{**script.attributes, "body": body}), order


def write_state(app, pagename, templatename, context, doctree):
    """Rename the widgets of a page, in its views and in its state."""
    body, scripts, order = context.get("body", ""), context["script_files"], {}
    for place, script in enumerate(scripts):
        if script.attributes.get("type") == STATE:
            scripts[place], order = written(script, VIEW.findall(body))
    context["body"] = VIEW.sub(lambda found: rename(found[0], order), body)


class InOrder(nbjson.BytesEncoder):
    """Write a notebook with its keys in the order they have."""

    def __init__(self, *, sort_keys=True, **options):
        super().__init__(sort_keys=False, **options)


def join_streams(outputs):
    """Join what was printed before myst-nb does, which takes each message for whole lines."""
    joined, streams = [], {}
    for output in outputs:
        name = output.get("name") if output["output_type"] == "stream" else None
        if name in streams:
            streams[name]["text"] += output["text"]
            continue
        joined.append(type(output)(output))
        if name:
            streams[name] = joined[-1]
    return coalesce_streams(joined)


def number_cells(app, exception):
    """Give the cells of notebooks that were made from a text page the same names in every build."""
    if exception or app.builder.format != "html":
        return
    for path in Path(app.outdir, "_sources").rglob("*.ipynb"):
        if path.with_suffix(".md").exists():
            notebook = json.loads(path.read_text("utf8"))
            for number, cell in enumerate(notebook["cells"]):
                cell["id"] = f"cell-{number}"
            path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf8")


def setup(app):
    """Register after book_page, which replaces the list of scripts."""
    nbjson.BytesEncoder = InOrder
    render.coalesce_streams = join_streams
    app.connect("build-finished", number_cells)
    app.connect("html-page-context", write_state, priority=960)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
