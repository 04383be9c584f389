"""Inverse circular and hyperbolic functions, complex ones by W. Kahan's formulas, and functions of real numbers alone.

Kahan's formulas (Branch cuts for complex elementary functions, 1987) keep the sign of a zero on a branch cut.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi, sqrt

import numpy as np

from lineara.backends.native.functions import Functions, holomorphic
from lineara.backends.native.lanes import Number


def _library(name: str) -> Callable[..., Number]:
    """The function of real numbers of this name, from the library."""

    def apply(m: Functions, *operands: Number) -> Number:
        return m.function(name, *operands)

    return apply


class Inverses(Functions):
    """Inverse functions, and the special functions of the library."""

    cbrt = _library("cbrt")
    erf, erfc, erfcx, logistic = map(_library, ("erf", "erfc", "erfcx", "logistic"))
    gamma, lgamma, digamma = map(_library, ("gamma", "lgamma", "digamma"))

    def _around(self, z: Number) -> tuple[Number, Number]:
        """√(1 − z) and √(1 + z)."""
        below = self.sqrt(self.complex(1 - z.real, -z.imag))
        return below, self.sqrt(self.complex(z.real + 1, z.imag))

    def _is_infinite(self, z: Number) -> Number:
        return self.isinf(z.real) | self.isinf(z.imag)

    @holomorphic
    def asin(self, z: Number) -> Number:
        """arcsin z"""
        x, y = z.real, z.imag
        below, above = self._around(z)
        width = below.real * above.real - below.imag * above.imag
        height = self.asinh(below.real * above.imag - below.imag * above.real)
        wild = self._is_infinite(z)
        infinite = self.copysign(self.full_like(y, float("inf")), y)
        real = self.atan2(x, self.where(wild, self.abs(y), width))
        real = self.where(self.eq(x, 0), x, real)
        return self.complex(real, self.where(wild, infinite, height))

    @holomorphic
    def acos(self, z: Number) -> Number:
        """arccos z"""
        x, y = z.real, z.imag
        below, above = self._around(z)
        angle = self.atan2(below.real, above.real) * 2
        height = self.asinh(above.real * below.imag - above.imag * below.real)
        wild = self._is_infinite(z)
        infinite = self.copysign(self.full_like(y, float("inf")), -y)
        real = self.where(wild, self.atan2(self.abs(y), x), angle)
        real = self.where(self.eq(x, 0), pi / 2, real)
        return self.complex(real, self.where(wild, infinite, height))

    @holomorphic
    def asinh(self, z: Number) -> Number:
        """i·arcsin(−i·z)"""
        w = self.asin(self.complex(z.imag, -z.real))
        return self.complex(-w.imag, w.real)

    @holomorphic
    def acosh(self, z: Number) -> Number:
        """±i·arccos z, with a real part of at least 0"""
        w = self.acos(z)
        return self.complex(self.abs(w.imag), self.copysign(w.real, z.imag))

    @holomorphic
    def atan(self, z: Number) -> Number:
        """−i·artanh(i·z)"""
        w = self.atanh(self.complex(-z.imag, z.real))
        return self.complex(w.imag, -w.real)

    @holomorphic
    def atanh(self, z: Number) -> Number:
        """artanh z"""
        x, y = self.abs(z.real), self.abs(z.imag)
        info = np.finfo(x.dtype)
        far = sqrt(float(info.max)) / 4
        distant = self.gt(x, far) | self.gt(y, far)
        a, b = self.where(distant, 0.5, x), self.where(distant, 0.5, y)
        square = b * b
        real = self.log1p(a * 4 / ((1 - a) * (1 - a) + square)) * 0.25
        pole = self.eq(a, 1) & self.lt(b, sqrt(float(info.eps)))
        real = self.where(pole, (log(2) - self.log(b)) * 0.5, real)
        angle = self.atan2(b + b, (1 - a) * (a + 1) - square) * 0.5
        inverse = self.where(self._is_infinite(z), 0, (1 / self.complex(x, y)).real)
        real = self.where(distant, inverse, real)
        real = self.where(self.eq(x, 0), 0, real)
        angle = self.where(distant, pi / 2, angle)
        angle = self.where(self.isnan(z) & ~self.isinf(y), float("nan"), angle)
        return self.complex(self.copysign(real, z.real), self.copysign(angle, z.imag))
