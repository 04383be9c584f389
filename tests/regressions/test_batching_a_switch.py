"""Examples that take different branches: each branch runs for all of them, on a tape that is its own."""

import numpy as np
import pytest

import lineara
from lineara.errors import DtypeError, TraceError

X = np.array([[1.0, 2.0, 3.0], [-1.0, 5.0, 2.0]])


def largest(a):
    return a[np.argmax(a)] ** 2


def largest_of_longer(a):
    b = np.concatenate([a * 0 - 5, a * 0 - 5, a])
    return b[np.argmax(b)] ** 3


def either(a):
    return lineara.cond(a[0] > 0, largest, largest_of_longer, a)


def test_a_branch_is_not_given_the_indices_of_another():
    assert np.array_equal(lineara.vmap(lineara.grad(either))(X), [[0, 0, 6], [0, 75, 0]])


def test_the_tangent_of_an_index_stays_linear():
    expected = [np.diag([0.0, 0.0, 2.0]), np.diag([0.0, 30.0, 0.0])]
    assert np.array_equal(lineara.hessian(either)(X[0]), expected[0])
    assert np.array_equal(lineara.vmap(lineara.hessian(either))(X), expected)


def test_the_tape_of_a_loop_in_a_branch_is_refused_by_name():
    def f(x):
        def doubled(a):
            return lineara.while_loop(lambda s: s < 3, lambda s: s * s + 1, a)

        return lineara.cond(x > 0.5, doubled, np.cos, x)

    with pytest.raises(TraceError, match=r"loop of unknown length[^$]*mend: "):
        lineara.vmap(lineara.grad(f))(np.array([0.3, 1.2]))


def test_a_bound_of_a_loop_is_an_integer():
    with pytest.raises(DtypeError, match=r"integer, not 2\.5"):
        lineara.fori_loop(0, 2.5, lambda i, c: c + 1, 1.0)
