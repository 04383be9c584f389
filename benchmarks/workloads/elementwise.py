"""Elementwise chains with a reduction, Rosenbrock's function, and second derivatives of it."""

from __future__ import annotations

import ctypes

import numpy as onp
from harness.libraries import Library
from harness.limits import like, limit, scalar
from harness.workload import Bar, Function, Inputs, Workload, gradient

FLAGS = ("-fdisable-tree-sincos",)


def chain(lib: Library, _n: int) -> Function:
    np = lib.numpy
    return lambda x: np.sum(np.sin(x) * np.exp(-x * x) + np.tanh(x))


def rosenbrock(lib: Library, _n: int) -> Function:
    np = lib.numpy
    return lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def directed(lib: Library, n: int) -> Function:
    """Rosenbrock's function, which does not depend on the direction that its Hessian is applied to."""
    f = rosenbrock(lib, n)
    return lambda x, direction: f(x)


def network(lib: Library, _n: int) -> Function:
    """A map of vectors."""
    np = lib.numpy
    return lambda x, W1, W2: np.tanh(W2 @ np.tanh(W1 @ x)) * np.sin(x) + x**2


def network_inputs(n: int) -> Inputs:
    r = onp.random.default_rng(2)
    x, W1, W2 = r.normal(size=n), r.normal(size=(n, n)) / 7, r.normal(size=(n, n)) / 7
    return {"x": x, "W1": W1, "W2": W2}


def points(low: float, high: float):
    return lambda n: {"x": onp.random.default_rng(1).uniform(low, high, n)}


def with_direction(n: int) -> Inputs:
    r = onp.random.default_rng(2)
    return {"x": r.uniform(-1, 2, n), "direction": r.normal(size=n)}


def chain_workload(n: int) -> Workload:
    threaded = n >= 10**6
    return Workload(
        f"elementwise-{n}",
        f"Σ sin x·exp(−x²) + tanh x, n = {n:,}",
        n,
        points(-3, 3),
        chain,
        gradient(0),
        limit(
            "elem.cpp",
            "elem_f64_tuned",
            "elem_g64_tuned",
            lambda d, n: [ctypes.c_long(n), d["x"]],
            scalar,
            like("x"),
            flags=(*FLAGS, "-fopenmp") if threaded else FLAGS,
        ),
        Bar(limit=1.3, jax=5, gradient=2.5),
    )


def rosenbrock_workload(n: int) -> Workload:
    return Workload(
        f"rosenbrock-{n}",
        f"Rosenbrock, n = {n:,}",
        n,
        points(-1, 2),
        rosenbrock,
        gradient(0),
        limit(
            "elem.cpp",
            "rosen_f",
            "rosen_g",
            lambda d, n: [ctypes.c_long(n), d["x"]],
            scalar,
            like("x"),
            flags=FLAGS,
        ),
        Bar(limit=1.3, jax=5, gradient=2.5),
    )


def hessian(lib: Library, f: Function) -> Function:
    return lib.hessian(f)


def product(lib: Library, f: Function) -> Function:
    return lambda x, direction: lib.hvp(lambda z: f(z, direction), (x,), (direction,))


def jacobian(lib: Library, f: Function) -> Function:
    return lib.jacobian(f)


def no_values(_inputs: Inputs, _n: int) -> list[onp.ndarray]:
    return []


def square(_inputs: Inputs, n: int) -> list[onp.ndarray]:
    return [onp.zeros((n, n))]


def jacobian_limit(inputs: Inputs, n: int):
    """The map and its Jacobian; the adjoint is written for 50 numbers."""
    return limit(
        "jac.cpp",
        "jf",
        "jj",
        lambda d, n: [d["x"], d["W1"], d["W2"]],
        lambda d, n: [onp.zeros(n)],
        square,
        lambda found: found[1:],
    )(inputs, n)


def hessian_limit(inputs: Inputs, n: int):
    """The Hessian; its function has another list of arguments, and is not timed."""
    return limit(
        "elem.cpp",
        None,
        "rosen_hess",
        lambda d, n: [ctypes.c_long(n), d["x"]],
        no_values,
        square,
        flags=FLAGS,
    )(inputs, n)


WORKLOADS = (
    *[chain_workload(n) for n in (1_000, 100_000, 10_000_000)],
    *[rosenbrock_workload(n) for n in (1_000, 1_000_000)],
    Workload(
        "hessian",
        "Hessian, 100-d Rosenbrock",
        100,
        points(-1, 2),
        rosenbrock,
        hessian,
        hessian_limit,
        Bar(limit=3, jax=15),
    ),
    Workload(
        "hvp",
        "Hessian-vector product, Rosenbrock, n = 100,000",
        100_000,
        with_direction,
        directed,
        product,
        limit(
            "elem.cpp",
            None,
            "rosen_hvp",
            lambda d, n: [ctypes.c_long(n), d["x"], d["direction"]],
            no_values,
            like("x"),
            flags=FLAGS,
        ),
        Bar(limit=1.5, jax=2),
    ),
    Workload(
        "jacobian",
        "Jacobian, 50 → 50",
        50,
        network_inputs,
        network,
        jacobian,
        jacobian_limit,
        Bar(limit=3, jax=3),
        scales=False,
    ),
)
