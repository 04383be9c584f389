"""Assignment through masks whose values are not known: a choice of every element, where reading would have no shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from lineara.errors import ShapeError, TraceError
from lineara.frontend.indexing import getitem, updated
from lineara.frontend.promotion import Array, as_operand, astype, broadcast_to, shape_of
from lineara.frontend.trace import is_traced, user_origin, value_now


def written(x: Array, index: Any, value: Any) -> Array:
    """`x` after `x[index] = value`, for every index: a mask of unknown values chooses with `where`."""
    entries = index if isinstance(index, tuple) else (index,)
    if not any(map(_is_unknown, entries)):
        return updated(x, index, value)
    place, mask = next((i, e) for i, e in enumerate(entries) if _is_unknown(e))
    others = (*entries[:place], *entries[place + 1 :])
    if not all(isinstance(e, slice) or e is Ellipsis for e in others):
        raise TraceError(
            "assignment through a mask of unknown values beside other indices than slices",
            origin=user_origin(),
            mend="write x[...] = np.where(mask, value, x)",
        )
    whole = (*entries[:place], *(slice(None),) * mask.ndim, *entries[place + 1 :])
    part = getitem(x, whole)
    before = part.ndim - _axes_after(entries[place + 1 :], x.ndim, whole) - mask.ndim
    after = part.ndim - mask.ndim - before
    _refuse_other_shape(part.shape[before : before + mask.ndim], mask)
    chosen = np.reshape(mask, (*mask.shape, *(1,) * after))
    value = np.asarray(value, x.dtype) if type(value) is int else value
    new = broadcast_to(_over_mask(as_operand(value), mask.ndim, after), part.shape)
    return updated(x, whole, np.where(chosen, astype(new, x.dtype), part))


def _is_unknown(e: Any) -> bool:
    return is_traced(e) and e.dtype.kind == "b" and value_now(e) is None


def _axes_after(behind: tuple[Any, ...], rank: int, whole: tuple[Any, ...]) -> int:
    """How many axes stand behind the mask: those of slices, and of an ellipsis, which stands last if it is not written."""
    named = sum(e is not Ellipsis for e in whole)
    written_out = any(e is Ellipsis for e in whole)
    ellipsis = any(e is Ellipsis for e in behind) or not written_out
    return sum(e is not Ellipsis for e in behind) + (rank - named if ellipsis else 0)


def _over_mask(value: Array, count: int, after: int) -> Array:
    """The value with the axes of the mask: it must be the same for all elements that the mask chooses."""
    dims = shape_of(value)
    if len(dims) <= after:
        return value
    at = len(dims) - after - 1
    if dims[at] != 1:
        raise TraceError(
            f"assignment of values of shape {dims} through a mask of unknown values: how many it takes is not known",
            origin=user_origin(),
            mend="assign one value for all, or write x[...] = np.where(mask, values, x) with values of the shape of x",
        )
    return np.reshape(value, (*dims[:at], *(1,) * count, *dims[at + 1 :]))


def _refuse_other_shape(dims: tuple[int, ...], mask: Array) -> None:
    if dims != mask.shape:
        raise ShapeError(
            f"a mask of shape {mask.shape} for axes of shape {dims}",
            origin=user_origin(),
            mend="make the mask of the shape of the array",
        )
