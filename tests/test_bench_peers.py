"""The script that times other implementations: what it asks for, and the page it wrote."""

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
PLAIN = '''
import numpy as np

class Convolution:
    """The definition, with loops."""

    def __init__(self, w, b, stride, pad):
        self.w, self.b, self.stride, self.pad = w, b, stride, pad

    def forward(self, x):
        from cnnlib import conv2d
        self.x = x
        return conv2d(x, self.w, self.b, stride=self.stride, padding=self.pad)

    def backward(self, dy):
        from cnnlib import conv2d_backward
        dx, self.dW, self.db = conv2d_backward(dy, self.x, self.w, stride=self.stride, padding=self.pad)
        return dx
'''

@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import bench_peers

    return bench_peers


def test_a_missing_file_is_named(bench, tmp_path):
    with pytest.raises(ValueError, match=r"must hold the file common/layers\.py, found none"):
        bench.from_scratch(tmp_path)
    with pytest.raises(ValueError, match=r"must hold the file cs231n/im2col\.py, found none"):
        bench.cs231n(tmp_path)


def test_a_peer_that_agrees_is_run_as_the_layers_are(bench, tmp_path):
    folder = tmp_path / "deep-learning-from-scratch" / "common"
    folder.mkdir(parents=True)
    (folder / "layers.py").write_text(PLAIN)
    run = bench.from_scratch(tmp_path)
    layer = bench.bench_conv.make_layer(2, 3, 6, 4, 3, 1, 1, np.random.default_rng(0))
    bench.bench_conv.check_equal({"layer": (bench.bench_conv.layer_pass, [layer]), "peer": (run, [layer])})


def test_the_page_names_every_peer_with_its_commit(bench):
    page = bench.PAGE.read_text("utf8")
    for repository, files, _ in bench.PEERS.values():
        assert f"https://github.com/{repository}" in page
        assert all(f"`{file}` at {commit}" in page for file, commit in files.items())
    rows = re.findall(r"^\| ([A-D]): .*\| [\d.]+ [mµ]s \| [\d.]+ \| [\d.]+ \|$", page, re.M)
    assert rows == list("ABCD")
