"""Functions of the language that are written with NumPy: bodies of loops, and what has values but no derivative."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lineara.frontend.array import wrap
from lineara.frontend.promotion import Array
from lineara.frontend.trace import Trace, emit, emit_call, operand, tracing, type_of
from lineara.ir import ArrayType, Function, Rule, Type, Var, While
from lineara.transforms import jvp


def recorded(
    name: str, f: Callable[..., Any], types: Sequence[Type]
) -> tuple[Function, list[Array]]:
    """The program of a function that gives a tuple, and the arrays that it closes over: its further parameters."""
    trace = Trace(name, wrap)
    with tracing(trace):
        results = f(*[trace.param(t) for t in types])
        variables = [operand(trace, x).var for x in results]
    return trace.builder.finish(variables), trace.captured


def loop(
    name: str, goes_on: Callable[..., Any], step: Callable[..., Any], *carry: Array
) -> list[Array]:
    """The carry after as many steps as it goes on; neither function closes over arrays."""
    types = [type_of(x) for x in carry]
    condition, _ = recorded(f"{name}_goes_on", lambda *given: (goes_on(*given),), types)
    body, _ = recorded(f"{name}_step", step, types)
    op = While(condition, body, (0, 0), len(types))
    outputs = [Var(t) for t in (ArrayType("i64"), *types)]
    return emit(op, carry, outputs)[1:]


def without_derivative(name: str, f: Callable[..., Any], *operands: Array) -> list[Array]:
    """The values of a function as a call that refuses to be differentiated, by name."""
    function, captured = recorded(name, f, [type_of(x) for x in operands])
    none = (False,) * len(function.params)
    rule = Rule(f"{name}.rule", none, lambda: jvp(function, none), "no derivative", [function])
    return emit_call(function, [*operands, *captured], rule=rule)
