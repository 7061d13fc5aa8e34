"""What all widgets share: matrices as traits, one style sheet, a picture for pages without JavaScript."""

import math
from html import escape
from pathlib import Path

import anywidget
import numpy as np
import traitlets
from IPython.display import HTML, display

LIMIT = 999
STYLE = (Path(__file__).parent / "theme.css").read_text(encoding="utf-8")


def number(value):
    """Whether a value is a finite number, and no truth value."""
    kinds = int | float | np.integer | np.floating
    return isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)


def axes(value):
    """Return how many axes nested lists have; none if their rows differ in length."""
    try:
        return np.ndim(value)
    except ValueError:
        return 0


class Whole(traitlets.Int):
    """A whole number; True and False are none."""

    def validate(self, obj, value):
        if isinstance(value, bool):
            self.error(obj, value)
        return super().validate(obj, value)


class Number(traitlets.Float):
    """A finite number."""

    def validate(self, obj, value):
        if not number(value):
            span = f" from {self.min:g} to {self.max:g}" if math.isfinite(self.max - self.min) else ""
            wanted = f"{self.name} must be a number{span.replace('-', '−')}"
            raise traitlets.TraitError(f"{wanted}; came {value!r}")
        return super().validate(obj, value)


class Choice(traitlets.Enum):
    """One of a few names or whole numbers; an array is never asked whether it equals one."""

    def validate(self, obj, value):
        if not isinstance(value, str | int) or isinstance(value, bool):
            self.error(obj, value)
        return super().validate(obj, value)


class Matrix(traitlets.TraitType):
    """A square matrix of finite numbers, kept as rows; arrays are welcome."""

    info_text = "a square matrix of numbers"

    def __init__(self, largest, **metadata):
        super().__init__([[1]], **metadata)
        self.largest = largest

    def validate(self, obj, value):
        array = np.asarray(value if value is not None else "nothing", dtype=object)
        expected = f"{self.name} must be a square matrix of at most {self.largest} × {self.largest} numbers"
        if array.ndim != 2 or array.shape[0] != array.shape[1] or not 1 <= len(array) <= self.largest:
            raise traitlets.TraitError(f"{expected}; came something of shape {array.shape}")
        for entry in array.flat:
            if isinstance(entry, bool | np.bool_) or not isinstance(
                entry, int | float | np.integer | np.floating
            ):
                raise traitlets.TraitError(f"{expected}; came the entry {entry!r}")
            if not math.isfinite(entry) or abs(entry) > LIMIT:
                raise traitlets.TraitError(
                    f"{self.name} must hold numbers from −{LIMIT} to {LIMIT}; came {entry!r}"
                )
        return [[entry.item() if isinstance(entry, np.generic) else entry for entry in row] for row in array]


def counting(size):
    """Return the rows 1, 2, 3, … of a square matrix."""
    return [[i * size + j + 1 for j in range(size)] for i in range(size)]


def resize(rows, size):
    """Fit a square matrix to a size: counting stays counting, others keep their corner and gain zeros."""
    if len(rows) == size:
        return rows
    if rows == counting(len(rows)):
        return counting(size)
    inside = range(len(rows))
    return [[rows[i][j] if i in inside and j in inside else 0 for j in range(size)] for i in range(size)]


def agree(traits, name, size_name, default):
    """Make a matrix and its size trait agree before either is set: one follows from the other."""
    matrix, size = traits[name], traits.get(size_name, default)
    if matrix is None:
        traits[name] = counting(size if isinstance(size, int) and 0 < size < 10 else default)
    elif hasattr(matrix, "__len__") and traits.setdefault(size_name, len(matrix)) != len(matrix):
        raise traitlets.TraitError(f"{size_name} must be {len(matrix)}, the size of {name}; came {size!r}")
    return {name: traits.pop(name), **traits}  # the matrix first, so that its own complaint comes first


class Widget(anywidget.AnyWidget):
    """An anywidget that leaves a static picture where JavaScript does not run."""

    _css = STYLE
    initial = traitlets.Dict().tag(sync=True)

    def __init__(self, **traits):
        known = {name for name in self.trait_names(sync=True) if not name.startswith("_")}
        for name in traits:
            if name not in known:
                raise TypeError(
                    f"{type(self).__name__} has no trait {name!r}; it has {', '.join(sorted(known))}"
                )
        super().__init__(**traits)
        self.settle()
        self.initial = {name: getattr(self, name) for name in self.starting}

    starting = ()

    def settle(self):
        """Bring traits that depend on others into step, once all are set."""

    def _ipython_display_(self):
        bundle = self._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        display(data, metadata=metadata, raw=True)
        display(HTML(f'<noscript><figure class="cnn-static">{self.static_html()}</figure></noscript>'))

    def static_html(self):
        """Return the picture of the present state as HTML tables."""
        raise NotImplementedError


def table_html(kind, caption, values, picked=None):
    """Return one matrix as an HTML table; `picked` is the position to mark."""
    body = ""
    for i, row in enumerate(values):
        cells = ""
        for j, value in enumerate(row):
            mark = ' class="picked"' if (i, j) == picked else ""
            cells += f"<td{mark}>{escape(f'{value:g}'.replace('-', '−'))}</td>"
        body += f"<tr>{cells}</tr>"
    return f'<table class="{kind}"><caption>{escape(caption)}</caption><tbody>{body}</tbody></table>'
