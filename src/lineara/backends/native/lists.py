"""Lists in machine code: the tapes of loops of unknown length.

A list is a header of three words: where its items are, how many there are, and for how many there is room. The items are
arrays, or headers of lists. Their memory is asked of the system, hangs on a chain that begins in the workspace, and is given
back at the end of a trip whose results hold no list, and at the end of the kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llvmlite import ir

from lineara.backends.native.flat import Graph, Value, graphs_within
from lineara.backends.native.places import (
    LONG,
    Buffer,
    Index,
    Machine,
    Position,
    Root,
    read,
    row_major,
    write,
)
from lineara.ir import ArrayType, ListType

if TYPE_CHECKING:
    from lineara.backends.native.wholes import Wholes

BYTE, POINTER = ir.IntType(8), ir.PointerType()
WORDS = ir.ArrayType(LONG, 3)
RELEASE = "lineara.release"
HEADER, ROOM = 24, 16
"""The bytes of a header; the items that there is room for at first."""


@dataclass(frozen=True, slots=True, eq=False)
class ListPlace:
    """Where the header of a list is."""

    pointer: Any


def list_place(place: Any) -> Any:
    """The pointer to the header of a list."""
    assert isinstance(place, ListPlace)
    return place.pointer


def item_bytes(type_: ArrayType | ListType) -> int:
    """The bytes of an item."""
    return max(1, type_.nbytes) if isinstance(type_, ArrayType) else HEADER


class Lists:
    """The operations on lists in one function."""

    def __init__(self, m: Machine, chain: Any, out_of_memory: Callable[[Any], None]) -> None:
        self.m = m
        self.chain = chain
        self.out_of_memory = out_of_memory

    def header(self) -> ListPlace:
        """Room for a header."""
        return ListPlace(self.m.local(WORDS))

    def empty(self) -> ListPlace:
        """An empty list."""
        place = self.header()
        self.m.builder.store(ir.Constant(WORDS, None), place.pointer)
        return place

    def filled(self, type_: ListType, count: Index) -> ListPlace:
        """A list with room for all of its items, which are to be written."""
        b, place = self.m.builder, self.header()
        total = b.mul(self.m.long(count), ir.Constant(LONG, item_bytes(type_.element)))  # type: ignore[arg-type]
        b.store(self._memory(total), self._word(place, 0))
        for n in (1, 2):
            b.store(self.m.long(count), self._word(place, n))
        return place

    def _word(self, place: ListPlace, n: int) -> Any:
        return self.m.builder.gep(place.pointer, [ir.Constant(LONG, n)], source_etype=LONG)

    def _memory(self, size: Any) -> Any:
        made = self.m.builder.call(_alloc(self.m.module), [self.chain, size])
        self.out_of_memory(made)
        return made

    def count(self, place: Any) -> Any:
        """How many items there are."""
        return self.m.builder.load(self._word(place, 1), typ=LONG)

    def _item(self, place: Any, size: int, row: Index) -> Any:
        """The pointer to an item; beyond the end of a list all is zero, as an empty list is a list of zeros."""
        b = self.m.builder
        data = b.load(self._word(place, 0), typ=POINTER)
        item = b.gep(data, [self.m.long(self.m.times(row, size))], source_etype=BYTE)
        inside = b.icmp_unsigned("<", self.m.long(row), self.count(place))
        return b.select(inside, item, _zeros(self.m.module, size))

    def item(self, place: Any, type_: Any, row: Index) -> Buffer:
        """An item that is an array."""
        pointer = self._item(place, item_bytes(type_), row)
        return Buffer(pointer, type_.dtype, type_.shape, row_major(type_.shape), Root(False))

    def item_header(self, place: Any, row: Index) -> ListPlace:
        """An item that is a list."""
        return ListPlace(self._item(place, HEADER, row))

    def copy_header(self, source: Any, target: Any) -> None:
        """Make one list another one, whose items they share."""
        words = self.m.builder.load(list_place(source), typ=WORDS, align=8)
        self.m.builder.store(words, list_place(target), align=8)

    def append(self, e: Wholes, place: Any, r: Value) -> None:
        """Append a value."""
        b, m = self.m.builder, self.m
        count = self.count(place)
        size = item_bytes(r.type)
        room = b.load(self._word(place, 2), typ=LONG)
        with b.if_then(b.icmp_signed("==", count, room), likely=False):
            double = b.mul(room, ir.Constant(LONG, 2))
            least = ir.Constant(LONG, ROOM)
            more = b.select(b.icmp_signed(">", double, least), double, least)
            fresh = self._memory(b.mul(more, ir.Constant(LONG, size)))
            old = b.load(self._word(place, 0), typ=POINTER)
            length = b.mul(count, ir.Constant(LONG, size))
            b.call(
                _library(m.module, "memmove", POINTER, (POINTER, POINTER, LONG)),
                [fresh, old, length],
            )
            b.store(fresh, self._word(place, 0))
            b.store(more, self._word(place, 2))
        b.store(b.add(count, ir.Constant(LONG, 1)), self._word(place, 1))
        if isinstance(r.type, ListType):
            self.copy_header(e.places[r], self.item_header(place, count))
        else:
            e.copy(r, self.item(place, r.type, count))

    def sum(self, e: Wholes, v: Value, x: Value, y: Value) -> ListPlace:
        """The list of the sums of items; an empty list is a list of zeros."""
        assert isinstance(v.type, ListType)
        return self._sum(e, v.type, e.places[x], e.places[y])

    def _sum(self, e: Wholes, type_: ListType, x: Any, y: Any) -> ListPlace:
        b = self.m.builder
        counts = [self.count(p) for p in (x, y)]
        count = b.select(b.icmp_signed(">", *counts), *counts)
        made = self.filled(type_, count)
        element = type_.element
        with b.if_then(b.icmp_signed(">", count, ir.Constant(LONG, 0))), e.repeat(0, count, 1) as i:
            if isinstance(element, ListType):
                inner = self._sum(e, element, self.item_header(x, i), self.item_header(y, i))
                self.copy_header(inner, self.item_header(made, i))
            else:
                parts = [self.item(p, element, i) for p in (x, y, made)]
                self._add(e, *parts)
        return made

    def _add(self, e: Wholes, x: Buffer, y: Buffer, target: Buffer) -> None:
        def add(at: dict[int, Position], lanes: int) -> None:
            positions = [at[a] for a in range(len(x.shape))]
            total = read(e.m, x, positions, lanes) + read(e.m, y, positions, lanes)
            write(e.m, target, positions, total, lanes)

        e.over(dict(enumerate(x.shape)), {}, add)

    def mark(self, body: Graph) -> Any:
        """What the chain holds before a trip of a body that makes lists and gives none; None for any other body."""
        gives = any(isinstance(r.type, ListType) for r in body.results)
        return (
            None
            if gives or not _makes_lists(body)
            else self.m.builder.load(self.chain, typ=POINTER)
        )

    def release(self, mark: Any) -> None:
        """Give back what has been asked for since the mark, if there is one."""
        if mark is not None:
            self.m.builder.call(release(self.m.module), [self.chain, mark])


def _makes_lists(graph: Graph) -> bool:
    nodes = [n for g in graphs_within(graph) for n in g.nodes]
    return any(isinstance(v.type, ListType) for n in nodes for v in n.outputs)


def _library(module: Any, name: str, result: Any, operands: tuple[Any, ...]) -> Any:
    return module.globals.get(name) or ir.Function(module, ir.FunctionType(result, operands), name)


def _zeros(module: Any, size: int) -> Any:
    name = f"lineara.zeros.{size}"
    made = module.globals.get(name)
    if made is None:
        type_ = ir.ArrayType(BYTE, size)
        made = ir.GlobalVariable(module, type_, name)
        made.initializer, made.linkage, made.align = ir.Constant(type_, None), "internal", 16
        made.global_constant, made.type = True, POINTER
    return made


def _alloc(module: Any) -> Any:
    """`ptr alloc(chain, bytes)`: memory that hangs on the chain; null if there is none."""
    name = "lineara.alloc"
    known = module.globals.get(name)
    if known is not None:
        return known
    function = ir.Function(module, ir.FunctionType(POINTER, (POINTER, LONG)), name)
    function.linkage = "internal"
    chain, size = function.args
    b = ir.IRBuilder(function.append_basic_block())
    link = ir.Constant(LONG, 16)
    block = b.call(_library(module, "malloc", POINTER, (LONG,)), [b.add(size, link)])
    null = ir.Constant(POINTER, None)
    with b.if_then(b.icmp_unsigned("==", block, null), likely=False):
        b.ret(null)
    b.store(b.load(chain, typ=POINTER), block)
    b.store(block, chain)
    b.ret(b.gep(block, [link], source_etype=BYTE))
    return function


def release(module: Any) -> Any:
    """A function of a chain and a mark, which gives back what hangs on the chain before the mark."""
    known = module.globals.get(RELEASE)
    if known is not None:
        return known
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), (POINTER, POINTER)), RELEASE)
    function.linkage = "internal"
    chain, mark = function.args
    entry, head, body, done = [
        function.append_basic_block(n) for n in ("entry", "head", "body", "done")
    ]
    b = ir.IRBuilder(entry)
    b.branch(head)
    b.position_at_end(head)
    block = b.load(chain, typ=POINTER)
    b.cbranch(b.icmp_unsigned("==", block, mark), done, body)
    b.position_at_end(body)
    b.store(b.load(block, typ=POINTER), chain)
    b.call(_library(module, "free", ir.VoidType(), (POINTER,)), [block])
    b.branch(head)
    b.position_at_end(done)
    b.ret_void()
    return function
