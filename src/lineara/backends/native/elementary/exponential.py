"""Exponentials and what is made of one: eˣ, 2ˣ, eˣ − 1, sinh, cosh, tanh, 1/(1 + e⁻ˣ).

    x = k·ln 2 + r,  |r| ≤ ln 2/2,  eˣ = 2ᵏ·(1 + r + r²·q(r))

k is rounded by adding 3/2·2⁵², after which the low bits of the sum are those of k.
"""

from __future__ import annotations

from lineara.backends.native.elementary import coefficients
from lineara.backends.native.elementary.arithmetic import Lanes, Value

LOG2_E = 1.4426950408889634
LN2 = 0.6931471805599453
LN2_HIGH, LN2_LOW = 0.6931471805592082, 7.371002565167799e-13
ROUNDER = 1.5 * 2.0**52
FRACTION = 52
EXPONENTS = -1 << FRACTION
BIAS = 1023
COSH_LIMIT = 710.6
TANH_NEAR = 0.6


def split(m: Lanes, x: Value, bias: int) -> tuple[Value, Value, Value]:
    """k, r, and an integer whose low bits are k + bias."""
    shifted = m.fma(x, LOG2_E, ROUNDER + bias)
    k = shifted - (ROUNDER + bias)
    r = m.fma(k, -LN2_LOW, m.fma(k, -LN2_HIGH, x))
    return k, r, m.bits(shifted)


def expm1_reduced(m: Lanes, r: Value) -> Value:
    """eʳ − 1 for |r| ≤ ln 2/2."""
    return m.fma(r * r, m.poly(coefficients.EXP[m.single], r), r)


def expm1_early(m: Lanes, r: Value) -> Value:
    """The same, in a shorter chain of dependent operations, with one more of them."""
    first, rest = coefficients.EXP[m.single][:4], coefficients.EXP[m.single][4:]
    square = r * r
    head = m.fma(square, m.poly(first, r), r)
    return m.fma(square * square * square, m.poly(rest, r), head)


def power_of_two(m: Lanes, k_biased: Value) -> Value:
    """2ᵏ from an integer whose low bits are k + 1023, in range."""
    return m.real(k_biased << FRACTION)


def scaled(m: Lanes, x: Value, k_biased: Value) -> Value:
    """x·2ᵏ for any k, from an integer whose low bits are k + 2046: in two steps, rounded once."""
    half = (k_biased << (FRACTION - 1)) & EXPONENTS
    return x * m.real(half) * m.real((k_biased << FRACTION) - half)


def exp_sum(m: Lanes, x: Value, low: Value | float = 0.0) -> Value:
    """e to the x + low, for |low| much less than |x|."""
    x = m.clamp(x, -104.0, 89.0) if m.single else m.clamp(x, -746.0, 710.0)
    bias = BIAS if m.single else 2 * BIAS
    _, r, bits = split(m, x, bias)
    if isinstance(low, Value):
        r = r + low
    y = 1.0 + expm1_reduced(m, r)
    return y * power_of_two(m, bits) if m.single else scaled(m, y, bits)


def exp(m: Lanes, x: Value) -> Value:
    """eˣ"""
    return exp_sum(m, x)


def exp2(m: Lanes, x: Value) -> Value:
    """2ˣ"""
    x = m.clamp(x, -1080.0, 1025.0)
    shifted = x + (ROUNDER + 2 * BIAS)
    r = x - (shifted - (ROUNDER + 2 * BIAS))
    high = m.high(r) if not m.single else r
    y = expm1_reduced(m, r * LN2) if m.single else _exp2_reduced(m, r, high)
    return scaled(m, 1.0 + y, m.bits(shifted))


def _exp2_reduced(m: Lanes, r: Value, high: Value) -> Value:
    """2ʳ − 1 for |r| ≤ 1/2: the product with ln 2 is exact in its first half."""
    low = m.fma(r - high, LN2, high * (LN2 - 0.6931471824645996))
    return expm1_reduced(m, m.fma(high, 0.6931471824645996, low))


def expm1(m: Lanes, x: Value) -> Value:
    """eˣ − 1 = 2·(s·p + s − 1/2) for s = 2ᵏ⁻¹ and p = eʳ − 1, with what r loses by rounding."""
    y = m.clamp(x, -60.0, 710.0)
    k, r, bits = split(m, y, BIAS - 1)
    lost = m.fma(k, -LN2_LOW, m.fma(k, -LN2_HIGH, y) - r)
    p = r + m.fma(r * r, m.poly(coefficients.EXP[m.single], r), lost)
    s = power_of_two(m, bits)
    return m.where(m.abs(x) < 2.0**-54, x, 2.0 * m.fma(s, p, s - 0.5))


def tanh(m: Lanes, x: Value) -> Value:
    """1 − 2/(e^(2|x|) + 1), and x + x³·p(x²)/q(x²) for |x| < 0.6: one division for either.

    The error of r is that of k·ln 2, and counts the less the larger k is. Each step waits for the one before: there are few.
    """
    y = m.abs(x)
    z = x * x
    above, below = (m.poly(c, z) for c in coefficients.TANH[m.single])
    y_far = m.where(y > 22.0, 22.0, y)
    shifted = m.fma(y_far, 2 * LOG2_E, ROUNDER + BIAS)
    r = m.fma(shifted - (ROUNDER + BIAS), -LN2, y_far + y_far)
    s = power_of_two(m, m.bits(shifted))
    sum_ = m.fma(s, expm1_early(m, r), s + 1.0)
    near = y < TANH_NEAR
    part = m.fma(above, z, 0.0)  # 0 and not −0 for z = 0, so that the result has the sign of x
    ratio = m.where(near, part, -2.0) / m.where(near, below, sum_)
    value = m.copysign(m.where(near, y, 1.0), x)
    return m.fma(value, ratio, value)


def logistic(m: Lanes, x: Value) -> Value:
    """1/(1 + e⁻ˣ) = 1/(1 + s + s·p) for s = 2ᵏ: 1 + s is exact up to 2⁵²; all is divided by 2⁶⁰, to be in range."""
    y = m.clamp(-x, -60.0, 746.0)
    _, r, bits = split(m, y, BIAS - 60)
    p = expm1_reduced(m, r)
    s = power_of_two(m, bits)
    large = y > 36.0
    one = 2.0**-60
    sum_ = m.fma(s, p, m.where(large, one, 0.0)) + m.where(large, s, s + one)
    return (1.0 / sum_) * one


def _quarter_exp(m: Lanes, x: Value) -> Value:
    """e^|x|/4, up to where cosh x overflows."""
    y = m.abs(x)
    y = m.where(y > COSH_LIMIT, COSH_LIMIT, y)
    _, r, bits = split(m, y, BIAS - 2)
    s = power_of_two(m, bits)
    return m.fma(s, expm1_reduced(m, r), s)


def sinh(m: Lanes, x: Value) -> Value:
    """(e − 1/e)/2 for e = e^|x|, and x + x³·q(x²) for |x| < 1."""
    quarter = _quarter_exp(m, x)
    far = m.copysign(2.0 * quarter - 0.125 / quarter, x)
    z = x * x
    near = m.fma(x * z, m.poly(coefficients.SINH[m.single], z), x)
    near = m.where(z.equals(0.0), x, near)
    return m.where(m.abs(x) < 1.0, near, far)


def cosh(m: Lanes, x: Value) -> Value:
    """(e + 1/e)/2 for e = e^|x|"""
    quarter = _quarter_exp(m, x)
    return 2.0 * quarter + 0.125 / quarter
