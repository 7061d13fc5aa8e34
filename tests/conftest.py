"""Fixtures shared by all tests: the built book, a local server, and a real browser.

Nothing here skips: without a built book or a browser a test fails and says what to do.
"""

import functools
import gzip
import http.server
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from chromium import find_browser

ROOT = Path(__file__).resolve().parent.parent
# No sandbox (tests may run as root), no updates, and no host but this one can be found.
BROWSER_FLAGS = [
    "--no-sandbox", "--no-first-run", "--no-proxy-server", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
]  # fmt: skip
OWN_HOSTS = {"127.0.0.1", "localhost"}


# --- the built book ----------------------------------------------------------------------------
@pytest.fixture(scope="session")
def book_path():
    """Return the folder of the built book."""
    path = ROOT / "_build" / "html"
    if not (path / "index.html").is_file():
        pytest.fail("There is no built book: run make book first.")
    return path


class BookServer(http.server.SimpleHTTPRequestHandler):
    """Serve files quietly and, as real hosts do, compressed."""

    protocol_version = "HTTP/1.1"
    compressed = frozenset({".html", ".css", ".js", ".json", ".svg", ".ipynb", ".md"})

    def do_GET(self):
        """Send a text file with gzip; leave the rest to the base class."""
        path = Path(self.translate_path(self.path))
        if path.suffix not in self.compressed or not path.is_file():
            return super().do_GET()
        body = gzip.compress(path.read_bytes(), 6)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Stay silent: a failed request shows up in the test that made it."""


@pytest.fixture(scope="session")
def serve():
    """Return a function that serves a folder on this machine and gives its base address."""
    servers = []

    def start(folder):
        handler = functools.partial(BookServer, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def book_http(book_path, serve):
    """Return the book's base address on a local server, without a final slash."""
    return serve(book_path)


@pytest.fixture(scope="session")
def book_file(book_path):
    """Return the book's base address as files on disk, without a final slash."""
    return book_path.as_uri()


# --- the browser -------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def browser():
    """Return one headless Chromium for all tests (a Playwright Browser)."""
    from playwright.sync_api import sync_playwright

    try:
        path = find_browser(windows=False)
    except LookupError as error:
        pytest.fail(str(error))
    with sync_playwright() as playwright:
        instance = playwright.chromium.launch(executable_path=path, args=BROWSER_FLAGS)
        yield instance
        instance.close()


class Watched:
    """What went wrong on a page: console messages, requests to other hosts, failed requests."""

    def __init__(self, page):
        self.messages, self.outside, self.failed, self.urls = [], [], [], []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.messages.append(f"uncaught: {error}"))
        page.on("request", self._request)
        page.on("requestfailed", self._failed)
        page.on("response", self._response)

    def _console(self, message):
        if message.type in {"warning", "error", "assert"}:
            self.messages.append(f"{message.type}: {message.text}")

    def _request(self, request):
        self.urls.append(request.url)
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname not in OWN_HOSTS:
            self.outside.append(request.url)

    def _failed(self, request):
        if request.failure != "net::ERR_ABORTED":  # given up by the browser because it left the page
            self.failed.append(f"{request.url}: {request.failure}")

    def _response(self, response):
        if response.status >= 400:
            self.failed.append(f"{response.url}: {response.status}")

    def assert_clean(self):
        """Fail if the page complained, asked another host, or missed a file."""
        assert not self.messages, self.messages
        assert not self.outside, self.outside
        assert not self.failed, self.failed


# What is far below waits for the reader's first move (book.js): in the tests it comes at once, and all of it.
MOVE = """addEventListener('load', () => setTimeout(() => {
  for (const far of document.querySelectorAll('.bd-article > section > section'))
    far.classList.add('laid-out');
  dispatchEvent(new PointerEvent('pointermove'));
}))"""


@pytest.fixture
def page_factory(browser):
    """Return a function that opens a fresh page: `page, seen = page_factory(width=360, ...)`.

    Keywords other than width and height go to Playwright's `new_context`. `seen` is a `Watched`.
    """
    contexts = []

    def open_page(*, width=1280, height=900, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.add_init_script(MOVE)
        contexts.append(context)
        page = context.new_page()
        return page, Watched(page)

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def context(browser):
    """Return a fresh browser context, 1280 px wide, closed after the test."""
    fresh = browser.new_context(viewport={"width": 1280, "height": 900})
    fresh.add_init_script(MOVE)
    yield fresh
    fresh.close()


@pytest.fixture(scope="session")
def watch():
    """Return the recorder: `seen = watch(page)` before `page.goto`, then `seen.assert_clean()`."""
    return Watched


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Run the browser tests last, page by page: they keep an event loop in their process.

    What belongs to one page stays in one process (`pages.each` marks it), everything else goes by file.
    """

    def group(item):
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
        return item.get_closest_marker("xdist_group").args[0]

    order = {}
    for item in items:
        order.setdefault(group(item), len(order))
    items.sort(key=lambda item: ("browser" in item.path.parts, order[group(item)]))
