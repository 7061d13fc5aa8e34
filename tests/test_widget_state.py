"""Two builds of the same widgets are equal, although each kernel names them at random."""

import importlib.util
import json
import random
from pathlib import Path
from types import SimpleNamespace

import pytest

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
    text = json.dumps({"version_major": 2, "state": {name: state[name] for name in sorted(state)}})
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


@pytest.mark.parametrize("fault", ["order", "names"])
def test_the_comparison_notices_random_names(fault, monkeypatch):
    """Without the order of the page, or without new names, pages of two kernels differ."""
    if fault == "order":
        monkeypatch.setattr(widget_state, "page_order", lambda models, views: {n: n[:3] for n in models})
    else:
        monkeypatch.setattr(widget_state, "rename", lambda text, order: text)
    assert len({built(seed) for seed in range(3)}) == 3
