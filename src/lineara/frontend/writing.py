"""NumPy functions that write to an array in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lineara.errors import ShapeError, TraceError
from lineara.frontend.axes import axis_of
from lineara.frontend.counted import now
from lineara.frontend.promotion import Array, strong
from lineara.frontend.trace import is_traced, user_origin
from lineara.frontend.ufuncs import refuse


def copyto(dst: Array, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    """`np.copyto`."""
    _written(dst)[...] = src if where is True else np.where(where, src, dst)


def fill_diagonal(a: Array, val: Any, wrap: bool = False) -> None:
    """`np.fill_diagonal`, of matrices, and of arrays of equal axes."""
    refuse("fill_diagonal", wrap=wrap or None)
    if a.ndim < 2 or (a.ndim > 2 and len(set(a.shape)) > 1):
        raise ShapeError(
            f"np.fill_diagonal of an array of shape {a.shape}",
            origin=user_origin(),
            mend="give a matrix, or an array whose axes are equal",
        )
    steps = np.arange(min(a.shape))
    values = strong(val)
    if np.ndim(values):
        values = np.resize(np.ravel(values), (len(steps),))
    _written(a)[(steps,) * a.ndim] = values


def put_along_axis(arr: Array, indices: Any, values: Any, axis: int | None = -1) -> None:
    """`np.put_along_axis`."""
    if axis is None:
        np.put(arr, indices, values)
        return
    axis = axis_of(arr.ndim, axis)
    others = np.ogrid[tuple(slice(n) for n in arr.shape)]
    place = tuple(indices if i == axis else o for i, o in enumerate(others))
    _written(arr)[place] = values


def put(a: Array, ind: Any, v: Any, mode: str = "raise") -> None:
    """`np.put`."""
    refuse("put", mode=None if mode == "raise" else mode)
    flat = np.ravel(strong(ind))
    size = a.size
    flat = np.where(flat < 0, flat + size, flat)
    _written(a)[np.unravel_index(flat, a.shape)] = np.resize(np.ravel(strong(v)), flat.shape)


def putmask(a: Array, mask: Any, values: Any) -> None:
    """`np.putmask`: values by position in the array, again and again."""
    _written(a)[...] = np.where(mask, np.resize(np.ravel(strong(values)), a.shape), a)


def place(arr: Array, mask: Any, vals: Any) -> None:
    """`np.place`: values one after the other, again and again."""
    at = np.nonzero(now(mask, "np.place", "np.putmask, or np.where(mask, x, y)"))
    _written(arr)[at] = np.resize(np.ravel(strong(vals)), at[0].shape)


def _written(x: Any) -> Array:
    """An array to write to, which is traced: an `ndarray` takes no traced values."""
    if not is_traced(x):
        raise TraceError(
            "a traced value cannot be written to an ndarray",
            origin=user_origin(),
            mend="start from np.zeros_like(x) of a traced x, or lineara.numpy.zeros(shape)",
        )
    return x


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.copyto: copyto,
    np.fill_diagonal: fill_diagonal,
    np.put_along_axis: put_along_axis,
    np.put: put,
    np.putmask: putmask,
    np.place: place,
}
"""What each of NumPy's functions is on traced arrays."""
