"""Random pools, activations, dense layers and losses against their definitions."""

import cmath
import math
from fractions import Fraction

import numpy as np
from fuzz_conv import draw_geometry, flat, table
from fuzz_draw import ANY, REAL, exact, kind, promoted, rounding, same
from pool_oracle import by_definition

import cnnlib

NUMBERS = [name for name in REAL if name not in ("O", "Fraction")]


# --- rearranging -----------------------------------------------------------------------------------
@kind
def dilate(draw):
    """dilate: zeros between neighbours, as a product with tables of zeros and ones."""
    x, steps = _maps(draw), draw.sizes(1, 4)
    found = cnnlib.dilate(x, draw.written(steps))
    sides = [max(s * (n - 1) + 1, 0) for s, n in zip(steps, x.shape[-2:], strict=True)]
    rows, columns = (_spread(n, s, side) for n, s, side in zip(x.shape[-2:], steps, sides, strict=True))
    same(found, rows @ exact(x) @ columns.T, x.dtype.newbyteorder("="))
    draw.assert_own_memory(found)


def _spread(n, step, side):
    return (np.arange(side)[:, None] == step * np.arange(n)).astype(float)


@kind
def upsample(draw):
    """upsample: the Kronecker product with ones."""
    x, scale = _maps(draw), draw.sizes(1, 4)
    found = cnnlib.upsample(x, draw.written(scale))
    same(found, np.kron(exact(x), np.ones((1,) * (x.ndim - 2) + scale)), x.dtype.newbyteorder("="))
    draw.assert_own_memory(found)


@kind
def rot180(draw):
    """rot180: entry (u, v) moves to (H - 1 - u, W - 1 - v)."""
    w = _maps(draw)
    found, (H, W) = cnnlib.rot180(w), w.shape[-2:]
    expected = [w[..., H - 1 - u, W - 1 - v] for u in range(H) for v in range(W)]
    expected = np.moveaxis(np.array(expected, w.dtype), 0, -1) if expected else w
    same(found, expected.reshape(w.shape), w.dtype.newbyteorder("="))
    draw.assert_own_memory(found)


def _maps(draw):
    draw.dtypes(("x",))
    shape = [draw.whole(0, 3) for _ in range(draw.whole(0, 3))] + list(draw.sizes(1, 5))
    return draw.array("x", tuple(shape))


@kind
def receptive_field(draw):
    """receptive-field: walk back from one unit to the pixels it depends on."""
    windows = [(draw.whole(1, 4), draw.whole(1, 3)) for _ in range(draw.whole(1, 4))]
    draw.tell(windows=windows)
    for depth, (r, j) in enumerate(cnnlib.receptive_field(windows), 1):
        units = [{0}, {1}]
        for m, s in reversed(windows[:depth]):
            units = [{s * unit + tap for unit in found for tap in range(m)} for found in units]
        assert max(units[0]) - min(units[0]) + 1 == r and min(units[1]) - min(units[0]) == j


@kind
def output_size(draw):
    """out-size: the positions are counted by trying them in turn."""
    image, kernel, outputs, geometry = draw_geometry(draw)
    assert cnnlib.output_size(image, kernel, **geometry) == outputs
    ceil = cnnlib.output_size(image, kernel, **geometry, ceil_mode=True)
    for n, m, s, p, d, o, c in zip(image, kernel, *geometry.values(), outputs, ceil, strict=True):
        s, p, d = geometry_of(geometry, (s, p, d))
        span = d * (m - 1) + 1
        more = o * s + span > n + 2 * p and o * s < n + p and (o - 1) * s + span < n + 2 * p
        assert c == o + more


def geometry_of(geometry, values):
    """Return values in the order stride, padding, dilation."""
    told = dict(zip(geometry, values, strict=True))
    return told["stride"], told["padding"], told["dilation"]


# --- pooling ---------------------------------------------------------------------------------------
def draw_pool(draw, allowed=REAL, *, padded=True):
    """Draw images and the window of a pooling layer, often with ties, overlap, gaps and remainders."""
    kernel = draw.sizes(1, 4)
    stride = kernel if draw.chance(0.3) else draw.sizes(1, 5)
    padding = tuple(draw.whole(0, m // 2) for m in kernel) if padded and draw.chance(0.6) else (0, 0)
    image = tuple(max(1, m - 2 * p) + draw.whole(0, 5) for m, p in zip(kernel, padding, strict=True))
    ceil_mode = draw.chance(0.5)
    draw.tell(kernel=kernel, stride=stride, padding=padding, ceil_mode=ceil_mode)
    draw.dtypes(("x", "dy"), allowed)
    x = draw.array("x", (draw.batch(), draw.whole(1, 2), *image))
    options = {"ceil_mode": ceil_mode} if ceil_mode or draw.chance(0.5) else {}
    if stride != kernel or draw.chance(0.5):
        options["stride"] = draw.written(stride)
    if padded and (padding != (0, 0) or draw.chance(0.5)):
        options["padding"] = draw.written(padding)
    return x, draw.written(kernel), options, (kernel, stride, padding, ceil_mode)


def compare_pool(draw, name, case, reduce, share, dtypes, *, extra=(), tol=None, **more):
    """Run a pool both ways and compare with the definition, window by window."""
    x, kernel, options, sizes = case
    y = getattr(cnnlib, name)(x, *extra, kernel, **options, **more)
    dy = draw.array("dy", y.shape)
    dx = getattr(cnnlib, f"{name}_backward")(dy, x, *extra, kernel, **options, **more)
    pixels, delta = (
        np.vectorize(_python, otypes=[object])(a) if a.size else a.astype(object) for a in (x, dy)
    )
    expected = by_definition(pixels, delta, sizes, reduce, share)
    tol = (rounding(x), rounding(x, dy)) if tol is None else tol
    limit = max(1.0, float(abs(exact(dy)).max(initial=0)))
    same(y, expected[0], dtypes[0](x), tol=tol[0])
    same(dx, expected[1], dtypes[1](dy, x), tol=tol[1] * limit)
    draw.assert_own_memory(y, dx)


def _python(value):
    """Return a number that does not round: a Fraction, for floats too."""
    value = getattr(value, "item", lambda: value)()
    return Fraction(float(value)) if isinstance(value, (float, np.floating)) else Fraction(value)


def _first_largest(values, members, k):
    return int(k == values.index(max(values)))


@kind
def max_pool2d(draw):
    """maxpool-fwd, maxpool-dx: ties go to the first maximum in row-major order."""
    case = draw_pool(draw)
    dtypes = (lambda x: x.dtype.newbyteorder("="), lambda dy, x: promoted(dy))
    compare_pool(draw, "max_pool2d", case, lambda v, members: max(v), _first_largest, dtypes, tol=(0, 0))


@kind
def sum_pool2d(draw):
    """sumpool-dx."""
    case = draw_pool(draw, REAL)
    dtypes = (promoted, lambda dy, x: promoted(dy))
    compare_pool(draw, "sum_pool2d", case, lambda v, m: sum(v), lambda v, m, k: 1, dtypes, tol=(0, 0))


@kind
def avg_pool2d(draw):
    """avgpool-fwd, avgpool-dx: with and without the padding among the members."""
    case, counted = draw_pool(draw), draw.chance(0.5)
    draw.tell(count_include_pad=counted)

    def members(values, padded):
        return padded if counted else len(values)

    compare_pool(
        draw, "avg_pool2d", case,
        lambda v, m: Fraction(sum(v)) / members(v, m), lambda v, m, k: Fraction(1, members(v, m)),
        (_divided, lambda dy, x: _divided(dy)), count_include_pad=counted,
    )  # fmt: skip


def _divided(array):
    return np.dtype(float) if array.dtype.kind in "iub" else array.dtype.newbyteorder("=")


@kind
def lp_pool2d(draw):
    """lppool-dx: against floats of double precision, window by window."""
    case = draw_pool(draw, ("f8", "f4", "g", "i1", "i4", "u1", "?"), padded=False)
    p = float(draw.rng.choice([1, 1.5, 2, 3, 4]))
    p = int(p) if p == int(p) and draw.chance(0.5) else p
    draw.tell(norm_type=p)

    def norm(values, members):
        return math.fsum(abs(float(v)) ** p for v in values) ** (1 / p)

    def share(values, members, k):
        y, a = norm(values, members), float(values[k])
        return Fraction(math.copysign((abs(a) / y) ** (p - 1), a)) if a else Fraction(0)

    tol = 30 * rounding(case[0]), 30 * rounding(case[0], *_two(draw, case[0]))
    compare_pool(
        draw, "lp_pool2d", case, norm, share, (_divided, lambda dy, x: None), extra=(p,), tol=tol
    )  # fmt: skip


def _two(draw, x):
    """Return an empty array of the dtype that dy will have."""
    return [np.zeros(0, draw.kinds["dy"])]


@kind
def subsample2d(draw):
    """subsample-fwd, subsample-dx, subsample-dbeta, subsample-db."""
    kernel = draw.sizes(1, 3)
    image = tuple(m + draw.whole(0, 6) for m in kernel)
    draw.dtypes(("x", "beta", "b", "dy"), ANY)
    x = draw.array("x", (draw.batch(), draw.whole(1, 3), *image))
    beta, b = draw.array("beta", x.shape[1:2]), draw.array("b", x.shape[1:2])
    outputs = tuple(n // m for n, m in zip(image, kernel, strict=True))
    geometry = draw.tell(stride=kernel, padding=(0, 0), dilation=(1, 1))
    met = table(outputs, kernel, image, geometry)
    blocks = np.einsum("ptr,ncr->ncp", met, flat(x))

    def dtype(*arrays):  # of arrays of different dtypes the products may be finer than their promotion
        return None if draw.mixed else promoted(*arrays)

    z = cnnlib.subsample2d(x, beta, b, draw.written(kernel))
    gain, delta = exact(beta)[:, None], draw.array("dy", z.shape)
    same(z, (gain * blocks + exact(b)[:, None]).reshape(z.shape), dtype(x, beta, b))
    dx, dbeta, db = cnnlib.subsample2d_backward(delta, x, beta, draw.written(kernel))
    dblocks = gain * flat(delta)
    same(dx, np.einsum("ptr,ncp->ncr", met, dblocks).reshape(x.shape), dtype(delta, beta))
    same(dbeta, (flat(delta) * blocks).sum(axis=(0, 2)), dtype(delta, x))
    same(db, flat(delta).sum(axis=(0, 2)), dtype(delta))
    draw.assert_own_memory(z, dx, dbeta, db)


# --- dense layers and activations --------------------------------------------------------------------
@kind
def dense(draw):
    """dense-fwd, dense-dx, dense-dw, dense-db: sums over samples and features, one by one."""
    N, I, O = draw.batch(), draw.whole(1, 5), draw.whole(1, 5)
    draw.dtypes(("x", "w", "b", "dy"))
    x, w, dy = draw.array("x", (N, I)), draw.array("w", (O, I)), draw.array("dy", (N, O))
    b = draw.array("b", (O,)) if draw.chance(0.5) else None
    y, found = cnnlib.dense(x, w, b), cnnlib.dense_backward(dy, x, w)
    X, T, D = exact(x), exact(w), exact(dy)
    expected = np.einsum("ni,ji->nj", X, T) + (0 if b is None else exact(b))
    same(y, expected, promoted(x, w) if b is None else promoted(x, w, b))
    shares = (np.einsum("nj,ji->ni", D, T), np.einsum("nj,ni->ji", D, X), D.sum(axis=0))
    for gradient, share in zip(found, shares, strict=True):
        same(gradient, share, promoted(dy, x, w))
    draw.assert_own_memory(y, *found)


@kind
def flatten(draw):
    """flatten: entry by entry, there and back; the result may be a view, as is documented."""
    draw.dtypes(("x", "dy"))
    x = draw.array(
        "x", (draw.batch(), *(draw.whole(0 if draw.chance(0.05) else 1, 4) for _ in range(draw.whole(1, 4))))
    )
    y = cnnlib.flatten(x)
    expected = [[entry for entry in np.nditer(sample, ["refs_ok", "zerosize_ok"], order="C")] for sample in x]
    same(y, np.array(expected, x.dtype).reshape(len(x), math.prod(x.shape[1:])), x.dtype.newbyteorder("="))
    dy = draw.array("dy", y.shape)
    dx = cnnlib.flatten_backward(dy, draw.rng.choice([list, tuple])(x.shape))
    assert all(
        dx[(n, *at)] == dy[n, k] for n in range(len(x)) for k, at in enumerate(np.ndindex(x.shape[1:]))
    )
    same(dx, exact(dy).reshape(x.shape), dy.dtype.newbyteorder("="))


def _entries(draw, allowed):
    draw.dtypes(("x", "dy"), allowed)
    shape = tuple(draw.whole(0 if draw.chance(0.05) else 1, 4) for _ in range(draw.whole(0, 4)))
    return draw.array("x", shape), draw.array("dy", shape)


def _entrywise(name, function, derivative, allowed, **options):
    """Enter the case of an activation: each entry alone, by Python's own functions."""

    def case(draw):
        x, dy = _entries(draw, allowed)
        told = {key: draw.rng.choice(values).item() for key, values in options.items()}
        draw.tell(**told)
        y = getattr(cnnlib, name)(x, **told)
        dx = getattr(cnnlib, f"{name}_backward")(dy, x, **told)
        tol = 0 if name == "relu" else rounding(x, dy) * max(1.0, float(abs(exact(dy)).max(initial=0)))
        plain = exact(x)
        same(y, _each(lambda v: function(v, **told), plain), tol=tol and rounding(x) * 1e3)
        same(dx, exact(dy) * _each(lambda v: derivative(v, **told), plain), tol=tol)
        draw.assert_own_memory(*(a for a in (y, dx) if isinstance(a, np.ndarray)))

    case.__name__ = name
    return kind(case)


def _each(function, array):
    return np.array([function(complex(v)) for v in array.flat], complex).reshape(array.shape)


def _logistic(z):
    return 1 / (1 + cmath.exp(-z)) if z.real > -300 else 0


def _steep(z):
    return _logistic(z) * (1 - _logistic(z))


SMOOTH = [name for name in NUMBERS if name != "f2"]
_entrywise("relu", lambda v: max(v.real, 0), lambda v: v.real > 0, REAL)
_entrywise(
    "leaky_relu",
    lambda v, slope: v.real * (1 if v.real > 0 else slope),
    lambda v, slope: 1 if v.real > 0 else slope,
    SMOOTH,
    slope=[0.01, 0.5, 0.0, -1.0, 2.0],
)
_entrywise("sigmoid", _logistic, _steep, SMOOTH)
_entrywise("tanh", lambda v: math.tanh(v.real), lambda v: 1 - math.tanh(v.real) ** 2, SMOOTH)


# --- softmax and losses --------------------------------------------------------------------------------
def _scores(draw, name, shape):
    """Draw scores, sometimes so large that their exponentials would overflow."""
    scores = draw.array(name, shape)
    if draw.kinds[name] in ("f8", "f4", "g") and draw.chance(0.3):
        scores = scores * draw.rng.choice([10, 1000])
        draw.given[name] = scores, scores.copy()
    return scores


def _softmax(row):
    shifted = [z - max(v.real for v in row) for z in row]
    powers = [cmath.exp(z) for z in shifted]
    return [power / sum(powers) for power in powers]


def _probabilities(z):
    rows = exact(z).reshape(-1, z.shape[-1])
    return np.array([_softmax(list(map(complex, row))) for row in rows], complex).reshape(z.shape)


@kind
def softmax(draw):
    """softmax, softmax-jac: row by row with Python's numbers, and the whole Jacobian."""
    draw.dtypes(("z", "dy"), [name for name in NUMBERS if name != "f2"])
    shape = (draw.whole(1, 5),) if draw.chance(0.3) else (draw.batch(), draw.whole(1, 5))
    z, dy = _scores(draw, "z", shape), draw.array("dy", shape)
    y, dz = cnnlib.softmax(z), cnnlib.softmax_backward(dy, z)
    p, tol = _probabilities(z), rounding(z, dy)
    same(y, p, tol=rounding(z))
    jacobian = np.einsum("...k,kj->...kj", p, np.eye(shape[-1])) - np.einsum("...k,...j->...kj", p, p)
    top = max(1.0, float(abs(exact(dy)).max(initial=0)))
    same(dz, np.einsum("...kj,...j->...k", jacobian, exact(dy)), tol=tol * top)
    draw.assert_own_memory(y, dz)


@kind
def cross_entropy(draw):
    """ce, ce-dlogits, log-sum-exp: class indices, and rows of weights that need not sum to 1."""
    N, K = draw.whole(1, 3), draw.whole(1, 5)
    draw.dtypes(("logits", "target"), [name for name in NUMBERS if name != "f2"])
    logits = _scores(draw, "logits", (N, K))
    rows = draw.array("target", (N, K))
    if draw.chance(0.5):
        target = draw.give(
            "target", draw.rng.integers(0, K, N).astype(draw.rng.choice(["i1", "i8", "u2", "u8"]))
        )
        rows = np.eye(K)[target.astype(int)]
    else:
        target = rows
    loss, found = cnnlib.cross_entropy(logits, target), cnnlib.cross_entropy_backward(logits, target)
    z, t = exact(logits).real, exact(rows).real
    surprise = [
        [math.log(math.fsum(math.exp(v - max(row)) for v in row)) + max(row) - v for v in row] for row in z
    ]
    scale = max(1.0, float(abs(t).max())) * max(1.0, float(abs(z).max()))
    tol = rounding(logits) * scale * 10
    same(loss, (t * np.array(surprise)).sum() / N, tol=tol)
    same(found, (_probabilities(logits) * t.sum(axis=1, keepdims=True) - t) / N, tol=tol)
    draw.assert_own_memory(found)


@kind
def squared_error(draw):
    """squared-error, squared-error-da."""
    draw.dtypes(("a", "t"), [name for name in NUMBERS if name != "f2"])
    shape = (draw.whole(1, 3), *(draw.whole(1, 3) for _ in range(draw.whole(1, 3))))
    a, t = draw.array("a", shape), draw.array("t", shape)
    d = exact(a) - exact(t)
    found = cnnlib.squared_error_backward(a, t)
    tol = rounding(a, t) * max(1.0, float(abs(d).max()) ** 2)
    same(cnnlib.squared_error(a, t), (d * d).sum() / 2 / len(a), tol=tol * d.size)
    same(found, d / len(a), tol=tol)
    draw.assert_own_memory(found)
