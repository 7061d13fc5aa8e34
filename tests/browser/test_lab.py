"""The widgets in a live JupyterLab: Python moves the picture, the picture moves Python."""

import json
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from pages import eventually

CHAPTER = Path(__file__).resolve().parents[2] / "notebooks" / "04-convolution-arithmetic.ipynb"
NOTEBOOK = [
    """import json
from pathlib import Path
from cnnlib import conv2d_backward
from cnnlib.widgets import ConvBackward, ConvStepper
w = ConvBackward(focus=6)
def note(change):
    dx, _, _ = conv2d_backward(w.arrays()[2], *w.arrays()[:2], stride=w.stride)
    with Path("seen.jsonl").open("a") as seen:
        seen.write(json.dumps({change.name: change.new, "w": w.w, "dx": dx[0, 0].tolist()}) + "\\n")
w.observe(note, ["kernel_size", "delta"])
w""",
    "w.stride = 2",
    "w.w = [[5, 0], [0, 7]]",
    "ConvStepper()",
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab of our own in an empty folder with one notebook."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [nbformat.v4.new_code_cell(source) for source in NOTEBOOK]
    nbformat.write(
        nbformat.v4.new_notebook(
            cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        ),
        folder / "w.ipynb",
    )
    log = (folder / "log.txt").open("w")
    command = [
        sys.executable,
        "-m",
        "jupyter",
        "lab",
        "--no-browser",
        "--ip=127.0.0.1",
        "--port=0",
        "--allow-root",
        "--IdentityProvider.token=",
        "--ServerApp.password=",
        "--LabApp.expose_app_in_browser=True",
        f"--ServerApp.root_dir={folder}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
    try:
        yield wait_for(folder / "log.txt", server), folder
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


def wait_for(log, server):
    """The server's address, once it answers."""
    for _ in range(240):
        found = re.search(r"(http://127\.0\.0\.1:\d+)/lab", log.read_text())
        if found:
            urllib.request.urlopen(found.group(1) + "/api", timeout=10).close()
            return found.group(1)
        if server.poll() is not None:
            break
        time.sleep(0.5)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


def run_cell(page, number):
    """Run one cell and wait until the kernel is idle again."""
    page.evaluate(
        """async (number) => {
      const { commands, shell } = window.jupyterapp, notebook = shell.currentWidget.content;
      await notebook.scrollToItem(number); // a cell out of sight is not drawn
      notebook.activeCellIndex = number;
      await commands.execute('notebook:run-cell');
    }""",
        number,
    )


def kept(folder, name, value):
    """What the kernel wrote down when the reader gave one trait this value."""
    path = Path(folder) / "seen.jsonl"
    for _ in range(150):
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        found = [json.loads(line) for line in lines if line.endswith("\n")]
        match = [note for note in found if note.get(name) == value]
        if match:
            return match[-1]
        time.sleep(0.1)
    pytest.fail(f"the kernel never saw {name} = {value}")


def opened(page, address, name):
    """Open a notebook in a workspace of its own, and wait until its kernel waits."""
    page.goto(f"{address}/lab/workspaces/{Path(name).stem}/tree/{name}")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=90_000)
    page.wait_for_function(
        """(name) => {
      const panel = window.jupyterapp?.shell.currentWidget;
      return panel?.context?.path === name && panel.sessionContext?.session?.kernel?.status === 'idle';
    }""",
        arg=name,
        timeout=90_000,
    )


def printed(page, source):
    """Run a new cell below the one that ran last, and return what it prints."""
    return page.evaluate(
        """async (source) => {
      const { commands, shell } = window.jupyterapp;
      await commands.execute('notebook:insert-cell-below');
      const cell = shell.currentWidget.content.activeCell;
      cell.model.sharedModel.setSource(source);
      await commands.execute('notebook:run-cell');
      return cell.model.outputs.toJSON().map((output) => output.text ?? output.evalue).join('');
    }""",
        source,
    )


def test_traits_travel_both_ways(lab, page_factory):
    """observe sees a slider and a typed cell; assigning a trait redraws; arrow keys belong to the slider."""
    address, folder = lab
    page, seen = page_factory(height=1600)
    opened(page, address, "w.ipynb")
    run_cell(page, 0)
    widget = page.locator(".cnn-widget.conv-backward")
    widget.wait_for(timeout=60_000)
    assert "33" in widget.locator(".sum .total").inner_text()

    slider = widget.get_by_role("slider", name="kernel")  # the page moves Python
    slider.focus()
    page.keyboard.press("ArrowRight")
    kept(folder, "kernel_size", 3)
    assert kept(folder, "delta", [[1, 2], [3, 4]])["w"] == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    slider.focus()
    page.keyboard.press("ArrowLeft")
    kept(folder, "kernel_size", 2)
    cell = widget.locator(".panel").nth(1).locator(".cnn-row").nth(1).locator("input").first
    cell.fill("9")  # δ1, below the border of zeros
    found = kept(folder, "delta", [[9, 2, 3], [4, 5, 6], [7, 8, 9]])
    shown = widget.locator(".panel").first.locator(".value").all_inner_texts()
    assert [int(text) for text in shown] == [v for row in found["dx"] for v in row]

    run_cell(page, 1)  # Python moves the page
    page.wait_for_function(
        "document.querySelector('.cnn-widget').innerText.includes('spread')", timeout=30_000
    )
    assert widget.get_by_role("slider", name="stride").input_value() == "2"
    run_cell(page, 2)
    page.wait_for_function(
        "document.querySelector('.cnn-widget .w input')?.value === '7'", timeout=30_000
    )  # turned: k22 first
    run_cell(page, 3)
    page.locator(".cnn-widget.conv-stepper .sum .total").wait_for(timeout=30_000)
    assert page.locator(".cnn-widget.conv-stepper .sum .total").inner_text() == "37"
    assert not seen.outside, seen.outside
    uncaught = [message for message in seen.messages if message.startswith("uncaught")]
    assert not uncaught, uncaught


def test_a_chapter_is_live(lab, page_factory):
    """In the chapter itself, as a reader opens it, a slider moves Python, which counts the same windows."""
    address, folder = lab
    shutil.copy(CHAPTER, folder)
    cells = nbformat.read(CHAPTER, as_version=4).cells
    imports = next(i for i, cell in enumerate(cells) if cell.cell_type == "code")
    shows = next(i for i, cell in enumerate(cells) if cell.source == "Geometry()")
    page, seen = page_factory(height=1600)
    opened(page, address, CHAPTER.name)
    run_cell(page, imports)
    run_cell(page, shows)
    widget = page.locator(".cnn-widget.geometry")
    slider = widget.get_by_role("slider", name="pixels")
    slider.wait_for(timeout=60_000)
    before = int(slider.input_value())
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    printed(page, "kept = _")  # what a cell prints leaves _ alone
    size, windows = eventually(
        lambda: json.loads(printed(page, "print([kept.image_size, len(kept.windows())])")),
        lambda answer: answer[0] == before + 2,
    )
    assert (size, windows) == (before + 2, widget.locator(".geo-name.y").count())
    assert not seen.outside, seen.outside
