"""The nine mistakes: each is caught by every check said to catch it, and by none said to be blind."""

import inspect

import numpy as np
import pytest

from cnnlib import mistakes
from cnnlib.layers import Conv2d
from cnnlib.mistakes import INPUTS, MISTAKES, case
from cnnlib.planted import CHECKS, Planted, gap, network, train
from cnnlib.symbolic.arrays import assert_identical, gradient, inner, symbol_array

EACH = pytest.mark.parametrize("mistake", MISTAKES)
# Where each mistake gives exactly the right answer; on every other input it does not.
HIDING = {
    "kernel not turned": {"kernel the same upside down", "1 × 1 windows", "the convenient one"},
    "batch axis flipped": {"one sample", "the convenient one"},
    "valid for full": {"1 × 1 windows"},
    "wrong sum over maps": {"one map", "the convenient one"},
    "= for +=": {"windows side by side", "1 × 1 windows", "the convenient one"},
    "remainder row dropped": {"sizes that divide", "1 × 1 windows", "the convenient one"},
    "missing 1/s²": {"1 × 1 windows"},
    "tie counted twice": {"no ties", "1 × 1 windows", "the convenient one"},
    "h and w exchanged": {"one row"},
}
# Which checks see it on the input with nothing special; None: the check cannot be run.
SEEN = {name: dict.fromkeys(CHECKS, True) | {"shapes": False} for name in MISTAKES}
SEEN["kernel not turned"]["all at once"] = False  # turning does not change a sum
SEEN["h and w exchanged"]["all at once"] = False  # nor does changing places
SEEN["tie counted twice"]["complex step"] = None  # complex numbers have no order
SMALL = 1e-8  # rounding leaves about 1e-10 of a central difference of numbers up to 1000


def test_there_are_nine():
    assert len(MISTAKES) == 9 and set(HIDING) == set(MISTAKES)


@EACH
@pytest.mark.parametrize("test_input", INPUTS)
def test_a_mistake_hides_where_it_is_said_to_and_nowhere_else(mistake, test_input):
    """vjp, central-diff: equal to the right gradients, or found by nudging one number after the other."""
    found = case(mistake, test_input)
    pairs = [f(found.dy, *found.arguments) for f in (found.wrong, found.backward)]
    same = all((a == b).all() for a, b in zip(*pairs, strict=True))
    assert same == (test_input in HIDING[mistake])
    assert (gap(found, "one by one") < SMALL) == same


@EACH
@pytest.mark.parametrize("check", CHECKS)
def test_each_check_sees_what_it_is_said_to_see(mistake, check):
    """vjp, adjoint, central-diff, complex-step: on the input with nothing special."""
    found = gap(case(mistake), check)
    assert (None if found is None else found > 1e-3) == SEEN[mistake][check], found


@EACH
@pytest.mark.parametrize("check", CHECKS)
def test_no_check_objects_to_the_right_backward_pass(mistake, check):
    """Except nudging single pixels at a tie, where there is no derivative: a false alarm."""
    found = gap(case(mistake), check, wrong=False)
    false_alarm = (mistake, check) == ("tie counted twice", "one by one")
    assert found is None or (found > 0.3 if false_alarm else found < SMALL)


@pytest.mark.parametrize("mistake", [name for name in MISTAKES if name != "tie counted twice"])
def test_the_proof_sees_it(mistake):
    """vjp: on symbols the right backward pass gives the derivatives of ⟨y, dy⟩ and the wrong one does not."""
    found = case(mistake)
    arguments = [symbol_array("abc"[i], a.shape) for i, a in enumerate(found.arguments)]
    y = found.forward(*arguments)
    dy = symbol_array("δ", y.shape)
    expected = [gradient(inner(y, dy), a) for a in arguments]
    for shipped, derivative in zip(found.backward(dy, *arguments), expected, strict=True):
        assert_identical(shipped, derivative)
    wrong = found.wrong(dy, *arguments)
    for name, got, derivative in zip(("dx", "dw", "db"), wrong, expected, strict=False):
        if name == MISTAKES[mistake].wrong:
            with pytest.raises(AssertionError, match="differs"):
                assert_identical(got, derivative)
        else:
            assert_identical(got, derivative)


@EACH
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_random_inputs_with_nothing_special_do_not_hide_it(mistake, seed):
    """vjp: not the numbers expose a mistake but their shapes; only a tie must be put there."""
    found, rng = case(mistake), np.random.default_rng(seed)
    draw = rng.standard_normal if mistake != "tie counted twice" else lambda shape: rng.integers(0, 2, shape)
    found = found._replace(arguments=[np.asarray(draw(a.shape), float) for a in found.arguments])
    assert gap(found, "adjoint test") > 1e-3


@EACH
def test_shapes_and_dtypes_are_those_of_the_right_pass(mistake):
    found = case(mistake)
    for a, b in zip(*(f(found.dy, *found.arguments) for f in (found.wrong, found.backward)), strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype


@EACH
def test_planted_layers_go_forward_as_before_and_back_the_wrong_way(mistake):
    nets = [network(mistake, wrong, np.random.default_rng(3)) for wrong in (False, True)]
    x = np.random.default_rng(4).integers(0, 2, (3, 1, 8, 8)).astype(np.float32)
    x[:, :, :, :4] = 0  # a flat background has ties
    y, y_wrong = (net(x) for net in nets)
    assert (y == y_wrong).all() and y.shape == (3, 10)
    for net in nets:
        net.backward(np.ones_like(y) * np.arange(1, 11, dtype=np.float32))
    differ = [not np.allclose(a, b, atol=1e-4) for a, b in zip(*(net.grads() for net in nets), strict=True)]
    above = differ[4:]  # dense weights and biases lie above every mistake
    assert any(differ[:4]) and not any(above)
    assert sum(isinstance(layer, Planted) for layer in nets[1].layers) == 1


def test_training_repeats_itself_and_feels_the_mistake():
    kinds = (False, False, True)
    runs = [train("= for +=", wrong, epochs=2, rng=np.random.default_rng(0)) for wrong in kinds]
    assert runs[0] == runs[1] and runs[0][0] != runs[2][0] and len(runs[0][0]) == 2


def test_sentences_are_sentences():
    for name, found in MISTAKES.items():
        for text in (found.says, found.seen):
            assert text[0].isupper() or text[0] == "δ" or text.startswith("flipall"), name
            assert text.endswith("."), name
        assert inspect.getdoc(found.backward).endswith(".") and found.backward.__module__ == mistakes.__name__


def test_unknown_names_are_refused_in_words():
    with pytest.raises(ValueError, match=r"mistake must be one of kernel not turned.*; got 'magic'"):
        case("magic")
    with pytest.raises(ValueError, match=r"test_input must be one of nothing special.*; got 'magic'"):
        case("= for +=", "magic")
    with pytest.raises(ValueError, match=r"check must be one of shapes.*; got 'magic'"):
        gap(case("= for +="), "magic")
    with pytest.raises(TypeError, match=r"found must be a Case from cnnlib\.mistakes\.case, got str"):
        gap("= for +=", "shapes")
    layer = Planted(Conv2d(1, 1, 2, rng=np.random.default_rng(0)), "kernel not turned")
    with pytest.raises(RuntimeError, match="remembers no input"):
        layer.backward(np.zeros((1, 1, 1, 1)))
