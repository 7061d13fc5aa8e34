"""What a reader gets from the built pages: buttons that work, the right notebook, the library beside it."""

import html
import json
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TOC = re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text("utf8"))
PAGES = [*TOC, "genindex", "search", "prf-prf"]
CHAPTERS = [page for page in TOC if page.startswith("notebooks/")]
SETTINGS = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))["sphinx"]["config"]
KNOWN = {key: bool(SETTINGS[f"book_page_{key}"]) for key in ("repository", "site")}
IMPORTS = """
import json, os, sys
sys.path.insert(0, os.path.abspath("."))
os.chdir("notebooks")
for name in sorted(os.listdir()):
    cells = [cell for cell in json.load(open(name, encoding="utf8"))["cells"] if cell["cell_type"] == "code"]
    exec("".join(cells[0]["source"]), {})
import cnnlib
print(cnnlib.__file__)
"""


@pytest.mark.parametrize("name", PAGES)
def test_only_buttons_that_can_work_are_shown(name, book_path):
    """Binder, Colab and the repository are offered if, and only if, the settings name a repository."""
    page = (book_path / f"{name}.html").read_text("utf8")
    menus = page.split('<div class="article-header-buttons">')[1].split("</article>")[0]
    for needed, label in [("repository", "source-repository"), ("repository", "source-buttons")]:
        assert KNOWN[needed] or label not in menus
    assert ("mybinder.org" in menus) == (KNOWN["repository"] and name in CHAPTERS)
    assert ('rel="canonical"' in page) == ('property="og:image"' in page) == KNOWN["site"]
    assert page.count('property="og:title"') == page.count('property="og:description"') == 1
    assert page.count('rel="apple-touch-icon"') == 1
    assert ('name="robots"' in page) == (name in {"search", "genindex", "prf-prf"})


def test_previews_say_what_the_page_says(book_path):
    """Title and description of a preview are the page's own, so no two chapters share one."""
    found, form = set(), r'property="og:{}" content="([^"]*)"'
    for name in CHAPTERS:
        page = (book_path / f"{name}.html").read_text("utf8")
        title, says = (re.search(form.format(key), page)[1] for key in ("title", "description"))
        own = re.search(r'<meta(?=[^>]* name="description")[^>]* content="([^"]*)"', page)[1]
        assert html.unescape(says) == html.unescape(own)
        assert html.unescape(title) in html.unescape(page.split("<title>")[1].split("</title>")[0])
        found.add((title, says))
    assert len(found) == len(CHAPTERS)


def test_the_box_below_a_chapter_gives_the_notebook(book_http, page_factory):
    """Opened with the keyboard it saves this chapter's notebook under its own name, without outputs."""
    name = CHAPTERS[5]
    page, seen = page_factory()
    page.goto(f"{book_http}/{name}.html")
    page.locator("#run-this-chapter summary").press("Enter")
    with page.expect_download() as download:
        page.locator("#run-this-chapter a").first.press("Enter")
    assert download.value.suggested_filename == f"{Path(name).name}.ipynb"
    saved = Path(download.value.path()).read_bytes()
    assert saved == (ROOT / f"{name}.ipynb").read_bytes()
    assert not any(cell.get("outputs") for cell in json.loads(saved)["cells"])
    seen.assert_clean()


def test_from_disk_the_box_names_files_that_are_there(book_path):
    """A browser may not save a file that lies on the disk already, but the links lead to it."""
    for name in CHAPTERS:
        page = (book_path / f"{name}.html").read_text("utf8")
        box = page.split('id="run-this-chapter"')[1].split("</details>")[0]
        notebook, archive = re.findall(r'<a href="([^"]+)" download', box)
        folder = (book_path / name).parent
        assert (folder / notebook).read_bytes() == (ROOT / f"{name}.ipynb").read_bytes()
        assert zipfile.is_zipfile(folder / archive)


def test_the_archive_holds_all_that_a_notebook_needs(book_path, tmp_path):
    """Unpacked alone, every chapter finds its imports, and cnnlib is the one beside the notebooks."""
    with zipfile.ZipFile(book_path / "_static/convolution-forward-backward.zip") as archive:
        archive.extractall(tmp_path)
    (root,) = tmp_path.iterdir()
    kept = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z"], check=True, capture_output=True, text=True
    ).stdout.split("\0")
    missing = [name for name in kept if name and (ROOT / name).is_file() and not (root / name).is_file()]
    assert missing == []
    command = [sys.executable, "-I", "-c", IMPORTS]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == root / "cnnlib" / "__init__.py"


def test_pictures_have_the_sizes_they_promise(book_path):
    """The card for previews is 1200×630 and light, the icon for a home screen 180×180."""
    for name, size in [("card", (1200, 630)), ("touch-icon", (180, 180))]:
        data = (book_path / f"_static/{name}.png").read_bytes()
        assert struct.unpack(">II", data[16:24]) == size
        assert len(data) <= 150_000
