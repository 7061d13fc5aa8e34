"""The widget of chapter 09: scores, probabilities, and what two losses send back to the scores."""

import numpy as np
import traitlets

from cnnlib.loss import cross_entropy_backward, softmax, softmax_backward, squared_error_backward
from cnnlib.widgets.base import Number, Whole, Widget, axes, number, table_html
from cnnlib.widgets.compose import compose

REACH, MOST = 10, 5
PRESETS = {
    "worked example, z = (1, 2, 3)": dict(logits=[1, 2, 3], target=2, focus=2),
    "confidently wrong, z = (−8, 8)": dict(logits=[-8, 8], target=0, focus=0),
    "confidently right, z = (8, −8)": dict(logits=[8, -8], target=0, focus=0),
    "undecided, all scores 0": dict(logits=[0, 0, 0, 0, 0], target=2, focus=2),
    "two rivals, both wrong": dict(logits=[-5, 4.5, 4], target=0, focus=0),
    "smoothed target": dict(logits=[1, 2, 6], target=2, focus=2, smoothing=0.15),
}


class Scores(traitlets.TraitType):
    """Two to five finite numbers from −10 to 10; arrays are welcome."""

    info_text = "two to five scores"

    def validate(self, obj, value):
        scores = list(value) if axes(value) == 1 else []
        if not 2 <= len(scores) <= MOST:
            raise traitlets.TraitError(
                f"{self.name} must be 2 to {MOST} scores, one per class; came {value!r}"
            )
        for score in scores:
            if not number(score) or abs(score) > REACH:
                raise traitlets.TraitError(
                    f"{self.name} must hold numbers from −{REACH} to {REACH}; came {score!r}"
                )
        return [score.item() if isinstance(score, np.generic) else score for score in scores]


class SoftmaxSliders(Widget):
    """Move the scores and see the probabilities and the gradients of two losses.

    Traits are the widget's whole state: assigning one redraws every view of it,
    and ``observe`` sees what the reader changes. Equations ``softmax``,
    ``softmax-jac``, ``ce-dlogits``, ``squared-error-da``.

    Parameters
    ----------
    logits : two to five numbers
        One score per class, from −10 to 10.
    target : int
        The true class, from 0.
    smoothing : float
        Share ε of the target that is spread evenly over all classes, from 0 to 0.5.
    temperature : float
        The scores are divided by it before the softmax; from 0.1 to 10.
    focus : int
        The class whose arithmetic is written out.

    Raises
    ------
    traitlets.TraitError
        If a value is not of the kind above, with a sentence.
    """

    _esm = compose("softmax_sliders")
    starting = ("logits", "target", "smoothing", "temperature", "focus")

    logits = Scores([1, 2, 3]).tag(sync=True)
    target = Whole(2, min=0, max=MOST - 1).tag(sync=True)
    smoothing = Number(0.0, min=0.0, max=0.5).tag(sync=True)
    temperature = Number(1.0, min=0.1, max=10.0).tag(sync=True)
    focus = Whole(2, min=0, max=MOST - 1).tag(sync=True)
    presets = traitlets.Dict(
        {name: {"smoothing": 0.0, "temperature": 1.0, **traits} for name, traits in PRESETS.items()}
    ).tag(sync=True)

    @traitlets.validate("target", "focus")
    def _one_of_the_classes(self, proposal):
        name, last = proposal.trait.name, len(self.logits) - 1
        if proposal.value > last:
            raise traitlets.TraitError(
                f"{name} must be a class from 0 to {last}, since there are {last + 1} scores; "
                f"came {proposal.value}"
            )
        return proposal.value

    @traitlets.observe("logits")
    def settle(self, change=None):
        """Keep the target and the focus among the classes."""
        last = len(self.logits) - 1
        self.target, self.focus = min(self.target, last), min(self.focus, last)

    def arrays(self):
        """Return ``(z, t)`` of shape (1, K), scores over temperature and targets, for `cross_entropy`."""
        K = len(self.logits)
        t = (1 - self.smoothing) * np.eye(K)[[self.target]] + self.smoothing / K
        return np.array([self.logits], float) / self.temperature, t

    def gradients(self):
        """Return the gradients of both losses at the scores: cross-entropy first, then squared error."""
        z, t = self.arrays()
        dy = squared_error_backward(softmax(z), t)
        both = cross_entropy_backward(z, t), softmax_backward(dy, z)
        return tuple(dz[0] / self.temperature for dz in both)

    def static_html(self):
        z, t = self.arrays()
        columns = [range(len(self.logits)), self.logits, softmax(z)[0], t[0], *self.gradients()]
        rows = [[round(float(v), 6) for v in row] for row in zip(*columns, strict=True)]
        names = "class, score z, probability y, target t, gradient of cross-entropy, of squared error"
        said = (
            f"Scores over temperature {self.temperature:g} become probabilities; each loss sends a gradient "
            "back to every score. This picture moves where JavaScript runs."
        )
        return f"{table_html('d', names, rows)}<figcaption>{said}</figcaption>"
