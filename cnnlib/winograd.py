"""Winograd's convolution for 3×3 kernels: tiles of 2×2 outputs with 16 multiplications instead of 36.

Each tile of 4×4 pixels, and each kernel, is first turned into 16 other numbers by additions. Those meet in
16 products (16 small matrix products when there are channels), and additions make 2×2 outputs of the result.
Every step is linear in the image, so the way back is the same steps transposed.
"""

import numpy as np

from cnnlib.columns import batch_last
from cnnlib.conv import conv_geometry
from cnnlib.windows import common_dtype, require_array, require_shape

# winograd-f23: y = Aᵀ[(G g) ⊙ (Bᵀ d)] with G = TWICE_G / 2, so that integers stay integers until the end.
TWICE_G = np.array([[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]])
BT = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])
AT = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])


def winograd_f23(d, g):
    """Slide a kernel of three taps over four pixels with four multiplications instead of six.

    Parameters
    ----------
    d, g : ndarray of shape (4,), (3,)
        Pixels and taps.

    Returns
    -------
    y : ndarray of shape (2,)

    Raises
    ------
    TypeError, ValueError
        If an argument is no array of numbers of its shape.

    Notes
    -----
    Equation ``winograd-f23`` (Winograd, 1980). The sums of taps are worked out once per kernel, the halves
    with them, so per window only the four products and eight additions remain.

    Examples
    --------
    >>> winograd_f23(np.array([1, 2, 3, 4]), np.array([1, 0, 2]))
    array([ 7, 10])
    """
    require_shape("d", d, (4,), "(four pixels)")
    require_shape("g", g, (3,), "(three taps)")
    products = (TWICE_G @ g) * (BT @ d)  # winograd-f23: four products
    return _divided(AT @ products, 2)


def conv2d_winograd(x, w, *, padding=0):
    """Compute `conv2d` for 3×3 kernels of stride 1 in tiles of 2×2 outputs.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W)
        Input images.
    w : ndarray of shape (O, C, 3, 3)
        Filters.
    padding : int or pair of int
        Zeros per side.

    Returns
    -------
    y : ndarray of shape (N, O, H', W')

    Raises
    ------
    TypeError, ValueError
        As `conv2d`, or if the kernels are not 3×3.

    Notes
    -----
    Equation ``winograd-f2233`` (Lavin & Gray, 2016): exact for integers and symbols. For floating-point
    numbers the additions before the products cost a little precision.

    Examples
    --------
    >>> x, w = np.arange(16).reshape(1, 1, 4, 4), np.ones((1, 1, 3, 3), int)
    >>> conv2d_winograd(x, w)[0, 0]
    array([[45, 54],
           [81, 90]])
    """
    layer, dtype = _require_three_by_three(x, w, padding), common_dtype(x, w)
    image, filters = _even(x, layer, dtype), _filters(w, dtype)
    (Ho, Wo), (O, N), tall = layer.output, (len(w), len(x)), (image.shape[1] - 2) // 2
    y = np.empty((O, 2 * tall, image.shape[2] - 2, N), dtype)
    for band in _bands(tall, image, O):
        products = filters @ _tiles(image, band)  # winograd-f2233: sixteen matrix products
        _outputs(products, y[:, 2 * band.start : 2 * band.stop])
    return _divided(y, 4)[:, :Ho, :Wo].transpose(3, 0, 1, 2)


def conv2d_winograd_backward(dy, x, w, *, padding=0):
    """Pull `dy` back through `conv2d_winograd`: the transposed steps in reverse order.

    Returns ``(dx, dw, db)`` like `conv2d_backward`; equation ``winograd-grad``.
    """
    layer = _require_three_by_three(x, w, padding)
    dtype = common_dtype(require_shape("dy", dy, (len(x), len(w), *layer.output), "like the output"), x, w)
    image, filters, (O, N) = _even(x, layer, dtype), _filters(w, dtype), (len(w), len(x))
    tall, delta = (image.shape[1] - 2) // 2, np.zeros((O, image.shape[1] - 2, image.shape[2] - 2, N), dtype)
    delta[:, : layer.output[0], : layer.output[1]] = dy.transpose(1, 2, 3, 0)
    dimage, dfilters = np.zeros_like(image), np.zeros_like(filters)
    for band in _bands(tall, image, O):
        shares = _pull_outputs(delta[:, 2 * band.start : 2 * band.stop])
        dfilters += shares @ _tiles(image, band).swapaxes(2, 3)  # winograd-grad
        _pull_tiles(filters.swapaxes(2, 3) @ shares, dimage, band)  # winograd-grad
    dw = np.einsum("ai,bj,aboc->ocij", TWICE_G, TWICE_G, dfilters)
    (H, W), (p, q) = layer.image, layer.padding
    dx = dimage[:, p : p + H, q : q + W].transpose(3, 0, 1, 2)
    return _divided(dx, 4), _divided(dw.astype(dtype, copy=False), 4), delta.sum(axis=(1, 2, 3), dtype=dtype)


def _require_three_by_three(x, w, padding):
    layer = conv_geometry(x, require_array("w", w, ("O", "C", "Kh", "Kw")), 1, padding, 1)
    if layer.kernel != (3, 3):
        raise ValueError(f"w must hold 3×3 filters for this algorithm, got shape {w.shape}")
    return layer


def _divided(array, by):
    """Divide numbers that hold `by` times the result; for integers there is no remainder."""
    return array // by if array.dtype.kind in "iu" else array / np.asarray(by).astype(array.dtype)


def _even(x, layer, dtype):
    """Return the images batch-last, padded so that tiles of 2×2 outputs fill the output."""
    image = batch_last(x, dtype, layer.padding)
    odd = [(0, size % 2) for size in layer.output]
    return np.pad(image, [(0, 0), *odd, (0, 0)]) if any(layer.output[k] % 2 for k in (0, 1)) else image


def _filters(w, dtype):
    """Return sixteen (O, C) matrices of filters, four times too large."""
    return np.einsum("ai,bj,ocij->aboc", TWICE_G, TWICE_G, w).astype(dtype, copy=False)


def _bands(tall, image, outputs, budget=2**21):
    """Cut the rows of tiles into bands whose sixteen-fold images stay near the processor."""
    row = 16 * (image.shape[0] + outputs) * (image.shape[2] // 2) * image.shape[3] * image.itemsize
    step = max(1, budget // max(row, 1))
    return [slice(top, min(top + step, tall)) for top in range(0, tall, step)]


def _tiles(image, band):
    """Return Bᵀ d B of all 4×4 tiles in a band, as sixteen (C, tiles) matrices."""
    rows = image[:, 2 * band.start : 2 * band.stop + 2]
    tall, wide = band.stop - band.start, (image.shape[2] - 2) // 2
    r = [rows[:, i : i + 2 * tall : 2] for i in range(4)]
    tiles = np.empty((4, 4, len(image), tall, wide, image.shape[3]), image.dtype)
    for a, half in enumerate((r[0] - r[2], r[1] + r[2], r[2] - r[1], r[1] - r[3])):
        c = [half[:, :, j : j + 2 * wide : 2] for j in range(4)]
        np.subtract(c[0], c[2], out=tiles[a, 0])
        np.add(c[1], c[2], out=tiles[a, 1])
        np.subtract(c[2], c[1], out=tiles[a, 2])
        np.subtract(c[1], c[3], out=tiles[a, 3])
    return tiles.reshape(4, 4, len(image), -1)


def _pull_tiles(dtiles, dimage, band):
    """Add B (…) Bᵀ of all tiles onto the image: the transpose of `_tiles`."""
    tall, wide = band.stop - band.start, (dimage.shape[2] - 2) // 2
    dtiles = dtiles.reshape(4, 4, len(dimage), tall, wide, -1)
    halves = np.zeros((4, len(dimage), tall, *dimage.shape[2:]), dimage.dtype)
    for half, t in zip(halves, dtiles, strict=True):
        for j, share in enumerate((t[0], t[1] - t[2] + t[3], t[1] + t[2] - t[0], -t[3])):
            half[:, :, j : j + 2 * wide : 2] += share
    a = halves
    for i, share in enumerate((a[0], a[1] - a[2] + a[3], a[1] + a[2] - a[0], -a[3])):
        dimage[:, 2 * band.start + i : 2 * band.start + i + 2 * tall : 2] += share


def _outputs(products, y):
    """Write Aᵀ m A of all tiles into the outputs of a band."""
    O, tall, wide = len(y), y.shape[1] // 2, y.shape[2] // 2
    m = products.reshape(4, 4, O, tall, wide, -1)
    for i, t in enumerate((m[0] + m[1] + m[2], m[1] - m[2] - m[3])):
        y[:, i::2, 0::2] = t[0] + t[1] + t[2]
        y[:, i::2, 1::2] = t[1] - t[2] - t[3]


def _pull_outputs(delta):
    """Return A δ Aᵀ of all tiles in a band, as sixteen (O, tiles) matrices: the transpose of `_outputs`."""
    O, tall, wide, N = len(delta), delta.shape[1] // 2, delta.shape[2] // 2, delta.shape[3]
    shares = np.empty((4, 4, O, tall, wide, N), delta.dtype)
    top, bottom = delta[:, 0::2], delta[:, 1::2]
    for a, half in enumerate((top, top + bottom, top - bottom, -bottom)):
        left, right = half[:, :, 0::2], half[:, :, 1::2]
        for b, share in enumerate((left, left + right, left - right, -right)):
            shares[a, b] = share
    return shares.reshape(4, 4, O, -1)
