"""Read the registry of equations, find what it names in the tree, and run the proofs it names.

`book/equations.md` shows the result; `tests/test_equations.py` fails when something is missing.
Run as a script with test names as arguments, it runs them and prints what was proved as JSON.
"""

import ast
import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "book" / "ext"))
import addresses  # noqa: E402

PAGE = "book/equations"
LABEL = re.compile(r"[ \t]*\(([\w-]+)\)")


def registry(root=ROOT):
    """Return the registry: a dict from id to its entry."""
    return tomllib.loads((root / "book/equations.toml").read_text("utf8"))


def prose(path):
    """Return the Markdown of a page or notebook without its code blocks."""
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return re.sub(r"^```\{code-cell\}.*?^```$", "", path.read_text("utf8"), flags=re.S | re.M)


def labels(root=ROOT):
    """Return a dict from id to the (page, formula) pairs where a display formula carries it as label."""
    found = {}
    for path in sorted([*(root / "book").glob("*.md"), *(root / "notebooks").glob("*.ipynb")]):
        pieces = prose(path).split("$$")
        for formula, after in zip(pieces[1::2], pieces[2::2], strict=False):
            if label := LABEL.match(after):
                page = path.relative_to(root).with_suffix("").as_posix()
                found.setdefault(label[1], []).append((page, " ".join(formula.split()).rstrip(" .,;")))
    return found


def definition(place, root=ROOT):
    """Return (path, first line, source lines) of a function named as "file.py:name" or "file.py::name"."""
    name, _, function = place.replace("::", ":").partition(":")
    found = definitions((root / name).read_text("utf8")).get(function)
    if found is None:
        raise LookupError(f"{name} defines no {function}")
    return name, *found


@cache
def definitions(source):
    """Return a dict from the name of a function or class to its first line and its lines."""
    lines, found = source.splitlines(), {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            found.setdefault(node.name, (first, lines[first - 1 : node.end_lineno]))
    return found


def mentions(identifier, text):
    """Tell whether a text names the id itself, not a longer id that contains it."""
    return bool(re.search(rf"(?<![\w-]){re.escape(identifier)}(?![\w-])", text))


def kernel_line(identifier, entry, root=ROOT):
    """Return (path, line number, code) of the line that computes an equation, or of its function."""
    name, first, lines = definition(entry["kernel"], root)
    for number, line in enumerate(lines, first):
        code, mark, comment = line.partition("  # ")
        if mark and code.strip() and mentions(identifier, comment):
            return name, number, code.strip()
    return name, first, lines[0].strip()


def source(text, name, line=None, root=ROOT):
    """Write text as a link to a file of the repository; as long as that has no address, it stays text."""
    config = yaml.safe_load((root / "_config.yml").read_text("utf8"))["sphinx"]["config"]
    repository = addresses.repository_url(config["book_page_repository"])
    url = addresses.view(repository, config["book_page_branch"], name)
    return f"[{text}]({url}{f'#L{line}' if line else ''})" if url else text


def proofs(entries):
    """Return the tests that the entries name as proofs."""
    return sorted({place for entry in entries.values() for place in entry["proof"] if "::" in place})


def oracles(entries):
    """Return the tests that compare an equation with an independent computation."""
    return sorted({entry["test"] for entry in entries.values()})


def scripts(identifier, root=ROOT):
    """Return the tests of the widgets' JavaScript that name an equation."""
    files = sorted((root / "tests/js").glob("*.test.mjs"))
    return [f"tests/js/{file.name}" for file in files if mentions(identifier, file.read_text("utf8"))]


def run_proofs(places, root=ROOT):
    """Run proofs or tests in a process of their own; return a dict from name to its counts."""
    command = [sys.executable, __file__, *places]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root)
    if done.returncode:
        raise RuntimeError(f"a proof failed:\n{done.stdout[-3000:]}\n{done.stderr[-1000:]}")
    return json.loads(done.stdout.splitlines()[-1])


class Recorder:
    """Count, for every test, the cases that passed and the entries compared as exact expressions."""

    def __init__(self):
        """Start from nothing, and listen to `assert_identical`."""
        from cnnlib.symbolic import arrays

        self.counts, self.entries = {}, 0
        exact = arrays.assert_identical

        def counted(a, b):
            exact(a, b)
            self.entries += getattr(a, "size", 1)

        arrays.assert_identical = counted

    def pytest_runtest_setup(self, item):
        """Start a case."""
        self.entries = 0

    def pytest_runtest_logreport(self, report):
        """Note the outcome of a case."""
        if report.when == "call":
            counts = self.counts.setdefault(
                report.nodeid.split("[")[0], {"cases": 0, "entries": 0, "failed": 0}
            )
            counts["cases"] += report.passed
            counts["entries"] += self.entries if report.passed else 0
            counts["failed"] += not report.passed


def main(places):
    """Run the tests named and print their counts; return pytest's verdict."""
    import pytest

    recorder = Recorder()
    verdict = pytest.main(["-q", "-p", "no:cacheprovider", *places], plugins=[recorder])
    print(json.dumps(recorder.counts))
    return int(verdict)


def summary(entries, ledger):
    """Say in one paragraph what ran while the page was built."""
    proved = [ledger[place] for place in proofs(entries)]
    tested = [ledger[place]["cases"] for place in oracles(entries)]
    cases, exact = (sum(counts[key] for counts in proved) for key in ("cases", "entries"))
    failed = sum(counts["failed"] for counts in ledger.values())
    return (
        f"**{len(entries)} equations.** Their proofs ran as {cases:,} cases and compared {exact:,} entries "
        f"of arrays as exact expressions. {sum(tested):,} more cases compared the code with an independent "
        f"computation. {failed} failed."
    )


def card(identifier, entry, ledger, root=ROOT):
    """Write one equation as a card in MyST Markdown."""
    own = entry["chapter"] == PAGE
    chapter = f"{{doc}}`/{entry['chapter']}`, formula {{eq}}`{identifier}`"
    facts = {
        "chapter": "" if own else chapter,
        "code": code(identifier, entry, root),
        "proof": "; ".join(shown(place, ledger, root) for place in entry["proof"]),
        "test": shown(entry["test"], ledger, root),
        "in the page": ", ".join(source(file, file, root=root) for file in scripts(identifier, root)),
        "source": "; ".join(f"{{cite:t}}`{key}`, {where}" for key, where in entry["source"].items()),
    }
    lines = [
        f"(registry-{identifier})=",
        f":::{{admonition}} {identifier}",
        ":class: equation",
        entry["says"],
        "",
        "$$",
        entry["formula"],
        "$$" + f" ({identifier})" * own,
        "",
        *(f"- **{name}** {fact}" for name, fact in facts.items() if fact),
        ":::\n",
    ]
    return "\n".join(lines)


def code(identifier, entry, root=ROOT):
    """Write the line of code that computes an equation, and where it stands."""
    name, line, text = kernel_line(identifier, entry, root)
    return f"`{text}` in {source(f'{name}, line {line}', name, line, root)}"


def shown(place, ledger, root=ROOT):
    """Write a proof or test as a link, with the counts of its run if it was run."""
    if "::" not in place:
        return f"the claim cells of {{doc}}`/{place}`"
    name, line, _ = definition(place, root)
    test = place.split("::")[1]
    text = source(test, name, line, root)
    text += f" in {name}" * (text == test)
    if place not in ledger:
        return text
    cases, exact = ledger[place]["cases"], ledger[place]["entries"]
    return f"{text}, {cases} case{'s' * (cases != 1)}" + f" and {exact} exact entries" * bool(exact)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
