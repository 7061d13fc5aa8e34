"""The widget of chapter 01: one unit, its line, and the points it learns."""

import numpy as np
import traitlets

from cnnlib.activations import sigmoid, tanh
from cnnlib.perceptron import obstacle
from cnnlib.widgets.base import LIMIT, Choice, Number, Whole, Widget, axes, number, table_html
from cnnlib.widgets.compose import compose

LOW, HIGH = -1.5, 2.5
CORNERS = [[0, 0], [0, 1], [1, 0], [1, 1]]
CLOUDS = [[-0.5, 0.6], [0, -0.4], [0.3, 0.9], [-0.8, -0.2], [1.2, 1.6], [1.8, 0.7], [1.1, 2], [2, 1.4]]
PRESETS = {
    "AND": {"points": CORNERS, "labels": [-1, -1, -1, 1]},
    "OR": {"points": CORNERS, "labels": [-1, 1, 1, 1]},
    "XOR": {"points": CORNERS, "labels": [-1, 1, 1, -1]},
    "AND, coded ±1": {"points": [[-1, -1], [-1, 1], [1, -1], [1, 1]], "labels": [-1, -1, -1, 1]},
    "two clouds": {"points": CLOUDS, "labels": [-1] * 4 + [1] * 4},
    "one stray point": {"points": [*CLOUDS[:-1], [-0.2, 0.1]], "labels": [-1] * 4 + [1] * 4},
}


class Points(traitlets.TraitType):
    """One to ten points of the plane, kept as pairs; arrays are welcome."""

    info_text = "one to ten pairs of numbers"

    def validate(self, obj, value):
        rows = [list(row) for row in value] if axes(value) == 2 else []
        if not 1 <= len(rows) <= 10 or any(len(row) != 2 for row in rows):
            raise traitlets.TraitError(f"points must be one to ten pairs (x₁, x₂); came {value!r}")
        for entry in [entry for row in rows for entry in row]:
            if not number(entry) or not LOW <= entry <= HIGH or round(entry, 2) != entry:
                raise traitlets.TraitError(
                    f"points must lie from {LOW} to {HIGH} and have at most two decimals; came {entry!r}"
                )
        return [[entry.item() if isinstance(entry, np.generic) else entry for entry in row] for row in rows]


class Bias(Number):
    """A finite number; a whole one stays whole."""

    def validate(self, obj, value):
        super().validate(obj, value)
        return value


class Perceptron(Widget):
    """Move points, switch their labels, and watch one unit look for a line between them.

    Traits are the widget's whole state: assigning one redraws every view of it,
    and ``observe`` sees what the reader changes. Equations ``perceptron-update``,
    ``logistic-grad``, ``tanh-sigmoid``.

    Parameters
    ----------
    points : one to ten pairs of numbers
        Coordinates from −1.5 to 2.5 with at most two decimals.
    labels : list of +1 and −1
        One for each point. A sigmoid unit calls −1 by the name 0.
    activation : {"sign", "sigmoid", "tanh"}
        Which unit, and with it which loss, learns.
    w : pair of numbers
    b : number
        Weights and bias.
    rate : float
        Step size η, from 0.1 to 2.
    seen : int
        How many samples were shown since the start; the next one is ``seen`` modulo the number of points.
    speed : {"slow", "normal", "fast"}
        Pace of the play button.

    Raises
    ------
    traitlets.TraitError
        If a value is not of the kind above, with a sentence.
    """

    _esm = compose("perceptron")
    starting = ("points", "labels", "activation", "w", "b", "rate", "seen")

    points = Points(CORNERS).tag(sync=True)
    labels = traitlets.List(Choice((-1, 1)), [-1, -1, -1, 1]).tag(sync=True)
    activation = Choice(("sign", "sigmoid", "tanh"), "sign").tag(sync=True)
    w = traitlets.List([0, 0]).tag(sync=True)
    b = Bias(0, min=-LIMIT, max=LIMIT).tag(sync=True)
    rate = Number(1.0, min=0.1, max=2.0).tag(sync=True)
    seen = Whole(0, min=0).tag(sync=True)
    speed = Choice(("slow", "normal", "fast"), "normal").tag(sync=True)
    presets = traitlets.Dict(PRESETS).tag(sync=True)

    def __init__(self, points=CORNERS, labels=None, **traits):
        super().__init__(points=points, **traits)
        self.labels = [-1] * (len(self.points) - 1) + [1] if labels is None else labels
        self.initial = {**self.initial, "labels": self.labels}

    @traitlets.validate("labels")
    def _one_label_per_point(self, proposal):
        if len(proposal.value) != len(self.points):
            raise traitlets.TraitError(
                f"labels must be {len(self.points)} numbers 1 or −1, one per point; came {proposal.value!r}"
            )
        return proposal.value

    @traitlets.validate("w")
    def _two_weights(self, proposal):
        if len(proposal.value) != 2 or not all(number(v) and abs(v) <= LIMIT for v in proposal.value):
            raise traitlets.TraitError(
                f"w must be two numbers from −{LIMIT} to {LIMIT}; came {proposal.value!r}"
            )
        return [float(v) if isinstance(v, np.floating) else v for v in proposal.value]

    @traitlets.observe("points")
    def settle(self, change=None):
        """Keep one label for each point: new points are positive."""
        with self.hold_sync():
            self.labels = (self.labels + [1] * len(self.points))[: len(self.points)]

    def obstacle(self):
        """Return the points that rule out every line, or None: see `cnnlib.perceptron.obstacle`."""
        return obstacle([[str(v) for v in point] for point in self.points], self.labels)

    def outputs(self):
        """Return net inputs and outputs of all points, ready to compare."""
        z = np.array(self.points, float) @ np.array(self.w, float) + self.b
        return z, {"sign": np.sign, "sigmoid": sigmoid, "tanh": tanh}[self.activation](z)

    def static_html(self):
        z, y = self.outputs()
        rows = [[*p, t, *v] for p, t, v in zip(self.points, self.labels, np.stack([z, y], 1), strict=True)]
        table = table_html("y", "x₁, x₂, label t, net input z, output y", rows)
        line = f"z = {self.w[0]:g}·x₁ + {self.w[1]:g}·x₂ + {self.b:g}".replace("-", "−")
        exists = "A line" if self.obstacle() is None else "No line"
        said = f"{line}. {exists} separates the two kinds. This picture moves where JavaScript runs."
        return f"{table}<figcaption>{said}</figcaption>"
