"""Parts of arrays at computed positions: one integer array of indices for each of the axes `axes`.

The index arrays have one shape, which comes first in the part; the axes that are not indexed follow, in order. So
`x[i, :, j]` is `gather[axes=(0, 2)](x, i, j)`. An index is at least 0 and less than the size of its axis.

The records are those of static parts (`lineara.primitives.slicing`), with the indices as last operands:

    gather         x, i…     ↦  x[i]
    read_at        x, i…     ↦  x, x[i]                   transpose: accumulate_at
    accumulate_at  x, y, i…  ↦  x with y added at i       transpose: read_at; indices that repeat add up
    write_at       x, y, i…  ↦  x with y at i             transpose: take_at; of indices that repeat the last counts
    take_at        x, i…     ↦  x with 0 at i, x[i]       transpose: write_at
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np

from lineara.errors import IndexingError, Origin, ShapeError
from lineara.ir import ArrayType, Attributes, Example, Primitive
from lineara.primitives import nests
from lineara.primitives.forms import ANY, INEXACT, NUMBER, check_kind, differentiable, multilinear
from lineara.primitives.shape import broadcast, iota
from lineara.primitives.slicing import BOTH, FIRST, Ints, check_part, work_of_part


def _part_type(
    name: str, kinds: str, x: ArrayType, indices: tuple[ArrayType, ...], axes: Ints
) -> ArrayType:
    """The type of x at the indices."""
    check_kind(name, kinds, x)
    for i in indices:
        check_kind(name, "iu", i)
    if len(axes) != len(indices) or not indices or len({i.shape for i in indices}) > 1:
        raise ShapeError(
            f"`{name}` of {x!r} along axes {axes} by {', '.join(map(repr, indices)) or 'nothing'}",
            mend="give one integer array for each axis, all of one shape",
        )
    if len(set(axes)) != len(axes) or not all(0 <= a < len(x.shape) for a in axes):
        raise ShapeError(
            f"`{name}` of {x!r} has no axes {axes}", mend="give distinct axes of the operand"
        )
    rest = tuple(n for a, n in enumerate(x.shape) if a not in axes)
    return ArrayType(x.dtype, indices[0].shape + rest)


def out_of_bounds(index: int, axis: int, size: int, origin: Origin | None = None) -> IndexingError:
    """The error of an index that an axis does not have, in NumPy's words."""
    return IndexingError(
        f"index {index} is out of bounds for axis {axis} with size {size}",
        origin=origin,
        mend=f"indices of this axis go from {-size} to {size - 1}"
        if size
        else "the axis has no elements",
    )


def _out_of_bounds(axis: int, size: int, details: tuple[int, ...]) -> Exception:
    return out_of_bounds(details[0], axis, size)


def _indexed(x: Any, indices: tuple[Any, ...], axes: Ints) -> Any:
    """A view of x whose first axes are the indexed ones, once the indices are in range."""
    for i, axis in zip(indices, axes, strict=True):
        size = x.shape[axis]
        if i.size and (i.min() < 0 or i.max() >= size):
            raise out_of_bounds(i[(i < 0) | (i >= size)].flat[0], axis, size)
    return np.moveaxis(x, axes, range(len(axes)))


def each_example(
    record: Primitive, operands: Sequence[Any], attributes: Attributes
) -> tuple[Any, ...]:
    """Index the examples too, each by its own number."""
    axes: Ints = attributes["axes"]
    first = operands[-len(axes)]
    (numbers,) = first.bind(iota, (), {"dtype": "i64", "size": first.type.shape[0]})
    numbers = broadcast(numbers, shape=first.type.shape, axes=(0,))
    before, indices = operands[: -len(axes)], operands[-len(axes) :]
    return record.results(*before, numbers, *indices, axes=(0, *(a + 1 for a in axes)))


def _gather(x: Any, *indices: Any, axes: Ints) -> Any:
    return np.array(_indexed(x, indices, axes)[indices], order="C")


def _accumulate(x: Any, y: Any, *indices: Any, axes: Ints) -> Any:
    changed = x.copy()
    np.add.at(_indexed(changed, indices, axes), indices, y)
    return changed


def _last(x: Any, indices: tuple[Any, ...], axes: Ints) -> Any:
    """Where an index is the last of those that are equal to it."""
    number = np.arange(indices[0].size).reshape(indices[0].shape)
    owner = np.zeros([x.shape[a] for a in axes], number.dtype)
    np.maximum.at(owner, indices, number)
    return owner[indices] == number


def _spread(chosen: Any, part: Any) -> Any:
    return chosen.reshape(chosen.shape + (1,) * (part.ndim - chosen.ndim))


def _write(x: Any, y: Any, *indices: Any, axes: Ints) -> Any:
    changed = x.copy()
    view = _indexed(changed, indices, axes)
    chosen = _last(x, indices, axes)
    view[tuple(i[chosen] for i in indices)] = y[chosen]
    return changed


def _take(x: Any, *indices: Any, axes: Ints) -> tuple[Any, Any]:
    part = _gather(x, *indices, axes=axes)
    rest = x.copy()
    _indexed(rest, indices, axes)[indices] = 0
    chosen = _spread(_last(x, indices, axes), part)
    return rest, np.where(chosen, part, np.zeros((), x.dtype))


def _routine_take(m: Any, operands: Any, results: Any, *, axes: Ints) -> None:
    """Backwards, so that of indices that repeat the last finds the element, and the others 0."""
    x, *indices = map(m.view, operands)
    rest, part = map(m.view, results)
    for i, axis in zip(indices, axes, strict=True):
        wrong, found = m.outside(i, x.shape[axis])
        m.fail_if(found.value, partial(_out_of_bounds, axis, x.shape[axis]), wrong.value)
    m.copy(x, rest)
    kept = rest.permuted((*axes, *(a for a in range(x.rank) if a not in axes)))
    rank = x.rank - len(axes)
    row = part.dtype.itemsize * prod(part.shape[part.rank - rank :])
    count = indices[0].size
    with m.loop(count) as back:
        k = (count - 1) - back
        place = kept.pointer
        for i, stride in zip(indices, kept.strides, strict=False):
            place = m.further(place, m.element(i, k), stride)
        source, target = kept.last(rank, place), part.last(rank, m.further(part.pointer, k, row))
        m.copy(source, target)
        m.map(lambda v: m.full_like(v, 0), [source], source)


def _may_repeat(
    operands: Sequence[ArrayType], results: Sequence[ArrayType], attributes: dict[str, Any]
) -> bool:
    """Whether there is more than one place, so that one may be named twice."""
    return operands[1].size != 1


def _infer_two(name: str, kinds: str) -> Any:
    """The rule of what gives the array and the part."""

    def infer(x: ArrayType, *indices: ArrayType, axes: Ints) -> tuple[ArrayType, ...]:
        return (x, _part_type(name, kinds, x, indices, axes))

    return infer


def _infer_one(name: str, kinds: str) -> Any:
    """The rule of what takes the array and the part."""

    def infer(x: ArrayType, y: ArrayType, *indices: ArrayType, axes: Ints) -> tuple[ArrayType, ...]:
        check_part(name, _part_type(name, kinds, x, indices, axes), y)
        return (x,)

    return infer


def _part_of(x: Any, indices: Any, axes: Ints) -> Any:
    return read_at.results(x, *indices, axes=axes)[1]


_PARTS = tuple(
    (ArrayType(dtype, shape), tuple(ArrayType(k, of) for k in kinds), (("axes", axes),), part)
    for dtype, shape, kinds, of, axes, part in (
        ("f64", (3,), ("i64",), (4,), (0,), (4,)),
        ("f64", (3, 2, 4), ("i64", "u8"), (2,), (2, 0), (2, 2)),
        ("c128", (2, 3), ("i32",), (), (1,), (2,)),
        ("f32", (3, 3), ("i64", "i64"), (2, 1), (0, 1), (2, 1)),
        ("c64", (3, 0), ("i8",), (2,), (0,), (2, 0)),
        ("f64", (3, 1), ("i64",), (0, 2), (0,), (0, 2, 1)),
    )
)
_RANGE: dict[str, Any] = {"low": 0.0, "high": 3.0}
_READS = tuple(Example((x, *indices), axes, **_RANGE) for x, indices, axes, _ in _PARTS)
_WRITES = tuple(
    Example((x, ArrayType(x.dtype, part), *indices), axes, **_RANGE)
    for x, indices, axes, part in _PARTS
)

gather: Primitive = differentiable(
    "gather",
    "x[i…]: elements at integer indices along the axes",
    _gather,
    lambda x, *indices, axes: (_part_type("gather", ANY, x, indices, axes),),
    lambda operands, results, tangents, attributes: [
        _part_of(tangents[0], operands[1:], **attributes)
    ],
    batch=each_example,
    family="indexing",
    examples=(
        *_READS,
        Example((ArrayType("bool", (3,)), ArrayType("i64", (2,))), (("axes", (0,)),), **_RANGE),
    ),
    work=lambda operands, results, attributes: results[0].size,
    linear_in=FIRST,
    linear_form=lambda operands, *, axes: _part_of(operands[0], operands[1:], axes),
    nest=nests.gather,
)

read_at: Primitive = multilinear(
    "read_at",
    "x, x[i…]: elements at indices, and the array given back",
    lambda x, *indices, axes: (x, _gather(x, *indices, axes=axes)),
    _infer_two("read_at", INEXACT),
    lambda operands, cotangents, *, axes: [accumulate_at(*cotangents, *operands[1:], axes=axes)],
    linear_in=FIRST,
    batch=each_example,
    family="indexing",
    examples=_READS,
    work=work_of_part,
    borrows=True,
    erased=lambda operands, *, axes: [operands[0], gather(*operands, axes=axes)],
    nest=nests.with_itself(nests.gather),
)

accumulate_at: Primitive = multilinear(
    "accumulate_at",
    "x with y added at the indices; indices that repeat add up",
    _accumulate,
    _infer_one("accumulate_at", NUMBER),
    lambda operands, cotangents, *, axes: read_at.results(cotangents[0], *operands[2:], axes=axes),
    linear_in=BOTH,
    batch=each_example,
    family="indexing",
    examples=_WRITES,
    work=work_of_part,
    nest=nests.changed_at(nests.added),
)

write_at: Primitive = multilinear(
    "write_at",
    "x with y at the indices; of indices that repeat the last counts",
    _write,
    _infer_one("write_at", ANY),
    lambda operands, cotangents, *, axes: take_at.results(cotangents[0], *operands[2:], axes=axes),
    linear_in=BOTH,
    batch=each_example,
    family="indexing",
    examples=_WRITES,
    work=work_of_part,
    nest=nests.changed_at(nests.written),
)

take_at: Primitive = multilinear(
    "take_at",
    "x with 0 at the indices, and what stood there, once where indices repeat",
    _take,
    _infer_two("take_at", ANY),
    lambda operands, cotangents, *, axes: [write_at(*cotangents, *operands[1:], axes=axes)],
    linear_in=FIRST,
    batch=each_example,
    family="indexing",
    examples=_READS,
    work=work_of_part,
    nest=nests.taken_at,
    routine=_routine_take,
    prefers_routine=_may_repeat,
)
