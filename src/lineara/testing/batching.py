"""Batching as a check of one program: all examples at once are what they are one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np

from lineara.backends.reference import evaluate, stack
from lineara.errors import DtypeError, IndexingError
from lineara.ir import Function, Var, has_tangent
from lineara.testing.control import COUNT
from lineara.testing.numerics import measured, rounding, within
from lineara.testing.values import Value, arrays, at, combine, largest, sample
from lineara.testing.writer import Program, in_domain
from lineara.transforms import jvp
from lineara.transforms.batch import batch
from lineara.typecheck import check

Mask = tuple[bool, ...]


def batching_is_one_by_one(program: Program) -> None:
    """The batched program gives what the program gives for each example, to rounding."""
    f, rng = program.function, program.rng()
    size, mask = rng.choice((1, 2, 3)), _mask(f, rng)
    examples = _examples(program, size, mask, rng)
    batched, out = batch(f, size, mask)
    check(batched)
    params = (*f.params, *f.linear_params)
    given = _evaluated(batched, _together(params, examples, mask))
    if given is None:
        return
    for i, args in enumerate(examples):
        own = tuple(at(y, i) if on else y for y, on in zip(given, out, strict=True))
        _expect_near(f, args, own)


def batching_commutes_with_jvp(program: Program) -> None:
    """The derivative of the batched program is the batched derivative."""
    f, rng = program.function, program.rng()
    size, mask = rng.choice((1, 2, 3)), _mask(f, rng)
    m, derivative = jvp(f), jvp(batch(f, size, mask)[0])
    check(derivative)
    active = [on for p, on in zip(f.params, mask, strict=True) if has_tangent(p.type)]
    both = (*mask, *active)
    batched, out = batch(m, size, both)
    check(batched)
    tangents = [tuple(sample(p.type, rng) for p in m.linear_params) for _ in range(size)]
    for i, on in enumerate(active):
        tangents = [t if on else (*t[:i], tangents[0][i], *t[i + 1 :]) for t in tangents]
    primal = _examples(program, size, mask, rng)
    examples = [(*x, *t) for x, t in zip(primal, tangents, strict=True)]
    args = _together((*m.params, *m.linear_params), examples, both)
    results, others = _evaluated(batched, args), _evaluated(derivative, args)
    if results is None or others is None:
        return
    _, dependent = batch(f, size, mask)
    rest = [on for r, on in zip(f.results, dependent, strict=True) if has_tangent(r.type)]
    for i, example in enumerate(examples):
        for given, marks in ((results, out), (others, (*dependent, *rest))):
            own = tuple(at(y, i) if on else y for y, on in zip(given, marks, strict=True))
            _expect_near(m, example, own)


def _evaluated(function: Function, args: list[Value]) -> tuple[Value, ...] | None:
    """The results; None where a branch that one example does not take cannot be evaluated at it."""
    try:
        return evaluate(function, args)
    except (IndexingError, DtypeError, np.linalg.LinAlgError):
        return None


def _mask(f: Function, rng: Random) -> Mask:
    return tuple(rng.random() < 0.7 for _ in (*f.params, *f.linear_params))


def _examples(program: Program, size: int, mask: Mask, rng: Random) -> list[tuple[Value, ...]]:
    """Arguments within all domains for each example, equal where the mask says so: at first the program's own."""
    f = program.function
    linear = program.linear_args(rng)
    examples = [(*program.args, *linear)]
    while len(examples) < size:
        moved = [
            _moved(p, x, on, rng) for p, x, on in zip(f.params, program.args, mask, strict=False)
        ]
        is_good = in_domain(f, (*moved, *linear))
        another = [
            sample(p.type, rng) if on else x
            for p, x, on in zip(f.linear_params, linear, mask[len(f.params) :], strict=True)
        ]
        examples.append((*(moved if is_good else program.args), *another))
    return examples


def _moved(p: Var, x: Value, on: bool, rng: Random) -> Value:
    """Another argument, if it may be another one; a count, or a number nearby, as often as not."""
    if not on or rng.random() < 0.3:
        return x
    if has_tangent(p.type) and not isinstance(x, tuple):
        return combine(1, x, 0.1, sample(p.type, rng))
    return sample(p.type, rng) if p.type is COUNT else x


def _together(
    params: Sequence[Var], examples: Sequence[Sequence[Value]], mask: Mask
) -> list[Value]:
    columns = zip(params, zip(*examples, strict=True), mask, strict=True)
    return [stack(list(xs), p.type, len(xs)) if on else xs[0] for p, xs, on in columns]


def _expect_near(f: Function, args: tuple[Value, ...], given: tuple[Value, ...]) -> None:
    count = len(f.params)
    expected, most = measured(f, args[:count], args[count:])
    bound = rounding(f) * (1 + most) ** 2
    for x, y in zip(arrays(given), arrays(expected), strict=True):
        assert (x.dtype, x.shape) == (y.dtype, y.shape)
        exact = x.dtype.kind not in "fc"
        error = float((x != y).any()) if exact else largest(x - y)
        assert within(error, 0 if exact else bound), f"{x} for {y}, by {error}"
