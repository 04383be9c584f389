"""NumPy 2 promotion and broadcasting, as equations."""

from __future__ import annotations

from typing import Any

import numpy as np

from lineara.errors import ShapeError
from lineara.frontend.trace import Traced, apply, is_traced, native, type_of, user_origin
from lineara.ir import ArrayType
from lineara.primitives import REGISTRY, shape

Array = Any
"""A traced array, an `ndarray`, or a number."""


def shape_of(x: Array) -> tuple[int, ...]:
    """The shape of an operand."""
    type_ = type_of(x)
    assert isinstance(type_, ArrayType)
    return type_.shape


def dtype_of(x: Array) -> np.dtype[Any]:
    """The dtype of an operand; a Python number has that of an array made of it."""
    type_ = type_of(x)
    assert isinstance(type_, ArrayType)
    return type_.dtype


def result_type(*operands: Array) -> np.dtype[Any]:
    """The common dtype of operands; Python numbers are weak."""
    return np.result_type(*(x.dtype if is_traced(x) else _weak(x) for x in operands))


def _weak(x: Any) -> Any:
    return x if type(x) in (int, float, complex) else np.asarray(x).dtype


def astype(x: Array, dtype: Any) -> Array:
    """The operand in a dtype."""
    dtype = np.dtype(dtype)
    if not is_traced(x):
        return np.asarray(x, dtype)
    return x if x.dtype == dtype else apply(REGISTRY["convert"], x, dtype=dtype)


def broadcast_to(x: Array, target: tuple[int, ...]) -> Array:
    """The operand in a shape, by NumPy's rules."""
    have = shape_of(x)
    if have == target:
        return x
    if not is_traced(x):
        return np.broadcast_to(np.asarray(x), target)
    offset = len(target) - len(have)
    if offset < 0 or any(n not in (1, target[offset + i]) for i, n in enumerate(have)):
        raise ShapeError(f"shape {have} does not broadcast to {target}", origin=user_origin())
    kept = [i for i, n in enumerate(have) if n == target[offset + i]]
    if len(kept) < len(have):
        x = apply(REGISTRY["reshape"], x, shape=tuple(have[i] for i in kept))
    return apply(shape.broadcast, x, shape=target, axes=tuple(offset + i for i in kept))


def common_shape(*operands: Array) -> tuple[int, ...]:
    """The shape that the operands broadcast to.

    Raises:
        ShapeError: with the shapes, if there is none.
    """
    shapes = [shape_of(x) for x in operands]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(
            f"operands of shapes {' and '.join(map(str, shapes))} do not broadcast together",
            origin=user_origin(),
            mend="make their trailing axes equal, or one of them 1",
        ) from None


def broadcast(*operands: Array) -> tuple[Array, ...]:
    """The operands in one shape."""
    target = common_shape(*operands)
    return tuple(broadcast_to(x, target) for x in operands)


def promote(*operands: Array) -> tuple[Array, ...]:
    """The operands in one dtype and one shape."""
    dtype = result_type(*operands)
    return broadcast(*(astype(x, dtype) for x in operands))


__all__ = [
    "Array",
    "Traced",
    "astype",
    "broadcast",
    "broadcast_to",
    "common_shape",
    "dtype_of",
    "native",
    "promote",
    "result_type",
    "shape_of",
]
