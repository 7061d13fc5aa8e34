"""A class gets its notebooks: from an nbgitpuller link to a slider that Python hears. `make classroom`.

This repository is served by git over HTTP, as a public host would; a JupyterLab with nbgitpuller runs in an
environment that knows nothing of the book. A browser opens the link of the page for lecturers, runs the line
that fetches the library, runs chapter 5 and moves a slider. The result goes into benchmarks/classroom.md.
"""

import datetime
import http.server
import json
import os
import platform
import re
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book" / "ext"))
import addresses  # noqa: E402

CHAPTER = "notebooks/05-convolution-backward.ipynb"
REPORT = ROOT / "benchmarks" / "classroom.md"
PINS = ROOT / "tests" / "slow" / "classroom.txt"
LAB = [
    *("--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root", "--IdentityProvider.token="),
    *("--ServerApp.password=", "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None"),
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
]


class Git(http.server.BaseHTTPRequestHandler):
    """Hand each request to `git http-backend`, as a code host does."""

    folder = None

    def do_GET(self):
        """Answer what git asks."""
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        told = {
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(
            ["git", "http-backend"], input=self.rfile.read(length), env=os.environ | told, capture_output=True
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *args):
        """Stay silent."""


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """Return the address of this repository's HEAD on a git host of our own."""
    Git.folder = tmp_path_factory.mktemp("host")
    bare = Git.folder / "class" / "convolution-book"
    subprocess.run(["git", "clone", "--quiet", "--bare", ROOT, bare], check=True)
    subprocess.run(["git", "-C", bare, "branch", "--force", "main", "HEAD"], check=False)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Git)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/class/convolution-book"
    server.shutdown()


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """Return the address of a JupyterLab with nbgitpuller, a student's empty folder, and its Python."""
    folder = tmp_path_factory.mktemp("hub")
    python, home = folder / "venv" / "bin" / "python", folder / "student"
    home.mkdir()
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    clean |= {"PATH": f"{python.parent}{os.pathsep}{clean['PATH']}", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, env=clean)
    command = [python, "-m", "pip", "install", "--quiet", "--requirement", PINS]
    subprocess.run(command, check=True, env=clean, capture_output=True)
    with (folder / "log.txt").open("w") as log:
        command = [python, "-m", "jupyter", "lab", *LAB, f"--ServerApp.root_dir={home}"]
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=home, env=clean)
        try:
            yield wait_for(folder / "log.txt", server), home, python
        finally:
            server.terminate()
            server.wait(timeout=30)


def wait_for(log, server):
    """Return the server's address, once it answers."""
    for _ in range(240):
        if found := re.search(r"(http://127\.0\.0\.1:\d+)/lab", log.read_text()):
            urllib.request.urlopen(found[1] + "/api", timeout=10).close()
            return found[1]
        assert server.poll() is None, log.read_text()[-2000:]
        time.sleep(0.5)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


def ready(page):
    """Wait until the notebook is open and its kernel waits."""
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
    page.wait_for_function(
        "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
        timeout=120_000,
    )


def insert(page, source, *, at):
    """Put a code cell at a place in the open notebook, run it, and return what it prints."""
    return page.evaluate(
        """async ([source, at]) => {
      const { commands, shell } = window.jupyterapp, notebook = shell.currentWidget.content;
      notebook.activeCellIndex = at;
      await commands.execute('notebook:insert-cell-above');
      notebook.activeCell.model.sharedModel.setSource(source);
      const cell = notebook.activeCell;
      await commands.execute('notebook:run-cell');
      return cell.model.outputs.toJSON().map((out) => out.text ?? out.traceback?.join('') ?? '').join('');
    }""",
        [source, at],
    )


def widget_cell(home):
    """Return the number of the cell of chapter 5 that shows the backward pass for the first time."""
    cells = json.loads((home / "convolution-book" / CHAPTER).read_text("utf8"))["cells"]
    return next(i for i, cell in enumerate(cells) if "\nConvBackward(" in "".join(cell["source"]))


def test_from_a_link_to_a_slider(repository, hub, page_factory):
    """The link brings the notebooks, the line brings the library, and the chapter's slider moves Python."""
    address, home, python = hub
    page, _ = page_factory(height=1600)
    clock, times = time.monotonic, {}
    link = addresses.git_pull(address, repository, "main", CHAPTER)
    start = clock()
    page.goto(link.replace("/hub/user-redirect", ""))  # a hub sends its users on to a server of their own
    ready(page)
    times["the link, until the chapter is open"] = clock() - start
    pulled = home / "convolution-book"
    assert (pulled / CHAPTER).read_bytes() == committed(CHAPTER)
    count = len(list((pulled / "notebooks").glob("*.ipynb")))

    start = clock()
    said = insert(page, addresses.install(repository, "main").replace("pip", "pip --quiet", 1), at=0)
    assert "ERROR" not in said and "Error" not in said, said
    times["the line that fetches the library"] = clock() - start
    found = subprocess.run(
        [python, "-I", "-c", "import cnnlib; print(cnnlib.__file__)"],
        cwd=home,
        capture_output=True,
        text=True,
    )
    assert "site-packages" in found.stdout, found.stderr

    page.evaluate("""async () => {
      const { commands, shell } = window.jupyterapp;
      shell.currentWidget.content.activeCellIndex = 0;
      await commands.execute('notebook:delete-cell');
      await commands.execute('docmanager:save');
    }""")
    page.reload()  # JupyterLab looks for widgets only when it loads
    ready(page)
    start = clock()
    heard = run_and_slide(page, widget_cell(home))
    times["chapter 5 to its widget, run"] = clock() - start
    assert heard == [3, 4]
    write_report(count, times, python)


def run_and_slide(page, at):
    """Run a chapter as far as a widget, move its slider `kernel` by one, and return what Python has."""
    errors = page.evaluate(
        """async (at) => {
      const { commands, shell } = window.jupyterapp, notebook = shell.currentWidget.content;
      notebook.activeCellIndex = at + 1;
      await commands.execute('notebook:run-all-above');
      await notebook.scrollToItem(at); // a cell out of sight is not drawn
      const outputs = notebook.widgets.flatMap((cell) => cell.model.outputs?.toJSON() ?? []);
      return outputs.filter((out) => out.output_type === 'error').map((out) => out.evalue);
    }""",
        at,
    )
    assert errors == []
    widget = page.locator(".cnn-widget.conv-backward").last
    slider = widget.get_by_role("slider", name="kernel")
    slider.wait_for(timeout=60_000)
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    return json.loads(insert(page, "print([_.kernel_size, len(_.x)])", at=at + 1))


def committed(name):
    """Return a file as the last commit has it."""
    return subprocess.run(["git", "-C", ROOT, "show", f"HEAD:{name}"], check=True, capture_output=True).stdout


def write_report(count, times, python):
    """Write what was seen, when, where and with which versions."""
    frozen = subprocess.run(
        [python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True
    ).stdout
    names = ("anywidget", "ipywidgets", "jupyterlab", "nbgitpuller", "numpy")
    versions = re.findall(rf"^(?:{'|'.join(names)})==\S+", frozen, re.M)
    git = subprocess.run(["git", "--version"], check=True, capture_output=True, text=True).stdout.split()[-1]
    lines = [
        "# A class gets its notebooks",
        "",
        "Written by `make classroom`: an nbgitpuller link, followed in a browser on a JupyterLab that had",
        "never seen the book, from the link to a slider that Python hears. The times belong to one run on",
        "one machine that may have had other work to do.",
        "",
        f"{datetime.date.today()}, {platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, git {git}, {', '.join(versions)}.",
        "",
        "| step | seconds |",
        "|---|---|",
        *(f"| {step} | {seconds:.0f} |" for step, seconds in times.items()),
        "",
        f"{count} notebooks arrived; the slider moved `kernel_size` from 2 to 3.",
    ]
    REPORT.write_text("\n".join(lines) + "\n", "utf8")
