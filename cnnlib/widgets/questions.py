"""Questions of a `Quiz`, made from arrays and checked before a reader sees them."""

from numbers import Real

import numpy as np

LARGEST = 6
NEAR = 1e-9
SHAPES = ("number", "row", "grid")


def question(ask, answer, *, solution, given=None, wrong=None, hints=(), size_asked=False, digits=None):
    """Make one question of a `Quiz` from arrays.

    Parameters
    ----------
    ask, solution : str
        What is asked, and how the answer comes about.
    answer : number or array of shape (columns,) or (rows, columns)
        The right answer, at most 6 × 6.
    given : dict of str to number or array, optional
        What the reader is given, by name: ``{"x": x, "K": w}``. The first letter chooses the colour.
    wrong : dict of str to number or array, optional
        Answers that known mistakes give, by the sentence that names the mistake.
    hints : sequence of str
        Shown one more at each press.
    size_asked : bool
        Whether the reader has to say first how many rows and columns the answer has.
    digits : int, optional
        So many decimals are enough; without it the answer has to be exact (fractions are welcome).

    Returns
    -------
    question : dict
        An entry for ``Quiz(questions=[…])``.

    Raises
    ------
    TypeError
        If a text is not a string, or an answer holds something that is not a number.
    ValueError
        If an array is empty, larger than 6 × 6 or not finite, or a wrong answer is right.

    Examples
    --------
    >>> import numpy as np
    >>> from cnnlib import rot180
    >>> K = np.array([[1, 2], [3, 4]])
    >>> made = question("Turn K by 180°.", rot180(K), given={"K": K}, wrong={"That is K itself.": K},
    ...                 solution="Both axes are reversed.")
    >>> made["answer"], made["shape"]
    ([[4, 3], [2, 1]], 'grid')
    """
    for name, text in (("ask", ask), ("solution", solution)):
        _text(name, text)
    if isinstance(hints, str):
        raise TypeError(f"hints must be a list of sentences, got the single text {hints!r}")
    for k, hint in enumerate(hints):
        _text(f"hints[{k}]", hint)
    if digits is not None and (isinstance(digits, bool) or digits not in range(1, 9)):
        raise ValueError(f"digits must be None or a whole number from 1 to 8, got {digits!r}")
    rows = _rows("answer", answer)
    known = [{"says": _text("wrong", says), "values": _rows("wrong", v)} for says, v in (wrong or {}).items()]
    for other in known:
        if _same(other["values"], rows, digits):
            raise ValueError(f"wrong must differ from the answer; “{other['says']}” gives the answer {rows}")
    named = [{"name": _text("given", n), "values": _rows("given", v)} for n, v in (given or {}).items()]
    return dict(
        ask=ask, answer=rows, shape=SHAPES[np.ndim(answer)], given=named, wrong=known,
        hints=list(hints), solution=solution, size_asked=bool(size_asked), digits=digits,
    )  # fmt: skip


def _text(name, text):
    if not isinstance(text, str) or not text.strip():
        raise TypeError(f"{name} must be a sentence, got {text!r}")
    return text


def _rows(name, values):
    """Turn a number or an array into rows of plain numbers."""
    array = np.asarray(values, dtype=object)
    if array.ndim > 2 or array.size == 0 or max(array.shape, default=1) > LARGEST:
        raise ValueError(
            f"{name} must be a number, a row or a grid of at most {LARGEST} × {LARGEST}, "
            f"got shape {array.shape}"
        )
    for entry in array.flat:
        if isinstance(entry, bool | np.bool_) or not isinstance(entry, Real):
            raise TypeError(f"{name} must hold real numbers, got {entry!r}")
        if not np.isfinite(float(entry)):
            raise ValueError(f"{name} must hold finite numbers, got {entry!r}")
    return [[_plain(entry) for entry in row] for row in np.atleast_2d(array)]


def _plain(entry):
    value = float(entry)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _same(a, b, digits):
    """Agree as the page's judge does: to rounding errors, or to so many decimals."""
    a, b = np.array(a, float), np.array(b, float)
    if a.shape != b.shape:
        return False
    allowed = NEAR * np.maximum(1, abs(b)) if digits is None else 0.5000001 * 10.0**-digits
    return bool((abs(a - b) <= allowed).all())
