"""Loops over arrays in machine code, and the memory that a routine works in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from llvmlite import ir

from lineara.backends.native.lanes import BOOL, I64, Dtype, Number
from lineara.backends.native.memory import POINTER
from lineara.backends.native.number import Arithmetic
from lineara.backends.native.views import View, contiguous, merged
from lineara.ir import ArrayType

WIDTH = 8
"""The lanes of a loop over contiguous elements."""
CHUNK = 256
"""The elements that a chain of library calls works on at a time."""
LONG, BYTE = ir.IntType(64), ir.IntType(8)
Failure = Callable[[tuple[int, ...]], Exception]
Count = Any
"""A number of iterations: an int, or an LLVM value of 64 bits."""


class Block(Protocol):
    """An operand or a result of a routine: a type, and a pointer to contiguous elements."""

    @property
    def type(self) -> ArrayType:
        """The type of the array."""

    @property
    def pointer(self) -> Any:
        """Where its elements are."""


class Loops(Arithmetic):
    """The arithmetic, with loops and memory.

    `scratch(bytes)` gives working memory, aligned to 64 bytes; `fail_if(condition, make_exception, *details)` ends the kernel
    with `make_exception(details)` where a condition of one bit holds.
    """

    def __init__(
        self,
        builder: Any,
        module: Any,
        scratch: Callable[[int], Any],
        fail_if: Callable[..., None],
    ) -> None:
        super().__init__(builder, module)
        self.scratch = scratch
        self.fail_if: Callable[..., None] = fail_if

    def elsewhere(self, builder: Any) -> Loops:
        """The same arithmetic in another function of the module."""
        return type(self)(builder, self.module, self.scratch, self.fail_if)

    def refuse(self, condition: Number, error: Failure) -> None:
        """End the kernel with an error where a condition holds on a lane."""
        self.fail_if(self.reduce_or(condition).value, error)

    def wide(self, dtype: Dtype) -> Dtype:
        """The dtype in which NumPy's linear algebra computes: double precision, always."""
        return np.dtype({"f4": "f8", "c8": "c16"}.get(dtype.str[1:], dtype))

    def view(self, block: Block) -> View:
        """An operand or a result as a view."""
        return contiguous(block.pointer, block.type.dtype, block.type.shape)

    def space(self, dtype: Dtype, shape: tuple[Any, ...]) -> View:
        """Working memory for an array, or for a chunk of one."""
        sizes = [n if isinstance(n, int) else CHUNK for n in shape]
        pointer = self.scratch(max(1, int(np.prod(sizes, dtype=object))) * dtype.itemsize)
        return contiguous(pointer, dtype, shape)

    def local(self, type_: Any) -> Any:
        """A place on the stack, one for all iterations."""
        with self.builder.goto_entry_block():
            place = self.builder.alloca(type_)
            place.align = 16
            place.type = POINTER
            return place

    def constant_view(self, value: complex, dtype: Dtype, rank: int = 0) -> View:
        """A constant in memory, as an array of one element, or of as many as its partners have."""
        cell = self.local(ir.ArrayType(BYTE, 16))
        self.store(cell, self.constant(value, dtype))
        return View(cell, dtype, (1,) * rank, (0,) * rank)

    def long(self, value: Count) -> Any:
        """A count as an LLVM value."""
        return ir.Constant(LONG, value) if isinstance(value, int) else value

    def variable(self, initial: Number) -> Variable:
        """A number that iterations change."""
        return Variable(self, initial)

    @contextmanager
    def loop(self, count: Count) -> Iterator[Number]:
        """What is emitted inside runs for each index below a count, in order."""
        builder, before = self.builder, self.builder.block
        head, body, after = [builder.append_basic_block(n) for n in ("head", "body", "after")]
        builder.branch(head)
        builder.position_at_end(head)
        index = builder.phi(LONG)
        index.add_incoming(ir.Constant(LONG, 0), before)
        builder.cbranch(builder.icmp_signed("<", index, self.long(count)), body, after)
        builder.position_at_end(body)
        yield self.number(I64, index)
        index.add_incoming(builder.add(index, ir.Constant(LONG, 1)), builder.block)
        builder.branch(head)
        builder.position_at_end(after)

    @contextmanager
    def whilst(self, condition: Callable[[], Number]) -> Iterator[None]:
        """What is emitted inside runs as long as a condition holds."""
        builder = self.builder
        head, body, after = [builder.append_basic_block(n) for n in ("head", "body", "after")]
        builder.branch(head)
        builder.position_at_end(head)
        builder.cbranch(condition().value, body, after)
        builder.position_at_end(body)
        yield
        builder.branch(head)
        builder.position_at_end(after)

    def vectors(self, count: Count, emit: Callable[[Number, int], None]) -> None:
        """`emit(index, lanes)` for all indices below a count: on several lanes, and the rest on one."""
        if isinstance(count, int) and count < WIDTH:
            with self.loop(count) as i:
                emit(i, 1)
            return
        whole = self.builder.sdiv(self.long(count), ir.Constant(LONG, WIDTH))
        with self.loop(whole) as i:
            emit(i * WIDTH, WIDTH)
        done = self.builder.mul(whole, ir.Constant(LONG, WIDTH))
        with self.loop(self.builder.sub(self.long(count), done)) as i:
            emit(i + self.number(I64, done), 1)

    def further(self, pointer: Any, index: Number, stride: int) -> Any:
        """A pointer, so many strides further."""
        return self.builder.gep(pointer, [(index * stride).value], source_etype=BYTE)

    @contextmanager
    def every(self, views: Sequence[View], ranks: Sequence[int]) -> Iterator[list[View]]:
        """What is emitted inside runs for each of the arrays in the last axes of the views, so many of each."""
        outer = list(merged([v.outer(rank) for v, rank in zip(views, ranks, strict=True)]))
        with self._nested(outer, [v.pointer for v in views]) as pointers:
            yield [v.last(rank, p) for v, rank, p in zip(views, ranks, pointers, strict=True)]

    @contextmanager
    def _nested(
        self, axes: Sequence[tuple[Count, tuple[int, ...]]], pointers: Sequence[Any]
    ) -> Iterator[Sequence[Any]]:
        if not axes:
            yield pointers
            return
        count, strides = axes[0]
        with self.loop(count) as i:
            onward = [self.further(p, i, s) for p, s in zip(pointers, strides, strict=True)]
            with self._nested(axes[1:], onward) as reached:
                yield reached

    def map(
        self,
        function: Callable[..., Number],
        operands: Sequence[View],
        result: View,
        *,
        lanes: int = WIDTH,
    ) -> None:
        """Each element of the result is a function of the elements of operands of the same shape."""
        views = [*operands, result]
        axes = list(merged(views)) or [(1, tuple(v.dtype.itemsize for v in views))]
        close = all(s == v.dtype.itemsize for s, v in zip(axes[-1][1], views, strict=True))
        with self._nested(axes[:-1], [v.pointer for v in views]) as pointers:
            count, strides = axes[-1]

            def emit(i: Number, width: int) -> None:
                at = [self.further(p, i, s) for p, s in zip(pointers, strides, strict=True)]
                given = zip(at, operands, strict=False)
                value = function(*[self.load(p, v.dtype, width) for p, v in given])
                self.store(at[-1], self.splat(self.convert(value, result.dtype), width))

            if close and lanes > 1:
                self.vectors(count, emit)
            else:
                with self.loop(count) as i:
                    emit(i, 1)

    def within(self, view: View, start: int, stop: int) -> View:
        """The elements with these indices along the last axis."""
        offset = self.constant(start, I64)
        part = view.part((*view.shape[:-1], max(0, stop - start)))
        return replace(part, pointer=self.further(view.pointer, offset, view.strides[-1]))

    def unrolled(
        self,
        function: Callable[..., Sequence[Any]],
        operands: Sequence[View],
        results: Sequence[View],
        ranks: Sequence[int],
    ) -> None:
        """Apply a function to numbers, rows or matrices of them, of several arrays of a batch at a time.

        `function(*operands)` gets nested lists of numbers in double precision and gives those of the results; `ranks` says
        how many axes at the end of each view are in the lists.
        """
        views = [*operands, *results]
        axes = list(merged([v.outer(rank) for v, rank in zip(views, ranks, strict=True)]))
        last = axes.pop() if axes else None
        with self._nested(axes, [v.pointer for v in views]) as pointers:

            def emit(i: Number, lanes: int) -> None:
                steps = last[1] if last else (0,) * len(views)
                cells = [
                    _Cells(self, v.last(rank, pointer), i, step, lanes)
                    for v, rank, pointer, step in zip(views, ranks, pointers, steps, strict=True)
                ]
                made = function(*[c.loaded() for c in cells[: len(operands)]])
                for c, values in zip(cells[len(operands) :], made, strict=True):
                    c.store(values)

            self.vectors(last[0], emit) if last else emit(self.constant(0, I64), 1)

    def value(self, view: View) -> Number:
        """The first number in an array."""
        return self.load(view.pointer, view.dtype)

    def element(self, view: View, index: Number) -> Number:
        """One of contiguous integers, as an index."""
        return self.convert(self.load(self.at(view.pointer, index, view.dtype), view.dtype), I64)

    def outside(self, view: View, size: int) -> tuple[Number, Number]:
        """The first of contiguous indices that is out of range, and whether there is one."""
        first, found = (
            self.variable(self.constant(0, I64)),
            self.variable(self.constant(False, BOOL)),
        )
        with self.loop(view.size) as i:
            index = self.element(view, i)
            wrong = self.lt(index, 0) | self.ge(index, size)
            first.set(self.where(wrong & ~found.get(), index, first.get()))
            found.set(found.get() | wrong)
        return first.get(), found.get()

    def any(self, test: Callable[[Number], Number], view: View) -> Number:
        """Whether a test holds for some of contiguous elements."""
        found = self.variable(self.constant(False, BOOL))

        def look(i: Number, lanes: int) -> None:
            x = self.load(self.at(view.pointer, i, view.dtype), view.dtype, lanes)
            found.set(found.get() | self.reduce_or(test(x)))

        self.vectors(view.size, look)
        return found.get()

    def copy(self, source: View, target: View) -> None:
        """Copy the elements, and convert them."""
        self.map(lambda x: x, [source], target)

    def copied(self, source: View, dtype: Dtype | None = None) -> View:
        """A contiguous copy in working memory."""
        target = self.space(dtype or source.dtype, source.shape)
        self.copy(source, target)
        return target

    def mapped(
        self,
        function: Callable[..., Number],
        *operands: View,
        dtype: Dtype | None = None,
        lanes: int = WIDTH,
    ) -> View:
        """The array of what a function gives for each element, in working memory."""
        target = self.space(dtype or operands[0].dtype, operands[0].shape)
        self.map(function, operands, target, lanes=lanes)
        return target

    @contextmanager
    def chunks(self, *blocks: Block) -> Iterator[list[View]]:
        """What is emitted inside runs for each chunk of the elements of blocks of one size."""
        size = blocks[0].type.size
        with self.loop(-(-size // CHUNK)) as i:
            start = i * CHUNK
            rest = size - start
            count = self.where(self.lt(rest, CHUNK), rest, CHUNK).value
            yield [
                View(
                    self.at(b.pointer, start, b.type.dtype),
                    b.type.dtype,
                    (count,),
                    (b.type.dtype.itemsize,),
                )
                for b in blocks
            ]


class _Cells:
    """The elements of small arrays that lie a step apart, as nested lists of numbers with a lane for each array."""

    def __init__(self, m: Loops, view: View, first: Number, step: int, lanes: int) -> None:
        self.m, self.view, self.lanes = m, view, lanes
        self.start = m.further(view.pointer, first, step)
        self.apart = m.iota(lanes) * (step // view.dtype.itemsize)

    def loaded(self) -> Any:
        """The elements, in double precision."""
        m, view = self.m, self.view
        return self._nest(
            lambda at: m.convert(m.gather(at, self.apart, view.dtype), m.wide(view.dtype))
        )

    def store(self, values: Any) -> None:
        """Write the elements."""
        m, flat = self.m, values
        for _ in range(self.view.rank - 1):
            flat = [x for row in flat for x in row]
        rest = iter(flat if self.view.rank else [flat])
        self._nest(
            lambda at: m.scatter(
                at, self.apart, m.splat(m.convert(next(rest), self.view.dtype), self.lanes)
            )
        )

    def _nest(self, visit: Callable[[Any], Any], axis: int = 0, offset: int = 0) -> Any:
        m, view = self.m, self.view
        if axis == view.rank:
            return visit(m.further(self.start, m.constant(offset, I64), 1))
        places = [offset + i * view.strides[axis] for i in range(view.shape[axis])]
        return [self._nest(visit, axis + 1, place) for place in places]


class Variable:
    """A number in memory of its own, which iterations change."""

    def __init__(self, m: Loops, initial: Number) -> None:
        self.m = m
        self.dtype = initial.dtype
        self.place = m.local(ir.ArrayType(BYTE, 16))
        self.set(initial)

    def get(self) -> Number:
        """Its value now."""
        return self.m.load(self.place, self.dtype)

    def set(self, value: Number) -> None:
        """Give it another value."""
        self.m.store(self.place, value)
