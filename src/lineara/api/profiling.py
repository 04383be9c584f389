"""profile: where the time of a function goes, loop by loop."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lineara.api.explain import recorded
from lineara.api.jit import Programs
from lineara.api.look import compiled_graph
from lineara.api.record import name_of
from lineara.backends import choice
from lineara.backends.native.profile import Entry, measured
from lineara.errors import DtypeError
from lineara.frontend.trace import native
from lineara.frontend.trees import flatten
from lineara.ir import ArrayType


@dataclass(frozen=True, slots=True)
class Profile:
    """Where the time of one run of a function goes; printed, it is a table.

    name      the name of the function
    seconds   the time of a run, counters included
    runs      how many runs it is the mean of
    entries   the groups of steps in order, each with its depth, title, Python lines, seconds and how often it ran in a run; the
              time of a group includes that of the deeper ones that follow it
    """

    name: str
    seconds: float
    runs: int
    entries: tuple[Entry, ...]

    def __str__(self) -> str:
        head = f"{self.name}: {self.seconds * 1e6:.1f} µs a run, mean of {self.runs}"
        lines = [head, f"{'µs':>10} {'part':>6} {'times':>8}"]
        function = self.entries[0].function if self.entries else ""
        for e in self.entries:
            if e.function != function:
                function = e.function
                lines.append(f"in {function}, which is called:")
            share = e.seconds / self.seconds if self.seconds else 0.0
            text = f"{'  ' * e.depth}{e.title}"
            lines.append(
                f"{e.seconds * 1e6:10.2f} {share:6.1%} {e.count:8g}  {text}  {', '.join(e.lines)}"
            )
        return "\n".join(lines)

    def trace(self) -> dict[str, Any]:
        """The profile in the format of Chrome's traces, for `chrome://tracing` or Perfetto.

        Each group is one event as long as all of its turns in a run together; each function has a row of its own.
        """
        events: list[dict[str, Any]] = []
        ends: list[float] = []
        rows: dict[str, int] = {}
        for e in self.entries:
            if e.function not in rows:
                rows[e.function] = len(rows)
                ends = [0.0]
            del ends[e.depth + 1 :]
            start = ends[e.depth]
            ends[e.depth] = start + e.seconds * 1e6
            ends.append(start)
            arguments = {"times": e.count, "lines": list(e.lines)}
            place = {"pid": 0, "tid": rows[e.function], "ts": start, "dur": e.seconds * 1e6}
            events.append(
                {"name": e.title, "ph": "X", "cat": "lineara", **place, "args": arguments}
            )
        named = [
            {"name": "thread_name", "ph": "M", "pid": 0, "tid": i, "args": {"name": name}}
            for name, i in rows.items()
        ]
        return {"traceEvents": [*named, *events], "displayTimeUnit": "ns"}

    def save(self, path: str | Path) -> None:
        """Write the trace to a file, as JSON."""
        Path(path).write_text(json.dumps(self.trace()), encoding="utf-8")


def profile(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Profile:
    """Run a function as machine code and say where its time goes, loop by loop, with the lines of your Python.

    A variant of the machine code reads the processor's counter around each group of operations that shares a loop, also in the
    bodies of loops. It runs for a twentieth of a second.

    Args:
        f: a function of arrays or containers of arrays, under `jit` or not.
        args, kwargs: its arguments.

    Returns:
        A `Profile`: print it, or `save` it as a trace for a browser.

    Raises:
        DtypeError: a function that is not compiled, for the reason that `explain` gives.

    >>> import numpy as np
    >>> from lineara import profile
    >>> found = profile(lambda x: np.sum(np.sin(x)), np.ones(1000))
    >>> found.entries[0].title
    'loop of 1000: ...: sin, sum'
    """
    made = recorded(f, args, kwargs)
    reason = choice.reason_against(made.function, jitted=True)
    if reason is not None:
        raise DtypeError(
            f"`{name_of(f)}` is not compiled: {reason}", mend="profile its parts that are"
        )
    programs = getattr(f, "programs", None)
    level = programs.level if isinstance(programs, Programs) else None
    leaves = (
        programs.leaves(args, kwargs)
        if isinstance(programs, Programs)
        else flatten((args, kwargs))[0]
    )
    types = [v.type for v in made.function.params]
    given = [
        native(x)
        for x, t in zip([*leaves, *made.captured], types, strict=True)
        if isinstance(t, ArrayType)
    ]
    found = measured(made.function, compiled_graph(made), given, level)
    return Profile(name_of(f), found.seconds, found.runs, found.entries)
