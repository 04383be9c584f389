"""Batching as a check of one program: all examples at once are what they are one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from random import Random

from lineara.backends.reference import evaluate
from lineara.backends.values import stack
from lineara.ir import Builder, Function, Var, has_tangent, tangent_type
from lineara.testing.control import COUNT
from lineara.testing.laws import random_policy
from lineara.testing.numerics import measured, rounding, within
from lineara.testing.values import Value, arrays, at, combine, largest, sample, zero
from lineara.testing.writer import Program, in_domain
from lineara.transforms import erase, jvp, transpose, unzip
from lineara.transforms.batch import batch
from lineara.typecheck import check

Mask = tuple[bool, ...]


def batching_is_one_by_one(program: Program) -> None:
    """The batched program gives what the program gives for each example, to rounding."""
    f, rng = program.function, program.rng()
    size, mask = rng.choice((1, 2, 3)), _mask(f, rng)
    examples = _examples(program, size, mask, rng)
    _check_one_by_one(f, examples, mask)


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
    results, others = evaluate(batched, args), evaluate(derivative, args)
    _, dependent = batch(f, size, mask)
    rest = [on for r, on in zip(f.results, dependent, strict=True) if has_tangent(r.type)]
    for i, example in enumerate(examples):
        for given, marks in ((results, out), (others, (*dependent, *rest))):
            own = tuple(at(y, i) if on else y for y, on in zip(given, marks, strict=True))
            _expect_near(m, example, own)


def batching_goes_with_reverse_mode(program: Program) -> None:
    """The batched gradient, or its derivative, gives what that gives for each example."""
    f, rng = program.function, program.rng()
    gradient = _vjp(f, rng)
    whole = rng.choice((gradient, jvp(erase(gradient))))
    size, mask = rng.choice((1, 2, 3)), _mask(whole, rng)
    count = len(f.params)
    points = _examples(program, size, mask[:count], rng)
    others = (*whole.params, *whole.linear_params)[count:]
    directions = _directions(others, mask[count:], size, rng)
    examples = [(*x, *w) for x, w in zip(points, directions, strict=True)]
    _check_one_by_one(whole, examples, mask)


def reverse_mode_goes_through_batching(program: Program) -> None:
    """The gradient of the batched program is that of each example, and their sum for what they share."""
    f, rng = program.function, program.rng()
    size, mask = rng.choice((1, 2, 3)), _mask(f, rng)
    points = _examples(program, size, mask, rng)
    batched, out = batch(f, size, mask)
    backward, own = check(_vjp(batched, rng)), _vjp(f, rng)
    given = [(r, on) for r, on in zip(f.results, out, strict=True) if has_tangent(r.type)]
    wanted = [Var(tangent_type(r.type), linear=True) for r, _ in given]
    marks = [on for _, on in given]
    directions = _directions(wanted, marks, size, rng)
    directions = [
        tuple([w if on else zero(v.type) for w, v, on in zip(ws, wanted, marks, strict=True)])
        for ws in directions
    ]
    args = [*_together(f.params, points, mask), *_together(wanted, directions, tuple(marks))]
    x_bar = evaluate(backward, args)[len(f.results) :]
    _expect_sums(
        own,
        points,
        directions,
        [on for p, on in zip(f.params, mask, strict=True) if has_tangent(p.type)],
        x_bar,
    )


def _vjp(f: Function, rng: Random) -> Function:
    """`f.vjp : (x̄ ; ȳ̈) → (ȳ ; ẍ̄)`, of a nonlinear function."""
    halves = unzip(jvp(f), random_policy(rng))
    builder = Builder(f"{f.name}.vjp")
    x = [builder.param(v.type) for v in f.params]
    backward = transpose(halves.linear)
    given, _ = builder.call(halves.nonlinear, x)
    w = [builder.param(v.type, linear=True) for v in backward.linear_params]
    _, x_bar = builder.call(backward, given[len(f.results) :], w)
    return builder.finish(given[: len(f.results)], x_bar)


def _directions(
    variables: Sequence[Var], mask: Sequence[bool], size: int, rng: Random
) -> list[tuple[Value, ...]]:
    """Random values for each example, equal where the mask says so."""
    shared = [sample(v.type, rng) for v in variables]
    return [
        tuple(
            [
                sample(v.type, rng) if on else x
                for v, x, on in zip(variables, shared, mask, strict=True)
            ]
        )
        for _ in range(size)
    ]


def batched(program: Program, rng: Random) -> tuple[Function, list[Value]]:
    """The batched program, and values of its parameters, the linear ones last: many examples, few of them different."""
    f = program.function
    size, mask = rng.choice((1, 2, 3, 5, 8, 9, 17, 33)), _mask(f, rng)
    some = _examples(program, min(size, 3), mask, rng)
    examples = [some[i % len(some)] for i in range(size)]
    together = _together((*f.params, *f.linear_params), examples, mask)
    return batch(f, size, mask)[0], together


def _check_one_by_one(f: Function, examples: Sequence[tuple[Value, ...]], mask: Mask) -> None:
    batched, out = batch(f, len(examples), mask)
    check(batched)
    given = evaluate(batched, _together((*f.params, *f.linear_params), examples, mask))
    for i, args in enumerate(examples):
        own = tuple(at(y, i) if on else y for y, on in zip(given, out, strict=True))
        _expect_near(f, args, own)


def _expect_sums(
    own: Function,
    points: Sequence[tuple[Value, ...]],
    directions: Sequence[tuple[Value, ...]],
    marks: Sequence[bool],
    x_bar: tuple[Value, ...],
) -> None:
    count = len(own.results)
    each = [measured(own, x, w) for x, w in zip(points, directions, strict=True)]
    bound = rounding(own) * sum((1 + most) ** 2 for _, most in each)
    for j, (given, on) in enumerate(zip(x_bar, marks, strict=True)):
        parts = [results[count + j] for results, _ in each]
        if on:
            errors = [combine(1, at(given, i), -1, part) for i, part in enumerate(parts)]
        else:
            errors = [reduce(lambda e, part: combine(1, e, -1, part), parts, given)]
        error = largest(tuple(errors))
        assert within(error, bound), f"{given} for {parts}, by {error}"


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
