"""Bodies of control flow: Python functions traced without values, and what they close over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lineara.api.record import call, name_of, record
from lineara.errors import DtypeError, LinearaError
from lineara.frontend.array import wrap
from lineara.frontend.trace import (
    Trace,
    current_trace,
    is_traced,
    native,
    operand,
    tracing,
    type_of,
)
from lineara.frontend.trees import Tree, TreeSpec, flatten, flatten_present, paths, unflatten
from lineara.ir import Function, Type, Var


@dataclass(frozen=True, slots=True)
class Slot:
    """A parameter of a body: its type, its zone and its name."""

    type: Type
    linear: bool
    hint: str


def slots_of(
    tree: Tree, what: str, *, whole: bool = False
) -> tuple[list[Any], TreeSpec, list[Slot]]:
    """The leaves of an argument of control flow, its structure, and the parameters that take the leaves.

    None is a part of the structure; `whole` refuses it.
    """
    leaves, spec = flatten(tree) if whole else flatten_present(tree)
    slots = []
    for x, path in zip(leaves, paths(tree, what, present=not whole), strict=True):
        try:
            type_ = type_of(x)
        except LinearaError as error:
            raise DtypeError(
                f"`{path}` is not an array: {error.problem}", mend=error.mend
            ) from None
        linear = is_traced(x) and x._var.linear
        slots.append(Slot(type_, linear, x._var.hint if is_traced(x) else ""))
    return leaves, spec, slots


class Body:
    """A traced body whose parameters and results are still to be arranged into a function."""

    def __init__(
        self, f: Callable[..., Any], slots: Sequence[Slot], specs: Sequence[TreeSpec]
    ) -> None:
        self.name = name_of(f)
        self.trace = Trace(self.name, wrap)
        with tracing(self.trace):
            traced = [self.trace.param(s.type, linear=s.linear, hint=s.hint) for s in slots]
            self.params: list[Var] = [x._var for x in traced]
            given = iter(traced)
            trees = [
                unflatten(spec, [next(given) for _ in range(spec.num_leaves)]) for spec in specs
            ]
            self.result = f(*trees)
            leaves, self.spec = flatten_present(self.result)
            arrays = [x if is_traced(x) else native(x) for x in leaves]
            self.results = [operand(self.trace, x).var for x in arrays]
        self.captured: list[Any] = list(self.trace.captured)
        taken = set(self.params)
        builder = self.trace.builder
        self.constants = [v for v in builder.params if v not in taken]
        self.linear_constants = [v for v in builder.linear_params if v not in taken]

    def captures(self, *, linear: bool) -> list[Any]:
        """What the body closes over in one zone, in the order of its constants."""
        return [x for x in self.captured if (is_traced(x) and x._var.linear) == linear]

    def function(self, params: Sequence[Var], results: Sequence[Var]) -> Function:
        """The body as a function of parameters and results in this order; each falls into its zone."""
        builder = self.trace.builder
        builder.params = [v for v in params if not v.linear]
        builder.linear_params = [v for v in params if v.linear]
        zones = [v for v in results if not v.linear], [v for v in results if v.linear]
        return builder.finish(*zones)


def shown(body: Body) -> str:
    """The types of what a body returns, in its containers, for messages."""
    return str(unflatten(body.spec, [TypeText(v) for v in body.results]))


class TypeText:
    """Prints as the type of a variable does."""

    def __init__(self, v: Var) -> None:
        self.text = f"{v.type!r}{' (linear)' if v.linear else ''}"

    def __repr__(self) -> str:
        return self.text


def of_zone(leaves: Sequence[Any], slots: Sequence[Slot], linear: bool) -> list[Any]:
    """The leaves of one zone, in their order."""
    return [x for x, s in zip(leaves, slots, strict=True) if s.linear == linear]


def interleaved(outputs: Sequence[Any], linear: Sequence[bool]) -> list[Any]:
    """Outputs, those of the linear zone last, in the order that the zones stand in."""
    plain = iter(outputs[: len(linear) - sum(linear)])
    dotted = iter(outputs[len(linear) - sum(linear) :])
    return [next(dotted) if is_linear else next(plain) for is_linear in linear]


def staged(f: Callable[..., Any], *trees: Any) -> Any:
    """Run control flow in the running trace, or record it and run it now if there is none."""
    if current_trace() is not None:
        return f(*trees)
    leaves, spec = flatten_present(trees)
    arrays = [i for i, x in enumerate(leaves) if type(x) not in (int, float, complex)]

    def rebuild(traced: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        filled = list(leaves)
        for i, x in zip(arrays, traced, strict=True):
            filled[i] = x
        return unflatten(spec, filled), {}

    given = [leaves[i] for i in arrays]
    recorded = record(f, given, rebuild, partly=True)
    return recorded.result(call(recorded.function, [*given, *recorded.captured]))
