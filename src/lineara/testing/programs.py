"""Random well-typed programs, with arguments at which they can be differentiated.

A program is written equation by equation together with its values: a record is applied only where its operands lie within
the bounds of its examples, and results stay small. Records are drawn from the registry; a new one joins by itself.

>>> program = generate(seed=5, size=4)
>>> len(program.args) == len(program.function.params)
True
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
    Dup,
    Equation,
    Function,
    Literal,
    MakeTuple,
    Op,
    TupleType,
    Type,
    Unpack,
    Var,
    infer,
)
from lineara.primitives import Expr
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


def generate(
    seed: int, size: int, *, mixed: bool = False, vocabulary: Vocabulary = VOCABULARY
) -> Program:
    """A program of about `size` equations in its main function, and some in the functions that it calls.

    Without `mixed` it has no linear zone, so that `jvp` takes it. With it, half of the programs are written with every
    `dup` and `drop` by hand, the others leave them to the builder.
    """
    rng = Random(seed)
    callees: list[Program] = []
    for level in range(rng.choice((0, 1, 1, 2, 2)) if size > 2 else 0):
        linear = mixed and rng.random() < 0.7
        writer = _writer(Random(rng.random()), vocabulary, f"g{level}", callees, linear)
        callees.append(writer.write(1 + rng.randrange(min(size, 5))))
    return _writer(Random(rng.random()), vocabulary, "f", callees, mixed).write(size)


def _writer(
    rng: Random, vocabulary: Vocabulary, name: str, callees: Sequence[Program], mixed: bool
) -> _Writer:
    return (_MixedWriter if mixed else _Writer)(rng, vocabulary, name, callees)


class _OutOfDomainError(Exception):
    """A value outside the bounds of a record, or too large."""


class _Writer:
    """A function in the making: its builder, and the values of its nonlinear variables at its arguments."""

    mixed = False

    def __init__(
        self, rng: Random, vocabulary: Vocabulary, name: str, callees: Sequence[Program]
    ) -> None:
        self.rng = rng
        self.vocabulary = vocabulary
        self.builder = Builder(name)
        self.nonlinear_callees = [p for p in callees if not p.is_mixed]
        self.values: dict[Var, Value] = {}
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

    def write(self, size: int) -> Program:
        """Write that many equations, and close the function."""
        steps, weights = zip(*self.steps, strict=True)
        with np.errstate(all="ignore"):
            self.need(self.some_type())
            for step in self.rng.choices(steps, weights, k=size):
                step()
            function = self.close()
        return Program(function, tuple(self.args), self.rng.getrandbits(32), self.mixed)

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
        again = self.rng.random() < 0.1
        e = Equation(op, tuple(inputs), tuple(map(Var, types)), recompute=again)
        one = Function("", e.inputs, (), (e,), e.outputs, ())
        results = self.results(one, [self.values[v] for v in inputs])
        if results is None:
            return False
        self.builder.append(e)
        self.values.update(zip(e.outputs, results, strict=True))
        return True

    def results(self, function: Function, args: list[Value]) -> tuple[Value, ...] | None:
        """The values of a function, None if it leaves a domain on the way."""
        try:
            results = observe(function, args, self.check_domain)
        except _OutOfDomainError:
            return None
        return results if largest(results) <= LARGEST else None

    def check_domain(self, e: Equation, operands: list[Value]) -> None:
        """Leave an evaluation that leaves a domain. A linear operand may have any value."""
        if isinstance(e.op, Apply):
            low, high = self.vocabulary.bounds(e.op.primitive, e.op.attributes)
            pairs = zip(e.inputs, operands, strict=True)
            if not all(v.linear or within(x, low, high) for v, x in pairs):
                raise _OutOfDomainError
            admits = e.op.primitive.admits
            if admits is not None and not admits(*operands):
                raise _OutOfDomainError
        if not largest(tuple(operands)) <= LARGEST:
            raise _OutOfDomainError

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
        """A call, at what there is or else at the callee's own arguments."""
        callee = self.rng.choice(self.nonlinear_callees)
        op = Call(callee.function, self.rng.random() < 0.4)
        params, results = callee.function.params, [v.type for v in callee.function.results]
        if not self.emit(op, [self.need(p.type) for p in params], results):
            pairs = zip(params, callee.args, strict=True)
            self.emit(op, [self.new_param(p.type, x) for p, x in pairs], results)


class _MixedWriter(_Writer):
    """A function of both zones. By hand, a linear variable leaves the scope when it is used."""

    mixed = True

    def __init__(
        self, rng: Random, vocabulary: Vocabulary, name: str, callees: Sequence[Program]
    ) -> None:
        super().__init__(rng, vocabulary, name, callees)
        self.by_hand = rng.random() < 0.5
        self.linear: list[Var] = []
        self.mixed_callees = [p for p in callees if p.is_mixed]
        self.steps += [
            (self.linear_primitive, 4),
            (self.scale, 5),
            (self.linear_add, 3),
            (self.linear_pack, 2),
            (self.linear_unpack, 3),
            (self.zero, 1),
            (self.dup, 3),
            (self.linear_drop, 1),
            (self.mixed_call, 6 if self.mixed_callees else 0),
        ]

    def close(self) -> Function:
        """The function: what is linear is returned or dropped."""
        if not self.linear:
            self.linear.append(self.builder.param(self.rng.choice(FLOATS), linear=True))
        results = self.some(list(self.values), (0, 1, 1, 2))
        if not self.by_hand:
            return self.builder.finish(results, self.some(self.linear, (0, 1, 2, 2, 3)))
        self.rng.shuffle(self.linear)
        cut = self.rng.choice((0, 0, 0, 1, 2))
        ended, linear_results = self.linear[:cut], self.linear[cut:]
        b = self.builder
        used = {v for e in b.equations for v in e.inputs} | {*results}
        bound = [*b.params, *(v for e in b.equations for v in e.outputs)]
        ended += [v for v in bound if not v.linear and v not in used]
        for v in ended:
            b.emit(Drop(), (v,), ())
        params, linear_params = tuple(b.params), tuple(b.linear_params)
        equations, given = tuple(b.equations), tuple(results)
        return Function(b.name, params, linear_params, equations, given, tuple(linear_results))

    def take(self, type_: Type) -> Var:
        """A linear variable of a type: one there is, a new parameter, or a zero."""
        fitting = [v for v in self.linear if v.type is type_]
        roll = self.rng.random()
        if not fitting or roll < 0.1:
            zeroed = roll < 0.02
            v = self.builder.zero(type_) if zeroed else self.builder.param(type_, linear=True)
            self.linear.append(v)
            fitting = [v]
        v = self.late(fitting)
        if self.by_hand:
            self.linear.remove(v)
        return v

    def take_any(self) -> Var:
        """Any linear variable."""
        return self.take(self.late(self.linear).type if self.linear else self.rng.choice(FLOATS))

    def linear_primitive(self) -> None:
        """A linear record, its other operands nonlinear.

        A linear form uses variables as freely as the builder allows, so that it is not for code by hand.
        """
        primitive, example, group = self.vocabulary.linear(self.rng)
        if self.by_hand and primitive.linear_form is not None:
            return
        low, high = self.vocabulary.bounds(primitive, example.attributes)
        numbered = list(enumerate(example.operands))
        read = {i: self.need(t, low, high) for i, t in numbered if i not in group}
        values = [self.values[read[i]] if i in read else zero(t) for i, t in numbered]
        if primitive.admits is not None and not primitive.admits(*values):
            return
        operands = [read[i] if i in read else self.take(t) for i, t in numbered]
        exprs = [Expr(self.builder, v) for v in operands]
        results = primitive.results(*exprs, **dict(example.attributes))
        self.linear += [x.var for x in results]

    def scale(self) -> None:
        """The product with a coefficient."""
        x = self.take_any()
        if isinstance(x.type, ArrayType):
            c = Expr(self.builder, self.need(x.type))
            x = Expr(self.builder, x).scaled(c).var
        self.linear.append(x)

    def linear_add(self) -> None:
        """The sum of two linear variables."""
        x = self.take_any()
        self.linear.append(self.builder.add(x, self.take(x.type)))

    def linear_pack(self) -> None:
        """A linear tuple."""
        elements = [self.take_any() for _ in range(self.rng.choice((1, 2, 2, 3)))]
        self.linear.append(self.builder.make_tuple(elements))

    def linear_unpack(self) -> None:
        """The elements of a linear tuple."""
        tuples = [v for v in self.linear if isinstance(v.type, TupleType)]
        if tuples:
            self.linear += self.builder.unpack(self.take(self.late(tuples).type))

    def zero(self) -> None:
        """A linear zero, now and then that of the empty tuple."""
        pool = [v.type for v in self.linear] + [TupleType(()), FLOATS[0]]
        self.linear.append(self.builder.zero(self.rng.choice(pool)))

    def dup(self) -> None:
        """An explicit `dup`."""
        x = self.take_any()
        self.linear += self.builder.emit(
            Dup(), (x,), [Var(x.type, linear=True), Var(x.type, linear=True)]
        )

    def linear_drop(self) -> None:
        """An explicit end."""
        self.builder.emit(Drop(), (self.take_any(),), ())

    def mixed_call(self) -> None:
        """A call of a mixed function."""
        callee = self.rng.choice(self.mixed_callees)
        f = callee.function
        inputs = [self.need(p.type) for p in f.params]
        values = [self.values[v] for v in inputs]
        zeros = [zero(p.type) for p in f.linear_params]
        results = self.results(f, [*values, *zeros])
        if results is None:
            inputs = [self.new_param(p.type, x) for p, x in zip(f.params, callee.args, strict=True)]
            results = observe(f, [*callee.args, *zeros], lambda *_: None)
        y, y_dot = self.builder.call(
            f,
            inputs,
            [self.take(p.type) for p in f.linear_params],
            checkpoint=self.rng.random() < 0.4,
        )
        self.values.update(zip(y, results[: len(y)], strict=True))
        self.linear += y_dot
