"""Random networks of layer objects, run forward and backward by the definitions of their layers."""

import math

import numpy as np
from fuzz_conv import correlate, flat, table
from fuzz_draw import kind, same

import cnnlib


@kind
def networks(draw):
    """residual-dx, concat-dx, net-backward: random nets of layer objects, run backward by the definitions."""
    N, C, H, W = draw.whole(0, 3), draw.whole(1, 2), draw.whole(4, 7), draw.whole(4, 7)
    body = [_layer(draw, depth=2) for _ in range(draw.whole(1, 3))]
    x, layers, shape = draw.rng.standard_normal((N, C, H, W)), [], (C, H, W)
    for make in body:
        layer = make(*shape)
        shape = layer(np.zeros((1, *shape))).shape[1:]
        layers.append(layer)
    if draw.chance(0.5):
        layers += [
            cnnlib.Flatten(),
            cnnlib.Dense(math.prod(shape), draw.whole(1, 4), rng=draw.rng, dtype=float),
        ]
    net = cnnlib.Sequential(*layers)
    for array in net.params():
        array[...] = draw.rng.standard_normal(array.shape)
    draw.tell(net=repr(net), x=x.shape)
    y, (expected, pull) = net(x), reference(net, x)
    same(y, expected, np.dtype(float), tol=1e-10)
    dy = draw.rng.standard_normal(y.shape)
    draw.given = {"x": (x, x.copy()), "dy": (dy, dy.copy())}
    dx, gradients = pull(dy)
    same(net.backward(dy), dx, np.dtype(float), tol=1e-10)
    own = net.grads()
    assert len(own) == len(gradients) == len(net.params())
    for found, gradient in zip(own, gradients, strict=True):
        same(found, gradient, np.dtype(float), tol=1e-9)


def _layer(draw, depth):
    """Return a function of the input's shape that makes a layer which keeps height and width."""
    options = ["conv", "act", "act", "pool", "residual", "concat", "sequential"]
    choice = draw.rng.choice(options if depth else options[:4])
    parts = [_layer(draw, depth - 1) for _ in range(draw.whole(1, 2))] if choice in options[4:] else []
    if choice == "conv":
        k, maps, bias = draw.whole(0, 1), draw.whole(1, 3), draw.chance(0.7)
        return lambda C, H, W: cnnlib.Conv2d(
            C, maps, 2 * k + 1, padding=k, bias=bias, rng=np.random.default_rng(0), dtype=float
        )
    if choice == "act":
        make = draw.rng.choice([cnnlib.ReLU, cnnlib.LeakyReLU, cnnlib.Sigmoid, cnnlib.Tanh])
        return lambda C, H, W: make()
    if choice == "pool":
        make = draw.rng.choice([cnnlib.MaxPool2d, cnnlib.AvgPool2d, cnnlib.SumPool2d])
        return lambda C, H, W: make(3, stride=1, padding=1)
    if choice == "concat":
        return lambda *shape: cnnlib.Concat(*(part(*shape) for part in parts))
    if choice == "sequential":
        return lambda *shape: _chain(parts, shape)
    return lambda *shape: _shortcut(draw, _chain(parts, shape), shape)


def _chain(parts, shape):
    layers = []
    for part in parts:
        layers.append(part(*shape))
        shape = layers[-1](np.zeros((1, *shape))).shape[1:]
    return cnnlib.Sequential(*layers)


def _shortcut(draw, block, shape):
    after = block(np.zeros((1, *shape))).shape[1]
    side = cnnlib.Conv2d(shape[0], after, 1, rng=np.random.default_rng(1), dtype=float)
    return cnnlib.Residual(block, side) if after != shape[0] or draw.chance(0.3) else cnnlib.Residual(block)


def reference(layer, x):
    """Run a layer by its definition; return y and a function from dy to (dx, gradients of its parameters)."""
    name = type(layer).__name__
    if name in ("Sequential", "Residual", "Concat"):
        return _reference_of_many(layer, x, name)
    if name == "Conv2d":
        return _reference_conv(layer, x)
    if name == "Dense":
        return x @ layer.w.T + layer.b, lambda dy: (dy @ layer.w, [dy.T @ x, dy.sum(axis=0)])
    if name == "Flatten":
        return x.reshape(len(x), math.prod(x.shape[1:])), lambda dy: (dy.reshape(x.shape), [])
    if name.endswith("Pool2d"):
        return _reference_pool(name, x)
    y, slope = {
        "ReLU": lambda: (np.where(x > 0, x, 0), np.where(x > 0, 1, 0)),
        "LeakyReLU": lambda: (np.where(x > 0, x, 0.01 * x), np.where(x > 0, 1, 0.01)),
        "Sigmoid": lambda: ((1 + np.tanh(x / 2)) / 2, (1 - np.tanh(x / 2) ** 2) / 4),
        "Tanh": lambda: (np.tanh(x), 1 - np.tanh(x) ** 2),
    }[name]()
    return y, lambda dy: (dy * slope, [])


def _reference_conv(layer, x):
    p = (layer.padding,) * 2
    geometry = dict(stride=(1, 1), padding=p, dilation=(1, 1))
    met = table(x.shape[2:], layer.w.shape[2:], x.shape[2:], geometry)
    X, T, image = flat(x).real, flat(layer.w).real, x.shape[2:]
    y = correlate(X, T, met).reshape(len(x), len(T), *image)

    def pull(dy):
        D = flat(dy).real
        dx = np.einsum("ptr,nop,oct->ncr", met, D, T, optimize=True).reshape(x.shape)
        dw = np.einsum("ptr,nop,ncr->oct", met, D, X, optimize=True).reshape(layer.w.shape)
        return dx, [dw] + ([D.sum(axis=(0, 2))] if layer.bias else [])

    return y + (layer.b[:, None, None] if layer.bias else 0), pull


def _reference_pool(name, x):
    met = table(x.shape[2:], (3, 3), x.shape[2:], dict(stride=(1, 1), padding=(1, 1), dilation=(1, 1)))
    if name == "MaxPool2d":
        seen = np.where(met.sum(axis=2) > 0, np.einsum("ptr,ncr->ncpt", met, flat(x).real), -np.inf)
        winner = np.eye(9)[seen.argmax(axis=3)]
        y = seen.max(axis=3)
    else:
        winner = np.full((*x.shape[:2], met.shape[0], 9), 1 / 9 if name == "AvgPool2d" else 1.0)
        y = np.einsum("ptr,ncr,ncpt->ncp", met, flat(x).real, winner, optimize=True)
    pull = lambda dy: np.einsum("ptr,ncp,ncpt->ncr", met, flat(dy).real, winner, optimize=True)  # noqa: E731
    return y.reshape(x.shape), lambda dy: (pull(dy).reshape(x.shape), [])


def _reference_of_many(layer, x, name):
    if name == "Sequential":
        y, pulls = x, []
        for child in layer.layers:
            y, pull = reference(child, y)
            pulls.append(pull)

        def back(dy):
            gradients = []
            for pull in reversed(pulls):
                dy, own = pull(dy)
                gradients = own + gradients
            return dy, gradients

        return y, back
    if name == "Residual":
        sides = [reference(child, x) for child in layer.children()]
        y = sum(y for y, _ in sides) + (x if layer.shortcut is None else 0)

        def back(dy):
            found = [pull(dy) for _, pull in sides]
            return sum(dx for dx, _ in found) + (dy if layer.shortcut is None else 0), [
                g for _, own in found for g in own
            ]

        return y, back
    sides = [reference(child, x) for child in layer.branches]
    cuts = np.cumsum([y.shape[1] for y, _ in sides])[:-1]

    def back(dy):
        found = [pull(part) for (_, pull), part in zip(sides, np.split(dy, cuts, axis=1), strict=True)]
        return sum(dx for dx, _ in found), [g for _, own in found for g in own]

    return np.concatenate([y for y, _ in sides], axis=1), back
