"""NumPy 2 promotion and broadcasting, as equations."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from lineara.errors import DtypeError, ShapeError
from lineara.frontend.trace import apply, filled, is_traced, native, type_of, user_origin, zero_like
from lineara.ir import ArrayType, dtype_name, is_supported
from lineara.primitives import comparison, conversion, shape

Array = Any
"""A traced array, an `ndarray`, or a number."""

DType = np.dtype[Any]


def as_operand(x: Any) -> Array:
    """An operand as NumPy takes it: a list or tuple is an array of its elements, which may be traced."""
    return strong(x) if isinstance(x, list | tuple) else x


def strong(x: Any) -> Array:
    """An operand whose dtype is its own: a Python number counts as an array of its default dtype."""
    if is_traced(x):
        return x
    return np.stack([strong(part) for part in x]) if first_traced(x) is not None else np.asarray(x)


def first_traced(x: Any) -> Any:
    """The first traced value in an argument, in nested lists too, or None."""
    if is_traced(x):
        return x
    if not isinstance(x, list | tuple):
        return None
    return next((t for part in x if (t := first_traced(part)) is not None), None)


def shape_of(x: Array) -> tuple[int, ...]:
    """The shape of an operand."""
    type_ = type_of(as_operand(x))
    assert isinstance(type_, ArrayType)
    return type_.shape


def dtype_of(x: Array) -> DType:
    """The dtype of an operand; a Python number has that of an array made of it."""
    type_ = type_of(as_operand(x))
    assert isinstance(type_, ArrayType)
    return type_.dtype


def _given_dtype(x: Array) -> DType | type:
    """The dtype of an operand, or the type of a Python number, which is weak."""
    return type(x) if type(x) in (int, float, complex) else dtype_of(x)


def result_type(*operands: Array) -> DType:
    """The common dtype of operands; Python numbers are weak."""
    given = [type(x)(0) if isinstance(t := _given_dtype(x), type) else t for x in operands]
    return np.result_type(*given)


def loop_dtypes(ufunc: np.ufunc, *operands: Array, dtype: Any = None) -> tuple[DType, ...]:
    """The dtypes that a ufunc computes in: of its operands, then of its results.

    Raises:
        DtypeError: if it takes no such operands, or computes in a dtype that the language lacks.
    """
    wanted = None if dtype is None else np.dtype(dtype)
    return _loop_dtypes(ufunc, tuple([_given_dtype(x) for x in operands]), wanted)


@lru_cache(maxsize=4096)
def _loop_dtypes(
    ufunc: np.ufunc, operands: tuple[DType | type, ...], dtype: DType | None
) -> tuple[DType, ...]:
    names = ", ".join(t.__name__ if isinstance(t, type) else t.name for t in operands)
    signature = (*(None,) * ufunc.nin, *(dtype,) * ufunc.nout)
    given: dict[str, Any] = {} if dtype is None else {"signature": signature}
    try:
        found: tuple[DType, ...] = ufunc.resolve_dtypes((*operands, *(None,) * ufunc.nout), **given)
    except TypeError:
        raise DtypeError(
            f"np.{ufunc.__name__} does not take operands of dtypes {names}",
            origin=user_origin(),
            mend="convert them with .astype first",
        ) from None
    lacking = [t.name for t in found if not is_supported(t)]
    if lacking:
        raise DtypeError(
            f"np.{ufunc.__name__} of {names} computes in {lacking[0]}, which cannot be traced",
            origin=user_origin(),
            mend="convert the operand first: x.astype(np.float32), or np.float64",
        )
    return found


def astype(x: Array, dtype: Any) -> Array:
    """The operand in a dtype."""
    dtype = np.dtype(dtype)
    if hasattr(x, "dtype") and x.dtype == dtype:
        return x  # the same object, so that a constant is captured once
    if not is_traced(x):
        return np.asarray(x, dtype)
    if not is_supported(dtype):
        raise DtypeError(
            f"a traced array cannot be converted to {dtype}",
            origin=user_origin(),
            mend="convert it to bool, an integer, float32, float64, complex64 or complex128",
        )
    if dtype.kind == "b" and x.dtype.kind == "c":
        return apply(comparison.ne, x, filled(0, x.dtype, x.shape))
    return apply(conversion.convert, x, dtype=dtype_name(dtype))


def broadcast_to(x: Array, target: tuple[int, ...]) -> Array:
    """The operand in a shape, by NumPy's rules; traced, unless it has that shape already."""
    have = shape_of(x)
    if have == target:
        return x
    offset = len(target) - len(have)
    if offset < 0 or any(n not in (1, target[offset + i]) for i, n in enumerate(have)):
        raise ShapeError(
            f"shape {have} does not broadcast to {target}",
            origin=user_origin(),
            mend="make the axes equal, counted from the last, or 1",
        )
    if not is_traced(x):
        x = native(x)
        if x.size == 1:
            return filled(x.item(), x.dtype, target)
    kept = [i for i, n in enumerate(have) if n == target[offset + i]]
    if len(kept) < len(have):
        x = apply(shape.reshape, x, shape=tuple([have[i] for i in kept]))
    return apply(shape.broadcast, x, shape=target, axes=tuple([offset + i for i in kept]))


def common_shape(*operands: Array) -> tuple[int, ...]:
    """The shape that the operands broadcast to.

    Raises:
        ShapeError: with the shapes, if there is none.
    """
    shapes = [shape_of(x) for x in operands]
    if all([s == shapes[0] for s in shapes]):
        return shapes[0]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(
            f"operands of shapes {' and '.join(map(str, shapes))} do not broadcast together",
            origin=user_origin(),
            mend="make their axes equal, counted from the last, or 1",
        ) from None


def broadcast(*operands: Array) -> tuple[Array, ...]:
    """The operands in one shape."""
    target = common_shape(*operands)
    return tuple([broadcast_to(x, target) for x in operands])


def promote(*operands: Array) -> tuple[Array, ...]:
    """The operands in one dtype and one shape."""
    operands = tuple([as_operand(x) for x in operands])
    dtype = result_type(*operands)
    return broadcast(*[astype(x, dtype) for x in operands])


def in_one_zone(*operands: Array) -> list[Array]:
    """The operands; beside a linear one, a zero that is not traced is the linear zero."""
    anchor = next((x for x in operands if is_traced(x) and x._var.linear), None)
    if anchor is None:
        return list(operands)
    return [
        x if is_traced(x) or np.any(x) else astype(zero_like(anchor, np.shape(x)), dtype_of(x))
        for x in operands
    ]
