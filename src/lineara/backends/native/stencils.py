"""Arrays that are not made, since their elements are rather computed where they are read at an offset.

    y = 2 * x
    z = y[1:] - y[:-1]      →      z[i] = 2 * x[i + 1] - 2 * x[i]

What stands between loops that read at different positions are arrays, each written and read again. Where a few operations make
an element, and it is read at a few offsets, they are done at each of these, and the loops become one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence, Set
from math import prod
from typing import TYPE_CHECKING, Any

from lineara.backends.native.flat import Value
from lineara.backends.native.lanes import Number
from lineara.backends.native.pieces import is_static
from lineara.backends.native.places import Formula, Position, Root
from lineara.backends.native.steps import Step
from lineara.backends.native.written import may_share
from lineara.ir import Add, Apply, ArrayType
from lineara.ir.nest import Along, Join, Nest, Update
from lineara.primitives.arithmetic import div, scale

if TYPE_CHECKING:
    from lineara.backends.native.emitter import Emitter

MOST, OFFSETS = 24, 3
"""The operations that make an element at most, and the offsets at which it is read."""
LEVELS = (1 << 18, 8.0), (1 << 12, 2.0), (0, 1.0)
"""What it costs to write an element or to read it, in operations, of an array of so many bytes or more."""
LOOK = 2.0
"""What it costs to look whether the operands of a product of tangents are 0."""
DEPTH = 8
"""How many views and joins stand between an array and what reads it, at most."""
PART = 8
"""An offset at which one element of so many is read does not count."""
SMALLEST = 64
"""The elements of an array at least, and of an axis along which it is read at an offset."""

Offset = tuple[int, ...]
Read = tuple[Offset, Step]
_Place = tuple[Any, int, tuple[Position, ...]]


def inlined(
    steps: Sequence[Step], needed: Collection[Value], literals: Set[Value]
) -> frozenset[Step]:
    """The steps whose elements are computed where they are read."""
    found: set[Step] = set()
    search = _Search(steps, needed, literals)
    shapes: dict[Any, list[Step]] = defaultdict(list)
    for s in steps:
        if s in search.cheap and any(_is_moved(t) for t in search.readers[s.output]):
            shapes[s.output.type].append(s)
    for roots in shapes.values():
        found |= search.chosen(roots)
    return frozenset(found)


class _Search:
    """The readers of the values of one level, and the steps that may be computed where they are read."""

    def __init__(
        self, steps: Sequence[Step], needed: Collection[Value], literals: Set[Value]
    ) -> None:
        self.needed, self.literals = frozenset(needed), literals
        self.maker = {v: s for s in steps for v in s.outputs}
        self.readers: dict[Value, list[Step]] = defaultdict(list)
        self.offsets: dict[Value, frozenset[Read] | None] = {}
        self.changed: set[Value] = set()
        for s in steps:
            for v in s.inputs:
                self.readers[v].append(s)
            if isinstance(s.loops, Update):
                self.changed.add(s.inputs[0])
        for s in reversed(steps):
            if s.is_view and s.output in self.changed:
                self.changed.add(s.inputs[0])
        self.cheap = {s for s in steps if self._is_cheap(s)}

    def _is_cheap(self, s: Step) -> bool:
        """Whether an element takes an operation or two, of elements at the same position, that stay as they are."""
        nest = s.loops
        if not isinstance(nest, Nest) or nest.element is None or nest.combine is not None:
            return False
        if not s.inputs or s.output in self.needed or prod(s.extents) < SMALLEST:
            return False
        if any(v in self.changed for v in s.inputs) or not _is_plain(s):
            return False
        straight = all(
            len(aligned) == len(access) and all(a == k for a, k in aligned.items())
            for aligned, access in zip(s.aligned, nest.operands, strict=True)
        )
        return straight and s.places == tuple(range(len(s.extents)))

    def chosen(self, roots: Sequence[Step]) -> set[Step]:
        """Those that are worth it of the steps that make given values, and what these are made of, all or none."""
        offsets: dict[Step, frozenset[Read]] = {}
        for s in roots:
            found = self._offsets(s.output)
            at = {o for o, _ in found or ()}
            short = _is_short(s.output, at) or any(map(_moves_few, self.readers[s.output]))
            if found is not None and len(at) <= OFFSETS and not short:
                offsets[s] = found
        made = {s: self._made_of(s) for s in offsets}
        offsets = {s: o for s, o in offsets.items() if len(made[s]) <= MOST}
        every: set[Step] = set().union(*[made[s] for s in offsets])
        return every if offsets and self._pays(offsets, made, every) else set()

    def _made_of(self, root: Step) -> set[Step]:
        """A step, with the cheap ones before it whose values are read by elements alone."""
        found, todo = {root}, [root]
        while todo and len(found) <= MOST:
            for v in todo.pop().inputs:
                s = self.maker.get(v)
                if s in self.cheap and s not in found and self._offsets(v) is not None:
                    assert s is not None
                    found.add(s)
                    todo.append(s)
        return found

    def _offsets(self, v: Value, depth: int = 0) -> frozenset[Read] | None:
        """Where most elements of a value are read, from where the reading one is, and by whom; None if elsewhere, or often."""
        if v not in self.offsets:
            self.offsets[v] = self._found(v, depth) if depth < DEPTH else None
        return self.offsets[v]

    def _found(self, v: Value, depth: int) -> frozenset[Read] | None:
        found: set[Read] = set()
        for s, offset, count in self._reads(v):
            if offset is None or v in self.needed:
                return None
            further: frozenset[Read] | None = frozenset({((0,) * len(offset), s)})
            if (s.is_view or isinstance(s.loops, Join | Update)) and s.output not in self.needed:
                further = self._offsets(s.output, depth + 1)
            if further is None:
                return None
            if count * PART >= prod(v.shape):
                found |= {(_sum(offset, o), reader) for o, reader in further}
        return frozenset(found)

    def _reads(self, v: Value) -> Iterator[tuple[Step, Offset | None, int]]:
        """The steps that read a value, each with the offset at which it does, and how many elements."""
        for s in self.readers[v]:
            loops, count = s.loops, prod(s.extents)
            if isinstance(loops, Nest) and count <= 2 * prod(v.shape):
                for x, access in zip(s.inputs, loops.operands, strict=True):
                    if x is v:
                        bends = s.is_view and s.places != tuple(range(len(access)))
                        yield s, None if bends else _offset(access), count
            elif isinstance(loops, Join):
                for number, extents, access in loops.parts:
                    if s.inputs[number] is v:
                        yield s, _backwards(_offset(access)), prod(extents)
            elif isinstance(loops, Update) and is_static(loops):
                if s.inputs[0] is not v:
                    yield s, _backwards(_offset(loops.target)), count
                elif v in self.maker and isinstance(self.maker[v].loops, Join | Update):
                    yield s, (0,) * len(v.shape), prod(v.shape)
                else:
                    yield s, None, count
            else:
                yield s, None, count

    def _pays(
        self, offsets: dict[Step, frozenset[Read]], made: dict[Step, set[Step]], every: set[Step]
    ) -> bool:
        """Whether the operations that are done again cost less than to write arrays and to read them."""
        at: dict[Read | None, set[Step]] = defaultdict(set)
        written = [t for found in offsets.values() for _, t in found if t.output in self.needed]
        for s in every:
            others = [t for t in self.readers[s.output] if t not in every and _is_element(t)]
            if not all(any(may_share(t, w.output) for w in written) for t in others):
                at[None] |= self._made_of(s) & every
        for s, found in offsets.items():
            for o, reader in found:
                if any(o) or reader not in self.readers[s.output]:
                    at[o, reader] |= made[s]
        again = sum(map(self._operations, at.values())) - self._operations(every)
        leaves = {v for s in every for v in s.inputs if self.maker.get(v) not in every}
        stored = sum(1 for v in leaves if self._is_kept_for(v))
        loads: dict[Step | None, set[tuple[Value, Offset]]] = defaultdict(set)
        for read, some in at.items():
            loads[read and read[1]] |= self._loads(some, read[0] if read else ())
        loaded = sum(map(len, loads.values())) - len(self._loads(every))
        moved = len(offsets) - stored + sum(map(len, offsets.values()))
        type_ = next(iter(offsets)).output.type
        assert isinstance(type_, ArrayType)
        return again + loaded <= moved * next(cost for size, cost in LEVELS if type_.nbytes >= size)

    def _operations(self, steps: Collection[Step]) -> float:
        """What an element of each costs; products of tangents look for zeros."""
        look = [s for s in steps if _is_scale(s) and self.literals.isdisjoint(s.inputs)]
        return sum(map(_work, steps)) + LOOK * len(look)

    def _loads(self, steps: Set[Step], offset: Offset = ()) -> set[tuple[Value, Offset]]:
        """The arrays that steps read and do not make, and at which offsets they do when they are computed at one."""
        made = {s.output for s in steps}
        read = {v for s in steps for v in s.inputs if v not in made and v not in self.literals}
        return {self._viewed(v, offset or (0,) * len(v.shape)) for v in read if v.shape}

    def _viewed(self, v: Value, offset: Offset) -> tuple[Value, Offset]:
        """The array that a value is a part of, and where in it an element is."""
        s = self.maker.get(v)
        while s is not None and s.is_view and isinstance(s.loops, Nest):
            moved = _offset(s.loops.operands[0])
            if moved is None or len(moved) != len(offset):
                break
            v, offset = s.inputs[0], _sum(offset, moved)
            s = self.maker.get(v)
        return v, offset

    def _is_kept_for(self, v: Value) -> bool:
        """Whether a value is an array only since what is computed where it is read reads it."""
        s = self.maker.get(v)
        if s is None or not _is_element(s) or v in self.needed:
            return False
        return all(_is_element(t) for t in self.readers[v])


def _is_element(s: Step) -> bool:
    """Whether a step computes elements in a loop that others may share."""
    return isinstance(s.loops, Nest) and s.loops.element is not None and bool(s.inputs)


def _is_plain(s: Step) -> bool:
    """Whether a step is an operation of arithmetic, a comparison or a choice."""
    op = s.node.op
    if s.node.recompute or not isinstance(op, Apply):
        return isinstance(op, Add)
    return op.primitive.scalar is not None and op.primitive is not div and _work(s) <= 4


def _is_scale(s: Step) -> bool:
    return isinstance(s.node.op, Apply) and s.node.op.primitive is scale


def _work(s: Step) -> float:
    """The operations of an element."""
    op = s.node.op
    if not isinstance(op, Apply):
        return 1.0
    operands: Any = tuple([v.type for v in s.inputs])
    results: Any = tuple([v.type for v in s.outputs])
    work: int = op.primitive.work(operands, results, dict(op.attributes))
    return work / prod(s.extents)


def _is_moved(s: Step) -> bool:
    """Whether a step puts elements elsewhere."""
    if isinstance(s.loops, Join | Update):
        return True
    if not s.is_view or not isinstance(s.loops, Nest):
        return False
    offset = _offset(s.loops.operands[0])
    return offset is not None and (any(offset) or s.output.shape != s.inputs[0].shape)


def _offset(access: Any) -> Offset | None:
    """How far from the indices an access reads, axis by axis."""
    if all(isinstance(x, Along) and x.step == 1 and x.index == a for a, x in enumerate(access)):
        return tuple([x.start for x in access])
    return None


def _is_short(v: Value, offsets: Set[Offset]) -> bool:
    """Whether a value is read at an offset along an axis of few elements, most of which are then at a border."""
    return any(o != 0 and n < SMALLEST for at in offsets for o, n in zip(at, v.shape, strict=True))


def _moves_few(s: Step) -> bool:
    """Whether a step changes a part along an axis of few elements."""
    pairs = zip(s.extents, s.output.shape, strict=False)
    return isinstance(s.loops, Update) and any(n != m and n < SMALLEST for n, m in pairs)


def _sum(one: Offset, other: Offset) -> Offset:
    return tuple([x + y for x, y in zip(one, other, strict=True)])


def _backwards(offset: Offset | None) -> Offset | None:
    return None if offset is None else tuple([-x for x in offset])


def computed(emitter: Emitter, s: Step) -> Formula:
    """The result of a step as elements that are computed where they are read, once at a position."""
    nest, m = s.loops, emitter.m
    assert isinstance(nest, Nest)
    make: Any = nest.element
    _make_long(emitter, s)
    known: list[tuple[Any, Any, bool]] = [
        (emitter.numbers.get(v), emitter.places.get(v), bool(v.shape)) for v in s.inputs
    ]
    last: list[tuple[_Place, Number]] = []

    def reader(i: int, positions: Sequence[Position], lanes: int) -> Callable[[], Number]:
        number, place, whole = known[i]
        if place is None or (not whole and number is not None):
            return lambda: number
        return lambda: emitter.read(place, positions if whole else (), lanes)

    def element(positions: Sequence[Position], lanes: int) -> Number:
        key = (m.builder.block, lanes, tuple(positions))
        if not last or not _same(last[0][0], key):
            reads = [reader(i, positions, lanes) for i in range(len(known))]
            with emitter.trust.only(within=False):
                x = make(m, lambda k: positions[k].number_on(m, lanes), *reads)
            last[:] = [(key, x)]
        return last[0][1]

    formulas = [place for _, place, _ in known if isinstance(place, Formula)]
    roots: list[Root] = [r for f in formulas for r in f.roots]
    roots += [place.root for _, place, _ in known if place is not None and place not in formulas]
    borders = [
        frozenset[int]().union(*[f.borders[a] for f in formulas if f.borders])
        for a in range(len(s.extents))
    ]
    work = _work(s) + sum(f.work for f in formulas)
    return Formula(element, tuple(borders), tuple(roots), sum(f.parts for f in formulas), work)


def _make_long(emitter: Emitter, s: Step) -> None:
    """Make arrays of operands whose elements take many operations: stencils of stencils would take powers of them."""
    for v in s.inputs:
        place = emitter.places.get(v)
        if isinstance(place, Formula) and place.work > MOST:
            emitter.buffer(v)


def _same(one: _Place, other: _Place) -> bool:
    """Whether two places of evaluation are the same: the block of code, the lanes, and the positions."""
    return (
        one[0] is other[0]
        and one[1] == other[1]
        and all(
            (p.base is q.base or (isinstance(p.base, int) and p.base == q.base))
            and p.step == q.step
            and p.number is q.number
            for p, q in zip(one[2], other[2], strict=True)
        )
    )
