"""The transformations of a loop of unknown length: each maps over the body, and leaves the condition as it is.

    jvp     the carries with tangents are a fixpoint; what every trip reads linearly is threaded through as a carry
    unzip   the early loop counts its trips and lists the body's tapes; the late one is a scan over the lists
    prune   the needed carries are a fixpoint that starts with those of the condition

A loop is never transposed: its late half is a scan.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from lineara.ir import Builder, Equation, ListType, Scan, Var, While, tangent_type
from lineara.transforms.plain import plain_variable
from lineara.transforms.scan import giving, merged, tangent_of

Steps = Generator[Any, Any, Any]


def jvp_of_while(builder: Builder, e: Equation, op: While, tangents: dict[Var, Var]) -> Steps:
    """Append the loop of the differentiated body; `tangents` learns those of its results."""
    (first, second) = op.constants
    operands = e.inputs[first:]
    active = [v in tangents for v in operands]
    none = (False,) * len(active)
    while True:
        _, results = yield op.body, tuple(active), None, none
        grown = [a or r for a, r in zip(active[second:], results[: op.carry], strict=True)]
        if grown == active[second:]:
            break
        active[second:] = grown
    threaded = (*active[:second], *(False for _ in active[second:]))
    demanded = (*active[second:], *results[op.carry :])
    body, _ = yield op.body, tuple(active), demanded, threaded
    x_dot = [tangent_of(builder, v, tangents) for v, on in zip(operands, active, strict=True) if on]
    bound = [v for v, on in zip(operands, threaded, strict=True) if on]
    bound += [v for v, on in zip(e.outputs[1:], demanded, strict=True) if on]
    y_dot = [Var(tangent_type(v.type), linear=True) for v in bound]
    loop = replace(op, body=body, linear_carry=len(x_dot))
    builder.emit(loop, (*e.inputs, *x_dot), (*e.outputs, *y_dot))
    tangents.update(zip(bound, y_dot, strict=True))


def split_while(e: Equation, op: While, key: tuple[Any, ...]) -> Steps:
    """The early loop, which lists the tapes, and the late scan, which reads them."""
    halves = yield op.body, (False,) * len(op.body.params), *key
    own, (first, second) = len(op.body.results), op.constants
    body, tape = halves.early, halves.early.results[own:]
    outside = dict(zip(body.params[:second], e.inputs[first : first + second], strict=True))
    lists = {v: Var(ListType(v.type)) for v in tape if v not in outside}
    count = first + len(body.params)
    trips = e.outputs[0]
    carried = range(second, second + op.carry)
    early_body, stays = giving(body, (*body.results[:own], *lists), carried)
    constants = first, sum(stays[:second])
    read_early = [v for v, on in zip(e.inputs[first:count], stays, strict=True) if on]
    early = Equation(
        replace(op, body=early_body, constants=constants, linear_carry=0),
        (*e.inputs[:first], *read_early),
        (*e.outputs[: 1 + own], *lists.values()),
        e.origin,
        recompute=e.recompute,
    )
    constant = [v for v in tape if v in outside]
    order = constant + [v for v in tape if v not in outside]
    params = dict(zip(tape, halves.late.params, strict=True))
    late_body = replace(halves.late, params=tuple([params[v] for v in order]), _digest=[])
    read = outside | lists
    late = Equation(
        Scan(late_body, None, len(constant), 0, op.linear_carry),
        (trips, *[read[v] for v in order], *e.inputs[count:]),
        e.outputs[1 + own :],
        e.origin,
    )
    return early, late


def erase_of_while(builder: Builder, e: Equation, op: While, inputs: list[Var]) -> Steps:
    """The loop of the erased body; the condition takes the carries that were linear, and drops them."""
    body = yield (op.body,)
    done = len(op.body.results)
    out = merged(op.carry, done, len(e.outputs) - 1, op.linear_carry)
    plain = replace(body, results=tuple([body.results[i] for i in out]), _digest=[])
    test = Builder(op.condition.name, op.condition.origin)
    test.params, test.equations = list(op.condition.params), list(op.condition.equations)
    for v in op.body.linear_params:
        test.param(v.type, hint=v.hint)
    loop = While(test.finish(op.condition.results), plain, op.constants, op.carry + op.linear_carry)
    outputs = [plain_variable(e.outputs[i]) for i in (0, *(1 + i for i in out))]
    builder.emit(loop, inputs, outputs)
    return dict(zip([e.outputs[i] for i in (0, *(1 + i for i in out))], outputs, strict=True))


def prune_while(e: Equation, op: While, needed: set[Var]) -> Steps:
    """The loop of what is needed: a carry is when its end is, or the condition or the body reads it for what is."""
    (first, second), body = op.constants, op.body
    params, done = (*body.params, *body.linear_params), len(body.results)
    carried = {second + i: i for i in range(op.carry)}
    carried |= {len(body.params) + i: done + i for i in range(op.linear_carry)}
    keep = [v in needed for v in e.outputs[1:]]
    _, tested = yield op.condition, (True,), (False,) * len(op.condition.params)
    for i in range(op.carry):
        keep[i] = keep[i] or tested[first + i]
    while True:
        forced = tuple([i in carried and keep[carried[i]] for i in range(len(params))])
        pruned, taken = yield body, tuple(keep), forced
        wanted = [o for i, o in carried.items() if taken[i] and not keep[o]]
        if not wanted:
            break
        for o in wanted:
            keep[o] = True
    stays = (*(False for _ in range(first)), *keep[: op.carry])
    condition, tests = yield op.condition, (True,), stays
    loop = While(
        condition,
        pruned,
        (sum(tests[:first]), sum(taken[:second])),
        sum(keep[: op.carry]),
        sum(keep[done : done + op.linear_carry]),
    )
    inputs = [v for v, on in zip(e.inputs, (*tests[:first], *taken), strict=True) if on]
    outputs = [e.outputs[0], *[v for v, on in zip(e.outputs[1:], keep, strict=True) if on]]
    return Equation(loop, tuple(inputs), tuple(outputs), e.origin, recompute=e.recompute)
