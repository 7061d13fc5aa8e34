"""Pages become lighter and lose nothing: what a page or a script names keeps its rules."""

import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parent.parent
spec = importlib.util.spec_from_file_location("light_pages", ROOT / "book/ext/light_pages.py")
light_pages = importlib.util.module_from_spec(spec)
spec.loader.exec_module(light_pages)


class Script:
    """What the extension uses of Sphinx's script files."""

    def __init__(self, filename, *, priority=500, **attributes):
        self.filename, self.priority, self.attributes = filename, priority, attributes


@pytest.fixture
def book(tmp_path):
    """Return a built book of one page, one script, a bundle and the book's own rules, as Sphinx's app."""
    for folder in ("html/_static/scripts", "book/assets"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / light_pages.OWN).write_text(".own-rule { color: red }\n", "utf8")
    html = '<p class="used also">text<i id="mark"></i></p><script>let s = "spoken";</script>'
    (tmp_path / "html/page.html").write_text(html, "utf8")
    (tmp_path / "html/_static/a.js").write_text("tip.classList.add(`tip-${side}`, 'added');", "utf8")
    builder = SimpleNamespace(format="html")
    return SimpleNamespace(outdir=str(tmp_path / "html"), srcdir=str(tmp_path), builder=builder)


@pytest.mark.parametrize(
    ("css", "left"),
    [
        (".used{a:b}.unused{a:b}", ".used{a:b}"),
        (".used,.unused,p>#mark{a:b}", ".used,p>#mark{a:b}"),
        (".used.unused{a:b}.used .added{a:b}", ".used .added{a:b}"),
        (".tip-left{a:b}.spoken{a:b}", ".tip-left{a:b}\n.spoken{a:b}"),
        ("@media print{.unused{a:b}.also{a:b}}@media print{.unused{a:b}}", "@media print{.also{a:b}}"),
        (".used:not(.no,:is(.b,.c)),[href='.x']{a:b}", ".used:not(.no,:is(.b,.c)),[href='.x']{a:b}"),
        ("@font-face{src:url(x)}@keyframes k{0%{a:b}}", "@font-face{src:url(x)}\n@keyframes k{0%{a:b}}"),
        ('@import "x";.used{content:"}.unused{"}', '@import "x";\n.used{content:"}.unused{"}'),
        ("/* .used{ */.unused{a:url(data:x;y{})}html{a:b}", "html{a:b}"),
        (".used{a:b;&.unused{c:d}}", ".used{a:b;&.unused{c:d}}"),
    ],
)  # fmt: skip
def test_rules_that_can_match_nothing_go(book, css, left):
    """A rule stays if each class and id it asks for stands in a page or script; the rest stays as it is."""
    assert light_pages.pruned(css, light_pages.vocabulary(Path(book.outdir))) == left


def test_the_books_own_rules_stay(book):
    """Rules of others are pruned, the book's own follow as written; another order is an error."""
    bundle, own = Path(book.outdir, light_pages.BUNDLE), Path(book.srcdir, light_pages.OWN).read_text("utf8")
    bundle.write_text(".used{a:b}\n.unused{a:b}\n" + own, "utf8")
    light_pages.prune(book, None)
    assert bundle.read_text("utf8") == ".used{a:b}\n" + own
    bundle.write_text(own + ".used{a:b}", "utf8")
    with pytest.raises(ValueError, match=r"expected it to end with book/assets/book\.css"):
        light_pages.prune(book, None)


def test_the_themes_measuring_goes_and_a_new_theme_is_noticed(book):
    """The routine goes once, a second build finds it gone, and a theme without it stops the build."""
    path = Path(book.outdir, light_pages.THEME_SCRIPT)
    path.write_text(f"before();{light_pages.MEASURING};after()", "utf8")
    for _ in range(2):
        light_pages.calm(book, None)
        assert path.read_text("utf8") == 'before();"see book.js";after()'
    path.write_text("something_else()", "utf8")
    with pytest.raises(ValueError, match="got it 0 times"):
        light_pages.calm(book, None)


def moved(book, state, view):
    """Return the state and the context of a page after its texts have moved."""
    body = json.dumps({"state": state})
    context = {
        "body": f'{{"model_id": "{view}"}}',
        "script_files": [Script("a.js"), Script(None, type=light_pages.STATE, body=body)],
        "pathto": lambda name, resource: f"../{name}",
    }
    light_pages.move_texts(book, "page", "page.html", context, None)
    return json.loads(context["script_files"][1].attributes["body"])["state"], context


def test_long_texts_leave_the_page(book):
    """Modules and styles move to files that equal texts share; the first widget's is fetched at once."""
    long, style = "// `${'\\u2028'}` </script>\n" * 200, ".a{}\n" * 1000
    state = {
        "a": {"state": {"_esm": "short", "_css": style, "text": "<!--<script> </script>"}},
        "b": {"state": {"_esm": long, "_css": {"like": "a"}}},
        "c": {"state": {"_esm": {"like": "b"}}},
        "layout": {"state": {"width": None}},
    }
    found, context = moved(book, state, "b")
    assert moved(book, state, "c")[1]["metatags"] in context["metatags"]  # the module of both, no style for c
    body = context["script_files"][1].attributes["body"]
    assert "<!--" not in body and "</" not in body and found["a"]["state"]["text"] == "<!--<script> </script>"
    assert list(found) == ["a", "b", "c"]  # what is no widget has no use on a page without a kernel
    assert found["a"]["state"]["_esm"] == "short" and found["c"]["state"]["_esm"] == {"like": "b"}
    module, css = found["b"]["state"]["_esm"]["file"], found["a"]["state"]["_css"]["file"]
    tags = context["metatags"]
    assert f'<script async fetchpriority="high" src="../_static/widgets/{module}"></script>' in tags
    assert f'<meta name="widget-style" content="../_static/widgets/{css}" />' in tags
    folder = Path(book.outdir, light_pages.FOLDER)
    assert (folder / css).read_text("utf8") == style
    written = (folder / module).read_text("utf8")
    assert json.loads(written.partition("] = ")[2].rstrip(";\n")) == long
    assert f'["{module}"]' in written
    assert moved(book, state, "a")[0] == found and len(list(folder.iterdir())) == 2
    assert "<script" not in moved(book, state, "a")[1]["metatags"]  # its module is short and in the page
