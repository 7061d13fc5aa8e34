"""Join a widget's JavaScript modules into the one module text that a notebook loads."""

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "js"
_IMPORT = re.compile(r'^import \{ [\w, ]+ \} from "\./(\w+)\.mjs";\n', re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*(//[^\n]*|/\*\*.*?\*/)\n", re.MULTILINE | re.DOTALL)
_REMARK = re.compile(r"(?<=[;,{}()\[\]]) {2,}// [^\n\"`]*$", re.MULTILINE)


@cache
def compose(name):
    """Return the source of ``js/<name>.mjs`` with its local imports written in.

    A notebook imports the text from a Blob, where relative imports cannot be
    resolved. Each local module is included once, before the first module that
    needs it; only the widget itself keeps its exports. Lines that hold nothing
    but a comment are dropped, remarks at the end of a line too, and indentation
    shrinks to one space, since each widget on a page repeats the text. (No
    template literal may span lines.)

    Parameters
    ----------
    name : str
        The widget's file name without its ending.

    Returns
    -------
    str
        One JavaScript module without imports.

    Raises
    ------
    ValueError
        If the file, or a module it imports, does not exist, or if an import is
        not a one-line named import of a local module.
    """
    parts = []
    _collect(name, parts, set())
    return "\n".join(parts)


def _collect(name, parts, seen):
    path = FOLDER / f"{name}.mjs"
    if not path.is_file():
        raise ValueError(f"compose expected a module {name}.mjs beside the other widgets; there is none")
    seen.add(name)
    source = path.read_text(encoding="utf-8")
    for imported in _IMPORT.findall(source):
        if imported not in seen:
            _collect(imported, parts, seen)
    body = _IMPORT.sub("", source)
    if re.search(r"^import ", body, re.MULTILINE):
        raise ValueError(
            f'{name}.mjs: expected one-line imports such as import {{ a, b }} from "./tensor.mjs";'
        )
    body = re.sub(r"^export (?!default)", "", _REMARK.sub("", _COMMENT.sub("", body)), flags=re.MULTILINE)
    body = re.sub(r"^ +", " ", body, flags=re.MULTILINE)
    parts.append(body.strip() + "\n")
