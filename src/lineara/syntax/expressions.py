"""Nested expressions to equations, in the order of evaluation, with the types and zones of what is in between.

What the type checker can say it is left to say. Here stand the errors of an expression that no equation can be made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import signature
from typing import Any, TypeVar

from lark import Token

from lineara.errors import LinearaError, LinearTypeError, Origin, ParseError
from lineara.ir import (
    Add,
    Builder,
    Drop,
    Dup,
    Function,
    Primitive,
    TupleType,
    Type,
    Var,
)
from lineara.primitives import REGISTRY
from lineara.syntax.names import closest, short
from lineara.syntax.operators import BINARY, NEGATION, PRODUCT
from lineara.syntax.tree import (
    Application,
    Definition,
    Expression,
    Number,
    Source,
    Use,
    postorder,
    scalar_type,
)
from lineara.syntax.values import scalar_of

Values = tuple[Var, ...]
T = TypeVar("T")


class Scope:
    """The names of one function and the functions that it may call; its expressions become equations."""

    def __init__(
        self,
        source: Source,
        definition: Definition,
        functions: Mapping[str, Function],
        named: Mapping[str, Definition],
    ) -> None:
        self.source, self.definition = source, definition
        self.functions, self.named = functions, named
        self.builder = Builder(definition.name, source.origin(definition.at))
        self.names: dict[str, Var] = {}
        self.renamed: dict[str, Token] = {}

    def expression(self, root: Expression) -> Values:
        """The values of an expression, its equations emitted."""
        stack: list[Values] = []
        for e in postorder(root):
            first = len(stack) - len(e.operands)
            operands = [
                self.one(values, part.at)
                for values, part in zip(stack[first:], e.operands, strict=True)
            ]
            del stack[first:]
            self.builder.origin = self.source.origin(e.at)
            if isinstance(e, Use):
                stack.append((self.variable(e.at),))
            elif isinstance(e, Number):
                stack.append((self.literal(e),))
            else:
                stack.append(_RULES[e.at.type](self, e, operands))
        return stack[0]

    def one(self, values: Values, at: Token) -> Var:
        """The value of an expression that must have one."""
        if len(values) != 1:
            raise self.error(
                f"`{at}` gives {count(len(values), 'value')} where one is needed",
                "arity",
                at,
                "bind them with let first",
            )
        return values[0]

    def variable(self, at: Token) -> Var:
        """What a name stands for."""
        v = self.names.get(at)
        if v is None:
            raise self.unknown("name", at, self.names)
        self.renamed.pop(at, None)
        return v

    def literal(self, e: Number) -> Var:
        """A number of the type that is written, or that it looks like."""
        type_ = e.type or scalar_type(e.value)
        if isinstance(type_, TupleType):
            raise self.error(
                f"a number is no value of type {type_!r}", "type", e.at, "build it with tuple(…)"
            )
        return self.inferred(lambda: self.builder.literal(scalar_of(e.value, type_), type_))

    def apply(
        self, primitive: Primitive, operands: Sequence[Var], attributes: dict[str, Any]
    ) -> Values:
        """Apply a primitive, whose type rule knows arrays only."""
        for v in operands:
            if isinstance(v.type, TupleType):
                raise self.error(
                    f"`{primitive.name}` takes arrays, not the tuple {v.type!r}",
                    "type",
                    self.builder.origin,
                    "unpack it first",
                    v.hint,
                )
        return self.inferred(lambda: self._applied(primitive, operands, attributes))

    def _applied(
        self, primitive: Primitive, operands: Sequence[Var], attributes: dict[str, Any]
    ) -> Values:
        try:
            return self.builder.apply(primitive, operands, attributes)
        except TypeError as error:
            if not isinstance(error, LinearaError):  # say it with the names of the attributes
                signature(primitive.infer).bind(*operands, **attributes)
            raise

    def declared(self, v: Var, type_: Type | None, at: Token, what: str) -> None:
        """Refuse a value of another type than the one that is written."""
        if type_ is not None and v.type is not type_:
            raise self.error(
                f"{what} is declared {type_!r}, but its value is {v.type!r}",
                "type",
                at,
                f"declare it {v.type!r}, or convert the value",
                v.hint,
            )

    def inferred(self, make: Callable[[], T]) -> T:
        """What is made; an error of it has the place of the expression."""
        origin = self.builder.origin
        try:
            return make()
        except LinearaError as error:
            raise self.error(error.problem, "type", origin, error.mend) from None
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
            rule = "arity" if isinstance(error, TypeError) else "type"
            problem = f"wrong operands or attributes: {error}"
            mend = "the table of primitives says what it takes"
            raise self.error(problem, rule, origin, mend) from None

    def mistake(self, problem: str, at: Token, mend: str) -> ParseError:
        """An error of form, at a token."""
        return ParseError(problem, origin=self.source.origin(at), mend=mend)

    def unknown(self, what: str, at: Token, known: Iterable[str]) -> LinearTypeError:
        """The error of a name that stands for nothing."""
        mend = closest(at, known) or f"define `{short(at)}` before it is used"
        return self.error(f"unknown {what} `{short(at)}`", "unknown", at, mend, str(at))

    def error(
        self, problem: str, rule: str, at: Token | Origin | None, mend: str, variable: str = ""
    ) -> LinearTypeError:
        """A broken typing rule, at a token or another place."""
        return LinearTypeError(
            f"{problem} (in `{self.definition.name}`)",
            rule=rule,
            variable=variable or (str(at) if isinstance(at, Token) else ""),
            origin=self.source.origin(at) if isinstance(at, Token) else at,
            mend=mend,
        )


def count(n: int, what: str) -> str:
    """A number and its noun."""
    return f"{n} {what}{'s' * (n != 1)}"


def pair(nonlinear: int, linear: int) -> str:
    """How many there are in each zone."""
    return f"({nonlinear} ; {linear})"


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
    callee = scope.functions.get(str(e.at))
    if callee is None:
        raise scope.unknown("function", e.at, [*scope.named, *REGISTRY])
    if e.attributes:
        raise scope.mistake(
            f"`{e.at}` is a function, and has no attributes", e.at, "pass it arguments"
        )
    left = len(operands) if e.left is None else e.left
    wanted = len(callee.params), len(callee.linear_params)
    given = left, len(operands) - left
    if given != wanted:
        raise scope.error(
            f"`{e.at}` takes {pair(*wanted)} arguments, not {pair(*given)}",
            "arity",
            e.at,
            "nonlinear arguments stand left of the `;`, linear ones right of it",
        )
    results, linear_results = scope.builder.call(
        callee, operands[:left], operands[left:], checkpoint=e.checkpoint
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
