"""The series of the derivatives of incomplete functions: what arrays and machine code share, and the routines.

A routine works on chunks of the operands in double precision. What SciPy and NumPy have, it calls on whole chunks; the sums
go element by element, each until its own terms vanish.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb, factorial
from typing import Any

import numpy as np
from scipy import special

Slopes = Callable[[int, int], Any]
"""The derivatives of an exponent, p times in its first parameter and q times in its second."""
TERMS, CORRECTIONS = 20, 10
LONGEST = 100_000
DOUBLE, BOOL, LONG = np.dtype(np.float64), np.dtype(np.bool_), np.dtype(np.int64)
BERNOULLI: list[float] = special.bernoulli(2 * CORRECTIONS).tolist()


def bell(p: int, q: int, slopes: Slopes) -> Any:
    """The factor that e^h gets when it is differentiated p times in one parameter and q times in another."""
    if p == q == 0:
        return 1
    first = p > 0
    total: Any = 0
    for i in range(p if first else 1):
        for j in range(q + 1 if first else q):
            ways = comb(p - 1, i) * comb(q, j) if first else comb(q - 1, j)
            rest = bell(p - 1 - i, q - j, slopes) if first else bell(0, q - 1 - j, slopes)
            term = slopes(i + 1, j) if first else slopes(0, j + 1)
            total = term * (ways * rest) + total
    return total


def step(of: list[Any], x: Any) -> list[Any]:
    """The polygamma functions at x + 1, from those at x."""
    stepped, power = [], 1.0
    for n, p in enumerate(of):
        power = power / x
        stepped.append(p + (-1.0) ** n * factorial(n) * power)
    return stepped


def product(x: list[Any], y: list[Any]) -> list[Any]:
    """The product of two Taylor series of one length."""
    return [sum(x[i] * y[n - i] for i in range(n + 1)) for n in range(len(x))]


def powers(logarithm: Any, power: Any, order: int) -> list[Any]:
    """The Taylor series of u⁻ˢ in s, from the logarithm of u and the power."""
    series = [power]
    for j in range(1, order + 1):
        series.append(series[-1] * -logarithm / j)
    return series


def zeta_sum(s: Any, u: Any, sums: list[Any], last: list[Any]) -> list[Any]:
    """The zeta function as a Taylor series in s, from the sums of its first terms and the term at u (Euler and Maclaurin)."""
    order = len(sums) - 1
    pole: list[Any] = []
    down = u
    for _ in range(order + 1):
        down = down / (s - 1)
        pole.append(down if len(pole) % 2 == 0 else -down)
    total = [a + b + c / 2 for a, b, c in zip(sums, product(last, pole), last, strict=True)]
    rising, power = last, u
    for m in range(1, CORRECTIONS + 1):
        for i in range(max(0, 2 * m - 3), 2 * m - 1):
            rising = product(rising, [s + i, 1.0, *[0.0] * order][: order + 1])
        power = power / u / u
        factor = power * (BERNOULLI[2 * m] / factorial(2 * m))
        total = [a + factor * b for a, b in zip(total, rising, strict=True)]
    return total


def polygamma_of(m: Any, x: Any, n: int) -> Any:
    """The n-th derivative of digamma at the elements of a chunk, as SciPy has it."""
    if n == 0:
        return m.elementwise(special.psi, x)
    factor = (-1.0) ** (n + 1) * float(special.gamma(n + 1.0))
    return m.mapped(lambda z: z * factor, m.zeta(m.constant_view(n + 1, DOUBLE), x))


def polygamma_routine(m: Any, operands: Any, results: Any, *, n: int) -> None:
    """The routine of `polygamma`."""
    with m.chunks(operands[0], results[0]) as (x, z):
        m.copy(polygamma_of(m, m.widened(x), n), z)


def _polygammas(m: Any, x: Any, orders: int) -> list[Any]:
    return [polygamma_of(m, x, n) for n in range(orders)]


def gammainc_routine(m: Any, operands: Any, results: Any, *, order: int) -> None:
    """The routine of `gammainc`."""
    if order == 0:
        m.on_elements(special.gammainc, operands, results[0])
        return

    def inside(a: Any, x: Any) -> Any:
        return m.gt(a, 0) & m.gt(x, 0) & m.lt(x, a + 40 + m.sqrt(a) * 20)

    def outside(a: Any, x: Any) -> Any:
        return m.where(m.gt(a, 0) & m.ge(x, 0), m.full_like(a, 0), float("nan"))

    def series(a: Any, x: Any, logarithm: Any, term: Any, *psi: Any) -> Any:
        reach = m.maximum(x - a, 0 * x) + m.sqrt(x) * 12 + 60
        state = [m.variable(v) for v in (term, a + 1, *psi)]
        total = m.variable(m.full_like(a, 0))
        with m.loop(m.convert(reach, LONG).value):
            term, z, *psi_now = (v.get() for v in state)
            slopes = [logarithm - psi_now[0], *(-p for p in psi_now[1:])]
            total.set(total.get() + term * bell(order, 0, lambda p, _: slopes[p - 1]))
            for v, new in zip(state, (term * x / z, z + 1, *step(psi_now, z)), strict=True):
                v.set(new)
        return total.get()

    with m.chunks(*operands, *results) as (a, x, result):
        a, x = m.widened(a), m.widened(x)
        safe_a = m.mapped(lambda a, x: m.where(inside(a, x), a, 1), a, x)
        safe_x = m.mapped(lambda a, x: m.where(inside(a, x), x, 1), a, x)
        after = m.mapped(lambda a: a + 1, safe_a)
        logarithm, scale = m.elementwise(np.log, safe_x), m.elementwise(special.gammaln, after)
        parts = (safe_a, safe_x, logarithm, scale)
        exponent = m.mapped(lambda a, x, u, g: a * u - x - g, *parts)
        given = [safe_a, safe_x, logarithm, m.elementwise(np.exp, exponent)]
        total = m.mapped(series, *given, *_polygammas(m, after, order), lanes=1)
        m.map(lambda a, x, t: m.where(inside(a, x), t, outside(a, x)), [a, x, total], result)


def betainc_routine(m: Any, operands: Any, results: Any, *, orders: tuple[int, int]) -> None:
    """The routine of `betainc`."""
    if orders == (0, 0):
        m.on_elements(special.betainc, operands, results[0])
        return

    def inside(a: Any, b: Any, x: Any) -> Any:
        return m.gt(a, 0) & m.gt(b, 0) & m.gt(x, 0) & m.lt(x, 1)

    with m.chunks(*operands, *results) as (*given, result):
        wide = [m.widened(v) for v in given]
        known = m.mapped(inside, *wide, dtype=BOOL)
        a, b, x = (
            m.mapped(lambda on, v: m.where(on, v, 0.5), known, v, dtype=DOUBLE) for v in wide
        )
        left = m.mapped(lambda a, b, x: m.le(x, (a + 1) / (a + b + 2)), a, b, x, dtype=BOOL)
        right = m.mapped(lambda on: ~on, left)
        below = m.mapped(lambda on, x: m.where(on, x, 1e-3), left, x, dtype=DOUBLE)
        above = m.mapped(lambda on, x: m.where(on, 1e-3, 1 - x), left, x, dtype=DOUBLE)
        low = _betainc_series(m, left, a, b, below, orders)
        high = _betainc_series(m, right, b, a, above, orders[::-1])

        def chosen(on: Any, on_left: Any, low: Any, high: Any) -> Any:
            return m.where(on, m.where(on_left, low, -high), 0)

        m.map(chosen, [known, left, low, high], result)


def _betainc_series(m: Any, on: Any, a: Any, b: Any, x: Any, orders: tuple[int, int]) -> Any:
    """The series of the elements for which `on` holds."""
    both, after = m.mapped(lambda a, b: a + b, a, b), m.mapped(lambda a: a + 1, a)
    known = [_polygammas(m, v, sum(orders)) for v in (both, after, b)]
    logs = m.elementwise(np.log, x), m.elementwise(np.log1p, m.mapped(lambda x: -x, x))
    scales = [m.elementwise(special.gammaln, v) for v in (both, b, after)]

    def exponent(a: Any, b: Any, u: Any, v: Any, *scales: Any) -> Any:
        return scales[0] - scales[1] - scales[2] + a * u + b * v

    term = m.elementwise(np.exp, m.mapped(exponent, a, b, *logs, *scales))

    def series(on: Any, a: Any, b: Any, x: Any, u: Any, v: Any, term: Any, *psi: Any) -> Any:
        count = sum(orders)
        state = [m.variable(w) for w in (term, m.full_like(a, 0), *psi[: 2 * count])]
        total, going = m.variable(m.full_like(a, 0)), m.variable(on)
        with m.whilst(going.get):
            term, k, *moving = (w.get() for w in state)
            own, upper = moving[:count], moving[count:]
            slopes = beta_slopes(own, upper, psi[2 * count :], {(1, 0): u, (0, 1): v})
            added = term * bell(*orders, slopes)
            total.set(total.get() + added)
            small = m.gt(k, 20) & m.le(m.abs(added), (1 - x) * 1e-18)
            going.set(~small & m.lt(k, LONGEST))
            new = [term * x * (a + b + k) / (a + k + 1), k + 1]
            stepped = [*new, *step(own, a + b + k), *step(upper, a + k + 1)]
            for w, value in zip(state, stepped, strict=True):
                w.set(value)
        return total.get()

    given = [on, a, b, x, *logs, term, *(v for views in known for v in views)]
    return m.mapped(series, *given, dtype=DOUBLE, lanes=1)


def beta_slopes(both: Any, upper: Any, fixed: Any, logs: Any) -> Slopes:
    """The derivatives of the logarithm of a term, from the polygamma functions and the logarithms of x and 1 − x."""

    def slopes(i: int, j: int) -> Any:
        other = upper[i - 1] if j == 0 else fixed[j - 1] if i == 0 else 0.0
        return both[i + j - 1] - other + logs.get((i, j), 0.0)

    return slopes


def zeta_routine(m: Any, operands: Any, results: Any, *, order: int) -> None:
    """The routine of `zeta`."""
    if order == 0:
        with m.chunks(*operands, *results) as (s, q, result):
            m.copy(m.zeta(s, q), result)
        return

    def inside(s: Any, q: Any) -> Any:
        return m.gt(s, 1) & m.gt(q, 0)

    def tail(s: Any, q: Any, u: Any, logarithm: Any, power: Any, *sums: Any) -> Any:
        safe = m.where(inside(s, q), s, 2)
        total = zeta_sum(safe, u, list(sums), powers(logarithm, power, order))
        return m.where(inside(s, q), total[order] * factorial(order), float("nan"))

    with m.chunks(*operands, *results) as (s, q, result):
        s, q = m.widened(s), m.widened(q)
        exponent = m.mapped(lambda s, q: m.where(inside(s, q), -s, -2), s, q)
        safe_q = m.mapped(lambda s, q: m.where(inside(s, q), q, 1), s, q)
        sums = [m.mapped(lambda x: x * 0, safe_q) for _ in range(order + 1)]

        def parts(u: Any, exponent: Any = exponent) -> tuple[Any, Any]:
            return m.elementwise(np.log, u), m.elementwise(np.power, u, exponent)

        with m.loop(TERMS) as k:
            found = parts(m.mapped(lambda q: q + m.convert(k, DOUBLE), safe_q))
            for j, total in enumerate(sums):
                m.map(lambda t, u, p, j=j: t + powers(u, p, j)[j], [total, *found], total)
        u = m.mapped(lambda q: q + TERMS, safe_q)
        m.map(tail, [s, q, u, *parts(u), *sums], result)
