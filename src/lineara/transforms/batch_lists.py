"""Lists in a batch: the tapes of loops of unknown length.

A batched list has one value for all examples for each trip, so it can neither be repeated for each example once it is there,
nor chosen anew for each of them. It is batched when it is made; and what examples of different branches choose between are a
list that one branch fills, and empty ones.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from lineara.ir import (
    Add,
    Call,
    Dup,
    Equation,
    Function,
    ListType,
    Literal,
    MakeTuple,
    Scan,
    Switch,
    TupleType,
    Type,
    Unpack,
    Var,
    Zero,
    each,
    memoised,
)

Full = bool | tuple["Full", ...]
"""Whether a list may be other than empty, for each list in a value."""


def holds_list(type_: Type) -> bool:
    """Whether a value of the type is a list, or has one in it."""
    if isinstance(type_, TupleType):
        return any([holds_list(t) for t in type_.elements])
    return isinstance(type_, ListType)


def forced_lists(function: Function, demanded: Sequence[bool]) -> set[Var]:
    """The lists that are to be batched when they are made: those that are demanded, or become part of what may be batched."""
    both = (*function.results, *function.linear_results)
    forced = {v for v, d in zip(both, demanded, strict=True) if d and holds_list(v.type)}
    for e in reversed(function.equations):
        joins = not isinstance(e.op, Unpack | Dup) and any([holds_list(v.type) for v in e.outputs])
        if joins or not forced.isdisjoint(e.outputs):
            forced.update([v for v in e.inputs if holds_list(v.type)])
    return forced


@memoised
def fullness(function: Function) -> Generator[Any, Any, list[Full]]:
    """For each result whether its lists may be other than empty: a branch gives empty ones for the tapes of others."""
    known: dict[Var, Full] = {}
    nought = {
        e.outputs[0] for e in function.equations if isinstance(e.op, Literal) and e.op.value == 0
    }
    for e in function.equations:
        if not any([holds_list(v.type) for v in e.outputs]):
            continue
        if isinstance(e.op, Call | Switch):
            branches = e.op.branches if isinstance(e.op, Switch) else (e.op.function,)
            given = yield from each(branches)
            found: Sequence[Full] = [_any(fs) for fs in zip(*given, strict=True)]
        else:
            found = _found(e, [known.get(v, True) for v in e.inputs], nought)
        known.update(zip(e.outputs, found, strict=True))
    return [known.get(v, True) for v in (*function.results, *function.linear_results)]


def _found(e: Equation, inputs: list[Full], nought: set[Var]) -> Sequence[Full]:
    match e.op:
        case MakeTuple():
            return [tuple(inputs)]
        case Unpack():
            return parts_of(inputs[0], e.inputs[0].type)
        case Dup():
            return inputs * 2
        case Add():
            return [_any(inputs)]
        case Zero():
            return [False]
        case Scan(length=None) if e.inputs[0] in nought:
            return [False] * len(e.outputs)
        case _:
            return [True] * len(e.outputs)


def _any(fulls: Sequence[Full]) -> Full:
    """What some of several values of one type fill."""
    tuples = [f for f in fulls if isinstance(f, tuple)]
    if not tuples or True in fulls:
        return True in fulls
    return tuple([_any(parts) for parts in zip(*tuples, strict=True)])


def parts_of(full: Full, type_: Type) -> tuple[Full, ...]:
    """The same for each element of a tuple."""
    assert isinstance(type_, TupleType)
    return full if isinstance(full, tuple) else (full,) * len(type_.elements)
