"""Check a backward pass that the reader wrote, on unseen layers, and say what the mistake looks like.

Each `check_…` function runs the reader's function and the library's on the same small layers. A difference is
compared with what known mistakes would give (`mistakes`), so the answer can name the mistake.
"""

from html import escape
from itertools import product
from typing import NamedTuple

import numpy as np

from cnnlib import mistakes
from cnnlib.conv import conv2d_backward
from cnnlib.dense import dense_backward, flatten_backward
from cnnlib.loss import softmax, softmax_backward
from cnnlib.pool import avg_pool2d_backward, max_pool2d_backward, sum_pool2d_backward
from cnnlib.windows import output_size, rot180

GENERAL = {
    "the sign is turned": lambda right: -right,
    "rows and columns are exchanged": lambda right: np.moveaxis(right, -1, max(right.ndim - 2, 0)),
    "everything is 0": lambda right: 0 * right,
    "it is turned by 180°": lambda right: right[..., ::-1, ::-1] if right.ndim > 1 else right[::-1],
}


class Verdict:
    """What a check found: `right`, if the function agreed on every layer, and what it `says`."""

    def __init__(self, right, says):
        """Keep the finding."""
        self.right, self.says = right, says

    def __bool__(self):
        """Tell whether the function is right."""
        return self.right

    def __repr__(self):
        """Show the sentence."""
        return self.says

    def _repr_html_(self):
        """Show the sentence on a page, where it may run over several lines."""
        return f"<p>{escape(self.says)}</p>"


def check_conv2d_backward(function):
    """Check ``function(dy, x, w) -> (dx, dw, db)`` on layers with stride 1 and no padding.

    Parameters
    ----------
    function : callable
        Takes `dy` of shape (N, O, H', W'), `x` of shape (N, C, H, W) and `w` of shape (O, C, Kh, Kw).

    Returns
    -------
    verdict : Verdict
        True if right; it prints as a sentence.

    Raises
    ------
    TypeError
        If `function` cannot be called.

    Notes
    -----
    Equations ``conv-dx``, ``conv-dw``, ``conv-db`` (Bouvrie, 2006).

    Examples
    --------
    >>> check_conv2d_backward(conv2d_backward)
    Right, on all 8 layers.
    >>> from cnnlib.mistakes import kernel_not_turned
    >>> print(check_conv2d_backward(kernel_not_turned).says.split(": ", 1)[1])
    dx looks like the mistake “kernel not turned”: δ slides over the kernel as it is. dw and db are right.
    """
    rng, layers = np.random.default_rng(0), []
    for samples, maps, (height, width) in product((1, 3), (1, 2), ((3, 4), (5, 6))):
        x = _whole(rng, samples, maps, height, width)
        w = _whole(rng, 2 if maps == 2 else 3, maps, 2, 3)
        layers.append(((_whole(rng, samples, len(w), height - 1, width - 2), x, w), {}))
    suspects = _known("conv")
    suspects["the gradient of the turned kernel: “dw is turned”"] = lambda dy, x, w: (
        None, rot180(conv2d_backward(dy, x, w)[1]), None)  # fmt: skip
    suspects["the mean of δ where the sum is needed"] = lambda dy, x, w: (
        None, None, dy.mean(axis=(0, 2, 3)))  # fmt: skip
    return _judge(function, conv2d_backward, layers, ("dx", "dw", "db"), suspects)


def check_dense_backward(function):
    """Check ``function(dy, x, w) -> (dx, dw, db)`` of a dense layer.

    Equations ``dense-dx``, ``dense-dw``, ``dense-db``.
    `dy` has shape (N, O), `x` (N, D) and `w` (O, D). Returns and raises as `check_conv2d_backward`.

    >>> check_dense_backward(dense_backward)
    Right, on all 4 layers.
    """
    rng, layers = np.random.default_rng(1), []
    for samples, (inputs, outputs) in product((1, 3), ((2, 3), (4, 4))):
        arrays = (samples, outputs), (samples, inputs), (outputs, inputs)
        layers.append((tuple(_whole(rng, *shape) for shape in arrays), {}))
    suspects = {
        "w where its transpose is needed": lambda dy, x, w: (
            dy @ (w.T if len(w) == w.shape[1] else w), *dense_backward(dy, x, w)[1:]),
        "a mean over the samples where the sum is needed": lambda dy, x, w: (
            dense_backward(dy, x, w)[0], *(g / len(x) for g in dense_backward(dy, x, w)[1:])),
    }  # fmt: skip
    return _judge(function, dense_backward, layers, ("dx", "dw", "db"), suspects)


def check_avg_pool2d_backward(function):
    """Check ``function(dy, x, kernel_size, *, stride, ceil_mode) -> dx`` of mean pooling: ``avgpool-dx``.

    `stride` and `ceil_mode` are those of `avg_pool2d`. Returns and raises as `check_conv2d_backward`.

    >>> check_avg_pool2d_backward(avg_pool2d_backward)
    Right, on all 12 layers.
    """
    suspects = _known("overlapping mean", "mean, rounded up", "mean")
    return _judge(function, avg_pool2d_backward, _pooling_layers(), ("dx",), suspects)


def check_max_pool2d_backward(function):
    """Check ``function(dy, x, kernel_size, *, stride, ceil_mode) -> dx`` of max pooling: ``maxpool-dx``.

    A tie goes to the first maximum in reading order. Returns and raises as `check_conv2d_backward`.

    >>> check_max_pool2d_backward(max_pool2d_backward)
    Right, on all 12 layers.
    """
    suspects = _known("maximum")
    suspects["the gradient goes to every pixel of the window"] = sum_pool2d_backward
    suspects["a tie goes to the last maximum"] = lambda dy, x, size, **options: max_pool2d_backward(
        dy[..., ::-1, ::-1], x[..., ::-1, ::-1], size, **options
    )[..., ::-1, ::-1]
    return _judge(function, max_pool2d_backward, _pooling_layers(), ("dx",), suspects)


def check_flatten_backward(function):
    """Check ``function(dy, shape) -> dx``, which lays a vector out as maps again: ``flatten``.

    Returns and raises as `check_conv2d_backward`.

    >>> check_flatten_backward(flatten_backward)
    Right, on all 3 layers.
    """
    layers = []
    for shape in ((2, 1, 2, 3), (1, 2, 3, 3), (2, 3, 1, 4)):
        dy = np.arange(1.0, np.prod(shape) + 1).reshape(shape[0], -1)
        layers.append(((dy, shape), {}))
    return _judge(function, flatten_backward, layers, ("dx",), _known("flatten"))


def check_softmax_backward(function):
    """Check ``function(dy, z) -> dz`` of softmax, with one row per sample: ``softmax-jac``.

    Returns and raises as `check_conv2d_backward`.

    >>> check_softmax_backward(softmax_backward)
    Right, on all 4 layers.
    >>> print(check_softmax_backward(lambda dy, z: softmax(z) * dy).says.split(": ", 1)[1])
    dz looks like this: only the diagonal of the first term, y ⊙ γ, without −y yᵀγ.
    """
    rng, layers = np.random.default_rng(3), []
    for samples, classes in product((1, 4), (2, 5)):
        layers.append(((_whole(rng, samples, classes), _whole(rng, samples, classes) / 3), {}))
    suspects = {
        "only the diagonal of the first term, y ⊙ γ, without −y yᵀγ": lambda dy, z: softmax(z) * dy,
        "only the diagonal of the Jacobian, y(1 − y) ⊙ γ, as for a sigmoid": lambda dy, z: (
            softmax(z) * (1 - softmax(z)) * dy
        ),
        "the sum runs over the whole batch, not over each sample": lambda dy, z: (
            softmax(z) * (dy - (softmax(z) * dy).sum())
        ),
    }
    return _judge(function, softmax_backward, layers, ("dz",), suspects)


def _pooling_layers():
    """List layers with and without overlap, ties, partly filled windows."""
    rng, layers = np.random.default_rng(2), []
    for size, stride, ceil_mode in product((2, 3), (None, 1, 2), (False, True)):
        x = rng.integers(0, 4, (2, 2, 5, 7)).astype(float)
        options = dict(stride=stride, ceil_mode=ceil_mode)
        places = output_size(x.shape[2:], size, stride=stride or size, ceil_mode=ceil_mode)
        layers.append(((_whole(rng, 2, 2, *places), x, size), options))
    return layers


class Trial(NamedTuple):
    """One layer: what it was given, the right results and the reader's, or why there are none."""

    arguments: tuple
    options: dict
    right: tuple
    answer: tuple
    complaint: str


def _judge(function, library, layers, names, suspects):
    """Compare the function with the library on every layer, and find what explains the difference."""
    if not callable(function):
        raise TypeError(f"function must be a function to check, got {function!r}")
    trials = [_try(function, library, names, *layer) for layer in layers]
    stopped = [trial for trial in trials if trial.complaint]
    trials = [trial for trial in trials if not trial.complaint]
    said = [_explain(k, name, trials, suspects) for k, name in enumerate(names)]
    if not stopped and not any(said):
        return Verdict(True, f"Right, on all {len(layers)} layers.")
    sentences = [sentence for sentence in said if sentence]
    if good := [name for name, sentence in zip(names, said, strict=True) if not sentence and sentences]:
        sentences.append(f"{' and '.join(good)} {'are' if len(good) > 1 else 'is'} right.")
    if stopped:
        sentences.append(f"With {_shapes(stopped[0].arguments)} {stopped[0].complaint}.")
    return Verdict(False, "Not yet: " + " ".join(sentences))


def _try(function, library, names, arguments, options):
    """Run the reader's function and the library's on one layer."""
    right = _several(library(*arguments, **options))
    copies = tuple(a.copy() if isinstance(a, np.ndarray) else a for a in arguments)
    try:
        answer = _several(function(*copies, **options))
    except Exception as error:  # whatever the reader's code may raise
        return Trial(arguments, options, right, (), f"it stops: {type(error).__name__}: {error}")
    return Trial(arguments, options, right, answer, _unfit(answer, right, names, arguments, copies))


def _explain(k, name, trials, suspects):
    """Say what one wrong result looks like; nothing if it is right on every layer."""
    bad = [trial for trial in trials if not _agree(trial.answer[k], trial.right[k])]
    if not bad:
        return ""
    for says, suspect in suspects.items():
        guesses = [(trial.answer[k], _suspected(suspect, trial, k)) for trial in bad]
        guesses = [(answer, guess) for answer, guess in guesses if guess is not None]
        if guesses and all(_agree(answer, guess) for answer, guess in guesses):
            return f"{name} looks like {says if says.startswith('the mistake') else 'this: ' + says}."
    for says, change in GENERAL.items():
        if all(_agree(trial.answer[k], change(trial.right[k])) for trial in bad):
            return f"{name} looks like this: {says}."
    shares = [(t.answer[k] * t.right[k]).sum() / (t.right[k] ** 2).sum() for t in bad]
    if all(_agree(trial.answer[k], shares[0] * trial.right[k]) for trial in bad):
        return f"{name} is {shares[0]:g} times what it should be."
    return f"{name} is wrong on {len(bad)} of {len(trials)} layers, in no way that is known here."


def _suspected(suspect, trial, k):
    """Return what a known mistake gives on a layer, or None where it would stop by itself."""
    try:
        return _several(suspect(*trial.arguments, **trial.options))[k]  # None: not about this result
    except ValueError:
        return None


def _unfit(answer, right, names, arguments, copies):
    """Say what keeps an answer from being compared, or nothing."""
    arrays = [(a, c) for a, c in zip(arguments, copies, strict=True) if isinstance(a, np.ndarray)]
    if not all(np.array_equal(a, c) for a, c in arrays):
        return "it changes one of the arrays it was given"
    if len(answer) != len(names):
        return f"it returns {len(answer)} values, expected {len(names)}: {', '.join(names)}"
    for name, value, truth in zip(names, answer, right, strict=True):
        if not isinstance(value, np.ndarray):
            return f"{name} is {type(value).__name__}, expected an array"
        if value.shape != truth.shape:
            return f"{name} has shape {value.shape}, expected {truth.shape}"
        if value.dtype.kind not in "iuf":
            return f"{name} holds {value.dtype}, expected numbers"
    return ""


def _known(*kinds):
    """Return the mistakes of some kinds of layer, by what is to be said of them."""
    return {
        f"the mistake “{name}”: {mistake.says.rstrip('.')}": mistake.backward
        for name, mistake in mistakes.MISTAKES.items()
        if mistake.kind in kinds
    }


def _several(result):
    return result if isinstance(result, tuple) else (result,)


def _agree(a, b):
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-7, atol=1e-9)


def _shapes(arguments):
    return ", ".join(str(a.shape if isinstance(a, np.ndarray) else a) for a in arguments)


def _whole(rng, *shape):
    """Draw whole numbers other than 0."""
    return (rng.integers(1, 6, shape) * rng.choice([-1, 1], shape)).astype(float)
