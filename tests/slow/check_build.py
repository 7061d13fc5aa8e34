"""Build the book from a clean checkout with the network cut, and see whether two builds are equal.

    python tests/slow/check_build.py offline         one build
    python tests/slow/check_build.py reproducible    two, in folders of different names, byte by byte

Nothing is taken over: no executed notebooks, no settings of the user, no caches of fonts. The network is
cut by a namespace of the kernel (Linux only) that has nothing but the loopback interface; where none can
be made, the check fails and says so.
"""

import difflib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bs4 import BeautifulSoup
from environments import Clock, checkout, clean_environment, record, run, versions

OPTIONS = ["-W", "-n", "--keep-going", "--all", "--quiet"]  # those of `make book`
NAMED = ["jupyter-book", "sphinx", "myst-nb", "matplotlib", "numpy"]
# Brings up the loopback interface, which kernels talk over, looks that there is no other, and goes on.
ALONE = """
import fcntl, os, socket, struct, sys
with socket.socket() as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))
    assert [name for _, name in socket.if_nameindex()] == ["lo"], socket.if_nameindex()
    s.settimeout(5)
    assert s.connect_ex(("192.0.2.1", 80)), "the network is not cut"
os.execvp(sys.argv[1], sys.argv[1:])
"""
# The only page that may differ: chapter 14 measures times and memory while it is made, and says so. What
# these cells put out is left out of the comparison; everything around them has to be equal.
MEASURING = "notebooks/14-making-it-fast.html"
CLOCK = re.compile(r"\b(timed|perf_counter|tracemalloc|times|rates|peaks)\b")
INDEX = "searchindex.js"  # lists the words of all pages, so the measured numbers as well


def cut_off(command):
    """Return the command as it runs without a network."""
    return ["unshare", "--map-root-user", "--net", sys.executable, "-c", ALONE, *command]


def require_namespaces():
    """End with a sentence if this machine cannot cut the network."""
    try:
        done = subprocess.run(cut_off(["true"]), capture_output=True, text=True, check=False)
        reason = done.stderr.strip()[-300:] if done.returncode else ""
    except OSError as error:
        reason = str(error)
    if reason:
        sys.exit(f"The network could not be cut, so nothing was checked: {reason}")


def build(folder):
    """Build the book in a folder with the network cut; return where its pages are."""
    tree, home = checkout(folder / "tree"), folder / "home"
    home.mkdir(exist_ok=True)
    outside = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "IPYTHONDIR", "MPLCONFIGDIR")
    environment = clean_environment(HOME=str(home), PYTHONPATH=str(tree))
    environment = {name: value for name, value in environment.items() if name not in outside}
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", *OPTIONS]
    run(cut_off(command), cwd=tree, env=environment)
    return tree / "_build" / "html"


def comparable(name, data):
    """Return what has to be equal in a file, which but for two files is all of it."""
    if name == MEASURING:
        page, measured = BeautifulSoup(data, "html.parser"), 0
        for cell in page.select("div.cell"):
            if CLOCK.search(cell.select_one("div.cell_input").get_text()):
                for output in cell.select("div.cell_output"):
                    output.decompose()
                    measured += 1
        return f"{measured} outputs left out\n{page}".encode()
    if name == INDEX:
        index = json.loads(data.decode().removeprefix("Search.setIndex(").removesuffix(")"))
        for part in ("terms", "titleterms"):
            index[part] = {word: pages for word, pages in index[part].items() if not re.search(r"\d", word)}
        return json.dumps(index).encode()  # in the order of the file
    return data


def compare(first, second):
    """Return the number of files, the names of those equal but for measurements, and all faults."""
    files = [{p.relative_to(b).as_posix(): p for p in b.rglob("*") if p.is_file()} for b in (first, second)]
    faults = [f"{name}: only in one of the builds" for name in sorted(files[0].keys() ^ files[1].keys())]
    measured = []
    for name in sorted(files[0].keys() & files[1].keys()):
        one, two = (each[name].read_bytes() for each in files)
        if one != two and comparable(name, one) == comparable(name, two):
            measured.append(name)
        elif one != two:
            faults.append(f"{name}: {difference(comparable(name, one), comparable(name, two))}")
    return len(files[0]), measured, faults


def difference(one, two):
    """Show the first places in which two files differ."""
    lines = [re.split(r"(?<=[>,{\n])", data.decode("utf8", "replace")) for data in (one, two)]
    changed = [x for x in difflib.unified_diff(*lines, n=0, lineterm="") if not x.startswith(("---", "+++"))]
    return "\n    ".join(line[:200].rstrip() for line in ["", *changed[:8]])


def offline():
    """Build once, record it."""
    clock, folder = Clock(), Path(tempfile.mkdtemp(prefix="book-"))
    pages = len(list(build(folder).rglob("*.html")))
    record(
        "Offline",
        f"A clean checkout was built with no network but the loopback interface: {pages} pages, no warning, "
        f"{clock}. {', '.join(versions(sys.executable, NAMED))}.",
    )
    shutil.rmtree(folder)


def reproducible():
    """Build twice, compare, record it."""
    clock, folder = Clock(), Path(tempfile.mkdtemp(prefix="book-"))
    judge(build(folder / "a"), build(folder / "another folder, later"), clock)
    shutil.rmtree(folder)


def judge(first, second, clock):
    """Compare two builds; record it if they are equal, else end with the differences."""
    number, measured, faults = compare(first, second)
    if faults:
        where = f"{len(faults)} of {number} files differ between {first} and {second}"
        sys.exit("\n".join([where, *faults]))
    record(
        "Reproducible",
        f"Two builds from clean checkouts in folders of different names, with random hash seeds and the "
        f"network cut: {number} files, {number - len(measured)} equal byte by byte. Equal but for what the "
        f"cells of chapter 14 measured while they ran: {', '.join(measured) or 'none'}. {clock}. "
        f"{', '.join(versions(sys.executable, NAMED))}.",
    )


if __name__ == "__main__":
    require_namespaces()
    {"offline": offline, "reproducible": reproducible}[sys.argv[1]]()
