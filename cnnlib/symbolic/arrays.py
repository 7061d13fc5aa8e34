"""Arrays of SymPy expressions: make them, differentiate by them, compare them exactly."""

from itertools import product

import numpy as np
import sympy


def symbol_array(name, shape, **assumptions):
    """Fill an array with one SymPy symbol per entry, called after its indices.

    Parameters
    ----------
    name : str
    shape : int or tuple of int
    **assumptions
        Passed to ``sympy.Symbol``, such as ``positive=True``.

    Returns
    -------
    symbols : ndarray of object
        Leading axes of length 1 leave no trace in the names, so a single map reads ``x_00, x_01, …``. Indices
        of two digits are set apart by commas.

    Examples
    --------
    >>> symbol_array("x", (1, 1, 2, 2))[0, 0]
    array([[x_00, x_01],
           [x_10, x_11]], dtype=object)
    """
    symbols = np.empty(shape, dtype=object)
    lengths = symbols.shape
    while len(lengths) > 2 and lengths[0] == 1:
        lengths = lengths[1:]
    separator = "," if any(length > 10 for length in lengths) else ""
    for at in product(*map(range, symbols.shape)):
        indices = separator.join(map(str, at[symbols.ndim - len(lengths) :]))
        symbols[at] = sympy.Symbol(f"{name}_{indices}", **assumptions)
    return symbols


def gradient(scalar, array):
    """Differentiate a scalar expression by every entry of an array of symbols.

    Examples
    --------
    >>> x = symbol_array("x", (2,))
    >>> gradient(x[0] ** 2 * x[1], x)
    array([2*x_0*x_1, x_0**2], dtype=object)
    """
    scalar = sympy.sympify(scalar)
    derivatives = np.empty(np.shape(array), dtype=object)
    for at in np.ndindex(derivatives.shape):
        derivatives[at] = scalar.diff(array[at])
    return derivatives


def inner(a, b):
    """Sum the entrywise products of two arrays of one shape: the inner product ⟨a, b⟩.

    Examples
    --------
    >>> inner(np.array([1, 2]), symbol_array("x", (2,)))
    x_0 + 2*x_1
    """
    if np.shape(a) != np.shape(b):
        raise ValueError(f"inner needs two arrays of one shape, got {np.shape(a)} and {np.shape(b)}")
    return sympy.Add(*(np.asarray(a, dtype=object) * np.asarray(b, dtype=object)).flat)


def assert_identical(a, b):
    """Raise AssertionError unless `a` and `b` are equal, entry by entry, as algebraic expressions.

    The message names the first entry that differs. Sums and products are expanded and pending derivatives
    carried out before comparing; no numbers are substituted.

    Examples
    --------
    >>> x = symbol_array("x", (2,))
    >>> assert_identical((x + 1) ** 2, x**2 + 2 * x + 1)
    """
    a, b = np.asarray(a, dtype=object), np.asarray(b, dtype=object)
    if a.shape != b.shape:
        raise AssertionError(f"shapes differ: {a.shape} and {b.shape}")
    for at in np.ndindex(a.shape):
        if sympy.expand(sympy.sympify(a[at] - b[at]).doit()) != 0:
            place = f"entry {at}" if at else "the value"
            raise AssertionError(f"{place} differs: {a[at]} is not {b[at]}")
