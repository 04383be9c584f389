"""From steps to instructions: levels of loops, each a partition of its steps into groups.

A level runs the groups of its steps in order. A group with an extent is a loop, and inside it is the next level, where one index
more of each step is bound; where all are bound, an element is made. The outermost loop that is worth it runs on several lanes:
there a number is a vector, for as many positions of that loop, and the loops inside run as they are.

A reduction has a total for each loop that reduces it: what a loop gives is merged into the total of the loop around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from llvmlite import ir

from lineara.backends.native import parallel
from lineara.backends.native.flat import Value
from lineara.backends.native.lanes import Dtype, Number
from lineara.backends.native.lanewise import PIECES, SOME, between, cut, segments, unrolled
from lineara.backends.native.pieces import pieced
from lineara.backends.native.places import (
    LONG,
    Buffer,
    Formula,
    Index,
    Machine,
    Place,
    Position,
    Root,
    along,
    position_of,
    read,
    reshaped,
    row_major,
    viewed,
    write,
)
from lineara.backends.native.space import Space
from lineara.backends.native.steps import Bound, Group, Partition, Step, late
from lineara.ir import ArrayType
from lineara.ir.nest import Access, Along, Computed, Join, Linear, Nest, Update

At = dict[Step, dict[int, Position]]
"""The positions of the indices that are bound, of each step."""


@dataclass(slots=True)
class Frame:
    """One level that is being run: the last group that reads each value, and the group that runs now."""

    last: dict[Value, int]
    now: int = 0


class Emitter:
    """The state of one function that is being emitted."""

    def __init__(self, m: Machine, space: Space, out_of_range: Callable[..., None]) -> None:
        self.m = m
        self.space = space
        self.out_of_range = out_of_range
        self.numbers: dict[Value, Number] = {}
        self.places: dict[Value, Place] = {}
        self.homes: dict[Value, Buffer] = {}
        self.totals: dict[Step, Place | Total] = {}
        self.frames: list[Frame] = []
        self.lanes = 1
        self.context: Any = None
        self.apart = False

    # ------------------------------------------------------------------ levels

    def level(self, steps: Sequence[Step], at: At, needed: Iterable[Value]) -> None:
        """Run steps, whose indices are bound as `at` says; the needed values are readable afterwards."""
        bound: Bound = {s: frozenset(at[s]) for s in steps}
        groups = Partition(late(self._formulas(steps)), bound).groups
        last: dict[Value, int] = {}
        for g in groups:
            for s in g.steps:
                for v in s.inputs:
                    last[v] = g.order
        for v in needed:
            last[v] = len(groups)
        frame = Frame(last)
        self.frames.append(frame)
        made: list[Root] = []
        for g in groups:
            frame.now = g.order
            before = len(self.space.made)
            if g.extent is not None:
                self._loop(g, at)
            else:
                for s in g.steps:
                    self._step(s, at[s], g)
            made += self.space.made[before:]
            del self.space.made[before:]
            made = [r for r in made if not self._finished(r, frame)]
        self.space.made += made
        self.frames.pop()

    def _finished(self, root: Root, frame: Frame) -> bool:
        """Give memory back that no later group reads; True if so."""
        if any(frame.last.get(v, -1) > frame.now for v in root.values):
            return False
        self.space.release(root)
        return True

    def _formulas(self, steps: Sequence[Step]) -> list[Step]:
        """The steps that have to run; what reads nothing becomes a formula."""
        rest = []
        for s in steps:
            if s.is_formula:
                self.places[s.output] = self._formula(s)
            else:
                rest.append(s)
        return rest

    def _formula(self, s: Step) -> Formula:
        nest, m = s.loops, self.m
        assert isinstance(nest, Nest)

        def element(positions: Sequence[Position], lanes: int) -> Number:
            assert isinstance(nest, Nest) and nest.element is not None
            return nest.element(m, lambda k: positions[k].number_on(m, lanes))  # type: ignore[no-any-return]

        return Formula(element)

    def _prepare(self, s: Step, together: int) -> None:
        """Make the operands in pieces that are read at computed positions, or in more pieces than the loop is to be cut into."""
        if not isinstance(s.loops, Nest):
            return
        for v, access in zip(s.inputs, s.loops.operands, strict=True):
            place = self.places.get(v)
            if isinstance(place, Formula) and place.is_pieced:
                computed = any(isinstance(x, Computed | Linear) for x in access)
                if computed or sum(map(len, place.borders)) * together > PIECES:
                    self.buffer(v)

    def _step(self, s: Step, at: dict[int, Position], group: Group) -> None:
        """One step outside of loops of its own level."""
        if not at:
            self._prepare(s, 1)
        if s.is_view and self._view(s, at):
            return
        if s.loops is None:
            self.whole(s, group)
        elif isinstance(s.loops, Update | Join) and not at and self._pieces(s):
            return
        elif isinstance(s.loops, Update):
            self._update(s, at, group)
        elif isinstance(s.loops, Join):
            self._join(s, at)
        elif len(at) == len(s.extents) and all(k in at for k in s.places):
            self._element(s, at)
        else:
            self._copy_view(s, at)

    def _pieces(self, s: Step) -> bool:
        """Read a result in pieces, or make it of them in one go where it is wanted; False if it is rather made otherwise."""
        formula = pieced(self, s)
        if formula is None:
            return False
        self._name(s.output, formula)
        return True

    def _name(self, v: Value, formula: Formula) -> None:
        """A value is a formula; what it is made of lives as long."""
        self.places[v] = formula
        for root in formula.roots:
            root.values.append(v)

    def whole(self, s: Step, group: Group) -> None:
        """A step without loops: a routine or a construct."""
        raise NotImplementedError

    # ------------------------------------------------------------------ views

    def _view(self, s: Step, at: dict[int, Position]) -> bool:
        """Make a view; False if it has to be copied."""
        nest, x = s.loops, s.inputs[0]
        assert isinstance(nest, Nest)
        if len(at) == len(s.extents):
            value = self._value(s, at, self.lanes)
            self._give(s.output, value, self._result_positions(s, at))
            return True
        if s.output in self.homes:
            return False
        if x in self.numbers and x not in self.places:
            self.numbers[s.output] = self.numbers[x]
            return True
        access = nest.operands[0]
        place = viewed(self.m, self.places[x], access, s.output.shape)
        if place is None:
            place = reshaped(self.places[x], s.output.shape, access) if nest.contiguous else None
        if place is None:
            return False
        if isinstance(place, Formula):
            self._name(s.output, place)
        else:
            self.places[s.output] = place
            place.root.values.append(s.output)
        return True

    def _copy_view(self, s: Step, at: dict[int, Position]) -> None:
        """Copy what no strides describe, element by element."""
        target = self._target(s.output, at, s)
        self._nest(s, at, lambda full, lanes: self._store(s, target, full, self._value(s, full, lanes), lanes))
        self.places[s.output] = target

    # ------------------------------------------------------------------ elements

    def _element(self, s: Step, at: dict[int, Position]) -> None:
        """The element of a step all of whose indices are bound."""
        nest = s.loops
        assert isinstance(nest, Nest)
        if nest.combine is None:
            self._give(s.output, self._value(s, at, self.lanes), self._result_positions(s, at))
            return
        total = self.totals[s]
        positions = self._result_positions(s, at)
        old = self._total(total, positions)
        self._set_total(total, positions, nest.combine.join(self.m, old, *self._value(s, at, self.lanes)))

    def _give(self, v: Value, x: Number, positions: Sequence[Position]) -> None:
        self.numbers[v] = x
        home = self.homes.get(v)
        if home is not None:
            write(self.m, home, positions, x, self.lanes)

    def _value(self, s: Step, at: dict[int, Position], lanes: int) -> Any:
        """What the element of a nest is, at positions of all indices."""
        nest, m = s.loops, self.m
        assert isinstance(nest, Nest)
        reads = [self._reader(v, access, at, lanes) for v, access in zip(s.inputs, nest.operands, strict=True)]
        if nest.element is None:
            return reads[0]()
        return nest.element(m, lambda k: at[k].number_on(m, lanes), *reads)

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
                places.append(position_of(self.m, number))
            else:
                places.append(along(self.m, x, at.__getitem__))
        return places

    def checked(self, number: Number, axis: int, size: int) -> Number:
        """An index in range; one that is not ends the kernel."""
        self.out_of_range(number, axis, size)
        return number

    def _result_positions(self, s: Step, at: dict[int, Position]) -> list[Position]:
        return [Position() if k is None else at.get(k, Position()) for k in s.places]

    # ------------------------------------------------------------------ loops

    def _loop(self, g: Group, at: At) -> None:
        """A loop over one index of each step of a group."""
        assert g.extent is not None
        for s in g.steps:
            if not at[s]:
                self._prepare(s, len(g.steps))
        last = self.frames[-1].last
        wanted: dict[Value, Step] = {
            v: s
            for s in g.steps
            for v in s.outputs
            if last.get(v, -1) > g.order and g.index[s] in s.places
        }
        own = {v: self._target(v, at[s], s) for v, s in wanted.items() if v not in self.homes}
        self.homes.update(own)
        reducing = [s for s in g.steps if g.index[s] not in s.places]
        outer = {s: self.totals.get(s) for s in reducing}
        plain = {s: Total(self, s, at[s], self.lanes) for s in reducing}
        for start, stop, lanes in segments(self, g, at):
            if stop == start:
                continue
            cut = parallel.cut(self, g, at, (start, stop, lanes), plain)
            if cut is None:
                self.segment(g, at, start, stop, lanes, plain, (start, stop))
            else:
                parallel.run(self, g, at, lanes, cut, plain)
        for s in reducing:
            self._finish(s, at[s], plain[s], outer[s])
        for v in wanted:
            self.places[v] = self.homes[v]
        for v in own:
            del self.homes[v]

    def segment(
        self,
        g: Group,
        at: At,
        start: Index,
        stop: Index,
        lanes: int,
        plain: dict[Step, Total],
        span: tuple[int, int],
    ) -> None:
        """Run the trips of a loop from start to stop, which are in the span, on so many lanes; what they sum up is merged."""
        wide = lanes > 1 and self.lanes == 1
        partial = {s: Total(self, s, at[s], lanes) for s in plain} if wide else plain
        self.totals.update(partial)
        within, self.lanes = self.lanes, max(self.lanes, lanes)
        self._trips(g, at, start, stop, lanes if wide else 1, span)
        self.lanes = within
        if wide:
            for s, total in plain.items():
                total.merge_lanes(partial[s])

    def _trips(
        self, g: Group, at: At, start: Index, stop: Index, lanes: int, span: tuple[int, int]
    ) -> None:
        """Run the level inside for the trips from start to stop, which are in the span."""

        def body(i: Index) -> None:
            first, last = (i, i + lanes - 1) if isinstance(i, int) else (span[0], span[1] - 1)
            place = Position(i, 1 if lanes > 1 else 0, span=(first, last))
            inside = {s: {**at[s], g.index[s]: place} for s in g.steps}
            numbers, places = dict(self.numbers), dict(self.places)
            self.level(g.steps, inside, ())
            self.numbers, self.places = numbers, places

        known = isinstance(start, int) and isinstance(stop, int)
        if known and unrolled(g, at, (stop - start) // lanes):
            for i in range(start, stop, lanes):
                body(i)
        else:
            with self.repeat(start, stop, lanes) as i:
                body(i)

    @contextmanager
    def repeat(self, start: Index, stop: Index, step: int) -> Iterator[Any]:
        """A loop in machine code; it runs at least once."""
        b = self.m.builder
        before, body, after = b.block, b.append_basic_block("trip"), b.append_basic_block("done")
        b.branch(body)
        b.position_at_end(body)
        i = b.phi(LONG)
        i.add_incoming(self.m.long(start), before)
        yield i
        onward = b.add(i, self.m.long(step), flags=("nsw",))
        i.add_incoming(onward, b.block)
        b.cbranch(b.icmp_signed("<", onward, self.m.long(stop)), body, after)
        b.position_at_end(after)

    def _finish(self, s: Step, at: dict[int, Position], total: Total, outer: Any) -> None:
        """What a loop has summed up is merged into the total of the loop around it, or is the result."""
        nest = s.loops
        assert isinstance(nest, Nest) and nest.combine is not None
        if outer is not None:
            merge = nest.combine.merge

            def join(full: dict[int, Position], lanes: int) -> None:
                positions = self._result_positions(s, full)
                old = self._total(outer, positions)
                new = merge(self.m, old, self._total(total, positions))
                self._set_total(outer, positions, new)

            self._over_result(s, at, join)
            self.totals[s] = outer
            return
        self.totals.pop(s, None)
        v = s.output
        if total.slot is not None:
            self._give(v, total.get(()), self._result_positions(s, at))
            return
        self.places[v] = total.buffer
        total.buffer.root.values.append(v)
        if v in self.homes:
            home = self.homes[v]

            def copy(full: dict[int, Position], lanes: int) -> None:
                positions = self._result_positions(s, full)
                write(self.m, home, positions, read(self.m, total.buffer, positions, lanes), lanes)

            self._over_result(s, at, copy)

    def _total(self, total: Any, positions: Sequence[Position]) -> Number:
        return total.get(positions)  # type: ignore[no-any-return]

    def _set_total(self, total: Any, positions: Sequence[Position], x: Number) -> None:
        total.set(positions, x)

    def _over_result(
        self, s: Step, at: dict[int, Position], body: Callable[[dict[int, Position], int], None]
    ) -> None:
        """Run a body at all positions of the axes of the result that are not bound."""
        axes = [k for k in s.places if k is not None and k not in at]
        self.over({k: s.extents[k] for k in axes}, at, body)

    def over(
        self,
        extents: dict[int, int],
        at: dict[int, Position],
        body: Callable[[dict[int, Position], int], None],
        *,
        wide: bool = True,
        borders: dict[int, frozenset[int]] | None = None,
    ) -> None:
        """Run a body for each combination of indices; the last of them on several lanes if wide.

        Between borders of an index all trips of a loop are alike.
        """
        if any(n == 0 for n in extents.values()):
            return
        if not extents:
            body(at, self.lanes)
            return
        (k, n), *rest = extents.items()
        inner = prod(m for _, m in rest)
        lanes_here = not rest and wide and self.lanes == 1 and n >= 4

        def trip(i: Index, lanes: int, span: tuple[int, int]) -> None:
            place = Position(i, int(lanes > 1), span=span)
            if rest:
                self.over(dict(rest), {**at, k: place}, body, wide=wide, borders=borders)
            else:
                self._at_lanes(body, {**at, k: place}, lanes)

        for first, end in between(n, (borders or {}).get(k, ())):
            for start, stop, lanes in cut(end - first, SOME) if lanes_here else [(0, end - first, 1)]:
                start, stop = start + first, stop + first
                trips = (stop - start) // lanes
                if trips <= 4 if lanes_here else trips * inner <= 32:
                    for i in range(start, stop, lanes):
                        trip(i, lanes, (i, i + lanes - 1))
                else:
                    with self.repeat(start, stop, lanes) as i:
                        trip(i, lanes, (start, stop - 1))

    def _at_lanes(self, body: Callable[..., None], at: dict[int, Position], lanes: int) -> None:
        before, self.lanes = self.lanes, max(lanes, self.lanes)
        body(at, self.lanes)
        self.lanes = before

    def _nest(
        self, s: Step, at: dict[int, Position], body: Callable[[dict[int, Position], int], None]
    ) -> None:
        self.over({k: n for k, n in enumerate(s.extents) if k not in at}, at, body)

    def _store(
        self, s: Step, target: Buffer, at: dict[int, Position], x: Number, lanes: int
    ) -> None:
        write(self.m, target, self._result_positions(s, at), x, lanes)

    # ------------------------------------------------------------------ memory

    def _target(self, v: Value, at: dict[int, Position], s: Step) -> Buffer:
        """Memory for a result: where it is wanted, or new; the axes that are bound are not in it."""
        if v in self.homes:
            return self.homes[v]
        stays = [k is None or k not in at for k in s.places]
        return self.new(v, stays)

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
        number = self.numbers.get(v) if place is None else None
        extents = dict(enumerate(v.shape))

        def fill(at: dict[int, Position], lanes: int) -> None:
            positions = [at[a] for a in range(len(v.shape))]
            x = number if number is not None else read(self.m, self.places[v], positions, lanes)
            write(self.m, target, positions, x, lanes)

        self.over(extents, {}, fill, borders=self.borders(v))
        self.places[v] = target
        return target

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

    def read(self, place: Place, positions: Sequence[Position], lanes: int) -> Number:
        """The element of a place at positions."""
        return read(self.m, place, positions, lanes)

    def element(self, v: Value, positions: Sequence[Position], lanes: int) -> Number:
        """An element of a value."""
        if v in self.numbers and v not in self.places:
            return self.numbers[v]
        return read(self.m, self.places[v], positions, lanes)

    # ------------------------------------------------------------------ updates and joins

    def may_change(self, s: Step, x: Value, group: Group) -> Buffer | None:
        """The memory of the operand, if nobody reads it after this step."""
        place = self.places.get(x)
        if not isinstance(place, Buffer) or not place.root.owned:
            return None
        if any(f.last.get(v, -1) > f.now for f in self.frames for v in place.root.values):
            return None
        for t in group.steps:
            others = t.inputs if t is not s else t.inputs[1:]
            if any(v in place.root.values for v in others):
                return None
        return place

    def _update(self, s: Step, at: dict[int, Position], group: Group) -> None:
        """Change a part of the operand in place, or of a copy."""
        update, x, v = s.loops, s.inputs[0], s.output
        assert isinstance(update, Update)
        wanted = bool(at) and v in self.homes
        target = None if wanted else self.may_change(s, x, group)
        if target is None:
            target = self._target(v, at, s)
            free = {a: n for a, n in enumerate(v.shape) if s.places[a] is None or s.places[a] not in at}
            fixed = {a: at[k] for a, k in enumerate(s.places) if k is not None and k in at}

            def move(full: dict[int, Position], lanes: int) -> None:
                positions = [full[a] for a in range(len(v.shape))]
                write(self.m, target, positions, self.element(x, positions, lanes), lanes)  # type: ignore[arg-type]

            self.over(free, fixed, move, borders=self.borders(x))
        self.places[v] = target
        target.root.values.append(v)
        free = {k: n for k, n in enumerate(update.extents) if k not in at}
        ordered = any(isinstance(p, Computed) for p in update.target)
        last = len(update.extents) - 1
        wide = last in free and (
            not ordered or any(isinstance(p, Along) and p.index == last for p in update.target)
        )

        def change(full: dict[int, Position], lanes: int) -> None:
            assert isinstance(update, Update)
            reads = [
                self._reader(y, access, full, lanes)
                for y, access in zip(s.inputs[1:], update.operands, strict=True)
            ]
            computed = [self.m.convert(reads[j](), self.m.index) for j in update.positions]
            positions = self.positions(v, update.target, full, computed)
            old = read(self.m, target, positions, lanes)
            given = [] if update.value is None else [reads[update.value]()]
            write(self.m, target, positions, update.join(self.m, old, *given), lanes)

        self.over(free, at, change, wide=wide)

    def _join(self, s: Step, at: dict[int, Position]) -> None:
        """Put a result together from its parts."""
        join, v = s.loops, s.output
        assert isinstance(join, Join)
        target = self._target(v, at, s)
        free = {a: n for a, n in enumerate(v.shape) if s.places[a] is None or s.places[a] not in at}
        fixed = {a: at[k] for a, k in enumerate(s.places) if k is not None and k in at}
        if join.fill:
            zero = self.m.constant(0, target.dtype)

            def clear(full: dict[int, Position], lanes: int) -> None:
                write(self.m, target, [full[a] for a in range(len(v.shape))], zero, lanes)

            self.over(free, fixed, clear)
        for number, extents, access in join.parts:
            x = s.inputs[number]

            def move(full: dict[int, Position], lanes: int, x: Value = x, access: Access = access) -> None:
                source = [full[a] for a in range(len(v.shape))]
                positions = [along(self.m, p, full.__getitem__) for p in access]  # type: ignore[arg-type]
                write(self.m, target, positions, self.element(x, source, lanes), lanes)

            self.over({a: n for a, n in enumerate(extents) if a not in fixed}, fixed, move)
        self.places[v] = target
        target.root.values.append(v)


class Total:
    """The running total of a reduction in one loop: in a register, or an array for the axes that are not bound."""

    def __init__(self, emitter: Emitter, s: Step, at: dict[int, Position], lanes: int) -> None:
        self.emitter, self.step, self.at, self.lanes = emitter, s, at, lanes
        self.nest = s.loops
        assert isinstance(self.nest, Nest) and self.nest.combine is not None
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
        assert isinstance(self.nest, Nest) and self.nest.combine is not None
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
        assert isinstance(self.nest, Nest) and self.nest.combine is not None
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
        assert isinstance(self.nest, Nest) and self.nest.combine is not None
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
