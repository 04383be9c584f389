"""What a loop computes again instead of reading it from the tape that another loop has kept for it.

    known    what a body makes of constants and of rows, as an index of the trip's number, is made again: nothing is kept for it
    cheap    where that takes less time, as measured (`lineara.backends.native.costs`), a tape keeps the carry and what is
             dear, functions and contractions; what is cheap is made again of them

Results are the same bits: what is recomputed is the same arithmetic on the same operands. The tape of a loop that is planned
stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from lineara.backends.native.costs import caches, computing, keeping
from lineara.backends.native.flat import Loop, Node, Value, node_work
from lineara.backends.native.scans import Parts, stacks_of
from lineara.backends.native.steps import loops_of
from lineara.ir import Add, Apply, ArrayType, Literal
from lineara.ir.nest import Computed, Join, Nest, Update

CHEAP = 4
"""The operations of an element up to which it may be computed again: arithmetic and roots. Functions take ten and more."""


def recomputing(nodes: Sequence[Node], results: Sequence[Value]) -> tuple[Node, ...]:
    """The nodes, in which loops compute again what is rather computed again than kept."""
    made = list(nodes)
    loops = [i for i, n in enumerate(made) if isinstance(n.op, Loop)]
    for i, j in [(i, j) for at, j in enumerate(loops) for i in loops[:at]]:
        if not _is_pair(made[i], made[j]):
            continue
        uses = Counter([v for m in made for v in m.inputs])
        uses.update(results)
        found = _rematerialised(made[i], made[j], uses)
        if found is not None:
            made[i], made[j] = found
    return tuple(made)


def _is_pair(maker: Node, reader: Node) -> bool:
    """Whether two nodes are loops of as many trips, of which the second may compute again what the first stacks up."""
    if not isinstance(maker.op, Loop) or not isinstance(reader.op, Loop) or maker.op.planned:
        return False
    same = maker.op.length == reader.op.length and maker.op.length not in (None, 0)
    return same and not set(maker.outputs).isdisjoint(reader.inputs)


def _rematerialised(maker: Node, reader: Node, uses: Counter[Value]) -> tuple[Node, Node] | None:
    """Both loops, with a shorter tape between them; None if it does not pay."""
    made, read = Parts.of(maker), Parts.of(reader)
    params = {v: p for p, v in read.rows}
    tape = {
        out: r
        for r, out in stacks_of(maker)
        if out in params and uses[out] == 1 and isinstance(out.type, ArrayType)
    }
    cone = _Cone(made)
    tape = cone.chosen(tape)
    if not tape:
        return None
    read.rows = [(p, v) for p, v in read.rows if v not in tape]
    needed, order = cone.of(tape.values())
    again, stacks = _brought(needed, made, read)
    nodes = [_copied(m, again) for m in order]
    instead = {params[out]: again[r] for out, r in tape.items()}
    nodes += [
        replace(m, inputs=tuple([instead.get(v, v) for v in m.inputs])) for m in read.op.body.nodes
    ]
    kept = [(r, out) for r, out in stacks_of(maker) if out not in tape]
    carry = made.op.carry
    first = made.loop(made.op.body.nodes, made.op.body.results[:carry], [*kept, *stacks])
    results = [instead.get(v, v) for v in read.op.body.results]
    carry = read.op.carry
    given = list(zip(results[carry:], reader.outputs[carry:], strict=True))
    return first, read.loop(nodes, results[:carry], given)


class _Cone:
    """What the values of a loop's body are computed of by cheap nodes."""

    def __init__(self, made: Parts) -> None:
        self.made = made
        self.makers = {v: m for m in made.op.body.nodes for v in m.outputs}
        self.known = {p for p, _ in (*made.constants, *made.rows)}
        self.cheap: set[Node] = set()
        for m in made.op.body.nodes:
            known = self.known.issuperset(m.inputs)
            if is_cheap(m) or (known and _is_read(m)):
                self.cheap.add(m)
                self.known.update(m.outputs if known else ())

    def chosen(self, tape: dict[Value, Value]) -> dict[Value, Value]:
        """The part of a tape, outputs and the results that they stack, that is rather computed again."""
        least = {out: r for out, r in tape.items() if r in self.known}
        return min((least, tape), key=lambda part: self._time(tape, part))

    def _time(self, tape: dict[Value, Value], part: dict[Value, Value]) -> float:
        """What a trip takes for a tape of which a part is computed again."""
        needed, order = self.of(part.values())
        kept = {v for v in needed if v not in self.known}
        kept.update([r for out, r in tape.items() if out not in part])
        row = sum([v.type.nbytes for v in kept])
        again = [computing(node_work(m), m.outputs[0].type.size) for m in order]
        return keeping(row, row * (self.made.op.length or 0)) + sum(again)

    def of(self, values: Iterable[Value]) -> tuple[list[Value], list[Node]]:
        """What values are computed of: those that they start from, and the nodes in order."""
        leaves: dict[Value, None] = {}
        order: dict[Node, None] = {}
        stack = [(v, False) for v in reversed(list(values))]
        while stack:
            x, ready = stack.pop()
            m = self.makers.get(x)
            if m is None or m not in self.cheap:
                leaves[x] = None
            elif ready:
                order[m] = None
            elif m not in order:
                stack.append((x, True))
                stack += [(y, False) for y in m.inputs]
        return list(leaves), list(order)


def _brought(
    needed: Sequence[Value], made: Parts, read: Parts
) -> tuple[dict[Value, Value], list[tuple[Value, Value]]]:
    """New parameters of the reading loop for values of the loop before it, and the stacks that this has to make for them."""
    rows, constants = dict(made.rows), dict(made.constants)
    again: dict[Value, Value] = {}
    stacks: list[tuple[Value, Value]] = []
    for v in needed:
        again[v] = Value(v.type)
        if v in rows:
            read.rows.append((again[v], rows[v]))
        elif v in constants:
            read.constants.append((again[v], constants[v]))
        else:
            assert isinstance(v.type, ArrayType)
            out = Value(ArrayType(v.type.dtype, (made.op.length or 0, *v.type.shape)))
            stacks.append((v, out))
            read.rows.append((again[v], out))
    return again, stacks


def _copied(m: Node, again: dict[Value, Value]) -> Node:
    """A node once more, on other values; they learn its results."""
    outputs = tuple([Value(v.type) for v in m.outputs])
    inputs = tuple([again[v] for v in m.inputs])
    again.update(zip(m.outputs, outputs, strict=True))
    return replace(m, inputs=inputs, outputs=outputs)


def _is_read(n: Node) -> bool:
    """Whether a node takes elements at indices of an array that stays in the cache of the second level."""
    if n.recompute or not isinstance(n.op, Apply) or not n.inputs:
        return False
    if n.inputs[0].type.nbytes > caches()[1]:
        return False
    loops = loops_of(n)
    return (
        loops is not None
        and all(isinstance(nest, Nest) and nest.combine is None for nest in loops)
        and any(isinstance(x, Computed) for nest in loops for x in nest.operands[0])  # type: ignore[union-attr]
    )


def is_cheap(n: Node) -> bool:
    """Whether a node is rather run again than kept: exact arithmetic, a choice, a view, parts put together."""
    if isinstance(n.op, Literal):
        return isinstance(n.op.type, ArrayType)
    if isinstance(n.op, Add):
        return isinstance(n.outputs[0].type, ArrayType)
    if n.recompute or not isinstance(n.op, Apply):
        return False
    loops = loops_of(n)
    if loops is None or any(isinstance(nest, Update) for nest in loops):
        return False
    if any(isinstance(nest, Join) for nest in loops):
        return True
    if all(isinstance(nest, Nest) and nest.element is None for nest in loops):
        return True
    record = n.op.primitive
    if record.scalar is None:
        return False
    return node_work(n) <= CHEAP * max(1, n.outputs[0].type.size)
