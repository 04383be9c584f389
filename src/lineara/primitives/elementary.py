"""Elementary functions: powers, exponentials, trigonometric and hyperbolic functions.

What one element costs, in operations of arithmetic: a root 4; an exponential, a logarithm, a sine or a cosine 10; what is
made of two of them, or as long, 20. The table is coarse on purpose: plans compare work with memory by it.
"""

from __future__ import annotations

from math import log as log_of
from typing import Any

import numpy as np

from lineara.errors import DtypeError
from lineara.ir import Primitive
from lineara.primitives.comparison import eq, select
from lineara.primitives.forms import NUMBER, REAL, elementwise

ROOT, PLAIN, HEAVY = 4, 10, 20
LN2, LN10 = log_of(2), log_of(10)


def _zero_where(condition: Any, x: Any) -> Any:
    return select(condition, x.full(0), x)


def _one_where(condition: Any, x: Any) -> Any:
    return select(condition, x.full(1), x)


def _function(name: str, law: str, evaluate: Any, partials: Any, **more: Any) -> Primitive:
    """A record of one variable that the arithmetic of numbers knows by its name."""
    return elementwise(
        name, law, evaluate, partials, scalar=lambda m, x: getattr(m, name)(x), **more
    )


def _negative_power(detail: Any = None) -> DtypeError:
    return DtypeError(
        "`pow` of integers to negative powers gives no integers",
        mend="convert the base to a real dtype first",
    )


def _power(x: Any, y: Any) -> Any:
    if x.dtype.kind == "i" and np.any(y < 0):
        raise _negative_power()
    return np.power(x, y)


def _scalar_power(m: Any, x: Any, y: Any) -> Any:
    if x.kind == "i":
        m.refuse(m.lt(y, 0), _negative_power)
    return m.pow(x, y)


def _pow_base(z: Any, x: Any, y: Any) -> Any:
    """y·x^(y−1), and 0 where y is 0, whatever x is."""
    constant = eq(y, y.full(0))
    return _zero_where(constant, y * pow_(x, _one_where(constant, y - 1)))


def _pow_exponent(z: Any, x: Any, y: Any) -> Any:
    """ln x·x^y, and 0 where x is 0."""
    flat = eq(x, x.full(0))
    return _zero_where(flat, log(_one_where(flat, x)) * z)


pow_: Primitive = elementwise(
    "pow",
    "xʸ",
    _power,
    (_pow_base, _pow_exponent),
    kinds=NUMBER,
    flops=HEAVY,
    low=0.5,
    scalar=_scalar_power,
)


def _check_exponent(*, n: Any) -> None:
    if not isinstance(n, int) or isinstance(n, bool):
        raise DtypeError(f"`integer_pow` takes an int, not n={n!r}", mend="use `pow` otherwise")


def _integer_pow_base(z: Any, x: Any, *, n: int) -> Any:
    """n·xⁿ⁻¹"""
    if n in (0, 1):
        return x.full(n)
    return n * x if n == 2 else n * integer_pow(x, n=n - 1)


integer_pow: Primitive = elementwise(
    "integer_pow",
    "xⁿ for a fixed integer n",
    lambda x, *, n: np.power(x, n),
    (_integer_pow_base,),
    flops=ROOT,
    low=0.5,
    attributes=_check_exponent,
    samples=tuple({"n": n} for n in (0, 1, 2, 5, -1, -3)),
    scalar=lambda m, x, *, n: m.integer_pow(x, n),
)

sqrt = _function("sqrt", "√x", np.sqrt, [lambda z, x: 0.5 / z], flops=ROOT, low=0.1)
cbrt = _function(
    "cbrt", "∛x", np.cbrt, [lambda z, x: 1 / (3 * z * z)], kinds=REAL, flops=ROOT, low=0.1
)

exp = _function("exp", "eˣ", np.exp, [lambda z, x: z], flops=PLAIN)
exp2 = _function("exp2", "2ˣ", np.exp2, [lambda z, x: LN2 * z], flops=PLAIN)
expm1 = _function("expm1", "eˣ − 1", np.expm1, [lambda z, x: z + 1], flops=PLAIN)
log = _function("log", "ln x", np.log, [lambda z, x: 1 / x], flops=PLAIN, low=0.1)
log1p = _function("log1p", "ln(1 + x)", np.log1p, [lambda z, x: 1 / (1 + x)], flops=PLAIN, low=-0.9)
log2 = _function("log2", "log₂ x", np.log2, [lambda z, x: 1 / (LN2 * x)], flops=PLAIN, low=0.1)
log10 = _function("log10", "log₁₀ x", np.log10, [lambda z, x: 1 / (LN10 * x)], flops=PLAIN, low=0.1)

sin: Primitive = _function("sin", "sin x", np.sin, [lambda z, x: cos(x)], flops=PLAIN)
cos: Primitive = _function("cos", "cos x", np.cos, [lambda z, x: -sin(x)], flops=PLAIN)
tan = _function("tan", "tan x", np.tan, [lambda z, x: 1 + z * z], flops=HEAVY, low=-1.2, high=1.2)
asin = _function(
    "asin",
    "arcsin x",
    np.arcsin,
    [lambda z, x: 1 / sqrt((1 - x) * (1 + x))],
    flops=HEAVY,
    low=-0.9,
    high=0.9,
)
acos = _function(
    "acos",
    "arccos x",
    np.arccos,
    [lambda z, x: -1 / sqrt((1 - x) * (1 + x))],
    flops=HEAVY,
    low=-0.9,
    high=0.9,
)
atan = _function(
    "atan", "arctan x", np.arctan, [lambda z, x: 1 / (1 + x * x)], flops=HEAVY, high=0.9, low=-0.9
)


def _square_length(x: Any, y: Any) -> Any:
    return x * x + y * y


atan2 = elementwise(
    "atan2",
    "the angle whose tangent is x/y, in the quadrant of the point (y, x)",
    np.arctan2,
    (
        lambda z, x, y: y / _square_length(x, y),
        lambda z, x, y: -x / _square_length(x, y),
    ),
    kinds=REAL,
    flops=HEAVY,
    scalar=lambda m, x, y: m.atan2(x, y),
)

sinh: Primitive = _function("sinh", "sinh x", np.sinh, [lambda z, x: cosh(x)], flops=HEAVY)
cosh: Primitive = _function("cosh", "cosh x", np.cosh, [lambda z, x: sinh(x)], flops=HEAVY)
tanh = _function(
    "tanh", "tanh x", np.tanh, [lambda z, x: (1 - z) * (1 + z)], flops=HEAVY, low=-1.0, high=1.0
)
asinh = _function(
    "asinh",
    "arsinh x",
    np.arcsinh,
    [lambda z, x: 1 / sqrt(1 + x * x)],
    flops=HEAVY,
    low=-0.9,
    high=0.9,
)
acosh = _function(
    "acosh",
    "arcosh x",
    np.arccosh,
    [lambda z, x: 1 / (sqrt(x - 1) * sqrt(x + 1))],
    flops=HEAVY,
    low=1.1,
    high=3.0,
)
atanh = _function(
    "atanh",
    "artanh x",
    np.arctanh,
    [lambda z, x: 1 / ((1 - x) * (1 + x))],
    flops=HEAVY,
    low=-0.9,
    high=0.9,
)
