"""What an index says of each axis: ellipsis and masks written out, lists as arrays, ranges as slices."""

from __future__ import annotations

from typing import Any

import numpy as np

from lineara.errors import DtypeError, IndexingError, TraceError
from lineara.frontend.promotion import Array, astype
from lineara.frontend.trace import add, apply, filled, is_traced, user_origin, value_now
from lineara.primitives import comparison
from lineara.primitives.gathering import out_of_bounds

Axis = Any
"""The index of an axis: a slice, a number or an integer array; None for a new axis, `...` for no axes."""


def entries_of(x: Array, index: Any) -> list[Axis]:
    """One entry for each axis of the operand, None for new axes, `...` where one stands for no axes.

    Raises:
        IndexingError: too many indices, or one out of range. TraceError: a mask of unknown values. DtypeError: no index at all.
    """
    given: list[Axis] = []
    raw = index if isinstance(index, tuple) else (index,)
    cleaned = [entry_of(e) for e in raw]
    used = sum(_axes_used(e) for e in cleaned)
    if used > x.ndim:
        raise IndexingError(
            f"{used} indices for an array of {x.ndim} axes",
            origin=user_origin(),
            mend="give one index for each axis at most",
        )
    ellipses = sum(e is Ellipsis for e in cleaned)
    if ellipses > 1:
        raise IndexingError(
            "an index has one `...` at most", origin=user_origin(), mend="write slices instead"
        )
    if not ellipses:
        cleaned.append(Ellipsis)
    alone = sum(is_array(e) or is_number(e) for e in cleaned) == 1
    written = any(isinstance(e, list | tuple) for e in raw)
    for e in cleaned:
        if e is Ellipsis:
            given += [slice(None)] * (x.ndim - used) or [Ellipsis]
        elif _is_mask(e):
            given += _positions(e, x.shape, _axis(given))
        elif alone and is_array(e):
            given.append(_as_slice(e, x.shape[_axis(given)], _axis(given), written=written))
        else:
            given.append(e)
    return given


def _axis(entries: list[Axis]) -> int:
    """The axis that comes after these entries."""
    return sum(e is not None and e is not Ellipsis for e in entries)


def _as_slice(i: Array, n: int, axis: int, *, written: bool) -> Axis:
    """An index array as a slice, if it is known and counts in equal steps.

    A list is written in the program. An array may hold other numbers at the next call, and then it should be the same program:
    it becomes a slice only if it counts from 0, because another length is another program anyway.
    """
    if is_traced(i) or i.ndim != 1:
        return i
    known = in_range(i, n, axis)
    if not known.size:
        return slice(0)
    first, step = int(known[0]), int(known[1] - known[0]) if known.size > 1 else 1
    stop = first + step * known.size
    if not step or (not written and (first, step) != (0, 1)):
        return i
    if not np.array_equal(known, np.arange(first, stop, step)):
        return i
    return slice(first, stop if stop >= 0 else None, step)


def entry_of(e: Any) -> Any:
    """An entry of an index, checked: lists become arrays, masks stay."""
    if e is None or e is Ellipsis or isinstance(e, slice) or is_number(e):
        return e
    if is_traced(e):
        array = _known_mask(e) if e.dtype.kind == "b" else e
    else:
        array = np.asarray(e)
        if array.size == 0 and isinstance(e, list | tuple):
            array = array.astype(np.intp)
    if array.dtype.kind not in "biu":
        raise DtypeError(
            f"an index is an integer, a slice, `...`, None, an integer array or a mask, not {e!r:.60}",
            origin=user_origin(),
            mend="convert it to integers: index.astype(int)",
        )
    return array


def _known_mask(mask: Array) -> Array:
    """The values of a traced mask, which the shape of the result depends on."""
    value = value_now(mask)
    if value is None:
        raise TraceError(
            "indexing by a traced mask whose values are not known here: the shape of the result depends on them",
            origin=user_origin(),
            mend="np.where(mask, x, 0) keeps the shape, and np.sum(x, where=mask) leaves elements out; x[mask] = 0 is "
            "possible",
        )
    return value


def _positions(mask: Any, dims: tuple[int, ...], axis: int) -> list[Array]:
    """A mask as the index arrays of its true elements."""
    if mask.shape != dims[axis : axis + mask.ndim]:
        raise IndexingError(
            f"a mask of shape {mask.shape} for axes of shape {dims[axis : axis + mask.ndim]}",
            origin=user_origin(),
            mend="make the mask of the shape of the array",
        )
    if not mask.ndim:
        raise IndexingError(
            "a single truth value as a later index",
            origin=user_origin(),
            mend="put it first, or use a mask of the shape of the array",
        )
    return list(np.nonzero(mask))


def _axes_used(e: Any) -> int:
    if e is None or e is Ellipsis:
        return 0
    return e.ndim if _is_mask(e) else 1


def in_range(i: Array, n: int, axis: int) -> Array:
    """Indices with the size added to negative ones, those out of range as they are: now, where they are known now."""
    if is_traced(i):
        if i.dtype.kind == "u":
            return i
        signed = astype(i, np.result_type(i.dtype, np.int64))
        wrapped = add(signed, filled(n, signed.dtype, i.shape))
        size = filled(n, np.dtype(np.uint64), i.shape)
        inside = apply(comparison.lt, astype(wrapped, np.uint64), size)
        return apply(comparison.select, inside, wrapped, signed)
    if i.size and (i.min() < -n or i.max() >= n):
        raise out_of_bounds(int(i[(i < -n) | (i >= n)].flat[0]), axis, n, user_origin())
    return np.where(i < 0, i + n, i).astype(np.int64)


def is_number(e: Any) -> bool:
    """Whether an entry is an integer that is no truth value."""
    return isinstance(e, int | np.integer) and not isinstance(e, bool)


def is_array(e: Any) -> bool:
    """Whether an entry is an array of indices."""
    return isinstance(e, np.ndarray) or is_traced(e)


def _is_mask(e: Any) -> bool:
    return isinstance(e, np.ndarray) and e.dtype == np.bool_
