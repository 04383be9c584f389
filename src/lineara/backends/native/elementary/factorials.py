"""The gamma function, by the exponential of its logarithm as a sum of two.

ln Γ(w) = (w − ½)·ln w − w + ½·ln 2π + s(1/w²)/w                    for w ≥ 2
Γ(x) = Γ(x + 1)/x = Γ(x + 2)/(x·(x + 1)) = π·(1 − x)/(sin πx·Γ(2 − x))
"""

from __future__ import annotations

from lineara.backends.native.elementary import coefficients
from lineara.backends.native.elementary.arithmetic import Lanes, Value
from lineara.backends.native.elementary.exponential import exp_sum
from lineara.backends.native.elementary.gamma import PI, nearest, quarter_angle
from lineara.backends.native.elementary.logarithm import INF, NAN
from lineara.backends.native.elementary.outline import on_any
from lineara.backends.native.elementary.powers import precise_log
from lineara.backends.native.elementary.trigonometric import sine_and_cosine

HALF_LOG_TAU = (0.9189385332046728, -3.8782941580672414e-17)
LARGEST = 190.0


def _sum(a: Value, b: Value) -> tuple[Value, Value]:
    """a + b as a sum of two, whichever is larger."""
    total = a + b
    rest = total - a
    return total, (a - (total - rest)) + (b - rest)


def _log_gamma(m: Lanes, w: Value, lost: Value) -> tuple[Value, Value]:
    """ln Γ(w + lost) for w ≥ 2 and a small `lost`, as a sum of two."""
    logarithm, low = precise_log(m, w)
    factor = w - 0.5
    product, error = m.product(factor, logarithm)
    first, more = _sum(product, -w)
    total, rest = _sum(first, m.constant(HALF_LOG_TAU[0]))
    inverse = 1.0 / w
    series = inverse * m.poly(coefficients.GAMMA[m.single], inverse * inverse)
    slope = logarithm - 0.5 * inverse
    small = m.fma(factor, low, error) + (more + rest + HALF_LOG_TAU[1])
    return _sum(total, small + m.fma(lost, slope, series))


def _positive(m: Lanes, x: Value) -> Value:
    """Γ(x) for x ≥ 0."""
    below, low = x < 1.0, x < 2.0
    shift = m.where(below, 2.0, m.where(low, 1.0, 0.0))
    x_next = m.where(x > LARGEST, LARGEST, x)
    w = x_next + shift
    lost = m.where(low, x_next - (w - shift), 0.0)
    divisor = m.where(below, m.fma(x, x, x), m.where(low, x, 1.0))
    value = exp_sum(m, *_log_gamma(m, w, lost)) / divisor
    return m.where(x.equals(0.0), m.copysign(INF, x), value)


def gamma(m: Lanes, x: Value) -> Value:
    """Γ(x); NaN at the negative integers, whose sides differ in sign."""

    def reflected(n: Lanes, y: Value) -> Value:
        size = n.abs(y)
        size = n.where(size > LARGEST, LARGEST, size)
        w = 2.0 + size
        high, low = _log_gamma(n, w, n.where(size < 2.0, size - (w - 2.0), (2.0 - w) + size))
        swapped, angle = quarter_angle(n, y)
        sine, cosine = sine_and_cosine(n, angle)
        sine = n.where(swapped, cosine, sine)
        whole = nearest(n, n.abs(y))
        half = 0.5 * whole
        odd = ~nearest(n, half).equals(half)
        above = n.abs(y) > whole
        sine = n.where(above ^ odd, -sine, sine)
        value = exp_sum(n, -high, -low) * (1.0 + size) * (PI[0] / sine)
        return n.where(whole.equals(n.abs(y)) | (n.abs(y) >= 2.0**52), NAN, value)

    return on_any(m, x < 0.0, "gamma", _positive(m, x), reflected, x)
