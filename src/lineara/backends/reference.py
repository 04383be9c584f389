"""The reference back end: NumPy, one equation at a time. It is the meaning of the language and the oracle of the tests.

A value is a NumPy array, a Python tuple of values, or a Python list of values of one type. `Meter` counts what an evaluation
really did.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np

from lineara.backends.tape import Tape, fit_list
from lineara.backends.values import Value, fit_array, stack, unfit, zeros
from lineara.cost import equation_work
from lineara.errors import ShapeError
from lineara.ir import (
    Add,
    Apply,
    ArrayType,
    Call,
    Drop,
    Dup,
    Equation,
    Function,
    LinearCall,
    ListType,
    Literal,
    MakeTuple,
    Scan,
    Switch,
    TupleType,
    Type,
    Unpack,
    Var,
    While,
    Zero,
)


@dataclass(slots=True)
class Meter:
    """The work of an evaluation, counted as it happened."""

    work: int = 0


def evaluate(
    function: Function, args: Sequence[Value], meter: Meter | None = None
) -> tuple[Value, ...]:
    """Run a function on values of its parameters, the linear ones last; gives all results, the linear ones last.

    Raises:
        ShapeError: if the arguments do not fit the parameters.
    """
    params = (*function.params, *function.linear_params)
    if len(args) != len(params):
        raise ShapeError(f"`{function.name}` takes {len(params)} arguments, not {len(args)}")
    given = [_fit(a, p.type) for a, p in zip(args, params, strict=True)]
    return _drive(_run(function, given, meter), meter)


def evaluate_equation(e: Equation, operands: Sequence[Value]) -> tuple[Value, ...]:
    """The results of one equation, whatever it runs."""
    given = [x.items() if isinstance(x, Tape) else x for x in operands]
    return _drive(step(e, given, None), None)


def _drive(steps: Steps, meter: Meter | None) -> tuple[Value, ...]:
    """Run an evaluation to its end; calls wait on a stack of their own, so that they may nest to any depth."""
    stack = [steps]
    answer: tuple[Value, ...] | None = None
    with np.errstate(all="ignore"):
        while True:
            try:
                callee, operands = stack[-1].send(answer)  # type: ignore[arg-type]  # None starts it
            except StopIteration as stop:
                stack.pop()
                answer = stop.value
                if not stack:
                    return stop.value  # type: ignore[no-any-return]
                continue
            stack.append(_run(callee, operands, meter))
            answer = None


Steps = Generator[tuple[Function, Sequence[Value]], tuple[Value, ...], tuple[Value, ...]]
"""An evaluation that asks for calls to be run, and ends with results."""


def _run(function: Function, args: Sequence[Value], meter: Meter | None) -> Steps:
    """One call: its equations in order."""
    params = (*function.params, *function.linear_params)
    values: dict[Var, Value] = dict(zip(params, args, strict=True))
    for e in function.equations:
        results = yield from step(e, [values[v] for v in e.inputs], meter)
        values.update(zip(e.outputs, results, strict=True))
    return tuple([values[v] for v in (*function.results, *function.linear_results)])


def step(e: Equation, operands: list[Value], meter: Meter | None) -> Steps:
    """One equation: it asks for the calls that it makes, and ends with its results."""
    match e.op:
        case Call(callee):
            return (yield callee, operands)
        case LinearCall(forward):
            return (yield forward.function, operands)
        case Switch(branches):
            index = min(max(int(operands[0]), 0), len(branches) - 1)
            return (yield branches[index], operands[1:])
        case Scan():
            return (yield from _scan(e.op, operands))
        case While():
            return (yield from _while(e.op, operands))
        case _:
            if meter is not None:
                meter.work += equation_work(e, {})
            return evaluate_op(e, operands)


def _scan(op: Scan, operands: list[Value]) -> Steps:
    """Run the body for each trip, and stack what it gives besides the carry."""
    length = op.length
    if length is None:
        length, operands = int(operands[0]), operands[1:]
    body, count, done = op.body, len(op.body.params), len(op.body.results)
    begin = op.constants + op.carry
    constants, carry = operands[: op.constants], operands[op.constants : begin]
    carry_dot = operands[count : count + op.linear_carry]
    params = body.params[begin:] + body.linear_params[op.linear_carry :]
    stacks = list(
        zip(operands[begin:count] + operands[count + op.linear_carry :], params, strict=True)
    )
    split = count - begin
    ys: list[tuple[Value, ...]] = [()] * length
    for i in reversed(range(length)) if op.reverse else range(length):
        xs = [_at(x, i, p.type) for x, p in stacks]
        given = yield body, [*constants, *carry, *xs[:split], *carry_dot, *xs[split:]]
        carry, carry_dot = list(given[: op.carry]), list(given[done : done + op.linear_carry])
        ys[i] = given[op.carry : done] + given[done + op.linear_carry :]
    types = [v.type for v in (*body.results[op.carry :], *body.linear_results[op.linear_carry :])]
    stacked = [stack([y[j] for y in ys], t, op.length) for j, t in enumerate(types)]
    split = done - op.carry
    return (*carry, *stacked[:split], *carry_dot, *stacked[split:])


def _while(op: While, operands: list[Value]) -> Steps:
    """Run the body while the condition holds, and list what it gives besides the carry."""
    body, done = op.body, len(op.body.results)
    (first, second), carry_dot = op.constants, operands[len(operands) - op.linear_carry :]
    tested, constants = operands[:first], operands[first : first + second]
    carry = operands[first + second : len(operands) - op.linear_carry]
    ys: list[tuple[Value, ...]] = []
    while True:
        (goes_on,) = yield op.condition, [*tested, *carry]
        if not goes_on:
            break
        given = yield body, [*constants, *carry, *carry_dot]
        carry, carry_dot = list(given[: op.carry]), list(given[done : done + op.linear_carry])
        ys.append(given[op.carry : done] + given[done + op.linear_carry :])
    width = len(body.results) - op.carry + len(body.linear_results) - op.linear_carry
    lists = [[y[j] for y in ys] for j in range(width)]
    split = done - op.carry
    return (np.asarray(len(ys)), *carry, *lists[:split], *carry_dot, *lists[split:])


def _at(stack: Value, i: int, type_: Type) -> Value:
    """One value of a stack; an empty list is a list of zeros."""
    if isinstance(stack, list):
        return stack[i] if stack else zeros(type_)
    if isinstance(type_, TupleType):
        return tuple([_at(s, i, t) for s, t in zip(stack, type_.elements, strict=True)])
    return stack[i, ...]


def evaluate_op(e: Equation, operands: list[Value]) -> tuple[Value, ...]:
    """The results of one equation that is not a call."""
    match e.op:
        case Apply(primitive, attributes):
            return primitive.evaluate(*operands, **dict(attributes))
        case Add():
            return (_add(*operands),)
        case Dup():
            return (operands[0], operands[0])
        case Literal(value, type_):
            return (np.full(type_.shape, value, type_.dtype),)
        case Zero(type_):
            return (zeros(type_),)
        case Drop():
            return ()
        case MakeTuple():
            return (tuple(operands),)
        case Unpack():
            return tuple(operands[0])
        case Call() | LinearCall() | Switch() | Scan() | While():
            raise AssertionError("functions are run by `evaluate`")


def _add(x: Value, y: Value) -> Value:
    if isinstance(x, tuple):
        return tuple(map(_add, x, y))
    if isinstance(x, list):
        return list(map(_add, x, y)) if x and y else x or y
    return np.asarray(x + y)


def _fit(value: Value, type_: Type) -> Value:
    """The argument as a value of the type, or an error."""
    if isinstance(type_, ArrayType):
        return fit_array(value, type_)
    if isinstance(type_, ListType):
        return fit_list(value, type_)
    if isinstance(value, tuple | list) and len(value) == len(type_.elements):
        return tuple(map(_fit, value, type_.elements))
    raise unfit(value, type_)
