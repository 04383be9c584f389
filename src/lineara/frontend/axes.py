"""Axes as NumPy takes them: negative ones, several, none for all."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from lineara.errors import DtypeError, ShapeError
from lineara.frontend.trace import user_origin

Ints = tuple[int, ...]


def axis_of(rank: int, axis: Any) -> int:
    """One axis, counted from the first.

    Raises:
        ShapeError: if it is out of range. DtypeError: if it is no integer.
    """
    try:
        i = operator.index(axis)
    except TypeError:
        raise DtypeError(
            f"an axis is an integer, not {axis!r}", origin=user_origin(), mend="give an integer"
        ) from None
    if not -rank <= i < rank:
        raise ShapeError(
            f"axis {i} is out of range for an array of {rank} axes",
            origin=user_origin(),
            mend=f"axes go from {-rank} to {rank - 1}" if rank else "a scalar has no axes",
        )
    return i % rank


def axes_of(rank: int, axis: Any) -> Ints:
    """Several axes, ascending: all of them for None."""
    if axis is None:
        return tuple(range(rank))
    return tuple(sorted(axes_in_order(rank, axis)))


def axes_in_order(rank: int, axis: int | Sequence[int]) -> Ints:
    """Several axes, in the order in which they are given."""
    given = axis if isinstance(axis, tuple | list) else (axis,)
    axes = tuple([axis_of(rank, a) for a in given])
    if len(set(axes)) < len(axes):
        raise ShapeError(
            f"the axes {tuple(given)} of an array of {rank} axes repeat one",
            origin=user_origin(),
            mend="name each axis once",
        )
    return axes


def shape_from(given: Any, size: int) -> Ints:
    """A shape from one or several integers, of which one may be -1: what is left of the size."""
    entries = given if isinstance(given, tuple | list) else (given,)
    try:
        dims = [operator.index(n) for n in entries]
    except TypeError:
        raise DtypeError(
            f"a shape is a tuple of integers, not {given!r}",
            origin=user_origin(),
            mend="give integers",
        ) from None
    known = 1
    for n in dims:
        known *= n if n >= 0 else 1
    unknown = sum(n < 0 for n in dims)
    fits = known > 0 and size % known == 0 if unknown else known == size
    if unknown > 1 or any(n < -1 for n in dims) or not fits:
        raise ShapeError(
            f"an array of size {size} cannot be reshaped to {tuple(dims)}",
            origin=user_origin(),
            mend="give a shape with as many elements; one -1 stands for what is left",
        )
    return tuple([size // known if n < 0 else n for n in dims])
