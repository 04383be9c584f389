"""Loops whose chunks several threads run.

    loop 0 … n        →        parallel(chunk, frame, count): each chunk runs a part of the loop, as a function of its own

A chunk has a row of the workspace, where it says what failed and leaves its totals; these are merged in the order of the chunks.
How a loop is cut depends on the program only, so that every number of threads, one included, gives the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from llvmlite import ir

from lineara.backends.native import threads
from lineara.backends.native.lanewise import trip_work
from lineara.backends.native.outline import outline, returns_only
from lineara.backends.native.places import LONG, Position, Root
from lineara.backends.native.space import LINE, Space
from lineara.backends.native.steps import Group, Step

if TYPE_CHECKING:
    from lineara.backends.native.emitter import Emitter, Total

WORTH = 100_000
"""The operations of a loop that several threads run: to wake a thread takes as long as a part of so many."""
CHUNKS, MANY = 64, 256
"""How many chunks a loop is cut into, and one of more than a million trips."""
MILLION = 1 << 20
ALIGNED = 32
"""Chunks of loops on several lanes begin at multiples of this."""
TRIPS = 8
"""The trips of a chunk at least, where a chunk has totals that are arrays."""
ROOM = 1 << 25
"""The bytes at most of the rows of all chunks, and of the working memory of all threads."""
WORKERS = 64
"""The threads at most that share a loop."""
CODE = 56
"""Where the failure of a chunk is in its row, behind the details."""

BYTE, INT, POINTER = ir.IntType(8), ir.IntType(32), ir.PointerType()
At = dict[Step, dict[int, Position]]
Totals = dict[Step, "Total"]


@dataclass(frozen=True, slots=True)
class Cut:
    """Trips from start to stop, so many in a chunk."""

    start: int
    stop: int
    size: int

    @property
    def count(self) -> int:
        """How many chunks there are."""
        return -(-(self.stop - self.start) // self.size)


def cut(emitter: Emitter, g: Group, at: At, segment: tuple[int, int, int], totals: Totals) -> Cut | None:
    """How the trips of a segment of a loop are cut into chunks; None if one thread runs them."""
    start, stop, lanes = segment
    trips = stop - start
    if emitter.apart or emitter.lanes > 1 or trips * trip_work(g, at) < WORTH:
        return None
    least = 1 if lanes == 1 else ALIGNED if lanes <= ALIGNED else lanes
    row = Row(totals)
    if row.arrays:
        least = max(least, TRIPS, -(-trips * row.size // ROOM))
    size = max(least, -(-trips // (MANY if trips > MILLION else CHUNKS)))
    size = -(-size // least) * least if lanes > 1 else size
    return Cut(start, stop, size) if size < trips else None


class Row:
    """What a chunk leaves in the workspace: 64 bytes of failure, and its totals."""

    def __init__(self, totals: Totals) -> None:
        self.totals = totals
        self.offsets: dict[Step, int] = {}
        self.size = LINE
        self.arrays = False
        for s, t in totals.items():
            self.offsets[s] = self.size
            count = 1
            if t.slot is None:
                self.arrays = True
                kept = zip(t.buffer.shape, t.buffer.strides, strict=True)
                count = prod([n for n, stride in kept if stride is not None])
            self.size += -(-count * t.dtype.itemsize // LINE) * LINE

    def places(self, emitter: Emitter, row: Any) -> Totals:
        """The totals in a row."""
        b = emitter.m.builder
        return {
            s: t.elsewhere(b.gep(row, [ir.Constant(LONG, self.offsets[s])], source_etype=BYTE))
            for s, t in self.totals.items()
        }


@dataclass(slots=True)
class Chunk:
    """The function of a chunk that is being emitted: `i32 chunk(row, scratch, start, stop, …)`."""

    function: Any
    parent: Any
    space: Space
    block: tuple[int, int] = (0, 0)
    captured: list[Any] = field(default_factory=list)


def run(emitter: Emitter, g: Group, at: At, lanes: int, cut: Cut, totals: Totals) -> None:
    """Emit a loop whose chunks several threads run; their totals are merged into the given ones."""
    row = Row(totals)
    space, count = emitter.space, cut.count
    rows = Root(True, block=space.block(count * row.size))
    with _apart(emitter) as chunk:
        pointer, _, start, stop = chunk.function.args
        places = row.places(emitter, pointer)
        own = {s: t.begun(places[s]) for s, t in totals.items()}
        emitter.segment(g, at, start, stop, lanes, own)
        for s, t in own.items():
            t.leave(places[s])
        emitter.m.builder.ret(ir.Constant(INT, 0))
    most = max(1, min(WORKERS, count, ROOM // max(1, chunk.space.size)))
    scratch = Root(True, block=space.block(max(1, most * chunk.space.size)))
    first = rows.block[0]
    _dispatch(emitter, chunk, cut, row, first, scratch.block[0], most)
    if not returns_only(chunk.function, 0):
        _failed(emitter, first, row.size, count)
    if totals:
        with emitter.repeat(0, count, 1) as i:
            for s, t in row.places(emitter, _row(emitter, first, row.size, i)).items():
                totals[s].merge(t)
    for block in (rows, scratch):
        space.release(block)


@contextmanager
def _apart(emitter: Emitter) -> Iterator[Chunk]:
    """What is emitted inside is a function of its own."""
    m = emitter.m
    parent = m.builder.function
    name = m.module.get_unique_name(f"{parent.name}.chunk")
    type_ = ir.FunctionType(INT, [POINTER, POINTER, LONG, LONG])
    function = ir.Function(m.module, type_, name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    for pointer in function.args[:2]:
        pointer.add_attribute("noalias")
    before = m.builder, emitter.space, emitter.context
    m.builder = ir.IRBuilder(function.append_basic_block("entry"))
    body = function.append_basic_block("body")
    m.builder.branch(body)
    m.builder.position_at_end(body)
    emitter.space, emitter.context = Space(m.builder, function.args[1]), function.args[0]
    emitter.apart = True
    chunk = Chunk(function, parent, emitter.space)
    yield chunk
    emitter.apart = False
    m.builder, emitter.space, emitter.context = before
    chunk.captured = outline(function, parent, emitter.space.workspace)


def _dispatch(
    emitter: Emitter, chunk: Chunk, cut: Cut, row: Row, rows: int, scratch: int, most: int
) -> None:
    """Call `parallel` with what the chunks read."""
    m, b = emitter.m, emitter.m.builder
    given = [emitter.space.workspace, *chunk.captured]
    frame_type = ir.LiteralStructType([v.type for v in given])
    with b.goto_entry_block():
        frame = b.alloca(frame_type)
        frame.type = POINTER
    for cell, value in zip(_cells(b, frame, frame_type), given, strict=True):
        b.store(value, cell)
    body = _body(m.module, chunk, frame_type, cut, row, (rows, scratch))
    type_ = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, LONG, LONG])
    known = m.module.globals.get(threads.NAME)
    parallel = known or ir.Function(m.module, type_, threads.NAME)
    b.call(parallel, [_pointer(body), frame, ir.Constant(LONG, cut.count), ir.Constant(LONG, most)])


def _pointer(function: Any) -> Any:
    function.type = POINTER
    return function


def _cells(b: Any, frame: Any, type_: Any) -> Sequence[Any]:
    zero = ir.Constant(INT, 0)
    cells = [
        b.gep(frame, [zero, ir.Constant(INT, i)], source_etype=type_)
        for i in range(len(type_.elements))
    ]
    for cell in cells:
        cell.type = POINTER
    return cells


def _body(
    module: Any, chunk: Chunk, frame_type: Any, cut: Cut, row: Row, blocks: tuple[int, int]
) -> Any:
    """`void body(chunk, worker, frame)`: calls the function of a chunk."""
    type_ = ir.FunctionType(ir.VoidType(), [LONG, LONG, POINTER])
    function = ir.Function(module, type_, f"{chunk.function.name}.body")
    function.linkage = "internal"
    number, worker, frame = function.args
    b = ir.IRBuilder(function.append_basic_block("entry"))

    def within(pointer: Any, block: int, i: Any, size: int) -> Any:
        offset = b.add(b.mul(i, ir.Constant(LONG, size)), ir.Constant(LONG, block))
        return b.gep(pointer, [offset], source_etype=BYTE)

    cells = _cells(b, frame, frame_type)
    workspace, *captured = [
        b.load(c, typ=t) for c, t in zip(cells, frame_type.elements, strict=True)
    ]
    start = b.add(b.mul(number, ir.Constant(LONG, cut.size)), ir.Constant(LONG, cut.start))
    stop = b.add(start, ir.Constant(LONG, cut.size))
    end = ir.Constant(LONG, cut.stop)
    stop = b.select(b.icmp_signed("<", stop, end), stop, end)
    own = within(workspace, blocks[0], number, row.size)
    scratch = within(workspace, blocks[1], worker, chunk.space.size)
    code = b.call(chunk.function, [own, scratch, start, stop, *captured])
    b.store(b.zext(code, LONG), b.gep(own, [ir.Constant(LONG, CODE)], source_etype=BYTE))
    b.ret_void()
    return function


def _row(emitter: Emitter, rows: int, size: int, i: Any) -> Any:
    b = emitter.m.builder
    return b.gep(emitter.space.at(rows), [b.mul(i, ir.Constant(LONG, size))], source_etype=BYTE)


def _failed(emitter: Emitter, rows: int, size: int, count: int) -> None:
    """End the kernel with the failure of the first chunk that has one."""
    b = emitter.m.builder
    with emitter.repeat(0, count, 1) as i:
        row = _row(emitter, rows, size, i)
        cell = b.gep(row, [ir.Constant(LONG, CODE)], source_etype=BYTE)
        code = b.trunc(b.load(cell, typ=LONG), INT)
        with b.if_then(b.icmp_signed("!=", code, ir.Constant(INT, 0)), likely=False):
            details = ir.ArrayType(LONG, 4)
            b.store(b.load(row, typ=details, align=8), emitter.context, align=8)
            b.ret(code)
