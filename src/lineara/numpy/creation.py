"""Functions that make arrays, and those that NumPy does not hand over: they look for traced values in all arguments.

Outside of a transformed function each gives what NumPy's of its name gives.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from math import ceil
from typing import Any, ParamSpec, TypeVar

import numpy as np

from lineara.frontend.promotion import (
    Array,
    astype,
    broadcast_to,
    first_traced,
    result_type,
    strong,
)
from lineara.frontend.trace import current_trace, filled, is_traced, known_value, renamed
from lineara.ir import is_supported

__all__ = [
    "arange",
    "array",
    "asanyarray",
    "asarray",
    "asarray_chkfinite",
    "ascontiguousarray",
    "copy",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "frombuffer",
    "fromfunction",
    "fromiter",
    "full",
    "full_like",
    "geomspace",
    "identity",
    "linspace",
    "logspace",
    "ones",
    "ones_like",
    "pad",
    "select",
    "take",
    "zeros",
    "zeros_like",
]

P = ParamSpec("P")
R = TypeVar("R")


def _handing_over(function: Callable[P, R]) -> Callable[P, R]:
    """A NumPy function that hands over for traced values in any of its arguments."""

    @wraps(function)
    def handed(*args: P.args, **kwargs: P.kwargs) -> R:
        found = first_traced((*args, *kwargs.values()))
        if found is None:
            return function(*args, **kwargs)
        handler: Callable[..., R] = found.__array_function__
        return handler(function, (), args, kwargs)

    return handed


take = _handing_over(np.take)
full_like = _handing_over(np.full_like)
pad = _handing_over(np.pad)
select = _handing_over(np.select)
zeros_like, ones_like, empty_like = np.zeros_like, np.ones_like, np.empty_like
linspace, logspace, geomspace, copy = np.linspace, np.logspace, np.geomspace, np.copy
frombuffer, fromfunction, fromiter, from_dlpack = (
    np.frombuffer,
    np.fromfunction,
    np.fromiter,
    np.from_dlpack,
)


def array(object: Any, dtype: Any = None, *, copy: bool | None = True, **options: Any) -> Array:
    """`np.array`, of nested lists that hold traced values too.

    Args:
        object: an array, a traced array, or nested lists of them and of numbers, all of one shape where they are beside
            each other.
        dtype: of the result; the common dtype of the parts by default.
        copy, options: as for `np.array`; `ndmin` is the least number of axes.

    Raises:
        ShapeError: parts of different shapes.

    >>> import numpy as np
    >>> import lineara
    >>> import lineara.numpy as lnp
    >>> lineara.grad(lambda x: lnp.array([[x, 1.0], [2.0, x * x]])[1, 1])(3.0)
    array(6.)
    """
    if first_traced(object) is None:
        return np.array(object, dtype, copy=copy, **options)
    made = strong(object)
    made = made if dtype is None else astype(made, dtype)
    missing = options.get("ndmin", 0) - np.ndim(made)
    made = np.reshape(made, (*(1,) * missing, *np.shape(made))) if missing > 0 else made
    return renamed(made) if copy else made


def asarray(a: Any, dtype: Any = None, *, copy: bool | None = None, **options: Any) -> Array:
    """`np.asarray`; a traced array of that dtype is given back as it is, unless `copy` is true.

    Raises:
        ValueError: if `copy` is false and the dtype differs.
    """
    if first_traced(a) is None:
        return np.asarray(a, dtype, copy=copy, **options)
    made = array(a, dtype, copy=copy)
    if copy is False and made is not a:
        raise ValueError("Unable to avoid copy while creating an array as requested.")
    return made


def asanyarray(a: Any, dtype: Any = None, **options: Any) -> Array:
    """`np.asanyarray`. See `asarray`."""
    return np.asanyarray(a, dtype, **options) if first_traced(a) is None else asarray(a, dtype)


def ascontiguousarray(a: Any, dtype: Any = None) -> Array:
    """`np.ascontiguousarray`: of at least one axis."""
    if first_traced(a) is None:
        return np.ascontiguousarray(a, dtype)
    return np.atleast_1d(asarray(a, dtype))


def asarray_chkfinite(a: Any, dtype: Any = None, order: Any = None) -> Array:
    """`np.asarray_chkfinite`; traced values are not checked, as they may not be known."""
    if first_traced(a) is None:
        return np.asarray_chkfinite(a, dtype, order)
    return asarray(a, dtype)


def _constant(name: str, value: int) -> Callable[..., Array]:
    """`np.zeros` and its like: in a function that is traced they give a traced array, which takes traced values."""
    plain: Callable[..., Array] = getattr(np, name)

    @wraps(plain)
    def constant(shape: Any, dtype: Any = float, *args: Any, **options: Any) -> Array:
        kind = np.dtype(float if dtype is None else dtype)
        if current_trace() is None or kind.kind not in "fc" or not is_supported(kind):
            return plain(shape, dtype, *args, **options)
        dims = plain(shape, np.bool_).shape
        return filled(value, kind, dims)

    return constant


zeros = _constant("zeros", 0)
empty = _constant("empty", 0)
ones = _constant("ones", 1)


def full(shape: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Array:
    """`np.full`, of a traced value too. In a function that is traced it is traced, if it is real or complex.

    >>> import lineara
    >>> import lineara.numpy as lnp
    >>> lineara.grad(lambda x: lnp.full((2, 2), x).sum())(1.0)
    array(4.)
    """
    value = array(fill_value, dtype)
    if first_traced(value) is not None:
        return broadcast_to(value, np.empty(shape, np.bool_).shape)
    if current_trace() is None or value.dtype.kind not in "fc" or not is_supported(value.dtype):
        return np.full(shape, fill_value, dtype, **options)
    return broadcast_to(_in_trace(value), np.empty(shape, np.bool_).shape)


def _in_trace(x: Array) -> Array:
    """An array as a traced array of the function that is being traced."""
    return x + filled(0, x.dtype, ())


def eye(N: Any, M: Any = None, k: int = 0, dtype: Any = float, **options: Any) -> Array:
    """`np.eye`. In a function that is traced it is traced, if it is real or complex."""
    plain = np.eye(N, M, k, dtype, **options)
    if current_trace() is None or plain.dtype.kind not in "fc" or not is_supported(plain.dtype):
        return plain
    return _in_trace(plain)


def identity(n: Any, dtype: Any = None, **options: Any) -> Array:
    """`np.identity`. See `eye`."""
    return eye(n, dtype=float if dtype is None else dtype, **options)


def arange(
    start: Any, stop: Any = None, step: Any = None, dtype: Any = None, **options: Any
) -> Array:
    """`np.arange`, differentiable in traced `start` and `step`. Its length is that of the values of this run.

    Raises:
        TraceError: with traced arguments where only types are known.

    >>> import lineara
    >>> import lineara.numpy as lnp
    >>> lineara.grad(lambda h: lnp.arange(0.0, 1.0, h).sum())(0.25)
    array(6.)
    """
    if first_traced((start, stop, step)) is None:
        plain: Array = np.arange(start, stop, step, dtype=dtype, **options)
        return plain
    first, last = (0, start) if stop is None else (start, stop)
    step = 1 if step is None else step
    low, high, by = (
        known_value(x, "the length of arange") if is_traced(x) else x for x in (first, last, step)
    )
    count = np.arange(max(0, ceil((high - low) / by)))
    kind = result_type(strong(first), strong(last), strong(step)) if dtype is None else dtype
    return astype(first + count * step, kind)
