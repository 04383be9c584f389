"""Elementary functions: of real numbers from the library, of complex ones by formulas over real ones.

The formulas keep what C99 says of infinite parts and zeros, and do not overflow before their results do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from math import exp, log
from typing import Any

import numpy as np

from lineara.backends.native import elementary
from lineara.backends.native.lanes import Number
from lineara.backends.native.operations import Operations

Formula = Callable[[Any, Number], Number]


def holomorphic(formula: Formula) -> Formula:
    """The function of the name of a formula for complex numbers, which real ones find in the library."""

    @wraps(formula)
    def apply(m: Functions, z: Number) -> Number:
        return formula(m, z) if z.kind == "c" else m.function(formula.__name__, z)

    return apply


class Functions(Operations):
    """Roots, powers, exponentials, logarithms, and circular and hyperbolic functions."""

    def function(self, name: str, *operands: Number | complex) -> Number:
        """A function of real numbers, from the library."""
        given = self.matched(*operands)
        values = [x.value for x in given]
        made = elementary.call(self.module, self.builder, name, *values)
        return self.number(given[0].dtype, made)

    def sqrt(self, z: Number) -> Number:
        """√z, with a real part of at least 0."""
        if z.kind != "c":
            return self.intrinsic("sqrt", z)
        x, y = z.real, z.imag
        u, v, back = self.scaled_parts(x, y)
        infinite = self.isinf(x) | self.isinf(y)
        length = self.where(infinite, float("inf"), self.sqrt(u * u + v * v))
        root = self.sqrt((length + self.abs(u)) * 0.5)
        root = root * self.sqrt(back)
        other = self.where(self.eq(root, 0), 0, self.abs(y) / (root + root))
        right = self.ge(x, 0)
        real = self.where(right, root, other)
        imag = self.copysign(self.where(right, other, root), y)
        wild = self.isinf(y)
        real = self.where(wild | self.eq(x, float("inf")), float("inf"), real)
        return self.complex(real, self.where(wild, y, imag))

    @holomorphic
    def exp(self, z: Number) -> Number:
        """eˣ·(cos y + i·sin y)"""
        x, y = z.real, z.imag
        far = 700.0 if x.dtype.itemsize == 8 else 80.0
        high = self.gt(x, far)
        size = self.exp(self.where(high, x - far, x))
        more = self.where(high, self.full_like(x, exp(far)), 1)
        wild = self.isinf(x) & ~self.isfinite(y)
        real = self.where(wild, size, size * self.cos(y) * more)
        imag = size * self.sin(y) * more
        imag = self.where(wild, self.where(self.lt(x, 0), 0, y - y), imag)
        return self.complex(real, self.where(self.eq(y, 0), y, imag))

    def exp2(self, z: Number) -> Number:
        """2ᶻ"""
        return self.exp(self._times(z, log(2))) if z.kind == "c" else self.function("exp2", z)

    @holomorphic
    def expm1(self, z: Number) -> Number:
        """eᶻ − 1 = eˣ − 1 − 2·eˣ·sin²(y/2) + …, without cancellation around 0."""
        x, y = z.real, z.imag
        half = self.sin(y * 0.5)
        real = self.expm1(x) * self.cos(y) - half * half * 2
        whole = self.exp(z)
        return self.complex(self.where(self.gt(x, 1), whole.real - 1, real), whole.imag)

    @holomorphic
    def log(self, z: Number) -> Number:
        """ln |z| + i·arg z, with all digits of ln |z| around 1."""
        x, y = self.abs(z.real), self.abs(z.imag)
        large, small = self.maximum(x, y), self.minimum(x, y)
        near = self.gt(large, 0.5) & self.lt(large, 1.5) & self.lt(small, 1.5)
        excess = self._excess(self.where(near, large, 1), self.where(near, small, 0))
        close = self.log1p(excess) * 0.5
        far = self._log_of_length(x, y)
        real = self.where(near & self.gt(excess, -0.5) & self.lt(excess, 1), close, far)
        return self.complex(real, self.atan2(z.imag, z.real))

    def _log_of_length(self, x: Number, y: Number) -> Number:
        u, v, back = self.scaled_parts(x, y)
        infinite = self.isinf(x) | self.isinf(y)
        length = self.where(infinite, float("inf"), self.sqrt(u * u + v * v))
        step = log(2) * (600 if x.dtype.itemsize == 8 else 100)
        up, down = self.gt(back, 1), self.lt(back, 1)
        added = self.where(up, step, self.where(down, -step, self.full_like(x, 0)))
        return self.log(length) + added

    def _excess(self, x: Number, y: Number) -> Number:
        """x² + y² − 1 for x around 1, from the squares and what is rounded off them."""
        squares = x * x, y * y
        lost = self.fma(x, x, -squares[0]) + self.fma(y, y, -squares[1])
        first = squares[0] - 1
        total = first + squares[1]
        part = total - first
        return total + (((first - (total - part)) + (squares[1] - part)) + lost)

    @holomorphic
    def log1p(self, z: Number) -> Number:
        """ln(1 + z), with all digits around 0."""
        x, y = z.real, z.imag
        near = self.lt(self.hypot(x, y), 0.5)
        inside, away = self.where(near, x, 0), self.where(near, y, 0)
        close = self.log1p(inside * (inside + 2) + away * away) * 0.5
        whole = self.log(self.complex(x + 1, y))
        return self.complex(self.where(near, close, whole.real), whole.imag)

    def log2(self, z: Number) -> Number:
        """log₂ z"""
        return self._times(self.log(z), 1 / log(2)) if z.kind == "c" else self.function("log2", z)

    def log10(self, z: Number) -> Number:
        """log₁₀ z"""
        return self._times(self.log(z), 1 / log(10)) if z.kind == "c" else self.function("log10", z)

    def _times(self, z: Number, factor: float) -> Number:
        return self.complex(z.real * factor, z.imag * factor)

    def pow(self, x: Number, y: Number) -> Number:
        """xʸ; of complex numbers to integers below 100 by products."""
        x, y = self.matched(x, y)
        if x.kind in "iu":
            return self.power_of_integers(x, y)
        if x.kind == "f":
            return self.function("pow", x, y)
        return self._complex_power(x, y)

    def _complex_power(self, x: Number, y: Number) -> Number:
        wide = np.dtype(np.complex128)
        if x.dtype != wide:
            power = self._complex_power(self.convert(x, wide), self.convert(y, wide))
            return self.convert(power, x.dtype)
        zero = self.eq(x, 0)
        n = self.where(self.eq(y.imag, 0) & self.lt(self.abs(y.real), 100), y.real, 0.5)
        whole = self.eq(self.trunc(n), n)
        product = self._product(x, self.where(whole, self.abs(n), 0), self.lt(n, 0))
        general = self.exp(y * self.log(self.where(zero, 1, x)))
        undefined = self.full_like(x, complex(float("nan"), float("nan")))
        of_zero = self.where(self.gt(y.real, 0), 0, undefined)
        power = self.where(zero, of_zero, self.where(whole, product, general))
        return self.where(self.eq(y, 0), 1, power)

    def _product(self, x: Number, n: Number, inverted: Number) -> Number:
        """xⁿ for whole n from 0 to 99 on each lane, or its inverse."""
        result, first = self.full_like(x, 1), self.full_like(inverted, True)
        for _ in range(7):
            rest = self.floor(n * 0.5)
            odd = self.ne(n - rest * 2, 0)
            result = self.where(odd, self.where(first, x, result * x), result)
            x, n, first = x * x, rest, first & ~odd
        return self.where(inverted, 1 / result, result)

    def integer_pow(self, x: Number, n: int) -> Number:
        """xⁿ: by squaring to the 16th power, beyond as any power."""
        if abs(n) > 16:
            return self.pow(x, self.full_like(x, n))
        result, rest = self.full_like(x, 1), abs(n)
        first = True
        while rest:
            if rest % 2:
                result, first = (x if first else result * x), False
            x, rest = (x * x if rest > 1 else x), rest // 2
        return 1 / result if n < 0 else result

    def _hyperbolic(self, x: Number) -> tuple[Number, Number, Number]:
        """cosh x, sinh x and a factor that both are still to be multiplied by, lest they overflow."""
        far, step = (700.0, 600.0) if x.dtype.itemsize == 8 else (80.0, 60.0)
        high = self.isfinite(x) & self.gt(self.abs(x), far)
        near = self.where(high, x - self.copysign(self.full_like(x, step), x), x)
        return self.cosh(near), self.sinh(near), self.where(high, self.full_like(x, exp(step)), 1)

    @holomorphic
    def sinh(self, z: Number) -> Number:
        """sinh x·cos y + i·cosh x·sin y"""
        x, y = z.real, z.imag
        cosh, sinh, more = self._hyperbolic(x)
        wild = self.isinf(x) & ~self.isfinite(y)
        real = self.where(wild | self.eq(x, 0), x, sinh * self.cos(y) * more)
        return self.complex(real, self.where(self.eq(y, 0), y, cosh * self.sin(y) * more))

    @holomorphic
    def cosh(self, z: Number) -> Number:
        """cosh x·cos y + i·sinh x·sin y"""
        x, y = z.real, z.imag
        cosh, sinh, more = self._hyperbolic(x)
        wild = self.isinf(x) & ~self.isfinite(y)
        real = self.where(wild, float("inf"), cosh * self.cos(y) * more)
        flat = self.eq(x, 0) | self.eq(y, 0)
        none = self.copysign(self.full_like(x, 0), x) * self.copysign(self.full_like(x, 1), y)
        return self.complex(real, self.where(flat, none, sinh * self.sin(y) * more))

    @holomorphic
    def tanh(self, z: Number) -> Number:
        """Kahan's formula: (β·ρ·s + i·t)/(1 + β·s²), with t = tan y, s = sinh x, β = 1 + t², ρ = √(1 + s²)."""
        x, y = z.real, z.imag
        far = self.gt(self.abs(x), 22.0 if x.dtype.itemsize == 8 else 11.0)
        t, s = self.tan(y), self.sinh(self.where(far, 0, x))
        beta, rho = t * t + 1, self.sqrt(s * s + 1)
        below = beta * s * s + 1
        rest = self.sin(y) * self.cos(y) * 4 * self.exp(self.abs(x) * -2)
        rest = self.where(self.isinf(x) & ~self.isfinite(y), 0, rest)
        one = self.copysign(self.full_like(x, 1), x)
        one = self.where(self.isnan(rest), rest, one)
        real = self.where(far, one, beta * rho * s / below)
        real = self.where(self.eq(x, 0), x, real)
        return self.complex(real, self.where(self.eq(y, 0), y, self.where(far, rest, t / below)))

    @holomorphic
    def sin(self, z: Number) -> Number:
        """−i·sinh(i·z)"""
        w = self.sinh(self.complex(-z.imag, z.real))
        return self.complex(w.imag, -w.real)

    @holomorphic
    def cos(self, z: Number) -> Number:
        """cosh(i·z)"""
        return self.cosh(self.complex(-z.imag, z.real))

    @holomorphic
    def tan(self, z: Number) -> Number:
        """−i·tanh(i·z)"""
        w = self.tanh(self.complex(-z.imag, z.real))
        return self.complex(w.imag, -w.real)

    def atan2(self, y: Number, x: Number | complex) -> Number:
        """The angle of the point (x, y)."""
        return self.function("atan2", y, x)
