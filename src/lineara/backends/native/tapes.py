"""The tapes of loops, as short as it pays: what one loop stacks up for another to read.

invariant    what every trip computes alike is computed once, before the loop
known        a stack of what both loops have anyhow, a constant or a row of their own, is not made
recomputed   what is cheaper to compute again is computed again (`lineara.backends.native.recomputing`)
"""

from __future__ import annotations

from dataclasses import replace

from lineara.backends.native.flat import (
    Graph,
    Loop,
    Node,
    Shared,
    Value,
    inner_graphs,
    with_graphs,
)
from lineara.backends.native.recomputing import recomputing
from lineara.backends.native.scans import Parts, stacks_of
from lineara.backends.native.steps import loops_of
from lineara.ir import Add, Apply, ArrayType, Literal
from lineara.ir.nest import Computed, Nest


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
            nodes.append(n)
        results = tuple([same.get(v, v) for v in graph.results])
        return Graph(graph.name, graph.params, recomputing(nodes, results), results)


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
    parts = Parts.of(n)
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
    return parts.loop(stay, body.results[: parts.op.carry], stacks_of(n))


def _without_known(n: Node, before: list[Node], same: dict[Value, Value]) -> Node:
    """The loop without the stacks of its own rows; and rows that are one constant, stacked, as the constant."""
    parts = Parts.of(n)
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
    stacks = stacks_of(n)
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
    parts = Parts.of(maker)
    result = next((r for r, out in stacks_of(maker) if out is stack), None)
    return next((v for p, v in parts.constants if p is result), None)
