"""Operands of which each lane of a loop reads a row: read row by row, turned, and kept beside each other for a trip.

    in memory   a₀ b₀ c₀   a₁ b₁ c₁   a₂ b₂ c₂   …        on lanes   a₀ a₁ a₂ …   b₀ b₁ b₂ …   c₀ c₁ c₂ …

Otherwise each element of each lane would be read on its own, again in each loop inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

from lineara.backends.native.flat import Value
from lineara.backends.native.places import Buffer, Position, pointer_at
from lineara.backends.native.steps import At, Step
from lineara.backends.native.turned import SIDE, turned
from lineara.ir.nest import Access, Along, Nest

if TYPE_CHECKING:
    from lineara.backends.native.emitter import Emitter

MOST, FEWEST = 64, 4
"""The elements of a row at most, and at least."""


@dataclass(frozen=True, slots=True)
class _Read:
    """An array whose rows are read: where its bound axes are, and the elements of a row."""

    place: Buffer
    fixed: dict[int, Position]
    count: int


def turn(e: Emitter, at: At) -> None:
    """Keep the rows that a trip on lanes reads, turned."""
    found: dict[Value, _Read | None] = {}
    for s in at:
        for v, read in _rows(e, s, at[s]):
            found[v] = read if found.get(v, read) == read else None
    for v, row in found.items():
        if row is not None:
            e.places[v] = _kept(e, v, row)


def _rows(e: Emitter, s: Step, at: dict[int, Position]) -> Iterator[tuple[Value, _Read | None]]:
    """The operands of a step, each with the rows that it reads of it; None if it reads others."""
    nest = s.loops
    if not isinstance(nest, Nest):
        yield from [(v, None) for v in s.inputs]
        return
    for v, access in zip(s.inputs, nest.operands, strict=True):
        place = e.places.get(v)
        if isinstance(place, Buffer) and v not in e.numbers:
            yield v, _row(e, s, at, place, access)


def _row(
    e: Emitter, s: Step, at: dict[int, Position], place: Buffer, access: Access
) -> _Read | None:
    if place.lanes > 1 or place.known is not None or place.dtype.kind not in "fiu":
        return None
    fixed, inner, read = {}, {}, 1
    for a, (x, stride) in enumerate(zip(access, place.strides, strict=True)):
        if not isinstance(x, Along) or stride is None:
            return None
        if x.index in at:
            if not x.aligned:
                return None
            fixed[a] = at[x.index]
        elif stride and place.shape[a] > 1:
            inner[stride] = place.shape[a]
            read *= 1 if x.index is None else s.extents[x.index]
    steps = [place.strides[a] for a, p in fixed.items() if p.step]
    count = prod(inner.values())
    if len(steps) != 1 or steps[0] in (0, 1) or not FEWEST <= count <= min(MOST, 2 * read):
        return None
    return _Read(place, fixed, count) if _is_dense(inner) and not e.lanes % FEWEST else None


def _is_dense(inner: dict[int, int]) -> bool:
    """Whether axes, by their strides, are a piece of memory."""
    expected = 1
    for stride, n in sorted(inner.items()):
        if stride != expected:
            return False
        expected *= n
    return True


def _kept(e: Emitter, v: Value, row: _Read) -> Buffer:
    """The rows, turned."""
    m, place, lanes = e.m, row.place, e.lanes
    positions = [row.fixed.get(a, Position()) for a in range(len(v.shape))]
    start, apart = pointer_at(m, place, positions)
    kept = e.array(place.dtype, (row.count,), None, lanes)
    kept.root.values.append(v)
    side = SIDE
    while lanes % side or side > row.count:
        side //= 2
    last = row.count - side
    (end,) = [p.count or lanes for p in row.fixed.values() if p.step]
    for first in range(0, lanes, side):
        for i in sorted({*range(0, last, side), last}):
            square = [
                m.load(
                    m.at(start, min(first + j, end - 1) * apart + i, place.dtype), place.dtype, side
                )
                for j in range(side)
            ]
            for j, column in enumerate(turned(m, square)):
                m.store(m.at(kept.pointer, (i + j) * lanes + first, place.dtype), column)
    strides = [None if a in row.fixed else n for a, n in enumerate(place.strides)]
    return replace(kept, shape=v.shape, strides=tuple(strides))
