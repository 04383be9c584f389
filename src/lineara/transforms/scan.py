"""The transformations of a scan: each maps over the body.

jvp        the carries with tangents are a fixpoint; what every trip reads linearly is threaded through as a carry
unzip      the tape of the loop is the stack of the body's tapes, less what is a constant or an input of the loop already;
           the loop is planned if a policy or marks in the body have chosen it
transpose  the transposed body, run in reverse
prune      the needed carries are a fixpoint
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from lineara.errors import TransformError
from lineara.ir import Builder, Equation, Function, Scan, Var, stacked, tangent_type
from lineara.transforms.plain import plain_variable
from lineara.transforms.policy import is_chosen

Steps = Generator[Any, Any, Any]


def jvp_of_scan(builder: Builder, e: Equation, op: Scan, tangents: dict[Var, Var]) -> Steps:
    """Append the scan of the differentiated body; `tangents` learns those of its results."""
    _, operands = leading(op, e.inputs)
    active = [v in tangents for v in operands]
    begin, end = op.constants, op.constants + op.carry
    none = (False,) * len(active)
    while True:
        _, results = yield op.body, tuple(active), None, none
        grown = [a or r for a, r in zip(active[begin:end], results[: op.carry], strict=True)]
        if grown == active[begin:end]:
            break
        active[begin:end] = grown
    threaded = (*active[:begin], *(False for _ in active[begin:]))
    demanded = (*active[begin:end], *results[op.carry :])
    body, _ = yield op.body, tuple(active), demanded, threaded

    x_dot = [tangent_of(builder, v, tangents) for v, on in zip(operands, active, strict=True) if on]
    constants = [v for v, on in zip(operands, threaded, strict=True) if on]
    with_tangent = [v for v, on in zip(e.outputs, demanded, strict=True) if on]
    bound = constants + with_tangent
    y_dot = [Var(tangent_type(v.type), linear=True) for v in bound]
    carried = len(constants) + sum(active[begin:end])
    scan = replace(op, body=body, linear_carry=carried)
    builder.emit(scan, (*e.inputs, *x_dot), (*e.outputs, *y_dot))
    tangents.update(zip(bound, y_dot, strict=True))


def leading(op: Scan, operands: tuple[Var, ...]) -> tuple[tuple[Var, ...], tuple[Var, ...]]:
    """The operand that counts the trips, if there is one, and the operands of the body."""
    count = op.length is None
    return operands[:count], operands[count:]


def tangent_of(builder: Builder, v: Var, tangents: dict[Var, Var]) -> Var:
    """The tangent of a variable, or a zero where it has none."""
    found = tangents.get(v)
    return builder.zero(tangent_type(v.type)) if found is None else found


def split_scan(e: Equation, op: Scan, key: tuple[Any, ...]) -> Steps:
    """The early scan, which stacks the tapes, and the late one, which reads them."""
    halves = yield op.body, (False,) * len(op.body.params), *key
    own, count = len(op.body.results), len(op.body.params)
    lead, operands = leading(op, e.inputs)
    body, tape = halves.early, halves.early.results[len(op.body.results) :]
    outside = dict(zip(body.params, operands[:count], strict=True))
    for v in body.params[op.constants : op.constants + op.carry]:
        del outside[v]
    stacks = {v: Var(stacked(v.type, op.length)) for v in tape if v not in outside}
    carried = range(op.constants, op.constants + op.carry)
    early_body, stays = giving(body, (*body.results[:own], *stacks), carried)
    early = Equation(
        replace(
            op,
            body=early_body,
            constants=sum(stays[: op.constants]),
            linear_carry=0,
            planned=op.planned or is_chosen(op.body, key[0]),
        ),
        (*lead, *[v for v, on in zip(operands[:count], stays, strict=True) if on]),
        (*e.outputs[:own], *stacks.values()),
        e.origin,
        recompute=e.recompute,
    )
    constant = [v for v in tape if v in body.params[: op.constants]]
    order = constant + [v for v in tape if v not in constant]
    read = outside | stacks
    late_params = dict(zip(tape, halves.late.params, strict=True))
    late_body = replace(halves.late, params=tuple([late_params[v] for v in order]), _digest=[])
    late = Equation(
        replace(op, body=late_body, constants=len(constant), carry=0),
        (*lead, *[read[v] for v in order], *operands[count:]),
        e.outputs[own:],
        e.origin,
    )
    return early, late


def giving(
    function: Function, results: tuple[Var, ...], carried: range
) -> tuple[Function, tuple[bool, ...]]:
    """The function with other results, and which parameters it has still: the carried ones, and what it reads.

    What only the late half reads would be dropped in every trip of the early one.
    """
    read = {v for e in function.equations for v in e.inputs}.union(results)
    stays = tuple([i in carried or v in read for i, v in enumerate(function.params)])
    builder = Builder(function.name, function.origin)
    builder.params = [v for v, on in zip(function.params, stays, strict=True) if on]
    builder.equations = list(function.equations)
    return builder.finish(results), stays


def transpose_of_scan(builder: Builder, e: Equation, op: Scan, y_bar: list[Var]) -> Steps:
    """The scan of the transposed body, in the other direction."""
    if op.carry:
        raise TransformError(
            f"a scan of `{op.body.name}` carries nonlinear values",
            mend="unzip it first",
            origin=e.origin,
        )
    body = yield (op.body,)
    coefficients = [v for v in e.inputs if not v.linear]
    x_bar = [Var(v.type, linear=True) for v in e.inputs if v.linear]
    scan = replace(op, body=body, reverse=not op.reverse)
    return builder.emit(scan, (*coefficients, *y_bar), x_bar)


def erase_of_scan(builder: Builder, e: Equation, op: Scan, inputs: list[Var]) -> Steps:
    """The scan of the erased body: the carries of both zones together, and the stacks."""
    body = yield (op.body,)
    count, done = len(op.body.params), len(op.body.results)
    begin = op.constants + op.carry
    lead, operands = leading(op, tuple(inputs))
    into = merged(begin, count, len(operands), op.linear_carry)
    out = merged(op.carry, done, len(e.outputs), op.linear_carry)
    plain = replace(
        body,
        params=tuple([body.params[i] for i in into]),
        results=tuple([body.results[i] for i in out]),
        _digest=[],
    )
    scan = replace(op, body=plain, carry=op.carry + op.linear_carry, linear_carry=0)
    outputs = [plain_variable(e.outputs[i]) for i in out]
    builder.emit(scan, [*lead, *[operands[i] for i in into]], outputs)
    return dict(zip([e.outputs[i] for i in out], outputs, strict=True))


def merged(begin: int, split: int, end: int, linear_carry: int) -> list[int]:
    """The order in which the linear carries, at `split`, stand right after the others, at `begin`."""
    carries = range(split, split + linear_carry)
    return [*range(begin), *carries, *range(begin, split), *range(split + linear_carry, end)]


def prune_scan(e: Equation, op: Scan, needed: set[Var]) -> Steps:
    """The scan of what is needed: a carry is when its end is, or when the body reads it for something that is."""
    params = (*op.body.params, *op.body.linear_params)
    count, done = len(op.body.params), len(op.body.results)
    carried = dict(
        zip(
            (*range(op.constants, op.constants + op.carry), *range(count, count + op.linear_carry)),
            (*range(op.carry), *range(done, done + op.linear_carry)),
            strict=True,
        )
    )
    keep = [v in needed for v in e.outputs]
    lead, operands = leading(op, e.inputs)
    while True:
        forced = tuple([i in carried and keep[carried[i]] for i in range(len(params))])
        body, taken = yield op.body, tuple(keep), forced
        wanted = [o for i, o in carried.items() if taken[i] and not keep[o]]
        if not wanted:
            break
        for o in wanted:
            keep[o] = True
    scan = replace(
        op,
        body=body,
        constants=sum(taken[: op.constants]),
        carry=sum(taken[op.constants : op.constants + op.carry]),
        linear_carry=sum(taken[count : count + op.linear_carry]),
    )
    return Equation(
        scan,
        (*lead, *[v for v, on in zip(operands, taken, strict=True) if on]),
        tuple([v for v, on in zip(e.outputs, keep, strict=True) if on]),
        e.origin,
        recompute=e.recompute,
    )
