"""The widget of chapter 12: draw a digit, see the trained network read it, ask what would change its mind."""

import math

import numpy as np
import traitlets

from cnnlib.layers import Conv2d, Dense, Flatten, MaxPool2d, ReLU
from cnnlib.loss import cross_entropy_backward, softmax
from cnnlib.network import Sequential
from cnnlib.widgets.base import Choice, Whole, Widget, number, table_html
from cnnlib.widgets.compose import compose

NAMES = "w1", "b1", "w2", "b2", "w3", "b3"
SHAPE = (
    "Conv2d(1, f, 3, padding=1), ReLU, MaxPool2d(2), Conv2d(f, s, 3, padding=1), ReLU, Flatten, "
    "Dense(16 s, 10)"
)


class Picture(traitlets.TraitType):
    """Eight rows of eight grey values between 0 (paper) and 1 (ink); arrays are welcome."""

    def validate(self, obj, value):
        expected = f"{self.name} must be 8 × 8 numbers from 0 to 1"
        array = np.asarray(value if value is not None else "nothing", dtype=object)
        if array.shape != (8, 8):
            raise traitlets.TraitError(f"{expected}; came something of shape {array.shape}")
        for entry in array.flat:
            if not number(entry) or not 0 <= entry <= 1:
                raise traitlets.TraitError(f"{expected}; came the entry {entry!r}")
        return [[round(float(v), 4) for v in row] for row in array]


class DigitReader(Widget):
    """Draw a digit on 8 × 8 pixels and watch a network of two convolutions read it.

    Traits are the widget's whole state. The page computes both ways itself: equations ``conv-fwd``,
    ``maxpool-fwd``, ``dense-fwd``, ``softmax``, and back through ``ce-dlogits`` to ``conv-dx``.

    Parameters
    ----------
    network : Sequential
        Conv2d(1, f, 3, padding=1), ReLU, MaxPool2d(2), Conv2d(f, s, 3, padding=1), ReLU, Flatten,
        Dense(16 s, 10), with f ≤ 16 and s ≤ 32. Its parameters are copied, as float32 numbers.
    seen : ndarray of shape (N, 1, 8, 8), optional
        The training pictures; the widget says so when a drawing leaves their range.
    presets : dict of str to array of shape (8, 8), optional
        Pictures to start from, with grey values from 0 to 1; the first is shown.
    picture : array of shape (8, 8), optional
        Another picture to begin with.
    towards : int, 0 to 9
        The class k whose loss E = −ln y is pulled back to the pixels.
    layer : {"first", "pooled", "second", "class"}
        Where the chosen unit lies; `map`, `row` and `column` say which it is.
    part : int
        The map below whose products with the chosen unit's taps are written out.

    Raises
    ------
    TypeError, ValueError
        If `network` is no such network, or `seen` holds no 8 × 8 pictures.
    traitlets.TraitError
        If another value is not of the kind above, with a sentence.
    """

    _esm = compose("digit_reader")
    starting = ("picture", "towards", "layer", "map", "row", "column", "part", "eraser", "softness")

    weights = traitlets.Dict().tag(sync=True)
    usual = traitlets.Dict().tag(sync=True)
    presets = traitlets.Dict().tag(sync=True)
    picture = Picture([[0.0] * 8] * 8).tag(sync=True)
    towards = Whole(0, min=0, max=9).tag(sync=True)
    layer = Choice(("first", "pooled", "second", "class"), "first").tag(sync=True)
    map = Whole(0, min=0, max=31).tag(sync=True)
    row = Whole(3, min=0, max=7).tag(sync=True)
    column = Whole(3, min=0, max=7).tag(sync=True)
    part = Whole(0, min=0, max=31).tag(sync=True)
    eraser = traitlets.Bool(False).tag(sync=True)
    softness = Whole(2, min=0, max=4).tag(sync=True)

    def __init__(self, network=None, seen=None, presets=None, **traits):
        shown = {name: Picture().validate(None, grey) for name, grey in (presets or {}).items()}
        if shown:
            traits.setdefault("picture", next(iter(shown.values())))
        sixteenths = {name: [round(16 * v, 3) for row in grey for v in row] for name, grey in shown.items()}
        super().__init__(
            weights=_copied(network),
            usual={} if seen is None else _ranges(seen),
            presets={name: [int(v) if v == int(v) else v for v in row] for name, row in sixteenths.items()},
            **traits,
        )

    @traitlets.validate("weights")
    def _six_lists(self, proposal):
        given = {name: values for name, values in proposal.value.items() if isinstance(values, list)}
        f, s = len(given.get("b1", ())), len(given.get("b2", ()))
        wanted = dict(zip(NAMES, (9 * f, f, 9 * f * s, s, 160 * s, 10), strict=True))
        sizes = {name: len(values) for name, values in given.items()}
        if sizes != wanted or not f * s or not all(number(v) for values in given.values() for v in values):
            expected = f"weights must be six lists of numbers, {', '.join(NAMES)}, of {SHAPE}"
            raise traitlets.TraitError(f"{expected}; came lists of lengths {sizes}")
        return proposal.value

    def network(self):
        """Return the network whose weights the page holds, in float64."""
        first, second = len(self.weights["b1"]), len(self.weights["b2"])
        rng, dtype = np.random.default_rng(0), np.float64
        net = Sequential(
            Conv2d(1, first, 3, padding=1, rng=rng, dtype=dtype), ReLU(), MaxPool2d(2),
            Conv2d(first, second, 3, padding=1, rng=rng, dtype=dtype), ReLU(), Flatten(),
            Dense(16 * second, 10, rng=rng, dtype=dtype),
        )  # fmt: skip
        for parameter, name in zip(net.params(), NAMES, strict=True):
            parameter[...] = np.reshape(self.weights[name], parameter.shape)
        return net

    def read(self):
        """Return ``(probabilities, ∂E/∂x)`` of the picture, for E = −ln of the probability of `towards`."""
        net, x = self.network(), np.array(self.picture)[None, None]
        scores = net(x)
        dx = net.backward(cross_entropy_backward(scores, np.array([self.towards])))
        return softmax(scores)[0], dx[0, 0]

    def static_html(self):
        y, gradient = self.read()
        best = int(y.argmax())
        ranked = [[k, round(100 * y[k], 1)] for k in np.argsort(-y)[:3]]
        drawn = table_html("x", "the picture, ink in per cent", np.round(100 * np.array(self.picture)))
        drawn += table_html("y", "class and probability in per cent", ranked)
        drawn += table_html("d", f"∂E/∂x for class {self.towards}", gradient.round(2))
        return (f"{drawn}<figcaption>The network reads a {best} and gives it {y[best]:.1%}. "
                "Where JavaScript runs you can draw here.</figcaption>")  # fmt: skip


def _copied(network):
    """Return the six parameters as flat lists of the shortest decimals that name these float32 numbers."""
    if not isinstance(network, Sequential):
        raise TypeError(f"network must be a trained Sequential of {SHAPE}; came {network!r}")
    arrays = network.params()
    f, s = (len(array) for array in (*arrays[:1], *arrays[2:3])) if len(arrays) == 6 else (0, 0)
    kinds = [type(layer) for layer in network.layers]
    wanted = [(f, 1, 3, 3), (f,), (s, f, 3, 3), (s,), (10, 16 * s), (10,)]
    same = kinds == [Conv2d, ReLU, MaxPool2d, Conv2d, ReLU, Flatten, Dense]
    if not same or [array.shape for array in arrays] != wanted or not (1 <= f <= 16 and 1 <= s <= 32):
        raise ValueError(f"network must be {SHAPE} with f ≤ 16 and s ≤ 32; came {network!r}")
    numbers = [[float(str(np.float32(v))) for v in array.flat] for array in arrays]
    if not all(math.isfinite(v) for values in numbers for v in values):
        raise ValueError("network must have finite parameters; came one with nan or infinity")
    return dict(zip(NAMES, numbers, strict=True))


def _ranges(seen):
    """Return how much ink the pictures have, where its centre lies, and which pixels none of them inks."""
    if not isinstance(seen, np.ndarray) or seen.shape[1:] != (1, 8, 8) or not len(seen):
        raise ValueError(f"seen must be pictures of shape (N, 1, 8, 8), got {getattr(seen, 'shape', seen)!r}")
    ink = seen.sum(axis=(1, 2, 3))
    if not (ink > 0).all():
        raise ValueError("seen must hold pictures with ink; came a blank one")
    centres = np.einsum("nchw,hwk->nk", seen, np.stack(np.mgrid[:8, :8], axis=-1)) / ink[:, None]
    ranges = zip(("ink", "row", "column"), (ink, *centres.T), strict=True)
    blank = (seen == 0).all(axis=(0, 1)).astype(int).ravel().tolist()
    rounded = {name: [round(float(v.min()), 3), round(float(v.max()), 3)] for name, v in ranges}
    return rounded | {"blank": blank}
