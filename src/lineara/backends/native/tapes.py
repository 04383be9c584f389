"""The tapes of loops, as short as it pays: what one loop stacks up for another to read.

    invariant    what every trip computes alike is computed once, before the loop
    known        a stack of what both loops have anyhow, a constant or a row of their own, is not made
    recomputed   a tape that does not fit into the cache keeps the carry and what is dear, functions and contractions;
                 what is cheap is computed again from them in the loop that reads it

Results are the same bits: what is recomputed is the same arithmetic on the same operands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lineara.backends.native.flat import (
    Graph,
    Loop,
    Node,
    Shared,
    Value,
    inner_graphs,
    with_graphs,
)
from lineara.backends.native.steps import loops_of
from lineara.ir import Add, Apply, ArrayType, Literal
from lineara.ir.nest import Computed, Join, Nest, Update

CHEAP = 4
"""The operations of an element up to which it is rather computed again than kept."""
CACHED = 1 << 20
"""The bytes of a tape that stays in the cache: it is kept as it is."""
GAIN = 0.9
"""What is left of a tape, at most, where it is worth to compute again."""


def shortened(graph: Graph) -> Graph:
    """The graph with the same results, whose loops keep less for each other."""
    return _Shortener({}).run(graph)


class _Shortener:
    """Shortens tapes in graphs, each once."""

    def __init__(self, known: dict[int, Graph]) -> None:
        self.known = known

    def run(self, graph: Graph) -> Graph:
        if id(graph) not in self.known:
            self.known[id(graph)] = self._run(graph)
        return self.known[id(graph)]

    def _run(self, graph: Graph) -> Graph:
        nodes: list[Node] = []
        same: dict[Value, Value] = {}
        for n in graph.nodes:
            op = n.op
            if isinstance(op, Shared):
                op = Shared(self.run(op.graph), op.digest)
            else:
                op = with_graphs(op, [self.run(g) for g in inner_graphs(op)])
            n = replace(n, op=op, inputs=tuple([same.get(v, v) for v in n.inputs]))
            if isinstance(op, Loop):
                n = _hoisted(n, nodes)
                n = _without_known(n, nodes, same)
                n = _recomputing(n, nodes, graph)
            nodes.append(n)
        results = tuple([same.get(v, v) for v in graph.results])
        return Graph(graph.name, graph.params, tuple(nodes), results)


@dataclass(slots=True)
class _Parts:
    """A loop taken apart: its operands beside the parameters of its body."""

    node: Node
    op: Loop
    lead: tuple[Value, ...]
    constants: list[tuple[Value, Value]]
    carry: list[tuple[Value, Value]]
    rows: list[tuple[Value, Value]]

    @classmethod
    def of(cls, node: Node) -> _Parts:
        op = node.op
        assert isinstance(op, Loop)
        lead = int(op.length is None)
        pairs = list(zip(op.body.params, node.inputs[lead:], strict=True))
        begin, end = op.constants, op.constants + op.carry
        return cls(node, op, node.inputs[:lead], pairs[:begin], pairs[begin:end], pairs[end:])

    def loop(
        self,
        nodes: Sequence[Node],
        carried: Sequence[Value],
        stacks: Sequence[tuple[Value, Value]],
    ) -> Node:
        """The loop of these parts: `stacks` are the results of the body and the outputs that stack them."""
        pairs = [*self.constants, *self.carry, *self.rows]
        body = Graph(
            self.op.body.name,
            tuple([p for p, _ in pairs]),
            tuple(nodes),
            (*carried, *[r for r, _ in stacks]),
        )
        op = Loop(body, self.op.length, len(self.constants), len(self.carry), self.op.reverse)
        inputs = (*self.lead, *[v for _, v in pairs])
        outputs = (*self.node.outputs[: len(self.carry)], *[v for _, v in stacks])
        return replace(self.node, op=op, inputs=inputs, outputs=outputs)


def _stacks(n: Node) -> list[tuple[Value, Value]]:
    op = n.op
    assert isinstance(op, Loop)
    return list(zip(op.body.results[op.carry :], n.outputs[op.carry :], strict=True))


def _may_hoist(n: Node) -> bool:
    """Whether a node gives the same wherever it stands, and cannot fail."""
    if n.recompute or not isinstance(n.op, Apply | Add):
        return False
    loops = loops_of(n)
    if loops is None:
        return False
    return not any(
        isinstance(x, Computed) and x.checked
        for nest in loops
        for access in (nest.operands if isinstance(nest, Nest) else ())
        for x in access
    ) and all(isinstance(nest, Nest) for nest in loops)


def _hoisted(n: Node, before: list[Node]) -> Node:
    """The loop without what does not differ from trip to trip, which goes before it."""
    parts = _Parts.of(n)
    if parts.op.length == 0:
        return n
    body = parts.op.body
    fixed = zip(parts.carry, body.results, strict=False)
    outside = dict(parts.constants) | {p: v for (p, v), r in fixed if r is p}
    literals = {v: m for m in body.nodes if isinstance(m.op, Literal) for v in m.outputs}
    moved: dict[Value, Value] = {}
    copied: dict[Value, Value] = {}
    stay: list[Node] = []

    def at_hand(v: Value) -> Value:
        """A value outside of the loop: an operand, what has been moved, or a literal once more."""
        known = outside.get(v) or moved.get(v) or copied.get(v)
        if known is None:
            known = copied[v] = Value(v.type)
            before.append(replace(literals[v], outputs=(known,)))
        return known

    for m in body.nodes:
        known = [v in outside or v in moved for v in m.inputs]
        alike = all(on or v in literals for on, v in zip(known, m.inputs, strict=True))
        if any(known) and alike and _may_hoist(m):
            outputs = tuple([Value(v.type) for v in m.outputs])
            before.append(replace(m, inputs=tuple(map(at_hand, m.inputs)), outputs=outputs))
            moved.update(zip(m.outputs, outputs, strict=True))
        else:
            stay.append(m)
    if not moved:
        return n
    read = {v for m in stay for v in m.inputs} | set(body.results)
    parts.constants += [(v, w) for v, w in moved.items() if v in read]
    return parts.loop(stay, body.results[: parts.op.carry], _stacks(n))


def _without_known(n: Node, before: list[Node], same: dict[Value, Value]) -> Node:
    """The loop without the stacks of its own rows; and rows that are one constant, stacked, as the constant."""
    parts = _Parts.of(n)
    made_by = {v: m for m in before for v in m.outputs}
    constant: list[tuple[Value, Value]] = []
    rows: list[tuple[Value, Value]] = []
    first: dict[Value, Value] = {}
    body_same: dict[Value, Value] = {}
    for p, v in parts.rows:
        source = _stacked_constant(made_by.get(v), v)
        if source is not None and source.type is p.type:
            constant.append((p, source))
        elif v in first:
            body_same[p] = first[v]
        else:
            first[v] = p
            rows.append((p, v))
    stacks = _stacks(n)
    own = dict(parts.rows)
    kept = []
    for r, out in stacks:
        if r in own and isinstance(out.type, ArrayType) and own[r].type is out.type:
            same[out] = own[r]
        else:
            kept.append((r, out))
    if not constant and not body_same and len(kept) == len(stacks):
        return n
    parts.constants += constant
    parts.rows = rows
    nodes = [
        replace(m, inputs=tuple([body_same.get(v, v) for v in m.inputs]))
        for m in parts.op.body.nodes
    ]
    results = [body_same.get(v, v) for v in parts.op.body.results[: parts.op.carry]]
    return parts.loop(nodes, results, [(body_same.get(r, r), out) for r, out in kept])


def _stacked_constant(maker: Node | None, stack: Value) -> Value | None:
    """What a loop stacks up, if it is a constant of the loop."""
    if maker is None or not isinstance(maker.op, Loop) or not isinstance(stack.type, ArrayType):
        return None
    parts = _Parts.of(maker)
    result = next((r for r, out in _stacks(maker) if out is stack), None)
    return next((v for p, v in parts.constants if p is result), None)


def _recomputing(n: Node, before: list[Node], graph: Graph) -> Node:
    """The loop that computes again what is cheap of the tapes that loops before it have kept for it."""
    uses = Counter([v for m in graph.nodes for v in m.inputs] + list(graph.results))
    for i, maker in enumerate(before):
        if isinstance(maker.op, Loop) and maker.op.length == n.op.length and maker.op.length:  # type: ignore[union-attr]
            found = _rematerialised(maker, n, uses)
            if found is not None:
                before[i], n = found
    return n


def _rematerialised(maker: Node, reader: Node, uses: Counter[Value]) -> tuple[Node, Node] | None:
    """Both loops, with a shorter tape between them; None if it does not pay."""
    made, read = _Parts.of(maker), _Parts.of(reader)
    params = {v: p for p, v in read.rows}
    tape = {
        out: r
        for r, out in _stacks(maker)
        if out in params and uses[out] == 1 and isinstance(out.type, ArrayType)
    }
    makers = {v: m for m in made.op.body.nodes for v in m.outputs}
    needed: list[Value] = []
    order: list[Node] = []
    for r in tape.values():
        _cone(r, makers, needed, order)
    known = {p for p, _ in (*made.constants, *made.rows)}
    old = sum(map(_bytes, tape.values()))
    new = sum([_bytes(v) for v in needed if v not in known])
    if old * (made.op.length or 0) <= CACHED or new > GAIN * old:
        return None
    read.rows = [(p, v) for p, v in read.rows if v not in tape]
    again, stacks = _brought(needed, made, read)
    nodes = [_copied(m, again) for m in order]
    instead = {params[out]: again[r] for out, r in tape.items()}
    nodes += [
        replace(m, inputs=tuple([instead.get(v, v) for v in m.inputs])) for m in read.op.body.nodes
    ]
    kept = [(r, out) for r, out in _stacks(maker) if out not in tape]
    carry = made.op.carry
    first = made.loop(made.op.body.nodes, made.op.body.results[:carry], [*kept, *stacks])
    results = [instead.get(v, v) for v in read.op.body.results]
    carry = read.op.carry
    given = list(zip(results[carry:], reader.outputs[carry:], strict=True))
    return first, read.loop(nodes, results[:carry], given)


def _brought(
    needed: Sequence[Value], made: _Parts, read: _Parts
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


def _bytes(v: Value) -> int:
    return v.type.nbytes


def _cone(v: Value, makers: dict[Value, Node], leaves: list[Value], order: list[Node]) -> None:
    """What a value is computed of by cheap nodes: the values that they start from, and the nodes in order."""
    stack: list[tuple[Value, bool]] = [(v, False)]
    done = set(leaves) | {x for m in order for x in m.outputs}
    while stack:
        x, ready = stack.pop()
        if x in done:
            continue
        m = makers.get(x)
        if m is None or not is_cheap(m):
            leaves.append(x)
            done.add(x)
        elif ready:
            order.append(m)
            done.update(m.outputs)
        else:
            stack.append((x, True))
            stack += [(y, False) for y in m.inputs]


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
    operands: Any = tuple([v.type for v in n.inputs])
    results: Any = tuple([v.type for v in n.outputs])
    work: int = record.work(operands, results, dict(n.op.attributes))
    return work <= CHEAP * max(1, n.outputs[0].type.size)
