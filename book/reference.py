"""Turn the library's docstrings into MyST Markdown for the page `book/api.md`."""

import inspect
import re
from dataclasses import dataclass

SECTIONS = ("Parameters", "Returns", "Raises", "Notes", "Examples")


@dataclass
class Docstring:
    """A numpydoc docstring: the text before its first section, and the sections by name."""

    opening: str
    sections: dict


def read(thing):
    """Split the docstring of a function or class into its opening and its sections."""
    text = inspect.getdoc(thing) or ""
    pieces = re.split(rf"^({'|'.join(SECTIONS)})\n-+\n", text, flags=re.M)
    return Docstring(pieces[0].strip(), dict(zip(pieces[1::2], pieces[2::2], strict=True)))


def markdown(text, ids=()):
    """Write the docstrings' reStructuredText as MyST: code, formulas, examples, equation ids."""
    text = re.sub(r"^\.\. math::\s*(.+?)(?=\n\S|\Z)", _display, text, flags=re.S | re.M)
    text = re.sub(r":math:`(.+?)`", lambda m: f"${' '.join(m[1].split())}$", text, flags=re.S)
    text = re.sub(r"``(.+?)``", lambda m: _code(m[1], ids), text)
    return re.sub(r"((?:^>>> .*\n?(?:^(?!>>>).+\n?)*)+)", r"```pycon\n\1\n```\n", text, flags=re.M)


def _display(found):
    return f"$$\n{' '.join(found[1].split())}\n$$\n"


def _code(text, ids):
    return f"{{ref}}`{text} <registry-{text}>`" if text in ids else f"`{text}`"


def items(section, ids=()):
    """Write a section of names and types, each with an indented explanation, as a list."""
    lines = []
    for found in re.finditer(r"^(\S.*)\n?((?:^[ \t]+.*\n?|^\n)*)", section, flags=re.M):
        names, _, kind = found[1].partition(" : ")
        body = " ".join(found[2].split())
        named = ", ".join(f"`{name.strip()}`" for name in names.split(",")) if kind or body else names
        lines.append(f"- {named}" + f" *{kind}*" * bool(kind) + f": {markdown(body, ids)}" * bool(body))
    return "\n".join(lines)


def describe(thing, ids=()):
    """Write the whole docstring of a function or class."""
    doc = read(thing)
    parts = [markdown(doc.opening, ids)]
    for name, text in doc.sections.items():
        listed = name in ("Parameters", "Returns", "Raises")
        parts.append(f"**{name}**\n\n" + (items(text, ids) if listed else markdown(text, ids)))
    return "\n\n".join(parts)


def entry(name, thing, ids=()):
    """Write one public name with its signature as an entry that the index and the search can find."""
    kind = "class" if inspect.isclass(thing) else "function"
    signature = re.sub(r" -> .*$", "", str(inspect.signature(thing)))
    body = describe(thing, ids)
    fence = ":" * 4
    return f"{fence}{{py:{kind}}} cnnlib.{name}{signature}\n\n{body}\n{fence}\n"


def entries(library, *modules, ids=()):
    """Write every public name of the library that these modules define, in the order of their source."""
    things = {name: getattr(library, name) for name in library.__all__}
    things = {name: thing for name, thing in things.items() if thing.__module__ in modules}

    def place(name):
        return modules.index(things[name].__module__), inspect.getsourcelines(things[name])[1]

    return "\n".join(entry(name, things[name], ids) for name in sorted(things, key=place))
