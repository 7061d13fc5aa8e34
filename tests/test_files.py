"""Saved networks: every number comes back, doubtful files are refused, and a failed save destroys nothing."""

import io
import os
import re
import signal
import subprocess
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

import cnnlib
from cnnlib import Concat, Conv2d, Dense, Flatten, Residual, Sequential, Subsample2d

ROOT = Path(__file__).resolve().parent.parent
POSIX = pytest.mark.skipif(os.name != "posix", reason="pipes, signals and limits of POSIX systems")


def tiny(dtype=np.float32):
    return Sequential(Dense(2, 1, rng=np.random.default_rng(0), dtype=dtype), cnnlib.ReLU())


def everything(dtype=np.float64):
    """Build a network with a layer of every kind, branches in branches."""
    rng = np.random.default_rng(1)

    def conv(*sizes, **options):
        return Conv2d(*sizes, rng=rng, dtype=dtype, **options)

    return Sequential(
        conv(1, 2, (3, 2), stride=(1, 2), padding=(1, 0), dilation=(1, 2)), cnnlib.ReLU(),
        Concat(Residual(Sequential(conv(2, 2, 3, padding=1), cnnlib.Tanh())), conv(2, 1, 1, bias=False)),
        Residual(conv(3, 2, 1), Sequential(conv(3, 2, 1), cnnlib.Sigmoid())),
        cnnlib.MaxPool2d(2, stride=1, ceil_mode=True), cnnlib.AvgPool2d((2, 1), count_include_pad=False),
        cnnlib.SumPool2d(1), cnnlib.LpPool2d(2, 1), cnnlib.LeakyReLU(slope=0.3),
        Subsample2d(2, (1, 2), dtype=dtype), Flatten(), Dense(4, 3, rng=rng, dtype=dtype),
    )  # fmt: skip


def bits(net):
    return [(array.dtype, array.shape, array.tobytes()) for array in net.params()]


# --- there and back ------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f8", "c16"])
def test_every_kind_of_layer_and_number_comes_back(tmp_path, dtype):
    net, other = everything(), everything()
    for one in (net, other):
        for layer in _leaves(one):
            for name in layer.trainable:
                setattr(layer, name, np.asfortranarray(getattr(layer, name).astype(dtype)))
    odd = np.array([np.nan, -0.0, np.inf, -np.inf, 5e-324], dtype="f8")
    for array in net.params():
        array[...] = np.resize(odd, array.shape)
    own = other.params()
    net.save(tmp_path / "net.npz")
    other.load(tmp_path / "net.npz")
    assert bits(other) == bits(net)
    assert all(a is b for a, b in zip(own, other.params(), strict=True))


def _leaves(layer):
    return (
        [layer] if not layer.children() else [leaf for child in layer.children() for leaf in _leaves(child)]
    )


NAMES = ["net", "net.npz", "net.txt", "two words", "größe-卷积-🙂", ".hidden", "-rf", "a\nb", "%s{0}*?[x]",
         "n" * 255]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
@pytest.mark.parametrize("kind", [str, Path])
def test_any_name_of_a_file(tmp_path, name, kind):
    net, other = tiny(), tiny()
    net.layers[0].w[...] = 7
    net.save(kind(tmp_path / name))
    net.save(kind(tmp_path / name))
    other.load(kind(tmp_path / name))
    assert bits(other) == bits(net) and os.listdir(tmp_path) == [name]


def test_a_network_without_parameters(tmp_path):
    Sequential(cnnlib.ReLU()).save(tmp_path / "net")
    Sequential(cnnlib.ReLU()).load(tmp_path / "net")
    with pytest.raises(ValueError, match="another network"):
        Sequential(cnnlib.Tanh()).load(tmp_path / "net")


@POSIX
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "net")
    tiny().save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "folder" / "net").is_file()


@pytest.mark.parametrize("path", [None, 0, True, 1.5, b"net", [], "", "a\0b", Path, open], ids=repr)
@pytest.mark.parametrize("method", ["save", "load"])
def test_wrong_paths_are_named(path, method):
    with pytest.raises((TypeError, ValueError), match=r"path must (be a string or a path|name a file), got"):
        getattr(tiny(), method)(path)


# --- damaged files -------------------------------------------------------------------------------
@pytest.fixture
def saved(tmp_path):
    """Return a file whose parameters are all 3."""
    net = tiny()
    for array in net.params():
        array[...] = 3
    net.save(tmp_path / "net.npz")
    return tmp_path / "net.npz"


def refused(path, content):
    """Write the content and load it: return the sentence of the refusal; nothing may have changed then."""
    path.write_bytes(content)
    net = tiny()
    before = bits(net)
    try:
        net.load(path)
    except ValueError as error:
        assert bits(net) == before and str(path) in str(error)
        return str(error)
    assert all((array == 3).all() for array in net.params())
    return None


def test_cut_anywhere(saved):
    """Every third length is refused, and each of the last forty."""
    whole = saved.read_bytes()
    assert refused(saved, whole) is None
    lengths = [*range(0, len(whole) - 40, 3), *range(len(whole) - 40, len(whole))]
    assert [n for n in lengths if refused(saved, whole[:n]) is None] == []


def test_a_flipped_bit_is_refused_or_harmless(saved):
    """Of many bytes one is changed: the file is refused, or the true parameters are read all the same."""
    whole, rng = saved.read_bytes(), np.random.default_rng(0)
    found = []
    for at in range(0, len(whole), 3):
        flipped = bytes([whole[at] ^ (1 << int(rng.integers(8)))])
        found.append(refused(saved, whole[:at] + flipped + whole[at + 1 :]))
    assert sum(map(bool, found)) > len(found) / 2


def npy(array=None, *, header=None, data=b""):
    """Return the bytes of an .npy file, of an array or with a header of one's own."""
    file = io.BytesIO()
    if array is not None:
        np.save(file, array, allow_pickle=True)
    else:
        np.lib.format.write_array_header_1_0(file, header)
        file.write(data)
    return file.getvalue()


class Mark:
    """Something that leaves a mark when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def claims(shape, descr="<f4", data=b""):
    return npy(header={"descr": descr, "fortran_order": False, "shape": shape}, data=data)


HUGE = 10**12
DOCTORED = {  # name: (what replaces or joins the entries, pattern of the sentence)
    "another shape": ({"parameter 0": npy(np.ones((2, 1), "f4"))}, "must hold parameter 0 as float32 .1, 2"),
    "another dtype": ({"parameter 0": npy(np.ones((1, 2)))}, "got float64"),
    "whole numbers": ({"parameter 0": npy(np.ones((1, 2), "i4"))}, "got int32"),
    "bytes swapped": ({"parameter 0": npy(np.ones((1, 2), ">f4"))}, "got >f4"),
    "a record": ({"parameter 0": npy(np.zeros((1, 2), [("a", "f4")]))}, "got "),
    "objects": ({"parameter 0": npy(np.full((1, 2), None))}, "got object"),
    "dates": ({"parameter 0": npy(np.zeros((1, 2), "M8[s]"))}, "got datetime64"),
    "a huge claim": ({"parameter 0": claims((HUGE, HUGE))}, f"got float32 .{HUGE}"),
    "a claim without data": ({"parameter 0": claims((1, 2))}, "not a whole file"),
    "too much data": ({"parameter 0": claims((1, 2), data=b"12345678more")}, "not a whole file"),
    "no array": ({"parameter 0": b"hello"}, "not a whole file"),
    "an empty entry": ({"parameter 0": b""}, "not a whole file"),
    "a missing entry": ({"parameter 0": None}, "must hold parameter 0 as .*, got nothing"),
    "one entry more": ({"parameter 2": npy(np.ones(1))}, "it holds 'parameter 2' too"),
    "a path upwards": ({"../evil": npy(np.ones(1))}, r"it holds '\.\./evil' too"),
    "a path from the top": ({"/evil": npy(np.ones(1))}, "it holds '/evil' too"),
    "no format": ({"format": None}, "not a whole file"),
    "a later format": ({"format": npy(np.array("cnnlib.Sequential 2"))}, r"its format is .*2'"),
    "a number for the format": ({"format": npy(np.array(1))}, "format.npy is no text"),
    "layers in another order": ({"layers": npy(np.array(["ReLU()", "Dense(2, 1)"]))}, "other network: ReLU"),
    "numbers for the layers": ({"layers": npy(np.arange(2))}, "layers.npy is no text"),
    "no layers": ({"layers": None}, "not a whole file"),
    "a trillion empty layers": ({"layers": claims((HUGE,), "<U0")}, "not a whole file"),
    "long layers": ({"layers": npy(np.array(["x" * 2**20] * 2))}, "layers.npy is too long"),
    "minus one layer": ({"layers": claims((-1,), "<U4", b"1234567812345678")}, "not a whole"),
}  # fmt: skip


def rebuild(path, change=(), *, twice=(), **options):
    """Write a file again with other entries."""
    with zipfile.ZipFile(path) as archive:
        entries = {name.removesuffix(".npy"): archive.read(name) for name in archive.namelist()}
    entries |= dict(change)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as archive:
        for name in [*entries, *twice]:
            if entries[name] is not None:
                archive.writestr(f"{name}.npy", entries[name])
    return file.getvalue()


@pytest.mark.parametrize("name", DOCTORED)
def test_doctored_files_are_refused(saved, name):
    """The archive itself is sound, so only its contents speak against it; no claim costs memory."""
    change, sentence = DOCTORED[name]
    content, folder = rebuild(saved, change), saved.parent
    tracemalloc.start()
    said = refused(saved, content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert said and re.search(sentence, said), said
    assert peak < 20 * 2**20 and os.listdir(folder) == ["net.npz"]
    assert not (folder.parent / "evil.npy").exists()


def test_rebuilding_alone_is_no_reason_to_refuse(saved):
    assert refused(saved, rebuild(saved)) is None


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused(saved):
    assert "two entries of one name" in refused(saved, rebuild(saved, twice=["parameter 0"]))


def test_compressed_zeros_are_not_unpacked(saved):
    """A kilobyte that would unpack to a gigabyte."""
    bomb = rebuild(
        saved, {"parameter 0": claims((1, 2), data=bytes(2**24))}, compression=zipfile.ZIP_DEFLATED
    )
    assert len(bomb) < 2**16
    tracemalloc.start()
    assert "not a whole file" in refused(saved, bomb)
    assert tracemalloc.get_traced_memory()[1] < 2**22
    tracemalloc.stop()


def test_pickles_are_not_opened(saved, tmp_path):
    mark = tmp_path / "mark"
    evil = npy(np.array([[Mark(str(mark))] * 2], object))
    np.load(io.BytesIO(evil), allow_pickle=True)  # it does work, where pickles are allowed
    assert mark.exists()
    mark.unlink()
    for name in ("parameter 0", "layers", "format", "one more"):
        assert refused(saved, rebuild(saved, {name: evil}))
    assert refused(saved, evil)
    assert not mark.exists()


def test_a_parameter_that_cannot_change_keeps_all_others(saved):
    """All or nothing: the first parameter is not loaded when the second cannot be."""
    net = tiny()
    net.layers[0].b.flags.writeable = False
    before = bits(net)
    with pytest.raises(ValueError, match="parameter 1 must be an array that can be changed, got a read-only"):
        net.load(saved)
    assert bits(net) == before


@POSIX
def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(ValueError, match="is not a file but a pipe or a device"):
            tiny().load(path)
    with pytest.raises(OSError):
        tiny().load(tmp_path)


# --- saves that fail -----------------------------------------------------------------------------
SAVE = """
import io, os, resource, signal, sys
import numpy as np
from cnnlib import Dense, Sequential
net = Sequential(Dense(200, 100, rng=np.random.default_rng(0)))
np.savez(io.BytesIO(), net.params()[0])  # imports what it needs while it may
{trouble}
try:
    net.save("net.npz")
except OSError as error:
    sys.exit(f"OSError {{error.errno}}")
"""
FULL = (
    "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))"
)
LOCKED = "os.chmod('.', 0o555); os.geteuid() or os.seteuid(65534)"
KILLED = "os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)"


def save_in_trouble(folder, trouble):
    code = SAVE.format(trouble=trouble)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True
    )


@POSIX
@pytest.mark.parametrize("trouble", [FULL, LOCKED], ids=["disk full", "folder read-only"])
def test_a_failed_save_leaves_the_old_file_and_nothing_else(saved, trouble):
    before = saved.read_bytes()
    run = save_in_trouble(saved.parent, trouble)
    os.chmod(saved.parent, 0o700)
    assert run.returncode == 1 and run.stderr.startswith("OSError"), run.stderr
    assert saved.read_bytes() == before and os.listdir(saved.parent) == ["net.npz"]


@POSIX
def test_a_killed_save_leaves_the_old_file_and_is_tidied_up_later(saved):
    before, folder = saved.read_bytes(), saved.parent
    assert save_in_trouble(folder, KILLED).returncode == -signal.SIGKILL
    assert saved.read_bytes() == before
    (partial,) = folder.glob(".cnnlib-*.partial")
    tiny().save(saved)
    assert partial.exists()  # it might belong to a save that is still at work
    os.utime(partial, times=(time.time() - 7200,) * 2)
    tiny().save(saved)
    assert os.listdir(folder) == ["net.npz"]


def test_saves_into_nowhere(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "none" / "net", tmp_path / "file" / "net", tmp_path / "folder"):
        with pytest.raises(OSError):
            tiny().save(path)
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"] and os.listdir(tmp_path / "folder") == []
