"""What is not needed goes, what is computed twice is computed once, and constants are folded: on flat programs.

A node that a plan asked to be computed again is never merged with another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import frexp
from typing import Any

import numpy as np

from lineara.backends.native.constants import filled, folded
from lineara.backends.native.flat import (
    Constant,
    Graph,
    Loop,
    Node,
    NodeOp,
    Shared,
    Value,
    inner_graphs,
    with_graphs,
)
from lineara.backends.native.recomputing import is_cheap
from lineara.backends.native.steps import loops_of
from lineara.ir import Add, Apply, ArrayType, Literal
from lineara.ir.nest import Nest
from lineara.primitives.arithmetic import mul, scale


def simplified(graph: Graph) -> Graph:
    """The graph with the same results, with fewer nodes."""
    return _Simplifier({}).run(graph)


class _Simplifier:
    """Simplifies graphs, each once."""

    def __init__(self, known: dict[int, Graph]) -> None:
        self.known = known

    def run(self, graph: Graph) -> Graph:
        if id(graph) not in self.known:
            self.known[id(graph)] = _without_dead(self._merged(graph))
        return self.known[id(graph)]

    def _merged(self, graph: Graph) -> Graph:
        merging = _Merging()
        for n in graph.nodes:
            merging.add(replace(n, op=self._op(n.op)))
        results = tuple([merging.same.get(v, v) for v in graph.results])
        return Graph(graph.name, graph.params, tuple(merging.nodes), results)

    def _op(self, op: NodeOp) -> NodeOp:
        if isinstance(op, Shared):
            return Shared(self.run(op.graph), op.digest)
        return with_graphs(op, [self.run(g) for g in inner_graphs(op)])


class _Merging:
    """The new nodes of a graph, and what is known of its values."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.same: dict[Value, Value] = {}
        self.literals: dict[Value, Literal] = {}
        self.constants: dict[Value, Constant | Literal] = {}
        self.seen: dict[Any, Node] = {}
        self.makers: dict[Value, Node] = {}

    def add(self, node: Node) -> None:
        """Take a node, or what is simpler."""
        node = self._renamed(node)
        alias = _alias(node, self.literals)
        if alias is not None:
            self.same[node.outputs[0]] = alias
            return
        if isinstance(node.op, Constant):
            node = replace(node, op=filled(node.op))
        known = list(map(filled, folded(node, self.constants)))
        if known:
            self._fold(node, known)
            return
        literal = _folded(node, self.literals)
        if literal is not None:
            node = Node(literal, (), node.outputs, node.origin, node.recompute)
        for m in _at_once(node, self.literals, self.makers):
            self._keep(self._renamed(m))

    def _renamed(self, node: Node) -> Node:
        return replace(node, inputs=tuple([self.same.get(v, v) for v in node.inputs]))

    def _fold(self, node: Node, known: Sequence[Constant | Literal]) -> None:
        """Keep the results of a node as constants."""
        for v, c in zip(node.outputs, known, strict=True):
            self.constants[v] = c
            if isinstance(c, Literal):
                self.literals[v] = c
            self.nodes.append(Node(c, (), (v,), node.origin))

    def _keep(self, node: Node) -> None:
        """Keep a node, if no other one computes the same."""
        if isinstance(node.op, Literal) and isinstance(node.op.type, ArrayType):
            self.literals[node.outputs[0]] = node.op
        if isinstance(node.op, Constant | Literal):
            self.constants[node.outputs[0]] = node.op
        key = _key(node)
        first = self.seen.get(key) if key is not None else None
        if first is not None:
            self.same.update(zip(node.outputs, first.outputs, strict=True))
            return
        if key is not None:
            self.seen[key] = node
        self.nodes.append(node)
        self.makers.update(dict.fromkeys(node.outputs, node))


def _key(node: Node) -> Any:
    """What tells whether two nodes compute the same; None where they are not compared."""
    if node.recompute or not isinstance(node.op, Apply | Literal | Constant | Add):
        return None
    if isinstance(node.op, Apply) and node.op.primitive.transient:
        return None
    return node.op.key, node.inputs


def _alias(node: Node, literals: dict[Value, Literal]) -> Value | None:
    """The operand that a node gives back unchanged, if it does."""
    if not isinstance(node.op, Add | Apply) or not isinstance(node.outputs[0].type, ArrayType):
        return None
    if isinstance(node.op, Add):
        for x, y in (node.inputs, node.inputs[::-1]):
            if x in literals and literals[x].value == 0:
                return y
        return None
    if node.op.primitive in (mul, scale):
        return _times_one(node, literals)
    if len(node.outputs) != 1 or not node.inputs or node.inputs[0].type is not node.outputs[0].type:
        return None
    record = node.op.primitive
    if record.borrows or record.nest is None:
        return None
    loops = loops_of(node)
    if loops is None or not isinstance(loops[0], Nest) or loops[0].element is not None:
        return None
    nest = loops[0]
    straight = all(
        getattr(x, "aligned", False) and x.index == a  # type: ignore[union-attr]
        for a, x in enumerate(nest.operands[0])
    )
    return node.inputs[0] if straight and nest.result == tuple(range(len(nest.extents))) else None


def _times_one(node: Node, literals: dict[Value, Literal]) -> Value | None:
    """The operand of a product of reals whose other one is 1."""
    for x, y in (node.inputs, node.inputs[::-1]):
        if x in literals and literals[x].value == 1 and literals[x].type.dtype.kind == "f":
            return y if y.type is node.outputs[0].type else None
    return None


def _at_once(
    node: Node, literals: dict[Value, Literal], makers: dict[Value, Node]
) -> tuple[Node, ...]:
    """What is scaled by a power of two and then by a constant is scaled by both at once: (2·x)·c = x·2c, to the bit.

    Neither is below 1, so that where 2·x is infinite, so is x·2c.
    """
    outer = _scaled(node, literals)
    inner = _scaled(makers[outer[0]], literals) if outer and outer[0] in makers else None
    if outer is None or inner is None:
        return (node,)
    (_, factor), (x, power) = outer, inner
    assert isinstance(x.type, ArrayType)
    product = factor * power
    exact = power >= 1 and frexp(power)[0] == 0.5 and abs(factor) >= 1
    if not exact or abs(product) > float(np.finfo(x.type.dtype).max):
        return (node,)
    v = Value(x.type)
    return Node(Literal(product, x.type), (), (v,), node.origin), replace(node, inputs=(v, x))


def _scaled(node: Node, literals: dict[Value, Literal]) -> tuple[Value, float] | None:
    """The real array that a node multiplies by a constant, and the constant."""
    if node.recompute or not isinstance(node.op, Apply) or node.op.primitive not in (mul, scale):
        return None
    for c, x in (node.inputs, node.inputs[::-1]):
        type_ = x.type
        if c in literals and isinstance(type_, ArrayType) and type_.dtype.kind == "f":
            return x, float(np.asarray(literals[c].value, type_.dtype))
    return None


def _folded(node: Node, literals: dict[Value, Literal]) -> Literal | None:
    """The constant that a node of constants is: a view of one, or exact arithmetic on them."""
    op = node.op
    if not isinstance(op, Apply | Add) or not node.inputs or len(node.outputs) != 1:
        return None
    given = [literals.get(v) for v in node.inputs]
    type_ = node.outputs[0].type
    if any(g is None for g in given) or not isinstance(type_, ArrayType):
        return None
    if isinstance(op, Apply) and op.primitive.nest is not None:
        loops = loops_of(node)
        first = loops[0] if loops is not None else None
        view = isinstance(first, Nest) and (first.element is None or first.contiguous)
        return Literal(given[0].value, type_) if view and given[0] is not None else None
    return _computed(node, [g for g in given if g is not None])


def _computed(node: Node, given: Sequence[Literal]) -> Literal | None:
    """The real number, neither 0 nor infinite, that exact arithmetic makes of others."""
    (result,), op = node.outputs, node.op
    assert isinstance(result.type, ArrayType)
    if any(t.dtype.kind != "f" for t in (result.type, *[g.type for g in given])):
        return None
    if not isinstance(op, Apply) or op.primitive.scalar is None or not is_cheap(node):
        return None
    with np.errstate(all="ignore"):
        (made,) = op.primitive.evaluate(
            *[np.asarray(g.value, g.type.dtype) for g in given], **dict(op.attributes)
        )
    value = float(made)
    return Literal(value, result.type) if np.isfinite(value) and value != 0 else None


def _without_dead(graph: Graph) -> Graph:
    """Only the nodes that results need, and loops with what of them is needed."""
    needed = set(graph.results)
    kept: list[Node] = []
    for n in reversed(graph.nodes):
        if any(v in needed for v in n.outputs):
            n = _needed_loop(n, needed) if isinstance(n.op, Loop) else n
            needed.update(n.inputs)
            kept.append(n)
    return Graph(graph.name, graph.params, tuple(reversed(kept)), graph.results)


def _needed_loop(n: Node, needed: set[Value]) -> Node:
    """A loop that gives the stacks that are needed, and takes what it reads for them."""
    op = n.op
    assert isinstance(op, Loop)
    given = [i < op.carry or v in needed for i, v in enumerate(n.outputs)]
    results = tuple([r for r, on in zip(op.body.results, given, strict=True) if on])
    body = _without_dead(Graph(op.body.name, op.body.params, op.body.nodes, results))
    read = {v for m in body.nodes for v in m.inputs} | set(body.results)
    carried = range(op.constants, op.constants + op.carry)
    taken = [i in carried or p in read for i, p in enumerate(body.params)]
    if all(given) and all(taken):
        return Node(replace(op, body=body), n.inputs, n.outputs, n.origin, n.recompute)
    params = tuple([p for p, on in zip(body.params, taken, strict=True) if on])
    lead = int(op.length is None)
    inputs = [v for v, on in zip(n.inputs[lead:], taken, strict=True) if on]
    loop = replace(
        op,
        body=Graph(body.name, params, body.nodes, results),
        constants=sum(taken[: op.constants]),
    )
    outputs = tuple([v for v, on in zip(n.outputs, given, strict=True) if on])
    return Node(loop, (*n.inputs[:lead], *inputs), outputs, n.origin, n.recompute)
