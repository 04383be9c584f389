"""Ufuncs of integers and of the representation of numbers: divisors, bits, mantissas and exponents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lineara.frontend.promotion import Array, astype
from lineara.frontend.recording import loop
from lineara.frontend.trace import apply
from lineara.primitives import conversion, piecewise


def gcd(x: Array, y: Array) -> Array:
    """Euclid's algorithm, for all elements at once."""

    def step(a: Array, b: Array) -> tuple[Array, Array]:
        ended = b == 0
        return np.where(ended, a, b), np.where(ended, b, a % np.where(ended, 1, b))

    return loop("gcd", lambda _, b: np.any(b != 0), step, np.abs(x), np.abs(y))[0]


def lcm(x: Array, y: Array) -> Array:
    """|x·y| over the greatest common divisor, and 0 of 0."""
    divisor = gcd(x, y)
    return np.abs(x) // np.where(divisor == 0, 1, divisor) * np.abs(y)


def bitwise_count(x: Array) -> Array:
    """The bits of |x| that are set: of pairs, of pairs of pairs, and so on."""
    if x.dtype.kind == "b":
        return x
    bits = 8 * x.dtype.itemsize
    counts = astype(np.abs(x), np.dtype(f"u{x.dtype.itemsize}"))
    width = 1
    while width < bits:
        mask = sum(((1 << width) - 1) << k for k in range(0, bits, 2 * width))
        counts = (counts & mask) + ((counts >> width) & mask)
        width *= 2
    return counts


def spacing(x: Array) -> Array:
    """The distance to the next number away from 0, with the sign of x."""
    size = np.abs(apply(conversion.stop_gradient, x))
    gap = apply(piecewise.nextafter, size, np.full_like(size, np.inf)) - size
    return np.where(x < 0, -gap, gap)


def ldexp(x: Array, n: Array) -> Array:
    """x·2ⁿ, in four steps, so that no power overflows before the product does."""
    most = 2200 if np.finfo(x.dtype).bits == 64 else 300
    n = np.clip(astype(n, np.int64), -most, most)
    part = n // 4
    factor, rest = (np.exp2(astype(k, x.dtype)) for k in (part, n - 3 * part))
    return x * rest * factor * factor * factor


def frexp(x: Array) -> tuple[Array, Array]:
    """The mantissa, in [1/2, 1), and the exponent."""
    plain = np.isfinite(x) & (x != 0)
    size = apply(conversion.stop_gradient, np.where(plain, np.abs(x), 1))
    small = size < np.finfo(x.dtype).tiny
    shift = np.where(small, 64, 0)
    exponent = astype(np.floor(np.log2(ldexp(size, shift))), np.int64) - shift + 1
    mantissa = np.abs(ldexp(size, -exponent))
    exponent = exponent + np.where(mantissa >= 1, 1, 0) - np.where(mantissa < 0.5, 1, 0)
    return np.where(plain, ldexp(x, -exponent), x), astype(np.where(plain, exponent, 0), np.int32)


BODIES: dict[np.ufunc, Callable[..., Any]] = {
    np.gcd: gcd,
    np.lcm: lcm,
    np.bitwise_count: bitwise_count,
    np.spacing: spacing,
    np.ldexp: ldexp,
    np.frexp: frexp,
}
"""What each of NumPy's ufuncs computes, from operands in its loop."""
