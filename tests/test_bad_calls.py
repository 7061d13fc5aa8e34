"""Every wrong thing in every argument of every public function: a ninth of them; `make fuzz` tries all."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cnnlib

TESTS = Path(__file__).resolve().parent
START = """import signal, bad_calls as b, cnnlib, numpy as np
signal.signal(signal.SIGALRM, b._stop)
b.SECONDS = 0.3
"""


def run(*command):
    """Run Python beside the tests, where memory and time can be limited; return the lines it prints."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])}
    command = [sys.executable, *command]
    ended = subprocess.run(command, env=environment, cwd=TESTS, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended.stdout.splitlines()


def test_wrong_things_are_refused_with_a_sentence():
    """Its own memory is left to it by a limit; one call may take twenty seconds."""
    *faults, total = run("bad_calls.py", "9")
    assert faults == []
    total = json.loads(total)
    assert len(total["functions"]) > 100 and total["calls"] > 1400
    tried = {name.partition(".")[0] for name in total["functions"]}  # of some layers, forward and backward
    assert set(cnnlib.__all__) <= tried


FAULTS = {
    "lambda x: x": "accepted",
    "lambda x: a.fill(7)": "an argument was changed (accepted)",
    "lambda x: {}[x]": "raises KeyError: 'abc'",
    "lambda x: int(x)": "raised outside the library",
    "lambda x: cnnlib.relu_backward(a, x * 1j)": "raised outside the library",
    "lambda x: cnnlib.dense(np.ones((1, 1)), x)": "does not name it",
    "lambda x: __import__('time').sleep(9)": "takes too long",
    "cnnlib.relu": "good",
}


def test_each_kind_of_fault_is_noticed():
    """Functions with a planted fault, each given the word abc."""
    listed = ", ".join(FAULTS)
    code = f"a = np.ones(3); [print(b.probe(f, dict(x=a), 'x', 'abc')) for f in ({listed})]"
    for found, expected in zip(run("-c", START + code), FAULTS.values(), strict=True):
        assert found.startswith(expected)
