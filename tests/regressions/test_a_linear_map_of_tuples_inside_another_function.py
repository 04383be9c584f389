"""A linear map whose tape has tuples could not be applied to a traced value."""

import numpy as np

from lineara import grad, jit, linearize, while_loop

X = np.array([1.0, 2.0])


def test_the_tape_becomes_part_of_the_program():
    def f(x):
        return while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, np.sin(c[1]) * x), (0, x))[1]

    _, L = linearize(f, X)
    np.testing.assert_array_equal(jit(lambda v: L(v))(X), L(X))
    np.testing.assert_array_equal(grad(lambda v: np.sum(L(v)))(X), L.T(np.ones(2)))
