"""Jacobians and Hessians: a linear map applied to a basis, forward or transposed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from lineara.api.arguments import Argnums, refuse_uncallable, split
from lineara.api.gradients import grad, jvp
from lineara.api.linear_map import LinearMap, linear_map_of
from lineara.api.record import Recorded, name_of, record
from lineara.errors import DtypeError
from lineara.ir import ArrayType, Type


def jacfwd(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Callable[..., Any]:
    """The Jacobian by forward mode: the derivative of each input element, all in one batch.

    Args:
        f: takes and gives arrays or containers of arrays.
        argnums: which positional arguments to differentiate: an integer, or a sequence of integers.
        has_aux: `f` returns `(result, aux)`; the result is `(jacobian, aux)`.
        holomorphic: `f` is complex and holomorphic.

    Returns:
        A function giving, for each array of the result and each array of the argument, an array of the shape
        `result.shape + argument.shape`, in the containers of the result and inside them of the argument.

    Raises:
        DtypeError: complex arguments without `holomorphic`, or integer ones.

    >>> import numpy as np
    >>> jacfwd(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    return _jacobian(f, argnums, has_aux, holomorphic, "jacfwd")


def jacrev(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Callable[..., Any]:
    """The Jacobian by reverse mode: the transpose of each output element, all in one batch. See `jacfwd`.

    >>> import numpy as np
    >>> jacrev(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    return _jacobian(f, argnums, has_aux, holomorphic, "jacrev")


def hessian(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Callable[..., Any]:
    """The Hessian of a scalar function, forward over reverse: `jacfwd(jacrev(f))`.

    For several arguments it is a tuple of tuples, for containers containers of containers.

    >>> import numpy as np
    >>> hessian(lambda x: x[0] * x[1] ** 2)(np.array([1.0, 2.0]))
    array([[0., 4.],
           [4., 2.]])
    """
    return jacfwd(jacrev(f, argnums, has_aux, holomorphic), argnums, has_aux, holomorphic)


def jacobian(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Callable[..., Any]:
    """The Jacobian in the mode that is cheaper: the linear program and its transpose are counted. See `jacfwd`.

    >>> import numpy as np
    >>> jacobian(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    return _jacobian(f, argnums, has_aux, holomorphic, "jacobian")


def hvp(
    f: Callable[..., Any],
    primals: tuple[Any, ...] | list[Any],
    tangents: tuple[Any, ...] | list[Any],
) -> Any:
    """The product of the Hessian of a scalar function and a vector, forward over reverse.

    Args:
        f: a scalar function of arrays or containers of arrays.
        primals: its arguments, as a tuple or list.
        tangents: the vector, of the same structure, shapes and dtypes.

    Returns:
        The product: of the structure of the argument, or a tuple of such for several arguments.

    >>> import numpy as np
    >>> hvp(lambda x: x[0] * x[1] ** 2, (np.array([1.0, 2.0]),), (np.array([1.0, 0.0]),))
    array([0., 4.])
    """
    _, product = jvp(grad(f, tuple(range(len(primals)))), primals, tangents)
    return product if len(primals) != 1 else product[0]


def _jacobian(
    f: Callable[..., Any], argnums: Argnums, has_aux: bool, holomorphic: bool, what: str
) -> Callable[..., Any]:
    refuse_uncallable(f, what)

    @wraps(f)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        arguments = split(f, argnums, args, kwargs, what)
        recorded = record(
            f, arguments.leaves, arguments.rebuild, hints=arguments.hints, has_aux=has_aux
        )
        _check_dtypes(f, recorded, len(arguments.leaves), holomorphic, what)
        given, derivative = linear_map_of(arguments, recorded)
        result = recorded.result([arguments.like(row) for row in _BUILD[what](derivative)])
        return (result, recorded.aux_result(given)) if has_aux else result

    return jacobian


def _check_dtypes(
    f: Callable[..., Any], recorded: Recorded, count: int, holomorphic: bool, what: str
) -> None:
    kind = "c" if holomorphic else "f"
    word = "complex" if holomorphic else "real"
    function = recorded.function
    params = [(v.type, "argument") for v in function.params[:count]]
    results = [(v.type, "result") for v in function.results[: recorded.result_count]]
    for type_, side in params + results:
        if isinstance(type_, ArrayType) and type_.dtype.kind != kind:
            raise DtypeError(
                f"{what} of `{name_of(f)}` needs {word} arguments and results, and one is not: the {side} is {type_!r}",
                mend="holomorphic=True is for complex functions of complex arguments; otherwise split real "
                "and imaginary parts",
            )


def _columns(derivative: LinearMap) -> list[list[Any]]:
    """[result leaf][argument leaf] -> block, the derivative of all basis vectors of the argument at once."""
    types = derivative.domain.types
    parts = [derivative.of_basis(j, last=True) for j in range(len(types))]
    return [
        [_block(parts[j][i], y, x) for j, x in enumerate(types)]
        for i, y in enumerate(derivative.codomain.types)
    ]


def _rows(derivative: LinearMap) -> list[list[Any]]:
    """[result leaf][argument leaf] -> block, the transpose of all basis vectors of the result at once."""
    types = derivative.codomain.types
    parts = [derivative.T.of_basis(i) for i in range(len(types))]
    return [
        [_block(parts[i][j], y, x) for j, x in enumerate(derivative.domain.types)]
        for i, y in enumerate(types)
    ]


def _block(elements: Any, result: Type, argument: Type) -> Any:
    """A block in the shape result + argument."""
    assert isinstance(result, ArrayType)
    assert isinstance(argument, ArrayType)
    return np.reshape(elements, result.shape + argument.shape)


def _cheaper(derivative: LinearMap) -> list[list[Any]]:
    """The blocks in the mode whose applications count less work."""
    inputs = sum(t.size for t in derivative.domain.types)
    outputs = sum(t.size for t in derivative.codomain.types)
    if inputs * derivative.work <= outputs * derivative.T.work:
        return _columns(derivative)
    return _rows(derivative)


_BUILD = {"jacfwd": _columns, "jacrev": _rows, "jacobian": _cheaper}
