"""What runs as a whole: calls of functions of the module, of routines, and of Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from lineara.backends.native.carries import borrowed
from lineara.backends.native.emitter import Emitter
from lineara.backends.native.flat import Graph, Value
from lineara.backends.native.lists import Lists, list_place
from lineara.backends.native.places import I64, Buffer, Index, Machine, Root, row_major
from lineara.backends.native.space import Space
from lineara.backends.native.steps import Step, steps_of
from lineara.backends.native.wanted import sources
from lineara.ir import ArrayType, ListType


class Program(Protocol):
    """What a function needs of the module that it is in."""

    def call(self, emitter: Wholes, s: Step, graph: Graph, arguments: Sequence[Any]) -> None:
        """Call another function of the module."""

    def callback(self, emitter: Wholes, s: Step, arguments: Sequence[Any]) -> None:
        """Call Python."""

    def look(self, emitter: Wholes) -> None:
        """Look for an interrupt."""

    def sometimes_look(self, emitter: Wholes, i: Index, work: int) -> None:
        """Look for an interrupt now and then, in trip i of a loop whose trips take so many operations."""


class Wholes(Emitter):
    """Emits the steps that have no loops of their own, and whole graphs."""

    def __init__(
        self, m: Machine, space: Space, program: Program, lists: Lists, out_of_range: Any
    ) -> None:
        super().__init__(m, space, out_of_range)
        self.program = program
        self.lists = lists
        self.working: list[Root] = []

    def scratch(self, size: int) -> Any:
        """Working memory for the routine that is being emitted."""
        block = self.space.block(size)
        self.working.append(Root(True, block=block))
        return self.space.at(block[0])

    def graph(self, graph: Graph, homes: dict[Value, Buffer]) -> None:
        """Run the steps of a graph whose parameters are in place, so that its results are readable."""
        steps = steps_of(graph)
        found = sources(steps, graph.results, homes)
        made = {v: x for v, (x, _, _) in found.items()}
        wanted = homes | {x: place for x, place, _ in found.values()}
        self.homes.update(wanted)
        gone = {s for _, _, views in found.values() for s in views}
        steps = [s for s in steps if s not in gone]
        self.level(steps, {s: {} for s in steps}, [made.get(v, v) for v in graph.results])
        for v in wanted:
            self.homes.pop(v, None)
        for v, (x, place, _) in found.items():
            if self.places.get(x) is not place:
                self.copy(x, place)
            self.places[v] = homes[v]

    def alias(self, p: Value, v: Value) -> None:
        """A parameter of a body is a value from outside, which the body does not change."""
        if isinstance(p.type, ListType):
            self.places[p] = self.places[v]
        elif v in self.numbers and (v not in self.places or p.shape == ()):
            self.numbers[p] = self.numbers[v]
            self.places.pop(p, None)
        else:
            self.places[p] = borrowed(self.places[v])
            self.numbers.pop(p, None)
            if p.shape == ():
                self.numbers[p] = self.element(v, (), 1)

    def pointer(self, v: Value) -> Any:
        """The pointer to a value that lies contiguous in memory."""
        if isinstance(v.type, ListType):
            return list_place(self.places[v])
        buffer = self.buffer(v)
        if not buffer.contiguous:
            assert isinstance(v.type, ArrayType)
            pointer, root = self.space.take(v.type.size, v.type.dtype)
            packed = Buffer(pointer, v.type.dtype, v.shape, row_major(v.shape), root)
            self.copy(v, packed)
            buffer = packed
        return self.at(buffer)

    def at(self, buffer: Buffer) -> Any:
        """The pointer to the first element of an array."""
        if isinstance(buffer.offset, int) and buffer.offset == 0:
            return buffer.pointer
        offset = buffer.offset
        index = offset if isinstance(offset, int) else self.m.number(I64, offset)
        return self.m.at(buffer.pointer, index, buffer.dtype)

    def made(self, v: Value) -> Buffer:
        """Contiguous memory for a result."""
        home = self.homes.get(v)
        return home if home is not None and home.contiguous else self.new(v)

    def settle(self, v: Value) -> None:
        """Read a result of rank 0 into a register."""
        place = self.places.get(v)
        if isinstance(place, Buffer) and v.shape == ():
            self.numbers[v] = self.element(v, (), 1)

    def call(self, s: Step, graph: Graph) -> None:
        """A call of a function of the module."""
        arguments = [self.pointer(v) for v in s.inputs]
        for v in s.outputs:
            self.places[v] = self.lists.empty() if isinstance(v.type, ListType) else self.made(v)
        self.program.call(self, s, graph, [*arguments, *[self._out(v) for v in s.outputs]])
        self._settle_all(s)

    def _out(self, v: Value) -> Any:
        place = self.places[v]
        return self.at(place) if isinstance(place, Buffer) else list_place(place)

    def call_python(self, s: Step) -> None:
        """A record that Python evaluates."""
        arguments = [self.pointer(v) for v in s.inputs]
        for v in s.outputs:
            self.places[v] = self.made(v)
        self.program.callback(self, s, [*arguments, *[self._out(v) for v in s.outputs]])
        self._settle_all(s)

    def call_routine(self, s: Step, routine: Any, attributes: dict[str, Any]) -> None:
        """A record that is an algorithm on whole arrays."""
        operands = [Block(v.type, self.pointer(v)) for v in s.inputs]
        for v in s.outputs:
            self.places[v] = self.made(v)
        results = [Block(v.type, self._out(v)) for v in s.outputs]
        routine(self.m, operands, results, **attributes)
        while self.working:
            self.space.release(self.working.pop())
        self._settle_all(s)

    def _settle_all(self, s: Step) -> None:
        for v in s.outputs:
            if not isinstance(v.type, ListType):
                self.settle(v)

    def slot(self, v: Value) -> Buffer:
        """A local variable for a number."""
        assert isinstance(v.type, ArrayType)
        return Buffer(self.space.slot(v.type.dtype, 1), v.type.dtype, (), (), Root(True))


class Block:
    """An operand or a result of a routine."""

    def __init__(self, type_: Any, pointer: Any) -> None:
        self.type, self.pointer = type_, pointer
