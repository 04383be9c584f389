"""The methods and attributes of `ndarray` on traced arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lineara.errors import TraceError
from lineara.frontend.array import Dispatch
from lineara.frontend.promotion import Array, astype
from lineara.frontend.trace import known_value, user_origin
from lineara.frontend.ufuncs import refuse


def _function(function: Callable[..., Any]) -> Callable[..., Any]:
    """A method that is a NumPy function of the array."""

    def method(self: Array, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    return method


def reshape(self: Array, *shape: Any, order: Any = "C", copy: Any = None) -> Array:
    """`x.reshape(2, 3)` or `x.reshape((2, 3))`."""
    return np.reshape(self, shape[0] if len(shape) == 1 else shape, order)


def transpose(self: Array, *axes: Any) -> Array:
    """`x.transpose()`, `x.transpose(1, 0)` or `x.transpose((1, 0))`."""
    given = axes[0] if len(axes) == 1 else axes or None
    return np.transpose(self, given)


def flatten(self: Array, order: Any = "C") -> Array:
    """`x.flatten()`: a copy."""
    return np.copy(np.ravel(self, order))


def convert(
    self: Array, dtype: Any, order: str = "K", casting: Any = "unsafe", **options: Any
) -> Array:
    """`x.astype(dtype)`: a copy."""
    if not np.can_cast(self.dtype, dtype, casting):
        raise TypeError(f"Cannot cast array data from {self.dtype} to {np.dtype(dtype)}")
    return np.copy(astype(self, dtype))


def item(self: Array, *index: Any) -> Any:
    """`x.item()`, for integers and truth values; anything else would lose its derivative."""
    flat = len(index) == 1 and not isinstance(index[0], tuple)
    source = np.ravel(self) if flat else self
    element = source[index[0] if len(index) == 1 else index] if index else self
    if element.size != 1:
        raise ValueError("can only convert an array of size 1 to a Python scalar")
    element._refuse_inexact(".item")
    return known_value(element, ".item()").item()


def tolist(self: Array) -> Any:
    """`x.tolist()`, for integers and truth values."""
    self._refuse_inexact(".tolist")
    return known_value(self, ".tolist()").tolist()


def sort(self: Array, axis: int = -1, **options: Any) -> None:
    """`x.sort()`, in place."""
    self[...] = np.sort(self, axis, **options)


def fill(self: Array, value: Any) -> None:
    """`x.fill(value)`, in place."""
    self[...] = value


def put(self: Array, indices: Any, values: Any, mode: str = "raise") -> None:
    """`x.put(indices, values)`, in place, of an array of one axis."""
    refuse("put", mode=None if mode == "raise" else mode)
    if self.ndim != 1:
        raise TraceError(
            "put() of an array of several axes",
            origin=user_origin(),
            mend="assign by index instead: x[i, j] = value",
        )
    self[indices] = values


def view(self: Array, *args: Any, **kwargs: Any) -> Array:
    """`x.view()` would read bytes as another dtype."""
    raise TraceError(
        "x.view() has no meaning on traced arrays", origin=user_origin(), mend="use .astype(dtype)"
    )


def conj(self: Array) -> Array:
    """`x.conj()`."""
    return np.conjugate(self)


def conjugate(self: Array) -> Array:
    """`x.conjugate()`."""
    return np.conjugate(self)


def copy(self: Array, order: str = "C") -> Array:
    """`x.copy()`."""
    return np.copy(self)


def compress(self: Array, condition: Any, axis: int | None = None) -> Array:
    """`x.compress(condition, axis)`."""
    return np.compress(condition, self, axis)


def array_namespace(self: Array, /, *, api_version: str | None = None) -> Any:
    """`x.__array_namespace__()`: the module `lineara.numpy`."""
    if api_version is not None and api_version > Dispatch.namespace.__array_api_version__:
        raise ValueError(f"version {api_version} of the array API standard is not supported")
    return Dispatch.namespace


def to_device(self: Array, device: Any, /, *, stream: Any = None) -> Array:
    """`x.to_device("cpu")`: there is no other device."""
    if device != "cpu" or stream is not None:
        raise ValueError(f"unsupported device {device!r}: traced arrays are on the device 'cpu'")
    return self


METHODS: dict[str, Any] = {
    **{
        function.__name__: _function(function)
        for function in (
            np.sum,
            np.prod,
            np.mean,
            np.std,
            np.var,
            np.max,
            np.min,
            np.argmax,
            np.argmin,
            np.any,
            np.all,
            np.cumsum,
            np.cumprod,
            np.clip,
            np.round,
            np.trace,
            np.diagonal,
            np.dot,
            np.ravel,
            np.squeeze,
            np.swapaxes,
            np.repeat,
            np.take,
            np.argsort,
            np.nonzero,
            np.searchsorted,
        )
    },
    **{
        method.__name__: method
        for method in (
            reshape,
            transpose,
            flatten,
            copy,
            compress,
            conj,
            conjugate,
            item,
            tolist,
            sort,
            fill,
            put,
            view,
        )
    },
    **{function.__name__: property(function) for function in (np.real, np.imag)},
    "flat": property(np.ravel),
    "T": property(np.transpose),
    "mT": property(np.matrix_transpose),
    "astype": convert,
    "device": property(lambda self: "cpu"),
    "to_device": to_device,
    "__array_namespace__": array_namespace,
    "__copy__": copy,
    "__deepcopy__": lambda self, memo: copy(self),
}
