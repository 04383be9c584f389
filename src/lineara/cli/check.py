"""`lineara check`: is a program well-typed?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lineara.cli.console import console, report, show_json
from lineara.cli.failures import FAILED
from lineara.cli.options import JsonOption
from lineara.cli.target import read_text
from lineara.errors import LinearaError, LinearTypeError, TextOrigin
from lineara.ir import Function
from lineara.syntax import parse
from lineara.typecheck import check as check_function


def check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A text program, `*.lin`.")],
    as_json: JsonOption = False,
) -> None:
    """Check that every function of a text program is well-typed.

    An error names the variable, the rule that it breaks, the place and the mend. Exit status 1 if there is one.

        lineara check model.lin
    """
    text = read_text(file)
    functions: dict[str, Function] = {}
    errors: list[LinearaError] = []
    try:
        functions = parse(text, file)
    except LinearaError as error:
        errors.append(error)
    for function in functions.values():
        try:
            check_function(function)
        except LinearaError as error:
            if str(error) not in map(str, errors):
                errors.append(error)
    if as_json:
        described = [_described(found) for found in errors]
        show_json({"ok": not errors, "functions": list(functions), "errors": described})
    else:
        for found in errors:
            report(str(found))
        if not errors:
            count = len(functions)
            console().print(f"{file}: {count} function{'s' * (count != 1)}, well-typed")
    if errors:
        raise typer.Exit(FAILED)


def _described(error: LinearaError) -> dict[str, Any]:
    described: dict[str, Any] = {"problem": error.problem, "mend": error.mend}
    if isinstance(error, LinearTypeError):
        described |= {"rule": error.rule, "variable": error.variable}
    if isinstance(error.origin, TextOrigin):
        described |= {"line": error.origin.line, "column": error.origin.column}
    return described
