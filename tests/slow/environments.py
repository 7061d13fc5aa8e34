"""What the checks of environments share: clean checkouts, commands, and the page of results."""

import os
import platform
import re
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "benchmarks" / "environments.md"
INTRODUCTION = """# Environments

Where the book has been seen to build, run and pass, and with which versions. Each section is written by the
`make` target it names; the sections may come from different days.
"""
SECTIONS = ("Reproducible", "Offline", "Binder", "Pythons", "Newest")
# What would bring settings of one machine into an environment that has to stand on its own.
LEAKS = re.compile(
    r"PYTHON(PATH|HOME|HASHSEED|WARNINGS)|PIP_(FIND_LINKS|EXTRA_INDEX_URL|NO_INDEX)|VIRTUAL_ENV"
)


def checkout(folder):
    """Copy what git knows and would add into a folder."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def clean_environment(**changes):
    """Return the environment without what points at other packages, and with some changes."""
    kept = {name: value for name, value in os.environ.items() if not LEAKS.fullmatch(name)}
    return kept | changes


def run(command, **options):
    """Run a command; on failure end with its name and the last of what it said."""
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode:
        shown = " ".join(map(str, command))
        sys.exit(f"{done.stdout[-6000:]}\n{shown[:300]} failed with exit code {done.returncode}")
    return done.stdout


def new_environment(folder, python=sys.executable):
    """Make an empty virtual environment and return its Python."""
    run([python, "-m", "venv", folder], env=clean_environment())
    return folder / "bin" / "python"


def versions(python, names):
    """Return the version of Python and of each named package in an environment."""
    code = (
        "import platform, sys\nfrom importlib.metadata import version\n"
        "print('Python', platform.python_version())\nfor name in sys.argv[1:]: print(name, version(name))"
    )
    return run([python, "-c", code, *names], env=clean_environment()).splitlines()


def record(section, text):
    """Write a section of the page of results, with the day and the machine; leave the others as they are."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.report import processor

    found = dict(re.findall(r"^## (\w+)\n\n(.*?)\s*(?=^## |\Z)", page(), re.S | re.M))
    state = f"{date.today()}; {processor()}, {os.cpu_count()} cores; {platform.system()}"
    found[section] = f"`make {section.lower()}`. {text.strip()}\n\n*{state}.*"
    body = "\n\n".join(f"## {name}\n\n{found[name]}" for name in SECTIONS if name in found)
    PAGE.write_text(f"{INTRODUCTION}\n{body}\n", "utf8")
    print(f"{section}: {text}\nwritten to {PAGE.relative_to(ROOT)}")


def page():
    """Return the page of results as it stands."""
    return PAGE.read_text("utf8") if PAGE.exists() else ""


class Clock:
    """Tell how many minutes have passed since it was made."""

    def __init__(self):
        self.start = time.monotonic()

    def __str__(self):
        return f"{(time.monotonic() - self.start) / 60:.1f} min"
