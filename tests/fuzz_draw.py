"""Draw random layers: sizes, numbers of every dtype, and arrays laid out in memory in every way NumPy allows.

The numbers are small and exact in every dtype (whole, or quarters), so results may be compared with ``==``.
"""

import warnings
import zlib
from fractions import Fraction

import numpy as np

REAL = ("f8", "f4", "f2", "g", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?", "O", "Fraction")
ANY = (*REAL, "c8", "c16")
FLOATS = ("f8", "f4", "f2", "g")
LARGEST = {"f2": 1, "i1": 100, "i2": 900, "i4": 900, "i8": 900, "u1": 200, "u2": 900, "u4": 900, "u8": 900}
LAYOUTS = ("plain", "plain", "Fortran", "batch last", "turned", "every other", "one repeated", "read-only",
           "wild stride", "not aligned", "bytes swapped")  # fmt: skip
KINDS = {}


def kind(case):
    """Enter a function that draws and checks one case."""
    KINDS[case.__name__] = case
    return case


def check(name, seed):
    """Draw and check one case; a failure tells the line that runs it again, and what was drawn."""
    draw = Draw(name, seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            KINDS[name](draw)
        draw.assert_untouched()
    except Exception as error:
        drawn = "\n  ".join(f"{key}: {value}" for key, value in draw.told.items())
        error.add_note(f"again: python tests/fuzzing.py {name} {seed}\n  {drawn}")
        raise


class Draw:
    """A source of one random case that remembers the arrays it gave away."""

    def __init__(self, kind, seed):
        self.rng = np.random.default_rng([zlib.crc32(kind.encode()), seed])
        self.given, self.told = {}, {}

    def whole(self, low, high):
        """Draw a whole number from `low` to `high`, both included."""
        return int(self.rng.integers(low, high + 1))

    def chance(self, probability):
        """Say yes with this probability."""
        return bool(self.rng.random() < probability)

    def sizes(self, low, high):
        """Draw a (vertical, horizontal) pair; every third time both are equal."""
        first = self.whole(low, high)
        return (first, first) if self.chance(1 / 3) else (first, self.whole(low, high))

    def written(self, pair):
        """Write a square pair as one int, or as a list, as a caller might."""
        if pair[0] == pair[1] and self.chance(0.5):
            return pair[0]
        return list(pair) if self.chance(0.2) else pair

    def batch(self):
        """Draw the number of samples; sometimes there are none."""
        return 0 if self.chance(0.04) else self.whole(1, 3)

    def dtypes(self, names, allowed=ANY):
        """Draw one dtype for all arrays of a case; every fourth time one for each, to be promoted."""
        mixed = self.chance(0.25)
        self.kinds = {name: str(self.rng.choice(allowed)) for name in names}
        if not mixed:
            self.kinds = dict.fromkeys(names, self.kinds[names[0]])
        elif {"O", "Fraction"} & set(self.kinds.values()):  # objects do not add to NumPy's own numbers
            self.kinds = {name: "f8" if kind in ("g", "u8") else kind for name, kind in self.kinds.items()}
        self.mixed = mixed

    def array(self, name, shape):
        """Fill an array with exact numbers and lay it out in memory somehow."""
        kind = self.kinds[name]
        top = 4 if self.mixed and kind not in ("f2",) else LARGEST.get(kind, 4)
        top = 1 if self.mixed and "f2" in self.kinds.values() else top
        low = 0 if kind in ("u1", "u2", "u4", "u8", "?") else -top
        values = self.rng.integers(low, 2 if kind == "?" else top + 1, shape)
        if kind in ("c8", "c16"):
            values = values + 1j * self.rng.integers(low, top + 1, shape)
        array = values.astype("O" if kind == "Fraction" else kind)
        if kind == "Fraction":
            quarters = [Fraction(int(value), 4) for value in values.flat]
            array.reshape(-1)[:] = quarters
        return self.give(name, array)

    def give(self, name, array):
        """Lay an array out in memory somehow, and remember it with a copy of its bytes."""
        layout = str(self.rng.choice(LAYOUTS))
        array = laid_out(array, layout, self.rng)
        self.given[name] = array, array.copy()
        self.told[name] = f"{array.dtype} {array.shape} {layout}"
        return array

    def tell(self, **facts):
        """Remember the sizes of the case for the report of a failure."""
        self.told.update(facts)
        return facts

    def assert_untouched(self):
        """Fail if a call has changed one of the arrays it was given."""
        for name, (array, before) in self.given.items():
            plain = array.dtype.kind != "O" and array.dtype.char != "g"  # those have no bytes of their own
            same = array.tobytes() == before.tobytes() if plain else bool((array == before).all())
            assert same, f"{name} was changed by the call"

    def assert_own_memory(self, *results):
        """Fail if a result shares memory with an argument, or with another result."""
        for i, result in enumerate(results):
            for name, (array, _) in self.given.items():
                assert not np.shares_memory(result, array), f"result {i} shares its memory with {name}"
            for other in results[:i]:
                assert not np.shares_memory(result, other), f"result {i} shares its memory with another"
            assert result.flags.writeable or not result.size, f"result {i} cannot be written to"


def laid_out(array, layout, rng):
    """Return the same numbers (but for "one repeated") in another layout."""
    axes = array.ndim
    if not axes:
        return array
    if layout == "Fortran":
        return np.asfortranarray(array)
    if layout == "batch last" and axes > 1:
        return np.moveaxis(np.ascontiguousarray(np.moveaxis(array, 0, -1)), -1, 0)
    if layout == "turned":
        turn = tuple(slice(None, None, int(rng.choice([-1, 1]))) for _ in range(axes))
        return array[turn].copy()[turn]
    if layout == "every other":
        wide = np.zeros([2 * n + 1 for n in array.shape], array.dtype)
        wide[(slice(1, None, 2),) * axes] = array
        return wide[(slice(1, None, 2),) * axes]
    if layout == "one repeated" and array.size:
        axis = int(rng.integers(axes))
        return np.broadcast_to(array.take([0], axis), array.shape)
    if layout == "read-only":
        array.flags.writeable = False
    if layout == "wild stride":
        strides = [10**9 if n == 1 else step for n, step in zip(array.shape, array.strides, strict=True)]
        return np.lib.stride_tricks.as_strided(array, strides=strides) if array.size else array
    if layout == "not aligned" and array.dtype != object and array.itemsize > 1:
        raw = np.zeros(array.nbytes + 1, np.uint8)[1:]
        raw[:] = np.frombuffer(array.tobytes(), np.uint8)
        return raw.view(array.dtype).reshape(array.shape)
    if layout == "bytes swapped" and array.dtype != object:
        return array.astype(array.dtype.newbyteorder())
    return array


def promoted(*arrays):
    """Return the dtype a kernel promises: NumPy's promotion, integers and booleans as int64."""
    if all(array.dtype.kind in "iub" for array in arrays):
        return np.dtype(np.int64)
    return np.result_type(*(array.dtype for array in arrays)).newbyteorder("=")


def exact(array):
    """Return numbers in a dtype that holds sums and products of the drawn ones without rounding."""
    return np.asarray(array).astype(np.complex128)


def same(found, expected, dtype=None, *, tol=0.0):
    """Fail unless an array has the expected shape, dtype and numbers."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, f"shape {found.shape}, expected {expected.shape}"
    if dtype is not None:
        assert found.dtype.newbyteorder("=") == dtype, f"dtype {found.dtype}, expected {dtype}"
    found, expected = exact(found), exact(expected)
    if tol == 0:
        wrong = ~(found == expected)
    else:
        wrong = ~(abs(found - expected) <= tol * np.maximum(1, abs(expected)))
    assert not wrong.any(), _first(wrong, found, expected)


def _first(wrong, found, expected):
    at = tuple(int(k) for k in np.argwhere(wrong)[0]) if wrong.ndim else ()
    return f"{int(wrong.sum())} of {wrong.size} entries differ; first {at}: {found[at]}, not {expected[at]}"


def rounding(*arrays):
    """Return a tolerance for results that round: a few hundred times the coarsest dtype's step."""
    steps = [np.finfo(a.dtype).eps for a in arrays if a.dtype.kind in "fc"]
    return 300 * float(max([*steps, np.finfo(float).eps]))
