"""The trips of a loop: the level inside, for each of them or for several on lanes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lineara.backends.native.columns import turn
from lineara.backends.native.flat import Value
from lineara.backends.native.groups import Group
from lineara.backends.native.lanewise import unrolled
from lineara.backends.native.places import Index, Position
from lineara.backends.native.steps import At, Step
from lineara.backends.native.turned import rows

if TYPE_CHECKING:
    from lineara.backends.native.emitter import Emitter


@dataclass(frozen=True, slots=True)
class Trips:
    """Trips from start to stop, counted from a base, on so many lanes; all of them are in the span."""

    start: Index
    stop: Index
    lanes: int
    span: tuple[int, int]
    base: Index = 0

    @property
    def count(self) -> int | None:
        """How many there are, if that is known."""
        known = isinstance(self.start, int) and isinstance(self.stop, int)
        return self.stop - self.start if known else None

    def between(self, start: Index, stop: Index) -> Trips:
        """Some of them."""
        return replace(self, start=start, stop=stop)

    def place(self, emitter: Emitter, i: Index) -> Position:
        """Where the lanes of a trip are."""
        i = emitter.m.plus(self.base, i)
        known = self.count
        count = known if known is not None and known < self.lanes else None
        first, last = self.span[0], self.span[1] - 1
        if isinstance(i, int):
            first, last = i, i + (count or self.lanes) - 1
        return Position(i, 1 if self.lanes > 1 else 0, span=(first, last), count=count)


def run(
    e: Emitter, g: Group, steps: Sequence[Step], at: At, trips: Trips, needed: Iterable[Value] = ()
) -> None:
    """Run steps of a group for trips of its loop."""

    def body(i: Index) -> None:
        place = trips.place(e, i)
        inside = {s: {**at[s], g.index[s]: place} for s in steps}
        numbers, places = dict(e.numbers), dict(e.places)
        if trips.lanes > 1:
            turn(e, inside)
        with rows(e, inside):
            e.level(steps, inside, needed)
        e.numbers, e.places = numbers, places

    count = trips.count
    if count is not None and unrolled(g, at, -(-count // trips.lanes)):
        for i in range(trips.start, trips.stop, trips.lanes):
            body(i)
    else:
        with e.repeat(trips.start, trips.stop, trips.lanes) as i:
            body(i)
