"""The built book as a host with a strict policy serves it, for tests."""

import functools
import http.server
import json
import threading
import time
from contextlib import contextmanager


def sent_headers(folder):
    """Read the headers that the book's `_headers` file gives to every page, as its hosts do."""
    first, *rest = (folder / "_headers").read_text("utf8").splitlines()
    assert first == "/*"
    return dict(line.strip().split(": ", 1) for line in rest)


class StrictServer(http.server.SimpleHTTPRequestHandler):
    """Send the book's own headers with every answer."""

    protocol_version = "HTTP/1.1"
    headers_sent = ()

    def end_headers(self):
        for name, value in self.headers_sent:
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *args):
        """Stay silent: a failed request shows up in the test that made it."""


@contextmanager
def strictly_served(folder):
    """Serve a folder with the headers it asks for; give its address."""
    made = type("Server", (StrictServer,), {"headers_sent": tuple(sent_headers(folder).items())})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(made, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


# Told by the browser itself, before any script of the page runs.
REPORT = """window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  violations.push(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`));"""

WAITING = """document.querySelectorAll('script[type$="widget-view+json"]').length
  - document.querySelectorAll(".cnn-host:is([data-state=drawn], [data-state=failed])").length"""


def visit(page, address):
    """Open a page, wait for its widgets, and return what its policy was broken by."""
    page.add_init_script(REPORT)
    page.goto(address)
    page.wait_for_load_state("load")
    page.evaluate("dispatchEvent(new Event('readermoves'))")  # the host waits for it
    for _ in range(900):  # not wait_for_function, which needs eval
        if page.evaluate(WAITING) == 0:
            break
        time.sleep(0.1)
    assert page.evaluate(WAITING) == 0
    return page.evaluate("violations")


def plant(page, patience=300):
    """Try what an intruder would: return what ran within so many ms; under a strict policy nothing does."""
    return json.loads(
        page.evaluate(
            """async (patience) => {
      window.ran = [];
      const inline = document.createElement("script");
      inline.textContent = "ran.push('inline script')";
      document.head.append(inline);
      const holder = document.createElement("div");
      holder.innerHTML = "<img src='data:image/gif;base64,x' onerror=\\"ran.push('handler')\\">"
        + "<a href=\\"javascript:ran.push('address')\\">x</a>";
      document.body.append(holder);
      holder.querySelector("a").click();
      const style = document.createElement("style");
      style.textContent = "body { --planted: 1 }";
      document.head.append(style);
      for (const end = performance.now() + patience; performance.now() < end && ran.length < 3;) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      if (getComputedStyle(document.body).getPropertyValue("--planted")) ran.push("style");
      return JSON.stringify(ran);
    }""",
            patience,
        )
    )
