"""Random layers of every kind against their definitions. A case is the name of a kind and a seed.

Run one case again with ``python tests/fuzzing.py conv2d 17``, a range with ``… conv2d 0 999``.
"""

import sys
import traceback

import fuzz_conv  # noqa: F401
import fuzz_layers  # noqa: F401
import fuzz_networks  # noqa: F401
from fuzz_draw import check


def failures(name, seeds):
    """Run cases of a kind; return those that fail with what they say."""
    found = {}
    for seed in seeds:
        try:
            check(name, seed)
        except Exception as error:
            found[seed] = error
    return found


if __name__ == "__main__":
    name, first, last = [*sys.argv[1:], sys.argv[-1]][:3]
    found = failures(name, range(int(first), int(last) + 1))
    for error in list(found.values())[:1]:
        traceback.print_exception(error)
    print(f"{name}: seeds {first} to {last}, {len(found)} failures {list(found)[:20]}")
    sys.exit(bool(found))
