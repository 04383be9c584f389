"""grad, value_and_grad, jvp, vjp: one derivative, in either mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from lineara import pipeline
from lineara.api.arguments import Argnums, Arguments, refuse_uncallable, split
from lineara.api.linear_map import LinearMap, linear_map_of
from lineara.api.record import Recorded, call, name_of, record
from lineara.errors import DtypeError, ShapeError
from lineara.frontend.trace import is_traced
from lineara.ir import ArrayType
from lineara.transforms import Policy, as_written, prune


def value_and_grad(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    *,
    policy: Policy = as_written,
) -> Callable[..., Any]:
    """The value of a scalar function and its gradient, by reverse mode.

    Args:
        f: takes arrays (float32, float64, complex64, complex128 where it is differentiated) or containers of them; gives a
            scalar, or with `has_aux` a pair of a scalar and anything else.
        argnums: which positional arguments to differentiate: an integer, or a sequence of integers.
        has_aux: `f` returns `(value, aux)`; the result is `((value, aux), gradient)`.
        holomorphic: `f` is complex and holomorphic; its complex derivative is wanted.
        policy: what the tape keeps; see `lineara.transforms.policy`.

    Returns:
        A function of the arguments of `f` giving `(value, gradient)`; the gradient has the structure, shapes and dtypes of
        the argument, or is a tuple of such for several `argnums`.

    Raises:
        DtypeError: integer arguments, or a result that is not real (complex if `holomorphic`).
        ShapeError: a result that is not a scalar.

    Source: Radul et al., You Only Linearize Once, POPL 2023. The gradient of a real function of complex arguments follows
    JAX: it is the conjugate of the direction of steepest ascent.

    >>> import numpy as np
    >>> value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    (array(5.), array([2., 4.]))
    """
    refuse_uncallable(f, "value_and_grad")

    gradient = _Gradient(f, argnums, has_aux, holomorphic, policy)

    @wraps(f)
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        (value, aux), bars = gradient(args, kwargs, with_value=True)
        return ((value, aux) if has_aux else value), bars

    return value_and_gradient


def grad(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    *,
    policy: Policy = as_written,
) -> Callable[..., Any]:
    """The gradient of a scalar function, by reverse mode. See `value_and_grad` for arguments and errors.

    With `has_aux` the result is `(gradient, aux)`.

    >>> import numpy as np
    >>> grad(lambda x: np.sin(x) * x)(0.0)
    array(0.)
    """
    refuse_uncallable(f, "grad")

    found = _Gradient(f, argnums, has_aux, holomorphic, policy)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        (_, aux), bars = found(args, kwargs, with_value=False)
        return (bars, aux) if has_aux else bars

    return gradient


@dataclass(frozen=True, slots=True)
class _Gradient:
    """A scalar function and how it is differentiated."""

    f: Callable[..., Any]
    argnums: Argnums
    has_aux: bool
    holomorphic: bool
    policy: Policy

    def __call__(self, args: Any, kwargs: Any, *, with_value: bool) -> tuple[tuple[Any, Any], Any]:
        """((value, aux), gradient); in a trace, without the value, what it alone needs is left out."""
        f = self.f
        arguments = split(f, self.argnums, args, kwargs, "grad")
        recorded = record(
            f, arguments.leaves, arguments.rebuild, hints=arguments.hints, has_aux=self.has_aux
        )
        _check_scalar(f, recorded, self.holomorphic)
        request = pipeline.Request(_wrt(arguments, recorded), outputs=1, policy=self.policy)
        (gradient,) = pipeline.run(recorded.function, request, "grad")
        given = [*arguments.leaves, *recorded.captured]
        if with_value or not any(map(is_traced, given)):
            results = call(gradient, given)
        else:
            rest = (True,) * (len(gradient.results) - 1)
            results = [None, *call(prune(gradient, (False, *rest)), given)]
        count = len(recorded.function.results)
        aux = recorded.aux_result(results[:count]) if self.has_aux else None
        return (recorded.result(results[:count]), aux), arguments.like(results[count:])


def _wrt(arguments: Arguments, recorded: Recorded) -> tuple[bool, ...]:
    """The leaves of the arguments are differentiated; what the function closed over is not."""
    return (True,) * len(arguments.leaves) + (False,) * len(recorded.captured)


def _check_scalar(f: Callable[..., Any], recorded: Recorded, holomorphic: bool) -> None:
    if recorded.result_count != 1:
        raise ShapeError(
            f"grad needs one scalar result, and `{name_of(f)}` returns {recorded.result_count} arrays",
            mend="return their sum, use has_aux for the others, or jacrev for all",
        )
    type_ = recorded.function.results[0].type
    assert isinstance(type_, ArrayType)
    if type_.shape != ():
        raise ShapeError(
            f"grad needs a scalar result, and `{name_of(f)}` returns {type_!r}",
            mend="reduce it (np.sum, np.mean), or use jacrev or vjp",
        )
    kind = "c" if holomorphic else "f"
    if type_.dtype.kind != kind:
        wanted = "complex" if holomorphic else "real"
        raise DtypeError(
            f"grad needs a {wanted} result, and `{name_of(f)}` returns {type_!r}",
            mend="take .real or abs; holomorphic=True is for complex functions of complex arguments"
            if type_.dtype.kind == "c"
            else "integers and truth values have no derivative: return what is real",
        )
    complex_arguments = all(
        isinstance(p.type, ArrayType) and p.type.dtype.kind == "c"
        for p in recorded.function.params[: len(recorded.function.params) - len(recorded.captured)]
    )
    if holomorphic and not complex_arguments:
        raise DtypeError(
            f"grad of the holomorphic `{name_of(f)}` needs complex arguments",
            mend="convert them: x.astype(complex)",
        )


def jvp(
    f: Callable[..., Any],
    primals: tuple[Any, ...] | list[Any],
    tangents: tuple[Any, ...] | list[Any],
    has_aux: bool = False,
) -> Any:
    """The value of a function and its derivative along tangents, by forward mode.

    Args:
        f: any function of arrays, or containers of arrays.
        primals: its arguments, as a tuple or list.
        tangents: one tangent for each, of the same structure, shapes and dtypes; None at integers and booleans.
        has_aux: `f` returns `(result, aux)`.

    Returns:
        `(result, tangent of the result)`, or with `has_aux` also the aux. At integer results the tangent is None.

    Raises:
        ShapeError, DtypeError: tangents that do not fit.

    Source: Radul et al., POPL 2023, on forward differentiation.

    >>> import numpy as np
    >>> jvp(np.sin, (0.0,), (2.0,))
    (array(0.), array(2.))
    """
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple | list):
            raise DtypeError(
                f"{name} is a tuple or list, not {type(given).__name__}", mend=f"({name},)"
            )
    primals, tangents = tuple(primals), tuple(tangents)
    if len(primals) != len(tangents):
        raise ShapeError(
            f"jvp of `{name_of(f)}` has {len(primals)} primals and {len(tangents)} tangents",
            mend="give one tangent for each primal",
        )
    result, derivative, aux = _linearized(f, primals, has_aux, "jvp")
    dots = derivative(*tangents)
    return (result, dots, aux) if has_aux else (result, dots)


def linearize(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of a function, and its derivative there as a linear map.

    Args:
        f: any function of arrays, or containers of arrays.
        primals: its arguments.
        has_aux: `f` returns `(result, aux)`.

    Returns:
        `(result, map)`, or with `has_aux` `(result, map, aux)`. The map is a `LinearMap`: call it on tangents, transpose it
        with `.T`, print it, or use it with `@`. The function itself ran once, for all its uses.

    Source: Radul et al., POPL 2023, on unzipping.

    >>> import numpy as np
    >>> y, derivative = linearize(np.sin, 0.0)
    >>> derivative(2.0), derivative.T(3.0)
    (array(2.), array(3.))
    """
    result, derivative, aux = _linearized(f, primals, has_aux, "linearize")
    return (result, derivative, aux) if has_aux else (result, derivative)


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of a function, and the map from cotangents of the result to cotangents of the arguments.

    Args:
        f: any function of arrays, or containers of arrays.
        primals: its arguments.
        has_aux: `f` returns `(result, aux)`.

    Returns:
        `(result, vjp_function)`, or with `has_aux` also the aux. The function takes one cotangent, of the structure of the
        result, and gives a tuple with a cotangent for each argument; None at integers.

    Source: Radul et al., POPL 2023, on transposition.

    >>> import numpy as np
    >>> y, pull = vjp(lambda a, b: a * b, 2.0, 3.0)
    >>> pull(1.0)
    (array(3.), array(2.))
    """
    result, derivative, aux = _linearized(f, primals, has_aux, "vjp")
    transposed = derivative.T

    def pull(cotangent: Any) -> tuple[Any, ...]:
        bars = transposed(cotangent)
        return bars if len(primals) != 1 else (bars,)

    return (result, pull, aux) if has_aux else (result, pull)


def _linearized(
    f: Callable[..., Any], primals: tuple[Any, ...], has_aux: bool, what: str
) -> tuple[Any, LinearMap, Any]:
    """Run the nonlinear half; the linear half and the tape are the map."""
    arguments = split(f, range(len(primals)), primals, {}, what, differentiable=False)
    recorded = record(
        f, arguments.leaves, arguments.rebuild, hints=arguments.hints, has_aux=has_aux
    )
    given, derivative = linear_map_of(arguments, recorded)
    aux = recorded.aux_result(given) if has_aux else None
    return recorded.result(given), derivative, aux
