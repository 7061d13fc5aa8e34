"""Time contestants side by side in one process, so that whatever slows the machine slows them all."""

import sys
from statistics import median
from time import perf_counter

import numpy as np

try:
    import torch
except ImportError:
    torch = None
else:
    torch.set_num_threads(1)

ROUNDS = 15


def paired(contestants, *, seconds=1.5, rounds=ROUNDS):
    """Return the times per call of each named function, over `rounds` in which they take turns.

    A round calls each function often enough to last about ``seconds / rounds / len(contestants)``.
    """
    repeats = {}
    for name, call in contestants.items():
        call()
        start = perf_counter()
        call()
        once = perf_counter() - start
        repeats[name] = max(1, round(seconds / rounds / len(contestants) / once))
    times = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, call in contestants.items():
            start = perf_counter()
            for _ in range(repeats[name]):
                call()
            times[name].append((perf_counter() - start) / repeats[name])
    return times


def ratio(times, name, base):
    """Return the median over rounds of one contestant's time divided by another's, None if it did not run."""
    if name not in times or base not in times:
        return None
    return median(a / b for a, b in zip(times[name], times[base], strict=True))


def warm_allocator(megabytes=30):
    """Take and free one block just under the 32 MiB up to which glibc learns to keep freed memory.

    Without it, each call would return its larger arrays to the system and fault their pages in again.
    """
    np.ones(megabytes * 2**20, np.uint8)


def note(text):
    """Tell on standard error which bench is running."""
    print(text, file=sys.stderr, flush=True)
