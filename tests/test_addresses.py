"""Every address in the book follows from three settings, and stays away as long as they are empty."""

import doctest
import html
import re
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml
from pybtex.database import parse_string
from test_build import build, page, small_book  # noqa: F401  (a fixture)

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "book" / "ext"))
import addresses  # noqa: E402
import citation  # noqa: E402

CFF = (ROOT / "CITATION.cff").read_text("utf8")
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))["sphinx"]["config"]
GITHUB, GITLAB, OTHER = (
    "https://github.com/some/book",
    "https://gitlab.com/group/sub/book",
    "https://git.example.edu/some/book",
)
SITE = "https://some.github.io/book/"
NOTEBOOK = "notebooks/one.ipynb"


# --- the forms of the links ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("repository", "link"),
    [
        (GITHUB, "https://mybinder.org/v2/gh/some/book/main?urlpath=lab/tree/notebooks/one.ipynb"),
        (GITLAB, "https://mybinder.org/v2/gl/group%2Fsub%2Fbook/main?urlpath=lab/tree/notebooks/one.ipynb"),
        (
            OTHER,
            "https://mybinder.org/v2/git/https%3A%2F%2Fgit.example.edu%2Fsome%2Fbook/main"
            "?urlpath=lab/tree/notebooks/one.ipynb",
        ),
    ],
)
def test_binder(repository, link):
    assert addresses.binder(repository, "main", NOTEBOOK) == link


def test_a_branch_may_have_a_slash():
    assert "/some/book/new%2Fidea?" in addresses.binder(GITHUB, "new/idea", NOTEBOOK)
    assert addresses.colab(GITHUB, "new/idea", NOTEBOOK).endswith("/blob/new/idea/notebooks/one.ipynb")


def test_colab_reads_github_only():
    link = "https://colab.research.google.com/github/some/book/blob/main/notebooks/one.ipynb"
    assert addresses.colab(GITHUB, "main", NOTEBOOK) == link
    assert addresses.colab(GITLAB, "main", NOTEBOOK) == addresses.colab(OTHER, "main", NOTEBOOK) == ""


def test_edit_and_report_where_the_form_is_known():
    assert addresses.edit(GITHUB, "main", NOTEBOOK) == f"{GITHUB}/edit/main/{NOTEBOOK}"
    assert addresses.edit(GITLAB, "main", NOTEBOOK) == f"{GITLAB}/-/edit/main/{NOTEBOOK}"
    assert addresses.issue(GITHUB, "a/b").startswith(f"{GITHUB}/issues/new?title=On%20the%20page%20a%2Fb")
    assert addresses.issue(GITLAB, "a/b").startswith(f"{GITLAB}/-/issues/new?issue%5Btitle%5D=On")
    assert addresses.edit(OTHER, "main", NOTEBOOK) == addresses.issue(OTHER, "a/b") == ""


def test_the_link_for_a_hub_names_the_folder_that_git_makes():
    link = addresses.git_pull("https://hub.example.edu/", GITHUB, "main", NOTEBOOK)
    assert link == (
        "https://hub.example.edu/hub/user-redirect/git-pull?repo=https%3A//github.com/some/book"
        "&branch=main&urlpath=lab/tree/book/notebooks/one.ipynb"
    )


@pytest.mark.parametrize("text", ["", "  ", f"{GITHUB}/", f"{GITHUB}.git"])
def test_addresses_are_brought_into_one_form(text):
    assert addresses.repository_url(text) == (GITHUB if text.strip() else "")
    assert addresses.site_url(SITE.rstrip("/")) == addresses.site_url(SITE) == SITE


@pytest.mark.parametrize(
    "wrong", ["github.com/some/book", "https://github.com/some", "git@github.com:some/book"]
)
def test_a_wrong_repository_is_named(wrong):
    with pytest.raises(ValueError, match=re.escape(f"or be empty, got {wrong!r}")):
        addresses.repository_url(wrong)


@pytest.mark.parametrize("wrong", ["some.github.io", "https://", "https://some.github.io/?page=1"])
def test_a_wrong_site_is_named(wrong):
    with pytest.raises(ValueError, match=re.escape(f"or be empty, got {wrong!r}")):
        addresses.site_url(wrong)


def test_no_other_file_names_where_the_book_is_published():
    """The settings are the one place: CITATION.cff and the theme's options repeat nothing of them."""
    known = {CONFIG["book_page_repository"], CONFIG["book_page_site"], None}
    cff = yaml.safe_load(CFF)
    assert {cff.get(key) for key in ("repository-code", "url", "repository")} <= known
    assert not {"repository_url", "launch_buttons", "path_to_docs"} & set(CONFIG["html_theme_options"])


# --- a book whose addresses are known -----------------------------------------------------------------
def test_everything_follows_from_the_settings(small_book):  # noqa: F811
    """Buttons, canonical addresses, previews, sitemap, robots and citation name what was set."""
    config = yaml.safe_load((small_book / "_config.yml").read_text("utf8"))
    config["sphinx"]["config"] |= {"book_page_repository": f"{GITHUB}/", "book_page_site": SITE.rstrip("/")}
    (small_book / "_config.yml").write_text(yaml.safe_dump(config, allow_unicode=True), "utf8")
    (small_book / "CITATION.cff").write_text(CFF, "utf8")
    with (small_book / "book" / "intro.md").open("a", encoding="utf8") as front:
        front.write("\n:::{citation} bibtex\n:::\n\n:::{only} repository_known\nKnown.\n:::\n")
        front.write(":::{address} git-pull\n:::\n")
    code, said = build(small_book)
    assert code == 0, said
    out, chapter, front = small_book / "_build" / "html", page(small_book), page(small_book, "book/intro")
    links = {html.unescape(link) for link in re.findall(r'href="([^"]*)"', chapter)}
    assert {
        addresses.binder(GITHUB, "main", NOTEBOOK),
        addresses.colab(GITHUB, "main", NOTEBOOK),
        addresses.edit(GITHUB, "main", NOTEBOOK),
        addresses.issue(GITHUB, "notebooks/one"),
        GITHUB,
        f"{SITE}notebooks/one.html",
        "#what-it-needs",
    } <= links
    assert "<code>%pip install &quot;cnnlib[book] @ git+https://github.com/some/book@main&quot;" in chapter
    assert f'<link rel="canonical" href="{SITE}notebooks/one.html"' in chapter
    assert f'content="{SITE}_static/card.png"' in chapter and (out / "_static/card.png").is_file()
    assert "mybinder" not in front and f"{GITHUB}/edit/main/book/intro.md" in front  # no notebook, no Binder
    assert "Known." in front and addresses.git_pull("https://HUB", GITHUB, "main", "")[:60] in front
    assert f"url = {{{SITE}}}" in re.sub("<[^>]*>| {2,}", "", front).replace("url=", "url =")
    tree = ElementTree.parse(out / "sitemap.xml")
    found = {each.text for each in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")}
    assert found == {f"{SITE}book/intro.html", f"{SITE}notebooks/one.html"}
    assert f"Sitemap: {SITE}sitemap.xml" in (out / "robots.txt").read_text("utf8")
    assert f'<link rel="canonical" href="{SITE}book/intro.html"' in page(small_book, "index")
    with zipfile.ZipFile(out / "_static/convolution-forward-backward.zip") as archive:
        name = f"convolution-forward-backward/{NOTEBOOK}"
        assert archive.read(name) == (small_book / NOTEBOOK).read_bytes()


# --- how to cite ------------------------------------------------------------------------------------------
TEXT = {"type": "string", "minLength": 1}
PERSON = {"required": ["family-names"], "properties": {"family-names": TEXT, "given-names": TEXT}}
# The keys of the Citation File Format 1.2.0 that this file may use, and what it says of them.
FORMAT = {
    "required": ["cff-version", "message", "title", "authors"],
    "additionalProperties": False,
    "properties": {
        "cff-version": {"const": "1.2.0"},
        "message": TEXT,
        "title": TEXT,
        "abstract": TEXT,
        "type": {"enum": ["software", "dataset"]},
        "authors": {"type": "array", "minItems": 1, "items": {"anyOf": [{"required": ["name"]}, PERSON]}},
        "version": TEXT,
        "date-released": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"},
        "license": {"enum": ["MIT", "CC-BY-4.0"]},
        "keywords": {"type": "array", "minItems": 1, "items": TEXT},
        "url": {"type": "string", "pattern": "^https?://"},
        "repository-code": {"type": "string", "pattern": "^https?://"},
        "doi": {"type": "string", "pattern": r"^10\.\d{4,9}/"},
    },
}


def cff():
    """Read CITATION.cff with its date as text, as the format wants it."""
    return yaml.load(CFF, yaml.BaseLoader)


def test_citation_file_keeps_the_format():
    jsonschema.validate(cff(), FORMAT)


@pytest.mark.parametrize(
    "change", [{"title": ""}, {"authors": []}, {"date-released": "2026"}, {"journal": "x"}]
)
def test_a_broken_citation_file_is_noticed(change):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(cff() | change, FORMAT)


def test_bibtex_says_what_the_citation_file_says():
    """A BibTeX parser reads the entry back to the same fields."""
    (entry,) = parse_string(citation.bibtex(citation.read(CFF), SITE), "bibtex").entries.values()
    assert entry.fields["title"].strip("{}") == cff()["title"]
    assert [str(person).strip("{}") for person in entry.persons["author"]] == citation.authors(cff())
    assert f"{entry.fields['year']}-{int(entry.fields['month']):02}" == cff()["date-released"][:7]
    assert entry.fields["note"] == f"Version {cff()['version']}"
    assert entry.fields["url"] == SITE
    assert "url" not in citation.bibtex(citation.read(CFF))


def test_people_are_cited_by_family_name():
    people = [{"family-names": "Noether", "given-names": "Emmy"}, {"name": "A group"}]
    one = citation.read(CFF) | {"authors": people}
    (entry,) = parse_string(citation.bibtex(one), "bibtex").entries.values()
    assert [person.last_names for person in entry.persons["author"]] == [["Noether"], ["{A group}"]]
    assert citation.plain(one, SITE).startswith("Emmy Noether, A group (2026). ")
    assert citation.plain(one, SITE).endswith(SITE)


def test_the_code_on_the_page_for_lecturers_does_what_it_says():
    text = (ROOT / "book/teach.md").read_text("utf8")
    test = doctest.DocTestParser().get_doctest(text.replace("```", ""), {}, "teach.md", None, 0)
    assert test.examples and doctest.DocTestRunner().run(test).failed == 0
