"""Nested expressions to equations, in the order of evaluation, with the types and zones of what is in between.

What the type checker can say it is left to say. Here stand the errors of an expression that no equation can be made of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lineara.ir import Add, Drop, Dup, TupleType, Var
from lineara.primitives import REGISTRY
from lineara.syntax.constructs import construct
from lineara.syntax.operators import BINARY, NEGATION, PRODUCT
from lineara.syntax.scope import Scope, Values
from lineara.syntax.tree import Application, Construct, Expression, Number, Use, postorder


def evaluate(scope: Scope, root: Expression) -> Values:
    """The values of an expression, its equations emitted."""
    stack: list[Values] = []
    for e in postorder(root):
        first = len(stack) - len(e.operands)
        operands = [
            scope.one(values, part.at)
            for values, part in zip(stack[first:], e.operands, strict=True)
        ]
        del stack[first:]
        scope.builder.origin = scope.source.origin(e.at)
        match e:
            case Use(at):
                stack.append((scope.variable(at),))
            case Number():
                stack.append((scope.literal(e),))
            case Construct():
                stack.append(construct(scope, e, operands))
            case Application():
                stack.append(_RULES[e.at.type](scope, e, operands))
    return stack[0]


def _application(scope: Scope, e: Application, operands: list[Var]) -> Values:
    name = str(e.at)
    primitive = REGISTRY.get(name)
    if primitive is None:
        return _call(scope, e, operands)
    if e.left is not None:
        raise scope.mistake(
            f"`{name}` is a primitive: its operands have no zones",
            e.at,
            "write a comma for the semicolon; the operands themselves are linear or not",
        )
    if e.checkpoint:
        raise scope.mistake(
            f"`{name}` is a primitive, not a function", e.at, "write recompute, or leave it out"
        )
    attributes: dict[str, Any] = {}
    for key, value in e.attributes:
        if key in attributes:
            raise scope.mistake(f"the attribute `{key}` stands twice", key, "remove one")
        if isinstance(value, list):
            raise scope.mistake(f"the attribute `{key}` is a list", key, "write a tuple: (…)")
        attributes[str(key)] = value
    return scope.apply(primitive, operands, attributes)


def _call(scope: Scope, e: Application, operands: list[Var]) -> Values:
    callee = scope.callee(e.at)
    if e.attributes:
        raise scope.mistake(
            f"`{e.at}` is a function, and has no attributes", e.at, "pass it arguments"
        )
    left = len(operands) if e.left is None else e.left
    scope.fits(callee, (left, len(operands) - left), e.at)
    results, linear_results = scope.builder.call(
        callee,
        operands[:left],
        operands[left:],
        checkpoint=e.checkpoint,
        rule=None if e.rule is None else scope.rule(e.rule),
    )
    outputs = results + linear_results
    for v in outputs:
        v.hint = ""
    return outputs


def _add(scope: Scope, e: Application, operands: list[Var]) -> Values:
    x, y = operands
    linear = e.at.type == "LINEAR_PLUS" or x.linear or y.linear
    return scope.builder.emit(Add(), (x, y), [Var(x.type, linear=linear)])


def _product(scope: Scope, e: Application, operands: list[Var]) -> Values:
    """`c *. x` is linear, whatever x turns out to be."""
    scope.apply(PRODUCT, operands, {})
    equation = scope.builder.equations[-1]
    for v in equation.outputs:
        v.linear = True
    return equation.outputs


def _arithmetic(scope: Scope, e: Application, operands: list[Var]) -> Values:
    primitive = BINARY[str(e.at)] if len(operands) == 2 else NEGATION
    return scope.apply(primitive, operands, {})


def _ascribed(scope: Scope, e: Application, operands: list[Var]) -> Values:
    scope.declared(operands[0], e.type, e.at, "the value")
    return (operands[0],)


def _zero(scope: Scope, e: Application, operands: list[Var]) -> Values:
    assert e.type is not None
    return (scope.builder.zero(e.type),)


def _dup(scope: Scope, e: Application, operands: list[Var]) -> Values:
    halves = [Var(operands[0].type, linear=True) for _ in range(2)]
    return scope.builder.emit(Dup(), operands, halves)


def _drop(scope: Scope, e: Application, operands: list[Var]) -> Values:
    return scope.builder.emit(Drop(), operands, [])


def _unpack(scope: Scope, e: Application, operands: list[Var]) -> Values:
    v = operands[0]
    if not isinstance(v.type, TupleType):
        name = f"`{v.hint}`" if v.hint else "a value"
        raise scope.error(
            f"{name} of type {v.type!r} is not a tuple", "type", e.at, "unpack tuples", v.hint
        )
    return scope.builder.unpack(v)


def _tuple(scope: Scope, e: Application, operands: list[Var]) -> Values:
    if e.left is not None:
        raise scope.mistake("`tuple` has no zones", e.at, "build one tuple for each zone")
    return (scope.builder.make_tuple(operands),)


_RULES: dict[str, Callable[[Scope, Application, list[Var]], Values]] = {
    "NAME": _application,
    "PLUS": _add,
    "LINEAR_PLUS": _add,
    "MINUS": _arithmetic,
    "TIMES": _arithmetic,
    "DIVIDE": _arithmetic,
    "LINEAR_TIMES": _product,
    "COLON": _ascribed,
    "ZERO": _zero,
    "DUP": _dup,
    "DROP": _drop,
    "UNPACK": _unpack,
    "TUPLE": _tuple,
}
