"""Values of types: a NumPy array, a Python tuple of values, or a Python list of values of one type."""

from __future__ import annotations

from typing import Any

import numpy as np

from lineara.errors import ShapeError
from lineara.ir import ArrayType, ListType, TupleType, Type

Value = Any


def stack(values: list[Value], type_: Type, length: int | None) -> Value:
    """The stack of so many values of a type; a list when the length is None."""
    if length is None or isinstance(type_, ListType):
        return values
    if isinstance(type_, TupleType):
        columns = [[v[j] for v in values] for j in range(len(type_.elements))]
        return tuple([stack(c, t, length) for c, t in zip(columns, type_.elements, strict=True)])
    return np.stack(values) if values else np.zeros((0, *type_.shape), type_.dtype)


def zeros(type_: Type) -> Value:
    """The zero of a type."""
    if isinstance(type_, TupleType):
        return tuple(map(zeros, type_.elements))
    if isinstance(type_, ListType):
        return []
    return np.zeros(type_.shape, type_.dtype)


def fit_array(value: Value, type_: ArrayType) -> np.ndarray[Any, Any]:
    """A value as an array of a type.

    Raises:
        ShapeError: it is another type's.
    """
    array = np.asarray(value)
    if array.shape != type_.shape or not np.can_cast(array.dtype, type_.dtype, "same_kind"):
        raise unfit(value, type_)
    return array.astype(type_.dtype, copy=False)


def unfit(value: Value, type_: Type) -> ShapeError:
    """The error of an argument that is another type's."""
    return ShapeError(f"an argument of type {type_!r} is needed, not {_describe(value)}")


def _describe(value: Value) -> str:
    if isinstance(value, tuple | list):
        return f"a tuple of {len(value)}"
    array = np.asarray(value)
    return f"{array.dtype}{list(array.shape)}"
