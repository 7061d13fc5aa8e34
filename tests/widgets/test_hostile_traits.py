"""Texts in traits stay texts: in the picture without JavaScript, and in the state that the page carries."""

import importlib.util
import json
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cnnlib.widgets import ConvStepper, Quiz, question
from cnnlib.widgets.base import table_html

ROOT = Path(__file__).resolve().parents[2]
EVIL = "<img src=x onerror=f()></noscript></script><script>f()</script>\"'><!--<script> ${f()} {{f()}}"


class Tags(HTMLParser):
    """The tags and attributes of a piece of HTML."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes = set(), set()
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}


def quiz():
    return Quiz(
        [question(EVIL, [[1, 2]], solution=EVIL, given={EVIL: [3]}, hints=[EVIL], wrong={EVIL: [[5, 6]]})]
    )


def test_the_picture_without_javascript_holds_no_markup_of_a_text():
    found = Tags(quiz().static_html())
    assert found.tags <= {"ol", "li", "table", "caption", "tbody", "tr", "td", "figcaption", "small", "br"}
    assert found.attributes <= {"class"}
    assert "&lt;img src=x onerror=f()&gt;" in quiz().static_html()


def test_a_caption_is_escaped():
    found = Tags(table_html("x", EVIL, np.eye(2)))
    assert found.tags == {"table", "caption", "tbody", "tr", "td"} and found.attributes == {"class"}


class Script:
    """What the extension uses of Sphinx's script files."""

    def __init__(self, filename, *, priority=500, **attributes):
        self.filename, self.priority, self.attributes = filename, priority, attributes


@pytest.mark.parametrize("widget", [quiz(), ConvStepper(presets={EVIL: [[1]]})], ids=["Quiz", "ConvStepper"])
def test_no_text_of_the_state_ends_or_hides_its_script(widget):
    """Neither `</script>` nor `<!--<script>`, in a value or a key, changes where the state's script ends."""
    spec = importlib.util.spec_from_file_location("widget_state", ROOT / "book/ext/widget_state.py")
    widget_state = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(widget_state)
    names = ["questions", "presets"] if hasattr(widget, "presets") else ["questions"]
    state = {name: value for name, value in widget.get_state().items() if name in names}
    page = {"state": {"a" * 32: {"model_module": "anywidget", "state": state}}}
    script = Script(None, type=widget_state.STATE, body=json.dumps(page))
    context = {"body": "", "script_files": [script]}
    widget_state.write_state(SimpleNamespace(), "page", "page.html", context, None)
    body = context["script_files"][0].attributes["body"]
    assert "</" not in body and "<!--" not in body
    (model,) = json.loads(body)["state"].values()
    assert model["state"] == state
