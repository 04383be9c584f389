"""Where values are: arrays in memory, and formulas; and how an element at positions is read and written.

A position is `base + lane·step` on each lane, or a number of its own on each lane. Bases are Python ints where they are
known, so that small arrays are addressed by constants, which LLVM keeps in registers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
from llvmlite import ir

from lineara.backends.native.lanes import Dtype, Number
from lineara.backends.native.procedure import Procedure
from lineara.ir.nest import Access, Along, Computed, Linear

I64 = np.dtype(np.int64)
LONG = ir.IntType(64)
Index = Any
"""An int, or an LLVM value of 64 bits."""


class Machine(Procedure):
    """The arithmetic of the emitter, with positions."""

    index = I64

    def lowest(self, dtype: Dtype) -> Any:
        """The least value of a dtype."""
        if dtype.kind == "f":
            return -np.inf
        return False if dtype.kind == "b" else int(np.iinfo(dtype).min)

    def highest(self, dtype: Dtype) -> Any:
        """The greatest value of a dtype."""
        if dtype.kind == "f":
            return np.inf
        return True if dtype.kind == "b" else int(np.iinfo(dtype).max)

    def plus(self, x: Index, y: Index) -> Index:
        """A sum of indices."""
        if isinstance(x, int) and isinstance(y, int):
            return x + y
        if isinstance(x, int) and x == 0:
            return y
        if isinstance(y, int) and y == 0:
            return x
        return self.once(("+", x, y), lambda: self.builder.add(self.long(x), self.long(y)))

    def times(self, x: Index, n: int) -> Index:
        """An index times a constant."""
        if isinstance(x, int):
            return x * n
        if n == 0:
            return 0
        if n == 1:
            return x
        return self.once(("*", x, n), lambda: self.builder.mul(x, self.long(n)))


@dataclass(frozen=True, slots=True)
class Position:
    """`base + lane·step`, or on each lane a number of its own. The span is known of all lanes: the first and the last.

    With a `count`, the lanes from it on are beyond the end: nothing is read or written for them.
    """

    base: Index = 0
    step: int = 0
    number: Number | None = None
    span: tuple[int, int] | None = None
    count: int | None = None

    def number_on(self, m: Machine, lanes: int) -> Number:
        """The position as a number."""
        if self.number is not None:
            return self.number
        base = m.number(I64, m.long(self.base))
        if self.step == 0 or lanes == 1:
            return base
        return base + m.iota(lanes) * self.step


def position_of(number: Number) -> Position:
    """The position that a computed number is."""
    if number.lanes > 1:
        return Position(number=number)
    value = number.value
    return Position(value.constant if isinstance(value, ir.Constant) else value)


def along(m: Machine, access: Along | Linear, index: Callable[[int], Position]) -> Position:
    """Where an access is, at positions of the indices."""
    if isinstance(access, Linear):
        place = Position()
        for k, step in access.terms:
            p = index(k)
            base, count = m.plus(place.base, m.times(p.base, step)), place.count or p.count
            place = Position(base, place.step + p.step * step, count=count)
        return place
    if access.index is None:
        return Position(access.start, span=(access.start, access.start))
    p = index(access.index)
    if p.number is not None:
        return Position(number=p.number * access.step + access.start)
    span = p.span
    if span is not None:
        ends = sorted([end * access.step + access.start for end in span])
        span = (ends[0], ends[1])
    base = m.plus(m.times(p.base, access.step), access.start)
    return Position(base, p.step * access.step, span=span, count=p.count)


@dataclass(slots=True, eq=False)
class Root:
    """Memory that arrays share: whether it may be changed here, who uses it, and what to give back in the end."""

    owned: bool
    values: list[Any] = field(default_factory=list)
    block: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Buffer:
    """An array in memory. Strides are in elements (of all lanes together); None: the axis is bound, and not in memory.

    `known` are the elements of the memory of a constant.
    """

    pointer: Any
    dtype: Dtype
    shape: tuple[int, ...]
    strides: tuple[int | None, ...]
    root: Root
    lanes: int = 1
    offset: Index = 0
    known: np.ndarray[Any, Any] | None = None

    @property
    def contiguous(self) -> bool:
        """Whether its elements lie in row-major order, one after the other."""
        expected = 1
        for n, s in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if n != 1 and s != expected:
                return False
            expected *= n
        return self.lanes == 1


def constant(m: Machine, value: np.ndarray[Any, Any], name: str) -> Buffer:
    """An array that is known, in the data of the module."""
    table = m.module.globals.get(name)
    if table is None:
        data = np.ascontiguousarray(value).tobytes()
        type_ = ir.ArrayType(ir.IntType(8), len(data))
        table = ir.GlobalVariable(m.module, type_, name)
        table.initializer = ir.Constant(type_, bytearray(data))
        table.global_constant, table.linkage, table.align = True, "internal", 64
        table.type = ir.PointerType()
    shape, strides = value.shape, row_major(value.shape)
    return Buffer(table, value.dtype, shape, strides, Root(False), known=value.ravel())


def row_major(shape: Sequence[int], stays: Sequence[bool] | None = None) -> tuple[int | None, ...]:
    """The strides of an array in row-major order, of the axes that are in memory."""
    stays = stays or [True] * len(shape)
    return tuple(
        [
            prod([n for n, on in zip(shape[a + 1 :], stays[a + 1 :], strict=True) if on])
            if stays[a]
            else None
            for a in range(len(shape))
        ]
    )


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """An array that is nowhere: its element at positions is made when it is read.

    Between two of the `borders` of an axis its elements are made alike; `roots` is the memory that they are made of,
    `parts` the number of arrays that it is put together of, and `work` the operations that make an element.
    """

    element: Callable[[Sequence[Position], int], Number]
    borders: tuple[frozenset[int], ...] = ()
    roots: tuple[Root, ...] = ()
    parts: int = 0
    work: float = 0.0

    @property
    def is_pieced(self) -> bool:
        """Whether elements are made differently in different places."""
        return any(self.borders)


Place = Buffer | Formula


def _offset(
    m: Machine, buffer: Buffer, positions: Sequence[Position]
) -> tuple[Index, int, Number | None, int | None]:
    """The offset in elements, its step from lane to lane, what differs in no regular way, and how many lanes count."""
    base: Index = buffer.offset
    step, number, count = 0, None, None
    for p, stride in zip(positions, buffer.strides, strict=True):
        if stride is None or stride == 0:
            continue
        if p.number is not None:
            term = p.number * stride
            number = term if number is None else number + term
        else:
            base, step = m.plus(base, m.times(p.base, stride)), step + p.step * stride
        count = count or p.count
    return base, step, number, count


def read(m: Machine, place: Place, positions: Sequence[Position], lanes: int) -> Number:
    """The element at positions."""
    if isinstance(place, Formula):
        return place.element(positions, lanes)
    base, step, number, count = _offset(m, place, positions)
    dtype, count = place.dtype, count or lanes
    if place.known is not None and isinstance(base, int) and number is None and not step:
        return m.constant(place.known[base], dtype)
    if place.lanes > 1:
        if number is not None:
            return m.gather(
                place.pointer,
                (number + m.number(I64, m.long(base))) * place.lanes + m.iota(lanes),
                dtype,
            )
        return m.load(_at(m, place.pointer, m.times(base, place.lanes), dtype), dtype, place.lanes)
    if number is not None:
        if step:
            number = number + m.iota(lanes, last=count - 1) * step
        return m.gather(_at(m, place.pointer, base, dtype), number, dtype)
    if step == 0 or lanes == 1:
        return m.load(_at(m, place.pointer, base, dtype), dtype)
    if step == 1:
        return m.load(_at(m, place.pointer, base, dtype), dtype, lanes, count)
    if step == -1:
        start = m.plus(base, 1 - count)
        x = m.load(_at(m, place.pointer, start, dtype), dtype, lanes, count)
        return m.shuffle(x, [max(0, count - 1 - k) for k in range(lanes)])
    found = [_lane(m, place.pointer, base, k * step, dtype) for k in range(count)]
    return m.joined(found + found[-1:] * (lanes - count))


def pointer_at(m: Machine, buffer: Buffer, positions: Sequence[Position]) -> tuple[Any, int]:
    """Where the first lane has its element, and how many elements lie between two lanes."""
    base, step, *_ = _offset(m, buffer, positions)
    return _at(m, buffer.pointer, base, buffer.dtype), step


def write(m: Machine, buffer: Buffer, positions: Sequence[Position], x: Number, lanes: int) -> None:
    """Write the element at positions."""
    base, step, number, count = _offset(m, buffer, positions)
    if buffer.lanes > 1:
        x = m.splat(x, buffer.lanes)
        if number is not None:
            where = (number + m.number(I64, m.long(base))) * buffer.lanes + m.iota(lanes)
            m.scatter(buffer.pointer, where, x)
            return
        m.store(_at(m, buffer.pointer, m.times(base, buffer.lanes), buffer.dtype), x)
        return
    pointer = _at(m, buffer.pointer, base, buffer.dtype)
    if number is not None:
        number = number + m.iota(lanes) * step if step else number
        m.scatter(pointer, number, m.splat(x, lanes))
    elif step == 0 or lanes == 1:
        m.store(pointer, x if x.lanes == 1 else m.lane(x, x.lanes - 1))
    elif step == 1:
        m.store(pointer, m.splat(x, lanes), count)
    else:
        x = m.splat(x, lanes)
        for k in range(count or lanes):
            m.store(_at(m, pointer, k * step, buffer.dtype), m.lane(x, k))


def _lane(m: Machine, pointer: Any, base: Index, offset: int, dtype: Dtype) -> Number:
    """The element that is so far from a base."""
    return m.load(_at(m, _at(m, pointer, base, dtype), offset, dtype), dtype)


def _at(m: Machine, pointer: Any, offset: Index, dtype: Dtype) -> Any:
    if isinstance(offset, int) and offset == 0:
        return pointer
    return m.at(pointer, offset if isinstance(offset, int) else m.number(I64, offset), dtype)


def viewed(m: Machine, place: Place, access: Access, shape: tuple[int, ...]) -> Place | None:
    """The array that a view of a place is; None if it has to be copied."""
    if any(isinstance(x, Computed) for x in access):
        return None
    if isinstance(place, Formula):
        formula = place

        def element(positions: Sequence[Position], lanes: int) -> Number:
            return formula.element([along(m, x, lambda k: positions[k]) for x in access], lanes)  # type: ignore[arg-type]

        borders = seen(place.borders, access, len(shape))
        return Formula(element, borders, place.roots, place.parts, place.work)
    strides: list[int | None] = [0] * len(shape)
    offset = place.offset
    for x, stride in zip(access, place.strides, strict=True):
        assert not isinstance(x, Computed)
        if stride is None:
            if isinstance(x, Along) and x.index is not None:
                strides[x.index] = None
            continue
        if isinstance(x, Linear):
            for k, step in x.terms:
                strides[k] = (strides[k] or 0) + step * stride
            continue
        offset = m.plus(offset, x.start * stride)
        if x.index is not None:
            strides[x.index] = (strides[x.index] or 0) + x.step * stride
    return replace(place, shape=shape, strides=tuple(strides), offset=offset)


def seen(
    borders: tuple[frozenset[int], ...], access: Access, rank: int
) -> tuple[frozenset[int], ...]:
    """The borders of an array, along the indices of an access to it."""
    found: list[set[int]] = [set() for _ in range(rank)]
    for x, cuts in zip(access, borders, strict=False):
        if isinstance(x, Along) and x.index is not None:
            for cut in cuts:
                if x.step > 0:
                    found[x.index].add(-((x.start - cut) // x.step))
                elif x.step < 0:
                    found[x.index].add((x.start - cut) // -x.step + 1)
    return tuple(map(frozenset, found))


def reshaped(place: Place, shape: tuple[int, ...], access: Access) -> Place | None:
    """The array with the same elements in row-major order under another shape; None if it has to be copied."""
    if not isinstance(place, Buffer):
        return None
    bound = [
        x.index
        for x, s in zip(access, place.strides, strict=True)
        if s is None and isinstance(x, Along)
    ]
    kept = [s is not None for s in place.strides]
    if len(bound) != kept.count(False):
        return None
    expected = row_major(place.shape, kept)
    same = all(
        n == 1 or s == e for n, s, e in zip(place.shape, place.strides, expected, strict=True)
    )
    if not same:
        return None
    strides = row_major(shape, [k not in bound for k in range(len(shape))])
    return replace(place, shape=shape, strides=strides)
