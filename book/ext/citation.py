"""How to cite the book, made from CITATION.cff so that the forms of it cannot differ."""

import re

import yaml


def read(text):
    """Return the fields of a CITATION.cff."""
    return yaml.safe_load(text)


def authors(cff):
    """Return the authors' names in order."""
    return [
        each.get("name") or f"{each.get('given-names', '')} {each['family-names']}".strip()
        for each in cff["authors"]
    ]


def published(cff, site, repository):
    """Return the address a citation ends in: the site, else the repository, else none."""
    return site or repository or cff.get("url") or cff.get("repository-code") or ""


def plain(cff, site="", repository=""):
    """Return the citation as one line of text."""
    year = str(cff["date-released"])[:4]
    line = f"{', '.join(authors(cff))} ({year}). {cff['title']} (version {cff['version']})."
    return f"{line} {published(cff, site, repository)}".strip()


def bibtex(cff, site="", repository=""):
    """Return the citation as a BibTeX entry; double braces keep a group's name and capitals whole."""
    year, month, _ = str(cff["date-released"]).split("-")
    words = re.findall(r"[a-z]+", cff["title"].lower())
    names = [
        f"{{{each['name']}}}" if "name" in each else f"{each['family-names']}, {each.get('given-names', '')}"
        for each in cff["authors"]
    ]
    fields = {
        "author": " and ".join(names),
        "title": f"{{{cff['title']}}}",
        "year": year,
        "month": str(int(month)),
        "note": f"Version {cff['version']}",
        "url": published(cff, site, repository),
    }
    lines = [f"  {key:<6} = {{{value}}}," for key, value in fields.items() if value]
    return "\n".join([f"@misc{{{words[0]}{year},", *lines, "}"])
