"""Between the lexer and the grammar: which newlines end a line, and how deep brackets and prefixes may be nested."""

from __future__ import annotations

from collections.abc import Iterator

from lark import Token

from lineara.ir import DEEPEST


class Mistake(Exception):  # noqa: N818 (it becomes a ParseError, with the line of the text)
    """What is wrong with a token."""

    def __init__(self, token: Token, problem: str, mend: str) -> None:
        super().__init__(problem)
        self.token, self.problem, self.mend = token, problem, mend


class Layout:
    """Keeps the newlines that end a line, and bounds the nesting, of brackets and of prefixes."""

    always_accept = ("_NEWLINE",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """The tokens without blank newlines, and with one at the end."""
        brackets: list[Token] = []
        prefixes = 0
        newline = last = None
        for token in stream:
            kind = token.type
            if kind == "_NEWLINE":
                if last is not None and last.type in _ENDS and not brackets:
                    newline = newline or token
                continue
            if newline is not None and kind not in _CONTINUES:
                yield newline
            newline, last = None, token
            if kind in _OPENS:
                brackets.append(token)
            elif kind in _CLOSES and brackets:
                brackets.pop()
            prefixes = prefixes + 1 if kind in _PREFIXES else 0
            if max(len(brackets), prefixes) > DEEPEST:
                problem = f"nested deeper than {DEEPEST} levels"
                raise Mistake(token, problem, "name the parts with let")
            yield token
        if brackets:
            raise Mistake(brackets[-1], f"this `{brackets[-1]}` is never closed", "close it")
        if last is not None and last.type in _ENDS:
            yield newline or _after(last)


def _after(token: Token) -> Token:
    """The newline that a text without one at its end ends in."""
    line, column = token.end_line or 1, token.end_column or 1
    return Token("_NEWLINE", "", line=line, column=column, end_line=line, end_column=column)


_OPENS, _CLOSES = frozenset(("LPAR", "LSQB")), frozenset(("RPAR", "RSQB"))
_ENDS = _CLOSES | {"NAME", "INTEGER", "FLOAT", "IMAGINARY", "INF", "NAN", "TRUE", "FALSE", "STRING"}
_PREFIXES = frozenset(("MINUS", "DUP", "DROP", "UNPACK"))
_CONTINUES = frozenset(("IN", "EQUAL", "ARROW", "OF", "WITH", "DO", "FROM", "OVER"))
