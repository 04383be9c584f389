"""Which loops run on several lanes, and which are written out trip by trip.

A loop runs on several lanes when that costs less than to leave the lanes to the loops inside it: elements then lie next to
each other for the lanes, or are gathered one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, Any

from lineara.backends.native.flat import Value
from lineara.backends.native.groups import Group
from lineara.backends.native.order import order_of
from lineara.backends.native.outer import Product, is_outer
from lineara.backends.native.places import Buffer, Formula, Position, seen
from lineara.backends.native.steps import At, Step
from lineara.backends.native.sums import summed
from lineara.ir import Apply, ArrayType
from lineara.ir.nest import Access, Along, Computed, Join, Linear, Nest, Update

if TYPE_CHECKING:
    from lineara.backends.native.emitter import Emitter

LANES = 8
SOME = 16
WIDE = 32
LIGHT = 20
"""The operations up to which a loop takes four vectors at a time, so that they do not wait for each other."""
FEW, FUNCTION = 128, 10
"""The trips up to which a loop takes two vectors at a time for the chains of operations of its elementary functions, which run
beside each other; and the operations from which on one of its steps is such a function."""
PIECES = 120
"""The steps of a loop, times the places where it is cut, up to which it is."""
WRITTEN_OUT = 64
"""The trips of small loops that are written out, with those inside."""
SCATTERED, TOGETHER, ACROSS, IN_ORDER = 0.4, 0.15, 8.0, 0.25
"""What an element costs that is gathered, and one that is loaded with its neighbours; what the sum of all lanes costs, and
an element that is summed up after the one on the lane before it."""

Segment = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Run:
    """Chunks of a loop that are alike: so many, of a size, whose segments are counted from where a chunk begins."""

    start: int
    count: int
    size: int
    segments: tuple[Segment, ...]
    plain: bool = False

    @property
    def stop(self) -> int:
        """Where the last chunk ends."""
        return self.start + self.count * self.size

    @property
    def on_lanes(self) -> bool:
        """Whether some trips run on several lanes."""
        return any(lanes > 1 for _, _, lanes in self.segments)


def runs(emitter: Emitter, g: Group, at: At, size: int) -> list[Run]:
    """The trips of a loop, in chunks of a size."""
    n = g.extent
    assert n is not None
    borders = _borders(emitter, g)
    cutter = _Cutter(emitter, g, at, borders)
    if n <= size:
        return [Run(0, 1, n, cutter.segments(0, n))] if n else []
    made: list[Run] = []
    last_start = (summed(g) - 1) // size * size
    for start in range(0, last_start + 1, size):
        stop = n if start == last_start else start + size
        plain = stop - start == size and not any(start < c < stop for c in borders)
        last = made[-1] if made else None
        if plain and last and last.size == size and start not in borders and last.plain:
            made[-1] = replace(last, count=last.count + 1)
        else:
            made.append(Run(start, 1, stop - start, cutter.segments(start, stop), plain))
    return made


class _Cutter:
    """Cuts trips of a loop into segments, each on so many lanes."""

    def __init__(self, emitter: Emitter, g: Group, at: At, borders: set[int]) -> None:
        assert g.extent is not None
        self.borders = borders
        self.several = emitter.lanes == 1 and g.extent >= 4 and _worth_it(emitter, g, at)
        light = _width(g) + _inlined(emitter, g) <= LIGHT and _is_close(emitter, g)
        self.many = any(_keeps_many(s, at[s], k) for s, k in g.index.items())
        self.most = LANES if self.many else WIDE if light else SOME if _waits(g) else LANES
        self.padded = all(map(_may_pad, g.steps))
        self.reduces = any(k not in s.places for s, k in g.index.items())

    def segments(self, start: int, stop: int) -> tuple[Segment, ...]:
        """The segments from start to stop, counted from the start."""
        made: list[Segment] = []
        inside = [c - start for c in self.borders]
        for first, end in between(stop - start, inside):
            if not self.several:
                made.append((first, end, 1))
                continue
            small = end - first <= SOME > self.most and not self.many
            most = SOME if small else self.most
            aligned = _aligned(first, end, most) if self.reduces else [(first, first, 1)]
            made += [c for c in aligned if c[0] < c[1]]
            first = aligned[-1][1]
            rest = cut(end - first, most, padded=self.padded)
            made += [(first + a, first + b, lanes) for a, b, lanes in rest]
        return tuple([c for c in made if c[0] < c[1]])


def _keeps_many(s: Step, at: dict[int, Position], k: int) -> bool:
    """Whether a step keeps several sub-totals for each trip of a loop: they take registers."""
    nest = s.loops
    if not isinstance(nest, Nest) or nest.combine is None or k not in nest.result:
        return False
    return any(order_of(nest, j).width > 1 for j in nest.reduced if j not in at)


def _aligned(first: int, end: int, most: int) -> list[Segment]:
    """Trips before a place where rows of sub-totals begin: those on many lanes are whole rows."""
    start = min(end, -(-first // LANES) * LANES)
    made = [(first, start, start - first)]
    if end - start > most > LANES:
        row = min(end, -(-start // most) * most)
        made.append((start, row, LANES))
    return made


def between(n: int, borders: Iterable[int]) -> list[tuple[int, int]]:
    """An extent, cut at borders."""
    ends = [0, *sorted({c for c in borders if 0 < c < n}), n]
    return list(pairwise(ends))


def _borders(emitter: Emitter, g: Group) -> set[int]:
    """Where the elements that a loop reads are made differently, and where the trips of some steps end."""
    found = {s.extents[k] for s, k in g.index.items()}
    for s in g.steps:
        if not isinstance(s.loops, Nest):
            continue
        for v, access in zip(s.inputs, s.loops.operands, strict=True):
            place = emitter.places.get(v)
            if isinstance(place, Formula) and place.is_pieced and v not in emitter.numbers:
                found |= seen(place.borders, access, len(s.extents))[g.index[s]]
    return found


def cut(n: int, most: int, *, padded: bool) -> list[Segment]:
    """An extent as segments of at most so many lanes, and of eight, and a rest, all of it on as many lanes as it has.

    If padded, these are as many as the next power of two: LLVM takes vectors of other lengths to pieces. There are segments
    of eight only beside much wider ones then.
    """
    if n <= most:
        return [(0, n, _power(n) if padded else n)]
    made, start = [], 0
    for lanes in (most,) if padded and most <= SOME else sorted({most, LANES}, reverse=True):
        stop = start + (n - start) // lanes * lanes
        if stop > start:
            made.append((start, stop, lanes))
            start = stop
    if start < n:
        made.append((start, n, _power(n - start) if padded else n - start))
    return made


def _power(n: int) -> int:
    """The least power of two that is no less."""
    return 1 << max(0, n - 1).bit_length()


def _may_pad(s: Step) -> bool:
    """Whether lanes beyond the end can do no harm: no index is computed there, nothing is refused."""
    accesses: Sequence[Access] = ()
    match s.loops:
        case Nest(operands=accesses):
            pass
        case Update(operands=operands, target=target):
            accesses = (target, *operands)
        case None:
            return False
    types = [v.type for v in (*s.inputs, *s.outputs)]
    numbers = all(isinstance(t, ArrayType) and t.dtype.kind in "fcb" for t in types)
    return numbers and not any(isinstance(x, Computed) for access in accesses for x in access)


def unrolled(g: Group, at: At, trips: int) -> bool:
    """Whether the trips of a loop are written out."""
    inside = sum(_rest(s, at, g.index[s]) for s in g.steps)
    return (trips <= 4 and trips * inside <= WRITTEN_OUT) or (trips <= 16 and trips * inside <= 32)


def _rest(s: Step, at: At, k: int) -> int:
    """The elements of a step in one trip."""
    return prod([n for j, n in enumerate(s.extents) if j != k and j not in at[s]])


def _waits(g: Group) -> bool:
    """Whether a loop is short, and waits for functions rather than for registers."""
    return g.extent is not None and g.extent <= FEW and max(map(_effort, g.steps)) >= FUNCTION


def _width(g: Group) -> float:
    """The operations of one trip, each step of it once: the more there are, the more registers they take."""
    return sum(max(1.0, _effort(s)) for s in g.steps if not s.is_view)


def _inlined(emitter: Emitter, g: Group) -> float:
    """The operations of an element of each array that is computed where it is read."""
    read = {v: emitter.places.get(v) for s in g.steps for v in s.inputs}
    return sum(place.work for place in read.values() if isinstance(place, Formula))


def trip_elements(g: Group, at: At) -> int:
    """The elements of the largest step of one trip."""
    return max([_rest(s, at, g.index[s]) for s in g.steps if not s.is_view], default=1)


def trip_work(emitter: Emitter, g: Group, at: At) -> float:
    """The operations of one trip."""
    own = sum(_rest(s, at, g.index[s]) * max(1.0, _effort(s)) for s in g.steps if not s.is_view)
    return own + trip_elements(g, at) * _inlined(emitter, g)


def _effort(s: Step) -> float:
    """The operations of one element."""
    op = s.node.op
    if s.is_view:
        return 0.0
    if isinstance(op, Apply) and op.primitive.scalar is not None and s.extents is not None:
        operands: Any = tuple([v.type for v in s.inputs])
        results: Any = tuple([v.type for v in s.outputs])
        return op.primitive.work(operands, results, dict(op.attributes)) / max(1, prod(s.extents))
    return 1.0


def _worth_it(emitter: Emitter, g: Group, at: At) -> bool:
    """Whether lanes along this loop cost less than lanes along loops inside it."""
    own = {v for s in g.steps for v in s.outputs}
    read = {v for s in g.steps for v in s.inputs}
    here = inside = 0.0
    for s in g.steps:
        k = g.index[s]
        rest = _rest(s, at, k)
        effort = _effort(s)
        if is_outer(s, k, at[s], LANES):
            here += rest * effort / LANES + _gathered(emitter, Product(s, k, at[s]), own)
            inside += 2 * rest * TOGETHER
        else:
            moved = _loads(emitter, s, k, own) + _stores(s, k, read)
            here += rest * (effort / LANES + moved + _in_order(s, k))
        options = [
            j for j in range(len(s.extents)) if j != k and j not in at[s] and _may_bind(s, j)
        ]
        best = rest * (effort + _loads(emitter, s, None, own))
        for j in options:
            n = s.extents[j]
            trips = n // LANES + n % LANES // 4 + n % 4
            across = ACROSS * rest / max(1, n) if j not in s.places else 0.0
            across += rest * _in_order(s, j)
            best = min(
                best,
                rest / max(1, n) * trips * effort
                + rest * (_loads(emitter, s, j, own) + _stores(s, j, read))
                + across,
            )
        inside += best
    return here <= inside


def _stores(s: Step, k: int, read: set[Value]) -> float:
    """What a result that goes elsewhere costs an element, with lanes along an index."""
    nest = s.loops
    if not isinstance(nest, Nest) or nest.combine is not None or s.is_view or s.output in read:
        return 0.0
    return TOGETHER if s.places[-1:] == (k,) else SCATTERED


def _gathered(emitter: Emitter, p: Product, own: set[Any]) -> float:
    """What it costs to have the elements of neighbouring trips beside each other."""
    cost = 0.0
    for v, reading, elements in zip(p.step.inputs, p.readings, p.counts, strict=True):
        place = emitter.places.get(v)
        close = isinstance(place, Buffer) and (
            reading.axis is None or place.strides[reading.axis] == 1
        )
        cost += elements * (TOGETHER if v in own or close else SCATTERED)
    return cost


def _in_order(s: Step, k: int) -> float:
    """What it costs an element to be joined after the one before it, with lanes along an index."""
    nest = s.loops
    if not isinstance(nest, Nest) or k in nest.result:
        return 0.0
    return IN_ORDER if order_of(nest, k).width == 1 else 0.0


def _is_close(emitter: Emitter, g: Group) -> bool:
    """Whether the elements that are loaded for neighbouring trips are neighbours."""
    own = {v for s in g.steps for v in s.outputs}
    return all(
        isinstance(s.loops, Nest)
        and all(r.step(g.index[s]) in {0, 1, -1} for r in _read(emitter, s, own) if not r.is_made)
        for s in g.steps
    )


def _may_bind(s: Step, j: int) -> bool:
    return not isinstance(s.loops, Update | Join) or j in s.bindable


def _loads(emitter: Emitter, s: Step, k: int | None, own: set[Value]) -> float:
    """What the operands from elsewhere, and results that go elsewhere, cost an element, with lanes along an index."""
    if not isinstance(s.loops, Nest):
        return 1.0
    cost = 0.0
    for r in _read(emitter, s, own):
        if k is None:
            cost += r.count
        elif not r.is_made:
            cost += r.count * (TOGETHER if r.step(k) in {0, 1, -1} else SCATTERED)
    return cost


@dataclass(frozen=True, slots=True)
class _Read:
    """An operand as a loop reads it: the positions along its axes, and how far apart their elements are.

    count     the arrays that it is loaded from
    is_made   whether it is an array that the loop itself makes
    """

    access: Sequence[Any]
    strides: Sequence[int | None]
    count: int = 1
    is_made: bool = False

    def step(self, k: int) -> int:
        """How far apart the elements for neighbouring values of an index are; 2 where it is not known."""
        step = 0
        for x, stride in zip(self.access, self.strides, strict=True):
            if stride is None:
                continue
            if isinstance(x, Along):
                step += x.step * stride if x.index == k else 0
            elif isinstance(x, Linear):
                step += sum(stride * n for j, n in x.terms if j == k)
            else:
                step += 2
        return step


def _read(emitter: Emitter, s: Step, own: set[Value]) -> list[_Read]:
    """The operands of a step that lie in memory; those of what is computed where it is read lie as it does."""
    assert isinstance(s.loops, Nest)
    found = []
    for v, access in zip(s.inputs, s.loops.operands, strict=True):
        place = emitter.places.get(v)
        last = len(v.shape) - 1
        strides: list[int | None] = [int(a == last) or 2 for a in range(len(v.shape))]
        if v in own or v in emitter.numbers:
            found.append(_Read(access, strides, is_made=v in own and len(v.shape) > 1))
        elif isinstance(place, Buffer):
            found.append(_Read(access, place.strides))
        elif isinstance(place, Formula):
            found.append(_Read(access, strides, len(place.roots)))
    return found
