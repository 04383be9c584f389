"""Functions of `numpy.linalg` that are sums and products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lineara.errors import TraceError
from lineara.frontend.axes import axes_in_order, axes_of
from lineara.frontend.promotion import Array, astype
from lineara.frontend.trace import user_origin


def _inexact(x: Array) -> Array:
    return astype(x, np.float64) if x.dtype.kind in "bui" else x


def _root(squares: Array) -> Array:
    """The square root, with derivative 0 at 0: a norm has its least slope there."""
    zero = squares == 0
    return np.where(zero, 0, np.sqrt(np.where(zero, 1, squares)))


def _square_length(x: Array) -> Array:
    return x.real**2 + x.imag**2 if x.dtype.kind == "c" else np.square(x)


def norm(x: Array, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    """`np.linalg.norm`: of vectors, and of matrices the Frobenius norm and sums of absolute values."""
    if axis is None and (ord is None or x.ndim == 1):
        flat = _vector_norm(np.ravel(x), 2 if ord is None else ord, (0,), False)
        return np.reshape(flat, (1,) * x.ndim) if keepdims else flat
    axes = axes_of(x.ndim, axis) if axis is None else axes_in_order(x.ndim, axis)
    if len(axes) == 1:
        return _vector_norm(x, 2 if ord is None else ord, axes, keepdims)
    if len(axes) != 2:
        raise ValueError("Improper number of dimensions to norm.")
    return _matrix_norm(x, "fro" if ord is None else ord, axes, keepdims)


def vector_norm(
    x: Array,
    /,
    *,
    axis: Any = None,
    keepdims: bool = False,
    ord: Any = 2,
) -> Array:
    """`np.linalg.vector_norm`."""
    return _vector_norm(x, ord, axes_of(x.ndim, axis), keepdims)


def matrix_norm(x: Array, /, *, keepdims: bool = False, ord: Any = "fro") -> Array:
    """`np.linalg.matrix_norm`."""
    return _matrix_norm(x, ord, (x.ndim - 2, x.ndim - 1), keepdims)


def _vector_norm(x: Array, order: Any, axes: tuple[int, ...], keepdims: bool) -> Array:
    x = _inexact(x)
    where: dict[str, Any] = {"axis": axes, "keepdims": keepdims}
    if order == np.inf:
        return np.max(np.abs(x), **where)
    if order == -np.inf:
        return np.min(np.abs(x), **where)
    if order == 0:
        return np.sum(astype(x != 0, x.real.dtype), **where)
    if order == 1:
        return np.sum(np.abs(x), **where)
    if order == 2:
        return _root(np.sum(_square_length(x), **where))
    total = np.sum(np.abs(x) ** order, **where)
    if order < 0:
        return total ** (1 / order)
    zero = total == 0
    return np.where(zero, 0, np.where(zero, 1, total) ** (1 / order))


def _matrix_norm(x: Array, order: Any, axes: tuple[int, ...], keepdims: bool) -> Array:
    x = _inexact(x)
    rows, columns = axes
    where: dict[str, Any] = {"keepdims": True}
    if order in ("fro", "f"):
        result = _root(np.sum(_square_length(x), axis=axes, **where))
    elif order in (1, -1, np.inf, -np.inf):
        summed, kept = (rows, columns) if abs(order) == 1 else (columns, rows)
        sums = np.sum(np.abs(x), axis=summed, **where)
        result = (np.max if order > 0 else np.min)(sums, axis=kept, **where)
    else:
        raise TraceError(
            f"np.linalg.norm(ord={order!r}) of matrices needs singular values",
            origin=user_origin(),
            mend="use the Frobenius norm (ord='fro'), or ord=1, -1, np.inf or -np.inf",
        )
    return result if keepdims else np.squeeze(result, axis=axes)


def multi_dot(arrays: Sequence[Any], *, out: Any = None) -> Array:
    """`np.linalg.multi_dot`, in the order of least work."""
    first, last = np.ndim(arrays[0]), np.ndim(arrays[-1])
    chain = list(arrays)
    chain[0] = chain[0][None, :] if first == 1 else chain[0]
    chain[-1] = chain[-1][:, None] if last == 1 else chain[-1]
    product = _product(chain, _splits([*(np.shape(a)[0] for a in chain), np.shape(chain[-1])[1]]))
    shape = (*np.shape(product)[first == 1 : 1], *np.shape(product)[1 : 1 + (last > 1)])
    return np.reshape(product, shape)


def _splits(sizes: Sequence[int]) -> dict[tuple[int, int], int]:
    """Where to split each run of matrices, by dynamic programming over the costs of the products."""
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    best: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            costs = {
                k: cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1]
                for k in range(i, j)
            }
            best[i, j] = min(costs, key=costs.__getitem__)
            cost[i, j] = costs[best[i, j]]
    return best


def _product(chain: Sequence[Any], best: dict[tuple[int, int], int]) -> Array:
    def between(i: int, j: int) -> Array:
        if i == j:
            return chain[i]
        k = best[i, j]
        return np.dot(between(i, k), between(k + 1, j))

    return between(0, len(chain) - 1)


def matrix_power(a: Array, n: int) -> Array:
    """`np.linalg.matrix_power`, for exponents of at least 0."""
    if n < 0:
        raise TraceError(
            "np.linalg.matrix_power to a negative power needs an inverse",
            origin=user_origin(),
            mend="use an exponent of at least 0",
        )
    if n == 0:
        return np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape) + np.zeros_like(a)
    result, square = None, a
    while n:
        n, odd = divmod(n, 2)
        if odd:
            result = square if result is None else result @ square
        square = square @ square if n else square
    return result


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Array:
    """`np.linalg.cross`."""
    return np.cross(x1, x2, axis=axis)


def trace(x: Array, /, *, offset: int = 0, dtype: Any = None) -> Array:
    """`np.linalg.trace`, of the last two axes."""
    return np.trace(x, offset, -2, -1, dtype)


def diagonal(x: Array, /, *, offset: int = 0) -> Array:
    """`np.linalg.diagonal`, of the last two axes."""
    return np.diagonal(x, offset, -2, -1)
