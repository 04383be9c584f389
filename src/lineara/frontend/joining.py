"""NumPy functions that join, split, repeat and pad arrays."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from lineara.errors import ShapeError
from lineara.frontend.axes import axis_of
from lineara.frontend.counted import now
from lineara.frontend.promotion import (
    Array,
    as_operand,
    astype,
    in_one_zone,
    result_type,
    shape_of,
    strong,
)
from lineara.frontend.shaping import ravel, reshape
from lineara.frontend.trace import apply, is_traced, native, user_origin
from lineara.frontend.ufuncs import refuse
from lineara.primitives import shape as records


def concatenate(
    arrays: Any,
    /,
    axis: int | None = 0,
    out: Any = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Array:
    """`np.concatenate`."""
    refuse("concatenate", out=out)
    parts = [x if np.ndim(x) or axis is None else _no_scalars() for x in map(as_operand, arrays)]
    if not parts:
        raise ShapeError("np.concatenate of nothing", origin=user_origin(), mend="give it arrays")
    dtype = np.dtype(dtype) if dtype is not None else result_type(*[strong(x) for x in parts])
    parts = in_one_zone(*(astype(x, dtype) for x in parts))
    if axis is None:
        parts, axis = [np.ravel(x) for x in parts], 0
    axis = axis_of(len(shape_of(parts[0])), axis)
    for x in parts[1:]:
        _check_joinable(shape_of(parts[0]), shape_of(x), axis)
    return apply(records.concatenate, *parts, axis=axis)


def _no_scalars() -> Any:
    raise ShapeError(
        "np.concatenate of scalars", origin=user_origin(), mend="use np.stack, or x[None]"
    )


def _check_joinable(first: tuple[int, ...], other: tuple[int, ...], axis: int) -> None:
    alike = len(first) == len(other) and all(
        i == axis or a == b for i, (a, b) in enumerate(zip(first, other, strict=True))
    )
    if not alike:
        raise ShapeError(
            f"arrays of shapes {first} and {other} cannot be joined along axis {axis}",
            origin=user_origin(),
            mend="make all other axes equal",
        )


def stack(
    arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Array:
    """`np.stack`."""
    parts = [strong(x) for x in arrays]
    if len({shape_of(x) for x in parts}) > 1:
        raise ShapeError(
            f"np.stack of shapes {', '.join(map(str, (shape_of(x) for x in parts)))}",
            origin=user_origin(),
            mend="all arrays must have one shape; broadcast them first",
        )
    axis = axis_of(len(shape_of(parts[0])) + 1, axis) if parts else 0
    wide = [np.expand_dims(x, axis) for x in parts]
    return concatenate(wide, axis, out, dtype=dtype, casting=casting)


def vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Array:
    """`np.vstack`."""
    return concatenate([np.atleast_2d(strong(x)) for x in tup], 0, dtype=dtype)


def hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Array:
    """`np.hstack`."""
    parts = [np.atleast_1d(strong(x)) for x in tup]
    return concatenate(parts, 0 if parts and parts[0].ndim == 1 else 1, dtype=dtype)


def dstack(tup: Any) -> Array:
    """`np.dstack`."""
    return concatenate([np.atleast_3d(strong(x)) for x in tup], 2)


def column_stack(tup: Any) -> Array:
    """`np.column_stack`."""
    parts = [np.atleast_1d(strong(x)) for x in tup]
    return concatenate([x[:, None] if x.ndim == 1 else x for x in parts], 1)


def block(arrays: Any) -> Array:
    """`np.block`: nested lists of blocks, the innermost along the last axis."""
    depth = _depth(arrays)
    rank = max(depth, _rank(arrays))

    def join(part: Any, level: int) -> Array:
        if not isinstance(part, list):
            x = strong(part)
            return np.reshape(x, (1,) * (rank - np.ndim(x)) + shape_of(x))
        return np.concatenate([join(p, level + 1) for p in part], axis=rank - depth + level)

    return join(arrays, 0)


def _depth(part: Any) -> int:
    return 1 + _depth(part[0]) if isinstance(part, list) else 0


def _rank(part: Any) -> int:
    return max(map(_rank, part)) if isinstance(part, list) else np.ndim(part)


def append(arr: Array, values: Array, axis: int | None = None) -> Array:
    """`np.append`."""
    if axis is None:
        arr, values = np.ravel(strong(arr)), np.ravel(strong(values))
    return np.concatenate([arr, values], 0 if axis is None else axis)


def array_split(ary: Array, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    """`np.array_split`."""
    axis = axis_of(ary.ndim, axis)
    n = ary.shape[axis]
    if np.ndim(indices_or_sections) == 0:
        sections = int(indices_or_sections)
        if sections <= 0:
            raise ValueError("number sections must be larger than 0.")
        each, extra = divmod(n, sections)
        sizes = [each + 1] * extra + [each] * (sections - extra)
        return _list(apply(records.split, ary, axis=axis, sizes=tuple(sizes)))
    edges = [0, *(int(i) for i in indices_or_sections), n]
    whole = (slice(None),) * axis
    return [ary[(*whole, slice(a, b))] for a, b in pairwise(edges)]


def _list(parts: Any) -> list[Array]:
    return list(parts) if isinstance(parts, tuple) else [parts]


def split(ary: Array, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    """`np.split`."""
    if np.ndim(indices_or_sections) == 0 and ary.shape[axis] % int(indices_or_sections):
        raise ShapeError(
            f"{ary.shape[axis]} elements cannot be split into {indices_or_sections} equal parts",
            origin=user_origin(),
            mend="use np.array_split for parts of different sizes",
        )
    return array_split(ary, indices_or_sections, axis)


def split_along(axis: int) -> Callable[..., list[Array]]:
    """`np.vsplit` and `np.dsplit`."""
    return lambda ary, indices_or_sections: split(ary, indices_or_sections, axis)


def hsplit(ary: Array, indices_or_sections: Any) -> list[Array]:
    """`np.hsplit`."""
    return split(ary, indices_or_sections, 1 if ary.ndim > 1 else 0)


def unstack(x: Array, /, *, axis: int = 0) -> tuple[Array, ...]:
    """`np.unstack`."""
    return tuple(np.moveaxis(x, axis, 0))


def tile(A: Array, reps: Any) -> Array:
    """`np.tile`."""
    counts = tuple(int(r) for r in np.atleast_1d(reps))
    rank = max(len(counts), A.ndim)
    dims = (1,) * (rank - A.ndim) + A.shape
    counts = (1,) * (rank - len(counts)) + counts
    between = tuple(n for pair in zip((1,) * rank, dims, strict=True) for n in pair)
    spread = tuple(n for pair in zip(counts, dims, strict=True) for n in pair)
    target = tuple(c * n for c, n in zip(counts, dims, strict=True))
    return reshape(np.broadcast_to(reshape(A, between), spread), target)


def repeat(a: Array, repeats: Any, axis: int | None = None) -> Array:
    """`np.repeat`."""
    repeats = now(repeats, "np.repeat with traced counts", "counts that are not traced")
    if axis is None:
        a, axis = ravel(a), 0
    axis = axis_of(a.ndim, axis)
    positions = np.repeat(np.arange(a.shape[axis]), repeats)
    return np.take(a, positions, axis)


def take(
    a: Array, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise"
) -> Array:
    """`np.take`."""
    refuse("take", out=out)
    if axis is None:
        a, axis = np.ravel(a), 0
    axis = axis_of(len(shape_of(a)), axis)
    indices = as_operand(indices)
    n = shape_of(a)[axis]
    if mode == "wrap":
        indices = indices % n
    elif mode == "clip":
        indices = np.clip(indices, 0, n - 1)
    elif mode != "raise":
        raise ValueError(f"clipmode must be one of 'clip', 'raise', or 'wrap' (got {mode!r})")
    return _traced(a)[(*(slice(None),) * axis, indices)]


def _traced(a: Array) -> Array:
    """An array whose indexing is traced, even when only the index is."""
    return a if is_traced(a) else apply(records.reshape, native(a), shape=shape_of(a))


def take_along_axis(arr: Array, indices: Array, axis: int | None = -1) -> Array:
    """`np.take_along_axis`."""
    if axis is None:
        arr, axis = np.ravel(arr), 0
    rank = len(shape_of(arr))
    axis = axis_of(rank, axis)
    dims = shape_of(arr)
    others = [
        np.arange(n).reshape((-1,) + (1,) * (rank - i - 1)) if i != axis else indices
        for i, n in enumerate(dims)
    ]
    return _traced(arr)[tuple(others)]


def diff(a: Array, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Array:
    """`np.diff`."""
    axis = axis_of(a.ndim, axis)
    ends = [x for x in (prepend, a, append) if x is not None and x is not np._NoValue]
    edge = (*a.shape[:axis], 1, *a.shape[axis + 1 :])
    ends = [np.broadcast_to(x, edge) if np.ndim(x) == 0 else x for x in ends]
    a = np.concatenate(ends, axis) if len(ends) > 1 else a
    for _ in range(n):
        later, earlier = (
            a[(*(slice(None),) * axis, part)] for part in (slice(1, None), slice(None, -1))
        )
        a = later != earlier if a.dtype == np.bool_ else later - earlier
    return a


def ediff1d(ary: Array, to_end: Any = None, to_begin: Any = None) -> Array:
    """`np.ediff1d`."""
    parts = [to_begin, diff(ravel(ary)), to_end]
    return np.concatenate([np.ravel(x) for x in parts if x is not None])


def delete(arr: Array, obj: Any, axis: int | None = None) -> Array:
    """`np.delete`; what is deleted is not traced."""
    if axis is None:
        arr, axis = ravel(arr), 0
    axis = axis_of(arr.ndim, axis)
    return np.take(arr, np.delete(np.arange(arr.shape[axis]), obj), axis)


def compress(condition: Any, a: Array, axis: int | None = None, out: Any = None) -> Array:
    """`np.compress`."""
    refuse("compress", out=out)
    return np.take(
        a, np.flatnonzero(now(condition, "np.compress", "np.where(condition, x, 0)")), axis
    )
