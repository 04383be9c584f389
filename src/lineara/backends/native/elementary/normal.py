"""The error function and its kin.

erf x = x + x·p(x²)                                       for |x| < 1
erfc x = e^(−x²)·h/x,  h = ½ + q((x − 7/2)/(x + 7/2))     for x ≥ 1
"""

from __future__ import annotations

from lineara.backends.native.elementary import coefficients
from lineara.backends.native.elementary.arithmetic import Lanes, Value
from lineara.backends.native.elementary.exponential import (
    BIAS,
    exp_sum,
    expm1_reduced,
    scaled,
    split,
)

MIDDLE = 3.5
BEYOND = 28.0
BIG = 1e9
INVERSE_ROOT_PI = 0.5641895835477563


def _near(m: Lanes, x: Value) -> Value:
    """erf x/x − 1 for |x| < 1, about 1: where erfc x is small, its error is."""
    return m.poly(coefficients.ERF[m.single], m.fma(x, x, -1.0))


def _scaled_tail(m: Lanes, x: Value) -> tuple[Value, Value]:
    """x·e^(x²)·erfc x for x ≥ 1, as a sum of two."""
    t = (x - MIDDLE) / (x + MIDDLE)
    rest = m.poly(coefficients.ERFC[m.single], t)
    return _two(m.constant(0.5), rest)


def _two(a: Value, b: Value) -> tuple[Value, Value]:
    """a + b as a sum of two, for |a| ≥ |b|."""
    total = a + b
    return total, b - (total - a)


def _quotient(m: Lanes, high: Value, low: Value, divisor: Value) -> Value:
    """(high + low)/divisor, nearly correctly rounded."""
    inverse = 1.0 / divisor
    first = high * inverse
    product, error = m.product(first, divisor)
    return first + ((high - product) - error + low) * inverse


def _tail(m: Lanes, x: Value) -> Value:
    """erfc x for 1 ≤ x ≤ 28."""
    square, error = m.product(x, x)
    _, r, bits = split(m, -square, 2 * BIAS)
    p = expm1_reduced(m, r - error)
    high, low = _scaled_tail(m, x)
    return scaled(m, _quotient(m, *_two(high, m.fma(high, p, low)), x), bits)


def erf(m: Lanes, x: Value) -> Value:
    """2/√π ∫₀ˣ e^(−t²) dt"""
    y = m.abs(x)
    near = m.fma(y, _near(m, y), y)
    far = 1.0 - _tail(m, m.clamp(y, 1.0, 6.5))
    return m.copysign(m.where(y < 1.0, near, far), x)


def erfc(m: Lanes, x: Value) -> Value:
    """1 − erf x"""
    y = m.abs(x)
    tail = _tail(m, m.clamp(y, 1.0, BEYOND))
    far = m.where(x < 0.0, 2.0 - tail, tail)
    near = m.fma(-x, _near(m, x), 1.0 - x)
    return m.where(y < 1.0, near, far)


def erfcx(m: Lanes, x: Value) -> Value:
    """e^(x²)·erfc x; for x < 0 it is 2·e^(x²) less that of −x."""
    y = m.abs(x)
    far = _quotient(m, *_scaled_tail(m, m.where(y < 1.0, 1.0, m.where(y > BIG, BIG, y))), y)
    positive = m.where(y < 1.0, 0.5 + m.poly(coefficients.ERFCX[m.single], y - 0.5), far)
    positive = m.where(y < BIG, positive, INVERSE_ROOT_PI / y)
    size = m.where(y > BEYOND, BEYOND, y)
    square, error = m.product(size, size)
    return m.where(x < 0.0, 2.0 * exp_sum(m, square, error) - positive, positive)
