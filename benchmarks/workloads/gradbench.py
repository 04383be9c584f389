"""The evaluations of GradBench that are not in another family, at one size each."""

from __future__ import annotations

import numpy as onp
from harness.libraries import Library
from harness.workload import Function, Inputs, Workload

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


def argmin(lib: Library, f: Function, gradient: Function, start: object) -> object:
    """Where f is least, by gradient descent whose step doubles after ten trips and halves where f would grow."""
    np = lib.numpy
    accuracy = 1e-5

    def trip(state):
        x, value, slope, rate, count, _ = state

        def patient():
            following = x - rate * slope
            arrived = np.sqrt(np.sum((following - x) ** 2)) <= accuracy
            below = f(following)

            def forward():
                return following, below, gradient(f)(following), rate, count + 1, arrived

            def back():
                return x, value, slope, rate / 2, count * 0, arrived

            return lib.cond(below < value, forward, back)

        def bolder():
            return x, value, slope, rate * 2, count * 0, count < 0

        steep = np.sqrt(np.sum(slope**2)) > accuracy
        following = lib.cond(count == 10, bolder, patient)
        return (*following[:5], following[5] | ~steep)

    first = (
        start,
        f(start),
        gradient(f)(start),
        np.asarray(1e-5),
        np.asarray(0),
        np.asarray(False),
    )
    return lib.while_loop(lambda state: ~state[5], trip, first)[0]


def particle(mode: str):
    """The control with which a charge ends in the origin; its force is the gradient of a potential."""

    def program(lib: Library, _n: int) -> Function:
        np, h = lib.numpy, 0.1
        gradient = lib.jacfwd if mode == "ff" else lib.grad

        def end(w):
            def potential(x):
                charges = np.stack([np.asarray(10.0), 10 - w[0]]), np.asarray([10.0, 0.0])
                return sum(1 / np.sqrt(np.sum((x - c) ** 2)) for c in charges)

            def step(state):
                x, v = state
                return x + h * v, v - h * gradient(potential)(x)

            start = np.asarray([0.0, 8.0]), np.asarray([0.75, 0.0])
            x, v = lib.while_loop(lambda s: s[0][1] + h * s[1][1] > 0, step, start)
            return (x[0] - x[1] / v[1] * v[0]) ** 2

        return lambda w: argmin(lib, end, gradient, w)

    return program


def saddle(mode: str):
    """The least of the largest values: a descent whose every evaluation is an ascent of its own."""

    def program(lib: Library, _n: int) -> Function:
        gradient = lib.jacfwd if mode == "ff" else lib.grad

        def objective(x, y):
            return lib.numpy.sum(x**2) - lib.numpy.sum(y**2)

        def highest(x, start):
            return argmin(lib, lambda y: -objective(x, y), gradient, start)

        def find(start):
            least = argmin(lib, lambda x: objective(x, highest(x, start)), gradient, start)
            return least, highest(least, start)

        return find

    return program


def itself(_lib: Library, f: Function) -> Function:
    """Of a program whose derivatives are inside it."""
    return f


def descent(name: str, program: Function, mode: str, inputs: Inputs) -> Workload:
    """A descent with the modes of its two derivatives: forward, or reverse, which JAX has not through such loops."""
    title = f"GradBench {name}, {mode}"
    return Workload(
        f"{name}-{mode}", title, 1, lambda _: inputs, program(mode), itself, tolerance=1e-8
    )


def square(_lib: Library, _n: int) -> Function:
    return lambda x: x * x


def drawn(n: int) -> Inputs:
    return {"x": onp.random.default_rng(0).normal(size=n)}


WORKLOADS = (
    Workload("hello", "GradBench hello", 1, lambda _: {"x": 3.0}, square),
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
    *[descent("particle", particle, mode, {"w": onp.zeros(1)}) for mode in ("ff", "rr")],
    *[descent("saddle", saddle, mode, {"start": onp.array([1.0, 1.0])}) for mode in ("ff", "rr")],
)
