"""`make fuzz`: many random layers of every kind against their definitions; counts go to benchmarks/fuzz.md.

The environment variable ``CASES`` says how many of each kind (10 000), ``FIRST`` the first seed (0).
Below 1000 nothing is written.
"""

import json
import os
import platform
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from fuzz_draw import KINDS
from fuzzing import failures

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "benchmarks" / "fuzz.md"
CASES, FIRST = int(os.environ.get("CASES", 10_000)), int(os.environ.get("FIRST", 0))
TEXT = """# Random layers

`make fuzz` draws {cases} layers of every kind, each from a seed of its own, and compares the results with the
definition: sizes, dtypes, memory layouts and numbers are random, most results must agree exactly, arguments
must stay as they were, and results must have memory of their own. One case is run again by
`python tests/fuzzing.py conv2d 17`.

{date}, {system}, {cores} cores, Python {python}, NumPy {numpy}. Times are for one core, other work beside it.

Wrong arguments: {bad_functions} functions and classes, {bad_calls} calls with one argument replaced by a
wrong thing (`tests/bad_calls.py`); {bad_faults} were not refused with a sentence that names the argument.

| kind | seeds | cases | failures | seconds |
| --- | --- | ---: | ---: | ---: |
{rows}
"""


@pytest.fixture(scope="module")
def results():
    """Collect the results of all kinds; write them down if none is missing and no number was reduced."""
    found = {}
    yield found
    wrong = found.pop("wrong arguments", None)
    if set(found) != set(KINDS) or wrong is None or CASES < 1000:
        return
    rows = [f"| `{name}` | {FIRST} to {FIRST + CASES - 1} | {CASES} | {bad} | {seconds:.0f} |"
            for name, (bad, seconds) in found.items()]  # fmt: skip
    total = [sum(column) for column in zip(*found.values(), strict=True)]
    rows.append(f"| all {len(found)} kinds | | {CASES * len(found)} | {total[0]} | {total[1]:.0f} |")
    facts = dict(date=date.today(), system=f"{platform.system()} {platform.machine()}", cores=os.cpu_count())
    versions = dict(python=platform.python_version(), numpy=np.__version__, rows="\n".join(rows))
    PAGE.write_text(TEXT.format(cases=f"{CASES:,}".replace(",", " "), **facts, **versions, **wrong))


@pytest.mark.parametrize("name", KINDS)
def test_random_cases(name, results):
    start = time.perf_counter()
    found = failures(name, range(FIRST, FIRST + CASES))
    results[name] = len(found), time.perf_counter() - start
    for seed, error in list(found.items())[:1]:
        raise AssertionError(f"{len(found)} of {CASES} cases fail, first seed {seed}") from error


def test_wrong_arguments(results):
    """All of the table of `tests/bad_calls.py`, of which `tests/test_bad_calls.py` tries a ninth."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    command = [sys.executable, str(ROOT / "tests" / "bad_calls.py")]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    *faults, total = ended.stdout.splitlines()
    total = json.loads(total)
    facts = dict(bad_functions=len(total["functions"]), bad_calls=total["calls"], bad_faults=len(faults))
    results["wrong arguments"] = facts
    assert faults == []
