"""Functions of `numpy.linalg` that solve and decompose, and the matrix exponential.

Where NumPy's choice depends on values, there is one answer here: eigenvalues of general matrices are complex. Bases of null
spaces, which are not determined, have values and no derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lineara.errors import TraceError
from lineara.frontend import linalg
from lineara.frontend.axes import axes_in_order
from lineara.frontend.promotion import Array, astype, broadcast_to, result_type, shape_of, strong
from lineara.frontend.recording import without_derivative
from lineara.frontend.trace import apply, is_traced, user_origin, value_now
from lineara.primitives import conversion, decompositions, spectral
from lineara.primitives import linalg as records

_ONE = np.eye(1)
_QR, _SVD = type(np.linalg.qr(_ONE)), type(np.linalg.svd(_ONE))
_EIG, _EIGH = type(np.linalg.eig(_ONE)), type(np.linalg.eigh(_ONE))
_SLOGDET = type(np.linalg.slogdet(_ONE))


def _matrix(a: Any, *, square: bool = False) -> Array:
    """An operand as a matrix, or a batch of them, in an inexact dtype."""
    a = strong(a)
    if np.ndim(a) < 2:
        raise np.linalg.LinAlgError(
            f"{np.ndim(a)}-dimensional array given. Array must be at least two-dimensional"
        )
    if square and shape_of(a)[-1] != shape_of(a)[-2]:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    return astype(a, np.float64) if np.result_type(a).kind in "bui" else a


def _adjoint(a: Array) -> Array:
    return np.conjugate(np.matrix_transpose(a))


def _identity(like: Array) -> Array:
    shape = shape_of(like)
    return broadcast_to(np.eye(shape[-1], dtype=np.result_type(like)), shape)


def solve(a: Any, b: Any) -> Array:
    """`np.linalg.solve`: linear in `b`."""
    a, b = _matrix(a, square=True), strong(b)
    dtype = result_type(a, b)
    vector = np.ndim(b) == 1
    columns = b[:, None] if vector else b
    batch = np.broadcast_shapes(shape_of(a)[:-2], shape_of(columns)[:-2])
    a = broadcast_to(astype(a, dtype), (*batch, *shape_of(a)[-2:]))
    columns = broadcast_to(astype(columns, dtype), (*batch, *shape_of(columns)[-2:]))
    x = apply(records.solve, a, columns, transposed=False)
    return x[..., 0] if vector else x


def solve_triangular(
    a: Any,
    b: Any,
    *,
    lower: bool = False,
    transposed: bool = False,
    unit_diagonal: bool = False,
) -> Array:
    """The x with a x = b, or aᵀ x = b, for a triangle of a: linear in `b`, a matrix or a vector."""
    a, b = _matrix(a, square=True), strong(b)
    dtype = result_type(a, b)
    vector = np.ndim(b) == np.ndim(a) - 1
    columns = astype(b[..., None] if vector else b, dtype)
    flags = {"lower": lower, "transposed": transposed, "unit_diagonal": unit_diagonal}
    x = apply(records.triangular_solve, astype(a, dtype), columns, **flags)
    return x[..., 0] if vector else x


def inv(a: Any) -> Array:
    """`np.linalg.inv`."""
    a = _matrix(a, square=True)
    return apply(records.solve, a, _identity(a), transposed=False)


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Array:
    """`np.linalg.tensorsolve`."""
    a, b = strong(a), strong(b)
    if axes is not None:
        a = np.moveaxis(a, axes, range(np.ndim(a) - len(axes), np.ndim(a)))
    shape = shape_of(a)[np.ndim(b) :]
    flat = np.reshape(a, (-1, int(np.prod(shape))))
    return np.reshape(solve(flat, np.ravel(b)), shape)


def tensorinv(a: Any, ind: int = 2) -> Array:
    """`np.linalg.tensorinv`."""
    shape = shape_of(a)
    flat = np.reshape(a, (int(np.prod(shape[:ind])), -1))
    return np.reshape(inv(flat), (*shape[ind:], *shape[:ind]))


def det(a: Any) -> Array:
    """`np.linalg.det`."""
    return apply(records.det, _matrix(a, square=True))


def slogdet(a: Any) -> Any:
    """`np.linalg.slogdet`."""
    return _SLOGDET(*apply(records.slogdet, _matrix(a, square=True)))


def cholesky(a: Any, /, *, upper: bool = False) -> Array:
    """`np.linalg.cholesky`."""
    a = _matrix(a, square=True)
    if upper:
        return _adjoint(apply(decompositions.cholesky, _adjoint(a)))
    return apply(decompositions.cholesky, a)


def qr(a: Any, mode: str = "reduced") -> Any:
    """`np.linalg.qr`, reduced, complete, or with mode "r"."""
    if mode not in ("reduced", "r", "complete"):
        raise TraceError(
            f"np.linalg.qr(mode={mode!r}) has no meaning on traced arrays",
            origin=user_origin(),
            mend="use mode='reduced', 'complete' or 'r'",
        )
    a = _matrix(a)
    rows, columns = shape_of(a)[-2:]
    q, r = apply(decompositions.qr, a)
    if mode == "complete" and rows > columns:
        q = _completed("complete_qr", q)
        r = np.concatenate(
            [r, np.zeros_like(r, shape=(*shape_of(r)[:-2], rows - columns, columns))], -2
        )
    return r if mode == "r" else _QR(q, r)


def _completed(name: str, q: Array) -> Array:
    """Orthonormal columns and a basis of what they leave, which has no derivative."""

    def rest(q: Array) -> tuple[Array]:
        return (apply(decompositions.qr, np.concatenate([q, _unit(q)], -1))[0][..., q.shape[-1] :],)

    return np.concatenate([q, *without_derivative(name, rest, q)], -1)


def _unit(like: Array) -> Array:
    """The unit matrix of as many rows, for each of a batch."""
    *batch, rows, _ = shape_of(like)
    return broadcast_to(np.eye(rows, dtype=np.result_type(like)), (*batch, rows, rows))


def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """`np.linalg.svd`; the rest of the full matrices of one that is not square has no derivative."""
    a = _hermitian(_matrix(a, square=hermitian), hermitian)
    rows, columns = shape_of(a)[-2:]
    u, s, vh = apply(spectral.svd, a)
    if compute_uv and full_matrices and rows > columns:
        u = _completed("svd_with_full_matrices", u)
    if compute_uv and full_matrices and rows < columns:
        vh = _adjoint(_completed("svd_with_full_matrices", _adjoint(vh)))
    return _SVD(u, s, vh) if compute_uv else s


def _hermitian(a: Array, is_hermitian: bool) -> Array:
    """The Hermitian matrix of which NumPy reads the lower triangle."""
    if not is_hermitian:
        return a
    below = np.tril(a, -1)
    on = np.real(a) * np.eye(shape_of(a)[-1], dtype=np.result_type(a))
    return below + _adjoint(below) + on


def svdvals(x: Any, /) -> Array:
    """`np.linalg.svdvals`."""
    return svd(x, compute_uv=False)


def eigh(a: Any, UPLO: str = "L") -> Any:
    """`np.linalg.eigh`."""
    if UPLO.upper() not in ("L", "U"):
        raise ValueError("UPLO argument must be 'L' or 'U'")
    a = _matrix(a, square=True)
    return _EIGH(*apply(spectral.eigh, a if UPLO.upper() == "L" else _adjoint(a)))


def eigvalsh(a: Any, UPLO: str = "L") -> Array:
    """`np.linalg.eigvalsh`."""
    return eigh(a, UPLO)[0]


def eig(a: Any) -> Any:
    """`np.linalg.eig`, with complex results whatever the values are."""
    return _EIG(*apply(spectral.eig, _matrix(a, square=True)))


def eigvals(a: Any) -> Array:
    """`np.linalg.eigvals`, complex whatever the values are."""
    return eig(a)[0]


def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = np._NoValue) -> Array:
    """`np.linalg.pinv`, for one number `rcond`; its derivative is that at constant rank."""
    a = _hermitian(_matrix(a, square=hermitian), hermitian)
    if rcond is None:
        rcond = 1e-15 if rtol is np._NoValue else rtol
    if rcond is None:
        rcond = max(shape_of(a)[-2:]) * np.finfo(np.result_type(a)).eps
    if is_traced(rcond) or np.ndim(rcond):
        raise TraceError(
            "np.linalg.pinv(rcond=…) takes one number, which is not traced",
            origin=user_origin(),
            mend="give a Python number",
        )
    return apply(decompositions.pinv, a, rcond=float(rcond))


def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Array, Array, Array, Array]:
    """`np.linalg.lstsq`: the least solution, residuals, rank and singular values; derivatives are those at constant rank.

    Residuals are there for a matrix of full rank with more rows than columns, as far as its rank is known.
    """
    a, b = _matrix(a), strong(b)
    dtype = result_type(a, b)
    a, b = astype(a, dtype), astype(b, dtype)
    columns = b[:, None] if np.ndim(b) == 1 else b
    rows, unknowns = shape_of(a)
    if rcond is None or rcond == -1:
        rcond = np.finfo(dtype).eps * (max(rows, unknowns) if rcond is None else 1)
    x = pinv(a, rcond) @ columns
    error = columns - a @ x
    squares = np.sum(np.real(error * np.conjugate(error)), axis=0)
    s = svdvals(a)
    rank = astype(np.count_nonzero(s > rcond * np.max(s)), np.int32)
    known = value_now(rank)
    full = rows > unknowns and (known is None or known == unknowns)
    return x if np.ndim(b) == 2 else x[:, 0], squares if full else squares[:0], rank, s


def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Array:
    """`np.linalg.matrix_rank`, without a derivative."""
    if np.ndim(A) < 2:
        return astype(np.any(A != 0), np.int64)
    s = svd(A, compute_uv=False, hermitian=hermitian)
    if tol is None:
        rtol = max(shape_of(A)[-2:]) * np.finfo(np.result_type(s)).eps if rtol is None else rtol
        tol = np.max(s, axis=-1, keepdims=True) * np.asarray(rtol)[..., None]
    else:
        tol = strong(tol)[..., None]
    return np.count_nonzero(s > tol, axis=-1)


def cond(x: Any, p: Any = None) -> Array:
    """`np.linalg.cond`."""
    x = _matrix(x)
    if p in (None, 2, -2):
        s = svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return norm(x, p, (-2, -1)) * norm(inv(x), p, (-2, -1))


_SPECTRAL: dict[Any, Callable[..., Array]] = {2: np.max, -2: np.min, "nuc": np.sum}


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    """`np.linalg.norm`."""
    axes = axes_in_order(np.ndim(x), (0, 1) if axis is None and np.ndim(x) == 2 else axis or 0)
    if ord not in _SPECTRAL or len(axes) != 2:
        return linalg.norm(x, ord, axis, keepdims)
    s = svdvals(np.moveaxis(x, axes, (-2, -1)))
    result = _SPECTRAL[ord](s, axis=-1)
    return np.expand_dims(result, axes) if keepdims else result


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Array:
    """`np.linalg.matrix_norm`."""
    return norm(x, ord, (-2, -1), keepdims)


def matrix_power(a: Any, n: int) -> Array:
    """`np.linalg.matrix_power`."""
    return linalg.matrix_power(a, n) if n >= 0 else linalg.matrix_power(inv(a), -n)


_PADE: tuple[int, ...] = (64764752532480000, 32382376266240000, 7771770303897600)
_PADE += (1187353796428800, 129060195264000, 10559470521600, 670442572800, 33522128640)
_PADE += (1323241920, 40840800, 960960, 16380, 182, 1)
"""The coefficients of the Padé approximation of order 13 of the exponential."""


def expm(a: Any) -> Array:
    """The matrix exponential, by Padé approximation, scaling and squaring; of matrices of norms up to 10⁵.

    The matrix is halved until its norm is below 4.25, and the result is squared as often: 16 squarings are in the
    program, and those that are needed are chosen.
    """
    a = _matrix(a, square=True)
    size = apply(conversion.stop_gradient, np.max(np.sum(np.abs(a), axis=-2), axis=-1))
    tiny = np.finfo(np.result_type(size)).tiny
    halvings = np.clip(np.ceil(np.log2(np.maximum(size, tiny) / 4.25)), 0, 16)[..., None, None]
    x = a * np.exp2(-halvings)
    x2 = x @ x
    x4 = x2 @ x2
    x6 = x4 @ x2
    even, odd = (_pade_terms(_PADE[k::2], _identity(a), x2, x4, x6) for k in (0, 1))
    odd = x @ odd
    result = solve(even - odd, even + odd)
    for k in range(16):
        result = np.where(halvings > k, result @ result, result)
    return result


def _pade_terms(b: tuple[int, ...], one: Array, x2: Array, x4: Array, x6: Array) -> Array:
    """Σ b[k]·x²ᵏ"""
    high = x6 @ (b[6] * x6 + b[5] * x4 + b[4] * x2)
    return high + b[3] * x6 + b[2] * x4 + b[1] * x2 + b[0] * one


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.linalg.solve: solve,
    np.linalg.inv: inv,
    np.linalg.tensorsolve: tensorsolve,
    np.linalg.tensorinv: tensorinv,
    np.linalg.det: det,
    np.linalg.slogdet: slogdet,
    np.linalg.cholesky: cholesky,
    np.linalg.qr: qr,
    np.linalg.svd: svd,
    np.linalg.svdvals: svdvals,
    np.linalg.eigh: eigh,
    np.linalg.eigvalsh: eigvalsh,
    np.linalg.eig: eig,
    np.linalg.eigvals: eigvals,
    np.linalg.pinv: pinv,
    np.linalg.lstsq: lstsq,
    np.linalg.matrix_rank: matrix_rank,
    np.linalg.cond: cond,
    np.linalg.norm: norm,
    np.linalg.matrix_norm: matrix_norm,
    np.linalg.matrix_power: matrix_power,
}
"""What each of NumPy's functions is on traced arrays."""
