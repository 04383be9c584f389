"""Inverse trigonometric functions.

arcsin x = π/2 − 2·arcsin √((1 − x)/2)                              for x ≥ ½
arctan x = arctan c + arctan t,  t = (x − c)/(1 + c·x),  c ∈ {0, 1, ∞},  |t| < √2 − 1
"""

from __future__ import annotations

from lineara.backends.native.elementary import coefficients
from lineara.backends.native.elementary.arithmetic import Lanes, Value

HALF_PI = (1.5707963267948966, 6.123233995736766e-17)
QUARTER_PI = (0.7853981633974483, 3.061616997868383e-17)
PI = (3.141592653589793, 1.2246467991473532e-16)
TANGENT = 0.41421356237309503
LARGEST, LEAST = 2.0**1000, 2.0**-900
INF = float("inf")


def _arcsine(m: Lanes, x: Value) -> tuple[Value, Value, Value]:
    """Whether |x| ≥ ½, and the arcsine of |x| or of √((1 − |x|)/2) as a sum of two."""
    y = m.abs(x)
    far = y >= 0.5
    z = m.where(far, m.fma(y, -0.5, 0.5), y * y)
    root = m.sqrt(z)
    part = m.high(root)
    rest = m.fma(-part, part, z) / m.where(far & (y < 1.0), root + part, 1.0)
    s = m.where(far, root, y)
    tail = s * z * m.poly(coefficients.ASIN[m.single], z)
    return far, m.where(far, part, s), tail + m.where(far, rest, 0.0)


def asin(m: Lanes, x: Value) -> Value:
    """arcsin x"""
    far, s, tail = _arcsine(m, x)
    value = (HALF_PI[0] - 2.0 * s) - (2.0 * tail - HALF_PI[1])
    return m.copysign(m.where(far, value, s + tail), x)


def acos(m: Lanes, x: Value) -> Value:
    """arccos x"""
    far, s, tail = _arcsine(m, x)
    sine, rest = m.copysign(s, x), m.copysign(tail, x)
    near = HALF_PI[0] - (sine - (HALF_PI[1] - rest))
    positive = 2.0 * (s + tail)
    negative = PI[0] - (2.0 * s - (PI[1] - 2.0 * tail))
    return m.where(far, m.where(x < 0.0, negative, positive), near)


def _arctangent(m: Lanes, y: Value, x: Value, behind: Value | None) -> Value:
    """The angle of (x, y) for x, y ≥ 0, or of (−x, y) where `behind`."""
    low, middle = y <= TANGENT * x, y * TANGENT < x
    top = m.where(low, y, m.where(middle, y - x, -x))
    bottom = m.where(low, x, m.where(middle, x + y, y))
    t = top / bottom
    high = m.where(low, 0.0, m.where(middle, QUARTER_PI[0], HALF_PI[0]))
    rest = m.where(low, 0.0, m.where(middle, QUARTER_PI[1], HALF_PI[1]))
    if behind is not None:
        t = m.where(behind, -t, t)
        high = m.where(behind, PI[0] - high, high)
        rest = m.where(behind, PI[1] - rest, rest)
    z = t * t
    return high + (t + m.fma(t * z, m.poly(coefficients.ATAN[m.single], z), rest))


def atan(m: Lanes, x: Value) -> Value:
    """arctan x"""
    return m.copysign(_arctangent(m, m.abs(x), m.constant(1.0), None), x)


def atan2(m: Lanes, y: Value, x: Value) -> Value:
    """The angle of the point (x, y)."""
    height, width = m.abs(y), m.abs(x)
    same = height.equals(width) & (height.equals(0.0) | height.equals(INF))
    flat = same & height.equals(0.0)
    height = m.where(flat, 0.0, m.where(same, 1.0, height))
    width = m.where(same, 1.0, width)
    large = (height > LARGEST) | (width > LARGEST)
    small = (height < LEAST) & (width < LEAST)
    scale = m.where(large, 2.0**-24, m.where(small, 2.0**100, 1.0))
    value = _arctangent(m, height * scale, width * scale, m.bits(x) < 0)
    return m.copysign(value, y)
