"""Reading and writing parts of traced arrays: NumPy's basic and advanced indexing, as slices and gathers."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lineara.errors import ShapeError
from lineara.frontend.entries import (
    entries_of,
    entry_of,
    in_range,
    is_array,
    is_number,
)
from lineara.frontend.promotion import (
    Array,
    as_operand,
    astype,
    broadcast,
    broadcast_to,
    in_one_zone,
    shape_of,
)
from lineara.frontend.trace import apply, is_traced, native, user_origin
from lineara.ir import is_supported
from lineara.primitives import gathering, shape, slicing


@dataclass(frozen=True, slots=True)
class Plan:
    """An index as steps: a slice of every axis, index arrays along some, and an arrangement of the result.

    `start`, `stop`, `step` and `reverse` say what is read of each axis of the operand; `axes` and `indices` what is gathered
    from that; `gathered_at` where the axes of the index arrays go; `shape` is the shape of the result.
    """

    start: tuple[int, ...]
    stop: tuple[int, ...]
    step: tuple[int, ...]
    reverse: tuple[int, ...]
    axes: tuple[int, ...]
    indices: tuple[Array, ...]
    gathered_at: int
    shape: tuple[int, ...]


def getitem(x: Array, index: Any) -> Array:
    """`x[index]`."""
    x, index = _with_axes_of_truth_values(x, index)
    plan = plan_of(x, index)
    part = _sliced(x, plan)
    if plan.reverse:
        part = apply(shape.reverse, part, axes=plan.reverse)
    if plan.axes:
        part = apply(gathering.gather, part, *plan.indices, axes=plan.axes)
        part = _move_first(part, len(shape_of(plan.indices[0])), plan.gathered_at)
    return part if part.shape == plan.shape else apply(shape.reshape, part, shape=plan.shape)


def updated(x: Array, index: Any, value: Array, *, adding: bool = False) -> Array:
    """`x` after `x[index] = value`, or with the value added there, once more for each index that repeats.

    Raises:
        OverflowError: a Python integer that the dtype does not hold.
    """
    value = np.asarray(value, x.dtype) if type(value) is int else value
    wide, index = _with_axes_of_truth_values(x, index)
    if wide is not x:
        return apply(shape.reshape, updated(wide, index, value, adding=adding), shape=x.shape)
    plan = plan_of(x, index)
    value = in_one_zone(x, astype(_without_leading_ones(as_operand(value), plan), x.dtype))[1]
    value = broadcast_to(value, plan.shape)
    if plan.axes:
        record = gathering.accumulate_at if adding else gathering.write_at
        return _written(x, plan, value, record)
    if adding:
        value = value + getitem(x, index)
    part = _part_shape(plan)
    if shape_of(value) != part:
        value = apply(shape.reshape, value, shape=part)
    if plan.reverse:
        value = apply(shape.reverse, value, axes=plan.reverse)
    place = {"start": plan.start, "stop": plan.stop, "step": plan.step}
    return apply(slicing.write_slice, x, value, **place)


def _written(x: Array, plan: Plan, value: Array, record: Any) -> Array:
    """Write at index arrays: into the part that the slices leave, which is then written back."""
    rank = len(shape_of(plan.indices[0]))
    part = _sliced(x, plan)
    if plan.reverse:
        part = apply(shape.reverse, part, axes=plan.reverse)
    rest = tuple(n for a, n in enumerate(part.shape) if a not in plan.axes)
    at = plan.gathered_at
    gathered = (*rest[:at], *shape_of(plan.indices[0]), *rest[at:])
    if shape_of(value) != gathered:
        value = apply(shape.reshape, value, shape=gathered)
    value = _move_back(value, rank, at)
    part = apply(record, part, value, *plan.indices, axes=plan.axes)
    if plan.reverse:
        part = apply(shape.reverse, part, axes=plan.reverse)
    place = {"start": plan.start, "stop": plan.stop, "step": plan.step}
    return part if _is_whole(x, plan) else apply(slicing.write_slice, x, part, **place)


def _without_leading_ones(value: Array, plan: Plan) -> Array:
    """A value may have more axes than the place for it, if they are of size 1."""
    have = shape_of(value)
    extra = max(0, len(have) - len(plan.shape))
    if extra and all(n == 1 for n in have[:extra]):
        return apply(shape.reshape, value, shape=have[extra:])
    return value if is_traced(value) else native(value)


def _is_whole(x: Array, plan: Plan) -> bool:
    return plan.start == (0,) * x.ndim and plan.stop == x.shape and set(plan.step) <= {1}


def _part_shape(plan: Plan) -> tuple[int, ...]:
    places = zip(plan.start, plan.stop, plan.step, strict=True)
    return tuple(len(range(*place)) for place in places)


def _sliced(x: Array, plan: Plan) -> Array:
    if _is_whole(x, plan):
        return x
    return apply(slicing.slice_, x, start=plan.start, stop=plan.stop, step=plan.step)


def _move_first(x: Array, count: int, to: int) -> Array:
    """The first `count` axes moved behind the next `to` axes."""
    if not to or not count:
        return x
    front, rest = range(count), range(count, x.ndim)
    return apply(shape.transpose, x, permutation=(*rest[:to], *front, *rest[to:]))


def _move_back(x: Array, count: int, at: int) -> Array:
    """The `count` axes from `at` moved to the front."""
    if not at or not count:
        return x
    order = range(len(shape_of(x)))
    permutation = (*order[at : at + count], *order[:at], *order[at + count :])
    return apply(shape.transpose, x, permutation=permutation)


def plan_of(x: Array, index: Any) -> Plan:
    """The steps that an index asks for.

    Raises:
        IndexingError: too many indices, or one out of range. TraceError: a mask of unknown values. DtypeError: no index at all.
    """
    entries = entries_of(x, index)
    advanced = [i for i, e in enumerate(entries) if is_array(e)]
    if advanced:
        entries = [_as_array(e) if is_number(e) else e for e in entries]
        advanced = [i for i, e in enumerate(entries) if is_array(e)]
    places: list[tuple[int, int, int]] = []
    reverse: list[int] = []
    kept: list[tuple[int, int]] = []
    axes: list[int] = []
    indices: list[Array] = []
    for position, entry in enumerate(entries):
        axis = len(places)
        if entry is None:
            kept.append((position, 1))
        if entry is None or entry is Ellipsis:
            continue
        n = x.shape[axis]
        if is_array(entry):
            axes.append(axis)
            indices.append(in_range(entry, n, axis))
            places.append((0, n, 1))
        elif isinstance(entry, slice):
            place, backward = _ascending(entry, n)
            places.append(place)
            reverse += [axis] if backward else []
            kept.append((position, len(range(*place))))
        else:
            i = _number_in_range(entry, n, axis)
            places.append((i, i + 1, 1))
    indices = list(broadcast(*_alike(indices))) if indices else []
    result, gathered_at = _arranged(kept, advanced, shape_of(indices[0]) if indices else ())
    start, stop, step = (tuple(place[k] for place in places) for k in range(3))
    sliced_before = sum(1 for p, _ in kept[:gathered_at] if entries[p] is not None)
    return Plan(
        start, stop, step, tuple(reverse), tuple(axes), tuple(indices), sliced_before, result
    )


def _arranged(
    kept: Sequence[tuple[int, int]], advanced: Sequence[int], gathered: tuple[int, ...]
) -> tuple[tuple[int, ...], int]:
    """The result's shape, and before how many kept axes the gathered ones stand.

    Index arrays that stand together put their axes where they stand; with something between them, first.
    """
    together = advanced and advanced[-1] - advanced[0] + 1 == len(advanced)
    at = sum(p < advanced[0] for p, _ in kept) if together else 0
    dims = [n for _, n in kept]
    return (*dims[:at], *gathered, *dims[at:]), at


def _with_axes_of_truth_values(x: Array, index: Any) -> tuple[Array, Any]:
    """A truth value that stands first is a mask of a new axis of size 1."""
    first, *rest = index if isinstance(index, tuple) and index else (index,)
    if not _is_truth_value(first):
        return x, index
    mask = np.reshape(entry_of(first), (1,))
    return apply(shape.reshape, x, shape=(1, *x.shape)), (mask, *rest)


def _is_truth_value(e: Any) -> bool:
    return isinstance(e, bool | np.bool_) or (
        (is_traced(e) or isinstance(e, np.ndarray)) and not e.ndim and e.dtype.kind == "b"
    )


def _as_array(e: Any) -> Any:
    return np.asarray(e, dtype=np.intp)


def _ascending(entry: slice, n: int) -> tuple[tuple[int, int, int], bool]:
    """A slice of an axis, forward: start, stop, step, and whether the result is in opposite order."""
    if entry.step is not None and operator.index(entry.step) == 0:
        raise ShapeError(
            "slice step cannot be zero",
            origin=user_origin(),
            mend="leave the step out, or use x[:0] for no elements",
        )
    found = range(*entry.indices(n))
    if not found:
        return (0, 0, 1), False
    backward = found.step < 0
    forward = found[::-1] if backward else found
    return (forward[0], forward[-1] + 1, forward.step), backward and len(found) > 1


def _number_in_range(i: Any, n: int, axis: int) -> int:
    k = operator.index(i)
    if not -n <= k < n:
        raise gathering.out_of_bounds(k, axis, n, user_origin())
    return k % n


def _alike(indices: Sequence[Array]) -> list[Array]:
    """Index arrays in dtypes that the language has."""
    return [i if is_supported(i.dtype) else i.astype(np.int64) for i in indices]
