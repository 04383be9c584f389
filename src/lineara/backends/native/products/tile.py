"""Tiles of products, as functions of the module: the totals are in registers while the terms go by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

from llvmlite import ir

from lineara.backends.native.lanes import Dtype, Number
from lineara.backends.native.loops import BYTE, LONG, Loops
from lineara.backends.native.products.packing import pieces
from lineara.backends.native.products.tiling import registers


@dataclass(frozen=True, slots=True)
class Tile:
    """The rows, the vectors of a row and their lanes, and the columns that are stored."""

    dtype: Dtype
    rows: int
    vectors: int
    lanes: int
    columns: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The bytes between rows and terms of the first operand, between rows of the panel, and between those of the result."""

    row: int
    term: int
    panel: int
    down: int


def call(m: Loops, t: Tile, places: Sequence[Any], terms: Any, first: Any, layout: Layout) -> None:
    """c = a·b for so many terms where they are the first, else c + a·b."""
    name = f"lineara.tile.{t.dtype.str[1:]}.{t.rows}.{t.vectors}.{t.columns}"
    distances = [LONG(n) for n in astuple(layout)]
    given = [*places, first, m.long(terms), *distances]
    function = m.module.globals.get(name) or _function(m, t, name, [v.type for v in given])
    m.builder.call(function, given)


def _function(m: Loops, t: Tile, name: str, types: list[Any]) -> Any:
    function = ir.Function(m.module, ir.FunctionType(ir.VoidType(), types), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    for argument in function.args[:3]:
        argument.add_attribute("noalias")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    inside = Loops(builder, m.module, m.scratch, m.fail_if)
    a, b, c, first, terms, row, term, panel, down = function.args
    _Emitter(inside, t, (a, b, c), row, down).run(first, terms, term, panel)
    builder.ret_void()
    return function


class _Emitter:
    """Emits a tile. The rows of the first operand are found in threes, from one pointer each."""

    def __init__(self, m: Loops, t: Tile, places: Sequence[Any], row: Any, down: Any) -> None:
        self.m, self.t = m, t
        self.a, self.b, self.c = places
        self.row, self.down = row, down

    def run(self, first: Any, terms: Any, term: Any, panel: Any) -> None:
        """All steps, and the totals to memory."""
        self._store(self._trips(self._begun(first), terms, term, panel))

    def _begun(self, first: Any) -> list[Number]:
        """Zeros, or what is there."""
        m, t = self.m, self.t
        zeros = [m.constant(0, t.dtype, t.lanes)] * (t.rows * t.vectors)
        b = m.builder
        before, load, start = b.block, b.append_basic_block("more"), b.append_basic_block("start")
        b.cbranch(first, start, load)
        b.position_at_end(load)
        there = self._loaded()
        last = b.block
        b.branch(start)
        b.position_at_end(start)
        made = []
        for zero, x in zip(zeros, there, strict=True):
            phi = b.phi(zero.value.type)
            phi.add_incoming(zero.value, before)
            phi.add_incoming(x.value, last)
            made.append(m.number(t.dtype, phi))
        return made

    def _trips(self, totals: list[Number], terms: Any, term: Any, panel: Any) -> list[Number]:
        m, b, t = self.m, self.m.builder, self.t
        bases = [self._further(self.a, self.row, i) for i in range(0, t.rows, 3)]
        before, body, after = b.block, b.append_basic_block("term"), b.append_basic_block("done")
        b.branch(body)
        b.position_at_end(body)
        started = [
            (b.phi(v.type), v) for v in (LONG(0), self.b, *bases, *[x.value for x in totals])
        ]
        k, vectors, *rest = [phi for phi, _ in started]
        now = [m.number(t.dtype, phi) for phi in rest[len(bases) :]]
        made = self._step(now, vectors, rest[: len(bases)])
        onward = b.add(k, LONG(1), flags=("nuw", "nsw"))
        moved = [b.gep(vectors, [panel], source_etype=BYTE)]
        moved += [b.gep(p, [term], source_etype=BYTE) for p in rest[: len(bases)]]
        for (phi, begin), end in zip(
            started, [onward, *moved, *[x.value for x in made]], strict=True
        ):
            phi.add_incoming(begin, before)
            phi.add_incoming(end, b.block)
        branch = b.cbranch(b.icmp_signed("<", onward, terms), body, after)
        branch.set_metadata("llvm.loop", as_written(m.module))
        b.position_at_end(after)
        return made

    def _step(self, totals: list[Number], start: Any, bases: Sequence[Any]) -> list[Number]:
        """One term: an outer product."""
        m, t = self.m, self.t
        width = t.lanes * t.dtype.itemsize
        vectors = [m.load(self._at(start, j * width), t.dtype, t.lanes) for j in range(t.vectors)]
        made = []
        for i in range(t.rows):
            place = self._further(bases[i // 3], self.row, i % 3)
            x = m.splat(m.load(place, t.dtype), t.lanes)
            for j, y in enumerate(vectors):
                total = totals[i * t.vectors + j]
                made.append(m.intrinsic("fma", x, y, total) if registers().fused else total + x * y)
        return made

    def _further(self, pointer: Any, distance: Any, count: int) -> Any:
        b = self.m.builder
        if count == 0:
            return pointer
        return b.gep(pointer, [b.mul(distance, LONG(count))], source_etype=BYTE)

    def _at(self, pointer: Any, offset: int) -> Any:
        return self.m.builder.gep(pointer, [LONG(offset)], source_etype=BYTE) if offset else pointer

    def _loaded(self) -> list[Number]:
        m, t = self.m, self.t
        made = []
        for i in range(t.rows):
            for j in range(t.vectors):
                parts = [
                    m.load(self._place(i, j * t.lanes + start), t.dtype, lanes)
                    for start, lanes in self._pieces(j)
                ]
                x = m.constant(0, t.dtype, t.lanes)
                made.append(self._joined(parts, x))
        return made

    def _joined(self, parts: list[Number], x: Number) -> Number:
        if len(parts) == 1 and parts[0].lanes == x.lanes:
            return parts[0]
        lanes = [self.m.lane(p, i) for p in parts for i in range(p.lanes)]
        rest = [self.m.lane(x, i) for i in range(len(lanes), x.lanes)]
        return self.m.joined([*lanes, *rest])

    def _place(self, i: int, column: int) -> Any:
        """Where an element of the result is."""
        return self._at(self._further(self.c, self.down, i), column * self.t.dtype.itemsize)

    def _pieces(self, j: int) -> list[tuple[int, int]]:
        """The parts of a vector that are in the result, as they lie in memory."""
        return pieces(min(self.t.lanes, self.t.columns - j * self.t.lanes))

    def _store(self, totals: list[Number]) -> None:
        m, t = self.m, self.t
        for i in range(t.rows):
            for j in range(t.vectors):
                for start, lanes in self._pieces(j):
                    x = totals[i * t.vectors + j]
                    part = x if lanes == x.lanes else m.shuffle(x, range(start, start + lanes))
                    m.store(self._place(i, j * t.lanes + start), part)


def as_written(module: Any) -> Any:
    """What tells LLVM to leave a loop as it is: it would unroll it, which takes long and gains nothing."""
    loop = module.add_metadata(["tile", module.add_metadata(["llvm.loop.unroll.disable"])])
    loop.operands = (loop, *loop.operands[1:])
    return loop
