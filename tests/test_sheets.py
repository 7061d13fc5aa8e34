"""The sheets of questions in the notebooks, read as text: nothing is executed."""

import ast
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))


def trees(path):
    """Parse the code cells of a notebook that belong to its sheet."""
    cells = nbformat.read(path, as_version=4).cells
    return [ast.parse(cell.source) for cell in cells if cell.id.startswith("check-yourself-")]


def calls(path, name):
    nodes = [node for tree in trees(path) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [node for node in nodes if ast.unparse(node.func) == name]


def test_forty_questions_are_asked():
    counts = {path.stem: len(calls(path, "question")) for path in NOTEBOOKS}
    assert sum(counts.values()) >= 40, counts


@pytest.mark.parametrize("path", NOTEBOOKS[:12], ids=lambda path: path.stem)
def test_each_chapter_has_a_sheet(path):
    asked = calls(path, "question")
    assert len(calls(path, "Quiz")) == 1 and 3 <= len(asked) <= 5
    assert all(any(word.arg == "solution" for word in call.keywords) for call in asked)
    assert sum(any(word.arg == "wrong" for word in call.keywords) for call in asked) >= len(asked) - 1


@pytest.mark.parametrize("path", NOTEBOOKS[:12], ids=lambda path: path.stem)
def test_answers_are_computed_and_not_typed(path):
    for call in calls(path, "question"):
        assert not isinstance(call.args[1], ast.Constant), ast.unparse(call)
        assert any(isinstance(node, ast.Name) for node in ast.walk(call.args[1])) or any(
            isinstance(node, ast.BinOp) for node in ast.walk(call.args[1])
        ), ast.unparse(call)
