"""Sines, cosines and tangents.

    |x| = k·π/2 + r + tail,  |r| ≤ π/4

π/2 is subtracted in two parts of 36 bits and one of 53, exactly for |x| ≤ 2¹⁷; larger arguments go to a function out of
line. The sine and the cosine of one argument share the reduction and both polynomials.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lineara.backends.native.elementary import coefficients
from lineara.backends.native.elementary.arithmetic import Lanes, Value
from lineara.backends.native.elementary.exponential import ROUNDER
from lineara.backends.native.elementary.huge import reduce_huge
from lineara.backends.native.elementary.outline import on_any

TWO_OVER_PI = 0.6366197723675814
HALF_PI = (1.5707963267923333, 2.5633441515839558e-12, 1.0562999066987428e-23)
SIGN = -1 << 63
LARGE = 2.0**17


@dataclass(frozen=True)
class Reduced:
    """An angle in quarter turns and the rest: the low bits of `quarters` count them."""

    quarters: Value
    r: Value
    tail: Value


def _reduce(m: Lanes, x: Value) -> Reduced:
    """The reduction of 0 ≤ x ≤ 2¹⁷."""
    shifted = m.fma(x, TWO_OVER_PI, ROUNDER)
    k = shifted - ROUNDER
    first = m.fma(k, -HALF_PI[0], x)
    r = m.fma(k, -HALF_PI[1], first)
    tail = m.fma(k, -HALF_PI[2], m.fma(k, -HALF_PI[1], first - r))
    return Reduced(m.bits(shifted), r, tail)


def sine_and_cosine(m: Lanes, a: Reduced) -> tuple[Value, Value]:
    """Of the rest alone."""
    z = a.r * a.r
    sine = m.fma(a.r * z, m.poly(coefficients.SIN[m.single], z), a.tail) + a.r
    correction = m.fma(z * z, m.poly(coefficients.COS[m.single], z), -(a.r * a.tail))
    return sine, m.fma(z, -0.5, 1.0) + correction


def _sin(m: Lanes, x: Value, a: Reduced) -> Value:
    sine, cosine = sine_and_cosine(m, a)
    odd = (a.quarters & 1).equals(0)
    value = m.bits(m.where(odd, sine, cosine))
    return m.real(value ^ ((a.quarters << 62) ^ m.bits(x)) & SIGN)


def _cos(m: Lanes, x: Value, a: Reduced) -> Value:
    sine, cosine = sine_and_cosine(m, a)
    odd = (a.quarters & 1).equals(0)
    value = m.bits(m.where(odd, cosine, sine))
    return m.real(value ^ ((a.quarters + 1) << 62) & SIGN)


def tangent(m: Lanes, a: Reduced) -> Value:
    """tan r = r + r³·q(r²), of the rest alone."""
    z = a.r * a.r
    first = m.fma(a.r * z, m.poly(coefficients.TAN[m.single], z), a.tail) + a.r
    return m.fma(first * first, a.tail, first)


def _tan(m: Lanes, x: Value, a: Reduced) -> Value:
    slope = tangent(m, a)
    odd = ~(a.quarters & 1).equals(0)
    value = m.where(odd, -1.0, slope) / m.where(odd, slope, 1.0)
    return m.real(m.bits(value) ^ m.bits(x) & SIGN)


def _with_huge(
    m: Lanes, x: Value, name: str, finish: Callable[[Lanes, Value, Reduced], Value]
) -> Value:
    """The near path on all lanes, and the far one instead where any lane is beyond it."""
    size = m.abs(x)
    near = finish(m, x, _reduce(m, size))

    def far(n: Lanes, y: Value) -> Value:
        return finish(n, y, Reduced(*reduce_huge(n, n.abs(y))))

    return on_any(m, size > LARGE, name, near, far, x)


def sin(m: Lanes, x: Value) -> Value:
    """sin x"""
    return _with_huge(m, x, "sin", _sin)


def cos(m: Lanes, x: Value) -> Value:
    """cos x"""
    return _with_huge(m, x, "cos", _cos)


def tan(m: Lanes, x: Value) -> Value:
    """tan x"""
    return _with_huge(m, x, "tan", _tan)
