"""`lineara grad`: the value of a function and its gradient."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import typer

from lineara.backends.choice import chosen
from lineara.backends.choice import run as evaluate
from lineara.cli.console import console, report, show_json
from lineara.cli.failures import FAILED, UsageError
from lineara.cli.options import BackendOption, JsonOption, PolicyOption, TargetArgument, policy_of
from lineara.cli.run import ValuesArgument, plain, text_of
from lineara.cli.target import Target, load
from lineara.ir import ArrayType, TupleType, Type

DIRECTIONS, TOLERANCE = 5, {4: 1e-3, 8: 1e-8}
"""How often the check asks forward mode, and the relative difference that it takes, by bytes of a real."""


def grad(
    target: TargetArgument,
    args: ValuesArgument = None,
    policy: PolicyOption = "as_written",
    check: Annotated[
        bool,
        typer.Option("--check", help="Compare with forward mode; exit status 1 if it differs."),
    ] = False,
    backend: BackendOption = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate a function with one scalar result, and its gradient by reverse mode.

    The gradient has a part for each argument that has tangents; integers have none.

        lineara grad examples/matvec.lin "((2, 7), (1, 8))" "(2, 3)"

        lineara grad model.py:loss "[1.0, 2.0]" 0.5 --check
    """
    asked, loaded = policy_of(policy), load(target, values=args or [])
    assert loaded.values is not None
    _refuse_other_than_scalar(loaded)
    (gradient,) = loaded.stage("grad", asked)
    with chosen(backend):
        value, *bars = evaluate(gradient, loaded.values)
        difference = disagreement(loaded, bars) if check else None
    if as_json:
        found = {"value": plain(value), "gradient": dict(zip(loaded.names, map(plain, bars), strict=True))}  # fmt: skip
        show_json(found if difference is None else found | {"difference": difference})
    else:
        console().print(f"value {text_of(value)}", markup=False)
        for name, bar in zip(loaded.names, bars, strict=True):
            console().print(f"d/d{name} {text_of(bar)}", markup=False)
    if difference is not None:
        _judge(difference, _tolerance(loaded), quiet=as_json)


def _refuse_other_than_scalar(target: Target) -> None:
    types = [v.type for v in target.function.results]
    if len(types) != 1 or not isinstance(types[0], ArrayType) or types[0].shape != ():
        raise UsageError(
            f"`{target.function.name}` gives {', '.join(map(repr, types))}, which is no scalar",
            mend="name a function with one scalar result, or reduce it",
        )
    if not any(target.wrt):
        raise UsageError("no argument has a tangent", mend="write a float, 2.0 in place of 2")


def disagreement(target: Target, bars: list[Any]) -> float:
    """The largest difference between the gradient and forward mode in random directions, relative to the sizes compared."""
    assert target.values is not None
    (derivative,) = target.stage("simplify")
    random = np.random.default_rng(0)
    worst = 0.0
    for _ in range(DIRECTIONS):
        dots = [_direction(v.type, random) for v in derivative.linear_params]
        forward = evaluate(derivative, [*target.values, *dots])[-1].item()
        parts = [_inner(b, d) for b, d in zip(bars, dots, strict=True)]
        parts = parts if isinstance(forward, complex) else [p.real for p in parts]
        scale = max(abs(forward), *map(abs, parts), 1e-300)
        worst = max(worst, abs(forward - sum(parts)) / scale)
    return worst


def _direction(type_: Type, random: np.random.Generator) -> Any:
    if isinstance(type_, TupleType):
        return tuple(_direction(t, random) for t in type_.elements)
    if not isinstance(type_, ArrayType):
        raise UsageError(f"no direction of type {type_!r} can be drawn", mend="leave --check out")
    real = random.standard_normal(type_.shape)
    if type_.dtype.kind == "c":
        return (real + 1j * random.standard_normal(type_.shape)).astype(type_.dtype)
    return real.astype(type_.dtype)


def _inner(bar: Any, dot: Any) -> complex:
    """⟨bar, dot⟩, without conjugation."""
    if isinstance(bar, tuple):
        return sum((_inner(b, d) for b, d in zip(bar, dot, strict=True)), 0j)
    return complex(np.sum(np.multiply(bar, dot)))


def _tolerance(target: Target) -> float:
    (result,) = target.function.results
    assert isinstance(result.type, ArrayType)
    real = result.type.dtype.type(0).real.dtype
    return TOLERANCE[real.itemsize]


def _judge(difference: float, tolerance: float, *, quiet: bool) -> None:
    if not difference <= tolerance:
        report(f"forward mode differs by {difference:.1e}, relative; {tolerance:.0e} is tolerated")
        raise typer.Exit(FAILED)
    if not quiet:
        console().print(f"forward mode agrees, to {difference:.1e} in {DIRECTIONS} directions")
