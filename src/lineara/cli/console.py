"""What the commands write with: highlighted in a terminal, plain and of fixed width elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.highlighter import RegexHighlighter
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

WIDTH = 100
"""The columns of what is not written to a terminal."""

THEME = Theme(
    {
        "lin.comment": "dim italic",
        "lin.keyword": "bold magenta",
        "lin.structural": "bold yellow",
        "lin.decision": "bold cyan",
        "lin.function": "bold blue",
        "lin.type": "green",
        "lin.number": "cyan",
        "lin.linear": "yellow",
        "lin.semicolon": "bold red",
    }
)


class LinearA(RegexHighlighter):
    """Colours of programs and plans."""

    base_style = "lin."
    highlights = (
        r"(?P<function>[\w.]+)(?=[\[(])",
        r"(?P<number>(?<![\w.])\d+(\.\d+)?([eE][+-]?\d+)?j?(?![\w.]))",
        r"(?P<linear>\b\w+_(dot|bar)(_\d+)?\b)",
        r"(?P<keyword>\b(def|let|in|plan)\b)",
        r"(?P<structural>\b(dup|drop|zero|tuple|unpack|checkpoint|recompute)\b|[+*]\.)",
        r"(?P<decision>^  keep\b)",
        r"(?P<type>\b([iu](8|16|32|64)|f(32|64)|c(64|128)|bool)\b(\[[\d,]*\])?)",
        r"(?P<semicolon>;)",
        r"(?P<comment>#.*$)",
    )


def console(*, stderr: bool = False) -> Console:
    """A console for standard output, or for errors; NO_COLOR and redirection are respected."""
    made = Console(stderr=stderr, theme=THEME, highlight=False, soft_wrap=True)
    if not made.is_terminal:
        made.width = WIDTH
    return made


def show_program(text: str, out: Console | None = None) -> None:
    """Print a program or a plan."""
    coloured = Text(text.rstrip("\n"))
    LinearA().highlight(coloured)
    (out or console()).print(coloured)


def show_json(value: Any) -> None:
    """Print a value for a program to read."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def report(message: str) -> None:
    """Print an error."""
    text = Text.assemble(("error: ", "bold red"), message)
    console(stderr=True).print(text)


def table(*columns: str, rows: Iterable[Sequence[object]], title: str = "") -> Table:
    """A table whose first column is text and whose other columns are numbers."""
    made = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for i, column in enumerate(columns):
        made.add_column(column, justify="right" if i else "left", no_wrap=not i)
    for row in rows:
        made.add_row(*[shown(x) for x in row])
    return made


def shown(x: object) -> str:
    """A cell: integers with separators, floats with four digits, nothing for None."""
    match x:
        case None:
            return ""
        case bool():
            return str(x)
        case int():
            return f"{x:,}"
        case float():
            return f"{x:.4g}"
        case _:
            return str(x)
