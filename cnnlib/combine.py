"""Let a layer learn which of its input maps to use: a softmax weighs the convolved maps."""

import numpy as np

from cnnlib.conv import conv2d, conv2d_backward
from cnnlib.loss import softmax, softmax_backward
from cnnlib.windows import require_array, require_shape


def combine_maps(x, w, scores, b=None, *, stride=1, padding=0, dilation=1):
    r"""Convolve every map with a kernel of its own and take weighted means of the results.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W)
        Input maps.
    w : ndarray of shape (C, Kh, Kw)
        One kernel per input map.
    scores : ndarray of shape (O, C)
        Row o, through a softmax, gives the weights of the maps in output map o.
    b : ndarray of shape (O,), optional
        One bias per output map.
    stride, padding, dilation : int or pair of int
        As in `conv2d`.

    Returns
    -------
    z : ndarray of shape (N, O, H', W')

    Raises
    ------
    TypeError, ValueError
        As `conv2d`, or if `scores` is not a matrix with one column per map.

    Notes
    -----
    Equation ``map-combination`` (Bouvrie, 2006):
    :math:`Z_o = b_o + \sum_c \alpha_{oc}\,(A_c \star K_c)` with :math:`\alpha_o = \mathrm{softmax}(s_o)`.
    The sum over the maps is a 1×1 convolution (``conv-1x1``).

    Examples
    --------
    >>> x = np.array([[[[2.0]], [[4.0]]]])
    >>> combine_maps(x, np.ones((2, 1, 1)), np.zeros((1, 2)))
    array([[[[3.]]]])
    """
    geometry = dict(stride=stride, padding=padding, dilation=dilation)
    weights = softmax(_require_scores(scores, x, w))
    return conv2d(_each_map(x, w, geometry), weights[:, :, None, None], b)  # map-combination, conv-1x1


def combine_maps_backward(dy, x, w, scores, *, stride=1, padding=0, dilation=1):
    r"""Pull the gradient `dy` of shape (N, O, H', W') back through `combine_maps`.

    Returns ``(dx, dw, dscores, db)``, shaped like ``x``, ``w``, ``scores`` and ``(O,)``.

    Notes
    -----
    Equation ``map-combination-ds``: a weight's gradient is :math:`\langle\delta_o, A_c \star K_c\rangle`, and
    softmax passes on what exceeds the weighted mean of these numbers (``softmax-jac``).

    Examples
    --------
    >>> x = np.array([[[[2.0]], [[4.0]]]])
    >>> combine_maps_backward(np.ones((1, 1, 1, 1)), x, np.ones((2, 1, 1)), np.zeros((1, 2)))[2]
    array([[-0.5,  0.5]])
    """
    geometry = dict(stride=stride, padding=padding, dilation=dilation)
    weights = softmax(_require_scores(scores, x, w))[:, :, None, None]
    maps = _each_map(x, w, geometry)
    require_shape("dy", dy, (len(x), len(scores), *maps.shape[2:]), "like the output")
    dmaps, dweights, db = conv2d_backward(dy, maps, weights)
    dscores = softmax_backward(dweights[:, :, 0, 0], scores)  # map-combination-ds
    pulled = [conv2d_backward(dmaps[:, [c]], x[:, [c]], w[None, [c]], **geometry) for c in range(len(w))]
    dx, dw = (np.concatenate([parts[i] for parts in pulled], axis=1) for i in (0, 1))
    return dx, dw[0], dscores, db


def _each_map(x, w, geometry):
    """Convolve map c with kernel c."""
    return np.concatenate([conv2d(x[:, [c]], w[None, [c]], **geometry) for c in range(len(w))], axis=1)


def _require_scores(scores, x, w):
    maps = require_array("x", x, ("N", "C", "H", "W")).shape[1]
    if len(require_array("w", w, ("C", "Kh", "Kw"))) != maps:
        raise ValueError(f"w must hold one kernel for each of the {maps} maps of x, got shape {w.shape}")
    if require_array("scores", scores, ("O", "C")).shape[1] != maps:
        raise ValueError(f"scores must have one column for each of the {maps} maps, got shape {scores.shape}")
    if 0 in scores.shape or 0 in w.shape:
        raise ValueError(f"only the batch may be empty, got w {w.shape} and scores {scores.shape}")
    return scores
