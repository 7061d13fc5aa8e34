"""The build refuses what is wrong, and runs notebooks again when the library changed.

Each test builds a book of two pages with the settings, templates and extension of the real one.
"""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def small_book(tmp_path):
    """Return a folder with the real settings, a front page, a notebook, and a library of one function."""
    for name in ("assets", "templates", "ext"):
        shutil.copytree(ROOT / "book" / name, tmp_path / "book" / name)
    shutil.copy(ROOT / "_config.yml", tmp_path)
    toc = {"format": "jb-book", "root": "book/intro", "chapters": [{"file": "notebooks/one"}]}
    (tmp_path / "_toc.yml").write_text(yaml.safe_dump(toc), "utf8")
    (tmp_path / "book" / "references.bib").write_text("", "utf8")
    text = "# Front\n\nSee {eq}`conv-fwd`. A tap $w$, a pixel ($x$), both.\n"
    (tmp_path / "book" / "intro.md").write_text(text, "utf8")
    (tmp_path / "cnnlib").mkdir()
    (tmp_path / "cnnlib" / "small.py").write_text("answer = 41\n", "utf8")
    write_notebook(tmp_path)
    return tmp_path


def write_notebook(folder, text="", code="import small\nprint('answer', small.answer)"):
    """Write the one notebook: a labelled formula, some text, one cell."""
    path = "import sys\nsys.path.insert(0, '../cnnlib')\n"
    nb = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# 1 · One\n\n$$\ny = w x\n$$ (conv-fwd)\n\n" + text),
            nbformat.v4.new_code_cell(path + code),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    for number, cell in enumerate(nb.cells):
        cell.id = f"cell-{number}"
    (folder / "notebooks").mkdir(exist_ok=True)
    nbformat.write(nb, folder / "notebooks" / "one.ipynb")


def make_options():
    """Return the options with which `make book` calls Jupyter Book."""
    recipe = re.search(r"jupyter-book build \.(.*)", (ROOT / "Makefile").read_text("utf8"))
    return recipe.group(1).split()


def build(folder):
    """Build as `make book` does; return the exit code and all that was said."""
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", *make_options()]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr)


def page(folder, name="notebooks/one"):
    """Return a built page."""
    return (folder / "_build" / "html" / f"{name}.html").read_text("utf8")


def test_a_sound_book_builds_from_nothing_without_a_word_of_warning(small_book):
    """A clean build succeeds; formulas show their id, the page links one style sheet that is whole."""
    code, said = build(small_book)
    assert code == 0, said
    assert "warning" not in said.lower(), said
    assert "answer 41" in page(small_book)
    assert '<span class="eqno">(conv-fwd)' in page(small_book)
    front = page(small_book, "book/intro")
    assert ">(conv-fwd)</a>" in front
    assert re.findall(r'<annotation encoding="application/x-tex">(.*?)</annotation>', front) == [
        r"w\text{,}", r"x\text{),}"  # no line can begin with the comma
    ]  # fmt: skip
    assert " a pixel (<span" in front and "</span> both." in front
    sheets = re.findall(r'<link[^>]*rel="stylesheet"[^>]*>', page(small_book))
    assert len(sheets) == 1 and "_static/all.css" in sheets[0]
    css = (small_book / "_build" / "html" / "_static" / "all.css").read_text("utf8")
    assert "--cnn-x" in css and ".katex" in css and 'html[data-theme="dark"] .highlight' in css
    own = (ROOT / "book" / "assets" / "book.css").read_text("utf8")
    assert css.rstrip().endswith(own.rstrip()), "the book's own rules must come last"
    for address in re.findall(r"url\([\"']?(?!data:|#)([^)\"']+)", css):
        target = small_book / "_build" / "html" / "_static" / address.split("?")[0]
        assert target.is_file(), address
    assert not list((small_book / "_build" / "html").rglob("fontawesome*"))


@pytest.mark.parametrize(
    ("text", "code", "reason"),
    [
        ("", "1 / 0", "ZeroDivisionError"),
        ("See {eq}`conv-nowhere`.", "1", "conv-nowhere"),
        ("See [](other.ipynb).", "1", "other.ipynb"),
        ("$$\n\\frac{1\n$$", "1", "KaTeX"),
        ("{cite:p}`nobody1900`", "1", "nobody1900"),
    ],
    ids=["a failing cell", "a missing equation", "a missing page", "broken TeX", "a missing source"],
)
def test_what_is_wrong_stops_the_build(small_book, text, code, reason):
    """A failing notebook, a dangling reference or a broken formula gives an exit code and its name."""
    write_notebook(small_book, text, code)
    exit_code, said = build(small_book)
    assert exit_code != 0
    assert reason in said


WIDGET = """
import anywidget
class Small(anywidget.AnyWidget):
    _esm = "export default { render({ el }) { el.textContent = '</script>'; } } // a module of some length"
display(Small(), Small())
"""
PIECES = """
import time
print("one", end="", flush=True)
time.sleep(0.5)
print(" line")
"""


def test_widgets_of_a_page_share_their_module(small_book):
    """The module stands in the page once, and what looks like markup in it does not end the script.

    What was printed in two messages is one line.
    """
    write_notebook(small_book, code=WIDGET + PIECES)
    code, said = build(small_book)
    assert code == 0, said
    assert "one line\n" in page(small_book)
    (text,) = re.findall(r'<script type="[^"]*widget-state\+json">(.*?)</script>', page(small_book), re.S)
    widgets = [each["state"] for each in json.loads(text)["state"].values() if "_esm" in each["state"]]
    assert len(widgets) == 2
    assert "</script>" in widgets[0]["_esm"]
    assert text.count("a module of some length") == 1 and set(widgets[1]["_esm"]) == {"like"}


MENU = """
import anywidget, traitlets
class Menu(anywidget.AnyWidget):
    _esm = "export default {}"
    choices = traitlets.Dict({"one": 1, "two": 2, "and three": 3}).tag(sync=True)
Menu()
"""


def test_a_change_in_the_library_runs_the_notebooks_again(small_book):
    """The cache is kept while nothing changes and renewed, old one removed, when the library does.

    A page from the cache is the page of the first build, menus in their order.
    """
    write_notebook(small_book, code="import small\nprint('answer', small.answer)" + MENU)
    assert build(small_book)[0] == 0
    (first,) = (small_book / "_build").glob("cache-*")
    before = page(small_book)
    assert '"choices": {"one": 1, "two": 2, "and three": 3}' in before
    shutil.rmtree(small_book / "_build" / "html")  # as `make book` does
    assert build(small_book)[0] == 0
    assert page(small_book) == before
    assert list((small_book / "_build").glob("cache-*")) == [first]
    (small_book / "cnnlib" / "small.py").write_text("answer = 42\n", "utf8")
    assert build(small_book)[0] == 0
    (second,) = (small_book / "_build").glob("cache-*")
    assert second != first
    assert "answer 42" in page(small_book)


@pytest.mark.parametrize(
    "name",
    ["cnnlib/conv.py", "cnnlib/widgets/js/tensor.mjs", "book/equations.toml", "tests/symbolic/test_conv.py"],
)
def test_the_cache_depends_on_all_that_notebooks_run(tmp_path, name):
    """Touching a kernel, a widget's script, the registry or a proof changes the hash; a picture does not."""
    spec = importlib.util.spec_from_file_location("book_page", ROOT / "book" / "ext" / "book_page.py")
    book_page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(book_page)
    file = tmp_path / name
    file.parent.mkdir(parents=True)
    file.write_text("one", "utf8")
    before = book_page.code_hash(tmp_path)
    (file.parent / "figure.png").write_bytes(b"png")
    assert book_page.code_hash(tmp_path) == before
    file.write_text("two", "utf8")
    assert book_page.code_hash(tmp_path) != before
