"""Differential equations: small states and stencils in long loops."""

from __future__ import annotations

import numpy as onp
from harness.libraries import Library
from harness.limits import like, limit, scalar
from harness.workload import Bar, Function, Inputs, Workload, gradient

CELLS = 256
STEP = 1e-3
DIFFUSION, HEAT_STEP = 2.0, 0.1


def lorenz_inputs(_steps: int) -> Inputs:
    return {"p": onp.array([10.0, 28.0, 8 / 3]), "y0": onp.ones(3)}


def lorenz(lib: Library, steps: int) -> Function:
    """The squared norm of the state at the end of Runge-Kutta steps."""
    np, h = lib.numpy, STEP

    def loss(p, y0):
        def slope(y):
            return np.stack(
                [p[0] * (y[1] - y[0]), y[0] * (p[1] - y[2]) - y[1], y[0] * y[1] - p[2] * y[2]]
            )

        def step(y, _):
            k1 = slope(y)
            k2 = slope(y + h / 2 * k1)
            k3 = slope(y + h / 2 * k2)
            k4 = slope(y + h * k3)
            return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), None

        y, _ = lib.scan(step, y0, None, length=steps)
        return np.sum(y**2)

    return loss


def field_inputs(_steps: int) -> Inputs:
    x = onp.linspace(0, 1, CELLS)
    start, target = onp.exp(-100 * (x - 0.3) ** 2), 0.5 * onp.exp(-80 * (x - 0.6) ** 2)
    return {"u0": start, "target": target, "c": 0.2 + 0.1 * onp.sin(6 * x)}


def heat_inputs(steps: int) -> Inputs:
    found = field_inputs(steps)
    return {"u0": found["u0"], "target": found["target"]}


def heat(lib: Library, steps: int) -> Function:
    """The distance to a target after diffusion and growth on a ring."""
    np = lib.numpy

    def loss(u0, target):
        def step(u, _):
            curvature = np.roll(u, -1) - 2 * u + np.roll(u, 1)
            return u + HEAT_STEP * (DIFFUSION * curvature + u * (1 - u)), None

        u, _ = lib.scan(step, u0, None, length=steps)
        return 0.5 * np.sum((u - target) ** 2)

    return loss


def wave(lib: Library, steps: int) -> Function:
    """The distance to a target after a wave between fixed ends."""
    np = lib.numpy

    def loss(u0, target, c):
        def step(state, _):
            before, now = state
            e = np.pad(now, 1)
            return (now, 2 * now - before + c * (e[2:] - 2 * now + e[:-2])), None

        (_, u), _ = lib.scan(step, (u0, u0), None, length=steps)
        return 0.5 * np.sum((u - target) ** 2)

    return loss


STENCIL = Bar(limit=1.5, jax=4, tuned=2, gradient=3)

WORKLOADS = (
    Workload(
        "lorenz",
        "Lorenz, RK4, 10,000 steps",
        10_000,
        lorenz_inputs,
        lorenz,
        gradient(0, 1),
        limit(
            "loops.cpp",
            "lorenz_f",
            "lorenz_g",
            lambda d, n: [n, STEP, d["p"], d["y0"]],
            scalar,
            like("p", "y0"),
        ),
        Bar(limit=1.5, jax=20, tuned=1, gradient=3.5),
    ),
    Workload(
        "heat",
        "nonlinear heat, 256 cells, 5,000 steps",
        5_000,
        heat_inputs,
        heat,
        gradient(0),
        limit(
            "loops.cpp",
            "heat_f",
            "heat_g",
            lambda d, n: [n, d["u0"], DIFFUSION, HEAT_STEP, d["target"]],
            scalar,
            like("u0"),
        ),
        STENCIL,
    ),
    Workload(
        "wave",
        "wave, 256 cells, 5,000 steps",
        5_000,
        field_inputs,
        wave,
        gradient(0),
        limit(
            "loops.cpp",
            "wave_f",
            "wave_g",
            lambda d, n: [n, d["u0"], d["c"], d["target"]],
            scalar,
            like("u0"),
        ),
        STENCIL,
    ),
)
