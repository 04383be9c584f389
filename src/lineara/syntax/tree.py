"""What the grammar makes of a text: definitions, lines and nested expressions, before names mean anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from lark import Token

from lineara.errors import TextOrigin
from lineara.ir import ArrayType, Type

T = TypeVar("T")
Scalar = bool | int | float | complex


class Source:
    """A text and its name, in which tokens have a place."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self._lines = text.split("\n")

    def origin(self, token: Token) -> TextOrigin:
        """The place of a token."""
        return self.at(token.line or 1, token.column or 1)

    def at(self, line: int, column: int) -> TextOrigin:
        """A place, by its one-based line and column."""
        return TextOrigin(self.file, line, column, self._lines[line - 1].rstrip("\r"))


class Zoned(NamedTuple, Generic[T]):
    """What stands left and right of a semicolon; `split` is whether there is one."""

    left: tuple[T, ...]
    right: tuple[T, ...] = ()
    split: bool = False

    @property
    def items(self) -> tuple[T, ...]:
        """Both zones, in order."""
        return self.left + self.right


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """A variable."""

    at: Token
    operands: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """A literal; without a type it has the type that it looks like."""

    at: Token
    value: Scalar
    type: Type | None = None
    operands: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Application:
    """An operation on operands. The token says which: a symbol, a word of the language, or a name.

    `left` operands of it stand left of the semicolon; None where there is no semicolon.
    """

    at: Token
    operands: tuple[Expression, ...] = ()
    left: int | None = None
    attributes: tuple[tuple[Token, Any], ...] = ()
    type: Type | None = None
    checkpoint: bool = False
    rule: Token | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Construct:
    """A switch, a scan, a loop, or a call that is declared linear: functions, and operands in groups, each of two zones.

        switch index of functions with (group)
        scan[length] function(group) from (group) over (group)
        while function(group) do function(group) from (group)
        linear function with rule, function with rule (group)

    The index of a switch, and a length that is a variable, stand before the first group.
    """

    at: Token
    functions: tuple[Token, ...]
    operands: tuple[Expression, ...]
    groups: tuple[tuple[int, int], ...]
    """How many operands each has left and right of its semicolon."""
    length: int | None = None
    marks: frozenset[str] = frozenset()
    rules: tuple[Token | None, ...] = ()


Expression = Use | Number | Application | Construct


@dataclass(frozen=True, slots=True)
class Binder:
    """A variable to be bound, and its type where it is written."""

    at: Token
    type: Type | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A let, or, without a pattern, a result."""

    values: Zoned[Expression]
    pattern: Zoned[Binder] | None = None
    recompute: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """A function."""

    at: Token
    parameters: Zoned[Binder]
    results: Zoned[Type]
    lines: tuple[Line, ...]

    @property
    def name(self) -> str:
        """The name of the function."""
        return str(self.at)


def called(e: Expression) -> tuple[Token, ...]:
    """The names in an expression itself, not in its operands, that may be those of functions."""
    if isinstance(e, Construct):
        return e.functions
    return (e.at,) if isinstance(e, Application) and e.at.type == "NAME" else ()


def postorder(root: Expression) -> Sequence[Expression]:
    """An expression and all in it, in the order of evaluation; however deep, without recursion."""
    stack, found = [root], []
    while stack:
        expression = stack.pop()
        found.append(expression)
        stack.extend(expression.operands)
    found.reverse()
    return found


def scalar_type(value: Scalar) -> ArrayType:
    """The type of a literal that is written without one."""
    name = {bool: "bool", int: "i64", float: "f64", complex: "c128"}
    return ArrayType(name[type(value)])
