"""What each element of a linear value depends on, from the records' loops.

    x = eye(3)        pattern of x          1 0 0   of concatenate(x[1:], x[:1])   0 1 0   of their sum   1 1 0
    (a basis vector                         0 1 0                                  0 0 1                  0 1 1
    per row)                                0 0 1                                  1 0 0                  1 0 1

A pattern is a boolean array with a row for each basis vector: row j says which elements may be other than zero when the
program runs on basis vector j. It never says less than what is so; it says more where positions are computed, and in records
that have no loops.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lineara.ir import Apply, ArrayType
from lineara.ir.nest import Access, Along, Computed, Join, Linear, Nest, Update

Pattern = np.ndarray[Any, Any]
Known = np.ndarray[Any, Any]


def patterns_of(
    op: Apply,
    types: Sequence[ArrayType],
    operands: Sequence[Pattern | None],
    known: Sequence[Known | None],
    results: Sequence[ArrayType],
) -> list[Pattern]:
    """The patterns of the results of a record; an operand without a pattern depends on nothing, and may be known."""
    given = [p for p in operands if p is not None]
    record = op.primitive
    if record.elementwise:
        return [np.logical_or.reduce(given)] * len(results)
    if record.nest is None:
        return [everything(given, t) for t in results]
    attributes = dict(op.attributes)
    loops = record.nest(tuple(types), tuple(results), **attributes)
    if any(p is None and k is not None for p, k in zip(operands, known, strict=True)):
        exact = _evaluated(op, types, operands, known, results)
        if exact is not None:
            return exact
    patterns = {i: p for i, p in enumerate(operands) if p is not None}
    return [_of_loops(x, patterns, t) for x, t in zip(loops, results, strict=True)]


def everything(given: Sequence[Pattern], result: ArrayType) -> Pattern:
    """Every element depends on whatever anything depends on."""
    rows = np.logical_or.reduce([p.reshape(len(p), -1).any(1) for p in given])
    shape = (len(rows), *result.shape)
    return np.broadcast_to(rows.reshape(-1, *[1] * len(result.shape)), shape)


def _evaluated(
    op: Apply,
    types: Sequence[ArrayType],
    operands: Sequence[Pattern | None],
    known: Sequence[Known | None],
    results: Sequence[ArrayType],
) -> list[Pattern] | None:
    """The record itself on each row, of ones and zeros, if all its other operands are known indices."""
    if any(p is None and k is None for p, k in zip(operands, known, strict=True)):
        return None
    if not all(p is not None or k.dtype.kind in "iu" for p, k in zip(operands, known, strict=True)):  # type: ignore[union-attr]
        return None
    count = next(len(p) for p in operands if p is not None)
    made = [np.empty((count, *t.shape), bool) for t in results]
    for j in range(count):
        row = [
            k if p is None else p[j].astype(t.dtype)
            for p, k, t in zip(operands, known, types, strict=True)
        ]
        try:
            found = op.primitive.evaluate(*row, **dict(op.attributes))
        except IndexError:  # it is raised when the program runs
            return None
        for pattern, x in zip(made, found, strict=True):
            pattern[j] = x != 0
    return made


def _of_loops(
    loops: Nest | Update | Join, operands: Mapping[int, Pattern], result: ArrayType
) -> Pattern:
    match loops:
        case Nest():
            return _of_nest(loops, operands, result)
        case Update():
            return _of_update(loops, operands, result)
        case Join():
            return _of_join(loops, operands, result)


def _of_nest(nest: Nest, operands: Mapping[int, Pattern], result: ArrayType) -> Pattern:
    count = len(next(iter(operands.values())))
    if nest.contiguous:
        return operands[0].reshape(count, *result.shape)
    total: Pattern = np.zeros((count, *[1] * len(nest.extents)), bool)
    for i, pattern in operands.items():
        total = total | _read(pattern, nest.operands[i], nest.extents)
    total = np.any(total, axis=tuple([1 + k for k in nest.reduced]), keepdims=True)
    order = (0, *[1 + k for k in nest.result], *[1 + k for k in nest.reduced])
    kept = total.transpose(order).reshape(count, *[total.shape[1 + k] for k in nest.result])
    return np.broadcast_to(kept, (count, *result.shape))


def _read(pattern: Pattern, access: Access, extents: tuple[int, ...]) -> Pattern:
    """What is read at each combination of indices; an index that does not count has one place."""
    computed = tuple([1 + a for a, x in enumerate(access) if isinstance(x, Computed)])
    if computed:
        pattern = np.any(pattern, axis=computed, keepdims=True)
    places = [_positions(x, extents, len(extents)) for x in access]
    read = pattern[(slice(None), *places)]
    return read.reshape(
        len(pattern), *np.broadcast_shapes((1,) * len(extents), *[p.shape for p in places])
    )


def _positions(access: Along | Linear | Computed, extents: tuple[int, ...], rank: int) -> Any:
    """The positions along one axis, as an array with an axis for each index."""
    terms: tuple[tuple[int, int], ...] = ()
    start = access.start if isinstance(access, Along) else 0
    match access:
        case Along(int() as index, _, step):
            terms = ((index, step),)
        case Linear(given):
            terms = given
    place = np.full((1,) * rank, start, np.intp)
    for index, step in terms:
        shape = [extents[index] if k == index else 1 for k in range(rank)]
        place = place + step * np.arange(extents[index]).reshape(shape)
    return place


def _of_update(update: Update, operands: Mapping[int, Pattern], result: ArrayType) -> Pattern:
    """The array, and what is put into it; at computed positions that is anywhere along the axis."""
    count = len(next(iter(operands.values())))
    pattern = np.zeros((count, *result.shape), bool) if 0 not in operands else operands[0].copy()
    value = None if update.value is None else operands.get(1 + update.value)
    if value is None or update.value is None or 0 in update.extents:
        return pattern
    extents, target = list(update.extents), list[Along | Linear]()
    for a, access in enumerate(update.target):
        if isinstance(access, Computed):
            target.append(Along(len(extents)))
            extents.append(result.shape[a])
        else:
            target.append(access)
    everywhere = tuple(extents)
    put = _read(value, update.operands[update.value], everywhere)
    places = [_positions(x, everywhere, len(extents)) for x in target]
    spread = np.broadcast_shapes((1,) * len(extents), *[p.shape for p in places])
    unused = tuple([1 + k for k, n in enumerate(spread) if n == 1])
    put = np.broadcast_to(put.any(unused, keepdims=True), (count, *spread))
    pattern[(slice(None), *places)] |= put
    return pattern


def _of_join(join: Join, operands: Mapping[int, Pattern], result: ArrayType) -> Pattern:
    count = len(next(iter(operands.values())))
    pattern = np.zeros((count, *result.shape), bool)
    for number, extents, target in join.parts:
        if number in operands and 0 not in extents:
            places = [_positions(x, extents, len(extents)) for x in target]
            pattern[(slice(None), *places)] |= operands[number].reshape(count, *extents)
    return pattern
