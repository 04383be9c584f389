"""What the elementary functions are measured against: mpmath, on ranges, with the error that is allowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp, mpf

Array = np.ndarray[Any, Any]
PRECISION = 220


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, evenly or, if `log`, by magnitude; `floor` is the least result whose error counts fully."""

    low: float
    high: float
    log: bool = False
    floor: float = 0.0

    def sample(self, count: int, dtype: Any, rng: np.random.Generator) -> Array:
        """Numbers of the range, its ends among them, as far as the dtype holds them."""
        largest, least = float(np.finfo(dtype).max), float(np.finfo(dtype).smallest_subnormal)
        low, high = max(self.low, -largest), min(self.high, largest)
        if self.log:
            low = max(low, least)
            numbers = np.exp(rng.uniform(np.log(low), np.log(high), count))
        else:
            numbers = rng.uniform(low, high, count)
        return np.append(numbers[2:], [low, high]).clip(low, high).astype(dtype)

    def __str__(self) -> str:
        return f"{self.low:.4g} … {self.high:.4g}"


@dataclass(frozen=True)
class Case:
    """A function, its exact values, where it is measured, and the units in the last place that it may be off."""

    name: str
    exact: Callable[..., Any]
    ranges: tuple[tuple[Range, ...], ...]
    bound: float = 2.0


def _case(name: str, exact: Callable[..., Any], *ranges: Range, bound: float = 2.0) -> Case:
    return Case(name, exact, tuple((r,) for r in ranges), bound)


def _log_gamma(x: Any) -> Any:
    return mp.log(abs(mp.gamma(x))) if x < 2 else mp.loggamma(x)


def _scaled_erfc(x: Any) -> Any:
    if x > 50:
        return mp.fsum((-1) ** k * mp.fac2(2 * k - 1) / (2 * x * x) ** k for k in range(16)) / (
            x * mp.sqrt(mp.pi)
        )
    with mp.workprec(8000 if x > 20 else 1400):
        return mp.exp(x * x) * mp.erfc(x)


TINY, HUGE = 5e-324, 1.7976931348623157e308
SMALL, UNIT, NEAR, FAR = Range(TINY, 1, log=True), Range(-1, 1), Range(-12, 12), Range(-700, 700)
POSITIVE, AROUND_ONE, ANY = Range(TINY, HUGE, log=True), Range(0.5, 2), Range(1, HUGE, log=True)
TURNS, ANGLES = Range(-1e5, 1e5), Range(1e5, HUGE, log=True)

CASES = (
    _case("exp", mp.exp, SMALL, UNIT, NEAR, FAR, Range(-746, -708), Range(-104, -87)),
    _case("exp2", lambda x: mpf(2) ** x, SMALL, UNIT, NEAR, Range(-1075, 1024)),
    _case("expm1", mp.expm1, SMALL, UNIT, NEAR, Range(-50, 709.7)),
    _case("log", mp.log, POSITIVE, AROUND_ONE, Range(1e-3, 1e3)),
    _case("log2", lambda x: mp.log(x, 2), POSITIVE, AROUND_ONE, Range(1e-3, 1e3)),
    _case("log10", mp.log10, POSITIVE, AROUND_ONE, Range(1e-3, 1e3)),
    _case("log1p", mp.log1p, SMALL, Range(-0.999, 1), Range(1, HUGE, log=True)),
    _case("sin", mp.sin, SMALL, UNIT, NEAR, TURNS, ANGLES),
    _case("cos", mp.cos, SMALL, UNIT, NEAR, TURNS, ANGLES),
    _case("tan", mp.tan, SMALL, UNIT, NEAR, TURNS, ANGLES),
    _case("asin", mp.asin, SMALL, UNIT, Range(0.99, 1)),
    _case("acos", mp.acos, SMALL, UNIT, Range(0.99, 1)),
    _case("atan", mp.atan, SMALL, UNIT, NEAR, ANY),
    _case("sinh", mp.sinh, SMALL, UNIT, NEAR, Range(-710.4, 710.4)),
    _case("cosh", mp.cosh, SMALL, UNIT, NEAR, Range(-710.4, 710.4)),
    _case("tanh", mp.tanh, SMALL, UNIT, NEAR, ANY),
    _case("asinh", mp.asinh, SMALL, UNIT, NEAR, ANY),
    _case("acosh", mp.acosh, Range(1.0000001, 1.1), Range(1, 4), ANY),
    _case("atanh", mp.atanh, SMALL, Range(-0.999, 0.999), Range(0.99, 0.9999999)),
    _case("cbrt", mp.cbrt, POSITIVE, AROUND_ONE),
    _case("erf", mp.erf, SMALL, UNIT, Range(-6, 6)),
    _case("erfc", mp.erfc, SMALL, UNIT, Range(-6, 6), Range(6, 27.2)),
    _case("logistic", lambda x: 1 / (1 + mp.exp(-x)), SMALL, UNIT, NEAR, Range(-745, 40)),
    _case(
        "lgamma",
        _log_gamma,
        SMALL,
        Range(0.5, 3),
        Range(3, 12),
        ANY,
        Range(-30.001, -0.001, floor=4.0),
        bound=4.0,
    ),
    _case(
        "digamma",
        mp.digamma,
        SMALL,
        Range(0.5, 3),
        Range(3, 12),
        ANY,
        Range(-30.001, -0.001, floor=4.0),
        bound=4.0,
    ),
    _case(
        "trigamma",
        lambda x: mp.psi(1, x),
        Range(1e-150, 1, log=True),
        Range(0.5, 3),
        ANY,
        Range(-30.001, -0.001),
        bound=5.0,
    ),
    _case(
        "gamma",
        mp.gamma,
        Range(1e-300, 1, log=True),
        Range(0.5, 3),
        Range(3, 171.6),
        Range(-30.001, -0.001),
        bound=4.0,
    ),
    _case("erfcx", _scaled_erfc, SMALL, UNIT, Range(-26, 6), Range(6, 1e300, log=True)),
    Case(
        "pow",
        mp.power,
        ((AROUND_ONE, FAR), (Range(1e-3, 1e3), Range(-30, 30)), (POSITIVE, UNIT)),
        bound=4.0,
    ),
    Case("atan2", mp.atan2, ((UNIT, UNIT), (POSITIVE, POSITIVE), (NEAR, Range(-700, -1e-3)))),
    Case("hypot", mp.hypot, ((UNIT, UNIT), (POSITIVE, POSITIVE))),
)
