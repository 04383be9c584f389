"""Numbers in memory, where elements lie one after the other: a bool in a byte, the parts of a complex number side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from lineara.backends.native.lanes import BOOL, Dtype, Lanes, Number, cell_type, part_type, real_of

POINTER, INT = ir.PointerType(), ir.IntType(32)


def powers(count: int) -> list[tuple[int, int]]:
    """A count as powers of two, from the largest on, each as (first, size)."""
    found, first = [], 0
    while first < count:
        size = 1 << ((count - first).bit_length() - 1)
        found.append((first, size))
        first += size
    return found


class Memory(Lanes):
    """Loads and stores, aligned to a part of an element."""

    def at(self, pointer: Any, index: Number | int, dtype: Dtype) -> Any:
        """The pointer to the element of a dtype with this index, counted from a pointer."""
        place = index if isinstance(index, int) else index.value
        return self.once((pointer, place, dtype), lambda: self._at(pointer, place, dtype))

    def _at(self, pointer: Any, place: Any, dtype: Dtype) -> Any:
        value = ir.Constant(ir.IntType(64), place) if isinstance(place, int) else place
        element: Any = cell_type(dtype)
        if dtype.kind == "c":
            element = ir.ArrayType(element, 2)
        return self.builder.gep(pointer, [value], source_etype=element)

    def load(self, pointer: Any, dtype: Dtype, lanes: int = 1, count: int | None = None) -> Number:
        """The number of this many elements from a pointer on; of a count below it some are on the other lanes once more."""
        count = count or lanes
        if dtype.kind != "c":
            value = self._pieces(pointer, dtype, lanes, count)
            return self.number(dtype, self._register(value) if dtype == BOOL else value)
        real = real_of(dtype)
        pairs = self.number(real, self._pieces(pointer, real, 2 * lanes, 2 * count))
        parts = [self.shuffle(pairs, range(i, 2 * lanes, 2)).value for i in (0, 1)]
        return self.number(dtype, *parts)

    def store(self, pointer: Any, x: Number, count: int | None = None) -> None:
        """Write the lanes of a number from a pointer on, or so many of them."""
        value = x.parts[0]
        if x.dtype == BOOL:
            value = self.builder.zext(value, cell_type(BOOL, x.lanes))
        if x.kind == "c":
            value = self._interleaved(x)
        real = real_of(x.dtype)
        if count is None or count == x.lanes:
            self.builder.store(value, pointer, align=real.itemsize)
            return
        for first, n in powers(count * len(x.parts)):
            place = self.at(pointer, first, real) if first else pointer
            piece = self._cells(value, range(first, first + n))
            self.builder.store(piece, place, align=real.itemsize)

    def gather(self, pointer: Any, indices: Number, dtype: Dtype) -> Number:
        """The elements with these indices, counted from a pointer."""
        return self.joined([self.load(at, dtype) for at in self._each(pointer, indices, dtype)])

    def scatter(self, pointer: Any, indices: Number, x: Number) -> None:
        """Write the elements with these indices, lane after lane."""
        for i, at in enumerate(self._each(pointer, indices, x.dtype)):
            self.store(at, self.lane(x, i))

    def _each(self, pointer: Any, indices: Number, dtype: Dtype) -> list[Any]:
        return [self.at(pointer, self.lane(indices, i), dtype) for i in range(indices.lanes)]

    def _load(self, pointer: Any, dtype: Dtype, lanes: int) -> Any:
        return self.builder.load(pointer, align=dtype.itemsize, typ=cell_type(dtype, lanes))

    def _pieces(self, pointer: Any, dtype: Dtype, lanes: int, count: int) -> Any:
        """So many elements on more lanes, loaded piece by piece; the last piece is repeated."""
        if count == lanes:
            return self._load(pointer, dtype, lanes)
        *pieces, (first, n) = powers(count)
        found = self._load(self.at(pointer, first, dtype), dtype, n)
        for first, size in reversed(pieces):
            place = self.at(pointer, first, dtype) if first else pointer
            found, n = self._wider(found, n, size), size
            piece = self._load(place, dtype, size)
            found, n = self._cells(piece, range(2 * size), found), 2 * size
        return self._wider(found, n, lanes)

    def _wider(self, value: Any, lanes: int, wanted: int) -> Any:
        """The lanes of a value, again and again."""
        if lanes == wanted:
            return value
        if lanes == 1:
            return self._repeated(value, wanted)
        return self._cells(value, [i % lanes for i in range(wanted)])

    def _cells(self, value: Any, lanes: Sequence[int], other: Any = None) -> Any:
        """Lanes of a value, or of two beside each other."""
        if len(lanes) == 1:
            return self.builder.extract_element(value, ir.Constant(INT, lanes[0]))
        if other is not None and not isinstance(value.type, ir.VectorType):
            pair = self._repeated(value, 2)
            return self.builder.insert_element(pair, other, ir.Constant(INT, 1))
        second = ir.Constant(value.type, ir.Undefined) if other is None else other
        mask = ir.Constant(ir.VectorType(INT, len(lanes)), list(lanes))
        return self.builder.shuffle_vector(value, second, mask)

    def _register(self, value: Any) -> Any:
        return self.builder.icmp_unsigned("!=", value, ir.Constant(value.type, None))

    def _interleaved(self, x: Number) -> Any:
        real, imag = x.parts
        if x.lanes == 1:
            pair = ir.Constant(part_type(x.dtype, 2), ir.Undefined)
            for i, part in enumerate(x.parts):
                pair = self.builder.insert_element(pair, part, ir.Constant(ir.IntType(32), i))
            return pair
        order = np.arange(2 * x.lanes).reshape(2, x.lanes).T.ravel().tolist()
        mask = ir.Constant(ir.VectorType(ir.IntType(32), 2 * x.lanes), order)
        return self.builder.shuffle_vector(real, imag, mask)
