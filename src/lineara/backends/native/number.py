"""The arithmetic of numbers in machine code: what the scalar law of a record is written in.

Each class of it adds to the one before: lanes, integers, reals, conversions, complexes, operations, functions, inverses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lineara.backends.native.inverses import Inverses
from lineara.backends.native.lanes import Number
from lineara.backends.native.memory import Memory

__all__ = ["Arithmetic", "Number", "Refusal"]

Refusal = Callable[[tuple[int, ...]], Exception]


class Arithmetic(Inverses, Memory):
    """Operations on numbers of every dtype, with NumPy's meaning, on one lane or several.

    Operands have one dtype, that of the result; Python numbers stand for constants. Nothing traps, and no value is undefined.
    """

    def __init__(self, builder: Any, module: Any) -> None:
        super().__init__(builder, module)
        self.refusals: list[tuple[Number, Refusal]] = []

    def refuse(self, condition: Number, error: Refusal) -> None:
        """Note that operands are refused, with an error, where a condition holds; who can end the loop there does."""
        self.refusals.append((condition, error))

    def reduced(self, combine: Callable[[Number, Number], Number], x: Number) -> Number:
        """The lanes of a number, combined to one lane: halves first.

        Lane i meets lane i + W/2 of W, then of the W/2 results i meets i + W/4, and so on: the order is this one always. Of
        other numbers of lanes the first 2ⁿ are combined, then the others, then the two.
        """
        first = 1 << (x.lanes.bit_length() - 1)
        if first != x.lanes:
            parts = [self.shuffle(x, range(*ends)) for ends in ((0, first), (first, x.lanes))]
            return combine(*[self.reduced(combine, part) for part in parts])
        while x.lanes > 1:
            half = x.lanes // 2
            low, high = self.shuffle(x, range(half)), self.shuffle(x, range(half, 2 * half))
            x = combine(low, high)
        return x

    def reduce_add(self, x: Number) -> Number:
        """The sum of the lanes, in the order of `reduced`."""
        return self.reduced(self.add, x)

    def reduce_mul(self, x: Number) -> Number:
        """The product of the lanes, in the order of `reduced`."""
        return self.reduced(self.mul, x)

    def reduce_min(self, x: Number) -> Number:
        """The least of the lanes."""
        return self.reduced(self.minimum, x)

    def reduce_max(self, x: Number) -> Number:
        """The greatest of the lanes."""
        return self.reduced(self.maximum, x)

    def reduce_and(self, x: Number) -> Number:
        """And of the lanes, bit by bit."""
        return self.reduced(self.bit_and, x)

    def reduce_or(self, x: Number) -> Number:
        """Or of the lanes, bit by bit."""
        return self.reduced(self.bit_or, x)
