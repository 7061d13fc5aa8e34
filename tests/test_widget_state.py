"""Two builds are equal, although a kernel names widgets at random and cuts what it prints anywhere."""

import importlib.util
import json
import random
from pathlib import Path
from types import SimpleNamespace

import pytest
from myst_nb.core.utils import coalesce_streams
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
spec = importlib.util.spec_from_file_location("widget_state", ROOT / "book/ext/widget_state.py")
widget_state = importlib.util.module_from_spec(spec)
spec.loader.exec_module(widget_state)

VIEW = '<script type="application/vnd.jupyter.widget-view+json">{{"model_id": "{}"}}</script>'


class Script:
    """What the extension uses of Sphinx's script files."""

    def __init__(self, filename, *, priority=500, **attributes):
        self.filename, self.priority, self.attributes = filename, priority, attributes


def built(seed):
    """Return a page's body and state as a kernel with random names would leave them, then as written.

    There are a, b and c with one module, each with a layout, and a second module in d, which has no
    view; c refers to a. The page shows b, a, c and b again.
    """
    draw = random.Random(seed)
    names = {key: f"{draw.getrandbits(128):032x}" for key in [*"abcd", *(f"layout of {k}" for k in "abcd")]}
    state = {names[key]: {"model_name": "LayoutModel", "state": {}} for key in names if len(key) > 1}
    for key in "abcd":
        module = "// </script> shared by three" if key in "abc" else "// alone"
        layout = f"IPY_MODEL_{names[f'layout of {key}']}"
        state[names[key]] = {
            "model_name": "AnyModel",
            "state": {"_esm": module, "layout": layout, "key": key},
        }
    state[names["c"]]["state"]["other"] = f"IPY_MODEL_{names['a']}"
    mixed = [{key: state[name][key] for key in draw.sample(list(state[name]), 2)} for name in sorted(state)]
    text = json.dumps({"version_major": 2, "state": dict(zip(sorted(state), mixed, strict=True))})
    scripts = [Script("book.js"), Script(None, type=widget_state.STATE, body=text)]
    body = "<p>0123456789abcdef0123456789abcdef</p>" + "".join(VIEW.format(names[key]) for key in "bacb")
    context = {"body": body, "script_files": scripts}
    widget_state.write_state(SimpleNamespace(), "page", "page.html", context, None)
    assert context["script_files"][0].filename == "book.js"
    return context["body"], context["script_files"][1].attributes["body"]


def test_names_follow_the_page_and_not_the_kernel():
    """Views get the numbers in which they stand; equal pages come of any random names."""
    body, state = built(seed=0)
    assert widget_state.VIEW.findall(body) == ["widget-1", "widget-3", "widget-5", "widget-1"]
    assert "0123456789abcdef0123456789abcdef" in body, "text that looks like a name is left alone"
    assert {built(seed) for seed in range(20)} == {(body, state)}


def test_references_and_texts_survive():
    """A reference leads to the same widget as before, and a shared module stands where it is first needed."""
    _, text = built(seed=1)
    assert "</script>" not in text
    state = {name: model["state"] for name, model in json.loads(text)["state"].items()}
    assert list(state) == [f"widget-{k}" for k in range(1, 9)]
    by_key = {traits["key"]: name for name, traits in state.items() if "key" in traits}
    assert by_key == {"b": "widget-1", "a": "widget-3", "c": "widget-5", "d": "widget-7"}
    assert state[by_key["c"]]["other"] == f"IPY_MODEL_{by_key['a']}"
    assert all(traits["layout"].removeprefix("IPY_MODEL_") in state for traits in state.values() if traits)
    assert state[by_key["b"]]["_esm"] == "// </script> shared by three"
    assert state[by_key["a"]]["_esm"] == state[by_key["c"]]["_esm"] == {"like": by_key["b"]}
    assert state[by_key["d"]]["_esm"] == "// alone"


def printed(*texts, name="stdout"):
    """Return the messages in which a kernel may send a text."""
    return [NotebookNode(output_type="stream", name=name, text=text) for text in texts]


def test_what_is_printed_does_not_depend_on_the_messages():
    """Cut at every place, also before a line's end and inside a line; warnings stay a stream of their own."""
    text = "T = 1\n  y = 2\n\nT = 3\n"
    whole = widget_state.join_streams(printed(text))
    assert [output["text"] for output in whole] == [text]
    for place in range(1, len(text)):
        parts = printed(text[:place], text[place:])
        assert widget_state.join_streams(parts) == whole
        assert [part["text"] for part in parts] == [text[:place], text[place:]], "the notebook is not changed"
    assert any(coalesce_streams(printed(text[:k], text[k:])) != whole for k in range(1, len(text)))
    picture = NotebookNode(output_type="display_data", data={})
    mixed = [*printed("a"), *printed("!", name="stderr"), picture, *printed("b")]
    found = widget_state.join_streams(mixed)
    assert [output.get("text") for output in found] == ["ab\n", "!\n", None]


def test_notebooks_for_download_number_their_cells(tmp_path):
    """Only those made from a text page; a chapter keeps its own names. Keys are written in their order."""
    text = '{"cells": [{"source": "π", "id": "%s"}, {"source": "", "id": "2f"}], "a": 1}'
    for name, other in (("page.ipynb", "page.md"), ("chapter.ipynb", "nothing.txt")):
        (tmp_path / "_sources").mkdir(exist_ok=True)
        (tmp_path / "_sources" / name).write_text(text % "1e", "utf8")
        (tmp_path / "_sources" / other).write_text("", "utf8")
    app = SimpleNamespace(outdir=tmp_path, builder=SimpleNamespace(format="html"))
    widget_state.number_cells(app, None)
    page = (tmp_path / "_sources" / "page.ipynb").read_text("utf8")
    assert [cell["id"] for cell in json.loads(page)["cells"]] == ["cell-0", "cell-1"] and "π" in page
    assert page.index('"source"') < page.index('"id"') < page.index('"a"')
    assert (tmp_path / "_sources" / "chapter.ipynb").read_text("utf8") == text % "1e"


@pytest.mark.parametrize("fault", ["order", "names"])
def test_the_comparison_notices_random_names(fault, monkeypatch):
    """Without the order of the page, or without new names, pages of two kernels differ."""
    if fault == "order":
        monkeypatch.setattr(widget_state, "page_order", lambda models, views: {n: n[:3] for n in models})
    else:
        monkeypatch.setattr(widget_state, "rename", lambda text, order: text)
    assert len({built(seed) for seed in range(3)}) == 3
