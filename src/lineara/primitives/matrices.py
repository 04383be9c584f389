"""Matrices in the last two axes: their parts, and what rules about them are written with.

All axes before the last two are a batch: a record of matrices maps each of them by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lineara.errors import DtypeError, ShapeError
from lineara.ir import ArrayType, Attributes, Example, Primitive
from lineara.primitives import nests
from lineara.primitives.contraction import contract
from lineara.primitives.conversion import conj, converted
from lineara.primitives.forms import NUMBER, as_it_stands, check_kind, multilinear
from lineara.primitives.shape import broadcast, iota, reduce_sum, transpose

Shape = tuple[int, ...]
Types = tuple[ArrayType, ...]


def check_matrix(name: str, kinds: str, a: ArrayType, *, square: bool = False) -> None:
    """Refuse what is no matrix, or no square one."""
    check_kind(name, kinds, a)
    if len(a.shape) < 2:
        raise ShapeError(
            f"`{name}` takes matrices, not {a!r}", mend="reshape it: rows and columns are last"
        )
    if square and a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"`{name}` takes square matrices, not {a!r}", mend="make it square")


def check_system(name: str, kinds: str, a: ArrayType, b: ArrayType) -> None:
    """Refuse a right-hand side that does not fit the matrix of a system of equations."""
    check_matrix(name, kinds, a, square=True)
    check_matrix(name, kinds, b)
    if a.dtype != b.dtype:
        raise DtypeError(
            f"`{name}` takes operands of one dtype, not {a!r} and {b!r}",
            mend="convert one of them first",
        )
    if a.shape[:-1] != b.shape[:-1]:
        raise ShapeError(
            f"`{name}` of {a!r} and {b!r}: the batches or the rows differ",
            mend="broadcast the batches; the right-hand side has one row for each row of the matrix",
        )


def _band(x: Any, *, low: int, high: int) -> Any:
    offset = np.arange(x.shape[-1]) - np.arange(x.shape[-2])[:, None]
    return np.where((low <= offset) & (offset <= high), x, np.zeros((), x.dtype))


def _infer_band(x: ArrayType, *, low: int, high: int) -> tuple[ArrayType, ...]:
    check_matrix("band", NUMBER, x)
    if not all(isinstance(n, int) for n in (low, high)):
        raise ShapeError(f"`band` has no diagonals {low} to {high}", mend="give integers")
    return (x,)


band: Primitive = multilinear(
    "band",
    "the diagonals from low to high of a matrix, counted to the right from the main one; 0 elsewhere",
    _band,
    _infer_band,
    lambda operands, cotangents, *, low, high: [band(cotangents[0], low=low, high=high)],
    linear_in=(frozenset((0,)),),
    batch=as_it_stands,
    family="matrices",
    examples=tuple(
        Example((ArrayType(dtype, shape),), (("high", high), ("low", low)))
        for dtype, shape, low, high in (
            ("f64", (3, 3), -3, 0),
            ("f32", (2, 2, 3), 1, 3),
            ("c128", (2, 2), 0, 0),
            ("f64", (0, 2), -1, 1),
            ("i64", (3, 2), -1, 0),
        )
    ),
    nest=nests.band,
)


def matrix_transpose(x: Any) -> Any:
    """xᵀ"""
    rank = len(x.type.shape)
    return transpose(x, permutation=(*range(rank - 2), rank - 1, rank - 2))


def conjugate(x: Any) -> Any:
    """x̄, which is x when x is real."""
    return conj(x) if x.type.dtype.kind == "c" else x


def adjoint(x: Any) -> Any:
    """x̄ᵀ"""
    return conjugate(matrix_transpose(x))


def matmul(x: Any, y: Any) -> Any:
    """The product of matrices, one of which may be linear."""
    r = len(x.type.shape)
    batch = tuple(range(r - 2))
    return contract(x, y, spec=((*batch, r - 2, r - 1), (*batch, r - 1, r), (*batch, r - 2, r)))


def inner(x: Any, y: Any) -> Any:
    """Σ x·y over the elements of each matrix."""
    labels = tuple(range(len(x.type.shape)))
    return contract(x, y, spec=(labels, labels, labels[:-2]))


def identity(like: Any, n: int) -> Any:
    """Unit matrices of n rows, in the dtype and for the batch of a matrix."""
    type_ = ArrayType(like.type.dtype, (*like.type.shape[:-2], n, n))
    return band(like.full(1, type_), low=0, high=0)


def diagonal(x: Any) -> Any:
    """The diagonal of a square matrix, as a vector."""
    return reduce_sum(band(x, low=0, high=0), axes=(len(x.type.shape) - 1,))


def along_columns(v: Any, rows: int) -> Any:
    """The matrix of so many rows whose column j is v[j] throughout."""
    shape = v.type.shape
    axes = (*range(len(shape) - 1), len(shape))
    return broadcast(v, shape=(*shape[:-1], rows, shape[-1]), axes=axes)


def along_rows(v: Any, columns: int) -> Any:
    """The matrix of so many columns whose row i is v[i] throughout."""
    shape = v.type.shape
    return broadcast(v, shape=(*shape, columns), axes=tuple(range(len(shape))))


def half_lower(x: Any) -> Any:
    """What stands below the diagonal, and half the diagonal."""
    n = x.type.shape[-1]
    on = band(x, low=0, high=0)
    return band(x, low=-n, high=-1) + on.scaled(on.full(0.5))


def hermitian(x: Any) -> Any:
    """The Hermitian matrix that agrees with x below the diagonal, and in the real parts on it."""
    half = half_lower(x)
    return half + adjoint(half)


def weighted(x: Any) -> Any:
    """The columns of a matrix, times 1, 2, 3, …: a reading that tells them apart."""
    rows, columns = x.type.shape[-2:]
    (count,) = x.bind(iota, (), {"dtype": "f64", "size": columns})
    weights = converted(along_columns(count + 1, rows), x.type.dtype)
    batch = len(x.type.shape) - 2
    return x * broadcast(weights, shape=x.type.shape, axes=(batch, batch + 1))


def spread(a: Any) -> Any:
    """The ratio of the largest to the smallest singular value of a batch of matrices; inf if one is 0."""
    if not a.size:
        return 1.0
    s = np.linalg.svd(np.asarray(a, np.result_type(a, np.float64)), compute_uv=False)
    return np.inf if s.min() == 0 else s.max() / s.min()


def is_regular(a: Any, *others: Any) -> bool:
    """Whether matrices are far from singular."""
    return bool(np.all(np.isfinite(a)) and spread(a) < 8)


def are_apart(values: Any) -> bool:
    """Whether the values along the last axis are far from each other."""
    gaps = np.abs(values[..., None, :] - values[..., None])
    return bool(np.all(gaps + 9 * np.eye(values.shape[-1]) > 0.3))


def squares(sizes: tuple[int, ...] = (1, 2, 3)) -> tuple[Example, ...]:
    """Examples of records of one square matrix."""
    last = sizes[-1]
    shapes: list[tuple[str, Shape]] = [("f64", (n, n)) for n in (*sizes, 0)]
    shapes += [("f32", (2, 2)), ("c128", (last, last)), ("c64", (1, 1)), ("f64", (2, 2, 2))]
    return tuple(Example((ArrayType(dtype, shape),)) for dtype, shape in shapes)


def rectangles(reading: Any = None, attributes: Any = ()) -> tuple[Example, ...]:
    """Examples of records of one matrix; `reading` is for the complex ones."""
    shapes: list[tuple[str, Shape]] = [("f64", (2, 2)), ("f64", (3, 2)), ("f64", (2, 3))]
    shapes += [("f64", (1, 1)), ("f64", (2, 3, 2)), ("f64", (0, 2)), ("f32", (2, 2))]
    shapes += [("c128", (3, 2)), ("c128", (2, 2)), ("c64", (1, 2))]
    return tuple(
        Example(
            (ArrayType(dtype, shape),),
            attributes,
            reading=reading if dtype.startswith("c") else None,
        )
        for dtype, shape in shapes
    )


def work_of(factor: int) -> Any:
    """So many products of the matrix with a square one, and as many operations for each number."""

    def work(operands: Types, results: Types, attributes: Attributes) -> int:
        a = operands[0]
        if not a.size:
            return sum(r.size for r in results)
        return factor * (a.size * (min(a.shape[-2:]) + 1) + sum(r.size for r in results))

    return work
