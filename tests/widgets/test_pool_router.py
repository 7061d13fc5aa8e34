"""The PoolRouter widget: traits, static picture, and its arithmetic in Node over all settings."""

import itertools

import numpy as np
import pytest
import traitlets
from node import run_tests
from pool_oracle import by_definition, out_shape

from cnnlib import lp_pool2d, lp_pool2d_backward, max_pool2d, max_pool2d_backward, output_size
from cnnlib.widgets import PoolRouter

SLIDERS = range(2, 9), range(1, 5), range(1, 5), range(0, 3), (False, True)
RULES = [
    dict(kind="sum", countPadding=True, split=False),
    dict(kind="mean", countPadding=True, split=False),
    dict(kind="mean", countPadding=False, split=False),
    dict(kind="max", countPadding=True, split=False),
    dict(kind="max", countPadding=True, split=True),
    dict(kind="l2", countPadding=True, split=False),
]


def settings():
    """Yield the traits of each geometry that the kernels accept, and those they refuse."""
    possible, refused = [], []
    for n, m, s, p, up in itertools.product(*SLIDERS):
        x = np.zeros((1, 1, n, n))
        try:
            max_pool2d(x, m, stride=s, padding=p, ceil_mode=up)
            possible.append((n, m, s, p, up))
        except ValueError:
            refused.append((n, m, s, p, up))
    return possible, refused


def split_evenly(x, delta, sizes):
    """Maxima whose ties share the gradient, by loops; the library has no such rule."""

    def share(values, members, k):
        return (values[k] == max(values)) / values.count(max(values))

    return by_definition(x, delta, sizes, lambda values, members: max(values), share)


def case(rng, n, m, s, p, up):
    """One geometry with small whole numbers, hence many ties, and cnnlib's answers for every rule."""
    x = rng.integers(-2, 3, (n, n))
    count = output_size(n, m, stride=s, padding=p, ceil_mode=up)
    delta = rng.integers(-9, 10, (count, count))
    traits = dict(image_size=n, pool_size=m, stride=s, padding=p, ceil_mode=up)
    widget = PoolRouter(x=x, delta=delta, **traits)
    answers = []
    for rule in RULES:
        widget.kind, widget.count_padding = rule["kind"], rule["countPadding"]
        y, gamma = widget.pooled()
        if rule["split"]:
            sizes = (m, m), (s, s), (p, p), up
            y, gamma = split_evenly(*widget.arrays(), sizes)
        answers.append((rule, y.astype(float).ravel().tolist(), gamma.astype(float).ravel().tolist()))
    widget.kind, widget.delta = "sum", np.ones_like(delta)
    uses = widget.pooled()[1].ravel().tolist()
    return dict(
        geometry=geometry(n, m, s, p, up), x=x.tolist(), delta=delta.tolist(), answers=answers, uses=uses
    )


def geometry(n, m, s, p, up):
    return dict(n=n, m=m, stride=s, padding=p, ceil=up)


def block_names(n, m, up):
    """Number the pixels block by block, walking; 0 where no block reaches."""
    names, number = np.zeros((n, n), int), itertools.count(1)
    count = output_size(n, m, stride=m, ceil_mode=up)
    for i, j in np.ndindex(count, count):
        block = names[i * m : (i + 1) * m, j * m : (j + 1) * m]
        block[...] = np.array([next(number) for _ in range(block.size)]).reshape(block.shape)
    return names.ravel().tolist()


def test_the_arithmetic_in_node(tmp_path):
    """maxpool-fwd, maxpool-dx, avgpool-fwd, avgpool-dx, sumpool-dx, lppool-dx: every setting, with ties."""
    rng = np.random.default_rng(7)
    possible, refused = settings()
    assert len(possible) + len(refused) == 7 * 4 * 4 * 3 * 2 and len(possible) > 300
    blocks = [(n, m, up) for n, m, s, p, up in possible if s == m and p == 0]
    cases = dict(
        routes=[case(rng, *setting) for setting in possible],
        impossible=[geometry(*setting) for setting in refused],
        names=[dict(geometry=geometry(n, m, m, 0, up), blocks=block_names(n, m, up)) for n, m, up in blocks],
    )
    run_tests("pool_router", cases, tmp_path)


def test_the_worked_example_is_the_initial_state():
    """maxpool-dx: the four δ go to 4, 5, 3 and 6."""
    p, gamma = PoolRouter().pooled()
    assert p[0, 0].tolist() == [[4, 5], [3, 6]]
    assert gamma[0, 0].tolist() == [[0, 0, 0, 0], [1, 0, 0, 2], [0, 0, 0, 0], [3, 0, 4, 0]]


@pytest.mark.parametrize(
    "n, m, s, up", [(4, 2, 2, False), (5, 3, 2, True), (8, 4, 3, False), (7, 2, 3, True)]
)
def test_the_norm_is_that_of_the_library(n, m, s, up):
    """lppool-dx: without padding the library has a kernel of its own; 1e-12 leaves room for rounding."""
    rng = np.random.default_rng(n)
    count = output_size(n, m, stride=s, ceil_mode=up)
    traits = dict(pool_size=m, stride=s, ceil_mode=up, kind="l2")
    widget = PoolRouter(x=rng.integers(-3, 4, (n, n)), delta=rng.integers(-5, 6, (count, count)), **traits)
    (x, delta), (p, gamma) = widget.arrays(), widget.pooled()
    np.testing.assert_allclose(p, lp_pool2d(x, 2, m, stride=s, ceil_mode=up), rtol=1e-12)
    wanted = lp_pool2d_backward(delta, x, 2, m, stride=s, ceil_mode=up)
    np.testing.assert_allclose(gamma, wanted, rtol=1e-12, atol=1e-12)


def test_the_split_rule_of_these_tests_is_the_librarys_where_nothing_ties():
    x = np.random.default_rng(0).permutation(25).reshape(1, 1, 5, 5)
    delta = np.arange(1, 5).reshape(1, 1, 2, 2)
    sizes = (3, 3), (2, 2), (0, 0), False
    assert out_shape(x, *sizes) == (1, 1, 2, 2)
    assert (split_evenly(x, delta, sizes)[1] == max_pool2d_backward(delta, x, 3, stride=2)).all()


def test_sizes_pull_the_matrices_along():
    widget = PoolRouter()
    widget.image_size = 5
    assert np.shape(widget.x) == (5, 5) and widget.x[1][3] == 5 and widget.x[4] == [0] * 5
    widget.stride = 1
    assert widget.outputs() == 4 and widget.delta[3][3] == 16
    widget.padding, widget.ceil_mode, widget.stride = 1, True, 4
    assert widget.outputs() == 2 and widget.delta == [[1, 2], [3, 4]]


@pytest.mark.parametrize("traits", [dict(padding=2), dict(image_size=2, pool_size=3)])
def test_an_impossible_setting_is_a_state_not_an_error(traits):
    widget = PoolRouter(**traits)
    assert widget.outputs() == 0 and "no window" in widget.static_html()
    widget.pool_size, widget.padding = 2, 1
    assert widget.outputs() > 0 and "<table" in widget.static_html()


BAD = [("image_size", 1), ("image_size", 9), ("pool_size", 0), ("stride", 5), ("padding", 3), ("kind", "min")]
BAD += [("ceil_mode", "up"), ("numbering", "spiral"), ("focus", -1), ("frame", -2), ("focus_on", "w")]
BAD += [("x", [[1, 2]]), ("x", np.eye(9)), ("x", [[float("nan")]]), ("split_ties", 2), ("delta", np.eye(3))]


@pytest.mark.parametrize("name, value", BAD)
def test_a_bad_trait_is_refused_and_changes_nothing(name, value):
    widget = PoolRouter()
    before = getattr(widget, name)
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


def test_a_delta_of_the_wrong_size_names_both_sizes():
    sentence = "delta must be 3 × 3, one entry per window of size 2, stride 1 .* on a 4 × 4 image; came 2 × 2"
    with pytest.raises(traitlets.TraitError, match=sentence):
        PoolRouter(stride=1).delta = [[1, 2], [3, 4]]


def test_the_static_picture_shows_the_state():
    html = PoolRouter(kind="mean", focus=1).static_html()
    assert html.count("<table") == 4 and html.count('<td class="picked">2</td>') == 2  # p and δ of window 2
    assert "2.75" in html and "means" in html
    assert '<td class="picked">0.5</td>' in PoolRouter(kind="mean", focus_on="x", focus=2).static_html()


def test_the_joined_source_stays_small():
    assert len(str(PoolRouter()._esm).encode()) < 40_000
