"""Scalars of a type, from Python numbers and to text; and the values that a command line names."""

from __future__ import annotations

import cmath
from typing import Any

import numpy as np

from lineara.errors import DtypeError, ParseError
from lineara.ir import ArrayType, ListType, Type
from lineara.syntax.parser import read
from lineara.syntax.tree import Number, Scalar, Source, scalar_type


def scalar_of(value: Scalar, type_: ArrayType) -> Scalar:
    """The scalar of an array type that a number written in a program stands for.

    Raises:
        DtypeError: if the type has no such scalar: `2.5` is no integer, `300` is no u8.
    """
    kind, dtype = type_.dtype.kind, type_.dtype
    fits = {bool: "b", int: "iufc", float: "fc", complex: "c"}[type(value)]
    if kind not in fits:
        raise _unfit(value, type_)
    if isinstance(value, int) and kind in "iu":
        bounds = np.iinfo(dtype)
        if not bounds.min <= value <= bounds.max:
            raise _unfit(value, type_)
        return value
    try:
        with np.errstate(over="ignore"):
            found: Scalar = dtype.type(value).item()
        if cmath.isfinite(value) and not cmath.isfinite(found):
            raise _unfit(value, type_)
    except OverflowError:
        raise _unfit(value, type_) from None
    return found


def _unfit(value: Scalar, type_: ArrayType) -> DtypeError:
    shown = str(value) if isinstance(value, bool | complex) else f"{float_or_large(value)}"
    return DtypeError(
        f"{shown} is no value of type {type_!r}", mend="write another value, or another type"
    )


def float_or_large(value: float) -> str:
    """A number, in few characters however many digits it has."""
    if isinstance(value, int) and value.bit_length() > 128:
        return f"an integer of {value.bit_length()} bits"
    return str(value)


def literal_text(value: Scalar, type_: ArrayType) -> str:
    """A literal as it is printed: with its type, unless it has the type that it looks like."""
    text = _scalar_text(value, type_)
    return text if scalar_type(value) is type_ else f"{text}: {type_!r}"


def _scalar_text(value: Scalar, type_: ArrayType) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float_text(value, short=type_.dtype == np.float32)
    short = type_.dtype == np.complex64
    real, imaginary = _float_text(value.real, short), _float_text(value.imag, short)
    sign = "" if imaginary.startswith("-") else "+"
    return f"({real}{sign}{imaginary}j)"


def _float_text(value: float, short: bool) -> str:
    """The fewest digits that are read as this float: as this single, if it is to be short."""
    if short:
        with np.errstate(over="ignore"):
            text = str(np.float32(value))
            if np.float32(float(text)).item() == value:
                return text
    return repr(value)


def parse_value(text: str, type_: Type | None = None) -> Any:
    """The value that a text names: numbers, tuples `(a, b)` and arrays `[a, b]`.

    With a type, the value is made of tuples, lists and NumPy arrays, and has this type.

    >>> parse_value("((2.0, 7.0), [1, 2])")
    ((2.0, 7.0), array([1, 2]))

    Raises:
        ParseError: if the text names no value, or none of the type.
    """
    source = Source(text, "<value>")
    datum = read(source, text, "one_datum")
    value = datum.value if isinstance(datum, Number) else datum
    try:
        return _untyped(value) if type_ is None else _typed(value, type_)
    except (DtypeError, ValueError) as error:
        problem = error.problem if isinstance(error, DtypeError) else str(error)
        raise ParseError(
            problem,
            origin=source.at(1, 1),
            mend=f"give a value of type {type_!r}"
            if type_
            else "write numbers, (tuples) and [arrays]",
        ) from None


def _untyped(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_untyped, value))
    if isinstance(value, list):
        return _array(value, None)
    if not isinstance(value, bool | int | float | complex):
        raise ValueError(f"{value!r} is no number")
    return value


def _typed(value: Any, type_: Type) -> Any:
    if isinstance(type_, ArrayType):
        return _array(value, type_)
    if isinstance(type_, ListType):
        if not isinstance(value, list):
            raise ValueError(f"expected {type_!r}, and found no list")
        return [_typed(v, type_.element) for v in value]
    if not isinstance(value, tuple) or len(value) != len(type_.elements):
        count = f"a tuple of {len(value)}" if isinstance(value, tuple) else "no tuple"
        raise ValueError(f"expected {type_!r}, and found {count}")
    return tuple([_typed(v, t) for v, t in zip(value, type_.elements, strict=True)])


def _array(value: Any, type_: ArrayType | None) -> np.ndarray[Any, Any]:
    """An array of nested lists of numbers."""
    shape, level = [], [value]
    while level and any(isinstance(v, list) for v in level):
        lengths = {len(v) if isinstance(v, list) else -1 for v in level}
        if len(lengths) > 1:
            raise ValueError("the rows of an array have one length")
        shape.append(lengths.pop())
        level = [x for row in level for x in row]
    for v in level:
        if not isinstance(v, bool | int | float | complex):
            what = "a tuple" if isinstance(v, tuple) else repr(v)
            raise ValueError(f"{what} is no number")
    if type_ is None:
        widest = max((scalar_type(v) for v in level), key=_width, default=ArrayType("f64"))
        type_ = ArrayType(widest.dtype, tuple(shape))
    if tuple(shape) != type_.shape:
        raise ValueError(f"expected {type_!r}, and found a value of shape {tuple(shape)}")
    return np.array([scalar_of(v, type_) for v in level], type_.dtype).reshape(shape)


def _width(type_: Type) -> int:
    assert isinstance(type_, ArrayType)
    return "bifc".index(type_.dtype.kind)
