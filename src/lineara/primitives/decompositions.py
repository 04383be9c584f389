"""Triangular and orthogonal decompositions of matrices, and the pseudoinverse."""

from __future__ import annotations

from typing import Any

import numpy as np

from lineara.errors import ShapeError
from lineara.ir import ArrayType, Primitive
from lineara.primitives.conversion import (
    conj,
)
from lineara.primitives.elimination import is_small, lower_factor
from lineara.primitives.failures import DIVERGED, check_finite, failure, refuse_infinite
from lineara.primitives.forms import INEXACT, as_it_stands, differentiable, real_of
from lineara.primitives.linalg import triangular_solve
from lineara.primitives.matrices import (
    adjoint,
    band,
    check_matrix,
    conjugate,
    half_lower,
    hermitian,
    is_regular,
    matmul,
    matrix_transpose,
    rectangles,
    squares,
    work_of,
)
from lineara.primitives.shape import crop

Types = tuple[ArrayType, ...]


def _infer_cholesky(a: ArrayType) -> tuple[ArrayType, ...]:
    check_matrix("cholesky", INEXACT, a, square=True)
    return (a,)


def _solve_right(x: Any, lower: Any) -> Any:
    """x l⁻ᴴ"""
    turned = triangular_solve(
        conjugate(lower), matrix_transpose(x), lower=True, transposed=False, unit_diagonal=False
    )
    return matrix_transpose(turned)


def _jvp_cholesky(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
    """l̇ = l Φ(l⁻¹ ȧ l⁻ᴴ), where Φ takes half the diagonal and what is below it."""
    (lower,), (a_dot,) = results, tangents
    left = triangular_solve(
        lower, hermitian(a_dot), lower=True, transposed=False, unit_diagonal=False
    )
    return [matmul(lower, half_lower(_solve_right(left, lower)))]


def _is_positive(a: Any) -> bool:
    if not a.size:
        return True
    if not np.all(np.isfinite(a)):
        return False
    values = np.linalg.eigvalsh(a)
    return bool(np.all(values[..., 0] > 0.3) and np.all(values[..., -1] < 8 * values[..., 0]))


def _routine_cholesky(m: Any, operands: Any, results: Any) -> None:
    a, factor = m.view(operands[0]), m.view(results[0])
    failed = failure("Matrix is not positive definite")
    if is_small(a.shape):
        m.unrolled(lambda a: [lower_factor(m, a, failed)], [a], [factor], [2, 2])
    else:
        m.matrices("cholesky_lo", [a], [factor], failed)


cholesky: Primitive = differentiable(
    "cholesky",
    "the lower triangular l with l lᴴ = a, of which the lower triangle is read",
    np.linalg.cholesky,
    _infer_cholesky,
    _jvp_cholesky,
    batch=as_it_stands,
    family="decompositions",
    work=work_of(2),
    admits=_is_positive,
    routine=_routine_cholesky,
    examples=squares((1, 2)),
)


def _tall(x: Any, k: int) -> Any:
    """The first k columns."""
    r = len(x.type.shape)
    rest = x.type.shape[-1] - k
    return crop(x, low=(0,) * r, high=(*(0,) * (r - 1), rest)) if rest else x


def _infer_qr(a: ArrayType) -> tuple[ArrayType, ...]:
    check_matrix("qr", INEXACT, a)
    *batch, m, n = a.shape
    k = min(m, n)
    return (ArrayType(a.dtype, (*batch, m, k)), ArrayType(a.dtype, (*batch, k, n)))


def _jvp_qr(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
    """From x = ȧ r⁻¹ the skew part ω of qᴴ x: q̇ = x − q (qᴴ x − ω), and then ṙ = qᴴ (ȧ − q̇ r).

    The diagonal of r is real. Columns beyond the rows of the matrix are not read by q.
    """
    (q, r), (a_dot,) = results, tangents
    k, n = r.type.shape[-2:]
    square = _tall(r, k)
    x = matrix_transpose(
        triangular_solve(
            square,
            matrix_transpose(_tall(a_dot, k)),
            lower=False,
            transposed=True,
            unit_diagonal=False,
        )
    )
    inside = matmul(adjoint(q), x)
    below = band(inside, low=-k, high=-1)
    skew = below - adjoint(below)
    if a_dot.type.dtype.kind == "c":
        on = band(inside, low=0, high=0)
        skew = skew + (on - conj(on)).scaled(on.full(0.5))
    q_dot = x - matmul(q, inside - skew)
    r_dot = matmul(adjoint(q), a_dot - matmul(q_dot, r))
    return [q_dot, band(r_dot, low=0, high=n)]


def _routine_qr(m: Any, operands: Any, results: Any) -> None:
    k, n = results[1].type.shape[-2:]
    if not k:
        return
    failed = failure("Incorrect argument found while performing QR factorization")
    with m.every([*map(m.view, (*operands, *results))], [2, 2, 2]) as (a, q, r):
        raw, scales = m.widened(a), m.space(m.wide(a.dtype), (k,))
        m.matrices("qr_r_raw", [raw], [scales], failed)
        m.matrices("qr_reduced", [raw, scales], [q], failed)
        with m.loop(k) as i, m.loop(n) as j:
            place = i * n + j
            value = m.load(m.at(raw.pointer, place, raw.dtype), raw.dtype)
            upper = m.where(m.ge(j, i), value, 0)
            m.store(m.at(r.pointer, place, r.dtype), m.convert(upper, r.dtype))


def _has_regular_columns(a: Any) -> bool:
    return is_regular(a[..., : min(a.shape[-2:])])


qr: Primitive = differentiable(
    "qr",
    "q with orthonormal columns and upper triangular r with q r = a",
    lambda a: tuple(np.linalg.qr(a)),
    _infer_qr,
    _jvp_qr,
    batch=as_it_stands,
    family="decompositions",
    work=work_of(6),
    admits=_has_regular_columns,
    routine=_routine_qr,
    examples=rectangles(),
)


def _infer_pinv(a: ArrayType, *, rcond: float) -> tuple[ArrayType, ...]:
    check_matrix("pinv", INEXACT, a)
    if not isinstance(rcond, int | float):
        raise ShapeError(f"`pinv` has no rcond={rcond!r}", mend="give a number")
    return (ArrayType(a.dtype, (*a.shape[:-2], a.shape[-1], a.shape[-2])),)


def _jvp_pinv(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
    """ṗ = p pᴴ ȧᴴ (1 − a p) + (1 − p a) ȧᴴ pᴴ p − p ȧ p, where the rank does not change."""
    (a,), (p,), (a_dot,) = operands, results, tangents
    turned = adjoint(a_dot)
    left = matmul(matmul(p, adjoint(p)), turned)
    right = matmul(turned, matmul(adjoint(p), p))
    outside = left - matmul(matmul(left, a), p) + right - matmul(p, matmul(a, right))
    return [outside - matmul(matmul(p, a_dot), p)]


def _pinv(a: Any, *, rcond: float) -> Any:
    check_finite(a)
    return np.linalg.pinv(a, rcond)


def _routine_pinv(m: Any, operands: Any, results: Any, *, rcond: float) -> None:
    """As NumPy: the columns of u over the singular values, times v."""
    if not operands[0].type.size:
        return
    refuse_infinite(m, m.view(operands[0]))
    with m.every([m.view(operands[0]), m.view(results[0])], [2, 2]) as (a, result):
        rows, columns = a.shape
        k, dtype, real = min(a.shape), a.dtype, real_of(a.dtype)
        u, s, vh = m.space(dtype, (rows, k)), m.space(real, (k,)), m.space(dtype, (k, columns))
        m.matrices("svd_s", [m.mapped(m.conj, a)], [u, s, vh], failure(DIVERGED))
        largest = m.variable(m.value(s))
        with m.loop(k) as i:
            largest.set(m.maximum(largest.get(), m.load(m.at(s.pointer, i, real), real)))
        double = m.wide(real)
        cutoff = m.convert(largest.get(), double) * rcond

        def inverse(x: Any) -> Any:
            return m.where(m.gt(m.convert(x, double), cutoff), 1 / x, 0)

        m.map(inverse, [s], s)
        m.map(lambda x, f: m.convert(f, dtype) * x, [u, s.repeated(rows)], u)
        m.product(vh.swapped(), u.swapped(), result)


pinv: Primitive = differentiable(
    "pinv",
    "the pseudoinverse; singular values up to rcond times the largest count as 0",
    _pinv,
    _infer_pinv,
    _jvp_pinv,
    batch=as_it_stands,
    family="decompositions",
    work=work_of(12),
    admits=is_regular,
    routine=_routine_pinv,
    examples=rectangles(attributes=(("rcond", 1e-6),)),
)
