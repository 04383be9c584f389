"""A view whose every index is bound by loops was named, and not written to where its values are wanted after the loop.

c = contract(f, k)      : f64[2,2]     one loop over the second axis
h, i = split c          : f64[1,2]     views in that loop
j = reshape i           : f64[2]       read after it
"""

import numpy as np

import lineara
import lineara.numpy as lnp
from lineara.backends.choice import set_backend


def rotated(angle):
    c, s = lnp.cos(angle), lnp.sin(angle)
    return (lnp.array([[c, -s], [s, c]]) @ lnp.array([1.0, 2.0]))[0]


def test_a_matrix_of_traced_numbers():
    set_backend("native")
    assert lineara.grad(rotated)(0.0) == -2.0


def test_a_hessian_of_three_columns():
    set_backend("native")
    x = np.array([0.5, 1.0, 1.5])
    hessian = lineara.hessian(lambda x: np.sum(x * np.sin(x)))(x)
    np.testing.assert_allclose(hessian, np.diag(2 * np.cos(x) - x * np.sin(x)), atol=1e-12)
