"""NumPy's functions of polynomials: coefficients from the highest power down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lineara.errors import ShapeError
from lineara.frontend import statistics
from lineara.frontend.decompositions import lstsq
from lineara.frontend.functions import vander
from lineara.frontend.promotion import Array, astype, result_type, strong
from lineara.frontend.trace import user_origin
from lineara.frontend.ufuncs import refuse


def _coefficients(p: Any) -> Array:
    return np.atleast_1d(strong(p))


def _sum(combine: np.ufunc) -> Callable[[Any, Any], Array]:
    """`np.polyadd` and `np.polysub`."""

    def rule(a1: Any, a2: Any) -> Array:
        a, b = _coefficients(a1), _coefficients(a2)
        size = max(np.size(a), np.size(b))
        return combine(*(np.pad(p, (size - np.size(p), 0)) for p in (a, b)))

    return rule


def polymul(a1: Any, a2: Any) -> Array:
    """`np.polymul`; leading zeros stay, as the shape does not depend on values."""
    return statistics.convolve(a1, a2)


def polyder(p: Any, m: int = 1) -> Array:
    """`np.polyder`."""
    p = _coefficients(p)
    for _ in range(m):
        p = p[:-1] * np.arange(np.size(p) - 1, 0, -1)
    return p


def polyint(p: Any, m: int = 1, k: Any = None) -> Array:
    """`np.polyint`."""
    p = _coefficients(p)
    constants = np.zeros(m) if k is None else np.broadcast_to(k, (m,))
    for i in range(m):
        p = np.append(p / np.arange(np.size(p), 0, -1), constants[i])
    return p


def poly(seq_of_zeros: Any) -> Array:
    """`np.poly`, of zeros: a matrix has the eigenvalues as its zeros, and they are complex here."""
    zeros = _coefficients(seq_of_zeros)
    if np.ndim(zeros) == 2:
        zeros = np.linalg.eigvals(zeros)
    if np.ndim(zeros) != 1:
        raise ShapeError(
            f"np.poly of an array of shape {np.shape(zeros)}",
            origin=user_origin(),
            mend="give zeros along one axis, or a square matrix",
        )
    zeros = astype(zeros, result_type(zeros, np.zeros(0)))
    p = np.ones(1, np.result_type(zeros))
    for zero in zeros:
        p = np.append(p, 0.0) - np.append(0.0, p * zero)
    return p


def polyfit(
    x: Any, y: Any, deg: Any, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False
) -> Array:
    """`np.polyfit`, the coefficients alone, at points of full rank."""
    refuse("polyfit", full=full or None, cov=cov or None, rcond=rcond)
    x, y = (astype(v, result_type(v, np.zeros(0))) for v in (strong(x), strong(y)))
    powers = vander(x, int(deg) + 1)
    if w is not None:
        w = strong(w)
        powers, y = powers * w[:, None], (y.T * w).T
    scale = np.sqrt(np.sum(powers * powers, axis=0))
    return (lstsq(powers / scale, y)[0].T / scale).T


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.polyadd: _sum(np.add),
    np.polysub: _sum(np.subtract),
    np.polymul: polymul,
    np.polyder: polyder,
    np.polyint: polyint,
    np.poly: poly,
    np.polyfit: polyfit,
}
"""What each of NumPy's functions is on traced arrays."""
