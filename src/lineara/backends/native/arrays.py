"""Arrays of a function that is emitted: where values are, how they are read, copied and walked over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from lineara.backends.native.flat import Value
from lineara.backends.native.lanes import Dtype, Number
from lineara.backends.native.lanewise import SOME, between, cut
from lineara.backends.native.order import ALIGNED
from lineara.backends.native.places import (
    LONG,
    Buffer,
    Formula,
    Index,
    Machine,
    Place,
    Position,
    along,
    position_of,
    read,
    row_major,
    write,
)
from lineara.backends.native.products.tile import as_written
from lineara.backends.native.space import Space
from lineara.backends.native.steps import Step
from lineara.backends.native.trust import Trust
from lineara.ir import ArrayType
from lineara.ir.nest import Access, Computed

if TYPE_CHECKING:
    from lineara.backends.native.groups import Group
    from lineara.backends.native.totals import Total


@dataclass(slots=True)
class Frame:
    """One level that is being run: the last group that reads each value, and the group that runs now.

    `inlined` are the steps whose elements are computed where they are read.
    """

    last: dict[Value, int]
    inlined: frozenset[Step] = frozenset()
    now: int = 0


class Arrays:
    """The state of one function that is being emitted, and its arrays."""

    def __init__(self, m: Machine, space: Space, out_of_range: Callable[..., None]) -> None:
        self.m = m
        self.space = space
        self.out_of_range = out_of_range
        self.numbers: dict[Value, Number] = {}
        self.places: dict[Value, Any] = {}
        self.homes: dict[Value, Buffer] = {}
        self.copies: dict[Value, Buffer] = {}
        self.totals: dict[Step, Total] = {}
        self.frames: list[Frame] = []
        self.grouped: dict[Any, list[Group]] = {}
        self.trust = Trust(m)
        self.lanes = 1
        self.context: Any = None
        self.apart = False

    @contextmanager
    def repeat(
        self, start: Index, stop: Index, step: int, *, rolled: bool = False
    ) -> Iterator[Any]:
        """A loop in machine code; it runs at least once. LLVM unrolls it where it likes to, unless it stays rolled."""
        b = self.m.builder
        before, body, after = b.block, b.append_basic_block("trip"), b.append_basic_block("done")
        b.branch(body)
        b.position_at_end(body)
        i = b.phi(LONG)
        i.add_incoming(self.m.long(start), before)
        first = len(self.trust.open)
        yield i
        self.trust.settle(first)
        onward = b.add(i, self.m.long(step), flags=("nsw",))
        i.add_incoming(onward, b.block)
        branch = b.cbranch(b.icmp_signed("<", onward, self.m.long(stop)), body, after)
        if rolled:
            branch.set_metadata("llvm.loop", as_written(self.m.module))
        b.position_at_end(after)

    def aligned(self, start: Index) -> Index:
        """Where a chunk begins, in code that shows that sub-totals begin there."""
        if isinstance(start, int):
            return start
        return self.m.builder.and_(start, self.m.long(-ALIGNED))

    def over(
        self,
        extents: dict[int, int],
        at: dict[int, Position],
        body: Callable[[dict[int, Position], int], None],
        *,
        wide: bool = True,
        borders: dict[int, frozenset[int]] | None = None,
        padded: bool = True,
    ) -> None:
        """Run a body for each combination of indices; the last of them on several lanes if wide.

        Between borders of an index all trips of a loop are alike. If padded, there may be lanes beyond its end.
        """
        if any(n == 0 for n in extents.values()):
            return
        if not extents:
            body(at, self.lanes)
            return
        (k, n), *rest = extents.items()
        elements = prod(m for _, m in rest)
        lanes_here = not rest and wide and self.lanes == 1 and n >= 4

        def trip(i: Index, lanes: int, span: tuple[int, int]) -> None:
            count = span[1] - span[0] + 1
            beyond = isinstance(i, int) and count < lanes
            place = Position(i, int(lanes > 1), span=span, count=count if beyond else None)
            if rest:
                inner = {**at, k: place}
                self.over(dict(rest), inner, body, wide=wide, borders=borders, padded=padded)
            else:
                with self.on_lanes(lanes):
                    body({**at, k: place}, self.lanes)

        for first, end in between(n, (borders or {}).get(k, ())):
            for start, stop, lanes in (
                cut(end - first, SOME, padded=padded) if lanes_here else [(0, end - first, 1)]
            ):
                start, stop = start + first, stop + first
                trips = -(-(stop - start) // lanes)
                if trips <= 4 if lanes_here else trips * elements <= 32:
                    for i in range(start, stop, lanes):
                        trip(i, lanes, (i, min(i + lanes, stop) - 1))
                else:
                    with self.repeat(start, stop, lanes) as i:
                        trip(i, lanes, (start, stop - 1))

    @contextmanager
    def on_lanes(self, lanes: int) -> Iterator[None]:
        """What is emitted inside runs on so many lanes at least."""
        before, self.lanes = self.lanes, max(lanes, self.lanes)
        yield
        self.lanes = before

    def new(self, v: Value, stays: Sequence[bool] | None = None) -> Buffer:
        """New memory for a value."""
        assert isinstance(v.type, ArrayType)
        shape = v.type.shape
        buffer = self.array(v.type.dtype, shape, stays, self.lanes)
        buffer.root.values.append(v)
        return buffer

    def array(
        self, dtype: Dtype, shape: tuple[int, ...], stays: Sequence[bool] | None, lanes: int
    ) -> Buffer:
        """New memory for an array, of the axes that stay."""
        strides = row_major(shape, stays)
        size = prod([n for n, s in zip(shape, strides, strict=True) if s is not None])
        pointer, root = self.space.take(size * lanes, dtype)
        return Buffer(pointer, dtype, shape, strides, root, lanes)

    def buffer(self, v: Value) -> Buffer:
        """A value as an array in memory."""
        place = self.places.get(v)
        if isinstance(place, Buffer):
            return place
        target = self.homes.get(v) or self.new(v)
        self.fill(v, target)
        self.places[v] = target
        return target

    def fill(self, v: Value, target: Buffer) -> None:
        """Write a value that is no array yet into memory."""
        number = self.numbers.get(v) if v not in self.places else None
        extents = dict(enumerate(v.shape))

        def put(at: dict[int, Position], lanes: int) -> None:
            positions = [at[a] for a in range(len(v.shape))]
            x = number if number is not None else read(self.m, self.places[v], positions, lanes)
            write(self.m, target, positions, x, lanes)

        self.over(extents, {}, put, borders=self.borders(v))

    def copy(self, source: Value, target: Buffer) -> None:
        """Copy a value to a place."""

        def move(at: dict[int, Position], lanes: int) -> None:
            positions = [at[a] for a in range(len(source.shape))]
            write(self.m, target, positions, self.element(source, positions, lanes), lanes)

        self.over(dict(enumerate(source.shape)), {}, move, borders=self.borders(source))

    def borders(self, v: Value) -> dict[int, frozenset[int]]:
        """Where a value is read differently, axis by axis."""
        place = self.places.get(v)
        return dict(enumerate(place.borders)) if isinstance(place, Formula) else {}

    def is_literal(self, v: Value) -> bool:
        """Whether an array is read without being in memory, and put together of nothing."""
        place = self.places.get(v)
        return isinstance(place, Formula) and not place.is_pieced and not place.roots

    def read(self, place: Place, positions: Sequence[Position], lanes: int) -> Number:
        """The element of a place at positions."""
        return read(self.m, place, positions, lanes)

    def element(self, v: Value, positions: Sequence[Position], lanes: int) -> Number:
        """An element of a value."""
        if v in self.numbers and v not in self.places:
            return self.numbers[v]
        return read(self.m, self.places[v], positions, lanes)

    def _reader(
        self, v: Value, access: Access, at: dict[int, Position], lanes: int
    ) -> Callable[..., Number]:
        def reader(*computed: Number) -> Number:
            if v in self.numbers and v not in self.places:
                return self.numbers[v]
            if v in self.numbers and not computed:
                return self.numbers[v]
            return read(self.m, self.places[v], self.positions(v, access, at, computed), lanes)

        return reader

    def positions(
        self, v: Value, access: Access, at: dict[int, Position], computed: Sequence[Number]
    ) -> list[Position]:
        """The positions of an access; computed ones are checked where they may be out of range."""
        given, places = iter(computed), []
        for axis, x in enumerate(access):
            if isinstance(x, Computed):
                number = next(given)
                if x.checked:
                    number = self.checked(number, axis, v.shape[axis])
                places.append(position_of(number))
            else:
                places.append(along(self.m, x, at.__getitem__))
        return places

    def checked(self, number: Number, axis: int, size: int) -> Number:
        """An index in range; one that is not ends the kernel."""
        self.out_of_range(number, axis, size)
        return number

    def _result_positions(self, s: Step, at: dict[int, Position]) -> list[Position]:
        return [Position() if k is None else at.get(k, Position()) for k in s.places]

    def _over_result(
        self,
        s: Step,
        at: dict[int, Position],
        body: Callable[[dict[int, Position], int], None],
        *,
        wide: bool,
    ) -> None:
        """Run a body at all positions of the axes of the result that are not bound."""
        axes = [k for k in s.places if k is not None and k not in at]
        self.over({k: s.extents[k] for k in axes}, at, body, wide=wide)

    def _nest(
        self, s: Step, at: dict[int, Position], body: Callable[[dict[int, Position], int], None]
    ) -> None:
        self.over({k: n for k, n in enumerate(s.extents) if k not in at}, at, body, padded=False)

    def _store(
        self, s: Step, target: Buffer, at: dict[int, Position], x: Number, lanes: int
    ) -> None:
        write(self.m, target, self._result_positions(s, at), x, lanes)
