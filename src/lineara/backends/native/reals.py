"""Real numbers: comparisons, rounding, extrema, remainders and neighbours, as NumPy defines them."""

from __future__ import annotations

import numpy as np

from lineara.backends.native.integers import Integers
from lineara.backends.native.lanes import BOOL, Number


class Reals(Integers):
    """Operations on real numbers, each rounded once unless its law says otherwise."""

    def compare_reals(self, sign: str, x: Number, y: Number) -> Number:
        """A comparison of reals; with a NaN, only `!=` holds."""
        compare = self.builder.fcmp_unordered if sign == "!=" else self.builder.fcmp_ordered
        return self.each(BOOL, lambda a, b: compare(sign, a, b), x, y)

    def fma(self, x: Number, y: Number, z: Number) -> Number:
        """x·y + z, rounded once."""
        return self.intrinsic("fma", x, y, z)

    def copysign(self, x: Number, y: Number) -> Number:
        """|x| with the sign of y, be it that of a zero."""
        return self.intrinsic("copysign", x, y)

    def floor(self, x: Number) -> Number:
        """⌊x⌋"""
        return self.intrinsic("floor", x)

    def ceil(self, x: Number) -> Number:
        """⌈x⌉"""
        return self.intrinsic("ceil", x)

    def trunc(self, x: Number) -> Number:
        """x without its fraction."""
        return self.intrinsic("trunc", x)

    def round(self, x: Number) -> Number:
        """The nearest integer, of two the even one."""
        return self.intrinsic("rint", x)

    def unordered(self, x: Number, y: Number) -> Number:
        """Whether one of two reals is NaN."""
        return self.each(BOOL, lambda a, b: self.builder.fcmp_unordered("uno", a, b), x, y)

    def larger_real(self, x: Number, y: Number) -> Number:
        """The larger one, x of equal ones, NaN where one is."""
        x, y = self.matched(x, y)
        first = self.compare_reals(">=", x, y) | self.unordered(x, x)
        return self.where(first, x, y)

    def smaller_real(self, x: Number, y: Number) -> Number:
        """The smaller one, x of equal ones, NaN where one is."""
        x, y = self.matched(x, y)
        first = self.compare_reals("<=", x, y) | self.unordered(x, x)
        return self.where(first, x, y)

    def remainder_of_reals(self, x: Number, y: Number) -> Number:
        """x − y·trunc(x/y), exactly: C's fmod."""
        return self.outlined("remainder", _remainder, x, y)

    def floored_reals(self, x: Number, y: Number) -> tuple[Number, Number]:
        """⌊x/y⌋ and the remainder, which has the sign of y; by 0, x/0 and NaN."""
        zero = self.full_like(x, 0)
        rest = self.remainder_of_reals(x, y)
        whole = self.compare_reals("==", rest, zero)
        differ = self.compare_reals("<", y, zero) ^ self.compare_reals("<", rest, zero)
        low = differ & self.compare_reals("!=", rest, zero)
        quotient = (x - rest) / y
        quotient = self.where(low, quotient - 1, quotient)
        down = self.floor(quotient)
        down = self.where(
            self.compare_reals(">", quotient - down, self.full_like(x, 0.5)), down + 1, down
        )
        none = self.compare_reals("==", quotient, zero)
        down = self.where(none, self.copysign(zero, x / y), down)
        rest = self.where(whole, self.copysign(zero, y), self.where(low, rest + y, rest))
        nothing = self.compare_reals("==", y, zero)
        return (
            self.where(nothing, x / y, down),
            self.where(nothing, self.full_like(x, float("nan")), rest),
        )

    def nextafter(self, x: Number, y: Number) -> Number:
        """The number next to x on the way to y: one step of the bits, which are in the order of magnitudes."""
        x, y = self.matched(x, y)
        bits = self.bitcast(x, np.dtype(f"i{x.dtype.itemsize}"))
        zero = self.full_like(x, 0)
        away = self.compare_reals("<", x, y) ^ self.compare_reals("<", x, zero)
        moved = self.bitcast(bits + self.where(away, self.full_like(bits, 1), -1), x.dtype)
        least = float(np.finfo(x.dtype).smallest_subnormal)
        moved = self.where(
            self.compare_reals("==", x, zero), self.copysign(self.full_like(x, least), y), moved
        )
        moved = self.where(self.compare_reals("==", x, y), y, moved)
        return self.where(self.unordered(x, y), x + y, moved)


def _remainder(m: Reals, x: Number, y: Number) -> Number:
    """C's fmod: one multiplication where the quotient is a small integer on every lane, a call of the C library elsewhere.

    A rounded quotient has at most one too many, so that what is left of x is exact, or will be when y is added back.
    """
    quotient = m.trunc(x / y)
    limit = m.full_like(x, 2.0**51 if x.dtype.itemsize == 8 else 2.0**22)
    far = m.compare_reals(">=", m.intrinsic("fabs", quotient), limit)
    while far.lanes > 1:
        half = (far.lanes + 1) // 2
        far = m.shuffle(far, range(half)) | m.shuffle(far, range(far.lanes - half, far.lanes))
    with m.builder.if_then(far.value, likely=False):
        m.builder.ret(m.called("fmod", x, y).value)
    zero = m.full_like(x, 0)
    rest = m.fma(-quotient, y, x)
    over = m.compare_reals("<", m.copysign(m.full_like(x, 1), x) * rest, zero)
    rest = m.where(over, rest + m.copysign(y, x), rest)
    return m.where(m.compare_reals("==", quotient, zero), x, m.copysign(rest, x))
