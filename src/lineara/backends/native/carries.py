"""What a loop carries from trip to trip, and what of it is changed in place.

A number is in a slot. An array that is changed in place, as the cotangent of an array that is read element by element, has one
buffer; a small one has a second, that is copied back; a large one has two that change roles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llvmlite import ir

from lineara.backends.native.flat import Choice, Graph, Loop, Node, Until, Value
from lineara.backends.native.lanes import Number
from lineara.backends.native.places import (
    Buffer,
    Formula,
    Index,
    Machine,
    Place,
    Position,
    Root,
    read,
    row_major,
    write,
)
from lineara.backends.native.space import ON_STACK
from lineara.backends.native.steps import steps_of_node
from lineara.ir import ArrayType, ListType
from lineara.ir.nest import Update

if TYPE_CHECKING:
    from lineara.backends.native.emitter import Emitter
    from lineara.backends.native.wholes import Wholes

POINTER = ir.PointerType()


def leave(carries: Sequence[Carry]) -> None:
    """The results of a trip become the carry of the next: those that read the old carry first."""
    for c in carries:
        c.stage()
    for c in carries:
        c.leave()


class Carry:
    """One carry of a loop.

    A number is in a slot. An array that is changed in place has one buffer; a small one has a second, that is copied back; a
    large one has two that change roles.
    """

    def __init__(
        self, e: Wholes, v: Value, p: Value, r: Value, in_place: bool, reused: Buffer | None
    ) -> None:
        self.e, self.p, self.r, self.in_place = e, p, r, in_place
        self.type = v.type
        self.staged: Number | None = None
        self.swapped: tuple[Any, Any] | None = None
        if isinstance(v.type, ListType):
            self.header = e.lists.header()
            e.lists.copy_header(e.places[v], self.header)
            return
        if v.shape == ():
            self.slot = e.slot(v)
            e.copy(v, self.slot)
            return
        if reused is not None and (in_place or reused.contiguous):
            self.buffer = reused
        else:
            self.buffer = self._new()
            e.copy(v, self.buffer)
        self.root = Root(True)
        if not in_place:
            self.other = self._new()
            if v.type.nbytes > ON_STACK:
                slots = [e.m.local(POINTER) for _ in range(2)]
                for slot, buffer in zip(slots, (self.buffer, self.other), strict=True):
                    e.m.builder.store(e.at(buffer), slot)
                self.swapped = (slots[0], slots[1])

    def _new(self) -> Buffer:
        assert isinstance(self.type, ArrayType)
        pointer, root = self.e.space.take(self.type.size, self.type.dtype)
        root.values.append(self.p)
        return Buffer(pointer, self.type.dtype, self.type.shape, row_major(self.type.shape), root)

    def _now(self) -> Buffer:
        if self.swapped is None:
            return self.buffer
        pointer = self.e.m.builder.load(self.swapped[0], typ=POINTER)
        return Buffer(
            pointer, self.buffer.dtype, self.buffer.shape, row_major(self.buffer.shape), self.root
        )

    def show(self, p: Value) -> None:
        """The parameter of the condition."""
        e = self.e
        e.numbers.pop(p, None)
        if isinstance(self.type, ListType):
            e.places[p] = self.header
        elif p.shape == ():
            e.numbers[p] = e.m.load(self.slot.pointer, self.slot.dtype)
            e.places.pop(p, None)
        else:
            e.places[p] = borrowed(self._now())

    def enter(self) -> None:
        """The parameter of the body at the start of a trip."""
        self.show(self.p)
        if isinstance(self.type, ArrayType) and self.type.shape:
            self.root = Root(self.in_place, [self.p])
            self.e.places[self.p] = with_root(self._now(), self.root)
            if self.swapped is not None:
                pointer = self.e.m.builder.load(self.swapped[1], typ=POINTER)
                shape = self.buffer.shape
                self.target = Buffer(
                    pointer, self.buffer.dtype, shape, row_major(shape), Root(True)
                )
            elif not self.in_place:
                self.target = self.other

    def want(self, homes: dict[Value, Buffer]) -> None:
        """Say where the result of the body is wanted."""
        arrays = isinstance(self.type, ArrayType) and self.type.shape
        if arrays and not self.in_place and self.r not in homes and not self._is_param():
            homes[self.r] = self.target
            self.wanted = True
        else:
            self.wanted = False

    def _is_param(self) -> bool:
        place = self.e.places.get(self.r)
        return place is not None or self.r in self.e.numbers

    def stage(self) -> None:
        """Read what the body gives, before any carry changes."""
        e = self.e
        if isinstance(self.type, ListType):
            self.passed = e.lists.header()
            e.lists.copy_header(e.places[self.r], self.passed)
        elif self.type.shape == ():
            self.staged = e.element(self.r, (), 1)
        elif not self.in_place:
            if not (self.wanted and e.places.get(self.r) is self.target):
                e.copy(self.r, self.target)
        else:
            place = e.places.get(self.r)
            self.spare = None
            if not (isinstance(place, Buffer) and place.root is self.root):
                self.spare = self._new()
                e.copy(self.r, self.spare)

    def leave(self) -> None:
        """Change the carry."""
        e = self.e
        if isinstance(self.type, ListType):
            e.lists.copy_header(self.passed, self.header)
        elif self.type.shape == ():
            assert self.staged is not None
            e.m.store(self.slot.pointer, self.staged)
        elif self.in_place:
            if self.spare is not None:
                _move(e, self.spare, self.buffer)
        elif self.swapped is not None:
            now, then = [e.m.builder.load(slot, typ=POINTER) for slot in self.swapped]
            e.m.builder.store(then, self.swapped[0])
            e.m.builder.store(now, self.swapped[1])
        else:
            _move(e, self.target, self.buffer)

    def finish(self, v: Value) -> None:
        """The result of the loop."""
        e = self.e
        if isinstance(self.type, ListType):
            e.places[v] = self.header
        elif v.shape == ():
            e.numbers[v] = e.m.load(self.slot.pointer, self.slot.dtype)
        else:
            place = self._now()
            root = self.buffer.root
            e.places[v] = with_root(place, root)
            root.values.append(v)
            if self.swapped is not None:
                self.other.root.values.append(v)


def _move(e: Emitter, source: Buffer, target: Buffer) -> None:
    def move(at: dict[int, Position], lanes: int) -> None:
        positions = [at[a] for a in range(len(source.shape))]
        write(e.m, target, positions, read(e.m, source, positions, lanes), lanes)

    e.over(dict(enumerate(source.shape)), {}, move)


def changed_in_place(graph: Graph, result: Value) -> int | None:
    """The parameter that a result is made of by changes in place, if it is."""
    makers = {v: n for n in graph.nodes for v in n.outputs}
    v: Value | None = result
    while v in makers:
        v = _changed_operand(makers[v], v)
    return graph.params.index(v) if v in graph.params else None


def _changed_operand(n: Node, v: Value) -> Value | None:
    """The operand of a node that becomes a result of it by changes in place."""
    match n.op:
        case Loop() as op:
            j = n.outputs.index(v)
            return None if j >= op.carry else n.inputs[(op.length is None) + op.constants + j]
        case Until() as op:
            j = n.outputs.index(v) - 1
            return n.inputs[sum(op.constants) + j] if 0 <= j < op.carry else None
        case Choice(branches):
            j = n.outputs.index(v)
            sources = {changed_in_place(g, g.results[j]) for g in branches}
            (i,) = sources if len(sources) == 1 else (None,)
            return None if i is None else n.inputs[1 + i]
        case _:
            step = next((t for t in steps_of_node(n) if v in t.outputs), None)
            changes = step is not None and isinstance(step.loops, Update)
            return n.inputs[0] if changes else None


def borrowed(place: Place) -> Place:
    """The same array, which is not to be changed."""
    return with_root(place, Root(False)) if isinstance(place, Buffer) else place


def with_root(place: Buffer, root: Root) -> Buffer:
    """The same array, as one of those that share a root."""
    return replace(place, root=root)


def row_of(m: Machine, place: Place, row: Index) -> Place:
    """One row of a stack, along its first axis."""
    if isinstance(place, Formula):
        formula = place
        span = (row, row) if isinstance(row, int) else None
        return Formula(
            lambda positions, lanes: formula.element([Position(row, span=span), *positions], lanes),
            formula.borders[1:],
            formula.roots,
            formula.parts,
        )
    stride = place.strides[0]
    assert stride is not None
    offset = m.plus(place.offset, m.times(row, stride))
    return replace(
        place, shape=place.shape[1:], strides=place.strides[1:], root=Root(False), offset=offset
    )
