"""`np.pad`, in all its modes but those that are functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lineara.errors import TraceError
from lineara.frontend.axes import axis_of
from lineara.frontend.promotion import Array, astype
from lineara.frontend.trace import apply, is_traced, user_origin
from lineara.primitives import shape as records

_COPIES = ("edge", "reflect", "symmetric", "wrap", "empty")
_STATISTICS: dict[str, Callable[..., Array]] = {
    "mean": np.mean,
    "median": np.median,
    "maximum": np.max,
    "minimum": np.min,
}


def pad(array: Array, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Array:
    """`np.pad`."""
    widths = _pad_widths(array, pad_width)
    if mode == "constant":
        return _pad_constant(array, widths, kwargs.pop("constant_values", 0))
    for axis, pair in enumerate(widths):
        if any(pair):
            array = _padded(array, axis, pair, mode, kwargs)
    return array


def _padded(
    array: Array, axis: int, widths: tuple[int, int], mode: Any, options: dict[str, Any]
) -> Array:
    """The array padded along one axis."""
    if mode in ("reflect", "symmetric") and options.get("reflect_type", "even") == "odd":
        return _mirrored(array, axis, widths, mode)
    if mode in _COPIES:
        positions = np.pad(np.arange(array.shape[axis]), widths, mode, **options)
        return np.take(array, positions, axis)
    if mode == "linear_ramp":
        return _ramps(array, axis, widths, options.get("end_values", 0))
    if mode in _STATISTICS:
        return _statistics(array, axis, widths, mode, options.get("stat_length"))
    raise TraceError(
        f"np.pad(mode={mode!r}) has no meaning on traced arrays",
        origin=user_origin(),
        mend=f"use one of the modes constant, {', '.join((*_COPIES, *_STATISTICS))}, linear_ramp",
    )


def _part(array: Array, axis: int, part: slice) -> Array:
    return array[(*(slice(None),) * axis, part)]


def _ends(given: Any, axis: int, rank: int) -> tuple[Any, Any]:
    """What is given for both ends of an axis: one value, a pair, or a pair for each axis."""
    low, high = np.broadcast_to(given, (rank, 2))[axis]
    return low, high


def _mirrored(array: Array, axis: int, widths: tuple[int, int], mode: str) -> Array:
    """Point reflections at the ends: twice the end, less the reflected elements."""
    first = 1 if mode == "reflect" else 0
    if max(widths) > array.shape[axis] - first:
        raise TraceError(
            "np.pad(reflect_type='odd') by more than the array has elements",
            origin=user_origin(),
            mend="pad several times",
        )
    before = np.flip(_part(array, axis, slice(first, first + widths[0])), axis)
    last = array.shape[axis] - first
    after = np.flip(_part(array, axis, slice(last - widths[1], last)), axis)
    ends = (_part(array, axis, slice(0, 1)), _part(array, axis, slice(-1, None)))
    return np.concatenate([2 * ends[0] - before, array, 2 * ends[1] - after], axis)


def _ramps(array: Array, axis: int, widths: tuple[int, int], end_values: Any) -> Array:
    """Straight lines to the end values."""
    low, high = _ends(end_values, axis, array.ndim)
    first, last = _part(array, axis, slice(0, 1)), _part(array, axis, slice(-1, None))
    options: dict[str, Any] = {"endpoint": False, "axis": axis, "dtype": array.dtype}
    before = np.linspace(low, np.squeeze(first, axis), widths[0], **options)
    after = np.flip(np.linspace(high, np.squeeze(last, axis), widths[1], **options), axis)
    return np.concatenate([before, array, after], axis)


def _statistics(array: Array, axis: int, widths: tuple[int, int], mode: str, lengths: Any) -> Array:
    """A statistic of the elements next to each end, or of all."""
    n = array.shape[axis]
    low, high = (n, n) if lengths is None else _ends(lengths, axis, array.ndim)
    parts = (slice(0, int(low)), slice(max(0, n - int(high)), n))
    found = [_STATISTICS[mode](_part(array, axis, p), axis=axis, keepdims=True) for p in parts]
    whole = array.dtype.kind in "iu"
    before, after = (
        np.repeat(astype(np.rint(x) if whole else x, array.dtype), width, axis)
        for x, width in zip(found, widths, strict=True)
    )
    return np.concatenate([before, array, after], axis)


def _pad_widths(array: Array, given: Any) -> list[tuple[int, int]]:
    if isinstance(given, dict):
        pairs = {axis_of(array.ndim, k): np.broadcast_to(v, (2,)) for k, v in given.items()}
        widths = [pairs.get(i, (0, 0)) for i in range(array.ndim)]
    else:
        widths = list(np.broadcast_to(given, (array.ndim, 2)))
    found = [(int(a), int(b)) for a, b in widths]
    if any(n < 0 for pair in found for n in pair):
        raise ValueError("index can't contain negative values")
    return found


def _pad_constant(array: Array, widths: Sequence[tuple[int, int]], values: Any) -> Array:
    low, high = (tuple(w[i] for w in widths) for i in (0, 1))
    if not is_traced(values) and not np.any(values):
        return apply(records.pad, array, low=low, high=high)
    ends = np.broadcast_to(values, (array.ndim, 2))
    for axis, (a, b) in enumerate(widths):
        before, after = ((*array.shape[:axis], n, *array.shape[axis + 1 :]) for n in (a, b))
        first = np.broadcast_to(astype(ends[axis, 0], array.dtype), before)
        last = np.broadcast_to(astype(ends[axis, 1], array.dtype), after)
        array = np.concatenate([first, array, last], axis)
    return array
