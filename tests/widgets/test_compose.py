"""Joining JavaScript modules into the one text a notebook loads."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cnnlib.widgets import compose as module
from cnnlib.widgets.compose import compose

NODE = Path(sys.executable).with_name("node")
WIDGETS = sorted(
    path.stem for path in module.FOLDER.glob("*.mjs") if "export default" in path.read_text("utf-8")
)
SVG = "http://www.w3.org/2000/svg"  # the name of a vocabulary, never fetched


@pytest.mark.parametrize("name", WIDGETS)
def test_the_joined_module_imports_nothing_and_has_one_default_export(name):
    source = compose(name)
    assert not re.search(r"^import ", source, re.MULTILINE)
    assert re.findall(r"^export .*", source, re.MULTILINE) == ["export default { render };"]


@pytest.mark.parametrize("name", WIDGETS)
def test_top_level_names_are_unique(name):
    names = re.findall(r"^(?:function|const|let) (\w+)", compose(name), re.MULTILINE)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", WIDGETS)
def test_the_joined_module_runs_and_offers_render(name, tmp_path):
    (tmp_path / "widget.mjs").write_text(compose(name), encoding="utf-8")
    script = 'import("./widget.mjs").then((m) => console.log(typeof m.default.render))'
    run = subprocess.run([NODE, "-e", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert run.stdout.strip() == "function", run.stderr


def test_comments_go_and_code_stays(tmp_path, monkeypatch):
    (tmp_path / "base.mjs").write_text('// header\n/** doc\n * more */\nexport const one = "// kept";\n')
    (tmp_path / "wide.mjs").write_text('import { one } from "./base.mjs";\n\nexport default { one };\n')
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    assert compose.__wrapped__("wide") == 'const one = "// kept";\n\nexport default { one };\n'


def test_remarks_go_and_strings_stay(tmp_path, monkeypatch):
    (tmp_path / "said.mjs").write_text(
        'const a = { b: "x;  // y" };   // why\nconst c = "a;  // b";\nexport default { a, c };\n'
    )
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    assert (
        compose.__wrapped__("said")
        == 'const a = { b: "x;  // y" };\nconst c = "a;  // b";\nexport default { a, c };\n'
    )


@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_says_its_name(name):
    """Screen readers announce it as a group; the look and the file share the name of its kind."""
    source = (module.FOLDER / f"{name}.mjs").read_text("utf8")
    found = re.findall(r'stage\(el, "([\w-]+)", "(.+?)"\);', source)
    assert [kind for kind, _ in found] == [name.replace("_", "-")]
    assert 15 <= len(found[0][1]) <= 60


def test_indentation_shrinks_and_stays_visible(tmp_path, monkeypatch):
    (tmp_path / "deep.mjs").write_text(
        "function f() {\n    return {\n      a:  1,\n    };\n}\nexport default { f };\n"
    )
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    assert (
        compose.__wrapped__("deep") == "function f() {\n return {\n a:  1,\n };\n}\nexport default { f };\n"
    )


def test_a_missing_module_is_named():
    with pytest.raises(ValueError, match=r"expected a module nowhere\.mjs"):
        compose.__wrapped__("nowhere")


def test_an_import_in_another_form_is_refused(tmp_path, monkeypatch):
    (tmp_path / "odd.mjs").write_text('import * as all from "./base.mjs";\nexport default {};\n')
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="expected one-line imports"):
        compose.__wrapped__("odd")


@pytest.mark.parametrize("name", WIDGETS)
def test_sources_keep_the_house_rules(name):
    source = compose(name).replace(SVG, "")
    assert len(source.encode()) < 40_000, "every page with the widget carries this text"
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "eval(",
        "fetch(",
        "http:",
        "https:",
        ".id =",
    ):
        assert word not in source, word
    assert not re.search(r"#[0-9a-fA-F]{6}\b", source), "colours belong to theme.css"
