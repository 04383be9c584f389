"""Optimization inside optimization, in all combinations of the modes.

The saddle and the particle are those of Siskind and Pearlmutter, Using Polyvariant Union-Free Flow Analysis to Compile a
Higher-Order Functional-Programming Language with a First-Class Derivative Operator to Efficient Fortran-like Code, 2008.
"""

from itertools import product

import numpy as np
import pytest

import lineara

MODES = {"forward": lineara.jacfwd, "reverse": lineara.grad}
PAIRS = list(product(MODES, MODES))


def descended(gradient, start, rate):
    """Where gradient descent comes to rest."""

    def moving(x):
        g = gradient(x)
        return g @ g > 1e-10

    return lineara.while_loop(moving, lambda x: x - rate * gradient(x), start)


def squares(x, y):
    """The saddle is at 0."""
    return x @ x - y @ y


def coupled(x, y):
    """The saddle is where 2y + x = 1 and 2x − y = 1."""
    return x @ x - y @ y - x @ y + np.sum(y - x)


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
@pytest.mark.parametrize(("payoff", "x", "y"), [(squares, 0.0, 0.0), (coupled, 0.6, 0.2)])
def test_the_saddle(payoff, x, y, outer, inner):
    """min over x of max over y: the descent of x goes through the descent of y."""
    start = np.array([1.0, 1.0])

    def best_reply(x):
        loss = MODES[inner](lambda y: -payoff(x, y))
        return descended(loss, start, 0.3)

    def worst_case(x):
        return payoff(x, best_reply(x))

    found = descended(MODES[outer](worst_case), start, 0.3)
    np.testing.assert_allclose(found, [x, x], atol=1e-5)
    np.testing.assert_allclose(best_reply(found), [y, y], atol=1e-5)


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_the_particle(outer, inner):
    """Two charges steer a particle; Newton's method moves one until the particle falls at 0, by one slope."""

    def potential(x, w):
        charges = [np.stack([10.0 + 0 * w, 10.0 - w]), np.array([10.0, 0.0])]
        return sum(1 / np.sqrt((x - c) @ (x - c)) for c in charges)

    def where_it_falls(w):
        force = MODES[inner](lambda x: -potential(x, w))

        def step(carry):
            x, v = carry
            return x + 0.1 * v, v + 0.1 * force(x)

        def flying(carry):
            x, v = carry
            return x[1] + 0.1 * v[1] > 0

        x, v = lineara.while_loop(flying, step, (np.array([0.0, 8.0]), np.array([0.75, 0.0])))
        return x[0] - x[1] / v[1] * v[0]

    w = 0.2
    slope = MODES[outer](where_it_falls)(w)
    for _ in range(3):
        w = w - where_it_falls(w) / slope
    assert abs(where_it_falls(w)) < 1e-6
    assert w == pytest.approx(0.20719187464861197, abs=1e-5)  # published; found to 1e-5


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_a_learning_rate_is_learned(outer, inner):
    """The derivative of the loss after a descent by the rate of the descent."""
    scales = np.array([1.0, 3.0])

    def loss(x):
        return np.sum(scales * (x - 1) ** 2)

    def after(rate):
        gradient = MODES[inner](loss)
        return loss(lineara.fori_loop(0, 4, lambda _, x: x - rate * gradient(x), np.zeros(2)))

    rate, k = 0.07, 4
    by_hand = np.sum(scales * 2 * k * (1 - 2 * rate * scales) ** (2 * k - 1) * (-2 * scales))
    np.testing.assert_allclose(MODES[outer](after)(rate), by_hand, rtol=1e-12)
