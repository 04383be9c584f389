"""Arrays in memory as a routine sees them: a pointer, a dtype, a shape, and the distances between elements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from typing import Any

from lineara.backends.native.lanes import Dtype


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """An array of static shape; its strides are bytes.

    The one axis of a chunk of an array may have a size that is an LLVM value.
    """

    pointer: Any
    dtype: Dtype
    shape: tuple[Any, ...]
    strides: tuple[int, ...]

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    def swapped(self) -> View:
        """Each matrix transposed."""
        return self.permuted((*range(self.rank - 2), self.rank - 1, self.rank - 2))

    def moved(self, axis: int) -> View:
        """An axis as the last."""
        return self.permuted((*(i for i in range(self.rank) if i != axis), axis))

    def permuted(self, order: Sequence[int]) -> View:
        """The axes in another order."""
        shape, strides = [self.shape[i] for i in order], [self.strides[i] for i in order]
        return replace(self, shape=tuple(shape), strides=tuple(strides))

    def repeated(self, count: int) -> View:
        """The array for each of a new first axis."""
        return replace(self, shape=(count, *self.shape), strides=(0, *self.strides))

    def part(self, shape: tuple[int, ...]) -> View:
        """The elements with the first indices along each axis."""
        return replace(self, shape=shape)

    def last(self, rank: int, pointer: Any) -> View:
        """One of the arrays in the last axes, at a pointer."""
        first = self.rank - rank
        return View(pointer, self.dtype, self.shape[first:], self.strides[first:])

    def outer(self, rank: int) -> View:
        """The first elements of the arrays in the last axes."""
        kept = self.rank - rank
        return replace(self, shape=self.shape[:kept], strides=self.strides[:kept])


def contiguous(pointer: Any, dtype: Dtype, shape: tuple[Any, ...]) -> View:
    """The array of a shape whose elements lie one after the other."""
    strides = [dtype.itemsize * prod(shape[i + 1 :]) for i in range(len(shape))]
    return View(pointer, dtype, tuple(shape), tuple(strides))


def merged(views: Sequence[View]) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """The sizes and strides of the axes that views of one shape have, those that can be one axis as one."""
    axes: list[tuple[Any, tuple[int, ...]]] = []
    for axis, size in enumerate(views[0].shape):
        strides = tuple(v.strides[axis] for v in views)
        if isinstance(size, int) and size == 1:
            continue
        if axes and all(far == near * size for far, near in zip(axes[-1][1], strides, strict=True)):
            axes[-1] = (axes[-1][0] * size, strides)
        else:
            axes.append((size, strides))
    yield from axes


def grouped(view: View, groups: Sequence[Sequence[int]]) -> View | None:
    """The view in which each group of axes is one axis; None where no stride makes it one."""
    shape, strides = [], []
    for group in groups:
        wide = [a for a in group if view.shape[a] != 1]
        near = pairwise(wide)
        if any(view.strides[a] != view.strides[b] * view.shape[b] for a, b in near):
            return None
        shape.append(prod(view.shape[a] for a in group))
        strides.append(view.strides[wide[-1]] if wide else view.dtype.itemsize)
    return replace(view, shape=tuple(shape), strides=tuple(strides))
