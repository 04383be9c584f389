"""Rows of values that depend on a basis, in one colouring or another.

A change of rows moves what stands at each element to the row where its basis vector is now, and leaves zeros elsewhere:
by whole rows where that is possible, else by elements.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from lineara.ir import ArrayType, Builder, Var
from lineara.primitives import Expr, gathering, shape, slicing
from lineara.primitives.arithmetic import scale
from lineara.transforms.coloring import NONE, Coloring, colored
from lineara.transforms.dependence import Pattern
from lineara.transforms.sparsity import Cell

Ints = tuple[int, ...]
PIECES = 8
"""The parts up to which rows are put together from parts."""
FREE = NONE - 1
SPARSE = 4
"""From so many elements for each that is not zero on, an array is zeros with elements put in their places."""


FEW = 256
"""The elements up to which one row is spread by a mask, however few of them it fills."""


MOVE = 6000
"""What a change of rows costs besides its elements: it parts loops that would be one."""


def moving_cost(pattern: Pattern, count: int) -> int:
    """About how many operations a change to so many rows takes."""
    elements = int(pattern.sum())
    total = count * pattern[0].size
    cost: int = MOVE + 2 * min(total, total // 8 + 4 * elements)
    return cost


class Rows:
    """The rows of cells, by colouring, in a function under construction; the constants that it takes as parameters."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.constants: list[Any] = []
        self._params: dict[tuple[Any, ...], Var] = {}
        self._own: dict[Cell, Coloring] = {}
        self._made: dict[tuple[Cell, Coloring], Var] = {}
        self._basis: Cell | None = None

    def of_basis(self, x: Cell) -> None:
        """The cell that is the basis itself."""
        self._basis = x

    def have(self, x: Cell, coloring: Coloring, v: Var) -> None:
        """Take a variable as the rows of a cell."""
        self._own[x] = coloring
        self._made[x, coloring] = v

    def of(self, x: Cell, coloring: Coloring) -> Var:
        """The rows of a cell in a colouring. Those of vectors without a colour are left out."""
        found = self._made.get((x, coloring))
        if found is None:
            found = self._made[x, coloring] = self._rows(x, coloring)
        return found

    def columns(self, x: Cell, coloring: Coloring) -> Var:
        """The rows of a cell, as columns: their axis is the last one."""
        old = self._own.get(x)
        if old is not None and old != coloring and x.pattern.any():
            source = sources(x.pattern, old, coloring)
            into = np.nonzero(source != NONE)
            if len(into[0]) * SPARSE <= source.size:
                given = Expr(self.builder, self._made[x, old])
                shape_ = (*x.type.shape, coloring.count)
                return _var(self._put_flat(given, source, into, shape_, last=True))
        rows = Expr(self.builder, self.of(x, coloring))
        return _var(_transposed(rows, (*range(1, len(x.type.shape) + 1), 0)))

    def _rows(self, x: Cell, coloring: Coloring) -> Var:
        if x is self._basis:
            return self._unit_rows(x, coloring)
        if x not in self._own or not x.pattern.any():
            return self.builder.literal(0, _rows_type(x.type, coloring))
        return self._moved(x, self._own[x], coloring)

    def _unit_rows(self, x: Cell, coloring: Coloring) -> Var:
        """The basis vectors of each colour, summed up."""
        rows = coloring.rows(x.pattern).astype(x.type.dtype)
        if np.all(rows == 1):
            return self.builder.literal(1, _rows_type(x.type, coloring))
        return self._constant(rows).var

    def _moved(self, x: Cell, old: Coloring, new: Coloring) -> Var:
        source = sources(x.pattern, old, new)
        given = Expr(self.builder, self._made[x, old])
        whole = _whole_rows(source, old.rows(x.pattern) > 0)
        if whole is not None:
            return self._by_rows(given, whole)
        axes = varying(source)
        reduced = without_axes(source, axes)
        sparse = np.count_nonzero(reduced != NONE) * SPARSE <= reduced.size
        if old.count == 1 and (reduced.size <= FEW or not sparse):
            return self._masked(given, reduced, axes)
        if sparse:
            return self._put(given, reduced, axes)
        return self._spread(given, reduced, axes)

    def own(self, x: Cell) -> tuple[Coloring, Expr]:
        """The colouring that a cell is in, and its rows; the basis fits into one."""
        if x is self._basis:
            self._own.setdefault(x, colored(x.pattern))
        return self._own[x], Expr(self.builder, self.of(x, self._own[x]))

    def picked(self, x: Expr, places: Sequence[Any], axes: Ints, counts: Any) -> Any:
        """What stands at places along axes, which go first; zeros where it does not count."""
        if _straight(x.type.shape, places, axes):
            rest = [a for a in range(len(x.type.shape)) if a not in axes]
            turned = _transposed(x, (*axes, *rest))
            found = _flat(turned, (*places[0].shape, *[x.type.shape[a] for a in rest]))
        else:
            found = gathering.gather(x, *[self._index(i) for i in places], axes=axes)
        if np.all(counts):
            return found
        mask = self._constant(counts.astype(x.type.dtype))
        wide = shape.broadcast(mask, shape=found.type.shape, axes=tuple(range(counts.ndim)))
        return scale(wide, found)

    def _masked(self, given: Expr, reduced: Any, axes: Ints) -> Var:
        """The only row, at the elements of each row."""
        target = (len(reduced), *given.type.shape[1:])
        mask = self._constant((reduced == 0).astype(given.type.dtype))
        row = shape.reshape(given, shape=target[1:])
        every = shape.broadcast(row, shape=target, axes=tuple(range(1, len(target))))
        return _var(scale(shape.broadcast(mask, shape=target, axes=_with_rows(axes)), every))

    def _spread(self, given: Expr, reduced: Any, axes: Ints) -> Var:
        """Each element from where it comes."""
        rest = [a for a in range(len(given.type.shape) - 1) if a not in axes]
        places = [np.maximum(reduced, 0), *np.indices(reduced.shape)[1:]]
        found = self.picked(given, places, _with_rows(axes), reduced != NONE)
        order = (*axes, *rest)
        return _var(_transposed(found, (0, *[1 + order.index(a) for a in range(len(order))])))

    def _put(self, given: Expr, reduced: Any, axes: Ints) -> Var:
        """The elements that are not zero into zeros."""
        shape_ = (len(reduced), *given.type.shape[1:])
        if len(axes) + 1 == len(shape_):
            return _var(self._put_flat(given, reduced, np.nonzero(reduced != NONE), shape_))
        into = np.nonzero(reduced != NONE)
        at = _with_rows(axes)
        source = map(self._index, (reduced[into], *into[1:]))
        values = gathering.gather(given, *source, axes=at)
        nothing = self._zeros(given, shape_)
        return _var(gathering.write_at(nothing, values, *map(self._index, into), axes=at))

    def _put_flat(
        self, given: Expr, source: Any, into: Any, shape_: Ints, *, last: bool = False
    ) -> Any:
        """Elements into zeros of a shape, both as vectors. `last` puts the rows along the last axis."""
        taken = np.ravel_multi_index((source[into], *into[1:]), given.type.shape)
        values: Any = _flat(given, (given.type.size,))
        if not np.array_equal(taken, np.arange(given.type.size)):
            values = gathering.gather(values, self._index(taken), axes=(0,))
        nothing = self._zeros(given, (prod(shape_),))
        target = (*into[1:], into[0]) if last else into
        at = self._index(np.ravel_multi_index(target, shape_))
        return _flat(gathering.write_at(nothing, values, at, axes=(0,)), shape_)

    def _by_rows(self, given: Expr, whole: Any) -> Var:
        if np.array_equal(whole, np.arange(given.type.shape[0])):
            return given.var
        parts = list(_runs(whole))
        if len(parts) > PIECES:
            return _var(self.picked(given, [np.maximum(whole, 0)], (0,), whole != NONE))
        pieces = [self._run(given, start, stop) for start, stop in parts]
        return _var(pieces[0] if len(pieces) == 1 else shape.concatenate(*pieces, axis=0))

    def _run(self, given: Expr, start: int, stop: int) -> Expr:
        """Rows one after the other, or zeros if they start before the first."""
        rest = given.type.shape[1:]
        if start < 0:
            return self._zeros(given, (stop - start, *rest))
        low, one = (start, *[0] * len(rest)), (1,) * (1 + len(rest))
        part: Expr = slicing.slice_(given, start=low, stop=(stop, *rest), step=one)
        return part

    def _zeros(self, like: Expr, shape_: tuple[int, ...]) -> Expr:
        return Expr(self.builder, self.builder.literal(0, ArrayType(like.type.dtype, shape_)))

    def _index(self, places: Any) -> Expr:
        return self._constant(places.astype(np.int64))

    def _constant(self, array: Any) -> Expr:
        """A known array, which is a parameter."""
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._params:
            array = np.array(array, order="C")
            array.flags.writeable = False
            self.constants.append(array)
            self._params[key] = self.builder.param(
                ArrayType(array.dtype, array.shape), hint="basis"
            )
        return Expr(self.builder, self._params[key])


def _var(x: Any) -> Var:
    v: Var = x.var
    return v


def _flat(x: Expr, shape_: tuple[int, ...]) -> Any:
    return x if x.type.shape == shape_ else shape.reshape(x, shape=shape_)


def _rows_type(type_: ArrayType, coloring: Coloring) -> ArrayType:
    return ArrayType(type_.dtype, (coloring.count, *type_.shape))


def _transposed(x: Any, permutation: tuple[int, ...]) -> Any:
    """The axes in another order."""
    straight = permutation == tuple(range(len(permutation)))
    return x if straight else shape.transpose(x, permutation=permutation)


def sources(pattern: Pattern, old: Coloring, new: Coloring) -> Any:
    """For each new row and element the old row that it comes from: `NONE` for zeros, `FREE` where it does not matter.

    It does not matter where a vector has no colour now, or shares it with another one: such an element is not read.
    """
    source = np.full((new.count, *pattern.shape[1:]), NONE, np.intp)
    for j in np.flatnonzero((new.array >= 0) & (old.array >= 0)):
        source[new.colors[j], pattern[j]] = old.colors[j]
    left_out = pattern[new.array < 0].any(0)
    source[:, left_out | (new.rows(pattern) > 1).any(0)] = FREE
    return source


def varying(source: Any) -> tuple[int, ...]:
    """The axes of the elements along which the sources are not the same."""
    found = []
    for a in range(source.ndim - 1):
        fixed = np.where(source == FREE, source.max(1 + a, keepdims=True), source)
        if not np.all(fixed == fixed.max(1 + a, keepdims=True)):
            found.append(a)
    return tuple(found)


def without_axes(source: Any, kept: tuple[int, ...]) -> Any:
    """The sources with only those axes of the elements."""
    others = tuple([1 + a for a in range(source.ndim - 1) if a not in kept])
    return np.maximum(source.max(others), NONE)


def _whole_rows(source: Any, occupied: Any) -> Any:
    """For each new row the old one that it is, `NONE` for zeros; None if some row is not one of the old ones."""
    flat = source.reshape(len(source), -1)
    whole = np.maximum(flat.max(1, initial=NONE), NONE)
    rows = np.concatenate([occupied.reshape(len(occupied), -1), np.zeros((1, flat.shape[1]), bool)])
    same = np.where(rows[whole], whole[:, None], NONE) == flat
    return whole if np.all(same | (flat == FREE)) else None


def _runs(whole: Any) -> Iterator[tuple[int, int]]:
    """Runs of consecutive rows as (first, past the last); zeros as (-count, 0)."""
    start = 0
    for i in range(1, len(whole) + 1):
        step = 0 if whole[start] == NONE else 1
        if i < len(whole) and (whole[i] == NONE) == (step == 0) and whole[i] == whole[i - 1] + step:
            continue
        first = int(whole[start])
        yield (first, first + i - start) if step else (start - i, 0)
        start = i


def _straight(sizes: Ints, places: Sequence[Any], axes: Ints) -> bool:
    """Whether the places along axes are all there are, in order."""
    count = prod([sizes[a] for a in axes])
    if places[0].size != count:
        return False
    flat = np.ravel_multi_index([i.reshape(-1) for i in places], [sizes[a] for a in axes])
    return np.array_equal(flat, np.arange(count))


def _with_rows(axes: Ints) -> Ints:
    """The axis of the rows, and these of the elements."""
    return (0, *[1 + a for a in axes])
