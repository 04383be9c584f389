"""The evaluations of GradBench that are not in another family, at one size each."""

from __future__ import annotations

import numpy as onp
from harness.libraries import Library
from harness.workload import Function, Inputs, Workload, gradient

ORDER, CLUSTERS, DIMENSIONS = 8, 10, 8


def minors_inputs(n: int) -> Inputs:
    return {"A": onp.random.default_rng(0).normal(size=(n, n))}


def minors(_lib: Library, n: int) -> Function:
    """A determinant by expansion along rows, every minor computed where it is needed."""

    def determinant(A, row=0, columns=tuple(range(n))):
        if len(columns) == 1:
            return A[row, columns[0]]
        total, sign = 0.0, 1.0
        for i, column in enumerate(columns):
            rest = columns[:i] + columns[i + 1 :]
            total = total + sign * A[row, column] * determinant(A, row + 1, rest)
            sign = -sign
        return total

    return determinant


def logsumexp(lib: Library, _n: int) -> Function:
    """From its parts, as it stands in the textbook."""
    np = lib.numpy

    def f(x):
        top = np.max(x)
        return top + np.log(np.sum(np.exp(x - top)))

    return f


def least_squares(lib: Library, n: int) -> Function:
    """A polynomial fitted to a step."""
    np = lib.numpy
    t = onp.linspace(-1, 1, n)
    powers = t[:, None] ** onp.arange(ORDER)

    def loss(x):
        return 0.5 * np.sum((np.sign(np.asarray(t)) - powers @ x) ** 2)

    return loss


def kmeans_inputs(n: int) -> Inputs:
    r = onp.random.default_rng(0)
    return {
        "centroids": r.normal(size=(CLUSTERS, DIMENSIONS)),
        "points": r.normal(size=(n, DIMENSIONS)),
    }


def kmeans(lib: Library, _n: int) -> Function:
    """The squared distances of points to the centroids nearest to them."""
    np = lib.numpy

    def cost(centroids, points):
        gaps = np.expand_dims(points, 1) - centroids
        return np.sum(np.min(np.sum(gaps**2, axis=2), axis=1))

    return cost


def newton_direction(lib: Library, f: Function) -> Function:
    """The gradient over the Hessian, which is diagonal."""

    def direction(centroids, points):
        ones = lib.numpy.ones((CLUSTERS, DIMENSIONS))

        def of_centroids(c):
            return f(c, points)

        return lib.grad(of_centroids)(centroids) / lib.hvp(of_centroids, (centroids,), (ones,))

    return direction


def ode(lib: Library, steps: int) -> Function:
    """The last element of a chain of equations after Runge-Kutta steps."""
    np, h = lib.numpy, 2.0 / steps

    def last(x):
        sums = np.cumulative_sum(x[1:])

        def slope(y):
            return np.concatenate([x[:1], sums * y[:-1]])

        def step(y, _):
            k1 = slope(y)
            k2 = slope(y + h / 2 * k1)
            k3 = slope(y + h / 2 * k2)
            k4 = slope(y + h * k3)
            return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), None

        y, _ = lib.scan(step, np.zeros_like(x), None, length=steps)
        return y[-1]

    return last


def particle(lib: Library, _n: int) -> Function:
    """Where a charge meets the axis, squared: a loop of unknown length whose force is itself a gradient."""
    np, h = lib.numpy, 1e-2

    def meeting(w):
        def potential(x):
            first, second = np.stack([np.asarray(10.0), 10 - w]), np.asarray([10.0, 0.0])
            return sum(1 / np.sqrt(np.sum((x - c) ** 2)) for c in (first, second))

        def step(state):
            x, v = state
            return x + h * v, v - h * lib.grad(potential)(x)

        start = np.asarray([0.0, 8.0]), np.asarray([0.75, 0.0])
        x, v = lib.while_loop(lambda s: s[0][1] + h * s[1][1] > 0, step, start)
        return (x[0] - x[1] / v[1] * v[0]) ** 2

    return meeting


def tangent(lib: Library, f: Function) -> Function:
    """Forward mode, which both libraries have through a loop of unknown length."""
    return lambda w: lib.jvp(f, (w,), (lib.numpy.ones_like(w),))


def saddle(lib: Library, steps: int) -> Function:
    """The worst value at a point, found by ascent: its gradient goes through the ascent."""
    np = lib.numpy

    def objective(x, y):
        return (x[0] ** 2 + y[0] ** 2) - (x[1] ** 2 + y[1] ** 2) + np.sum(x * y)

    def worst(x, start):
        def ascend(_, y):
            slope = lib.grad(lambda z: objective(x, z))(y)
            return y + 0.05 * slope * np.asarray([-1.0, 1.0])

        return objective(x, lib.fori_loop(0, steps, ascend, start))

    return worst


def drawn(n: int) -> Inputs:
    return {"x": onp.random.default_rng(0).normal(size=n)}


WORKLOADS = (
    Workload("det", "GradBench det, 5x5 by minors", 5, minors_inputs, minors, scales=False),
    Workload("lse", "GradBench lse, n = 100,000", 100_000, drawn, logsumexp),
    Workload(
        "llsq",
        "GradBench llsq, 8 powers, n = 10,000",
        10_000,
        lambda _: drawn(ORDER),
        least_squares,
    ),
    Workload(
        "kmeans",
        "GradBench kmeans, 10,000 points, 10 clusters",
        10_000,
        kmeans_inputs,
        kmeans,
        newton_direction,
    ),
    Workload(
        "ode",
        "GradBench ode, 100 numbers, 1,000 steps",
        1_000,
        lambda _: {"x": onp.full(100, 0.01) + 0.5 * onp.eye(100)[0]},
        ode,
    ),
    Workload(
        "particle",
        "GradBench particle, one path",
        1,
        lambda _: {"w": onp.array(0.1)},
        particle,
        tangent,
    ),
    Workload(
        "saddle",
        "GradBench saddle, 1,000 steps of ascent",
        1_000,
        lambda _: {"x": onp.array([1.0, 2.0]), "start": onp.array([0.5, 0.3])},
        saddle,
        gradient(0),
    ),
)
