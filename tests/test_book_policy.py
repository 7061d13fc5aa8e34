"""The policy is computed from the pages: inline pieces by their hash, nothing that runs from an attribute."""

import base64
import hashlib
import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
spec = importlib.util.spec_from_file_location("book_policy", ROOT / "book/ext/book_policy.py")
book_policy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(book_policy)


def page(head="", body=""):
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"


@pytest.fixture
def book(tmp_path):
    """Return a function that writes pages and style sheets of a small book and gives its policy."""

    def write(*pages, css="", script=""):
        (tmp_path / "_static").mkdir(exist_ok=True)
        (tmp_path / "_static/all.css").write_text(css)
        (tmp_path / "_static/host.js").write_text(script)
        for number, text in enumerate(pages):
            (tmp_path / f"{number}.html").write_text(text, "utf8")
        return book_policy.policy(tmp_path)

    write.folder = tmp_path
    return write


def hashed(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_a_plain_book_allows_its_own_files_only(book):
    found = book(page("<script src='a.js'></script><link rel='stylesheet' href='all.css'>"))
    assert found["script-src"] == found["style-src-elem"] == found["img-src"] == ["'self'"]
    assert found["default-src"] == found["style-src-attr"] == ["'none'"]


@pytest.mark.parametrize("code", ["let a = 1;", "\n  if (a < b && c) f('</p>');\n", "“δ” + 1", ""])
def test_inline_code_is_allowed_by_its_hash(code, book):
    found = book(page(f"<script>{code}</script>"), page(f"<style>{code}</style>"))
    assert found["script-src"] == ["'self'", hashed(code)]
    assert found["style-src-elem"] == ["'self'", hashed(code)]


def test_data_is_no_code_but_its_styles_count(book):
    css = ".a { content: '</style>' }"
    models = {"1": {"state": {"_css": css, "_esm": "x"}}, "2": {"state": {"_css": {"like": "1"}}}}
    data = json.dumps({"state": models}).replace("</", "<\\/")
    found = book(page(f"<script type='{book_policy.STATE}'>{data}</script>"))
    assert found["script-src"] == ["'self'"]
    assert found["style-src-elem"] == ["'self'", hashed(css)]


def test_what_pages_use_is_allowed_and_no_more(book):
    found = book(page(body="<b style='top: 1em'>x</b><img src='data:image/png;base64,x'>"))
    assert found["style-src-attr"] == ["'unsafe-inline'"] and found["img-src"] == ["'self'", "data:"]
    found = book(page(), css="a { background: url('data:image/svg+xml,x') }", script="URL.createObjectURL(b)")
    assert found["style-src-attr"] == ["'none'"] and found["font-src"] == ["'self'"]
    assert found["img-src"] == ["'self'", "data:"] and found["script-src"] == ["'self'", "blob:"]


@pytest.mark.parametrize(
    "body",
    [
        "<b onclick='f()'>x</b>",
        "<img src=x onerror=f()>",
        "<a href='javascript:f()'>x</a>",
        "<svg onload='f()'/>",
    ],
)
def test_code_in_an_attribute_is_refused(body, book):
    with pytest.raises(ValueError, match=r"0\.html: expected no code in attributes, got"):
        book(page(body=body))


def test_the_theme_is_tidied(book):
    button = '<button onclick="window.print()" class="btn">print</button>'
    line = "<script>DOCUMENTATION_OPTIONS.pagename = 'notebooks/05';</script>"
    tidy = book_policy.tidy(page(line, button))
    assert "onclick" not in tidy and "pagename" not in tidy and "data-print" in tidy
    book(tidy)


def test_the_policy_can_stand_in_the_pages(book):
    book(page("<script>f()</script>"), page())
    assert book_policy.write_into_pages(book.folder) == 2
    text = (book.folder / "1.html").read_text("utf8")
    assert f"script-src 'self' {hashed('f()')}; " in text and "frame-ancestors" not in text
    assert text.index("Content-Security-Policy") < text.index("</head>")


def test_a_page_without_a_head_is_named(book):
    book("<p>no head</p>")
    with pytest.raises(ValueError, match=r"0\.html: expected a <head>"):
        book_policy.write_into_pages(book.folder)
