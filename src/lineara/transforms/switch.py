"""The transformations of a switch: each maps over the branches, and only the branch taken is evaluated.

The tape of a switch is a sum over its branches: slots by type, filled by the branch that is taken.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from lineara.ir import (
    ArrayType,
    Builder,
    Equation,
    Function,
    Switch,
    Type,
    Var,
    each,
    tangent_type,
)
from lineara.transforms.plain import plain_variable, plain_zeros

Steps = Generator[Any, Any, Any]


def jvp_of_switch(builder: Builder, e: Equation, op: Switch, tangents: dict[Var, Var]) -> Steps:
    """Append the switch of the differentiated branches; a result is active when it is in any branch."""
    active = tuple([v in tangents for v in e.inputs[1:]])
    none = (False,) * len(active)
    demanded = [False] * len(e.outputs)
    for branch in op.branches:
        _, results = yield branch, active, None, none
        demanded = [d or r for d, r in zip(demanded, results, strict=True)]
    derivatives = yield from each(op.branches, active, tuple(demanded), none)
    x_dot = [tangents[v] for v in e.inputs[1:] if v in tangents]
    bound = [v for v, on in zip(e.outputs, demanded, strict=True) if on]
    y_dot = [Var(tangent_type(v.type), linear=True) for v in bound]
    branches = tuple([derivative for derivative, _ in derivatives])
    builder.emit(Switch(branches), (*e.inputs, *x_dot), (*e.outputs, *y_dot))
    tangents.update(zip(bound, y_dot, strict=True))


def split_switch(e: Equation, op: Switch, key: tuple[Any, ...]) -> Steps:
    """The early switch, which gives the tape of the branch taken, and the late one, which reads it."""
    known = (False,) * len(op.branches[0].params)
    halves = yield from each(op.branches, known, *key)
    own, count = len(op.branches[0].results), len(op.branches[0].params)
    slots, places = _slots([h.tape for h in halves])
    tape = [Var(t) for t in slots]
    early = Equation(
        Switch(
            tuple([_filled(h.early, own, slots, p) for h, p in zip(halves, places, strict=True)])
        ),
        e.inputs[: 1 + count],
        (*e.outputs[:own], *tape),
        e.origin,
        recompute=e.recompute,
    )
    late = Equation(
        Switch(tuple([_reading(h.late, slots, p) for h, p in zip(halves, places, strict=True)])),
        (e.inputs[0], *tape, *e.inputs[1 + count :]),
        e.outputs[own:],
        e.origin,
    )
    return early, late


def _slots(tapes: Sequence[tuple[Type, ...]]) -> tuple[list[Type], list[list[int]]]:
    """Slots that hold each of the tapes, and the slot of each value of each tape.

    Branches share slots of inexact arrays alone: where all of them run, as in a batch, each is given what another one
    left in its slots, and that must not be an index or a number of trips that it cannot run with. A list is of one branch:
    examples that take different branches cannot choose between lists of different lengths.
    """
    slots: list[Type] = []
    places = []
    for tape in tapes:
        free = [i for i, t in enumerate(slots) if t.is_inexact and isinstance(t, ArrayType)]
        taken = []
        for t in tape:
            found = next((i for i in free if slots[i] is t), len(slots))
            if found == len(slots):
                slots.append(t)
            else:
                free.remove(found)
            taken.append(found)
        places.append(taken)
    return slots, places


def _filled(early: Function, own: int, slots: Sequence[Type], taken: list[int]) -> Function:
    """An early branch that gives its tape in the slots, and zeros in those that it does not need."""
    builder = Builder(early.name, early.origin)
    builder.params, builder.equations = list(early.params), list(early.equations)
    places = dict(zip(taken, early.results[own:], strict=True))
    made: dict[Type, Var] = {}
    filled = [places.get(i) or plain_zeros(builder, t, made) for i, t in enumerate(slots)]
    return builder.finish([*early.results[:own], *filled])


def _reading(late: Function, slots: Sequence[Type], taken: list[int]) -> Function:
    """A late branch that takes its tape from the slots."""
    builder = Builder(late.name, late.origin)
    places = dict(zip(taken, late.params, strict=True))
    builder.params = [places.get(i) or Var(t) for i, t in enumerate(slots)]
    builder.linear_params, builder.equations = list(late.linear_params), list(late.equations)
    return builder.finish((), late.linear_results)


def transpose_of_switch(builder: Builder, e: Equation, op: Switch, y_bar: list[Var]) -> Steps:
    """The switch of the transposed branches."""
    branches = yield from each(op.branches)
    coefficients = [v for v in e.inputs if not v.linear]
    x_bar = [Var(v.type, linear=True) for v in e.inputs if v.linear]
    return builder.emit(Switch(tuple(branches)), (*coefficients, *y_bar), x_bar)


def erase_of_switch(builder: Builder, e: Equation, op: Switch, inputs: list[Var]) -> Steps:
    """The switch of the erased branches."""
    branches = yield from each(op.branches)
    outputs = [plain_variable(v) for v in e.outputs]
    builder.emit(Switch(tuple(branches)), inputs, outputs)
    return dict(zip(e.outputs, outputs, strict=True))


def prune_switch(e: Equation, op: Switch, needed: set[Var]) -> Steps:
    """The switch of what is needed: an argument is when any branch reads it."""
    keep = tuple([v in needed for v in e.outputs])
    forced = [False] * (len(e.inputs) - 1)
    for branch in op.branches:
        _, taken = yield branch, keep, (False,) * len(forced)
        forced = [f or t for f, t in zip(forced, taken, strict=True)]
    pruned = yield from each(op.branches, keep, tuple(forced))
    arguments = [v for v, on in zip(e.inputs[1:], forced, strict=True) if on]
    return Equation(
        Switch(tuple([branch for branch, _ in pruned])),
        (e.inputs[0], *arguments),
        tuple([v for v, on in zip(e.outputs, keep, strict=True) if on]),
        e.origin,
        recompute=e.recompute,
    )
