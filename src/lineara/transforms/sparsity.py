"""A linear function on the basis of one of its parameters: its equations, with what each value depends on.

The function is erased, and its calls stand in line. What does not depend on the basis is emitted at once, as it is; the others
are recorded as steps over cells, in order. Linear parameters besides that one are zero, and so is what depends on them alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lineara.ir import (
    Add,
    Apply,
    ArrayType,
    Builder,
    Call,
    Equation,
    Function,
    Literal,
    MakeTuple,
    TupleType,
    Type,
    Unpack,
    Var,
)
from lineara.transforms.batch import batch
from lineara.transforms.dependence import Known, Pattern, everything, patterns_of

ROOM = 1 << 26
"""The elements of all patterns up to which dependence is followed."""
EQUATION = 1 << 13
"""What an equation takes of the room at least: so functions of very many are not followed."""
DEEPEST = 64
"""How deep calls may stand in each other."""
SMALL = 1 << 16
"""The elements up to which indices are computed here."""


class DependenceError(Exception):
    """The dependence of a function is not followed: it would cost more than it gives, or passes through lists."""


@dataclass(eq=False, slots=True)
class Cell:
    """An array that depends on the basis, linearly."""

    type: ArrayType
    pattern: Pattern


Item = Var | Cell | tuple["Item", ...]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """An equation with a cell among its inputs; its inputs and outputs as arrays, variables and cells."""

    equation: Equation
    inputs: tuple[Item, ...]
    outputs: tuple[Item, ...]

    @property
    def made(self) -> list[Cell]:
        """The cells that it makes."""
        return cells_in(self.outputs)

    @property
    def work(self) -> int:
        """The operations of a record for one basis vector."""
        e = self.equation
        assert isinstance(e.op, Apply)
        operands, results = [tuple([v.type for v in side]) for side in (e.inputs, e.outputs)]
        return e.op.primitive.work(operands, results, dict(e.op.attributes))  # type: ignore[arg-type]


def cells_in(items: Sequence[Item]) -> list[Cell]:
    """The cells among items and in tuples of them."""
    found: list[Cell] = []
    for x in items:
        found += cells_in(x) if isinstance(x, tuple) else [x] if isinstance(x, Cell) else []
    return found


@dataclass
class Sparsity:
    """The steps of a function, and where its results stand."""

    builder: Builder
    count: int
    known: dict[Var, Known] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    results: list[Item] = field(default_factory=list)
    room: int = ROOM
    depth: int = 0
    basis: Cell = field(init=False)

    @classmethod
    def of(cls, function: Function, tape: int, leaf: int, known: Mapping[int, Known]) -> Sparsity:
        """Of an erased function, whose first parameters are the tape; `known` are indices on it."""
        given = function.params[tape:]
        count = given[leaf].type.size
        made = cls(Builder(function.name, function.origin), count)
        items: list[Item] = [
            made.builder.param(v.type, hint=v.hint) for v in function.params[:tape]
        ]
        made.known = {made.builder.params[i]: x for i, x in known.items()}
        for i, v in enumerate(given):
            basis = np.eye(count, dtype=bool) if i == leaf else np.zeros((), bool)
            items.append(made.parameter(v.type, basis))
        made.basis = items[tape + leaf]  # type: ignore[assignment]
        made.results = made.run(function, items)
        return made

    def parameter(self, type_: Type, basis: Pattern) -> Cell:
        """A linear parameter."""
        self._take_room(type_)
        assert isinstance(type_, ArrayType)
        shape = (self.count, *type_.shape)
        return Cell(type_, basis.reshape(shape) if basis.ndim else np.broadcast_to(basis, shape))

    def _take_room(self, *types: Type, size: int = 0) -> None:
        """Take what patterns of these types need, if there is room."""
        sizes = [t.size for t in types if isinstance(t, ArrayType)]
        self.room -= size + self.count * sum(sizes)
        if len(sizes) < len(types) or self.room < 0:
            raise DependenceError

    def run(self, function: Function, items: Sequence[Item]) -> list[Item]:
        """The equations of a function, at these parameters; gives its results."""
        now: dict[Var, Item] = dict(zip(function.params, items, strict=True))
        for e in function.equations:
            inputs = tuple([now[v] for v in e.inputs])
            now.update(zip(e.outputs, self._equation(e, inputs), strict=True))
        return [now[v] for v in function.results]

    def _call(self, callee: Function, inputs: tuple[Item, ...]) -> Sequence[Item]:
        self.depth += 1
        if self.depth > DEEPEST:
            raise DependenceError
        results = self.run(callee, inputs)
        self.depth -= 1
        return results

    def _equation(self, e: Equation, inputs: tuple[Item, ...]) -> Sequence[Item]:
        self._take_room(size=EQUATION)
        match e.op:
            case Unpack() if isinstance(inputs[0], tuple):
                return inputs[0]
            case MakeTuple() if any(not isinstance(x, Var) for x in inputs):
                return [inputs]
            case Call(callee, rule=None) if cells_in(inputs):
                return self._call(callee, inputs)
        cells = cells_in(inputs)
        if not cells:
            return self._plain(e, inputs)  # type: ignore[arg-type]
        outputs = self._active(e, inputs)
        self.steps.append(Step(e, inputs, tuple(outputs)))
        return outputs

    def _plain(self, e: Equation, inputs: tuple[Var, ...]) -> list[Var]:
        self.builder.origin, self.builder.recompute = e.origin, e.recompute
        outputs = [Var(v.type, hint=v.hint) for v in e.outputs]
        self.builder.emit(e.op, inputs, outputs)
        if all(
            isinstance(v.type, ArrayType) and v.type.dtype.kind in "biu" and v.type.size <= SMALL
            for v in outputs
        ):
            self._know(e, inputs, outputs)
        return outputs

    def _know(self, e: Equation, inputs: tuple[Var, ...], outputs: list[Var]) -> None:
        """Compute indices, where all that they are computed from is known."""
        match e.op:
            case Literal(value, type_):
                self.known[outputs[0]] = np.full(type_.shape, value, type_.dtype)
            case Apply(primitive, attributes) if inputs and all(v in self.known for v in inputs):
                found = primitive.evaluate(*[self.known[v] for v in inputs], **dict(attributes))
                self.known.update(zip(outputs, found, strict=True))

    def _active(self, e: Equation, inputs: tuple[Item, ...]) -> Sequence[Item]:
        given = [x.pattern for x in cells_in(inputs)]
        if not isinstance(e.op, Add | Apply):
            return self._construct(e, inputs, given)
        types = [v.type for v in (*e.inputs, *e.outputs)]
        self._take_room(*types[len(e.inputs) :])
        match e.op:
            case Add():
                patterns = [np.logical_or.reduce(given)]
            case Apply() as op:
                patterns = patterns_of(
                    op,
                    types[: len(e.inputs)],  # type: ignore[arg-type]
                    [x.pattern if isinstance(x, Cell) else None for x in inputs],
                    [self.known.get(x) if isinstance(x, Var) else None for x in inputs],
                    types[len(e.inputs) :],  # type: ignore[arg-type]
                )
        return [Cell(v.type, p) for v, p in zip(e.outputs, patterns, strict=True)]  # type: ignore[arg-type]

    def _construct(
        self, e: Equation, inputs: tuple[Item, ...], given: list[Pattern]
    ) -> Sequence[Item]:
        """The results of a construct, all of which must depend on the basis."""
        mask = tuple([not isinstance(x, Var) for x in inputs])
        if not all(batch(alone(e), self.count, mask)[1]):
            raise DependenceError
        return [self._anything(v.type, given) for v in e.outputs]

    def _anything(self, type_: Type, given: list[Pattern]) -> Item:
        """Arrays that may depend on whatever is given."""
        if isinstance(type_, TupleType):
            return tuple([self._anything(t, given) for t in type_.elements])
        self._take_room(type_)
        assert isinstance(type_, ArrayType)
        return Cell(type_, everything(given, type_))


def alone(e: Equation) -> Function:
    """A function of one equation."""
    builder = Builder("construct", e.origin)
    operands = [builder.param(v.type) for v in e.inputs]
    return builder.finish(builder.emit(e.op, operands, [Var(v.type) for v in e.outputs]))
