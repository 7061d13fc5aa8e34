"""Random convolutions against the definition, and every other way to compute one.

The definition is written with one table of zeros and ones per axis, which says what pixel each tap of each
window meets. It shares no code with the library, and `oracles.conv2d_loops` checks it in turn.
"""

import math

import numpy as np
from fuzz_draw import ANY, REAL, exact, kind, promoted, rounding, same
from oracles import conv2d_backward_loops, conv2d_loops, conv_positions

import cnnlib
from cnnlib import fast, winograd


# --- convolution ---------------------------------------------------------------------------------
def meets(outputs, taps, n, step, spacing, border):
    """Tabulate 1 where tap i of window h meets pixel r, along one axis, else 0."""
    h, i, r = np.ogrid[:outputs, :taps, :n]
    return (r == step * h + spacing * i - border).astype(float)


def table(outputs, kernel, image, geometry):
    """Tabulate what pixel each tap of each window meets: shape (windows, taps, pixels)."""
    axes = zip(
        outputs, kernel, image, *(geometry[key] for key in ("stride", "dilation", "padding")), strict=True
    )
    rows, columns = (meets(*axis) for axis in axes)
    whole = np.einsum("hir,vjq->hvijrq", rows, columns)
    return whole.reshape(math.prod(outputs), math.prod(kernel), math.prod(image))


def correlate(x, w, met):
    """Apply ``conv-fwd`` to arrays with one axis for pixels, taps and windows each."""
    return np.einsum("ptr,ncr,oct->nop", met, x, w, optimize=True)


def flat(array):
    """Lay the last two axes end to end, in numbers that do not round."""
    return exact(array).reshape(*array.shape[:-2], array.shape[-2] * array.shape[-1])


def draw_geometry(draw, kernel=None, *, unit=False):
    """Draw kernel, image, stride, padding and dilation that fit, all as pairs."""
    kernel = kernel or draw.sizes(1, 4)
    stride, dilation = ((1, 1), (1, 1)) if unit else (draw.sizes(1, 4), draw.sizes(1, 3))
    padding = draw.sizes(0, 4) if draw.chance(0.7) else (0, 0)
    least = [max(1, d * (m - 1) + 1 - 2 * p) for d, m, p in zip(dilation, kernel, padding, strict=True)]
    image = tuple(n + draw.whole(0, 6) for n in least)
    geometry = dict(stride=stride, padding=padding, dilation=dilation)
    outputs = tuple(map(len, conv_positions(image, kernel, stride, padding, dilation)))
    draw.tell(**geometry)
    return image, kernel, outputs, geometry


def draw_conv(draw, allowed=ANY, **wish):
    """Draw a convolution: its arrays, its geometry, and its table."""
    image, kernel, outputs, geometry = draw_geometry(draw, **wish)
    N, C, O = draw.batch(), draw.whole(1, 3), draw.whole(1, 3)
    draw.dtypes(("x", "w", "b", "dy"), allowed)
    x, w = draw.array("x", (N, C, *image)), draw.array("w", (O, C, *kernel))
    dy = draw.array("dy", (N, O, *outputs))
    return x, w, dy, geometry, table(outputs, kernel, image, geometry)


def written(draw, geometry):
    """Write a geometry as a caller might: ints for square pairs, defaults left out."""
    plain = {"stride": 1, "padding": 0, "dilation": 1}
    told = {key: draw.written(value) for key, value in geometry.items()}
    return {key: value for key, value in told.items() if value != plain[key] or draw.chance(0.5)}


def same_gradients(found, dy, x, w, met, *, tol=0.0, dtype=None):
    """Compare (dx, dw, db) with the definition."""
    delta, pixels, taps = flat(dy), flat(x), flat(w)
    same(
        found[0],
        np.einsum("ptr,nop,oct->ncr", met, delta, taps, optimize=True).reshape(x.shape),
        dtype,
        tol=tol,
    )
    same(
        found[1],
        np.einsum("ptr,nop,ncr->oct", met, delta, pixels, optimize=True).reshape(w.shape),
        dtype,
        tol=tol,
    )
    same(found[2], delta.sum(axis=(0, 2)), dtype, tol=tol)


@kind
def conv2d(draw):
    """conv-fwd, conv-dx, conv-dw, conv-db."""
    x, w, dy, geometry, met = draw_conv(draw)
    b = draw.array("b", (len(w),)) if draw.chance(0.5) else None
    told = written(draw, geometry)
    y, gradients = cnnlib.conv2d(x, w, b, **told), cnnlib.conv2d_backward(dy, x, w, **told)
    expected = correlate(flat(x), flat(w), met).reshape(dy.shape)
    arrays = (x, w) if b is None else (x, w, b)
    same(y, expected if b is None else expected + exact(b)[:, None, None], promoted(*arrays))
    same_gradients(gradients, dy, x, w, met, dtype=promoted(dy, x, w))
    draw.assert_own_memory(y, *gradients)
    if draw.chance(0.02):  # the definition once more, product by product
        loops = conv2d_loops(exact(x), exact(w), None if b is None else exact(b), **geometry)
        same(y, loops)
        for one, other in zip(
            gradients, conv2d_backward_loops(*map(exact, (dy, x, w)), **geometry), strict=True
        ):
            same(one, other)


@kind
def conv_transpose2d(draw):
    """conv-transpose: every input pixel is spread over the window it would have come from."""
    kernel, stride, dilation = draw.sizes(1, 4), draw.sizes(1, 4), draw.sizes(1, 3)
    inputs, padding, extra = draw.sizes(1, 5), [], []
    for n, m, s, d in zip(inputs, kernel, stride, dilation, strict=True):
        extra.append(draw.whole(0, max(s, d) - 1) if draw.chance(0.4) else 0)
        reached = s * (n - 1) + d * (m - 1) + 1 + extra[-1]
        padding.append(draw.whole(0, (reached - 1) // 2) if draw.chance(0.6) else 0)
    axes = zip(inputs, kernel, stride, dilation, padding, extra, strict=True)
    image = tuple(s * (n - 1) + d * (m - 1) + 1 + r - 2 * p for n, m, s, d, p, r in axes)
    geometry = draw.tell(stride=stride, padding=tuple(padding), dilation=dilation)
    draw.tell(output_padding=tuple(extra))
    N, C, O = draw.batch(), draw.whole(1, 3), draw.whole(1, 3)
    draw.dtypes(("x", "w", "b"))
    x, w = draw.array("x", (N, C, *inputs)), draw.array("w", (C, O, *kernel))
    b = draw.array("b", (O,)) if draw.chance(0.5) else None
    y = cnnlib.conv_transpose2d(x, w, b, **written(draw, geometry), output_padding=draw.written(tuple(extra)))
    met = table(inputs, kernel, image, geometry)
    expected = np.einsum("ptr,ncp,cot->nor", met, flat(x), flat(w), optimize=True).reshape(N, O, *image)
    arrays = (x, w) if b is None else (x, w, b)
    same(y, expected if b is None else expected + exact(b)[:, None, None], promoted(*arrays))
    draw.assert_own_memory(y)


@kind
def conv_matrix(draw):
    """conv-matrix."""
    image, kernel, outputs, geometry = draw_geometry(draw)
    draw.dtypes(("w",))
    w = draw.array("w", (draw.whole(1, 3), draw.whole(1, 3), *kernel))
    found = cnnlib.conv_matrix(w, (w.shape[1], *image), **written(draw, geometry))
    met = table(outputs, kernel, image, geometry)
    expected = np.einsum("ptr,oct->opcr", met, flat(w), optimize=True)
    same(found, expected.reshape(found.shape), promoted(w))
    draw.assert_own_memory(found)


@kind
def combine_maps(draw):
    """map-combination, map-combination-ds: against the formula, by the definition of its convolution."""
    x, w, dy, geometry, met = draw_conv(draw, ("f8", "f4", "c16", "i4", "?"))
    x, w, C, O = exact(x).real, exact(w).real[0], x.shape[1], len(w)
    if not len(x):
        return
    w, scores = np.ascontiguousarray(w), draw.rng.standard_normal((O, C))
    dy = draw.rng.standard_normal(dy.shape)
    b = draw.rng.standard_normal(O) if draw.chance(0.5) else None
    for name, array in (("x", x), ("w", w), ("scores", scores), ("dy", dy)):
        draw.given[name] = array, array.copy()
    maps = np.einsum("ptr,ncr,ct->ncp", met, flat(x), flat(w), optimize=True).real
    weights = np.array([[math.exp(s) / math.fsum(map(math.exp, row)) for s in row] for row in scores])
    z = cnnlib.combine_maps(x, w, scores, b, **geometry)
    expected = np.einsum("oc,ncp->nop", weights, maps).reshape(dy.shape)
    same(z, expected if b is None else expected + b[:, None, None], tol=1e-11)
    delta = dy.reshape(*dy.shape[:2], -1)
    dmaps, dweights = np.einsum("oc,nop->ncp", weights, delta), np.einsum("nop,ncp->oc", delta, maps)
    dscores = weights * (dweights - (weights * dweights).sum(axis=1, keepdims=True))
    found = cnnlib.combine_maps_backward(dy, x, w, scores, **geometry)
    same(
        found[0], np.einsum("ptr,ncp,ct->ncr", met, dmaps, flat(w), optimize=True).reshape(x.shape), tol=1e-11
    )
    same(
        found[1], np.einsum("ptr,ncp,ncr->ct", met, dmaps, flat(x), optimize=True).reshape(w.shape), tol=1e-11
    )
    same(found[2], dscores, tol=1e-11)
    same(found[3], dy.sum(axis=(0, 2, 3)), tol=1e-11)


# --- the same convolution computed in other ways ---------------------------------------------------
@kind
def im2col(draw):
    """im2col, im2col-adjoint."""
    x, w, _, geometry, met = draw_conv(draw)
    found, told = (
        fast.im2col(x, draw.written(w.shape[2:]), **written(draw, geometry)),
        written(draw, geometry),
    )
    expected = np.einsum("ptr,ncr->nctp", met, flat(x))
    same(found, expected.reshape(found.shape), x.dtype.newbyteorder("="))
    columns = draw.array("dy", found.shape)
    back = fast.col2im(columns, x.shape[2:], w.shape[2:], **told)
    parts = exact(columns).reshape(expected.shape)
    same(back, np.einsum("ptr,nctp->ncr", met, parts).reshape(x.shape))
    draw.assert_own_memory(found, back)


def _other(forward, backward):
    def case(draw):
        x, w, dy, geometry, met = draw_conv(draw)
        told = written(draw, geometry)
        y, gradients = forward(x, w, **told), backward(dy, x, w, **told)
        same(y, correlate(flat(x), flat(w), met).reshape(dy.shape), promoted(x, w))
        same_gradients(gradients, dy, x, w, met, dtype=promoted(dy, x, w))
        draw.assert_own_memory(y, *gradients)

    case.__name__ = forward.__name__
    return kind(case)


_other(fast.conv2d_im2col, fast.conv2d_im2col_backward)
_other(fast.conv2d_shifted, fast.conv2d_shifted_backward)


@kind
def conv2d_fft(draw):
    """fft-corr, fft-grad: the only detour that rounds."""
    x, w, dy, geometry, met = draw_conv(
        draw, [k for k in REAL if k not in ("O", "Fraction", "f2", "g")], unit=True
    )
    told, scale = {"padding": draw.written(geometry["padding"])}, rounding(x, w, dy)
    y, gradients = fast.conv2d_fft(x, w, **told), fast.conv2d_fft_backward(dy, x, w, **told)
    largest = [max(1.0, float(abs(exact(array)).max(initial=0))) for array in (x, w, dy)]
    tol = scale * math.prod(largest) * 10
    same(y, correlate(flat(x), flat(w), met).reshape(dy.shape), tol=tol)
    same_gradients(gradients, dy, x, w, met, tol=tol)
    draw.assert_own_memory(y, *gradients)


@kind
def conv2d_winograd(draw):
    """winograd-f2233, winograd-grad: whole numbers that stay exact in every dtype but half precision."""
    x, w, dy, geometry, met = draw_conv(draw, [k for k in ANY if k != "f2"], kernel=(3, 3), unit=True)
    told = {"padding": draw.written(geometry["padding"])}
    y, gradients = winograd.conv2d_winograd(x, w, **told), winograd.conv2d_winograd_backward(dy, x, w, **told)
    same(y, correlate(flat(x), flat(w), met).reshape(dy.shape), promoted(x, w))
    same_gradients(gradients, dy, x, w, met, dtype=promoted(dy, x, w))
    draw.assert_own_memory(y, *gradients)


@kind
def winograd_f23(draw):
    """winograd-f23."""
    draw.dtypes(("d", "g"), [k for k in ANY if k not in ("f2", "g")])
    d, g = draw.array("d", (4,)), draw.array("g", (3,))
    a, b = exact(d), exact(g)
    same(winograd.winograd_f23(d, g), [a[:3] @ b, a[1:] @ b])


@kind
def conv2d_separable(draw):
    """separable."""
    image, kernel, outputs, geometry = draw_geometry(draw, unit=True)
    draw.dtypes(("x", "column", "row"), [k for k in ANY if k != "f2"])
    x = draw.array("x", (draw.batch(), draw.whole(1, 3), *image))
    column, row = draw.array("column", kernel[:1]), draw.array("row", kernel[1:])
    found = fast.conv2d_separable(x, column, row, padding=draw.written(geometry["padding"]))
    taps = np.outer(exact(column), exact(row)).ravel()
    expected = np.einsum(
        "ptr,ncr,t->ncp", table(outputs, kernel, image, geometry), flat(x), taps, optimize=True
    )
    same(found, expected.reshape(*x.shape[:2], *outputs), promoted(x, column, row))
    draw.assert_own_memory(found)
