"""Expressions, in which rules are written, and the arithmetic records that are their operators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lineara.ir import ArrayType, Builder, Primitive, Type, Var
from lineara.primitives.forms import (
    ANY,
    INEXACT,
    NUMBER,
    elementwise,
    examples_of,
    largest,
    multilinear,
    not_linear,
    same_type,
)


class Expr:
    """A variable and the builder of its function. Operators emit equations.

    Operands of an operator have one type; a Python number stands for an array filled with it. `scaled` multiplies a linear
    expression by a coefficient.
    """

    __slots__ = ("builder", "var")

    def __init__(self, builder: Builder, var: Var) -> None:
        self.builder = builder
        self.var = var

    @property
    def type(self) -> Any:
        """The type: shape, dtype and size are its attributes."""
        return self.var.type

    def bind(
        self, primitive: Primitive, operands: Sequence[Expr], attributes: dict[str, Any]
    ) -> tuple[Expr, ...]:
        """Apply a record; one that has a linear form is applied to linear operands through it."""
        linear = frozenset([i for i, x in enumerate(operands) if x.var.linear])
        if linear and linear not in primitive.linear_groups(len(operands)):
            raise not_linear(primitive, linear, self.builder.origin)
        if linear and primitive.linear_form is not None:
            return (primitive.linear_form(operands, **attributes),)
        applied = self.builder.apply(primitive, [x.var for x in operands], attributes)
        return tuple([Expr(self.builder, v) for v in applied])

    def full(self, value: complex, type_: ArrayType | None = None) -> Expr:
        """An array filled with a number, of this type unless another is given."""
        return Expr(self.builder, self.builder.literal(value, type_ or self.type))

    def zero(self, type_: Type | None = None) -> Expr:
        """The linear zero, of this type unless another is given."""
        return Expr(self.builder, self.builder.zero(type_ or self.type))

    def scaled(self, coefficient: Expr) -> Expr:
        """`coefficient *. self`, for a linear self."""
        return scale(coefficient, self)  # type: ignore[no-any-return]

    def _lift(self, other: Expr | complex) -> Expr:
        return other if isinstance(other, Expr) else self.full(other)

    def __add__(self, other: Expr | complex) -> Expr:
        return Expr(self.builder, self.builder.add(self.var, self._lift(other).var))

    __radd__ = __add__

    def __sub__(self, other: Expr | complex) -> Any:
        return sub(self, self._lift(other))

    def __rsub__(self, other: complex) -> Any:
        return sub(self.full(other), self)

    def __mul__(self, other: Expr | complex) -> Any:
        return mul(self, self._lift(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Expr | complex) -> Any:
        return div(self, self._lift(other))

    def __rtruediv__(self, other: complex) -> Any:
        return div(self.full(other), self)

    def __neg__(self) -> Any:
        return neg(self)


def _strong_product(c: Any, x: Any) -> Any:
    return np.where((c == 0) | (x == 0), np.zeros((), x.dtype), c * x)


scale = multilinear(
    "scale",
    "c *. x = c·x, and 0 where c or x is 0: what has no tangent contributes nothing, not 0·inf",
    _strong_product,
    lambda c, x: (same_type("scale", INEXACT, (c, x)),),
    lambda operands, cotangents: [cotangents[0].scaled(_coefficient(operands))],
    linear_in=(frozenset((1,)), frozenset((0,))),
    family="arithmetic",
    examples=examples_of(INEXACT, 2),
    work=largest,
    elementwise=True,
    scalar=lambda m, c, x: m.scaled(c, x),
)


def _coefficient(operands: Sequence[Any]) -> Any:
    """The operand of `scale` that is not linear."""
    return next(x for x in operands if isinstance(x, Expr))


neg = multilinear(
    "neg",
    "-x",
    np.negative,
    lambda x: (same_type("neg", NUMBER, (x,)),),
    lambda operands, cotangents: [-cotangents[0]],
    linear_in=(frozenset((0,)),),
    family="arithmetic",
    examples=examples_of(NUMBER, 1),
    elementwise=True,
    scalar=lambda m, x: -x,
)

sub = elementwise(
    "sub",
    "x - y",
    np.subtract,
    (1, -1),
    kinds=NUMBER,
    family="arithmetic",
    linear_in=[(0, 1)],
    scalar=lambda m, x, y: x - y,
)

mul = elementwise(
    "mul",
    "x·y (and for bool)",
    np.multiply,
    (lambda z, x, y: y, lambda z, x, y: x),
    kinds=ANY,
    family="arithmetic",
    linear_in=[(0,), (1,)],
    scalar=lambda m, x, y: x * y,
)

div = elementwise(
    "div",
    "x/y",
    np.divide,
    (lambda z, x, y: 1 / y, lambda z, x, y: -z / y),
    family="arithmetic",
    linear_in=[(0,)],
    low=0.5,
    scalar=lambda m, x, y: x / y,
)
