"""The totals of reductions: one for each loop that reduces, in a register or in an array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lineara.backends.native.lanes import Number
from lineara.backends.native.places import Position, Root, read, write
from lineara.backends.native.steps import Step
from lineara.ir import ArrayType
from lineara.ir.nest import Nest

if TYPE_CHECKING:
    from lineara.backends.native.arrays import Arrays


class Total:
    """The running total of a reduction in one loop: in a register, or an array for the axes that are not bound."""

    def __init__(self, emitter: Arrays, s: Step, at: dict[int, Position], lanes: int) -> None:
        self.emitter, self.step, self.at, self.lanes = emitter, s, at, lanes
        self.nest = s.loops
        assert isinstance(self.nest, Nest)
        assert self.nest.combine is not None
        type_ = s.output.type
        assert isinstance(type_, ArrayType)
        self.dtype = type_.dtype
        free = [k is not None and k not in at for k in s.places]
        self.slot: Any = None
        if any(free):
            self.buffer = emitter.array(self.dtype, type_.shape, free, lanes)
        else:
            self.slot = emitter.space.slot(self.dtype, lanes)
        self._clear()

    def _clear(self) -> None:
        m = self.emitter.m
        assert isinstance(self.nest, Nest)
        assert self.nest.combine is not None
        identity = m.splat(self.nest.combine.identity(m, self.dtype), self.lanes)
        if self.slot is not None:
            m.store(self.slot, identity)
            return

        def clear(full: dict[int, Position], width: int) -> None:
            write(m, self.buffer, self._positions(full), identity, width)

        self._over(clear)

    def elsewhere(self, pointer: Any) -> Total:
        """The total of the same loop in other memory."""
        other = copy(self)
        if self.slot is not None:
            other.slot = pointer
        else:
            other.buffer = replace(self.buffer, pointer=pointer, root=Root(True))
        return other

    def begun(self, place: Total) -> Total:
        """The total of a part of the loop, to be left at a place: in a register until then, if it is a number."""
        if self.slot is not None:
            return Total(self.emitter, self.step, self.at, self.lanes)
        place._clear()
        return place

    def leave(self, place: Total) -> None:
        """Put a number in its place."""
        if self.slot is not None:
            place.set((), self.get(()))

    def merge(self, part: Total) -> None:
        """Merge the total of a part of the loop into this one."""
        assert isinstance(self.nest, Nest)
        assert self.nest.combine is not None
        merge = self.nest.combine.merge

        def join(full: dict[int, Position], width: int) -> None:
            positions = self._positions(full)
            self.set(positions, merge(self.emitter.m, self.get(positions), part.get(positions)))

        self._over(join)

    def _positions(self, full: dict[int, Position]) -> list[Position]:
        return [full.get(k, Position()) if k is not None else Position() for k in self.step.places]

    def _over(self, body: Callable[[dict[int, Position], int], None]) -> None:
        axes = [k for k in self.step.places if k is not None and k not in self.at]
        extents = {k: self.step.extents[k] for k in axes}
        before = self.emitter.lanes
        self.emitter.lanes = self.lanes
        self.emitter.over(extents, self.at, body)
        self.emitter.lanes = before

    def get(self, positions: Sequence[Position]) -> Number:
        """The total at positions."""
        if self.slot is not None:
            return self.emitter.m.load(self.slot, self.dtype, self.lanes)
        return read(self.emitter.m, self.buffer, positions, self.emitter.lanes)

    def set(self, positions: Sequence[Position], x: Number) -> None:
        """Change the total at positions."""
        if self.slot is not None:
            self.emitter.m.store(self.slot, self.emitter.m.splat(x, self.lanes))
        else:
            write(self.emitter.m, self.buffer, positions, x, self.emitter.lanes)

    def merge_lanes(self, wide: Total) -> None:
        """Merge the totals of all lanes into this one, which has one lane."""
        m = self.emitter.m
        assert isinstance(self.nest, Nest)
        assert self.nest.combine is not None
        merge = self.nest.combine.merge

        def join(full: dict[int, Position], width: int) -> None:
            positions = self._positions(full)
            if wide.slot is not None:
                lanes = m.load(wide.slot, self.dtype, wide.lanes)
            else:
                lanes = read(m, wide.buffer, positions, wide.lanes)
            whole = m.reduced(lambda a, b: merge(m, a, b), lanes)
            self.set(positions, merge(m, self.get(positions), whole))

        axes = [k for k in self.step.places if k is not None and k not in self.at]
        self.emitter.over({k: self.step.extents[k] for k in axes}, self.at, join, wide=False)
