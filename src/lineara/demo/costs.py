"""What the gradient of the fit costs, counted before it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import lineara
from lineara import cost, pipeline
from lineara.demo.mixture import Array, Parameters, loss, loss_in_less_memory


@dataclass(frozen=True, slots=True)
class Costs:
    """Scalar operations of the loss and of its gradient, and the bytes of the tape, with and without a checkpoint."""

    work: int
    gradient_work: int
    tape_bytes: int
    checkpointed_gradient_work: int
    checkpointed_tape_bytes: int
    same_bits: bool

    @property
    def ratio(self) -> float:
        """The work of the gradient (with the value) over that of the function."""
        return self.gradient_work / self.work


def costs_of_the_fit(parameters: Parameters, x: Array) -> Costs:
    """The costs of one gradient of the loss, and whether the checkpointed one is the same to the last bit."""
    kept, again = (lineara.grad(f)(parameters, x) for f in (loss, loss_in_less_memory))
    return Costs(
        lineara.trace(loss, parameters, x).work,
        _gradient_work(loss, parameters, x),
        lineara.plan(loss, parameters, x).tape_bytes or 0,
        _gradient_work(loss_in_less_memory, parameters, x),
        lineara.plan(loss_in_less_memory, parameters, x).tape_bytes or 0,
        all(np.array_equal(kept[name], again[name]) for name in kept),
    )


def _gradient_work(f: Callable[..., Any], parameters: Parameters, x: Array) -> int:
    program = lineara.trace(f, parameters, x)
    count = len(parameters)
    wrt = tuple(i < count for i in range(len(program.function.params)))
    (gradient,) = pipeline.run(program.function, pipeline.Request(wrt, outputs=1), "grad")
    return cost.work(gradient)
