"""Building functions: equations are emitted freely, and `finish` makes their use of variables linear.

Rules and front ends write `x + x` with a linear `x`, or leave a value unused. `finish` inserts the `dup`s and `drop`s that
Linear A asks for; it is the only place that does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lineara.ir.primitive import Primitive, infer
from lineara.ir.terms import (
    Add,
    Apply,
    Call,
    Drop,
    Dup,
    Equation,
    Function,
    Literal,
    MakeTuple,
    Op,
    Unpack,
    Var,
    Zero,
)
from lineara.ir.types import ArrayType, TupleType, Type

if TYPE_CHECKING:
    from lineara.errors import Origin
    from lineara.ir.rules import Rule

_ADD, _DUP, _DROP, _TUPLE, _UNPACK = Add(), Dup(), Drop(), MakeTuple(), Unpack()


def is_borrow(equation: Equation) -> bool:
    """Whether the equation gives its first, linear, operand back as its first result."""
    op = equation.op
    return isinstance(op, Apply) and op.primitive.borrows and equation.inputs[0].linear


class Builder:
    """A function under construction. `origin` and `recompute` are given to the equations that are emitted."""

    def __init__(self, name: str, origin: Origin | None = None) -> None:
        self.name = name
        self.origin = self._function_origin = origin
        self.recompute = False
        self.params: list[Var] = []
        self.linear_params: list[Var] = []
        self.equations: list[Equation] = []

    def param(self, type_: Type, *, linear: bool = False, hint: str = "") -> Var:
        """A new parameter, last in its zone."""
        v = Var(type_, linear=linear, hint=hint)
        (self.linear_params if linear else self.params).append(v)
        return v

    def append(self, equation: Equation) -> None:
        """Take over an equation of another function, variables and all."""
        self.equations.append(equation)

    def emit(self, op: Op, inputs: Sequence[Var], outputs: Sequence[Var]) -> tuple[Var, ...]:
        """Append an equation with new outputs, and return them."""
        bound = tuple(outputs)
        self.equations.append(
            Equation(op, tuple(inputs), bound, self.origin, recompute=self.recompute)
        )
        return bound

    def apply(
        self, primitive: Primitive, inputs: Sequence[Var], attributes: dict[str, Any] | None = None
    ) -> tuple[Var, ...]:
        """Apply a primitive; its results are linear when an operand is."""
        fixed = tuple(sorted(attributes.items())) if attributes else ()
        types = infer(primitive, fixed, tuple([v.type for v in inputs]))
        linear = any([v.linear for v in inputs])
        return self.emit(Apply(primitive, fixed), inputs, [Var(t, linear=linear) for t in types])

    def literal(self, value: complex, type_: ArrayType) -> Var:
        """An array of a type filled with a scalar."""
        return self.emit(Literal(type_.dtype.type(value).item(), type_), (), [Var(type_)])[0]

    def zero(self, type_: Type) -> Var:
        """The linear zero."""
        return self.emit(Zero(type_), (), [Var(type_, linear=True)])[0]

    def add(self, x: Var, y: Var) -> Var:
        """The sum of two values of one type and zone."""
        return self.emit(_ADD, (x, y), [Var(x.type, linear=x.linear)])[0]

    def make_tuple(self, elements: Sequence[Var]) -> Var:
        """One value of several of one zone."""
        type_ = TupleType(tuple([v.type for v in elements]))
        return self.emit(_TUPLE, elements, [Var(type_, linear=any(v.linear for v in elements))])[0]

    def unpack(self, x: Var) -> tuple[Var, ...]:
        """The elements of a tuple."""
        assert isinstance(x.type, TupleType)
        return self.emit(_UNPACK, (x,), [Var(t, linear=x.linear) for t in x.type.elements])

    def call(
        self,
        function: Function,
        inputs: Sequence[Var],
        linear_inputs: Sequence[Var] = (),
        *,
        checkpoint: bool = False,
        rule: Rule | None = None,
    ) -> tuple[tuple[Var, ...], tuple[Var, ...]]:
        """Call a function; returns its results and its linear results."""
        count = len(function.results)
        outputs = [Var(v.type, hint=v.hint) for v in function.results]
        outputs += [Var(v.type, linear=True, hint=v.hint) for v in function.linear_results]
        self.emit(Call(function, checkpoint, rule), (*inputs, *linear_inputs), outputs)
        return tuple(outputs[:count]), tuple(outputs[count:])

    def finish(self, results: Sequence[Var], linear_results: Sequence[Var] = ()) -> Function:
        """Close the function, with every linear variable used once and every other at least once."""
        finished = _Linearity(self.params + self.linear_params, self.equations, linear_results)
        equations, linear = finished.rewrite(set(results))
        return Function(
            self.name,
            tuple(self.params),
            tuple(self.linear_params),
            tuple(equations),
            tuple(results),
            tuple(linear),
            self._function_origin,
        )


class _Linearity:
    """Inserts `dup` before every use of a linear variable but its last, and `drop` where there is none.

    A borrowed variable goes on under the name that the borrow gave it back under (`current`); both names
    have one `root`.
    """

    def __init__(
        self, params: list[Var], equations: list[Equation], linear_results: Sequence[Var]
    ) -> None:
        self.params, self.equations, self.linear_results = params, equations, linear_results
        self.root: dict[Var, Var] = {}
        self.current: dict[Var, Var] = {}
        self.out: list[Equation] = []
        for e in equations:
            if is_borrow(e):
                self.root[e.outputs[0]] = self.root.get(e.inputs[0], e.inputs[0])
        uses = [v for e in equations for v in e.inputs]
        uses += linear_results
        self.left: Counter[Var] = Counter(
            [self.root.get(v, v) for v in uses] if self.root else uses
        )

    def rewrite(self, used: set[Var]) -> tuple[list[Equation], list[Var]]:
        """The equations and linear results; `used` are the non-linear results."""
        left, out, moved, current = self.left, self.out, self.root, self.current
        self._drop_unused(self.params, used, None)
        for e in self.equations:
            inputs = e.inputs
            if any([v.linear and (left[v] != 1 or v in moved or v in current) for v in inputs]):
                self._equation(e)
            else:
                out.append(e)
                if is_borrow(e):
                    self._give_back(e.inputs[0], e)
            self._drop_unused(e.outputs, used, e.origin)
        return out, [self._use(v, None) for v in self.linear_results]

    def _equation(self, e: Equation) -> None:
        borrowed = is_borrow(e)
        inputs = [
            self._current(v) if borrowed and i == 0 else self._use(v, e.origin) if v.linear else v
            for i, v in enumerate(e.inputs)
        ]
        made = Equation(e.op, tuple(inputs), e.outputs, e.origin, recompute=e.recompute)
        self.out.append(made)
        if borrowed:
            self._give_back(e.inputs[0], made)

    def _current(self, v: Var) -> Var:
        root = self.root.get(v, v)
        return self.current.get(root, root)

    def _use(self, v: Var, origin: Origin | None) -> Var:
        root = self.root.get(v, v)
        self.left[root] -= 1
        now = self.current.get(root, root)
        if self.left[root] == 0:
            return now
        one, rest = (Var(v.type, linear=True, hint=v.hint) for _ in range(2))
        self.out.append(Equation(_DUP, (now,), (one, rest), origin))
        self.current[root] = rest
        return one

    def _give_back(self, v: Var, e: Equation) -> None:
        root = self.root.get(v, v)
        self.left[root] -= 1
        self.current[root] = e.outputs[0]
        if self.left[root] == 0:
            self.out.append(Equation(_DROP, (e.outputs[0],), (), e.origin))

    def _drop_unused(self, bound: Sequence[Var], used: set[Var], origin: Origin | None) -> None:
        for v in bound:
            if v not in self.left and v not in used and v not in self.root:
                self.out.append(Equation(_DROP, (v,), (), origin))
