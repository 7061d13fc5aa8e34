"""The single unit: its learning rules on numbers, the runs of the truth tables, and when a line exists."""

import re
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import linprog

from cnnlib import cross_entropy, perceptron, sigmoid, tanh
from cnnlib.perceptron import learn, logistic_gradient, obstacle, perceptron_update

RNG = np.random.default_rng(1)
CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


def test_update_of_a_wrong_sample():
    """perceptron-update: x and t are added, integers stay integers."""
    w, b = perceptron_update(np.array([2, -1]), -1, np.array([3, 4]), 1, lr=2)
    assert w.tolist() == [3 - 4, 4 + 2] and b == -1
    assert isinstance(b, int) and w.dtype.kind == "i"


def test_update_leaves_a_right_sample_alone():
    """perceptron-update: nothing moves where t z > 0, but z = 0 counts as wrong."""
    w = np.array([1, 1])
    same, b = perceptron_update(np.array([1, 0]), 1, w, 0)
    assert same is w and b == 0
    moved = perceptron_update(np.array([1, -1]), 1, w, 0)
    assert moved[0].tolist() == [2, 0] and moved[1] == 1


def test_update_is_a_step_against_the_slope_of_the_criterion():
    """perceptron-update, perceptron-criterion: −t(w·x + b) is linear, so differences are exact."""
    for _ in range(50):
        x, w = (np.vectorize(Fraction)(RNG.integers(-9, 10, 3)) for _ in range(2))
        b, t, lr = Fraction(int(RNG.integers(-9, 10))), int(RNG.choice([-1, 1])), Fraction(1, 3)

        def criterion(w, b, x=x, t=t):
            return max(Fraction(0), -t * (w @ x + b))

        new_w, new_b = perceptron_update(x, t, w, b, lr=lr)
        h = Fraction(1, 10**6)
        steps = [h * (np.arange(3) == k) for k in range(3)]
        if t * (w @ x + b) != 0:  # at 0 the criterion bends
            slopes = [(criterion(w + s, b) - criterion(w, b)) / h for s in steps]
            assert (new_w == w - lr * np.array(slopes)).all()
            assert new_b == b - lr * (criterion(w, b + h) - criterion(w, b)) / h


@pytest.mark.parametrize(
    "labels, expected", [([-1, -1, -1, 1], ([3, 2], -4, 8)), ([-1, 1, 1, 1], ([2, 2], -1, 5))]
)
def test_and_and_or_are_learned(labels, expected):
    w, b, clean = learn(CORNERS, labels)
    assert (w.tolist(), b, clean) == expected
    assert (np.array(labels) * (CORNERS @ w + b) > 0).all()


def test_learning_gives_up_after_as_many_passes_as_allowed():
    """The first clean pass over AND is number 8, counted from 0; another step size scales the same run."""
    labels = [-1, -1, -1, 1]
    assert learn(CORNERS, labels, passes=8)[2] is None
    assert learn(CORNERS, labels, passes=9)[2] == 8
    w, b, clean = learn(CORNERS, labels, lr=Fraction(1, 2))
    assert (w.tolist(), b, clean) == ([Fraction(3, 2), 1], -2, 8)


def test_one_sample_is_learned_from_zero():
    """Whatever the sample is, its first output is 0 and counts as wrong."""
    w, b, clean = learn(np.array([[1, 2]]), [-1])
    assert (w.tolist(), b, clean) == ([-1, -2], -1, 1)


def test_xor_is_never_learned(monkeypatch):
    """Unless told otherwise, a thousand passes over the four samples are made."""
    updates = []
    monkeypatch.setattr(
        perceptron, "perceptron_update", lambda *a, **o: updates.append(a) or perceptron_update(*a, **o)
    )
    assert learn(CORNERS, [-1, 1, 1, -1])[2] is None
    assert len(updates) == 4 * 1000


def test_logistic_gradient_against_the_complex_step():
    """logistic-grad: the slope of the mean cross-entropy; error of the complex step ~ 1e-16."""
    x, t, w, b = RNG.normal(size=(6, 3)), RNG.integers(0, 2, 6).astype(float), RNG.normal(size=3), 0.3

    def loss(w, b):
        y = sigmoid(x @ w + b)
        return (-t * np.log(y) - (1 - t) * np.log(1 - y)).mean()

    dw, db = logistic_gradient(x, t, w, b)
    h = 1e-20
    for k in range(3):
        assert abs(loss(w + 1j * h * (np.arange(3) == k), b).imag / h - dw[k]) < 1e-14
    assert abs(loss(w + 0j, b + 1j * h).imag / h - db) < 1e-14


def test_logistic_loss_is_the_softmax_loss_of_two_classes():
    """logistic-grad: with the logits 0 and z, cross_entropy is the same number."""
    z, t = RNG.normal(size=8), RNG.integers(0, 2, 8)
    y = sigmoid(z)
    assert np.isclose(
        cross_entropy(np.stack([0 * z, z], 1), t), (-t * np.log(y) - (1 - t) * np.log(1 - y)).mean()
    )


def test_tanh_is_a_sigmoid_rescaled():
    """tanh-sigmoid: over 40 orders of magnitude, to rounding."""
    z = np.concatenate([-np.logspace(-20, 20, 81), [0], np.logspace(-20, 20, 81)])
    assert np.allclose(tanh(z), 2 * sigmoid(2 * z) - 1, rtol=0, atol=4e-16)


BAD = [
    ((np.ones(2), 0, np.ones(2), 0), r"t must be 1 or -1, got 0"),
    ((np.ones(2), 1, np.ones(3), 0), r"x and w must have one shape \(D,\), got \(2,\) and \(3,\)"),
    ((np.ones((1, 2)), 1, np.ones((1, 2)), 0), r"x and w must have one shape"),
    (([1], 1, np.ones(1), 0), r"x must be a NumPy array, got list"),
    ((np.ones(1), 1, [1], 0), r"w must be a NumPy array, got list"),
]


@pytest.mark.parametrize("arguments, sentence", BAD)
def test_a_bad_sample_is_refused(arguments, sentence):
    with pytest.raises((TypeError, ValueError), match=f"^{sentence}"):
        perceptron_update(*arguments)


@pytest.mark.parametrize(
    "shapes", [((2, 3), (3,), (3,)), ((2, 3), (2,), (2,)), ((3,), (3,), (3,)), ((0, 3), (0,), (3,))]
)
def test_shapes_that_do_not_fit_are_named(shapes):
    with pytest.raises(ValueError, match=r"x, t and w must have shapes \(N, D\), \(N,\) and \(D,\), got \("):
        logistic_gradient(*map(np.ones, shapes), 0.0)
    with pytest.raises(ValueError, match=re.escape(f"got {', '.join(map(str, shapes))}") + "$"):
        logistic_gradient(*map(np.ones, shapes), 0.0)


@pytest.mark.parametrize("wrong", "xtw")
def test_lists_are_named(wrong):
    arrays = dict(x=np.ones((2, 3)), t=np.ones(2), w=np.ones(3))
    with pytest.raises(TypeError, match=f"^{wrong} must be a NumPy array, got list"):
        logistic_gradient(**{**arrays, wrong: [0, 1]}, b=0.0)


# --- does a line exist? ----------------------------------------------------------------------------
def separable(points, labels):
    """Ask a linear program for w and b with t(w·x + b) ≥ 1: an independent answer."""
    rows = -np.array(labels)[:, None] * np.column_stack([points, np.ones(len(points))])
    return linprog(np.zeros(3), rows, -np.ones(len(points)), bounds=[(None, None)] * 3).status == 0


@pytest.mark.parametrize("side", [2, 3, 6])
def test_obstacle_agrees_with_a_linear_program(side):
    found = 0
    for _ in range(150):
        count = RNG.integers(2, 9)
        points, labels = RNG.integers(0, side, (count, 2)), RNG.choice([-1, 1], count)
        witness = obstacle(points.tolist(), labels.tolist())
        assert (witness is None) == separable(points, labels), (points, labels)
        if witness:
            found += 1
            few = list(sum(witness, ()))
            assert len(few) <= 4 and not separable(points[few], labels[few])
            assert [len({labels[i] for i in part}) for part in witness] == [1, 1]
    assert 20 < found < 150


def test_all_sixteen_truth_tables():
    """Fourteen of the functions of two bits have a line; XOR and its opposite have none."""
    tables = [[1 if code >> k & 1 else -1 for k in range(4)] for code in range(16)]
    without = [t for t in tables if obstacle(CORNERS.tolist(), t)]
    assert without == [[-1, 1, 1, -1], [1, -1, -1, 1]]
    assert all((learn(CORNERS, t)[2] is None) == (t in without) for t in tables)


@pytest.mark.parametrize(
    "points, labels, witness",
    [
        ([(0, 0), (0, 0)], [1, -1], ((1,), (0,))),
        ([(0, 0), (1, 1), (2, 2)], [1, -1, 1], ((1,), (0, 2))),
        ([(0, 0), (1, 1), (2, 2), (3, 3)], [1, -1, 1, -1], ((1,), (0, 2))),
        ([(0, 0), (4, 0), (0, 4), (1, 1)], [-1, -1, -1, 1], ((3,), (0, 1, 2))),
        ([(0, 0), (1, 0)], [1, 1], None),
        ([("0.1", "0.1"), ("0.2", "0.2"), ("0.3", "0.3")], [1, -1, 1], ((1,), (0, 2))),
        ([(0, 0), (1, 0), (0, 1), ("1/4", "1/4")], [-1, -1, -1, 1], ((3,), (0, 1, 2))),
        ([(0, 0), ("0.4", 0), (0, "0.4"), ("0.1", "0.1")], [-1, -1, -1, 1], ((3,), (0, 1, 2))),
        ([("-0.1", 0), ("0.1", 0), (0, "0.1"), (0, "0.2")], [-1, -1, 1, 1], None),
    ],
)
def test_the_witness_is_named(points, labels, witness):
    assert obstacle(points, labels) == witness


@pytest.mark.parametrize("points", [[(0, 0), (1, 1, 1), (2, 2)], [(0, 0), (1, 1), (2, 2, 2)]])
def test_points_of_unequal_lengths_are_refused(points):
    with pytest.raises(ValueError, match=r"argument 2 is (longer|shorter) than argument 1"):
        obstacle(points, [1, -1, 1])
