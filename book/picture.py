"""Take the README's picture, `book/assets/conv_backward.png`, from the built book: run `make book` first.

    .venv/bin/python book/picture.py
"""

import os
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "_build/html/notebooks/05-convolution-backward.html"
PICTURE = ROOT / "book/assets/conv_backward.png"
SIZE = {"width": 1280, "height": 1000}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main():
    """Open the chapter, let the first widget of the backward pass draw itself, and photograph it."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, device_scale_factor=2, color_scheme="light")
        page.goto(PAGE.as_uri())
        widget = page.locator(".cnn-widget.conv-backward").first
        widget.scroll_into_view_if_needed()
        widget.locator(".sum").wait_for()
        page.wait_for_timeout(800)  # until nothing moves any more
        widget.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
