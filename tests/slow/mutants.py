"""A pytest plugin: run the chosen tests once, then again for each mutant that notes which tests touch it.

pytest collects once. Every mutant is then tried in a fork of that process, fastest test first, up to the
first failure; so a mutant costs about as much as the test that notices it. Verdicts go to verdicts.json.
"""

import gc
import json
import os
import resource
import signal
import threading
import time
from collections import defaultdict
from pathlib import Path

import hypothesis
import pytest
from _pytest.runner import runtestprotocol
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state
from tqdm import tqdm

SURVIVED, NOTICED, UNTOUCHED = "survived", "noticed", "touched by no test"
WALL = 300  # seconds after which a mutant that waits for something is given up

# The first example that fails is enough, and each run draws the same ones.
GENERATE = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
hypothesis.settings.register_profile("mutants", phases=GENERATE, database=None, derandomize=True)
hypothesis.settings.load_profile("mutants")

# tqdm shares one lock among all forks: a mutant ended while it draws a bar would keep the next ones waiting.
tqdm.set_lock(threading.RLock())
tqdm.monitor_interval = 0  # no thread beside the tests, which a fork would not have


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    """Replace pytest's loop over the tests by a loop over the mutants."""
    if session.testsfailed:
        raise session.Interrupted("collection failed")
    touching, seconds = trace(session.items)
    mutants = json.loads(Path("mutants.json").read_text(encoding="utf-8"))
    gc.freeze()  # forks share what was collected
    verdicts = {}
    for name in mutants:
        items = sorted(touching[name.rpartition("__mutmut_")[0]], key=seconds.get)
        limit = 2 + 5 * sum(seconds[item] for item in items)
        verdicts[name] = attempt(name, items, limit) if items else UNTOUCHED
    Path("verdicts.json").write_text(json.dumps(verdicts, indent=0), encoding="utf-8")
    return True


def trace(items):
    """Run every test without mutants; return which tests touch a function, and the CPU seconds of each."""
    set_mutant_under_test("stats")
    touching, seconds = defaultdict(list), {}
    for item, following in zip(items, [*items[1:], None], strict=True):
        begin = time.process_time()
        if any(report.failed for report in runtestprotocol(item, log=False, nextitem=following)):
            raise pytest.exit(f"{item.nodeid} fails without any mutant", returncode=3)
        seconds[item] = time.process_time() - begin
        for function in state()._stats:
            touching[function].append(item)
        state()._stats.clear()
    return touching, seconds


def attempt(name, items, limit):
    """Try one mutant in a fork of this process; running out of CPU seconds counts as noticed."""
    child = os.fork()
    if not child:
        try:
            os._exit(rerun(name, items, limit))
        finally:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code >= 0:
        return NOTICED if code else SURVIVED
    return f"{NOTICED} ({signal.Signals(-code).name})"


def rerun(name, items, limit):
    """Return 1 at the first test that fails, 0 if none does."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + limit) + 1,) * 2)
    signal.alarm(WALL)
    set_mutant_under_test(name)
    for item, following in zip(items, [*items[1:], None], strict=True):
        if any(report.failed for report in runtestprotocol(item, log=False, nextitem=following)):
            return 1
    return 0
