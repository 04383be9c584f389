"""From text to trees: the grammar, read by lark, and the errors of what it does not accept.

Nothing here recurses: lark keeps its own stack, and nesting is bounded as the tokens go by.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import Any, NoReturn

import numpy as np
from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from lineara.errors import ParseError
from lineara.ir import DTYPE_NAMES, ArrayType, ListType, TupleType, Type
from lineara.syntax.layout import Layout, Mistake
from lineara.syntax.names import closest, short
from lineara.syntax.tree import (
    Application,
    Binder,
    Construct,
    Definition,
    Expression,
    Line,
    Number,
    Scalar,
    Source,
    Use,
    Zoned,
)

DTYPES = {**DTYPE_NAMES, "R": DTYPE_NAMES["f64"]}


def read(source: Source, text: str, start: str) -> Any:
    """The tree of a text: a program, a type or a datum.

    Raises:
        ParseError: with the place, and what was expected there.
    """
    try:
        return _lark().parse(text, start=start)
    except UnexpectedCharacters as error:
        where = source.at(error.line, error.column)
        char = where.source[error.column - 1 : error.column]
        mend = "close the string on its line" if char == '"' else "remove it"
        raise ParseError(f"unexpected character {char!r}", origin=where, mend=mend) from None
    except UnexpectedToken as error:
        _unexpected(source, error, start)
    except Mistake as mistake:
        where = source.origin(mistake.token)
        raise ParseError(mistake.problem, origin=where, mend=mistake.mend) from None


def _unexpected(source: Source, error: UnexpectedToken, start: str) -> NoReturn:
    token = error.token
    expected = _expected(set(error.accepts or error.expected))
    if token.type == "_NEWLINE":
        found = "the line ends too early" if start == "program" else "the text ends too early"
    else:
        found = f"unexpected `{short(token)}`" if token else "the text ends too early"
    raise ParseError(found, origin=source.origin(token), mend=f"expected {expected}") from None


_VALUE = frozenset(("NAME", "INTEGER", "TRUE"))
_SHOWN = {
    "NAME": "a name",
    "_NEWLINE": "the end of the line",
    "$END": "the end of the text",
    "STRING": "a string",
    "INTEGER": "an integer",
    "IMAGINARY": "an imaginary number",
}
_SYMBOLS = {
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "COMMA": ",",
    "EQUAL": "=",
    "ARROW": "->",
    "SEMI": ";",
    "COLON": ":",
}
_OPERATORS = {"PLUS", "MINUS", "TIMES", "DIVIDE", "LINEAR_PLUS", "LINEAR_TIMES"}
_STARTS = {"MINUS", "LPAR", "FLOAT", "IMAGINARY", "INF", "NAN", "FALSE", "STRING", "LSQB"}
_STARTS |= {
    "DUP",
    "DROP",
    "UNPACK",
    "ZERO",
    "TUPLE",
    "CHECKPOINT",
    "LINEAR",
    "SWITCH",
    "SCAN",
    "WHILE",
} | _VALUE


def _expected(terminals: set[str]) -> str:
    """What may stand in a place, in words."""
    words = []
    if terminals >= _VALUE:
        words.append("an expression")
        terminals = terminals - _STARTS
    if len(terminals & _OPERATORS) > 2:
        words.append("an operator")
        terminals = terminals - _OPERATORS
    for terminal in sorted(terminals, key=lambda t: (t in _SHOWN, t)):
        symbol = _SYMBOLS.get(terminal)
        words.append(f"`{symbol}`" if symbol else _SHOWN.get(terminal, f"`{terminal.lower()}`"))
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _zoned(items: Iterable[Any]) -> Zoned[Any]:
    zones: tuple[list[Any], ...] = ([], [])
    split = False
    for item in items:
        if isinstance(item, Token) and item.type == "SEMI":
            split = True
        else:
            zones[split].append(item)
    return Zoned(tuple(zones[0]), tuple(zones[1]), split)


def _number(token: Token) -> Scalar:
    try:
        value = _READ[token.type](token)
    except ValueError:
        raise Mistake(token, "an integer with too many digits", "write it as a float") from None
    if abs(value) == math.inf and "inf" not in token:
        raise Mistake(token, "a number too large for f64", "write inf for infinity")
    return value


_READ: dict[str, Callable[[str], Scalar]] = {
    "INTEGER": int,
    "FLOAT": float,
    "IMAGINARY": lambda text: complex(0.0, float(text[:-1])),
    "INF": float,
    "NAN": float,
    "TRUE": lambda text: True,
    "FALSE": lambda text: False,
}


def _negative(sign: Token, value: Scalar) -> Scalar:
    if isinstance(value, bool):
        raise Mistake(sign, "a truth value has no sign", "negate it with logic")
    return -value


def _complex(real: Expression, sign: Token, imaginary: Expression) -> Number:
    assert isinstance(real, Number)
    assert isinstance(imaginary, Number)
    part = imaginary.value.imag
    try:
        return Number(real.at, complex(real.value.real, -part if sign.type == "MINUS" else part))
    except OverflowError:
        raise Mistake(real.at, "a number too large for c128", "write it as a float") from None


@v_args(inline=True)
class _Trees(Transformer):  # type: ignore[type-arg]
    """One method per rule of the grammar. Holds no state, so that threads can share it."""

    def program(self, *definitions: Definition) -> list[Definition]:
        return list(definitions)

    def definition(
        self, name: Token, parameters: Zoned[Binder], results: Zoned[Type], *lines: Line
    ) -> Definition:
        return Definition(name, parameters, results, lines)

    def parameters(self, *binders: Any) -> Zoned[Binder]:
        return _zoned(binders)

    def results(self, *types: Any) -> Zoned[Type]:
        return _zoned(types)

    def let(self, pattern: Zoned[Binder], *rest: Any) -> Line:
        return Line(rest[-1], pattern, recompute=len(rest) == 2)

    def result(self, values: Zoned[Expression]) -> Line:
        return Line(values)

    pattern = parameters

    def binder(self, name: Token, type_: Type | None = None) -> Binder:
        if "." in name:
            raise Mistake(name, f"`{name}` is no name of a variable", "write it without dots")
        return Binder(name, type_)

    def values(self, expression: Expression) -> Zoned[Expression]:
        return Zoned((expression,))

    def pack(self, *expressions: Any) -> Zoned[Expression]:
        zones = _zoned(expressions)
        return zones._replace(split=True)

    def infix(self, left: Expression, symbol: Token, right: Expression) -> Expression:
        if symbol.type in {"PLUS", "MINUS"} and _makes_complex(left, right):
            return _complex(left, symbol, right)
        return Application(symbol, (left, right))

    def negate(self, sign: Token, operand: Expression) -> Expression:
        if isinstance(operand, Number):
            return Number(sign, _negative(sign, operand.value), operand.type)
        return Application(sign, (operand,))

    def prefix(self, word: Token, operand: Expression) -> Expression:
        return Application(word, (operand,))

    def ascribed(self, expression: Expression, colon: Token, type_: Type) -> Expression:
        if isinstance(expression, Number) and expression.type is None:
            return Number(expression.at, expression.value, type_)
        return Application(colon, (expression,), type=type_)

    def use(self, name: Token) -> Expression:
        return Use(name)

    def zero(self, word: Token, type_: Type) -> Expression:
        return Application(word, type=type_)

    def apply(self, name: Token, *rest: Any) -> Application:
        arguments = rest[-1]
        attributes = rest[0] if len(rest) == 2 else ()
        left = len(arguments.left) if arguments.split else None
        return Application(name, arguments.items, left, attributes)

    def checkpoint(self, word: Token, name: Token, arguments: Zoned[Expression]) -> Expression:
        return replace(self.apply(name, arguments), checkpoint=bool(word))

    def ruled(self, name: Token, rule: Token, arguments: Zoned[Expression]) -> Application:
        return replace(self.apply(name, arguments), rule=rule)

    def ruled_checkpoint(self, word: Token, *rest: Any) -> Expression:
        return replace(self.ruled(*rest), checkpoint=bool(word))

    def declared(self, name: Token, rule: Token | None = None) -> tuple[Token, Token | None]:
        return name, rule

    def linear(self, word: Token, *rest: Any) -> Expression:
        *calls, arguments = rest
        made = _construct(word, [name for name, _ in calls], (arguments,))
        return replace(made, rules=tuple([rule for _, rule in calls]))

    arguments = parameters

    def switch(self, word: Token, index: Expression, *rest: Any) -> Expression:
        *branches, arguments = rest
        return _construct(word, branches, (arguments,), (index,))

    def scan(
        self,
        word: Token,
        trips: int | Expression,
        marks: frozenset[str],
        body: Token,
        *groups: Zoned[Expression],
    ) -> Expression:
        if isinstance(trips, int):
            return replace(_construct(word, (body,), groups), length=trips, marks=marks)
        return replace(_construct(word, (body,), groups, (trips,)), marks=marks)

    def loop(
        self,
        word: Token,
        condition: Token,
        tested: Zoned[Expression],
        body: Token,
        *groups: Zoned[Expression],
    ) -> Expression:
        return _construct(word, (condition, body), (tested, *groups))

    def constants(self, arguments: Zoned[Expression] | None = None) -> Zoned[Expression]:
        return arguments or Zoned(())

    carry = stacks = constants

    def length(self, token: Token) -> int:
        return _size(token)

    def marks(self, *words: Token) -> frozenset[str]:
        for word in words:
            if word not in ("backward", "planned"):
                raise Mistake(
                    word,
                    f"`{short(word)}` is no mark of a scan",
                    "write backward or planned, or leave it out",
                )
        return frozenset(words)

    def attributes(self, *pairs: tuple[Token, Any]) -> tuple[tuple[Token, Any], ...]:
        return pairs

    def attribute(self, name: Token, value: Any) -> tuple[Token, Any]:
        return name, value.value if isinstance(value, Number) else value

    def number(self, token: Token) -> Number:
        return Number(token, _number(token))

    def complex_datum(self, real: Number, sign: Token, imaginary: Token) -> Number:
        return _complex(real, sign, self.number(imaginary))

    def string(self, token: Token) -> str:
        try:
            text: str = json.loads(token)
        except ValueError:
            raise Mistake(token, "not a string", "escape as in JSON") from None
        return text

    def constant(self, name: Token) -> Any:
        if name == "None":
            return None
        return _dtype(name)

    def data(self, *items: Any) -> tuple[Any, ...]:
        return tuple([x.value if isinstance(x, Number) else x for x in items])

    def array_data(self, *items: Any) -> list[Any]:
        return [x.value if isinstance(x, Number) else x for x in items]

    def tuple_type(self, *elements: Type) -> Type:
        return TupleType(elements)

    def array(self, name: Token, *sizes: Token) -> Type:
        return ArrayType(_dtype(name), tuple([_size(n) for n in sizes]))

    def list(self, name: Token, element: Type) -> Type:
        if name != "list":
            raise Mistake(name, f"unknown type `{short(name)}[…]`", "write list[…]")
        return ListType(element)


def _construct(
    word: Token,
    functions: Iterable[Token],
    groups: Iterable[Zoned[Expression]],
    first: tuple[Expression, ...] = (),
) -> Construct:
    given = tuple(groups)
    operands = (*first, *[e for group in given for e in group.items])
    counts = tuple([(len(group.left), len(group.right)) for group in given])
    return Construct(word, tuple(functions), operands, counts)


def _makes_complex(left: Expression, right: Expression) -> bool:
    """Whether a sum is a complex number as it is written: `1 + 2j`."""
    return (
        isinstance(left, Number)
        and isinstance(right, Number)
        and left.type is right.type is None
        and type(left.value) in {int, float}
        and isinstance(right.value, complex)
    )


def _dtype(name: Token) -> np.dtype[Any]:
    found = DTYPES.get(name)
    if found is None:
        raise Mistake(
            name,
            f"unknown type `{short(name)}`",
            closest(name, DTYPES) or f"write one of {', '.join(DTYPES)}",
        )
    return found


def _size(token: Token) -> int:
    if len(token) > 18:
        raise Mistake(token, "a size that no array has", "write a smaller one")
    return int(token)


def words() -> set[str]:
    """The words of the language, which are no names."""
    patterns = [terminal.pattern.value for terminal in _lark().terminals]
    return {pattern for pattern in patterns if pattern.isalpha()}


@lru_cache(maxsize=1)
def _lark() -> Lark:
    return Lark(
        files("lineara.syntax").joinpath("grammar.lark").read_text(encoding="utf-8"),
        parser="lalr",
        lexer="basic",
        start=["program", "one_type", "one_datum"],
        maybe_placeholders=False,
        postlex=Layout(),
        transformer=_Trees(),
    )
