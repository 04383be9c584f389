"""Systems of linear equations and determinants.

A solution is linear in the right-hand side. The pairing of complex values has no conjugate, so that the transpose of a solve
is a solve with the transposed matrix, not the adjoint one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from lineara.errors import ShapeError
from lineara.ir import ArrayType, Attributes, Example, Primitive
from lineara.primitives.arithmetic import Expr
from lineara.primitives.conversion import converted, imag, real
from lineara.primitives.elimination import (
    cofactors_of,
    determinant,
    is_small,
    sign_and_logarithm,
    solved,
    solved_triangle,
)
from lineara.primitives.failures import DIVERGED, check_finite, failure, refuse_infinite
from lineara.primitives.forms import (
    INEXACT,
    as_it_stands,
    differentiable,
    multilinear,
    real_of,
    sum_of,
)
from lineara.primitives.matrices import (
    band,
    check_matrix,
    check_system,
    identity,
    inner,
    is_regular,
    matmul,
    matrix_transpose,
    squares,
)
from lineara.primitives.shape import broadcast

Types = tuple[ArrayType, ...]
Shape = tuple[int, ...]
RIGHT = (frozenset((1,)),)


def _check_flags(name: str, **flags: Any) -> None:
    for flag, value in flags.items():
        if not isinstance(value, bool):
            raise ShapeError(f"`{name}` has no {flag}={value!r}", mend="give true or false")


def _work_solve(operands: Types, results: Types, attributes: Attributes) -> int:
    """An elimination, and a product with each right-hand side."""
    a, b = operands
    n = a.shape[-1]
    return max(a.size * n + b.size * (n + 2), b.size)


def _work_triangular(operands: Types, results: Types, attributes: Attributes) -> int:
    """A product with each right-hand side."""
    a, b = operands
    return a.size + b.size * (a.shape[-1] + 2)


def _turned(a: Any, transposed: bool) -> Any:
    return matrix_transpose(a) if transposed else a


def _solve(a: Any, b: Any, *, transposed: bool) -> Any:
    return np.linalg.solve(np.swapaxes(a, -1, -2) if transposed else a, b)


def _routine_solve(m: Any, operands: Any, results: Any, *, transposed: bool) -> None:
    a, b, x = map(m.view, (*operands, *results))
    a = a.swapped() if transposed else a
    failed = failure("Singular matrix")
    if is_small(a.shape, b.shape):
        m.unrolled(lambda a, b: [solved(m, a, b, failed)], [a, b], [x], [2, 2, 2])
    else:
        m.matrices("solve", [a, b], [x], failed)


def _infer_solve(a: ArrayType, b: ArrayType, *, transposed: bool) -> tuple[ArrayType, ...]:
    check_system("solve", INEXACT, a, b)
    _check_flags("solve", transposed=transposed)
    return (b,)


def _jvp_solve(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
    """a ẋ = ḃ − ȧ x"""
    (a, _), (x,), (a_dot, b_dot) = operands, results, tangents
    driven = [] if b_dot is None else [b_dot]
    if a_dot is not None:
        driven.append(-matmul(_turned(a_dot, attributes["transposed"]), x))
    return [solve(a, sum_of(driven), **attributes)]


def _systems(*attributes: tuple[tuple[str, Any], ...]) -> tuple[Example, ...]:
    shapes: list[tuple[str, Shape, int]] = [
        ("f64", (2, 2), 3),
        ("f32", (2, 2), 1),
        ("f64", (0, 0), 2),
    ]
    shapes += [("c128", (2, 2, 2), 1), ("f64", (1, 1), 1), ("c64", (2, 2), 2), ("f64", (3, 3), 3)]
    return tuple(
        Example((ArrayType(dtype, shape), ArrayType(dtype, (*shape[:-1], k))), given)
        for i, (dtype, shape, k) in enumerate(shapes)
        for given in attributes[i % len(attributes) :][:1]
    )


solve: Primitive = multilinear(
    "solve",
    "the x with a x = b, or aᵀ x = b if transposed",
    _solve,
    _infer_solve,
    lambda operands, cotangents, *, transposed: [
        solve(operands[0], cotangents[0], transposed=not transposed)
    ],
    linear_in=RIGHT,
    batch=as_it_stands,
    family="linalg",
    work=_work_solve,
    jvp=_jvp_solve,
    routine=_routine_solve,
    admits=is_regular,
    examples=_systems((("transposed", False),), (("transposed", True),)),
)


def _each_triangular(a: Any, b: Any, *, lower: bool, transposed: bool, unit_diagonal: bool) -> Any:
    if not b.size:
        return b
    given = {"lower": lower, "trans": int(transposed), "unit_diagonal": unit_diagonal}
    pairs = zip(a.reshape(-1, *a.shape[-2:]), b.reshape(-1, *b.shape[-2:]), strict=True)
    return np.reshape(
        [solve_triangular(one, other, check_finite=False, **given) for one, other in pairs],
        b.shape,
    )


def _routine_triangular(
    m: Any, operands: Any, results: Any, *, lower: bool, transposed: bool, unit_diagonal: bool
) -> None:
    failed = failure("singular matrix: resolution failed at diagonal {}")
    a, b, x = views = [*map(m.view, (*operands, *results))]
    given: dict[str, Any] = {"unit_diagonal": unit_diagonal, "failure": failed}
    if is_small(a.shape, b.shape):
        turned, given["lower"] = a.swapped() if transposed else a, lower ^ transposed
        m.unrolled(lambda a, b: [solved_triangle(m, a, b, **given)], [turned, b], [x], [2, 2, 2])
    elif x.size:
        with m.every(views, [2, 2, 2]) as (a, b, x):
            m.triangular_system(a, b, x, lower=lower, transposed=transposed, **given)


def _infer_triangular(
    a: ArrayType, b: ArrayType, *, lower: bool, transposed: bool, unit_diagonal: bool
) -> tuple[ArrayType, ...]:
    check_system("triangular_solve", INEXACT, a, b)
    flags = {"lower": lower, "transposed": transposed, "unit_diagonal": unit_diagonal}
    _check_flags("triangular_solve", **flags)
    return (b,)


def _triangle(a: Any, lower: bool, unit_diagonal: bool) -> Any:
    """The part of a matrix that a triangular solve reads."""
    n = a.type.shape[-1]
    return band(a, low=-n if lower else int(unit_diagonal), high=-unit_diagonal if lower else n)


def _jvp_triangular(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
    """a ẋ = ḃ − ȧ x, for the triangle that is read."""
    (a, _), (x,), (a_dot, b_dot) = operands, results, tangents
    driven = [] if b_dot is None else [b_dot]
    if a_dot is not None:
        moved = _triangle(a_dot, attributes["lower"], attributes["unit_diagonal"])
        driven.append(-matmul(_turned(moved, attributes["transposed"]), x))
    return [triangular_solve(a, sum_of(driven), **attributes)]


def _is_regular_in_triangles(a: Any, b: Any) -> bool:
    diagonal = np.abs(np.diagonal(a, axis1=-2, axis2=-1))
    return bool(np.all(np.isfinite(a)) and np.all(diagonal > 0.5))


triangular_solve: Primitive = multilinear(
    "triangular_solve",
    "the x with a x = b, or aᵀ x = b, for one triangle of a, with ones on the diagonal or as it is",
    _each_triangular,
    _infer_triangular,
    lambda operands, cotangents, *, transposed, **others: [
        triangular_solve(operands[0], cotangents[0], transposed=not transposed, **others)
    ],
    linear_in=RIGHT,
    batch=as_it_stands,
    family="linalg",
    work=_work_triangular,
    jvp=_jvp_triangular,
    routine=_routine_triangular,
    admits=_is_regular_in_triangles,
    examples=_systems(
        (("lower", True), ("transposed", False), ("unit_diagonal", False)),
        (("lower", False), ("transposed", True), ("unit_diagonal", False)),
        (("lower", True), ("transposed", True), ("unit_diagonal", True)),
        (("lower", False), ("transposed", False), ("unit_diagonal", True)),
    ),
)


def work_of_elimination(operands: Types, results: Types, attributes: Attributes) -> int:
    """n³ operations for each matrix, and one at least for each number."""
    a = operands[0]
    return a.size * (a.shape[-1] + 1) + sum(r.size for r in results)


def _cofactors(a: Any) -> Any:
    """By singular values, so that singular matrices need no care."""
    if not a.size:
        return a
    check_finite(a)
    u, s, vh = np.linalg.svd(a)
    n = s.shape[-1]
    others = np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(-1)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return sign[..., None, None] * (np.conj(u) * others[..., None, :]) @ np.conj(vh)


def _routine_cofactors(m: Any, operands: Any, results: Any) -> None:
    if not operands[0].type.size:
        return
    failed = failure(DIVERGED)
    if is_small(operands[0].type.shape):
        views = [m.view(operands[0])], [m.view(results[0])]
        m.unrolled(lambda a: [cofactors_of(m, a, failed)], *views, [2, 2])
        return
    refuse_infinite(m, m.view(operands[0]))
    with m.every([m.view(operands[0]), m.view(results[0])], [2, 2]) as (a, result):
        n, dtype, real = a.shape[0], a.dtype, real_of(a.dtype)
        u, vh, scaled = (m.space(dtype, (n, n)) for _ in range(3))
        s, others, signs = m.space(real, (n,)), m.space(real, (n,)), m.space(dtype, (2,))
        m.matrices("svd_f", [a], [u, s, vh], failed)
        with m.loop(n) as j:
            product = m.variable(m.constant(1, real))
            with m.loop(n) as i:
                factor = m.load(m.at(s.pointer, i, real), real)
                product.set(product.get() * m.where(m.eq(i, j), 1, factor))
            m.store(m.at(others.pointer, j, real), product.get())
        for matrix, sign in ((u, m.within(signs, 0, 1)), (vh, m.within(signs, 1, 2))):
            m.matrices("det", [matrix], [sign.last(0, sign.pointer)])
        sign = m.value(m.within(signs, 0, 1)) * m.value(m.within(signs, 1, 2))
        m.map(
            lambda x, f: sign * (m.conj(x) * m.convert(f, dtype)), [u, others.repeated(n)], scaled
        )
        m.map(m.conj, [vh], vh)
        m.product(scaled, vh, result)


def _square(name: str) -> Any:
    def infer(a: ArrayType) -> tuple[ArrayType, ...]:
        check_matrix(name, INEXACT, a, square=True)
        return (a,)

    return infer


def _inverse_transposed(a: Expr) -> Any:
    return solve(a, identity(a, a.type.shape[-1]), transposed=True)


def _jvp_cofactors(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
    """Ċ = ⟨a⁻ᵀ, ȧ⟩ C − C ȧᵀ a⁻ᵀ, for a regular matrix."""
    (a,), (c,), (a_dot,) = operands, results, tangents
    inverse = _inverse_transposed(a)
    moved = matmul(matmul(c, matrix_transpose(a_dot)), inverse)
    return [_spread_over(inner(inverse, a_dot), c).scaled(c) - moved]


def _spread_over(scalars: Any, matrices: Any) -> Any:
    """A scalar for each matrix, at each of its elements."""
    from_shape = tuple(range(len(scalars.type.shape)))
    return broadcast(scalars, shape=matrices.type.shape, axes=from_shape)


def _work_cofactors(operands: Types, results: Types, attributes: Attributes) -> int:
    """A decomposition."""
    a = operands[0]
    return a.size * (4 * a.shape[-1] + 4)


cofactors: Primitive = differentiable(
    "cofactors",
    "det a · a⁻ᵀ, of singular matrices too: the gradient of the determinant",
    _cofactors,
    _square("cofactors"),
    _jvp_cofactors,
    batch=as_it_stands,
    family="linalg",
    work=_work_cofactors,
    routine=_routine_cofactors,
    admits=is_regular,
    examples=squares(),
)


def _infer_det(a: ArrayType) -> tuple[ArrayType, ...]:
    check_matrix("det", INEXACT, a, square=True)
    return (ArrayType(a.dtype, a.shape[:-2]),)


def _routine_det(m: Any, operands: Any, results: Any) -> None:
    a, d = m.view(operands[0]), m.view(results[0])
    if is_small(a.shape):
        m.unrolled(lambda a: [determinant(m, a)], [a], [d], [2, 0])
    else:
        m.matrices("det", [a], [d])


det: Primitive = differentiable(
    "det",
    "the determinant",
    np.linalg.det,
    _infer_det,
    lambda operands, results, tangents, attributes: [inner(cofactors(operands[0]), tangents[0])],
    routine=_routine_det,
    batch=as_it_stands,
    family="linalg",
    work=work_of_elimination,
    examples=squares(),
)


def _infer_slogdet(a: ArrayType) -> tuple[ArrayType, ...]:
    check_matrix("slogdet", INEXACT, a, square=True)
    batch = a.shape[:-2]
    return (ArrayType(a.dtype, batch), ArrayType(real_of(a.dtype), batch))


def _jvp_slogdet(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
    """The logarithm of the determinant moves by t = ⟨a⁻ᵀ, ȧ⟩, of which the modulus has the real part."""
    (a,), (sign, _) = operands, results
    t = inner(_inverse_transposed(a), tangents[0])
    if a.type.dtype.kind != "c":
        return [None, t]
    turned = converted(imag(t), a.type.dtype).scaled(sign * 1j)
    return [turned, real(t)]


def _routine_slogdet(m: Any, operands: Any, results: Any) -> None:
    a, made = m.view(operands[0]), [*map(m.view, results)]
    if is_small(a.shape):
        m.unrolled(lambda a: sign_and_logarithm(m, a), [a], made, [2, 0, 0])
    else:
        m.matrices("slogdet", [a], made)


slogdet: Primitive = differentiable(
    "slogdet",
    "the sign of the determinant, or its phase, and the logarithm of its modulus",
    lambda a: tuple(np.linalg.slogdet(a)),
    _infer_slogdet,
    _jvp_slogdet,
    routine=_routine_slogdet,
    batch=as_it_stands,
    family="linalg",
    work=work_of_elimination,
    admits=is_regular,
    examples=squares(),
)
