"""What is read at offsets of what is read at offsets: the code grew with the powers of the depth."""

import numpy as np

from lineara import grad, jit


def deep(depth):
    def f(x):
        for _ in range(depth):
            x = x[1:] * x[:-1] + 2 * x[1:]
        return np.sum(x)

    return f


def test_code_grows_with_the_depth():
    x = np.linspace(0, 1, 40_000)
    small, large = (len(jit(grad(deep(n))).show(x, stage="llvm")) for n in (2, 6))
    assert large < 6 * small
