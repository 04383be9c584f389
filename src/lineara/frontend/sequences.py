"""Sums along an axis with their beginning, phases, progressions, and what asks for types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lineara.errors import TraceError
from lineara.frontend import reductions
from lineara.frontend.axes import axis_of
from lineara.frontend.functions import representation
from lineara.frontend.promotion import (
    Array,
    astype,
    dtype_of,
    promote,
    result_type,
    shape_of,
    strong,
)
from lineara.frontend.trace import apply, is_traced, user_origin
from lineara.frontend.ufuncs import refuse
from lineara.primitives import conversion


def unwrap(p: Array, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Array:
    """`np.unwrap`: p and multiples of the period, which have no derivative."""
    p = strong(p)
    axis = axis_of(np.ndim(p), axis)
    steps = np.diff(apply(conversion.stop_gradient, p) if p.dtype.kind == "f" else p, axis=axis)
    dtype = result_type(steps, period)
    if dtype.kind in "iu":
        high, odd = divmod(period, 2)
        ambiguous = not odd
    else:
        high, ambiguous = period / 2, True
    wrapped = np.mod(steps + high, period) - high
    if ambiguous:
        wrapped = np.where((wrapped == -high) & (steps > 0), high, wrapped)
    limit = period / 2 if discont is None else discont
    turns = np.where(np.abs(steps) < limit, 0, wrapped - steps)
    before = [(1 if i == axis else 0, 0) for i in range(np.ndim(p))]
    return astype(p, dtype) + np.pad(np.cumsum(turns, axis=axis), before).astype(dtype)


def _cumulative(scan: Callable[..., Array], neutral: int) -> Callable[..., Array]:
    """`np.cumulative_sum` and `np.cumulative_prod`."""

    def rule(
        x: Array,
        /,
        *,
        axis: int | None = None,
        dtype: Any = None,
        out: Any = None,
        include_initial: bool = False,
    ) -> Array:
        if axis is None and np.ndim(x) != 1:
            raise ValueError(
                "For arrays which have more than one dimension ``axis`` argument is required."
            )
        made = scan(x, 0 if axis is None else axis, dtype, out)
        if not include_initial:
            return made
        axis = 0 if axis is None else axis_of(made.ndim, axis)
        first = np.full_like(made, neutral, shape=(*made.shape[:axis], 1, *made.shape[axis + 1 :]))
        return np.concatenate([first, made], axis)

    return rule


def geomspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Array:
    """`np.geomspace` between real ends of one sign."""
    start, stop = promote(start, stop)
    start, stop = (astype(v, np.result_type(dtype_of(v), np.float64)) for v in (start, stop))
    if np.result_type(start, stop).kind == "c":
        raise TraceError(
            "np.geomspace between complex ends has no meaning on traced arrays",
            origin=user_origin(),
            mend="take np.exp of np.linspace between logarithms",
        )
    low, high = (np.log10(np.abs(v)) for v in (start, stop))
    made = np.sign(start) * np.power(10.0, np.linspace(low, high, num, endpoint))
    if num > 0:
        ends = (
            [start[None], made[1:-1], stop[None]]
            if endpoint and num > 1
            else [start[None], made[1:]]
        )
        made = np.concatenate(ends)
    return astype(np.moveaxis(made, 0, axis), made.dtype if dtype is None else dtype)


def convert(x: Array, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Array:
    """`np.astype`."""
    return astype(x, dtype)


def common_type(*arrays: Array) -> Any:
    """`np.common_type`."""
    return np.common_type(*(np.empty(0, np.result_type(a)) for a in arrays))


def einsum_path(*operands: Any, **options: Any) -> Any:
    """`np.einsum_path`, which reads the shapes alone."""
    plain = [np.broadcast_to(0.0, shape_of(x)) if is_traced(x) else x for x in operands]
    return np.einsum_path(*plain, **options)


def _is_infinite(value: float) -> Callable[..., Array]:
    """`np.isposinf` and `np.isneginf`."""

    def rule(x: Array, out: Any = None) -> Array:
        refuse("isposinf", out=out)
        return x == value

    return rule


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.unwrap: unwrap,
    np.cumulative_sum: _cumulative(reductions.cumsum, 0),
    np.cumulative_prod: _cumulative(reductions.cumprod, 1),
    np.amax: reductions.max_,
    np.amin: reductions.min_,
    np.geomspace: geomspace,
    np.astype: convert,
    np.common_type: common_type,
    np.einsum_path: einsum_path,
    np.array2string: representation,
    np.isposinf: _is_infinite(np.inf),
    np.isneginf: _is_infinite(-np.inf),
}
"""What each of NumPy's functions is on traced arrays."""
