"""The MNIST script: it reads the format, refuses other files, learns, wrote the table that the book shows."""

import gzip
import re
import struct
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from cnnlib import upsample
from cnnlib.data import split_digits

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import bench_mnist

    return bench_mnist


def idx(array, magic):
    """Write bytes as the IDX format has them."""
    return struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.tobytes()


@pytest.fixture
def folder(tmp_path):
    """Lay four files of real 8×8 digits, enlarged to 28×28; one is packed."""
    x, t, x_test, t_test = split_digits(np.random.default_rng(0))
    for name, images, classes in (("train", x[:1000], t[:1000]), ("t10k", x_test, t_test)):
        large = np.pad(upsample(images, 3), ((0, 0), (0, 0), (2, 2), (2, 2)))[:, 0]
        (tmp_path / f"{name}-images-idx3-ubyte").write_bytes(idx((255 * large).astype(np.uint8), 2051))
        (tmp_path / f"{name}-labels-idx1-ubyte").write_bytes(idx(classes.astype(np.uint8), 2049))
    path = tmp_path / "t10k-images-idx3-ubyte"
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return tmp_path


def test_files_are_read_and_the_network_learns(bench, folder):
    data = bench.load(folder)
    assert [part.shape for part in data] == [(1000, 1, 28, 28), (1000,), (360, 1, 28, 28), (360,)]
    assert data[0].dtype == np.float32 and data[0].max() == 1 and data[2].min() == 0
    net = bench.toolbox_net(np.random.default_rng(0))
    assert sum(array.size for array in net.params()) == 3898
    assert 0.8 < bench.errors(net, *data[2:]) <= 1  # before training: by chance
    found = list(islice(bench.train(data, 0), 15))
    assert found[-1] < 0.75 < found[0]  # 300 batches: just off the plateau


@pytest.mark.parametrize("raw", [b"", b"\x00" * 20, idx(np.zeros((2, 3, 3), np.uint8), 2051)[:-1]])
def test_another_file_is_refused(bench, tmp_path, raw):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=r"must (begin with the number 2051|hold)"):
        bench.read_idx(path, 3)


def test_a_missing_file_is_named(bench, tmp_path):
    with pytest.raises(ValueError, match="must hold a file train-images-idx3-ubyte"):
        bench.load(tmp_path)


def test_the_page_is_one_that_the_script_writes(bench):
    """Numbers aside, so nobody typed into it."""
    page = bench.PAGE.read_text("utf8")
    epochs = int(re.findall(r"^\| (\d+) \|", page, re.M)[-1])
    runs = len(re.findall(r"%", page.splitlines()[-1]))
    written = bench.table([[0.5] * epochs] * runs, (60000, 10000))
    number = r"\d+(\.\d+)*"
    assert re.sub(number, "0", page) == re.sub(number, "0", written)
