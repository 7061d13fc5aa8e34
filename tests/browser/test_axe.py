"""axe-core on every page of the built book."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from axe_playwright_python.sync_playwright import Axe
from pages import PAGES, each, open_solutions

# Contrast takes nine tenths of axe's time, and a chapter writes thousands of words in some fifty ways: each
# way of writing, that is colour, size, weight and all there is behind it, is looked at in eight places.
PLACES = """() => {
  const seen = new Map(), behind = new Map();
  const chain = (el) => {
    if (!el) return "";
    if (behind.has(el)) return behind.get(el);
    const {backgroundColor, backgroundImage, opacity, filter} = getComputedStyle(el);
    const own = [backgroundColor, backgroundImage, opacity, filter].join();
    const all = (own === "rgba(0, 0, 0, 0),none,1,none" ? "" : `${own};`) + chain(el.parentElement);
    behind.set(el, all);
    return all;
  };
  for (const el of document.body.querySelectorAll("*")) {
    const writes = el.matches("input, select, textarea")
      || [...el.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const {color, fontSize, fontWeight, textShadow} = getComputedStyle(el);
    const way = [color, fontSize, fontWeight, textShadow, chain(el)].join();
    const places = seen.get(way) ?? 0;
    const look = writes && places < 8 && el.checkVisibility({visibilityProperty: true});
    if (look) seen.set(way, places + 1);
    el.toggleAttribute("data-contrast", look);
  }
  return seen.size;
}"""
ONLY_THERE = "; axe.configure({rules: [{id: 'color-contrast', selector: '[data-contrast]'}]})"


def found(page, rules):
    """Return what axe-core says is wrong, and nothing about the thousands of nodes that are right."""
    options = {**rules, "resultTypes": ["violations"]}
    return Axe(AXE_SCRIPT + ONLY_THERE).run(page, options=options).response["violations"]


@each(PAGES)
@pytest.mark.parametrize("look", ["light", "dark", "light, 360 px"])
def test_axe_finds_nothing(look, visit):
    """axe-core's rules, all of them, hold on the whole page, theme and opened solutions included.

    Contrast depends on the scheme and hardly on the width, so the wide page is asked for it in both schemes,
    and the narrow page for everything else.
    """
    page, _ = visit
    scheme, _, narrow = look.partition(", ")
    page.set_viewport_size({"width": 360 if narrow else 1280, "height": 900})
    page.emulate_media(color_scheme=scheme)
    open_solutions(page)
    page.wait_for_selector(f"html[data-theme={scheme}]")
    rules = {"runOnly": ["color-contrast"]} if scheme == "dark" else {}
    if narrow:
        rules = {"rules": {"color-contrast": {"enabled": False}}}
    else:
        assert page.evaluate(PLACES) > 5
    violations = found(page, rules)
    assert not violations, [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in violations]


def test_axe_sees_a_pale_word(page_factory):
    """One word among a thousand written too pale, and one on a background too close to it, are both found."""
    page, _ = page_factory()
    words = "<p>black on white</p>" * 1000
    page.set_content(f"""<!doctype html><html lang=en><title>words</title><main><h1>words</h1>{words}
      <p style="color: #bbb">pale</p>{words}<div style="background: #333">black on grey</div></main>""")
    assert page.evaluate(PLACES) == 4
    [violation] = found(page, {})
    assert violation["id"] == "color-contrast" and len(violation["nodes"]) == 2
