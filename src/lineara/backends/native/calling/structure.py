"""Structures of arguments and results: containers in which `ARRAY` stands where an array does.

(ARRAY, {"weights": ARRAY, "bias": ARRAY}, Static("relu"))
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from lineara.backends.native.calling.layout import Leaf, Node

DEEPEST = 100
"""How deep structures may be nested."""


class Place(Enum):
    """The place of an array."""

    ARRAY = "array"


ARRAY = Place.ARRAY


@dataclass(frozen=True, slots=True)
class Static:
    """A value that is no array: an argument that is equal to it, or a part of a result as it is."""

    value: Any


@dataclass(frozen=True, slots=True)
class Made:
    """A part of a result that a function makes of a tuple of so many arrays."""

    function: Callable[[tuple[Any, ...]], Any]
    count: int


Structure = Any
"""`ARRAY`, a `Static`, a `Made`, or a tuple, list or dictionary (no class derived from these) of structures."""


def nodes(
    structures: Sequence[Structure], types: ctypes.Array[Leaf] | None
) -> tuple[ctypes.Array[Node], list[object]]:
    """Structures as the native code reads them, and what must live as long; places of arrays take the types in order.

    Raises:
        ValueError: a class of containers that native code does not know, or nesting beyond `DEEPEST`.
    """
    keep: list[object] = []
    addresses = iter([ctypes.addressof(leaf) for leaf in types or ()])
    found = [n for s in structures for n in _nodes(s, addresses, keep, 0)]
    return (Node * len(found))(*found), keep


def count(structure: Structure) -> int:
    """How many arrays a structure has."""
    match structure:
        case Place():
            return 1
        case Made():
            return structure.count
        case dict():
            return sum(map(count, structure.values()))
        case tuple() | list():
            return sum(map(count, structure))
        case _:
            return 0


def _nodes(
    structure: Structure, types: Iterator[int], keep: list[object], depth: int
) -> Iterator[Node]:
    if depth > DEEPEST:
        raise ValueError(f"a structure nested deeper than {DEEPEST}")
    inside: Sequence[Structure] = ()
    if structure is ARRAY:
        yield Node(0, 0, next(types, None))
    elif type(structure) is tuple or type(structure) is list:
        yield Node(1 if isinstance(structure, tuple) else 2, len(structure), None)
        inside = structure
    elif type(structure) is dict:
        keys = (ctypes.c_size_t * len(structure))(*map(id, structure))
        keep += [keys, *structure]
        yield Node(3, len(structure), ctypes.addressof(keys))
        inside = list(structure.values())
    elif isinstance(structure, Static):
        keep.append(structure.value)
        yield Node(4, 0, id(structure.value))
    elif isinstance(structure, Made):
        keep.append(structure.function)
        yield Node(5, structure.count, id(structure.function))
        inside = [ARRAY] * structure.count
    else:
        raise ValueError(f"no place for a {type(structure).__name__} in a structure")
    for s in inside:
        yield from _nodes(s, types, keep, depth + 1)
