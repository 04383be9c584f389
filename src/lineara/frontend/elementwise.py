"""The table of elementwise ufuncs, of NumPy and of scipy.special: what each computes from operands in its loop."""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi
from typing import Any

import numpy as np
from scipy import special

from lineara.errors import DtypeError
from lineara.frontend.promotion import Array, astype, broadcast_to, common_shape, loop_dtypes
from lineara.frontend.trace import add, apply, filled, is_traced, user_origin
from lineara.frontend.ufuncs import Body, record_body
from lineara.primitives import arithmetic, comparison, conversion, elementary, piecewise
from lineara.primitives import special as special_records


def by_kind(bodies: dict[str, Any]) -> Body:
    """The body for the dtype kind of the operands; `bodies` maps letters of kinds to bodies or records."""
    of_kind = {
        kind: body if callable(body) and not _is_record(body) else record_body(body)
        for kinds, body in bodies.items()
        for kind in kinds
    }

    def body(*operands: Array) -> Array:
        return of_kind[np.result_type(operands[-1]).kind](*operands)

    return body


def _is_record(body: Any) -> bool:
    return hasattr(body, "law")


def _logical(record: Any) -> Body:
    return lambda *operands: apply(record, *[astype(x, np.bool_) for x in operands])


def _same(x: Array) -> Array:
    return x


def _constant(value: bool) -> Body:
    return lambda x: filled(value, np.dtype(np.bool_), x.shape)


def _is_negative(x: Array) -> Array:
    """The sign bit: of a zero, that of its reciprocal."""
    return (x < 0) | ((x == 0) & (apply(arithmetic.div, filled(1, x.dtype, x.shape), x) < 0))


def _copysign(x: Array, y: Array) -> Array:
    return np.where(_is_negative(y), -np.abs(x), np.abs(x))


def _complex_sign(x: Array) -> Array:
    length = np.abs(x)
    return np.where(length == 0, x, x / np.where(length == 0, 1, length))


def _ignoring_nan(record: Any) -> Body:
    def body(x: Array, y: Array) -> Array:
        extremum = apply(record, x, y)
        return np.where(np.isnan(x), y, np.where(np.isnan(y), x, extremum))

    return body


def _complex_extremum(comes_first: np.ufunc, *, ignore_nan: bool = False) -> Body:
    """The extremum in the order of real, then imaginary parts."""

    def body(x: Array, y: Array) -> Array:
        no_x, no_y = np.isnan(x), np.isnan(y)
        ordered = comes_first(x, y)
        return np.where(no_y | (ordered & ~no_x) if ignore_nan else no_x | (ordered & ~no_y), x, y)

    return body


def _heaviside(x: Array, at_zero: Array) -> Array:
    return np.where(x == 0, at_zero, np.where(np.isnan(x), x, astype(x > 0, x.dtype)))


def _hypot(x: Array, y: Array) -> Array:
    """√(x² + y²), scaled by the larger, so that no square overflows."""
    x, y = np.abs(x), np.abs(y)
    large = np.maximum(x, y)
    plain = (large == 0) | np.isinf(x) | np.isinf(y)
    scale = _constant_of(np.where(plain, 1, large))
    a, b = x / scale, y / scale
    total = a * a + b * b
    length = scale * np.sqrt(np.where(plain, 1, total))
    return np.where(plain, np.fmax(x, y), length)


def _constant_of(x: Array) -> Array:
    """The value, without a derivative: what a formula does not depend on."""
    return apply(conversion.stop_gradient, x) if is_traced(x) else x


def _logaddexp(exp: np.ufunc, unit: float) -> Body:
    """log(bˣ + bʸ) as what the larger is and what the smaller adds to it."""

    def body(x: Array, y: Array) -> Array:
        first = x >= y
        large, small = np.where(first, x, y), np.where(first, y, x)
        infinite = np.isinf(large) & ~np.isnan(small)
        gap = np.where(infinite, 0, small) - np.where(infinite, 0, large)
        return np.where(infinite, large, large + np.log1p(exp(gap)) / unit)

    return body


def _modf(x: Array) -> tuple[Array, Array]:
    whole = apply(piecewise.trunc, x)
    return np.where(np.isinf(x), 0, x - whole), whole


def _divmod(x: Array, y: Array) -> tuple[Array, Array]:
    return apply(piecewise.floor_div, x, y), apply(piecewise.mod, x, y)


def _times(factor: float) -> Body:
    return lambda x: apply(arithmetic.mul, x, filled(factor, x.dtype, x.shape))


def fixed_power(x: Array, y: Array) -> Array | None:
    """A power whose exponent is one number that is not traced, where there is something simpler than `pow`."""
    if not is_traced(x) or is_traced(y) or np.size(y) != 1 or np.ndim(y) > np.ndim(x):
        return None
    loop = loop_dtypes(np.power, x, y)
    n = np.asarray(y).item()
    if loop[-1].kind == "i" and n < 0:
        raise DtypeError(
            "integers to negative integer powers are no integers",
            origin=user_origin(),
            mend="convert the base first: x.astype(float)",
        )
    if loop[-1].kind not in "fc" or isinstance(n, complex):
        return None
    x = astype(x, loop[0])
    if n == 1:
        return astype(x, loop[-1])
    if n == int_or_none(n):
        return apply(elementary.integer_pow, x, n=int(n))
    return apply(elementary.sqrt, x) if n == 0.5 else None


def plus_nothing(x: Array, y: Array) -> Array | None:
    """A linear value plus a zero that is not traced, as `sum` starts with, is that value."""
    for linear, other in ((x, y), (y, x)):
        if is_traced(linear) and linear._var.linear and not is_traced(other) and not np.any(other):
            shape = common_shape(x, y)
            return broadcast_to(astype(linear, loop_dtypes(np.add, x, y)[-1]), shape)
    return None


def int_or_none(n: float) -> int | None:
    """The integer that a number is, if it is one and of moderate size."""
    return int(n) if abs(n) < 2**31 and n == int(n) else None


def out_of_range_comparison(ufunc: np.ufunc) -> Callable[..., Array | None]:
    """A comparison with a Python integer that the other's dtype does not hold has one answer for all elements."""

    def answer(x: Array, y: Array) -> Array | None:
        for number, other, at in ((x, y, 0), (y, x, 1)):
            if type(number) is int and is_traced(other) and other.dtype.kind in "iu":
                info = np.iinfo(other.dtype)
                if not info.min <= number <= info.max:
                    pair = (number, 0) if at == 0 else (0, number)
                    return filled(bool(ufunc(*pair)), np.dtype(np.bool_), other.shape)
        return None

    return answer


def _xlogy(log: Callable[[Array], Array]) -> Body:
    """x·log y, and 0 where x is 0 and y is a number."""

    def body(x: Array, y: Array) -> Array:
        nothing = (x == 0) & ~np.isnan(y)
        return np.where(nothing, 0, x * log(np.where(nothing, 1, y)))

    return body


def _entr(x: Array) -> Array:
    inside = x > 0
    safe = np.where(inside, x, 1)
    return np.where(inside, -safe * np.log(safe), np.where(x == 0, 0, -np.inf))


ADD = by_kind({"b": comparison.or_, "uifc": add})
_ROUNDED = {
    np.floor: piecewise.floor,
    np.ceil: piecewise.ceil,
    np.trunc: piecewise.trunc,
    np.rint: piecewise.round_,
}

RECORDS: dict[np.ufunc, Any] = {
    np.subtract: arithmetic.sub,
    np.multiply: arithmetic.mul,
    np.divide: arithmetic.div,
    np.negative: arithmetic.neg,
    np.power: elementary.pow_,
    np.float_power: elementary.pow_,
    np.remainder: piecewise.mod,
    np.fmod: piecewise.rem,
    np.floor_divide: piecewise.floor_div,
    np.nextafter: piecewise.nextafter,
    np.bitwise_and: comparison.and_,
    np.bitwise_or: comparison.or_,
    np.bitwise_xor: comparison.xor,
    np.invert: comparison.not_,
    np.left_shift: comparison.shift_left,
    np.right_shift: comparison.shift_right,
    np.sqrt: elementary.sqrt,
    np.cbrt: elementary.cbrt,
    np.exp: elementary.exp,
    np.exp2: elementary.exp2,
    np.expm1: elementary.expm1,
    np.log: elementary.log,
    np.log1p: elementary.log1p,
    np.log2: elementary.log2,
    np.log10: elementary.log10,
    np.sin: elementary.sin,
    np.cos: elementary.cos,
    np.tan: elementary.tan,
    np.arcsin: elementary.asin,
    np.arccos: elementary.acos,
    np.arctan: elementary.atan,
    np.arctan2: elementary.atan2,
    np.sinh: elementary.sinh,
    np.cosh: elementary.cosh,
    np.tanh: elementary.tanh,
    np.arcsinh: elementary.asinh,
    np.arccosh: elementary.acosh,
    np.arctanh: elementary.atanh,
    special.erf: special_records.erf,
    special.erfc: special_records.erfc,
    special.expit: special_records.logistic,
    special.gammaln: special_records.lgamma,
    special.digamma: special_records.digamma,
    special.exp2: elementary.exp2,
    special.expm1: elementary.expm1,
    special.log1p: elementary.log1p,
    special.cbrt: elementary.cbrt,
}

BODIES: dict[np.ufunc, Body] = {
    **{ufunc: record_body(record) for ufunc, record in RECORDS.items()},
    **{
        ufunc: by_kind({"bui": _same, "f": record, "c": record})
        for ufunc, record in _ROUNDED.items()
    },
    np.add: ADD,
    np.logical_and: _logical(comparison.and_),
    np.logical_or: _logical(comparison.or_),
    np.logical_xor: _logical(comparison.xor),
    np.logical_not: _logical(comparison.not_),
    np.positive: _same,
    np.absolute: by_kind({"bu": _same, "ifc": piecewise.abs_}),
    np.fabs: record_body(piecewise.abs_),
    np.sign: by_kind({"buif": piecewise.sign, "c": _complex_sign}),
    np.conjugate: by_kind({"buif": _same, "c": conversion.conj}),
    np.square: lambda x: (
        apply(elementary.integer_pow, x, n=2)
        if x.dtype.kind in "fc"
        else apply(arithmetic.mul, x, x)
    ),
    np.reciprocal: lambda x: apply(arithmetic.div, filled(1, x.dtype, x.shape), x),
    np.isnan: by_kind({"bui": _constant(False), "fc": comparison.isnan}),
    np.isinf: by_kind({"bui": _constant(False), "fc": comparison.isinf}),
    np.isfinite: by_kind({"bui": _constant(True), "fc": comparison.isfinite}),
    np.signbit: by_kind({"bu": _constant(False), "i": lambda x: x < 0, "f": _is_negative}),
    np.copysign: _copysign,
    **{
        ufunc: by_kind({"buif": record, "c": _complex_extremum(first)})
        for ufunc, record, first in (
            (np.maximum, piecewise.max_, np.greater_equal),
            (np.minimum, piecewise.min_, np.less_equal),
        )
    },
    **{
        ufunc: by_kind(
            {
                "bui": record,
                "f": _ignoring_nan(record),
                "c": _complex_extremum(first, ignore_nan=True),
            }
        )
        for ufunc, record, first in (
            (np.fmax, piecewise.max_, np.greater_equal),
            (np.fmin, piecewise.min_, np.less_equal),
        )
    },
    np.heaviside: _heaviside,
    np.hypot: _hypot,
    np.logaddexp: _logaddexp(np.exp, 1),
    np.logaddexp2: _logaddexp(np.exp2, log(2)),
    np.modf: _modf,
    np.divmod: _divmod,
    np.deg2rad: _times(pi / 180),
    np.radians: _times(pi / 180),
    np.rad2deg: _times(180 / pi),
    np.degrees: _times(180 / pi),
    special.logit: lambda x: np.log(x) - np.log1p(-x),
    special.log_expit: lambda x: -np.logaddexp(np.zeros((), x.dtype), -x),
    special.xlogy: _xlogy(np.log),
    special.xlog1py: _xlogy(np.log1p),
    special.entr: _entr,
    special.betaln: lambda a, b: special.gammaln(a) + special.gammaln(b) - special.gammaln(a + b),
    special.exp10: lambda x: apply(elementary.pow_, filled(10, x.dtype, x.shape), x),
    special.ndtr: lambda x: special.erfc(-x / np.sqrt(2).astype(x.dtype)) / 2,
}

SPECIAL: dict[np.ufunc, Callable[..., Array | None]] = {
    np.power: fixed_power,
    np.add: plus_nothing,
    **{
        ufunc: out_of_range_comparison(ufunc)
        for ufunc in (
            np.equal,
            np.not_equal,
            np.less,
            np.less_equal,
            np.greater,
            np.greater_equal,
        )
    },
}
