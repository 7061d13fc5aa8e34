"""The benches run and compare equal arrays; the page they left is one they would write."""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = {  # as in the benches, but small: batch, channels, image, filters, kernel, stride, padding
    "plain": (2, 2, 7, 3, 3, 1, 0),
    "padded": (3, 1, 6, 2, 3, 1, 1),
    "strided": (2, 2, 8, 2, 5, 2, 2),
}


@pytest.fixture
def bench(monkeypatch):
    """Return a function that imports a module of the benches."""
    monkeypatch.syspath_prepend(str(ROOT))
    return lambda name: importlib.import_module(f"benchmarks.{name}")


@pytest.mark.parametrize("shape", LAYERS.values(), ids=LAYERS)
def test_all_ways_to_run_a_convolution_agree(bench, shape):
    conv = bench("bench_conv")
    layer = conv.make_layer(*shape, np.random.default_rng(0))
    ways = conv.contestants([layer])
    assert {"layer", "pair", "textbook", "products"} <= set(ways)
    for run in ways.values():
        run()


def test_a_wrong_contestant_is_not_timed(bench, monkeypatch):
    conv = bench("bench_conv")
    right = conv.textbook_pass

    def wrong(*layer):
        y, dx, dw, db = right(*layer)
        return y, dx, -dw, db

    monkeypatch.setattr(conv, "textbook_pass", wrong)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        conv.contestants([conv.make_layer(*LAYERS["padded"], np.random.default_rng(0))])


@pytest.mark.parametrize("shape", [LAYERS["plain"], LAYERS["padded"]])
def test_other_ways_agree(bench, shape):
    other = bench("bench_fast")
    layers = [bench("bench_conv").make_layer(*shape, np.random.default_rng(0))]
    ways = other.contestants(layers)
    assert set(ways) == {"layer", "spectra", "winograd", "shifted", "products"}
    for run in [*ways.values(), *other.forward_contestants(layers).values()]:
        run()


def test_other_ways_stay_away_where_they_do_not_apply(bench, monkeypatch):
    other = bench("bench_fast")
    layers = [bench("bench_conv").make_layer(2, 2, 8, 2, 5, 1, 2, np.random.default_rng(0))]
    assert "winograd" not in other.contestants(layers)
    monkeypatch.setattr(other, "MOST", 1)
    assert "shifted" not in other.contestants(layers)


@pytest.mark.parametrize("kind", ["max", "mean"])
def test_pooling_runs(bench, kind):
    for run in bench("bench_pool").contestants(kind, 2, 2, 7, 3, 2).values():
        run()


def test_digits_are_learned(bench):
    digits = bench("bench_digits")
    (score,) = digits.split_accuracies(seeds=1, epochs=2)
    assert 0.8 < score <= 1  # 0.1 by chance; about 0.93 after two epochs


def test_contestants_take_turns(bench):
    order = []
    calls = {"a": lambda: order.append("a"), "b": lambda: order.append("b")}
    times = bench("timing").paired(calls, seconds=1e-9, rounds=3)
    assert "".join(order) == "aabb" + "ababab" and {len(t) for t in times.values()} == {3}


def test_ratios_are_medians_over_rounds(bench):
    ratio = bench("timing").ratio
    assert ratio({"a": [1.0, 6.0, 3.0], "b": [2.0, 2.0, 2.0]}, "a", "b") == 1.5
    assert ratio({"a": [1.0]}, "a", "absent") is None


def test_the_page_is_one_that_the_script_writes(bench):
    """Numbers aside, README.md equals what the script would write, so nobody typed into it."""
    report, conv, pool = bench("report"), bench("bench_conv"), bench("bench_pool")
    number = 1.0
    speeds = [
        {
            "network": f"{name}: {text}",
            **dict.fromkeys(("layer", "pair", "torch", "products", "textbook"), number),
        }
        for name, (text, _) in conv.NETWORKS.items()
    ]
    cases = [
        f"{kind} {m}×{m}, stride {s}, on {N}×{C}×{H}×{H}"
        for kind in ("max", "mean")
        for N, C, H, m, s in pool.SHAPES
    ]
    accuracies = [
        dict(recipe=recipe, mean=number, lowest=number, highest=number)
        for recipe in bench("bench_digits").RECIPES
    ]
    blank = dict.fromkeys(("layer", "winograd", "forward", "spectra", "shifted", "products"), number)
    other = [{**blank, "network": name} for name in bench("bench_fast").CHOSEN]
    other[0].update(winograd=None, forward=None)  # networks A and B have 5×5 kernels
    other[1].update(winograd=None, forward=None)
    other[3].update(shifted=None)
    expected = report.page(
        report.convolution(speeds, {"multiple": number, "input": 2**23}),
        report.other_ways(other),
        report.pooling([{"case": case, "time": number, "torch": number} for case in cases]),
        report.digits({"images": 1437, "time": number, "torch": number}, accuracies),
        rounds=bench("timing").ROUNDS,
    )

    def skeleton(page):
        page = re.sub(r"^Measured .*$", "Measured", page, flags=re.M)
        return re.sub(r"\d+\.\d+( ms| %)?|\d+ µs", "#", page)

    assert skeleton((ROOT / "benchmarks/README.md").read_text("utf8")) == skeleton(expected)
    assert "PyTorch" in (ROOT / "benchmarks/README.md").read_text("utf8").split("Measured")[1].splitlines()[0]


def test_without_pytorch_its_columns_stay_empty(bench, monkeypatch):
    timing, conv = bench("timing"), bench("bench_conv")
    monkeypatch.setattr(conv, "torch", None)
    monkeypatch.setattr(conv, "NETWORKS", {"E": conv.NETWORKS["E"]})
    (row,) = conv.speed_rows(seconds=0.02)
    assert row["torch"] is None and row["products"] > 0 and row["layer"] > 0
    assert bench("report").times(row["torch"]) == "–"
    assert "torch" in vars(timing) and (timing.torch is None) == ("torch" not in sys.modules)
