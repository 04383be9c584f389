"""Whether a quotient is large on some lane was asked of pairs of lanes, and not of the last one of an odd count."""

import numpy as np
import pytest

import lineara
from lineara.backends.choice import set_backend


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 8, 9, 13])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_large_quotient_in_any_place(count, dtype):
    set_backend("native")
    function = lineara.jit(lambda x: np.fmod(x, 0.75))
    for place in range(count):
        x = np.linspace(1, 2, count, dtype=dtype)
        x[place] = 3e30
        np.testing.assert_array_equal(function(x), np.fmod(x, dtype(0.75)))
