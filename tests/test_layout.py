"""The house rules that a machine can check: who imports whom, how long things are, what stands in the tree.

Every guard is a function from a tree to the list of its faults, so that each can be tried on a tree with a
planted fault as well as on the repository.
"""

import ast
import json
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = {".py", ".md", ".toml", ".yml", ".cff", ".css", ".js", ".mjs", ".ipynb", ".bib", ".txt", ".html", ""}

FIXED = (
    *("README.md", "LICENSE", "LICENSE-TEXT.md", "CITATION.cff", "Makefile", "requirements.txt", ".ci/run"),
    *("_config.yml", "_toc.yml", "book", "notebooks", "cnnlib", "tests", "benchmarks"),
)

# Columns of the house, from left to right; a module imports from its own column or from one further right.
COLUMNS = (
    {"network", "optim", "initial", "data", "layers", "gradcheck", "perceptron"}
    | {"exercises", "mistakes", "planted"},
    {"combine", "conv", "fast", "winograd", "matrix", "pool", "dense", "activations", "loss"},
    {"columns", "spans"},
    {"windows"},
    {"files", "checks"},
)
# What each room may import from outside, at the top of a file and inside a function.
ROOMS = {
    "cnnlib": ({"numpy"}, {"sklearn", "tqdm"}),
    "cnnlib/symbolic": ({"numpy", "sympy"}, set()),
    "cnnlib/plots": ({"numpy", "matplotlib"}, {"sklearn"}),
    "cnnlib/widgets": ({"numpy", "anywidget", "traitlets", "ipywidgets", "IPython"}, set()),
}


def tracked(root=ROOT):
    """List the files git knows and those it would add, as paths relative to the root."""
    command = ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in names.split("\0") if name and (root / name).is_file()]


def library(root=ROOT):
    """List the library's Python files relative to the root."""
    return [path.relative_to(root) for path in sorted((root / "cnnlib").rglob("*.py"))]


def imports(path):
    """Yield (module, is_at_the_top) for every import in a Python file."""
    tree = ast.parse(path.read_text("utf8"))
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports with their full name"
            names = [node.module]
            if node.module in ("cnnlib", "cnnlib.symbolic", "cnnlib.plots", "cnnlib.widgets"):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from ((name, id(node) in top) for name in names)


def wrong_arrows(root=ROOT):
    """Find imports that point left, cross a room's border or go round in a circle."""
    faults, graph = [], {}
    column = {module: place for place, modules in enumerate(COLUMNS) for module in modules}
    for path in library(root):
        room, name = path.parent.as_posix(), path.stem
        if room == "cnnlib" and name not in column and name != "__init__":
            faults.append(f"{path}: say in COLUMNS where it stands")
        for module, at_top in imports(root / path):
            first, *rest = module.split(".")
            if first == "cnnlib":
                graph.setdefault(path.with_suffix("").as_posix(), set()).add("/".join([first, *rest]))
                faults += _wrong_inside(path, room, name, rest, column)
            elif first not in sys.stdlib_module_names:
                at_head, in_body = ROOMS[room]
                if first not in (at_head if at_top else at_head | in_body):
                    faults.append(f"{path}: imports {first}, which {room} must not")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        faults.append(f"imports go round in a circle: {' -> '.join(error.args[1])}")
    return faults


def _wrong_inside(path, room, name, rest, column):
    target = rest[0] if rest else "__init__"
    if room == "cnnlib" and name == "__init__":
        return [] if target in column else [f"{path}: imports cnnlib.{target}"]
    if room == "cnnlib" and column.get(target, -1) < column.get(name, 0):
        return [f"{path}: imports cnnlib.{target}, which does not stand to its right"]
    if room == "cnnlib/symbolic" and target != "symbolic":
        return [f"{path}: the proofs' tools import the kernel cnnlib.{target}"]
    return []


def too_long(root=ROOT):
    """Find source files over 300 lines, tests over 500, functions over 30, a README over 90."""
    faults = []
    limits = {Path("README.md"): 90, Path("cnnlib/__init__.py"): 130}
    for path in [*tracked(root), *library(root)]:
        if path.suffix in (".py", ".mjs", ".js"):
            limits.setdefault(path, 500 if path.parts[0] == "tests" else 300)
    for path, limit in limits.items():
        lines = len((root / path).read_text("utf8").splitlines())
        if lines > limit:
            faults.append(f"{path}: {lines} lines, at most {limit}")
    for path in library(root):
        for node in ast.walk(ast.parse((root / path).read_text("utf8"))):
            if isinstance(node, ast.FunctionDef) and _body_lines(node) > 30:
                faults.append(f"{path}: {node.name} has {_body_lines(node)} lines, at most 30")
    return faults


def _body_lines(function):
    body = function.body
    first = body[1] if ast.get_docstring(function) is not None and len(body) > 1 else body[0]
    return function.end_lineno - first.lineno + 1


def foreign_words(root=ROOT):
    """Find paths of one machine and addresses of content networks."""
    machine = re.compile(r"(?<![\w.~/-])/(?:home|Users|root|work|mnt)/\w")
    network = re.compile(r"https?://[^\s\"']*(?:cdn|unpkg|cdnjs|jsdelivr)")
    faults = []
    for path in tracked(root):
        if path.suffix not in TEXT or path.name == Path(__file__).name:
            continue
        for number, line in enumerate((root / path).read_text("utf8").splitlines(), 1):
            if found := machine.search(line) or network.search(line):
                faults.append(f"{path}:{number}: {found[0]}")
    return faults


def arithmetic(path):
    """Find operators between values on the way forward or back, in a file whose classes only hold state."""
    symbols = (ast.Add, ast.Sub, ast.Mult, ast.MatMult, ast.Div, ast.Pow)
    faults = []
    for function in ast.walk(ast.parse(path.read_text("utf8"))):
        if isinstance(function, ast.FunctionDef) and function.name in ("forward", "backward"):
            for node in ast.walk(function):
                operates = isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, symbols)
                calls_numpy = isinstance(node, ast.Attribute) and ast.unparse(node).startswith("np.")
                if operates or calls_numpy:
                    faults.append(f"{path.name}:{node.lineno}: {ast.unparse(node)}")
    return faults


def misplaced(root=ROOT):
    """Find missing fixed names, pages outside the table of contents and links that lead nowhere."""
    faults = [f"{name} is missing" for name in FIXED if not (root / name).exists()]
    toc = set(re.findall(r"(?:root|file): (\S+)", (root / "_toc.yml").read_text("utf8")))
    pages = [path for path in tracked(root) if path.parent.name in ("book", "notebooks")]
    pages = {path.with_suffix("").as_posix() for path in pages if path.suffix in (".md", ".ipynb")}
    faults += [f"{page} stands in no table of contents" for page in sorted(pages - toc)]
    faults += [f"_toc.yml names {page}, which does not exist" for page in sorted(toc - pages)]
    for name in ("README.md", "LICENSE-TEXT.md"):
        for link in re.findall(r"\]\(([^)\s]+)\)", (root / name).read_text("utf8")):
            if "://" not in link and not (root / link.split("#")[0]).exists():
                faults.append(f"{name}: the link to {link} leads nowhere")
    return faults


def test_imports_point_right():
    assert wrong_arrows() == []


def test_nothing_is_too_long():
    assert too_long() == []


def test_no_path_of_one_machine_and_no_content_network():
    assert foreign_words() == []


def test_layers_hold_state_and_no_arithmetic():
    assert arithmetic(ROOT / "cnnlib/layers.py") == []


def test_everything_stands_in_its_place():
    assert misplaced() == []


def test_import_loads_numpy_and_nothing_else():
    code = """
import json, sys
import numpy
before = set(sys.modules)
import cnnlib
print(json.dumps(sorted({name.split(".")[0] for name in set(sys.modules) - before})))
"""
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    loaded = set(json.loads(run.stdout)) - set(sys.stdlib_module_names)
    assert loaded <= {"cnnlib", "numpy"}, f"import cnnlib also loads {loaded}"


# --- the guards themselves: each must notice a planted fault -------------------------------------


@pytest.fixture
def tree(tmp_path):
    """Return a small sound tree under git to plant faults in."""
    for name in (".ci/run", "Makefile", "requirements.txt", "LICENSE", "CITATION.cff", "_config.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    for folder in ("book", "notebooks", "cnnlib/symbolic", "tests", "benchmarks"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "README.md").write_text("[the licence](LICENSE)\n")
    (tmp_path / "LICENSE-TEXT.md").write_text("text\n")
    (tmp_path / "book/intro.md").write_text("# Title\n")
    (tmp_path / "_toc.yml").write_text("root: book/intro\n")
    (tmp_path / "cnnlib/__init__.py").write_text("from cnnlib.conv import f\n")
    (tmp_path / "cnnlib/conv.py").write_text("import numpy\n\n\ndef f(x):\n    return x\n")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert wrong_arrows(tmp_path) + too_long(tmp_path) + foreign_words(tmp_path) + misplaced(tmp_path) == []
    return tmp_path


FAULTS = [
    (wrong_arrows, "cnnlib/windows.py", "from cnnlib.conv import f\n"),
    (wrong_arrows, "cnnlib/conv.py", "import scipy\n"),
    (wrong_arrows, "cnnlib/conv.py", "import sklearn\n"),
    (wrong_arrows, "cnnlib/utils.py", ""),
    (wrong_arrows, "cnnlib/conv.py", "import cnnlib.symbolic.arrays\n"),
    (wrong_arrows, "cnnlib/conv.py", "import cnnlib.pool\n", "cnnlib/pool.py", "import cnnlib.conv\n"),
    (wrong_arrows, "cnnlib/symbolic/arrays.py", "from cnnlib import conv2d\n"),
    (wrong_arrows, "cnnlib/__init__.py", "import cnnlib.plots\n"),
    (too_long, "cnnlib/conv.py", "x = 1\n" * 301),
    (too_long, "tests/test_conv.py", "x = 1\n" * 501),
    (too_long, "cnnlib/conv.py", "def f():\n" + "    x = 1\n" * 31),
    (too_long, "README.md", "line\n" * 91),
    (foreign_words, "cnnlib/conv.py", "# see /" + "home/me/book\n"),
    (foreign_words, "book/intro.md", "https:" + "//cdn.example.org/x.js\n"),
    (misplaced, "README.md", "[gone](gone.md)\n"),
    (misplaced, "notebooks/01-stray.ipynb", "{}"),
    (misplaced, "_toc.yml", "root: book/intro\nfile: book/gone\n"),
]


@pytest.mark.parametrize("guard, plants", [(guard, plants) for guard, *plants in FAULTS])
def test_guards_notice_a_planted_fault(tree, guard, plants):
    for name, text in zip(plants[::2], plants[1::2], strict=True):
        (tree / name).write_text(text)
    assert guard(tree), f"{guard.__name__} did not notice {plants}"


def test_guard_notices_a_missing_licence(tree):
    (tree / "LICENSE").unlink()
    assert misplaced(tree)


@pytest.mark.parametrize("line", ["y = x + 1", "y += x", "y = a @ b", "y = np.exp(x)"])
def test_guard_notices_arithmetic(tmp_path, line):
    (tmp_path / "layers.py").write_text(f"def forward(self, x):\n    {line}\n")
    assert arithmetic(tmp_path / "layers.py")
