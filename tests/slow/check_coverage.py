"""Run the tests that need no page, and see which lines and branches of cnnlib they never reach.

    python tests/slow/check_coverage.py

Left out are the browser's tests, the proofs, and what looks at sources or runs whole chapters: what only one
of these reaches is not tested by the plain tests. Writes benchmarks/coverage.md; fails below 100 %. A line
that no test can reach would carry the comment "pragma: no cover" and the reason; there is none.
"""

import json
import os
import platform
import shutil
import sys
from collections import defaultdict
from datetime import date
from pathlib import Path

from environments import ROOT, Clock, clean_environment, run

sys.path.insert(0, str(ROOT))
from benchmarks.report import processor

WORK, TOOLS = ROOT / "_build" / "coverage", ROOT / "_build" / "tools"
PAGE = ROOT / "benchmarks" / "coverage.md"
LEFT_OUT = ["browser", "slow"]
LEFT_OUT += ["test_layout.py", "test_build.py", "test_formula_server.py", "test_notebooks.py"]
LEFT_OUT += ["test_environment.py", "test_quantities.py"]
PROOFS = [f"symbolic/{path.name}" for path in (ROOT / "tests" / "symbolic").glob("test_*.py")]
ROOMS = {"cnnlib": "kernels, layers, training", "cnnlib/symbolic": "symbols", "cnnlib/plots": "figures",
         "cnnlib/widgets": "widgets, their Python half"}  # fmt: skip
INTRODUCTION = """# Coverage

What `make coverage` saw: the lines and branches of `cnnlib` that the tests reach without a browser and
without running a proof or a chapter. *Left out* are lines with a comment that excuses them.
"""
FIGURES = ("num_statements", "missing_lines", "excluded_lines", "num_branches", "missing_branches")


def measure():
    """Run the tests in two processes and return coverage's own report of all they and their children ran."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    paths = os.pathsep.join(map(str, (TOOLS, ROOT / "tests" / "slow" / "measured")))
    environment = clean_environment(PYTHONPATH=paths, COVERAGE_PROCESS_START=str(ROOT / "pyproject.toml"))
    tests = [f"--ignore=tests/{name}" for name in (*LEFT_OUT, *PROOFS) if name != "symbolic/test_arrays.py"]
    options = ["-q", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "-p", "no:cacheprovider"]
    run([sys.executable, "-m", "pytest", *options, *tests], cwd=ROOT, env=environment)
    del environment["COVERAGE_PROCESS_START"]
    for step in (["combine", "--quiet"], ["json", "--quiet", "-o", str(WORK / "report.json")]):
        run([sys.executable, "-m", "coverage", *step], cwd=ROOT, env=environment)
    return json.loads((WORK / "report.json").read_text(encoding="utf-8"))


def holes(files):
    """List every line that is not reached, and every jump that is not made, one a line."""
    for name, file in sorted(files.items()):
        yield from (f"{name}:{line} is never run" for line in file["missing_lines"])
        yield from (f"{name}:{a} never goes on to {abs(b)}" for a, b in file["missing_branches"])


def table(files):
    """Add up the rooms of the library."""
    rooms = defaultdict(lambda: dict.fromkeys(FIGURES, 0))
    for name, file in files.items():
        for figure in FIGURES:
            rooms[str(Path(name).parent)][figure] += file["summary"][figure]
    rows = [
        "| room | lines | reached | branches | taken | left out |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for room, of in sorted(rooms.items()):
        lines, branches = of["num_statements"], of["num_branches"]
        reached, taken = lines - of["missing_lines"], branches - of["missing_branches"]
        cells = f"`{room}`: {ROOMS[room]}", lines, reached, branches, taken, of["excluded_lines"]
        rows.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(rows)


def main():
    """Measure, write the page, and fail at the first hole."""
    clock = Clock()
    report = measure()
    files, total = (
        report["files"],
        f"{report['totals']['percent_covered']:.2f} % of {len(report['files'])} files",
    )
    missing = list(holes(files))
    tools = f"Python {platform.python_version()}, coverage {report['meta']['version']}"
    state = f"{tools}; {date.today()}, {processor()}, {os.cpu_count()} cores"
    PAGE.write_text(f"{INTRODUCTION}\n{table(files)}\n\n{total} in {clock}. {state}.\n", encoding="utf-8")
    sys.exit("\n".join(missing) if missing else 0)


if __name__ == "__main__":
    main()
