"""What the transformations make of a program, with arguments: programs of every form that the back ends run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import numpy as np

from lineara.backends.reference import evaluate
from lineara.ir import Builder, Function
from lineara.testing.batching import batched
from lineara.testing.laws import mixed_form, random_policy
from lineara.testing.programs import Program
from lineara.testing.values import Value, sample
from lineara.transforms import Halves, Policy, erase, jvp, transpose, unzip

Staged = tuple[Function, list[Value]]


def _source(program: Program, rng: Random) -> Staged:
    return program.function, [*program.args, *program.linear_args(rng)]


def _mixed(program: Program, rng: Random) -> Staged:
    """The derivative, or the program if it has linear code already."""
    m = mixed_form(program)
    return m, [*program.args, *(sample(v.type, rng) for v in m.linear_params)]


def _erased(program: Program, rng: Random) -> Staged:
    m, args = _mixed(program, rng)
    return erase(m), args


def _nonlinear(program: Program, rng: Random) -> Staged:
    return _halves(program, rng).nonlinear, list(program.args)


def _linear(program: Program, rng: Random) -> Staged:
    halves = _halves(program, rng)
    return halves.linear, _on_tape(program, halves, halves.linear, rng)


def _transposed(program: Program, rng: Random) -> Staged:
    halves = _halves(program, rng)
    backward = transpose(halves.linear)
    return backward, _on_tape(program, halves, backward, rng)


def _halves(program: Program, rng: Random) -> Halves:
    return unzip(mixed_form(program), random_policy(rng))


def _on_tape(program: Program, halves: Halves, linear: Function, rng: Random) -> list[Value]:
    with np.errstate(all="ignore"):
        given = evaluate(halves.nonlinear, program.args)
    tape = given[len(given) - len(halves.tape) :]
    return [*tape, *(sample(v.type, rng) for v in linear.linear_params)]


def _vjp(program: Program, rng: Random) -> Staged:
    return gradient(mixed_form(program), program.args, rng, random_policy(rng))


def _batched_vjp(program: Program, rng: Random) -> Staged:
    """The gradient of the batched program, whose sums are over examples too."""
    return gradient(*batched_form(program, rng), rng, random_policy(rng))


def batched_form(program: Program, rng: Random) -> Staged:
    """The derivative of the batched program, with values of the parameters that are not linear."""
    f, args = batched(program, rng)
    return f if f.linear_params else jvp(f), args[: len(f.params)]


def gradient(m: Function, args: Sequence[Value], rng: Random, policy: Policy) -> Staged:
    """The two halves of a derivative, one after the other, with what is between them inside."""
    halves = unzip(m, policy)
    backward = transpose(halves.linear)
    builder = Builder("vjp")
    x = [builder.param(v.type) for v in halves.nonlinear.params]
    given, _ = builder.call(halves.nonlinear, x)
    count = len(given) - len(halves.tape)
    w = [builder.param(v.type, linear=True) for v in backward.linear_params]
    _, x_bar = builder.call(backward, given[count:], w)
    made = builder.finish(given[:count], x_bar)
    return made, [*args, *(sample(v.type, rng) for v in w)]


def _second(program: Program, rng: Random) -> Staged:
    """The derivative of the gradient."""
    vjp, args = _vjp(program, rng)
    second = jvp(erase(vjp))
    return second, [*args, *(sample(v.type, rng) for v in second.linear_params)]


STAGES: dict[str, Callable[[Program, Random], Staged]] = {
    "source": _source,
    "mixed": _mixed,
    "erased": _erased,
    "nonlinear": _nonlinear,
    "linear": _linear,
    "transposed": _transposed,
    "vjp": _vjp,
    "second": _second,
    "batched": batched,
    "batched vjp": _batched_vjp,
}
"""By name, what is made of a program and some chance: a function, and values of its parameters, the linear ones last."""
