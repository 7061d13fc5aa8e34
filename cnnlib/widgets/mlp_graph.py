"""A widget of chapter 02: choose a weight and follow its paths to the loss, forward and backward."""

import numpy as np
import traitlets

from cnnlib.activations import relu, relu_backward, sigmoid, sigmoid_backward, tanh, tanh_backward
from cnnlib.dense import dense, dense_backward
from cnnlib.loss import squared_error, squared_error_backward
from cnnlib.widgets.base import LIMIT, Choice, Whole, Widget, number, table_html
from cnnlib.widgets.compose import compose

ACTIVATIONS = {
    "sigmoid": (sigmoid, sigmoid_backward), "tanh": (tanh, tanh_backward), "relu": (relu, relu_backward),
}  # fmt: skip


class Numbers(traitlets.TraitType):
    """Finite numbers in a fixed shape, kept as nested lists; arrays are welcome."""

    def __init__(self, default):
        super().__init__(default)
        self.shape = np.shape(default)

    def validate(self, obj, value):
        array = np.asarray(value if value is not None else "nothing", dtype=object)
        size = " × ".join(map(str, self.shape))
        if array.shape != self.shape:
            raise traitlets.TraitError(f"{self.name} must hold {size} numbers; came shape {array.shape}")
        for entry in array.flat:
            if not number(entry) or abs(entry) > LIMIT:
                raise traitlets.TraitError(
                    f"{self.name} must hold numbers from −{LIMIT} to {LIMIT}; came {entry!r}"
                )
        return np.array(array, dtype=float).tolist()


class MlpGraph(Widget):
    """Follow one weight of a 2–3–2 network to the loss and read its derivative, factor by factor.

    Traits are the widget's whole state. Equations ``backprop``, ``backprop-output``, ``backprop-weight``.

    Parameters
    ----------
    inputs, targets : two numbers each, optional
        What enters layer p, and what layer r should answer.
    q, r : arrays of shape (3, 3) and (2, 4), optional
        One row per unit of a layer: its weights, then its bias.
    activation : {"sigmoid", "tanh", "relu"}
        The same φ in both layers.
    view : {"paths", "backward"}
        One product for each path, or the shared products of back-propagation.
    focus : int, 0 to 16
        The chosen weight, row-major through q, then r.
    frame : int
        −1 for the whole formula, otherwise the number of pieces revealed.

    Raises
    ------
    traitlets.TraitError
        If a value is not of the kind above, with a sentence.
    """

    _esm = compose("mlp_graph")
    starting = ("inputs", "q", "r", "targets", "activation", "view", "focus", "frame")

    inputs = Numbers([1, 2]).tag(sync=True)
    q = Numbers([[0.1, 0.2, 0.1], [0.3, -0.1, 0], [-0.2, 0.4, -0.1]]).tag(sync=True)
    r = Numbers([[0.5, -0.3, 0.2, 0], [-0.4, 0.1, 0.6, 0.2]]).tag(sync=True)
    targets = Numbers([1, 0]).tag(sync=True)
    activation = Choice(tuple(ACTIVATIONS), "sigmoid").tag(sync=True)
    view = Choice(("paths", "backward"), "paths").tag(sync=True)
    focus = Whole(1, min=0, max=16).tag(sync=True)
    frame = Whole(-1, min=-1, max=5).tag(sync=True)

    def gradients(self):
        """Return ``(loss, dq, dr)`` by the kernels; dq and dr have the shapes of q and r."""
        phi, phi_backward = ACTIVATIONS[self.activation]
        x, t, q, r = (np.array(a) for a in ([self.inputs], [self.targets], self.q, self.r))
        n_q = dense(x, q[:, :-1], q[:, -1])
        o_q = phi(n_q)
        n_r = dense(o_q, r[:, :-1], r[:, -1])
        delta_r = phi_backward(squared_error_backward(phi(n_r), t), n_r)          # backprop-output
        gamma_q, dr, dbr = dense_backward(delta_r, o_q, r[:, :-1])
        _, dq, dbq = dense_backward(phi_backward(gamma_q, n_q), x, q[:, :-1])     # backprop
        return squared_error(phi(n_r), t), np.column_stack([dq, dbq]), np.column_stack([dr, dbr])

    def static_html(self):
        loss, dq, dr = self.gradients()
        layer, index = ("q", self.focus) if self.focus < 9 else ("r", self.focus - 9)
        at = divmod(index, np.shape(getattr(self, layer))[1])
        drawn = "".join([
            table_html("w", "Θ and b of layer q", self.q, at if layer == "q" else None),
            table_html("d", "∂E/∂Θ and ∂E/∂b of layer q", dq.round(4), at if layer == "q" else None),
            table_html("w", "Θ and b of layer r", self.r, at if layer == "r" else None),
            table_html("d", "∂E/∂Θ and ∂E/∂b of layer r", dr.round(4), at if layer == "r" else None),
        ])  # fmt: skip
        return (f"{drawn}<figcaption>Weights, last column biases, and their gradients; E = {loss:.6f}. "
                "This picture moves where JavaScript runs.</figcaption>")  # fmt: skip
