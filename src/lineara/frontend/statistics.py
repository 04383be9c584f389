"""Convolutions, covariances, differences along axes, positions in sorted arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from lineara.errors import ShapeError, TraceError
from lineara.frontend.axes import axes_in_order
from lineara.frontend.promotion import Array, astype, result_type, strong
from lineara.frontend.trace import user_origin
from lineara.frontend.ufuncs import refuse


def convolve(a: Any, v: Any, mode: str = "full") -> Array:
    """`np.convolve`, as the product of one operand with the shifts of the other."""
    a, v = np.atleast_1d(strong(a)), np.atleast_1d(strong(v))
    if np.size(v) > np.size(a):
        a, v = v, a
    n, m = np.size(a), np.size(v)
    if not m:
        raise ShapeError(
            "np.convolve of an empty array", origin=user_origin(), mend="give it elements"
        )
    padded = np.pad(astype(a, result_type(a, v)), m - 1)
    shifts = np.arange(n + m - 1)[:, None] + np.arange(m - 1, -1, -1)
    full = np.take_along_axis(padded, shifts.ravel(), 0).reshape(shifts.shape) @ v
    cut = {"full": (0, n + m - 1), "same": ((m - 1) // 2, n), "valid": (m - 1, n - m + 1)}
    start, size = cut[mode]
    return full[start : start + size]


def correlate(a: Any, v: Any, mode: str = "valid") -> Array:
    """`np.correlate`: the second operand is conjugated."""
    swapped = np.size(v) > np.size(a)
    found = convolve(a, np.conjugate(strong(v))[::-1], mode)
    if swapped and mode == "same":
        n, m = np.size(v), np.size(a)
        full = convolve(a, np.conjugate(strong(v))[::-1], "full")
        start = n + m - 1 - (m - 1) // 2 - n
        return full[start : start + n]
    return found


def cov(
    m: Array,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Array:
    """`np.cov`, without weights."""
    refuse("cov", fweights=fweights, aweights=aweights)
    x = _variables(m, rowvar)
    if y is not None:
        x = np.concatenate([x, _variables(strong(y), rowvar)])
    x = astype(x, np.result_type(x.dtype, np.float64) if dtype is None else dtype)
    centred = x - np.mean(x, axis=1, keepdims=True)
    lost = (0 if bias else 1) if ddof is None else ddof
    return np.squeeze(centred @ np.conjugate(centred.T) / max(0, x.shape[1] - lost))


def _variables(m: Array, rowvar: bool) -> Array:
    """Variables as rows, observations as columns."""
    if np.ndim(m) > 2:
        raise ShapeError(
            f"np.cov of an array of {np.ndim(m)} axes",
            origin=user_origin(),
            mend="give variables and observations, two axes at most",
        )
    return np.atleast_2d(m) if rowvar or np.ndim(m) < 2 or len(m) == 1 else np.transpose(m)


def corrcoef(x: Array, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Array:
    """`np.corrcoef`."""
    c = cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    scale = np.sqrt(np.real(np.diagonal(c)))
    found = c / scale[:, None] / scale[None, :]
    if c.dtype.kind == "c":
        return np.clip(found.real, -1, 1) + 1j * np.clip(found.imag, -1, 1)
    return np.clip(found, -1, 1)


def gradient(f: Array, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """`np.gradient`, with one distance of the samples for each axis."""
    axes = tuple(range(f.ndim)) if axis is None else axes_in_order(f.ndim, axis)
    if any(np.ndim(d) for d in varargs) or edge_order != 1 or len(varargs) not in (0, 1, len(axes)):
        raise TraceError(
            "np.gradient on traced arrays takes distances that are numbers, and edge_order=1",
            origin=user_origin(),
            mend="give one number for each axis, or divide differences by np.diff(x)",
        )
    distances = varargs * len(axes) if len(varargs) == 1 else varargs or (1.0,) * len(axes)
    f = astype(f, np.float64) if f.dtype.kind in "bui" else f
    found = [_slopes(f, a, d) for a, d in zip(axes, distances, strict=True)]
    return found[0] if len(found) == 1 else tuple(found)


def _slopes(f: Array, axis: int, distance: Any) -> Array:
    if f.shape[axis] < 2:
        raise ShapeError(
            "np.gradient along an axis of less than two elements",
            origin=user_origin(),
            mend="give at least two",
        )
    f = np.moveaxis(f, axis, 0)
    inner = (f[2:] - f[:-2]) / (2.0 * distance)
    ends = ((f[1] - f[0]) / distance, (f[-1] - f[-2]) / distance)
    return np.moveaxis(np.concatenate([ends[0][None], inner, ends[1][None]]), 0, axis)


def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Array:
    """`np.searchsorted`: how many elements come before each value."""
    refuse("searchsorted", sorter=sorter)
    a, v = strong(a), strong(v)
    before = a < v[..., None] if side == "left" else a <= v[..., None]
    return np.sum(before, axis=-1)


def isin(
    element: Any,
    test_elements: Any,
    assume_unique: bool = False,
    invert: bool = False,
    *,
    kind: Any = None,
) -> Array:
    """`np.isin`."""
    found = np.any(strong(element)[..., None] == np.ravel(strong(test_elements)), axis=-1)
    return ~found if invert else found


def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Array:
    """`np.logspace` between traced exponents."""
    powers = np.power(base, np.linspace(start, stop, num, endpoint, axis=axis))
    return powers if dtype is None else astype(powers, dtype)
