"""How the book looks: a picture of every kind of widget and of every kind of page, in three looks.

`make looks` compares them with the pictures in tests/slow/looks and fails where more than a few pixels
differ; the new picture then stands in _build/looks, beside the old one. `make looks LOOKS=renew` replaces
the pictures. Letters are drawn by the machine's fonts, so looks/made-with.txt names fonts and browser:
on another machine, renew the pictures before a change and look at what `git diff` says after it.
"""

import io
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

KEPT = Path(__file__).parent / "looks"
FOUND = Path(__file__).resolve().parents[2] / "_build" / "looks"
LOOKS = {"light": (1280, "light"), "dark": (1280, "dark"), "phone": (360, "light")}
PAGES = {
    "front": "book/intro",
    "chapter": "notebooks/05-convolution-backward",
    "formulas": "notebooks/05-convolution-backward#equation-conv-dx-conv",
    "exercises": "notebooks/05-convolution-backward#exercises",
    "ledger": "book/equations",
    "errata": "book/errata",
    "dictionary": "book/dictionary",
    "glossary": "book/glossary",
    "notation": "book/notation",
    "api": "book/api",
    "bibliography": "book/bibliography",
    "search": "search",
}
RENEW = os.environ.get("LOOKS") == "renew"
APART = 40  # of 255: the step between two colours of a picture's own palette is smaller
FEW = 0.001  # of all pixels


def packed(png):
    """Return a picture in 96 colours, which is how it is kept."""
    return Image.open(io.BytesIO(png)).convert("RGB").quantize(96, dither=Image.Dither.NONE)


def share_apart(old, new):
    """Return the share of pixels that differ visibly: 1 if the sizes differ."""
    if old.size != new.size:
        return 1.0
    old, new = (np.asarray(picture.convert("RGB"), int) for picture in (old, new))
    return float((np.abs(old - new).max(axis=-1) > APART).mean())


class Gallery:
    """The pictures of one look: kept or compared as they come in."""

    def __init__(self, look):
        self.look, self.seen, self.faults = look, set(), []

    def add(self, name, png):
        """Compare a picture with the kept one of the same name, or keep it."""
        file = f"{name}-{self.look}.png"
        self.seen.add(file)
        new = packed(png)
        if RENEW:
            new.save(KEPT / file, optimize=True)
            return
        share = share_apart(Image.open(KEPT / file), new) if (KEPT / file).is_file() else 1.0
        if share > FEW:
            FOUND.mkdir(parents=True, exist_ok=True)
            new.save(FOUND / file)
            self.faults.append(f"{file}: {share:.1%} of the pixels differ")

    def close(self):
        """Fail if a picture differs or shows what is no more."""
        gone = {path.name for path in KEPT.glob(f"*-{self.look}.png")} - self.seen
        if RENEW:
            for name in gone:
                (KEPT / name).unlink()
            return
        assert not self.faults, f"compare {KEPT} with {FOUND}: " + "; ".join(self.faults)
        assert not gone, f"pictures of what the book no longer shows: {sorted(gone)}"


def made_with(browser):
    """Name the browser and the fonts that draw the letters."""
    fonts = [
        subprocess.run(["fc-match", family], capture_output=True, text=True, check=True).stdout.strip()
        for family in ("system-ui", "monospace")
    ]
    return "\n".join([f"Chromium {browser.version.split('.')[0]}", *fonts]) + "\n"


@pytest.fixture(scope="module", autouse=True)
def the_same_tools(browser):
    """Pictures are only compared with pictures made alike."""
    note = KEPT / "made-with.txt"
    if RENEW:
        KEPT.mkdir(exist_ok=True)
        note.write_text(made_with(browser), "utf8")
    kept, here = note.read_text("utf8") if note.is_file() else "nothing yet", made_with(browser)
    if kept != here:
        pytest.fail(f"The pictures were made with\n{kept}\nand here is\n{here}\nRenew them first.")


def open_page(page, address):
    """Open a page, wait for its widgets, and let nothing blink."""
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_load_state("load")
    page.wait_for_function(
        "[...document.querySelectorAll('.cnn-host')].every((el) => el.dataset.state === 'drawn')",
        timeout=90_000,
    )
    page.add_style_tag(content="* { caret-color: transparent !important; }")
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(300)


def kinds(page):
    """Return the kinds of widget on an open page, in order."""
    classes = page.evaluate("[...document.querySelectorAll('.cnn-widget')].map((el) => [...el.classList])")
    own = [next(name for name in names if not name.startswith("cnn-")) for names in classes]
    return list(dict.fromkeys(own))


@pytest.mark.parametrize("look", LOOKS)
def test_the_book_looks_as_it_did(look, book_path, book_http, page_factory):
    """Every kind of widget, in the first chapter that has it, and every kind of page."""
    width, scheme = LOOKS[look]
    page, _ = page_factory(width=width, color_scheme=scheme, reduced_motion="reduce")
    gallery, done = Gallery(look), set()
    for chapter in sorted(path.stem for path in book_path.glob("notebooks/*.html")):
        page.set_viewport_size({"width": width, "height": 3000})  # a widget in one piece
        open_page(page, f"{book_http}/notebooks/{chapter}.html")
        page.add_style_tag(content=".bd-header-article, .skip-link { display: none !important; }")
        for kind in kinds(page):
            if kind not in done:
                done.add(kind)
                gallery.add(kind, page.locator(f".cnn-widget.{kind}").first.screenshot())
    page.set_viewport_size({"width": width, "height": 900})
    for name, place in PAGES.items():
        path, _, anchor = place.partition("#")
        open_page(page, f"{book_http}/{path}.html" + (f"#{anchor}" if anchor else ""))
        gallery.add(f"page-{name}", page.screenshot())
    assert len(done) > 15, done
    gallery.close()
