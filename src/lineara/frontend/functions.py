"""NumPy functions of general use on traced arrays: choice, bounds, creation, predicates, interpolation."""

from __future__ import annotations

from typing import Any

import numpy as np

from lineara.errors import TraceError
from lineara.frontend.axes import shape_from
from lineara.frontend.counted import nonzero
from lineara.frontend.joining import take
from lineara.frontend.promotion import (
    Array,
    as_operand,
    astype,
    broadcast_to,
    dtype_of,
    in_one_zone,
    promote,
    result_type,
    shape_of,
    strong,
)
from lineara.frontend.trace import (
    apply,
    filled,
    is_traced,
    operand,
    running,
    user_origin,
    zero_like,
)
from lineara.frontend.ufuncs import refuse
from lineara.primitives import comparison, conversion


def where(condition: Any, /, *choices: Any) -> Array:
    """`np.where(condition, x, y)`; with one argument it is `np.nonzero`."""
    if not choices:
        return nonzero(condition)
    if len(choices) != 2:
        raise ValueError("either both or neither of x and y should be given")
    condition = as_operand(condition)
    condition = astype(condition, np.bool_)
    x, y = (as_operand(c) for c in choices)
    dtype = result_type(x, y)
    shape = np.broadcast_shapes(*map(shape_of, (condition, x, y)))
    chosen = in_one_zone(*(astype(strong(v), dtype) for v in (x, y)))
    return apply(comparison.select, *(broadcast_to(v, shape) for v in (condition, *chosen)))


def clip(
    a: Array,
    a_min: Any = None,
    a_max: Any = None,
    out: Any = None,
    *,
    min: Any = None,
    max: Any = None,
    **options: Any,
) -> Array:
    """`np.clip`."""
    refuse("clip", out=out)
    low, high = (min if _absent(a_min) else a_min), (max if _absent(a_max) else a_max)
    if not _absent(low):
        a = np.maximum(a, low)
    return a if _absent(high) else np.minimum(a, high)


def _absent(x: Any) -> bool:
    return x is None or x is np._NoValue


def full_like(
    a: Array,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Array:
    """`np.full_like`."""
    dims = shape_of(a) if shape is None else shape_from(shape, int(np.prod(shape)))
    dtype = np.result_type(a) if dtype is None else np.dtype(dtype)
    if is_traced(fill_value) or np.ndim(fill_value):
        return broadcast_to(astype(fill_value, dtype), dims)
    return filled(np.asarray(fill_value).astype(dtype).item(), dtype, dims)


def zeros_like(
    a: Array,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Array:
    """`np.zeros_like`; the zero of a linear array is linear. `np.empty_like` is the same."""
    if shape is None and (dtype is None or np.dtype(dtype) == a.dtype):
        return zero_like(a)
    return full_like(a, 0, dtype, shape=shape)


def ones_like(a: Array, dtype: Any = None, *args: Any, **kwargs: Any) -> Array:
    """`np.ones_like`."""
    return full_like(a, 1, dtype, *args, **kwargs)


def copy(a: Array, order: str = "K", subok: bool = False) -> Array:
    """`np.copy`; inside of another function than the array's, an array of that."""
    trace = running([a])
    return a if a._trace is trace else trace.wrap(trace, operand(trace, a).var)


def real(val: Array) -> Array:
    """`np.real`."""
    return apply(conversion.real, val) if val.dtype.kind == "c" else val


def imag(val: Array) -> Array:
    """`np.imag`."""
    return apply(conversion.imag, val) if val.dtype.kind == "c" else zero_like(val)


def angle(z: Array, deg: bool = False) -> Array:
    """`np.angle`."""
    radians = np.arctan2(np.imag(z), np.real(z))
    return np.rad2deg(radians) if deg else radians


def iscomplexobj(x: Array) -> bool:
    """`np.iscomplexobj`."""
    return bool(x.dtype.kind == "c")


def isrealobj(x: Array) -> bool:
    """`np.isrealobj`."""
    return bool(x.dtype.kind != "c")


def isreal(x: Array) -> Array:
    """`np.isreal`."""
    return np.imag(x) == 0


def iscomplex(x: Array) -> Array:
    """`np.iscomplex`."""
    return np.imag(x) != 0


def shape(a: Array) -> tuple[int, ...]:
    """`np.shape`."""
    return shape_of(a)


def ndim(a: Array) -> int:
    """`np.ndim`."""
    return len(shape_of(a))


def size(a: Array, axis: Any = None) -> int:
    """`np.size`."""
    if axis is None:
        return int(np.prod(shape_of(a)))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return int(np.prod([shape_of(a)[i] for i in axes]))


def nan_to_num(
    x: Array, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Array:
    """`np.nan_to_num`."""
    if x.dtype.kind == "c":
        parts = (nan_to_num(part, copy, nan, posinf, neginf) for part in (x.real, x.imag))
        return apply(conversion.complex_, *parts)
    if x.dtype.kind != "f":
        return x
    info = np.finfo(x.dtype)
    high = info.max if posinf is None else posinf
    low = info.min if neginf is None else neginf
    x = np.where(np.isnan(x), astype(nan, x.dtype), x)
    x = np.where(x == np.inf, astype(high, x.dtype), x)
    return np.where(x == -np.inf, astype(low, x.dtype), x)


def isclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Array:
    """`np.isclose`."""
    a, b = promote(a, b)
    if np.result_type(a, b).kind not in "fc":
        a, b = astype(a, np.float64), astype(b, np.float64)
    near = np.abs(a - b) <= atol + rtol * np.abs(b)
    same = (near & np.isfinite(b)) | (a == b)
    return same | (np.isnan(a) & np.isnan(b)) if equal_nan else same


def allclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> bool:
    """`np.allclose`, a Python bool: it needs values."""
    return bool(np.all(isclose(a, b, rtol, atol, equal_nan)))


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    """`np.array_equal`, a Python bool: it needs values."""
    if np.shape(a1) != np.shape(a2):
        return False
    return bool(np.all((a1 == a2) | (np.isnan(a1) & np.isnan(a2)) if equal_nan else a1 == a2))


def array_equiv(a1: Any, a2: Any) -> bool:
    """`np.array_equiv`, a Python bool: it needs values."""
    try:
        np.broadcast_shapes(np.shape(a1), np.shape(a2))
    except ValueError:
        return False
    return bool(np.all(a1 == a2))


def sinc(x: Array) -> Array:
    """`np.sinc`, with its derivatives at 0."""
    y = np.pi * x
    near = np.abs(y) < 1
    square = np.where(near, y, 0) ** 2
    series = np.ones_like(square)
    for k in range(9, 0, -1):
        series = 1 - square / (2 * k * (2 * k + 1)) * series
    safe = np.where(near, 1, y)
    return np.where(near, series, np.sin(safe) / safe)


def round_(a: Array, decimals: int = 0, out: Any = None) -> Array:
    """`np.round`."""
    refuse("round", out=out)
    if a.dtype.kind == "c":
        return apply(conversion.complex_, *(round_(part, decimals) for part in (a.real, a.imag)))
    if a.dtype.kind in "bui":
        if decimals < 0:
            raise TraceError(
                "np.round of integers to tens has no meaning on traced arrays",
                origin=user_origin(),
                mend="use x // 10 * 10",
            )
        return a
    if decimals == 0:
        return np.rint(a)
    factor = 10.0 ** abs(decimals)
    return np.rint(a * factor) / factor if decimals > 0 else np.rint(a / factor) * factor


def fix(x: Array, out: Any = None) -> Array:
    """`np.fix`."""
    refuse("fix", out=out)
    return np.trunc(x)


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    """`np.linspace` between traced ends."""
    parts = num - 1 if endpoint else num
    start, stop = promote(start, stop)
    inexact = np.result_type(np.result_type(start, stop), 0.0)
    inexact = np.dtype(np.float64) if np.result_type(start).kind in "bui" else inexact
    start, stop = astype(start, inexact), astype(stop, inexact)
    steps = np.arange(num).reshape((-1,) + (1,) * np.ndim(start)).astype(inexact)
    step = (stop - start) / parts if parts > 0 else (stop - start) * np.nan
    made = start + (steps * step if parts > 0 else steps * (stop - start))
    if endpoint and num > 1:
        made = np.concatenate([made[:-1], broadcast_to(stop, made.shape[1:])[None]])
    kind = inexact if dtype is None else np.dtype(dtype)
    made = np.floor(made) if kind.kind in "iu" else made
    made = np.moveaxis(astype(made, kind), 0, axis)
    return (made, step) if retstep else made


def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Array:
    """`np.interp`, at knots that may be traced too."""
    x, xp = (astype(as_operand(v), np.float64) for v in (x, xp))
    fp = astype(as_operand(fp), np.result_type(dtype_of(as_operand(fp)), np.float64))
    if period is not None:
        x, xp, fp = _periodic(x, xp, fp, np.abs(period))
        left = right = None
    inner = np.sum(x[..., None] >= xp[1:-1], axis=-1)
    low, high = take(fp, inner), take(fp, inner + 1)
    start, end = take(xp, inner), take(xp, inner + 1)
    made = low + (high - low) * ((x - start) / (end - start))
    made = np.where(x < xp[0], fp[0] if left is None else left, made)
    return np.where(x > xp[-1], fp[-1] if right is None else right, made)


def _periodic(x: Array, xp: Array, fp: Array, period: Array) -> tuple[Array, Array, Array]:
    """Points and knots within one period, the knots in order and with a neighbour beyond each end."""
    x, xp = x % period, xp % period
    order = np.argsort(xp)
    xp, fp = take(xp, order), take(fp, order)
    xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return x, xp, np.concatenate([fp[-1:], fp, fp[:1]])


def trapezoid(y: Array, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Array:
    """`np.trapezoid`."""
    y = np.moveaxis(as_operand(y), axis, -1)
    if x is not None:
        x = as_operand(x)
        dx = np.diff(x) if np.ndim(x) == 1 else np.moveaxis(np.diff(x, axis=axis), axis, -1)
    return np.sum(dx * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)


def polyval(p: Any, x: Any) -> Array:
    """`np.polyval`."""
    x = strong(x)
    value = np.zeros_like(x)
    for coefficient in strong(p):
        value = value * x + coefficient
    return value


def vander(x: Array, N: int | None = None, increasing: bool = False) -> Array:
    """`np.vander`."""
    n = len(x) if N is None else N
    x = astype(x, np.promote_types(x.dtype, np.int64))
    powers = [x**i if i else np.ones_like(x) for i in range(n)]
    return np.stack(powers if increasing else powers[::-1], axis=-1)


def meshgrid(*xi: Array, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    """`np.meshgrid`."""
    rank = len(xi)
    order = list(range(rank))
    if indexing == "xy" and rank > 1:
        order[0], order[1] = 1, 0
    wide = []
    for x, i in zip(xi, order, strict=True):
        x = np.ravel(as_operand(x))
        wide.append(np.reshape(x, tuple(-1 if k == i else 1 for k in range(rank))))
    return tuple(wide) if sparse else tuple(np.broadcast_arrays(*wide))


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Array:
    """`np.select`."""
    result = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        result = np.where(condition, choice, result)
    return result


def representation(a: Array, *args: Any, **kwargs: Any) -> str:
    """`np.array_repr`: the type, not the values."""
    return repr(a)


def result_dtype(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    """`np.result_type`."""
    return np.result_type(*[x.dtype if is_traced(x) else x for x in arrays_and_dtypes])


def can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    """`np.can_cast`."""
    return bool(np.can_cast(from_.dtype if is_traced(from_) else from_, to, casting))


def may_share_memory(a: Any, b: Any, max_work: Any = None) -> bool:
    """`np.may_share_memory`."""
    return a is b
