"""A stable sort by merging, in machine code that hardly branches on what it compares.

Runs of four are sorted in registers, by exchanges of neighbours. Two runs of one length are merged from both ends at once, each
half of the way: neither of them can come to its end before. NaN are set aside first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lineara.backends.native.lanes import I64, Dtype, Number
from lineara.backends.native.loops import Loops

RUN = 4
Element = Sequence[Number]
"""An element, and its index if indices are sorted along."""


class Merging:
    """The body of a function that sorts; buffers hold the elements, and their indices, in turns."""

    def __init__(self, m: Loops, dtype: Dtype, buffers: Sequence[Any], count: Any) -> None:
        self.m = m
        self.dtypes = (dtype, I64)[: len(buffers) // 2]
        self.sources, self.targets = list(buffers[::2]), list(buffers[1::2])
        self.count = m.number(I64, count)

    def emit(self) -> None:
        """The function, whole."""
        m = self.m
        if len(self.dtypes) > 1:
            with m.loop(self.count.value) as i:
                m.store(m.at(self.sources[1], i, I64), i)
        if self.dtypes[0].kind == "f":
            self._set_nan_aside()
        whole = m.floor_div(self.count, m.constant(RUN, I64))
        with m.loop(whole.value) as run:
            self._sort_run(run * RUN)
        self._insert(whole * RUN)
        width, flipped = m.variable(m.constant(RUN, I64)), m.variable(m.constant(0, I64))
        with m.whilst(lambda: m.lt(width.get(), self.count)):
            self._merge_all(width.get(), m.ne(flipped.get(), 0))
            width.set(width.get() * 2)
            flipped.set(1 - flipped.get())
        last = m.ne(flipped.get(), 0).value
        m.builder.ret(m.builder.select(last, self.targets[-1], self.sources[-1]))

    def _load(self, buffers: Sequence[Any], index: Number) -> Element:
        m = self.m
        pairs = zip(buffers, self.dtypes, strict=True)
        return [m.load(m.at(b, index, dtype), dtype) for b, dtype in pairs]

    def _store(self, buffers: Sequence[Any], index: Number, element: Element) -> None:
        for b, value in zip(buffers, element, strict=True):
            self.m.store(self.m.at(b, index, value.dtype), value)

    def _where(self, condition: Number, x: Element, y: Element) -> Element:
        return [self.m.where(condition, a, b) for a, b in zip(x, y, strict=True)]

    def _copy(
        self,
        sources: Sequence[Any],
        first: Number,
        targets: Sequence[Any],
        to: Number,
        count: Number,
    ) -> None:
        with self.m.loop(count.value) as i:
            self._store(targets, to + i, self._load(sources, first + i))

    def _set_nan_aside(self) -> None:
        """Put NaN at the end, in both buffers, in their order, and sort the others."""
        m = self.m
        zero = m.constant(0, I64)
        kept, aside = m.variable(zero), m.variable(zero)
        with m.loop(self.count.value) as i:
            element = self._load(self.sources, i)
            self._store(self.sources, kept.get(), element)
            self._store(self.targets, aside.get(), element)
            is_nan = m.convert(m.isnan(element[0]), I64)
            aside.set(aside.get() + is_nan)
            kept.set(kept.get() + 1 - is_nan)
        first, found = kept.get(), aside.get()
        self._copy(self.targets, zero, self.sources, first, found)
        self._copy(self.sources, first, self.targets, first, found)
        self.count = first

    def _sort_run(self, start: Number) -> None:
        """Sort a run of four: neighbours at even places are exchanged, then those at odd places, and so on."""
        m = self.m
        run = [self._load(self.sources, start + i) for i in range(RUN)]
        for turn in range(RUN):
            for i in range(turn % 2, RUN - 1, 2):
                x, y = run[i : i + 2]
                wrong = m.lt(y[0], x[0])
                run[i], run[i + 1] = self._where(wrong, y, x), self._where(wrong, x, y)
        for i, element in enumerate(run):
            self._store(self.sources, start + i, element)

    def _insert(self, start: Number) -> None:
        """Sort the few elements from a place on by insertion."""
        m = self.m
        with m.loop((self.count - start).value) as i:
            moving = self._load(self.sources, start + i)
            place = m.variable(start + i)
            going = m.variable(m.gt(i, 0))
            with m.whilst(going.get):
                before = self._load(self.sources, place.get() - 1)
                smaller = m.lt(moving[0], before[0])
                there = self._load(self.sources, place.get())
                self._store(self.sources, place.get(), self._where(smaller, before, there))
                place.set(m.where(smaller, place.get() - 1, place.get()))
                going.set(smaller & m.gt(place.get(), start))
            self._store(self.sources, place.get(), moving)

    def _merge_all(self, width: Number, flipped: Number) -> None:
        """Merge pairs of runs of a width from one buffer to the other."""
        m = self.m
        choose = m.builder.select
        pairs = list(zip(self.sources, self.targets, strict=True))
        sources = [choose(flipped.value, t, s) for s, t in pairs]
        targets = [choose(flipped.value, s, t) for s, t in pairs]
        span = width * 2
        whole = m.floor_div(self.count, span)
        with m.loop(whole.value) as pair:
            self._merge_equal(sources, targets, pair * span, width)
        start = whole * span
        middle = m.minimum(start + width, self.count)
        self._merge(sources, targets, start, middle, self.count)

    def _merge_equal(
        self, sources: Sequence[Any], targets: Sequence[Any], start: Number, width: Number
    ) -> None:
        """Merge two runs of a width, unless they are in order."""
        m = self.m
        middle, stop = start + width, start + width * 2
        last, first = self._load(sources, middle - 1), self._load(sources, middle)
        with m.builder.if_else(m.lt(first[0], last[0]).value) as (apart, in_order):
            with apart:
                left, right = m.variable(start), m.variable(middle - 1)
                with m.loop(width.value) as k:
                    self._merge_front(sources, targets, left, middle + k + start, start + k)
                    self._merge_back(sources, targets, right, stop + middle - 2 - k, stop - 1 - k)
            with in_order:
                self._copy(sources, start, targets, start, width * 2)

    def _merge_front(
        self, sources: Sequence[Any], targets: Sequence[Any], left: Any, places: Number, to: Number
    ) -> None:
        """Move the smaller one of two elements, whose places have a known sum: of equal ones the left one."""
        m = self.m
        i = left.get()
        x, y = self._load(sources, i), self._load(sources, places - i)
        smaller = m.lt(y[0], x[0])
        self._store(targets, to, self._where(smaller, y, x))
        left.set(m.where(smaller, i, i + 1))

    def _merge_back(
        self, sources: Sequence[Any], targets: Sequence[Any], left: Any, places: Number, to: Number
    ) -> None:
        """Move the larger one of two elements, whose places have a known sum: of equal ones the right one."""
        m = self.m
        i = left.get()
        x, y = self._load(sources, i), self._load(sources, places - i)
        larger = m.lt(y[0], x[0])
        self._store(targets, to, self._where(larger, x, y))
        left.set(m.where(larger, i - 1, i))

    def _merge(
        self,
        sources: Sequence[Any],
        targets: Sequence[Any],
        start: Number,
        middle: Number,
        stop: Number,
    ) -> None:
        """Merge two runs of any lengths."""
        m = self.m
        left, right = m.variable(start), m.variable(middle)
        with m.loop((stop - start).value) as k:
            i, j = left.get(), right.get()
            on_left, on_right = m.lt(i, middle), m.lt(j, stop)
            x = self._load(sources, m.where(on_left, i, start))
            y = self._load(sources, m.where(on_right, j, start))
            chosen = on_left & ~(on_right & m.lt(y[0], x[0]))
            self._store(targets, start + k, self._where(chosen, x, y))
            left.set(m.where(chosen, i + 1, i))
            right.set(m.where(chosen, j, j + 1))
