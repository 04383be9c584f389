"""custom_jvp and custom_vjp: derivatives that people bring, checked by the type system.

Either way the rule becomes a function of the language that is linear in its tangents; the other mode and all orders are
derived from it.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

from lineara.api.record import hints_of, name_of, parameter_names
from lineara.api.rules import Derivation, Operands, operands_of, origin_of
from lineara.errors import DtypeError, LinearaError, ShapeError
from lineara.frontend.array import wrap
from lineara.frontend.trace import (
    Trace,
    current_trace,
    emit_call,
    is_traced,
    native,
    tracing,
    type_of,
)
from lineara.frontend.trees import TreeSpec, flatten, unflatten
from lineara.ir import Function, Var, has_tangent
from lineara.transforms import transpose
from lineara.typecheck import check


class _Custom(ABC):
    """A function with a rule, and which of its arguments are arrays to it."""

    def __init__(self, fun: Callable[..., Any], nondiff_argnums: Sequence[int] = ()) -> None:
        if not callable(fun):
            raise DtypeError(f"{type(self).__name__} takes a function, not {type(fun).__name__}")
        update_wrapper(self, fun)
        self.fun = fun
        self.nondiff_argnums = (
            (nondiff_argnums,) if isinstance(nondiff_argnums, int) else tuple(nondiff_argnums)
        )

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        return lambda *args, **kwargs: self(instance, *args, **kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = self._positional(args, kwargs)
        rule = self._rule()
        if current_trace() is None:
            return self.fun(*given)
        fixed = {i % len(given) for i in self.nondiff_argnums if -len(given) <= i < len(given)}
        nondiff = [given[i] for i in sorted(fixed)]
        positions = [i for i in range(len(given)) if i not in fixed]
        names = parameter_names(self.fun, len(given))
        hints = [h for i in positions for h in hints_of(given[i], names[i])]

        def applied(*arrays: Any) -> Any:
            args = list(given)
            for i, x in zip(positions, arrays, strict=True):
                args[i] = x
            return self.fun(*args)

        applied.__name__ = name_of(self.fun)
        operands = self._operands(tuple(given[i] for i in positions), hints)
        derivation = Derivation(
            name_of(self.fun),
            applied,
            lambda primals, tangents: self._derivative(nondiff, given, primals, tangents),
            origin_of(rule),
            (id(self), *[id(x) if _is_unhashable(x) else x for x in nondiff]),
        )
        return derivation.apply(operands)

    def _operands(self, args: tuple[Any, ...], hints: Sequence[str]) -> Operands:
        try:
            return operands_of(args, hints)
        except DtypeError as error:
            raise DtypeError(
                f"an argument of `{name_of(self.fun)}` is no array: {error.problem}",
                origin=error.origin,
                mend="name the position of such an argument in nondiff_argnums",
            ) from None

    def _positional(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments in the order of the parameters, defaults of a Python function included."""
        if not kwargs and not hasattr(self.fun, "__code__"):
            return args
        try:
            bound = inspect.signature(self.fun).bind(*args, **kwargs)
        except ValueError:
            return args
        bound.apply_defaults()
        if bound.kwargs:
            raise DtypeError(
                f"`{name_of(self.fun)}` has a rule, and takes {', '.join(bound.kwargs)} by name only",
                mend="make them positional parameters",
            )
        return bound.args

    @abstractmethod
    def _rule(self) -> Callable[..., Any]:
        """The Python of the rule, to point at in errors."""

    @abstractmethod
    def _derivative(
        self, nondiff: list[Any], given: tuple[Any, ...], primals: Any, tangents: Any
    ) -> Any:
        """The result and its tangent; `given` are all arguments, of which `nondiff` are no arrays."""

    def _no_rule(self, method: str) -> LinearaError:
        return LinearaError(
            f"`{name_of(self.fun)}` has no derivative rule yet",
            origin=origin_of(self.fun),
            mend=f"give it one: {name_of(self.fun)}.{method}(…)",
        )


def _is_unhashable(x: Any) -> bool:
    try:
        hash(x)
    except TypeError:
        return True
    return is_traced(x)


class custom_jvp(_Custom):  # noqa: N801  (a decorator)
    """A function whose derivative along tangents is given; reverse mode is derived from it.

    Args:
        fun: a function of arrays or containers of arrays.
        nondiff_argnums: the positions of arguments that are no arrays, or are not differentiated; the rule takes them first.

    `f.defjvp(rule)` gives the rule: `rule(*nondiff, primals, tangents) -> (result, tangent of the result)`, where primals and
    tangents are tuples. It must be linear in the tangents: the type system checks it. None stands for a zero tangent, and for
    the tangent of an integer. It may call `f`; then f's rule is used at the next order. `f.defjvps(*rules)` gives one rule for
    each argument, `rule(tangent, result, *primals)`, or None.

    Raises:
        LinearTypeError: at the line of a rule that is not linear in the tangents.
        ShapeError, DtypeError: a rule that gives another structure, shape or dtype than the function.

    Source: the signature follows jax.custom_jvp.

    >>> import numpy as np
    >>> from lineara import custom_jvp, grad
    >>> @custom_jvp
    ... def log1pexp(x):
    ...     return np.log(1.0 + np.exp(x))
    >>> @log1pexp.defjvp
    ... def rule(primals, tangents):
    ...     (x,), (x_dot,) = primals, tangents
    ...     return log1pexp(x), (1 - 1 / (1 + np.exp(x))) * x_dot
    >>> grad(log1pexp)(100.0)
    array(1.)
    """

    jvp: Callable[..., Any] | None = None

    def defjvp(self, jvp: Callable[..., Any]) -> Callable[..., Any]:
        """Give the rule; usable as a decorator."""
        self.jvp = jvp
        return jvp

    def defjvps(self, *jvps: Callable[..., Any] | None) -> None:
        """Give a rule for each argument, or None where the derivative is zero; they are summed."""
        if self.nondiff_argnums:
            raise LinearaError("defjvps takes no nondiff_argnums", mend="use defjvp")

        def rule(primals: Any, tangents: Any) -> Any:
            result = self(*primals)
            pairs = zip(jvps, tangents, strict=True)
            terms = [jvp(t, result, *primals) for jvp, t in pairs if jvp is not None]
            return result, _total(terms)

        first = next((jvp for jvp in jvps if jvp is not None), None)
        self.defjvp(update_wrapper(rule, first) if first is not None else rule)

    def _rule(self) -> Callable[..., Any]:
        if self.jvp is None:
            raise self._no_rule("defjvp")
        rule: Callable[..., Any] = inspect.unwrap(self.jvp)
        return rule

    def _derivative(
        self,
        nondiff: list[Any],
        given: tuple[Any, ...],  # noqa: ARG002
        primals: Any,
        tangents: Any,
    ) -> Any:
        assert self.jvp is not None
        return self.jvp(*nondiff, primals, tangents)


def _total(terms: Sequence[Any]) -> Any:
    """The sum of containers of tangents; None for no term."""
    if not terms:
        return None
    columns, specs = zip(*map(flatten, terms), strict=True)
    sums = list(columns[0])
    for column in columns[1:]:
        sums = [x + y for x, y in zip(sums, column, strict=True)]
    return unflatten(specs[0], sums)


class custom_vjp(_Custom):  # noqa: N801  (a decorator)
    """A function whose reverse derivative is given; forward mode is derived from it.

    Args:
        fun: a function of arrays or containers of arrays.
        nondiff_argnums: the positions of arguments that are no arrays, or are not differentiated; `bwd` takes them first.

    `f.defvjp(fwd, bwd)` gives the rule: `fwd(*args) -> (result, residuals)` takes the arguments of `f`, and
    `bwd(*nondiff, residuals, cotangent) -> cotangents` gives a tuple with one for each argument, or None for a zero. `bwd`
    must be linear in the cotangent: the type system checks it, and its transpose is the derivative of `f`. Clipping a gradient
    is not linear: do it where the gradient is used. The pairing is Re Σ w·v, without conjugation.

    Raises:
        LinearTypeError: at the line of `bwd` that is not linear in the cotangent.
        ShapeError, DtypeError: results or cotangents of another structure, shape or dtype.

    Source: the signature follows jax.custom_vjp.

    >>> import numpy as np
    >>> from lineara import custom_vjp, grad, jvp
    >>> @custom_vjp
    ... def f(x, y):
    ...     return np.sin(x) * y
    >>> f.defvjp(lambda x, y: (f(x, y), (np.cos(x), np.sin(x), y)), lambda res, g: (res[0] * g * res[2], res[1] * g))
    >>> grad(f)(0.0, 2.0), jvp(f, (0.0, 2.0), (1.0, 0.0))[1]
    (array(2.), array(2.))
    """

    fwd: Callable[..., Any] | None = None
    bwd: Callable[..., Any] | None = None

    def defvjp(self, fwd: Callable[..., Any], bwd: Callable[..., Any]) -> None:
        """Give the two halves of the rule."""
        self.fwd, self.bwd = fwd, bwd

    def _rule(self) -> Callable[..., Any]:
        if self.bwd is None:
            raise self._no_rule("defvjp")
        return self.bwd

    def _derivative(
        self, nondiff: list[Any], given: tuple[Any, ...], primals: Any, tangents: Any
    ) -> Any:
        """The forward half, and the transpose of the backward half at its residuals."""
        assert self.fwd is not None
        rest = iter(primals)
        fixed = {i % len(given) for i in self.nondiff_argnums}
        pair = self.fwd(*[x if i in fixed else next(rest) for i, x in enumerate(given)])
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise DtypeError(
                f"the forward rule of `{name_of(self.fun)}` must return a pair (result, residuals)",
                origin=origin_of(self.fwd),
                mend="return two values",
            )
        result, residuals = pair
        backward = _Backward(self, nondiff, primals, tangents)
        function, coefficients = backward.recorded(result, residuals)
        dots = [x for x, t in zip(flatten(tangents)[0], backward.wanted, strict=True) if t]
        results = emit_call(transpose(function), coefficients, dots)
        return result, _refilled(result, results)


def _refilled(result: Any, dots: Sequence[Any]) -> Any:
    """Tangents in the place of the arrays of a result that have one."""
    leaves, spec = flatten(result)
    given = iter(dots)
    return unflatten(spec, [next(given) if _is_differentiable(x) else None for x in leaves])


def _is_differentiable(x: Any) -> bool:
    return x is not None and has_tangent(type_of(x))


class _Backward:
    """The recording of a backward half as a linear function of the cotangents, whose coefficients are the residuals."""

    def __init__(self, custom: custom_vjp, nondiff: list[Any], primals: Any, tangents: Any) -> None:
        assert custom.bwd is not None
        self.bwd, self.nondiff, self.primals = custom.bwd, nondiff, primals
        self.name = name_of(custom.fun)
        self.derivation = Derivation(self.name, self.bwd, self.bwd, origin_of(self.bwd), ())
        leaves = flatten(tangents)[0]
        types = [type_of(x) if is_traced(x) else None for x in flatten(primals)[0]]
        self.wanted = [t if x is not None else None for x, t in zip(leaves, types, strict=True)]

    def recorded(self, result: Any, residuals: Any) -> tuple[Function, list[Any]]:
        """The function, and the values of its coefficients."""
        leaves, spec = flatten(residuals)
        arrays = [i for i, x in enumerate(leaves) if is_traced(x) or hasattr(x, "dtype")]
        trace = Trace(f"{self.name}.bwd", wrap)
        with tracing(trace):
            for i in arrays:
                x = leaves[i]
                leaves[i] = trace.param(type_of(x), x if is_traced(x) else native(x))
            filled = unflatten(spec, list(leaves))
            bars = self.bwd(*self.nondiff, filled, self._cotangents(trace, result))
            variables = self._variables(trace, bars)
        coefficients = [flatten(residuals)[0][i] for i in arrays]
        return check(trace.builder.finish((), variables)), [*coefficients, *trace.captured]

    def _cotangents(self, trace: Trace, result: Any) -> Any:
        leaves, spec = flatten(result)
        bars = [
            trace.param(type_of(x), linear=True) if _is_differentiable(x) else None for x in leaves
        ]
        return unflatten(spec, bars)

    def _variables(self, trace: Trace, bars: Any) -> list[Var]:
        """The cotangents of all arguments that have one."""
        if not isinstance(bars, tuple | list) or len(bars) != len(self.primals):
            raise ShapeError(
                f"the backward rule of `{self.name}` must return a tuple of {len(self.primals)}: a cotangent for each "
                f"argument, not {type(bars).__name__}",
                origin=self.derivation.origin,
                mend="return a tuple, with None for an argument that has no cotangent",
            )
        found: list[Any] = []
        for primal, bar in zip(self.primals, bars, strict=True):
            spec = flatten(primal)[1]
            found += [None] * spec.num_leaves if bar is None else self._leaves(bar, spec)
        return [
            self.derivation.linear_leaf(trace, x, t, "cotangent")
            for x, t in zip(found, self.wanted, strict=True)
            if t is not None
        ]

    def _leaves(self, bar: Any, spec: TreeSpec) -> list[Any]:
        leaves, found = flatten(bar)
        if found != spec:
            raise ShapeError(
                f"the backward rule of `{self.name}` gives a cotangent of another structure than the argument",
                origin=self.derivation.origin,
                mend="return it in the containers of the argument",
            )
        return leaves
