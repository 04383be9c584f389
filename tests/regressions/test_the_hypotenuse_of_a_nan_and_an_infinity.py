"""The hypotenuse of a NaN and an infinity was a NaN."""

import numpy as np

from lineara import grad, jit

X, Y = np.meshgrid([np.nan, np.inf, -np.inf, 0.0, -0.0, 3.0], [np.nan, np.inf, -np.inf, 0.0, 4.0])


def test_the_values_are_those_of_numpy():
    np.testing.assert_array_equal(jit(np.hypot)(X, Y), np.hypot(X, Y))


def test_the_derivative_is_a_cosine():
    assert abs(grad(np.hypot)(3.0, 4.0) - 0.6) < 1e-15
    assert grad(np.hypot)(0.0, 0.0) == 0.0
