"""linear_solve and custom_root: derivatives of solutions by the implicit function theorem, in both modes and to all orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from lineara.api.arguments import fit_tangents
from lineara.api.bodies import slots_of
from lineara.api.linear_function import fitted
from lineara.api.record import Recorded, call, name_of, record
from lineara.errors import DtypeError, LeakError, LinearTypeError, ShapeError, TraceError
from lineara.frontend.trace import (
    current_trace,
    emit,
    emit_call,
    is_traced,
    type_of,
    user_origin,
)
from lineara.frontend.trees import TreeSpec, unflatten
from lineara.ir import (
    ArrayType,
    Builder,
    Function,
    LinearCall,
    ListType,
    TupleType,
    Type,
    Var,
    has_tangent,
)
from lineara.primitives import nondifferentiable
from lineara.transforms import jvp, transpose, unzip
from lineara.transforms.implicit import constant, root, solution
from lineara.typecheck import check

Solve = Callable[[Callable[[Any], Any], Any], Any]


def linear_solve(
    matvec: Callable[[Any], Any],
    b: Any,
    solve: Solve,
    transpose_solve: Solve | None = None,
    symmetric: bool = False,
) -> Any:
    """The solution x of `matvec(x) = b`, found in whatever way, and differentiated by the equation that it solves.

    Args:
        matvec: a linear function that gives the structure, shapes and dtypes that it takes. What it closes over is
            differentiated: ẋ = A⁻¹ (ḃ − Ȧ x).
        b: arrays or containers of arrays; the solution is linear in them.
        solve: `solve(matvec, b) -> x`, of the structure of b. It may loop in Python or call other libraries: then it runs when
            the program runs. What it closes over besides is not differentiated.
        transpose_solve: the same for the transposed matvec that it is given; needed for reverse mode.
        symmetric: matvec is symmetric (in the pairing without conjugation), and `solve` solves the transposed system too.

    Raises:
        LinearTypeError: at the line of matvec that is not linear. ShapeError: a matvec that is not square.
        TransformError: reverse mode without a transpose_solve.

    Source: the signature follows jax.lax.custom_linear_solve.

    >>> import numpy as np
    >>> from lineara import grad, linear_solve
    >>> solve = lambda matvec, b: b / matvec(np.ones(1))
    >>> grad(lambda a: linear_solve(lambda x: a * x, np.ones(1), solve, symmetric=True)[0])(2.0)
    array(-0.25)
    """
    if current_trace() is None:
        return solve(matvec, b)
    leaves, spec, slots = slots_of(b, "b", whole=True)
    types = [s.type for s in slots]
    zones = {s.linear for s in slots}
    if len(zones) > 1 or not all(map(has_tangent, types)):
        raise DtypeError(
            "the right-hand side of linear_solve has integers, or linear and nonlinear parts",
            origin=user_origin(),
            mend="make it real or complex, and all of it linear or none",
        )
    recorded = record(matvec, types, lambda v: ((unflatten(spec, v),), {}), linear=True)
    a = check(recorded.function)
    if recorded.spec != spec or [v.type for v in a.linear_results] != types:
        raise ShapeError(
            f"the matvec of linear_solve takes {types}, and gives {[v.type for v in a.linear_results]}",
            origin=user_origin(),
            mend="the system has to be square, and b of the structure of x",
        )
    refuse_linear(recorded.captured, "linear_solve")
    back = solve if symmetric else transpose_solve
    op, own = _solution(a, spec, solve, back, symmetric)
    operands = [*recorded.captured, *own, *leaves]
    outputs = [Var(t, linear=True in zones) for t in types]
    return unflatten(spec, emit(op if True in zones else op.forward, operands, outputs))


def refuse_linear(captured: Sequence[Any], what: str) -> None:
    """Refuse functions that close over linear values."""
    if any(is_traced(x) and x._var.linear for x in captured):
        raise LinearTypeError(
            f"a function given to {what} closes over a linear value",
            rule="used nonlinearly",
            origin=user_origin(),
            mend="a solution is linear in its right-hand side only",
        )


def _solution(
    a: Function, spec: TreeSpec, solve: Solve, back: Solve | None, symmetric: bool
) -> tuple[LinearCall, list[Any]]:
    """The solution of systems with a matrix, and what the solvers close over: further coefficients."""
    forward, own = _solver(a, spec, solve)
    backward: Function | None = None
    others: list[Any] = []
    if back is not None and not symmetric:
        backward, others = _solver(check(transpose(a)), spec, back)
    count, extra = len(a.params), [type_of(x) for x in own]
    a = _with_coefficients(a, count, [], [*extra, *map(type_of, others)])
    first = _with_coefficients(forward, count + len(own), [], [type_of(x) for x in others])
    second = backward and _with_coefficients(backward, count, extra, [])
    return solution(a, first, first if symmetric else second), [*own, *others]


def _with_coefficients(
    f: Function, place: int, before: Sequence[Type], after: Sequence[Type]
) -> Function:
    """The function with further parameters at a place; it drops them."""
    if not before and not after:
        return f
    builder = Builder(f.name, f.origin)
    new = [Var(t) for t in (*before, *after)]
    builder.params = [*f.params[:place], *new, *f.params[place:]]
    builder.linear_params, builder.equations = list(f.linear_params), list(f.equations)
    return builder.finish(f.results, f.linear_results)


def _solver(a: Function, spec: TreeSpec, solve: Solve) -> tuple[Function, list[Any]]:
    """`solve` as a function (coefficients, its own, b) → x: recorded, or run by the host where it needs values."""
    coefficients = [v.type for v in a.params]
    types = [v.type for v in a.linear_params]
    count = len(coefficients)

    run = _runner(a, spec, solve)
    try:
        recorded = record(run, [*coefficients, *types], lambda traced: (tuple(traced), {}))
    except LeakError:
        raise
    except TraceError:
        if any(isinstance(t, ListType) for t in coefficients):
            raise
        lasting = hasattr(solve, "__code__") and not solve.__closure__
        return _on_host(a, spec, solve) if lasting else _host_solver(a, spec, solve, True), []
    refuse_linear(recorded.captured, "a solve")
    _check_solution(recorded, spec, types)
    f = recorded.function
    ordered = (*f.params[:count], *f.params[count + len(types) :])
    params = (*ordered, *f.params[count : count + len(types)])
    return check(replace(f, params=params, _digest=[])), list(recorded.captured)


def _matvec(
    a: Function, coefficients: Sequence[Any], spec: TreeSpec, types: Sequence[Type]
) -> Callable[[Any], Any]:
    """The linear function that a solver is given."""
    names = [f"argument {i}" for i in range(len(types))]

    def matvec(v: Any) -> Any:
        leaves = fit_tangents(v, types, spec, names, "argument")
        return unflatten(spec, call(a, coefficients, leaves))

    return matvec


def _check_solution(recorded: Recorded, spec: TreeSpec, types: Sequence[Type]) -> None:
    given = [v.type for v in recorded.function.results]
    if recorded.spec != spec or given != types:
        raise ShapeError(
            f"`{recorded.function.name}` gives a solution of types {given}, and {types} are needed",
            origin=user_origin(),
            mend="a solution has the structure, shapes and dtypes of the right-hand side",
        )


def _runner(a: Function, spec: TreeSpec, solve: Solve) -> Callable[..., Any]:
    """`solve` as a function of coefficients and a right-hand side."""
    types, count = [v.type for v in a.linear_params], len(a.params)

    def run(*given: Any) -> Any:
        matvec = _matvec(a, given[:count], spec, types)
        return solve(matvec, unflatten(spec, given[count:]))

    run.__name__ = name_of(solve)
    return run


def _host_solver(a: Function, spec: TreeSpec, solve: Solve, transient: bool = False) -> Function:
    """A solver as a record that runs Python."""
    run = _runner(a, spec, solve)
    arrays = tuple(v.type for v in a.linear_params if isinstance(v.type, ArrayType))
    builder = Builder(name_of(solve))
    params = [builder.param(v.type) for v in (*a.params, *a.linear_params)]
    operands = [leaf for v in params for leaf in _unpacked(builder, v)]

    def evaluate(*given: Any) -> tuple[Any, ...]:
        rest = iter(given)
        return fitted(builder.name, run(*[_packed(v.type, rest) for v in params]), spec, arrays)

    host = nondifferentiable(
        builder.name,
        "a solver of the user's",
        evaluate,
        lambda *operands: arrays,
        family="user",
        examples=(),
    )
    host = replace(host, transient=transient)
    return builder.finish(builder.apply(host, operands))


_on_host = lru_cache(maxsize=64)(_host_solver)
"""For a solver that closes over nothing, so that a program with it is the same one the next time."""


def _unpacked(builder: Builder, v: Var) -> list[Var]:
    if isinstance(v.type, TupleType):
        return [leaf for x in builder.unpack(v) for leaf in _unpacked(builder, x)]
    return [v]


def _packed(type_: Type, leaves: Any) -> Any:
    if isinstance(type_, TupleType):
        return tuple(_packed(t, leaves) for t in type_.elements)
    return next(leaves)


def custom_root(
    f: Callable[[Any], Any],
    initial_guess: Any,
    solve: Callable[[Callable[[Any], Any], Any], Any],
    tangent_solve: Solve,
    has_aux: bool = False,
    *,
    transpose_solve: Solve | None = None,
) -> Any:
    """A root of a function, found in whatever way, and differentiated by the equation f(x) = 0 that it solves.

    Args:
        f: a function that gives the structure, shapes and dtypes that it takes. What it closes over is differentiated:
            ẋ = −(∂f/∂x)⁻¹ (∂f/∂c) ċ.
        initial_guess: arrays or containers of arrays.
        solve: `solve(f, initial_guess) -> x` with f(x) = 0, by loops of Python or of lineara; with `has_aux` `(x, aux)`.
        tangent_solve: `tangent_solve(g, y) -> x` with g(x) = y, for a linear function g. In reverse mode it is given the
            transpose of ∂f/∂x for g, unless there is a `transpose_solve`: so it must solve with the g that it is given.
        has_aux: `solve` gives diagnostics too, which have no derivative.

    Raises:
        ShapeError: a function that gives another type than it takes, or solvers that do.

    Source: the signature follows jax.lax.custom_root.

    >>> from lineara import custom_root, grad
    >>> def newton(f, x):
    ...     while abs(f(x)) > 1e-12:
    ...         x = x - f(x) / (2 * x)
    ...     return x
    >>> root = lambda a: custom_root(lambda x: x * x - a, 1.0, newton, lambda g, y: y / g(1.0))
    >>> round(float(grad(root)(4.0)), 12)
    0.25
    """
    if current_trace() is None:
        return solve(f, initial_guess)
    leaves, spec, slots = slots_of(initial_guess, "initial_guess", whole=True)
    found = record(
        lambda *guess: solve(f, unflatten(spec, guess)),
        leaves,
        lambda traced: (tuple(traced), {}),
        has_aux=has_aux,
    )
    refuse_linear(found.captured, "custom_root")
    types = [s.type for s in slots]
    if found.spec != spec or [v.type for v in found.function.results[: len(types)]] != types:
        raise ShapeError(
            f"`{name_of(solve)}` gives a root of types {[v.type for v in found.function.results]}, and "
            f"{types} are needed",
            origin=user_origin(),
            mend="a root has the structure, shapes and dtypes of the initial guess",
        )
    searched = constant(found.function)
    given = emit_call(searched.function, [*leaves, *found.captured], rule=searched.rule)
    x = unflatten(spec, _attached(f, given[: len(types)], spec, tangent_solve, transpose_solve))
    return (x, found.aux_result(given)) if has_aux else x


def _attached(
    f: Callable[[Any], Any],
    x: Sequence[Any],
    spec: TreeSpec,
    tangent_solve: Solve,
    transpose_solve: Solve | None,
) -> list[Any]:
    """The root with its derivative."""
    recorded = record(f, x, lambda traced: ((unflatten(spec, traced),), {}))
    function, count = check(recorded.function), len(x)
    types = [v.type for v in function.params[:count]]
    if recorded.spec != spec or [v.type for v in function.results] != types:
        raise ShapeError(
            f"`{name_of(f)}` takes {types}, and gives {[v.type for v in function.results]}",
            origin=user_origin(),
            mend="a root has as many equations as unknowns, in the same containers",
        )
    refuse_linear(recorded.captured, "custom_root")
    wrt = tuple(i < count for i in range(len(function.params)))
    halves = unzip(jvp(function, wrt))
    a = check(halves.linear)
    op, own = _solution(a, spec, tangent_solve, transpose_solve or tangent_solve, False)
    attached = root(function, check(halves.nonlinear), count, op)
    operands = [*x, *recorded.captured, *own]
    return emit(attached, operands, [Var(t) for t in types])
