"""The incomplete gamma and beta functions and the zeta function, with all derivatives in their parameters.

Each is a family: its attribute says how often it is differentiated in a parameter. A derivative of order 0 is SciPy's
function; the others are sums of positive series, term by term: the n-th derivative of e^h is e^h times a polynomial in the
derivatives of h (`bell`).
"""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np
from scipy import special

from lineara.errors import DtypeError
from lineara.ir import Primitive
from lineara.primitives.comparison import eq, select
from lineara.primitives.elementary import exp, log, log1p
from lineara.primitives.forms import REAL, elementwise
from lineara.primitives.series import (
    LONGEST,
    TERMS,
    bell,
    beta_slopes,
    betainc_routine,
    gammainc_routine,
    powers,
    step,
    zeta_routine,
    zeta_sum,
)
from lineara.primitives.special import LONG, digamma, lgamma, polygamma

SERIES = 2 * LONG


def _polygammas(x: Any, orders: int) -> list[Any]:
    return [special.digamma(x), *(special.polygamma(n, x) for n in range(1, orders))]


def _gammainc_series(a: Any, x: Any, order: int) -> Any:
    """Σₖ ∂ⁿ/∂aⁿ x^(a+k)·e⁻ˣ/Γ(a+k+1), over the terms around the largest."""
    inside = (a > 0) & (x > 0) & (x < a + 40 + 20 * np.sqrt(a))
    safe_a, safe_x = np.where(inside, a, 1.0), np.where(inside, x, 1.0)
    logarithm, total = np.log(safe_x), np.zeros(np.shape(safe_a))
    term = np.exp(safe_a * logarithm - safe_x - special.gammaln(safe_a + 1))
    psi, z = _polygammas(safe_a + 1, order), safe_a + 1
    reach = np.maximum(safe_x - safe_a, 0) + 12 * np.sqrt(safe_x) + 60
    for _ in range(int(np.max(reach, initial=0))):
        slopes = [logarithm - psi[0], *(-p for p in psi[1:])]
        total = total + term * bell(order, 0, lambda p, _, of=slopes: of[p - 1])  # type: ignore[misc]
        term, psi, z = term * safe_x / z, step(psi, z), z + 1
    return np.where(inside, total, np.where((a > 0) & (x >= 0), 0.0, np.nan))


def _check_orders(name: str, *orders: Any) -> None:
    if not all(isinstance(n, int) and n >= 0 for n in orders):
        raise DtypeError(f"`{name}` takes orders of at least 0, not {orders}", mend="give integers")


def _density(a: Any, x: Any) -> Any:
    """x^(a−1)·e⁻ˣ/Γ(a)"""
    one = eq(a, a.full(1))
    power = select(one, x.full(0), (a - 1) * log(select(one, x.full(1), x)))
    return exp(power - x - lgamma(a))


def _gamma_slope(z: Any, a: Any, x: Any, *, order: int) -> Any:
    def slopes(p: int, _: int) -> Any:
        return log(x) - digamma(a) if p == 1 else -polygamma(a, n=p - 1)

    return _density(a, x) * bell(order, 0, slopes)


def _gammainc(a: Any, x: Any, *, order: int) -> Any:
    if order == 0:
        return special.gammainc(a, x)
    return _gammainc_series(a.astype(float), x.astype(float), order)


gammainc: Primitive = elementwise(
    "gammainc",
    "∫₀ˣ t^(a−1)·e⁻ᵗ dt / Γ(a), differentiated in a as often as order says",
    _gammainc,
    (lambda z, a, x, *, order: gammainc(a, x, order=order + 1), _gamma_slope),
    kinds=REAL,
    family="special",
    flops=SERIES,
    low=0.3,
    high=3.0,
    attributes=lambda *, order: _check_orders("gammainc", order),
    samples=({"order": 0}, {"order": 1}, {"order": 2}),
    routine=gammainc_routine,
)
gammaincc: Primitive = elementwise(
    "gammaincc",
    "∫ₓ^∞ t^(a−1)·e⁻ᵗ dt / Γ(a)",
    special.gammaincc,
    (
        lambda z, a, x: -gammainc(a, x, order=1),
        lambda z, a, x: -_density(a, x),
    ),
    kinds=REAL,
    family="special",
    flops=SERIES,
    low=0.3,
    high=3.0,
    routine=lambda m, operands, results: m.on_elements(special.gammaincc, operands, results[0]),
)


def _betainc_series(a: Any, b: Any, x: Any, p: int, q: int) -> Any:
    """Σₖ ∂ᵖ/∂aᵖ ∂ᑫ/∂bᑫ Γ(a+b+k)/(Γ(b) Γ(a+k+1))·x^(a+k)·(1−x)ᵇ, for x below the mean."""
    logs = {(1, 0): np.log(x), (0, 1): np.log1p(-x)}
    both, upper = _polygammas(a + b, p + q), _polygammas(a + 1, p + q)
    fixed, total, k = _polygammas(b, p + q), np.zeros(np.shape(a)), 0
    scale = special.gammaln(a + b) - special.gammaln(b) - special.gammaln(a + 1)
    term = np.exp(scale + a * logs[1, 0] + b * logs[0, 1])

    while k < LONGEST:
        added = term * bell(p, q, beta_slopes(both, upper, fixed, logs))
        total = total + added
        if k > 20 and np.all(np.abs(added) <= 1e-18 * (1 - x)):
            break
        term = term * x * (a + b + k) / (a + k + 1)
        both, upper = step(both, a + b + k), step(upper, a + k + 1)
        k += 1
    return total


def _betainc(a: Any, b: Any, x: Any, *, orders: tuple[int, int]) -> Any:
    if orders == (0, 0):
        return special.betainc(a, b, x)
    inside = (a > 0) & (b > 0) & (x > 0) & (x < 1)
    a, b, x = (np.where(inside, v, 0.5).astype(float) for v in (a, b, x))
    left = x <= (a + 1) / (a + b + 2)
    p, q = orders
    below = _betainc_series(a, b, np.where(left, x, 1e-3), p, q)
    above = -_betainc_series(b, a, np.where(left, 1e-3, 1 - x), q, p)
    return np.where(inside, np.where(left, below, above), 0.0)


def _beta_slope(z: Any, a: Any, b: Any, x: Any, *, orders: tuple[int, int]) -> Any:
    """The density x^(a−1)·(1−x)^(b−1)/B(a, b), differentiated as often in a and b."""

    def psi(v: Any, n: int) -> Any:
        return digamma(v) if n == 0 else polygamma(v, n=n)

    def slopes(i: int, j: int) -> Any:
        slope = psi(a + b, i + j - 1)
        if i == 0 or j == 0:
            slope = slope - psi(a if j == 0 else b, i + j - 1)
        if i + j > 1:
            return slope
        return slope + (log(x) if i == 1 else log1p(-x))

    scale = lgamma(a + b) - lgamma(a) - lgamma(b)
    return exp(scale + (a - 1) * log(x) + (b - 1) * log1p(-x)) * bell(*orders, slopes)


def _check_pair(*, orders: Any) -> None:
    if not isinstance(orders, tuple) or len(orders) != 2:
        raise DtypeError(f"`betainc` takes two orders, not {orders!r}", mend="give (0, 0)")
    _check_orders("betainc", *orders)


betainc: Primitive = elementwise(
    "betainc",
    "∫₀ˣ t^(a−1)·(1−t)^(b−1) dt / B(a, b), differentiated in a and b as often as orders says",
    _betainc,
    (
        lambda z, a, b, x, *, orders: betainc(a, b, x, orders=(orders[0] + 1, orders[1])),
        lambda z, a, b, x, *, orders: betainc(a, b, x, orders=(orders[0], orders[1] + 1)),
        _beta_slope,
    ),
    kinds=REAL,
    family="special",
    flops=SERIES,
    low=0.3,
    high=0.8,
    attributes=_check_pair,
    samples=({"orders": (0, 0)}, {"orders": (1, 0)}, {"orders": (1, 1)}),
    routine=betainc_routine,
)


def _zeta_series(s: Any, q: Any, order: int) -> Any:
    """Euler and Maclaurin's sum of (q + k)⁻ˢ, as a Taylor series in s."""
    inside = (s > 1) & (q > 0)
    s, q = np.where(inside, s, 2.0), np.where(inside, q, 1.0)

    def terms(u: Any) -> list[Any]:
        return powers(np.log(u), u**-s, order)

    sums = [sum(column) for column in zip(*(terms(q + k) for k in range(TERMS)), strict=True)]
    total = zeta_sum(s, q + TERMS, sums, terms(q + TERMS))
    return np.where(inside, total[order] * factorial(order), np.nan)


def _zeta(s: Any, q: Any, *, order: int) -> Any:
    if order == 0:
        return special.zeta(s, q)
    return _zeta_series(s.astype(float), q.astype(float), order)


def _zeta_slope(z: Any, s: Any, q: Any, *, order: int) -> Any:
    """−s ζ⁽ⁿ⁾(s+1, q) − n ζ⁽ⁿ⁻¹⁾(s+1, q)"""
    slope = -s * zeta(s + 1, q, order=order)
    return slope - order * zeta(s + 1, q, order=order - 1) if order else slope


zeta: Primitive = elementwise(
    "zeta",
    "Σₖ (q + k)⁻ˢ over k ≥ 0, differentiated in s as often as order says",
    _zeta,
    (lambda z, s, q, *, order: zeta(s, q, order=order + 1), _zeta_slope),
    kinds=REAL,
    family="special",
    flops=SERIES,
    low=1.3,
    high=4.0,
    attributes=lambda *, order: _check_orders("zeta", order),
    samples=({"order": 0}, {"order": 1}, {"order": 2}),
    routine=zeta_routine,
)
