"""The widget at the end of each chapter: questions whose answer is a number, a row or a grid."""

from html import escape

import traitlets

from cnnlib.widgets.base import Widget, table_html
from cnnlib.widgets.compose import compose
from cnnlib.widgets.questions import LARGEST, SHAPES, question


class Quiz(Widget):
    """Ask for numbers, rows and grids, and say what kind of mistake a wrong answer looks like.

    Traits are the widget's whole state; a new list of `questions` starts the sheet afresh.

    Parameters
    ----------
    questions : list of dict
        One to six questions, each made by `question`.
    typed, checked : list
        For each question, rows of texts: as they stand, and as they stood at the last check (or None).
    sizes : list of [rows, columns]
        What the reader chose where the size is asked; 0 is no choice yet.
    tries, hints : list of int
        How often each answer was judged, and how many hints are shown.
    opened : list of bool
        Whether the solution is shown.

    Raises
    ------
    traitlets.TraitError
        If a value is not of the kind above, with a sentence.
    """

    _esm = compose("quiz")
    starting = ("typed", "checked", "sizes", "tries", "hints", "opened")

    questions = traitlets.List().tag(sync=True)
    typed = traitlets.List().tag(sync=True)
    checked = traitlets.List().tag(sync=True)
    sizes = traitlets.List().tag(sync=True)
    tries = traitlets.List().tag(sync=True)
    hints = traitlets.List().tag(sync=True)
    opened = traitlets.List().tag(sync=True)

    def __init__(self, questions, **traits):
        super().__init__(questions=questions, **traits)

    @traitlets.validate("questions")
    def _questions_are_sound(self, proposal):
        asked = proposal.value
        if not 1 <= len(asked) <= 6:
            raise traitlets.TraitError(f"questions must hold 1 to 6 questions; {len(asked)} came")
        return [_sound(k, entry) for k, entry in enumerate(asked)]

    @traitlets.observe("questions")
    def _start_afresh(self, _):
        with self.hold_trait_notifications():
            for name, value in self._blank().items():
                setattr(self, name, value)
        self.initial = self._blank()

    @traitlets.validate("typed", "checked", "sizes", "tries", "hints", "opened")
    def _one_entry_per_question(self, proposal):
        name, value = proposal.trait.name, proposal.value
        if len(value) != len(self.questions) or not all(FITS[name](entry) for entry in value):
            raise traitlets.TraitError(
                f"{name} must hold {EXPECTED[name]} for each of the {len(self.questions)} questions; "
                f"came {value!r}"
            )
        return value

    def _blank(self):
        empty = [
            [] if q["size_asked"] else [["" for _ in row] for row in q["answer"]] for q in self.questions
        ]
        count = len(self.questions)
        return dict(typed=empty, checked=[None] * count, sizes=[[0, 0]] * count,
                    tries=[0] * count, hints=[0] * count, opened=[False] * count)  # fmt: skip

    def static_html(self):
        asked = "".join(
            f"<li>{escape(q['ask'])}" + "".join(_table(g["name"], g["values"]) for g in q["given"]) + "</li>"
            for q in self.questions
        )
        solved = "".join(
            f"<li>{_table('answer', q['answer'])}{escape(q['solution'])}</li>" for q in self.questions
        )
        return (
            f"<ol>{asked}</ol><figcaption>Where JavaScript runs, answers are typed here and checked."
            f"<br><small>Solutions:</small></figcaption><small><ol>{solved}</ol></small>"
        )


def _is_grid(value):
    return isinstance(value, list) and all(
        isinstance(row, list) and len(row) <= LARGEST and all(isinstance(text, str) for text in row)
        for row in value
    )


def _is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


FITS = {
    "typed": _is_grid,
    "checked": lambda value: value is None or _is_grid(value),
    "sizes": lambda v: isinstance(v, list) and len(v) == 2 and all(n in range(LARGEST + 1) for n in v),
    "tries": _is_count,
    "hints": _is_count,
    "opened": lambda value: isinstance(value, bool),
}
EXPECTED = {
    "typed": "rows of texts",
    "checked": "rows of texts or None",
    "sizes": f"two whole numbers from 0 to {LARGEST}",
    "tries": "a whole number",
    "hints": "a whole number",
    "opened": "True or False",
}


def _sound(k, entry):
    """Rebuild a question from its dictionary, so that what is wrong with it is said."""
    if not isinstance(entry, dict):
        raise traitlets.TraitError(
            f"questions[{k}] must be a dictionary as question() makes it; came {entry!r}"
        )
    shape, entry = entry.get("shape", "grid"), {name: v for name, v in entry.items() if name != "shape"}
    try:
        for name, key in (("given", "name"), ("wrong", "says")):
            if isinstance(entry.get(name), list):
                entry[name] = {item[key]: item["values"] for item in entry[name]}
        return question(**entry) | ({"shape": shape} if shape in SHAPES else {})
    except (TypeError, ValueError, KeyError) as error:
        raise traitlets.TraitError(f"questions[{k}] is not as question() makes it: {error}") from None


def _table(name, values):
    return table_html(_kind(name), name, values)


def _kind(name):
    """Choose the colour of a quantity from its first letter."""
    for kind, letters in (("x", "xX"), ("w", "wWKkΘθβ"), ("y", "yYzZpP")):
        if name[0] in letters:
            return kind
    return "d" if name[0] in "δγΔΓd" else "x"
