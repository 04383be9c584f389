"""Recording derivative rules: a Python rule becomes a mixed function, linear in its tangents by its type.

A rule that uses its own function again refers to itself. One that uses its function at other static arguments, as that of
the n-th Bessel function uses its neighbours, is recorded two calls deep, and beyond that when it is asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

from lineara.api.record import Recorded, call, record
from lineara.errors import DtypeError, LinearTypeError, Origin, PythonOrigin, ShapeError
from lineara.frontend.array import wrap
from lineara.frontend.trace import Trace, emit_call, is_traced, native, operand, tracing, type_of
from lineara.frontend.trees import Tree, TreeSpec, flatten, unflatten
from lineara.ir import (
    ArrayType,
    Builder,
    Function,
    Literal,
    Rule,
    Type,
    Var,
    has_tangent,
    recorded_rule,
)
from lineara.typecheck import check

DEPTH = 2
_later = count(1)


@dataclass(frozen=True, slots=True)
class Operands:
    """The arguments of one application: the arrays among their leaves, and how to put others in their place.

    Numbers of Python and None are no arrays: they stay what they are.
    """

    args: tuple[Any, ...]
    leaves: tuple[Any, ...]
    spec: TreeSpec
    positions: tuple[int, ...]
    hints: tuple[str, ...]

    @property
    def arrays(self) -> list[Any]:
        """The leaves that are arrays or traced."""
        return [self.leaves[i] for i in self.positions]

    def filled(self, arrays: Sequence[Any], others: Callable[[Any], Any] = lambda x: x) -> Any:
        """The arguments with other arrays."""
        leaves = [others(x) for x in self.leaves]
        for i, x in zip(self.positions, arrays, strict=True):
            leaves[i] = x
        return unflatten(self.spec, leaves)

    @property
    def key(self) -> Hashable:
        """What tells two applications apart that are recorded alike."""
        shown = [type_of(x) if i in self.positions else repr(x) for i, x in enumerate(self.leaves)]
        return (self.spec, *shown)


def operands_of(args: tuple[Any, ...], hints: Sequence[str]) -> Operands:
    """The leaves of arguments; arrays are recorded, numbers and None are not."""
    leaves, spec = flatten(args)
    positions = [i for i, x in enumerate(leaves) if is_traced(x) or _is_array(x)]
    return Operands(args, tuple(leaves), spec, tuple(positions), tuple(hints[i] for i in positions))


def _is_array(x: Any) -> bool:
    if x is None or isinstance(x, bool | int | float | complex):
        return isinstance(x, np.generic)
    type_of(x)
    return True


@dataclass(slots=True)
class _Recording:
    """A rule that is being recorded; `extra` is what it is known to close over, `used` whether it refers to itself."""

    rule: Rule
    extra: list[Any] = field(default_factory=list)
    used: bool = False


class _Recordings(threading.local):
    """The rules that this thread records, the innermost last."""

    def __init__(self) -> None:
        self.open: dict[Hashable, _Recording] = {}


_recordings = _Recordings()


@dataclass(frozen=True, slots=True)
class Derivation:
    """A function with a rule: `f(*args)`, and `rule(primals, tangents) -> (result, tangents of the result)`."""

    name: str
    f: Callable[..., Any]
    rule: Callable[[Any, Any], Any]
    origin: Origin | None
    key: Hashable

    def apply(self, operands: Operands) -> Any:
        """Apply the function in the running trace: a call, with the rule."""

        def rebuild(traced: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
            return operands.filled(traced), {}

        recorded = record(self.f, operands.arrays, rebuild, hints=operands.hints, partly=True)
        given = [*operands.arrays, *recorded.captured]
        if not any(is_traced(x) for x in given):
            return recorded.result(call(recorded.function, given))
        self._refuse_linear(given)
        rule, extra = self._rule(operands, recorded)
        function = with_params(recorded.function, [type_of(x) for x in extra])
        return recorded.result(emit_call(function, [*given, *extra], rule=rule))

    def _refuse_linear(self, given: Sequence[Any]) -> None:
        if any(is_traced(x) and x._var.linear for x in given):
            raise LinearTypeError(
                f"`{self.name}` has a derivative rule, and is applied to a linear value",
                rule="used nonlinearly",
                origin=self.origin,
                mend="declare it linear: lineara.linear_function",
            )

    def _rule(self, operands: Operands, recorded: Recorded) -> tuple[Rule, list[Any]]:
        """The rule at these operands, and what it closes over."""
        recordings, key = _recordings.open, (self.key, operands.key)
        running = recordings.get(key)
        if running is not None:
            running.used = True
            return running.rule, running.extra
        if len(recordings) >= DEPTH:
            return self._later(operands, recorded), []
        rule, give = recorded_rule(f"{self.name}.rule")
        recording = recordings[key] = _Recording(rule)
        try:
            body, captured = self._body(operands, recorded, ())
            if captured and recording.used:
                recording.extra = [*captured, *captured]
                body, captured = self._body(operands, recorded, captured)
        finally:
            del recordings[key]
        give(check(body))
        return rule, captured

    def _later(self, operands: Operands, recorded: Recorded) -> Rule:
        """A rule that is recorded when it is asked for, for types."""
        types = [type_of(x) for x in operands.arrays]
        captured = [type_of(x) for x in recorded.captured]

        def make() -> Function:
            body, extra = self._body(operands, recorded, (), types)
            if extra:
                raise LinearTypeError(
                    f"the rule of `{self.name}` closes over values, and uses `{self.name}` again",
                    rule="used nonlinearly",
                    origin=self.origin,
                    mend="pass them as arguments",
                )
            return check(body)

        wrt = [*map(has_tangent, types), *(False for _ in captured)]
        return Rule(f"{self.name}.rule", wrt, make, f"recorded later {next(_later)}")

    def _body(
        self,
        operands: Operands,
        recorded: Recorded,
        known: Sequence[Any],
        types: Sequence[Type] | None = None,
    ) -> tuple[Function, list[Any]]:
        """The rule as a mixed function, and what it closes over, first of all what it is known to."""
        trace = Trace(f"{self.name}.rule", wrap)
        with tracing(trace):
            primals = [
                trace.param(t, hint=h)
                if types is not None
                else trace.param(t, x if is_traced(x) else native(x), hint=h)
                for t, x, h in _params(operands, types)
            ]
            for v in recorded.function.params[len(primals) :]:
                trace.builder.param(v.type, hint=v.hint)
            for x in known:
                trace.capture(x)
            tangents = _tangents(trace, operands, primals)
            given = self.rule(operands.filled(primals), tangents)
            results, dots = self._results(trace, given, recorded)
        own = len(_with_tangent(primals))
        self._refuse_linear([trace.wrap(trace, v) for v in trace.builder.linear_params[own:]])
        return trace.builder.finish(results, dots), list(trace.captured)

    def _results(self, trace: Trace, given: Any, recorded: Recorded) -> tuple[list[Var], list[Var]]:
        """The results of a rule and their tangents, each of the type of the function's."""
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise DtypeError(
                f"the rule of `{self.name}` must return a pair (result, tangent), not {type(given).__name__}",
                origin=self.origin,
                mend="return two values",
            )
        wanted = [v.type for v in recorded.function.results]
        out = self._leaves(given[0], recorded, "result")
        results = []
        for x, type_ in zip(out, wanted, strict=True):
            v = operand(trace, x if is_traced(x) else np.asarray(x)).var
            if v.linear:
                raise LinearTypeError(
                    f"the result that the rule of `{self.name}` gives depends on the tangents",
                    rule="leaks",
                    origin=self.origin,
                    mend="the result depends on the primals only; the tangent is the second value",
                )
            _check_type(self, v.type, type_, "result")
            results.append(v)
        if given[1] is None:
            return results, [trace.builder.zero(t) for t in wanted if has_tangent(t)]
        dots = self._leaves(given[1], recorded, "tangent")
        pairs = [(x, t) for x, t in zip(dots, wanted, strict=True) if has_tangent(t)]
        return results, [self.linear_leaf(trace, x, t, "tangent") for x, t in pairs]

    def _leaves(self, tree: Tree, recorded: Recorded, what: str) -> list[Any]:
        leaves, found = flatten(tree)
        if found != recorded.spec:
            raise ShapeError(
                f"the rule of `{self.name}` gives a {what} of another structure than the function: "
                f"{_shown(found)}, not {_shown(recorded.spec)}",
                origin=self.origin,
                mend=f"return a {what} in the containers that the function returns",
            )
        return [x for x, there in zip(leaves, recorded.present, strict=True) if there]

    def linear_leaf(self, trace: Trace, x: Any, type_: Type, what: str) -> Var:
        """A tangent or cotangent as a linear variable; None and constant zeros are zero."""
        if x is None or (not is_traced(x) and not np.any(x)):
            return trace.builder.zero(type_)
        v = operand(trace, x).var if is_traced(x) else None
        if v is not None and v.linear:
            _check_type(self, v.type, type_, what)
            return v
        if v is not None and _is_zero(trace.builder, v):
            return trace.builder.zero(type_)
        raise LinearTypeError(
            f"a {what} that the rule of `{self.name}` gives does not depend on its {what}s",
            rule="nonlinear factor",
            origin=self.origin,
            mend="a rule is linear in what comes in: return a product with it, or None for zero",
        )


def _params(operands: Operands, types: Sequence[Type] | None) -> list[tuple[Type, Any, str]]:
    found = [type_of(x) for x in operands.arrays] if types is None else types
    return list(zip(found, operands.arrays, operands.hints, strict=True))


def _with_tangent(traced: Sequence[Any]) -> list[Any]:
    return [x for x in traced if has_tangent(x._var.type)]


def _tangents(trace: Trace, operands: Operands, primals: Sequence[Any]) -> Any:
    """Linear parameters for all primals that have tangents; zeros at numbers, None elsewhere."""
    dots = [
        trace.param(x._var.type, linear=True, hint=f"{h}_dot" if h else "")
        if has_tangent(x._var.type)
        else None
        for x, h in zip(primals, operands.hints, strict=True)
    ]
    dtypes = [x.dtype for x in primals if x.dtype.kind in "fc"]

    def zero(x: Any) -> Any:
        if not isinstance(x, float | complex):
            return None
        type_ = ArrayType(np.result_type(x, *dtypes))
        return trace.wrap(trace, trace.builder.zero(type_))

    return operands.filled(dots, zero)


def _is_zero(builder: Builder, v: Var) -> bool:
    return any(
        isinstance(e.op, Literal) and not e.op.value and v in e.outputs for e in builder.equations
    )


def _check_type(derivation: Derivation, found: Type, wanted: Type, what: str) -> None:
    if found is not wanted:
        error = (
            ShapeError if getattr(found, "shape", 0) != getattr(wanted, "shape", 0) else DtypeError
        )
        raise error(
            f"the rule of `{derivation.name}` gives a {what} of type {found!r}, and {wanted!r} is needed",
            origin=derivation.origin,
            mend=f"make the {what} as the function and its arguments are: reshape or .astype it",
        )


def _shown(spec: TreeSpec) -> str:
    return str(spec).removeprefix("PyTreeSpec(").split(", NoneIsLeaf")[0]


def with_params(function: Function, types: Sequence[Type]) -> Function:
    """The function with further parameters, which it drops."""
    if not types:
        return function
    builder = Builder(function.name, function.origin)
    builder.params, builder.equations = list(function.params), list(function.equations)
    for t in types:
        builder.param(t)
    return builder.finish(function.results)


def origin_of(f: Callable[..., Any]) -> Origin | None:
    """Where a Python function begins."""
    code = getattr(f, "__code__", None)
    return None if code is None else PythonOrigin(code, 0)
