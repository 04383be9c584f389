"""The loop nests of structural records (`lineara.ir.nest`): what each result is, element by element.

A rule takes the types of the operands and of the results, and the attributes; it gives one nest for each result.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from lineara.ir import ArrayType
from lineara.ir.nest import (
    CHECKED,
    COMPUTED,
    Access,
    Along,
    Combine,
    Computed,
    Join,
    Linear,
    Loops,
    Nest,
    Update,
    straight,
)

Ints = tuple[int, ...]
Types = tuple[ArrayType, ...]


def _product_sum(m: Any, total: Any, x: Any, y: Any) -> Any:
    return m.fma(x, y, total) if total.dtype.kind == "f" else total + x * y


def _least(m: Any, dtype: Any) -> Any:
    return m.constant(m.lowest(dtype), dtype)


def _greatest(m: Any, dtype: Any) -> Any:
    return m.constant(m.highest(dtype), dtype)


def _one_join(name: Callable[[Any, Any, Any], Any], identity: Callable[[Any, Any], Any]) -> Combine:
    return Combine(identity, name, name)


def _add(m: Any, a: Any, b: Any) -> Any:
    return a + b


SUM = _one_join(_add, lambda m, dtype: m.constant(0, dtype))
PRODUCT = _one_join(lambda m, a, b: a * b, lambda m, dtype: m.constant(1, dtype))
LARGEST = _one_join(lambda m, a, b: m.maximum(a, b), _least)
SMALLEST = _one_join(lambda m, a, b: m.minimum(a, b), _greatest)
ANY_TRUE = _one_join(lambda m, a, b: m.logical_or(a, b), lambda m, dtype: m.constant(False, dtype))
ALL_TRUE = _one_join(lambda m, a, b: m.logical_and(a, b), lambda m, dtype: m.constant(True, dtype))
PRODUCT_SUM = Combine(lambda m, dtype: m.constant(0, dtype), _product_sum, _add)


def _itself(m: Any, index: Any, x: Any) -> tuple[Any]:
    return (x(),)


def view(result: ArrayType, access: Access) -> tuple[Nest]:
    """The operand at an access along the axes of the result."""
    rank = len(result.shape)
    return (Nest(result.shape, tuple(range(rank)), (access,)),)


def reduction(combine: Combine) -> Callable[..., tuple[Loops, ...]]:
    """The rule of a reduction over `axes`."""

    def rule(operands: Types, results: Types, *, axes: Ints) -> tuple[Nest]:
        (x,) = operands
        rank = len(x.shape)
        kept = tuple([a for a in range(rank) if a not in axes])
        if not axes:
            return view(results[0], straight(*range(rank)))
        return (Nest(x.shape, kept, (straight(*range(rank)),), _itself, combine),)

    return rule


def identity(operands: Types, results: Types, **attributes: Any) -> tuple[Nest]:
    """The operand."""
    return view(results[0], straight(*range(len(results[0].shape))))


def broadcast(operands: Types, results: Types, *, shape: Ints, axes: Ints) -> tuple[Nest]:
    """Result axis axes[i] is operand axis i."""
    return view(results[0], straight(*axes))


def transpose(operands: Types, results: Types, *, permutation: Ints) -> tuple[Nest]:
    """Result axis i is operand axis permutation[i]."""
    return view(results[0], straight(*[permutation.index(a) for a in range(len(permutation))]))


def reverse(operands: Types, results: Types, *, axes: Ints) -> tuple[Nest]:
    """From the end along axes."""
    shape = operands[0].shape
    return view(
        results[0],
        tuple([Along(a, n - 1, -1) if a in axes else Along(a) for a, n in enumerate(shape)]),
    )


def crop(operands: Types, results: Types, *, low: Ints, high: Ints) -> tuple[Nest]:
    """From `low` on."""
    return view(results[0], tuple([Along(a, n) for a, n in enumerate(low)]))


def part(operands: Types, results: Types, *, start: Ints, stop: Ints, step: Ints) -> tuple[Nest]:
    """Every `step` from `start` on."""
    return view(results[0], _part_access(start, step))


def _part_access(start: Ints, step: Ints) -> tuple[Along, ...]:
    return tuple([Along(a, n, s) for a, (n, s) in enumerate(zip(start, step, strict=True))])


def split(operands: Types, results: Types, *, axis: int, sizes: Ints) -> tuple[Nest, ...]:
    """One part after the other."""
    nests: list[Nest] = []
    start = 0
    for size, result in zip(sizes, results, strict=True):
        rank = len(result.shape)
        nests += view(result, tuple([Along(a, start * (a == axis)) for a in range(rank)]))
        start += size
    return tuple(nests)


def reshape(operands: Types, results: Types, *, shape: Ints) -> tuple[Nest]:
    """Row-major order: axes of both sides go together in groups of one size."""
    source = operands[0].shape
    rank = len(shape)
    access: list[Along | Linear | Computed] = []
    positions: list[tuple[int, int, Ints]] = []
    for olds, news in _groups(source, shape):
        if not olds:
            continue
        wide = [i for i in news if shape[i] != 1]
        if len(olds) > 1 and sum(source[a] != 1 for a in olds) == 1 and len(wide) == 1:
            access += [Along(wide[0]) if source[a] != 1 else Along(None) for a in olds]
        elif len(olds) == 1:
            access.append(Linear(tuple(_strides(shape, news))))
        else:
            for a in olds:
                inner = prod(source[b] for b in olds if b > a)
                positions.append((inner, source[a], news))
                access.append(COMPUTED)
    simple = tuple([_simple(x) for x in access])

    def element(m: Any, index: Any, x: Any) -> Any:
        given = []
        for inner, size, news in positions:
            terms = [index(k) * s for k, s in _strides(shape, news)]
            place = sum(terms[1:], terms[0]) if terms else m.constant(0, m.index)
            given.append(
                m.rem(m.floor_div(place, m.full_like(place, inner)), m.full_like(place, size))
            )
        return x(*given)

    whole = not positions and not any(isinstance(x, Linear) for x in simple)
    return (
        Nest(
            shape,
            tuple(range(rank)),
            (simple,),
            None if whole else element,
            contiguous=True,
        ),
    )


def _simple(access: Along | Linear | Computed) -> Along | Linear | Computed:
    """A sum of one term, or of none, as an access along one index."""
    if isinstance(access, Linear) and len(access.terms) <= 1:
        return Along(access.terms[0][0] if access.terms else None)
    return access


def _strides(shape: Ints, axes: Ints) -> list[tuple[int, int]]:
    """How far an axis of a group steps in the row-major order of the group; axes of one element do not."""
    return [(k, prod(shape[j] for j in axes if j > k)) for k in axes if shape[k] != 1]


def _groups(source: Ints, shape: Ints) -> list[tuple[Ints, Ints]]:
    """The shortest runs of axes of both shapes with one number of elements."""
    if prod(source) == 0:
        return [(tuple(range(len(source))), tuple(range(len(shape))))]
    groups: list[tuple[Ints, Ints]] = []
    i = j = 0
    while i < len(source) or j < len(shape):
        a, b = i, j
        left, right = 1, 1
        while True:
            if left <= right and i < len(source) and (i == a or left < right or j >= len(shape)):
                left *= source[i]
                i += 1
            elif j < len(shape):
                right *= shape[j]
                j += 1
            elif i < len(source):
                left *= source[i]
                i += 1
            if left == right and (i > a or j > b):
                break
        groups.append((tuple(range(a, i)), tuple(range(b, j))))
    return groups


def concatenate(operands: Types, results: Types, *, axis: int) -> tuple[Loops]:
    """Each operand into its place."""
    parts, start = [], 0
    rank = len(results[0].shape)
    for number, x in enumerate(operands):
        target = tuple([Along(a, start * (a == axis)) for a in range(rank)])
        parts.append((number, x.shape, target))
        start += x.shape[axis]
    return (Join(results[0].shape, tuple(parts), fill=False, apart=(axis,)),)


def pad(operands: Types, results: Types, *, low: Ints, high: Ints) -> tuple[Loops]:
    """The operand among zeros."""
    margins = [a for a, (n, k) in enumerate(zip(low, high, strict=True)) if n or k]
    target = tuple([Along(a, n) for a, n in enumerate(low)])
    if not margins:
        return view(results[0], straight(*range(len(low))))
    parts = ((0, operands[0].shape, target),)
    return (Join(results[0].shape, parts, fill=True, apart=tuple(margins)),)


def iota(operands: Types, results: Types, *, dtype: str, size: int) -> tuple[Nest]:
    """The index itself."""
    return (Nest((size,), (0,), (), lambda m, index: m.convert(index(0), results[0].dtype)),)


def band(operands: Types, results: Types, *, low: int, high: int) -> tuple[Nest]:
    """The operand where the column is no farther from the row than the band allows."""
    rank = len(operands[0].shape)

    def element(m: Any, index: Any, x: Any) -> Any:
        offset = index(rank - 1) - index(rank - 2)
        inside = m.logical_and(m.ge(offset, low), m.le(offset, high))
        value = x()
        return m.where(inside, value, m.full_like(value, 0))

    axes = tuple(range(rank))
    return (Nest(operands[0].shape, axes, (straight(*axes),), element),)


def route(operands: Types, results: Types) -> tuple[Nest, ...]:
    """Two selections."""
    axes = tuple(range(len(operands[1].shape)))
    accesses = (straight(*axes),) * 2

    def chosen(m: Any, index: Any, c: Any, x: Any) -> Any:
        value = x()
        return m.where(c(), value, m.full_like(value, 0))

    def other(m: Any, index: Any, c: Any, x: Any) -> Any:
        value = x()
        return m.where(c(), m.full_like(value, 0), value)

    shape = operands[1].shape
    return (Nest(shape, axes, accesses, chosen), Nest(shape, axes, accesses, other))


def contract(operands: Types, results: Types, *, spec: tuple[Ints, Ints, Ints]) -> tuple[Nest]:
    """Σ x·y: the labels of the result are the first indices, those that are summed over the last."""
    of_x, of_y, of_result = spec
    size = dict(zip((*of_x, *of_y), (*operands[0].shape, *operands[1].shape), strict=True))
    summed = [a for a in of_x if a not in of_result]
    order = [*of_result, *summed]
    number = {a: k for k, a in enumerate(order)}
    accesses = tuple([straight(*[number[a] for a in labels]) for labels in (of_x, of_y)])
    extents = tuple([size[a] for a in order])
    result = tuple(range(len(of_result)))
    if not summed:
        return (Nest(extents, result, accesses, lambda m, index, x, y: x() * y()),)
    pair = lambda m, index, x, y: (x(), y())  # noqa: E731
    return (Nest(extents, result, accesses, pair, PRODUCT_SUM),)


def _indexed(x: ArrayType, indices: Types, axes: Ints) -> tuple[Ints, Access, tuple[Access, ...]]:
    """The extents of a part at indices, the access of the array, and those of the indices."""
    shape = indices[0].shape
    rest = [a for a in range(len(x.shape)) if a not in axes]
    extents = (*shape, *[x.shape[a] for a in rest])
    access = tuple(
        [CHECKED if a in axes else Along(len(shape) + rest.index(a)) for a in range(len(x.shape))]
    )
    return extents, access, (straight(*range(len(shape))),) * len(indices)


def gather(operands: Types, results: Types, *, axes: Ints) -> tuple[Nest]:
    """x at the indices."""
    x, *indices = operands
    extents, access, accesses = _indexed(x, tuple(indices), axes)
    order = sorted(range(len(axes)), key=lambda j: axes[j])

    def element(m: Any, index: Any, x: Any, *i: Any) -> Any:
        return x(*[m.convert(i[j](), m.index) for j in order])

    return (Nest(extents, tuple(range(len(extents))), (access, *accesses), element),)


def with_itself(rule: Callable[..., tuple[Loops, ...]]) -> Callable[..., tuple[Loops, ...]]:
    """The operand, given back, and a part of it."""

    def both(operands: Types, results: Types, **attributes: Any) -> tuple[Loops, ...]:
        whole = view(results[0], straight(*range(len(results[0].shape))))
        return (*whole, *rule(operands, results[1:], **attributes))

    return both


def changed_part(join: Callable[..., Any], *, value: bool) -> Callable[..., tuple[Loops, ...]]:
    """The rule of a change at `start`, `stop`, `step`; without a value the part is read as well."""

    def rule(
        operands: Types, results: Types, *, start: Ints, stop: Ints, step: Ints
    ) -> tuple[Loops, ...]:
        dims = zip(start, stop, step, strict=True)
        extents = tuple([len(range(a, b, s)) for a, b, s in dims])
        target = _part_access(start, step)
        axes = straight(*range(len(extents)))
        if value:
            return (Update(extents, target, (axes,), join),)
        taken = view(results[1], target)
        return (Update(extents, target, (), join, None), *taken)

    return rule


def changed_at(join: Callable[..., Any]) -> Callable[..., tuple[Loops, ...]]:
    """The rule of a change at indices, one after the other."""

    def rule(operands: Types, results: Types, *, axes: Ints) -> tuple[Loops, ...]:
        x, _, *indices = operands
        extents, target, accesses = _indexed(x, tuple(indices), axes)
        order = sorted(range(len(axes)), key=lambda j: axes[j])
        positions = tuple([1 + j for j in order])
        part = straight(*range(len(extents)))
        return (Update(extents, target, (part, *accesses), join, 0, positions),)

    return rule


def taken_at(operands: Types, results: Types, *, axes: Ints) -> tuple[Loops, ...]:
    """x with zeros at the indices, and what stood there: of indices that do not repeat."""
    x, *indices = operands
    extents, target, accesses = _indexed(x, tuple(indices), axes)
    positions = tuple(sorted(range(len(axes)), key=lambda j: axes[j]))
    update = Update(extents, target, accesses, cleared, None, positions)
    return (update, *gather(operands, results[1:], axes=axes))


def added(m: Any, old: Any, y: Any) -> Any:
    """The value is added."""
    return old + y


def written(m: Any, old: Any, y: Any) -> Any:
    """The value is put in place."""
    return y


def cleared(m: Any, old: Any) -> Any:
    """Zero is put in place."""
    return m.full_like(old, 0)
