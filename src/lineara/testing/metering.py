"""Work that depends on data, and where it does."""

from __future__ import annotations

from collections.abc import Sequence

from lineara.backends.reference import Meter, evaluate
from lineara.ir import (
    Drop,
    Equation,
    Function,
    LinearCall,
    ListType,
    Op,
    Scan,
    Switch,
    TupleType,
    Type,
    While,
    callees_first,
)
from lineara.testing.values import Value, observe


def is_static(function: Function) -> bool:
    """Whether the work of a function is the same for all arguments: it has no switch and no loop of unknown length."""
    return not any(
        isinstance(op, Switch | While) or (isinstance(op, Scan) and op.length is None)
        for op in _operations(function)
    )


def metered(function: Function, args: Sequence[Value]) -> tuple[tuple[Value, ...], int]:
    """The results of an evaluation, and its work."""
    meter = Meter()
    return evaluate(function, args, meter), meter.work


def unread(function: Function, args: Sequence[Value]) -> int:
    """The work of dropping arguments of branches in an evaluation, but for those inside of what is declared to be linear."""
    given = [
        c.function for op in _operations(function) if isinstance(op, LinearCall) for c in op.calls
    ]
    declared = set(map(id, callees_first(*given)))
    branches = [
        g
        for f in callees_first(function)
        if id(f) not in declared
        for e in f.equations
        if isinstance(e.op, Switch)
        for g in e.op.branches
    ]
    slots = {v for g in branches for v in g.params}
    unread: list[int] = []

    def see(e: Equation, operands: list[Value]) -> None:
        if isinstance(e.op, Drop) and e.inputs[0] in slots:
            unread.append(e.inputs[0].type.size)

    observe(function, args, see)
    return sum(unread)


def has_list(type_: Type) -> bool:
    """Whether the size of a value depends on the trips of a loop."""
    if isinstance(type_, TupleType):
        return any(map(has_list, type_.elements))
    return isinstance(type_, ListType)


def has_declared(function: Function) -> bool:
    """Whether a function has calls that are declared to be linear."""
    return any(isinstance(op, LinearCall) for op in _operations(function))


def widest(function: Function) -> int:
    """The most branches of a switch; 1 where there is none."""
    widths = [len(op.branches) for op in _operations(function) if isinstance(op, Switch)]
    return max(widths, default=1)


def _operations(function: Function) -> list[Op]:
    return [e.op for f in callees_first(function) for e in f.equations]
