"""Order where NumPy has one and machines have none: signed beside unsigned integers, and complex numbers.

Complex numbers stand in the order of their real parts, and of their imaginary parts where those are equal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lineara.frontend.promotion import Array, astype
from lineara.frontend.trace import apply
from lineara.frontend.ufuncs import Body
from lineara.primitives import comparison, ordered

RECORDS: dict[np.ufunc, Any] = {
    np.equal: comparison.eq,
    np.not_equal: comparison.ne,
    np.less: comparison.lt,
    np.less_equal: comparison.le,
    np.greater: comparison.gt,
    np.greater_equal: comparison.ge,
}


def _comparison(ufunc: np.ufunc, record: Any) -> Body:
    """A comparison of any two dtypes; a negative number is less than all unsigned ones."""
    below, above = bool(ufunc(0, 1)), bool(ufunc(1, 0))

    def compare(x: Array, y: Array) -> Array:
        kinds = x.dtype.kind, y.dtype.kind
        if kinds == ("i", "u"):
            return np.where(x < 0, below, apply(record, astype(x, y.dtype), y))
        if kinds == ("u", "i"):
            return np.where(y < 0, above, apply(record, x, astype(y, x.dtype)))
        if kinds == ("c", "c") and below != above:
            same = np.real(x) == np.real(y)
            return np.where(same, ufunc(np.imag(x), np.imag(y)), ufunc(np.real(x), np.real(y)))
        return apply(record, x, y)

    return compare


COMPARISONS: dict[np.ufunc, Body] = {
    ufunc: _comparison(ufunc, record) for ufunc, record in RECORDS.items()
}
"""What each comparison computes, from operands in its loop."""


def complex_argsort(a: Array, axis: int, sign: int = 1) -> Array:
    """The order of complex numbers along an axis, or with sign −1 its reverse, in which equal ones stay as they stand."""
    inner = apply(ordered.argsort, sign * np.imag(a), axis=axis)
    real = np.take_along_axis(sign * np.real(a), inner, axis)
    return np.take_along_axis(inner, apply(ordered.argsort, real, axis=axis), axis)


def complex_position(sign: int) -> Callable[[Array, int], Array]:
    """Where the first of complex numbers in that order is along an axis; the first that is no number, if there is one."""

    def position(a: Array, axis: int) -> Array:
        missing = np.isnan(a)
        first = np.take(complex_argsort(a, axis, sign), 0, axis)
        return np.where(np.any(missing, axis=axis), np.argmax(missing, axis=axis), first)

    return position
