"""Decompositions by eigenvalues and by singular values.

What they leave open, their evaluation chooses as LAPACK does: signs, phases, a basis for equal eigenvalues. The tangents of
`eigh` and `svd` leave phases and bases as they are (no part of a tangent lies along them), so that derivatives of what
does not depend on the choice are right, for equal eigenvalues too. The vectors of `eig` have no such freedom.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lineara.ir import ArrayType, Example, Primitive
from lineara.primitives.arithmetic import Expr
from lineara.primitives.comparison import eq, select
from lineara.primitives.conversion import (
    complex_,
    complex_of,
    conj,
    converted,
    imag,
    real,
)
from lineara.primitives.failures import (
    DIVERGED,
    check_finite,
    decomposition,
    failure,
    refuse_infinite,
)
from lineara.primitives.forms import INEXACT, as_it_stands, differentiable, real_of
from lineara.primitives.linalg import solve
from lineara.primitives.matrices import (
    adjoint,
    along_columns,
    along_rows,
    are_apart,
    band,
    check_matrix,
    diagonal,
    hermitian,
    identity,
    is_regular,
    matmul,
    rectangles,
    spread,
    squares,
    weighted,
    work_of,
)
from lineara.primitives.piecewise import abs_
from lineara.primitives.reductions import reduce_max
from lineara.primitives.shape import reduce_sum


def _reciprocal(x: Any) -> Any:
    """1/x, and 0 where x is 0."""
    zero = eq(x, x.full(0))
    return select(zero, x.full(0), 1 / select(zero, x.full(1), x))


def _gaps(w: Any) -> Any:
    """w[j] − w[i], at row i and column j."""
    n = w.type.shape[-1]
    return along_columns(w, n) - along_rows(w, n)


def _infer_eigh(a: ArrayType) -> tuple[ArrayType, ...]:
    check_matrix("eigh", INEXACT, a, square=True)
    return (ArrayType(real_of(a.dtype), a.shape[:-1]), a)


def _jvp_eigh(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
    """With m = vᴴ ȧ v: ẇ is the diagonal of m, and v̇ = v (m / gaps)."""
    (w, v), (a_dot,) = results, tangents
    m = matmul(matmul(adjoint(v), hermitian(a_dot)), v)
    turn = converted(_reciprocal(_gaps(w)), m.type.dtype)
    w_dot = diagonal(m)
    if m.type.dtype.kind == "c":
        w_dot = real(w_dot)
    return [w_dot, matmul(v, m.scaled(turn))]


def _has_eigenvalues_apart(a: Any) -> bool:
    return not a.size or bool(np.all(np.isfinite(a)) and are_apart(np.linalg.eigvalsh(a)))


def _read_eigh(w: Expr, v: Expr) -> list[Any]:
    return [w, matmul(weighted(v), adjoint(v))]


eigh: Primitive = differentiable(
    "eigh",
    "ascending eigenvalues w and eigenvectors v of a Hermitian matrix, of which the lower triangle is read",
    lambda a: tuple(np.linalg.eigh(a)),
    _infer_eigh,
    _jvp_eigh,
    batch=as_it_stands,
    family="decompositions",
    work=work_of(4),
    admits=_has_eigenvalues_apart,
    routine=decomposition("eigh_lo", "Eigenvalues did not converge"),
    examples=tuple(
        Example(e.operands, reading=_read_eigh if e.operands[0].dtype.kind == "c" else None)
        for e in squares()
    ),
)


def _eig(a: Any) -> tuple[Any, ...]:
    w, v = np.linalg.eig(a)
    return w, v


def _routine_eig(m: Any, operands: Any, results: Any) -> None:
    a = m.view(operands[0])
    infinite = m.any(lambda x: ~m.isfinite(x), a)
    m.fail_if(infinite.value, failure("Array must not contain infs or NaNs"))
    m.matrices("eig", [a], [*map(m.view, results)], failure("Eigenvalues did not converge"))


def _infer_eig(a: ArrayType) -> tuple[ArrayType, ...]:
    check_matrix("eig", INEXACT, a, square=True)
    dtype = complex_of(real_of(a.dtype))
    return (ArrayType(dtype, a.shape[:-1]), ArrayType(dtype, a.shape))


def _largest_in_columns(v: Any) -> Any:
    """1 at the element of each column that has the largest modulus, shares where several have it; 0 elsewhere."""
    rows = len(v.type.shape) - 2
    n = v.type.shape[rows]
    size = abs_(v)
    found = eq(size, along_columns(reduce_max(size, axes=(rows,)), n))
    marks = converted(found, v.type.dtype)
    return marks / along_columns(reduce_sum(marks, axes=(rows,)), n)


def _jvp_eig(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
    """With m = v⁻¹ ȧ v: ẇ is the diagonal of m, and v̇ = v (m / gaps), less what changes norms and phases.

    The columns of v have norm 1, and their largest elements are real.
    """
    (w, v), (a_dot,) = results, tangents
    rows, n = len(v.type.shape) - 2, v.type.shape[-1]
    if not v.type.size:
        return [None, None]
    inverse = solve(v, identity(v, n), transposed=False)
    m = matmul(matmul(inverse, converted(a_dot, v.type.dtype)), v)
    free = matmul(v, m.scaled(_reciprocal(_gaps(w))))
    longer = reduce_sum(free.scaled(conj(v)), axes=(rows,))
    marks = _largest_in_columns(v)
    turned = reduce_sum(free.scaled(marks * _reciprocal(v)), axes=(rows,))
    along = complex_(real(longer), imag(turned))
    return [diagonal(m), free - along_columns(along, n).scaled(v)]


def _is_diagonalizable(a: Any) -> bool:
    if not a.size:
        return True
    if not np.all(np.isfinite(a)):
        return False
    w, v = np.linalg.eig(a)
    sizes = np.sort(np.abs(v), axis=-2)
    clear = a.shape[-1] == 1 or np.all(sizes[..., -1, :] - sizes[..., -2, :] > 0.05)
    return bool(are_apart(w) and spread(v) < 8 and clear)


eig: Primitive = differentiable(
    "eig",
    "eigenvalues w and eigenvectors v of a matrix, complex; the columns of v have norm 1 and a real largest element",
    _eig,
    _infer_eig,
    _jvp_eig,
    batch=as_it_stands,
    family="decompositions",
    work=work_of(12),
    admits=_is_diagonalizable,
    routine=_routine_eig,
    examples=squares(),
)


def _svd(a: Any) -> tuple[Any, ...]:
    check_finite(a)
    return tuple(np.linalg.svd(a, full_matrices=False))


def _routine_svd(m: Any, operands: Any, results: Any) -> None:
    refuse_infinite(m, m.view(operands[0]))
    decomposition("svd_s", DIVERGED)(m, operands, results)


def _infer_svd(a: ArrayType) -> tuple[ArrayType, ...]:
    check_matrix("svd", INEXACT, a)
    *batch, m, n = a.shape
    k = min(m, n)
    return (
        ArrayType(a.dtype, (*batch, m, k)),
        ArrayType(real_of(a.dtype), (*batch, k)),
        ArrayType(a.dtype, (*batch, k, n)),
    )


def _jvp_svd(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
    """With m = uᴴ ȧ v: ṡ is the diagonal of m; u and v turn by (m s + s mᴴ)/gaps and (s m + mᴴ s)/gaps.

    The gaps are those of s². What of ȧ leads out of the spaces that u and v span is added.
    """
    (u, s, vh), (a_dot,) = results, tangents
    dtype, k = u.type.dtype, s.type.shape[-1]
    across, below = matmul(adjoint(u), a_dot), matmul(a_dot, adjoint(vh))
    m = matmul(across, adjoint(vh))
    sums = along_columns(s, k) + along_rows(s, k)
    turn = _reciprocal(_gaps(s) * sums)
    of_column = converted(turn * along_columns(s, k), dtype)
    of_row = converted(turn * along_rows(s, k), dtype)
    turn_u = m.scaled(of_column) + adjoint(m).scaled(of_row)
    turn_v = m.scaled(of_row) + adjoint(m).scaled(of_column)
    s_dot, inverse = diagonal(m), _reciprocal(s)
    if dtype.kind == "c":
        on = band(m, low=0, high=0)
        halves = converted(along_columns(inverse * 0.5, k), dtype)
        turn_u = turn_u + (on - conj(on)).scaled(halves)
        s_dot = real(s_dot)
    u_dot, vh_dot = matmul(u, turn_u), -matmul(turn_v, vh)
    if u.type.shape[-2] > k:
        out = below - matmul(u, m)
        u_dot = u_dot + out.scaled(converted(along_columns(inverse, u.type.shape[-2]), dtype))
    if vh.type.shape[-1] > k:
        out = across - matmul(m, vh)
        vh_dot = vh_dot + out.scaled(converted(along_rows(inverse, vh.type.shape[-1]), dtype))
    return [u_dot, s_dot, vh_dot]


def _has_singular_values_apart(a: Any) -> bool:
    if not a.size:
        return True
    return is_regular(a) and are_apart(np.linalg.svd(a, compute_uv=False))


def _read_svd(u: Expr, s: Expr, vh: Expr) -> list[Any]:
    return [s, matmul(weighted(u), vh)]


svd: Primitive = differentiable(
    "svd",
    "u with orthonormal columns, descending s ≥ 0 and vᴴ with orthonormal rows with u diag(s) vᴴ = a",
    _svd,
    _infer_svd,
    _jvp_svd,
    batch=as_it_stands,
    family="decompositions",
    work=work_of(12),
    admits=_has_singular_values_apart,
    routine=_routine_svd,
    examples=rectangles(_read_svd),
)
