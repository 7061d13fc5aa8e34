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


def signature(thing):
    """Write the arguments of a function or class, with defaults as a reader would type them."""
    text = re.sub(r" -> .*$", "", str(inspect.signature(thing)))
    text = re.sub(r"<function (\w+) at 0x[0-9a-f]+>", r"\1", text)
    return re.sub(r"<class '([\w.]+)'>", r"\1", text)


def entry(name, thing, ids=()):
    """Write one public name with its signature as an entry that the index and the search can find."""
    kind = "class" if inspect.isclass(thing) else "function"
    return f"::::{{py:{kind}}} {name}{signature(thing)}\n\n{describe(thing, ids)}\n::::\n"


def entries(public, *modules, ids=()):
    """Write what these modules define and the module `public` offers, in the order of their source.

    A module without `__all__` offers every function and class it defines whose name has no underscore.
    """
    offered = getattr(public, "__all__", [name for name in vars(public) if not name.startswith("_")])
    things = {name: getattr(public, name) for name in offered}
    modules = modules or (public.__name__,)
    things = {name: thing for name, thing in things.items() if getattr(thing, "__module__", "") in modules}

    def place(name):
        return modules.index(things[name].__module__), inspect.getsourcelines(things[name])[1]

    return "\n".join(
        entry(f"{public.__name__}.{name}", things[name], ids) for name in sorted(things, key=place)
    )
