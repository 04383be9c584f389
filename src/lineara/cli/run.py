"""`lineara run`: the value of a function."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import typer

from lineara.backends.choice import chosen
from lineara.backends.choice import run as evaluate
from lineara.backends.tape import Tape
from lineara.cli.console import console, show_json
from lineara.cli.options import BackendOption, JsonOption
from lineara.cli.target import load

ValuesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ARGS...", help="Values: `2.0`, tuples `(2, (7, 1))`, arrays `[[1, 2], [3, 4]]`."
    ),
]


def run(
    file: Annotated[str, typer.Argument(metavar="FILE", help="`FILE.lin`, `FILE.py` or a module.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The function.")],
    args: ValuesArgument = None,
    backend: BackendOption = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate a function at values.

    Values of a text program take the types of the parameters, the linear ones last.

        lineara run examples/matvec.lin product "((2, 7), (1, 8))" "(2, 3)"
    """
    target = load(f"{file}:{name}", values=args or [])
    assert target.values is not None
    with chosen(backend):
        results = evaluate(target.function, target.values)
    if as_json:
        show_json([plain(r) for r in results])
    else:
        for r in results:
            console().print(text_of(r), markup=False)


def text_of(value: Any) -> str:
    """A value as `lineara run` reads it: tuples in (), arrays in []."""
    if isinstance(value, tuple):
        inside = ", ".join(map(text_of, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, Tape):
        return f"[{', '.join(map(text_of, value.items()))}]"
    return str(np.asarray(value).tolist())


def plain(value: Any) -> Any:
    """A value as JSON: tuples and arrays are lists, complex numbers are pairs."""
    if isinstance(value, Tape):
        return [plain(v) for v in value.items()]
    if isinstance(value, tuple):
        return [plain(v) for v in value]
    array = np.asarray(value)
    if array.dtype.kind == "c":
        array = np.stack([array.real, array.imag], axis=-1)
    return array.tolist()
