"""Products of matrices, as functions of the module: one for each shape and layout.

    product(x, y, z, scratch)           z = x y, for each of a batch
    part(number, worker, frame)         one panel of columns, for one block of rows

Parts are run one after the other, or by several threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from llvmlite import ir

from lineara.backends.native import threads
from lineara.backends.native.lanes import I64, Dtype, Number
from lineara.backends.native.loops import LONG, Loops
from lineara.backends.native.memory import POINTER
from lineara.backends.native.products.packing import pack
from lineara.backends.native.products.tile import Layout, Tile, call
from lineara.backends.native.products.tiling import (
    BLOCK,
    Kind,
    Tiling,
    block_of_terms,
    tiling,
)
from lineara.backends.native.views import View

WORTH = 1 << 24
"""The products of numbers, times the bytes of a number, from which on threads share a product of matrices."""
SHARES = 8
"""The parts of a shared product at least, if it has as many tiles."""
WORKERS = 64
"""The threads at most that share a product."""
FAR = 1 << 16
"""The bytes of a panel from which on it is packed though it need not be, if four tiles or more read it."""
LINE = 64
BIT = ir.IntType(1)


def multiply(m: Loops, x: View, y: View, z: View) -> None:
    """z = x y for real arrays of matrices: each element is summed up term by term, in order."""
    if 0 in (*x.shape, *y.shape):
        m.map(lambda: m.constant(0, z.dtype), [], z)
        return
    if z.dtype.itemsize not in z.strides[1:]:
        made = m.space(z.dtype, z.shape)
        multiply(m, x, y, made)
        m.copy(made, z)
        return
    plan = Plan.of(x, y, z)
    function = m.module.globals.get(plan.name) or _product(m, plan)
    scratch = m.scratch(plan.workers * plan.strip)
    m.builder.call(function, [v.pointer for v in (plan.x, plan.y, plan.z)] + [scratch])


@dataclass(frozen=True, slots=True)
class Plan:
    """A product, with rows and columns in the places that the tiles want, and how it is cut into parts."""

    x: View
    y: View
    z: View
    tiles: Tiling
    block: int
    blocks: int
    shared: bool

    @staticmethod
    def of(x: View, y: View, z: View) -> Plan:
        """The plan for z = x y."""
        if z.strides[2] != z.dtype.itemsize:
            x, y, z = y.swapped(), x.swapped(), z.swapped()
        batch, rows, terms = x.shape
        tiles = tiling(rows, terms, y.shape[2], x.dtype)
        work = batch * rows * terms * y.shape[2] * x.dtype.itemsize
        block = block_of_terms(x.dtype, tiles.panels.size * tiles.lanes, terms)
        blocks = -(-rows * block * x.dtype.itemsize // BLOCK)
        if work >= WORTH:
            blocks = max(blocks, -(-SHARES // (tiles.panels.count * batch)))
        return Plan(x, y, z, tiles, block, min(blocks, tiles.rows.count), work >= WORTH)

    @property
    def name(self) -> str:
        """The name of its function, which says all that it depends on."""
        shape = (*self.x.shape, self.y.shape[2])
        numbers = (*shape, *self.x.strides, *self.y.strides, *self.z.strides)
        return f"lineara.product.{self.dtype.str[1:]}.{'.'.join(map(str, numbers))}"

    @property
    def dtype(self) -> Dtype:
        """The dtype of all elements."""
        return self.x.dtype

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return int(self.x.shape[0]) * self.blocks * self.tiles.panels.count

    @property
    def workers(self) -> int:
        """How many threads may run them."""
        return min(self.parts, WORKERS) if self.shared else 1

    @property
    def strip(self) -> int:
        """The bytes of the panel of one thread."""
        width = self.tiles.panels.size * self.tiles.lanes
        return -(-self.block * width * self.dtype.itemsize // LINE) * LINE

    def panels(self) -> Iterator[tuple[Kind, int]]:
        """The panels of each kind, and their columns; the last one may lack some of those of its vectors."""
        lanes, count = self.tiles.lanes, self.tiles.panels.count
        missing = -self.y.shape[2] % lanes
        for kind in self.tiles.panels.kinds():
            whole = kind.size * lanes
            if missing and kind.last == count:
                if kind.count > 1:
                    yield replace(kind, last=count - 1), whole
                yield replace(kind, first=count - 1), whole - missing
            else:
                yield kind, whole

    def packs(self, columns: int) -> bool:
        """Whether a panel of so many columns is copied: if it is not whole vectors, or read often from far apart."""
        apart, size = self.y.strides[2], self.dtype.itemsize
        far = self.block * self.y.strides[1] >= FAR and self.tiles.rows.count >= 4
        return apart != size or columns % self.tiles.lanes != 0 or far


def _product(m: Loops, plan: Plan) -> Any:
    """The function of a product, which has its parts run."""
    function = _declared(m, plan.name, [POINTER] * 4)
    b = ir.IRBuilder(function.append_basic_block("entry"))
    frame = b.alloca(ir.ArrayType(POINTER, 4))
    frame.type = POINTER
    for i, argument in enumerate(function.args):
        b.store(argument, b.gep(frame, [LONG(i)], source_etype=POINTER))
    part = _part(m, plan)
    if plan.shared:
        type_ = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, LONG, LONG])
        parallel = m.module.globals.get(threads.NAME) or ir.Function(m.module, type_, threads.NAME)
        part.type = POINTER
        b.call(parallel, [part, frame, LONG(plan.parts), LONG(plan.workers)])
    else:
        with _elsewhere(m, b).loop(plan.parts) as number:
            b.call(part, [number.value, LONG(0), frame])
    b.ret_void()
    return function


def _elsewhere(m: Loops, builder: Any) -> Loops:
    return Loops(builder, m.module, m.scratch, m.fail_if)


def _declared(m: Loops, name: str, arguments: list[Any]) -> Any:
    function = ir.Function(m.module, ir.FunctionType(ir.VoidType(), arguments), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    return function


def _part(m: Loops, plan: Plan) -> Any:
    """The function of a part."""
    function = _declared(m, f"{plan.name}.part", [LONG, LONG, POINTER])
    b = ir.IRBuilder(function.append_basic_block("entry"))
    *counts, frame = function.args
    inside = _elsewhere(m, b)
    _Part(inside, plan, frame).run(*[inside.number(I64, n) for n in counts])
    b.ret_void()
    return function


class _Part:
    """Emits one part: the tiles of one panel, in one block of rows, of one matrix."""

    def __init__(self, m: Loops, plan: Plan, frame: Any) -> None:
        self.m, self.plan = m, plan
        b = m.builder
        self.x, self.y, self.z, self.scratch = [
            b.load(b.gep(frame, [LONG(i)], source_etype=POINTER), typ=POINTER) for i in range(4)
        ]

    def run(self, number: Number, worker: Number) -> None:
        """The part of a number, by one of the threads."""
        m, plan = self.m, self.plan
        each = plan.blocks * plan.tiles.panels.count
        if plan.parts > each:
            matrix, number = self._divided(number, each)
            self.x, self.y, self.z = [
                m.further(p, matrix, v.strides[0])
                for p, v in ((self.x, plan.x), (self.y, plan.y), (self.z, plan.z))
            ]
        self.scratch = m.further(self.scratch, worker, plan.strip)
        block, panel = self._divided(number, plan.tiles.panels.count)
        kinds = list(plan.panels())
        for kind, columns in kinds:
            with self._if_among(panel, kind, alone=len(kinds) == 1):
                self._panel(kind, columns, panel, block)

    def _divided(self, number: Number, count: int) -> tuple[Number, Number]:
        whole = self.m.number(I64, self.m.builder.udiv(number.value, LONG(count)))
        return whole, number - whole * count

    @contextmanager
    def _if_among(self, number: Number, kind: Kind, *, alone: bool) -> Iterator[None]:
        if alone:
            yield
            return
        m = self.m
        among = m.ge(number, kind.first) & m.lt(number, kind.last)
        with m.builder.if_then(among.value):
            yield

    def _panel(self, kind: Kind, columns: int, number: Number, block: Number) -> None:
        """All terms of a panel, block after block."""
        m, plan = self.m, self.plan
        column = (number * kind.size + kind.offset) * plan.tiles.lanes
        y = m.further(self.y, column, plan.y.strides[2])
        z = m.further(self.z, column, plan.z.strides[2])
        terms = plan.x.shape[2]
        if plan.block == terms:
            self._rows(kind, columns, (self.x, y, z), block, terms, ir.Constant(BIT, 1))
            return
        with m.loop(-(-terms // plan.block)) as i:
            start = i * plan.block
            x = m.further(self.x, start, plan.x.strides[2])
            rest = terms - start
            count = m.where(m.lt(rest, plan.block), rest, plan.block).value
            places = (x, m.further(y, start, plan.y.strides[1]), z)
            self._rows(kind, columns, places, block, count, m.eq(i, 0).value)

    def _rows(
        self, kind: Kind, columns: int, places: Any, block: Number, terms: Any, first: Any
    ) -> None:
        """The tiles of a block of rows, for a block of terms."""
        m, plan = self.m, self.plan
        x, y, z = places
        (_, row, term), (_, step, across) = plan.x.strides, plan.y.strides
        if plan.packs(columns):
            shape = (columns, kind.size * plan.tiles.lanes)
            pack(m, y, self.scratch, m.long(terms), (step, across), shape, plan.dtype)
            y, step = self.scratch, kind.size * plan.tiles.lanes * plan.dtype.itemsize
        layout = Layout(row, term, step, plan.z.strides[1])
        for rows in plan.tiles.rows.kinds():
            begin, count = self._tiles(rows, block)
            tile = Tile(plan.dtype, rows.size, kind.size, plan.tiles.lanes, columns)
            with m.loop(count) as i:
                start = (i + begin) * rows.size + rows.offset
                a, c = m.further(x, start, layout.row), m.further(z, start, layout.down)
                call(m, tile, (a, y, c), terms, first, layout)

    def _tiles(self, rows: Kind, block: Number) -> tuple[Number | int, Any]:
        """The first tile of a kind in a block of rows, and how many there are."""
        m, plan = self.m, self.plan
        if plan.blocks == 1:
            return rows.first, rows.count
        size = -(-plan.tiles.rows.count // plan.blocks)
        begin = m.maximum(block * size, m.constant(rows.first, I64))
        end = m.minimum((block + 1) * size, m.constant(rows.last, I64))
        return begin, (end - begin).value
