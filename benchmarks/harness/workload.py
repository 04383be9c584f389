"""What a workload is: inputs, a program, its derivative, the limit beside it, the bars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.libraries import Library

Inputs = dict[str, Any]
"""The arguments of the program by name, in its order: the same for all implementations."""

Function = Callable[..., Any]


@dataclass(frozen=True)
class Bar:
    """What a workload is to reach; None where nothing is asked.

    limit     at most so many times the time of the limit
    jax       at least so many times faster than JAX
    tuned     at least so many times faster than JAX with its hidden option
    gradient  at most so many times the time of the function
    seconds   at most so long
    """

    limit: float | None = None
    jax: float | None = None
    tuned: float | None = None
    gradient: float | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Peer:
    """An implementation that is ready to be called: the function, its derivative, and what the derivative gave last."""

    function: Callable[[], Any] | None
    derivative: Callable[[], Any]
    result: Callable[[Any], list[np.ndarray]]


@dataclass(frozen=True)
class Gradient:
    """The value and the gradient in some of the arguments."""

    argnums: tuple[int, ...]

    def __call__(self, library: Library, f: Function) -> Function:
        """As the library has it."""
        return library.value_and_grad(f, self.argnums)


def gradient(*argnums: int) -> Gradient:
    """The value and the gradient in the arguments of these numbers."""
    return Gradient(argnums)


@dataclass(frozen=True)
class Workload:
    """One row of the table.

    title       as it stands in the table
    size        the length of its loop or array; `--scale` multiplies it
    inputs      from the size
    program     from a library and the size, the function of the inputs
    derivative  from a library and the function, what is measured
    limit       from the inputs and the size, the hand-written peer
    tolerance   of the results against each other, relative to their largest element
    scales      whether the size may be another
    """

    name: str
    title: str
    size: int
    inputs: Callable[[int], Inputs]
    program: Callable[[Library, int], Function]
    derivative: Callable[[Library, Function], Function] = Gradient((0,))
    limit: Callable[[Inputs, int], Peer] | None = None
    bar: Bar = Bar()
    tolerance: float = 1e-10
    scales: bool = True

    def scaled(self, scale: float) -> int:
        """The size at a scale, at least 8 below the full one."""
        scaled = max(min(8, self.size), round(self.size * scale))
        return scaled if self.scales else self.size


def flat(tree: Any) -> list[np.ndarray]:
    """The arrays of a result of tuples, lists and arrays, from left to right."""
    if isinstance(tree, tuple | list):
        return [leaf for branch in tree for leaf in flat(branch)]
    return [np.asarray(tree)]


def library_peer(workload: Workload, library: Library, inputs: Inputs, size: int) -> Peer:
    """A workload in a library: both the function and the derivative compiled."""
    f = workload.program(library, size)
    function = library.jit(f)
    derivative = library.jit(workload.derivative(library, f))
    arguments = [library.place(x) for x in inputs.values()]
    wait = library.wait
    return Peer(lambda: wait(function(*arguments)), lambda: wait(derivative(*arguments)), flat)


def disagreement(found: list[np.ndarray], expected: list[np.ndarray]) -> float:
    """The largest difference of the first arrays, and of all others, each relative to the largest element there."""
    return max(
        _difference(found[:1], expected[:1]),
        _difference(found[1:], expected[1:]) if len(expected) > 1 else 0.0,
    )


def _difference(found: list[np.ndarray], expected: list[np.ndarray]) -> float:
    a, b = (np.concatenate([np.ravel(x).astype(float) for x in side]) for side in (found, expected))
    if a.shape != b.shape:
        return np.inf
    worst = np.max(np.abs(a - b)) / max(float(np.max(np.abs(b))), 1e-300)
    return float(worst) if np.isfinite(worst) else np.inf
