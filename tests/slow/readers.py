"""Run readers.mjs: a browser opens pages of the book, moves every control with the keys, and reports."""

import json
import os
import platform
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from chromium import find_browser, run

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
KEPT = ROOT / "_build" / "readers"
NODE = Path(sys.executable).with_name("node")


def find_firefox():
    """Return the path of a Firefox: the one named, an installed one, or a fresh one from Debian's packages.

    Raises LookupError, with what was tried, if there is none.
    """
    if named := os.environ.get("FIREFOX"):
        if not shutil.which(named):
            raise LookupError(f"FIREFOX={named} is not a program")
        return named
    names = "firefox-esr", "firefox", "/Applications/Firefox.app/Contents/MacOS/firefox"
    if installed := [path for path in map(shutil.which, names) if path]:
        return installed[0]
    said = "there is no apt-get here"
    if shutil.which("apt-get"):
        sudo = () if os.geteuid() == 0 else ("sudo", "-n")
        run(*sudo, "apt-get", "update")
        said = run(*sudo, "apt-get", "install", "--yes", "firefox-esr")
    if path := shutil.which("firefox-esr"):
        return path
    raise LookupError(
        "This check needs Firefox and none was found. Install it (apt-get install firefox-esr, brew install "
        f"--cask firefox), or name one in the variable FIREFOX. What was tried by itself said:\n{said}"
    )


def programs():
    """Return the browsers by the names that puppeteer has for them."""
    return {"firefox": find_firefox(), "chrome": find_browser()}


def puppeteer():
    """Install puppeteer-core as package.json pins it, if it is not; return what asks for it."""
    version = json.loads((HERE / "package.json").read_text("utf8"))["dependencies"]["puppeteer-core"]
    pinned = json.dumps({"private": True, "dependencies": {"puppeteer-core": version}})
    copy = KEPT / "package.json"
    if not copy.exists() or copy.read_text("utf8") != pinned or not (KEPT / "node_modules").is_dir():
        KEPT.mkdir(parents=True, exist_ok=True)
        copy.write_text(pinned, "utf8")
        npm = [NODE.with_name("npm"), "install", "--ignore-scripts", "--no-audit", "--no-fund"]
        path = f"{NODE.parent}:{os.environ['PATH']}"
        subprocess.run(npm, cwd=KEPT, check=True, env={**os.environ, "PATH": path}, timeout=600)
    return copy


def read(browser, program, pages, bases, *, act=True):
    """Return what a browser reports of some pages of the book, each at each base address."""
    task = {"modules": str(puppeteer()), "browser": browser, "program": program, "pages": pages}
    task |= {"bases": bases, "act": act, "report": str(KEPT / f"{browser}-{os.getpid()}.json")}
    done = subprocess.run(
        [NODE, HERE / "readers.mjs", json.dumps(task)], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, f"{browser} on {pages}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    report = Path(task["report"])
    answer = json.loads(report.read_text("utf8"))
    report.unlink()
    return answer


def silent(acts):
    """Return the controls that changed what stands in a widget, and nobody was told."""
    return [
        act["control"] for before, act in pairs(acts) if before["shown"] != act["shown"] and not act["told"]
    ]


def moving(acts):
    """Return the controls that set something in motion, though the reader asked for none."""
    return [(act["control"], act["moving"]) for act in acts if act["moving"]]


def pairs(acts):
    """Return each act on a widget with the one before it."""
    return [(a, b) for a, b in pairwise(acts) if a["widget"] == b["widget"]]


def made(days, versions):
    """Return the last line of a page of results: when, with which browsers, on what machine."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.report import processor

    machine = f"{processor()}, {os.cpu_count()} cores; {platform.system()}"
    return f"*{', '.join(sorted(days))}; {', '.join(sorted(versions))}; {machine}.*"
