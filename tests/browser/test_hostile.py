"""What a reader types, an address carries or a doctored page holds never becomes markup or code."""

import json
from urllib.parse import quote

import fire_page
import pytest
from fire_page import KINDS, MIME
from hostile import DOCTORED, EVIL, doctored

CHAPTER = "notebooks/01-perceptron.html"
CALM = "[window.canary ?? null, ({}).polluted ?? null, document.querySelectorAll('.cnn-host img').length]"


@pytest.fixture
def open_states(page_factory, tmp_path):
    """Return a function that opens a page of doctored widgets and one sound one."""

    def opened(models):
        (tmp_path / "page.html").write_text(fire_page.html(models), "utf8")
        page, _ = page_factory()
        seen = fire_page.Heard(page)
        page.goto((tmp_path / "page.html").as_uri())
        fire_page.settle(page, len(models))
        return page, seen

    return opened


def assert_harmless(page, seen, models):
    """No code ran, every widget is drawn or says why not, nothing was left uncaught, the sound one works."""
    assert page.evaluate(CALM) == [None, None, 0]
    for host in page.locator(".cnn-host").all():
        if host.get_attribute("data-state") == "failed":
            assert host.locator("[role=alert]").inner_text().startswith("This widget could not start: ")
            assert "The figure of" in host.inner_text()
        else:
            assert "cnn-widget" in host.get_attribute("class")
    assert [message for message in seen.messages if message.startswith("uncaught")] == []
    sound = page.evaluate("fire(mounted.sound.el, 1, 8)")
    assert sound["wrong"] == [] and list(models)[-1] == "sound"


def test_a_doctored_state_harms_nobody(open_states):
    """Each kind with a state of another sort of nonsense, all on one page."""
    models, ways = {}, list(DOCTORED)
    for nth, kind in enumerate(KINDS):
        side = fire_page.make(kind)
        models[kind] = doctored(fire_page.entry(side), fire_page.traits_of(side), ways[nth % len(ways)])
    models["sound"] = fire_page.entry("ConvStepper")
    page, seen = open_states(models)
    assert_harmless(page, seen, models)


def test_what_is_no_state_at_all_is_told(page_factory, tmp_path):
    """Broken scripts leave a sentence in the widget's place; widgets whose state is whole go on."""
    odd = {"model_module": "anywidget"}
    whole = {"state": {"sound": fire_page.entry("ConvStepper"), "empty": None, "odd": odd}}
    whole["state"]["lost"] = {**odd, "state": {"_esm": {"like": "nobody"}}}
    html = fire_page.html({"sound": whole["state"]["sound"]})
    texts = [json.dumps({"model_id": name}) for name in ("empty", "odd", "lost")] + ["{", "null", "[]"]
    view = '<div class="cell"><script type="{}widget-view+json">{}</script></div>'
    views = "".join(view.format(MIME, text) for text in texts)
    state = json.dumps(whole).replace("</", "<\\/")
    html = html.replace("</body>", f"{views}</body>")
    start, end = html.index(f'<script type="{MIME}widget-state+json">'), html.index("<script>")
    broken = f'<script type="{MIME}widget-state+json">{{"state": </script>'
    html = f'{html[:start]}{broken}<script type="{MIME}widget-state+json">{state}</script>{html[end:]}'
    (tmp_path / "page.html").write_text(html, "utf8")
    page, _ = page_factory()
    seen = fire_page.Heard(page)
    page.goto((tmp_path / "page.html").as_uri())
    fire_page.settle(page, 7)
    assert page.locator("[data-state=failed]").count() == 6
    assert [message for message in seen.messages if message.startswith("uncaught")] == []
    assert page.evaluate("fire(mounted.sound.el, 1, 8)")["wrong"] == []


def test_addresses_and_searches_are_only_text(book_http, page_factory):
    """Markup after ? or #, and in the search, is shown as text or not at all."""
    page, _ = page_factory()
    seen = fire_page.Heard(page)
    for address in (
        f"{CHAPTER}?highlight={quote(EVIL)}#{quote(EVIL)}",
        "book/equations.html#" + quote('"><img src=x onerror=canary=1>'),
        "book/equations.html#%E0%A4%A",
        f"search.html?q={quote(EVIL)}",
        "search.html?q=__proto__+constructor",
    ):
        page.goto(f"{book_http}/{address}")
        page.wait_for_timeout(50)
        assert page.evaluate("window.canary") is None, address
        assert page.locator("main img[src=x], .cnn-host img").count() == 0, address
    assert [message for message in seen.messages if message.startswith("uncaught")] == []
