"""BlockBuilder: counts of layers that exist, measured gradients, lit pixels; JavaScript agrees with them."""

import itertools

import numpy as np
import pytest
import traitlets
from node import run_tests

from cnnlib import Conv2d, conv_transpose2d, receptive_field
from cnnlib.widgets import BlockBuilder

SLOPES = [k / 20 for k in range(-10, 21)]
LENET = BlockBuilder().presets["LeNet-5"]


def inception_case(w):
    """One setting: of each branch its maps, weights and share of the channels, by cnnlib's layers."""
    block, lanes, x = w.block(), [], np.zeros((0, w.channels, 3, 3), np.float32)
    block(x)
    ends = np.cumsum(block._memory[1]).tolist()
    for end, start, branch in zip(ends, [0, *ends], block.branches, strict=False):
        lanes.append([end - start, start, end, sum(p.size for p in branch.params())])
    total = sum(p.size for p in block.params())
    return {"traits": traits(w, "channels", "filters", "reducers", "reduced"), "lanes": lanes, "total": total}


def traits(w, *names):
    return {name: getattr(w, name) for name in names}


def inception_settings():
    """Yield each value of each slider with the others at rest, and random combinations."""
    for reduced in (True, False):
        rest = dict(channels=192, filters=[64, 128, 32, 32], reducers=[96, 16], reduced=reduced)
        yield from ({**rest, "channels": c} for c in range(1, 513))
        for name, k in [
            ("filters", 0),
            ("filters", 1),
            ("filters", 2),
            ("filters", 3),
            ("reducers", 0),
            ("reducers", 1),
        ]:
            for value in range(1, 257, 1 if reduced or name == "filters" else 64):
                yield {**rest, name: [value if i == k else v for i, v in enumerate(rest[name])]}
    rng = np.random.default_rng(8)
    for _ in range(300):
        filters, reducers = rng.integers(1, 257, 4).tolist(), rng.integers(1, 257, 2).tolist()
        yield dict(
            channels=int(rng.integers(1, 513)),
            filters=filters,
            reducers=reducers,
            reduced=bool(rng.integers(2)),
        )


def ladders():
    """Yield every window of every layer of LeNet-5, every length of strip, and random ladders."""
    for k, m, S in itertools.product(range(5), range(1, 8), range(1, 4)):
        yield 32, [[m, S] if i == k else pair for i, pair in enumerate(LENET)]
    yield from ((n, LENET) for n in range(4, 49))
    rng = np.random.default_rng(9)
    for _ in range(300):
        length = int(rng.integers(1, 9))
        windows = np.stack([rng.integers(1, 8, length), rng.integers(1, 4, length)], axis=1)
        yield int(rng.integers(4, 49)), windows.tolist()


def paths(layers, n, level, unit, units):
    """Send 1 back from one unit through kernels of ones: the paths to each pixel (conv-transpose)."""
    lit = np.zeros((1, 1, 1, units[level]), int)
    lit[..., unit] = 1
    for (m, S), size in zip(layers[level::-1], [n, *units][level::-1], strict=True):
        rest = size - (S * (lit.shape[3] - 1) + m)
        lit = conv_transpose2d(lit, np.ones((1, 1, 1, m), int), stride=(1, S))
        lit = np.pad(lit, [(0, 0)] * 3 + [(0, rest)])
    return lit.ravel().tolist()


def field_case(n, layers, w, rng):
    w.layers, w.image_size = layers, n
    units, lit = w.units(), []
    for level, count in enumerate(units):
        chosen = range(count) if layers == LENET and n == 32 else rng.integers(0, count, min(count, 1))
        lit += [[level, int(u), paths(layers, n, level, u, units)] for u in chosen]
    return {"layers": layers, "n": n, "units": units, "fields": receptive_field(layers), "lit": lit}


@pytest.fixture(scope="module")
def cases():
    w, rng, found = BlockBuilder(), np.random.default_rng(0), {"inception": [], "residual": []}
    for setting in inception_settings():
        for name, value in setting.items():
            setattr(w, name, value)
        found["inception"].append(inception_case(w))
    for w.depth, w.slope in itertools.product(range(1, 41), SLOPES):
        found["residual"].append([w.depth, w.slope, *w.passed_back()])
    found["field"] = [field_case(n, layers, w, rng) for n, layers in ladders()]
    return found


def test_the_javascript_agrees(cases, tmp_path):
    """param-count, concat-dx, residual-dx, receptive-field: over the whole range of every slider."""
    assert len(cases["residual"]) == 40 * 31 and len(cases["inception"]) > 3800
    run_tests("block_builder", cases, tmp_path)


def test_the_worked_examples_are_the_initial_state():
    """param-count: 163 328, 387 072; residual-dx: 10⁻²⁰, 6.73; receptive-field: 5, 6, 14, 16, 32."""
    w = BlockBuilder()
    assert sum(p.size for p in w.block().params()) == 163328
    w.reduced = False
    assert sum(p.size for p in w.block().params()) == 387072
    plain, around = w.passed_back()
    assert plain == pytest.approx(1e-20, rel=1e-12) and around == pytest.approx(1.1**20, rel=1e-12)
    assert [r for r, _ in receptive_field(w.layers)] == [5, 6, 14, 16, 32]
    assert w.units() == [28, 14, 10, 5, 1]


def test_the_block_runs_forward_and_backward():
    """concat-dx: the gradient of the block is the sum of what its branches return for their shares."""
    w, rng = BlockBuilder(channels=3, filters=[2, 4, 1, 2], reducers=[3, 1]), np.random.default_rng(1)
    block = w.block()
    for p in block.params():
        p[...] = rng.normal(size=p.shape)
    x = rng.normal(size=(2, 3, 5, 5)).astype(np.float32)
    delta = rng.normal(size=block(x).shape).astype(np.float32)
    assert delta.shape == (2, 9, 5, 5)
    parts = np.split(delta, [2, 6, 7], axis=1)
    alone = sum(branch.backward(part) for branch, part in zip(block.branches, parts, strict=True))
    np.testing.assert_allclose(block.backward(delta), alone, rtol=0, atol=1e-6)  # the same float32 sums
    assert isinstance(block.branches[0], Conv2d)


BAD = [
    ("view", "tree"),
    ("channels", 0),
    ("channels", 513),
    ("filters", [1, 2, 3]),
    ("filters", [64, 128, 32, 257]),
]
BAD += [("filters", None), ("reducers", [96, 1.5]), ("reducers", [True, 3]), ("reduced", "on"), ("branch", 4)]
BAD += [
    ("depth", 0),
    ("depth", 41),
    ("slope", 1.1),
    ("slope", -0.6),
    ("slope", "0.1"),
    ("slope", float("nan")),
]
BAD += [("layers", []), ("layers", [[3, 1]] * 9), ("layers", [[8, 1]]), ("layers", [[3, 4]]), ("layers", [3])]
BAD += [
    ("layers", "5"),
    ("image_size", 3),
    ("image_size", 49),
    ("level", 8),
    ("unit", -1),
    ("backward", "yes"),
]


@pytest.mark.parametrize("name, value", BAD)
def test_a_bad_trait_is_refused_and_changes_nothing(name, value):
    w = BlockBuilder()
    before = getattr(w, name)
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(w, name, value)
    assert getattr(w, name) == before


def test_a_list_is_refused_with_a_sentence():
    sentence = (
        r"layers must be 1 to 8 pairs \[kernel_size, stride\], .* strides from 1 to 3; came \[\[5, 9\]\]"
    )
    with pytest.raises(traitlets.TraitError, match=sentence):
        BlockBuilder(layers=[[5, 9]])
    with pytest.raises(traitlets.TraitError, match=r"filters must be 4 whole numbers .* came \[1, 2\]"):
        BlockBuilder(filters=[1, 2])
    assert BlockBuilder(layers=[(3, 2)]).layers == [[3, 2]]


def test_presets_are_ladders_that_work():
    for name, layers in BlockBuilder().presets.items():
        assert BlockBuilder(layers=layers).units()[-1] >= 1, name


def test_a_ladder_that_does_not_fit_is_a_state_not_an_error():
    w = BlockBuilder(view="field", image_size=10)
    assert w.units() == [6, 3, 0, 0, 0] and "<td>0</td>" in w.static_html()


@pytest.mark.parametrize(
    "view, texts",
    [
        ("inception", ["163328", "129024", "64 to 191"]),
        ("residual", ["1e-20", "6.73", "20 blocks of slope 0.1"]),
        ("field", ["<td>32</td>", "<td>14</td>", "jump j"]),
    ],
)
def test_the_static_picture_shows_the_state(view, texts):
    html = BlockBuilder(view=view).static_html()
    assert all(text in html for text in texts) and html.count("<table>") == 1


def test_the_joined_source_stays_small():
    assert len(str(BlockBuilder()._esm).encode()) < 40_000
