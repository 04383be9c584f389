"""From steps to instructions: levels of loops, each a partition of its steps into groups.

A level runs the groups of its steps in order. A group with an extent is a loop, and inside it is the next level, where one
index more of each step is bound; where all are bound, an element is made. The outermost loop that is worth it runs on several
lanes: there a number is a vector, for as many positions of that loop, and the loops inside run as they are.

A reduction has a total for each loop that reduces it: what a loop gives is merged into the total of the loop around it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from lineara.backends.native import blocks, parallel
from lineara.backends.native.arrays import Frame
from lineara.backends.native.changes import Changes
from lineara.backends.native.flat import Constant, Value
from lineara.backends.native.groups import Group
from lineara.backends.native.lanes import Number
from lineara.backends.native.lanewise import PIECES, Run, runs
from lineara.backends.native.outer import Product
from lineara.backends.native.pieces import pieced
from lineara.backends.native.places import (
    Buffer,
    Formula,
    Index,
    Position,
    Root,
    constant,
    reshaped,
    viewed,
    write,
)
from lineara.backends.native.stencils import computed, inlined
from lineara.backends.native.steps import At, Step
from lineara.backends.native.sums import Sums, chunk_of
from lineara.backends.native.totals import Total
from lineara.backends.native.trips import Trips
from lineara.backends.native.trips import run as run_trips
from lineara.backends.native.written import groups_of, looped, writer, writers
from lineara.ir.nest import Computed, Join, Linear, Nest, Update

LARGE = 1 << 14
"""The elements of an array from which on it is worth the while to write it in a loop that threads may share."""


class Emitter(Changes, ABC):
    """Emits the steps of a function, level by level."""

    def level(self, steps: Sequence[Step], at: At, needed: Iterable[Value]) -> None:
        """Run steps, whose indices are bound as `at` says; the needed values are readable afterwards."""
        literals = {s.output for s in steps if s.is_formula}
        steps, needed = self._formulas(steps), tuple(needed)
        again = frozenset() if any(at.values()) else inlined(steps, needed, literals)
        first = len(self.trust.open)
        if not any(at.values()):
            self.trust.plan(steps, again, literals)
        written = {} if any(at.values()) else writers(steps, self.homes)
        steps, at = [*steps, *written], at | {s: {} for s in written}
        groups = groups_of(self, steps, at, written, again)
        alone = parallel.hindering(self, groups, at)
        groups = groups_of(self, steps, at, written, again, alone) if alone else groups
        last: dict[Value, int] = {}
        for g in groups:
            for s in g.steps:
                for v in s.inputs:
                    last[v] = g.order
        for v in (*needed, *[s.output for s in written]):
            last[v] = len(groups)
        frame = Frame(last, again)
        self.frames.append(frame)
        made: list[Root] = []
        for g in groups:
            frame.now = g.order
            before = len(self.space.made)
            if g.extent is not None:
                looped(self, g, at, written)
            else:
                for s in g.steps:
                    self._step(s, at[s], g)
            made += self.space.made[before:]
            del self.space.made[before:]
            made = [r for r in made if not self._finished(r, frame)]
        self.space.made += made
        self.frames.pop()
        if not any(at.values()):
            self.trust.settle(first)

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
            if isinstance(s.node.op, Constant):
                self.places[s.output] = constant(self.m, s.node.op.value, s.node.op.key)
            elif s.is_formula:
                self.places[s.output] = self._formula(s)
            else:
                rest.append(s)
        return rest

    def _formula(self, s: Step) -> Formula:
        nest, m = s.loops, self.m
        assert isinstance(nest, Nest)

        def element(positions: Sequence[Position], lanes: int) -> Number:
            assert isinstance(nest, Nest)
            assert nest.element is not None
            return nest.element(m, lambda k: positions[k].number_on(m, lanes))  # type: ignore[no-any-return]

        return Formula(element)

    def _prepare(self, s: Step, together: int) -> None:
        """Make operands in pieces that are read at computed positions, or in too many pieces for the loop to be cut into."""
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
        if s in self.frames[-1].inlined:
            self._name(s.output, computed(self, s))
            return
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

    @abstractmethod
    def whole(self, s: Step, group: Group) -> None:
        """A step without loops: a routine or a construct."""

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
        self._nest(
            s,
            at,
            lambda full, lanes: self._store(s, target, full, self._value(s, full, lanes), lanes),
        )
        self.places[s.output] = target

    def fill(self, v: Value, target: Buffer) -> None:
        """Write a value that is no array yet into memory; what is large is a loop like others, which threads may share."""
        large = v.shape and prod(v.shape) >= LARGE and isinstance(self.places.get(v), Formula)
        if not large or self.apart or self.lanes > 1:
            super().fill(v, target)
            return
        step = writer(v)
        self.frames.append(Frame({step.output: 1}))
        looped(self, Group(v.shape[0], [step], {step: 0}), {step: {}}, {step: target})
        self.frames.pop()

    # ------------------------------------------------------------------ elements

    def _element(self, s: Step, at: dict[int, Position]) -> None:
        """The element of a step all of whose indices are bound."""
        nest = s.loops
        assert isinstance(nest, Nest)
        if nest.combine is None:
            x = self.trust.note(s, self._value(s, at, self.lanes))
            self._give(s.output, x, self._result_positions(s, at))
            return
        self.totals[s].add(at, nest.combine.join, *self._value(s, at, self.lanes))

    def _give(self, v: Value, x: Number, positions: Sequence[Position]) -> None:
        self.numbers[v] = x
        for wanted in (self.homes, self.copies):
            if v in wanted:
                write(self.m, wanted[v], positions, x, self.lanes)

    def _value(self, s: Step, at: dict[int, Position], lanes: int) -> Any:
        """What the element of a nest is, at positions of all indices."""
        nest, m = s.loops, self.m
        assert isinstance(nest, Nest)
        reads = [
            self._reader(v, access, at, lanes)
            for v, access in zip(s.inputs, nest.operands, strict=True)
        ]
        if nest.element is None:
            return reads[0]()
        with self.trust.only(within=s in self.trust.products):
            return nest.element(m, lambda k: at[k].number_on(m, lanes), *reads)

    # ------------------------------------------------------------------ loops

    def loop(self, g: Group, at: At) -> None:
        """A loop over one index of each step of a group."""
        assert g.extent is not None
        for s in [s for s in g.steps if not at[s]]:
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
        parts = runs(self, g, at, chunk_of(g))
        sums = Sums(self, g, at, on_lanes=any(r.on_lanes for r in parts))
        for run in parts:
            self._run(g, at, run, sums)
        for s in sums.steps:
            self._finish(s, at[s], sums.total(s), sums.outer[s])
        for v in wanted:
            self.places[v] = self.homes[v]
        for v in own:
            del self.homes[v]

    def _run(self, g: Group, at: At, run: Run, sums: Sums) -> None:
        """Run chunks of a loop that are alike, one after the other or by several threads."""
        if not sums.steps:
            for start, stop, lanes in run.segments:
                cut = parallel.cut(self, g, at, (start, stop, lanes))
                if cut is None:
                    self.segment(g, at, start, stop, lanes, {}, (start, stop))
                else:
                    parallel.run(self, g, at, cut, sums)
        elif run.count == 1:
            self._chunk(g, at, run, 0, sums)
        elif parallel.is_shared(self, g, at, run, sums):
            parallel.run(self, g, at, parallel.Cut.of(run), sums, self.in_one(g, at, run))
        else:
            with self.repeat(run.start, run.stop, run.size) as start:
                self._chunk(g, at, run, start, sums)

    def _chunk(self, g: Group, at: At, run: Run, base: Index, sums: Sums) -> None:
        """Run one chunk of a loop that sums up."""
        base = self.aligned(base)
        sums.begin(self.in_one(g, at, run))
        for start, stop, lanes in run.segments:
            if run.count == 1:
                start, stop = start + run.start, stop + run.start
            span = (start, stop) if run.count == 1 else (run.start, run.stop)
            parts = sums.parts if len(run.segments) == 1 else sums.loaded()
            self.segment(g, at, start, stop, lanes, parts, span, base=base)
            sums.left(parts)
        sums.end()

    def in_one(self, g: Group, at: At, run: Run) -> list[Step]:
        """The steps whose chunks are summed up in one go."""
        if len(run.segments) > 1:
            return []
        ((start, stop, lanes),) = run.segments
        span = (run.start, run.stop)
        return blocks.in_one(self, g, at, Trips(start, stop, self.own_lanes(lanes), span))

    def own_lanes(self, lanes: int) -> int:
        """The lanes along a loop that is to run on so many: one, if a loop around it runs on several."""
        return lanes if self.lanes == 1 else 1

    def segment(
        self,
        g: Group,
        at: At,
        start: Index,
        stop: Index,
        lanes: int,
        parts: dict[Step, Total],
        span: tuple[int, int],
        *,
        base: Index = 0,
    ) -> None:
        """Run trips of a loop, counted from a base and in the span, on so many lanes; the parts sum up."""
        trips = Trips(start, stop, self.own_lanes(lanes), span, base)
        g = g.from_trip(span[0])
        self.totals.update(parts)
        products = blocks.products(self, g, at, trips)
        if products:
            blocks.run(self, g, at, trips, products)
            return
        with self.on_lanes(lanes):
            run_trips(self, g, g.steps, at, trips)

    def tiled(self, product: Product, at: dict[int, Position], trips: Trips) -> None:
        """Sum up products for some trips of a loop, tile by tile."""
        blocks.emit(self, product, at, trips)

    def _finish(self, s: Step, at: dict[int, Position], total: Total, outer: Total | None) -> None:
        """What a loop has summed up is an element of the loop around it, or the result."""
        if outer is not None:
            merge = total.combine.merge
            over = lambda full, _: outer.add(full, merge, total.whole(full))  # noqa: E731
            self._over_result(s, at, over, wide=not total.beside)
            self.totals[s] = outer
            return
        self.totals.pop(s, None)
        v = s.output
        if total.is_number:
            x = self.trust.note(s, total.whole(at))
            self._give(v, x, self._result_positions(s, at))
            return
        stays = total.width == 1 and v not in self.homes
        target = total.buffer if stays else self._target(v, at, s)

        def write(full: dict[int, Position], lanes: int) -> None:
            x = self.trust.note(s, total.whole(full))
            if not stays:
                self._store(s, target, full, x, lanes)

        if not stays or s in self.trust.watched:
            self._over_result(s, at, write, wide=not total.beside)
        self.places[v] = target
        if stays:
            target.root.values.append(v)
