"""Types of Linear A: arrays `dtype[shape]` and tuples. A scalar is an array of shape `()`.

    f64   f32[3,4]   bool[2]   (f64, (i64, f32[3]))

Types are interned: two equal types are one object, so that comparing them is comparing identities.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from math import prod
from operator import index
from typing import Any, ClassVar

import numpy as np

from lineara.errors import DtypeError, ShapeError

DEEPEST = 200
"""How many brackets may be open at once in a text."""

DTYPE_NAMES: dict[str, np.dtype[Any]] = {
    "bool": np.dtype(np.bool_),
    **{f"i{8 * n}": np.dtype(f"i{n}") for n in (1, 2, 4, 8)},
    **{f"u{8 * n}": np.dtype(f"u{n}") for n in (1, 2, 4, 8)},
    **{f"f{8 * n}": np.dtype(f"f{n}") for n in (4, 8)},
    **{f"c{8 * n}": np.dtype(f"c{n}") for n in (8, 16)},
}
_NAME_OF: dict[np.dtype[Any], str] = {dtype: name for name, dtype in DTYPE_NAMES.items()}


def dtype_name(dtype: np.dtype[Any]) -> str:
    """The short name of a dtype of the language: `f64` for float64."""
    return _NAME_OF[dtype]


def is_supported(dtype: np.dtype[Any]) -> bool:
    """Whether the language has this dtype (in native byte order)."""
    return dtype in _NAME_OF


def _dtype(name: str) -> np.dtype[Any]:
    """The dtype of a short name."""
    if name not in DTYPE_NAMES:
        raise DtypeError(f"no dtype {name!r}", mend=f"the dtypes are {', '.join(DTYPE_NAMES)}")
    return DTYPE_NAMES[name]


class ArrayType:
    """An array of one dtype and a static shape."""

    __slots__ = ("depth", "dtype", "is_inexact", "nbytes", "shape", "size")
    _interned: ClassVar[dict[tuple[np.dtype[Any], tuple[int, ...]], ArrayType]] = {}

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    size: int
    nbytes: int
    is_inexact: bool
    depth: int

    def __new__(cls, dtype: np.dtype[Any] | str | type, shape: tuple[int, ...] = ()) -> ArrayType:
        """The one object for this dtype (a NumPy dtype or a short name) and shape."""
        if isinstance(dtype, str):
            dtype = _dtype(dtype)
        try:
            key = (np.dtype(dtype), tuple(map(index, shape)))
        except TypeError:
            raise DtypeError(
                f"ArrayType({dtype!r}, {shape!r}): a shape is a tuple of integers, and a dtype one of NumPy's",
                mend='write ArrayType("f64", (3, 4)); a vector has the shape (3,), a scalar ()',
            ) from None
        found = cls._interned.get(key)
        if found is not None:
            return found
        if not is_supported(key[0]):
            raise TypeError(f"no dtype {key[0]} in the language; it has {', '.join(DTYPE_NAMES)}")
        if any(n < 0 for n in key[1]):
            raise ShapeError(
                f"an array has no negative size, as in {key[1]}", mend="write 0 or more"
            )
        made = super().__new__(cls)
        made.dtype, made.shape = key
        made.depth = int(key[1] != ())
        made.size = prod(made.shape)
        made.nbytes = made.size * made.dtype.itemsize
        made.is_inexact = made.dtype.kind in "fc"
        return cls._interned.setdefault(key, made)

    def __reduce__(self) -> tuple[type[ArrayType], tuple[np.dtype[Any], tuple[int, ...]]]:
        return (ArrayType, (self.dtype, self.shape))

    def __repr__(self) -> str:
        dims = f"[{','.join(map(str, self.shape))}]" if self.shape else ""
        return _NAME_OF[self.dtype] + dims


class TupleType:
    """A tuple of types; the empty one, `()`, is the tangent type of what has no tangent."""

    __slots__ = ("depth", "elements", "is_inexact", "nbytes", "size")
    _interned: ClassVar[dict[tuple[Type, ...], TupleType]] = {}

    elements: tuple[Type, ...]
    size: int
    nbytes: int
    is_inexact: bool
    depth: int

    def __new__(cls, elements: tuple[Type, ...] = ()) -> TupleType:
        """The one object for these element types."""
        key = tuple(elements)
        found = cls._interned.get(key)
        if found is not None:
            return found
        made = super().__new__(cls)
        made.elements = key
        made.size = sum(e.size for e in key)
        made.nbytes = sum(e.nbytes for e in key)
        made.is_inexact = all(e.is_inexact for e in key)
        made.depth = 1 + max([e.depth for e in key], default=0)
        return cls._interned.setdefault(key, made)

    def __reduce__(self) -> tuple[type[TupleType], tuple[tuple[Type, ...]]]:
        return (TupleType, (self.elements,))

    def __repr__(self) -> str:
        if self.depth > DEEPEST:
            return f"(… {self.depth} levels …)"
        inside = ", ".join(map(repr, self.elements))
        return f"({inside},)" if len(self.elements) == 1 else f"({inside})"


class ListType:
    """A list of values of one type whose length is known when it is made: the tape of a loop of unknown length.

    Its `size` and `nbytes` are those of one element, as the costs of the loop are those of one trip.
    """

    __slots__ = ("depth", "element", "is_inexact", "nbytes", "size")
    _interned: ClassVar[dict[Type, ListType]] = {}

    element: Type
    size: int
    nbytes: int
    is_inexact: bool
    depth: int

    def __new__(cls, element: Type) -> ListType:
        """The one object for this element type."""
        found = cls._interned.get(element)
        if found is not None:
            return found
        made = super().__new__(cls)
        made.element, made.depth = element, 1 + element.depth
        made.size, made.nbytes, made.is_inexact = element.size, element.nbytes, element.is_inexact
        return cls._interned.setdefault(element, made)

    def __reduce__(self) -> tuple[type[ListType], tuple[Type]]:
        return (ListType, (self.element,))

    def __repr__(self) -> str:
        return (
            f"list[{self.element!r}]" if self.depth <= DEEPEST else f"list[… {self.depth} levels …]"
        )


Type = ArrayType | TupleType | ListType
"""`size` is the number of scalars, `nbytes` their bytes, `is_inexact` whether it may be linear, `depth` how deep its brackets
are nested."""

UNIT = TupleType(())


def leaves(type_: Type) -> Iterator[ArrayType]:
    """The array types in a type, left to right."""
    if isinstance(type_, ArrayType):
        yield type_
    elif isinstance(type_, ListType):
        yield from leaves(type_.element)
    else:
        for element in type_.elements:
            yield from leaves(element)


@cache
def type_key(type_: Type) -> str:
    """A text that tells types apart: a deep tuple, whose text can be long beyond measure, is a digest of its elements."""
    if isinstance(type_, ArrayType):
        return repr(type_)
    if isinstance(type_, ListType):
        return f"list[{type_key(type_.element)}]"
    text = f"({','.join(map(type_key, type_.elements))})"
    return text if len(text) < 200 else blake2b(text.encode(), digest_size=16).hexdigest()


@cache
def tangent_type(type_: Type) -> Type:
    """The type of tangents at values of a type: `()` stands where there is none.

    >>> tangent_type(TupleType((ArrayType("f64"), ArrayType("i64"))))
    (f64, ())
    """
    if isinstance(type_, ArrayType):
        return type_ if type_.is_inexact else UNIT
    if isinstance(type_, ListType):
        return ListType(tangent_type(type_.element)) if has_tangent(type_) else UNIT
    return TupleType(tuple(map(tangent_type, type_.elements)))


@cache
def has_tangent(type_: Type) -> bool:
    """Whether some leaf of the type is inexact, so that a tangent can be other than nothing."""
    if isinstance(type_, ArrayType):
        return type_.is_inexact
    if isinstance(type_, ListType):
        return has_tangent(type_.element)
    return any(map(has_tangent, type_.elements))


@cache
def stacked(type_: Type, length: int | None) -> Type:
    """The type of a stack of values along a new first axis; of unknown length, or of lists, a list.

    >>> stacked(ArrayType("f64", (3,)), 10), stacked(ArrayType("f64", (3,)), None)
    (f64[10,3], list[f64[3]])
    """
    if length is None or isinstance(type_, ListType):
        return ListType(type_)
    if isinstance(type_, ArrayType):
        return ArrayType(type_.dtype, (length, *type_.shape))
    return TupleType(tuple(stacked(t, length) for t in type_.elements))
