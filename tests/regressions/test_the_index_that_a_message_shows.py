"""The message for an index out of bounds showed the index after the size was added to it."""

import numpy as np
import pytest

from lineara import jit
from lineara.errors import IndexingError

X, M = np.arange(5.0), np.ones((3, 4))


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (lambda x, i: x[i], (X, np.int64(7))),
        (lambda x, i: x[i], (X, np.int64(-7))),
        (lambda x, i: x[i], (X, np.int64(-(2**63)))),
        (lambda x, i: x[i], (X, np.uint8(200))),
        (lambda x, i: x[:, i], (M, np.array([0, -9, 17]))),
        (lambda x, i: x[1, i], (M, np.int64(4))),
        (lambda x, i: x[2:][i], (X, np.int64(-4))),
        (lambda x, i: x[i, i], (M, np.array([0, 3, -8]))),
    ],
)
def test_it_is_the_index_as_it_was_written(f, args):
    with pytest.raises(IndexError) as numpy:
        f(*args)
    with pytest.raises(IndexingError) as found:
        jit(f)(*args)
    assert found.value.problem == str(numpy.value)
