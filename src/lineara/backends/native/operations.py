"""Operators, comparisons, extrema and remainders of numbers of every dtype."""

from __future__ import annotations

from math import isfinite

from lineara.backends.native.complexes import Complexes
from lineara.backends.native.lanes import BOOL, Number


class Operations(Complexes):
    """What is asked of numbers of every dtype, and what each kind of them makes of it."""

    trusting = False
    """Whether products of tangents are plain ones: see `lineara.backends.native.trust`."""

    def add(self, x: Number, y: Number) -> Number:
        """The sum; of bools, or."""
        if x.dtype == BOOL:
            return x | y
        return self.each(x.dtype, self.builder.fadd if _inexact(x) else self.builder.add, x, y)

    def sub(self, x: Number, y: Number) -> Number:
        """The difference."""
        return self.each(x.dtype, self.builder.fsub if _inexact(x) else self.builder.sub, x, y)

    def mul(self, x: Number, y: Number) -> Number:
        """The product; of bools, and."""
        if x.kind == "c":
            return self.complex_product(x, y)
        if x.dtype == BOOL:
            return x & y
        return self.each(x.dtype, self.builder.fmul if x.kind == "f" else self.builder.mul, x, y)

    def div(self, x: Number, y: Number) -> Number:
        """The quotient of inexact numbers."""
        if x.kind == "c":
            return self.complex_quotient(x, y)
        return self.each(x.dtype, self.builder.fdiv, x, y)

    def neg(self, x: Number) -> Number:
        """The negative."""
        return self.each(x.dtype, self.builder.fneg if _inexact(x) else self.builder.neg, x)

    def scaled(self, c: Number, x: Number) -> Number:
        """c·x, and 0 where one of them is 0, whatever the other is."""
        if self.is_plain(c) or self.is_plain(x):
            return c * x
        c, x = self.matched(c, x)
        if self.trusting and x.kind == "f":
            return self.intrinsic("fma", c, x, self.full_like(x, 0))
        if x.lanes == 1 and x.kind == "f":  # a condition on one lane goes through integer registers
            return self.lane(self.scaled(self.first_of_two(c), self.first_of_two(x)), 0)
        return self.where(self.nonzero(c) & self.nonzero(x), c * x, 0)

    @staticmethod
    def is_plain(x: Number) -> bool:
        """Whether it is known to be real, finite and not zero: a constant."""
        value = getattr(x.parts[0], "constant", None)
        if isinstance(value, list | tuple):
            value = getattr(value[0], "constant", None) if x.lanes > 1 else None
        return x.kind == "f" and isinstance(value, float) and isfinite(value) and value != 0

    def eq(self, x: Number, y: Number | complex) -> Number:
        """Whether x = y."""
        x, y = self.matched(x, y)
        if x.kind == "c":
            return self.eq(x.real, y.real) & self.eq(x.imag, y.imag)
        return self._compare("==", x, y)

    def ne(self, x: Number, y: Number | complex) -> Number:
        """Whether x ≠ y."""
        x, y = self.matched(x, y)
        if x.kind == "c":
            return self.ne(x.real, y.real) | self.ne(x.imag, y.imag)
        return self._compare("!=", x, y)

    def lt(self, x: Number, y: Number | complex) -> Number:
        """Whether x < y; complex numbers are in the order of the real parts, equal ones of the imaginary parts."""
        return self._ordered("<", x, y)

    def le(self, x: Number, y: Number | complex) -> Number:
        """Whether x ≤ y."""
        return self._ordered("<=", x, y)

    def gt(self, x: Number, y: Number | complex) -> Number:
        """Whether x > y."""
        return self._ordered(">", x, y)

    def ge(self, x: Number, y: Number | complex) -> Number:
        """Whether x ≥ y."""
        return self._ordered(">=", x, y)

    def _ordered(self, sign: str, x: Number, y: Number | complex) -> Number:
        x, y = self.matched(x, y)
        if x.kind != "c":
            return self._compare(sign, x, y)
        apart = self._compare(sign[0], x.real, y.real) & ~self.unordered(x.imag, y.imag)
        return apart | (self.eq(x.real, y.real) & self._compare(sign, x.imag, y.imag))

    def _compare(self, sign: str, x: Number, y: Number) -> Number:
        compare = self.compare_reals if x.kind == "f" else self.compare_integers
        return compare(sign, x, y)

    def isnan(self, x: Number) -> Number:
        """Whether x, or a part of it, is NaN."""
        return self.unordered(x.real, x.imag if x.kind == "c" else x)

    def isinf(self, x: Number) -> Number:
        """Whether x, or a part of it, is infinite."""
        if x.kind == "c":
            return self.isinf(x.real) | self.isinf(x.imag)
        return self.eq(self.abs(x), float("inf"))

    def isfinite(self, x: Number) -> Number:
        """Whether x is neither infinite nor NaN."""
        if x.kind == "c":
            return self.isfinite(x.real) & self.isfinite(x.imag)
        return self.lt(self.abs(x), float("inf"))

    def maximum(self, x: Number, y: Number) -> Number:
        """The larger one; NaN where one is."""
        if x.kind == "c":
            return self.where(self.ge(x, y) | self.isnan(x), x, y)
        return self.larger_real(x, y) if x.kind == "f" else self.where(self.ge(x, y), x, y)

    def minimum(self, x: Number, y: Number) -> Number:
        """The smaller one; NaN where one is."""
        if x.kind == "c":
            return self.where(self.le(x, y) | self.isnan(x), x, y)
        return self.smaller_real(x, y) if x.kind == "f" else self.where(self.le(x, y), x, y)

    def abs(self, x: Number) -> Number:
        """|x|; of the least integer, itself."""
        if x.kind == "c":
            return self.hypot(x.real, x.imag)
        if x.kind == "f":
            return self.intrinsic("fabs", x)
        return self.where(self.lt(x, 0), -x, x) if x.kind == "i" else x

    def sign(self, x: Number) -> Number:
        """−1, 0 or 1; NaN of NaN."""
        one = self.full_like(x, 1)
        if x.kind == "u":
            return self.where(self.ne(x, 0), one, 0)
        result = self.where(self.gt(x, 0), one, self.where(self.lt(x, 0), -one, 0))
        return self.where(self.isnan(x), x, result) if x.kind == "f" else result

    def floor_div(self, x: Number, y: Number) -> Number:
        """⌊x/y⌋; of integers by 0, 0."""
        x, y = self.matched(x, y)
        return (self.floored_reals if x.kind == "f" else self.floored_integers)(x, y)[0]

    def mod(self, x: Number, y: Number) -> Number:
        """The remainder with the sign of y; of integers by 0, 0."""
        x, y = self.matched(x, y)
        return (self.floored_reals if x.kind == "f" else self.floored_integers)(x, y)[1]

    def rem(self, x: Number, y: Number) -> Number:
        """The remainder with the sign of x; of integers by 0, 0."""
        x, y = self.matched(x, y)
        return self.remainder_of_reals(x, y) if x.kind == "f" else self.divided_integers(x, y)[1]

    def logical_and(self, x: Number, y: Number) -> Number:
        """Whether both are not 0."""
        return self.nonzero(x) & self.nonzero(y)

    def logical_or(self, x: Number, y: Number) -> Number:
        """Whether one is not 0."""
        return self.nonzero(x) | self.nonzero(y)

    def logical_not(self, x: Number) -> Number:
        """Whether x is 0."""
        return ~self.nonzero(x)


def _inexact(x: Number) -> bool:
    return x.kind in "fc"
