"""Loops whose chunks several threads run.

    loop 0 … n        →        parallel(chunk, frame, count): each chunk runs a part of the loop, as a function of its own

A chunk has a row of the workspace, where it says what failed and leaves its totals; these are merged in the order of chunks.
How a loop is cut depends on the program only, so that every number of threads, one included, gives the same bits. A loop that
sums up is cut where the orders of its sums say, also where one thread runs all of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from llvmlite import ir

from lineara.backends.native import threads
from lineara.backends.native.groups import Group
from lineara.backends.native.lanewise import Run, trip_work
from lineara.backends.native.order import ALIGNED, LARGE, MILLION
from lineara.backends.native.outline import outline, returns_only
from lineara.backends.native.places import LONG, Index, Root
from lineara.backends.native.space import LINE, Space
from lineara.backends.native.steps import At, Step
from lineara.backends.native.sums import Sums, orders

if TYPE_CHECKING:
    from lineara.backends.native.emitter import Emitter
    from lineara.backends.native.totals import Total

WORTH = 1_500_000
"""The operations of a loop that several threads run: to wake a thread takes as long as a part of so many."""
CHUNKS, MANY = 64, 256
"""How many chunks a loop is cut into, and one of more than a million trips."""
ROOM = 1 << 25
"""The bytes at most of the rows of all chunks, and of the working memory of all threads."""
WORKERS = 64
"""The threads at most that share a loop."""
CODE = 56
"""Where the failure of a chunk is in its row, behind the details."""

BYTE, INT, POINTER = ir.IntType(8), ir.IntType(32), ir.PointerType()
Totals = dict[Step, "Total"]


@dataclass(frozen=True, slots=True)
class Cut:
    """Trips from start to stop, so many in a chunk, on so many lanes."""

    start: int
    stop: int
    size: int
    lanes: int

    @classmethod
    def of(cls, run: Run) -> Cut:
        """Chunks that are alike."""
        return cls(run.start, run.stop, run.size, run.segments[0][2])

    @property
    def count(self) -> int:
        """How many chunks there are."""
        return -(-(self.stop - self.start) // self.size)


def cut(emitter: Emitter, g: Group, at: At, segment: tuple[int, int, int]) -> Cut | None:
    """How the trips of a segment of a loop that sums up nothing are cut into chunks; None if one thread runs them."""
    start, stop, lanes = segment
    trips = stop - start
    if not _is_large(emitter, g, at, trips):
        return None
    size = -(-trips // (MANY if trips > MILLION else CHUNKS))
    unit = 1 if lanes == 1 else -(-ALIGNED // lanes) * lanes
    size = -(-size // unit) * unit
    return Cut(start, stop, size, lanes) if size < trips else None


def is_shared(emitter: Emitter, g: Group, at: At, run: Run, sums: Sums) -> bool:
    """Whether several threads run chunks of a loop that sums up."""
    room = Row(sums.merged).size * run.count
    large = _is_large(emitter, g, at, run.stop - run.start)
    return large and sums.may_be_apart and room <= ROOM


def hindering(emitter: Emitter, groups: Sequence[Group], at: At) -> frozenset[Step]:
    """Small reductions without chunks in loops that several threads would share without them."""
    found: list[Step] = []
    for g in groups:
        if g.extent is None or not _is_large(emitter, g, at, g.extent):
            continue
        whole = [s for s, order in orders(g).items() if order.chunk >= g.extent]
        if all(s.work < LARGE for s in whole):
            found += whole
    return frozenset(found)


def _is_large(emitter: Emitter, g: Group, at: At, trips: int) -> bool:
    return not emitter.apart and emitter.lanes == 1 and trips * trip_work(emitter, g, at) >= WORTH


class Row:
    """What a chunk leaves in the workspace: 64 bytes of failure, and its totals."""

    def __init__(self, totals: Totals) -> None:
        self.totals = totals
        self.offsets: dict[Step, int] = {}
        self.size = LINE
        for s, t in totals.items():
            self.offsets[s] = self.size
            kept = zip(t.buffer.shape, t.buffer.strides, strict=True)
            count = prod([n for n, stride in kept if stride is not None])
            self.size += _lines(count * t.dtype.itemsize)

    def places(self, emitter: Emitter, row: Any) -> Totals:
        """The totals in a row."""
        b = emitter.m.builder
        return {
            s: t.elsewhere(b.gep(row, [ir.Constant(LONG, self.offsets[s])], source_etype=BYTE))
            for s, t in self.totals.items()
        }


@dataclass(frozen=True, slots=True)
class Strips:
    """A block of the workspace that is cut into strips of one size: of chunks, or of threads."""

    start: int
    size: int

    def at(self, b: Any, workspace: Any, i: Any) -> Any:
        """The pointer to a strip."""
        offset = b.add(b.mul(i, ir.Constant(LONG, self.size)), ir.Constant(LONG, self.start))
        return b.gep(workspace, [offset], source_etype=BYTE)


@dataclass(slots=True)
class Chunk:
    """The function of a chunk: `i32 chunk(row, scratch, start, stop, captured…)`, and the working memory that it takes."""

    function: Any
    space: Space
    captured: list[Any] = field(default_factory=list)


def run(
    emitter: Emitter, g: Group, at: At, cut: Cut, sums: Sums, whole: Collection[Step] = ()
) -> None:
    """Emit a loop whose chunks several threads run; their totals are merged in order."""
    row, space = Row(sums.merged), emitter.space
    with _strips(space, cut.count, row.size) as rows:
        with _apart(emitter) as chunk:
            pointer, _, start, stop = chunk.function.args
            places = row.places(emitter, pointer)
            base: Index = 0
            if sums.merged:
                start, stop, base = 0, cut.size, emitter.aligned(start)
            parts, span = sums.fresh(whole), (cut.start, cut.stop)
            emitter.segment(g, at, start, stop, cut.lanes, parts, span, base=base)
            for s, t in parts.items():
                places[s].take(t)
        scratch = max(1, chunk.space.size)
        most = max(1, min(WORKERS, cut.count, ROOM // scratch))
        with _strips(space, most, scratch) as strips:
            body = _Body(chunk, cut, rows, strips)
            body.dispatch(emitter, most)
        if not returns_only(chunk.function, 0):
            _failed(emitter, rows, cut.count)
        if sums.merged:
            with emitter.repeat(0, cut.count, 1) as i:
                pointer = rows.at(emitter.m.builder, space.workspace, i)
                for s, t in row.places(emitter, pointer).items():
                    sums.merged[s].merge(t)


def _lines(size: int) -> int:
    """A number of bytes, in whole cache lines."""
    return -(-size // LINE) * LINE


@contextmanager
def _strips(space: Space, count: int, size: int) -> Iterator[Strips]:
    """A block of the workspace, for so many strips of a size."""
    size = _lines(size)
    start, length = space.block(count * size)
    yield Strips(start, size)
    space.release(Root(True, block=(start, length)))


@contextmanager
def _apart(emitter: Emitter) -> Iterator[Chunk]:
    """What is emitted inside is a function of its own."""
    m = emitter.m
    parent = m.builder.function
    type_ = ir.FunctionType(INT, [POINTER, POINTER, LONG, LONG])
    name = m.module.get_unique_name(f"{parent.name}.chunk")
    function = ir.Function(m.module, type_, name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    for pointer in function.args[:2]:
        pointer.add_attribute("noalias")
    before = m.builder, emitter.space, emitter.context
    m.builder = ir.IRBuilder(function.append_basic_block("entry"))
    m.builder.branch(function.append_basic_block("body"))
    m.builder.position_at_end(function.blocks[-1])
    emitter.space, emitter.context = Space(m.builder, function.args[1]), function.args[0]
    emitter.apart = True
    chunk = Chunk(function, emitter.space)
    first = len(emitter.trust.open)
    yield chunk
    emitter.trust.settle(first)
    m.builder.ret(ir.Constant(INT, 0))
    emitter.apart = False
    m.builder, emitter.space, emitter.context = before
    chunk.captured = outline(function, parent, emitter.space.workspace)


class _Body:
    """`void body(chunk, worker, frame)`, which calls the function of a chunk with what the frame holds."""

    def __init__(self, chunk: Chunk, cut: Cut, rows: Strips, scratch: Strips) -> None:
        self.chunk, self.cut, self.rows, self.scratch = chunk, cut, rows, scratch

    def dispatch(self, emitter: Emitter, most: int) -> None:
        """Have all chunks run, by so many threads at most."""
        module, b = emitter.m.module, emitter.m.builder
        given = [emitter.space.workspace, *self.chunk.captured]
        self.frame = ir.LiteralStructType([v.type for v in given])
        with b.goto_entry_block():
            frame = b.alloca(self.frame)
            frame.type = POINTER
        for cell, value in zip(self._cells(b, frame), given, strict=True):
            b.store(value, cell)
        type_ = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, LONG, LONG])
        known = module.globals.get(threads.NAME)
        parallel = known or ir.Function(module, type_, threads.NAME)
        counts = [ir.Constant(LONG, n) for n in (self.cut.count, most)]
        b.call(parallel, [self._function(module), frame, *counts])

    def _cells(self, b: Any, frame: Any) -> list[Any]:
        cells = []
        for i in range(len(self.frame.elements)):
            place = [ir.Constant(INT, 0), ir.Constant(INT, i)]
            cells.append(b.gep(frame, place, source_etype=self.frame))
            cells[-1].type = POINTER
        return cells

    def _function(self, module: Any) -> Any:
        type_ = ir.FunctionType(ir.VoidType(), [LONG, LONG, POINTER])
        function = ir.Function(module, type_, f"{self.chunk.function.name}.body")
        function.linkage, function.type = "internal", POINTER
        number, worker, frame = function.args
        b = ir.IRBuilder(function.append_basic_block("entry"))
        typed = zip(self._cells(b, frame), self.frame.elements, strict=True)
        workspace, *captured = [b.load(cell, typ=t) for cell, t in typed]
        size, end = ir.Constant(LONG, self.cut.size), ir.Constant(LONG, self.cut.stop)
        start = b.add(b.mul(number, size), ir.Constant(LONG, self.cut.start))
        stop = b.add(start, size)
        stop = b.select(b.icmp_signed("<", stop, end), stop, end)
        row = self.rows.at(b, workspace, number)
        scratch = self.scratch.at(b, workspace, worker)
        code = b.call(self.chunk.function, [row, scratch, start, stop, *captured])
        b.store(b.zext(code, LONG), _code(b, row))
        b.ret_void()
        return function


def _code(b: Any, row: Any) -> Any:
    """Where the failure of a chunk is."""
    return b.gep(row, [ir.Constant(LONG, CODE)], source_etype=BYTE)


def _failed(emitter: Emitter, rows: Strips, count: int) -> None:
    """End the kernel with the failure of the first chunk that has one."""
    b = emitter.m.builder
    with emitter.repeat(0, count, 1) as i:
        row = rows.at(b, emitter.space.workspace, i)
        code = b.trunc(b.load(_code(b, row), typ=LONG), INT)
        with b.if_then(b.icmp_signed("!=", code, ir.Constant(INT, 0)), likely=False):
            details = ir.ArrayType(LONG, 4)
            b.store(b.load(row, typ=details, align=8), emitter.context, align=8)
            b.ret(code)
