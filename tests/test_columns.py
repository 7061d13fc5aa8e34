"""Copies of windows in batch-last memory: their exact sizes and kinds of numbers, and where they are cut."""

import numpy as np
import pytest

from cnnlib.columns import BLOCK, WHOLE, batch_last, fold, row_blocks, unfold
from cnnlib.windows import geometry

LAYER = geometry((6, 9), (2, 3), stride=(3, 2), dilation=(2, 1))


@pytest.mark.parametrize("padding", [(0, 0), (1, 0), (0, 2), (1, 2)])
@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "O"])
def test_batch_last_lies_in_memory_of_exactly_the_padded_size(padding, dtype):
    x = np.arange(1, 25, dtype="f4").reshape(2, 1, 3, 4)
    image, (p, q) = batch_last(x, np.dtype(dtype), padding), padding
    assert image.dtype == dtype and image.flags.c_contiguous
    assert image.tolist() == np.pad(x, ((0, 0), (0, 0), (p, p), (q, q))).transpose(1, 2, 3, 0).tolist()


def cuts(height, row_bytes):
    """Cut the columns of a layer with one 2×1 kernel per output and a width of 1, in bytes a row."""
    layer = geometry((height + 1, 1), (2, 1))
    return row_blocks(row_bytes // 16, 1, np.dtype("f8"), layer)


@pytest.mark.parametrize(
    "height, row_bytes, rows",
    [
        (4, WHOLE // 4, 4),  # exactly as large as may be made in one piece
        (5, WHOLE // 4, 1),  # one row more, and a row is as large as a block
        (33, WHOLE // 32, 8),
        (3, WHOLE, 1),  # a row is larger than a block, so it is a block
        (1, 2 * WHOLE, 1),
    ],
)
def test_large_columns_are_cut_into_blocks_of_rows(height, row_bytes, rows):
    assert WHOLE == 4 * BLOCK
    starts = list(range(0, height, rows))
    expected = [(top, min(top + rows, height)) for top in starts]
    assert [block[:2] for block in cuts(height, row_bytes)] == expected


def test_blocks_name_their_columns():
    layer = geometry((3000, 1001), (1, 2))  # 1000 outputs a row, 2 taps, a batch of 3: 48 000 bytes a row
    blocks = row_blocks(1, 3, np.dtype("f8"), layer)
    rows = BLOCK // 48_000
    assert blocks[0] == (0, rows, slice(0, rows * 3000)) and blocks[1][2].start == rows * 3000
    assert blocks[-1][1] == 3000 and blocks[-1][2].stop == 3000 * 3000


def test_fold_is_the_adjoint_of_unfold():
    """im2col-adjoint: exact in whole numbers, for all rows of outputs and for the last one alone."""
    rng = np.random.default_rng(3)
    for top in (0, 1):
        image = rng.integers(-9, 10, (2, 6, 9, 3))
        columns = unfold(image, LAYER, top, 2)
        assert columns.shape == (2 * 2 * 3, (2 - top) * 4 * 3) and columns.dtype == image.dtype
        other, back = rng.integers(-9, 10, columns.shape), np.zeros_like(image)
        fold(back, other, LAYER, top, 2)
        assert (columns * other).sum() == (image * back).sum()
        assert columns[0].tolist() == image[0, 3 * top : 4 : 3, 0:8:2].ravel().tolist()
