"""The checks of readers' functions: the library passes, known mistakes are named, nonsense is told apart."""

import numpy as np
import pytest

from cnnlib import exercises as ex
from cnnlib.activations import sigmoid
from cnnlib.conv import conv2d_backward
from cnnlib.dense import dense_backward, flatten_backward
from cnnlib.loss import softmax_backward
from cnnlib.mistakes import MISTAKES
from cnnlib.pool import avg_pool2d_backward, max_pool2d_backward
from cnnlib.windows import rot180

RIGHT = {
    ex.check_conv2d_backward: conv2d_backward,
    ex.check_dense_backward: dense_backward,
    ex.check_avg_pool2d_backward: avg_pool2d_backward,
    ex.check_max_pool2d_backward: max_pool2d_backward,
    ex.check_flatten_backward: flatten_backward,
    ex.check_softmax_backward: softmax_backward,
}
CHECKS = {
    "conv": ex.check_conv2d_backward,
    "overlapping mean": ex.check_avg_pool2d_backward,
    "mean, rounded up": ex.check_avg_pool2d_backward,
    "mean": ex.check_avg_pool2d_backward,
    "maximum": ex.check_max_pool2d_backward,
    "flatten": ex.check_flatten_backward,
}
each = pytest.mark.parametrize("check", RIGHT, ids=lambda check: check.__name__)


@each
def test_the_library_is_right(check):
    verdict = check(RIGHT[check])
    assert verdict and verdict.right and repr(verdict).startswith("Right, on all ")


@pytest.mark.parametrize("name", MISTAKES)
def test_every_mistake_of_the_gallery_is_named(name):
    verdict = CHECKS[MISTAKES[name].kind](MISTAKES[name].backward)
    assert not verdict and f"looks like the mistake “{name}”" in verdict.says


def test_the_same_mistake_in_other_words_is_named():
    def mine(dy, x, w):
        """Loops, with the kernel's taps the wrong way round."""
        _, dw, db = conv2d_backward(dy, x, w)
        dx, turned = np.zeros_like(x), rot180(w)
        for n, o, i, j in np.ndindex(dy.shape):
            dx[n, :, i : i + w.shape[2], j : j + w.shape[3]] += dy[n, o, i, j] * turned[o]
        return dx, dw, db

    assert "kernel not turned" in ex.check_conv2d_backward(mine).says
    assert ex.check_conv2d_backward(mine).says.endswith("dw and db are right.")


def test_two_mistakes_at_once_are_both_named():
    def mine(dy, x, w):
        _, dw, db = conv2d_backward(dy, x, w)
        return MISTAKES["kernel not turned"].backward(dy, x, w)[0], rot180(dw), db

    says = ex.check_conv2d_backward(mine).says
    assert "kernel not turned" in says and "dw is turned" in says and says.endswith(" db is right.")


def of_conv(change):
    """Return a function that spoils the gradients of a convolution."""
    return lambda dy, x, w: change(*conv2d_backward(dy, x, w))


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda dx, dw, db: (-dx, dw, db), "dx looks like this: the sign is turned"),
        (lambda dx, dw, db: (0 * dx, dw, db), "dx looks like this: everything is 0"),
        (lambda dx, dw, db: (dx[..., ::-1, ::-1], dw, db), "dx looks like this: it is turned by 180°"),
        (lambda dx, dw, db: (3 * dx, dw, db), "dx is 3 times what it should be"),
        (lambda dx, dw, db: (dx + 1, dw, db), "dx is wrong on 8 of 8 layers, in no way that is known"),
        (lambda dx, dw, db: (dx, dw, db / 2), "db is 0.5 times what it should be"),
        (lambda dx, dw, db: (dx, dw), "it returns 2 values, expected 3: dx, dw, db"),
        (lambda dx, dw, db: None, "it returns 1 values, expected 3: dx, dw, db"),
        (lambda dx, dw, db: (dx[..., 1:], dw, db), "dx has shape (1, 1, 3, 3), expected (1, 1, 3, 4)"),
        (lambda dx, dw, db: (dx.tolist(), dw, db), "dx is list, expected an array"),
        (lambda dx, dw, db: (dx, dw, db.astype(str)), "db holds <U32, expected numbers"),
        (lambda dx, dw, db: (dx * np.nan, dw, db), "dx is wrong on 8 of 8 layers"),
        (lambda dx, dw, db: 1 / 0, "it stops: ZeroDivisionError: division by zero"),
    ],
)
def test_what_a_wrong_answer_looks_like(change, says):
    assert says in ex.check_conv2d_backward(of_conv(change)).says


def test_a_function_that_changes_its_input_is_told():
    def mine(dy, x, w):
        x *= 0
        return conv2d_backward(dy, x, w)

    assert "changes one of the arrays" in ex.check_conv2d_backward(mine).says


def test_mistakes_of_other_layers():
    square = lambda dy, x, w: (dy @ (w.T if len(w) == w.shape[1] else w), *dense_backward(dy, x, w)[1:])  # noqa: E731
    assert "transpose" in ex.check_dense_backward(square).says
    mean = lambda dy, x, w: (dense_backward(dy, x, w)[0], *(g / len(x) for g in dense_backward(dy, x, w)[1:]))  # noqa: E731
    assert ex.check_dense_backward(mean).says.count("a mean over the samples") == 2
    assert "as for a sigmoid" not in ex.check_softmax_backward(lambda dy, z: dy * sigmoid(z)).says
    assert "the mean of δ" in ex.check_conv2d_backward(of_conv_mean).says
    last = lambda dy, x, size, **options: dy  # noqa: E731
    assert "expected" in ex.check_max_pool2d_backward(last).says


def of_conv_mean(dy, x, w):
    dx, dw, _ = conv2d_backward(dy, x, w)
    return dx, dw, dy.mean(axis=(0, 2, 3))


@each
@pytest.mark.parametrize("value", [None, 3, "conv2d_backward", np.zeros(3)])
def test_what_is_no_function_is_refused(check, value):
    with pytest.raises(TypeError, match="function must be a function to check"):
        check(value)


def test_every_mistake_stays_hidden_nowhere():
    """On the hidden layers each suspect differs from the library: no suspect can pass as right."""
    for kind, check in CHECKS.items():
        for mistake in MISTAKES.values():
            assert mistake.kind != kind or not check(mistake.backward)


def test_a_verdict_is_text_on_a_page_too():
    def mine(dy, x, w):
        raise ValueError("<b>no</b>")

    verdict = ex.check_dense_backward(mine)
    assert "<b>no</b>" in repr(verdict)
    assert verdict._repr_html_().startswith("<p>Not yet") and "&lt;b&gt;no" in verdict._repr_html_()
