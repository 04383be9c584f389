"""Complex numbers: NumPy's products and quotients."""

from __future__ import annotations

import numpy as np

from lineara.backends.native.conversions import Conversions
from lineara.backends.native.lanes import Number

DOUBLE = np.dtype(np.float64)


class Complexes(Conversions):
    """Operations on complex numbers, over those on their parts."""

    def conj(self, x: Number) -> Number:
        """The conjugate; of a real number, itself."""
        return self.complex(x.real, -x.imag) if x.kind == "c" else x

    def complex_product(self, x: Number, y: Number) -> Number:
        """x·y, by its definition."""
        x, y = self.matched(x, y)
        a, b, c, d = x.real, x.imag, y.real, y.imag
        return self.complex(a * c - b * d, a * d + b * c)

    def complex_quotient(self, x: Number, y: Number) -> Number:
        """x/y by Smith's method, which divides by the larger part of y first."""
        x, y = self.matched(x, y)
        a, b, c, d = x.real, x.imag, y.real, y.imag
        c_size, d_size = self.intrinsic("fabs", c), self.intrinsic("fabs", d)
        wide = self.compare_reals(">=", c_size, d_size)
        large, small = self.where(wide, c, d), self.where(wide, d, c)
        none = self.compare_reals("==", large, self.full_like(large, 0)) & wide
        ratio = small / large
        scale = 1 / (large + small * ratio)
        real = self.where(wide, a + b * ratio, a * ratio + b) * scale
        imag = self.where(wide, b - a * ratio, b * ratio - a) * scale
        return self.complex(self.where(none, a / c_size, real), self.where(none, b / c_size, imag))

    def hypot(self, x: Number, y: Number) -> Number:
        """√(x² + y²), without overflow in between; infinite where one is, though the other be NaN."""
        x, y = self.matched(x, y)
        infinite = self.full_like(x, float("inf"))
        wild = self._is(self.intrinsic("fabs", x), infinite) | self._is(
            self.intrinsic("fabs", y), infinite
        )
        if x.dtype == DOUBLE:
            u, v, back = self.scaled_parts(x, y)
            return self.where(wild, infinite, self.intrinsic("sqrt", u * u + v * v) * back)
        u, v = self.convert(x, DOUBLE), self.convert(y, DOUBLE)
        length = self.convert(self.intrinsic("sqrt", u * u + v * v), x.dtype)
        return self.where(wild, infinite, length)

    def _is(self, x: Number, y: Number) -> Number:
        return self.compare_reals("==", x, y)

    def scaled_parts(self, x: Number, y: Number) -> tuple[Number, Number, Number]:
        """x and y over a power of 4 such that their squares are in range, and that power."""
        large = self.larger_real(self.intrinsic("fabs", x), self.intrinsic("fabs", y))
        huge, far = (2.0**600, 2.0**480) if x.dtype.itemsize == 8 else (2.0**100, 2.0**60)
        down = self.compare_reals(">", large, self.full_like(x, far))
        up = self.compare_reals("<", large, self.full_like(x, 1 / far))
        one, shrink = self.full_like(x, 1), self.full_like(x, 1 / huge)
        scale = self.where(down, shrink, self.where(up, huge, one))
        return x * scale, y * scale, self.where(down, huge, self.where(up, shrink, one))
