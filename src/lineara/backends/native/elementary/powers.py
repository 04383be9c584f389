"""Powers: xʸ = e^(y·ln |x|), with the logarithm and the product as sums of two doubles.

ln(1 + f) = s·(2 + ⅔s² + s⁴·q(s²)),  s = f/(2 + f)
"""

from __future__ import annotations

from lineara.backends.native.elementary.arithmetic import Lanes, Value
from lineara.backends.native.elementary.coefficients import POLYNOMIALS
from lineara.backends.native.elementary.exponential import LN2_HIGH, LN2_LOW, exp_sum
from lineara.backends.native.elementary.logarithm import INF, NAN, log, normalised

TWO_THIRDS = (0.6666666666666666, 3.700743415417188e-17)
INTEGERS = 2.0**52
BEYOND, ENOUGH = 1100.0, 1e30


def _precise_mantissa(m: Lanes, f: Value) -> tuple[Value, Value]:
    """ln(1 + f) as a sum of two, for √½ ≤ 1 + f < √2."""
    divisor = 2.0 + f
    inverse = 1.0 / divisor
    s = f * inverse
    product, error = m.product(s, divisor)
    s_low = (((f - product) - error) - s * (f - (divisor - 2.0))) * inverse
    z, z_low = m.product(s, s)
    z_low = z_low + 2.0 * s * s_low
    t, t_low = m.product(z, m.constant(TWO_THIRDS[0]))
    t_low = t_low + (z_low * TWO_THIRDS[0] + z * TWO_THIRDS[1])
    rest = t_low + z * z * m.poly(POLYNOMIALS["log4"][m.single], z)
    u = t + rest
    u_low = rest - (u - t)
    v = 2.0 + u
    v_low = (u - (v - 2.0)) + u_low
    high, low = m.product(s, v)
    return high, low + (s * v_low + s_low * v)


def precise_log(m: Lanes, x: Value) -> tuple[Value, Value]:
    """ln x as a sum of two, for positive finite x."""
    parts = normalised(m, x)
    high, low = _precise_mantissa(m, parts.mantissa - 1.0)
    shift = parts.k * LN2_HIGH
    first = shift + high
    rest = (high - (first - shift)) + (low + parts.k * LN2_LOW)
    total = first + rest
    return total, rest - (total - first)


def is_integer(m: Lanes, x: Value) -> Value:
    """Whether x ≥ 0 has no fraction."""
    return (x >= INTEGERS) | ((x + INTEGERS) - INTEGERS).equals(x)


def _magnitude(m: Lanes, x: Value, y: Value) -> Value:
    """xʸ for x ≥ 0."""
    if m.single:
        return exp_sum(m, m.clamp(y, -ENOUGH, ENOUGH) * log(m, x))
    high, low = precise_log(m, x)
    high = m.where(x.equals(0.0), -INF, m.where(x < INF, high, x))
    y = m.clamp(y, -ENOUGH, ENOUGH)
    total, error = m.product(y, high)
    error = m.where(m.abs(total) < BEYOND, error + y * low, 0.0)
    return exp_sum(m, total, error)


def pow_(m: Lanes, x: Value, y: Value) -> Value:
    """xʸ"""
    size = m.abs(x)
    value = _magnitude(m, size, y)
    height = m.abs(y)
    integer = is_integer(m, height)
    odd = integer & ~is_integer(m, 0.5 * height)
    value = m.where(odd, m.copysign(value, x), value)
    value = m.where((x < 0.0) & (size < INF) & ~integer, NAN, value)
    return m.where(y.equals(0.0) | x.equals(1.0), 1.0, value)
