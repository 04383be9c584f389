"""What a kernel takes and gives in the place of the values of its function: an array of each array, a header of each list.

    list[list[f64[3]]]     header ──▶ headers ──▶ rows       of three words: where items are, how many, room for how many

A list that is given is in memory which hangs on a chain. Its head is the last result of the kernel; what hangs on it is copied
into a `Tape`, and given back.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lineara.backends.native.flat import flat_types
from lineara.backends.tape import Array, Part, Tape, tape_of
from lineara.ir import ArrayType, ListType, TupleType, Type

HEADER, CHAIN = ArrayType("i64", (3,)), ArrayType("i64", (1,))
_RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


def boundary_type(type_: ArrayType | ListType) -> ArrayType:
    """The array that stands for a value."""
    return HEADER if isinstance(type_, ListType) else type_


def boundary_results(types: Sequence[ArrayType | ListType]) -> list[ArrayType]:
    """The arrays that stand for results."""
    chain = [CHAIN] if any(isinstance(t, ListType) for t in types) else []
    return [*map(boundary_type, types), *chain]


def entering(value: Any, type_: Type, keep: list[Any]) -> Iterator[Any]:
    """What a kernel is given for a value; what must live until it is done is kept.

    Raises:
        ShapeError: a tape of another type.
    """
    if isinstance(type_, ArrayType):
        yield value
    elif isinstance(type_, TupleType):
        for x, t in zip(value, type_.elements, strict=True):
            yield from entering(x, t, keep)
    else:
        for part in tape_of(value, type_).parts:
            yield _header(part, keep)


def _header(part: Part, keep: list[Any]) -> Array:
    items = np.ascontiguousarray(part.rows)
    keep.append(items)
    size = max(1, items.itemsize * int(np.prod(items.shape[1:])))
    for counts in reversed(part.counts):
        starts = np.cumsum(counts) - counts
        items = np.stack([items.ctypes.data + starts * size, counts, counts], axis=1)
        keep.append(items)
        size = HEADER.nbytes
    header: Array = items[0]
    return header


def leaving(arrays: Sequence[Any], types: Sequence[Type], release: int) -> tuple[Any, ...]:
    """The values of results, of what a kernel gave for them."""
    given = iter(arrays)
    try:
        return tuple([_value(t, given) for t in types])
    finally:
        if release:
            _RELEASE(release)(arrays[-1].ctypes.data, None)


def _value(type_: Type, given: Iterator[Any]) -> Any:
    if isinstance(type_, ArrayType):
        return next(given)
    if isinstance(type_, TupleType):
        return tuple([_value(t, given) for t in type_.elements])
    return Tape(type_, tuple([_part(next(given), t) for t in flat_types(type_)]))


def _part(header: Array, type_: Type) -> Part:
    headers, counts = header[None], []
    while isinstance(type_, ListType):
        counts.append(headers[:, 1].copy())
        type_ = type_.element
        headers = _items(headers, HEADER if isinstance(type_, ListType) else type_)  # type: ignore[arg-type]
    return Part(headers, tuple(counts))


def _items(headers: Array, type_: ArrayType) -> Array:
    """The items of lists, one after the other."""
    items = np.empty((int(headers[:, 1].sum()), *type_.shape), type_.dtype)
    place = items.ctypes.data
    for where, count, _ in headers.tolist():
        ctypes.memmove(place, where, count * type_.nbytes)
        place += count * type_.nbytes
    return items
