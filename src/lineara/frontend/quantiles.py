"""Order statistics: medians, percentiles and quantiles, with and without NaN, between neighbours in sorted arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lineara.errors import TraceError
from lineara.frontend.axes import axes_of
from lineara.frontend.promotion import Array, astype, result_type, strong
from lineara.frontend.reductions import sort
from lineara.frontend.trace import is_traced, user_origin
from lineara.frontend.ufuncs import refuse

_PLOTTING = {
    "linear": (1.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
    "interpolated_inverted_cdf": (0.0, 1.0),
}
"""The plotting positions (α, β) of the continuous methods: the rank is n·q + α + q·(1 − α − β) − 1."""

_DISCRETE: dict[str, Callable[[Array], Array]] = {
    "inverted_cdf": lambda rank: np.ceil(rank - 1),
    "averaged_inverted_cdf": lambda rank: (np.ceil(rank - 1) + np.floor(rank)) / 2,
    "closest_observation": lambda rank: np.rint(rank) - 1,
}
"""The ranks of the discrete methods, from n·q."""

_WHOLE = ("lower", "higher", "nearest", "inverted_cdf", "closest_observation")
"""The methods that give an element."""

_ROUNDED: dict[str, Callable[[Array], Array]] = {
    "lower": np.floor,
    "higher": np.ceil,
    "nearest": np.rint,
    "midpoint": lambda rank: (np.floor(rank) + np.ceil(rank)) / 2,
}


def _rank(q: Array, count: Any, method: str) -> Array:
    """Where the quantiles are among `count` sorted elements, as a real number."""
    if method in _ROUNDED:
        return _ROUNDED[method](q * (count - 1))
    if method in _DISCRETE:
        return np.clip(_DISCRETE[method](q * count), 0, np.maximum(count - 1, 0))
    if method not in _PLOTTING:
        raise TraceError(
            f"np.quantile(method={method!r}) has no meaning on traced arrays",
            origin=user_origin(),
            mend=f"use one of {', '.join((*_PLOTTING, *_ROUNDED, *_DISCRETE))}",
        )
    a, b = _PLOTTING[method]
    rank = q * (count - 1) if a == b == 1 else q * count + a + q * (1 - a - b) - 1
    return np.clip(rank, 0, np.maximum(count - 1, 0))


def _flat(a: Array, axes: tuple[int, ...]) -> Array:
    """The operand with the axes that are reduced as its first one."""
    rest = [i for i in range(a.ndim) if i not in axes]
    turned = np.transpose(a, (*axes, *rest))
    return np.reshape(turned, (-1, *(a.shape[i] for i in rest)))


def _between(ordered: Array, q: Array, count: Array, method: str, dtype: Any) -> Array:
    """The quantiles of sorted columns, of which the first `count` elements are meant."""
    rank_of_q = np.ndim(q)
    q = np.reshape(q, (*np.shape(q), *(1,) * (ordered.ndim - 1)))
    place = astype(_rank(q, astype(count, dtype), method), dtype)
    shape = np.broadcast_shapes(np.shape(place), (*(1,) * rank_of_q, *ordered.shape[1:]))
    below = astype(np.floor(place), np.int64)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    low, high = (
        np.reshape(
            np.take_along_axis(
                ordered, np.reshape(np.broadcast_to(i, shape), (-1, *ordered.shape[1:])), 0
            ),
            shape,
        )
        for i in (below, above)
    )
    return astype(low + (high - low) * (place - below), dtype)


def _quantile(
    a: Array, q: Any, axis: Any, method: str, keepdims: Any, *, ignore_nan: bool, scale: float = 1
) -> Array:
    a = strong(a)
    number = type(q) in (int, float)
    whole = a.dtype if a.dtype.kind in "iuf" and method in _WHOLE else None
    a = astype(a, np.float64) if a.dtype.kind in "bui" else a
    dtype = a.dtype if number else result_type(a, strong(q), a.dtype.type(0))
    q = astype(strong(q), dtype) / scale
    axes = axes_of(a.ndim, axis)
    ordered = sort(_traced_like(_flat(a, axes), q), 0)
    missing = np.isnan(ordered)
    if ignore_nan:
        count = np.sum(~missing, axis=0)
        made = _between(np.where(missing, 0, ordered), q, count, method, dtype)
        result = np.where(count == 0, np.nan, made)
    else:
        made = _between(ordered, q, np.asarray(len(ordered)), method, dtype)
        result = np.where(missing[-1], np.nan, made)
    result = result if whole is None else astype(result, whole)
    kept = (*np.shape(q), *(1 if i in axes else n for i, n in enumerate(a.shape)))
    return np.reshape(result, kept) if keepdims is True else result


def _weighted(
    a: Any, q: Any, weights: Any, axis: Any, method: str, keepdims: Any, scale: float
) -> Array:
    """The first element up to which the weights make up the quantile."""
    if method != "inverted_cdf":
        raise ValueError(f"Only method 'inverted_cdf' supports weights. Got: {method}.")
    a, weights, q = strong(a), strong(weights), strong(q)
    axes = axes_of(a.ndim, axis)
    if np.shape(weights) != np.shape(a):
        wide = tuple(n if i in axes else 1 for i, n in enumerate(np.shape(a)))
        weights = np.broadcast_to(np.reshape(weights, wide), np.shape(a))
    values, weights = _flat(a, axes), _flat(weights, axes)
    order = np.argsort(values, axis=0, stable=True)
    ordered = np.take_along_axis(values, order, 0)
    share = np.cumsum(np.take_along_axis(weights, order, 0), axis=0)
    share = share / share[-1]
    share = np.where(share == 0, -1, share)
    levels = np.reshape(q / scale, (*np.shape(q), *(1,) * np.ndim(ordered)))
    before = np.minimum(np.sum(share < levels, axis=np.ndim(q)), len(ordered) - 1)
    flat = np.reshape(before, (-1, *np.shape(ordered)[1:]))
    made = np.reshape(np.take_along_axis(ordered, flat, 0), np.shape(before))
    kept = (*np.shape(q), *(1 if i in axes else n for i, n in enumerate(np.shape(a))))
    return np.reshape(made, kept) if keepdims is True else made


def _traced_like(a: Array, q: Array) -> Array:
    """The operand as a traced array: it is one, unless the quantile is."""
    return a if is_traced(a) else a + np.zeros_like(q, dtype=a.dtype, shape=())


def _rule(name: str, *, ignore_nan: bool, scale: float) -> Callable[..., Array]:
    def quantile(
        a: Array,
        q: Any,
        axis: Any = None,
        out: Any = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: Any = False,
        *,
        weights: Any = None,
    ) -> Array:
        refuse(name, out=out)
        if weights is not None:
            refuse(name, weights=weights if ignore_nan else None)
            return _weighted(a, q, weights, axis, method, keepdims, scale)
        return _quantile(a, q, axis, method, keepdims, ignore_nan=ignore_nan, scale=scale)

    return quantile


def _median(name: str, *, ignore_nan: bool) -> Callable[..., Array]:
    def median(
        a: Array,
        axis: Any = None,
        out: Any = None,
        overwrite_input: bool = False,
        keepdims: Any = False,
    ) -> Array:
        refuse(name, out=out)
        return _quantile(a, 0.5, axis, "linear", keepdims, ignore_nan=ignore_nan)

    return median


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.median: _median("median", ignore_nan=False),
    np.quantile: _rule("quantile", ignore_nan=False, scale=1),
    np.percentile: _rule("percentile", ignore_nan=False, scale=100),
    np.nanmedian: _median("nanmedian", ignore_nan=True),
    np.nanquantile: _rule("nanquantile", ignore_nan=True, scale=1),
    np.nanpercentile: _rule("nanpercentile", ignore_nan=True, scale=100),
}
"""What each of NumPy's functions is on traced arrays."""
