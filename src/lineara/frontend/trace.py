"""Tracing: Python runs once, on traced arrays, and every operation on them becomes an equation.

A `Trace` is one function under construction. Traces nest: a transformed function that is applied to traced values is traced
in a trace of its own and called from the outer one; traced values and arrays that it closes over become its parameters.
Nothing here knows about derivatives.
"""

from __future__ import annotations

import dis
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np
import scipy

from lineara.backends.reference import evaluate_equation
from lineara.backends.tape import Tape
from lineara.errors import (
    DtypeError,
    LeakError,
    LinearTypeError,
    Origin,
    PythonOrigin,
    ShapeError,
    TraceError,
)
from lineara.frontend.snapshots import is_unchanged, snapshot
from lineara.ir import ArrayType, Builder, Equation, Function, Op, Rule, Type, Var, is_supported
from lineara.primitives import Expr

_ROOT = str(Path(__file__).parent.parent)
NUMPY = str(Path(np.__file__).parent)
SCIPY = str(Path(scipy.__file__).parent)
_SKIPPED = (
    f"{_ROOT}/frontend/",
    f"{_ROOT}/numpy/",
    f"{_ROOT}/api/",
    NUMPY,
    SCIPY,
)
_NO_VALUE = object()


class _Active(threading.local):
    """The traces that are running in this thread, the innermost last."""

    def __init__(self) -> None:
        self.traces: list[Trace] = []


_active = _Active()


class Trace:
    """A function under construction, what its parameters stand for, and the values computed so far."""

    def __init__(self, name: str, wrap: Callable[[Trace, Var], Any]) -> None:
        self.builder = Builder(name, user_origin())
        self.wrap = wrap
        self.captured: list[Any] = []
        self._captured_as: dict[int, Var] = {}
        self._kept: list[Any] = []
        self._values: dict[Var, Any] = {}
        self._sources: dict[Var, Any] = {}
        self._definitions: dict[Var, Equation] = {}
        self._indexed = 0

    def param(
        self, type_: Type, value: Any = _NO_VALUE, *, linear: bool = False, hint: str = ""
    ) -> Any:
        """A new traced parameter; `value` is what it stands for in this run of the Python."""
        v = self.builder.param(type_, linear=linear, hint=hint)
        if value is not _NO_VALUE:
            self._sources[v] = value
        made = self.wrap(self, v)
        made._is_argument = True
        return made

    def capture(self, outer: Any) -> Var:
        """The parameter that stands for a value from outside: an array, a tape, or a traced value of an outer trace."""
        found = self._captured_as.get(id(outer))
        if found is None or not _is_still(outer, self._sources[found]):
            hint = outer._var.hint if is_traced(outer) else ""
            type_ = outer.type if isinstance(outer, Tape) else type_of(outer)
            linear = is_traced(outer) and outer._var.linear
            found = self.builder.param(type_, linear=linear, hint=hint or "const")
            self._captured_as[id(outer)] = found
            self._kept.append(outer)
            self._sources[found] = outer = renamed(outer) if is_traced(outer) else snapshot(outer)
            self.captured.append(outer)
        return found

    def value(self, v: Var) -> Any:
        """The value of a variable in this run, computed when it is asked for; None if it is not known."""
        for e in self.builder.equations[self._indexed :]:
            self._definitions.update(dict.fromkeys(e.outputs, e))
        self._indexed = len(self.builder.equations)
        stack = [v]
        while stack:
            top = stack[-1]
            if top in self._values:
                stack.pop()
                continue
            definition = self._definitions.get(top)
            if definition is None:
                source = self._source_value(top)
                if source is None:
                    return None
                self._values[top] = source
                continue
            missing = [x for x in definition.inputs if x not in self._values]
            if missing:
                stack.extend(missing)
            else:
                self._run(definition)
        return self._values[v]

    def _source_value(self, v: Var) -> Any:
        source: Any = self._sources.get(v)
        return source._trace.value(source._var) if is_traced(source) else source

    def _run(self, e: Equation) -> None:
        results = evaluate_equation(e, [self._values[x] for x in e.inputs])
        self._values.update(zip(e.outputs, results, strict=True))


def _is_still(outer: Any, captured: Any) -> bool:
    if is_traced(outer):
        return bool(outer._var is captured._var)
    return is_unchanged(outer, captured)


@contextmanager
def tracing(trace: Trace) -> Iterator[Trace]:
    """Make a trace the innermost one while its Python runs."""
    _active.traces.append(trace)
    try:
        yield trace
    except ValueError as error:  # NumPy's, of an element that it cannot assign
        if isinstance(error.__cause__, TraceError):
            raise error.__cause__ from None
        raise
    finally:
        _active.traces.remove(trace)


def current_trace() -> Trace | None:
    """The innermost running trace of this thread, or None."""
    return _active.traces[-1] if _active.traces else None


def is_traced(x: Any) -> bool:
    """Whether a value is traced."""
    return isinstance(x, Traced)


class Traced:
    """A variable of a trace: the base of the traced array."""

    __slots__ = ("_is_argument", "_trace", "_var")

    def __init__(self, trace: Trace, var: Var) -> None:
        self._trace = trace
        self._var = var
        self._is_argument = False


def renamed(x: Any) -> Any:
    """A traced array of its own with the same elements: what NumPy calls a copy."""
    return x._trace.wrap(x._trace, x._var)


def type_of(x: Any) -> Type:
    """The type of an argument: a traced value, an array, or a Python or NumPy number.

    Raises:
        DtypeError: for objects and dtypes that the language does not have.
    """
    if is_traced(x):
        type_: Type = x._var.type
        return type_
    if isinstance(x, np.ma.MaskedArray):
        raise DtypeError("masked arrays cannot be traced", mend="fill it first: x.filled(value)")
    if not isinstance(x, np.ndarray | np.generic | bool | int | float | complex):
        raise DtypeError(
            f"an array or a number is needed, not {type(x).__name__} ({x!r:.60})",
            origin=user_origin(),
            mend="pass arrays and numbers, or containers of them; close over anything else",
        )
    array = np.asarray(x)
    dtype = array.dtype.newbyteorder("=")
    if not is_supported(dtype):
        raise DtypeError(
            f"arrays of dtype {array.dtype} cannot be traced",
            origin=user_origin(),
            mend="convert it to bool, an integer, float32, float64, complex64 or complex128",
        )
    return ArrayType(dtype, array.shape)


def native(x: Any) -> Any:
    """The argument as an array of the language: native byte order. A tape is as it is."""
    if isinstance(x, Tape):
        return x
    type_ = type_of(x)
    assert isinstance(type_, ArrayType)
    return np.asarray(x, dtype=type_.dtype)


def operand(trace: Trace, x: Any) -> Expr:
    """A value as an expression of the trace: its own variable, a captured parameter, a literal, or a tuple of them."""
    builder = trace.builder
    if is_traced(x):
        if x._trace is trace:
            return Expr(builder, x._var)
        if x._trace not in _active.traces:
            raise leaked(x)
        return Expr(builder, trace.capture(x))
    if isinstance(x, tuple):
        return Expr(builder, builder.make_tuple([operand(trace, y).var for y in x]))
    if isinstance(x, Tape):
        return Expr(builder, trace.capture(x))
    type_ = type_of(x)
    assert isinstance(type_, ArrayType)
    if type_.shape == ():
        return Expr(builder, builder.literal(np.asarray(x).item(), type_))
    return Expr(builder, trace.capture(x))


def leaked(x: Any) -> LeakError:
    """The error of a traced value that outlived its trace."""
    of_type = "" if x is None else f" of type {x._var.type!r}"
    return LeakError(
        f"a traced value{of_type} is used after the function that it belongs to was traced",
        origin=user_origin(),
        mend="return it from the function (has_aux helps) instead of storing it outside",
    )


def running(operands: Sequence[Any]) -> Trace:
    """The trace that an operation on these operands goes into: the innermost one that runs."""
    trace = current_trace()
    if trace is None:
        raise leaked(next(filter(is_traced, operands), None))
    trace.builder.origin = user_origin()
    return trace


def named(results: Sequence[Var], origin: Origin | None) -> None:
    """Give results the name that the user's line assigns them to: `y = np.sin(x)` makes a `y`."""
    if isinstance(origin, PythonOrigin) and len(results) == 1 and not results[0].hint:
        results[0].hint = assigned_name(origin)


def apply(primitive: Any, *operands: Any, **attributes: Any) -> Any:
    """Apply a record to traced values and arrays; one result, or a tuple of them."""
    trace = running(operands)
    exprs = [operand(trace, x) for x in operands]
    try:
        results = exprs[0].bind(primitive, exprs, attributes)
    except (ShapeError, DtypeError) as error:
        raise type(error)(error.problem, origin=user_origin(), mend=error.mend) from None
    named([r.var for r in results], trace.builder.origin)
    wrapped = tuple([trace.wrap(trace, r.var) for r in results])
    return wrapped[0] if len(wrapped) == 1 else wrapped


def filled(value: complex, dtype: Any, shape: tuple[int, ...]) -> Any:
    """A traced array filled with a number."""
    trace = running(())
    return trace.wrap(trace, trace.builder.literal(value, ArrayType(dtype, shape)))


def zero_like(x: Any, shape: tuple[int, ...] | None = None) -> Any:
    """The zero of the dtype and the zone of a traced array: what is added to a linear value is linear."""
    trace = running((x,))
    builder, v = trace.builder, operand(trace, x).var
    type_ = ArrayType(x.dtype, x.shape if shape is None else shape)
    return trace.wrap(trace, builder.zero(type_) if v.linear else builder.literal(0, type_))


def add(x: Any, y: Any) -> Any:
    """The structural sum of two values of one type."""
    trace = running((x, y))
    a, b = operand(trace, x), operand(trace, y)
    if a.var.linear != b.var.linear:
        raise not_affine(trace)
    total = trace.builder.add(a.var, b.var)
    named([total], trace.builder.origin)
    return trace.wrap(trace, total)


def not_affine(trace: Trace) -> LinearTypeError:
    """The error of a sum of a linear and a nonlinear value."""
    return LinearTypeError(
        "`+` of a linear and a nonlinear value: the function is affine, not linear",
        rule="nonlinear factor",
        origin=trace.builder.origin,
        mend="a linear function has f(0) = 0; take the constant out",
    )


def emit_call(
    function: Function,
    args: Sequence[Any],
    linear_args: Sequence[Any] = (),
    *,
    checkpoint: bool = False,
    rule: Rule | None = None,
) -> list[Any]:
    """Call a function on traced values and arrays in the running trace; all its results, the linear ones last."""
    trace = running((*args, *linear_args))
    inputs = [operand(trace, x).var for x in args]
    linear_inputs = [operand(trace, x).var for x in linear_args]
    results, linear = trace.builder.call(
        function, inputs, linear_inputs, checkpoint=checkpoint, rule=rule
    )
    return [trace.wrap(trace, v) for v in (*results, *linear)]


def emit(op: Op, operands: Sequence[Any], outputs: Sequence[Var]) -> list[Any]:
    """Apply an operation to traced values and arrays in the running trace; gives its traced outputs."""
    trace = running(operands)
    inputs = [operand(trace, x).var for x in operands]
    return [trace.wrap(trace, v) for v in trace.builder.emit(op, inputs, outputs)]


def value_now(x: Any) -> Any:
    """The value of a traced array in this run, or None where only its type is known."""
    if x._trace not in _active.traces:
        raise leaked(x)
    return x._trace.value(x._var)


def known_value(x: Any, what: str) -> Any:
    """The value of a traced array, for Python that needs it now.

    Raises:
        TraceError: if the function is traced for types only, or the value is linear.
    """
    value = value_now(x)
    if value is None:
        kind = "linear" if x._var.linear else "traced"
        raise TraceError(
            f"{what} needs the value of a {kind} array of type {x._var.type!r}, which is not known here",
            origin=user_origin(),
            mend="choose values with np.where, run one of two functions with lineara.cond, loop with "
            "lineara.while_loop",
        )
    return value


_internal: dict[CodeType, bool] = {}


def user_origin() -> PythonOrigin | None:
    """The innermost line of Python that belongs to none of lineara, NumPy and SciPy."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        inside = _internal.get(code)
        if inside is None:
            inside = _internal[code] = code.co_filename.startswith(_SKIPPED)
        if not inside:
            return PythonOrigin(code, frame.f_lasti)
        frame = frame.f_back
    return None


_stores: dict[CodeType, dict[int, str]] = {}


def assigned_name(origin: PythonOrigin) -> str:
    """The variable that the running instruction's result is stored in at once, or ""."""
    stores = _stores.get(origin.code)
    if stores is None:
        stores = _stores[origin.code] = {
            before.offset: after.argval
            for before, after in pairwise(dis.get_instructions(origin.code))
            if after.opname in ("STORE_FAST", "STORE_NAME", "STORE_DEREF", "STORE_GLOBAL")
        }
    return stores.get(origin.instruction, "")
