"""associative_scan: running combinations in a logarithmic number of steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lineara.api.bodies import staged
from lineara.errors import ShapeError
from lineara.frontend.promotion import shape_of
from lineara.frontend.trace import user_origin
from lineara.frontend.trees import flatten, unflatten

Leaves = list[Any]


def associative_scan(
    fn: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0
) -> Any:
    """The running combinations of elements by an associative function: `[a, fn(a, b), fn(fn(a, b), c), …]`.

    Args:
        fn: an associative function of two containers of arrays, applied to many pairs of elements at once: it gets slices of
            the arrays along `axis`, and gives arrays of the same shapes.
        elems: arrays, or containers of arrays, equally long along `axis`.
        reverse: combine from the last element to the first.
        axis: the axis along which the elements stand.

    Returns:
        Containers and arrays of the shapes of `elems`. The program grows with the logarithm of the length.

    Raises:
        ShapeError: axes of different lengths, or a function that changes shapes.

    Source: Blelloch, Prefix Sums and Their Applications, 1990; the signature follows jax.lax.associative_scan.

    >>> import numpy as np
    >>> from lineara import associative_scan
    >>> associative_scan(np.multiply, np.array([1.0, 2.0, 3.0, 4.0]))
    array([ 1.,  2.,  6., 24.])
    """
    return staged(lambda elements: _associative_scan(fn, elements, reverse, axis), elems)


def _associative_scan(fn: Callable[..., Any], elems: Any, reverse: bool, axis: int) -> Any:
    leaves, spec = flatten(elems)
    _check(leaves, axis)
    if not leaves:
        return elems
    axis = axis % len(shape_of(leaves[0])) if axis >= 0 else axis

    def combine(x: Leaves, y: Leaves) -> Leaves:
        given, found = flatten(fn(unflatten(spec, x), unflatten(spec, y)))
        if found != spec or [shape_of(g) for g in given] != [shape_of(v) for v in x]:
            raise ShapeError(
                "the function of associative_scan changes the structure or the shapes of its arguments",
                origin=user_origin(),
                mend="it combines many elements at once, and gives as many",
            )
        return given

    if reverse:
        backward = _running(combine, [np.flip(x, axis) for x in leaves], axis)
        return unflatten(spec, [np.flip(x, axis) for x in backward])
    return unflatten(spec, _running(combine, leaves, axis))


def _check(leaves: Sequence[Any], axis: int) -> None:
    shapes = [shape_of(x) for x in leaves]
    if any(not -len(s) <= axis < len(s) for s in shapes) or len({s[axis] for s in shapes}) > 1:
        raise ShapeError(
            f"associative_scan along axis {axis} of arrays of shapes {', '.join(map(str, shapes))}",
            origin=user_origin(),
            mend="all arrays are equally long along the axis",
        )


def _running(combine: Callable[[Leaves, Leaves], Leaves], x: Leaves, axis: int) -> Leaves:
    """Combine neighbours, run over the pairs, and fill in what lies between."""
    count = shape_of(x[0])[axis]
    if count < 2:
        return x
    pairs = combine(_part(x, axis, 0, count - 1, 2), _part(x, axis, 1, count, 2))
    odd = _running(combine, pairs, axis)
    between = _part(odd, axis, 0, (count - 1) // 2, 1)
    even = _part(x, axis, 0, 1, 1)
    if count > 2:
        rest = combine(between, _part(x, axis, 2, count, 2))
        even = [np.concatenate(both, axis=axis) for both in zip(even, rest, strict=True)]
    return [_interleaved(a, b, axis) for a, b in zip(even, odd, strict=True)]


def _part(x: Leaves, axis: int, start: int, stop: int, step: int) -> Leaves:
    """A slice along the axis."""
    return [np.moveaxis(np.moveaxis(v, axis, 0)[start:stop:step], 0, axis) for v in x]


def _interleaved(even: Any, odd: Any, axis: int) -> Any:
    """even[0], odd[0], even[1], odd[1], … along the axis."""
    even, odd = np.moveaxis(even, axis, 0), np.moveaxis(odd, axis, 0)
    count = shape_of(odd)[0]
    pairs = np.reshape(np.stack([even[:count], odd], axis=1), (2 * count, *shape_of(odd)[1:]))
    return np.moveaxis(np.concatenate([pairs, even[count:]]), 0, axis)
