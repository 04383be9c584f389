"""Numbers in machine code: one value of a dtype, on one lane or on several, and how they are made and taken apart."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from struct import pack, unpack
from typing import Any

import numpy as np
from llvmlite import ir

BOOL, I64 = np.dtype(np.bool_), np.dtype(np.int64)
Dtype = np.dtype[Any]
ROOM = 4096
"""How many constants are remembered."""


@cache
def real_of(dtype: Dtype) -> Dtype:
    """The dtype of the parts: float32 for complex64, every other dtype itself."""
    return np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else dtype


def complex_of(dtype: Dtype) -> Dtype:
    """The complex dtype whose parts have a real dtype."""
    return np.dtype(f"c{dtype.itemsize * 2}")


@cache
def part_type(dtype: Dtype, lanes: int = 1) -> Any:
    """The LLVM type of a part in a register: a bool is one bit there."""
    real = real_of(dtype)
    one: Any
    if real.kind == "f":
        one = ir.DoubleType() if real.itemsize == 8 else ir.FloatType()
    else:
        one = ir.IntType(1 if real == BOOL else 8 * real.itemsize)
    return one if lanes == 1 else ir.VectorType(one, lanes)


@cache
def cell_type(dtype: Dtype, lanes: int = 1) -> Any:
    """The LLVM type of a part in memory: a bool is one byte there."""
    return part_type(np.dtype(np.uint8) if dtype == BOOL else dtype, lanes)


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """A value of one dtype on `lanes` lanes, made by an arithmetic `m`.

    `parts` are LLVM values: one, or the real and the imaginary part. Operators are those of the arithmetic; a Python number
    stands for a constant of this dtype, and a number of one lane meets one of several by being repeated.
    """

    m: Lanes
    dtype: Dtype
    lanes: int
    parts: tuple[Any, ...]

    @property
    def kind(self) -> str:
        """The kind of the dtype, as NumPy names it: one of `biufc`."""
        return self.dtype.kind

    @property
    def value(self) -> Any:
        """The LLVM value of a number that is not complex."""
        (only,) = self.parts
        return only

    @property
    def real(self) -> Number:
        """The real part: of a number that is not complex, itself."""
        return Number(self.m, real_of(self.dtype), self.lanes, self.parts[:1])

    @property
    def imag(self) -> Number:
        """The imaginary part of a complex number."""
        return Number(self.m, real_of(self.dtype), self.lanes, self.parts[1:])

    def __add__(self, other: Number | complex) -> Number:
        return self.m.add(*self.m.matched(self, other))

    def __radd__(self, other: complex) -> Number:
        return self.m.add(*self.m.matched(other, self))

    def __sub__(self, other: Number | complex) -> Number:
        return self.m.sub(*self.m.matched(self, other))

    def __rsub__(self, other: complex) -> Number:
        return self.m.sub(*self.m.matched(other, self))

    def __mul__(self, other: Number | complex) -> Number:
        return self.m.mul(*self.m.matched(self, other))

    def __rmul__(self, other: complex) -> Number:
        return self.m.mul(*self.m.matched(other, self))

    def __truediv__(self, other: Number | complex) -> Number:
        return self.m.div(*self.m.matched(self, other))

    def __rtruediv__(self, other: complex) -> Number:
        return self.m.div(*self.m.matched(other, self))

    def __neg__(self) -> Number:
        return self.m.neg(self)

    def __and__(self, other: Number) -> Number:
        return self.m.bit_and(self, other)

    def __or__(self, other: Number) -> Number:
        return self.m.bit_or(self, other)

    def __xor__(self, other: Number) -> Number:
        return self.m.bit_xor(self, other)

    def __invert__(self) -> Number:
        return self.m.bit_not(self)


class Lanes(ABC):
    """Makes numbers with a builder of instructions, repeats them over lanes, and chooses between them."""

    def __init__(self, builder: Any, module: Any) -> None:
        self.builder = builder
        self.module = module
        self._block: Any = None
        self._made: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What is made once in a block of code, so that it need not be written, read and found to be the same again."""
        if self.builder.block is not self._block:
            self._block, self._made = self.builder.block, {}
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = make()
        return found

    @abstractmethod
    def add(self, x: Number, y: Number) -> Number:
        """The sum; of bools, or."""

    @abstractmethod
    def sub(self, x: Number, y: Number) -> Number:
        """The difference."""

    @abstractmethod
    def mul(self, x: Number, y: Number) -> Number:
        """The product; of bools, and."""

    @abstractmethod
    def div(self, x: Number, y: Number) -> Number:
        """The quotient of inexact numbers."""

    @abstractmethod
    def neg(self, x: Number) -> Number:
        """The negative."""

    def elsewhere(self, builder: Any) -> Lanes:
        """The same arithmetic in another function of the module."""
        return type(self)(builder, self.module)

    def number(self, dtype: Dtype, *parts: Any) -> Number:
        """The number of a dtype that LLVM values are the parts of."""
        type_ = parts[0].type
        return Number(self, dtype, type_.count if isinstance(type_, ir.VectorType) else 1, parts)

    def constant(self, value: Any, dtype: Dtype, lanes: int = 1) -> Number:
        """A constant of a dtype; an integer out of its range wraps."""
        parts = (value.real, value.imag) if dtype.kind == "c" else (value,)
        return Number(
            self, dtype, lanes, tuple([_constant(p, real_of(dtype), lanes) for p in parts])
        )

    def full_like(self, x: Number, value: Any) -> Number:
        """A constant of the dtype and the lanes of a number."""
        return self.constant(value, x.dtype, x.lanes)

    def splat(self, x: Number, lanes: int) -> Number:
        """A number on this many lanes: as it is, or one lane repeated."""
        if x.lanes == lanes:
            return x
        return Number(self, x.dtype, lanes, tuple([self._repeated(p, lanes) for p in x.parts]))

    def _repeated(self, value: Any, lanes: int) -> Any:
        return self.once(("repeated", value, lanes), lambda: self._spread(value, lanes))

    def _spread(self, value: Any, lanes: int) -> Any:
        type_ = ir.VectorType(value.type, lanes)
        if isinstance(value, ir.Constant):
            return ir.Constant(type_, [value] * lanes)
        first = self.builder.insert_element(ir.Constant(type_, ir.Undefined), value, _index(0))
        nothing = ir.Constant(type_, ir.Undefined)
        return self.builder.shuffle_vector(first, nothing, _mask((0,) * lanes))

    def matched(self, *operands: Number | complex) -> tuple[Number, ...]:
        """The operands as numbers on the same lanes; Python numbers take the dtype of the others."""
        some = next(x for x in operands if isinstance(x, Number))
        lanes = max(x.lanes for x in operands if isinstance(x, Number))
        return tuple(
            [
                self.splat(x, lanes)
                if isinstance(x, Number)
                else self.constant(x, some.dtype, lanes)
                for x in operands
            ]
        )

    def shuffle(self, x: Number, lanes: Sequence[int]) -> Number:
        """The lanes of a vector with these indices, in this order; one index gives one lane."""
        if len(lanes) == 1:
            return self.lane(x, lanes[0])
        mask = _mask(tuple(lanes))
        parts = [
            self.builder.shuffle_vector(p, ir.Constant(p.type, ir.Undefined), mask) for p in x.parts
        ]
        return self.number(x.dtype, *parts)

    def mixed(self, x: Number, y: Number, lanes: Sequence[int]) -> Number:
        """The lanes of two vectors with these indices; those of the second are counted on from the first."""
        mask = _mask(tuple(lanes))
        parts = [
            self.builder.shuffle_vector(p, q, mask) for p, q in zip(x.parts, y.parts, strict=True)
        ]
        return self.number(x.dtype, *parts)

    def lane(self, x: Number, index: int) -> Number:
        """One lane of a number."""
        if x.lanes == 1:
            return x
        parts = [self.builder.extract_element(p, _index(index)) for p in x.parts]
        return self.number(x.dtype, *parts)

    def first_of_two(self, x: Number) -> Number:
        """A number of one lane as the first lane of two; what is on the second does not matter."""
        parts = []
        for p in x.parts:
            nothing = ir.Constant(ir.VectorType(p.type, 2), ir.Undefined)
            parts.append(self.builder.insert_element(nothing, p, _index(0)))
        return self.number(x.dtype, *parts)

    def joined(self, lanes: Sequence[Number]) -> Number:
        """The number whose lanes are numbers of one lane."""
        if len(lanes) == 1:
            return lanes[0]
        type_ = part_type(lanes[0].dtype, len(lanes))
        parts = []
        for column in zip(*[x.parts for x in lanes], strict=True):
            vector = ir.Constant(type_, ir.Undefined)
            for i, value in enumerate(column):
                vector = self.builder.insert_element(vector, value, _index(i))
            parts.append(vector)
        return self.number(lanes[0].dtype, *parts)

    def iota(self, lanes: int, dtype: Dtype = I64, last: int | None = None) -> Number:
        """0, 1, 2, … on the lanes, as far as the last."""
        if lanes == 1:
            return self.constant(0, dtype)
        one = part_type(dtype)
        values = [min(i, lanes if last is None else last) for i in range(lanes)]
        value = ir.Constant(ir.VectorType(one, lanes), [ir.Constant(one, i) for i in values])
        return Number(self, dtype, lanes, (value,))

    def each(self, dtype: Dtype, apply: Callable[..., Any], *operands: Number | complex) -> Number:
        """The number that an instruction gives part by part; `dtype` is that of the result."""
        columns = zip(*[x.parts for x in self.matched(*operands)], strict=True)
        return self.number(dtype, *[apply(*column) for column in columns])

    def intrinsic(self, name: str, *operands: Number | complex) -> Number:
        """What an LLVM intrinsic of one type gives: `fabs`, `sqrt`, `floor`, …"""
        given = self.matched(*operands)
        values = [x.value for x in given]
        full = f"llvm.{name}.{_suffix(values[0].type)}"
        declared = self.module.globals.get(full)
        if declared is None:
            type_ = ir.FunctionType(values[0].type, [v.type for v in values])
            declared = ir.Function(self.module, type_, full)
        return self.number(given[0].dtype, self.builder.call(declared, values))

    def outlined(self, name: str, body: Callable[..., Number], *operands: Number) -> Number:
        """What a function of the module gives, which is made of `body(m, *operands)` once; operands are of one dtype."""
        given = self.matched(*operands)
        values, dtype = [x.value for x in given], given[0].dtype
        full = f"lineara.{name}.{_suffix(values[0].type)}"
        function = self.module.globals.get(full)
        if function is None:
            type_ = ir.FunctionType(values[0].type, [v.type for v in values])
            function = ir.Function(self.module, type_, full)
            function.linkage = "internal"
            m = self.elsewhere(ir.IRBuilder(function.append_basic_block()))
            m.builder.ret(body(m, *[m.number(dtype, a) for a in function.args]).value)
        return self.number(dtype, self.builder.call(function, values))

    def called(self, name: str, *operands: Number) -> Number:
        """What a function of the C library gives, lane by lane: that of the name for doubles, with an f for floats."""
        dtype = operands[0].dtype
        full, one = name if dtype.itemsize == 8 else f"{name}f", part_type(dtype)
        known = self.module.globals.get(full)
        function = known or ir.Function(
            self.module, ir.FunctionType(one, [one] * len(operands)), full
        )
        lanes = [
            self.builder.call(function, [self.lane(x, i).value for x in operands])
            for i in range(operands[0].lanes)
        ]
        return self.joined([self.number(dtype, value) for value in lanes])

    def bitcast(self, x: Number, dtype: Dtype) -> Number:
        """The bits of a number as one of another dtype of the same size."""
        return self.number(dtype, self.builder.bitcast(x.value, part_type(dtype, x.lanes)))

    def where(self, condition: Number, x: Number | complex, y: Number | complex) -> Number:
        """x where the condition holds, y elsewhere."""
        x, y = self.matched(x, y)
        lanes = max(condition.lanes, x.lanes)
        x, y, chosen = self.splat(x, lanes), self.splat(y, lanes), self.splat(condition, lanes)
        return self.each(x.dtype, lambda a, b: self.builder.select(chosen.value, a, b), x, y)

    def bit_and(self, x: Number, y: Number) -> Number:
        """And, bit by bit."""
        return self.each(x.dtype, self.builder.and_, x, y)

    def bit_or(self, x: Number, y: Number) -> Number:
        """Or, bit by bit."""
        return self.each(x.dtype, self.builder.or_, x, y)

    def bit_xor(self, x: Number, y: Number) -> Number:
        """Exclusive or, bit by bit."""
        return self.each(x.dtype, self.builder.xor, x, y)

    def bit_not(self, x: Number) -> Number:
        """Not, bit by bit; of a bool, its contrary."""
        return self.each(x.dtype, self.builder.not_, x)


@cache
def _index(value: int) -> Any:
    return ir.Constant(ir.IntType(32), value)


def _constant(value: Any, dtype: Dtype, lanes: int) -> Any:
    if dtype.kind == "f":
        return _written(pack("d", float(value)), dtype, lanes)
    if dtype == BOOL:
        return _written(int(bool(value)), dtype, lanes)
    half = 1 << (8 * dtype.itemsize - 1)
    return _written((int(value) + half) % (2 * half) - half, dtype, lanes)


@lru_cache(ROOM)
def _written(value: int | bytes, dtype: Dtype, lanes: int) -> Any:
    """A constant of an integer or of the bits of a number; its text is made once."""
    number = unpack("d", value)[0] if isinstance(value, bytes) else value
    one = ir.Constant(part_type(dtype), number)
    return one if lanes == 1 else ir.Constant(part_type(dtype, lanes), [one] * lanes)


@lru_cache(ROOM)
def _mask(lanes: tuple[int, ...]) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes)


def _suffix(type_: Any) -> str:
    if isinstance(type_, ir.VectorType):
        return f"v{type_.count}{_suffix(type_.element)}"
    if isinstance(type_, ir.IntType):
        return f"i{type_.width}"
    return "f64" if isinstance(type_, ir.DoubleType) else "f32"
