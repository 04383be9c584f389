"""`lineara show`: a function after a stage."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from lineara.cli.console import console, show_json, show_program
from lineara.cli.failures import UsageError
from lineara.cli.options import ArgsOption, JsonOption, PolicyOption, TargetArgument, policy_of
from lineara.cli.target import load
from lineara.errors import LinearaError
from lineara.ir import Function, callees_first
from lineara.pipeline import STAGE_NAMES, STAGES, Stage
from lineara.syntax.printer import format_function, function_names

ALL = "all"


def show(
    target: TargetArgument,
    stage: Annotated[
        str,
        typer.Option(metavar="STAGE", help=f"One of {', '.join(STAGE_NAMES)}; or `{ALL}` of them."),
    ] = STAGE_NAMES[0],
    args: ArgsOption = None,
    policy: PolicyOption = "as_written",
    as_json: JsonOption = False,
) -> None:
    """Print a function as it is after a stage on the way to its gradient.

    What is printed is a program: save it, edit it, and give it back as `FILE.lin`.

        lineara show model.lin:loss --stage transpose

        lineara show model.py:loss --stage all --args "f64[3], 2.0"

        lineara show model.py:loss --stage unzip --args "f64[3]" --policy nothing
    """
    if stage not in (*STAGE_NAMES, ALL):
        raise UsageError(f"no stage `{stage}`", mend=f"write {', '.join(STAGE_NAMES)} or {ALL}")
    chosen = [s for s in STAGES if stage in (s.name, ALL)]
    asked, loaded = policy_of(policy), load(target, args)
    shown: list[tuple[Stage, tuple[Function, ...]]] = []
    failure: LinearaError | None = None
    for one in chosen:
        try:
            shown.append((one, loaded.stage(one.name, asked)))
        except LinearaError as error:
            failure = error
            break
    if as_json:
        show_json([
            {"stage": s.name, "law": s.law, "functions": [f.name for f in functions], "text": "\n".join(texts(functions))}
            for s, functions in shown
        ])  # fmt: skip
    else:
        show_stages(shown, console())
    if failure is not None:
        raise failure


def show_stages(stages: list[tuple[Stage, tuple[Function, ...]]], out: Console) -> None:
    """Print stages, each under its name and law; a function that several stages have stands under the first."""
    printed: set[str] = set()
    for i, (stage, functions) in enumerate(stages):
        if i:
            out.print()
        out.print(f"# {stage.name}: {stage.law}\n", style="bold", markup=False)
        new = [text for text in texts(functions) if text not in printed]
        printed.update(new)
        show_program("\n".join(new) if new else "# nothing changed\n", out)


def texts(functions: tuple[Function, ...]) -> list[str]:
    """The text of each function and of all that they call, callees first."""
    order = callees_first(*functions)
    names = function_names(order)
    return [format_function(f, names) for f in order]
