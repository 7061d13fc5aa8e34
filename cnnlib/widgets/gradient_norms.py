"""The widget of chapter 13: how large the gradient is in every layer of a deep network, before it learns."""

import numpy as np
import traitlets

from cnnlib.activations import (
    leaky_relu,
    leaky_relu_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    tanh,
    tanh_backward,
)
from cnnlib.dense import dense, dense_backward
from cnnlib.widgets.base import Choice, Number, Whole, Widget
from cnnlib.widgets.compose import compose

WIDTH, DEEPEST, SEEDS, LEAK = 32, 20, 40, 0.1

# name: the function, its backward pass, and the steepest slope it has
ACTIVATIONS = {
    "sigmoid": (sigmoid, sigmoid_backward, 0.25),
    "tanh": (tanh, tanh_backward, 1.0),
    "ReLU": (relu, relu_backward, 1.0),
    "leaky ReLU": (
        lambda z: leaky_relu(z, slope=LEAK),
        lambda dy, z: leaky_relu_backward(dy, z, slope=LEAK),
        1.0,
    ),
}


class GradientNorms(Widget):
    """Draw the norms of activations, of δ and of the bound on δ, layer by layer, for random weights.

    Traits are the widget's whole state: the seed fixes every draw, so a network can be seen again.
    Weights have variance ``2 ** exponent / 32``. Equations ``delta-product``, ``delta-bound``, ``xavier``
    and ``he``.

    Parameters
    ----------
    depth : int, 1 to 20
        Number of layers of 32 units.
    activation : {"sigmoid", "tanh", "ReLU", "leaky ReLU"}
        The same φ in every layer; the leaky one has slope 0.1 on the left.
    exponent : float, -4 to 6
        Base-2 logarithm of (number of inputs) × (variance of a weight).
    draw : {"normal", "uniform"}
        Distribution of the weights.
    residual : bool
        Whether each layer adds its result to its input.
    seed : int, 1 to 40
        Which draw.
    layer : int, 1 to 20
        The layer whose bound is written out; the last one if the network is not as deep.

    Raises
    ------
    traitlets.TraitError
        If a value is not of the kind above, with a sentence.
    """

    _esm = compose("gradient_norms")
    starting = ("depth", "activation", "exponent", "draw", "residual", "seed", "layer")

    depth = Whole(10, min=1, max=DEEPEST).tag(sync=True)
    activation = Choice(tuple(ACTIVATIONS), "sigmoid").tag(sync=True)
    exponent = Number(0.0, min=-4, max=6).tag(sync=True)
    draw = Choice(("normal", "uniform"), "normal").tag(sync=True)
    residual = traitlets.Bool(False).tag(sync=True)
    seed = Whole(1, min=1, max=SEEDS).tag(sync=True)
    layer = Whole(9, min=1, max=DEEPEST).tag(sync=True)

    def norms(self):
        """Return ``(a, delta, bound)``: norms of activations from the input on, of δ, and its bound."""
        found = deep_norms(
            self.depth, self.activation, 2**self.exponent, self.draw, self.residual, self.seed
        )
        return found["a"], found["delta"], found["bound"]

    def static_html(self):
        a, delta, bound = self.norms()
        body = ""
        for k in range(self.depth, 0, -1):
            mark = ' class="picked"' if k == min(self.layer, self.depth) else ""
            cells = "".join(
                f"<td{mark}>{v:.1e}</td>".replace("-", "−") for v in (a[k], delta[k - 1], bound[k - 1])
            )
            body += f"<tr><th>{k}</th>{cells}</tr>"
        heads = "".join(f'<th scope="col">{name}</th>' for name in ("layer", "‖a‖", "‖δ‖", "‖δ‖ at most"))
        kind = f"{self.activation}{', residual' if self.residual else ''}"
        return (
            f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
            f"<figcaption>Norms in a network of {self.depth} layers of {WIDTH} units, {kind}, weights with "
            f"variance {2**self.exponent:g}/{WIDTH}, seed {self.seed}. "
            "This picture moves where JavaScript runs.</figcaption>"
        )


def hashed(seed, numbers):
    """Return uniform numbers from 0 to 1, by the last step of MurmurHash3: the page draws the same."""
    bits = ((seed << 16) + np.asarray(numbers)).astype(np.uint64)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        bits = ((bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    return (bits + 0.5) / 2**32


def draws(seed, start, count, draw="normal"):
    """Return `count` numbers (an even count) of mean 0 and variance 1, normal ones by Box and Muller."""
    if draw == "uniform":
        return np.sqrt(3) * (2 * hashed(seed, np.arange(start, start + count)) - 1)
    radius = np.sqrt(-2 * np.log(hashed(seed, np.arange(start, start + count, 2))))
    turn = 2 * np.pi * hashed(seed, np.arange(start + 1, start + count, 2))
    return np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1).ravel()


def deep_norms(depth, activation, gain, draw, residual, seed):
    """Run one network forward and back; return norms per layer and the slopes φ′ of all units.

    The input is normal, and the gradient that arrives at the last layer's output has length 1. The bound at
    layer ℓ is max φ′ · Π (max φ′ · ‖W‖₂), over the layers above; around a shortcut each factor gains 1.
    """
    phi, phi_backward, steepest = ACTIVATIONS[activation]
    w = [np.sqrt(gain / WIDTH) * draws(seed, WIDTH**2 * k, WIDTH**2, draw).reshape(WIDTH, WIDTH)
         for k in range(depth)]  # fmt: skip
    a, z = [draws(seed, 60_000, WIDTH)[None]], []
    for matrix in w:
        z.append(dense(a[-1], matrix))
        a.append(phi(z[-1]) + a[-1] if residual else phi(z[-1]))
    gamma = draws(seed, 61_000, WIDTH)[None]
    gamma = gamma / np.linalg.norm(gamma)
    most, found = 1.0, dict(gamma=[], delta=[], bound=[], spectral=[])
    for k in reversed(range(depth)):
        delta = phi_backward(gamma, z[k])  # delta-product
        top = np.linalg.norm(w[k], 2)
        values = np.linalg.norm(gamma), np.linalg.norm(delta), steepest * most, top
        for name, value in zip(found, values, strict=True):
            found[name].insert(0, float(value))
        pulled = dense_backward(delta, a[k], w[k])[0]
        gamma = pulled + gamma if residual else pulled
        most *= steepest * top + residual  # delta-bound
    slopes = [np.sort(phi_backward(np.ones_like(v), v)[0]).tolist() for v in z]
    return found | dict(a=[float(np.linalg.norm(v)) for v in a], slopes=slopes)
