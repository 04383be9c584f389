"""Special functions of a real variable, as `scipy.special` has them. An element costs 20 or 40 operations."""

from __future__ import annotations

from math import log as log_of
from math import pi, sqrt
from typing import Any

from scipy import special

from lineara.errors import DtypeError
from lineara.ir import Primitive
from lineara.primitives.elementary import exp
from lineara.primitives.forms import REAL, elementwise
from lineara.primitives.piecewise import sign
from lineara.primitives.series import polygamma_routine

SERIES, LONG = 20, 40


def _real(
    name: str,
    law: str,
    evaluate: Any,
    partials: Any,
    low: float = -2.0,
    high: float = 2.0,
    **more: Any,
) -> Primitive:
    """A record of a real variable, with the bounds of its samples.

    The arithmetic of numbers knows it by its name; where `scalar` is None, SciPy's ufunc is called.
    """
    given: dict[str, Any] = {
        "kinds": REAL,
        "family": "special",
        "flops": LONG,
        "scalar": lambda m, x: getattr(m, name)(x),
        **more,
    }
    if given["scalar"] is None:
        given.setdefault("routine", lambda m, xs, zs: m.on_elements(evaluate, xs, zs[0]))
    return elementwise(name, law, evaluate, partials, low=low, high=high, **given)


def _bell(x: Any) -> Any:
    """The derivative of erf: 2/√π · exp(−x²)."""
    return 2 / sqrt(pi) * exp(-(x * x))


erf = _real(
    "erf",
    "2/√π ∫₀ˣ exp(−t²) dt",
    special.erf,
    [lambda z, x: _bell(x)],
    flops=SERIES,
)
erfc = _real(
    "erfc",
    "1 − erf x",
    special.erfc,
    [lambda z, x: -_bell(x)],
    flops=SERIES,
)
logistic: Primitive = _real(
    "logistic",
    "1/(1 + e⁻ˣ)",
    special.expit,
    [lambda z, x: z * (1 - z)],
    flops=SERIES,
)
lgamma = _real(
    "lgamma",
    "ln |Γ(x)|",
    special.gammaln,
    [lambda z, x: digamma(x)],
    low=0.5,
)
digamma: Primitive = _real(
    "digamma",
    "the derivative of lgamma",
    special.digamma,
    [lambda z, x: polygamma(x, n=1)],
    low=0.5,
)


def _check_order(*, n: Any) -> None:
    if not isinstance(n, int) or n < 0:
        raise DtypeError(
            f"`polygamma` takes an order of at least 0, not n={n!r}", mend="give an int"
        )


polygamma: Primitive = _real(
    "polygamma",
    "the n-th derivative of digamma",
    lambda x, *, n: special.polygamma(n, x),
    [lambda z, x, *, n: polygamma(x, n=n + 1)],
    low=0.5,
    attributes=_check_order,
    samples=({"n": 0}, {"n": 1}, {"n": 3}),
    scalar=None,
    routine=polygamma_routine,
)


erfinv = _real(
    "erfinv",
    "the inverse of erf",
    special.erfinv,
    [lambda z, x: sqrt(pi) / 2 * exp(z * z)],
    -0.9,
    0.9,
    scalar=None,
)
erfcx: Primitive = _real(
    "erfcx",
    "exp(x²)·erfc x",
    special.erfcx,
    [lambda z, x: 2 * x * z - 2 / sqrt(pi)],
    -1.0,
    2.0,
)
dawson: Primitive = _real(
    "dawson",
    "exp(−x²) ∫₀ˣ exp(t²) dt",
    special.dawsn,
    [lambda z, x: 1 - 2 * x * z],
    -2.0,
    2.0,
    scalar=None,
)
ndtri = _real(
    "ndtri",
    "the inverse of the normal distribution function",
    special.ndtri,
    [lambda z, x: sqrt(2 * pi) * exp(z * z / 2)],
    0.1,
    0.9,
    scalar=None,
)
log_ndtr = _real(
    "log_ndtr",
    "the logarithm of the normal distribution function",
    special.log_ndtr,
    [lambda z, x: exp(-(x * x) / 2 - z - log_of(2 * pi) / 2)],
    -2.0,
    2.0,
    scalar=None,
)
gamma: Primitive = _real(
    "gamma",
    "Γ(x)",
    special.gamma,
    [lambda z, x: z * digamma(x)],
    0.5,
    3.0,
)


def _check_bessel(*, n: Any) -> None:
    if not isinstance(n, int) or n < 0:
        raise DtypeError(
            f"a Bessel function has an integer order of at least 0, not n={n!r}", mend="give an int"
        )


def _bessel(name: str, law: str, evaluate: Any, slope: Any, known: tuple[Any, Any]) -> Primitive:
    """A Bessel function of integer order: SciPy has better ones of orders 0 and 1."""

    def routine(m: Any, operands: Any, results: Any, *, n: int) -> None:
        if n < 2:
            m.on_elements(known[n], operands, results[0])
        else:
            m.on_elements(evaluate, operands, results[0], n)

    return _real(
        name,
        law,
        lambda x, *, n: known[n](x) if n < 2 else evaluate(n, x),
        [slope],
        -2.0,
        2.0,
        attributes=_check_bessel,
        scalar=None,
        routine=routine,
        samples=({"n": 0}, {"n": 1}, {"n": 2}),
    )


bessel_i: Primitive = _bessel(
    "bessel_i",
    "the modified Bessel function Iₙ",
    special.iv,
    lambda z, x, *, n: (bessel_i(x, n=abs(n - 1)) + bessel_i(x, n=n + 1)) / 2,
    (special.i0, special.i1),
)
bessel_i_scaled: Primitive = _bessel(
    "bessel_i_scaled",
    "exp(−|x|)·Iₙ(x)",
    special.ive,
    lambda z, x, *, n: (
        (bessel_i_scaled(x, n=abs(n - 1)) + bessel_i_scaled(x, n=n + 1)) / 2 - sign(x) * z
    ),
    (special.i0e, special.i1e),
)
bessel_j: Primitive = _bessel(
    "bessel_j",
    "the Bessel function Jₙ",
    special.jv,
    lambda z, x, *, n: (
        (bessel_j(x, n=n - 1) - bessel_j(x, n=n + 1)) / 2 if n else -bessel_j(x, n=1)
    ),
    (special.j0, special.j1),
)
