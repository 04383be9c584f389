"""Shape: broadcast and its transpose, the sum; reshape."""

from __future__ import annotations

from typing import Any

import numpy as np

from lineara.errors import ShapeError
from lineara.ir import ArrayType, Example
from lineara.primitives.forms import ANY, NUMBER, check_kind, multilinear

LINEAR = (frozenset((0,)),)


def _broadcast(x: Any, *, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    spread = [x.shape[axes.index(i)] if i in axes else 1 for i in range(len(shape))]
    return np.broadcast_to(x.reshape(spread), shape)


def _infer_broadcast(
    x: ArrayType, *, shape: tuple[int, ...], axes: tuple[int, ...]
) -> tuple[ArrayType, ...]:
    check_kind("broadcast", ANY, x)
    fits = len(axes) == len(x.shape) and all(
        0 <= a < len(shape) and n in (shape[a],) for a, n in zip(axes, x.shape, strict=True)
    )
    if not fits or list(axes) != sorted(set(axes)):
        raise ShapeError(
            f"`broadcast` of {x!r} to shape {shape} cannot place its axes at {axes}",
            mend="`axes` says for each axis of the operand, in ascending order, which axis of `shape` it is",
        )
    return (ArrayType(x.dtype, shape),)


def _complement(rank: int, axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(i for i in range(rank) if i not in axes)


broadcast = multilinear(
    "broadcast",
    "repeat along new axes: result axis axes[i] is operand axis i",
    _broadcast,
    _infer_broadcast,
    lambda operands, cotangents, *, shape, axes: [
        reduce_sum(cotangents[0], axes=_complement(len(shape), axes))
    ],
    linear_in=LINEAR,
    family="shape",
    examples=(
        Example((ArrayType("f64", (3,)),), (("axes", (1,)), ("shape", (2, 3)))),
        Example((ArrayType("f64"),), (("axes", ()), ("shape", (2, 0)))),
        Example((ArrayType("c64", (2, 3)),), (("axes", (0, 2)), ("shape", (2, 4, 3)))),
        Example((ArrayType("bool", (2,)),), (("axes", (0,)), ("shape", (2,)))),
    ),
)


def _infer_sum(x: ArrayType, *, axes: tuple[int, ...]) -> tuple[ArrayType, ...]:
    check_kind("sum", NUMBER, x)
    check_axes("sum", x, axes)
    return (ArrayType(x.dtype, tuple(n for i, n in enumerate(x.shape) if i not in axes)),)


def check_axes(name: str, x: ArrayType, axes: tuple[int, ...]) -> None:
    """Refuse axes that are out of range, repeated or not in ascending order."""
    if any(not 0 <= a < len(x.shape) for a in axes) or list(axes) != sorted(set(axes)):
        raise ShapeError(
            f"`{name}` of {x!r} has no axes {axes}",
            mend="give distinct axes of the operand, ascending",
        )


def _transpose_sum(operands: Any, cotangents: Any, *, axes: tuple[int, ...]) -> list[Any]:
    shape = operands[0].shape
    return [broadcast(cotangents[0], shape=shape, axes=_complement(len(shape), axes))]


reduce_sum = multilinear(
    "sum",
    "the sum over axes",
    lambda x, *, axes: np.sum(x, axis=axes, dtype=x.dtype),
    _infer_sum,
    _transpose_sum,
    linear_in=LINEAR,
    family="shape",
    examples=(
        Example((ArrayType("f64", (2, 3)),), (("axes", (1,)),)),
        Example((ArrayType("f32", (2, 3)),), (("axes", (0, 1)),)),
        Example((ArrayType("c128", (2, 0)),), (("axes", (1,)),)),
        Example((ArrayType("i64", (2, 3)),), (("axes", ()),)),
    ),
)
