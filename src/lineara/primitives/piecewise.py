"""Functions with kinks and steps: extrema, absolute value, rounding, remainders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lineara.ir import ArrayType, Primitive
from lineara.primitives.comparison import ORDERED, eq, select
from lineara.primitives.conversion import conj, converted, real
from lineara.primitives.forms import (
    NUMBER,
    REAL,
    check_arity,
    differentiable,
    elementwise,
    examples_of,
    nondifferentiable,
    real_of,
    same_type,
)


def _attained(z: Any, x: Any) -> Any:
    return converted(eq(x, z), z.type.dtype)


def _first_share(z: Any, x: Any, y: Any) -> Any:
    """1 where x alone is the extremum, 1/2 where both are, NaN where the extremum is."""
    return _attained(z, x) / (_attained(z, x) + _attained(z, y))


def _second_share(z: Any, x: Any, y: Any) -> Any:
    return _first_share(z, y, x)


max_ = elementwise(
    "max",
    "the larger of x and y; equal ones share the derivative",
    np.maximum,
    (_first_share, _second_share),
    kinds=ORDERED,
    family="piecewise",
    scalar=lambda m, x, y: m.maximum(x, y),
)

min_ = elementwise(
    "min",
    "the smaller of x and y; equal ones share the derivative",
    np.minimum,
    (_first_share, _second_share),
    kinds=ORDERED,
    family="piecewise",
    scalar=lambda m, x, y: m.minimum(x, y),
)


def _step(
    name: str,
    law: str,
    evaluate: Callable[..., Any],
    kinds: str = REAL,
    arity: int = 1,
    low: float = -2.0,
    *,
    scalar: Callable[..., Any],
) -> Primitive:
    """A record that is flat between its steps."""

    def infer(*operands: ArrayType) -> tuple[ArrayType, ...]:
        check_arity(name, arity, operands)
        return (same_type(name, kinds, operands),)

    return nondifferentiable(
        name,
        law,
        evaluate,
        infer,
        family="piecewise",
        examples=examples_of(kinds, arity, low),
        elementwise=True,
        scalar=scalar,
    )


sign = _step("sign", "−1, 0 or 1", np.sign, "iuf", scalar=lambda m, x: m.sign(x))
floor = _step("floor", "⌊x⌋", np.floor, scalar=lambda m, x: m.floor(x))
ceil = _step("ceil", "⌈x⌉", np.ceil, scalar=lambda m, x: m.ceil(x))
round_ = _step(
    "round", "the nearest integer, of two the even one", np.rint, scalar=lambda m, x: m.round(x)
)
trunc = _step("trunc", "x without its fraction", np.trunc, scalar=lambda m, x: m.trunc(x))
floor_div = _step(
    "floor_div", "⌊x/y⌋", np.floor_divide, "iuf", 2, 1, scalar=lambda m, x, y: m.floor_div(x, y)
)

nextafter = elementwise(
    "nextafter",
    "the number next to x on the way to y",
    np.nextafter,
    (1, 0),
    kinds=REAL,
    family="piecewise",
    scalar=lambda m, x, y: m.nextafter(x, y),
)


def _infer_abs(x: ArrayType) -> tuple[ArrayType, ...]:
    same_type("abs", NUMBER, (x,))
    return (ArrayType(real_of(x.dtype), x.shape),)


def _jvp_abs(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
    """d|x| = sign x · ẋ; d|z| = Re(z̄/|z| · ż), and 0 at 0."""
    (x,), (modulus,), (x_dot,) = operands, results, tangents
    if x.type.dtype.kind != "c":
        return [x_dot.scaled(sign(x))]
    nonzero = select(eq(modulus, modulus.full(0)), modulus.full(1), modulus)
    return [real(x_dot.scaled(conj(x) / converted(nonzero, x.type.dtype)))]


abs_ = differentiable(
    "abs",
    "|x|",
    np.abs,
    _infer_abs,
    _jvp_abs,
    family="piecewise",
    examples=examples_of(NUMBER, 1),
    elementwise=True,
    scalar=lambda m, x: m.abs(x),
)

mod = elementwise(
    "mod",
    "x − y·⌊x/y⌋: the remainder with the sign of y",
    np.remainder,
    (1, lambda z, x, y: -floor_div(x, y)),
    kinds="iuf",
    family="piecewise",
    low=1.0,
    scalar=lambda m, x, y: m.mod(x, y),
)

rem = elementwise(
    "rem",
    "x − y·trunc(x/y): the remainder with the sign of x",
    np.fmod,
    (1, lambda z, x, y: -trunc(x / y)),
    kinds="iuf",
    family="piecewise",
    low=1.0,
    scalar=lambda m, x, y: m.rem(x, y),
)
