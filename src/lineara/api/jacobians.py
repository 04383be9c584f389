"""Jacobians and Hessians: a linear map applied to a basis, forward or transposed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any

import numpy as np

from lineara.api.arguments import Argnums, refuse_uncallable, split
from lineara.api.linear_map import LinearMap, linear_map_of
from lineara.api.record import Recorded, name_of, record
from lineara.errors import DtypeError
from lineara.frontend.trees import flatten, unflatten
from lineara.ir import ArrayType, Type


def jacfwd(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Callable[..., Any]:
    """The Jacobian by forward mode: one application of the derivative for each input element.

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
    """The Jacobian by reverse mode: one application of the transpose for each output element. See `jacfwd`.

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
        blocks = _columns(derivative) if what == "jacfwd" else _rows(derivative)
        result = recorded.result([arguments.like(row) for row in blocks])
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
                f"{what} of `{name_of(f)}` needs {word} arguments and results, and an {side} is {type_!r}",
                mend="holomorphic=True is for complex functions of complex arguments; otherwise split real "
                "and imaginary parts",
            )


def _columns(derivative: LinearMap) -> list[list[Any]]:
    """[result leaf][argument leaf] -> block, each column one application to a basis vector."""
    domain, codomain = derivative.domain, derivative.codomain
    parts = [
        [_leaves(derivative @ unflatten(domain.spec, basis)) for basis in _basis(domain.types, j)]
        for j in range(len(domain.types))
    ]
    return [
        [_block([column[i] for column in parts[j]], -1, y, x) for j, x in enumerate(domain.types)]
        for i, y in enumerate(codomain.types)
    ]


def _rows(derivative: LinearMap) -> list[list[Any]]:
    """[result leaf][argument leaf] -> block, each row one application of the transpose."""
    domain, codomain = derivative.domain, derivative.codomain
    parts = [
        [
            _leaves(derivative.T(unflatten(codomain.spec, basis)))
            for basis in _basis(codomain.types, i)
        ]
        for i in range(len(codomain.types))
    ]
    return [
        [_block([row[j] for row in parts[i]], 0, y, x) for j, x in enumerate(domain.types)]
        for i, y in enumerate(codomain.types)
    ]


def _leaves(tree: Any) -> list[Any]:
    return flatten(tree)[0]


def _basis(types: Sequence[Type], leaf: int) -> Iterator[list[Any]]:
    """The basis vectors of one leaf, each as the leaves of a vector of the whole space."""
    for element in range(types[leaf].size):
        vector = [np.zeros(t.shape, t.dtype) for t in types if isinstance(t, ArrayType)]
        vector[leaf].flat[element] = 1
        yield vector


def _block(slices: list[Any], axis: int, result: Type, argument: Type) -> Any:
    """Slices of a block, stacked to the shape result + argument."""
    assert isinstance(result, ArrayType)
    assert isinstance(argument, ArrayType)
    shape = result.shape + argument.shape
    if not slices:
        return np.zeros(shape, result.dtype)
    return np.reshape(np.stack(slices, axis=axis), shape)
