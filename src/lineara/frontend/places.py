"""NumPy's functions of positions: orders, bins, histograms, and indices made of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lineara.errors import ShapeError, TraceError
from lineara.frontend.axes import axis_of
from lineara.frontend.promotion import Array, astype, dtype_of, shape_of, strong
from lineara.frontend.reductions import argmax, argmin, argsort, sort
from lineara.frontend.statistics import searchsorted
from lineara.frontend.trace import is_traced, user_origin
from lineara.frontend.ufuncs import refuse


def partition(
    a: Array, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None
) -> Array:
    """`np.partition`: sorted, which is one of the orders that it may give."""
    refuse("partition", order=order)
    return sort(a, axis)


def argpartition(
    a: Array, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None
) -> Array:
    """`np.argpartition`: that of the sorted array."""
    refuse("argpartition", order=order)
    return argsort(a, axis)


def lexsort(keys: Any, axis: int = -1) -> Array:
    """`np.lexsort`: by the last key, then the one before it."""
    first, *rest = keys
    order = np.argsort(first, axis=axis, stable=True)
    for key in rest:
        inner = np.argsort(np.take_along_axis(key, order, axis), axis=axis, stable=True)
        order = np.take_along_axis(order, inner, axis)
    return order


def sort_complex(a: Array) -> Array:
    """`np.sort_complex`."""
    ordered = sort(a)
    if ordered.dtype.kind == "c":
        return ordered
    small = ordered.dtype.kind in "iu" and ordered.dtype.itemsize < 4
    return astype(ordered, np.complex64 if small else np.complex128)


def _nan_position(position: Callable[..., Array], neutral: float) -> Callable[..., Array]:
    """`np.nanargmax` and `np.nanargmin`; 0 where all elements are NaN, which NumPy refuses."""

    def rule(a: Array, axis: int | None = None, out: Any = None, *, keepdims: Any = False) -> Array:
        found = np.where(np.isnan(a), neutral, a) if a.dtype.kind in "fc" else a
        return position(found, axis, out, keepdims=keepdims)

    return rule


def digitize(x: Any, bins: Any, right: bool = False) -> Array:
    """`np.digitize`, in bins that rise, or fall and are not traced."""
    side = "left" if right else "right"
    if not is_traced(bins) and np.size(bins) and np.asarray(bins)[0] > np.asarray(bins)[-1]:
        return len(bins) - searchsorted(np.asarray(bins)[::-1], x, side)
    return searchsorted(bins, x, side)


def histogram_bin_edges(a: Array, bins: Any = 10, range: Any = None, weights: Any = None) -> Array:
    """`np.histogram_bin_edges`, for a number of bins or their edges."""
    a = np.ravel(strong(a))
    if isinstance(bins, str):
        raise TraceError(
            f"np.histogram(bins={bins!r}) of a traced array: the number of bins would depend on values",
            origin=user_origin(),
            mend="give the number of bins, or their edges",
        )
    if np.ndim(bins):
        return strong(bins)
    _refuse_bins(int(bins), range)
    low, high = range if range is not None else (np.min(a), np.max(a))
    low, high = (astype(v, np.result_type(dtype_of(v), np.float64)) for v in (low, high))
    alone = low == high
    low, high = np.where(alone, low - 0.5, low), np.where(alone, high + 0.5, high)
    dtype = np.result_type(a.dtype, np.float32 if a.dtype == np.float32 else np.float64)
    return np.linspace(low, high, int(bins) + 1).astype(dtype)


def _refuse_bins(bins: int, range: Any) -> None:
    if bins < 1:
        raise ShapeError(
            f"np.histogram with {bins} bins", origin=user_origin(), mend="give 1 bin or more"
        )
    if range is not None and not any(map(is_traced, range)) and range[0] > range[1]:
        raise ShapeError(
            f"np.histogram over the range {range}: it ends before it begins",
            origin=user_origin(),
            mend="give the lower end first",
        )


def histogram(
    a: Array, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Array, Array]:
    """`np.histogram`, linear in `weights`; the counts have no derivative in `a`."""
    edges = histogram_bin_edges(a, bins, range)
    inside = _inside(strong(a), edges)
    each = inside if weights is None else np.where(inside, np.ravel(weights)[:, None], 0)
    counts = np.sum(each, axis=0)
    if density:
        counts = counts / np.diff(edges) / np.sum(counts)
    return counts, edges


def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Array, list[Array]]:
    """`np.histogramdd`, linear in `weights`; the counts have no derivative in the sample."""
    listed = isinstance(sample, list | tuple)
    columns = list(map(strong, sample)) if listed else np.unstack(np.atleast_2d(sample.T), axis=0)
    rank = len(columns)
    each = [bins] * rank if isinstance(bins, int | np.integer) else bins
    ranges = [None] * rank if range is None else range
    edges = [histogram_bin_edges(x, b, r) for x, b, r in zip(columns, each, ranges, strict=True)]
    inside = [astype(_inside(x, e), np.float64) for x, e in zip(columns, edges, strict=True)]
    if weights is not None:
        inside[0] = inside[0] * np.ravel(weights)[:, None]
    letters = "abcdefghijklm"[:rank]
    terms = ",".join(f"n{letter}" for letter in letters)
    counts = np.einsum(f"{terms}->{letters}", *inside)
    if density:
        for axis, e in enumerate(edges):
            counts = counts / np.reshape(
                np.diff(e), [-1 if i == axis else 1 for i in np.arange(rank)]
            )
        counts = counts / np.sum(np.einsum(f"{terms}->{letters}", *inside))
    return counts, edges


def histogram2d(
    x: Any,
    y: Any,
    bins: Any = 10,
    range: Any = None,
    density: Any = None,
    weights: Any = None,
) -> tuple[Array, Array, Array]:
    """`np.histogram2d`."""
    both = bins if isinstance(bins, int | np.integer) or len(bins) in (1, 2) else [bins, bins]
    counts, edges = histogramdd([x, y], both, range, density, weights)
    return counts, edges[0], edges[1]


def _inside(x: Array, edges: Array) -> Array:
    """Which bin each element is in; the last one has both its edges."""
    x = np.ravel(x)[:, None]
    last = np.arange(len(edges) - 1) == len(edges) - 2
    return ((x >= edges[:-1]) & (x < edges[1:])) | (last & (x == edges[-1]))


def _of_shape(make: Callable[..., Any]) -> Callable[..., Any]:
    """`np.tril_indices_from` and `np.triu_indices_from`, which read the shape alone."""

    def rule(arr: Array, k: int = 0) -> Any:
        rows, columns = shape_of(arr)
        return make(rows, k, columns)

    return rule


def diag_indices_from(arr: Array) -> Any:
    """`np.diag_indices_from`."""
    return np.diag_indices_from(np.broadcast_to(0, shape_of(arr)))


def ix_(*args: Any) -> tuple[Array, ...]:
    """`np.ix_`."""
    made = []
    for i, x in enumerate(args):
        x = np.flatnonzero(x) if strong(x).dtype == np.bool_ else strong(x)
        made.append(np.reshape(x, [-1 if k == i else 1 for k in range(len(args))]))
    return tuple(made)


def unravel_index(indices: Array, shape: Any, order: str = "C") -> tuple[Array, ...]:
    """`np.unravel_index`."""
    dims = [int(n) for n in np.atleast_1d(shape)]
    places = []
    for n in dims[::-1] if order == "C" else dims:
        places.append(indices % n)
        indices = indices // n
    return tuple(places[::-1] if order == "C" else places)


def ravel_multi_index(multi_index: Any, dims: Any, mode: str = "raise", order: str = "C") -> Array:
    """`np.ravel_multi_index`."""
    refuse("ravel_multi_index", mode=None if mode == "raise" else mode)
    pairs = list(zip(multi_index, np.atleast_1d(dims).tolist(), strict=True))
    flat: Any = 0
    for i, n in pairs if order == "C" else pairs[::-1]:
        flat = flat * n + i
    return flat


def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Array:
    """`np.choose`."""
    refuse("choose", out=out)
    arrays = np.broadcast_arrays(a, *choices)
    n = len(arrays) - 1
    index = arrays[0]
    if mode != "raise":
        index = index % n if mode == "wrap" else np.clip(index, 0, n - 1)
    return np.take_along_axis(np.stack(arrays[1:]), index[None], 0)[0]


def resize(a: Array, new_shape: Any) -> Array:
    """`np.resize`: the elements again and again."""
    shape = tuple(int(n) for n in np.atleast_1d(new_shape))
    flat = np.ravel(a)
    if not flat.size:
        return np.zeros_like(flat, shape=shape)
    return np.reshape(np.take(flat, np.arange(int(np.prod(shape))) % flat.size), shape)


def insert(arr: Array, obj: Any, values: Any, axis: int | None = None) -> Array:
    """`np.insert`; where it inserts is not traced."""
    if axis is None:
        arr, axis = np.ravel(strong(arr)), 0
    arr = strong(arr)
    axis = axis_of(np.ndim(arr), axis)
    rest = shape_of(arr)[axis + 1 :]
    values = strong(values)
    before = shape_of(arr)[:axis]
    if np.ndim(obj) == 0 and not isinstance(obj, slice):
        if np.ndim(values) > 0:
            values = np.moveaxis(np.reshape(values, _padded(values, np.ndim(arr))), 0, axis)
        count = shape_of(values)[axis] if np.ndim(values) else 1
    else:
        count = np.size(np.insert(np.arange(shape_of(arr)[axis]), obj, 0)) - shape_of(arr)[axis]
    given = np.broadcast_to(astype(values, np.result_type(arr)), (*before, count, *rest))
    n = shape_of(arr)[axis]
    places = np.insert(np.arange(n), obj, n + np.arange(count))
    return np.take(np.concatenate([arr, given], axis), places, axis)


def _padded(values: Array, rank: int) -> tuple[int, ...]:
    return (1,) * (rank - np.ndim(values)) + shape_of(values)


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.partition: partition,
    np.argpartition: argpartition,
    np.lexsort: lexsort,
    np.sort_complex: sort_complex,
    np.nanargmax: _nan_position(argmax, -np.inf),
    np.nanargmin: _nan_position(argmin, np.inf),
    np.digitize: digitize,
    np.histogram: histogram,
    np.histogram_bin_edges: histogram_bin_edges,
    np.histogramdd: histogramdd,
    np.histogram2d: histogram2d,
    np.tril_indices_from: _of_shape(np.tril_indices),
    np.triu_indices_from: _of_shape(np.triu_indices),
    np.diag_indices_from: diag_indices_from,
    np.ix_: ix_,
    np.unravel_index: unravel_index,
    np.ravel_multi_index: ravel_multi_index,
    np.choose: choose,
    np.resize: resize,
    np.insert: insert,
}
"""What each of NumPy's functions is on traced arrays."""
