"""Reductions along axes, other than the sum: products, extrema and where they are, any and all."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from lineara.errors import ShapeError
from lineara.ir import ArrayType, Example, Primitive
from lineara.ir.nest import Combine
from lineara.primitives import nests
from lineara.primitives.comparison import ORDERED, eq
from lineara.primitives.conversion import converted
from lineara.primitives.forms import (
    NUMBER,
    along_axes,
    along_axis,
    check_kind,
    differentiable,
    nondifferentiable,
)
from lineara.primitives.ordered import cumprod, shifted
from lineara.primitives.shape import (
    broadcast,
    check_axes,
    check_axis,
    reduce_sum,
    reshape,
    reverse,
    transpose,
)

Ints = tuple[int, ...]


def kept_axes(rank: int, axes: Ints) -> Ints:
    """The axes that a reduction leaves."""
    return tuple(i for i in range(rank) if i not in axes)


def _reduced(name: str, kinds: str, x: ArrayType, axes: Ints) -> ArrayType:
    check_kind(name, kinds, x)
    check_axes(name, x, axes)
    return ArrayType(x.dtype, tuple(x.shape[i] for i in kept_axes(len(x.shape), axes)))


def _jvp_prod(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
    """Each tangent times the other factors: those before and those after. No quotient, so that zeros need no care."""
    axes, shape = attributes["axes"], operands[0].type.shape
    kept = kept_axes(len(shape), axes)
    flat = (prod(shape[i] for i in axes), *(shape[i] for i in kept))
    if prod(flat) == 0:
        return [None]
    x, x_dot = (
        reshape(transpose(part, permutation=(*axes, *kept)), shape=flat)
        for part in (operands[0], tangents[0])
    )
    before = shifted(cumprod(x, axis=0), 0, 1)
    back = cumprod(reverse(x, axes=(0,)), axis=0)
    after = reverse(shifted(back, 0, 1), axes=(0,))
    return [reduce_sum(x_dot.scaled(before * after), axes=(0,))]


def _examples(*dtypes: str) -> tuple[Example, ...]:
    return tuple(
        Example((ArrayType(dtype, shape),), (("axes", axes),))
        for dtype in dtypes
        for shape, axes in (
            ((2, 3), (1,)),
            ((3, 2, 1), (0, 2)),
            ((5,), (0,)),
            ((0, 2), (1,)),
            ((1, 2), (0,)),
            ((), ()),
        )
    )


def _axis_examples(*dtypes: str) -> tuple[Example, ...]:
    return tuple(
        Example((ArrayType(dtype, shape),), (("axis", axis),))
        for dtype in dtypes
        for shape, axis in (((2, 3), 1), ((3, 2), 0), ((0, 2), 1), ((1,), 0))
    )


reduce_prod: Primitive = differentiable(
    "prod",
    "the product over axes",
    lambda x, *, axes: np.prod(x, axis=axes, dtype=x.dtype),
    lambda x, *, axes: (_reduced("prod", NUMBER, x, axes),),
    _jvp_prod,
    batch=along_axes,
    family="reduction",
    examples=(
        *_examples("f64", "c64", "i64"),
        Example((ArrayType("f32", (2, 0)),), (("axes", (1,)),)),
    ),
    nest=nests.reduction(nests.PRODUCT),
)


def _jvp_extremum(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
    """The elements that are the extremum share evenly; NaN where it is NaN."""
    (x,), (z,), axes = operands, results, attributes["axes"]
    shape = x.type.shape
    kept = kept_axes(len(shape), axes)
    attained = converted(eq(x, broadcast(z, shape=shape, axes=kept)), x.type.dtype)
    count = broadcast(reduce_sum(attained, axes=axes), shape=shape, axes=kept)
    return [reduce_sum(tangents[0].scaled(attained / count), axes=axes)]


def _extremum(name: str, law: str, evaluate: Callable[..., Any], combine: Combine) -> Primitive:
    def infer(x: ArrayType, *, axes: Ints) -> tuple[ArrayType, ...]:
        type_ = _reduced(name, ORDERED, x, axes)
        if any(x.shape[i] == 0 for i in axes):
            raise ShapeError(
                f"`{name}` of {x!r} over axes {axes}: no element, so no extremum",
                mend="reduce over axes that have elements",
            )
        return (type_,)

    return differentiable(
        name,
        law,
        lambda x, *, axes: evaluate(x, axis=axes),
        infer,
        _jvp_extremum,
        batch=along_axes,
        family="reduction",
        examples=_examples("f64", "f32", "i64", "bool"),
        nest=nests.reduction(combine),
    )


reduce_max = _extremum(
    "reduce_max", "the largest over axes; equal ones share", np.max, nests.LARGEST
)
reduce_min = _extremum(
    "reduce_min", "the smallest over axes; equal ones share", np.min, nests.SMALLEST
)


def _position(name: str, law: str, evaluate: Callable[..., Any], *, greatest: bool) -> Primitive:
    def infer(x: ArrayType, *, axis: int) -> tuple[ArrayType, ...]:
        check_axis(name, x, axis)
        type_ = _reduced(name, ORDERED, x, (axis,))
        if x.shape[axis] == 0:
            raise ShapeError(
                f"`{name}` of {x!r} along axis {axis}: there is no element",
                mend="reduce over an axis that has elements",
            )
        return (ArrayType("i64", type_.shape),)

    return nondifferentiable(
        name,
        law,
        lambda x, *, axis: evaluate(x, axis=axis),
        infer,
        batch=along_axis,
        family="reduction",
        examples=_axis_examples("f64", "f32", "i8", "bool"),
        routine=lambda m, operands, results, *, axis: m.place_of(
            operands[0], results[0], axis=axis, greatest=greatest
        ),
    )


argmax = _position(
    "argmax",
    "the index of the largest along an axis, the first of equal ones",
    np.argmax,
    greatest=True,
)
argmin = _position(
    "argmin",
    "the index of the smallest along an axis, the first of equal ones",
    np.argmin,
    greatest=False,
)


def _quantifier(name: str, law: str, evaluate: Callable[..., Any], combine: Combine) -> Primitive:
    return nondifferentiable(
        name,
        law,
        lambda x, *, axes: evaluate(x, axis=axes),
        lambda x, *, axes: (_reduced(name, "b", x, axes),),
        batch=along_axes,
        family="reduction",
        examples=_examples("bool"),
        nest=nests.reduction(combine),
    )


any_ = _quantifier("any", "whether one is true, over axes", np.any, nests.ANY_TRUE)
all_ = _quantifier("all", "whether all are true, over axes", np.all, nests.ALL_TRUE)
