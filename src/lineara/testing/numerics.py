"""How near two results must be: rounding errors and central differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lineara.backends.reference import evaluate_op
from lineara.ir import Apply, Equation, Function, Var, callees_first, has_tangent, leaves
from lineara.testing.values import Value, arrays, largest, observe


def rounding(function: Function) -> float:
    """A bound of the rounding error of one evaluation whose values are of size 1.

    An error made on the way reaches a result multiplied by its cotangent there: tests multiply by the largest values of
    both directions.
    """
    count = sum(v.type.size + 1 for f in callees_first(function) for v in _bound(f))
    return 8 * precision(function) * count


def within(error: float, bound: float) -> bool:
    """Whether an error is within a bound. Where a value or a derivative is infinite, there is no bound to hold."""
    return error <= bound or not np.isfinite(bound)


def precision(function: Function) -> float:
    """The relative precision of the coarsest type in a function."""
    types = {t for f in callees_first(function) for v in _bound(f) for t in leaves(v.type)}
    return max([float(np.finfo(t.dtype).eps) for t in types if t.is_inexact], default=2e-16)


def measured(
    function: Function, args: Sequence[Value], linear_args: Sequence[Value]
) -> tuple[tuple[Value, ...], float]:
    """The results, and the largest modulus on the way."""
    seen: list[float] = []

    def see(e: Equation, operands: list[Value]) -> None:
        seen.append(largest(tuple(operands)))

    with np.errstate(all="ignore"):
        results = observe(function, (*args, *linear_args), see)
    return results, largest((np.array(seen), *args, *linear_args, *results))


def differences(
    function: Function, args: Sequence[Value], tangents: Sequence[Value], step: float
) -> tuple[Any, Any]:
    """The central difference of a function along tangents of those arguments that have some.

    The second value is the difference of the one-sided ones, which is large at a kink.

    The results of records without a derivative are held as they are at the arguments: to differentiation they are
    constant, be they flat, like `floor`, or declared to be, like `stop_gradient`.
    """
    held: list[tuple[Value, ...]] = []

    def hold(e: Equation, operands: list[Value]) -> tuple[Value, ...] | None:
        if not _is_held(e):
            return None
        held.append(evaluate_op(e, operands))
        return held[-1]

    rest = iter(tangents)
    along = [next(rest) if has_tangent(p.type) else () for p in function.params]

    def at(h: float) -> Any:
        replayed = iter(held)
        moved = tuple(map(_moved, args, along, [h] * len(along)))
        return scalars(
            observe(function, moved, lambda e, x: next(replayed) if _is_held(e) else None)
        )

    with np.errstate(all="ignore"):
        here = scalars(observe(function, args, hold))
        above, below = at(step), at(-step)
        return (above - below) / (2 * step), (above - 2 * here + below) / step


def _is_held(e: Equation) -> bool:
    if not isinstance(e.op, Apply):
        return False
    return e.op.primitive.jvp is None or not any(has_tangent(v.type) for v in e.outputs)


def scalars(value: Value) -> Any:
    """All inexact scalars of a value in one complex vector."""
    flat = [x.ravel().astype(complex) for x in arrays(value) if x.dtype.kind in "fc"]
    return np.concatenate([np.zeros(0, complex), *flat])


def distance(x: Any, y: Any) -> float:
    """The largest difference of two vectors."""
    with np.errstate(all="ignore"):
        return largest(x - y)


def _moved(x: Value, tangent: Value, step: float) -> Value:
    """`x + step·tangent`; what has no tangent stays."""
    if isinstance(x, tuple):
        if tangent == ():
            return x
        return tuple(_moved(a, t, step) for a, t in zip(x, tangent, strict=True))
    return x if isinstance(tangent, tuple) else np.asarray(x + step * tangent, x.dtype)


def _bound(f: Function) -> list[Var]:
    return [*f.params, *f.linear_params, *(v for e in f.equations for v in e.outputs)]
