"""Run every bench and print the tables; with ``--write``, also into README.md. Takes a few minutes.

Threads are set before NumPy is loaded: its matrix products read the setting only once.
"""

import argparse
import os
from pathlib import Path

os.environ.update(
    OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", VECLIB_MAXIMUM_THREADS="1"
)

from benchmarks import bench_conv, bench_digits, bench_fast, bench_pool, report, timing


def main():
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="replace benchmarks/README.md by this run")
    write = parser.parse_args().write
    if timing.torch is None:
        timing.note("PyTorch is not installed: its columns stay empty. To fill them: make bench, or")
        timing.note("pip install -r benchmarks/requirements.txt")
        if write:
            parser.error("README.md compares with PyTorch: install it before --write")
    timing.warm_allocator()
    page = report.page(
        report.convolution(bench_conv.speed_rows(), bench_conv.memory_row()),
        report.other_ways(bench_fast.rows()),
        report.pooling(bench_pool.rows()),
        report.digits(bench_digits.epoch_row(), bench_digits.accuracy_rows()),
        rounds=timing.ROUNDS,
    )
    print(page)
    if write:
        Path(__file__).with_name("README.md").write_text(page, encoding="utf8")


if __name__ == "__main__":
    main()
