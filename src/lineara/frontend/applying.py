"""NumPy functions that take functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lineara.frontend.axes import axis_of
from lineara.frontend.promotion import Array, astype, shape_of, strong
from lineara.frontend.trace import is_traced


def piecewise(x: Array, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Array:
    """`np.piecewise`: every function is applied to all of x, and what its condition chooses is kept."""
    x = strong(x)
    conditions = [strong(c).astype(bool) for c in _conditions(condlist, np.ndim(x))]
    functions = list(funclist)
    if len(functions) == len(conditions) + 1:
        taken = conditions[0]
        for c in conditions[1:]:
            taken = taken | c
        conditions.append(~taken)
    if len(functions) != len(conditions):
        n = len(conditions)
        raise ValueError(f"with {n} condition(s), either {n} or {n + 1} functions are expected")
    y = np.zeros_like(x)
    for condition, function in zip(conditions, functions, strict=True):
        value = function(x, *args, **kw) if callable(function) else function
        y = np.where(condition, astype(value, np.result_type(x)), y)
    return y


def _conditions(condlist: Any, rank: int) -> list[Any]:
    """One condition, or a list of them: a list of bools is one where x is no scalar."""
    if is_traced(condlist) or isinstance(condlist, np.ndarray):
        return list(condlist) if np.ndim(condlist) > rank else [condlist]
    if isinstance(condlist, bool | np.bool_):
        return [condlist]
    arrays = any(is_traced(c) or isinstance(c, list | np.ndarray) for c in condlist)
    return list(condlist) if arrays or not rank else [condlist]


def apply_along_axis(
    func1d: Callable[..., Any], axis: int, arr: Array, *args: Any, **kwargs: Any
) -> Array:
    """`np.apply_along_axis`: a Python loop over all rows along the axis."""
    arr = strong(arr)
    axis = axis_of(np.ndim(arr), axis)
    rows = np.moveaxis(arr, axis, -1)
    others = shape_of(rows)[:-1]
    if 0 in others:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    made = [strong(func1d(rows[i], *args, **kwargs)) for i in np.ndindex(*others)]
    result = np.reshape(np.stack(made), (*others, *shape_of(made[0])))
    own = range(len(others), np.ndim(result))
    return np.moveaxis(result, tuple(own), tuple(range(axis, axis + len(own)))) if own else result


def apply_over_axes(func: Callable[..., Any], a: Array, axes: Any) -> Array:
    """`np.apply_over_axes`."""
    value = strong(a)
    for axis in np.atleast_1d(axes).tolist():
        i = axis_of(np.ndim(value), axis)
        result = func(value, i)
        value = result if np.ndim(result) == np.ndim(value) else np.expand_dims(result, i)
    return value


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.piecewise: piecewise,
    np.apply_along_axis: apply_along_axis,
    np.apply_over_axes: apply_over_axes,
}
"""What each of NumPy's functions is on traced arrays."""
