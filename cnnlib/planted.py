"""What happens to the nine mistakes: what each check says of them, and what training makes of them."""

import numpy as np

from cnnlib import layers
from cnnlib.checks import require_choice, require_truth
from cnnlib.data import split_digits
from cnnlib.gradcheck import check_adjoint, complex_step_vjp, numerical_vjp
from cnnlib.loss import cross_entropy, cross_entropy_backward
from cnnlib.mistakes import MISTAKES, Case
from cnnlib.network import Sequential
from cnnlib.optim import SGD, fit
from cnnlib.windows import output_size

CHECKS = ("shapes", "one by one", "complex step", "all at once", "adjoint test")


def gap(found, check, *, wrong=True):
    """Ask one check about the backward pass of a `case`: 0 or nearly so if it has nothing to object to.

    Parameters
    ----------
    found : Case
        From `cnnlib.mistakes.case`.
    check : str
        One of `CHECKS`. "one by one" nudges single numbers (``central-diff``), "all at once" a whole array by
        the same amount.
    wrong : bool
        Ask about the wrong backward pass, or about the right one.

    Returns
    -------
    gap : float or None
        The largest relative error over all arguments (for shapes 0 or 1); None if the check cannot be run.

    Raises
    ------
    ValueError
        If there is no such check.

    Examples
    --------
    >>> from cnnlib.mistakes import case
    >>> found = case("missing 1/s²")
    >>> gap(found, "shapes"), round(gap(found, "one by one"), 6)
    (0.0, 0.75)
    """
    require_choice("check", check, CHECKS)
    if not isinstance(found, Case):
        raise TypeError(f"found must be a Case from cnnlib.mistakes.case, got {type(found).__name__}")
    require_truth("wrong", wrong)
    gradients = (found.wrong if wrong else found.backward)(found.dy, *found.arguments)
    if check == "shapes":
        return float(any(np.shape(g) != a.shape for g, a in zip(gradients, found.arguments, strict=True)))
    if check == "adjoint test":
        return max(_adjoint_gap(found, i, wrong) for i in range(len(found.arguments)))
    if check == "all at once":
        return max(_together(found, i, g) for i, g in enumerate(gradients))
    estimate = complex_step_vjp if check == "complex step" else numerical_vjp
    try:
        expected = estimate(found.forward, found.arguments, found.dy)
    except TypeError:  # a maximum has no complex numbers to choose from
        return None
    return max(_relative(*pair) for pair in zip(gradients, expected, strict=True))


def _relative(a, b):
    scale = max(np.abs(a).max(), np.abs(b).max())
    return float(np.abs(a - b).max() / scale) if scale else 0.0


def _replaced(found, i, value):
    return [value if k == i else argument for k, argument in enumerate(found.arguments)]


def _adjoint_gap(found, i, wrong):
    """Try the adjoint test on argument `i`, the others held still and what they give alone taken off."""
    rest = found.forward(*_replaced(found, i, np.zeros_like(found.arguments[i])))
    backward = found.wrong if wrong else found.backward
    return check_adjoint(
        lambda value: found.forward(*_replaced(found, i, value)) - rest,
        lambda dy: backward(dy, *found.arguments)[i],
        found.arguments[i],
    )


def _together(found, i, gradient, h=1e-5):
    """Compare the sum of a gradient with the slope of E when all entries of argument `i` grow alike."""
    there, back = (found.forward(*_replaced(found, i, found.arguments[i] + step)) for step in (h, -h))
    slope = ((there - back) * found.dy).sum() / (2 * h)
    return _relative(np.array([gradient.sum()]), np.array([slope]))


def train(mistake, wrong, *, epochs, rng):
    """Train a small network on the digits, its layer of that kind right or `wrong`.

    Parameters
    ----------
    mistake : str
        A key of `MISTAKES`.
    wrong : bool
        Whether the mistake is planted.
    epochs : int
    rng : numpy.random.Generator
        Draws the division of the digits, the weights and the batches.

    Returns
    -------
    losses : list of float
        Training loss of each epoch.
    accuracy : float
        Share of the 360 test digits recognised at the end.

    Examples
    --------
    >>> losses, accuracy = train("= for +=", False, epochs=1, rng=np.random.default_rng(0))
    >>> len(losses), 0 <= accuracy <= 1
    (1, True)
    """
    x, t, x_test, t_test = split_digits(rng)
    net = network(mistake, wrong, rng)
    loss = cross_entropy, cross_entropy_backward
    optimiser = SGD(net.params(), lr=0.05, momentum=0.9)
    history = fit(net, x, t, loss=loss, optimiser=optimiser, epochs=epochs, batch_size=32, rng=rng)
    accuracy = float((net(x_test).argmax(axis=1) == t_test).mean())
    return [record["loss"] for record in history], accuracy


POOLS = {
    "overlapping mean": (layers.AvgPool2d, 3, dict(stride=1)),
    "mean, rounded up": (layers.AvgPool2d, 4, dict(ceil_mode=True)),
    "maximum": (layers.MaxPool2d, 2, {}),
}


def network(mistake, wrong, rng):
    """Build conv, tanh, pool, conv, tanh, flatten, dense for 8×8 digits, one layer planted if `wrong`."""
    kind = MISTAKES[require_choice("mistake", mistake, MISTAKES)].kind
    require_truth("wrong", wrong)
    make, size, options = POOLS.get(kind, (layers.AvgPool2d, 2, {}))
    side = output_size(6, size, **{"stride": size} | options) - 1
    parts = [layers.Conv2d(1, 6, 3, rng=rng), layers.Tanh(), make(size, **options)]
    parts += [layers.Conv2d(6, 6, 2, rng=rng), layers.Tanh(), layers.Flatten()]
    parts += [layers.Dense(6 * side**2, 10, rng=rng)]
    if wrong:
        place = {"conv": 3, "flatten": 5}.get(kind, 2)
        parts[place] = Planted(parts[place], mistake)
    return Sequential(*parts)


class Planted(layers.Layer):
    """A layer that goes forward as it should, and backward with one of the `MISTAKES`."""

    formula = "vjp"

    def __init__(self, layer, mistake):
        self.layer, self.mistake = layer, mistake

    def children(self):
        return [self.layer]

    def forward(self, x):
        """Run the layer."""
        self._memory = x
        return self.layer.forward(x)

    def backward(self, dy, *, with_dx=True):
        """Pull `dy` back the wrong way."""
        x, layer, wrong = self._recall(), self.layer, MISTAKES[self.mistake].backward
        if isinstance(layer, layers.Conv2d):
            dx, layer.dw, layer.db = wrong(dy, x, layer.w)
            return dx
        if isinstance(layer, layers.Flatten):
            return wrong(dy, x.shape)
        return wrong(dy, x, layer.kernel_size, stride=layer.stride, ceil_mode=layer.ceil_mode)
