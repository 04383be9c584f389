"""Powers: xʸ = e^(y·ln |x|), with the logarithm and the product as sums of two doubles.

ln(1 + f) = s·(2 + ⅔s² + s⁴·q(s²)),  s = f/(2 + f)
"""

from __future__ import annotations

from lineara.backends.native.elementary import coefficients
from lineara.backends.native.elementary.arithmetic import Lanes, Value
from lineara.backends.native.elementary.exponential import (
    BIAS,
    LN2_HIGH,
    LN2_LOW,
    ROUNDER,
    exp_sum,
    power_of_two,
)
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
    rest = t_low + z * z * m.poly(coefficients.LOG4[m.single], z)
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


def is_integer(x: Value) -> Value:
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
    integer = is_integer(height)
    odd = integer & ~is_integer(0.5 * height)
    value = m.where(odd, m.copysign(value, x), value)
    value = m.where((x < 0.0) & (size < INF) & ~integer, NAN, value)
    return m.where(y.equals(0.0) | x.equals(1.0), 1.0, value)


def cbrt(m: Lanes, x: Value) -> Value:
    """∛x: a polynomial for the mantissa, then one step of Newton's on its first bits."""
    size = m.abs(x)
    parts = normalised(m, size)
    third = m.fma(parts.k, 1.0 / 3.0, ROUNDER + BIAS)
    left = m.fma(third - (ROUNDER + BIAS), -3.0, parts.k)
    factor = m.where(left > 0.5, 2.0, m.where(left < -0.5, 0.5, 1.0))
    root = m.where(left > 0.5, 2.0 ** (1 / 3), m.where(left < -0.5, 0.5 ** (1 / 3), 1.0))
    mantissa = parts.mantissa * factor
    guess = m.high(root * m.poly(coefficients.CBRT[m.single], parts.mantissa - 1.0), 24)
    step = (mantissa / (guess * guess) - guess) / (3.0 * guess)
    value = m.fma(guess, m.fma(-step, step, step), guess) if not m.single else guess * (1.0 + step)
    value = value * power_of_two(m, m.bits(third))
    return m.where((size > 0.0) & (size < INF), m.copysign(value, x), x)


def hypot(m: Lanes, x: Value, y: Value) -> Value:
    """√(x² + y²) without overflow; inf where either is."""
    x, y = m.abs(x), m.abs(y)
    large, small = (x > 2.0**500) | (y > 2.0**500), (x < 2.0**-400) & (y < 2.0**-400)
    scale = m.where(large, 2.0**-600, m.where(small, 2.0**600, 1.0))
    back = m.where(large, 2.0**600, m.where(small, 2.0**-600, 1.0))
    a, b = x * scale, y * scale
    square, error = m.product(a, a)
    other, more = m.product(b, b)
    total = square + other
    greater, less = m.where(a > b, square, other), m.where(a > b, other, square)
    rest = (less - (total - greater)) + (error + more)
    value = m.sqrt(total + rest) * back
    return m.where(x.equals(INF) | y.equals(INF), INF, value)
