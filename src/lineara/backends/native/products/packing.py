"""Panels: some columns of a matrix side by side, so that a row of them is whole vectors; what is missing is zeros."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from lineara.backends.native.lanes import I64, Dtype, Number
from lineara.backends.native.loops import BYTE, LONG, Loops
from lineara.backends.native.memory import POINTER

SQUARE = 8
"""The rows and columns that are turned around in registers."""


@dataclass(frozen=True, slots=True)
class Panel:
    """So many columns of a matrix, in a panel of a width; `step` and `across` are the bytes between its rows and columns."""

    dtype: Dtype
    step: int
    across: int
    columns: int
    width: int


def pack(m: Loops, source: Any, target: Any, terms: Any, p: Panel) -> None:
    """Copy so many rows of a matrix to a panel."""
    numbers = (p.step, p.across, p.columns, p.width)
    name = f"lineara.panel.{p.dtype.str[1:]}.{'.'.join(map(str, numbers))}"
    function = m.module.globals.get(name) or _function(m, p, name)
    m.builder.call(function, [source, target, terms])


def _function(m: Loops, p: Panel, name: str) -> Any:
    type_ = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, LONG])
    function = ir.Function(m.module, type_, name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    for argument in function.args[:2]:
        argument.add_attribute("noalias")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    _Packer(Loops(builder, m.module, m.scratch, m.fail_if), p).run(*function.args)
    builder.ret_void()
    return function


class _Packer:
    """Emits the copying: whole vectors where columns are neighbours, squares where terms are, else one by one."""

    def __init__(self, m: Loops, p: Panel) -> None:
        self.m, self.dtype, self.columns, self.width = m, p.dtype, p.columns, p.width
        self.step, self.across = p.step, p.across

    def run(self, source: Any, target: Any, terms: Any) -> None:
        """All terms."""
        m, size = self.m, self.dtype.itemsize
        if self.across != size and self.step == size and self.columns >= SQUARE:
            whole = m.builder.sdiv(terms, LONG(SQUARE))
            with m.loop(whole) as i:
                self._squares(
                    self._at(source, i, SQUARE * self.step), self._row(target, i * SQUARE)
                )
            done = m.number(I64, m.builder.mul(whole, LONG(SQUARE)))
            with m.loop(m.builder.sub(terms, done.value)) as i:
                place = i + done
                self._term(self._at(source, place, self.step), self._row(target, place))
            return
        with m.loop(terms) as i:
            self._term(self._at(source, i, self.step), self._row(target, i))

    def _row(self, target: Any, i: Number) -> Any:
        return self._at(target, i, self.width * self.dtype.itemsize)

    def _at(self, pointer: Any, index: Number | int, stride: int) -> Any:
        if isinstance(index, int):
            return self.m.builder.gep(pointer, [LONG(index * stride)], source_etype=BYTE)
        return self.m.further(pointer, index, stride)

    def _term(self, source: Any, target: Any) -> None:
        """One row of the panel."""
        m, size = self.m, self.dtype.itemsize
        if self.across == size:
            for start, lanes in pieces(self.columns):
                x = m.load(self._at(source, start, size), self.dtype, lanes)
                m.store(self._at(target, start, size), x)
        else:
            with m.loop(self.columns) as j:
                x = m.load(self._at(source, j, self.across), self.dtype)
                m.store(self._at(target, j, size), x)
        self._zeros(target)

    def _zeros(self, target: Any) -> None:
        for start, lanes in pieces(self.width - self.columns):
            place = self._at(target, self.columns + start, self.dtype.itemsize)
            self.m.store(place, self.m.constant(0, self.dtype, lanes))

    def _squares(self, source: Any, target: Any) -> None:
        """As many rows of the panel as a square has."""
        m, size = self.m, self.dtype.itemsize
        whole = self.columns // SQUARE
        with m.loop(whole) as j:
            start = self._at(source, j, SQUARE * self.across)
            rows = [
                m.load(self._at(start, i, self.across), self.dtype, SQUARE) for i in range(SQUARE)
            ]
            place = self._at(target, j, SQUARE * size)
            for i, x in enumerate(turned(m, rows)):
                m.store(self._at(place, i, self.width * size), x)
        rest = self.columns - whole * SQUARE
        if rest:
            start = self._at(source, whole * SQUARE, self.across)
            place = self._at(target, whole * SQUARE, size)
            with m.loop(rest) as j:
                x = m.load(self._at(start, j, self.across), self.dtype, SQUARE)
                column = self._at(place, j, size)
                for i in range(SQUARE):
                    m.store(self._at(column, i, self.width * size), m.lane(x, i))
        for i in range(SQUARE if self.width > self.columns else 0):
            self._zeros(self._at(target, i, self.width * size))


def turned(m: Loops, rows: list[Number]) -> list[Number]:
    """A square of as many vectors as lanes, with rows and columns exchanged, by halves, quarters, …"""
    n = len(rows)
    distance = n // 2
    while distance:
        changed = list(rows)
        for i in range(n):
            if not i & distance:
                low, high = rows[i], rows[i + distance]
                changed[i] = _mixed(m, low, high, [_low(j, distance, n) for j in range(n)])
                changed[i + distance] = _mixed(
                    m, low, high, [_low(j, distance, n) + distance for j in range(n)]
                )
        rows, distance = changed, distance // 2
    return rows


def _low(j: int, distance: int, n: int) -> int:
    """Which lane of two vectors comes to lane j: of the second one where j has the bit of the distance."""
    return n + j - distance if j & distance else j


def _mixed(m: Loops, x: Number, y: Number, lanes: list[int]) -> Number:
    mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes)
    return m.number(x.dtype, m.builder.shuffle_vector(x.value, y.value, mask))


def pieces(count: int) -> list[tuple[int, int]]:
    """So many elements as vectors: where each begins, and its lanes, a power of 2 of at most 16."""
    made, start = [], 0
    for lanes in (16, 8, 4, 2, 1):
        while count - start >= lanes:
            made.append((start, lanes))
            start += lanes
    return made
