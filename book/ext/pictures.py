"""Make the picture that messages show of the book, and the icon for a home screen: run `make book` first.

    .venv/bin/python book/ext/pictures.py

The card is 1200×630 pixels: the title beside a widget of chapter 5 as the built page draws it.
"""

import os
import shutil
from base64 import b64encode
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path(os.environ.get("BOOK", ROOT / "_build/html")) / "notebooks/05-convolution-backward.html"
ASSETS = ROOT / "book/assets"
SIZE = {"width": 1280, "height": 1000}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CARD = """<!doctype html><meta charset="utf-8"><style>
  body {{ margin: 0; width: 1200px; height: 630px; display: grid; grid-template-columns: 500px 1fr;
         background: #1c2430; color: #f4f6f9; font-family: "Noto Sans", "DejaVu Sans", sans-serif; }}
  div {{ padding: 64px 0 0 56px; }}
  h1 {{ font-size: 62px; line-height: 1.12; margin: 34px 0 26px; font-weight: 700; }}
  p {{ font-size: 29px; line-height: 1.4; margin: 0; color: #c5ced9; }}
  .icon {{ width: 84px; }}
  .frame {{ align-self: center; justify-self: center; width: 640px; border-radius: 16px; overflow: hidden;
           background: #fcfcfd; padding: 0; }}
  .frame img {{ display: block; width: 100%; }}
</style>
<div><img class="icon" src="{icon}" alt=""><h1>Convolution, Forward and Backward</h1>
<p>Every formula is proved, and the figures are yours to move.</p></div>
<div class="frame"><img src="{widget}" alt=""></div>"""


def data_url(kind, data):
    """Return bytes as an address that needs no file."""
    return f"data:image/{kind};base64,{b64encode(data).decode()}"


def widget_picture(browser):
    """Photograph the widget from its first line to its arithmetic, without the controls below."""
    page = browser.new_page(viewport=SIZE, device_scale_factor=2, color_scheme="light")
    page.goto(PAGE.as_uri())
    widget = page.locator(".cnn-widget.conv-backward").first
    widget.scroll_into_view_if_needed()
    widget.locator(".sum").wait_for()
    page.wait_for_timeout(800)  # until nothing moves any more
    frame, said = widget.bounding_box(), widget.locator(".says").bounding_box()
    clip = {**frame, "height": said["y"] + said["height"] + 14 - frame["y"]}
    return page.screenshot(clip=clip)


def draw(browser, html, width, height):
    """Return a page as a picture."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_content(html)
    page.wait_for_timeout(200)
    return Image.open(BytesIO(page.screenshot())).convert("RGB")


def main():
    """Write card.png and touch-icon.png, with as few colours as they need."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    icon = data_url("svg+xml", (ASSETS / "favicon.svg").read_bytes())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        card = CARD.format(icon=icon, widget=data_url("png", widget_picture(browser)))
        touch = f'<body style="margin:0;background:#1c2430"><img width="180" height="180" src="{icon}">'
        for name, html, size in (("card", card, (1200, 630)), ("touch-icon", touch, (180, 180))):
            picture = draw(browser, html, *size).quantize(128, dither=Image.Dither.NONE)
            picture.save(ASSETS / f"{name}.png", optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
