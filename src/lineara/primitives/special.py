"""Special functions of a real variable, as `scipy.special` has them. An element costs 20 or 40 operations."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

from scipy import special

from lineara.errors import DtypeError
from lineara.ir import Primitive
from lineara.primitives.elementary import exp
from lineara.primitives.forms import REAL, elementwise

SERIES, LONG = 20, 40


def _bell(x: Any) -> Any:
    """The derivative of erf: 2/√π · exp(−x²)."""
    return 2 / sqrt(pi) * exp(-(x * x))


erf = elementwise(
    "erf",
    "2/√π ∫₀ˣ exp(−t²) dt",
    special.erf,
    [lambda z, x: _bell(x)],
    kinds=REAL,
    family="special",
    flops=SERIES,
)
erfc = elementwise(
    "erfc",
    "1 − erf x",
    special.erfc,
    [lambda z, x: -_bell(x)],
    kinds=REAL,
    family="special",
    flops=SERIES,
)
logistic: Primitive = elementwise(
    "logistic",
    "1/(1 + e⁻ˣ)",
    special.expit,
    [lambda z, x: z * logistic(-x)],
    kinds=REAL,
    family="special",
    flops=SERIES,
)
lgamma = elementwise(
    "lgamma",
    "ln |Γ(x)|",
    special.gammaln,
    [lambda z, x: digamma(x)],
    kinds=REAL,
    family="special",
    flops=LONG,
    low=0.5,
)
digamma: Primitive = elementwise(
    "digamma",
    "the derivative of lgamma",
    special.digamma,
    [lambda z, x: polygamma(x, n=1)],
    kinds=REAL,
    family="special",
    flops=LONG,
    low=0.5,
)


def _check_order(*, n: Any) -> None:
    if not isinstance(n, int) or n < 0:
        raise DtypeError(
            f"`polygamma` takes an order of at least 0, not n={n!r}", mend="give an int"
        )


polygamma: Primitive = elementwise(
    "polygamma",
    "the n-th derivative of digamma",
    lambda x, *, n: special.polygamma(n, x),
    [lambda z, x, *, n: polygamma(x, n=n + 1)],
    kinds=REAL,
    family="special",
    flops=LONG,
    low=0.5,
    attributes=_check_order,
    samples=({"n": 0}, {"n": 1}, {"n": 3}),
)
