"""All small programs: every function of a number of equations over a small vocabulary, up to renaming.

The vocabulary is one nonlinear record (`sin`), one of two operands (`mul`), a literal, `+`, `drop`, pairs and taking them
apart, and a checkpointed call; in the linear zone the product with a coefficient, `dup`, `+`, `zero`, `drop`, pairs and
taking them apart, and a call of a mixed function. Parameters are one nonlinear scalar x, and one linear scalar u in mixed
functions. Results are the variables that nothing uses, in the order in which they are bound.

>>> len(list(nonlinear_functions(1)))
7
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import permutations, product

from lineara.ir import (
    Add,
    Apply,
    ArrayType,
    Builder,
    Call,
    Drop,
    Dup,
    Equation,
    Function,
    Literal,
    MakeTuple,
    Op,
    TupleType,
    Type,
    Unpack,
    Var,
    Zero,
)
from lineara.primitives import Expr
from lineara.primitives.arithmetic import mul, scale
from lineara.primitives.elementary import sin

F64 = ArrayType("f64")
Step = tuple[Op, tuple[Var, ...], tuple[Type, ...], tuple[Type, ...]]
"""An operation, its operands, and the types of its nonlinear and of its linear results."""


def nonlinear_functions(count: int) -> Iterator[Function]:
    """All nonlinear functions of that many equations."""
    x = Var(F64)
    return _extended(_Draft((x,), (), (), (x,), (), frozenset()), count)


def mixed_functions(count: int) -> Iterator[Function]:
    """All functions of that many equations with a linear parameter; those are separated or not."""
    x, u = Var(F64), Var(F64, linear=True)
    return _extended(_Draft((x,), (u,), (), (x,), (u,), frozenset()), count)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A function so far: what is bound in the nonlinear zone, what is left in the linear one, and what is used."""

    params: tuple[Var, ...]
    linear_params: tuple[Var, ...]
    equations: tuple[Equation, ...]
    bound: tuple[Var, ...]
    left: tuple[Var, ...]
    used: frozenset[Var]

    def then(self, step: Step) -> _Draft:
        op, inputs, types, linear_types = step
        outputs = tuple(map(Var, types))
        linear = tuple(Var(t, linear=True) for t in linear_types)
        return replace(
            self,
            equations=(*self.equations, Equation(op, inputs, (*outputs, *linear))),
            bound=(*self.bound, *outputs),
            left=(*(v for v in self.left if v not in inputs), *linear),
            used=self.used.union(inputs),
        )

    def close(self) -> Function:
        results = tuple(v for v in self.bound if v not in self.used)
        zones = self.params, self.linear_params, self.equations, results, self.left
        return Function("f", *zones)


def _extended(draft: _Draft, count: int) -> Iterator[Function]:
    if count == 0:
        yield draft.close()
        return
    steps = [*_nonlinear_steps(draft), *(_linear_steps(draft) if draft.linear_params else ())]
    for step in steps:
        yield from _extended(draft.then(step), count - 1)


def _nonlinear_steps(draft: _Draft) -> Iterator[Step]:
    scalars = [v for v in draft.bound if v.type is F64]
    yield Literal(2.0, F64), (), (F64,), ()
    for x in scalars:
        yield Apply(sin), (x,), (F64,), ()
        yield Call(_callee(), checkpoint=True), (x,), (F64, F64), ()
    for x, y in product(scalars, repeat=2):
        yield Apply(mul), (x, y), (F64,), ()
    for x, y in product(draft.bound, repeat=2):
        yield MakeTuple(), (x, y), (TupleType((x.type, y.type)),), ()
        if x.type is y.type:
            yield Add(), (x, y), (x.type,), ()
    for x in draft.bound:
        yield Drop(), (x,), (), ()
        if isinstance(x.type, TupleType):
            yield Unpack(), (x,), x.type.elements, ()


def _linear_steps(draft: _Draft) -> Iterator[Step]:
    scalars = [v for v in draft.bound if v.type is F64]
    yield Zero(F64), (), (), (F64,)
    for x, u in product(scalars, [v for v in draft.left if v.type is F64]):
        yield Apply(scale), (x, u), (), (F64,)
        yield Call(_mixed_callee(), checkpoint=True), (x, u), (F64,), (F64,)
    for u, v in permutations(draft.left, 2):
        yield MakeTuple(), (u, v), (), (TupleType((u.type, v.type)),)
        if u.type is v.type:
            yield Add(), (u, v), (), (u.type,)
    for u in draft.left:
        yield Drop(), (u,), (), ()
        yield Dup(), (u,), (), (u.type, u.type)
        if isinstance(u.type, TupleType):
            yield Unpack(), (u,), (), u.type.elements


@cache
def _callee() -> Function:
    """`g(x) = (x·sin x, x)`"""
    builder = Builder("g")
    x = Expr(builder, builder.param(F64))
    return builder.finish([(x * sin(x)).var, x.var])


@cache
def _mixed_callee() -> Function:
    """`h(x ; u) = (sin x ; sin x *. u)`"""
    builder = Builder("h")
    y = sin(Expr(builder, builder.param(F64)))
    u = Expr(builder, builder.param(F64, linear=True))
    return builder.finish([y.var], [u.scaled(y).var])
