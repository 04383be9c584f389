"""Logarithms and what is made of one: ln x, log₂ x, log₁₀ x, ln(1 + x), artanh, arsinh, arcosh.

x = 2ᵏ·(1 + f),  √½ ≤ 1 + f < √2,  s = f/(2 + f)
ln(1 + f) = f − f²/2 + s·(f²/2 + R),  R = s²·q(s²)
"""

from __future__ import annotations

from dataclasses import dataclass

from lineara.backends.native.elementary.arithmetic import INT64, Lanes, Value, bits_of
from lineara.backends.native.elementary.coefficients import POLYNOMIALS
from lineara.backends.native.elementary.exponential import (
    BIAS,
    FRACTION,
    LN2_HIGH,
    LN2_LOW,
)

INF, NAN = float("inf"), float("nan")
ROOT_HALF = bits_of(0.5**0.5)
ONE = bits_of(1.0)
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
    return half_square, s * m.fma(z, m.poly(POLYNOMIALS["log"][m.single], z), half_square)


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


def log1p(m: Lanes, x: Value) -> Value:
    """ln(1 + x): what 1 + x loses by rounding is added to f."""
    u = 1.0 + x
    lost = m.where(x > 1.0, 1.0 - (u - x), x - (u - 1.0))
    parts = normalised(m, u)
    scale = m.real(m.constant(2 * BIAS, INT64) - parts.exponent << FRACTION)
    f = parts.mantissa - 1.0
    f = m.where(x > 2.0**60, f, m.fma(lost, scale, f))
    y = _at_edges(m, x, _log_of_parts(m, parts.k, f), -1.0)
    return m.where(m.abs(x) < 2.0**-54, x, y)
