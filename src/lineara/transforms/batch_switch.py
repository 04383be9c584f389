"""Batching of a switch.

A switch whose index is the same for all examples runs one batched branch. Else each branch that is taken runs for all
examples, and each example takes its own: one that does not take the branch is given the operands of one that does.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from lineara.errors import TraceError
from lineara.ir import (
    Builder,
    Call,
    Equation,
    Function,
    ListType,
    Switch,
    Type,
    Var,
    each,
)
from lineara.primitives import Expr, comparison, conversion, reductions
from lineara.transforms.batch_choice import (
    may_refuse,
    or_nothing,
    taking_part,
    where,
)
from lineara.transforms.batch_lists import Full, fullness, holds_list, parts_of
from lineara.transforms.plain import plain_zeros

if TYPE_CHECKING:
    from lineara.errors import Origin
    from lineara.transforms.batch import Batcher

Steps = Generator[Any, Any, None]
Given = tuple[Var, Full]


def batch_switch(batcher: Batcher, e: Equation, op: Switch) -> Steps:
    """One branch for all examples, or all branches and a choice for each."""
    index, operands = e.inputs[0], e.inputs[1:]
    mask = tuple([v in batcher.batched for v in operands])
    size, wanted = batcher.size, tuple([v in batcher.forced for v in e.outputs])
    if index in batcher.batched:
        branches = yield from each(op.branches, size, mask, (True,) * len(e.outputs))
        _choose_each(batcher, e, op, [f for f, _ in branches])
        return
    masks = yield from each(op.branches, size, mask, wanted)
    out = tuple(map(any, zip(*[m for _, m in masks], strict=True)))
    branches = yield from each(op.branches, size, mask, out)
    functions = tuple([f for f, _ in branches])
    results = results_of(functions[0])
    batcher.builder.emit(Switch(functions), [batcher.now[v] for v in e.inputs], results)
    for old, new, is_batched in zip(e.outputs, results, out, strict=True):
        batcher.bind(old, new, is_batched)


def results_of(function: Function) -> list[Var]:
    """Variables for the results of a function."""
    return [Var(v.type, linear=v.linear) for v in (*function.results, *function.linear_results)]


def _choose_each(batcher: Batcher, e: Equation, op: Switch, branches: Sequence[Function]) -> None:
    builder = batcher.builder
    index = Expr(builder, batcher.now[e.inputs[0]])
    if index.type.dtype.kind != "i":
        index = conversion.convert(index, dtype="i64")
    chosen: list[Given] = []
    for number, (branch, before) in enumerate(zip(branches, op.branches, strict=True)):
        here = _taken(index, number, len(branches)).var
        given = list(zip(_run(batcher, e, branch, here), fullness(before), strict=True))
        if chosen:
            pairs = zip(given, chosen, strict=True)
            given = [_chosen(builder, here, x, y) for x, y in pairs]
        chosen = given
    for old, (new, _) in zip(e.outputs, chosen, strict=True):
        batcher.bind(old, new, True)


def _taken(index: Expr, number: int, count: int) -> Any:
    """Which examples take the branch of that number; an index out of range is clamped."""
    at = index.full(number)
    if count == 1:
        return comparison.eq(at, at)
    if number == 0:
        return comparison.le(index, at)
    return comparison.ge(index, at) if number == count - 1 else comparison.eq(index, at)


def _run(batcher: Batcher, e: Equation, branch: Function, here: Var) -> list[Var]:
    """The results of a branch, of no account for the examples that do not take it."""
    builder, operands = batcher.builder, e.inputs[1:]
    inputs, results = [batcher.now[v] for v in operands], results_of(branch)
    if not may_refuse(branch):
        builder.emit(Call(branch), inputs, results)
        return results
    batched = [v in batcher.batched for v in operands]
    run, skip = _careful(branch, here.type, batched), _nothing(branch, here.type)
    someone = reductions.any_(Expr(builder, here), axes=(0,)).var
    builder.emit(Switch((skip, run)), [someone, here, *inputs], results)
    return results


def _careful(branch: Function, here: Type, batched: Sequence[bool]) -> Function:
    """The branch, given nothing but operands of examples that take it."""
    builder, mask, given, given_dot = _begun(branch, here)
    count = len(given)
    own = taking_part(builder, mask, given, batched[:count])
    own_dot = [
        or_nothing(builder, mask, v) if on else v
        for v, on in zip(given_dot, batched[count:], strict=True)
    ]
    return builder.finish(*builder.call(branch, own, own_dot))


def _nothing(branch: Function, here: Type) -> Function:
    """Zeros, and empty lists, where no example takes the branch."""
    builder, *_ = _begun(branch, here)
    made: dict[Type, Var] = {}
    results = [plain_zeros(builder, v.type, made) for v in branch.results]
    return builder.finish(results, [builder.zero(v.type) for v in branch.linear_results])


def _begun(branch: Function, here: Type) -> tuple[Builder, Var, list[Var], list[Var]]:
    """A function of which examples take the branch, and of its operands."""
    builder = Builder(branch.name, branch.origin)
    mask = builder.param(here)
    given = [builder.param(v.type, hint=v.hint) for v in branch.params]
    linear = [builder.param(v.type, linear=True, hint=v.hint) for v in branch.linear_params]
    return builder, mask, given, linear


def _chosen(builder: Builder, here: Var, one: Given, other: Given) -> Given:
    """For each example the one or the other; of lists the one that is filled at all."""
    (x, f), (y, g) = one, other
    if isinstance(x.type, ListType):
        if f and g:
            raise _two_lists(builder.origin)
        return one if f else other
    if not holds_list(x.type):
        return where(builder, here, x, y), True
    ones = zip(builder.unpack(x), parts_of(f, x.type), strict=True)
    others = zip(builder.unpack(y), parts_of(g, x.type), strict=True)
    parts = [_chosen(builder, here, a, b) for a, b in zip(ones, others, strict=True)]
    return builder.make_tuple([v for v, _ in parts]), tuple([full for _, full in parts])


def _two_lists(origin: Origin | None) -> TraceError:
    return TraceError(
        "batching of a switch that gives each example the list of another branch",
        origin=origin,
        mend="give each list from one branch alone, and the empty list from the others",
    )
