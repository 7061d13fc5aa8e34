"""The pictures: what they are, how they are divided, and that nothing heavy loads before they are wanted."""

import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits as original

from cnnlib.data import GLYPHS, draw_glyphs, load_digits, split_digits, stratified_split


def rng(seed=0):
    return np.random.default_rng(seed)


def test_digits_are_those_of_scikit_learn():
    x, t = load_digits()
    assert x.shape == (1797, 1, 8, 8) and x.dtype == np.float32 and t.dtype == np.int64
    assert x.min() == 0 and x.max() == 1 and np.array_equal(x[:, 0] * 16, original().images)
    assert np.array_equal(t, original().target) and load_digits(np.float64)[0].dtype == np.float64


def test_the_split_is_a_partition_with_equal_shares():
    x, t, x_test, t_test = split_digits(rng())
    assert (
        x.shape == (1437, 1, 8, 8)
        and x_test.shape == (360, 1, 8, 8)
        and len(t) == 1437
        and len(t_test) == 360
    )
    whole, _ = load_digits()
    assert sorted(map(bytes, np.concatenate([x, x_test]))) == sorted(map(bytes, whole))
    shares = np.bincount(t_test) / np.bincount(np.concatenate([t, t_test]))
    assert (
        np.abs(
            shares * np.bincount(np.concatenate([t, t_test])) - np.bincount(load_digits()[1]) * 360 / 1797
        ).max()
        < 1
    )


def test_images_and_labels_stay_together():
    whole, digits = load_digits()
    known = dict(zip(map(bytes, whole), digits, strict=True))
    for seed in (0, 1):
        x, t, x_test, t_test = split_digits(rng(seed))
        assert [known[bytes(image)] for image in x] == t.tolist()
        assert [known[bytes(image)] for image in x_test] == t_test.tolist()


def test_splits_follow_the_seed_and_are_in_random_order():
    first, again, other = (split_digits(rng(seed))[3] for seed in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert (np.diff(first) < 0).any() and (np.diff(split_digits(rng())[1]) < 0).any()


@settings(max_examples=100, deadline=None)
@given(
    counts=st.lists(st.integers(1, 30), min_size=1, max_size=6),
    part=st.floats(0.01, 0.99),
    seed=st.integers(0, 99),
)
def test_each_class_gets_its_share_to_within_one(counts, part, seed):
    t = rng(seed).permutation(np.repeat(np.arange(len(counts)) * 3, counts))
    if len(t) < 2:
        return
    test_size = min(max(1, int(part * len(t))), len(t) - 1)
    train, test = stratified_split(t, test_size, rng(seed))
    assert sorted([*train, *test]) == list(range(len(t))) and len(test) == test_size
    for k, n in enumerate(counts):
        assert abs((t[test] == 3 * k).sum() - n * test_size / len(t)) < 1


def test_glyphs_without_noise_are_the_drawings_or_one_pixel_to_the_right():
    x, t = draw_glyphs(200, rng(), noise=0)
    drawn = {
        digit: np.array([[pixel == "#" for pixel in row] for row in rows]) for digit, rows in GLYPHS.items()
    }
    shifts = set()
    for image, label in zip(x[:, 0], t, strict=True):
        right = np.pad(drawn[label + 1], ((0, 0), (1, 0)))[:, :-1]
        shifts.add((int(label), bool((image == right).all())))
        assert (image == drawn[label + 1]).all() or (image == right).all()
    assert len(shifts) == 6  # three digits, shifted and not
    assert x.shape == (200, 1, 6, 6) and x.dtype == np.float32 and set(t) == {0, 1, 2}


def test_noise_flips_pixels_at_its_rate():
    clean, noisy = draw_glyphs(2000, rng(), noise=0)[0], draw_glyphs(2000, rng(), noise=0.1)[0]
    assert abs((clean != noisy).mean() - 0.1) < 0.005 and set(np.unique(noisy)) == {0, 1}
    assert (draw_glyphs(50, rng(), noise=1)[0] == 1 - draw_glyphs(50, rng(), noise=0)[0]).all()


def test_the_library_loads_only_numpy_until_digits_are_asked_for():
    script = (
        "import sys, cnnlib, cnnlib.data\n"
        "assert not {'sklearn', 'tqdm', 'IPython', 'sympy', 'scipy'} & set(sys.modules)\n"
        "cnnlib.data.load_digits()\n"
        "assert 'sklearn' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_without_scikit_learn_a_sentence_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match="the digits ship with scikit-learn: pip install scikit-learn"):
        load_digits()


@pytest.mark.parametrize(
    "call, error, sentence",
    [
        (lambda: stratified_split([0, 1], 1, rng()), TypeError, "t must be a NumPy array, got list"),
        (
            lambda: stratified_split(np.zeros(4), 1, rng()),
            TypeError,
            "t must hold integer classes, got dtype float64",
        ),
        (
            lambda: stratified_split(np.zeros((4, 1), int), 1, rng()),
            ValueError,
            "t must have 1 axes (samples)",
        ),
        (
            lambda: stratified_split(np.zeros(4, int), 4, rng()),
            ValueError,
            "test_size must leave samples to train on",
        ),
        (
            lambda: stratified_split(np.zeros(4, int), 0, rng()),
            ValueError,
            "test_size must be at least 1, got 0",
        ),
        (lambda: stratified_split(np.zeros(4, int), 0.2, rng()), TypeError, "test_size must be an int"),
        (
            lambda: stratified_split(np.zeros(4, int), 1, 0),
            TypeError,
            "rng must be a numpy.random.Generator, got int",
        ),
        (lambda: split_digits(None), TypeError, "rng must be a numpy.random.Generator, got NoneType"),
        (lambda: load_digits(int), TypeError, "dtype must be floating, got int64"),
        (lambda: draw_glyphs(0, rng()), ValueError, "samples must be at least 1, got 0"),
        (lambda: draw_glyphs(3, 7), TypeError, "rng must be a numpy.random.Generator, got int"),
        (
            lambda: draw_glyphs(3, rng(), noise=1.5),
            ValueError,
            "noise must be a probability from 0 to 1, got 1.5",
        ),
        (lambda: draw_glyphs(3, rng(), noise="much"), TypeError, "noise must be a number, got 'much'"),
    ],
)
def test_wrong_arguments_are_named(call, error, sentence):
    with pytest.raises(error, match=re.escape(sentence)):
        call()
