"""Install what Binder would install, into an empty environment, and run every chapter there.

repo2docker, the program behind Binder, says what it would do; its steps with pip are then done here. What
cannot be tried without Docker is its base image, a conda environment with the same version of Python.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from check_pythons import interpreters
from environments import ROOT, Clock, checkout, clean_environment, new_environment, record, run, versions

PIP = re.compile(r"^RUN \$\{KERNEL_PYTHON_PREFIX\}/bin/pip (.*)$", re.M)
NAMED = ("jupyterlab", "numpy", "sympy", "anywidget")


def plan(tree):
    """Return the version of Python and the pip commands that repo2docker would use."""
    repo2docker = ROOT / ".venv-slow" / "bin" / "jupyter-repo2docker"
    said = run([repo2docker, "--no-build", "--debug", tree], cwd=tree, env=clean_environment())
    (version,) = re.findall(r"environment for python=(\S+)", said)
    commands = [line.replace('"', "").split() for line in PIP.findall(said)]
    wanted = (tree / "runtime.txt").read_text().strip()
    if wanted != f"python-{version}" or not any("requirements.txt" in " ".join(each) for each in commands):
        sys.exit(f"repo2docker would take Python {version} and run {commands}")
    return version, commands


def megabytes(folder):
    """Return how much a folder holds, links not followed."""
    files = (Path(place, name) for place, _, names in os.walk(folder) for name in names)
    return round(sum(file.lstat().st_size for file in files if not file.is_symlink()) / 1e6)


def execute(python, tree, notebook):
    """Run a chapter as a reader would, and return what is wrong with it."""
    jupyter = python.with_name("jupyter")
    environment = clean_environment(PATH=f"{python.parent}:{os.environ['PATH']}")
    command = [jupyter, "execute", "--timeout=900", notebook]
    done = subprocess.run(
        command, cwd=tree.parent, env=environment, text=True, capture_output=True, check=False
    )
    return f"{notebook.name}: {done.stderr[-3000:]}" if done.returncode else None


def main():
    """Plan, install, run, record."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        tree = checkout(Path(folder) / "tree")
        version, commands = plan(tree)
        base = interpreters()[version]
        if base is None:
            sys.exit(f"Binder would take Python {version}, and there is none on this machine.")
        python = new_environment(Path(folder) / "environment", base)
        for command in commands:
            run([python, "-m", "pip", *command, "--quiet"], cwd=tree, env=clean_environment())
        installed, size = str(clock), megabytes(python.parent.parent)
        notebooks = sorted((tree / "notebooks").glob("*.ipynb"))
        faults = []
        for notebook in notebooks:
            fault = execute(python, tree, notebook)
            print(f"{notebook.name}: {'failed' if fault else 'runs'}", flush=True)
            faults += [fault] if fault else []
        if faults or not notebooks:
            sys.exit("\n".join(faults) or "there are no notebooks")
        steps = "; ".join(f"`pip {' '.join(command)}`" for command in commands)
        record(
            "Binder",
            f"repo2docker would take Python {version} and run {steps}. Done here in an empty environment "
            f"({installed}, {size} MB), in which all {len(notebooks)} chapters run; {clock} in all. "
            f"{', '.join(versions(python, NAMED))}.",
        )


if __name__ == "__main__":
    main()
