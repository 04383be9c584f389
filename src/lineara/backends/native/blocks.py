"""Sums of outer products block by block of trips, tile by tile of totals.

    for n: make a[i], b[j]; t[i, j] += a[i] * b[j]
                          →
    for blocks of n:      for n: make a[i], b[j], and keep them for the block
                          for tiles of (i, j): for n: t[i, j] += a[i] * b[j]

The totals of a tile stay in registers for a block. Each element goes to the same sub-total as in a loop trip by trip, in the
same order: no bits change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

from lineara.backends.native.flat import Value
from lineara.backends.native.groups import Group
from lineara.backends.native.outer import BLOCK, Product, Reading, dtype_of, is_outer, is_sum
from lineara.backends.native.places import Buffer, Formula, Index, Position, read, write
from lineara.backends.native.products.tiling import Parts
from lineara.backends.native.steps import At, Step
from lineara.backends.native.trips import Trips
from lineara.backends.native.trips import run as run_trips
from lineara.ir.nest import Nest, Update

if TYPE_CHECKING:
    from lineara.backends.native.emitter import Emitter

ROOM = 1 << 18
"""The bytes that the elements of a block take at most."""
Full = dict[int, Position]


def products(e: Emitter, g: Group, at: At, trips: Trips) -> list[Product]:
    """The steps of a loop that are summed up block by block: outer products, and other sums of what these read.

    What two of them read they read at the same places.
    """
    count, lanes = trips.count, trips.lanes
    if count is None or count < 2 * lanes or lanes == 1 or trips.start % lanes:
        return []
    if any(isinstance(s.loops, Update) for s in g.steps):
        return []
    known: dict[Value, Reading] = {}
    sums = [Product(s, k, at[s]) for s, k in g.index.items() if is_sum(s, k, at[s], lanes)]
    outer = [p for p in sums if is_outer(p.step, p.k, p.at, lanes) and _is_whole(e, p)]
    found = [p for p in outer if all([known.setdefault(v, r) == r for v, r in _read(p)])]
    many = [p for p in sums if p.extents]
    return [p for p in many if p in found or all([known.get(v) == r for v, r in _read(p)])]


def in_one(e: Emitter, g: Group, at: At, trips: Trips) -> list[Step]:
    """The steps of a loop of which one block sums up all trips."""
    found = products(e, g, at, trips)
    whole = found and _Blocks(e, g, at, trips, found).size >= (trips.count or 0)
    return [p.step for p in found] if whole else []


def _read(p: Product) -> Iterable[tuple[Value, Reading]]:
    return zip(p.step.inputs, p.readings, strict=True)


def _is_whole(e: Emitter, p: Product) -> bool:
    """Whether no operand is in pieces."""
    places = [e.places.get(v) for v in p.step.inputs]
    return not any(isinstance(place, Formula) and place.is_pieced for place in places)


def run(e: Emitter, g: Group, at: At, trips: Trips, found: Sequence[Product]) -> None:
    """Run trips of a loop, block by block."""
    start, stop = trips.start, trips.stop
    blocks = _Blocks(e, g, at, trips, found)
    size, _ = blocks.size, blocks.memory
    if stop - start <= size:
        blocks.run(start, stop)
        return
    with e.repeat(start, stop, size) as i:
        end = e.m.plus(i, size)
        b, last = e.m.builder, e.m.long(stop)
        blocks.run(i, b.select(b.icmp_signed("<", end, last), end, last))


class _Blocks:
    """Blocks of the trips of a loop, and the elements that are kept for one."""

    def __init__(
        self, e: Emitter, g: Group, at: At, trips: Trips, found: Sequence[Product]
    ) -> None:
        self.e, self.g, self.at, self.trips, self.products = e, g, at, trips, found
        apart = [p.step for p in found]
        self.steps = [s for s in g.steps if s not in apart]
        makers = {v: s for s in self.steps for v in s.outputs}
        self.kept = {v: r for p in found for v, r in _read(p) if self._is_apart(v, r)}
        self.made = {v: makers[v] for v in self.kept if v in makers and v not in e.homes}
        self.size = self._size()

    @cached_property
    def memory(self) -> dict[Value, Buffer]:
        """Where the elements are kept."""
        return {v: self._memory(v) for v in self.kept}

    def _is_apart(self, v: Value, reading: Reading) -> bool:
        """Whether the elements of neighbouring trips are not beside each other."""
        place, axis = self.e.places.get(v), reading.axis
        if axis is None:
            return False
        return not isinstance(place, Buffer) or place.strides[axis] != 1 or place.lanes > 1

    def _size(self) -> int:
        """The trips of a block: those of the loop in equal parts."""
        lanes, count = self.trips.lanes, self.trips.count or 1
        bytes_ = sum([prod(self._others(v).values()) * dtype_of(v).itemsize for v in self.kept])
        most = max(2 * lanes, min(BLOCK, ROOM // max(1, bytes_)))
        each = -(-count // -(-count // most))
        return -(-each // lanes) * lanes

    def _others(self, v: Value) -> dict[int, int]:
        """The axes that are kept beside that of the trips, and their lengths."""
        kept = self.kept[v]
        return {a: n for a, n in enumerate(v.shape) if a != kept.axis and a not in kept.fixed}

    def _memory(self, v: Value) -> Buffer:
        """Memory for the elements of a block, those of neighbouring trips beside each other."""
        others = self._others(v)
        rows = self.e.array(dtype_of(v), (*others.values(), self.size), None, 1)
        strides = dict(zip((*others, self.kept[v].axis), rows.strides, strict=True))
        at = tuple([strides.get(a) for a in range(len(v.shape))])
        return replace(rows, shape=v.shape, strides=at)

    def run(self, start: Index, stop: Index) -> None:
        """Run one block."""
        e, m = self.e, self.e.m
        trips = self.trips.between(start, stop)
        first = m.plus(trips.base, start)
        shifted = {v: replace(b, offset=m.times(first, -1)) for v, b in self.memory.items()}
        if self.steps:
            self._make(trips, shifted)
        before = dict(e.places)
        for v in self.kept:
            if v not in self.made:
                self._copy(v, shifted[v], trips)
        e.places.update(shifted)
        for p in self.products:
            e.tiled(p, self.at[p.step], trips)
        e.places = before

    def _make(self, trips: Trips, memory: dict[Value, Buffer]) -> None:
        """Run the other steps. What is made element by element is kept as well; the rest is made where it is kept."""
        e = self.e
        copied = {v: memory[v] for v, s in self.made.items() if _is_element(s)}
        placed = {v: memory[v] for v in self.made if v not in copied}
        e.homes.update(placed)
        e.copies.update(copied)
        with e.on_lanes(trips.lanes):
            run_trips(e, self.g, self.steps, self.at, trips, placed)
        for v in placed:
            del e.homes[v]
        for v in copied:
            del e.copies[v]

    def _copy(self, v: Value, target: Buffer, trips: Trips) -> None:
        """Have the elements of neighbouring trips beside each other."""
        e, kept = self.e, self.kept[v]
        assert kept.axis is not None
        source = e.homes.get(v) or e.places[v]

        def move(at: Full, lanes: int) -> None:
            positions = [at[a] for a in range(len(v.shape))]
            write(e.m, target, positions, read(e.m, source, positions, lanes), lanes)

        with e.on_lanes(trips.lanes), e.repeat(trips.start, trips.stop, trips.lanes) as i:
            at = {**kept.fixed, kept.axis: trips.place(e, i)}
            e.over(self._others(v), at, move, wide=False)


def _is_element(s: Step) -> bool:
    return isinstance(s.loops, Nest) and s.loops.combine is None and not s.is_view


def emit(e: Emitter, p: Product, at: Full, trips: Trips) -> None:
    """Sum up for the trips of a block: one by one the indices that no tile has, and then tiles."""
    single = [(j, Parts(n, n)) for j, n in p.extents.items() if j not in p.tile]
    _tiles(e, p, at, trips, [*single, *p.tile.items()])


def _tiles(
    e: Emitter, p: Product, at: Full, trips: Trips, rest: list[tuple[int, Parts]], sizes: Sizes = ()
) -> None:
    if not rest:
        _tile(e, p, at, trips, sizes)
        return
    (j, parts), *rest = rest
    for kind in parts.kinds():
        with e.repeat(kind.first, kind.last, 1, rolled=True) as i:
            corner = e.m.plus(e.m.times(i, kind.size), kind.offset)
            _tiles(e, p, {**at, j: Position(corner)}, trips, rest, (*sizes, (j, kind.size)))


Sizes = tuple[tuple[int, int], ...]


def _tile(e: Emitter, p: Product, corner: Full, trips: Trips, sizes: Sizes) -> None:
    """One tile, whose totals are in registers from the first trip to the last."""
    m, lanes, total = e.m, trips.lanes, e.totals[p.step]
    join = total.combine.join
    places = [corner]
    for j, size in sizes:
        places = [{**at, j: Position(m.plus(at[j].base, i))} for at in places for i in range(size)]
    cells = [e.space.slot(p.dtype, lanes) for _ in places]
    for cell, at in zip(cells, places, strict=True):
        m.store(cell, total.row(at))
    with e.on_lanes(lanes), e.repeat(trips.start, trips.stop, lanes, rolled=True) as i:
        for cell, at in zip(cells, places, strict=True):
            element = e._value(p.step, {**at, p.k: trips.place(e, i)}, lanes)
            m.store(
                cell, join(m, m.load(cell, p.dtype, lanes), *[m.splat(x, lanes) for x in element])
            )
    for cell, at in zip(cells, places, strict=True):
        total.set_row(at, m.load(cell, p.dtype, lanes))
