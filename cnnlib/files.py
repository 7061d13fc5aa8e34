"""The file of a network's parameters: an .npz of plain arrays, written in one step and read with suspicion.

Nothing in a file is executed, no size in it is believed before it is compared with what is expected, and a
file that stood there before is replaced by a whole one or not at all.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

FORMAT = "cnnlib.Sequential 1"
LARGEST_TEXT = 2**20  # bytes of the list of layers
ABANDONED = 3600  # seconds after which a half-written file can have no writer any more


def write(path, layers, arrays):
    """Write the descriptions of layers and their arrays; if that fails, what stood at `path` survives."""
    import io  # not at the top, so that importing the library stays quick

    path = Path(os.path.realpath(require_path(path)))  # a link stays a link
    if any(array.dtype.kind == "O" for array in arrays):
        raise TypeError("only parameters that are plain numbers can be saved, got an array of objects")
    content = io.BytesIO()
    np.savez(content, format=FORMAT, layers=layers, **_numbered(arrays))
    partial = path.with_name(f".cnnlib-{os.urandom(8).hex()}.partial")
    _sweep(path.parent)
    try:
        with open(partial, "xb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _sweep(folder):
    """Remove what saves that were killed have left behind."""
    with suppress(OSError):
        for partial in folder.glob(".cnnlib-*.partial"):
            if time.time() - partial.stat().st_mtime > ABANDONED:
                partial.unlink()


def read(path, layers, arrays):
    """Return the arrays of a file that `write` made for these layers, each shaped like one of `arrays`."""
    import zipfile

    path = require_path(path)
    if os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):
        raise ValueError(f"{path} is not a file but a pipe or a device")
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return _unpack(path, archive, layers, arrays)
        except Refusal as error:
            raise ValueError(f"{path} {error}") from None
        except Exception as error:  # a damaged file can fail in many ways
            raise ValueError(f"{path} is not a whole file written by Sequential.save") from error


class Refusal(Exception):
    """Why a file that can be read does not fit."""


def _unpack(path, archive, layers, arrays):
    entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
    if len(entries) != len(archive.infolist()):
        raise Refusal("is not a whole file written by Sequential.save: it holds two entries of one name")
    found = str(_text(archive, entries["format"]))
    if found != FORMAT:
        raise Refusal(f"is not a whole file written by Sequential.save: its format is {found[:40]!r}")
    found = _text(archive, entries["layers"]).tolist()
    if found != layers:
        own, saved = (", ".join(map(str, names)) for names in (layers, found))
        raise Refusal(f"holds the parameters of another network: {saved[:2000]}; this one is: {own}")
    expected = _numbered(arrays)
    for name in entries.keys() - expected.keys() - {"format", "layers"}:
        raise Refusal(f"is not a whole file written by Sequential.save: it holds {name[:40]!r} too")
    return [_array(archive, entries.get(name), name, array) for name, array in expected.items()]


def _text(archive, entry):
    if entry.file_size > LARGEST_TEXT:
        raise Refusal(f"is not a whole file written by Sequential.save: {entry.filename} is too long")
    shape, dtype, data = _stored(archive, entry)
    if dtype.kind != "U":
        raise Refusal(f"is not a whole file written by Sequential.save: {entry.filename} is no text")
    return np.frombuffer(data, dtype).reshape(shape)


def _array(archive, entry, name, array):
    """Read one array, after its header has been seen to announce the right one."""
    expected = f"must hold {name} as {array.dtype} {array.shape}, got"
    if entry is None:
        raise Refusal(f"{expected} nothing")

    def fits(shape, dtype):
        if (shape, dtype) != (array.shape, array.dtype):
            raise Refusal(f"{expected} {dtype} {shape}")

    shape, dtype, data = _stored(archive, entry, fits)
    return np.frombuffer(data, dtype).reshape(shape)


def _stored(archive, entry, fits=lambda shape, dtype: None):
    """Return shape, dtype and bytes of an entry; Fortran's order is undone."""
    headers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    with archive.open(entry) as stream:
        shape, columns_first, dtype = headers[np.lib.format.read_magic(stream)](stream)
        fits(shape, dtype)
        size = dtype.itemsize * int(np.prod(shape, dtype=object))
        if entry.compress_type or dtype.hasobject or entry.file_size - stream.tell() != size:
            raise ValueError("the entry is not what its header says")
        data = stream.read()  # to the end, where the checksum is compared
    if columns_first:
        data = np.frombuffer(data, dtype).reshape(shape[::-1]).T.tobytes()
    return shape, dtype, data


def _numbered(arrays):
    return {f"parameter {i}": array for i, array in enumerate(arrays)}


def require_path(path):
    """Return `path` if it names a file, as text or as a path."""
    if not isinstance(path, (str, os.PathLike)) or isinstance(os.fspath(path), bytes):
        raise TypeError(f"path must be a string or a path, got {type(path).__name__}")
    if not os.fspath(path) or "\0" in os.fspath(path):
        raise ValueError(f"path must name a file, got {os.fspath(path)!r}")
    return os.fspath(path)
