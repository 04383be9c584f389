"""From a Python function and arguments to a program, and from a program and arguments to results."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lineara.backends.choice import run
from lineara.errors import DtypeError, LinearTypeError
from lineara.frontend.array import wrap
from lineara.frontend.trace import (
    Trace,
    emit_call,
    is_traced,
    native,
    operand,
    tracing,
    type_of,
)
from lineara.frontend.trees import Tree, TreeSpec, flatten, paths, unflatten
from lineara.ir import Function, Type
from lineara.transforms import erase


@dataclass(frozen=True, slots=True)
class Recorded:
    """A traced Python function: the program, what it closed over, and the structure of its result.

    The parameters of the program are the leaves of the arguments and then the captured values; its results are the leaves
    of the result and then those of the auxiliary one.
    """

    function: Function
    captured: tuple[Any, ...]
    spec: TreeSpec
    present: tuple[bool, ...]
    """Which leaves of the result are arrays; None stands at the others."""
    aux: Tree
    aux_spec: TreeSpec | None

    @property
    def result_count(self) -> int:
        """The number of arrays in the result, without those of the auxiliary one."""
        return sum(self.present)

    def result(self, leaves: Sequence[Any]) -> Tree:
        """The result, from its arrays."""
        given = iter(leaves)
        return unflatten(self.spec, [next(given) if there else None for there in self.present])

    def aux_result(self, leaves: Sequence[Any]) -> Tree:
        """The auxiliary result, from all leaves: arrays from the program, anything else as it was."""
        assert self.aux_spec is not None
        given = iter(leaves[self.result_count :])
        return unflatten(self.aux_spec, [next(given) if x is _ARRAY else x for x in self.aux])


class _Array:
    """Stands in the auxiliary leaves where an array of the program goes."""


_ARRAY = _Array()


def record(
    f: Callable[..., Any],
    leaves: Sequence[Any],
    rebuild: Callable[[Sequence[Any]], tuple[tuple[Any, ...], dict[str, Any]]],
    *,
    hints: Sequence[str] = (),
    linear: bool = False,
    has_aux: bool = False,
    partly: bool = False,
) -> Recorded:
    """Trace `f` at leaves, which are values or types; `rebuild` gives its arguments from traced leaves.

    `partly` says that a result may hold None beside its arrays.
    """
    trace = Trace(name_of(f), wrap)
    with tracing(trace):
        traced = [
            trace.param(*_type_and_value(x, linear), linear=linear, hint=hint)
            for x, hint in zip(leaves, hints or [""] * len(leaves), strict=True)
        ]
        args, kwargs = rebuild(traced)
        result = f(*args, **kwargs)
        aux_leaves: list[Any] = []
        aux_spec = None
        if has_aux:
            result, aux = _pair(f, result)
            aux_leaves, aux_spec = flatten(aux)
        every, spec = flatten(result)
        present = tuple(x is not None for x in every)
        whole = not partly or not any(present)
        for x, path in zip(every, paths(result, ""), strict=True):
            if whole or x is not None:
                _refuse_non_array(f, x, path)
        out = [x for x in every if x is not None]
        arrays = [*out, *(x for x in aux_leaves if is_traced(x))]
        variables = [operand(trace, native(x) if not is_traced(x) else x).var for x in arrays]
    if linear:
        for v in variables[: len(out)]:
            _refuse_nonlinear(f, v.linear)
    function = trace.builder.finish(*(((), variables) if linear else (variables, ())))
    static_aux = [_ARRAY if is_traced(x) else x for x in aux_leaves]
    return Recorded(function, tuple(trace.captured), spec, present, static_aux, aux_spec)


def _type_and_value(x: Any, linear: bool) -> tuple[Any, ...]:
    if isinstance(x, Type):
        return (x,)
    if linear:
        return (type_of(x),)
    return (type_of(x), x if is_traced(x) else native(x))


def _pair(f: Callable[..., Any], result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise DtypeError(
            f"with has_aux, `{name_of(f)}` must return a pair (result, aux), not {type(result).__name__}",
            mend="return two values, or leave has_aux out",
        )
    return result


def _refuse_non_array(f: Callable[..., Any], x: Any, path: str) -> None:
    if x is None:
        raise DtypeError(
            f"`{name_of(f)}` returns None{' at ' + path if path else ''}",
            mend="return an array; is a `return` missing?",
        )
    try:
        type_of(x)
    except DtypeError as error:
        raise DtypeError(
            f"the result{path} of `{name_of(f)}` cannot be differentiated: {error.problem}",
            mend=error.mend,
        ) from None


def _refuse_nonlinear(f: Callable[..., Any], linear: bool) -> None:
    if not linear:
        raise LinearTypeError(
            f"a result of `{name_of(f)}` does not depend on its linear arguments",
            rule="nonlinear factor",
            mend="a linear function has no constant result; return a product with an argument",
        )


def name_of(f: Callable[..., Any]) -> str:
    """A name for the program of a function: its own, made an identifier."""
    given: str = getattr(f, "__name__", "") or getattr(getattr(f, "func", None), "__name__", "f")
    name = re.sub(r"\W+", "_", given).strip("_")
    return name if name.isidentifier() and name != "lambda" else "f"


def parameter_names(f: Callable[..., Any], count: int) -> list[str]:
    """The names of the positional parameters of a function, for messages and printed programs."""
    try:
        found = [
            p.name
            for p in inspect.signature(f).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        found = []
    return (found + [f"argument_{i}" for i in range(len(found), count)])[:count]


def hints_of(tree: Tree, name: str, *, present: bool = False) -> list[str]:
    """Names of variables for the leaves of an argument, or for those that are not None."""
    found = paths(tree, name, present=present)
    return [re.sub(r"\W+", "_", path).strip("_") for path in found]


def call(
    function: Function,
    args: Sequence[Any],
    linear_args: Sequence[Any] = (),
    *,
    jitted: bool = False,
    level: int | None = None,
    fixed: int = 0,
) -> list[Any]:
    """Run a program: on arrays now, on traced values as a call in the running trace.

    Gives all results, the linear ones last. Linear arguments that are not linear traced values go to the erased program.
    The last `fixed` arguments are the same in every call.
    """
    if any(is_traced(x) for x in (*args, *linear_args)):
        if linear_args and all(is_traced(x) and x._var.linear for x in linear_args):
            return emit_call(function, args, linear_args)
        return emit_call(erase(function), (*args, *linear_args))
    given = [x if isinstance(x, tuple | list) else native(x) for x in (*args, *linear_args)]
    taken = set(map(id, given))
    results = run(function, given, jitted=jitted, level=level, fixed=fixed)
    return [_own(r, taken) for r in results]


def _own(result: Any, taken: set[int]) -> Any:
    """An array that shares no memory with the arguments or with another result; tapes are left as they are."""
    if not isinstance(result, np.ndarray):
        return result
    shared = result.base is not None or not result.flags.writeable or id(result) in taken
    own: np.ndarray[Any, Any] = np.array(result) if shared else result
    taken.add(id(own))
    return own
