"""What goes along an axis in order: recurrences, extrema, sorting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from llvmlite import ir

from lineara.backends.native.calls import Calls
from lineara.backends.native.lanes import I64, Dtype, Number
from lineara.backends.native.loops import Block, Loops
from lineara.backends.native.memory import POINTER
from lineara.backends.native.merging import Merging
from lineara.backends.native.views import View, contiguous

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


def _sorter(m: Loops, dtype: Dtype, indices: bool) -> Any:
    """The function of a module that sorts contiguous elements, with their indices.

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
    Merging(inner, dtype, function.args[:-1], function.args[-1]).emit()
    return function
