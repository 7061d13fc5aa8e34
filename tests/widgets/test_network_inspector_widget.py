"""The NetworkInspector widget: traits, its arithmetic and its training in Node against cnnlib."""

import numpy as np
import pytest
import traitlets
from node import run_tests

from cnnlib import SGD, squared_error, squared_error_backward
from cnnlib.widgets import NetworkInspector
from cnnlib.widgets.network_inspector import PARAMETERS

SHAPES = {"filters": (3, 3, 3), "filter_bias": (3,), "weights": (3, 3, 2, 2), "output_bias": (3,)}


def lists(arrays):
    """Name the four parameters, or their gradients, in the shapes of the traits."""
    return {name: np.reshape(a, SHAPES[name]).tolist() for name, a in zip(PARAMETERS, arrays, strict=True)}


def passes(widget):
    """All numbers of one setting, by the layers of cnnlib."""
    net, t = widget.network(), np.eye(3)[[widget.target - 1]]
    values = [np.array([[widget.image]], float)]
    for layer in net.layers:
        values.append(layer(values[-1]))
    z, a, pooled, _, z_out, a_out = (value[0].tolist() for value in values[1:])
    gammas = [squared_error_backward(values[-1], t)]
    for layer in reversed(net.layers[1:]):
        gammas.append(layer.backward(gammas[-1]))
    net.layers[0].backward(gammas[-1])
    return dict(
        net=lists(net.params()), x=np.ravel(widget.image).tolist(), label=widget.target,
        z=z, a=a, pooled=pooled, zOut=z_out, aOut=a_out, cost=squared_error(values[-1], t),
        deltaOut=gammas[1][0].tolist(), gammaP=gammas[3][0].tolist(), deltaF=gammas[5][0].tolist(),
        gradient=lists(net.grads()),
    )  # fmt: skip


def random_widget(rng, image):
    """A widget in which no two windows of different ink give the same net input."""
    values = {name: rng.standard_normal(shape) for name, shape in SHAPES.items()}
    return NetworkInspector(image=image, target=int(rng.integers(1, 4)), **values)


def training(widget, rate, steps):
    """Full-batch steps of cnnlib from the fresh weights: the parameters at the end."""
    net, x, t = start(widget)
    optimiser = SGD(net.params(), lr=rate)
    for _ in range(steps):
        net.backward(squared_error_backward(net(x), t), with_dx=False)
        optimiser.step(net.grads())
    return dict(rate=rate, steps=steps, net=lists(net.params()), cost=squared_error(net(x), t))


def start(widget):
    x = np.array([[int(sign) for sign in picture] for picture in widget.pictures], float)
    parts = np.split(widget.fresh, np.cumsum([27, 3, 36]))
    fresh = {name: np.reshape(part, SHAPES[name]) for (name, part) in zip(PARAMETERS, parts, strict=True)}
    return (
        NetworkInspector(**fresh).network(),
        x.reshape(-1, 1, 6, 6),
        np.eye(3)[np.subtract(widget.labels, 1)],
    )


def test_the_arithmetic_in_node(tmp_path):
    """backprop-output, net6-delta-f, conv-dw, dense-dw, sgd: every number of the page by cnnlib."""
    rng = np.random.default_rng(0)
    widget = NetworkInspector()
    settings = [NetworkInspector(target=target) for target in (1, 2, 3)]
    settings += [random_widget(rng, rng.integers(0, 2, (6, 6))) for _ in range(60)]
    settings += [random_widget(rng, rng.standard_normal((6, 6))) for _ in range(20)]
    settings += [random_widget(rng, np.full((6, 6), ink)) for ink in (0, 1)]
    net, _, _ = start(widget)
    run_tests("network_inspector", dict(
        passes=[passes(setting) for setting in settings],
        pictures=widget.pictures, labels=widget.labels, start=lists(net.params()), fresh=widget.fresh,
        trained=[training(widget, rate, 100) for rate in range(1, 11)],
    ), tmp_path)  # fmt: skip


def test_the_worked_example_of_the_chapter():
    """Printed digits of the 6×6 network: cost, the three δ of the outputs, and the 12 winners."""
    cost, delta_f, delta_out = NetworkInspector().deltas()
    assert round(cost, 7) == 0.2724715
    assert delta_out.round(6).tolist() == [0.096751, -0.111208, 0.104021]
    assert delta_f.sum(axis=(1, 2)).round(6).tolist() == [-0.010656, 0.021356, -0.010528]
    assert np.count_nonzero(delta_f) == 12 and delta_f[0, 0, 0] != 0


def test_the_network_can_be_read_back():
    widget = NetworkInspector()
    net = widget.network()
    assert sum(array.size for array in net.params()) == 69
    net.layers[0].w[...] = 0
    widget.filters = net.layers[0].w[:, 0]
    assert widget.filters == np.zeros((3, 3, 3)).tolist()


@pytest.mark.parametrize(
    "name, value, sentence",
    [
        ("image", np.zeros((5, 6)), r"image must hold 6 × 6 numbers; came shape \(5, 6\)"),
        ("filters", [[1]], "filters must hold 3 × 3 × 3 numbers"),
        ("weights", np.full((3, 3, 2, 2), np.nan), "weights must hold numbers from −999 to 999; came nan"),
        ("output_bias", [0, 0, "1"], "output_bias must hold numbers .* came '1'"),
        ("target", 0, "target"),
        ("view", "sideways", "view"),
        ("focus_on", "X", "focus_on"),
        ("focus", 16, "focus"),
        ("rate", 0.5, "rate"),
        ("lesson", "nothing", "lesson"),
        ("pictures", ["01"], "pictures must be strings of 36 signs 0 and 1; number 0 is '01'"),
        ("pictures", np.full((1, 6, 6), 2), "pictures must be strings of 36 signs"),
        ("pictures", [], "pictures must hold at least one picture"),
        ("pictures", 3, "pictures must be a list of pictures; came 3"),
        ("labels", [0], "labels must hold the digits 1, 2 and 3; came 0"),
        ("labels", ["1"], "labels must hold the digits 1, 2 and 3; came '1'"),
    ],
)
def test_a_bad_trait_is_refused_and_changes_nothing(name, value, sentence):
    widget = NetworkInspector()
    before = getattr(widget, name)
    with pytest.raises(traitlets.TraitError, match=sentence):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


def test_a_focus_inside_its_matrix_is_kept():
    assert NetworkInspector(focus_on="P", focus=3).focus == 3


def test_a_focus_outside_its_matrix_is_refused():
    with pytest.raises(traitlets.TraitError, match="focus must be below 4 with focus_on 'P'; came 4"):
        NetworkInspector(focus_on="P", focus=4)
    with pytest.raises(traitlets.TraitError, match="labels must hold 1 digits, one for each picture; came 2"):
        NetworkInspector(pictures=["0" * 36], labels=[1, 2])


def test_arrays_become_pictures():
    widget = NetworkInspector(pictures=np.eye(6)[None, None], labels=[2])
    assert widget.pictures == ["100000010000001000000100000010000001"]


def test_the_static_picture_shows_the_delta_maps():
    html = NetworkInspector().static_html()
    assert html.count("<table") == 5 and '<td class="picked">−0.018787</td>' in html and "0.272472" in html
    assert NetworkInspector(focus_on="O").static_html().count("picked") == 0
