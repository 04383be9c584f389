"""The first operand, NaN, was dropped where the second was infinite."""

import numpy as np
import pytest

import lineara


@pytest.mark.parametrize("function", [np.logaddexp, np.logaddexp2])
def test_every_pair_of_special_values(function):
    values = np.array([np.nan, np.inf, -np.inf, 0.0])
    x, y = np.repeat(values, 4), np.tile(values, 4)
    with np.errstate(invalid="ignore"):
        expected = function(x, y)
    np.testing.assert_array_equal(lineara.jit(function)(x, y), expected)
