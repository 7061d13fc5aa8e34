"""The widgets of chapter 02: traits, static pictures, and their JavaScript in Node against the kernels."""


import numpy as np
import pytest
import traitlets
from node import run_tests

from cnnlib import dense, dense_backward, tanh, tanh_backward
from cnnlib.loss import cross_entropy, cross_entropy_backward
from cnnlib.widgets import MlpGraph, XorTrainer
from cnnlib.widgets.mlp_graph import ACTIVATIONS
from cnnlib.widgets.xor_trainer import POINTS, RATE, TARGETS, net_inputs, starting_points, train, unpack

RNG = np.random.default_rng(2)


def network_case(activation):
    """One network of random numbers with its gradients by the kernels."""
    net = dict(
        inputs=RNG.normal(size=2).tolist(),
        q=RNG.normal(size=(3, 3)).tolist(),
        r=RNG.normal(size=(2, 4)).tolist(),
        targets=RNG.normal(size=2).tolist(),
        activation=activation,
    )
    loss, dq, dr = MlpGraph(**net).gradients()
    return dict(**net, loss=float(loss), dq=dq.tolist(), dr=dr.tolist())


def run_cases():
    for hidden in range(1, 9):
        p, losses = train(hidden, range(51))
        solved = ((net_inputs(p) > 0) == (TARGETS == 1)).all(axis=1)
        for start in range(51):
            seen = {step: losses[start, step] for step in (0, 1, 10, 100, 1000, 2500, 5000)}
            yield dict(hidden=hidden, start=start, losses=seen, solved=bool(solved[start]))


def test_training_ends_where_its_last_loss_was_measured():
    p, losses = train(2, [3, 4], steps=2)
    q, longer = train(2, [3, 4], steps=3)
    z = net_inputs(p)
    np.testing.assert_allclose(losses[:, -1], (np.logaddexp(0, z) - TARGETS * z).sum(-1), rtol=1e-12)
    assert longer.shape == (2, 4) and np.array_equal(losses, longer[:, :3]) and not np.array_equal(p, q)
    assert np.array_equal(train(2, [3], steps=0)[0], starting_points(2, [3]))


@pytest.fixture(scope="module")
def cases():
    hashes = [
        dict(hidden=hidden, start=start, point=starting_points(hidden, [start])[0].tolist())
        for hidden in range(1, 9)
        for start in range(150)
    ]
    networks = [network_case(name) for name in ACTIVATIONS for _ in range(30)]
    return dict(networks=networks, runs=list(run_cases()), hashes=hashes)


@pytest.mark.parametrize("module", ["mlp_graph", "xor_trainer"])
def test_modules_in_node(cases, module, tmp_path):
    run_tests(module, cases, tmp_path)


@pytest.mark.parametrize("hidden", [1, 2, 5])
def test_one_step_of_training_is_one_step_by_the_layers(hidden):
    """backprop, backprop-output: dense, tanh and cross-entropy of the scores (0, z), over four points."""
    w, b, v, c = (a[0] for a in unpack(starting_points(hidden, [3])))
    n_q = dense(POINTS.astype(float), w, b)
    z = dense(tanh(n_q), v[None], np.array([c]))
    scores = np.column_stack([np.zeros(4), z])
    delta_r = 4 * cross_entropy_backward(scores, TARGETS)[:, 1:]
    gamma_q, dv, dc = dense_backward(delta_r, tanh(n_q), v[None])
    _, dw, db = dense_backward(tanh_backward(gamma_q, n_q), POINTS.astype(float), w)
    after, losses = train(hidden, [3], steps=1)
    for new, old, slope in zip(unpack(after), (w, b, v, c), (dw, db, dv[0], dc[0]), strict=True):
        np.testing.assert_allclose(new[0], old - RATE * slope, rtol=0, atol=1e-14)
    np.testing.assert_allclose(losses[0, 0], 4 * cross_entropy(scores, TARGETS), rtol=1e-13)


def test_the_numbers_of_the_worked_example():
    loss, dq, dr = MlpGraph().gradients()
    assert round(loss, 7) == 0.2661967
    assert dq[:, 2].round(6).tolist() == [-0.025060, 0.011402, 0.015216]
    assert dr[:, 3].round(6).tolist() == [-0.104795, 0.142843]


def test_starting_point_0_never_moves():
    p, losses = train(2, [0], steps=50)
    assert not p.any() and np.allclose(losses, 4 * np.log(2), rtol=0, atol=1e-14)


def test_parameters_follow_the_traits():
    w = XorTrainer(hidden=3, start=4, steps=7)
    assert w.parameters()[0].shape == (3, 2)
    assert (w.parameters()[2] == unpack(train(3, [4], 7)[0])[2][0]).all()


BAD = [
    (MlpGraph, "inputs", [1, 2, 3], r"inputs must hold 2 numbers; came shape \(3,\)"),
    (MlpGraph, "q", np.ones((2, 2)), r"q must hold 3 × 3 numbers; came shape \(2, 2\)"),
    (MlpGraph, "r", [[1, 2, 3, "4"]] * 2, r"r must hold numbers .* came '4'"),
    (MlpGraph, "targets", [1, float("nan")], r"targets must hold numbers .* came nan"),
    (MlpGraph, "targets", [1, True], r"targets must hold numbers .* came True"),
    (MlpGraph, "inputs", [1, 1000], r"inputs must hold numbers from −999 to 999; came 1000"),
    (MlpGraph, "inputs", None, r"inputs must hold 2 numbers"),
    (MlpGraph, "activation", "sign", r"activation"),
    (MlpGraph, "focus", 17, r"focus"),
    (XorTrainer, "hidden", 9, r"hidden"),
    (XorTrainer, "start", 51, r"start"),
    (XorTrainer, "steps", 5001, r"steps"),
    (XorTrainer, "steps", 2.5, r"steps"),
]


@pytest.mark.parametrize(("widget", "name", "value", "sentence"), BAD)
def test_a_bad_trait_is_refused_and_changes_nothing(widget, name, value, sentence):
    w = widget()
    before = getattr(w, name)
    with pytest.raises(traitlets.TraitError, match=sentence):
        setattr(w, name, value)
    assert getattr(w, name) == before


@pytest.mark.parametrize("widget", [MlpGraph, XorTrainer])
def test_displaying_adds_a_picture_for_readers_without_javascript(widget, monkeypatch):
    shown = []
    monkeypatch.setattr("cnnlib.widgets.base.display", lambda data, **_: shown.append(data))
    widget()._ipython_display_()
    assert "application/vnd.jupyter.widget-view+json" in shown[0]
    assert shown[1].data.startswith("<noscript>") and "<table" in shown[1].data


def test_the_static_pictures_show_the_state():
    assert MlpGraph(focus=12).static_html().count('class="picked"') == 2
    assert "0.266197" in MlpGraph().static_html()
    assert "after 10 steps: loss E = 2.758" in XorTrainer(steps=10).static_html()
