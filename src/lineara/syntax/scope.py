"""What the lines of one function have in common: names, functions, equations, and the errors of these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import signature
from typing import Any, TypeVar

from lark import Token

from lineara.errors import LinearaError, LinearTypeError, Origin, ParseError
from lineara.ir import (
    ArrayType,
    Builder,
    Equation,
    Function,
    Op,
    Primitive,
    Rule,
    Type,
    Var,
    recorded_rule,
)
from lineara.primitives import REGISTRY
from lineara.syntax.names import closest, short
from lineara.syntax.tree import Definition, Number, Source, scalar_type
from lineara.syntax.values import scalar_of
from lineara.typecheck import no_array, signature_of

Values = tuple[Var, ...]
Rules = dict[str, tuple[Rule, Callable[[Function], None]]]
"""The rules that a text refers to, and how each is given its body."""

T = TypeVar("T")


class Scope:
    """The names of one function and the functions that it may call, and the equations that it has so far."""

    def __init__(
        self,
        source: Source,
        definition: Definition,
        functions: Mapping[str, Function],
        named: Mapping[str, Definition],
        rules: Rules,
    ) -> None:
        self.rules = rules
        self.source, self.definition = source, definition
        self.functions, self.named = functions, named
        self.builder = Builder(definition.name, source.origin(definition.at))
        self.names: dict[str, Var] = {}
        self.renamed: dict[str, Token] = {}

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
        if not isinstance(type_, ArrayType):
            raise self.error(
                f"a number is no value of type {type_!r}", "type", e.at, "build it with tuple(…)"
            )
        return self.inferred(lambda: self.builder.literal(scalar_of(e.value, type_), type_))

    def apply(
        self, primitive: Primitive, operands: Sequence[Var], attributes: dict[str, Any]
    ) -> Values:
        """Apply a primitive, whose type rule knows arrays only."""
        for v in operands:
            if not isinstance(v.type, ArrayType):
                problem, mend = no_array(primitive.name, v.type)
                raise self.error(problem, "type", self.builder.origin, mend, v.hint)
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

    def emitted(self, op: Op, operands: Sequence[Var]) -> Values:
        """Apply an operation that gives what its typing rule says."""
        shell = Function(self.definition.name, (), (), (), (), ())
        given = signature_of(shell, Equation(op, tuple(operands), (), self.builder.origin))
        return self.builder.emit(op, operands, [Var(t, linear=linear) for t, linear in given])

    def callee(self, at: Token) -> Function:
        """The function that a name stands for."""
        found = self.functions.get(at)
        if found is None:
            raise self.unknown("function", at, [*self.named, *REGISTRY])
        return found

    def rule(self, at: Token) -> Rule:
        """The rule that a function of the text is; its body may come later."""
        if at not in self.named:
            raise self.unknown("function", at, self.named)
        if at not in self.rules:
            self.rules[str(at)] = recorded_rule(str(at))
        return self.rules[str(at)][0]

    def fits(self, callee: Function, given: tuple[int, int], at: Token) -> None:
        """Refuse to apply a function to another number of arguments than it takes."""
        wanted = len(callee.params), len(callee.linear_params)
        if given != wanted:
            raise self.error(
                f"`{at}` takes {pair(*wanted)} arguments, not {pair(*given)}",
                "arity",
                at,
                "nonlinear arguments stand left of the `;`, linear ones right of it",
            )

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
