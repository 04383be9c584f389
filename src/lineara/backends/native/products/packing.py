"""Panels: some columns of a matrix side by side, so that a row of them is whole vectors; what is missing is zeros."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from llvmlite import ir

from lineara.backends.native.lanes import Dtype, Number
from lineara.backends.native.loops import BYTE, LONG, Loops
from lineara.backends.native.memory import POINTER

SQUARE = 8
"""The rows and columns that are turned around in registers."""


class Order(Enum):
    """What lies side by side in a matrix."""

    COLUMNS = "columns"
    TERMS = "terms"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Panel:
    """So many columns of a matrix, in a panel of a width; what lies side by side in the matrix."""

    dtype: Dtype
    columns: int
    width: int
    order: Order


def pack(
    m: Loops,
    source: Any,
    target: Any,
    terms: Any,
    strides: tuple[int, ...],
    shape: tuple[int, int],
    dtype: Dtype,
) -> None:
    """Copy so many terms of some columns of a matrix to a panel; `shape` is these columns and the width of the panel.

    The strides are those of the terms and of the columns.
    """
    step, across = strides
    size, order = dtype.itemsize, Order.NEITHER
    if across == size:
        order = Order.COLUMNS
    elif step == size and shape[0] >= SQUARE:
        order = Order.TERMS
    p = Panel(dtype, *shape, order)
    name = f"lineara.panel.{dtype.str[1:]}.{order.value}.{p.columns}.{p.width}"
    function = m.module.globals.get(name) or _function(m, p, name)
    m.builder.call(function, [source, target, terms, LONG(step), LONG(across)])


def _function(m: Loops, p: Panel, name: str) -> Any:
    type_ = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, LONG, LONG, LONG])
    function = ir.Function(m.module, type_, name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    for argument in function.args[:2]:
        argument.add_attribute("noalias")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    source, target, terms, step, across = function.args
    packer = _Packer(Loops(builder, m.module, m.scratch, m.fail_if), p, step, across)
    packer.run(source, target, terms)
    builder.ret_void()
    return function


class _Packer:
    """Emits the copying: whole vectors where columns are neighbours, squares where terms are, else one by one."""

    def __init__(self, m: Loops, p: Panel, step: Any, across: Any) -> None:
        self.m, self.p, self.step, self.across = m, p, step, across
        self.near, self.row = (LONG(n * p.dtype.itemsize) for n in (1, p.width))

    def run(self, source: Any, target: Any, terms: Any) -> None:
        """All terms."""
        m, done = self.m, LONG(0)
        if self.p.order is Order.TERMS:
            whole = m.builder.sdiv(terms, LONG(SQUARE))
            with m.loop(whole) as i:
                first = (i * SQUARE).value
                self._squares(*self._both(source, target, first))
            done = m.builder.mul(whole, LONG(SQUARE))
        with m.loop(m.builder.sub(terms, done)) as i:
            self._term(*self._both(source, target, m.builder.add(i.value, done)))

    def _both(self, source: Any, target: Any, term: Any) -> tuple[Any, Any]:
        """Where a term is in the matrix and in the panel."""
        return self._at(source, term, self.step), self._at(target, term, self.row)

    def _at(self, pointer: Any, index: Any, stride: Any) -> Any:
        if isinstance(index, int):
            index = LONG(index)
        if isinstance(index, ir.Constant) and isinstance(stride, ir.Constant):
            offset = LONG(index.constant * stride.constant)
        else:
            offset = self.m.builder.mul(index, stride)
        return self.m.builder.gep(pointer, [offset], source_etype=BYTE)

    def _term(self, source: Any, target: Any) -> None:
        """One row of the panel."""
        m, p = self.m, self.p
        if p.order is Order.COLUMNS:
            for start, lanes in pieces(p.columns):
                x = m.load(self._at(source, start, self.near), p.dtype, lanes)
                m.store(self._at(target, start, self.near), x)
        else:
            with m.loop(p.columns) as j:
                x = m.load(self._at(source, j.value, self.across), p.dtype)
                m.store(self._at(target, j.value, self.near), x)
        self._zeros(target)

    def _zeros(self, target: Any) -> None:
        p = self.p
        for start, lanes in pieces(p.width - p.columns):
            place = self._at(target, p.columns + start, self.near)
            self.m.store(place, self.m.constant(0, p.dtype, lanes))

    def _squares(self, source: Any, target: Any) -> None:
        """As many rows of the panel as a square has."""
        m, p = self.m, self.p
        whole, rest = divmod(p.columns, SQUARE)
        with m.loop(whole) as j:
            first = (j * SQUARE).value
            start, place = self._at(source, first, self.across), self._at(target, first, self.near)
            rows = [m.load(self._at(start, i, self.across), p.dtype, SQUARE) for i in range(SQUARE)]
            for i, x in enumerate(turned(m, rows)):
                m.store(self._at(place, i, self.row), x)
        with m.loop(rest) as j:
            column = m.builder.add(j.value, LONG(whole * SQUARE))
            x = m.load(self._at(source, column, self.across), p.dtype, SQUARE)
            place = self._at(target, column, self.near)
            for i in range(SQUARE):
                m.store(self._at(place, i, self.row), m.lane(x, i))
        if p.width > p.columns:
            for i in range(SQUARE):
                self._zeros(self._at(target, i, self.row))


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
