"""Changes of parts that lie at the same borders were read through each other, until Python's stack ended."""

import numpy as np

import lineara


def determinant(a):
    total = 0.0
    for _ in range(300):
        total = total + a[0, 1] * a[1, 0] - a[0, 0] * a[1, 1]
    return total


def test_a_gradient_with_many_parts():
    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    expected = 300 * np.array([[-4.0, 3.0], [2.0, -1.0]])
    np.testing.assert_allclose(lineara.jit(lineara.grad(determinant))(a), expected, rtol=1e-13)
