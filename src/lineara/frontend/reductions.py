"""NumPy functions that reduce or run along axes: sums, products, extrema, statistics, sorting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lineara.errors import DtypeError, ShapeError
from lineara.frontend.axes import axes_of, axis_of
from lineara.frontend.ordering import complex_argsort, complex_position
from lineara.frontend.promotion import Array, as_operand, astype, broadcast_to, result_type
from lineara.frontend.trace import apply, filled, user_origin
from lineara.frontend.ufuncs import refuse
from lineara.primitives import ordered, reductions
from lineara.primitives import shape as records

_GIVEN: Any = np._NoValue


def _is_given(x: Any) -> bool:
    return x is not None and x is not _GIVEN


def _keep(x: Array, shape: tuple[int, ...], axes: tuple[int, ...], keepdims: Any) -> Array:
    """The result with the reduced axes kept at size 1, if wanted."""
    if keepdims is _GIVEN or not keepdims:
        return x
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    return np.reshape(x, kept)


def _masked(a: Array, where: Any, neutral: Any) -> Array:
    """The operand with a neutral element where a mask says no."""
    if where is True or where is _GIVEN:
        return a
    return np.where(where, a, np.asarray(neutral).astype(a.dtype))


def _wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype in which NumPy adds and multiplies: small integers as machine integers."""
    return np.add.reduce(np.empty(0, dtype)).dtype  # type: ignore[no-any-return]


def _total(name: str, record: Any, combine: np.ufunc, neutral: int) -> Callable[..., Array]:
    """`np.sum` and `np.prod`."""

    def reduce(
        a: Array,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = None,
        where: Any = True,
    ) -> Array:
        refuse(name, out=out)
        a = astype(a, _wide(a.dtype) if dtype is None else dtype)
        axes = axes_of(a.ndim, axis)
        total = apply(record, _masked(a, where, neutral), axes=axes)
        if _is_given(initial):
            total = combine(total, astype(initial, a.dtype))
        return _keep(total, a.shape, axes, keepdims)

    return reduce


sum_ = _total("sum", records.reduce_sum, np.add, 0)
prod = _total("prod", reductions.reduce_prod, np.multiply, 1)


def _extremum(name: str, record: Any, combine: np.ufunc) -> Callable[..., Array]:
    """`np.max` and `np.min`."""

    def reduce(
        a: Array,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = None,
        where: Any = True,
    ) -> Array:
        refuse(name, out=out)
        axes = axes_of(a.ndim, axis)
        shape = a.shape
        if _is_given(initial):
            start = np.asarray(initial).astype(a.dtype)
            rest = tuple(n for i, n in enumerate(shape) if i not in axes)
            if any(shape[i] == 0 for i in axes):
                return _keep(filled(start.item(), a.dtype, rest), shape, axes, keepdims)
            a = _masked(a, where, start)
            return _keep(combine(apply(record, a, axes=axes), start), shape, axes, keepdims)
        if a.dtype.kind == "c":
            return _complex_extremum(a, axes, keepdims, -1 if combine is np.maximum else 1)
        if where is not True and where is not _GIVEN:
            raise DtypeError(
                f"np.{name} with `where` needs `initial`", origin=user_origin(), mend="give both"
            )
        if any(shape[i] == 0 for i in axes):
            raise ShapeError(
                f"np.{name} of an array of shape {shape} over axes {axes}: there is no element",
                origin=user_origin(),
                mend="give `initial`, the value of an empty extremum",
            )
        return _keep(apply(record, a, axes=axes), shape, axes, keepdims)

    return reduce


max_ = _extremum("max", reductions.reduce_max, np.maximum)
min_ = _extremum("min", reductions.reduce_min, np.minimum)


def _complex_extremum(a: Array, axes: tuple[int, ...], keepdims: Any, sign: int) -> Array:
    """An extremum of complex numbers: the element at its position."""
    rest = [i for i in range(a.ndim) if i not in axes]
    kept = tuple(a.shape[i] for i in rest)
    flat = np.reshape(np.transpose(a, (*axes, *rest)), (-1, *kept))
    at = complex_position(sign)(flat, 0)
    return _keep(np.take_along_axis(flat, at[None], 0)[0], a.shape, axes, keepdims)


def _quantifier(name: str, record: Any, neutral: bool) -> Callable[..., Array]:
    """`np.any` and `np.all`."""

    def reduce(
        a: Array, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True
    ) -> Array:
        refuse(name, out=out)
        axes = axes_of(a.ndim, axis)
        a = _masked(astype(a, np.bool_), where, neutral)
        return _keep(apply(record, a, axes=axes), a.shape, axes, keepdims)

    return reduce


any_ = _quantifier("any", reductions.any_, False)
all_ = _quantifier("all", reductions.all_, True)


def _position(name: str, record: Any, sign: int) -> Callable[..., Array]:
    """`np.argmax` and `np.argmin`."""

    def reduce(a: Array, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Array:
        refuse(name, out=out)
        shape = a.shape
        flat, along = (np.ravel(a), 0) if axis is None else (a, axis_of(a.ndim, axis))
        axes = tuple(range(len(shape))) if axis is None else (along,)
        is_complex = flat.dtype.kind == "c"
        found = (
            complex_position(sign)(flat, along) if is_complex else apply(record, flat, axis=along)
        )
        return _keep(found, shape, axes, keepdims)

    return reduce


argmax = _position("argmax", reductions.argmax, -1)
argmin = _position("argmin", reductions.argmin, 1)


def cumsum(a: Array, axis: int | None = None, dtype: Any = None, out: Any = None) -> Array:
    """`np.cumsum`."""
    refuse("cumsum", out=out)
    a, axis = _along(a, axis)
    a = astype(a, _wide(a.dtype) if dtype is None else dtype)
    return apply(ordered.cumsum, a, axis=axis, reverse=False)


def cumprod(a: Array, axis: int | None = None, dtype: Any = None, out: Any = None) -> Array:
    """`np.cumprod`."""
    refuse("cumprod", out=out)
    a, axis = _along(a, axis)
    a = astype(a, _wide(a.dtype) if dtype is None else dtype)
    return apply(ordered.cumprod, a, axis=axis)


def _along(a: Array, axis: int | None) -> tuple[Array, int]:
    """An operand and one of its axes: those of the flat one for None."""
    return (np.ravel(a), 0) if axis is None else (a, axis_of(a.ndim, axis))


def _count(a: Array, axes: tuple[int, ...], where: Any, keepdims: bool) -> Any:
    """How many elements each result is made of."""
    if where is True or where is _GIVEN:
        n = 1
        for i in axes:
            n *= a.shape[i]
        return n
    return np.sum(broadcast_to(where, a.shape), axis=axes, keepdims=keepdims)


def mean(
    a: Array,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    *,
    where: Any = True,
) -> Array:
    """`np.mean`."""
    axes = axes_of(a.ndim, axis)
    if dtype is None and a.dtype.kind in "biu":
        dtype = np.float64
    keep = keepdims is not _GIVEN and bool(keepdims)
    total = sum_(a, axes, dtype, out, keep, where=where)
    return total / astype(_count(a, axes, where, keep), total.real.dtype)


def var(
    a: Array,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = _GIVEN,
) -> Array:
    """`np.var`."""
    if dtype is not None or a.dtype.kind in "biu":
        a = astype(a, np.float64 if dtype is None else dtype)
    axes = axes_of(a.ndim, axis)
    keep = keepdims is not _GIVEN and bool(keepdims)
    centre = _mean_of(a, axes, where=where) if not _is_given(mean) else mean
    away = a - centre
    squares = np.square(away) if a.dtype.kind != "c" else away.real**2 + away.imag**2
    lost = ddof if correction is _GIVEN else correction
    total = sum_(squares, axes, None, out, keep, where=where)
    return total / astype(np.maximum(_count(a, axes, where, keep) - lost, 0), total.dtype)


def _mean_of(a: Array, axes: tuple[int, ...], where: Any) -> Array:
    return mean(a, axes, keepdims=True, where=where)


def std(a: Array, *args: Any, **kwargs: Any) -> Array:
    """`np.std`."""
    return np.sqrt(var(a, *args, **kwargs))


def ptp(a: Array, axis: Any = None, out: Any = None, keepdims: Any = False) -> Array:
    """`np.ptp`."""
    refuse("ptp", out=out)
    return max_(a, axis, keepdims=keepdims) - min_(a, axis, keepdims=keepdims)


def average(
    a: Array,
    axis: Any = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: Any = False,
) -> Any:
    """`np.average`."""
    a = as_operand(a)
    if weights is None:
        result = np.mean(a, axis=axis, keepdims=keepdims is True)
        total = result * 0 + a.size // max(1, result.size)
        return (result, total) if returned else result
    weights = as_operand(weights)
    if np.shape(weights) != np.shape(a):
        along = axes_of(np.ndim(a), axis)
        wide = tuple(n if i in along else 1 for i, n in enumerate(np.shape(a)))
        weights = np.broadcast_to(np.reshape(weights, wide), np.shape(a))
    total = np.sum(weights, axis=axis, keepdims=keepdims is True)
    dtype = result_type(a, weights)
    dtype = np.dtype(np.result_type(dtype, np.float64)) if dtype.kind in "biu" else dtype
    result = np.sum(np.multiply(a, weights, dtype=dtype), axis=axis, keepdims=keepdims is True)
    total = astype(total, dtype)
    result = result / total
    return (result, np.broadcast_to(total, result.shape)) if returned else result


def count_nonzero(a: Array, axis: Any = None, *, keepdims: bool = False) -> Array:
    """`np.count_nonzero`."""
    return sum_(astype(a, np.bool_), axis, np.int64, keepdims=keepdims)


def sort(
    a: Array, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Array:
    """`np.sort`."""
    refuse("sort", order=order)
    a, axis = _along(a, axis)
    if a.dtype.kind == "c":
        return np.take_along_axis(a, complex_argsort(a, axis), axis)
    return apply(ordered.sort, a, axis=axis)


def argsort(
    a: Array, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Array:
    """`np.argsort`: equal elements in their order."""
    refuse("argsort", order=order)
    a, axis = _along(a, axis)
    if a.dtype.kind == "c":
        return complex_argsort(a, axis)
    return apply(ordered.argsort, a, axis=axis)


def ignoring_nan(function: Callable[..., Array], neutral: float) -> Callable[..., Array]:
    """`np.nansum` and its like: a neutral element in place of NaN."""

    def reduce(a: Array, axis: Any = None, *args: Any, **kwargs: Any) -> Array:
        return function(np.where(np.isnan(a), neutral, a), axis, *args, **kwargs)

    return reduce


def accumulated(ufunc: np.ufunc) -> Callable[..., Array]:
    """The extrema of all that comes before, in steps that double."""

    def accumulate(a: Array, axis: int = 0) -> Array:
        a = np.moveaxis(a, axis, 0)
        step = 1
        while step < len(a):
            a = np.concatenate([a[:step], ufunc(a[step:], a[:-step])])
            step *= 2
        return np.moveaxis(a, 0, axis)

    return accumulate


def nan_extremum(extremum: Callable[..., Array], neutral: float) -> Callable[..., Array]:
    """`np.nanmax` and `np.nanmin`: NaN where nothing else is there."""

    def reduce(
        a: Array, axis: Any = None, out: Any = None, keepdims: Any = False, **options: Any
    ) -> Array:
        if a.dtype.kind != "f":
            return extremum(a, axis, out, keepdims, **options)
        missing = np.isnan(a)
        found = extremum(np.where(missing, neutral, a), axis, out, keepdims, **options)
        return np.where(all_(missing, axis, keepdims=keepdims), np.nan, found)

    return reduce


def nanmean(
    a: Array, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False
) -> Array:
    """`np.nanmean`."""
    return mean(a, axis, dtype, out, keepdims, where=~np.isnan(a))


def nanvar(
    a: Array,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = False,
) -> Array:
    """`np.nanvar`."""
    present = ~np.isnan(a)
    return var(np.where(present, a, 0), axis, dtype, out, ddof, keepdims, where=present)


def nanstd(a: Array, *args: Any, **kwargs: Any) -> Array:
    """`np.nanstd`."""
    return np.sqrt(nanvar(a, *args, **kwargs))
