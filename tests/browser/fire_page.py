"""Pages that hold one or two widgets of every kind, as the host serves them, for tests under fire."""

import functools
import json
from pathlib import Path

import numpy as np

from cnnlib import widgets
from cnnlib.layers import Conv2d, Dense, Flatten, MaxPool2d, ReLU
from cnnlib.network import Sequential

ROOT = Path(__file__).resolve().parents[2]
HOST = ROOT / "book" / "assets" / "widget-host.js"
FIRE = Path(__file__).with_name("fire.js")
MIME = "application/vnd.jupyter."
# The widget's own module, with its model, its element and its cleanup in the hands of the test.
TOLD = """
export default { ...theWidget, render: (context) => watched(theWidget, context) };
"""


def digit_reader():
    """Make a reader of digits with a small untrained network."""
    rng = np.random.default_rng(0)
    net = Sequential(
        Conv2d(1, 4, 3, padding=1, rng=rng), ReLU(), MaxPool2d(2),
        Conv2d(4, 6, 3, padding=1, rng=rng), ReLU(), Flatten(), Dense(96, 10, rng=rng),
    )  # fmt: skip
    return widgets.DigitReader(net, presets={"slash": np.eye(8), "blank": np.zeros((8, 8))})


def quiz():
    """Make a sheet with every shape of question."""
    ask = functools.partial(widgets.question, solution="So much.", hints=["Count.", "Count again."])
    return widgets.Quiz([
        ask("A number?", 7), ask("A row?", [1, 0.25, -3], given={"x": [1, 2]}),
        ask("A grid?", [[1, 2], [3, 4]], size_asked=True, wrong={"That is the transpose.": [[1, 3], [2, 4]]}),
        ask("Rounded?", 0.3333, digits=2),
    ])  # fmt: skip


MAKERS = {"DigitReader": digit_reader, "Quiz": quiz}


def make(kind):
    """Return a fresh widget of a kind, in its first state."""
    return MAKERS.get(kind, getattr(widgets, kind))()


KINDS = [name for name in widgets.__all__ if name != "question"]


def traits_of(widget):
    """Return the traits that the page may change, as JSON would carry them."""
    names = [name for name in widget.trait_names(sync=True) if not name.startswith("_")]
    names = [name for name in names if name not in {"layout", "tabbable", "tooltip", "comm"}]
    return json.loads(json.dumps(widget.get_state(names)))


def entry(widget, traits=None):
    """Return the page's state of a widget, some of its traits replaced."""
    widget = make(widget) if isinstance(widget, str) else widget
    module = widget._esm if isinstance(widget._esm, str) else str(widget._esm)
    told = module.replace("export default", "const theWidget =") + TOLD
    state = {"_esm": told, "_css": str(widget._css), **traits_of(widget), **(traits or {})}
    return {"model_module": "anywidget", "model_name": "AnyModel", "state": state}


def html(models, *, head="", extra=""):
    """Write a page on which each of the models, by name, is shown once."""
    cells = "".join(
        f'<div class="cell"><div class="cell_output">'
        f'<script type="{MIME}widget-view+json">{json.dumps({"model_id": name})}</script>'
        f"<noscript><p class='spare'>The figure of {name}.</p></noscript></div></div>"
        for name in models
    )
    content = json.dumps({"version_major": 2, "version_minor": 0, "state": models})
    content = content.replace("</", "<\\/").replace("<!--", "\\u003c!--")  # as the build writes it
    driver = FIRE.read_text("utf8").replace("</", "<\\/")
    return (
        "<!doctype html><html lang='en' data-theme='light'><head><meta charset='utf-8'>"
        f"<title>fire</title>{head}"
        f'<script type="{MIME}widget-state+json">{content}</script>'
        f"<script>{driver}</script><script>{HOST.read_text('utf8')}</script></head>"
        f"<body>{cells}{extra}</body></html>"
    )


def settle(page, count):
    """Wait until so many widgets stand on the page, drawn or given up."""
    page.evaluate("dispatchEvent(new Event('readermoves'))")  # the host waits for it
    page.wait_for_function(
        "n => document.querySelectorAll('[data-state=drawn], [data-state=failed]').length === n",
        arg=count, timeout=60_000,
    )  # fmt: skip


class Heard:
    """Every word of a page's console, and every error nobody caught."""

    def __init__(self, page):
        self.messages = []
        page.on("console", lambda said: self.messages.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: self.messages.append(f"uncaught: {error.stack or error}"))


# --- fire, and what must hold after it -----------------------------------------------------------
def shoot(page, seen, name, widget, seed, count):
    """Let a reader gone wild loose on a widget; return what went wrong, as sentences.

    `widget` is the Python side: it gets the page's messages one by one, as in a live notebook.
    """
    before = len(seen.messages)
    wild = "([name, seed, count]) => fire(mounted[name].el, seed, count)"
    done = page.evaluate(wild, [name, seed, count])
    last = f"after {' | '.join(done['did'])}"
    faults = [f"shows {text!r} {last}" for text in done["wrong"]] + pull(page, name, widget)
    faults += [f"{message} {last}" for message in seen.messages[before:]]
    return [f"{name}, seed {seed}: {fault}" for fault in faults]


def pull(page, name, widget):
    """Hand what the page sent to the Python side; return its complaints."""
    faults = []
    for message in page.evaluate("name => mounted[name].sent.splice(0)", name):
        try:
            widget.set_state(message)
        except Exception as error:  # whatever a live notebook would meet
            faults.append(f"Python: {type(error).__name__}: {error}; sent {json.dumps(message)[:200]}")
    return faults


def settle_down(page, names):
    """Unmount widgets, and wait until their last animation and message are through."""
    page.evaluate("document.body.style.pointerEvents = 'none'")  # the mouse may rest on what moves
    page.wait_for_timeout(100)
    page.evaluate("names => names.forEach((name) => mounted[name].cleanup?.())", names)
    page.wait_for_timeout(700)
    page.evaluate("document.body.style.pointerEvents = ''")


def differences(page, name, widget):
    """Compare what stands on the page with a fresh widget drawn from Python's state."""
    faults = pull(page, name, widget)
    unsent = page.evaluate("name => Object.keys(mounted[name].unsent)", name)
    faults += [f"set but never sent: {', '.join(unsent)}"] if unsent else []
    both = "async ([name, traits]) => [face(mounted[name].el), await again(name, traits)]"
    old, new = page.evaluate(both, [name, traits_of(widget)])
    faults += [f"shows {a!r}, a fresh widget {b!r}" for a, b in zip(old, new, strict=False) if a != b][:3]
    faults += [f"{len(old)} pieces of text, a fresh widget {len(new)}"] if len(old) != len(new) else []
    return [f"{name}: {fault}" for fault in faults]
