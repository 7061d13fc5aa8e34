"""What the library says about itself is complete and runs: docstrings, the README's example, the citation."""

import doctest
import importlib
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent


def public():
    """Yield (name, object) for everything importable from cnnlib that the library defines."""
    import cnnlib

    for name in sorted(vars(cnnlib)):
        thing = getattr(cnnlib, name)
        if not name.startswith("_") and getattr(thing, "__module__", "").startswith("cnnlib"):
            yield name, thing


@pytest.mark.parametrize("name, thing", list(public()))
def test_public_names_are_documented(name, thing):
    doc = thing.__doc__ or ""
    assert doc.strip(), f"{name} has no docstring"
    if callable(thing) and not isinstance(thing, type) and not name.endswith("_backward"):
        for section in ("Parameters", "Returns", "Examples"):
            assert re.search(rf"^\s*{section}\n\s*-+$", doc, re.M), f"{name}: no section {section}"


FILES = [path.relative_to(ROOT).with_suffix("") for path in sorted((ROOT / "cnnlib").rglob("*.py"))]
MODULES = [".".join(path.parts).removesuffix(".__init__") for path in FILES]


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_run(module):
    result = doctest.testmod(importlib.import_module(module), extraglobs={"np": np, **dict(public())})
    assert result.failed == 0, f"{result.failed} of {result.attempted} examples fail in {module}"


def test_readme_example_runs():
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.attempted > 0 and result.failed == 0


def test_citation_file_names_the_version_and_licence_of_the_package():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf8"))
    project = (ROOT / "pyproject.toml").read_text("utf8")
    assert f'version = "{citation["version"]}"' in project
    assert f'license = "{citation["license"]}"' in project
    assert "Permission is hereby granted" in (ROOT / "LICENSE").read_text("utf8")
    assert "CC BY 4.0" in (ROOT / "LICENSE").read_text("utf8")


def test_the_page_of_the_library_shows_every_public_name():
    page = (ROOT / "book/api.md").read_text("utf8")
    calls = re.findall(r"^show\((.*)\)$", page, flags=re.M)
    shown = {f"cnnlib.{module}" for call in calls for module in re.findall(r'"(\w+)"', call)}
    assert [name for name, thing in public() if thing.__module__ not in shown] == []
    for module in ("cnnlib.data", "cnnlib.symbolic.arrays", "cnnlib.widgets"):
        assert f"reference.entries({module}," in page
