"""Parts of arrays at static positions: `start`, `stop` and a positive `step` for each axis.

In nonlinear code a part is read by `slice`, as often as one likes. In linear code reading must not use the array up, or
pay for all of it, so `read_slice` gives it back beside the part (`; x, part`). Its transpose adds a part into an array:

    read_slice        (x ; )   ↦  x, x[p]                  costs the part
    accumulate_slice  (x, y)   ↦  x with y added to x[p]   costs the part

Writing has a pair of the same kind:

    write_slice       (x, y)   ↦  x with y in place of x[p]
    take_slice        (x ; )   ↦  x with 0 in place of x[p], x[p]

An array that is accumulated into or written to is one that nothing else reads: the cost is that of doing it in place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lineara.errors import DtypeError, ShapeError
from lineara.ir import ArrayType, Example, Primitive
from lineara.ir.primitive import Attributes
from lineara.primitives import nests
from lineara.primitives.forms import (
    ANY,
    INEXACT,
    NUMBER,
    check_kind,
    differentiable,
    multilinear,
    with_attributes,
)

Ints = tuple[int, ...]
FIRST, BOTH = (frozenset((0,)),), (frozenset((0, 1)),)
"""Linear in the array; linear in the array and the part together."""


all_examples = with_attributes(
    lambda size, start, stop, step: {
        "start": (0, *start),
        "stop": (size, *stop),
        "step": (1, *step),
    }
)


def _part(start: Ints, stop: Ints, step: Ints) -> tuple[slice, ...]:
    return tuple(map(slice, start, stop, step))


def _part_type(
    name: str, kinds: str, x: ArrayType, start: Ints, stop: Ints, step: Ints
) -> ArrayType:
    """The type of x[start:stop:step]."""
    check_kind(name, kinds, x)
    rank = len(x.shape)
    fits = len(start) == len(stop) == len(step) == rank and all(
        0 <= a <= b <= n and s > 0 for a, b, s, n in zip(start, stop, step, x.shape, strict=True)
    )
    if not fits:
        raise ShapeError(
            f"`{name}` of {x!r}: no part start={start}, stop={stop}, step={step}",
            mend="for each axis give 0 <= start <= stop <= size and a positive step",
        )
    dims = (len(range(a, b, s)) for a, b, s in zip(start, stop, step, strict=True))
    return ArrayType(x.dtype, tuple(dims))


def check_part(name: str, part: ArrayType, y: ArrayType) -> None:
    """Refuse a value that does not fit the part that it goes to."""
    if y is part:
        return
    raise (DtypeError if y.shape == part.shape else ShapeError)(
        f"`{name}` has a part of type {part!r}, but the value for it is {y!r}",
        mend=f"give a value of type {part!r}",
    )


def work_of_part(
    operands: tuple[ArrayType, ...], results: tuple[ArrayType, ...], attributes: Attributes
) -> int:
    """The elements of the part: the last result when one is given, else the second operand."""
    return results[-1].size if len(results) > 1 else operands[1].size


def _slice(x: Any, *, start: Ints, stop: Ints, step: Ints) -> Any:
    return x[_part(start, stop, step)]


def _accumulate(x: Any, y: Any, *, start: Ints, stop: Ints, step: Ints) -> Any:
    changed = x.copy()
    changed[_part(start, stop, step)] += y
    return changed


def _write(x: Any, y: Any, *, start: Ints, stop: Ints, step: Ints) -> Any:
    changed = x.copy()
    changed[_part(start, stop, step)] = y
    return changed


def _take(x: Any, *, start: Ints, stop: Ints, step: Ints) -> tuple[Any, Any]:
    rest = x.copy()
    rest[_part(start, stop, step)] = 0
    return rest, np.array(x[_part(start, stop, step)], order="C")


def _infer_two(name: str, kinds: str) -> Any:
    """The rule of what gives the array and the part."""

    def infer(x: ArrayType, *, start: Ints, stop: Ints, step: Ints) -> tuple[ArrayType, ...]:
        return (x, _part_type(name, kinds, x, start, stop, step))

    return infer


def _infer_one(name: str, kinds: str) -> Any:
    """The rule of what takes the array and the part."""

    def infer(
        x: ArrayType, y: ArrayType, *, start: Ints, stop: Ints, step: Ints
    ) -> tuple[ArrayType, ...]:
        check_part(name, _part_type(name, kinds, x, start, stop, step), y)
        return (x,)

    return infer


def _place(start: Ints, stop: Ints, step: Ints) -> tuple[tuple[str, Ints], ...]:
    return (("start", start), ("step", step), ("stop", stop))


_PARTS = (
    (ArrayType("f64", (4, 3)), (2, 3), _place((1, 0), (4, 3), (2, 1))),
    (ArrayType("c64", (5,)), (2,), _place((0,), (4,), (3,))),
    (ArrayType("f32", (2, 0)), (0, 0), _place((1, 0), (1, 0), (1, 2))),
    (ArrayType("f64"), (), _place((), (), ())),
    (ArrayType("c128", (1, 3)), (1, 1), _place((0, 2), (1, 3), (1, 1))),
)
_READS = tuple(Example((x,), place) for x, _, place in _PARTS)
_WRITES = tuple(Example((x, ArrayType(x.dtype, shape)), place) for x, shape, place in _PARTS)

slice_: Primitive = differentiable(
    "slice",
    "x[start:stop:step], axis by axis",
    _slice,
    lambda x, *, start, stop, step: (_part_type("slice", ANY, x, start, stop, step),),
    lambda operands, results, tangents, place: [read_slice.results(tangents[0], **place)[1]],
    batch=all_examples,
    family="indexing",
    examples=(
        *_READS,
        Example((ArrayType("i64", (4,)),), _place((1,), (3,), (1,))),
        Example((ArrayType("bool", (3,)),), _place((0,), (3,), (2,))),
    ),
    work=lambda operands, results, attributes: results[0].size,
    linear_in=FIRST,
    linear_form=lambda operands, **place: read_slice.results(operands[0], **place)[1],
    nest=nests.part,
)

read_slice: Primitive = multilinear(
    "read_slice",
    "x, x[start:stop:step]: a part, and the array given back",
    lambda x, **place: (x, np.array(_slice(x, **place), order="C")),
    _infer_two("read_slice", INEXACT),
    lambda operands, cotangents, **place: [accumulate_slice(*cotangents, **place)],
    linear_in=FIRST,
    batch=all_examples,
    family="indexing",
    examples=_READS,
    work=work_of_part,
    borrows=True,
    erased=lambda operands, **place: [operands[0], slice_(operands[0], **place)],
    nest=nests.with_itself(nests.part),
)

accumulate_slice: Primitive = multilinear(
    "accumulate_slice",
    "x with y added to x[start:stop:step]",
    _accumulate,
    _infer_one("accumulate_slice", NUMBER),
    lambda operands, cotangents, **place: read_slice.results(cotangents[0], **place),
    linear_in=BOTH,
    batch=all_examples,
    family="indexing",
    examples=_WRITES,
    work=work_of_part,
    nest=nests.changed_part(nests.added, value=True),
)

write_slice: Primitive = multilinear(
    "write_slice",
    "x with y in place of x[start:stop:step]",
    _write,
    _infer_one("write_slice", ANY),
    lambda operands, cotangents, **place: take_slice.results(cotangents[0], **place),
    linear_in=BOTH,
    batch=all_examples,
    family="indexing",
    examples=(
        *_WRITES,
        Example((ArrayType("i64", (4,)), ArrayType("i64", (2,))), _place((1,), (3,), (1,))),
    ),
    work=work_of_part,
    nest=nests.changed_part(nests.written, value=True),
)

take_slice: Primitive = multilinear(
    "take_slice",
    "x with 0 in place of x[start:stop:step], and that part",
    _take,
    _infer_two("take_slice", ANY),
    lambda operands, cotangents, **place: [write_slice(*cotangents, **place)],
    linear_in=FIRST,
    batch=all_examples,
    family="indexing",
    examples=_READS,
    work=work_of_part,
    nest=nests.changed_part(nests.cleared, value=False),
)
