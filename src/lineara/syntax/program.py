"""Text to functions: the grammar, then the elaboration of names, then, for one function, the checker."""

from __future__ import annotations

from lineara.errors import ParseError
from lineara.ir import Function, Type
from lineara.syntax.elaborate import elaborate
from lineara.syntax.names import closest
from lineara.syntax.parser import read
from lineara.syntax.tree import Source
from lineara.typecheck import check


def parse(text: str, file: str = "<text>") -> dict[str, Function]:
    """The functions of a text by name, in its order, built but not checked.

    Raises:
        ParseError: if the grammar does not accept the text, or a name stands for two things.
        LinearTypeError: if a name is unknown, or a type cannot be inferred or is not the declared one.
    """
    source = Source(text, file)
    return elaborate(source, read(source, text, "program"))


def parse_function(text: str, name: str | None = None, file: str = "<text>") -> Function:
    """The last function of a text, or the one of a name, checked.

    >>> parse_function("def f(x: f64) -> f64 = x * x")
    <function f(f64 ; ) -> (f64 ; ), 1 equations>

    Raises:
        ParseError: as `parse`, and if there is no such function.
        LinearTypeError: if the function breaks a typing rule.
    """
    functions = parse(text, file)
    if not functions:
        raise ParseError(f"no function in {file}", mend="write one: def f(x: f64) -> f64 = x * x")
    if name is None:
        name = next(reversed(functions))
    if name not in functions:
        known = f"it has {', '.join(list(functions)[:10])}"
        raise ParseError(f"no function `{name}` in {file}", mend=closest(name, functions) or known)
    return check(functions[name])


def parse_type(text: str) -> Type:
    """The type that a text names.

    >>> parse_type("(f64, f32[2,3])")
    (f64, f32[2,3])

    Raises:
        ParseError: if it names none.
    """
    type_: Type = read(Source(text, "<type>"), text, "one_type")
    return type_
