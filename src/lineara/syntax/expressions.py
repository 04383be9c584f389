"""Nested expressions to equations, in the order of evaluation, with the types and zones of what is in between.

What the type checker can say it is left to say. Here stand the errors of an expression that no equation can be made of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lark import Token

from lineara.errors import LinearaError, LinearTypeError, Origin, ParseError
from lineara.ir import (
    Add,
    Apply,
    ArrayType,
    Builder,
    Drop,
    Dup,
    Function,
    Primitive,
    TupleType,
    Type,
    Var,
    infer,
)
from lineara.primitives import REGISTRY
from lineara.syntax.names import closest
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
        stack: list[Values] = []
        for e in postorder(root):
            first = len(stack) - len(e.operands)
            operands = [
                self.one(values, part.at)
                for values, part in zip(stack[first:], e.operands, strict=True)
            ]
            del stack[first:]
            if isinstance(e, Use):
                stack.append((self.variable(e.at),))
                continue
            self.builder.origin = self.source.origin(e.at)
            if isinstance(e, Number):
                stack.append((self.literal(e),))
            else:
                stack.append(_RULES[e.at.type](self, e, operands))
        return stack[0]

    def one(self, values: Values, at: Token) -> Var:
        if len(values) != 1:
            raise self.error(
                f"`{at}` gives {count(len(values), 'value')} where one is needed",
                "arity",
                at,
                "bind them with let first",
            )
        return values[0]

    def variable(self, at: Token) -> Var:
        v = self.names.get(at)
        if v is None:
            raise self.unknown("name", at, self.names)
        self.renamed.pop(at, None)
        return v

    def literal(self, e: Number) -> Var:
        type_ = e.type or scalar_type(e.value)
        if isinstance(type_, TupleType):
            raise self.error(
                f"a number is no value of type {type_!r}", "type", e.at, "build it with tuple(…)"
            )
        return self.inferred(lambda: self.builder.literal(scalar_of(e.value, type_), type_))

    def application(self, e: Application, operands: list[Var]) -> Values:
        name = str(e.at)
        primitive = REGISTRY.get(name)
        if primitive is None:
            return self.call(e, operands)
        if e.left is not None:
            raise self.mistake(
                f"`{name}` is a primitive: its operands have no zones",
                e.at,
                "write a comma for the semicolon; the operands themselves are linear or not",
            )
        if e.checkpoint:
            raise self.mistake(
                f"`{name}` is a primitive", e.at, "checkpoint a call, or write recompute"
            )
        attributes: dict[str, Any] = {}
        for key, value in e.attributes:
            if key in attributes:
                raise self.mistake(f"the attribute `{key}` stands twice", key, "remove one")
            if isinstance(value, list):
                raise self.mistake(f"the attribute `{key}` is a list", key, "write a tuple (…)")
            attributes[str(key)] = value
        return self.apply(primitive, operands, attributes)

    def apply(
        self, primitive: Primitive, operands: Sequence[Var], attributes: dict[str, Any]
    ) -> Values:
        for v in operands:
            if isinstance(v.type, TupleType):
                raise self.error(
                    f"`{primitive.name}` takes arrays, not the tuple {v.type!r}",
                    "type",
                    self.builder.origin,
                    "unpack it first",
                )
        return self.inferred(lambda: self.builder.apply(primitive, operands, attributes))

    def call(self, e: Application, operands: list[Var]) -> Values:
        callee = self.functions.get(str(e.at))
        if callee is None:
            raise self.unknown("function", e.at, [*self.named, *REGISTRY])
        if e.attributes:
            raise self.mistake(
                f"`{e.at}` is a function, and has no attributes", e.at, "pass arguments"
            )
        left = len(operands) if e.left is None else e.left
        wanted = len(callee.params), len(callee.linear_params)
        given = left, len(operands) - left
        if given != wanted:
            raise self.error(
                f"`{e.at}` takes {pair(*wanted)} arguments, not {pair(*given)}",
                "arity",
                e.at,
                "nonlinear arguments stand left of the `;`, linear ones right of it",
            )
        arguments = operands[:left], operands[left:]
        results, linear = self.builder.call(callee, *arguments, checkpoint=e.checkpoint)
        return results + linear

    def add(self, e: Application, operands: list[Var]) -> Values:
        x, y = operands
        linear = e.at.type == "LINEAR_PLUS" or x.linear or y.linear
        return self.builder.emit(Add(), (x, y), [Var(x.type, linear=linear)])

    def product(self, e: Application, operands: list[Var]) -> Values:
        """`c *. x`: linear, whatever x turns out to be."""
        types = [v.type for v in operands]
        if not all(isinstance(t, ArrayType) for t in types):
            return self.apply(PRODUCT, operands, {})
        found = self.inferred(lambda: infer(PRODUCT, (), tuple(types)))  # type: ignore[arg-type]
        return self.builder.emit(Apply(PRODUCT), operands, [Var(t, linear=True) for t in found])

    def binary(self, e: Application, operands: list[Var]) -> Values:
        primitive = BINARY[str(e.at)] if len(operands) == 2 else NEGATION
        return self.apply(primitive, operands, {})

    def ascribed(self, e: Application, operands: list[Var]) -> Values:
        self.type(operands[0], e.type, e.at)
        return (operands[0],)

    def zero(self, e: Application, operands: list[Var]) -> Values:
        assert e.type is not None
        return (self.builder.zero(e.type),)

    def dup(self, e: Application, operands: list[Var]) -> Values:
        type_ = operands[0].type
        return self.builder.emit(
            Dup(), operands, [Var(type_, linear=True), Var(type_, linear=True)]
        )

    def drop(self, e: Application, operands: list[Var]) -> Values:
        return self.builder.emit(Drop(), operands, [])

    def unpack(self, e: Application, operands: list[Var]) -> Values:
        v = operands[0]
        if not isinstance(v.type, TupleType):
            name = f"`{v.hint}`" if v.hint else "a value"
            raise self.error(
                f"{name} of type {v.type!r} is not a tuple", "type", e.at, "unpack tuples", v.hint
            )
        return self.builder.unpack(v)

    def tuple(self, e: Application, operands: list[Var]) -> Values:
        if e.left is not None:
            raise self.mistake("`tuple` has no zones", e.at, "build one tuple for each zone")
        return (self.builder.make_tuple(operands),)

    def type(self, v: Var, declared: Type | None, at: Token) -> None:
        if declared is not None and v.type is not declared:
            raise self.error(
                f"`{v.hint or at}` is declared {declared!r}, but its value is {v.type!r}",
                "type",
                at,
                f"declare it {v.type!r}, or convert the value",
            )

    def inferred(self, make: Callable[[], Any]) -> Any:
        """What is made; an error of it has the place of the expression."""
        origin = self.builder.origin
        try:
            return make()
        except LinearaError as error:
            raise self.error(error.problem, "type", origin, error.mend) from None
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
            mend = "give the operands and attributes that the table of primitives lists"
            raise self.error(
                f"wrong operands or attributes: {error}", "arity", origin, mend
            ) from None

    def mistake(self, problem: str, at: Token, mend: str) -> ParseError:
        return ParseError(problem, origin=self.source.origin(at), mend=mend)

    def unknown(self, what: str, at: Token, known: Any) -> LinearTypeError:
        mend = closest(at, known) or f"bind it before it is used, or define it: def {at}(…) -> …"
        return self.error(f"unknown {what} `{at}`", "unknown", at, mend, str(at))

    def error(
        self, problem: str, rule: str, at: Token | Origin | None, mend: str, variable: str = ""
    ) -> LinearTypeError:
        origin = self.source.origin(at) if isinstance(at, Token) else at
        return LinearTypeError(
            f"{problem} (in `{self.definition.name}`)",
            rule=rule,
            variable=variable or (str(at) if isinstance(at, Token) else ""),
            origin=origin,
            mend=mend,
        )


def count(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"


def pair(nonlinear: int, linear: int) -> str:
    return f"({nonlinear} ; {linear})"


_RULES: dict[str, Callable[[Scope, Application, list[Var]], Values]] = {
    "NAME": Scope.application,
    "PLUS": Scope.add,
    "LINEAR_PLUS": Scope.add,
    "MINUS": Scope.binary,
    "TIMES": Scope.binary,
    "DIVIDE": Scope.binary,
    "LINEAR_TIMES": Scope.product,
    "COLON": Scope.ascribed,
    "ZERO": Scope.zero,
    "DUP": Scope.dup,
    "DROP": Scope.drop,
    "UNPACK": Scope.unpack,
    "TUPLE": Scope.tuple,
}
