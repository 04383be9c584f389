"""A copy of an array of an outer function was no array of the inner one: it could not be assigned to."""

import numpy as np

from lineara import cond, fori_loop, grad

X = np.arange(1.0, 5.0)


def changed(x):
    def body(i, c):
        def yes():
            v = c.copy()
            v[i] = v[i] ** 2
            return v

        return cond(i % 2 == 0, yes, lambda: c)

    return fori_loop(0, 4, body, x * 1.0)


def test_the_copy_is_assigned_to_and_the_array_is_as_it_was():
    np.testing.assert_array_equal(changed(X), [1.0, 2.0, 9.0, 4.0])
    np.testing.assert_array_equal(grad(lambda x: np.sum(changed(x)))(X), [2.0, 1.0, 6.0, 1.0])
