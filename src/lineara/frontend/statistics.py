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
    """`np.cov`."""
    x = _variables(m, rowvar)
    if y is not None:
        x = np.concatenate([x, _variables(strong(y), rowvar)])
    x = astype(x, np.result_type(x.dtype, np.float64) if dtype is None else dtype)
    lost = (0 if bias else 1) if ddof is None else ddof
    if fweights is None and aweights is None:
        centred = x - np.mean(x, axis=1, keepdims=True)
        return np.squeeze(centred @ np.conjugate(centred.T) / max(0, x.shape[1] - lost))
    w = _product(fweights, aweights)
    total = np.sum(w)
    centred = x - (np.sum(x * w, axis=1) / total)[:, None]
    if lost:
        total = total - lost * (1 if aweights is None else np.sum(w * aweights) / np.sum(w))
    return np.squeeze(centred @ np.conjugate((centred * w).T) / np.maximum(total, 0))


def _product(fweights: Any, aweights: Any) -> Array:
    """The weights of observations: how often each was made, times how much it counts."""
    given = [astype(strong(w), np.float64) for w in (fweights, aweights) if w is not None]
    return given[0] if len(given) == 1 else given[0] * given[1]


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
    """`np.gradient`, at distances that are numbers, or coordinates."""
    f = strong(f)
    axes = tuple(range(np.ndim(f))) if axis is None else axes_in_order(np.ndim(f), axis)
    if len(varargs) not in (0, 1, len(axes)) or edge_order not in (1, 2):
        raise TraceError(
            f"np.gradient along {len(axes)} axes of {len(varargs)} distances, edge_order={edge_order}",
            origin=user_origin(),
            mend="give one distance, or one for each axis; edge_order is 1 or 2",
        )
    distances = varargs * len(axes) if len(varargs) == 1 else varargs or (1.0,) * len(axes)
    f = astype(f, np.float64) if f.dtype.kind in "bui" else f
    found = [_slopes(f, a, d, edge_order) for a, d in zip(axes, distances, strict=True)]
    return found[0] if len(found) == 1 else tuple(found)


def _slopes(f: Array, axis: int, distance: Any, edge_order: int) -> Array:
    if np.shape(f)[axis] <= edge_order:
        raise ShapeError(
            f"np.gradient along an axis of {np.shape(f)[axis]} elements, with edge_order={edge_order}",
            origin=user_origin(),
            mend=f"give at least {edge_order + 1}",
        )
    f = np.moveaxis(f, axis, 0)
    steps = np.diff(strong(distance)) if np.ndim(distance) else None
    first, last = (f[:3], f[:-4:-1]) if edge_order == 2 else (f[:2], f[:-3:-1])
    near, far = (distance,) * 2 if steps is None else (steps[:2], steps[:-3:-1])
    inner = _inner_slopes(f, distance, steps)
    made = np.concatenate([_end_slope(first, near)[None], inner, -_end_slope(last, far)[None]])
    return astype(np.moveaxis(made, 0, axis), np.result_type(f))


def _inner_slopes(f: Array, distance: Any, steps: Any) -> Array:
    if steps is None:
        return (f[2:] - f[:-2]) / (2.0 * distance)
    wide = (-1, *(1,) * (np.ndim(f) - 1))
    before, after = np.reshape(steps[:-1], wide), np.reshape(steps[1:], wide)
    total = before + after
    left, right = -after / (before * total), before / (after * total)
    return left * f[:-2] + (after - before) / (before * after) * f[1:-1] + right * f[2:]


def _end_slope(f: Array, steps: Any) -> Array:
    """The slope at the first of two values, or of three by the parabola through them."""
    near, far = (steps, steps) if not np.ndim(steps) else (steps[0], steps[-1])
    if len(f) == 2:
        return (f[1] - f[0]) / near
    total = near + far
    at_end, middle = -(near + total) / (near * total), total / (near * far)
    return at_end * f[0] + middle * f[1] - near / (far * total) * f[2]


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
