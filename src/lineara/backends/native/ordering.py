"""Sorting, and recurrences along an axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from llvmlite import ir

from lineara.backends.native.calls import Calls
from lineara.backends.native.lanes import I64, Dtype, Number
from lineara.backends.native.loops import Block, Loops
from lineara.backends.native.memory import POINTER
from lineara.backends.native.views import View, contiguous

RUN = 8
"""Runs of so many elements are sorted by insertion, longer ones are merged."""
Step = Callable[[Number, Sequence[Number], Sequence[Number]], Number]


class Ordering(Calls):
    """What goes along an axis in order."""

    def running(
        self, operands: Sequence[Block], result: Block, *, axis: int, reverse: bool, step: Step
    ) -> None:
        """A recurrence along an axis that starts with the first element of the first operand.

        `step(before, here, there)` gives an element of the result, from the one before it and the elements of the operands
        at its place and at the place before it. If `reverse`, it goes from the end of the axis to its begin.
        """
        *_, count = result.type.shape[: axis + 1]
        if not result.type.size:
            return
        outer, inner = prod(result.type.shape[:axis]), prod(result.type.shape[axis + 1 :])
        given = [contiguous(b.pointer, b.type.dtype, (outer, count, inner)) for b in operands]
        made = contiguous(result.pointer, result.type.dtype, (outer, count, inner))
        with self.every([*given, made], [2] * (len(given) + 1)) as rows:
            first = (count - 1) if reverse else 0
            start = [self._row(v, self.constant(first, I64)) for v in (rows[0], rows[-1])]
            self.copy(*start)
            with self.loop(count - 1) as i:
                place = (count - 2) - i if reverse else i + 1
                before = place + 1 if reverse else place - 1
                here, there = ([self._row(v, k) for v in rows] for k in (place, before))
                known = [there[-1], *here[:-1], *there[:-1]]
                self.map(lambda y, *x: step(y, *_halves(x)), known, here[-1])

    def place_of(self, operand: Block, result: Block, *, axis: int, greatest: bool) -> None:
        """The index of the least or the greatest element along an axis: the first of equal ones, and the first NaN."""
        source = self.view(operand).moved(axis)
        count, dtype = source.shape[-1], source.dtype

        def better(x: Number, y: Number) -> Number:
            apart = self.gt(x, y) if greatest else self.lt(x, y)
            return apart | (self.isnan(x) & ~self.isnan(y)) if x.kind == "f" else apart

        with self.every([source, self.view(result)], [1, 0]) as (given, made):
            best = self.variable(self.value(given))
            place = self.variable(self.constant(0, I64))
            with self.loop(count) as i:
                x = self.load(self.further(given.pointer, i, given.strides[0]), dtype)
                found = better(x, best.get())
                best.set(self.where(found, x, best.get()))
                place.set(self.where(found, i, place.get()))
            self.store(made.pointer, place.get())

    def _row(self, view: View, index: Number) -> View:
        return view.last(1, self.further(view.pointer, index, view.strides[0]))

    def sort(self, operand: Block, result: Block, *, axis: int, indices: bool = False) -> None:
        """The elements along an axis in ascending order, or their indices: equal ones in their order, NaN at the end."""
        if not operand.type.size:
            return
        source, target = self.view(operand).moved(axis), self.view(result).moved(axis)
        count = source.shape[-1]
        sorted_by = _sorter(self, source.dtype, indices)
        room = [self.space(source.dtype, (count,)) for _ in range(2)]
        order = [self.space(I64, (count,)) for _ in range(2 if indices else 0)]
        with self.every([source, target], [1, 1]) as (given, made):
            self.copy(given, room[0])
            pointers = [v.pointer for v in (*room, *order)]
            moved = self.builder.call(sorted_by, [*pointers, self.long(count)])
            final = contiguous(moved, made.dtype, (count,))
            self.copy(final, made)


def _halves(values: Sequence[Number]) -> tuple[Sequence[Number], Sequence[Number]]:
    half = len(values) // 2
    return values[:half], values[half:]


def _before(m: Any, x: Number, y: Number) -> Number:
    """Whether x stands before y in ascending order, NaN after all others."""
    if x.kind != "f":
        return m.lt(x, y)  # type: ignore[no-any-return]
    return m.lt(x, y) | (m.isnan(y) & ~m.isnan(x))  # type: ignore[no-any-return]


def _sorter(m: Loops, dtype: Dtype, indices: bool) -> Any:
    """The function of a module that sorts contiguous elements, with their indices, by merging.

    It takes two buffers for the elements, the first of which holds them, two for indices, and the count; it gives the
    buffer that holds the sorted elements, or the one that holds their indices, in the end.
    """
    name = f"lineara.sort.{dtype.str[1:]}{'.indices' if indices else ''}"
    found = m.module.globals.get(name)
    if found is not None:
        return found
    buffers = 4 if indices else 2
    type_ = ir.FunctionType(POINTER, [POINTER] * buffers + [ir.IntType(64)])
    function = ir.Function(m.module, type_, name)
    function.linkage = "internal"
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    inner = Loops(builder, m.module, m.scratch, m.fail_if)
    _Merging(inner, dtype, function.args[:-1], function.args[-1]).emit()
    return function


class _Merging:
    """The body of a function that sorts: runs sorted by insertion, then merged from one buffer to the other and back."""

    def __init__(self, m: Loops, dtype: Dtype, buffers: Sequence[Any], count: Any) -> None:
        self.m = m
        self.dtypes = (dtype, I64)[: len(buffers) // 2]
        self.sources, self.targets = list(buffers[::2]), list(buffers[1::2])
        self.count = m.number(I64, count)

    def emit(self) -> None:
        """The function, whole."""
        m, one = self.m, self.m.constant(1, I64)
        if len(self.dtypes) > 1:
            with m.loop(self.count.value) as i:
                m.store(m.at(self.sources[1], i, I64), i)
        with m.loop((m.floor_div(self.count + (RUN - 1), m.constant(RUN, I64))).value) as run:
            self._insert(run * RUN, m.minimum(run * RUN + RUN, self.count))
        width, flipped = m.variable(one * RUN), m.variable(one * 0)
        with m.whilst(lambda: m.lt(width.get(), self.count)):
            self._merge_all(width.get(), m.ne(flipped.get(), 0))
            width.set(width.get() * 2)
            flipped.set(1 - flipped.get())
        last = m.ne(flipped.get(), 0).value
        m.builder.ret(m.builder.select(last, self.targets[-1], self.sources[-1]))

    def _load(self, buffers: Sequence[Any], index: Number) -> list[Number]:
        m = self.m
        pairs = zip(buffers, self.dtypes, strict=True)
        return [m.load(m.at(b, index, dtype), dtype) for b, dtype in pairs]

    def _store(self, buffers: Sequence[Any], index: Number, values: Sequence[Number]) -> None:
        for b, value in zip(buffers, values, strict=True):
            self.m.store(self.m.at(b, index, value.dtype), value)

    def _insert(self, start: Number, stop: Number) -> None:
        """Sort a run in place."""
        m = self.m
        with m.loop((stop - start - 1).value) as i:
            moving = self._load(self.sources, start + i + 1)
            place = m.variable(start + i + 1)
            unsettled = m.variable(m.constant(True, m.lt(start, stop).dtype))
            with m.whilst(lambda: unsettled.get() & m.gt(place.get(), start)):
                before = self._load(self.sources, place.get() - 1)
                smaller = _before(m, moving[0], before[0])
                unsettled.set(smaller)
                to = place.get()
                there = self._load(self.sources, to)
                chosen = [m.where(smaller, x, y) for x, y in zip(before, there, strict=True)]
                self._store(self.sources, to, chosen)
                place.set(m.where(smaller, to - 1, to))
            self._store(self.sources, place.get(), moving)

    def _merge_all(self, width: Number, flipped: Number) -> None:
        """Merge pairs of runs of a width from one buffer to the other."""
        m = self.m
        choose = m.builder.select
        pairs = list(zip(self.sources, self.targets, strict=True))
        sources = [choose(flipped.value, t, s) for s, t in pairs]
        targets = [choose(flipped.value, s, t) for s, t in pairs]
        span = width * 2
        with m.loop(m.floor_div(self.count + span - 1, span).value) as pair:
            start = pair * span
            middle = m.minimum(start + width, self.count)
            self._merge(sources, targets, start, middle, m.minimum(start + span, self.count))

    def _merge(
        self,
        sources: Sequence[Any],
        targets: Sequence[Any],
        start: Number,
        middle: Number,
        stop: Number,
    ) -> None:
        m = self.m
        left, right = m.variable(start), m.variable(middle)
        with m.loop((stop - start).value) as k:
            i, j = left.get(), right.get()
            on_left, on_right = m.lt(i, middle), m.lt(j, stop)
            x = self._load(sources, m.where(on_left, i, start))
            y = self._load(sources, m.where(on_right, j, start))
            chosen = on_left & ~(on_right & _before(m, y[0], x[0]))
            values = [m.where(chosen, a, b) for a, b in zip(x, y, strict=True)]
            self._store(targets, start + k, values)
            left.set(m.where(chosen, i + 1, i))
            right.set(m.where(chosen, j, j + 1))
