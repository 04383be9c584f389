"""Work that depends on data, and where it does."""

from __future__ import annotations

from collections.abc import Sequence

from lineara.backends.reference import Meter, evaluate
from lineara.ir import (
    Drop,
    Equation,
    Function,
    ListType,
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
    ops = [e.op for f in callees_first(function) for e in f.equations]
    return not any(
        isinstance(op, Switch | While) or (isinstance(op, Scan) and op.length is None) for op in ops
    )


def metered(function: Function, args: Sequence[Value]) -> tuple[tuple[Value, ...], int]:
    """The results of an evaluation, and its work."""
    meter = Meter()
    return evaluate(function, args, meter), meter.work


def unread(function: Function, args: Sequence[Value]) -> int:
    """The work of dropping arguments of branches in an evaluation."""
    branches = [
        g
        for f in callees_first(function)
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


def widest(function: Function) -> int:
    """The most branches of a switch; 1 where there is none."""
    ops = [e.op for f in callees_first(function) for e in f.equations]
    return max([len(op.branches) for op in ops if isinstance(op, Switch)], default=1)
