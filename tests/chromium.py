"""Find a Chromium for the tests of the pages, or install one; run as a script, print where it is.

`make test` runs it once, before several processes look for a browser at the same moment.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# A Chromium that has no windows to draw opens a page at less than half the cost.
WINDOWLESS = ("chromium-headless-shell", "chrome-headless-shell")
BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)  # fmt: skip


def run(*command):
    """Run a command that may fail; return the end of its output."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stdout + done.stderr)[-600:]


def bundled():
    """Return where Playwright keeps the browser that it can download."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def from_debian(*packages):
    """Install packages where Debian's tools can; return what they said."""
    if not shutil.which("apt-get"):
        return ""
    sudo = () if os.geteuid() == 0 else ("sudo", "-n")
    return run(*sudo, "apt-get", "update") + run(*sudo, "apt-get", "install", "--yes", *packages)


def find_browser(bundled=bundled, *, windows=True):
    """Return the path of a Chromium: the one named, an installed one, Playwright's, or a fresh one.

    Without `windows`, one that has none comes before all others. Raises LookupError, with what was tried,
    if there is none.
    """
    if named := os.environ.get("CHROMIUM"):
        if not shutil.which(named):
            raise LookupError(f"CHROMIUM={named} is not a program")
        return named
    names = BROWSERS if windows else WINDOWLESS + BROWSERS
    if installed := [path for path in map(shutil.which, names) if path]:
        return installed[0]
    if Path(place := bundled()).exists():
        return place
    said = run(sys.executable, "-m", "playwright", "install", "chromium")
    if Path(place).exists():
        return place
    said += from_debian("chromium")
    if path := shutil.which("chromium"):
        return path
    raise LookupError(
        "The pages are tested in a browser and none was found. Install Chromium or Chrome "
        "(apt-get install chromium, brew install --cask chromium), or name one in the variable "
        f"CHROMIUM. What was tried by itself said:\n{said}"
    )


def prepare():
    """Find the browser of the tests; a server of checks, which sets CI, first gets the cheapest one.

    Chromium itself comes along, for the fonts and libraries that it brings.
    """
    if os.environ.get("CI") and not any(map(shutil.which, WINDOWLESS)):
        from_debian("chromium", WINDOWLESS[0])
    return find_browser(windows=False)


if __name__ == "__main__":
    try:
        print(prepare())
    except LookupError as error:
        sys.exit(str(error))
