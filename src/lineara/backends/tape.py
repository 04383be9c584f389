"""The tape of a loop of unknown length between two functions: the value of a list type, as machine code has it.

    list[(f64, list[f64[3]])]      two parts: of f64, with one level of lists; of f64[3], with two

Inside of the reference back end it is a Python list; either back end takes the tapes of the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lineara.backends.values import fit_array, stack, unfit, zeros
from lineara.errors import ShapeError
from lineara.ir import ArrayType, ListType, TupleType, Type, leaves

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one array is in all items of a list.

    rows      the arrays, one after the other
    counts    the lengths of the lists, level by level; the outermost is one list
    """

    rows: Array
    counts: tuple[Array, ...]

    def fits(self, type_: ArrayType, depth: int) -> bool:
        """Whether it has arrays of a type, as many as lists of that depth have."""
        totals = [1, *(int(counts.sum()) for counts in self.counts)]
        lengths = [*map(len, self.counts), len(self.rows)]
        whole = totals == lengths and not any((counts < 0).any() for counts in self.counts)
        of_type = self.rows.dtype == type_.dtype and self.rows.shape[1:] == type_.shape
        return of_type and whole and len(self.counts) == depth

    def items(self) -> list[Any]:
        """Nested lists of arrays."""
        items: list[Any] = list(map(np.asarray, self.rows))
        for counts in reversed(self.counts):
            rest = iter(items)
            items = [[next(rest) for _ in range(n)] for n in counts.tolist()]
        found: list[Any] = items[0]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """The value of a list type, to be handed from one function to another; it may be kept, copied and pickled."""

    type: ListType
    parts: tuple[Part, ...]

    @property
    def nbytes(self) -> int:
        """The bytes of all arrays."""
        return sum(part.rows.nbytes for part in self.parts)

    def items(self) -> list[Any]:
        """A Python list of values of the element type."""
        found: list[Any] = _joined(self.type, [part.items() for part in self.parts])
        return found

    @classmethod
    def of(cls, type_: ListType, items: Any) -> Tape:
        """The tape of a Python list of values of its element type.

        Raises:
            ShapeError: it is no list of such values.
        """
        split = _split(type_, items)
        return cls(type_, tuple([_part(*pair) for pair in zip(split, _levels(type_), strict=True)]))


def with_tapes(value: Any, type_: Type) -> Any:
    """A value in which Python lists are tapes."""
    if isinstance(type_, ListType):
        return tape_of(value, type_)
    if isinstance(type_, TupleType):
        return tuple(map(with_tapes, value, type_.elements))
    return value


def fit_list(value: Any, type_: ListType) -> list[Any]:
    """A value of a list type as a Python list.

    Raises:
        ShapeError: it is another type's, or no list.
    """
    if isinstance(value, Tape):
        return _fit_tape(value, type_).items()
    if not isinstance(value, list):
        raise unfit(value, type_)
    return value


def tape_of(value: Any, type_: ListType) -> Tape:
    """A value of a list type as a tape.

    Raises:
        ShapeError: it is another type's, or no list.
    """
    return _fit_tape(value, type_) if isinstance(value, Tape) else Tape.of(type_, value)


def _fit_tape(tape: Tape, type_: ListType) -> Tape:
    if tape.type is not type_:
        raise ShapeError(
            f"a tape of type {tape.type!r} stands where {type_!r} is needed",
            mend="give each function the tape of its own other half",
        )
    pairs = zip(tape.parts, _levels(type_), strict=True)
    if not all(part.fits(*kind) for part, kind in pairs):
        raise ShapeError(f"a tape of type {type_!r} has been changed")
    return tape


def _levels(type_: Type, depth: int = 0) -> Iterator[tuple[ArrayType, int]]:
    """The arrays in a type, with the number of lists around each."""
    if isinstance(type_, ArrayType):
        yield type_, depth
    elif isinstance(type_, ListType):
        yield from _levels(type_.element, depth + 1)
    else:
        for element in type_.elements:
            yield from _levels(element, depth)


def _joined(type_: Type, columns: Sequence[Any]) -> Any:
    """A value, from what each of its arrays is; where a list is empty and others are not, it is one of zeros."""
    if isinstance(type_, ArrayType):
        return columns[0]
    if isinstance(type_, ListType):
        kinds = list(_levels(type_.element))
        return [
            _joined(type_.element, [_item(c, i, *k) for c, k in zip(columns, kinds, strict=True)])
            for i in range(max(map(len, columns), default=0))
        ]
    values, start = [], 0
    for element in type_.elements:
        count = len(list(leaves(element)))
        values.append(_joined(element, columns[start : start + count]))
        start += count
    return tuple(values)


def _item(column: Any, i: int, type_: ArrayType, depth: int) -> Any:
    if column:
        return column[i]
    return [] if depth else zeros(type_)


def _split(type_: Type, value: Any) -> list[Any]:
    """What each array in a type is in a value: an array, or nested lists of arrays."""
    if isinstance(type_, ArrayType):
        return [fit_array(value, type_)]
    if isinstance(type_, ListType):
        rows = [_split(type_.element, x) for x in fit_list(value, type_)]
        return [[row[j] for row in rows] for j in range(len(list(leaves(type_.element))))]
    if not isinstance(value, tuple) or len(value) != len(type_.elements):
        raise unfit(value, type_)
    pairs = zip(type_.elements, value, strict=True)
    return [column for t, x in pairs for column in _split(t, x)]


def _part(items: Any, kind: tuple[ArrayType, int]) -> Part:
    type_, depth = kind
    counts, level = [], [items]
    for _ in range(depth):
        counts.append(np.array(list(map(len, level)), np.int64))
        level = [x for inner in level for x in inner]
    return Part(stack(level, type_, len(level)), tuple(counts))
