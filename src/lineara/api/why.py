"""why_zero: what stops a derivative on its way from an argument to the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np

from lineara.api.arguments import Argnums, Arguments, split
from lineara.api.record import Recorded, parameter_names, record
from lineara.backends.reference import evaluate_equation
from lineara.errors import Origin
from lineara.frontend.trace import native
from lineara.frontend.trees import paths
from lineara.ir import (
    Apply,
    ArrayType,
    Call,
    Drop,
    Equation,
    Function,
    Scan,
    Switch,
    Type,
    Var,
    While,
    has_tangent,
)
from lineara.primitives import conversion
from lineara.transforms import prune
from lineara.transforms.jvp import activity, jvp


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a derivative ends at a place. `kind` is one of

    stop_gradient, integer, comparison   what a value goes into has no derivative
    nondifferentiable, flat              the operation has none, or it is zero everywhere
    disconnected                         the argument does not reach the result
    value                                the derivative there is zero for these values
    """

    kind: str
    text: str
    origin: Origin | None = None

    def __str__(self) -> str:
        return self.text if self.origin is None else f"{self.text}\n{self.origin.describe()}"


@dataclass(frozen=True, slots=True)
class LeafReport:
    """What is known of one array of the arguments: whether its derivative is zero, and the reasons on its ways."""

    name: str
    zero: bool
    reasons: tuple[Reason, ...]

    def __str__(self) -> str:
        head = f"{self.name}: the derivative is {'zero' if self.zero else 'not zero'}"
        if not self.reasons:
            return head
        lines = [line for r in self.reasons for line in f"- {r}".splitlines()]
        return "\n".join([head, *[f"  {line}" for line in lines]])


@dataclass(frozen=True, slots=True)
class ZeroReport:
    """The reports of all arrays of the arguments; printed, it says what stops each derivative, and where."""

    leaves: tuple[LeafReport, ...]

    @property
    def kinds(self) -> set[str]:
        """The kinds of all reasons."""
        return {r.kind for leaf in self.leaves for r in leaf.reasons}

    def __str__(self) -> str:
        return "\n".join(map(str, self.leaves))


def why_zero(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., ZeroReport]:
    """A function of the arguments of `f` that says why the derivative is zero, where it is.

    Args:
        f: a function of arrays or containers of arrays.
        argnums: the positions of the arguments that are asked about.

    Returns:
        A function that gives a `ZeroReport`; print it. It lists the places where the derivative ends: stop_gradient,
        integers, comparisons, operations without a derivative, and those where it is zero for these values. A reason can be
        there though the derivative is not zero, if it goes another way too.

    >>> import numpy as np
    >>> from lineara import why_zero
    >>> print(why_zero(lambda x: np.sum(np.floor(x)))(np.array([1.5])).leaves[0].reasons[0].text)
    `floor` has no derivative
    """

    @wraps(f)
    def explained(*args: Any, **kwargs: Any) -> ZeroReport:
        arguments = split(f, argnums, args, kwargs, "why_zero", differentiable=False)
        recorded = record(f, arguments.leaves, arguments.rebuild, hints=arguments.hints)
        whole = prune(recorded.function)
        called = parameter_names(f, len(args))
        names = [p for i in arguments.positions for p in paths(args[i], called[i])]
        return ZeroReport(
            tuple([_leaf(whole, i, n, arguments, recorded) for i, n in enumerate(names)])
        )

    return explained


def _leaf(
    function: Function, number: int, name: str, arguments: Arguments, recorded: Recorded
) -> LeafReport:
    v = function.params[number]
    if not has_tangent(v.type):
        return LeafReport(name, True, (Reason("integer", f"it is {v.type!r}, without tangents"),))
    used = {x for e in function.equations if not isinstance(e.op, Drop) for x in e.inputs}
    if v not in used and v not in function.results:
        reason = Reason("disconnected", "it does not reach the result", function.origin)
        return LeafReport(name, True, (reason,))
    wrt = tuple(p is v for p in function.params)
    reasons = list(dict.fromkeys(_stops(function, wrt)))
    if not any(activity(function, wrt)):
        return LeafReport(name, True, tuple(reasons))
    values = [native(x) for x in (*arguments.leaves, *recorded.captured)]
    zero, places = _numerically(function, wrt, values)
    return LeafReport(name, zero, (*reasons, *places))


def _stops(function: Function, wrt: Sequence[bool]) -> Iterator[Reason]:
    """The places where a derivative ends; everything in the function is needed for its results."""
    active = {p for p, on in zip(function.params, wrt, strict=True) if on}
    for e in function.equations:
        if active.isdisjoint(e.inputs) or isinstance(e.op, Drop):
            continue
        out = _active_outputs(e, active)
        active.update(v for v, on in zip(e.outputs, out, strict=True) if on)
        inside = list(_inside(e, active))
        for body, into in inside:
            yield from _stops(body, into)
        if not any(out) and not inside:
            yield _reason(e)


def _active_outputs(e: Equation, active: set[Var]) -> tuple[bool, ...]:
    inputs = tuple(dict.fromkeys(e.inputs))
    alone = Function("", inputs, (), (e,), e.outputs, ())
    return activity(alone, tuple([v in active for v in inputs]))


def _inside(e: Equation, active: set[Var]) -> Iterator[tuple[Function, list[bool]]]:
    """The functions that an equation runs, and which of their parameters are active."""
    on = [v in active for v in e.inputs]
    match e.op:
        case Call(function, rule=None):
            yield function, on
        case Switch(branches):
            for branch in branches:
                yield branch, on[1:]
        case Scan(body, length):
            on = on[length is None :]
            yield body, _carried(body, on, e.op.constants, e.op.carry)
        case While(_, body, (first, second)):
            yield body, _carried(body, on[first:], second, e.op.carry)


def _carried(body: Function, on: list[bool], constants: int, carry: int) -> list[bool]:
    """The active parameters of a body, when what it carries over is active."""
    while True:
        out = activity(body, tuple(on))[:carry]
        grown = [a or o for a, o in zip(on[constants : constants + carry], out, strict=True)]
        if grown == on[constants : constants + carry]:
            return on
        on = [*on[:constants], *grown, *on[constants + carry :]]


def _reason(e: Equation) -> Reason:
    """Why the outputs of an equation have no derivative."""
    kinds = {t.dtype.kind for v in e.outputs if isinstance(t := v.type, ArrayType)}
    name = e.op.primitive.name if isinstance(e.op, Apply) else "a loop"
    if isinstance(e.op, Apply) and e.op.primitive is conversion.stop_gradient:
        return Reason("stop_gradient", "stop_gradient", e.origin)
    if kinds == {"b"}:
        return Reason("comparison", f"`{name}` gives a bool, which has no tangent", e.origin)
    if kinds <= set("iu"):
        return Reason("integer", f"`{name}` gives an integer, which has no tangent", e.origin)
    if isinstance(e.op, Apply) and e.op.primitive.jvp is not None:
        return Reason("flat", f"the derivative of `{name}` is zero everywhere", e.origin)
    return Reason("nondifferentiable", f"`{name}` has no derivative", e.origin)


def _numerically(
    function: Function, wrt: tuple[bool, ...], values: Sequence[Any]
) -> tuple[bool, list[Reason]]:
    """Whether the derivative along a random tangent is zero, and where a tangent becomes zero on the way."""
    derivative = jvp(function, wrt)
    rng = np.random.default_rng(0)
    tangents = [_tangent(rng, v.type) for v in derivative.linear_params]
    known: dict[Var, Any] = dict(
        zip((*derivative.params, *derivative.linear_params), [*values, *tangents], strict=True)
    )
    places = []
    with np.errstate(all="ignore"):
        for e in derivative.equations:
            results = evaluate_equation(e, [known[v] for v in e.inputs])
            known.update(zip(e.outputs, results, strict=True))
            reads = any(_nonzero(known[v]) for v in e.inputs if v.linear)
            gives = [known[v] for v in e.outputs if v.linear]
            if reads and gives and not any(map(_nonzero, gives)):
                places.append(Reason("value", "the derivative is zero for these values", e.origin))
    zero = not any(_nonzero(known[v]) for v in derivative.linear_results)
    return zero, list(dict.fromkeys(places)) if zero else []


def _tangent(rng: np.random.Generator, type_: Type) -> Any:
    assert isinstance(type_, ArrayType)
    return np.asarray(rng.uniform(0.5, 1.5, type_.shape), type_.dtype)


def _nonzero(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return any(map(_nonzero, value))
    return bool(np.any(value))
