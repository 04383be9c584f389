"""Taking an element out of a cotangent copied the whole of it: a loop of n changes of n elements took n² steps backwards."""

import numpy as np

import lineara
import lineara.numpy as lnp
from lineara.backends.choice import set_backend

BUFFERS = 4
"""Two pairs that use the same memory one after the other: the values of two carries, and the cotangents."""


def changed(x):
    def body(i, v):
        v = v.copy()
        v[i] = v[i - 1] * x[i]
        return v

    return lnp.sum(lineara.fori_loop(1, x.shape[0], body, x * 1.0))


def rows(x):
    def body(i, v):
        v = v.copy()
        v[i] = lnp.sin(v[i]) + v[i - 1]
        return v

    return lnp.sum(lineara.fori_loop(1, x.shape[0], body, x * 1.0) ** 2)


def test_the_values():
    for function, x in ((changed, np.linspace(0.5, 1.5, 9)), (rows, np.ones((5, 3)))):
        gradient = lineara.grad(function)
        set_backend("reference")
        expected = lineara.jit(gradient)(x)
        set_backend("native")
        np.testing.assert_allclose(lineara.jit(gradient)(x), expected, rtol=1e-13)


def test_the_trips_copy_no_array():
    set_backend("native")
    n = 5000
    buffers = lineara.jit(lineara.grad(changed)).show(np.ones(n), stage="buffers")
    arrays = [line for line in buffers.splitlines() if f" {8 * n} bytes" in line]
    assert len(arrays) <= BUFFERS, buffers
