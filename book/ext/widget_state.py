"""Write the widgets' state into a page the same way in every build, and no text twice.

A kernel names its widgets at random, and the state lists them in the order of these names. Here they are
named and listed as they stand on the page, so that two builds of the same sources are equal byte by byte,
and a module or style that several widgets share is written once. A Sphinx extension, loaded by `_config.yml`.
"""

import json
import re

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
    page["state"] = {name: page["state"][name] for name in order}
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


def setup(app):
    """Register after book_page, which replaces the list of scripts."""
    app.connect("html-page-context", write_state, priority=960)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
