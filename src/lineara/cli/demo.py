"""`lineara demo`: the main job on real data, with all its parts on view."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from lineara.api import trace
from lineara.cli.console import console, show_json, table
from lineara.cli.failures import FAILED
from lineara.cli.options import JsonOption
from lineara.cli.show import show_stages
from lineara.cli.target import Target
from lineara.demo import (
    Agreement,
    Costs,
    Fit,
    Irises,
    agreement,
    costs_of_the_fit,
    draw,
    fit,
    irises,
)
from lineara.demo.fit import COMPONENTS
from lineara.demo.mixture import start, weights
from lineara.errors import LinearaError
from lineara.pipeline import STAGES

FORWARD_TOLERANCE, DIFFERENCES_TOLERANCE = 1e-10, 1e-5


def demo(
    steps: Annotated[int, typer.Option(min=1, help="The most steps of L-BFGS.")] = 300,
    plot: Annotated[Path, typer.Option(help="Where the picture goes.")] = Path("lineara-demo.png"),
    no_plot: Annotated[bool, typer.Option("--no-plot", help="Draw no picture.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Fit a Gaussian mixture to 150 irises, and watch the stages and what they cost.

    The model is plain NumPy code. Its gradients, by reverse mode, are compared with forward mode and with finite
    differences before they are used; exit status 1 if they differ.

        lineara demo

        lineara demo --steps 50 --plot fit.png
    """
    out, data = Console(quiet=True) if as_json else console(), irises()
    x = data.measurements
    first = start(x, COMPONENTS)
    _show_small(out)
    costs = costs_of_the_fit(first, x)
    _show_costs(out, costs)
    before = agreement(first, x)
    _show_agreement(out, before, "at the start")
    fitted = _fit_with_progress(out, data, steps)
    after = agreement(_shifted(fitted), x)
    _show_agreement(out, after, "near the fitted parameters")
    _show_fit(out, fitted, data)
    drawn = None if no_plot else _draw(out, fitted, data, plot)
    if as_json:
        show_json(_summary(costs, (before, after), fitted, drawn))
    if not all(map(_agrees, (before, after))) or not costs.same_bits:
        raise typer.Exit(FAILED)


def _show_small(out: Console) -> None:
    """The stages of a function of two numbers."""

    def f(x: Any, y: Any) -> Any:
        return np.sin(x) * y

    out.print(
        "A small function, f(x, y) = np.sin(x) * y, on its way to its gradient\n", style="bold"
    )
    program = trace(f, 0.5, 2.0)
    target = Target(program.function, None, 2)
    show_stages([(stage, target.stage(stage.name)) for stage in STAGES], out)


def _show_costs(out: Console, costs: Costs) -> None:
    rows = [
        ("the loss", costs.work, 1.0, None),
        ("loss and gradient", costs.gradient_work, costs.ratio, costs.tape_bytes),
        (
            "the same, with a checkpoint",
            costs.checkpointed_gradient_work,
            costs.checkpointed_gradient_work / costs.work,
            costs.checkpointed_tape_bytes,
        ),
    ]
    out.print("\nA Gaussian mixture with 3 components, on 150 irises of 4 measurements each\n", style="bold")  # fmt: skip
    out.print(table("one evaluation", "work", "over the loss", "tape bytes", rows=rows))
    bits = "the same gradient, to the last bit" if costs.same_bits else "ANOTHER GRADIENT"
    out.print(f"\nWith the checkpoint: {bits}.")


def _agrees(found: Agreement) -> bool:
    return (
        found.forward_error <= FORWARD_TOLERANCE
        and found.differences_error <= DIFFERENCES_TOLERANCE
    )


def _show_agreement(out: Console, found: Agreement, where: str) -> None:
    verdict = "agree" if _agrees(found) else "DO NOT AGREE"
    out.print(
        f"\nThe derivative in a random direction, {where}: the three {verdict}\n", style="bold"
    )
    rows = [
        ("reverse mode", f"{found.reverse:.15g}", ""),
        ("forward mode", f"{found.forward:.15g}", f"{found.forward_error:.1e}"),
        ("finite differences", f"{found.differences:.15g}", f"{found.differences_error:.1e}"),
    ]
    out.print(table("by", "derivative", "differs by", rows=rows))


def _fit_with_progress(out: Console, data: Irises, steps: int) -> Fit:
    columns = (TextColumn("fitting"), BarColumn(), MofNCompleteColumn(), TextColumn("loss {task.fields[loss]}"))  # fmt: skip
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        task = progress.add_task("fitting", total=steps, loss="")
        return fit(
            data, steps, lambda n, loss: progress.update(task, completed=n, loss=f"{loss:.6f}")
        )


def _shifted(fitted: Fit) -> dict[str, Any]:
    """Parameters beside the optimum, where derivatives are not zero but for rounding."""
    return {name: p + 0.01 for name, p in fitted.parameters.items()}


def _show_fit(out: Console, fitted: Fit, data: Irises) -> None:
    how = "converged" if fitted.converged else "stopped"
    out.print(
        f"\nThe fit {how} after {len(fitted.losses) - 1} steps; log likelihood {fitted.log_likelihood:.2f}\n",
        style="bold",
    )
    species = tuple(dict.fromkeys(data.species))
    rows = [
        (k + 1, f"{weight:.3f}", *(f"{m:.2f}" for m in mean), *(int(n) for n in counts))
        for k, (weight, mean, counts) in enumerate(
            zip(weights(fitted.parameters), fitted.parameters["means"], fitted.counts, strict=True)
        )
    ]
    out.print(table("component", "weight", *data.features, *species, rows=rows))
    out.print(
        f"\nThe fit never saw a species; {fitted.matching} of {len(data.species)} flowers are in the "
        "component of theirs."
    )


def _draw(out: Console, fitted: Fit, data: Irises, path: Path) -> str | None:
    try:
        draw(fitted, data, path)
    except LinearaError as error:
        out.print(f"No picture: {error}", markup=False)
        return None
    out.print(f"The picture is in {path}.", markup=False)
    return str(path)


def _summary(
    costs: Costs, checks: tuple[Agreement, ...], fitted: Fit, drawn: str | None
) -> dict[str, Any]:
    return {
        "costs": asdict(costs) | {"ratio": costs.ratio},
        "checks": [asdict(c) | {"agrees": _agrees(c)} for c in checks],
        "fit": {
            "steps": len(fitted.losses) - 1,
            "converged": fitted.converged,
            "log_likelihood": fitted.log_likelihood,
            "matching": fitted.matching,
            "weights": weights(fitted.parameters).tolist(),
            "means": fitted.parameters["means"].tolist(),
            "counts": fitted.counts.tolist(),
        },
        "plot": drawn,
    }
