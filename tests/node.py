"""Run a file of JavaScript tests in Node on cases that Python wrote."""

import json
import os
import subprocess
import sys
from pathlib import Path

NODE = Path(sys.executable).with_name("node")
FOLDER = Path(__file__).parent / "js"


def run_tests(name, cases, folder):
    """Run tests/js/<name>.test.mjs; it finds `cases` as JSON in the file that CNN_CASES names.

    Nothing may fail, nothing may be skipped, and something must have run.
    """
    path = folder / f"{name}.cases.json"
    path.write_text(json.dumps(cases), encoding="utf-8")
    run = subprocess.run(
        [NODE, "--test", "--test-reporter=tap", FOLDER / f"{name}.test.mjs"],
        capture_output=True,
        text=True,
        env={**os.environ, "CNN_CASES": str(path)},
        timeout=120,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "# fail 0" in run.stdout and "# skipped 0" in run.stdout and "# pass 0" not in run.stdout
