"""Arrays that are put together of others, read without being made: joins, and sums of parts.

The element at a position is that of the part that lies there. Loops that read such an array are cut at the borders of its
parts, so that all lanes of a trip lie in the same ones; where they do not, elements are chosen lane by lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lineara.backends.native.flat import Value
from lineara.backends.native.lanes import Number
from lineara.backends.native.places import Buffer, Formula, Position, Root
from lineara.backends.native.steps import Step
from lineara.ir import ArrayType
from lineara.ir.nest import Along, Join, Update

if TYPE_CHECKING:
    from lineara.backends.native.emitter import Emitter

MOST = 6
"""The parts of an array that is not made, those of its parts too."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A value that lies at `starts`, of these extents."""

    value: Value
    starts: tuple[int, ...]
    extents: tuple[int, ...]


def pieced(emitter: Emitter, s: Step) -> Formula | None:
    """The result of a join or of a static update as a formula; None if it is rather made."""
    loops, v = s.loops, s.output
    assert isinstance(v.type, ArrayType)
    under: Value | None = None
    join: Any = None
    if isinstance(loops, Join):
        parts = [
            Part(s.inputs[number], _starts(access), extents)
            for number, extents, access in loops.parts
        ]
    elif isinstance(loops, Update) and is_static(loops):
        under, join = s.inputs[0], loops.join
        if not isinstance(emitter.places.get(under), Formula):
            return None
        parts = [Part(s.inputs[1 + (loops.value or 0)], _starts(loops.target), loops.extents)]
    else:
        return None
    operands = [p.value for p in parts] + ([under] if under is not None else [])
    places = [emitter.places.get(x) for x in operands]
    if sum(_count(place) for place in places) + len(parts) > MOST:
        return None
    if any(0 in p.extents for p in parts) or not all(_is_readable(emitter, x) for x in operands):
        return None
    return _formula(emitter, v, parts, under, join)


def _starts(access: Any) -> tuple[int, ...]:
    return tuple([x.start for x in access])


def is_static(loops: Update) -> bool:
    """Whether an update changes one part, which is known."""
    return loops.value is not None and all(
        isinstance(x, Along) and x.step == 1 and x.index == a for a, x in enumerate(loops.target)
    )


def _is_readable(emitter: Emitter, x: Value) -> bool:
    return x in emitter.numbers or x in emitter.places


def _count(place: Any) -> int:
    """The arrays that a formula is put together of."""
    return place.parts if isinstance(place, Formula) else 0


def _formula(
    emitter: Emitter, v: Value, parts: Sequence[Part], under: Value | None, join: Any
) -> Formula:
    m, dtype = emitter.m, v.type.dtype  # type: ignore[union-attr]
    operands = [p.value for p in parts] + ([under] if under is not None else [])
    known = {x: (emitter.numbers.get(x), emitter.places.get(x)) for x in operands}

    def read(x: Value, positions: Sequence[Position], lanes: int) -> Number:
        number, place = known[x]
        if place is None:
            assert number is not None
            return number
        return emitter.read(place, positions, lanes)

    def element(positions: Sequence[Position], lanes: int) -> Number:
        zero = m.constant(0, dtype)
        total = zero if under is None else read(under, positions, lanes)
        for part in parts:
            inside, where = _within(m, part, positions, lanes)
            if inside is False:
                continue
            y = read(part.value, where, lanes)
            changed = y if join is None else join(m, total, y)
            total = changed if inside is True else m.where(inside, changed, total)
        return total

    formulas = [place for _, place in known.values() if isinstance(place, Formula)]
    count, work = len(parts) + sum(f.parts for f in formulas), sum(f.work for f in formulas)
    return Formula(element, _borders(v, parts, known), _roots(known), count, work)


def _within(
    m: Any, part: Part, positions: Sequence[Position], lanes: int
) -> tuple[Any, list[Position]]:
    """Whether positions are in a part, True, False or a number; and the positions in it, in range in any case."""
    inside: Any = True
    where = []
    for p, start, n in zip(positions, part.starts, part.extents, strict=True):
        span = p.span
        if span is not None and (span[1] < start or span[0] >= start + n):
            return False, []
        if span is not None and span[0] >= start and span[1] < start + n:
            where.append(_moved(m, p, -start))
            continue
        x = p.number_on(m, lanes) - start
        here = m.logical_and(m.ge(x, 0), m.lt(x, n))
        inside = here if inside is True else m.logical_and(inside, here)
        x = m.where(m.lt(x, 0), 0, x)
        x = m.where(m.ge(x, n), n - 1, x)
        where.append(Position(x.value) if x.lanes == 1 else Position(number=x))
    return inside, where


def _moved(m: Any, p: Position, by: int) -> Position:
    if p.number is not None:
        return Position(number=p.number + by)
    assert p.span is not None
    return replace(p, base=m.plus(p.base, by), span=(p.span[0] + by, p.span[1] + by))


def _borders(v: Value, parts: Sequence[Part], known: Any) -> tuple[frozenset[int], ...]:
    found: list[set[int]] = [set() for _ in v.shape]
    for part in parts:
        inner = known[part.value][1]
        for a, (start, n) in enumerate(zip(part.starts, part.extents, strict=True)):
            found[a] |= {start, start + n}
            if isinstance(inner, Formula) and inner.borders:
                found[a] |= {start + cut for cut in inner.borders[a]}
    for _, place in known.values():
        if isinstance(place, Formula) and len(place.borders) == len(v.shape):
            for a, cuts in enumerate(place.borders):
                found[a] |= cuts
    return tuple(
        [frozenset([c for c in f if 0 < c < n]) for f, n in zip(found, v.shape, strict=True)]
    )


def _roots(known: Any) -> tuple[Root, ...]:
    roots: list[Root] = []
    for _, place in known.values():
        if isinstance(place, Buffer):
            roots.append(place.root)
        elif isinstance(place, Formula):
            roots += place.roots
    return tuple(roots)
