"""NumPy functions that rearrange the elements of one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lineara.errors import TraceError
from lineara.frontend.axes import axes_in_order, axes_of, axis_of, shape_from
from lineara.frontend.promotion import Array, as_operand, broadcast, broadcast_to, shape_of
from lineara.frontend.trace import apply, user_origin
from lineara.primitives import shape as records


def reshape(a: Array, /, shape: Any = None, order: str = "C", *, copy: Any = None) -> Array:
    """`np.reshape`, in row-major ("C") or column-major ("F") order."""
    if order not in ("C", "A", "K", "F"):
        raise ValueError(f"order must be one of 'C', 'F', 'A', or 'K' (got {order!r})")
    target = shape_from(shape, a.size)
    if order == "F":
        return transpose(reshape(transpose(a), target[::-1]))
    return a if target == a.shape else apply(records.reshape, a, shape=target)


def ravel(a: Array, order: str = "C") -> Array:
    """`np.ravel`."""
    return reshape(a, (-1,) if a.size else (0,), order)


def transpose(a: Array, axes: Any = None) -> Array:
    """`np.transpose`."""
    order = tuple(range(a.ndim))[::-1] if axes is None else axes_in_order(a.ndim, axes)
    if len(order) != a.ndim:
        raise TraceError(
            f"np.transpose of an array of {a.ndim} axes by {axes}",
            origin=user_origin(),
            mend="name every axis once",
        )
    return a if order == tuple(range(a.ndim)) else apply(records.transpose, a, permutation=order)


def matrix_transpose(x: Array, /) -> Array:
    """`np.matrix_transpose`, the attribute `mT`."""
    return swapaxes(x, -1, -2)


def moveaxis(a: Array, source: Any, destination: Any) -> Array:
    """`np.moveaxis`."""
    sources, targets = axes_in_order(a.ndim, source), axes_in_order(a.ndim, destination)
    order = [i for i in range(a.ndim) if i not in sources]
    for target, from_ in sorted(zip(targets, sources, strict=True)):
        order.insert(target, from_)
    return transpose(a, tuple(order))


def rollaxis(a: Array, axis: int, start: int = 0) -> Array:
    """`np.rollaxis`."""
    axis = axis_of(a.ndim, axis)
    start = axis_of(a.ndim + 1, start)
    return moveaxis(a, axis, start - (axis < start))


def swapaxes(a: Array, axis1: int, axis2: int) -> Array:
    """`np.swapaxes`."""
    i, j = axis_of(a.ndim, axis1), axis_of(a.ndim, axis2)
    order = list(range(a.ndim))
    order[i], order[j] = j, i
    return transpose(a, tuple(order))


def expand_dims(a: Array, axis: Any) -> Array:
    """`np.expand_dims`."""
    given = axis if isinstance(axis, tuple | list) else (axis,)
    added = axes_in_order(a.ndim + len(given), tuple(given))
    dims = iter(a.shape)
    rank = a.ndim + len(added)
    return reshape(a, tuple(1 if i in added else next(dims) for i in range(rank)))


def squeeze(a: Array, axis: Any = None) -> Array:
    """`np.squeeze`."""
    if axis is None:
        return reshape(a, tuple(n for n in a.shape if n != 1))
    axes = axes_of(a.ndim, axis)
    if any(a.shape[i] != 1 for i in axes):
        raise TraceError(
            f"np.squeeze of axes {axes} of an array of shape {a.shape}",
            origin=user_origin(),
            mend="only axes of size 1 can be squeezed",
        )
    return reshape(a, tuple(n for i, n in enumerate(a.shape) if i not in axes))


def broadcast_array(array: Array, shape: Any, subok: bool = False) -> Array:
    """`np.broadcast_to`."""
    target = (shape,) if isinstance(shape, int) else tuple(shape)
    return broadcast_to(array, tuple(map(int, target)))


def broadcast_arrays(*args: Array, subok: bool = False) -> tuple[Array, ...]:
    """`np.broadcast_arrays`."""
    return broadcast(*map(as_operand, args))


def flip(m: Array, axis: Any = None) -> Array:
    """`np.flip`."""
    axes = tuple(i for i in axes_of(m.ndim, axis) if m.shape[i] > 1)
    return apply(records.reverse, m, axes=axes) if axes else m


def flipud(m: Array) -> Array:
    """`np.flipud`."""
    return flip(m, 0)


def fliplr(m: Array) -> Array:
    """`np.fliplr`."""
    return flip(m, 1)


def rot90(m: Array, k: int = 1, axes: Sequence[int] = (0, 1)) -> Array:
    """`np.rot90`."""
    i, j = axes_in_order(m.ndim, tuple(axes))
    k %= 4
    if k == 0:
        return m
    if k == 2:
        return flip(m, (i, j))
    if k == 1:
        return swapaxes(flip(m, j), i, j)
    return flip(swapaxes(m, i, j), j)


def roll(a: Array, shift: Any, axis: Any = None) -> Array:
    """`np.roll`."""
    if axis is None:
        return reshape(roll(ravel(a), shift, 0), a.shape)
    shifts, axes = np.broadcast_arrays(shift, axis)
    for k, i in zip(shifts.ravel().tolist(), axes.ravel().tolist(), strict=True):
        n = a.shape[axis_of(a.ndim, i)]
        if n and k % n:
            axis_ = axis_of(a.ndim, i)
            sizes = (n - k % n, k % n)
            first, second = apply(records.split, a, axis=axis_, sizes=sizes)
            a = apply(records.concatenate, second, first, axis=axis_)
    return a


def atleast_1d(*arys: Array) -> Any:
    """`np.atleast_1d`."""
    return _each(arys, lambda x: np.reshape(x, (1,)) if np.ndim(x) == 0 else x)


def atleast_2d(*arys: Array) -> Any:
    """`np.atleast_2d`."""

    def two(x: Array) -> Array:
        return np.reshape(x, (1, -1) if np.size(x) else (1, 0)) if np.ndim(x) < 2 else x

    return _each(arys, two)


def atleast_3d(*arys: Array) -> Any:
    """`np.atleast_3d`."""

    def three(x: Array) -> Array:
        dims = shape_of(x)
        if len(dims) >= 3:
            return x
        wide = {0: (1, 1, 1), 1: (1, *dims, 1), 2: (*dims, 1)}[len(dims)]
        return np.reshape(x, wide)

    return _each(arys, three)


def _each(arrays: Sequence[Array], f: Any) -> Any:
    made = tuple([f(as_operand(x)) for x in arrays])
    return made[0] if len(made) == 1 else made


def diagonal(a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """`np.diagonal`."""
    i, j = axes_in_order(a.ndim, (axis1, axis2))
    a = moveaxis(a, (i, j), (0, 1))
    rows = np.arange(max(0, -offset), a.shape[0])
    columns = rows + offset
    inside = columns < a.shape[1]
    return moveaxis(a[rows[inside], columns[inside]], 0, -1)


def trace(
    a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Array:
    """`np.trace`."""
    return np.sum(diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype, out=out)


def diag(v: Array, k: int = 0) -> Array:
    """`np.diag`: the diagonal of a matrix, or the matrix of a diagonal."""
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise ValueError("Input must be 1- or 2-d.")
    return diagflat(v, k)


def diagflat(v: Array, k: int = 0) -> Array:
    """`np.diagflat`."""
    v = ravel(v)
    n = v.size + abs(k)
    # every diagonal element is followed by n zeros, up to the next one
    spread = np.pad(v[:, None], ((0, 0), (0, n))) if v.size else v[:, None]
    flat = reshape(spread, (-1,) if spread.size else (0,))
    start = max(0, -k) * n + max(0, k)
    tail = n * n - start - flat.size
    flat = np.pad(flat, (start, max(0, tail)))
    return reshape(flat[: n * n], (n, n))


def tri(m: Array, k: int, *, lower: bool) -> Array:
    """The part of matrices on one side of a diagonal."""
    mask = np.tri(m.shape[-2], m.shape[-1], k if lower else k - 1, dtype=np.bool_)
    return np.where(mask if lower else ~mask, m, np.zeros((), m.dtype))


def tril(m: Array, k: int = 0) -> Array:
    """`np.tril`."""
    return tri(m, k, lower=True)


def triu(m: Array, k: int = 0) -> Array:
    """`np.triu`."""
    return tri(m, k, lower=False)
