"""Logarithms and what is made of one: ln x, log₂ x, log₁₀ x, ln(1 + x), artanh, arsinh, arcosh.

x = 2ᵏ·(1 + f),  √½ ≤ 1 + f < √2,  s = f/(2 + f)
ln(1 + f) = f − f²/2 + s·(f²/2 + R),  R = s²·q(s²)
"""

from __future__ import annotations

from dataclasses import dataclass

from lineara.backends.native.elementary import coefficients
from lineara.backends.native.elementary.arithmetic import INT64, Lanes, Value, bits_of
from lineara.backends.native.elementary.exponential import (
    BIAS,
    FRACTION,
    LN2_HIGH,
    LN2_LOW,
)

INF, NAN = float("inf"), float("nan")
ROOT_HALF = bits_of(0.5**0.5)
ONE = bits_of(1.0)
LOG2_E = (1.4426950365304947, 4.3584687174185184e-09)
LOG10_E = (0.434294480830431, 1.0728208431540585e-09)
LOG10_2 = (0.30102999566361177, 3.694239077158931e-13)
LEAST_NORMAL = 2.0**-1022


@dataclass(frozen=True)
class Scaled:
    """x = 2ᵏ·mantissa, with the mantissa between √½ and √2."""

    k: Value
    mantissa: Value
    exponent: Value
    """The bits of k + 1023."""


def normalised(m: Lanes, x: Value) -> Scaled:
    """The parts of a positive finite x, which may be subnormal."""
    offset = m.constant(BIAS + 2.0**FRACTION)
    if not m.single:
        tiny = x < LEAST_NORMAL
        x = m.where(tiny, x * 2.0**54, x)
        offset = m.where(tiny, BIAS + 54 + 2.0**FRACTION, offset)
    bits = m.bits(x) + (ONE - ROOT_HALF)
    exponent = bits >> FRACTION
    mantissa = m.real((bits & ((1 << FRACTION) - 1)) + ROOT_HALF)
    return Scaled(m.real(exponent | bits_of(2.0**FRACTION)) - offset, mantissa, exponent)


def _log_tail(m: Lanes, f: Value) -> tuple[Value, Value]:
    """f²/2 and s·(f²/2 + R): what is taken from f and what is added to it."""
    s = f / (2.0 + f)
    z = s * s
    half_square = 0.5 * f * f
    return half_square, s * m.fma(z, m.poly(coefficients.LOG[m.single], z), half_square)


def _log_of_parts(m: Lanes, k: Value, f: Value) -> Value:
    half_square, added = _log_tail(m, f)
    return m.fma(k, LN2_HIGH, f - (half_square - m.fma(k, LN2_LOW, added)))


def _at_edges(m: Lanes, x: Value, y: Value, zero: float) -> Value:
    """A logarithm with its values at x = inf, at `zero` and below, and at NaN."""
    y = m.where(x < INF, y, x)
    return m.where(x > zero, y, m.where(x.equals(zero), -INF, NAN))


def log(m: Lanes, x: Value) -> Value:
    """ln x"""
    parts = normalised(m, x)
    return _at_edges(m, x, _log_of_parts(m, parts.k, parts.mantissa - 1.0), 0.0)


def log_sum(m: Lanes, high: Value, low: Value, doublings: Value | float = 0.0) -> Value:
    """ln((high + low)·2^doublings) for positive finite high and |low| much less."""
    parts = normalised(m, high)
    scale = m.real(m.constant(2 * BIAS, INT64) - parts.exponent << FRACTION)
    f = parts.mantissa - 1.0
    f = m.where(high < 2.0**1000, m.fma(low, scale, f), f)
    return _log_of_parts(m, parts.k + doublings, f)


def _one_plus(m: Lanes, x: Value) -> tuple[Value, Value]:
    """1 + x as a sum of two; from 2⁶⁰ on the second does not count and is 0."""
    u = 1.0 + x
    lost = m.where(x > 1.0, 1.0 - (u - x), x - (u - 1.0))
    return u, m.where(x < 2.0**60, lost, 0.0)


def log1p(m: Lanes, x: Value) -> Value:
    """ln(1 + x): what 1 + x loses by rounding is added to f."""
    y = _at_edges(m, x, log_sum(m, *_one_plus(m, x)), -1.0)
    return m.where(m.abs(x) < 2.0**-54, x, y)


def _in_base(m: Lanes, x: Value, digit: tuple[float, float], inverse: tuple[float, float]) -> Value:
    """ln x·inverse = k·digit + ln(1 + f)·inverse, the products in two parts of which the first are exact."""
    parts = normalised(m, x)
    f = parts.mantissa - 1.0
    half_square, added = _log_tail(m, f)
    high = m.high(f - half_square)
    low = (f - high) - half_square + added
    whole, first = parts.k * digit[0], high * inverse[0]
    total = whole + first
    rest = m.fma(low, inverse[0], (low + high) * inverse[1]) + parts.k * digit[1]
    return _at_edges(m, x, total + (((whole - total) + first) + rest), 0.0)


def log2(m: Lanes, x: Value) -> Value:
    """log₂ x"""
    return _in_base(m, x, (1.0, 0.0), LOG2_E)


def log10(m: Lanes, x: Value) -> Value:
    """log₁₀ x"""
    return _in_base(m, x, LOG10_2, LOG10_E)


def atanh(m: Lanes, x: Value) -> Value:
    """½·ln((1 + x)/(1 − x)) with the quotient as a sum of two, and the series of s for |x| < 0.17."""
    y = m.abs(x)
    z = x * x
    near = m.fma(0.5 * x * z, m.poly(coefficients.LOG[m.single], z), x)
    top, bottom = 1.0 + y, 1.0 - y
    inverse = 1.0 / bottom
    quotient = top * inverse
    product, error = m.product(quotient, bottom)
    left = (top - product) - error + (y - (top - 1.0)) - quotient * ((1.0 - bottom) - y)
    far = 0.5 * log_sum(m, quotient, left * inverse)
    far = m.where(y < 1.0, far, m.where(y.equals(1.0), INF, NAN))
    return m.copysign(m.where(y < 0.17, near, far), x)


def asinh(m: Lanes, x: Value) -> Value:
    """ln(|x| + √(x² + 1)) with the sum in two parts, and x + x³·q(x²) for |x| < ½."""
    y = m.abs(x)
    z = x * x
    near = m.fma(x * z, m.poly(coefficients.ASINH[m.single], z), x)
    large = y > 2.0**30
    w = m.where(large, 1.0, y)
    square, error = m.product(w, w)
    total = square + 1.0
    small, big = m.where(w < 1.0, square, 1.0), m.where(w < 1.0, 1.0, square)
    root, rest = root_of_sum(m, total, (small - (total - big)) + error)
    high = root + w
    greater, less = m.where(root > w, root, w), m.where(root > w, w, root)
    low = (less - (high - greater)) + rest
    far = log_sum(m, m.where(large, y, high), m.where(large, 0.0, low), m.where(large, 1.0, 0.0))
    far = m.where(y < INF, far, y)
    return m.copysign(m.where(y < 0.5, m.where(z.equals(0.0), x, near), far), x)


def acosh(m: Lanes, x: Value) -> Value:
    """ln(1 + t + √(t·(2 + t))) for t = x − 1, all in two parts."""
    large = x > 2.0**30
    t = m.where(large, 1.0, x - 1.0)
    other = 2.0 + t
    product, error = m.product(t, other)
    root, rest = root_of_sum(m, product, error + t * (t - (other - 2.0)))
    v = root + t
    u, low = _one_plus(m, v)
    low = low + ((t - (v - root)) + rest)
    y = log_sum(m, m.where(large, x, u), m.where(large, 0.0, low), m.where(large, 1.0, 0.0))
    y = m.where(x < INF, y, x)
    return m.where(x > 1.0, y, m.where(x.equals(1.0), 0.0, NAN))


def root_of_sum(m: Lanes, high: Value, low: Value) -> tuple[Value, Value]:
    """√(high + low) as a sum of two."""
    root = m.sqrt(high)
    square, error = m.product(root, root)
    rest = ((high - square) - error + low) / m.where(root > 0.0, root + root, 1.0)
    return root, rest
