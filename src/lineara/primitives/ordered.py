"""Along one axis, in order: running sums and products, sorting."""

from __future__ import annotations

from math import ceil, log2
from typing import Any

import numpy as np

from lineara.ir import ArrayType, Example, Primitive
from lineara.ir.primitive import Attributes
from lineara.primitives.arithmetic import Expr
from lineara.primitives.comparison import ORDERED
from lineara.primitives.forms import (
    NUMBER,
    check_kind,
    differentiable,
    multilinear,
    nondifferentiable,
)
from lineara.primitives.gathering import read_at
from lineara.primitives.reductions import Dual, both, joined, parts, times
from lineara.primitives.shape import broadcast, check_axis, iota, reshape, transpose


def _along(name: str, kinds: str, x: ArrayType, axis: int) -> None:
    check_kind(name, kinds, x)
    check_axis(name, x, axis)


def _examples(*dtypes: str, **more: Any) -> tuple[Example, ...]:
    return tuple(
        Example((ArrayType(dtype, shape),), (("axis", axis), *sorted(more.items())))
        for dtype in dtypes
        for shape, axis in (((2, 4), 1), ((5, 2), 0), ((3, 0), 1), ((0, 2), 1), ((1,), 0))
    )


def _cumsum(x: Any, *, axis: int, reverse: bool) -> Any:
    if reverse:
        return np.flip(np.cumsum(np.flip(x, axis), axis, dtype=x.dtype), axis)
    return np.cumsum(x, axis, dtype=x.dtype)


def _infer_cumsum(x: ArrayType, *, axis: int, reverse: bool) -> tuple[ArrayType, ...]:
    _along("cumsum", NUMBER, x, axis)
    return (x,)


cumsum: Primitive = multilinear(
    "cumsum",
    "running sums along an axis, from its end if reverse",
    _cumsum,
    _infer_cumsum,
    lambda operands, cotangents, *, axis, reverse: [
        cumsum(cotangents[0], axis=axis, reverse=not reverse)
    ],
    linear_in=(frozenset((0,)),),
    family="order",
    examples=(
        *_examples("f64", "c64", "i64", reverse=False),
        *_examples("f32", "c128", reverse=True),
    ),
)


def _infer_cumprod(x: ArrayType, *, axis: int) -> tuple[ArrayType, ...]:
    _along("cumprod", NUMBER, x, axis)
    return (x,)


def _running(x: Dual) -> Dual:
    """Running products along axis 0: those of the products of pairs, and one more factor between them."""
    count, *rest = x[0].type.shape
    if count == 1:
        return x
    if count % 2:
        body, last = parts(x, axis=0, sizes=(count - 1, 1))
        body = _running(body)
        *_, total = parts(body, axis=0, sizes=(count - 2, 1))
        return joined([body, times(total, last)], axis=0)
    half = count // 2
    first, second = parts(both(reshape, x, shape=(half, 2, *rest)), axis=1, sizes=(1, 1))
    first, second = (both(reshape, part, shape=(half, *rest)) for part in (first, second))
    odd = _running(times(first, second))
    start, following = parts(first, axis=0, sizes=(1, half - 1))
    before, _ = parts(odd, axis=0, sizes=(half - 1, 1))
    even = joined([start, times(before, following)], axis=0)
    even, odd = (both(reshape, part, shape=(half, 1, *rest)) for part in (even, odd))
    return both(reshape, joined([even, odd], axis=1), shape=(count, *rest))


def _jvp_cumprod(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
    axis, shape = attributes["axis"], operands[0].type.shape
    if shape[axis] == 0:
        return [None]
    order = (axis, *(i for i in range(len(shape)) if i != axis))
    back = tuple(order.index(i) for i in range(len(shape)))
    _, tangent = _running(both(transpose, (operands[0], tangents[0]), permutation=order))
    return [transpose(tangent, permutation=back)]


cumprod: Primitive = differentiable(
    "cumprod",
    "running products along an axis",
    lambda x, *, axis: np.cumprod(x, axis, dtype=x.dtype),
    _infer_cumprod,
    _jvp_cumprod,
    family="order",
    examples=_examples("f64", "f32", "c128", "i64"),
)


def _work_sort(
    operands: tuple[ArrayType, ...], results: tuple[ArrayType, ...], attributes: Attributes
) -> int:
    """n·log₂ n comparisons along the axis."""
    x = operands[0]
    return x.size * max(1, ceil(log2(max(1, x.shape[attributes["axis"]]))))


def _infer_sort(x: ArrayType, *, axis: int) -> tuple[ArrayType, ...]:
    _along("sort", ORDERED, x, axis)
    return (x,)


def _infer_argsort(x: ArrayType, *, axis: int) -> tuple[ArrayType, ...]:
    _along("argsort", ORDERED, x, axis)
    return (ArrayType("i64", x.shape),)


argsort = nondifferentiable(
    "argsort",
    "the indices that sort along an axis, equal ones in their order",
    lambda x, *, axis: np.argsort(x, axis, kind="stable"),
    _infer_argsort,
    family="order",
    examples=_examples("f64", "f32", "i64", "bool"),
    work=_work_sort,
)


def _positions(x: Expr, axis: int) -> Expr:
    """For each element of x where it stands on an axis."""
    shape = x.type.shape
    (count,) = x.bind(iota, (), {"dtype": "i64", "size": shape[axis]})
    return broadcast(count, shape=shape, axes=(axis,))  # type: ignore[no-any-return]


def _jvp_sort(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
    """The tangents move as the elements do."""
    x, axis = operands[0], attributes["axis"]
    axes = tuple(range(len(x.type.shape)))
    indices = [argsort(x, axis=axis) if i == axis else _positions(x, i) for i in axes]
    return [read_at.results(tangents[0], *indices, axes=axes)[1]]


sort = differentiable(
    "sort",
    "the elements in ascending order along an axis",
    lambda x, *, axis: np.sort(x, axis, kind="stable"),
    _infer_sort,
    _jvp_sort,
    family="order",
    examples=_examples("f64", "f32", "i64"),
    work=_work_sort,
)
