"""Make the coefficients of the native elementary functions: minimax polynomials by Remez's exchange.

    python scripts/elementary_coefficients.py       # writes elementary/coefficients.py

A fit is a function on an interval and the numbers of coefficients for a result of float64 and of float32. Its error,
relative to what it is a part of, is printed in bits. A quotient of polynomials interpolates at Chebyshev's points.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mpmath import mp, mpf

mp.dps = 60
GRID = 301
TINY = mpf(10) ** -25
TARGET = Path("src/lineara/backends/native/elementary/coefficients.py")
HEAD = '''"""Coefficients of polynomials and of quotients of them, lowest first: for results of float64 and of float32.

Written by scripts/elementary_coefficients.py, where each is defined; not to be edited.
"""

from __future__ import annotations

Polynomial = tuple[float, ...]
Quotient = tuple[Polynomial, Polynomial]

# fmt: off
'''


@dataclass(frozen=True)
class Fit:
    """A function to be approximated on [low, high]; `weight` is what its error counts for in the result."""

    name: str
    function: Callable[[mpf], mpf]
    low: mpf
    high: mpf
    sizes: tuple[int | tuple[int, int], int | tuple[int, int]]
    weight: Callable[[mpf], mpf] = lambda x: mpf(1)

    def points(self, count: int) -> list[mpf]:
        """Chebyshev's extrema of the interval, drawn in so that no removable singularity is met."""
        middle, radius = (self.low + self.high) / 2, (self.high - self.low) / 2
        angles = [mp.pi * i / (count - 1) for i in range(count)]
        return [middle + radius * (1 - TINY) * mp.cos(a) + TINY for a in angles]

    def coefficients(self, count: int) -> list[float]:
        """Remez's exchange: the polynomial whose weighted error has count + 1 extrema of one size."""
        grid = self.points(GRID)
        values, weights = [self.function(x) for x in grid], [self.weight(x) for x in grid]
        chosen = [round(i * (GRID - 1) / count) for i in range(count + 1)]
        solution: list[mpf] = []
        for _ in range(12):
            rows = [
                [grid[i] ** j for j in range(count)] + [(-1) ** n / weights[i]]
                for n, i in enumerate(chosen)
            ]
            solution = list(mp.lu_solve(mp.matrix(rows), mp.matrix([values[i] for i in chosen])))
            powers = solution[count - 1 :: -1]
            errors = [
                w * (mp.polyval(powers, x) - v)
                for x, v, w in zip(grid, values, weights, strict=True)
            ]
            chosen = _extrema(errors, count + 1)
        return [float(c) for c in solution[:count]]

    def quotient(self, top: int, bottom: int) -> tuple[list[float], list[float]]:
        """The quotient with so many coefficients above and, after a 1, below."""
        count = top + bottom
        middle, radius = (self.low + self.high) / 2, (self.high - self.low) / 2
        nodes = [middle + radius * mp.cos(mp.pi * (2 * i + 1) / (2 * count)) for i in range(count)]
        values = [self.function(x) for x in nodes]
        rows = [
            [x**j for j in range(top)] + [-f * x ** (j + 1) for j in range(bottom)]
            for x, f in zip(nodes, values, strict=True)
        ]
        solution = [float(c) for c in mp.lu_solve(mp.matrix(rows), mp.matrix(values))]
        return solution[:top], [1.0, *solution[top:]]

    def bits(self, above: list[float], below: Sequence[float] = (1.0,)) -> float:
        """The largest weighted error after rounding, as a power of two."""
        errors = [
            self.weight(x)
            * (mp.polyval(above[::-1], x) / mp.polyval(below[::-1], x) - self.function(x))
            for x in self.points(2 * GRID + 1)
        ]
        return float(mp.log(max(abs(e) for e in errors), 2))


def _extrema(errors: list[mpf], count: int) -> list[int]:
    """Where an error is largest between its changes of sign: `count` neighbouring places, the largest included."""
    places: list[int] = []
    for i, error in enumerate(errors):
        if places and (errors[places[-1]] > 0) == (error > 0):
            if abs(error) > abs(errors[places[-1]]):
                places[-1] = i
        else:
            places.append(i)
    while len(places) > count:
        first, last = abs(errors[places[0]]), abs(errors[places[-1]])
        places.pop(0 if first < last else -1)
    return places


DIGAMMA_ROOT = mp.findroot(mp.digamma, mpf("1.46"))


def _scaled_erfc(t: mpf) -> mpf:
    """x·e^(x²)·erfc x at x = 7/2·(1 + t)/(1 − t)."""
    x = mpf("3.5") * (1 + t) / (1 - t)
    if x > 40:
        terms = [(-1) ** k * mp.fac2(2 * k - 1) / (2 * x * x) ** k for k in range(1, 16)]
        return (1 + mp.fsum(terms)) / mp.sqrt(mp.pi)
    return x * mp.erfc(x) * mp.exp(x * x)


def _stirling(u: mpf) -> mpf:
    """What Stirling's formula leaves of ln Γ(x), times x, at x = 1/√u."""
    x = 1 / mp.sqrt(u)
    left = mp.loggamma(x) - (x - mpf("0.5")) * mp.log(x) + x - mp.log(2 * mp.pi) / 2
    return left * x


def _psi(u: mpf) -> mpf:
    """(ψ(x) − ln x + 1/2x)·x² at x = 1/√u."""
    x = 1 / mp.sqrt(u)
    return (mp.digamma(x) - mp.log(x) + 1 / (2 * x)) * x**2


def _psi1(u: mpf) -> mpf:
    """(ψ′(x) − 1/x − 1/2x²)·x³ at x = 1/√u."""
    x = 1 / mp.sqrt(u)
    return (mp.psi(1, x) - 1 / x - 1 / (2 * x * x)) * x**3


def _erfcx(t: mpf) -> mpf:
    """e^(x²)·erfc x − ½ at x = ½ + t."""
    x = mpf("0.5") + t
    return mp.erfc(x) * mp.exp(x * x) - mpf("0.5")


LN2_HALF = mp.log(2) / 2 * mpf("1.0001")
QUARTER = (mp.pi / 4 * mpf("1.0001")) ** 2
LOG_S = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * mpf("1.0001")) ** 2


def _of_square(function: Callable[[mpf], mpf]) -> Callable[[mpf], mpf]:
    """A function of z = x², as it is given in x."""
    return lambda z: function(mp.sqrt(z))


FITS = [
    Fit(
        "exp",  # (eˣ − 1 − x)/x²
        lambda x: (mp.expm1(x) - x) / x**2,
        -LN2_HALF,
        LN2_HALF,
        (11, 6),
    ),
    Fit(
        "log",  # (2 artanh s/s − 2)/s² in s²
        _of_square(lambda s: (2 * mp.atanh(s) / s - 2) / s**2),
        mpf(0),
        LOG_S,
        (7, 4),
        lambda z: z,
    ),
    Fit(
        "log4",  # (2 artanh s/s − 2 − 2s²/3)/s⁴ in s²
        _of_square(lambda s: (2 * mp.atanh(s) / s - 2 - 2 * s**2 / 3) / s**4),
        mpf(0),
        LOG_S,
        (8, 4),
        lambda z: z**2,
    ),
    Fit(
        "sin",  # (sin x/x − 1)/x² in x²
        _of_square(lambda x: (mp.sin(x) / x - 1) / x**2),
        mpf(0),
        QUARTER,
        (6, 4),
        lambda z: z,
    ),
    Fit(
        "cos",  # (cos x − 1 + x²/2)/x⁴ in x²
        _of_square(lambda x: (mp.cos(x) - 1 + x**2 / 2) / x**4),
        mpf(0),
        QUARTER,
        (6, 3),
        lambda z: z**2,
    ),
    Fit(
        "tan",  # (tan x/x − 1)/x² in x²
        _of_square(lambda x: (mp.tan(x) / x - 1) / x**2),
        mpf(0),
        QUARTER,
        (15, 7),
        lambda z: z,
    ),
    Fit(
        "sinh",  # (sinh x/x − 1)/x² in x²
        _of_square(lambda x: (mp.sinh(x) / x - 1) / x**2),
        mpf(0),
        mpf(1),
        (8, 4),
        lambda z: z,
    ),
    Fit(
        "asinh",  # (arsinh x/x − 1)/x² in x²
        _of_square(lambda x: (mp.asinh(x) / x - 1) / x**2),
        mpf(0),
        mpf("0.2501"),
        (13, 7),
        lambda z: z,
    ),
    Fit(
        "asin",  # (arcsin x/x − 1)/x² in x²
        _of_square(lambda x: (mp.asin(x) / x - 1) / x**2),
        mpf(0),
        mpf("0.2501"),
        (13, 7),
        lambda z: z,
    ),
    Fit(
        "atan",  # (arctan x/x − 1)/x² in x²
        _of_square(lambda x: (mp.atan(x) / x - 1) / x**2),
        mpf(0),
        mpf("0.1718"),
        (11, 6),
        lambda z: z,
    ),
    Fit(
        "cbrt",  # ∛(1 + f)
        lambda f: mp.cbrt(1 + f),
        mp.sqrt(0.5) - 1,
        mp.sqrt(2) - 1,
        (8, 6),
    ),
    Fit(
        "erf",  # erf x/x − 1 in x² − 1
        lambda w: mp.erf(mp.sqrt(1 + w)) / mp.sqrt(1 + w) - 1,
        mpf(-1),
        mpf(0),
        (14, 8),
    ),
    Fit("erfc", lambda t: _scaled_erfc(t) - mpf("0.5"), mpf(-5) / 9, 1 - mpf(10) ** -6, (22, 12)),
    Fit("lgamma", lambda t: mp.loggamma(2 + t) / t, mpf("-0.75"), mpf("0.5"), (22, 12)),
    Fit("stirling", _stirling, mpf(10) ** -12, mpf("0.04"), (10, 4)),
    Fit(
        "digamma",  # ψ(1 + t)/(1 + t − x₀) in t − ½
        lambda t: mp.digamma(t + mpf("1.5")) / (t + mpf("1.5") - DIGAMMA_ROOT),
        mpf("-0.5"),
        mpf("0.5"),
        (22, 12),
    ),
    Fit("psi1", _psi1, mpf(10) ** -10, mpf("0.25"), (20, 10)),
    Fit("gamma", _stirling, mpf(10) ** -12, mpf("0.25"), (17, 9)),
    Fit("trigamma", lambda t: mp.psi(1, t + mpf("1.5")), mpf("-0.5"), mpf("0.5"), (26, 13)),
    Fit("erfcx", _erfcx, mpf("-0.5"), mpf("0.5"), (19, 11)),
    Fit("psi", _psi, mpf(10) ** -12, mpf(1) / 9, (14, 7)),
]


QUOTIENTS = [
    Fit(
        "tanh",  # (tanh x/x − 1)/x² in x²
        _of_square(lambda x: (mp.tanh(x) / x - 1) / x**2),
        mpf(0),
        mpf("0.36"),
        ((3, 3), (2, 2)),
        lambda z: z,
    ),
]


def _row(values: Sequence[float]) -> str:
    text = "(" + ", ".join(map(repr, values)) + ("," if len(values) == 1 else "") + ")"
    return textwrap.fill(text, 96, subsequent_indent=" ", break_long_words=False)


def _table(name: str, kind: str, rows: Sequence[str]) -> str:
    body = ",\n".join(textwrap.indent(row, "    ") for row in rows)
    return f"{name.upper()}: tuple[{kind}, {kind}] = (\n{body},\n)\n"


def _polynomials() -> Iterator[str]:
    for fit in FITS:
        rows = []
        for count in fit.sizes:
            values = fit.coefficients(count)
            print(f"{fit.name:12} {count:3} coefficients: error 2^{fit.bits(values):.1f}")
            rows.append(_row(values))
        yield _table(fit.name, "Polynomial", rows)


def _quotients() -> Iterator[str]:
    for fit in QUOTIENTS:
        rows = []
        for top, bottom in fit.sizes:
            above, below = fit.quotient(top, bottom)
            print(
                f"{fit.name:12} {top}/{bottom} coefficients: error 2^{fit.bits(above, below):.1f}"
            )
            rows.append(f"({_row(above)},\n{textwrap.indent(_row(below), ' ')})")
        yield _table(fit.name, "Quotient", rows)


def main() -> None:
    """Write the tables and print the errors."""
    TARGET.write_text(HEAD + "".join(_polynomials()) + "".join(_quotients()))


if __name__ == "__main__":
    main()
