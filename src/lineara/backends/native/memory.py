"""Numbers in memory, where elements lie one after the other: a bool in a byte, the parts of a complex number side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from lineara.backends.native.lanes import BOOL, Dtype, Lanes, Number, cell_type, part_type, real_of

POINTER = ir.PointerType()


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

    def load(self, pointer: Any, dtype: Dtype, lanes: int = 1) -> Number:
        """The number of this many elements from a pointer on."""
        if dtype.kind != "c":
            value = self._load(pointer, dtype, lanes)
            return self.number(dtype, self._register(value) if dtype == BOOL else value)
        real = real_of(dtype)
        pairs = self.number(real, self._load(pointer, real, 2 * lanes))
        parts = [self.shuffle(pairs, range(i, 2 * lanes, 2)).value for i in (0, 1)]
        return self.number(dtype, *parts)

    def store(self, pointer: Any, x: Number) -> None:
        """Write the lanes of a number from a pointer on."""
        value = x.parts[0]
        if x.dtype == BOOL:
            value = self.builder.zext(value, cell_type(BOOL, x.lanes))
        if x.kind == "c":
            value = self._interleaved(x)
        self.builder.store(value, pointer, align=real_of(x.dtype).itemsize)

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
