"""Classical problems of least squares, solved with derivatives through `scipy.optimize.minimize(jac=True)`.

The problems, starts and minima are those of Moré, Garbow and Hillstrom, Testing Unconstrained Optimization Software, 1981.
"""

import numpy as np
import pytest
from scipy.optimize import minimize

import lineara

PI = np.pi


def rosenbrock(x):
    return np.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def freudenstein_and_roth(x):
    a, b = x
    return np.stack([-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b])


def beale(x):
    y = np.array([1.5, 2.25, 2.625])
    return y - x[0] * (1 - x[1] ** np.arange(1, 4))


def helical_valley(x):
    turn = np.arctan2(x[1], x[0]) / (2 * PI)
    theta = turn if x[0] > 0 or x[1] >= 0 else turn + 1
    return np.stack([10 * (x[2] - 10 * theta), 10 * (np.hypot(x[0], x[1]) - 1), x[2]])


def bard(x):
    y = np.array([14, 18, 22, 25, 29, 32, 35, 39, 37, 58, 73, 96, 134, 210, 439]) / 100
    u = np.arange(1.0, 16)
    v = 16 - u
    return y - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


def box(x):
    t = 0.1 * np.arange(1.0, 11)
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def powell_singular(x):
    a, b, c, d = x
    return np.stack(
        [a + 10 * b, np.sqrt(5) * (c - d), (b - 2 * c) ** 2, np.sqrt(10) * (a - d) ** 2]
    )


def wood(x):
    a, b, c, d = x
    return np.stack(
        [
            10 * (b - a**2),
            1 - a,
            np.sqrt(90) * (d - c**2),
            1 - c,
            np.sqrt(10) * (b + d - 2),
            (b - d) / np.sqrt(10),
        ]
    )


def kowalik_and_osborne(x):
    y = np.array(
        [0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246]
    )
    u = np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
    return y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def brown_and_dennis(x):
    t = np.arange(1.0, 21) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


def watson(x):
    t = np.arange(1.0, 30) / 29
    powers = t[:, None] ** np.arange(len(x))
    slopes = powers[:, :-1] @ (np.arange(1, len(x)) * x[1:])
    return np.concatenate([slopes - (powers @ x) ** 2 - 1, x[:1], (x[1] - x[0] ** 2 - 1)[None]])


def extended_rosenbrock(x):
    return np.ravel([10, 1] * np.stack([x[1::2] - x[::2] ** 2, 1 - x[::2]], axis=1))


def broyden_tridiagonal(x):
    before, after = np.pad(x, (1, 0))[:-1], np.pad(x, (0, 1))[1:]
    return (3 - 2 * x) * x - before - 2 * after + 1


# residuals, start, the least sum of squares
PROBLEMS = [
    (rosenbrock, [-1.2, 1.0], 0.0),
    (freudenstein_and_roth, [0.5, -2.0], 48.98425),
    (beale, [1.0, 1.0], 0.0),
    (helical_valley, [-1.0, 0.0, 0.0], 0.0),
    (bard, [1.0, 1.0, 1.0], 8.214877e-3),
    (box, [0.0, 10.0, 20.0], 0.0),
    (powell_singular, [3.0, -1.0, 0.0, 1.0], 0.0),
    (wood, [-3.0, -1.0, -3.0, -1.0], 0.0),
    (kowalik_and_osborne, [0.25, 0.39, 0.415, 0.39], 3.0750560385e-4),
    (brown_and_dennis, [25.0, 5.0, -5.0, -1.0], 85822.2016),
    (watson, [0.0] * 6, 2.287670e-3),
    (extended_rosenbrock, [-1.2, 1.0] * 5, 0.0),
    (broyden_tridiagonal, [-1.0] * 10, 0.0),
]


def name(problem):
    return getattr(problem, "__name__", "")


def with_gradient(residuals):
    """The sum of squares and its gradient."""
    return lineara.value_and_grad(lambda x: np.sum(residuals(x) ** 2))


@pytest.mark.parametrize(("residuals", "start", "least"), PROBLEMS, ids=name)
def test_l_bfgs(residuals, start, least):
    found = minimize(
        with_gradient(residuals),
        np.array(start),
        jac=True,
        method="L-BFGS-B",
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 2000, "maxcor": 20},
    )
    assert found.fun == pytest.approx(least, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(("residuals", "start", "least"), PROBLEMS, ids=name)
def test_gauss_and_newton(residuals, start, least):
    jacobian = lineara.jacfwd(residuals)

    def curvature(x):
        j = jacobian(x)
        return 2 * j.T @ j

    found = minimize(
        with_gradient(residuals),
        np.array(start),
        jac=True,
        hess=curvature,
        method="trust-exact",
        options={"gtol": 1e-6},
    )
    assert found.fun == pytest.approx(least, rel=1e-6, abs=1e-8)
