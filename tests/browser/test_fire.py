"""Every kind of widget under fire, two of each on one page: the short version of `make fire`."""

import fire_page
import pytest
from fire_page import KINDS

SHOTS = 8  # at each of two widgets of a kind


@pytest.fixture(scope="module")
def field(browser, tmp_path_factory):
    """Return a page with two widgets of every kind, what it complained of, and the Python side of each."""
    sides = {f"{kind}-{nth}": fire_page.make(kind) for kind in KINDS for nth in "ab"}
    path = tmp_path_factory.mktemp("fire") / "page.html"
    path.write_text(fire_page.html({name: fire_page.entry(side) for name, side in sides.items()}), "utf8")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    seen = fire_page.Heard(page)
    page.goto(path.as_uri())
    fire_page.settle(page, len(sides))
    yield page, seen, sides
    page.close()


def test_a_cell_that_goes_away_takes_its_bad_text_with_it(field):
    """A number that was never accepted is not put back into a layer that has no such entry."""
    page, seen, _ = field
    page.evaluate("""async () => {
      const { el, model } = mounted["MistakeGallery-a"];
      const cells = [...el.querySelectorAll("input.value")];
      cells.at(-1).focus();
      cells.at(-1).value = "abc";
      for (const mistake of Object.keys(model.get("cases"))) {
        model.set({ mistake, edits: {} });
        await null;
        el.querySelectorAll("input.value").forEach((cell) => { cell.focus(); cell.value = "abc"; });
        [...el.querySelectorAll("input.value")].at(-1).focus();
      }
      model.set(model.get("initial"));
      await null;
      document.activeElement.blur();
      model.save_changes();
    }""")
    assert page.evaluate("mounted['MistakeGallery-a'].model.get('edits')") == {}
    assert seen.messages == []


def test_a_cell_that_opens_under_the_cursor_has_its_number(field):
    """Where no output was, a δ appears under the reader: it shows its number, and leaving keeps it."""
    page, seen, sides = field
    shown, left = page.evaluate("""async () => {
      const { el, model } = mounted["ConvBackward-a"];
      const first = () => el.querySelectorAll(".formula .panel")[2].querySelector("[data-at='0,0']");
      model.set({ view: "kernel", image_size: 2, kernel_size: 3, frame: -1 });
      await null;
      first().focus();
      if (first().tagName === "INPUT") throw new Error("a number stands where there is no output");
      model.set({ image_size: 3, kernel_size: 2, delta: [[5, 6], [7, 8]] });
      await null;
      if (document.activeElement !== first()) throw new Error("the reader's place was lost");
      const shown = first().value;
      first().value = "abc";
      first().blur();
      await null;
      const left = [first().value, model.get("delta")];
      model.set(model.get("initial"));
      model.save_changes();
      return [shown, left];
    }""")
    assert shown == "5" and left == ["5", [[5, 6], [7, 8]]]
    assert fire_page.pull(page, "ConvBackward-a", sides["ConvBackward-a"]) == [] == seen.messages


def test_a_list_shows_what_the_model_holds(field):
    """Choosing "own points", which changes nothing, does not rename the points that stand there."""
    page, seen, _ = field
    lists = page.evaluate("""async () => {
      const found = [];
      for (const list of document.querySelectorAll("select")) {
        const own = [...list.options].find((one) => /^own /.test(one.text));
        if (!own) continue;
        const before = list.value;
        list.value = own.value;
        list.dispatchEvent(new Event("change", { bubbles: true }));
        await null;
        found.push([list.value, before]);
      }
      return found;
    }""")
    assert len(lists) >= 10 and all(after == before for after, before in lists), lists
    assert seen.messages == []


def test_no_wild_reader_breaks_a_widget(field):
    """No exception, no NaN; Python takes every message, and its state draws the same widget again."""
    page, seen, sides = field
    faults = []
    for nth, (name, side) in enumerate(sides.items()):
        faults += fire_page.shoot(page, seen, name, side, 1000 + nth, SHOTS)
    fire_page.settle_down(page, list(sides))
    for name, side in sides.items():
        faults += fire_page.differences(page, name, side)
    assert not faults, "\n".join(faults)
    assert seen.messages == []
    assert page.evaluate("window.canary") is None


def test_a_widget_that_goes_away_leaves_nothing_behind(field):
    """Its listeners on the model and the page are off and its timers stopped, also while it plays."""
    page, seen, _ = field
    left = {kind: page.evaluate("name => mounts(name, 2)", f"{kind}-a") for kind in KINDS}
    assert {kind: what for kind, what in left.items() if any(what.values())} == {}
    assert seen.messages == []
