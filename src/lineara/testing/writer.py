"""Writing a function equation by equation, together with its values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TypeVar

import numpy as np

from lineara.ir import (
    Add,
    Apply,
    ArrayType,
    Builder,
    Call,
    Drop,
    Equation,
    Function,
    ListType,
    Literal,
    MakeTuple,
    Op,
    TupleType,
    Type,
    Unpack,
    Var,
    infer,
)
from lineara.testing import control
from lineara.testing.given import rule_of
from lineara.testing.values import Value, largest, observe, sample, zero
from lineara.testing.vocabulary import FLOATS, VOCABULARY, Vocabulary, within

LARGEST = 1e3
"""No value of a generated program exceeds this at its arguments."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Program:
    """A function, and arguments for its nonlinear parameters at which every record is within its domain.

    `is_mixed` says that there is linear code in it, and that `jvp` does not take it.
    """

    function: Function
    args: tuple[Value, ...]
    seed: int
    is_mixed: bool = False

    def rng(self) -> Random:
        """A source of whatever else a test samples."""
        return Random(self.seed)

    def linear_args(self, rng: Random) -> tuple[Value, ...]:
        """Random values for the linear parameters."""
        return tuple(sample(p.type, rng) for p in self.function.linear_params)


class _OutOfDomainError(Exception):
    """A value outside the bounds of a record, or too large."""


def in_domain(
    function: Function, args: Sequence[Value], vocabulary: Vocabulary = VOCABULARY
) -> bool:
    """Whether an evaluation stays within the domains of all records, and its values small."""
    try:
        results = observe(function, args, partial(_check_domain, vocabulary))
    except _OutOfDomainError:
        return False
    return largest(results) <= LARGEST


def _check_domain(vocabulary: Vocabulary, e: Equation, operands: list[Value]) -> None:
    """Leave an evaluation that leaves a domain. A linear operand may have any value."""
    if isinstance(e.op, Apply):
        low, high = vocabulary.bounds(e.op.primitive, e.op.attributes)
        pairs = zip(e.inputs, operands, strict=True)
        if not all(v.linear or within(x, low, high) for v, x in pairs):
            raise _OutOfDomainError
        admits = e.op.primitive.admits
        if admits is not None and not admits(*operands):
            raise _OutOfDomainError
    if not largest(tuple(operands)) <= LARGEST:
        raise _OutOfDomainError


class Writer:
    """A function in the making: its builder, and the values of its nonlinear variables at its arguments."""

    mixed = False

    def __init__(
        self,
        rng: Random,
        vocabulary: Vocabulary,
        name: str,
        callees: Sequence[Program],
        depth: int = 0,
    ) -> None:
        self.rng = rng
        self.vocabulary = vocabulary
        self.depth = depth
        self.callees = callees
        self.builder = Builder(name)
        self.nonlinear_callees = [p for p in callees if not p.is_mixed]
        self.values: dict[Var, Value] = {}
        self.lists: dict[Var, Value] = {}
        self.args: list[Value] = []
        self.steps: list[tuple[Callable[[], object], int]] = [
            (self.primitive, 8),
            (self.literal, 1),
            (self.add, 2),
            (self.pack, 2),
            (self.unpack, 2),
            (self.drop, 1),
            (self.call, 4 if self.nonlinear_callees else 0),
        ]
        if depth < 2:
            self.steps += [(partial(step, self), 1) for step in control.STEPS]

    def inner(self, name: str) -> Writer:
        """Another writer, of a function that this one runs."""
        return self.another(type(self), name)

    def another(self, kind: type[Writer], name: str) -> Writer:
        """A writer of that kind, one level further in."""
        rng = Random(self.rng.random())
        name = f"{self.builder.name}_{name}{len(self.builder.equations)}"
        return kind(rng, self.vocabulary, name, self.callees, self.depth + 1)

    def write(self, size: int) -> Program:
        """Write that many equations, and close the function."""
        with np.errstate(all="ignore"):
            self.extend(size)
            return self.program(self.close())

    def extend(self, size: int) -> None:
        """Write that many equations."""
        if not self.values:
            self.need(self.some_type())
        steps, weights = zip(*self.steps, strict=True)
        for step in self.rng.choices(steps, weights, k=size):
            step()

    def program(self, function: Function) -> Program:
        """The function with its arguments."""
        return Program(function, tuple(self.args), self.rng.getrandbits(32), self.mixed)

    def begin(self, types: Sequence[Type], args: Sequence[Value], linear: Sequence[Type]) -> None:
        """Take parameters of these types; those that are linear only in a mixed function."""
        assert not linear, "a nonlinear function has no linear variables"
        for t, x in zip(types, args, strict=True):
            self.new_param(t, x)

    def close_to_linear(self) -> None:
        """Take no linear parameters but those to begin with."""

    def end_lists(self) -> None:
        """Use no lists that there are any more."""
        self.lists.clear()

    def end(self, given: Sequence[Var], linear: Sequence[Type], *, more: bool) -> Program:
        """Close the function with these results and linear ones of those types, and perhaps some more."""
        assert not linear, "a nonlinear function has no linear variables"
        results = list(given)
        results += self.some(list(self.values), (0, 1, 1, 2)) if more else []
        return self.program(self.builder.finish(results))

    def linear_types(self, counts: Sequence[int]) -> list[Type]:  # noqa: ARG002
        """Types of linear parameters for a function to run; none in a nonlinear one."""
        return []

    def give(self, types: Sequence[Type]) -> list[Var]:
        """Linear operands of these types."""
        assert not types, "a nonlinear function has no linear variables"
        return []

    def close(self) -> Function:
        """The function, with some of the variables as its results."""
        inexact = [v for v in self.values if v.type.size and v.type.is_inexact]
        results = [self.late(inexact)] if inexact else []
        return self.builder.finish(results + self.some(list(self.values), (0, 0, 1, 2)))

    def some_type(self) -> Type:
        """A type to begin with."""
        roll = self.rng.random()
        if roll < 0.6:
            return self.rng.choice(FLOATS)
        if roll < 0.9:
            return self.rng.choice(self.vocabulary.any(self.rng)[1].operands or FLOATS)
        return TupleType(tuple(self.some_type() for _ in range(self.rng.randrange(3))))

    def late(self, variables: Sequence[T]) -> T:
        """One of the variables; the later, the more often."""
        return variables[max(self.rng.randrange(len(variables)) for _ in range(2))]

    def some(self, variables: Sequence[Var], counts: Sequence[int]) -> list[Var]:
        """Some of the variables, perhaps one of them twice."""
        count = self.rng.choice(counts) if variables else 0
        return [self.late(variables) for _ in range(count)]

    def need(self, type_: Type, low: float = -2.0, high: float = 2.0) -> Var:
        """A nonlinear variable of a type, within bounds: one there is, a literal, or a new parameter."""
        fitting = [v for v, x in self.values.items() if v.type is type_ and within(x, low, high)]
        roll = self.rng.random()
        if fitting and roll < 0.85:
            return self.late(fitting)
        if isinstance(type_, ArrayType) and roll < 0.3:
            scalar = sample(ArrayType(type_.dtype), self.rng, low, high).item()
            v = self.builder.literal(scalar, type_)
            self.values[v] = np.full(type_.shape, scalar, type_.dtype)
            return v
        return self.new_param(type_, sample(type_, self.rng, low, high))

    def new_param(self, type_: Type, value: Value) -> Var:
        """A new parameter and its argument."""
        v = self.builder.param(type_)
        self.values[v] = value
        self.args.append(value)
        return v

    def emit(self, op: Op, inputs: Sequence[Var], types: Sequence[Type]) -> bool:
        """Append an equation, unless it leaves its domain."""
        return self.place(op, inputs, (), [Var(t) for t in types])

    def place(
        self, op: Op, inputs: Sequence[Var], linear: Sequence[Type], outputs: Sequence[Var]
    ) -> bool:
        """Append an equation that takes linear operands of those types too, unless it leaves its domain."""
        again = not linear and self.rng.random() < 0.1
        taken = [Var(t, linear=True) for t in linear]
        e = Equation(op, (*inputs, *taken), tuple(outputs), recompute=again)
        one = Function("", tuple(inputs), tuple(taken), (e,), e.outputs, ())
        results = self.results(one, [*[self.known(v) for v in inputs], *map(zero, linear)])
        if results is None:
            return False
        given = (*inputs, *self.give(linear))
        self.builder.append(Equation(op, given, e.outputs, recompute=again))
        self.bind(e.outputs, results)
        return True

    def place_somewhere(
        self,
        op: Op,
        params: Sequence[Var],
        args: Sequence[Value],
        linear: Sequence[Type],
        outputs: Sequence[Var],
    ) -> None:
        """Append an equation that takes variables like the parameters: what there is, or else new ones with the arguments."""
        if not self.place(op, [self.need(p.type) for p in params], linear, outputs):
            pairs = zip(params, args, strict=True)
            self.place(op, [self.new_param(p.type, x) for p, x in pairs], linear, outputs)

    def known(self, v: Var) -> Value:
        """The value of a variable."""
        return self.lists[v] if v in self.lists else self.values[v]

    def bind(self, outputs: Sequence[Var], results: Sequence[Value]) -> None:
        """Know the values of new variables; those of lists apart, as only scans take them."""
        for v, x in zip(outputs, results, strict=True):
            (self.lists if isinstance(v.type, ListType) else self.values)[v] = x

    def results(self, function: Function, args: list[Value]) -> tuple[Value, ...] | None:
        """The values of a function, None if it leaves a domain on the way."""
        try:
            results = observe(function, args, self.check_domain)
        except _OutOfDomainError:
            return None
        return results if largest(results) <= LARGEST else None

    def check_domain(self, e: Equation, operands: list[Value]) -> None:
        """Leave an evaluation that leaves a domain."""
        _check_domain(self.vocabulary, e, operands)

    def primitive(self) -> None:
        """A record at one of its examples, most often one that takes a variable there is."""
        arrays = [v for v in self.values if isinstance(v.type, ArrayType)]
        use = None
        if arrays and self.rng.random() < 0.8:
            use = self.vocabulary.taking(self.late(arrays).type, self.rng)  # type: ignore[arg-type]
        primitive, example = use or self.vocabulary.any(self.rng)
        low, high = self.vocabulary.bounds(primitive, example.attributes)
        inputs = [self.need(t, low, high) for t in example.operands]
        types = infer(primitive, example.attributes, example.operands)
        self.emit(Apply(primitive, example.attributes), inputs, types)

    def literal(self) -> None:
        """A literal, often 0 or 1."""
        type_ = self.some_type()
        if isinstance(type_, ArrayType):
            scalar = self.rng.choice((0, 1, sample(ArrayType(type_.dtype), self.rng).item()))
            self.emit(Literal(type_.dtype.type(scalar).item(), type_), (), [type_])

    def add(self) -> None:
        """The sum of two variables of one type, tuples too."""
        x = self.late(list(self.values))
        y = self.late([v for v in self.values if v.type is x.type])
        self.emit(Add(), (x, y), [x.type])

    def pack(self) -> None:
        """A tuple."""
        elements = self.some(list(self.values), (0, 1, 2, 2, 3))
        self.emit(MakeTuple(), elements, [TupleType(tuple(v.type for v in elements))])

    def unpack(self) -> None:
        """The elements of a tuple, if there is one."""
        tuples = [v for v in self.values if isinstance(v.type, TupleType)]
        if tuples:
            x = self.late(tuples)
            self.emit(Unpack(), (x,), x.type.elements)  # type: ignore[union-attr]

    def drop(self) -> None:
        """A drop; the variable may be used nevertheless."""
        self.emit(Drop(), (self.late(list(self.values)),), ())

    def call(self) -> None:
        """A call, now and then with a rule, at what there is or else at the callee's own arguments."""
        callee = self.rng.choice(self.nonlinear_callees)
        rule = rule_of(callee.function, self.rng) if self.rng.random() < 0.3 else None
        op = Call(callee.function, self.rng.random() < 0.4, rule)
        outputs = [Var(v.type) for v in callee.function.results]
        self.place_somewhere(op, callee.function.params, callee.args, (), outputs)
