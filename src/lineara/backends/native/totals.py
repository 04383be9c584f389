"""The totals of reductions, one for each loop that reduces: numbers or arrays, of as many sub-totals as the order says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lineara.backends.native.lanes import Number
from lineara.backends.native.places import (
    Buffer,
    Index,
    Position,
    Root,
    read,
    row_major,
    write,
)
from lineara.backends.native.steps import Step
from lineara.ir import ArrayType
from lineara.ir.nest import Nest

if TYPE_CHECKING:
    from lineara.backends.native.arrays import Arrays

Full = dict[int, Position]


class Total:
    """The running total of a reduction in a loop over index k, for all positions of the axes of the result that are not bound.

    With `beside`, the sub-totals of one position lie beside each other, for lanes that run along k; otherwise those of
    neighbouring positions do.
    """

    def __init__(
        self, emitter: Arrays, s: Step, k: int, at: Full, *, width: int = 1, beside: bool = False
    ) -> None:
        self.emitter, self.step, self.index, self.at = emitter, s, k, at
        self.width, self.lanes = width, emitter.lanes
        assert isinstance(s.loops, Nest)
        assert s.loops.combine is not None
        self.combine = s.loops.combine
        type_ = s.output.type
        assert isinstance(type_, ArrayType)
        self.dtype = type_.dtype
        free = [k is not None and k not in at for k in s.places]
        self.is_number = not any(free)
        self.beside = width > 1 and (beside or self.is_number)
        self.buffer = self._memory(type_.shape, free)

    def _memory(self, shape: tuple[int, ...], free: Sequence[bool]) -> Buffer:
        e = self.emitter
        if self.width > 1:
            own, stays = (self.width,), [True]
            shape = (*shape, *own) if self.beside else (*own, *shape)
            free = [*free, *stays] if self.beside else [*stays, *free]
        if not self.is_number:
            return e.array(self.dtype, shape, free, self.lanes)
        pointer = e.space.slot(self.dtype, self.lanes * self.width)
        strides = row_major(shape, free)
        return Buffer(pointer, self.dtype, shape, strides, Root(True), self.lanes)

    def clear(self) -> None:
        """Begin again."""
        m = self.emitter.m
        identity = self.combine.identity(m, self.dtype)
        if self.beside and self.lanes == 1:
            row = m.splat(identity, self.width)
            self._over(lambda full: self._write(full, row, Position(0, 1)), wide=False)
            return

        def clear(full: Full) -> None:
            for i in range(self.width):
                self._write(full, identity, Position(i))

        self._over(clear, wide=not self.beside)

    def elsewhere(self, pointer: Any) -> Total:
        """The total of the same loop in other memory."""
        other = copy(self)
        other.buffer = replace(self.buffer, pointer=pointer, root=Root(True))
        return other

    def merge(self, part: Total) -> None:
        """Join what a part of the loop has given."""
        merge, m = self.combine.merge, self.emitter.m

        def join(full: Full) -> None:
            self._write(full, merge(m, self.whole(full), part.whole(full)))

        self._over(join, wide=not part.beside)

    def take(self, part: Total) -> None:
        """Become what a part of the loop has given."""
        self._over(lambda full: self._write(full, part.whole(full)), wide=not part.beside)

    def loaded(self) -> Total:
        """A copy of a number, which stays in registers where its sub-totals are known by number."""
        other = self.elsewhere(self.emitter.space.slot(self.dtype, self.lanes * self.width))
        other.load(self)
        return other

    def load(self, source: Total) -> None:
        """Become a number elsewhere, sub-total by sub-total."""
        m = self.emitter.m
        lanes = self.width if self.lanes == 1 else self.lanes
        for i in range(0, self.width * self.lanes, lanes):
            here, there = [m.at(t.buffer.pointer, i, self.dtype) for t in (self, source)]
            m.store(here, m.load(there, self.dtype, lanes))

    # ------------------------------------------------------------------ at one position

    def whole(self, full: Full) -> Number:
        """What the loop gives at a position: its sub-totals, halves first."""
        m = self.emitter.m
        if self.width == 1:
            return self._read(full)
        merge = self.combine.merge
        if self.beside and self.lanes == 1:
            row = self._read(full, Position(0, 1), self.width)
            return m.reduced(lambda a, b: merge(m, a, b), row)
        parts = [self._read(full, Position(i)) for i in range(self.width)]
        while len(parts) > 1:
            half = len(parts) // 2
            parts = [merge(m, a, b) for a, b in zip(parts[:half], parts[half:], strict=True)]
        return parts[0]

    def add(self, full: Full, join: Callable[..., Number], *element: Number) -> None:
        """Join an element to its sub-total, or those of all lanes to theirs."""
        m, lanes = self.emitter.m, self.emitter.lanes
        place = full[self.index]
        if place.step == 0:
            sub = Position(self._sub(place.base))
            self._write(full, join(m, self._read(full, sub), *element), sub)
            return
        rows = [m.splat(x, lanes) for x in element]
        for first, count in self._blocks(place.base, place.count or lanes):
            sub = Position(self._sub(m.plus(place.base, first), count), int(count > 1))
            parts = [m.shuffle(x, range(first, first + count)) for x in rows]
            old = self._read(full, sub, count)
            self._write(full, join(m, old, *parts), sub, count)

    def row(self, full: Full) -> Number:
        """All sub-totals of a position."""
        return self._read(full, Position(0, 1), self.width)

    def set_row(self, full: Full, x: Number) -> None:
        """Give a position other sub-totals."""
        self._write(full, x, Position(0, 1), self.width)

    def _blocks(self, base: Index, lanes: int) -> Iterator[tuple[int, int]]:
        """The runs of lanes that lie in one row of sub-totals, as (first, count)."""
        first = 0
        while first < lanes:
            column = (base + first) % self.width if isinstance(base, int) else 0
            count = min(self.width - column, lanes - first)
            yield first, count
            first += count

    def _sub(self, place: Index, count: int = 1) -> Index:
        """The sub-total of a place: for whole rows, and for those that begin at multiples of their length."""
        if isinstance(place, int):
            return place % self.width
        if count == self.width:
            return 0
        return self.emitter.m.builder.and_(place, self.emitter.m.long(self.width - 1))

    # ------------------------------------------------------------------ memory

    def _positions(self, full: Full, sub: Position) -> list[Position]:
        at = [Position() if k is None else full.get(k, Position()) for k in self.step.places]
        if self.width == 1:
            return at
        return [*at, sub] if self.beside else [sub, *at]

    def _read(self, full: Full, sub: Position = Position(), lanes: int = 0) -> Number:  # noqa: B008
        places = self._positions(full, sub)
        return read(self.emitter.m, self.buffer, places, lanes or self.emitter.lanes)

    def _write(
        self,
        full: Full,
        x: Number,
        sub: Position = Position(),  # noqa: B008
        lanes: int = 0,
    ) -> None:
        places = self._positions(full, sub)
        write(self.emitter.m, self.buffer, places, x, lanes or max(x.lanes, self.emitter.lanes))

    def _over(self, body: Callable[[Full], None], *, wide: bool = True) -> None:
        axes = [k for k in self.step.places if k is not None and k not in self.at]
        extents = {k: self.step.extents[k] for k in axes}
        before, self.emitter.lanes = self.emitter.lanes, self.lanes
        self.emitter.over(extents, self.at, lambda full, _: body(full), wide=wide)
        self.emitter.lanes = before


class Whole(Total):
    """A total that is summed up in one go: its sub-totals are in registers, and memory is for what they give."""

    def __init__(self, emitter: Arrays, s: Step, k: int, at: Full, width: int) -> None:
        super().__init__(emitter, s, k, at)
        self.rows = width

    def clear(self) -> None:
        """There is nothing to begin again."""

    def row(self, _: Full) -> Number:
        """No sub-total has anything yet."""
        m = self.emitter.m
        return m.splat(self.combine.identity(m, self.dtype), self.rows)

    def set_row(self, full: Full, x: Number) -> None:
        """What the sub-totals of a position give."""
        m, merge = self.emitter.m, self.combine.merge
        self._write(full, m.reduced(lambda a, b: merge(m, a, b), x), lanes=1)
