"""A single unit: the perceptron's rule, logistic regression, and whether a line exists at all."""

from fractions import Fraction
from itertools import combinations, product

import numpy as np

from cnnlib.activations import sigmoid
from cnnlib.windows import require_array


def perceptron_update(x, t, w, b, *, lr=1):
    r"""Correct a threshold unit after one sample, if it was wrong.

    Parameters
    ----------
    x : ndarray of shape (D,)
        One input.
    t : +1 or -1
        Its label.
    w : ndarray of shape (D,)
    b : number
        Weights and bias; integers and fractions stay exact.
    lr : number
        Step size :math:`\eta`.

    Returns
    -------
    w : ndarray of shape (D,)
    b : number
        As they were if ``t * (w @ x + b) > 0``, that is, if the sample lies on its own side of the line.

    Raises
    ------
    TypeError, ValueError
        If `x` and `w` are not arrays of one shape, or `t` is neither 1 nor -1.

    Notes
    -----
    Equation ``perceptron-update``: :math:`w \leftarrow w + \eta t x, \; b \leftarrow b + \eta t`, a step
    against the gradient of the criterion :math:`-t(w^\top x + b)` (``perceptron-criterion``).

    Examples
    --------
    >>> perceptron_update(np.array([1, 0]), -1, np.array([1, 1]), 0)
    (array([0, 1]), -1)
    """
    if require_array("x", x).shape != require_array("w", w).shape or x.ndim != 1:
        raise ValueError(f"x and w must have one shape (D,), got {x.shape} and {w.shape}")
    if t not in (1, -1):
        raise ValueError(f"t must be 1 or -1, got {t!r}")
    if t * (x @ w + b) > 0:
        return w, b
    return w + lr * t * x, b + lr * t  # perceptron-update


def learn(x, t, *, lr=1, passes=1000):
    """Start from zero and correct the unit sample by sample, until a whole pass needs no correction.

    Parameters
    ----------
    x : ndarray of shape (N, D)
    t : sequence of N labels, +1 or -1
    lr : number
    passes : int
        When to give up.

    Returns
    -------
    w : ndarray of shape (D,)
    b : number
    clean : int or None
        Index, from 0, of the first pass without a correction; None if there was none.

    Examples
    --------
    >>> learn(np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), [-1, -1, -1, 1])
    (array([3, 2]), -4, 8)
    """
    w, b = x[0] * 0, 0
    for index in range(passes):
        if (np.asarray(t) * (x @ w + b) > 0).all():
            return w, b, index
        for sample, label in zip(x, t, strict=True):
            w, b = perceptron_update(sample, label, w, b, lr=lr)
    return w, b, None


def logistic_gradient(x, t, w, b):
    r"""Return the gradient of the mean cross-entropy of a sigmoid unit.

    Parameters
    ----------
    x : ndarray of shape (N, D)
    t : ndarray of shape (N,)
        Labels 0 and 1, or probabilities of the label 1.
    w : ndarray of shape (D,)
    b : number

    Returns
    -------
    dw : ndarray of shape (D,)
    db : number

    Raises
    ------
    TypeError, ValueError
        If shapes disagree.

    Notes
    -----
    Equation ``logistic-grad``: :math:`(y - t)x` and :math:`y - t`, averaged over the samples.

    Examples
    --------
    >>> logistic_gradient(np.array([[2.0, 4.0]]), np.array([1.0]), np.array([0.0, 0.0]), 0.0)
    (array([-1., -2.]), np.float64(-0.5))
    """
    shapes = [require_array(name, a).shape for name, a in (("x", x), ("t", t), ("w", w))]
    if x.ndim != 2 or len(x) == 0 or shapes[1:] != [x.shape[:1], x.shape[1:]]:
        raise ValueError(
            "x, t and w must have shapes (N, D), (N,) and (D,), got " + ", ".join(map(str, shapes))
        )
    dz = (sigmoid(x @ w + b) - t) / len(x)
    return dz @ x, dz.sum()  # logistic-grad


def obstacle(x, t):
    """Say why no line separates two kinds of points of the plane; None if one does.

    A line has the points of one label strictly on one side if and only if the convex hulls of the two kinds
    have no point in common. If they have one, at most four of the points show it (Kirchberger, 1903).

    Parameters
    ----------
    x : sequence of N pairs of numbers
        Whole numbers, fractions and floats are all taken at their exact value.
    t : sequence of N labels, +1 or -1

    Returns
    -------
    witness : tuple of two tuples of int, or None
        Numbers of points of the one and of the other label: a point and a point equal to it, a point and
        a segment it lies on, two segments that cross, or a point and a triangle around it.

    Examples
    --------
    >>> obstacle([(0, 0), (0, 1), (1, 0), (1, 1)], [-1, 1, 1, -1])
    ((0, 3), (1, 2))
    """
    points = [tuple(Fraction(value) for value in point) for point in x]
    kinds = [[i for i, label in enumerate(t) if label == sign] for sign in (-1, 1)]
    for few, many in ((1, 1), (1, 2), (2, 2), (1, 3)):
        for one, other in (kinds, kinds[::-1]):
            for a, b in product(combinations(one, few), combinations(other, many)):
                if _meet([points[i] for i in a], [points[i] for i in b]):
                    return a, b
    return None


def _meet(a, b):
    """Whether a point or segment `a` meets the point, segment or triangle `b`, corners included."""
    if len(a) == len(b) == 1:
        return a == b
    if len(a) == len(b) == 2:  # properly: the ends of each on both sides of the other
        return _turn(*a, b[0]) * _turn(*a, b[1]) < 0 and _turn(*b, a[0]) * _turn(*b, a[1]) < 0
    turns = [_turn(b[i], b[(i + 1) % len(b)], a[0]) for i in range(len(b))]
    if any(turns):
        return len(b) == 3 and (min(turns) >= 0 or max(turns) <= 0) and _turn(*b) != 0
    return all(min(u) <= v <= max(u) for u, v in zip(zip(*b, strict=True), a[0], strict=True))


def _turn(p, q, r):
    """Twice the signed area of a triangle: positive if it runs anticlockwise."""
    return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
