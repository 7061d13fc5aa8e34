"""The notebooks keep the house rules, and each runs from top to bottom on its own.

Every rule is a function from a notebook to the list of its faults; the last tests plant one fault each.
"""

import ast
import copy
import re
import tomllib
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
REGISTRY = tomllib.loads((ROOT / "book/equations.toml").read_text("utf8"))
SECONDS = 60  # of the kernel's own time, so that a busy machine does not count


def code(notebook):
    """List the code cells."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook):
    """Join the Markdown cells."""
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def outputs_left(notebook):
    """Find outputs and execution counts: the build makes them."""
    faults = [f"cell {cell.id} keeps an output" for cell in code(notebook) if cell.outputs]
    faults += [f"cell {cell.id} keeps its count" for cell in code(notebook) if cell.execution_count]
    return faults + ["widget state is stored"] * ("widgets" in notebook.metadata)


def wrong_metadata(notebook):
    """Find a kernel other than python3, a missing description, foreign keys, repeated or missing cell ids."""
    data = notebook.metadata
    faults = ["the kernel is not python3"] * (data.get("kernelspec", {}).get("name") != "python3")
    description = data.get("myst", {}).get("html_meta", {}).get("description", "")
    faults += ["there is no page description of 50 to 200 characters"] * (not 50 <= len(description) <= 200)
    faults += [
        f"metadata holds {key}"
        for key in data
        if key not in ("kernelspec", "language_info", "myst", "mystnb")
    ]
    ids = [cell.get("id") for cell in notebook.cells]
    return faults + ["cell ids are missing or repeated"] * (None in ids or len(set(ids)) < len(ids))


def wrong_size(notebook):
    """Find over 80 cells, a code cell over 15 lines, over 2 helpers, a helper over 10 lines."""
    faults = [f"{len(notebook.cells)} cells, at most 80"] * (len(notebook.cells) > 80)
    helpers = []
    for cell in code(notebook):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        faults += [f"cell {cell.id} has {len(lines)} lines of code, at most 15"] * (len(lines) > 15)
        helpers += [
            node for node in ast.walk(parsed(cell)) if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        ]
    faults += [f"{len(helpers)} helpers, at most 2: {[h.name for h in helpers]}"] * (len(helpers) > 2)
    return faults + [f"helper {h.name} is over 10 lines" for h in helpers if h.end_lineno - h.lineno >= 10]


def parsed(cell):
    """Parse a code cell without its magics."""
    return ast.parse("\n".join(line for line in cell.source.splitlines() if not line.startswith("%")))


def wrong_claims(notebook):
    """Find fewer claim cells than promised claims, a claim that asserts nothing, an assertion not tagged."""
    promised = re.search(r"\*\*What you will learn\*\*(.*?)(?:\n\n[^\d\s]|\Z)", prose(notebook), re.S | re.I)
    promises = len(re.findall(r"^\d+\. ", promised[1], re.M)) if promised else 0
    tagged = [cell for cell in code(notebook) if "claim" in cell.metadata.get("tags", [])]
    faults = ["there is no list under **What you will learn**"] * (promises == 0)
    faults += [f"{len(tagged)} claim cells for {promises} claims"] * (len(tagged) < promises)
    helpers = asserting_helpers(notebook)
    for cell in code(notebook):
        checks = [node for statement in parsed(cell).body for node in assertions(statement, helpers)]
        if bool(checks) != (cell in tagged):
            faults.append(f"cell {cell.id}: the tag claim and an assertion belong together")
        constant = [n for n in checks if isinstance(n, ast.Assert) and isinstance(n.test, ast.Constant)]
        faults += [f"cell {cell.id} asserts a constant"] * bool(constant)
    return faults


def assertions(statement, helpers=()):
    """List the assertions that run with a statement: not those inside a function it defines."""
    if isinstance(statement, ast.FunctionDef):
        return []
    calls = re.compile(rf"(?:^|\.)(?:assert_\w+|check_vjp{''.join(f'|{name}' for name in helpers)})$")
    nodes = list(ast.walk(statement))
    found = [node for node in nodes if isinstance(node, ast.Assert)]
    return found + [n for n in nodes if isinstance(n, ast.Call) and calls.search(ast.unparse(n.func))]


def asserting_helpers(notebook):
    """List the functions that the notebook defines and that assert something."""
    functions = [n for cell in code(notebook) for n in parsed(cell).body if isinstance(n, ast.FunctionDef)]
    return [f.name for f in functions if any(assertions(statement) for statement in f.body)]


def wrong_prose(notebook):
    """Find the word "verified", a page without a title, too little prose beside the code, a broken order."""
    text = prose(notebook)
    faults = ['the word "verified"'] * bool(re.search(r"\bverif", text, re.I))
    faults += ["the first cell holds no title"] * (not re.match(r"# \d+ · ", notebook.cells[0].source))
    lines = sum(len([x for x in cell.source.splitlines() if x.strip()]) for cell in code(notebook))
    words = len(re.findall(r"\w+", re.sub(r"\$\$.*?\$\$|\$.*?\$", "", text, flags=re.S)))
    faults += [f"{words / lines:.0f} words of prose a line of code, at least 12"] * (words < 12 * lines)
    faults += ["no prediction is asked for"] * ("predict" not in text.lower())
    faults += ["there are no exercises"] * ("{exercise" not in text)
    given = set(re.findall(r"\{exercise[^}]*\}.*?:label: (\S+)", text, re.S))
    solved = set(re.findall(r"\{solution[^}]*\} (\S+)", text))
    return faults + [f"exercise {label} has no solution" for label in sorted(given - solved)]


def unknown_equations(notebook):
    """Find labels of display formulas that the registry does not hold."""
    pieces = re.sub(r"`+[^`]*`+", "", prose(notebook)).split("$$")
    labels = [found[1] for text in pieces[2::2] if (found := re.match(r"[ \t]*\(([\w-]+)\)", text))]
    faults = [f"the registry has no {label}" for label in labels if label not in REGISTRY]
    return faults + ["no formula carries an id"] * (not labels)


RULES = [outputs_left, wrong_metadata, wrong_size, wrong_claims, wrong_prose, unknown_equations]


def read(path):
    """Read a notebook as format 4."""
    return nbformat.read(path, as_version=4)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_keeps_the_rule(path, rule):
    assert rule(read(path)) == []


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("page", sorted((ROOT / "book").glob("*.md")), ids=lambda page: page.stem)
def test_pages_have_a_description_and_do_not_say_verified(page):
    text = page.read_text("utf8")
    assert re.search(r'html_meta:\n +"?description"?: .{50,200}\n', text), f"{page.name} has no description"
    assert not re.search(r"\bverif", text, re.I)


# --- execution ----------------------------------------------------------------------------------

STRICT = """import warnings
for _kind in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
    warnings.filterwarnings("error", category=_kind, module="cnnlib|__main__")
del _kind, warnings"""
CLOCK = "import resource as _r\n[sum(_r.getrusage(_r.RUSAGE_SELF)[:2])]"


def run(notebook):
    """Execute a notebook in its own folder, what is deprecated being an error; return it with its seconds."""
    notebook = copy.deepcopy(notebook)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(STRICT))
    notebook.cells.append(nbformat.v4.new_code_cell(CLOCK))
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": ROOT / "notebooks"}}
    )
    client.execute()
    del notebook.cells[0]
    return notebook, float(notebook.cells.pop().outputs[0].data["text/plain"].strip("[]"))


def wrong_outputs(notebook):
    """Find errors, warnings and widgets that are not the book's own."""
    faults = []
    models = (
        notebook.metadata.get("widgets", {})
        .get("application/vnd.jupyter.widget-state+json", {})
        .get("state", {})
    )
    for cell in code(notebook):
        for output in cell.outputs:
            if output.output_type == "error" or output.get("name") == "stderr":
                faults.append(f"cell {cell.id} writes {output.get('text', output.get('ename'))}")
            view = output.get("data", {}).get("application/vnd.jupyter.widget-view+json")
            if view:
                state = models.get(view["model_id"], {}).get("state", {})
                if not state.get("_anywidget_id", "").startswith("cnnlib."):
                    faults.append(f"cell {cell.id} shows a widget that is not of cnnlib")
    return faults


@pytest.mark.timeout(400)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_from_top_to_bottom(path, monkeypatch):
    for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(threads, "1")
    notebook, seconds = run(read(path))
    assert wrong_outputs(notebook) == []
    assert seconds < SECONDS, f"{path.name} took {seconds:.0f} s"


# --- the rules themselves: each must notice a planted fault -----------------------------------------


def sound():
    """Return a notebook without faults."""
    label = next(iter(REGISTRY))
    words = " ".join(["word"] * 60)
    exercise = "```{exercise}\n:label: first\nWhy?\n```\n\n```{solution} first\nSo.\n```"
    opening = f"# 1 · Title\n\n**What you will learn**\n1. One.\n\nPredict. {words}\n\n$$ x $$ ({label})"
    claim = nbformat.v4.new_code_cell("x = 1\nassert x == 1", metadata={"tags": ["claim"]})
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell(f"{opening}\n\n{exercise}"), claim]
    )
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata["myst"] = {
        "html_meta": {"description": "A page that keeps every rule of the house, for the tests."}
    }
    return notebook


def edited(cell, old, new):
    """Return a change that replaces text in one cell."""

    def change(notebook):
        assert old in notebook.cells[cell].source
        notebook.cells[cell].source = notebook.cells[cell].source.replace(old, new)

    return change


def stored(key, value):
    """Return a change that stores a value in the metadata of the notebook."""
    return lambda notebook: notebook.metadata.update({key: value})


PLANTS = [
    (outputs_left, lambda nb: nb.cells[1].outputs.append(nbformat.v4.new_output("stream", text="1"))),
    (outputs_left, lambda nb: nb.cells[1].update(execution_count=3)),
    (outputs_left, stored("widgets", {})),
    (wrong_metadata, stored("kernelspec", {"name": "julia"})),
    (wrong_metadata, stored("myst", {})),
    (wrong_metadata, stored("jupytext", {})),
    (wrong_metadata, lambda nb: nb.cells[1].update(id=nb.cells[0].id)),
    (wrong_size, lambda nb: nb.cells.extend(nbformat.v4.new_markdown_cell("x") for _ in range(80))),
    (wrong_size, edited(1, "x = 1\n", "x = 1\n" * 16)),
    (wrong_size, edited(1, "x = 1\n", "def f(): 0\ndef g(): 0\ndef h(): 0\n")),
    (wrong_size, edited(1, "x = 1\n", "def f():\n" + "    0\n" * 11)),
    (wrong_claims, edited(1, "assert x == 1", "x")),
    (wrong_claims, edited(1, "assert x == 1", "assert True")),
    (wrong_claims, lambda nb: nb.cells[1].metadata.clear()),
    (wrong_claims, edited(0, "1. One.", "1. One.\n2. Two.")),
    (wrong_claims, edited(0, "**What you will learn**", "")),
    (wrong_prose, edited(0, "Predict.", "Predict. This is verified.")),
    (wrong_prose, edited(0, "# 1 · Title", "Title")),
    (wrong_prose, edited(0, "Predict.", "")),
    (wrong_prose, edited(1, "x = 1\n", "x = 1\n" * 12)),
    (wrong_prose, edited(0, "{solution} first", "{solution} second")),
    (wrong_prose, edited(0, "{exercise}", "{note}")),
    (unknown_equations, lambda nb: nb.cells.append(nbformat.v4.new_markdown_cell("$$ y $$ (no-such-id)"))),
    (unknown_equations, edited(0, "$$", "")),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_sound_notebook_passes(rule):
    assert rule(sound()) == []


@pytest.mark.parametrize("rule, plant", PLANTS)
def test_rule_notices_a_planted_fault(rule, plant):
    notebook = sound()
    plant(notebook)
    assert rule(notebook), f"{rule.__name__} noticed nothing"


AGED = "import warnings; warnings.warn_explicit('', DeprecationWarning, 'conv.py', 1, module='cnnlib.conv')"


@pytest.mark.parametrize(
    "source",
    ["1 / 0", "import sys; print(1, file=sys.stderr)", "import ipywidgets; ipywidgets.IntSlider()", AGED],
)
def test_run_notices_errors_warnings_and_foreign_widgets(source):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    notebook.cells[0].metadata["tags"] = ["raises-exception"]
    assert wrong_outputs(run(notebook)[0])
