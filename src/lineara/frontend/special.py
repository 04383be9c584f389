"""Functions of `scipy.special` beyond the elementwise table: those with parameters, and reductions.

`logsumexp`, `softmax`, `log_softmax`, `polygamma` and `multigammaln` are no ufuncs, and SciPy's do not take traced arrays:
these take traced and ordinary ones.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi, sqrt
from typing import Any

import numpy as np
from scipy import special

from lineara.errors import TraceError
from lineara.frontend.promotion import Array, astype, result_type, strong
from lineara.frontend.trace import apply, is_traced, user_origin
from lineara.frontend.ufuncs import Body, Ufunc, record_body
from lineara.ir import Primitive
from lineara.primitives import conversion, incomplete
from lineara.primitives import special as records


def _with(record: Primitive, **attributes: Any) -> Body:
    """The body that is one record at some attributes."""

    def body(*operands: Array) -> Array:
        return apply(record, *operands, **attributes)

    return body


def _of_order(record: Primitive) -> Callable[..., Array | None]:
    """A Bessel function of an order that is an integer, and not traced."""

    def found(v: Array, x: Array) -> Array | None:
        if is_traced(v) or np.ndim(v) or v != int(v) or v < 0:
            raise TraceError(
                "Bessel functions of traced arrays have integer orders of at least 0",
                origin=user_origin(),
                mend="give the order as a Python integer",
            )
        x = astype(x, np.float64) if x.dtype.kind in "bui" else x
        return apply(record, x, n=int(v))

    return found


def _refused(*operands: Array) -> Array:
    raise TraceError(
        "a Bessel function with dtype= has no meaning on traced arrays",
        origin=user_origin(),
        mend="leave dtype out, and convert the operand",
    )


def _rel_entr(x: Array, y: Array) -> Array:
    """x·log(x/y); 0 where x is 0 and y ≥ 0; inf outside."""
    inside = (x > 0) & (y > 0)
    safe_x, safe_y = np.where(inside, x, 1), np.where(inside, y, 1)
    edge = np.where((x == 0) & (y >= 0), 0, np.where(np.isnan(x) | np.isnan(y), np.nan, np.inf))
    return np.where(inside, safe_x * np.log(safe_x / safe_y), astype(edge, x.dtype))


def _kl_div(x: Array, y: Array) -> Array:
    outside = np.isinf(entropy := _rel_entr(x, y))
    return np.where(outside, entropy, entropy + np.where(outside, 0, y - x))


def _huber(delta: Array, r: Array) -> Array:
    size = np.abs(r)
    inside = np.where(size <= delta, r * r / 2, delta * (size - delta / 2))
    return np.where(delta < 0, astype(np.inf, r.dtype), inside)


def _pseudo_huber(delta: Array, r: Array) -> Array:
    ratio = r / np.where(delta == 0, 1, delta)
    return np.where(delta == 0, 0, delta * delta * (np.sqrt(1 + ratio * ratio) - 1))


def _number(value: float, like: Array) -> Array:
    return astype(value, like.dtype)


BODIES: dict[np.ufunc, Body] = {
    special.erfinv: record_body(records.erfinv),
    special.erfcx: record_body(records.erfcx),
    special.dawsn: record_body(records.dawson),
    special.ndtri: record_body(records.ndtri),
    special.log_ndtr: record_body(records.log_ndtr),
    special.gamma: record_body(records.gamma),
    special.erfcinv: lambda y: -special.ndtri(y / 2) / _number(sqrt(2), y),
    special.i0: _with(records.bessel_i, n=0),
    special.i1: _with(records.bessel_i, n=1),
    special.i0e: _with(records.bessel_i_scaled, n=0),
    special.i1e: _with(records.bessel_i_scaled, n=1),
    special.j0: _with(records.bessel_j, n=0),
    special.j1: _with(records.bessel_j, n=1),
    special.gammainc: _with(incomplete.gammainc, order=0),
    special.gammaincc: record_body(incomplete.gammaincc),
    special.betainc: _with(incomplete.betainc, orders=(0, 0)),
    special.betaincc: lambda a, b, x: special.betainc(b, a, 1 - x),
    special.beta: lambda a, b: special.gamma(a) * special.gamma(b) / special.gamma(a + b),
    special.rel_entr: _rel_entr,
    special.kl_div: _kl_div,
    special.huber: _huber,
    special.pseudo_huber: _pseudo_huber,
}
_ORDERED = {
    special.iv: _of_order(records.bessel_i),
    special.ive: _of_order(records.bessel_i_scaled),
    special.jv: _of_order(records.bessel_j),
}
_HURWITZ: np.ufunc = special._ufuncs._zeta
"""What `special.zeta`, a function, calls on two arguments."""

UFUNCS: dict[np.ufunc, Callable[..., Any]] = {
    **{ufunc: Ufunc(ufunc, body) for ufunc, body in BODIES.items()},
    **{ufunc: Ufunc(ufunc, _refused, special=found) for ufunc, found in _ORDERED.items()},
    _HURWITZ: Ufunc(_HURWITZ, _with(incomplete.zeta, order=0)),
    special._ufuncs._riemann_zeta: Ufunc(
        special._ufuncs._riemann_zeta,
        lambda s: apply(incomplete.zeta, s, np.ones(s.shape, s.dtype), order=0),
    ),
}
"""What each of SciPy's ufuncs is on traced arrays."""


def _inexact(x: Any) -> Array:
    x = strong(x)
    return astype(x, np.float64) if x.dtype.kind in "bui" else x


def _largest(a: Array, axis: Any) -> Array:
    """The largest elements, which a stable formula does not depend on; 0 where they are infinite."""
    largest = np.max(np.real(a), axis=axis, keepdims=True, initial=-np.inf)
    finite = np.where(np.isfinite(largest), largest, np.zeros((), largest.dtype))
    return apply(conversion.stop_gradient, finite) if is_traced(finite) else finite


def logsumexp(
    a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """log Σ b·exp(a) along axes, by way of the largest element; entries may be −inf.

    >>> float(logsumexp(np.array([-np.inf, 1000.0, 1000.0])))
    1000.6931471805599
    """
    a = _inexact(a)
    largest = _largest(a, axis)
    terms = np.exp(a - largest)
    if b is not None:
        terms = terms * astype(b, result_type(a, b))
    total = np.sum(terms, axis=axis, keepdims=keepdims)
    if not keepdims:
        largest = np.reshape(largest, np.shape(total))
    with np.errstate(divide="ignore"):
        if return_sign:
            return np.log(np.abs(total)) + largest, np.sign(total)
        return np.log(total) + largest


def softmax(x: Any, axis: Any = None) -> Array:
    """exp(x) / Σ exp(x) along axes.

    >>> softmax(np.array([0.0, 0.0, -np.inf])).tolist()
    [0.5, 0.5, 0.0]
    """
    x = _inexact(x)
    terms = np.exp(x - _largest(x, axis))
    return terms / np.sum(terms, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: Any = None) -> Array:
    """The logarithm of `softmax`.

    >>> log_softmax(np.array([0.0, -np.inf])).tolist()
    [0.0, -inf]
    """
    x = _inexact(x)
    shifted = x - _largest(x, axis)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def polygamma(n: int, x: Any) -> Array:
    """The n-th derivative of digamma; `scipy.special.polygamma` on ordinary arrays."""
    if not is_traced(x):
        return special.polygamma(n, x)
    return apply(records.polygamma, _inexact(x), n=int(n))


def multigammaln(a: Any, d: int) -> Array:
    """The logarithm of the multivariate gamma function of dimension d."""
    return d * (d - 1) / 4 * log(pi) + sum(special.gammaln(a - j / 2) for j in range(d))


def i0(x: Any) -> Array:
    """`np.i0`."""
    return special.i0(_inexact(x))


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {np.i0: i0}
"""What each of NumPy's functions is on traced arrays."""
