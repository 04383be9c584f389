"""Writing a function of both zones."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from lineara.ir import (
    ArrayType,
    Call,
    Drop,
    Dup,
    Function,
    ListType,
    TupleType,
    Type,
    Var,
)
from lineara.primitives import Expr
from lineara.testing.given import declared_linear
from lineara.testing.values import Value, zero
from lineara.testing.vocabulary import FLOATS, Vocabulary
from lineara.testing.writer import Program, Writer


class MixedWriter(Writer):
    """A function of both zones. By hand, a linear variable leaves the scope when it is used."""

    mixed = True

    def __init__(
        self,
        rng: Random,
        vocabulary: Vocabulary,
        name: str,
        callees: Sequence[Program],
        depth: int = 0,
    ) -> None:
        super().__init__(rng, vocabulary, name, callees, depth)
        self.open = True
        self.by_hand = rng.random() < 0.5
        self.linear: list[Var] = []
        self.linear_lists: list[Var] = []
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
            (self.linear_call, 3 if self.mixed_callees else 0),
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
        return self.finished(results, self.linear[cut:], self.linear[:cut])

    def finished(
        self, results: Sequence[Var], linear_results: Sequence[Var], ended: list[Var]
    ) -> Function:
        """The function by hand; what is not used ends too."""
        b = self.builder
        self.end_lists()
        used = {v for e in b.equations for v in e.inputs} | {*results}
        bound = [*b.params, *(v for e in b.equations for v in e.outputs)]
        ended = [*ended, *(v for v in bound if not v.linear and v not in used)]
        for v in ended:
            b.emit(Drop(), (v,), ())
        params, linear_params = tuple(b.params), tuple(b.linear_params)
        equations, given = tuple(b.equations), tuple(results)
        return Function(b.name, params, linear_params, equations, given, tuple(linear_results))

    def inner(self, name: str) -> Writer:
        """Another writer, most often of a mixed function."""
        return self.another(MixedWriter if self.rng.random() < 0.7 else Writer, name)

    def begin(self, types: Sequence[Type], args: Sequence[Value], linear: Sequence[Type]) -> None:
        """Take parameters of these types."""
        super().begin(types, args, ())
        self.linear += [self.builder.param(t, linear=True) for t in linear]

    def close_to_linear(self) -> None:
        """Take no linear parameters but those to begin with."""
        self.open = False

    def end_lists(self) -> None:
        """Use no lists that there are any more; linear ones are dropped."""
        super().end_lists()
        for v in self.linear_lists:
            self.builder.emit(Drop(), (v,), ())
        self.linear_lists.clear()

    def end(self, given: Sequence[Var], linear: Sequence[Type], *, more: bool) -> Program:
        """Close the function with these results and linear ones of those types, and perhaps some more."""
        results = list(given)
        results += self.some(list(self.values), (0, 1)) if more else []
        linear_results = self.give(linear)
        if not self.by_hand:
            rest = self.some(self.linear, (0, 1, 2)) if more else []
            return self.program(self.builder.finish(results, linear_results + rest))
        cut = self.rng.randrange(len(self.linear) + 1) if more else 0
        linear_results += self.linear[:cut]
        return self.program(self.finished(results, linear_results, self.linear[cut:]))

    def linear_types(self, counts: Sequence[int]) -> list[Type]:
        """Types of linear parameters for a function to run."""
        pool = [v.type for v in self.linear] + [FLOATS[0]]
        return [self.late(pool) for _ in range(self.rng.choice(counts))]

    def give(self, types: Sequence[Type]) -> list[Var]:
        """Linear operands of these types."""
        return [self.take_list(t) if isinstance(t, ListType) else self.take(t) for t in types]

    def take_list(self, type_: Type) -> Var:
        """A linear list of a type; there is one."""
        v = next(v for v in self.linear_lists if v.type is type_)
        self.linear_lists.remove(v)
        return v

    def bind(self, outputs: Sequence[Var], results: Sequence[Value]) -> None:
        """Know what is new in either zone."""
        pairs = [(v, x) for v, x in zip(outputs, results, strict=True) if not v.linear]
        super().bind([v for v, _ in pairs], [x for _, x in pairs])
        for v in outputs:
            if v.linear and isinstance(v.type, ListType):
                self.linear_lists.append(v)
            elif v.linear:
                self.linear.append(v)

    def take(self, type_: Type) -> Var:
        """A linear variable of a type: one there is, a new parameter, or a zero."""
        fitting = [v for v in self.linear if v.type is type_]
        roll = self.rng.random()
        if not fitting or roll < 0.1:
            zeroed = roll < 0.02 or not self.open
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
        f, op = callee.function, Call(callee.function, self.rng.random() < 0.4)
        linear = [v.type for v in f.linear_params]
        outputs = [Var(v.type, linear=v.linear) for v in (*f.results, *f.linear_results)]
        self.place_somewhere(op, f.params, callee.args, linear, outputs)

    def linear_call(self) -> None:
        """A call of what is declared to be linear."""
        callee = self.rng.choice(self.mixed_callees)
        declared = declared_linear(callee.function, callee.args, self.rng)
        if declared is None:
            return
        op, coefficients = declared
        f, count = op.forward.function, len(coefficients)
        linear = [v.type for v in f.params[count:]]
        outputs = [Var(v.type, linear=True) for v in f.results]
        self.place_somewhere(op, f.params[:count], coefficients, linear, outputs)
