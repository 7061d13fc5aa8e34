"""Plant every small error that a tool knows in one module after another, and count those a test notices.

    python tests/slow/mutation.py [module ...]

mutmut plants them in Python, Stryker in tensor.mjs. Modules and their tests stand in pyproject.toml under
[tool.mutation]; mutants.py tries each mutant, in a copy under _build/mutation. Every run writes
benchmarks/mutation.md anew from the last result of each module. It fails if an error stays unnoticed that
mutation.toml does not explain, or if fewer than 95 % are noticed.
"""

import difflib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections import defaultdict
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from environments import ROOT
from mutmut.mutation.file_mutation import combine_mutations_to_source, create_mutations

sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
from node import NODE  # noqa: E402

from benchmarks.report import processor  # noqa: E402

HERE, WORK = Path(__file__).resolve().parent, ROOT / "_build" / "mutation"
STRYKER = ROOT / "_build" / "node" / "node_modules" / "@stryker-mutator" / "core" / "bin" / "stryker.js"
PAGE = ROOT / "benchmarks" / "mutation.md"
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
CHOICE = tomllib.loads(PROJECT)["tool"]["mutation"]
MODULES, LEFT_OUT = CHOICE["modules"], [f"--deselect={test}" for test in CHOICE["left_out"]]
EQUIVALENT = tomllib.loads((HERE / "mutation.toml").read_text(encoding="utf-8"))["equivalent"]
SCRIPT = "tensor.mjs"
PYTEST = "-m pytest -q -p mutants -p xdist.plugin -p no:cacheprovider".split()
PLAIN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
LEAST = 0.95
INTRODUCTION = """# Mutation testing

`make mutation` plants small errors, one at a time: a sign, a bound, a number, a keyword, an argument, a word.
mutmut plants them in all functions that have no decorator, Stryker in the arithmetic of the widgets. An error
is noticed if one of the tests that `pyproject.toml` names for its module fails, or if they take five times
as long as they should. These are the plain tests; the proofs, `tests/symbolic`, are not asked. What stays
unnoticed is explained below: a run fails on an error that is neither noticed nor explained, and if fewer than
95 % are noticed. A module can be run alone (`make mutation ONLY=conv`), so each line tells its own day.

| module | errors | noticed | share | explained | not explained | run | seconds |
| --- | ---: | ---: | ---: | ---: | ---: | --- | ---: |
"""


def mutate(module):
    """Try all mutants of one module of Python."""
    begin, folder = time.monotonic(), fresh(module, "cnnlib", "tests")
    settings = f'{PROJECT}\n[tool.mutmut]\nsource_paths = ["cnnlib"]\n'
    (folder / "pyproject.toml").write_text(settings, encoding="utf-8")
    os.chdir(folder)  # mutmut looks for its settings here
    changes = plant(module)
    path = os.pathsep.join([str(HERE), os.environ["PYTHONPATH"]])
    run([sys.executable, *PYTEST, *LEFT_OUT, *MODULES[module]], {**os.environ, **PLAIN, "PYTHONPATH": path})
    verdicts = json.loads(Path("verdicts.json").read_text(encoding="utf-8"))
    left = [{**changes[name], "verdict": v} for name, v in verdicts.items() if "noticed" not in v]
    return keep(module, begin, len(verdicts), left)


def plant(module):
    """Put all mutants into the copy of a module, each behind a switch; return what each one changes."""
    path = Path("cnnlib") / f"{module}.py"
    tree, mutations, *ignored = create_mutations(str(path), path.read_text(encoding="utf-8"))
    mutated = combine_mutations_to_source(tree, mutations, *ignored)
    path.write_text(mutated.code, encoding="utf-8")
    names = {name: f"cnnlib.{module}.{name}" for name in mutated.mutant_names}
    Path("mutants.json").write_text(json.dumps(list(names.values())), encoding="utf-8")
    lines, spans = mutated.code.splitlines(), mutated.line_span_by_function_name
    return {
        full: change(module, name, {n: lines[span.start - 1 : span.end] for n, span in spans.items()})
        for name, full in names.items()
    }


def change(module, name, bodies):
    """Describe a mutant by its place and the lines it changes, so that the next run knows it again."""
    function = name.rpartition("__mutmut_")[0]
    place = re.sub(r"^x[_ǁ]", "", function).replace("ǁ", ".")
    both = bodies[f"{function}__mutmut_orig"], bodies[name]
    old, new = ([re.sub(r"\bx\S+__mutmut_\w+", place, line) for line in lines] for lines in both)
    diff = list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:]
    was, now = (" ".join(line[1:].strip() for line in diff if line.startswith(sign)) for sign in "-+")
    return {"in": f"{module}.{place}", "was": was, "now": now}


def mutate_script():
    """Let Stryker do the same to the arithmetic of the widgets, against arrays that the kernels write."""
    begin, folder = time.monotonic(), fresh(SCRIPT, "cnnlib/widgets/js", "tests/js")
    shutil.copy(HERE / "stryker.json", folder)
    os.chdir(folder)
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "tests", ROOT / "tests" / "widgets")))
    write = "import json, test_tensor_js as t; json.dump(t.every_case(), open('cases.json', 'w'))"
    run([sys.executable, "-c", write], {**os.environ, "PYTHONPATH": paths})
    path = os.pathsep.join([str(NODE.parent), os.environ["PATH"]])
    environment = {**os.environ, "CNN_CASES": str(folder / "cases.json"), "PATH": path}
    run([NODE, STRYKER, "run", "stryker.json"], environment)
    (file,) = json.loads(Path("report.json").read_text(encoding="utf-8"))["files"].values()
    lines, left = file["source"].splitlines(), []
    for mutant in file["mutants"]:
        if mutant["status"] not in {"Killed", "Timeout"}:
            at = mutant["location"]["start"]["line"]
            now = f"{mutant['mutatorName']}: {mutant['replacement']}"
            left.append({"in": SCRIPT, "was": lines[at - 1].strip(), "now": now, "verdict": mutant["status"]})
    return keep(SCRIPT, begin, len(file["mutants"]), left)


def fresh(name, *rooms):
    """Make a folder with copies of some rooms of the project."""
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    for room in rooms:
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def run(command, environment):
    """Run a command; end with what it said if it fails."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout[-6000:]}{done.stderr[-6000:]}\n{' '.join(map(str, command))} failed")


def keep(module, begin, mutants, left):
    """Write down the result of one module, with the day and what it took."""
    record = {"module": module, "mutants": mutants, "left": left}
    record |= {"run": f"{datetime.now():%Y-%m-%d %H:%M}", "seconds": round(time.monotonic() - begin)}
    (WORK / f"{module}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8")
    print(f"{module}: {mutants - len(left)} of {mutants} noticed, {record['seconds']} s", flush=True)


def reason(mutant):
    """Find why a mutant that nothing notices computes the same; None if nobody has said so."""
    for entry in EQUIVALENT:
        if all(re.search(entry.get(part, ""), mutant[part]) for part in ("in", "was", "now")):
            return entry["because"]
    return None


def row(record):
    """Write one line of the table."""
    left, errors = record["left"], record["mutants"]
    noticed, known = errors - len(left), sum(map(bool, map(reason, left)))
    cells = record["module"], errors, noticed, f"{noticed / errors:.1%}", known, len(left) - known
    return "| " + " | ".join(map(str, (*cells, record["run"], record["seconds"]))) + " |"


def reasons(known):
    """List the explained mutants under their reasons."""
    by_reason = defaultdict(list)
    for mutant in known:
        by_reason[reason(mutant)].append(mutant)
    text = "\n## Errors that change nothing a test could see\n"
    for because, mutants in by_reason.items():
        text += f"\n{because}\n\n"
        text += "".join(f"- `{m['in']}`: {code(m['was'])} → {code(m['now'])}\n" for m in mutants)
    return text


def code(line):
    """Set a line as code, without its comment."""
    return f"`` {line.partition('  # ')[0]} ``"


def page(records, left):
    """Write the page of results; return the share of errors that were noticed."""
    known, errors = [m for m in left if reason(m)], sum(record["mutants"] for record in records)
    share, pins = 1 - len(left) / errors, json.loads((HERE / "package.json").read_text(encoding="utf-8"))
    total = (
        f"In all {errors} errors: {share:.1%} noticed, {len(known)} explained, {len(left) - len(known)} not."
    )
    tools = f"mutmut {version('mutmut')}, Stryker {pins['dependencies']['@stryker-mutator/core']}"
    machine = f"Python {platform.python_version()}, {tools}; {processor()}, {os.cpu_count()} cores."
    table, done = "\n".join(map(row, records)), {record["module"] for record in records}
    if waiting := [name for name in (*MODULES, SCRIPT) if name not in done]:
        total += f" Not tried here yet: {', '.join(waiting)}."
    PAGE.write_text(f"{INTRODUCTION}{table}\n\n{total}\n{machine}\n{reasons(known)}", encoding="utf-8")
    print(total)
    return share


def main(names):
    """Mutate, write the page, and fail on what is neither noticed nor explained."""
    everything = [*MODULES, SCRIPT]
    if unknown := set(names) - set(everything):
        sys.exit(f"There is no module {unknown} to mutate, but {', '.join(everything)}.")
    for name in names or everything:
        mutate_script() if name == SCRIPT else mutate(name)
    files = [WORK / f"{name}.json" for name in everything]
    records = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]
    left = [mutant for record in records for mutant in record["left"]]
    share = page(records, left)
    for mutant in left:
        if not reason(mutant):
            print(f"{mutant['in']} ({mutant['verdict']})\n  - {mutant['was']}\n  + {mutant['now']}")
    sys.exit(share < LEAST or not all(map(reason, left)))


if __name__ == "__main__":
    main(sys.argv[1:])
