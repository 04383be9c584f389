"""Systems, determinants and factors of small matrices in machine code: unrolled, in registers, several matrices at a time.

A matrix is a list of rows of numbers of an arithmetic `m`. Each number has the lanes of as many matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

Matrix = list[list[Any]]
LONG = np.dtype(np.int64)
SMALL, FEW = 4, 16
"""The rows of a matrix, and the elements of a right-hand side, up to which code is unrolled."""


def is_small(*shapes: Sequence[int]) -> bool:
    """Whether matrices of these shapes are small enough, and not empty; the first is square."""
    rows = shapes[0][-1]
    return 0 < rows <= SMALL and all(0 < s[-1] * s[-2] <= FEW for s in shapes)


def minus(m: Any, x: Any, c: Any, y: Any) -> Any:
    """x − c·y"""
    return m.fma(-c, y, x) if x.kind == "f" else x - c * y


def _size(m: Any, x: Any) -> Any:
    """What LAPACK chooses a pivot by."""
    return m.abs(x) if x.kind == "f" else m.abs(x.real) + m.abs(x.imag)


def _reciprocal(m: Any, x: Any) -> Any:
    """1/x, and 1 where x is 0."""
    return 1 / m.where(m.eq(x, 0), m.full_like(x, 1), x)


def any_of(m: Any, conditions: Sequence[Any]) -> Any:
    """Whether one of the conditions holds on some lane, as one bit."""
    return m.reduce_or(reduce(m.bit_or, conditions)).value


def transposed(a: Matrix) -> Matrix:
    """aᵀ"""
    return [list(column) for column in zip(*a, strict=True)]


def eliminated(m: Any, a: Matrix, b: Matrix) -> tuple[Matrix, list[Any], Any]:
    """Gauss's elimination with the largest pivots: the rows of (a, b), the reciprocals of the pivots, and the permutation.

    The latter is whether it is odd. After a pivot that is 0, the rest means nothing.
    """
    n = len(a)
    rows = [[*x, *y] for x, y in zip(a, b, strict=True)]
    odd = m.ne(m.full_like(_size(m, rows[0][0]), 0), 0)
    inverses = []
    for j in range(n):
        for i in range(j + 1, n):
            larger = m.gt(_size(m, rows[i][j]), _size(m, rows[j][j]))
            pairs = list(zip(rows[j], rows[i], strict=True))
            rows[j] = [m.where(larger, y, x) for x, y in pairs]
            rows[i] = [m.where(larger, x, y) for x, y in pairs]
            odd = odd ^ larger
        inverses.append(_reciprocal(m, rows[j][j]))
        for i in range(j + 1, n):
            c = rows[i][j] * inverses[j]
            rest = zip(rows[i][j + 1 :], rows[j][j + 1 :], strict=True)
            rows[i][j + 1 :] = [minus(m, x, c, y) for x, y in rest]
    return rows, inverses, odd


def solved(m: Any, a: Matrix, b: Matrix, failure: Any) -> Matrix:
    """The x with a x = b; fails where a pivot is 0."""
    n = len(a)
    rows, inverses, _ = eliminated(m, a, b)
    m.fail_if(any_of(m, [m.eq(rows[j][j], 0) for j in range(n)]), failure)
    x = [row[n:] for row in rows]
    for i in reversed(range(n)):
        for j in range(i + 1, n):
            x[i] = [minus(m, u, rows[i][j], v) for u, v in zip(x[i], x[j], strict=True)]
        x[i] = [u * inverses[i] for u in x[i]]
    return x


def solved_triangle(
    m: Any, a: Matrix, b: Matrix, failure: Any, *, lower: bool, unit_diagonal: bool
) -> Matrix:
    """The x with a x = b for one triangle of a; fails at the first zero on the diagonal."""
    n = len(a)
    if not unit_diagonal:
        _refuse_zeros(m, [m.eq(a[i][i], 0) for i in range(n)], failure)
    x = [list(row) for row in b]
    order = range(n) if lower else range(n - 1, -1, -1)
    for i in order:
        for j in order[: order.index(i)]:
            x[i] = [minus(m, u, a[i][j], v) for u, v in zip(x[i], x[j], strict=True)]
        if not unit_diagonal:
            inverse = 1 / a[i][i]
            x[i] = [u * inverse for u in x[i]]
    return x


def _refuse_zeros(m: Any, zeros: Sequence[Any], failure: Any) -> None:
    """Fail with the first place of a zero in the first matrix that has one."""
    places = m.constant(len(zeros), LONG, zeros[0].lanes)
    for i in reversed(range(len(zeros))):
        places = m.where(zeros[i], i, places)
    first = m.lane(places, places.lanes - 1)
    for lane in reversed(range(places.lanes - 1)):
        place = m.lane(places, lane)
        first = m.where(m.lt(place, len(zeros)), place, first)
    m.fail_if(any_of(m, zeros), failure, first.value)


def determinant(m: Any, a: Matrix) -> Any:
    """The product of the pivots, with the sign of their permutation."""
    rows, _, odd = eliminated(m, a, [[] for _ in a])
    product = reduce(m.mul, [row[i] for i, row in enumerate(rows)])
    zero = reduce(m.bit_or, [m.eq(row[i], 0) for i, row in enumerate(rows)])
    return m.where(zero, 0, m.where(odd, -product, product))


def sign_and_logarithm(m: Any, a: Matrix) -> tuple[Any, Any]:
    """The sign of the determinant, or its phase, and the logarithm of its modulus."""
    rows, _, odd = eliminated(m, a, [[] for _ in a])
    pivots = [row[i] for i, row in enumerate(rows)]
    sizes = [m.abs(p) for p in pivots]
    zero = reduce(m.bit_or, [m.eq(s, 0) for s in sizes])
    logarithm = reduce(m.add, [m.log(s) for s in sizes])
    if pivots[0].kind == "c":
        units = [p / m.convert(s, p.dtype) for p, s in zip(pivots, sizes, strict=True)]
    else:
        one = m.full_like(pivots[0], 1)
        units = [m.where(m.lt(p, 0), -one, one) for p in pivots]
    sign = reduce(m.mul, units)
    sign = m.where(odd, -sign, sign)
    return m.where(zero, 0, sign), m.where(zero, float("-inf"), logarithm)


def lower_factor(m: Any, a: Matrix, failure: Any) -> Matrix:
    """The lower triangular l with l lᴴ = a; fails where a is not positive definite."""
    n = len(a)
    zero = m.full_like(a[0][0], 0)
    factor: Matrix = [[zero] * n for _ in range(n)]
    negative = []
    for j in range(n):
        square = a[j][j].real
        for k in range(j):
            for part in _parts(factor[j][k]):
                square = minus(m, square, part, part)
        negative.append(m.le(square, 0))
        root = m.sqrt(square)
        factor[j][j] = m.convert(root, zero.dtype)
        inverse = m.convert(1 / root, zero.dtype)
        for i in range(j + 1, n):
            rest = a[i][j]
            for k in range(j):
                rest = minus(m, rest, factor[i][k], m.conj(factor[j][k]))
            factor[i][j] = rest * inverse
    m.fail_if(any_of(m, negative), failure)
    return factor


def _parts(x: Any) -> list[Any]:
    return [x.real, x.imag] if x.kind == "c" else [x]


def cofactors_of(m: Any, a: Matrix, failure: Any) -> Matrix:
    """The signed minors; fails, as a decomposition does, where an element is not finite."""
    m.fail_if(any_of(m, [~m.isfinite(x) for row in a for x in row]), failure)
    n = len(a)
    rows = range(n)
    if n == 1:
        return [[m.full_like(a[0][0], 1)]]

    def signed(i: int, j: int) -> Any:
        minor = [[a[k][c] for c in rows if c != j] for k in rows if k != i]
        value = _expanded(m, minor)
        return value if (i + j) % 2 == 0 else -value

    return [[signed(i, j) for j in rows] for i in rows]


def _expanded(m: Any, a: Matrix) -> Any:
    """A determinant, expanded along the first row."""
    if len(a) == 1:
        return a[0][0]
    minors = [_expanded(m, [[*row[:j], *row[j + 1 :]] for row in a[1:]]) for j in range(len(a))]
    total = a[0][0] * minors[0]
    for j in range(1, len(a)):
        x = a[0][j]
        total = minus(m, total, x if j % 2 else -x, minors[j])
    return total
