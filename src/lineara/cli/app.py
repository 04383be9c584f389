"""The application: its commands, one module each."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from lineara.cli.cache import cache
from lineara.cli.check import check
from lineara.cli.cost import cost
from lineara.cli.demo import demo
from lineara.cli.failures import Commands
from lineara.cli.grad import grad
from lineara.cli.plan import plan
from lineara.cli.run import run
from lineara.cli.show import show

app = typer.Typer(
    name="lineara",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

VALUES = {"ignore_unknown_options": True}
"""For commands that take values: -2.0 is a number, not an option."""


def print_version(wanted: bool) -> None:
    """Print the version, if it is wanted, and stop."""
    if wanted:
        typer.echo(f"lineara {version('lineara')}")
        raise typer.Exit


@app.callback()
def lineara(
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Derivatives of NumPy programs: forward mode, unzipped and transposed, on a language with linear types.

    A TARGET is a function: `model.lin` (its last function), `model.lin:name`, `model.py:name` or `package.module:name`.
    A Python function is traced at the arguments that `--args` names.

    Begin with `lineara demo`, or, in a checkout, with `lineara show examples/matvec.lin --stage all`.
    """


app.command()(demo)
app.command()(check)
app.command()(show)
app.command(context_settings=VALUES)(run)
app.command(context_settings=VALUES)(grad)
app.command()(cost)
app.command()(plan)
app.add_typer(cache, name="cache")


def main() -> None:
    """Run the command line."""
    app()
