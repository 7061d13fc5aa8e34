"""The lock agrees with the requirements and with what runs here; one seed trains one network."""

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ("requirements.txt", "tests/requirements.txt")
SUPPORTED = [(f"3.{minor}", f"3.{minor}.{patch}") for minor in (11, 12, 13) for patch in (0, 99)]


def pins(texts):
    """Map the names in requirements files to their exact versions; the line that installs cnnlib aside."""
    lines = [
        line for text in texts for line in text.splitlines() if line and not line.startswith(("#", "-e"))
    ]
    found = [re.fullmatch(r"([\w.-]+)==([\w.]+)", line.strip()) for line in lines]
    assert all(found), f"not pinned exactly: {[line for line, m in zip(lines, found, strict=True) if not m]}"
    return {canonicalize_name(each[1]): each[2] for each in found}


def entries(lock):
    """Return the lock's entries as (requirement, hashes)."""
    joined = lock.replace("\\\n", " ")
    parts = [line.split("--hash=") for line in joined.splitlines() if line and not line.startswith("#")]
    return [(Requirement(head.strip()), [each.strip() for each in hashes]) for head, *hashes in parts]


def applies(marker, python, system=("linux", "Linux", "posix")):
    """Tell whether a marker holds for a Python (short and full version) on a system."""
    platform, name, os_name = system
    names = {"python_version": python[0], "python_full_version": python[1], "sys_platform": platform}
    return (
        Marker(str(marker)).evaluate(names | {"platform_system": name, "os_name": os_name})
        if marker
        else True
    )


def faults(texts, lock, build_requires):
    """Find pins the lock does not hold for each supported Python, missing hashes, and addresses."""
    if options := re.findall(r"^-.*|.*://.*", lock, re.M):
        return [f"options or addresses: {options}"]
    found, held = [], entries(lock)
    for name, pin in pins(texts).items():
        for python in SUPPORTED:
            locked = [r for r, _ in held if canonicalize_name(r.name) == name and applies(r.marker, python)]
            if [str(r.specifier) for r in locked] != [f"=={pin}"]:
                found.append(f"{name}=={pin} on Python {python[1]}: the lock has {list(map(str, locked))}")
    for requirement, hashes in held:
        if not hashes or not all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes):
            found.append(f"{requirement}: no hash, or not one of SHA-256")
        if requirement.url or not re.fullmatch(r"==[\w.]+", str(requirement.specifier)):
            found.append(f"{requirement}: not one exact version")
    for need in map(Requirement, build_requires):
        if not any(r.name == need.name and need.specifier.contains(str(r.specifier)[2:]) for r, _ in held):
            found.append(f"the lock does not satisfy {need}, which builds cnnlib")
    return found


def real():
    """Return the three arguments of `faults` for the repository."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))
    texts = [(ROOT / name).read_text("utf8") for name in REQUIREMENTS]
    return texts, (ROOT / "requirements.lock").read_text("utf8"), project["build-system"]["requires"]


def test_the_lock_holds_every_pin_with_hashes():
    """Else: make lock."""
    assert faults(*real()) == []


def test_what_is_locked_is_installed():
    """Every package the lock names for this Python is here, in its version; else: make setup."""
    wrong = []
    for requirement, _ in entries(real()[1]):
        if requirement.marker is None or requirement.marker.evaluate():
            try:
                found = version(requirement.name)
            except PackageNotFoundError:
                found = "nothing"
            if not requirement.specifier.contains(found, prereleases=True):
                wrong.append(f"{requirement}: found {found}")
    assert not wrong, f"run make setup: {wrong}"


def test_binder_takes_a_supported_python():
    """runtime.txt names the oldest Python that pyproject.toml allows, on which the lock is made."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
    minimum = project["requires-python"].removeprefix(">=")
    assert (ROOT / "runtime.txt").read_text("utf8").strip() == f"python-{minimum}"
    assert f"Programming Language :: Python :: {minimum}" in project["classifiers"]


HASH = "sha256:" + "a" * 64
GOOD = f"one==1.0 \\\n    --hash={HASH}\nsetuptools==80.0 \\\n    --hash={HASH}\n"


@pytest.mark.parametrize(
    ("lock", "what"),
    [
        (GOOD.replace("one==1.0", "one==1.1"), "one==1.0"),
        (GOOD.replace("one==1.0", "two==1.0"), "one==1.0"),
        (GOOD.replace("one==1.0", "one==1.0 ; python_full_version < '3.12'"), "Python 3.12"),
        (GOOD.replace("one==1.0", "one>=1.0"), "exact"),
        (GOOD.replace(f" \\\n    --hash={HASH}\nset", "\nset"), "no hash"),
        (GOOD.replace("a" * 64, "a" * 32), "SHA-256"),
        (GOOD + "--find-links folder\n", "options"),
        (GOOD.replace("one==1.0", "one @ https://example.org/one.whl"), "addresses"),
        (GOOD.replace("==80.0", "==70.0"), "builds"),
    ],
)
def test_the_guard_notices(lock, what):
    """Each planted fault is named."""
    assert faults(["# a comment\none==1.0\n-e .\n"], GOOD, ["setuptools>=77"]) == []
    found = faults(["one==1.0\n"], lock, ["setuptools>=77"])
    assert any(what in fault for fault in found), found


def test_a_range_is_no_pin():
    with pytest.raises(AssertionError, match=r"not pinned exactly.*one>=1"):
        pins(["one>=1\n"])


TRAINING = """
import hashlib
import numpy as np
import cnnlib as cl
rng = np.random.default_rng(0)
x, t = rng.standard_normal((320, 1, 8, 8)).astype(np.float32), rng.integers(0, 10, 320)
net = cl.Sequential(cl.Conv2d(1, 8, 3, padding=1, rng=rng), cl.ReLU(), cl.MaxPool2d(2), cl.Flatten(),
                    cl.Dense(128, 10, rng=rng))
cl.fit(net, x, t, loss=(cl.cross_entropy, cl.cross_entropy_backward), epochs=2, batch_size=32, rng=rng,
       optimiser=cl.SGD(net.params(), lr=0.05, momentum=0.9))
print(hashlib.sha256(b"".join(p.tobytes() for p in net.params())).hexdigest())
"""


def trained(threads, code=TRAINING):
    """Train in a process of its own and return a digest of all weights."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    environment = os.environ | dict.fromkeys(names, str(threads)) | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def test_one_seed_trains_one_network():
    """Bit by bit, in every process and with one thread or two: the chapters' batches are below the size
    at which a matrix product is divided among threads. (Batches of 500 are not, and differ in the last bits.)
    """
    assert trained(1) == trained(2) == trained(2)
    assert trained(1, TRAINING.replace("default_rng(0)", "default_rng(1)")) != trained(1)
