"""Tiles of products, as functions of the module: the totals are in registers while the terms go by."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any

from llvmlite import ir

from lineara.backends.native.lanes import I64, Dtype, Number
from lineara.backends.native.loops import BYTE, LONG, Loops
from lineara.backends.native.products.packing import pieces

UNROLLED = 12
"""Tiles of fewer vectors take several steps in one trip, so that a trip has about so many."""


@dataclass(frozen=True, slots=True)
class Tile:
    """The rows, the vectors of a row and their lanes, and the columns that are stored.

    `row` and `term` are the distances of the elements of the first operand, in bytes, `panel` and `down` those of the rows of
    the panel and of the result, whose columns are neighbours.
    """

    dtype: Dtype
    rows: int
    vectors: int
    lanes: int
    columns: int
    row: int
    term: int
    panel: int
    down: int
    fused: bool
    terms: int | None


def call(m: Loops, t: Tile, a: Any, b: Any, c: Any, terms: Any, first: Any) -> None:
    """c = a·b, or c + a·b unless `first`. Where the tile does not say how many terms there are, `terms` does."""
    numbers = [v for v in astuple(t) if v is not t.dtype]
    name = f"lineara.tile.{t.dtype.str[1:]}.{'.'.join(map(str, numbers))}"
    given = [a, b, c] if t.terms is not None else [a, b, c, terms, first]
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
    _Emitter(inside, t, *function.args[:3]).run(*function.args[3:])
    builder.ret_void()
    return function


class _Emitter:
    def __init__(self, m: Loops, t: Tile, a: Any, b: Any, c: Any) -> None:
        self.m, self.t, self.a, self.b, self.c = m, t, a, b, c

    def run(self, terms: Any = None, first: Any = None) -> None:
        """All steps, and the totals to memory."""
        m, t = self.m, self.t
        totals = self._begun(first)
        if t.terms is None:
            self._store(self._trips(totals, terms, 1))
            return
        steps = min(t.terms, max(1, UNROLLED // (t.rows * t.vectors)))
        trips = t.terms // steps
        totals = self._trips(totals, trips, steps)
        for k in range(trips * steps, t.terms):
            totals = self._step(totals, m.constant(k, I64))
        self._store(totals)

    def _begun(self, first: Any) -> list[Number]:
        """Zeros, or what is there."""
        m, t = self.m, self.t
        zeros = [m.constant(0, t.dtype, t.lanes)] * (t.rows * t.vectors)
        if first is None:
            return zeros
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

    def _trips(self, totals: list[Number], trips: Any, steps: int) -> list[Number]:
        m, b = self.m, self.m.builder
        before, body, after = b.block, b.append_basic_block("term"), b.append_basic_block("done")
        b.branch(body)
        b.position_at_end(body)
        k = b.phi(LONG)
        k.add_incoming(LONG(0), before)
        phis = [b.phi(x.value.type) for x in totals]
        for phi, x in zip(phis, totals, strict=True):
            phi.add_incoming(x.value, before)
        now = [m.number(self.t.dtype, phi) for phi in phis]
        place = m.number(I64, k)
        for i in range(steps):
            now = self._step(now, place * steps + i if steps > 1 else place)
        onward = b.add(k, LONG(1), flags=("nuw", "nsw"))
        k.add_incoming(onward, b.block)
        for phi, x in zip(phis, now, strict=True):
            phi.add_incoming(x.value, b.block)
        branch = b.cbranch(b.icmp_signed("<", onward, m.long(trips)), body, after)
        branch.set_metadata("llvm.loop", _as_written(m.module))
        b.position_at_end(after)
        return now

    def _step(self, totals: list[Number], k: Number) -> list[Number]:
        """One term: an outer product."""
        m, t = self.m, self.t
        start = m.further(self.b, k, t.panel)
        width = t.lanes * t.dtype.itemsize
        vectors = [m.load(self._at(start, j * width), t.dtype, t.lanes) for j in range(t.vectors)]
        column = m.further(self.a, k, t.term)
        made = []
        for i in range(t.rows):
            x = m.splat(m.load(self._at(column, i * t.row), t.dtype), t.lanes)
            for j, y in enumerate(vectors):
                total = totals[i * t.vectors + j]
                made.append(m.intrinsic("fma", x, y, total) if t.fused else total + x * y)
        return made

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
        return self._at(self.c, i * self.t.down + column * self.t.dtype.itemsize)

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


def _as_written(module: Any) -> Any:
    """What tells LLVM to leave a loop as it is: it would unroll it, which takes long and gains nothing."""
    loop = module.add_metadata(["tile", module.add_metadata(["llvm.loop.unroll.disable"])])
    loop.operands = (loop, *loop.operands[1:])
    return loop
