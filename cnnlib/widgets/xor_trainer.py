"""A widget of chapter 02: gradient descent on XOR, step by step, from fifty-one starting points."""

import numpy as np

from cnnlib.activations import sigmoid
from cnnlib.widgets.base import Choice, Whole, Widget, table_html
from cnnlib.widgets.compose import compose

POINTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
TARGETS = np.array([0, 1, 1, 0])
RATE = 0.1
STARTS, LAST_STEP = 50, 5000


class XorTrainer(Widget):
    """Train a 2–h–1 network (tanh, then sigmoid with cross-entropy) on XOR and see where it goes.

    Traits are the widget's whole state: width, starting point and number of steps fix every weight, so the
    training can be run back as well as forth. Equations ``backprop``, ``backprop-output``, ``sgd``.

    Parameters
    ----------
    hidden : int, 1 to 8
        Number of hidden units.
    start : int, 0 to 50
        Which starting point; 0 is the one with all parameters zero.
    steps : int, 0 to 5000
        Full-batch steps of gradient descent with rate 0.1 done so far.
    speed : {"slow", "normal", "fast"}
        Pace of the play button.

    Raises
    ------
    traitlets.TraitError
        If a value is not of the kind above, with a sentence.
    """

    _esm = compose("xor_trainer")
    starting = ("hidden", "start", "steps")

    hidden = Whole(2, min=1, max=8).tag(sync=True)
    start = Whole(1, min=0, max=STARTS).tag(sync=True)
    steps = Whole(0, min=0, max=LAST_STEP).tag(sync=True)
    speed = Choice(("slow", "normal", "fast"), "normal").tag(sync=True)

    def parameters(self):
        """Return ``(w, b, v, c)``: hidden weights and biases, output weights and bias, after the steps."""
        w, b, v, c = unpack(train(self.hidden, [self.start], self.steps)[0])
        return w[0], b[0], v[0], c[0]

    def static_html(self):
        p, losses = train(self.hidden, [self.start], self.steps)
        y = sigmoid(net_inputs(p))[0]
        table = table_html("y", "x₁, x₂, target t, output y", np.column_stack([POINTS, TARGETS, y.round(3)]))
        return (f"{table}<figcaption>XOR with {self.hidden} hidden units, starting point {self.start}, after "
                f"{self.steps} steps: loss E = {losses[0, -1]:.3f}. This picture moves where JavaScript runs."
                "</figcaption>")  # fmt: skip


def starting_points(hidden, starts):
    """Return one row of ``4 * hidden + 1`` parameters for each number in `starts`.

    They are uniform between −1 and 1, drawn by a hash of 32 bits (the last step of MurmurHash3), so that the
    page computes the very same numbers. Number 0 is the starting point with all parameters zero.
    """
    starts, n = np.asarray(starts)[:, None], np.arange(1, 4 * hidden + 2)
    bits = (1000 * starts + n).astype(np.uint64)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        bits = ((bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    return np.where(starts == 0, 0.0, bits / 2**31 - 1)


def unpack(p):
    """Split rows of parameters into w (R, h, 2), b (R, h), v (R, h) and c (R,); all are views."""
    h = (p.shape[1] - 1) // 4
    return p[:, : 2 * h].reshape(-1, h, 2), p[:, 2 * h : 3 * h], p[:, 3 * h : 4 * h], p[:, 4 * h]


def net_inputs(p):
    """Return the net input of the output unit, shape (R, 4): one row per run, one column per point."""
    w, b, v, c = unpack(p)
    return (np.tanh(POINTS @ w.transpose(0, 2, 1) + b[:, None]) * v[:, None]).sum(-1) + c[:, None]


def train(hidden, starts, steps=LAST_STEP):
    """Run gradient descent from many starting points at once.

    Returns
    -------
    p : ndarray of shape (R, 4 * hidden + 1)
        Where each run ends.
    losses : ndarray of shape (R, steps + 1)
        Cross-entropy summed over the four points, before each step and at the end.
    """
    p = starting_points(hidden, starts)
    losses = np.empty((len(p), steps + 1))
    for step in range(steps + 1):
        w, b, v, c = unpack(p)
        o = np.tanh(POINTS @ w.transpose(0, 2, 1) + b[:, None])              # (R, 4, h)
        z = (o * v[:, None]).sum(-1) + c[:, None]                            # (R, 4)
        losses[:, step] = (np.logaddexp(0, z) - TARGETS * z).sum(-1)
        delta_r = sigmoid(z) - TARGETS                                       # backprop-output
        delta_q = (1 - o * o) * delta_r[..., None] * v[:, None]              # backprop, (R, 4, h)
        ended, p = p, p - RATE * np.concatenate([
            (delta_q.transpose(0, 2, 1) @ POINTS).reshape(len(p), -1), delta_q.sum(1),
            (delta_r[..., None] * o).sum(1), delta_r.sum(1, keepdims=True),
        ], axis=1)  # fmt: skip
    return ended, losses
