"""Programs in Python: trace, checkpoint, partial_eval, and marks on values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

from lineara import cost
from lineara.api.arguments import Argnums, Arguments, refuse_uncallable, split
from lineara.api.record import Recorded, call, record
from lineara.errors import DtypeError, ShapeError
from lineara.frontend.trace import apply, current_trace, emit_call, is_traced, user_origin
from lineara.frontend.trees import flatten, unflatten
from lineara.ir import Call, Equation, Function
from lineara.ir.names import variable_names
from lineara.primitives import conversion
from lineara.syntax import to_text
from lineara.transforms import Decision, Halves, Policy, Site, as_written, decide
from lineara.transforms import partial_eval as split_by_known
from lineara.typecheck import check


@dataclass(frozen=True, slots=True)
class Program:
    """A traced Python function. `function` is the program; calling it runs the program, printing it shows the text.

    >>> import numpy as np
    >>> from lineara import trace
    >>> program = trace(lambda x: np.sin(x) * 2.0, 1.0)
    >>> program.work
    11
    >>> program(0.0)
    array(0.)
    """

    arguments: Arguments
    recorded: Recorded

    @property
    def function(self) -> Function:
        """The program: its parameters are the leaves of the arguments, then what the Python closed over."""
        return self.recorded.function

    @property
    def work(self) -> int:
        """Scalar operations of one run."""
        return cost.work(self.function)

    def __call__(self, *args: Any) -> Any:
        """Run the program on arguments of the traced structure and types."""
        leaves, _ = flatten(args)
        given = call(self.function, [*leaves, *self.recorded.captured])
        return self.recorded.result(given)

    def __str__(self) -> str:
        return to_text(self.function)


def trace(f: Callable[..., Any], *args: Any) -> Program:
    """The program that a Python function is, at arguments.

    Args:
        f: a function of arrays or containers of arrays.
        args: its arguments: arrays, numbers, containers of them, or `ArrayType`s where only the type is known (a Python
            branch on such a value is an error).

    Raises:
        TraceError: Python that cannot be traced. DtypeError: an argument or result that is no array.

    >>> import numpy as np
    >>> trace(np.sin, 1.0).function.name
    'sin'
    """
    arguments = split(f, range(len(args)), args, {}, "trace", differentiable=False)
    recorded = record(f, arguments.leaves, arguments.rebuild, hints=arguments.hints)
    check(recorded.function)
    return Program(arguments, recorded)


def checkpoint(f: Callable[..., Any], *, policy: Policy | None = None) -> Callable[..., Any]:
    """A function whose intermediate values are computed again, instead of kept, when it is differentiated in reverse.

    Args:
        f: any function of arrays or containers of arrays.
        policy: which values inside are kept after all; see `lineara.transforms.policy`. By default none: the tape holds the
            arguments.

    Returns:
        A function with the values and derivatives of `f`, to the last bit.

    Source: Radul et al., POPL 2023, on checkpointing; the signature follows jax.checkpoint.

    >>> import numpy as np
    >>> from lineara import grad
    >>> layer = checkpoint(lambda x: np.sin(np.sin(x)))
    >>> float(grad(layer)(0.0))
    1.0
    """
    refuse_uncallable(f, "checkpoint")

    @wraps(f)
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        leaves, spec = flatten((args, kwargs))
        traced = [i for i, x in enumerate(leaves) if is_traced(x)]
        if current_trace() is None or not traced:
            return f(*args, **kwargs)

        def rebuild(inner: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
            filled = list(leaves)
            for i, x in zip(traced, inner, strict=True):
                filled[i] = x
            rebuilt: tuple[tuple[Any, ...], dict[str, Any]] = unflatten(spec, filled)
            return rebuilt

        given = [leaves[i] for i in traced]
        hints = [x._var.hint for x in given]
        recorded = record(f, given, rebuild, hints=hints, partly=True)
        function = recorded.function if policy is None else _marked(recorded.function, policy)
        results = emit_call(function, [*given, *recorded.captured], checkpoint=policy is None)
        return recorded.result(results)

    return checkpointed


def _marked(function: Function, policy: Policy) -> Function:
    """The function with `recompute` on what the policy does not keep; its own calls are checkpointed then."""
    names = variable_names(function)

    def mark(e: Equation) -> Equation:
        site = Site(function, tuple(names[v] for v in e.outputs), e)
        if decide(policy, site) is Decision.KEEP:
            return e
        op = replace(e.op, checkpoint=True) if isinstance(e.op, Call) else e.op
        return Equation(op, e.inputs, e.outputs, e.origin, recompute=True)

    return Function(
        function.name,
        function.params,
        function.linear_params,
        tuple(mark(e) for e in function.equations),
        function.results,
        function.linear_results,
        function.origin,
    )


@dataclass(frozen=True, slots=True)
class PartialEval:
    """A function split by what is known early.

    `early(*known)` runs all that can be run and gives a tape; `late(tape, *unknown)` finishes and gives the result of the
    function. `halves` are the two programs.
    """

    halves: Halves
    recorded: Recorded
    known: tuple[int, ...]
    counts: tuple[int, ...]

    def early(self, *known: Any) -> list[Any]:
        """Run the early half on the known arguments, in their order; gives early results and the tape."""
        leaves, _ = flatten(known)
        return call(self.halves.early, [*leaves, *self.recorded.captured])

    def late(self, tape: Sequence[Any], *unknown: Any) -> Any:
        """Run the late half on what the early one gave and the other arguments, in their order."""
        leaves, _ = flatten(unknown)
        waiting = self.halves.late_results
        early = len(waiting) - sum(waiting)
        late = iter(call(self.halves.late, [*tape[early:], *leaves]))
        done = iter(tape[:early])
        return self.recorded.result([next(late) if wait else next(done) for wait in waiting])

    def __str__(self) -> str:
        return f"{to_text(self.halves.early)}\n{to_text(self.halves.late)}"


def partial_eval(
    f: Callable[..., Any], *args: Any, known: Argnums = 0, policy: Policy = as_written
) -> PartialEval:
    """Split a function into what can be computed from the known arguments, and the rest.

    Args:
        f: a function of arrays or containers of arrays.
        args: example arguments, all of them (types do: `ArrayType`).
        known: the positions of the arguments that are known early.
        policy: which values go on the tape, and which the late half computes again.

    Returns:
        A `PartialEval`, with `early(*known)` and `late(tape, *unknown)`. What `f` closes over is known.

    Source: Radul et al., POPL 2023, on unzipping as partial evaluation.

    >>> import numpy as np
    >>> split = partial_eval(lambda a, x: np.sin(a) * x, 0.0, 0.0, known=0)
    >>> tape = split.early(0.0)
    >>> split.late(tape, 5.0)
    array(0.)
    """
    positions = (known,) if isinstance(known, int) else tuple(known)
    arguments = split(f, range(len(args)), args, {}, "partial_eval", differentiable=False)
    recorded = record(f, arguments.leaves, arguments.rebuild, hints=arguments.hints)
    counts = tuple(spec.num_leaves for spec in arguments.specs)
    if not set(positions) <= set(range(len(args))):
        raise ShapeError(
            f"known={known!r} names arguments that are not there: {len(args)} are given",
            mend="positions start at 0",
        )
    mask = [i in positions for i, n in enumerate(counts) for _ in range(n)]
    mask += [True] * len(recorded.captured)
    halves = split_by_known(check(recorded.function), tuple(mask), policy)
    check(halves.early)
    check(halves.late)
    return PartialEval(halves, recorded, positions, counts)


def stop_gradient(x: Any) -> Any:
    """The same values, without a derivative, in an array or a container of arrays.

    >>> from lineara import grad
    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    array(3.)
    """
    return _map(lambda leaf: apply(conversion.stop_gradient, leaf), x)


def name(x: Any, name: str) -> Any:
    """The same values under a name that checkpoint policies and plans refer to (`save_names`).

    >>> from lineara import grad
    >>> grad(lambda x: name(x * x, "square") * x)(2.0)
    array(12.)
    """
    if not isinstance(name, str):
        raise DtypeError(
            f"a name is a string, not {name!r:.60}",
            origin=user_origin(),
            mend='write name(x, "energy")',
        )

    def named(leaf: Any) -> Any:
        marked = apply(conversion.name_, leaf, name=name)
        marked._var.hint = name
        return marked

    return _map(named, x)


def _map(f: Callable[[Any], Any], tree: Any) -> Any:
    leaves, spec = flatten(tree)
    return unflatten(spec, [f(x) if is_traced(x) else x for x in leaves])
