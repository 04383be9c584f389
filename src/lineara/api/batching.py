"""vmap: a function of one example as a function of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np
import optree

from lineara.api.arguments import check_leaf
from lineara.api.record import Recorded, call, hints_of, name_of, parameter_names, record
from lineara.errors import DtypeError, ShapeError
from lineara.frontend.trace import type_of
from lineara.frontend.trees import Tree, flatten, paths, unflatten
from lineara.ir import ArrayType, Type
from lineara.transforms.batch import batch
from lineara.typecheck import check

Axes = Any
"""An axis for each array: an integer or None, or a container of them that is a prefix of the arguments."""


def vmap(f: Callable[..., Any], in_axes: Axes = 0, out_axes: Axes = 0) -> Callable[..., Any]:
    """A function of arrays with an axis of examples, from a function of one example.

    Args:
        f: a function of arrays or containers of arrays.
        in_axes: which axis of each argument runs over the examples; None: the argument is the same for all. An integer for
            all arguments, or a tuple with one for each, or containers of them in place of an argument.
        out_axes: where the axis of examples stands in each result; None for results that are the same for all.

    Returns:
        A function with the results of `f` for all examples, stacked. It nests, and goes with every other transformation in both
        orders. Python branches on values are errors in it: use `lineara.cond`.

    Raises:
        ShapeError: axes that are not there, or of different sizes.

    Source: the signature follows jax.vmap.

    >>> import numpy as np
    >>> from lineara import vmap
    >>> vmap(np.dot, in_axes=(0, None))(np.eye(2), np.array([3.0, 4.0]))
    array([3., 4.])
    """
    if not callable(f):
        raise DtypeError(f"vmap takes a function, not {type(f).__name__}")

    @wraps(f)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        trees = (*args, *kwargs.values())
        axes = [
            *_axes_of_arguments(in_axes, args),
            *[_prefix(0, tree, "in_axes") for tree in kwargs.values()],
        ]
        names = [*parameter_names(f, len(args)), *kwargs]
        leaves, spec = flatten(trees)
        flat_axes = [a for group in axes for a in group]
        where = [p for tree, n in zip(trees, names, strict=True) for p in paths(tree, n)]
        for x, path in zip(leaves, where, strict=True):
            check_leaf(x, f"`{path}` of `{name_of(f)}`", "vmap", False)
        size = _size(f, leaves, flat_axes, where)
        types = [_example(x, a) for x, a in zip(leaves, flat_axes, strict=True)]

        def rebuild(traced: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
            filled = unflatten(spec, traced)
            return filled[: len(args)], dict(zip(kwargs, filled[len(args) :], strict=True))

        hints = [h for tree, n in zip(trees, names, strict=True) for h in hints_of(tree, n)]
        recorded = record(f, types, rebuild, hints=hints, partly=True)
        return _run(f, recorded, leaves, flat_axes, size, out_axes)

    return mapped


def _run(
    f: Callable[..., Any],
    recorded: Recorded,
    leaves: Sequence[Any],
    axes: Sequence[int | None],
    size: int,
    out_axes: Axes,
) -> Any:
    mask = (*(a is not None for a in axes), *(False for _ in recorded.captured))
    function, out = batch(check(recorded.function), size, mask)
    moved = [
        x if a in (None, 0) else np.moveaxis(x, a, 0) for x, a in zip(leaves, axes, strict=True)
    ]
    given = call(check(function), [*moved, *recorded.captured])
    every = _prefix(out_axes, recorded.result(given), "out_axes")
    wanted = [a for a, there in zip(every, recorded.present, strict=True) if there]
    placed = [
        _place(f, x, is_batched, axis, size)
        for x, is_batched, axis in zip(given, out, wanted, strict=True)
    ]
    return recorded.result(placed)


def _axes_of_arguments(in_axes: Axes, args: tuple[Any, ...]) -> list[list[int | None]]:
    if isinstance(in_axes, list):
        in_axes = tuple(in_axes)
    if not isinstance(in_axes, tuple):
        in_axes = (in_axes,) * len(args)
    if len(in_axes) != len(args):
        raise ShapeError(
            f"in_axes has {len(in_axes)} entries, and there are {len(args)} arguments",
            mend="give one axis, or one for each argument",
        )
    return [_prefix(a, tree, "in_axes") for a, tree in zip(in_axes, args, strict=True)]


def _prefix(axes: Axes, tree: Tree, what: str) -> list[int | None]:
    """An axis for each leaf of a container."""
    try:
        found: list[Any] = optree.broadcast_prefix(
            axes, tree, none_is_leaf=True, namespace="lineara"
        )
    except ValueError as error:
        raise ShapeError(
            f"{what}={axes!r} does not fit the structure of the arguments: {error}",
            mend="give an integer or None for each array, or one for a container",
        ) from None
    for a in found:
        if a is not None and (not isinstance(a, int) or isinstance(a, bool)):
            raise DtypeError(f"{what} are integers or None, not {a!r}")
    return found


def _size(
    f: Callable[..., Any], leaves: Sequence[Any], axes: Sequence[int | None], paths_: Sequence[str]
) -> int:
    """The one number of examples."""
    sizes: dict[str, int] = {}
    for x, a, path in zip(leaves, axes, paths_, strict=True):
        if a is None:
            continue
        shape = _shape(x)
        if not -len(shape) <= a < len(shape):
            raise ShapeError(
                f"vmap of `{name_of(f)}`: `{path}` of shape {shape} has no axis {a}",
                mend="in_axes says None for what is the same for all examples",
            )
        sizes[f"{path}: {shape[a]} along axis {a}"] = shape[a]
    if len(set(sizes.values())) != 1:
        found = "; ".join(sizes) or "no argument has one"
        raise ShapeError(
            f"vmap of `{name_of(f)}` needs one number of examples: {found}",
            mend="make the mapped axes equally long",
        )
    return next(iter(sizes.values()))


def _shape(x: Any) -> tuple[int, ...]:
    type_ = type_of(x)
    assert isinstance(type_, ArrayType)
    return type_.shape


def _example(x: Any, axis: int | None) -> Type:
    """The type of one example."""
    type_ = type_of(x)
    assert isinstance(type_, ArrayType)
    if axis is None:
        return type_
    return ArrayType(type_.dtype, tuple(np.delete(type_.shape, axis).astype(int)))


def _place(f: Callable[..., Any], x: Any, is_batched: bool, axis: int | None, size: int) -> Any:
    """A result with its axis of examples where it is wanted."""
    if axis is None:
        if is_batched:
            raise ShapeError(
                f"out_axes is None for a result of `{name_of(f)}` that depends on the example",
                mend="give it an axis",
            )
        return x
    if not -len(_shape(x)) - (not is_batched) <= axis < len(_shape(x)) + (not is_batched):
        raise ShapeError(
            f"out_axes is {axis} for a result of `{name_of(f)}` that has {len(_shape(x))} axes with the examples",
            mend="0 puts the examples first, -1 last",
        )
    if not is_batched:
        x = np.broadcast_to(x, (size, *_shape(x)))
    return np.moveaxis(x, 0, axis) if axis else x
