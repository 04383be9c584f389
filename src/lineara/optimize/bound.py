"""The constant of the cheap derivative principle: what differentiation multiplies work by, at most.

    W(jvp f) ≤ c · (W(f) + I(f))        I(f): the scalars that cross function boundaries

One equation at a time: its derivative costs what the rule of its record emits, and its place in a program can cost a
`dup` or a `zero` for each tangent that it reads, and a `drop` for each that it makes. `c` is the largest quotient of that and
the work of the equation, over the records of the table at their examples. An array larger than the work of an equation
is read in part, and given back, or changed in place: no tangent of it is duplicated there.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from lineara.cost import equation_work, work
from lineara.ir import ArrayType, Builder, Drop, Example, Function, Primitive
from lineara.primitives import REGISTRY
from lineara.transforms import jvp


def jvp_constant() -> Fraction:
    """The constant `c`: `W(jvp f) ≤ c · (W(f) + I(f))`.

    >>> jvp_constant() >= derivative_ratio(worst_primitive())
    True
    """
    return max(_sum_ratio(), derivative_ratio(worst_primitive()))


@cache
def worst_primitive() -> Primitive:
    """The record whose derivative costs most, compared with itself; the first by name of equal ones."""
    return max((REGISTRY[name] for name in sorted(REGISTRY)), key=derivative_ratio)


@cache
def derivative_ratio(primitive: Primitive) -> Fraction:
    """What differentiation multiplies the work of a primitive by, at most, over its examples.

    >>> derivative_ratio(REGISTRY["neg"])
    Fraction(4, 1)
    """
    if primitive.borrows:
        return Fraction(0)
    return max(_ratio(_program(primitive, example)) for example in primitive.examples)


def _program(primitive: Primitive, example: Example) -> Function:
    """The function that is one application."""
    builder = Builder(primitive.name)
    operands = [builder.param(t) for t in example.operands]
    return builder.finish(builder.apply(primitive, operands, dict(example.attributes)))


def _sum_ratio() -> Fraction:
    """The ratio of `+`, a form of the language and no record."""
    builder = Builder("plus")
    x, y = (builder.param(ArrayType("f64")) for _ in range(2))
    return _ratio(builder.finish([builder.add(x, y)]))


def _ratio(function: Function) -> Fraction:
    """For a function of one equation: its derivative and the use of its tangents, over its work."""
    total = work(function)
    if total == 0:
        return Fraction(0)
    rule = sum(equation_work(e, {}) for e in jvp(function).equations if not isinstance(e.op, Drop))
    around = sum(
        v.type.size
        for v in (*function.params, *function.results)
        if v.type.is_inexact and v.type.size <= total
    )
    return Fraction(rule + around, total)
