"""Results that are put together of others, written in a loop that also does something else.

    y = join(f(x), g(x))      →      loop of n: total += h(x)[i], for i below n − 1; y[i] = f(x)[i] or g(x)[i − 1]
    total = sum(h(x))

What is read piece by piece is no array before it is written, for which it takes a loop. Where another loop reads the same
arrays and has about as many trips, both are one, in which a step takes part as long as it has trips: large arrays then pass
through the processor once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from lineara.backends.native.flat import Node, Value
from lineara.backends.native.groups import Group, late
from lineara.backends.native.partition import Partition
from lineara.backends.native.pieces import is_static
from lineara.backends.native.places import Buffer, Formula
from lineara.backends.native.steps import At, Step, steps_of_node
from lineara.ir import Apply
from lineara.ir.nest import Join, Nest, Update
from lineara.primitives.conversion import stop_gradient

if TYPE_CHECKING:
    from lineara.backends.native.emitter import Emitter


SMALLEST = 64
"""The trips of a loop at least."""
APART = 8
"""By how many trips two loops may differ at most."""
MOST = 24
"""The steps at most of a loop: it is written once for each stretch of its trips."""


def writer(v: Value) -> Step:
    """The step that writes a value."""
    (step,) = steps_of_node(Node(Apply(stop_gradient), (v,), (Value(v.type),)))
    return step


def writers(steps: Iterable[Step], homes: Mapping[Value, Buffer]) -> dict[Step, Buffer]:
    """Steps that write those results that may be in pieces, with the memory where they are wanted."""
    found = [s.output for s in steps if _may_be_pieced(s) and s.output in homes]
    return {writer(v): homes[v] for v in found if v.shape and v.shape[0] >= SMALLEST}


def may_share(s: Step, v: Value) -> bool:
    """Whether a loop has about as many trips as one that writes a value."""
    if not (s.extents and v.shape):
        return False
    trips, written = s.extents[0], v.shape[0]
    return min(trips, written) >= SMALLEST and abs(trips - written) <= APART


def _may_be_pieced(s: Step) -> bool:
    return isinstance(s.loops, Join) or (isinstance(s.loops, Update) and is_static(s.loops))


def groups_of(
    emitter: Emitter,
    steps: Sequence[Step],
    at: At,
    written: Collection[Step],
    *apart: frozenset[Step],
) -> list[Group]:
    """The groups of steps at a level; trips of a loop that are written out one by one have the same."""
    bound = {s: frozenset(at[s]) for s in steps}
    key = tuple(bound.items()), apart
    if key not in emitter.grouped:
        fixed = {v for s in steps for v in s.inputs[:1] if emitter.is_literal(v)}
        fixed |= {s.output for s in steps if s.is_repeated}
        partition = Partition(late(steps), bound, fixed, *apart)
        emitter.grouped[key] = shared(partition, written)
    return emitter.grouped[key]


def shared(partition: Partition, written: Collection[Step]) -> list[Group]:
    """The groups of a partition, where the loops that write are one with others; those that are not are left out."""
    for w in [g for g in partition.groups if g.extent is not None]:
        if len(w.steps) == 1 and w.steps[0] in written:
            _share(partition, w)
    kept = [g for g in partition.groups if any(s not in written for s in g.steps)]
    for i, g in enumerate(kept):
        g.order = i
    return kept


def looped(emitter: Emitter, g: Group, at: At, written: Mapping[Step, Buffer]) -> None:
    """Run a loop, in which steps write values to memory; those that are arrays already are left out."""
    writing = {s: s.inputs[0] for s in g.steps if s in written}
    writing = {s: v for s, v in writing.items() if isinstance(emitter.places.get(v), Formula)}
    steps = [s for s in g.steps if s in writing or s not in written]
    if not steps:
        return
    index = {s: g.index[s] for s in steps}
    extent = max(s.extents[k] for s, k in index.items())
    emitter.homes.update({s.output: written[s] for s in writing})
    emitter.loop(Group(extent, steps, index, g.order), at)
    for s, v in writing.items():
        emitter.places[v] = emitter.places.pop(s.output)
        del emitter.homes[s.output]


def _share(partition: Partition, w: Group) -> None:
    """Make a loop that writes one with another, at the place of that or at its own."""
    (step,) = w.steps
    read = _sources(partition, step)
    ready = max((g.order for g in partition.groups if _makes(g, step.inputs)), default=-1)
    for g in partition.groups:
        if not _are_alike(partition, g, w) or read.isdisjoint(_sources(partition, *g.steps)):
            continue
        if g.order > ready:
            _join(g, w)
            return
        if g.order < w.order and _may_wait(partition.groups[g.order + 1 : w.order + 1], g):
            _join(w, g)
            return


def _are_alike(partition: Partition, g: Group, w: Group) -> bool:
    """Whether loops have about as many trips, and may have steps in common."""
    if g is w or g.extent is None or w.extent is None or not g.steps or len(g.steps) > MOST:
        return False
    alone = any(s in partition.alone or _is_sum_of_many(s) for s in g.steps)
    near = abs(g.extent - w.extent) <= APART and min(g.extent, w.extent) >= SMALLEST
    return near and not alone


def _is_sum_of_many(s: Step) -> bool:
    """Whether a step reduces several indices, or has a total for each of some."""
    return isinstance(s.loops, Nest) and s.loops.combine is not None and len(s.extents) > 1


def _makes(g: Group, values: Sequence[Value]) -> bool:
    return any(v in values for s in g.steps for v in s.outputs)


def _may_wait(between: Sequence[Group], g: Group) -> bool:
    """Whether groups that follow a loop neither read what it makes nor change what it reads."""
    made = {v for s in g.steps for v in s.outputs}
    read = {v for s in g.steps for v in s.inputs}
    steps = [s for b in between for s in b.steps]
    changes = any(isinstance(s.loops, Update) and s.inputs[0] in read for s in steps)
    return not changes and made.isdisjoint(v for s in steps for v in s.inputs)


def _join(g: Group, other: Group) -> None:
    """Let the steps of another loop be in a loop."""
    assert g.extent is not None
    assert other.extent is not None
    g.extent = max(g.extent, other.extent)
    g.steps += other.steps
    g.index.update(other.index)
    other.steps = []


def _sources(partition: Partition, *steps: Step) -> set[Value]:
    """The arrays that steps read, through what is no array."""
    seen: set[Value] = set()
    found: set[Value] = set()
    todo = [v for s in steps for v in s.inputs]
    while todo:
        v = todo.pop()
        if v in seen:
            continue
        seen.add(v)
        s = partition.maker.get(v)
        if s is not None and (s in partition.inlined or s.is_view or _may_be_pieced(s)):
            todo += s.inputs
        elif v.shape:
            found.add(v)
    return found
