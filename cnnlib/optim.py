"""Gradient descent: the step that changes the parameters, and the loop over batches and epochs."""

import sys
from contextlib import nullcontext
from numbers import Real

import numpy as np

from cnnlib.initial import require_generator
from cnnlib.windows import require_int, require_shape


class SGD:
    r"""Stochastic gradient descent with momentum.

    Parameters
    ----------
    params : list of ndarray
        The arrays to train, as ``net.params()`` lists them; `step` changes them in place.
    lr : float
        Learning rate, positive.
    momentum : float
        Share of the last velocity that is kept, in [0, 1).

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Notes
    -----
    Equations ``sgd`` (:math:`\theta \leftarrow \theta - \eta g`) and ``sgd-momentum``
    (:math:`v \leftarrow \mu v + g,\ \theta \leftarrow \theta - \eta v`).

    Examples
    --------
    >>> theta = np.array([1.0])
    >>> optimiser = SGD([theta], lr=0.1, momentum=0.5)
    >>> for _ in range(2):
    ...     optimiser.step([np.array([1.0])])
    >>> theta.round(6)
    array([0.75])
    """

    def __init__(self, params, lr, momentum=0.0):
        if not isinstance(params, list) or not all(isinstance(array, np.ndarray) for array in params):
            raise TypeError("params must be a list of NumPy arrays, such as net.params()")
        if not params:
            raise ValueError("params must hold at least one array to train, got none")
        if any(array.dtype.kind not in "fcO" for array in params):
            raise TypeError("params must hold numbers that can change by fractions, got an array of integers")
        self.params, self._exact = list(params), all(array.dtype.kind == "O" for array in params)
        self.lr, self.momentum = lr, _require_share(momentum, self._exact)
        self.velocities = [np.zeros_like(array) for array in params]

    @property
    def lr(self):
        """The learning rate; set it between epochs to follow a schedule."""
        return self._lr

    @lr.setter
    def lr(self, value):
        if not isinstance(value, Real) or isinstance(value, bool):
            raise TypeError(f"lr must be a number, got {value!r}")
        if not 0 < value < float("inf"):
            raise ValueError(f"lr must be positive and finite, got {value}")
        self._lr = value if self._exact else float(value)

    def step(self, grads):
        """Take one step against the gradients, listed in the order of `params`."""
        if not isinstance(grads, (list, tuple)):
            raise TypeError(f"grads must be a list of arrays like params, got {type(grads).__name__}")
        if len(grads) != len(self.params):
            raise ValueError(f"grads must list {len(self.params)} arrays like params, got {len(grads)}")
        for i, param in enumerate(self.params):
            require_shape(f"grads[{i}]", grads[i], param.shape, "like its parameter")
        for param, velocity, grad in zip(self.params, self.velocities, grads, strict=True):
            velocity *= self.momentum
            velocity += grad  # sgd-momentum
            param -= self.lr * velocity  # sgd


def fit(net, x, t, *, loss, optimiser, epochs, batch_size, rng, callback=None):
    """Train a network: every epoch visits all samples once, in a new random order.

    Parameters
    ----------
    net : Sequential
    x, t : ndarray of shape (samples, ...)
        Inputs and targets.
    loss : pair of functions
        Value and gradient, such as ``(cross_entropy, cross_entropy_backward)``; each is called with the
        network's output and the targets.
    optimiser : SGD
        Made for ``net.params()``.
    epochs, batch_size : int
        The last batch of an epoch is smaller if `batch_size` does not divide the number of samples.
    rng : numpy.random.Generator
        Source of the shuffling.
    callback : function, optional
        Called after each epoch with its record; it may add entries, and end the training by returning True.

    Returns
    -------
    history : list of dict
        One record per epoch: ``epoch`` from 1, ``loss`` averaged over its samples as they were met.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, or the optimiser was made for other parameters.

    Notes
    -----
    A progress bar (tqdm) runs in a terminal and in a notebook; it vanishes at the end, and where output goes
    to a file it does not appear.

    Examples
    --------
    >>> from cnnlib import Dense, Sequential, cross_entropy, cross_entropy_backward
    >>> rng = np.random.default_rng(0)
    >>> x, t = np.array([[0.0], [1.0]]), np.array([0, 1])
    >>> net = Sequential(Dense(1, 2, rng=rng, dtype=np.float64))
    >>> history = fit(
    ...     net, x, t, loss=(cross_entropy, cross_entropy_backward), optimiser=SGD(net.params(), lr=1.0),
    ...     epochs=50, batch_size=1, rng=rng)
    >>> len(history), history[-1]["loss"] < 0.1
    (50, True)
    """
    _check_fit(net, x, t, loss, optimiser, rng)
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be a function, got {callback!r}")
    epochs, batch_size = require_int("epochs", epochs, 1), require_int("batch_size", batch_size, 1)
    history = []
    with _progress(epochs * -(-len(x) // batch_size)) as bar:
        for epoch in range(1, epochs + 1):
            total = 0.0
            for batch in _batches(rng.permutation(len(x)), batch_size):
                total += len(batch) * _descend(net, x[batch], t[batch], loss, optimiser)
                bar.update()
            history.append({"epoch": epoch, "loss": float(total) / len(x)})
            if callback is not None and callback(history[-1]) is True:
                break
    return history


def _batches(order, batch_size):
    return (order[start : start + batch_size] for start in range(0, len(order), batch_size))


def _descend(net, x, t, loss, optimiser):
    """Take one step on one batch; return the loss before it."""
    value, gradient = loss
    y = net.forward(x)
    net.backward(gradient(y, t), with_dx=False)  # backprop-output, then one layer after the other
    optimiser.step(net.grads())
    return value(y, t)


def _check_fit(net, x, t, loss, optimiser, rng):
    if not all(callable(getattr(net, name, None)) for name in ("forward", "backward", "params", "grads")):
        raise TypeError(f"net must be a network such as Sequential(...), got {type(net).__name__}")
    for name, value in (("x", x), ("t", t)):
        if not isinstance(value, np.ndarray) or value.ndim == 0:
            raise TypeError(f"{name} must be an array of samples, got {type(value).__name__}")
    if len(x) != len(t) or len(x) == 0:
        raise ValueError(f"x and t must hold equally many samples, and some, got {len(x)} and {len(t)}")
    if not isinstance(loss, (tuple, list)) or len(loss) != 2 or not all(map(callable, loss)):
        raise TypeError("loss must be a pair of functions, such as (cross_entropy, cross_entropy_backward)")
    require_generator(rng)
    own, given = net.params(), getattr(optimiser, "params", None)
    if given is None or [id(array) for array in own] != [id(array) for array in given]:
        raise ValueError("optimiser must be made for net.params(), otherwise the network would not learn")


def _require_share(momentum, exact):
    if not isinstance(momentum, Real) or isinstance(momentum, bool):
        raise TypeError(f"momentum must be a number, got {momentum!r}")
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum must be at least 0 and less than 1, got {momentum}")
    return (momentum or 0) if exact else float(momentum)


def _progress(batches):
    try:
        from tqdm import tqdm
    except ImportError:  # the bar is a comfort, not a need
        return NoBar()
    options = dict(total=batches, unit="batch", leave=False)
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if hasattr(shell, "kernel"):
        return tqdm(file=CellBar(), ncols=80, **options)
    return tqdm(disable=None, **options)  # None: no bar unless the output is a terminal


class NoBar(nullcontext):
    """What `fit` updates where tqdm is not installed."""

    def __enter__(self):
        return self

    def update(self):
        """Do nothing."""


class CellBar:
    """A file for tqdm that shows the last line written in a notebook cell, and nothing once that is blank."""

    handle = None

    def write(self, text):
        """Show `text` in place of what was there."""
        from html import escape

        line = text.strip("\r\n \x1b[A")
        content = {"text/plain": line, "text/html": f"<pre>{escape(line)}</pre>" if line else ""}
        if self.handle is None and line:
            self.handle = sys.modules["IPython"].display.display(content, raw=True, display_id=True)
        elif self.handle is not None:
            self.handle.update(content, raw=True)

    def flush(self):
        """Do nothing: every line is shown at once."""
