"""Comparisons, logic, and choice between two arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lineara.errors import DtypeError, ShapeError
from lineara.ir import ArrayType, Example, Primitive
from lineara.primitives import nests
from lineara.primitives.forms import (
    ANY,
    INEXACT,
    as_it_stands,
    check_arity,
    check_kind,
    examples_of,
    largest,
    multilinear,
    nondifferentiable,
    same_type,
)

ORDERED, BITS, INTEGER = "biuf", "biu", "iu"
BOOL = np.dtype(np.bool_)


def _pointwise(
    name: str,
    law: str,
    evaluate: Callable[..., Any],
    kinds: str,
    *,
    arity: int = 2,
    predicate: bool = False,
    family: str = "logic",
    low: float = -2.0,
    scalar: Callable[..., Any],
) -> Primitive:
    """A record on bits, or a predicate, of operands of one type."""

    def infer(*operands: ArrayType) -> tuple[ArrayType, ...]:
        check_arity(name, arity, operands)
        type_ = same_type(name, kinds, operands)
        return (ArrayType(BOOL, type_.shape) if predicate else type_,)

    return nondifferentiable(
        name,
        law,
        evaluate,
        infer,
        family=family,
        examples=examples_of(kinds, arity, low),
        elementwise=True,
        scalar=scalar,
    )


def _comparison(
    name: str,
    law: str,
    evaluate: Callable[..., Any],
    kinds: str,
    scalar: Callable[..., Any],
    arity: int = 2,
) -> Primitive:
    return _pointwise(
        name,
        law,
        evaluate,
        kinds,
        arity=arity,
        predicate=True,
        family="comparison",
        scalar=scalar,
    )


eq = _comparison("eq", "x = y", np.equal, ANY, lambda m, x, y: m.eq(x, y))
ne = _comparison("ne", "x ≠ y", np.not_equal, ANY, lambda m, x, y: m.ne(x, y))
lt = _comparison("lt", "x < y", np.less, ORDERED, lambda m, x, y: m.lt(x, y))
le = _comparison("le", "x ≤ y", np.less_equal, ORDERED, lambda m, x, y: m.le(x, y))
gt = _comparison("gt", "x > y", np.greater, ORDERED, lambda m, x, y: m.gt(x, y))
ge = _comparison("ge", "x ≥ y", np.greater_equal, ORDERED, lambda m, x, y: m.ge(x, y))

isnan = _comparison(
    "isnan", "whether x is no number", np.isnan, INEXACT, lambda m, x: m.isnan(x), 1
)
isfinite = _comparison(
    "isfinite", "whether x is finite", np.isfinite, INEXACT, lambda m, x: m.isfinite(x), 1
)
isinf = _comparison("isinf", "whether x is infinite", np.isinf, INEXACT, lambda m, x: m.isinf(x), 1)

and_ = _pointwise("and", "x ∧ y, bit by bit", np.bitwise_and, BITS, scalar=lambda m, x, y: x & y)
or_ = _pointwise("or", "x ∨ y, bit by bit", np.bitwise_or, BITS, scalar=lambda m, x, y: x | y)
xor = _pointwise("xor", "x ⊕ y, bit by bit", np.bitwise_xor, BITS, scalar=lambda m, x, y: x ^ y)
not_ = _pointwise("not", "¬x, bit by bit", np.invert, BITS, arity=1, scalar=lambda m, x: ~x)
shift_left = _pointwise(
    "shift_left", "x·2ʸ", np.left_shift, INTEGER, low=0, scalar=lambda m, x, y: m.shift_left(x, y)
)
shift_right = _pointwise(
    "shift_right",
    "⌊x/2ʸ⌋",
    np.right_shift,
    INTEGER,
    low=0,
    scalar=lambda m, x, y: m.shift_right(x, y),
)


def _check_condition(name: str, condition: ArrayType, x: ArrayType) -> None:
    check_kind(name, ANY, x)
    if condition.dtype != BOOL:
        raise DtypeError(
            f"`{name}` takes a bool condition, not {condition!r}",
            mend="compare, so that the condition is bool",
        )
    if condition.shape != x.shape:
        raise ShapeError(
            f"`{name}` takes operands of one shape, not {condition!r} and {x!r}",
            mend="broadcast the smaller operand first",
        )


def _infer_select(condition: ArrayType, x: ArrayType, y: ArrayType) -> tuple[ArrayType, ...]:
    _check_condition("select", condition, x)
    return (same_type("select", ANY, (x, y)),)


def _infer_route(condition: ArrayType, x: ArrayType) -> tuple[ArrayType, ...]:
    _check_condition("route", condition, x)
    return (x, x)


def _route(condition: Any, x: Any) -> tuple[Any, Any]:
    nothing = np.zeros((), x.dtype)
    return np.where(condition, x, nothing), np.where(condition, nothing, x)


_TYPES = (
    ("f64", (2, 3)),
    ("f32", ()),
    ("c128", (0,)),
    ("c64", (2,)),
    ("i64", (2,)),
    ("bool", (2,)),
)

select: Primitive = multilinear(
    "select",
    "x where c, y elsewhere",
    np.where,
    _infer_select,
    lambda operands, cotangents: route.results(operands[0], cotangents[0]),
    linear_in=(frozenset((1, 2)),),
    family="comparison",
    examples=tuple(
        Example((ArrayType("bool", shape), *(ArrayType(dtype, shape),) * 2))
        for dtype, shape in _TYPES
    ),
    work=largest,
    elementwise=True,
    scalar=lambda m, c, x, y: m.where(c, x, y),
)

route: Primitive = multilinear(
    "route",
    "x where c and 0 elsewhere, 0 where c and x elsewhere",
    _route,
    _infer_route,
    lambda operands, cotangents: [select(operands[0], *cotangents)],
    linear_in=(frozenset((1,)),),
    batch=as_it_stands,
    family="comparison",
    examples=tuple(
        Example((ArrayType("bool", shape), ArrayType(dtype, shape))) for dtype, shape in _TYPES
    ),
    work=largest,
    nest=nests.route,
)
