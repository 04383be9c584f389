"""Solvers that are made for one run, taken out of a program: programs that differ in them alone share their machine code.

    let x = newton(a, b)      →      let x = the first solver that is lent(a, b), where `newton` is lent for the run

A solver that closes over something is another function in each call of what makes it. So machine code asks which it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from threading import local
from typing import Any

from lineara.ir import (
    Apply,
    ArrayType,
    Call,
    Equation,
    Function,
    LinearCall,
    Op,
    Primitive,
    callees_first,
    functions_of,
    with_functions,
)
from lineara.primitives import nondifferentiable

Solver = Callable[..., tuple[Any, ...]]


class _Lent(local):
    """The solvers of the program that a thread runs."""

    solvers: Sequence[Solver] = ()


_lent = _Lent()


@contextmanager
def lending(solvers: Sequence[Solver]) -> Iterator[None]:
    """Lend solvers to what runs meanwhile in this thread."""
    before, _lent.solvers = _lent.solvers, solvers
    try:
        yield
    finally:
        _lent.solvers = before


def without_solvers(function: Function) -> tuple[Function, Sequence[Solver]]:
    """A function with the same results where solvers are lent to it, and these.

    Derivatives that functions bring along are left out: what is run has no use for them.
    """
    if not any(_is_transient(e) for f in callees_first(function) for e in f.equations):
        return function, ()
    taken = _Taken()
    return taken.function(function), list(taken.solvers.values())


def _is_transient(e: Equation) -> bool:
    return isinstance(e.op, Apply) and e.op.primitive.transient


@dataclass(frozen=True, slots=True)
class _Taken:
    """Each function, changed once, and the solvers in the order in which they were found."""

    solvers: dict[str, Solver] = field(default_factory=dict)
    known: dict[int, Function] = field(default_factory=dict)

    def function(self, f: Function) -> Function:
        found = self.known.get(id(f))
        if found is None:
            equations = [
                Equation(self._op(e), e.inputs, e.outputs, e.origin, recompute=e.recompute)
                for e in f.equations
            ]
            found = self.known[id(f)] = replace(f, equations=tuple(equations), _digest=[])
        return found

    def _op(self, e: Equation) -> Op:
        op = e.op
        if isinstance(op, Apply) and op.primitive.transient:
            record = op.primitive
            self.solvers.setdefault(record.key, record.evaluate)
            number = list(self.solvers).index(record.key)
            types = tuple([v.type for v in e.outputs])
            return replace(op, primitive=_asking(record.name, number, types))
        if isinstance(op, LinearCall):
            op = LinearCall(replace(op.forward, rule=None), None)
        elif isinstance(op, Call):
            op = replace(op, rule=None)
        return with_functions(op, [self.function(f) for f in functions_of(op)])


@lru_cache(maxsize=1024)
def _asking(name: str, number: int, results: tuple[ArrayType, ...]) -> Primitive:
    """A record that has one of the lent solvers evaluate it."""

    def evaluate(*arrays: Any) -> tuple[Any, ...]:
        return _lent.solvers[number](*arrays)

    return nondifferentiable(
        name,
        "a solver of the user's",
        evaluate,
        lambda *operands: results,
        family="user",
        examples=(),
    )
