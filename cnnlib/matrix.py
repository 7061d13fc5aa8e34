"""A convolution written out as one matrix: every weight appears once per window, shifted."""

import numpy as np

from cnnlib.conv import FILTERS
from cnnlib.windows import common_dtype, geometry, require_array, require_int


def conv_matrix(w, input_shape, *, stride=1, padding=0, dilation=1):
    r"""Write a bank of filters as the matrix that takes one flattened image to one flattened output.

    Parameters
    ----------
    w : ndarray of shape (O, C, Kh, Kw)
        Filters, as for `conv2d`.
    input_shape : tuple of three ints
        Shape (C, H, W) of one image.
    stride, padding, dilation : int or pair of int
        As for `conv2d`.

    Returns
    -------
    matrix : ndarray of shape (O * H' * W', C * H * W)
        ``conv2d(x, w)[n].ravel()`` equals ``matrix @ x[n].ravel()``; its transpose takes the gradient back,
        and in each row stand at most ``C * Kh * Kw`` numbers that are not 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, channels disagree, or the kernel exceeds the padded input.

    Notes
    -----
    Equations ``conv-matrix``, ``matrix-dx``, ``matrix-nonzeros`` and ``shift-matrices``: with shifts
    :math:`(S_i)_{hr} = [r = sh + di - p]` for the rows and :math:`T_j` likewise for the columns,

    .. math:: A_{oc} = \sum_{i,j} w_{ocij}\, S_i \otimes T_j

    By equation ``conv-norm`` :math:`A_{oc}` stretches no image more than :math:`\sum_{i,j} |w_{ocij}|` times.

    Examples
    --------
    >>> conv_matrix(np.array([[[[1, 2], [3, 4]]]]), (1, 2, 3))
    array([[1, 2, 0, 3, 4, 0],
           [0, 1, 2, 0, 3, 4]])
    """
    shape = _image_shape(input_shape)
    if require_array("w", w, FILTERS).shape[1] != shape[0] or 0 in w.shape:
        raise ValueError(
            f"w must have C = {shape[0]} channels, as input_shape, and no empty axis, got {w.shape}"
        )
    layer = geometry(shape[1:], w.shape[2:], stride=stride, padding=padding, dilation=dilation)
    matrix = np.zeros((w.shape[0], *layer.output, *shape), common_dtype(w))
    outputs = [np.arange(size) for size in layer.output]
    for i, j in np.ndindex(layer.kernel):
        (h, r), (v, q) = (_shift(layer, axis, tap, outputs[axis]) for axis, tap in enumerate((i, j)))
        matrix[:, h[:, None], v, :, r[:, None], q] = w[:, :, i, j]  # conv-matrix
    return matrix.reshape(w.shape[0] * layer.output[0] * layer.output[1], -1)


def _shift(layer, axis, tap, outputs):
    """Pair each output along an axis with the pixel under the tap, where that is not padding."""
    pixels = layer.stride[axis] * outputs + layer.dilation[axis] * tap - layer.padding[axis]
    inside = (pixels >= 0) & (pixels < layer.image[axis])
    return outputs[inside], pixels[inside]


def _image_shape(input_shape):
    if not isinstance(input_shape, (tuple, list)) or len(input_shape) != 3:
        raise ValueError(f"input_shape must be (C, H, W), got {input_shape!r}")
    return tuple(require_int(f"input_shape[{i}]", size, 1) for i, size in enumerate(input_shape))
