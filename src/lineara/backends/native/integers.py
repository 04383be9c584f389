"""Integers and bools: NumPy's division, remainders and shifts, which never trap."""

from __future__ import annotations

from lineara.backends.native.lanes import BOOL, Lanes, Number


class Integers(Lanes):
    """Operations on signed and unsigned integers, which wrap, and comparisons of them."""

    def compare_integers(self, sign: str, x: Number, y: Number) -> Number:
        """A comparison `<`, `<=`, `==`, `!=`, `>`, `>=` of integers or bools."""
        compare = self.builder.icmp_signed if x.kind == "i" else self.builder.icmp_unsigned
        return self.each(BOOL, lambda a, b: compare(sign, a, b), x, y)

    def shift_left(self, x: Number, y: Number) -> Number:
        """x·2ʸ, and 0 where y is no index of a bit."""
        x, y = self.matched(x, y)
        inside = self._is_bit(y)
        shifted = self.each(x.dtype, self.builder.shl, x, self.where(inside, y, 0))
        return self.where(inside, shifted, 0)

    def shift_right(self, x: Number, y: Number) -> Number:
        """⌊x/2ʸ⌋; where y is no index of a bit, 0 or the sign."""
        x, y = self.matched(x, y)
        last = self.full_like(y, 8 * y.dtype.itemsize - 1)
        inside = self._is_bit(y)
        if x.kind == "i":
            return self.each(x.dtype, self.builder.ashr, x, self.where(inside, y, last))
        shifted = self.each(x.dtype, self.builder.lshr, x, self.where(inside, y, last))
        return self.where(inside, shifted, 0)

    def _is_bit(self, y: Number) -> Number:
        bits = self.full_like(y, 8 * y.dtype.itemsize)
        return self.each(BOOL, lambda a, b: self.builder.icmp_unsigned("<", a, b), y, bits)

    def divided_integers(self, x: Number, y: Number) -> tuple[Number, Number]:
        """The quotient, without its fraction, and the remainder, which has the sign of x; both 0 where y is 0."""
        zero = self.compare_integers("==", y, self.full_like(y, 0))
        if x.kind == "u":
            safe = self.where(zero, 1, y)
            quotient = self.each(x.dtype, self.builder.udiv, x, safe)
            remainder = self.each(x.dtype, self.builder.urem, x, safe)
            return self.where(zero, 0, quotient), self.where(zero, 0, remainder)
        minus = self.compare_integers("==", y, self.full_like(y, -1))
        safe = self.where(zero | minus, 1, y)
        quotient = self.each(x.dtype, self.builder.sdiv, x, safe)
        remainder = self.each(x.dtype, self.builder.srem, x, safe)
        return self.where(zero, 0, self.where(minus, -x, quotient)), remainder

    def floored_integers(self, x: Number, y: Number) -> tuple[Number, Number]:
        """⌊x/y⌋ and the remainder, which has the sign of y; both 0 where y is 0."""
        quotient, remainder = self.divided_integers(x, y)
        if x.kind == "u":
            return quotient, remainder
        zero = self.full_like(x, 0)
        differ = self.compare_integers("<", x ^ y, zero)
        inexact = self.compare_integers("!=", remainder, zero)
        low = differ & inexact
        return self.where(low, quotient - 1, quotient), self.where(low, remainder + y, remainder)

    def power_of_integers(self, x: Number, y: Number) -> Number:
        """xʸ, wrapped, by squaring, for y ≥ 0."""
        result = self.full_like(x, 1)
        for bit in range(8 * y.dtype.itemsize):
            odd = self.shift_right(y, self.full_like(y, bit)) & self.full_like(y, 1)
            taken = self.compare_integers("!=", odd, self.full_like(y, 0))
            result = self.where(taken, result * x, result)
            x = x * x
        return result
