"""Whole networks against computations that know nothing of layers, and the figures of chapter 11."""

import numpy as np
import pytest

import cnnlib as cnn
from cnnlib.data import draw_glyphs
from cnnlib.plots.figures import show
from cnnlib.plots.whole import connections, influence, network_table
from cnnlib.widgets import NetworkInspector


def by_definition(filters, bias, weights, output_bias, image):
    """The 6×6 network as loops: net inputs and outputs of the filter maps, and the outputs."""
    z = np.zeros((3, 4, 4))
    for k, i, j, u, v in np.ndindex(3, 4, 4, 3, 3):
        z[k, i, j] += filters[k][u][v] * image[i + u][j + v]
    z += np.reshape(bias, (3, 1, 1))
    a = 1 / (1 + np.exp(-z))
    y = np.array(output_bias, float)
    for n, k, i, j in np.ndindex(3, 3, 2, 2):
        y[n] += weights[n][k][i][j] * a[k, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max()
    return z, a, 1 / (1 + np.exp(-y))


def test_the_errors_of_the_6x6_network():
    """net6-delta-f, net-backward: 48 δ by loops over paths, for the worked example and for glyphs."""
    rng = np.random.default_rng(3)
    images = [NetworkInspector().image, *draw_glyphs(5, rng)[0][:, 0].tolist()]
    for image in images:
        filters = rng.standard_normal((3, 3, 3))
        widget = NetworkInspector(image=image, target=3, filters=filters)
        _, a, y = by_definition(filters, widget.filter_bias, widget.weights, widget.output_bias, image)
        delta_out = (y - [0, 0, 1]) * y * (1 - y)
        cost, delta_f, found = widget.deltas()
        assert np.allclose(found, delta_out, atol=1e-15) and np.isclose(
            cost, ((y - [0, 0, 1]) ** 2).sum() / 2
        )
        for k, i, j in np.ndindex(3, 4, 4):
            block = a[k, i // 2 * 2 : i // 2 * 2 + 2, j // 2 * 2 : j // 2 * 2 + 2]
            if (block == a[k, i, j]).sum() > 1 and a[k, i, j] == block.max():
                continue  # a tie: which one wins is a rule, not a fact
            arriving = sum(delta_out[n] * widget.weights[n][k][i // 2][j // 2] for n in range(3))
            wins = a[k, i, j] == block.max()
            assert np.isclose(delta_f[k, i, j], arriving * wins * a[k, i, j] * (1 - a[k, i, j]), atol=1e-15)


@pytest.mark.parametrize("full", [False, True])
def test_bouvries_network_along_random_directions(full):
    """net-backward: all parameters at once by a complex step, with means and with trainable subsampling."""
    rng = np.random.default_rng(0)
    made = dict(rng=rng, init=cnn.xavier, dtype=float)
    pools = [
        [cnn.Subsample2d(c, 2, dtype=float), cnn.Sigmoid()] if full else [cnn.AvgPool2d(2)] for c in (6, 12)
    ]
    net = cnn.Sequential(
        cnn.Conv2d(1, 6, 5, **made), cnn.Sigmoid(), *pools[0], cnn.Conv2d(6, 12, 5, **made), cnn.Sigmoid(),
        *pools[1], cnn.Flatten(), cnn.Dense(192, 10, **made), cnn.Sigmoid(),
    )  # fmt: skip
    x, t = rng.random((2, 1, 28, 28)), np.eye(10)[[7, 2]]
    net.backward(cnn.squared_error_backward(net(x), t))
    slope = 0
    for layer in net.layers:
        for name in layer.trainable:
            direction = rng.standard_normal(getattr(layer, name).shape)
            slope += (getattr(layer, "d" + name) * direction).sum()
            setattr(layer, name, getattr(layer, name) + 1e-30j * direction)
    assert abs(cnn.squared_error(net(x), t).imag / 1e-30 - slope) < 1e-12
    assert sum(array.size for array in net.params()) == (3934 if full else 3898)


def test_the_table_of_a_network_holds_its_summary():
    net = cnn.Sequential(cnn.Conv2d(1, 2, 3, rng=np.random.default_rng(0)), cnn.ReLU(), cnn.Flatten())
    table = network_table(net, (1, 4, 4))
    assert [row[:4] for row in table.rows] == net.summary((1, 4, 4)).rows and table.total == 20
    html = table._repr_html_()
    assert html.count("<tr>") == 5 and "γ where z &gt; 0" in html and "conv-fwd" in repr(table)
    assert 'role="region" aria-label="layers of the network of 20 parameters"' in html
    with pytest.raises(ValueError, match="no words for Residual; it knows AvgPool2d"):
        network_table(cnn.Sequential(cnn.Residual(cnn.ReLU())), (1, 4, 4))


def test_the_paths_of_the_figure_add_up():
    fig, alt = influence(0.5, [2, -1, 4], [0.25, 0.5, 0.125], [1, 2, -4])
    assert "(0.25) + (−0.5) + (−1)" in alt and alt.endswith("add up to −1.25.")
    assert show(fig, alt).svg.startswith("<svg")
    with pytest.raises(ValueError, match="one weight, slope and miss for each output; got 1, 2 and 1"):
        influence(0.5, [1], [1, 2], [1])


def test_the_connections_of_the_figure_are_those_of_the_table():
    fig, alt = connections(np.eye(2, 3, dtype=int) + [[0, 0, 1], [0, 0, 1]])
    assert "4 connections in all" in alt and "0 from 0; 1 from 1; 2 from 0, 1." in alt
    assert len(fig.axes[0].patches) == 6
