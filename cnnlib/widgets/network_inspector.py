"""The widget of chapter 11: a whole network on a 6×6 picture, every activation, every δ, and its training."""

import re

import numpy as np
import traitlets

from cnnlib.data import draw_glyphs
from cnnlib.initial import xavier
from cnnlib.layers import Conv2d, Dense, Flatten, MaxPool2d, Sigmoid
from cnnlib.loss import squared_error, squared_error_backward
from cnnlib.network import Sequential
from cnnlib.widgets.base import Choice, Number, Whole, Widget, number, table_html
from cnnlib.widgets.compose import compose
from cnnlib.widgets.mlp_graph import Numbers

IMAGE = [[int(ink) for ink in row] for row in "011100 100010 000100 001000 010001 111110".split()]
FILTERS = [
    [[0, 0.9, -0.7], [0.9, -0.4, -0.2], [0.7, -0.2, 0.1]],
    [[-0.9, 0.5, 0.1], [-0.3, 0.6, -0.4], [-0.1, -0.7, -0.2]],
    [[-0.6, -0.5, 0.5], [-0.4, 0, 1], [0.9, 0.4, 0.1]],
]
WEIGHTS = (((7 * np.arange(36)) % 11 - 5) / 10).reshape(3, 3, 2, 2)
SIZES = {"F": 16, "P": 4, "O": 3, "W": 10, "V": 12, "B": 3}
PARAMETERS = ("filters", "filter_bias", "weights", "output_bias")


def _fresh(rng):
    filters, weights = xavier((3, 1, 3, 3), rng, np.float64), xavier((3, 12), rng, np.float64)
    return np.concatenate([filters.ravel(), np.zeros(3), weights.ravel(), np.zeros(3)]).round(6).tolist()


def _signs(picture):
    return "".join(f"{ink:g}" if number(ink) else "?" for ink in np.ravel(np.asarray(picture, object)))


class Pictures(traitlets.TraitType):
    """Small black and white pictures, kept as strings of 36 signs 0 and 1; arrays are welcome."""

    default_value = ()

    def validate(self, obj, value):
        if isinstance(value, str) or not hasattr(value, "__len__"):
            raise traitlets.TraitError(f"{self.name} must be a list of pictures; came {value!r}")
        rows = [p if isinstance(p, str) else _signs(p) for p in value]
        for k, picture in enumerate(rows):
            if not re.fullmatch("[01]{36}", picture):
                found = f"number {k} is {picture[:40]!r}"
                raise traitlets.TraitError(f"{self.name} must be strings of 36 signs 0 and 1; {found}")
        if not rows:
            raise traitlets.TraitError(f"{self.name} must hold at least one picture to learn from; none came")
        return rows


class NetworkInspector(Widget):
    """Draw a picture, follow it through 69 parameters and back, and train them on digits.

    Traits are the widget's whole state. Equations ``backprop-output``, ``maxpool-dx``, ``conv-dw``, ``sgd``.

    Parameters
    ----------
    image, target : array of shape (6, 6), {1, 2, 3}
        Ink 1 on paper 0, or any numbers, and the digit that it shows.
    filters, filter_bias, weights, output_bias : arrays, optional
        Of shapes (3, 3, 3), (3,), (3, 3, 2, 2), (3,); ``weights[n, k, i, j]`` leads from pooled map k to
        output n.
    view : {"net", "output", "backward"}
        Net inputs z, outputs a, or every δ and every gradient.
    focus_on, channel, focus : {"F", "P", "O", "W", "V", "B"}, int, int
        The chosen number: pixel of a filter map or pooled map, output, tap (9 is the bias), weight to output
        ``focus // 4``, bias of an output; `channel` is the filter, `focus` the row-major place.
    lesson : {"digits", "picture"}
        What the steps learn from: `pictures`, each in every step, or the one drawn.
    rate, steps, costs : int from 1 to 10, int, list
        Learning rate η, steps done, cost before each of the last 500.
    pictures, labels, sample : lists, optional, int
        Training set: strings of 36 signs 0 and 1, or an array of such pictures, and one digit for each; which
        one is shown (−1: none).
    fresh : 69 numbers
        What the button "fresh weights" puts in.

    Raises
    ------
    traitlets.TraitError
        If a value is not of the kind above, with a sentence.
    """

    _esm = compose("network_inspector")
    starting = (*PARAMETERS, "image", "target", "view", "focus_on", "channel", "focus", "lesson", "rate",
                "sample", "steps", "costs")  # fmt: skip

    image = Numbers(IMAGE).tag(sync=True)
    target = Whole(2, min=1, max=3).tag(sync=True)
    filters = Numbers(FILTERS).tag(sync=True)
    filter_bias = Numbers([-0.2, -0.3, 0.5]).tag(sync=True)
    weights = Numbers(WEIGHTS.tolist()).tag(sync=True)
    output_bias = Numbers([0.1, -0.1, 0]).tag(sync=True)
    view = Choice(("net", "output", "backward"), "backward").tag(sync=True)
    focus_on = Choice(tuple(SIZES), "F").tag(sync=True)
    channel = Whole(0, min=0, max=2).tag(sync=True)
    focus = Whole(0, min=0, max=15).tag(sync=True)
    lesson = Choice(("digits", "picture"), "digits").tag(sync=True)
    rate = Whole(3, min=1, max=10).tag(sync=True)
    pictures = Pictures().tag(sync=True)
    labels = traitlets.List().tag(sync=True)
    sample = Whole(-1, min=-1).tag(sync=True)
    steps = Whole(0, min=0).tag(sync=True)
    costs = traitlets.List(Number()).tag(sync=True)
    fresh = Numbers(_fresh(np.random.default_rng(1))).tag(sync=True)

    def __init__(self, **traits):
        if "pictures" not in traits and "labels" not in traits:
            x, t = draw_glyphs(60, np.random.default_rng(0))
            traits |= {"pictures": x, "labels": (t + 1).tolist()}
        super().__init__(**traits)

    def settle(self):
        if len(self.pictures) != len(self.labels):
            wanted = f"{len(self.pictures)} digits, one for each picture"
            raise traitlets.TraitError(f"labels must hold {wanted}; came {len(self.labels)}")

    @traitlets.validate("labels")
    def _only_three_digits(self, proposal):
        for label in proposal.value:
            if isinstance(label, bool) or label not in (1, 2, 3):
                raise traitlets.TraitError(f"labels must hold the digits 1, 2 and 3; came {label!r}")
        return [int(label) for label in proposal.value]

    @traitlets.validate("focus")
    def _focus_inside(self, proposal):
        kind, place = self.focus_on, proposal.value
        if place >= SIZES[kind]:
            raise traitlets.TraitError(
                f"focus must be below {SIZES[kind]} with focus_on {kind!r}; came {place}"
            )
        return place

    def network(self):
        """Return the network with the present parameters, ready to run, check or train by cnnlib."""
        made = dict(rng=np.random.default_rng(0), dtype=float)
        filters, outputs = Conv2d(1, 3, 3, **made), Dense(12, 3, **made)
        net = Sequential(filters, Sigmoid(), MaxPool2d(2), Flatten(), outputs, Sigmoid())
        for array, name in zip(net.params(), PARAMETERS, strict=True):
            array[...] = np.reshape(getattr(self, name), array.shape)
        return net

    def deltas(self):
        """Return ``(cost, delta_f, delta_out)`` of the picture; the δ have shapes (3, 4, 4) and (3,)."""
        net, t = self.network(), np.eye(3)[[self.target - 1]]
        a = net(np.array([[self.image]], float))
        *middle, last = net.layers[1:]
        delta_out = delta = last.backward(squared_error_backward(a, t))
        for layer in reversed(middle):
            delta = layer.backward(delta)
        return squared_error(a, t), delta[0], delta_out[0]

    def static_html(self):
        cost, delta_f, delta_out = self.deltas()
        chosen = {self.channel: divmod(self.focus, 4)} if self.focus_on == "F" else {}
        tables = [table_html("x", "image x", self.image)]
        tables += [table_html("d", f"δ F{k + 1}", d.round(6), chosen.get(k)) for k, d in enumerate(delta_f)]
        tables += [table_html("d", "δ of the outputs", [delta_out.round(6)])]
        said = f"The picture, and the gradient at every net input; target {self.target}, cost {cost:.6f}."
        return f"{''.join(tables)}<figcaption>{said} This picture moves where JavaScript runs.</figcaption>"
