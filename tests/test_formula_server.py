"""The start of the server that draws formulas: its socket may exist before anybody listens."""

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parent.parent
SLOW = """
import socket, sys, time
time.sleep(0.1)
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
time.sleep({pause})
server.listen()
server.accept()[0].sendall(b"here")
"""


@pytest.fixture
def start():
    """Return a function that starts a server which listens `pause` seconds after its socket exists."""
    spec = importlib.util.spec_from_file_location("book_page", ROOT / "book/ext/book_page.py")
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)

    def run(folder, pause, timeout):
        katex = SimpleNamespace(
            build_command=lambda socket: [sys.executable, "-c", SLOW.format(pause=pause), str(socket)],
            timeout_error=lambda seconds: TimeoutError(f"no answer after {seconds} s"),
        )
        return page.start_formulas(katex, folder, timeout)

    return run


def test_a_server_that_does_not_listen_yet_is_waited_for(start, tmp_path):
    process, connection = start(tmp_path, pause=0.5, timeout=20)
    with process, connection:
        assert connection.recv(4) == b"here"


def test_a_server_that_never_listens_is_given_up(start, tmp_path):
    with pytest.raises(TimeoutError, match="no answer after 1 s"):
        start(tmp_path, pause=60, timeout=1)
