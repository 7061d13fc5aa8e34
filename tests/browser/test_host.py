"""widget-host.js keeps the anywidget contract on a page that was never served by a kernel."""

import base64
import http.server
import json
import threading
import time
from pathlib import Path

import pytest

HOST = Path(__file__).resolve().parents[2] / "book" / "assets" / "widget-host.js"
MIME = "application/vnd.jupyter."

COUNTER = """
function initialize({ model }) { model.set("initialized", (model.get("initialized") ?? 0) + 1); }
function render({ model, el }) {
  const button = document.createElement("button");
  const show = () => { button.textContent = `${model.get("name")} ${model.get("count")}`; };
  button.addEventListener("click", () => {
    model.set("count", model.get("count") + 1);
    model.save_changes();
  });
  model.on("change:count", show);
  show();
  el.classList.add("cnn-widget");
  el.append(button);
  window.models = { ...window.models, [model.get("name")]: model };
  return () => model.off("change:count", show);
}
export default { initialize, render };
"""
FIGURE = "<noscript><img alt='the first state' src='data:image/gif;base64,R0lGODlhAQABAAAAACw='></noscript>"


def state(esm=COUNTER, module="anywidget", buffers=(), **traits):
    """Return one widget's entry of the page's state script."""
    return {
        "model_module": module,
        "model_name": "AnyModel",
        "state": {"_esm": esm, "name": "count", "count": 0, **traits},
        "buffers": list(buffers),
    }


@pytest.fixture
def host_page(page_factory, tmp_path):
    """Return a function that writes a page of widgets as the build does and opens it from disk."""

    def open_page(models, views, *, space="0", fallback=FIGURE, init="", expect_clean=True):
        cells = "".join(
            f'<div class="cell"><div class="cell_output"><div class="output">'
            f'<script type="{MIME}widget-view+json">{json.dumps({"model_id": view})}</script>'
            f'</div>{fallback}</div></div><div style="height:{space}"></div>'
            for view in views
        )
        content = json.dumps({"version_major": 2, "version_minor": 0, "state": models})
        (tmp_path / "page.html").write_text(
            "<!doctype html><html lang='en'><head><title>widgets</title>"
            f'<script type="{MIME}widget-state+json">{content}</script>'
            f"<script>{HOST.read_text('utf8')}</script></head><body>{cells}</body></html>",
            encoding="utf8",
        )
        page, seen = page_factory()
        page.add_init_script(init)
        page.goto((tmp_path / "page.html").as_uri())
        if expect_clean:
            drawn = "n => document.querySelectorAll('[data-state=drawn]').length >= n"
            page.wait_for_function(drawn, arg=len(views) if space == "0" else 1)
            seen.assert_clean()
        return page, seen

    return open_page


def test_a_widget_draws_and_reacts(host_page):
    """A click reaches the model and the model's change reaches the page."""
    page, _ = host_page({"a": state()}, ["a"])
    button = page.get_by_role("button")
    assert button.text_content() == "count 0"
    button.click()
    assert button.text_content() == "count 1"


def test_two_views_share_one_model(host_page):
    """The second view of a model follows the first; the model is initialized once."""
    page, _ = host_page({"a": state()}, ["a", "a"])
    page.get_by_role("button").nth(1).click()
    assert page.get_by_role("button").all_text_contents() == ["count 1", "count 1"]
    assert page.evaluate("models.count.get('initialized')") == 1


def test_two_models_do_not_disturb_each_other(host_page):
    """Two widgets with the same module keep their own traits."""
    page, _ = host_page({"a": state(name="a"), "b": state(name="b")}, ["a", "b"])
    page.get_by_role("button").first.click()
    assert page.get_by_role("button").all_text_contents() == ["a 1", "b 0"]


def test_set_tells_listeners_at_once_and_only_of_differences(host_page):
    """Events fire inside `set`, by name and as "change", once per call and never for an equal value."""
    page, _ = host_page({"a": state(x=[[1, 2]])}, ["a"])
    heard = page.evaluate("""() => {
      const model = models.count, heard = [];
      model.on("change:x change:count", (m, value) => heard.push(value));
      model.on("change", () => heard.push("change"));
      model.set("x", [[1, 2]]);          // equal: silence
      model.set("x", [[1, 3]]);
      model.set({ x: [[4]], count: 7 }); // two traits, one "change"
      return heard;
    }""")
    assert heard == [[[1, 3]], "change", [[4]], 7, "change"]


def test_off_removes_one_listener_or_all(host_page):
    """`off` with a callback leaves the others; without one it silences the event; bare, everything."""
    page, _ = host_page({"a": state()}, ["a"])
    heard = page.evaluate("""() => {
      const model = models.count, heard = [];
      const one = () => heard.push("one"), two = () => heard.push("two");
      model.on("change:count", one); model.on("change:count", two);
      model.off("change:count", one); model.set("count", 1);
      model.off("change:count"); model.set("count", 2);
      model.on("change", one); model.off(); model.set("count", 3);
      return heard;
    }""")
    assert heard == ["two"]


def test_bytes_arrive_as_a_data_view(host_page):
    """A Bytes trait, kept as base64 beside the state, is a DataView as in a live notebook."""
    data = base64.b64encode(bytes([1, 2, 250])).decode()
    buffers = [{"data": data, "encoding": "base64", "path": ["image"]}]
    page, _ = host_page({"a": state(buffers=buffers, image=None)}, ["a"])
    page.evaluate("window.image = models.count.get('image')")
    seen = page.evaluate("[image.constructor.name, image.byteLength, image.getUint8(2)]")
    assert seen == ["DataView", 3, 250]


def test_a_style_enters_the_page_once(host_page):
    """Three widgets with one style add one style element."""
    css = ".cnn-widget { color: rgb(1, 2, 3) }"
    page, _ = host_page({k: state(name=k, _css=css) for k in "abc"}, list("abc"))
    assert page.locator("head style").count() == 1
    assert page.locator(".cnn-widget").last.evaluate("el => getComputedStyle(el).color") == "rgb(1, 2, 3)"


def test_a_text_written_once_serves_all_who_share_it(host_page):
    """A widget may name another whose module and style are its own, as the build does to save space."""
    shared = {"_css": {"like": "a"}, "name": "b"}
    models = {"a": state(name="a", _css=".cnn-widget { color: rgb(1, 2, 3) }")}
    page, _ = host_page({**models, "b": state(esm={"like": "a"}, **shared)}, ["b", "a"])
    page.get_by_role("button").first.click()
    assert page.get_by_role("button").all_text_contents() == ["b 1", "a 0"]
    assert page.locator("head style").count() == 1


def test_widgets_far_below_are_drawn_without_scrolling(host_page):
    """What lies below the fold is drawn after some rest, when the browser is idle, so printing finds it."""
    page, seen = host_page({k: state(name=k) for k in "abc"}, list("abc"), space="300vh")
    page.wait_for_timeout(300)
    assert page.locator("[data-state=drawn]").count() == 1  # not before the rest
    page.wait_for_function("document.querySelectorAll('[data-state=drawn]').length === 3")
    seen.assert_clean()


def test_widgets_far_below_are_drawn_when_the_reader_moves(host_page):
    """The first move, of which book.js tells, ends the rest."""
    no_rest = "window.setTimeout = () => 0"
    page, seen = host_page({k: state(name=k) for k in "abc"}, list("abc"), space="300vh", init=no_rest)
    assert page.locator("[data-state=drawn]").count() == 1
    page.evaluate("dispatchEvent(new Event('readermoves'))")
    page.wait_for_function("document.querySelectorAll('[data-state=drawn]').length === 3")
    seen.assert_clean()


def test_a_script_that_has_half_arrived_is_left_alone(page_factory):
    """The page is sent in two parts, with the first view's script cut in the middle of its name."""
    content = json.dumps({"version_major": 2, "version_minor": 0, "state": {"count-1": state()}})
    parts = (
        f"<!doctype html><html lang='en'><head><title>slow</title><link rel='icon' href='data:,'>"
        f'<script type="{MIME}widget-state+json">{content}</script><script>{HOST.read_text("utf8")}</script>'
        f'</head><body><p>{"before " * 900}</p><div><script type="{MIME}widget-view+json">{{"model_id": "cou',
        'nt-1"}</script></div></body></html>',
    )

    class InTwo(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            for part in parts:
                self.wfile.write(part.encode())
                self.wfile.flush()
                time.sleep(0.7)

        def log_message(self, *args):
            """Stay silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), InTwo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page, seen = page_factory()
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    page.wait_for_selector("[data-state=drawn], [data-state=failed]")
    server.shutdown()
    server.server_close()
    assert page.get_by_role("button").text_content() == "count 0"
    seen.assert_clean()


SHARED = {
    "own.js": f'(globalThis.cnnModules ??= {{}})["own.js"] = {json.dumps(COUNTER)};',
    "own.css": ".cnn-widget { color: rgb(1, 2, 3) }",
}


def test_a_module_and_a_style_in_files_are_fetched_once(host_page, tmp_path):
    """Two widgets name the files of a shared module and style; each file is asked for once."""
    (tmp_path / "widgets").mkdir()
    for name, text in SHARED.items():
        (tmp_path / "widgets" / name).write_text(text, "utf8")
    files = {"esm": {"file": "own.js"}, "_css": {"file": "own.css"}}
    page, seen = host_page({k: state(name=k, **files) for k in "ab"}, ["a", "b"])
    assert page.get_by_role("button").all_text_contents() == ["a 0", "b 0"]
    assert page.locator(".cnn-widget").last.evaluate("el => getComputedStyle(el).color") == "rgb(1, 2, 3)"
    for name in SHARED:
        assert sum(url.endswith(f"/widgets/{name}") for url in seen.urls) == 1, seen.urls


def test_a_missing_file_is_said_in_words(host_page):
    """A widget whose module cannot be read names the file; the figure appears."""
    page, _ = host_page({"a": state(esm={"file": "gone.js"})}, ["a"], expect_clean=False)
    page.wait_for_selector("[data-state=failed] [role=alert]")
    assert "gone.js did not arrive" in page.locator("[role=alert]").text_content()
    assert page.locator("[data-state=failed] img").is_visible()


def test_printing_draws_what_still_waits(host_page):
    """The print event draws every waiting widget even if the browser is never idle."""
    never_idle = "window.requestIdleCallback = () => 0"
    page, _ = host_page({k: state(name=k) for k in "ab"}, list("ab"), space="500vh", init=never_idle)
    page.wait_for_timeout(500)
    assert page.locator("[data-state=waiting]").count() == 1
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.wait_for_function("document.querySelectorAll('[data-state=drawn]').length === 2")


def test_a_widget_below_is_drawn_when_it_comes_near(host_page):
    """Scrolling towards a waiting widget draws it, without any help from the idle queue."""
    never_idle = "window.requestIdleCallback = () => 0"
    page, _ = host_page({k: state(name=k) for k in "ab"}, list("ab"), space="500vh", init=never_idle)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight / 3)")
    page.wait_for_function("document.querySelectorAll('[data-state=drawn]').length === 2")


def test_an_async_factory_is_a_widget_too(host_page):
    """A module may export a function that gives { render }, as live anywidget allows."""
    esm = "export default async () => ({ render({ el }) { el.textContent = 'made'; } });"
    page, _ = host_page({"a": state(esm=esm)}, ["a"])
    assert page.locator(".cnn-host").text_content() == "made"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (state(esm="export default { render() { throw new Error('no paper left'); } };"), "no paper left"),
        (state(esm="this is not JavaScript"), "Unexpected"),
        (state(module="@jupyter-widgets/controls"), "it needs a live notebook"),
    ],
    ids=["render throws", "syntax error", "widget of another kind"],
)
def test_a_failure_is_said_in_words_and_the_figure_appears(host_page, entry, reason):
    """A widget that cannot start leaves a sentence and its figure; its neighbour still works."""
    page, seen = host_page({"bad": entry, "good": state()}, ["bad", "good"], expect_clean=False)
    page.wait_for_selector("[data-state=failed] [role=alert]")
    words = page.locator("[data-state=failed] [role=alert]").text_content()
    assert words.startswith("This widget could not start") and reason in words
    assert page.locator("[data-state=failed] img").is_visible()
    page.get_by_role("button").click()
    assert page.get_by_role("button").text_content() == "count 1"
    assert any("could not start" in message for message in seen.messages)


def test_without_javascript_the_figure_stands_there(host_page, page_factory, tmp_path):
    """Readers without JavaScript see the figure of the first state."""
    host_page({"a": state()}, ["a"])
    page, seen = page_factory(java_script_enabled=False)
    page.goto((tmp_path / "page.html").as_uri())
    assert page.locator("img").is_visible()
    seen.assert_clean()
