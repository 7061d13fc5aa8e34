"""Run the tests of the library, the proofs, the figures and the widgets on other versions.

    python tests/slow/check_pythons.py pythons    each supported Python on this machine, locked packages
    python tests/slow/check_pythons.py newest     this Python, the newest packages that can be had

`pythons` fails if one that is present fails, and names those that are missing. `newest` tells what broke
and ends well all the same: the book is built with the locked packages. Environments are kept in
_build/environments until what they are made from changes.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from environments import ROOT, Clock, checkout, clean_environment, new_environment, record, run, versions

SUPPORTED = ("3.11", "3.12", "3.13")
LOCK = ROOT / "requirements.lock"
KEPT = ROOT / "_build" / "environments"
# Not the pages, which need a built book, nor what looks at the sources alone and finds the same everywhere.
LEFT_OUT = (
    "browser",
    "slow",
    "test_layout.py",
    "test_build.py",
    "test_formula_server.py",
    "test_notebooks.py",
)
NAMED = ("numpy", "scipy", "sympy", "matplotlib", "scikit-learn", "anywidget", "ipywidgets", "traitlets")
MADE = ("--no-deps", "--no-build-isolation", ".")  # cnnlib itself, as a reader would install it


def interpreters():
    """Map each supported version to a Python of it on this machine, or to None."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = {}
    for version in SUPPORTED:
        kept = sorted(root.glob(f"{version}.*/bin/python"), key=lambda path: path.parts[-3].split("."))
        candidates = [shutil.which(f"python{version}"), *map(str, kept[::-1]), sys.executable]
        found[version] = next((path for path in candidates if path and is_version(path, version)), None)
    return found


def is_version(path, version):
    """Tell whether a command is a Python of this version; a pyenv shim may be none."""
    code = "import sys; print(*sys.version_info[:2], sep='.')"
    done = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() == version


def environment(name, python, arguments, *, made_from):
    """Return the Python of an environment with these packages, made anew if what it is made from changed."""
    folder, digest = KEPT / name, hashlib.sha256(made_from.encode()).hexdigest()
    stamp = folder / "made-from"
    if not stamp.exists() or stamp.read_text() != digest:
        shutil.rmtree(folder, ignore_errors=True)
        python = new_environment(folder, python)
        run([python, "-m", "pip", "install", "--quiet", *arguments], cwd=ROOT, env=clean_environment())
        stamp.write_text(digest)
    return folder / "bin" / "python"


def tested(python, *options):
    """Install cnnlib from a clean checkout, run the tests there, return (passed?, summary, whole text)."""
    with tempfile.TemporaryDirectory() as folder:
        tree = checkout(Path(folder))
        outside = {"cwd": tree, "env": clean_environment()}
        run([python, "-m", "pip", "install", "--quiet", "--force-reinstall", *MADE], **outside)
        shutil.rmtree(tree / "cnnlib.egg-info", ignore_errors=True)
        left_out = [f"--ignore=tests/{name}" for name in LEFT_OUT]
        command = [python, "-m", "pytest", "-q", "-n", "auto", *left_out, *options]
        done = subprocess.run(
            command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **outside
        )
    summary = re.findall(r"^=*\s*((?:\d+ \w+(?:, )?)+ in [\d.]+s)", done.stdout, re.M)
    return done.returncode == 0, summary[-1] if summary else "no summary", done.stdout


def pythons():
    """Run the tests on each Python with the locked packages, record it, fail if one failed."""
    clock, lines, failed = Clock(), [], []
    arguments = ["--require-hashes", "--only-binary", ":all:", "--requirement", LOCK]
    for version, path in interpreters().items():
        if path is None:
            lines.append(f"- Python {version}: not on this machine, so not tried")
            continue
        python = environment(f"python{version}", path, arguments, made_from=path + LOCK.read_text())
        passed, summary, said = tested(python)
        exact = versions(python, [])[0]
        lines.append(f"- {exact}: {summary}" + ("" if passed else ", **failed**"))
        print(lines[-1], flush=True)
        if not passed:
            failed.append(f"{said[-8000:]}\n{exact} failed")
    if not any("passed" in line for line in lines):
        sys.exit("No test passed on any Python.")
    record("Pythons", f"The packages of requirements.lock, {clock}.\n\n" + "\n".join(lines))
    sys.exit("\n".join(failed) if failed else 0)


def unpinned():
    """Return what the library, the tests of it and the notebooks need, without versions."""
    texts = [ROOT / "requirements.txt", ROOT / "tests" / "requirements.txt"]
    pinned = [line.split("==")[0] for path in texts for line in path.read_text().splitlines() if "==" in line]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[<>=]", need)[0] for need in project["dependencies"]}
    wanted.update(*project["optional-dependencies"].values())
    assert wanted <= set(pinned), wanted - set(pinned)
    # The tools of the book itself stay out, as they hold back what they depend on; tests import two of them.
    own = [name for name in pinned if not re.match(r"sphinx|jupyter-book|axe|playwright", name)]
    return [*own, "myst-nb", "pybtex"]


def newest():
    """Run the tests with the newest packages and record what came of it; warnings of ours are errors."""
    clock = Clock()
    arguments = ["--upgrade", "--upgrade-strategy", "eager", *unpinned()]
    shutil.rmtree(KEPT / "newest", ignore_errors=True)
    python = environment("newest", sys.executable, arguments, made_from="")
    builds_the_book = "tests/test_addresses.py::test_everything_follows_from_the_settings"
    passed, summary, said = tested(
        python, "--ignore=tests/test_environment.py", f"--deselect={builds_the_book}"
    )
    broken = re.findall(r"^(?:FAILED|ERROR) (\S+)", said, re.M)
    locked = {line.strip(" \\").replace("==", " ") for line in LOCK.read_text().splitlines()}
    found = versions(python, NAMED)
    newer = [each for each in found[1:] if each not in locked]
    record(
        "Newest",
        f"{summary} in {clock} with {', '.join(found)}. Newer than the locked ones: "
        f"{', '.join(newer) or 'none of these'}."
        + ("" if passed else "\n\nBroken:\n\n" + "\n".join(f"- `{name}`" for name in broken)),
    )
    if not passed:
        print(f"{said[-8000:]}\nWarning: the newest packages break {len(broken)} tests.")


if __name__ == "__main__":
    {"pythons": pythons, "newest": newest}[sys.argv[1]]()
