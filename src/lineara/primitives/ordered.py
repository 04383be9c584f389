"""Along one axis, in order: running sums and products, recurrences, sorting."""

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
    along_axis,
    check_kind,
    differentiable,
    multilinear,
    nondifferentiable,
    same_type,
    sum_of,
)
from lineara.primitives.gathering import read_at
from lineara.primitives.shape import (
    broadcast,
    check_axis,
    concatenate,
    crop,
    iota,
    pad,
    split,
    with_dim,
)


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


def _routine_cumsum(m: Any, operands: Any, results: Any, *, axis: int, reverse: bool) -> None:
    m.running(operands, results[0], axis=axis, reverse=reverse, step=lambda y, x, _: y + x[0])


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
    batch=along_axis,
    family="order",
    routine=_routine_cumsum,
    examples=(
        *_examples("f64", "c64", "i64", reverse=False),
        *_examples("f32", "c128", reverse=True),
    ),
)


def shifted(x: Any, axis: int, first: float) -> Any:
    """An expression moved on by one along an axis, a number in the first place."""
    count = x.type.shape[axis]
    body, _ = split.results(x, axis=axis, sizes=(count - 1, 1))
    head = x.full(first, ArrayType(x.type.dtype, with_dim(x.type.shape, axis, 1)))
    return concatenate(head, body, axis=axis)


def _recurrence(c: Any, x: Any, *, axis: int, reverse: bool) -> Any:
    y = np.moveaxis(x.copy(), axis, 0)
    c = np.moveaxis(c, axis, 0)
    steps = range(1, len(y))
    for k in reversed(steps) if reverse else steps:
        if reverse:
            y[k - 1] += c[k] * y[k]
        else:
            y[k] += c[k] * y[k - 1]
    return np.moveaxis(y, 0, axis)


def _routine_recurrence(m: Any, operands: Any, results: Any, *, axis: int, reverse: bool) -> None:
    def step(y: Any, here: Any, there: Any) -> Any:
        return here[0] + (there if reverse else here)[1] * y

    c, x = operands
    m.running([x, c], results[0], axis=axis, reverse=reverse, step=step)


def _infer_recurrence(
    c: ArrayType, x: ArrayType, *, axis: int, reverse: bool
) -> tuple[ArrayType, ...]:
    _along("recurrence", NUMBER, x, axis)
    return (same_type("recurrence", NUMBER, (c, x)),)


def _jvp_recurrence(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
    """The tangents follow the recurrence, driven by those of x, and by those of c times the results that c multiplies."""
    (c, x), (y,), (c_dot, x_dot) = operands, results, tangents
    axis, reverse = attributes["axis"], attributes["reverse"]
    driven = [] if x_dot is None else [x_dot]
    if c_dot is not None and x.type.size:
        rank = len(x.type.shape)
        one = tuple(int(i == axis) for i in range(rank))
        if reverse:
            moved = pad(c_dot.scaled(y), low=(0,) * rank, high=one)
            driven.append(crop(moved, low=one, high=(0,) * rank))
        else:
            driven.append(c_dot.scaled(shifted(y, axis, 0)))
    return [recurrence(c, sum_of(driven), **attributes) if driven else None]


recurrence: Primitive = multilinear(
    "recurrence",
    "y[k] = c[k]·y[k−1] + x[k] along an axis; if reverse, y[k] = c[k+1]·y[k+1] + x[k]",
    _recurrence,
    _infer_recurrence,
    lambda operands, cotangents, *, axis, reverse: [
        recurrence(operands[0], cotangents[0], axis=axis, reverse=not reverse)
    ],
    linear_in=(frozenset((1,)),),
    batch=along_axis,
    family="order",
    examples=tuple(
        Example(e.operands * 2, e.attributes)
        for e in (
            *_examples("f64", "c64", "i64", reverse=False),
            *_examples("f32", "c128", reverse=True),
        )
    ),
    work=lambda operands, results, attributes: 2 * results[0].size,
    jvp=_jvp_recurrence,
    routine=_routine_recurrence,
)


def _routine_cumprod(m: Any, operands: Any, results: Any, *, axis: int) -> None:
    m.running(operands, results[0], axis=axis, reverse=False, step=lambda y, x, _: y * x[0])


def _infer_cumprod(x: ArrayType, *, axis: int) -> tuple[ArrayType, ...]:
    _along("cumprod", NUMBER, x, axis)
    return (x,)


def _jvp_cumprod(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
    """ẏ[k] = x[k]·ẏ[k−1] + y[k−1]·ẋ[k]: no quotient, so that zeros need no care."""
    (x,), (y,), axis = operands, results, attributes["axis"]
    if x.type.size == 0:
        return [None]
    new = tangents[0].scaled(shifted(y, axis, 1))
    return [recurrence(x, new, axis=axis, reverse=False)]


cumprod: Primitive = differentiable(
    "cumprod",
    "running products along an axis",
    lambda x, *, axis: np.cumprod(x, axis, dtype=x.dtype),
    _infer_cumprod,
    _jvp_cumprod,
    batch=along_axis,
    family="order",
    routine=_routine_cumprod,
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
    batch=along_axis,
    family="order",
    examples=_examples("f64", "f32", "i64", "bool"),
    routine=lambda m, operands, results, *, axis: m.sort(
        operands[0], results[0], axis=axis, indices=True
    ),
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
    batch=along_axis,
    family="order",
    examples=_examples("f64", "f32", "i64"),
    routine=lambda m, operands, results, *, axis: m.sort(operands[0], results[0], axis=axis),
    work=_work_sort,
)
