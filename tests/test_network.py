"""Networks: the chain of layers, branches, the table, the file, and the worked examples of the chapters."""

import os
import re
from fractions import Fraction

import numpy as np
import pytest

from cnnlib import (
    AvgPool2d,
    Concat,
    Conv2d,
    Dense,
    Flatten,
    MaxPool2d,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Subsample2d,
    Tanh,
    check_vjp,
    complex_step_vjp,
    cross_entropy,
    cross_entropy_backward,
    squared_error,
    squared_error_backward,
)


def rng():
    return np.random.default_rng(3)


def small(dtype=np.float64, maps=2):
    return Sequential(
        Conv2d(1, maps, 3, rng=rng(), padding=1, dtype=dtype),
        Tanh(),
        AvgPool2d(2),
        Conv2d(maps, 3, 2, rng=rng(), dtype=dtype),
        Sigmoid(),
        Subsample2d(3, (1, 2), dtype=dtype),
        Flatten(),
        Dense(6, 4, rng=rng(), dtype=dtype),
    )


def slopes(net, x, loss):
    """Differentiate loss(net(x)) by the input and by every parameter, with the complex step."""
    arrays = [array.copy() for array in (x, *net.params())]

    def run(image, *values):
        for layer in net.layers:
            for name in layer.trainable:
                setattr(layer, name, values[0])
                values = values[1:]
        return np.asarray(loss(net(image)))

    found = complex_step_vjp(run, arrays, np.ones(()))
    run(*arrays)
    return found


def test_gradients_of_a_whole_network():
    """vjp: all derivatives agree with the complex step, which has no cancellation."""
    net, x, t = small(), rng().standard_normal((3, 1, 6, 6)), np.array([0, 3, 1])
    dx = net.backward(cross_entropy_backward(net(x), t))
    found = (dx, *(gradient.copy() for gradient in net.grads()))
    for gradient, expected in zip(found, slopes(net, x, lambda y: cross_entropy(y, t)), strict=True):
        np.testing.assert_allclose(gradient, expected, rtol=1e-11, atol=1e-14)


def test_input_gradient_of_a_network_that_bends():
    """vjp, relu-dx, maxpool-dx: central differences, at a point that is not near a bend."""
    net = Sequential(Conv2d(1, 2, 3, rng=rng(), dtype=np.float64), ReLU(), MaxPool2d(2), Flatten())

    def backward(dy, x):
        net(x)
        return net.backward(dy)

    assert check_vjp(net, backward, [rng().standard_normal((2, 1, 6, 6))], rng=rng(), tol=1e-6) < 1e-6


# --- the worked 6×6 network ----------------------------------------------------------------------
IMAGE = "011100 100010 000100 001000 010001 111110"
FILTERS = [
    [[0, 0.9, -0.7], [0.9, -0.4, -0.2], [0.7, -0.2, 0.1]],
    [[-0.9, 0.5, 0.1], [-0.3, 0.6, -0.4], [-0.1, -0.7, -0.2]],
    [[-0.6, -0.5, 0.5], [-0.4, 0, 1], [0.9, 0.4, 0.1]],
]


def glyph_network():
    net = Sequential(
        Conv2d(1, 3, 3, rng=rng(), dtype=np.float64),
        Sigmoid(),
        MaxPool2d(2),
        Flatten(),
        Dense(12, 3, rng=rng(), dtype=np.float64),
        Sigmoid(),
    )
    conv, output = net.layers[0], net.layers[4]
    conv.w[:, 0], conv.b[...] = FILTERS, [-0.2, -0.3, 0.5]
    output.w[...] = ((7 * np.arange(36)) % 11 - 5).reshape(3, 12) / 10
    output.b[...] = [0.1, -0.1, 0]
    return net


def test_numbers_of_the_glyph_network():
    """conv-dw, maxpool-dx, sigmoid-dx, squared-error: the worked example, to the six decimals printed."""
    net = glyph_network()
    x = np.array([[int(pixel) for pixel in row] for row in IMAGE.split()], float)[None, None]
    t = np.array([[0.0, 1.0, 0.0]])
    assert sum(array.size for array in net.params()) == 69
    a = net(x)
    conv, activation, pool = net.layers[:3]
    pooled = pool(activation(conv(x)))[0]
    expected = [
        [[0.71095, 0.832018], [0.90025, 0.832018]],
        [[0.5, 0.574443], [0.574443, 0.475021]],
        [[0.869892, 0.869892], [0.916827, 0.942676]],
    ]
    np.testing.assert_allclose(pooled, expected, atol=5e-7)
    np.testing.assert_allclose(a, [[0.402351, 0.550572, 0.425524]], atol=5e-7)
    np.testing.assert_allclose(squared_error(a, t), 0.2724715, atol=5e-8)
    net.backward(squared_error_backward(net(x), t))
    np.testing.assert_allclose(
        net.layers[4].db, [0.096751, -0.111208, 0.104021], atol=5e-7
    )  # δ of the output
    np.testing.assert_allclose(conv.db, [-0.010656, 0.021356, -0.010528], atol=5e-7)
    first = [[0, -0.010656, -0.018787], [-0.010656, 0, 0], [-0.005797, -0.005797, -0.005797]]
    np.testing.assert_allclose(conv.dw[0, 0], first, atol=5e-7)


def test_numbers_of_bouvries_network():
    """28×28 → 6c5 → 2s → 12c5 → 2s → 10: the parameters of each layer, and of LeNet-5."""
    bouvrie = Sequential(
        Conv2d(1, 6, 5, rng=rng()), Sigmoid(), AvgPool2d(2),
        Conv2d(6, 12, 5, rng=rng()), Sigmoid(), AvgPool2d(2),
        Flatten(), Dense(192, 10, rng=rng()), Sigmoid(),
    )  # fmt: skip
    summary = bouvrie.summary((1, 28, 28))
    assert [row[3] for row in summary.rows if row[3]] == [156, 1812, 1930] and summary.total == 3898
    shapes = ["(6, 24, 24)", "(6, 12, 12)", "(12, 8, 8)", "(12, 4, 4)", "(192,)", "(10,)"]
    assert [row[2] for row in summary.rows if not row[0].startswith("Sigmoid")] == shapes
    lenet = Sequential(
        Conv2d(1, 6, 5, rng=rng()), Tanh(), AvgPool2d(2),
        Conv2d(6, 16, 5, rng=rng()), Tanh(), AvgPool2d(2),
        Conv2d(16, 120, 5, rng=rng()), Tanh(), Flatten(),
        Dense(120, 84, rng=rng()), Tanh(), Dense(84, 10, rng=rng()),
    )  # fmt: skip
    summary = lenet.summary((1, 32, 32))
    assert [row[3] for row in summary.rows if row[3]] == [156, 2416, 48120, 10164, 850]
    assert summary.total == 61706


# --- branches ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "block",
    [
        Residual(Sequential(Conv2d(2, 2, 3, rng=rng(), padding=1, dtype=np.float64), Tanh())),
        Residual(
            Sequential(Conv2d(2, 3, 3, rng=rng(), dtype=np.float64), Tanh()),
            Conv2d(2, 3, 3, rng=rng(), dtype=np.float64),
        ),
        Concat(
            Conv2d(2, 1, 1, rng=rng(), dtype=np.float64),
            Conv2d(2, 3, 3, rng=rng(), padding=1, dtype=np.float64),
            AvgPool2d(3, stride=1, padding=1),
        ),
        Concat(Residual(Tanh()), Sigmoid()),
    ],
    ids=repr,
)
def test_branches_add_their_gradients(block):
    """residual-dx, concat-dx: against the complex step, input and parameters."""
    x = rng().standard_normal((2, 2, 5, 4))
    y = block(x)
    dy = rng().standard_normal(y.shape)
    (expected,) = complex_step_vjp(block, [x], dy)
    block(x)
    np.testing.assert_allclose(block.backward(dy), expected, rtol=1e-11, atol=1e-13)
    for array, gradient in zip(block.params(), block.grads(), strict=True):
        direction = rng().standard_normal(array.shape)
        start = array.copy()
        array += 1e-6 * direction
        above = (block(x) * dy).sum()
        array[...] = start - 1e-6 * direction
        below = (block(x) * dy).sum()
        array[...] = start
        assert abs((above - below) / 2e-6 - (gradient * direction).sum()) < 1e-7


def test_residual_of_a_scalar_map():
    """residual-dx: depth 20 with f(x) = c x has the slope (1 + c)^20, exactly."""
    for c in (Fraction(1, 10), Fraction(-1, 10), Fraction(1, 2)):
        blocks = [Dense(1, 1, rng=rng(), bias=False) for _ in range(20)]
        for block in blocks:
            block.w = np.array([[c]])
        one = np.array([[Fraction(1)]])
        deep, plain = Sequential(*map(Residual, blocks)), Sequential(*blocks)
        assert deep(one).item() == deep.backward(one).item() == (1 + c) ** 20
        assert plain(one).item() == plain.backward(one).item() == c**20


def test_inception_weights():
    """concat-dx: 192 maps to 64, 128, 32, 32 with reducers of 96 and 16: the weights without biases."""

    def conv(c, o, k):
        return Conv2d(c, o, k, rng=rng(), padding=k // 2, bias=False)

    block = Concat(
        conv(192, 64, 1),
        Sequential(conv(192, 96, 1), conv(96, 128, 3)),
        Sequential(conv(192, 16, 1), conv(16, 32, 5)),
        Sequential(MaxPool2d(3, stride=1, padding=1), conv(192, 32, 1)),
    )
    assert sum(array.size for array in block.params()) == 163328
    assert block(np.zeros((1, 192, 3, 3), np.float32)).shape == (1, 256, 3, 3)


# --- the table -----------------------------------------------------------------------------------
def test_summary_leaves_the_network_alone():
    net, x = Sequential(*small().layers[:5]), rng().standard_normal((2, 1, 6, 6))
    y = net(x)
    before = net.backward(y)
    net(x)
    table = net.summary((1, 8, 8))
    assert np.array_equal(net.backward(y), before)
    assert table.rows[0] == ("Conv2d(1, 2, 3, padding=1)", "conv-fwd", "(2, 8, 8)", 20)
    assert table.rows[-1] == ("Sigmoid()", "sigmoid-dx", "(3, 3, 3)", 0)


def test_summary_prints_and_shows():
    net = Sequential(Conv2d(1, 2, 3, rng=rng()), ReLU(), Flatten())
    text = str(net.summary((1, 4, 4))).splitlines()
    assert text[0].split() == ["layer", "formula", "shape", "parameters"]
    assert text[1].split() == ["Conv2d(1,", "2,", "3)", "conv-fwd", "(2,", "2,", "2)", "20"]
    assert text[-1].split() == ["total", "20"] and len({len(line) for line in text}) == 1
    assert text[2].endswith(" (2, 2, 2)           0") and text[2].startswith("ReLU()           relu-dx ")
    html = net.summary((1, 4, 4))._repr_html_()
    assert html.count("<tr>") == html.count("</tr>") == 5 and "<td>conv-fwd</td>" in html
    head = "".join(f'<th scope="col">{name}</th>' for name in text[0].split())
    assert html.startswith(f'<table class="cnn-summary"><thead><tr>{head}</tr></thead><tbody><tr><td>Conv2d')
    assert "</td></tr><tr><td>ReLU()</td>" in html
    assert html.endswith("<tr><td>total</td><td></td><td></td><td>20</td></tr></tbody></table>")
    net(np.zeros((7, 1, 5, 5), np.float32))
    assert net.summary().rows[0][2] == "(2, 3, 3)"


def test_summary_sends_an_empty_batch_of_the_dtype_of_the_parameters(monkeypatch):
    seen, forward = [], ReLU.forward

    def note(layer, x):
        seen.append((x.shape, x.dtype))
        return forward(layer, x)

    monkeypatch.setattr(ReLU, "forward", note)
    for dtype in (np.float16, np.float32, np.float64):
        Sequential(ReLU(), Dense(3, 1, rng=rng(), dtype=dtype)).summary((3,))
    Sequential(ReLU()).summary((3,))
    assert seen == [((0, 3), dtype) for dtype in (np.float16, np.float32, np.float64, np.float32)]


# --- the file ------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_saved_parameters_come_back_bit_by_bit(tmp_path, dtype):
    net, other, x = small(dtype), small(dtype), rng().standard_normal((2, 1, 6, 6)).astype(dtype)
    for array in net.params():
        array += rng().standard_normal(array.shape).astype(dtype)
    own = other.params()
    net.save(tmp_path / "net.npz")
    other.load(tmp_path / "net.npz")
    assert all(map(np.array_equal, other.params(), net.params()))
    assert all(a is b for a, b in zip(own, other.params(), strict=True))
    assert np.array_equal(other(x), net(x)) and os.listdir(tmp_path) == ["net.npz"]


def test_the_file_is_plain_arrays(tmp_path):
    small().save(str(tmp_path / "net"))
    with np.load(tmp_path / "net", allow_pickle=False) as archive:
        assert len(archive.files) == 2 + len(small().params())


class Mark:
    """Something that leaves a mark when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_nothing_in_a_file_is_executed(tmp_path):
    path, mark = tmp_path / "evil.npz", tmp_path / "mark"
    evil = np.array([Mark(str(mark))], object)
    with open(path, "wb") as file:
        np.savez(file, format="cnnlib.Sequential 1", layers=evil, **{"parameter 0": evil})
    with pytest.raises(ValueError, match=r"evil\.npz is not a whole file written by Sequential\.save"):
        small().load(path)
    assert not mark.exists()


def test_truncated_and_damaged_files_are_refused(tmp_path):
    net, path = small(), tmp_path / "net.npz"
    net.save(path)
    whole, before = path.read_bytes(), [array.copy() for array in net.params()]
    pieces = [whole[:n] for n in (0, 1, 10, len(whole) // 2, len(whole) - 1)]
    for at in range(40, len(whole) // 2, 97):
        pieces.append(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
    refused = 0
    for piece in pieces:
        path.write_bytes(piece)
        try:
            net.load(path)
        except ValueError as error:
            assert "net.npz" in str(error)
            refused += 1
        assert all(map(np.array_equal, net.params(), before))  # refused, or not in what is read
    assert refused > len(pieces) / 2


def foreign(path, **arrays):
    with open(path, "wb") as file:
        np.savez(file, **arrays)


def test_foreign_files_are_refused(tmp_path):
    refusal = "is not a whole file written by Sequential.save"
    (tmp_path / "text").write_text("hello")
    np.save(tmp_path / "array.npy", np.zeros(3))
    foreign(tmp_path / "other", weights=np.zeros(3))
    foreign(tmp_path / "later", format="cnnlib.Sequential 2", layers=["ReLU()"])
    for name in ("text", "array.npy", "other", "later"):
        with pytest.raises(ValueError, match=refusal):
            small().load(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        small().load(tmp_path / "nothing")


def test_files_of_other_networks_are_refused(tmp_path):
    saved = small()
    for array in saved.params():
        array += 1
    saved.save(tmp_path / "net")
    other, same = small(maps=4), small()
    before = [array.copy() for array in other.params()]
    with pytest.raises(
        ValueError, match=r"another network: Conv2d\(1, 2, 3, padding=1\), .*this one is: Conv2d\(1, 4"
    ):
        other.load(tmp_path / "net")
    with pytest.raises(
        ValueError, match=r"must hold parameter 0 as float32 \(2, 1, 3, 3\), got float64 \(2, 1, 3"
    ):
        small(np.float32).load(tmp_path / "net")
    assert all(map(np.array_equal, other.params(), before))
    with np.load(tmp_path / "net") as archive:
        stored = dict(archive)
    last = max(name for name in stored if name.startswith("parameter"))
    foreign(tmp_path / "short", **{name: array for name, array in stored.items() if name != last})
    with pytest.raises(ValueError, match=f"must hold {last} as float64 .*, got nothing"):
        same.load(tmp_path / "short")
    assert all(map(np.array_equal, same.params(), small().params()))  # not even those that would have fitted


def test_a_failed_save_leaves_the_file_that_was_there(tmp_path, monkeypatch):
    net, path = small(), tmp_path / "net.npz"
    net.save(path)
    before = path.read_bytes()

    def fail(file, **arrays):
        file.write(b"half of it")
        raise OSError("no space left on device")

    for name, failure in (("savez", fail), ("savez", lambda file, **arrays: 1 / 0)):
        monkeypatch.setattr(np, name, failure)
        with pytest.raises((OSError, ZeroDivisionError)):
            net.save(path)
        assert path.read_bytes() == before and os.listdir(tmp_path) == ["net.npz"]
    monkeypatch.undo()
    monkeypatch.setattr(os, "replace", fail_to_replace)
    with pytest.raises(PermissionError):
        net.save(path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["net.npz"]


def fail_to_replace(source, target):
    raise PermissionError(f"{target} is in use")


def test_exact_parameters_cannot_be_saved(tmp_path):
    net = Sequential(Dense(1, 1, rng=rng(), bias=False))
    net.layers[0].w = np.array([[Fraction(1, 3)]])
    with pytest.raises(TypeError, match="only parameters that are plain numbers can be saved"):
        net.save(tmp_path / "net")
    assert os.listdir(tmp_path) == []


# --- messages ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "call, error, sentence",
    [
        (lambda: Sequential(), ValueError, "Sequential must be given at least one layer, got none"),
        (lambda: Concat(), ValueError, "Concat must be given at least one layer, got none"),
        (lambda: Sequential(ReLU), TypeError, "Sequential must be given layers, such as ReLU(), got <class"),
        (
            lambda: Sequential([ReLU()]),
            TypeError,
            "Sequential must be given layers, such as ReLU(), got [ReLU()]",
        ),
        (lambda: Residual(np.tanh), TypeError, "Residual must be given layers, such as ReLU(), got <ufunc"),
        (
            lambda: twice(ReLU()),
            ValueError,
            "Sequential must be given each layer once, got ReLU() at two places",
        ),
        (
            lambda: Residual(Conv2d(1, 1, 3, rng=rng()))(np.zeros((1, 1, 5, 5))),
            ValueError,
            "block and shortcut must give equal shapes, got (1, 1, 3, 3) and (1, 1, 5, 5)",
        ),
        (
            lambda: Concat(ReLU(), MaxPool2d(2))(np.zeros((1, 1, 4, 4))),
            ValueError,
            "branches must agree but in channels, got shapes [(1, 1, 4, 4), (1, 1, 2, 2)]",
        ),
        (
            lambda: Sequential(ReLU()).summary(),
            ValueError,
            "summary needs input_shape, such as (1, 8, 8), before the network has run",
        ),
        (
            lambda: Sequential(ReLU()).summary(8),
            TypeError,
            "input_shape must be a tuple of ints, such as (1, 8, 8), got 8",
        ),
        (lambda: Sequential(ReLU()).summary((1, 0)), ValueError, "input_shape must be at least 1, got 0"),
        (lambda: Sequential(ReLU())([1]), TypeError, "x must be a NumPy array, got list"),
        (lambda: Concat(ReLU())([1]), TypeError, "x must be a NumPy array, got list"),
        (
            lambda: Concat(ReLU())(np.zeros(3)),
            ValueError,
            "x must have at least 2 axes (N, C, ...), got shape (3,)",
        ),
        (lambda: Residual(ReLU()).backward(np.zeros(3)), RuntimeError, "Residual remembers no input"),
        (lambda: Concat(ReLU()).backward(np.zeros(3)), RuntimeError, "Concat remembers no input"),
        (
            lambda: gone_wrong(Residual(ReLU())),
            ValueError,
            "dy must have shape (1, 2, 3, 3) like the output, got (2,)",
        ),
        (
            lambda: gone_wrong(Concat(ReLU())),
            ValueError,
            "dy must have shape (1, 2, 3, 3) like the output, got (2,)",
        ),
    ],
)
def test_wrong_arguments_are_named(call, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}"):
        call()


def test_rows_can_be_stacked():
    x = rng().standard_normal((2, 3))
    assert np.array_equal(Concat(ReLU(), Tanh())(x), np.hstack([np.maximum(x, 0), np.tanh(x)]))


def test_a_network_passes_on_that_nobody_needs_its_input_gradient():
    net, x = Sequential(Dense(3, 2, rng=rng()), ReLU()), np.ones((1, 3), np.float32)
    y = net(x)
    assert net.backward(y).shape == (1, 3)
    assert net.backward(y, with_dx=False) is None


def twice(layer):
    return Sequential(layer, Tanh(), layer)


def gone_wrong(layer):
    layer(np.zeros((1, 2, 3, 3)))
    layer.backward(np.zeros(2))


def test_losses_train_on_the_outputs_of_a_network():
    """squared-error-da: one step downhill lowers the loss."""
    net, x, t = small(), rng().standard_normal((4, 1, 6, 6)), rng().standard_normal((4, 4))
    before = squared_error(net(x), t)
    net.backward(squared_error_backward(net(x), t))
    for array, gradient in zip(net.params(), net.grads(), strict=True):
        array -= 0.01 * gradient
    assert squared_error(net(x), t) < before
