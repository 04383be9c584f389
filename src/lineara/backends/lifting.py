"""Numbers of a program as arguments: programs that differ in numbers alone share their machine code.

    def f(x: f64) -> f64 =           def f(x: f64, a: f64) -> f64 =
      let a = 0.3                      let b = x * a
      let b = x * a                    b
      b

Only what code is not made for is lifted: not 0, 1, 2 or a half, and not what stands in loops and branches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

import numpy as np

from lineara.ir import Apply, ArrayType, Call, Equation, Function, Literal, Var, reachable
from lineara.primitives import shape

LARGEST = 32
"""How many numbers a program may take as arguments; one that has more keeps them all."""

Numbers = list[np.ndarray[Any, Any]]


def lifted(function: Function) -> tuple[Function, Numbers]:
    """A function that takes some of its numbers after its non-linear parameters, and these numbers.

    It gives the same bits. A function of complex values is left alone: of its constants it is known that they are finite.
    """
    if any(_is_complex(v) for f in reachable(function) for e in f.equations for v in e.outputs):
        return function, []
    made, values = _Lift().function(function)
    return (made, values) if len(values) <= LARGEST else (function, [])


def _is_complex(v: Var) -> bool:
    return isinstance(v.type, ArrayType) and v.type.dtype.kind == "c"


@dataclass(frozen=True, slots=True)
class _Lift:
    """Each function that is called, lifted once."""

    known: dict[int, tuple[Function, Numbers]] = field(default_factory=dict)

    def function(self, f: Function) -> tuple[Function, Numbers]:
        found = self.known.get(id(f))
        if found is None:
            found = self.known[id(f)] = self._lifted(f)
        return found

    def _lifted(self, f: Function) -> tuple[Function, Numbers]:
        params: list[Var] = []
        values: Numbers = []
        equations: list[Equation] = []
        for e in f.equations:
            if isinstance(e.op, Call):
                equations.append(self._call(e, e.op, params, values))
            elif isinstance(e.op, Literal) and _is_any(e.op):
                values.append(np.asarray(e.op.value, e.op.type.dtype))
                equations += _from_scalar(e, e.op.type, params)
            else:
                equations.append(e)
        if not 0 < len(values) <= LARGEST:
            return f, []
        return _with(f, params, equations), values

    def _call(self, e: Equation, op: Call, params: list[Var], values: Numbers) -> Equation:
        callee, own = self.function(op.function)
        if not own:
            return e
        given = [Var(ArrayType(x.dtype)) for x in own]
        params += given
        values += own
        count = len(op.function.params)
        inputs = (*e.inputs[:count], *given, *e.inputs[count:])
        return Equation(
            replace(op, function=callee), inputs, e.outputs, e.origin, recompute=e.recompute
        )


def _is_any(literal: Literal) -> bool:
    """Whether a number has nothing about it that code is made for."""
    x = literal.value
    return isinstance(x, float) and isfinite(x) and not (2 * x).is_integer()


def _from_scalar(e: Equation, type_: ArrayType, params: list[Var]) -> Sequence[Equation]:
    """What a literal's variable is made by, from a parameter of no axes."""
    if not type_.shape:
        params.append(e.outputs[0])
        return ()
    params.append(Var(ArrayType(type_.dtype)))
    op = Apply(shape.broadcast, (("axes", ()), ("shape", type_.shape)))
    return (Equation(op, (params[-1],), e.outputs, e.origin, recompute=e.recompute),)


def _with(f: Function, params: Sequence[Var], equations: Sequence[Equation]) -> Function:
    return Function(
        f.name,
        (*f.params, *params),
        f.linear_params,
        tuple(equations),
        f.results,
        f.linear_results,
        f.origin,
    )
