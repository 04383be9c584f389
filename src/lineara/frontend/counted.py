"""NumPy's functions whose results have a shape that depends on values: they read the values of this run, as `if` does.

What they choose is then fixed, and the result is made of the elements chosen: `np.unique(x)` is a gather. Where only types are
known, as in the body of a loop or under `jit`, they are errors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lineara.errors import ShapeError, TraceError
from lineara.frontend.promotion import Array, astype, strong
from lineara.frontend.trace import is_traced, user_origin, value_now


def depends_on_values(what: str, instead: str) -> TraceError:
    """The error of a result whose shape is not known while tracing."""
    return TraceError(
        f"{what} of a traced array whose values are not known here: the shape of the result would depend on values",
        origin=user_origin(),
        mend=f"use {instead}",
    )


def now(x: Any, what: str, instead: str) -> Any:
    """The values of an argument in this run.

    Raises:
        TraceError: where they are not known.
    """
    if not is_traced(x):
        return np.asarray(x)
    value = value_now(x)
    if value is None:
        raise depends_on_values(what, instead)
    return value


_CHOICE = "np.where(condition, x, y), or np.argmax"


def nonzero(a: Array) -> tuple[Array, ...]:
    """`np.nonzero`."""
    return np.nonzero(now(a, "np.nonzero", _CHOICE))


def flatnonzero(a: Array) -> Array:
    """`np.flatnonzero`."""
    return np.flatnonzero(now(a, "np.flatnonzero", _CHOICE))


def argwhere(a: Array) -> Array:
    """`np.argwhere`."""
    return np.argwhere(now(a, "np.argwhere", _CHOICE))


def extract(condition: Any, arr: Any) -> Array:
    """`np.extract`."""
    chosen = np.ravel(now(condition, "np.extract", "np.where(condition, x, 0)"))
    return np.take(np.ravel(strong(arr)), np.flatnonzero(chosen))


def unique(
    ar: Array,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    **order: Any,
) -> Any:
    """`np.unique`."""
    value = now(ar, "np.unique", "np.sort")
    _, index, inverse, counts = np.unique(value, True, True, True, axis, equal_nan=equal_nan)
    values = np.take(ar, index, axis)
    wanted = zip(
        (return_index, return_inverse, return_counts), (index, inverse, counts), strict=True
    )
    others = [given for asked, given in wanted if asked]
    return (values, *others) if others else values


def unique_all(x: Array, /) -> Any:
    """`np.unique_all`."""
    value = now(x, "np.unique_all", "np.sort")
    found = np.unique_all(value)
    return found._replace(values=np.take(x, found.indices))


def unique_counts(x: Array, /) -> Any:
    """`np.unique_counts`."""
    found = np.unique_counts(now(x, "np.unique_counts", "np.sort"))
    return found._replace(values=unique_values(x))


def unique_inverse(x: Array, /) -> Any:
    """`np.unique_inverse`."""
    found = np.unique_inverse(now(x, "np.unique_inverse", "np.sort"))
    return found._replace(values=unique_values(x))


def unique_values(x: Array, /) -> Array:
    """`np.unique_values`, in rising order."""
    return unique(x, equal_nan=False)


def union1d(ar1: Any, ar2: Any) -> Array:
    """`np.union1d`."""
    return unique(np.concatenate([np.ravel(strong(x)) for x in (ar1, ar2)]))


def intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    """`np.intersect1d`: the elements of the first."""
    left, right = (now(x, "np.intersect1d", "np.isin") for x in (ar1, ar2))
    _, first, second = np.intersect1d(left, right, assume_unique, return_indices=True)
    dtype = np.result_type(left, right)
    common = astype(np.take(np.ravel(strong(ar1)), first), dtype)
    return (common, first, second) if return_indices else common


def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Array:
    """`np.setdiff1d`."""
    values, others = (now(x, "np.setdiff1d", "np.isin") for x in (ar1, ar2))
    first = np.ravel(strong(ar1))
    places = np.arange(values.size) if assume_unique else np.unique(values, True)[1]
    return np.take(first, places[np.isin(values.ravel()[places], others, invert=True)])


def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Array:
    """`np.setxor1d`."""
    parts = [setdiff1d(ar1, ar2, assume_unique), setdiff1d(ar2, ar1, assume_unique)]
    return np.sort(np.concatenate(parts))


def trim_zeros(filt: Array, trim: str = "fb", axis: Any = None) -> Array:
    """`np.trim_zeros`, of an array of one axis."""
    found = np.flatnonzero(now(filt, "np.trim_zeros", "a slice"))
    if filt.ndim != 1:
        raise TraceError(
            "np.trim_zeros of a traced array of several axes",
            origin=user_origin(),
            mend="use a slice",
        )
    start, stop = (found[0], found[-1] + 1) if found.size else (len(filt), len(filt))
    front, back = "f" in trim.lower(), "b" in trim.lower()
    return filt[int(start) if front else 0 : int(stop) if back or not found.size else len(filt)]


def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Array:
    """`np.bincount`, linear in the weights."""
    instead = "np.add.at(total, labels, weights) on total = np.zeros_like(weights, shape=n)"
    labels = now(x, "np.bincount", instead)
    if not is_traced(weights):
        return np.bincount(labels, weights, minlength)
    counts = np.bincount(labels, minlength=minlength)
    if weights.shape != np.shape(labels):
        raise ShapeError(
            f"np.bincount of labels of shape {np.shape(labels)} with weights of shape {weights.shape}",
            origin=user_origin(),
            mend="give one weight for each label",
        )
    total = np.zeros_like(weights, shape=counts.shape, dtype=np.float64)
    np.add.at(total, np.asarray(labels), astype(weights, np.float64))
    return total


def real_if_close(a: Any, tol: float = 100) -> Array:
    """`np.real_if_close`, whose dtype depends on values."""
    if a.dtype.kind != "c":
        return a
    close = np.real_if_close(now(a, "np.real_if_close", "np.real"), tol)
    return np.real(a) if close.dtype.kind == "f" else a


def refused(function: Callable[..., Any], instead: str) -> Callable[..., Any]:
    """The rule of a function whose result would have a shape that depends on values."""

    def rule(*args: Any, **kwargs: Any) -> Any:
        raise TraceError(
            f"np.{function.__name__} has no meaning on traced arrays: the shape of the result would depend on values",
            origin=user_origin(),
            mend=f"use {instead}",
        )

    return rule


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.nonzero: nonzero,
    np.flatnonzero: flatnonzero,
    np.argwhere: argwhere,
    np.extract: extract,
    np.unique: unique,
    np.unique_all: unique_all,
    np.unique_counts: unique_counts,
    np.unique_inverse: unique_inverse,
    np.unique_values: unique_values,
    np.union1d: union1d,
    np.intersect1d: intersect1d,
    np.setdiff1d: setdiff1d,
    np.setxor1d: setxor1d,
    np.trim_zeros: trim_zeros,
    np.bincount: bincount,
    np.real_if_close: real_if_close,
}
"""What each of NumPy's functions is on traced arrays."""
