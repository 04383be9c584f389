"""Loops of one extent become one, wherever nothing has to run after one and before the other."""

import numpy as np
import pytest

import lineara as lin

X, A = np.linspace(0.0, 1.0, 1000), np.array([[0.5, 2.0], [-1.0, 0.25]])


def something_between(x, a):
    """The product is made between the two sums, and the second one reads it."""
    y = np.sin(x)
    first = np.sum(y)
    b = a @ a
    return first, np.sum(y * b[0, 1]), b * first


def the_sum_is_read(x, a):
    y = np.sin(x)
    return (np.sum(y * np.sum(y)),)


def the_sum_is_read_between(x, a):
    y = np.sin(x)
    return (np.sum(y * (a * np.sum(y))[1, 1]),)


@pytest.mark.parametrize(
    ("f", "loops"), [(something_between, 1), (the_sum_is_read, 2), (the_sum_is_read_between, 2)]
)
def test_loops(f, loops):
    g = lin.jit(f)
    got, wanted = g(X, A), f(X, A)
    assert g.show(stage="plan").count("\n  loop of 1000") == loops
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_a_product_of_few_terms_is_made_where_it_is_read():
    x, a, w = np.ones((4, 1000)), np.arange(160.0).reshape(40, 4), np.ones((40, 1000))
    g = lin.jit(lambda x, a, w: np.sum((a @ x) * w, axis=0))
    np.testing.assert_allclose(g(x, a, w), np.full(1000, a.sum()))
    assert "\n  %" not in g.show(stage="plan"), "all steps are in one loop"
