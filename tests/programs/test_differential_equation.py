"""A differential equation solved by a Runge–Kutta loop that chooses its steps, and its adjoint."""

import numpy as np
import pytest

import lineara
from lineara.testing import check_derivatives

START = np.array([1.0, 0.5])
RATES = np.array([1.5, 1.0, 3.0, 1.0])


def predators_and_prey(y, rates):
    a, b, c, d = rates
    return np.stack([a * y[0] - b * y[0] * y[1], d * y[0] * y[1] - c * y[1]])


def step(f, y, h):
    """One step of Bogacki and Shampine, of order 3, and the error of one of order 2."""
    k1 = f(y)
    k2 = f(y + h / 2 * k1)
    k3 = f(y + 3 * h / 4 * k2)
    new = y + h * (2 / 9 * k1 + 1 / 3 * k2 + 4 / 9 * k3)
    k4 = f(new)
    return new, h * (-5 / 72 * k1 + 1 / 12 * k2 + 1 / 9 * k3 - 1 / 8 * k4)


def solve(f, y, end, tolerance=1e-4):
    """y(end), and how many steps were tried."""

    def running(carry):
        t, *_ = carry
        return t < end

    def advance(carry):
        t, h, y, tried = carry
        h = np.minimum(h, end - t)
        new, error = step(f, y, h)
        size = np.sqrt(np.mean((error / (tolerance * (1 + np.abs(y)))) ** 2))
        accepted = size <= 1
        factor = np.clip(0.9 * np.maximum(size, 1e-10) ** (-1 / 3), 0.2, 5.0)
        t_new = np.where(h >= end - t, end, t + h)
        return (
            np.where(accepted, t_new, t),
            h * factor,
            np.where(accepted, new, y),
            tried + 1,
        )

    _, _, y, tried = lineara.while_loop(running, advance, (0.0, 0.1, y, 0))
    return y, tried


def final(start, rates, end=1.0):
    return solve(lambda y: predators_and_prey(y, rates), start, end)[0]


def test_the_solution():
    y, tried = solve(lambda y: -y, np.array([1.0]), 2.0, tolerance=1e-7)
    np.testing.assert_allclose(y, np.exp(-2), rtol=1e-5)
    assert tried > 20


def test_it_has_a_derivative_in_all_modes():
    check_derivatives(lambda s: final(START, s * RATES, 0.4), 1.1, rtol=1e-4, atol=1e-4)


def test_the_adjoint_equals_differences():
    weights = np.array([1.0, -2.0])
    adjoint = lineara.grad(lambda r: weights @ final(START, r))(RATES)
    h = 1e-6
    differences = [
        weights @ (final(START, RATES + h * e) - final(START, RATES - h * e)) / (2 * h)
        for e in np.eye(4)
    ]
    np.testing.assert_allclose(adjoint, differences, rtol=1e-6)


def test_the_derivative_by_the_end_is_the_right_hand_side():
    slope = lineara.jacfwd(lambda end: final(START, RATES, end))(1.0)
    assert slope == pytest.approx(predators_and_prey(final(START, RATES), RATES), rel=1e-2)
