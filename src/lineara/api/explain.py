"""explain: what runs a function, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lineara.api.arguments import check_leaf
from lineara.api.jit import Programs
from lineara.api.look import compiled_graph
from lineara.api.record import Recorded, hints_of, name_of, parameter_names, record
from lineara.backends import choice
from lineara.backends.native.listing import listed, place
from lineara.errors import Origin
from lineara.frontend.trees import flatten, unflatten
from lineara.ir import Apply


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A record that machine code evaluates by a call of Python."""

    name: str
    origin: Origin | None

    def __str__(self) -> str:
        where = place(self.origin)
        return f"{self.name} ({where})" if where else self.name


@dataclass(frozen=True, slots=True)
class Explanation:
    """What runs a function; printed, it says so in words.

    name         the name of the function
    jitted       why it runs in NumPy under `jit`; None if as machine code
    unjitted     the same where it is not under `jit`
    functions    the functions that its machine code calls, which stand in the module once
    evaluated    the records that machine code has Python evaluate
    """

    name: str
    jitted: str | None
    unjitted: str | None
    functions: tuple[str, ...]
    evaluated: tuple[Evaluated, ...]

    def __str__(self) -> str:
        def runs(reason: str | None) -> str:
            return "machine code" if reason is None else f"NumPy, since {reason}"

        lines = [
            f"{self.name}, under jit: {runs(self.jitted)}",
            f"{self.name}, not under jit: {runs(self.unjitted)}",
        ]
        if self.functions:
            lines.append(f"functions of their own: {', '.join(self.functions)}")
        if self.jitted is None:
            evaluated = ", ".join(map(str, self.evaluated)) or "nothing"
            lines.append(f"evaluated in Python: {evaluated}")
        return "\n".join(lines)


def explain(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Explanation:
    """Say which back end runs a function for arguments, and why.

    Args:
        f: a function of arrays or containers of arrays, under `jit` or not.
        args, kwargs: its arguments.

    Returns:
        An `Explanation`; print it.

    >>> import numpy as np
    >>> from lineara import explain, grad
    >>> print(explain(grad(lambda x: np.sum(np.sin(x))), np.ones(3)))
    f, under jit: machine code
    f, not under jit: machine code
    evaluated in Python: nothing
    """
    found = recorded(f, args, kwargs)
    function = found.function
    jitted = choice.reason_against(function, jitted=True)
    functions, evaluated = ((), ()) if jitted is not None else _inside(found)
    unjitted = choice.reason_against(function, jitted=False)
    return Explanation(name_of(f), jitted, unjitted, functions, evaluated)


def _inside(found: Recorded) -> tuple[tuple[str, ...], tuple[Evaluated, ...]]:
    program, recorder, _ = listed(found.function, compiled_graph(found))
    graphs = [f.graph for f in recorder.functions if f.graph is not None]
    called = [g.name for g in graphs if g is not program.main]
    evaluated = [
        Evaluated(n.op.primitive.name, n.origin)
        for n in program.evaluated
        if isinstance(n.op, Apply)
    ]
    return tuple(called), tuple(dict.fromkeys(evaluated))


def recorded(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Recorded:
    """The program of a function for arguments: that which it has under `jit`, or a new one."""
    programs = getattr(f, "programs", None)
    if isinstance(programs, Programs):
        return programs.recorded(*args, **kwargs)
    leaves, spec = flatten((args, kwargs))
    names = [*parameter_names(f, len(args)), *kwargs]
    hints = [
        h for x, n in zip((*args, *kwargs.values()), names, strict=True) for h in hints_of(x, n)
    ]
    for leaf, hint in zip(leaves, hints, strict=True):
        check_leaf(leaf, f"`{hint}` of `{name_of(f)}`", "explain", False)
    return record(f, leaves, lambda traced: unflatten(spec, traced), hints=hints, partly=True)
