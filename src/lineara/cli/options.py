"""The arguments and options that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

from lineara.backends.choice import BACKENDS
from lineara.cli.failures import UsageError
from lineara.cli.target import read_text
from lineara.transforms import (
    Plan,
    Policy,
    as_written,
    everything,
    nothing,
    save_names,
    save_only,
)

TargetArgument = Annotated[
    str,
    typer.Argument(
        metavar="TARGET", help="`FILE.lin[:NAME]`, `FILE.py:FUNCTION` or `MODULE:FUNCTION`."
    ),
]
ArgsOption = Annotated[
    str | None,
    typer.Option(
        "--args",
        metavar="VALUES",
        help="Where a Python function is traced: numbers, arrays `[1.0, 2.0]`, types `f64[3]`, `np.ones(3)`, dictionaries.",
    ),
]
PolicyOption = Annotated[
    str,
    typer.Option(
        "--policy",
        metavar="POLICY",
        help="What the tape keeps: `as_written`, `everything`, `nothing`, `save_names:a,b`, `save_only:exp,dot`, or the file "
        "of a plan.",
    ),
]


def _known(backend: str | None) -> str | None:
    if backend is not None and backend not in BACKENDS:
        raise UsageError(
            f"no back end `{backend}`", mend=f"the back ends are {', '.join(BACKENDS)}"
        )
    return backend


BackendOption = Annotated[
    str | None,
    typer.Option(
        "--backend",
        callback=_known,
        metavar="|".join(BACKENDS),
        help="What runs it: machine code, by default, or NumPy. LINEARA_BACKEND has the choice too.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON, for a program to read.")]

NAMED: dict[str, Policy] = {f.__name__: f for f in (as_written, everything, nothing)}
MADE = {f.__name__: f for f in (save_names, save_only)}


def policy_of(text: str) -> Policy:
    """The policy that an option names.

    Raises:
        UsageError: if it names neither a policy nor a readable file.
        PlanError: if the file is no plan.
    """
    if text in NAMED:
        return NAMED[text]
    name, colon, arguments = text.partition(":")
    if colon and name in MADE:
        return MADE[name](*[a.strip() for a in arguments.split(",")])
    try:
        written = read_text(text)
    except UsageError:
        raise UsageError(
            f"`{text}` is neither a policy nor the file of a plan",
            mend=f"write {', '.join(NAMED)}, {', '.join(f'{m}:NAMES' for m in MADE)}, or a path",
        ) from None
    return Plan.parse(written, text)
