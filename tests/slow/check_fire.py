"""Every kind of widget under fire, two of each side by side; `make fire`.

    FIRE_SHOTS=5000 FIRE_SEED=1 FIRE_KINDS=Quiz,Geometry make fire

does so many random things to each kind (half to each of the two), then a hundred with a real mouse and
keyboard; the same seed does the same things. Then: nothing was thrown and nothing written to the console,
no NaN stands on the page, Python took every message, its state draws the same widget again, and fifty
mounts and removals leave no listener, timer or node behind. benchmarks/fire.md keeps one line for each kind.
"""

import datetime
import os
import platform
import random
import re
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/browser"))
import fire_page  # noqa: E402
from hostile import DOCTORED, doctored  # noqa: E402

RESULT = ROOT / "benchmarks/fire.md"
SHOTS, SEED = int(os.environ.get("FIRE_SHOTS", 5000)), int(os.environ.get("FIRE_SEED", 1))
CHOSEN = [kind for kind in os.environ.get("FIRE_KINDS", "").split(",") if kind] or fire_page.KINDS
ROUND, MOUNTS, BY_HAND = 125, 50, 100
WIDTHS = (320, 360, 600, 1000, 1280, 1600)
KEYS = ("Tab", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Enter", "Space", "PageUp", "Home", "7")
PLACE = "name => { const { el } = mounted[name]; el.scrollIntoView(); return el.getBoundingClientRect(); }"


def opened(browser, models, folder):
    """Open a page with these widgets; return it with what it says."""
    path = folder / "page.html"
    path.write_text(fire_page.html(models), "utf8")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    seen = fire_page.Heard(page)
    page.goto(path.as_uri())
    fire_page.settle(page, len(models))
    return page, seen


def disturb(page, dice):
    """Change what a reader's window and system say."""
    page.set_viewport_size({"width": dice.choice(WIDTHS), "height": 900})
    page.emulate_media(
        reduced_motion=dice.choice(["reduce", "no-preference"]), color_scheme=dice.choice(["dark", "light"])
    )


def by_hand(page, name, dice):
    """Move, drag, wheel and type with the browser's own mouse and keyboard over a widget."""
    box = page.evaluate(PLACE, name)
    for _ in range(BY_HAND):
        x = box["x"] + dice.random() * box["width"]
        y = max(1, min(890, box["y"] + dice.random() * box["height"]))
        act = dice.choice(["move", "click", "drag", "wheel", "key", "type"])
        page.mouse.move(x, y)
        if act == "click":
            page.mouse.click(x, y)
        elif act == "drag":
            page.mouse.down()
            page.mouse.move(x + dice.randint(-90, 90), max(1, y + dice.randint(-90, 90)), steps=3)
            page.mouse.up()
        elif act == "wheel":
            page.mouse.wheel(0, dice.choice([-100, 100]))
        elif act == "key":
            page.keyboard.press(dice.choice(KEYS))
        elif act == "type":
            page.keyboard.type(dice.choice(["12", "-", "1e999", "<b>", "0.5", "NaN"]))


def counters(page):
    """Return how many nodes and listeners live after the garbage is collected, and the heap's bytes."""
    session = page.context.new_cdp_session(page)
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
        page.wait_for_timeout(50)
    found = session.send("Memory.getDOMCounters")
    heap = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return found["nodes"], found["jsEventListeners"], heap


@pytest.mark.parametrize("kind", CHOSEN)
def test_a_kind_stands_fire(kind, browser, tmp_path):
    """The whole programme for one kind of widget."""
    sides = {f"{kind}-{nth}": fire_page.make(kind) for nth in "ab"}
    page, seen = opened(browser, {name: fire_page.entry(side) for name, side in sides.items()}, tmp_path)
    dice, faults, done = random.Random(f"{kind} {SEED}"), [], 0
    while done < SHOTS and not faults:
        disturb(page, dice)
        for name, side in sides.items():
            faults += fire_page.shoot(page, seen, name, side, dice.randrange(2**31), ROUND)
            done += ROUND
    page.set_viewport_size({"width": 1280, "height": 900})
    for name, side in sides.items():
        by_hand(page, name, dice)
        faults += fire_page.pull(page, name, side)
    faults += seen.messages
    assert page.evaluate("window.canary") is None
    fire_page.settle_down(page, list(sides))
    for name, side in sides.items():
        faults += fire_page.differences(page, name, side)
    assert not faults, "\n".join(faults)
    left, grown = removals(page, f"{kind}-a")
    assert not any(left.values()), left
    assert grown[0] < 200 and grown[1] < 50 and grown[2] < 2e6, f"nodes, listeners, bytes that stay: {grown}"
    assert seen.messages == []
    page.close()
    nodes, listeners, heap = grown
    keep(kind, f"{done + 2 * BY_HAND} | {SEED} | {nodes} | {listeners} | {heap / 1000:.0f}", browser.version)


def removals(page, name):
    """Mount and remove a widget fifty times; return what is left over, and by how much the page grew."""
    page.evaluate("name => mounts(name, 5)", name)  # caches fill
    before = counters(page)
    left = page.evaluate("([name, times]) => mounts(name, times)", [name, MOUNTS])
    page.wait_for_timeout(700)  # last animations
    return left, [after - ago for after, ago in zip(counters(page), before, strict=True)]


@pytest.mark.parametrize("way", list(DOCTORED))
def test_every_doctored_state_harms_nobody(way, browser, tmp_path):
    """All kinds, each with the same sort of nonsense, and a sound one."""
    models = {}
    for kind in CHOSEN:
        side = fire_page.make(kind)
        models[kind] = doctored(fire_page.entry(side), fire_page.traits_of(side), way)
    models["sound"] = fire_page.entry("ConvStepper")
    page, seen = opened(browser, models, tmp_path)
    assert page.evaluate("[window.canary ?? null, ({}).polluted ?? null]") == [None, None]
    assert [message for message in seen.messages if message.startswith("uncaught")] == []
    assert page.evaluate("fire(mounted.sound.el, 1, 20)")["wrong"] == []
    page.close()


def keep(kind, row, chromium):
    """Put a kind's line into the table, and leave the other lines as they are."""
    old = RESULT.read_text("utf8") if RESULT.exists() else ""
    rows = dict(re.findall(r"^\| (\w+) \| (\d.*) \|$", old, re.MULTILINE))
    rows[kind] = f"{row} | {datetime.date.today()}"
    lines = "\n".join(f"| {name} | {rows[name]} |" for name in fire_page.KINDS if name in rows)
    tools = f"Chromium {chromium}, Playwright {version('playwright')}, Python {platform.python_version()}"
    text = f"""# Widgets under fire

`make fire`; {tools}, {platform.machine()}, {os.cpu_count()} cores.
Two widgets of a kind stand side by side. Each line: so many random operations went without an exception,
a word in the console or a NaN on the page; Python took every message, and a fresh widget drawn from its
state shows the same. Then one was mounted and removed {MOUNTS} times: what stayed of the page's nodes, its
listeners and its heap after the garbage was collected.

| kind | operations | seed | nodes | listeners | heap, kB | date |
|---|---:|---:|---:|---:|---:|---|
{lines}
"""
    RESULT.write_text(text, "utf8")
