"""The fit: L-BFGS of SciPy, with gradients by reverse mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from scipy.optimize import minimize

import lineara
from lineara.demo.data import Irises
from lineara.demo.mixture import Array, Parameters, log_densities, loss, start

COMPONENTS = 3
STEP = 1e-6


@dataclass(frozen=True, slots=True)
class Fit:
    """The fitted parameters, the loss after each step, and for each component how many flowers of each species it has."""

    parameters: Parameters
    losses: list[float]
    counts: Array
    """Rows are components, columns are species."""
    converged: bool

    @property
    def log_likelihood(self) -> float:
        """The log likelihood of the whole data set."""
        return -self.losses[-1] * float(self.counts.sum())

    @property
    def matching(self) -> int:
        """How many flowers are where most of their species are, with one species for each component."""
        size = len(self.counts)
        return max(
            int(sum(self.counts[i, j] for i, j in enumerate(order)))
            for order in permutations(range(size))
        )


@dataclass(frozen=True, slots=True)
class Agreement:
    """One directional derivative, three ways."""

    reverse: float
    forward: float
    differences: float

    @property
    def forward_error(self) -> float:
        """The relative difference of reverse mode and forward mode."""
        return abs(self.reverse - self.forward) / abs(self.forward)

    @property
    def differences_error(self) -> float:
        """The relative difference of reverse mode and central finite differences."""
        return abs(self.reverse - self.differences) / abs(self.differences)


def fit(data: Irises, steps: int, on_step: Callable[[int, float], None] | None = None) -> Fit:
    """Fit the mixture in at most so many steps; `on_step` hears of each, and of its loss."""
    x = data.measurements
    first = start(x, COMPONENTS)
    value_and_gradient = lineara.jit(lineara.value_and_grad(loss))
    losses: list[float] = [float(loss(first, x))]

    def objective(flat: Array) -> tuple[float, Array]:
        value, gradient = value_and_gradient(_unflatten(flat, first), x)
        return float(value), _flatten(gradient)

    def stepped(intermediate_result: Any) -> None:
        losses.append(float(intermediate_result.fun))
        if on_step is not None:
            on_step(len(losses) - 1, losses[-1])

    found = minimize(
        objective,
        _flatten(first),
        jac=True,
        method="L-BFGS-B",
        callback=stepped,
        options={"maxiter": steps},
    )
    parameters = _unflatten(found.x, first)
    return Fit(parameters, losses, _counts(parameters, data), bool(found.success))


def agreement(parameters: Parameters, x: Array, seed: int = 0) -> Agreement:
    """The derivative of the loss in a random direction: by reverse mode, by forward mode, by central finite differences."""
    random = np.random.default_rng(seed)
    direction = {name: random.standard_normal(p.shape) for name, p in parameters.items()}

    def moved(t: float) -> float:
        return float(loss({n: p + t * direction[n] for n, p in parameters.items()}, x))

    gradient = lineara.grad(loss)(parameters, x)
    _, forward = lineara.jvp(lambda p: loss(p, x), (parameters,), (direction,))
    return Agreement(
        float(sum(np.sum(gradient[n] * direction[n]) for n in parameters)),
        float(forward),
        (moved(STEP) - moved(-STEP)) / (2 * STEP),
    )


def _counts(parameters: Parameters, data: Irises) -> Array:
    """How many flowers of each species are most probable in each component."""
    component = np.argmax(log_densities(parameters, data.measurements), axis=-1)
    names = np.array(data.species)
    return np.array(
        [
            [np.sum((component == k) & (names == name)) for name in dict.fromkeys(data.species)]
            for k in range(COMPONENTS)
        ]
    )


def _flatten(parameters: Parameters) -> Array:
    return np.concatenate([np.ravel(p) for p in parameters.values()])


def _unflatten(flat: Array, like: Parameters) -> Parameters:
    ends = np.cumsum([p.size for p in like.values()])
    parts = np.split(flat, ends[:-1])
    return {name: part.reshape(like[name].shape) for name, part in zip(like, parts, strict=True)}
