"""`lineara cost`: exact costs of a function, of its gradient, and of every stage between."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from lineara import cost as costs
from lineara.cli.console import console, report, show_json, table
from lineara.cli.failures import FAILED
from lineara.cli.options import ArgsOption, JsonOption, PolicyOption, TargetArgument, policy_of
from lineara.cli.target import Target, load
from lineara.errors import TransformError
from lineara.ir import Function
from lineara.optimize.bound import jvp_constant, worst_primitive
from lineara.pipeline import STAGES
from lineara.transforms import Policy


@dataclass(frozen=True, slots=True)
class Row:
    """The costs of a function that a stage gives."""

    stage: str
    function: str
    work: int
    size: int
    tape_bytes: int | None
    peak_bytes: int


def cost(
    target: TargetArgument,
    args: ArgsOption = None,
    policy: PolicyOption = "as_written",
    max_ratio: Annotated[
        float | None,
        typer.Option(
            metavar="R", help="Exit status 1 if the gradient's work is over R times the function's."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print what a function, its gradient and every stage between cost: exact, from the types, without running anything.

    Work is scalar operations; size is nodes of the text, each function once; the tape is what the nonlinear half hands to
    the linear half; the peak is the most bytes alive at once. Where the result is no scalar, the vjp stands for the gradient.

        lineara cost model.lin:loss --max-ratio 5

        lineara cost model.py:loss --args "f64[1000]" --policy nothing
    """
    loaded = load(target, args)
    found = rows(loaded, policy_of(policy))
    gradient = found[-1]
    ratio = gradient.work / max(1, found[0].work)
    constant, worst = jvp_constant(), worst_primitive()
    if as_json:
        summary = {
            "function": loaded.function.name,
            "ratio": ratio,
            "max_ratio": max_ratio,
            "jvp_constant": float(constant),
        }
        show_json(summary | {"stages": [asdict(row) for row in found]})
    else:
        console().print(
            table(
                "function", "stage", "work", "size", "tape bytes", "peak bytes",
                rows=[(r.function, r.stage, r.work, r.size, r.tape_bytes, r.peak_bytes) for r in found],
            )
        )  # fmt: skip
        console().print(f"\nwork of the {gradient.stage} / work of the function = {ratio:.2f}")
        console().print(
            f"for every program, work of the jvp ≤ {float(constant):g} · (work + interface); "
            f"the dearest derivative is that of {worst.name}"
        )
    if max_ratio is not None and ratio > max_ratio:
        report(f"the ratio {ratio:.2f} exceeds {max_ratio:g}")
        raise typer.Exit(FAILED)


def rows(target: Target, policy: Policy) -> list[Row]:
    """The costs after every stage; a stage that does not take the function ends the list."""
    found: list[Row] = []
    for stage in STAGES:
        try:
            functions = target.stage(stage.name, policy)
        except TransformError:
            if len(found) < 2:
                raise
            break
        found += [_row(target.function, stage.name, f) for f in functions if not _seen(found, f)]
    return found


def _seen(found: list[Row], function: Function) -> bool:
    """The nonlinear half goes through the transposition as it is."""
    return any(row.function == function.name for row in found if row.stage == "unzip")


def _row(source: Function, stage: str, function: Function) -> Row:
    tape = None
    if function.name.endswith(".nonlin"):
        tape = sum(v.type.nbytes for v in function.results[len(source.results) :])
    return Row(
        stage,
        function.name,
        costs.work(function),
        costs.size(function),
        tape,
        costs.peak_bytes(function),
    )
