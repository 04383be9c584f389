"""Functions as text, which `parse` reads back as the same functions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, assert_never

import numpy as np

from lineara.errors import LinearaError
from lineara.ir import (
    DEEPEST,
    Add,
    Apply,
    Call,
    Drop,
    Dup,
    Equation,
    Function,
    LinearCall,
    Literal,
    MakeTuple,
    Primitive,
    Scan,
    Switch,
    Type,
    Unpack,
    Var,
    While,
    Zero,
    dtype_name,
    functions_of,
    reachable,
)
from lineara.ir.names import KEYWORDS, Namer, identifier, variable_names
from lineara.primitives import REGISTRY
from lineara.syntax.operators import NEGATION, PRODUCT, SYMBOLS
from lineara.syntax.tree import scalar_type
from lineara.syntax.values import literal_text

WIDTH, BREAKABLE = 100, 40
Names = Mapping[Var, str]
Attributes = tuple[tuple[str, Any], ...]
FunctionNames = Mapping[int, str]
"""The name of each function, by its identity."""


def to_text(function: Function) -> str:
    """A function and all that it calls, callees first, each with a name of its own.

    Raises:
        LinearaError: if a type is nested more deeply than a text can be.

    >>> from lineara.syntax import parse_function
    >>> print(to_text(parse_function("def f(x: f64) -> f64 = 2.0 * x + x")), end="")
    def f(x: f64) -> f64 =
      let a = 2.0
      let b = a * x
      let c = b + x
      c
    """
    functions = reachable(function)
    names = function_names(functions)
    return "\n".join([format_function(f, names) for f in functions])


def function_names(functions: Sequence[Function]) -> dict[int, str]:
    """A printed name for each function, by identity; the last one has the first choice."""
    namer = Namer(KEYWORDS | REGISTRY.keys())
    return {id(f): namer.name(_dotted(f.name)) for f in reversed(functions)}


def format_function(function: Function, names: FunctionNames | None = None) -> str:
    """One function alone; `names` are those of its callees and of itself, where they are not their own."""
    names = names or {}
    variables = variable_names(function)

    def typed(zone: Sequence[Var]) -> list[str]:
        return [f"{variables[v]}: {_type_text(v.type)}" for v in zone]

    def used(zone: Sequence[Var]) -> list[str]:
        return [variables.get(v, "?") for v in zone]

    types = [_type_text(v.type) for v in function.results]
    bare = len(types) == 1 and not function.linear_results
    results = _Group(types, [_type_text(v.type) for v in function.linear_results])
    values = _Group(used(function.results), used(function.linear_results))
    head: list[_Piece] = [
        f"def {_name_of(function, names)}",
        _Group(typed(function.params), typed(function.linear_params)),
        " -> ",
        types[0] if bare and not types[0].startswith("(") else results,
        " =",
    ]
    lines = [_line(head, "")]
    lines += [f"  {format_equation(e, variables, names)}" for e in function.equations]
    lines.append("  " + _line([values.left[0] if bare else values], "  "))
    return "\n".join(lines) + "\n"


def format_equation(
    equation: Equation, variables: Names, functions: FunctionNames | None = None
) -> str:
    """`let y = sin(x)`, with the names of the variables and, where they are not their own, of the callees."""
    bound: dict[bool, list[str]] = {False: [], True: []}
    for v in equation.outputs:
        bound[v.linear].append(variables[v])
    left, right = bound[False], bound[True]
    if right or not left:
        binders: _Piece = _Group(left, right, "(")
    else:
        binders = left[0] if len(left) == 1 else ", ".join(left)
        if len(binders) > BREAKABLE:
            binders = _Group(left, right)
    used = [variables.get(v, "?") for v in equation.inputs]
    again = "recompute " if equation.recompute else ""
    return _line(["let ", binders, f" = {again}", *_operation(equation, used, functions)], "  ")


def _operation(
    equation: Equation, used: list[str], functions: FunctionNames | None
) -> tuple[_Piece, ...]:
    """The right side of a let."""
    op = equation.op
    names = [_name_of(f, functions or {}) for f in functions_of(op)]
    match op:
        case Apply(primitive, attributes):
            return _application(equation, used, primitive, attributes)
        case Add():
            symbol = "+." if all([v.linear for v in equation.inputs]) else "+"
            return (f" {symbol} ".join(used),)
        case Literal(value, type_):
            return (literal_text(value, type_),)
        case Zero(type_):
            return (f"zero: {_type_text(type_)}",)
        case MakeTuple():
            return ("tuple", _Group(used))
        case Dup() | Drop() | Unpack():
            return (f"{op.key} {', '.join(used)}",)
        case Call(function, checkpoint):
            count = len(function.params)
            word = "checkpoint " if checkpoint else ""
            return (f"{word}{_called(op, functions)}", _Group(used[:count], used[count:]))
        case LinearCall():
            count = sum([not v.linear for v in equation.inputs])
            calls = ", ".join([_called(c, functions).strip() for c in op.calls])
            return (f"linear {calls} ", _Group(used[:count], used[count:]))
        case Switch(branches):
            count = 1 + len(branches[0].params)
            words = f"switch {used[0]} of {', '.join(names)} with "
            return (words, _Group(used[1:count], used[count:]))
        case Scan():
            return _scan(op, used, names[0])
        case While():
            return _while(op, used, names)
        case _:
            assert_never(op)


def _called(op: Call, functions: FunctionNames | None) -> str:
    """`f`, or `f with f.rule `."""
    name = _name_of(op.function, functions or {})
    if op.rule is None:
        return name
    rule = _dotted(op.rule.name) if op.rule.is_open else _name_of(op.rule.body, functions or {})
    return f"{name} with {rule} "


def _scan(op: Scan, used: list[str], body: str) -> tuple[_Piece, ...]:
    trips = used.pop(0) if op.length is None else str(op.length)
    count, carried = len(op.body.params), op.constants + op.carry
    left, right = used[:count], used[count:]
    marks = [word for word, on in (("backward", op.reverse), ("planned", op.planned)) if on]
    return (
        f"scan[{', '.join([trips, *marks])}] {body}",
        *_given("", left[: op.constants]),
        *_given(" from ", left[op.constants : carried], right[: op.linear_carry]),
        *_given(" over ", left[carried:], right[op.linear_carry :]),
    )


def _while(op: While, used: list[str], functions: list[str]) -> tuple[_Piece, ...]:
    first, fixed = op.constants[0], sum(op.constants)
    count = fixed + op.carry
    return (
        f"while {functions[0]}",
        *_given("", used[:first]),
        f" do {functions[1]}",
        *_given("", used[first:fixed]),
        *_given(" from ", used[fixed:count], used[count:]),
    )


def _given(word: str, left: list[str], right: Sequence[str] = ()) -> tuple[_Piece, ...]:
    """A group of operands after its word; nothing where there are none."""
    return (word, _Group(left, right)) if left or right else ()


def _application(
    equation: Equation, used: list[str], primitive: Primitive, attributes: Attributes
) -> tuple[_Piece, ...]:
    linear = [v.linear for v in equation.inputs]
    if primitive is PRODUCT and linear == [False, True]:
        return (f"{used[0]} *. {used[1]}",)
    if primitive is NEGATION:
        return (f"-{used[0]}",)
    symbol = SYMBOLS.get(primitive)
    if symbol:
        return (f" {symbol} ".join(used),)
    if not attributes:
        return (primitive.name, _Group(used))
    given = ", ".join([f"{name}={datum_text(value)}" for name, value in attributes])
    return (f"{primitive.name}[{given}]", _Group(used))


def datum_text(value: Any) -> str:
    """An attribute: a number, a string, a dtype, None, or a tuple of these."""
    match value:
        case tuple():
            inside = ", ".join(map(datum_text, value))
            return f"({inside},)" if len(value) == 1 else f"({inside})"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case np.dtype():
            return dtype_name(value)
        case None:
            return "None"
        case _:
            return literal_text(value, scalar_type(value))


class _Group(NamedTuple):
    """Two zones in brackets, on one line or on several."""

    left: Sequence[str]
    right: Sequence[str] = ()
    empty: str = "( "
    """The bracket and what stands between it and a semicolon."""

    def flat(self) -> str:
        if not self.right:
            return f"({', '.join(self.left)})"
        opening = f"({', '.join(self.left)} " if self.left else self.empty
        return f"{opening}; {', '.join(self.right)})"

    def broken(self, indent: str) -> str:
        lines = _filled(self.left, f"{indent}    ", "")
        lines += _filled(self.right, f"{indent}    ", "; ")
        return "(\n" + "\n".join(lines) + f"\n{indent})"


_Piece = str | _Group


def _line(pieces: Sequence[_Piece], indent: str) -> str:
    """The pieces on one line, or, where it is too long, with its longer groups broken."""
    flat = [p if isinstance(p, str) else p.flat() for p in pieces]
    text = "".join(flat)
    if len(text) + len(indent) <= WIDTH:
        return text
    return "".join(
        [
            p.broken(indent) if isinstance(p, _Group) and len(shown) > BREAKABLE else shown
            for p, shown in zip(pieces, flat, strict=True)
        ]
    )


def _filled(items: Sequence[str], indent: str, first: str) -> list[str]:
    """Lines of as many items as fit; the first line begins with its own words."""
    lines: list[str] = []
    line = indent + first
    for i, item in enumerate(items):
        word = item if i == len(items) - 1 else f"{item},"
        if len(line) + len(word) > WIDTH and line.strip() != first.strip():
            lines.append(line.rstrip())
            line = indent
        line += f"{word} "
    return [*lines, line.rstrip()] if items else []


def _type_text(type_: Type) -> str:
    if type_.depth >= DEEPEST:
        raise LinearaError(
            f"a type nested {type_.depth} levels deep has no text",
            mend=f"a text has at most {DEEPEST} levels: nest calls and tuples less deeply",
        )
    return repr(type_)


def _name_of(function: Function, names: FunctionNames) -> str:
    return names.get(id(function)) or _dotted(function.name)


def _dotted(name: str) -> str:
    return ".".join([identifier(part) for part in name.split(".") if part]) or "f"
