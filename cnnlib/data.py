"""Small pictures to learn from: real digits that ship with scikit-learn, and drawn 6×6 glyphs."""

from numbers import Real

import numpy as np

from cnnlib.checks import brief
from cnnlib.initial import require_floating, require_generator
from cnnlib.windows import require_array, require_int

GLYPHS = {
    1: ("..#...", ".##...", "..#...", "..#...", "..#...", ".###.."),
    2: (".###..", "#...#.", "...#..", "..#...", ".#....", "#####."),
    3: ("####..", "....#.", "..##..", "....#.", "#...#.", ".###.."),
}


def load_digits(dtype=np.float32):
    """Load the 1797 handwritten digits of scikit-learn.

    Parameters
    ----------
    dtype : floating dtype
        Of the images.

    Returns
    -------
    x : ndarray of shape (1797, 1, 8, 8)
        Ink in sixteenths, from 0 to 1.
    t : ndarray of int64 of shape (1797,)
        The digit shown.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.

    Notes
    -----
    Optical Recognition of Handwritten Digits, test part (Alpaydin & Kaynak, 1998).

    Examples
    --------
    >>> x, t = load_digits()
    >>> x.shape, t[:5]
    ((1797, 1, 8, 8), array([0, 1, 2, 3, 4]))
    """
    try:
        from sklearn.datasets import load_digits as load
    except ImportError as error:
        raise ImportError("the digits ship with scikit-learn: pip install scikit-learn") from error
    require_floating(dtype)
    digits = load()
    return (digits.images[:, None] / 16).astype(dtype), digits.target.astype(np.int64)


def stratified_split(t, test_size, rng):
    """Divide samples at random into training and test, so that every class has its share in both.

    Parameters
    ----------
    t : ndarray of int of shape (samples,)
        Class of each sample.
    test_size : int
        Number of test samples.
    rng : numpy.random.Generator

    Returns
    -------
    train, test : ndarray of int
        Indices, each in random order.

    Raises
    ------
    TypeError, ValueError
        If `t` does not list classes, or `test_size` leaves one part empty.

    Notes
    -----
    A class with n of the N samples gets ``n * test_size / N`` of the test, rounded down; the samples still
    missing come from the classes with the largest remainders, of equal ones the first.

    Examples
    --------
    >>> train, test = stratified_split(np.array([0, 0, 0, 0, 1, 1]), 3, np.random.default_rng(0))
    >>> sorted(np.array([0, 0, 0, 0, 1, 1])[test].tolist())
    [0, 0, 1]
    """
    if require_array("t", t, ("samples",)).dtype.kind not in "iu":
        raise TypeError(f"t must hold integer classes, got dtype {t.dtype}")
    if require_int("test_size", test_size, 1) >= len(t):
        raise ValueError(f"test_size must leave samples to train on: {len(t)} samples, got {test_size}")
    require_generator(rng)
    classes, counts = np.unique(t, return_counts=True)
    shares, remainders = np.divmod(counts * test_size, len(t))
    shares[np.argsort(-remainders, kind="stable")[: test_size - shares.sum()]] += 1
    test = [rng.permutation(np.flatnonzero(t == c))[:n] for c, n in zip(classes, shares, strict=True)]
    test = rng.permutation(np.concatenate(test))
    return rng.permutation(np.setdiff1d(np.arange(len(t)), test)), test


def split_digits(rng, *, test_size=360, dtype=np.float32):
    """Load the digits, divided into 1437 to train on and 360 to test, with equal shares of every digit.

    Returns
    -------
    x_train, t_train, x_test, t_test : ndarray
        As `load_digits` gives them.

    Examples
    --------
    >>> x_train, t_train, x_test, t_test = split_digits(np.random.default_rng(0))
    >>> x_train.shape, x_test.shape
    ((1437, 1, 8, 8), (360, 1, 8, 8))
    """
    x, t = load_digits(dtype)
    train, test = stratified_split(t, test_size, rng)
    return x[train], t[train], x[test], t[test]


def draw_glyphs(samples, rng, *, noise=0.05, dtype=np.float32):
    """Draw 6×6 pictures of the digits 1, 2 and 3, shifted where there is room, with some pixels flipped.

    Parameters
    ----------
    samples : int
        Number of pictures.
    rng : numpy.random.Generator
    noise : float
        Probability that a pixel is flipped.
    dtype : floating dtype
        Of the pictures.

    Returns
    -------
    x : ndarray of shape (samples, 1, 6, 6)
        Pixels 0 and 1.
    t : ndarray of int of shape (samples,)
        Class 0, 1 or 2, for the digits 1, 2 and 3.

    Raises
    ------
    TypeError, ValueError
        If `samples` is not a positive int, or `noise` not in [0, 1].

    Examples
    --------
    >>> x, t = draw_glyphs(100, np.random.default_rng(0))
    >>> x.shape, sorted(set(t.tolist()))
    ((100, 1, 6, 6), [0, 1, 2])
    """
    require_floating(dtype)
    if not isinstance(noise, Real) or isinstance(noise, bool):
        raise TypeError(f"noise must be a number, got {brief(noise)}")
    if not 0 <= noise <= 1:
        raise ValueError(f"noise must be a probability from 0 to 1, got {noise}")
    shapes = np.array([[[pixel == "#" for pixel in row] for row in GLYPHS[digit]] for digit in (1, 2, 3)])
    t = require_generator(rng).integers(len(shapes), size=require_int("samples", samples, 1))
    right = rng.integers(2, size=(samples, 1, 1)).astype(bool)  # the last column of every glyph is free
    ink = np.where(right, np.roll(shapes[t], 1, axis=2), shapes[t])
    flipped = rng.random(ink.shape) < noise
    return (ink ^ flipped)[:, None].astype(dtype), t
