"""The reference back end: NumPy, one equation at a time. It is the meaning of the language and the oracle of the tests.

A value is a NumPy array, or a Python tuple of values. `Meter` counts what an evaluation really did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

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
    Literal,
    MakeTuple,
    TupleType,
    Type,
    Unpack,
    Var,
    Zero,
)

Value = Any


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
    frame = _Frame(function, [_fit(a, p.type) for a, p in zip(args, params, strict=True)])
    stack = [frame]
    with np.errstate(all="ignore"):
        while True:
            callee = stack[-1].run(meter)
            if callee is not None:
                stack.append(callee)
                continue
            results = stack.pop().results()
            if not stack:
                return results
            stack[-1].returned(results)


class _Frame:
    """One call in progress: its variables, and the equation that comes next."""

    def __init__(self, function: Function, args: Sequence[Value]) -> None:
        self.function = function
        self.values: dict[Var, Value] = dict(
            zip((*function.params, *function.linear_params), args, strict=True)
        )
        self.next = 0

    def run(self, meter: Meter | None) -> _Frame | None:
        """Evaluate up to the next call, and return its frame, or up to the end."""
        values = self.values
        for e in self.function.equations[self.next :]:
            self.next += 1
            operands = [values[v] for v in e.inputs]
            if isinstance(e.op, Call):
                return _Frame(e.op.function, operands)
            if meter is not None:
                meter.work += equation_work(e, {})
            values.update(zip(e.outputs, evaluate_op(e, operands), strict=True))
        return None

    def returned(self, results: tuple[Value, ...]) -> None:
        """Bind the results of the call that the frame waited for."""
        self.values.update(
            zip(self.function.equations[self.next - 1].outputs, results, strict=True)
        )

    def results(self) -> tuple[Value, ...]:
        """The values of the results of both zones."""
        return tuple(
            self.values[v] for v in (*self.function.results, *self.function.linear_results)
        )


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
        case Call():
            raise AssertionError("calls are run by frames")


def zeros(type_: Type) -> Value:
    """The zero of a type."""
    if isinstance(type_, TupleType):
        return tuple(map(zeros, type_.elements))
    return np.zeros(type_.shape, type_.dtype)


def _add(x: Value, y: Value) -> Value:
    if isinstance(x, tuple):
        return tuple(map(_add, x, y))
    return np.asarray(x + y)


def _fit(value: Value, type_: Type) -> Value:
    """The argument as a value of the type, or an error."""
    if isinstance(type_, ArrayType):
        array = np.asarray(value)
        if array.shape == type_.shape and np.can_cast(array.dtype, type_.dtype, "same_kind"):
            return array.astype(type_.dtype, copy=False)
    elif isinstance(value, tuple | list) and len(value) == len(type_.elements):
        return tuple(map(_fit, value, type_.elements))
    raise ShapeError(f"an argument of type {type_!r} is needed, not {_describe(value)}")


def _describe(value: Value) -> str:
    if isinstance(value, tuple | list):
        return f"a tuple of {len(value)}"
    array = np.asarray(value)
    return f"{array.dtype}{list(array.shape)}"
