"""Elements at indices, taken before they are computed: what is not read is not computed.

    x[:, i] of a batch         the indices along the batch, which are 0, 1, 2, …, go: only i is left
    (x + y)[i]                 x[i] + y[i]
    (x @ y)[:, i]              x @ y[:, i]
    x[j][:, i]                 x[:, i][j], as of a sum or a reshaped x along the axes that stay
    broadcast(x)[:, i]         broadcast(x), along an axis that it repeats, where i is known to be in range

A result of which only some elements are read becomes a smaller one, so that this pays whenever there are fewer indices than
elements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lineara.backends.native.flat import (
    Graph,
    Node,
    NodeOp,
    Shared,
    Value,
    inner_graphs,
    with_graphs,
)
from lineara.backends.native.order import Order, order_of
from lineara.backends.native.simplify import simplified
from lineara.backends.native.steps import loops_of
from lineara.ir import Add, Apply, ArrayType, Literal, Primitive
from lineara.ir.nest import Nest
from lineara.primitives.contraction import contract
from lineara.primitives.gathering import gather
from lineara.primitives.shape import broadcast, iota, reduce_sum, reshape, transpose

ROUNDS = 16
"""How often indices move on to what an operand is computed of."""


def selected(graph: Graph) -> Graph:
    """The simplified graph with the same results, in which indices are applied as early as it pays."""
    graph = simplified(graph)
    for _ in range(ROUNDS):
        moved = _Mover({}).run(graph)
        if moved is graph:
            break
        graph = simplified(moved)
    return graph


class _Mover:
    """Moves indices by one step in graphs, each once."""

    def __init__(self, known: dict[int, Graph]) -> None:
        self.known = known

    def run(self, graph: Graph) -> Graph:
        if id(graph) not in self.known:
            self.known[id(graph)] = self._run(graph)
        return self.known[id(graph)]

    def _run(self, graph: Graph) -> Graph:
        makers = {v: n for n in graph.nodes for v in n.outputs}
        uses = Counter([v for n in graph.nodes for v in n.inputs] + list(graph.results))
        nodes: list[Node] = []
        changed = False
        checked: set[tuple[Value, int]] = set()
        for n in graph.nodes:
            op = self._op(n.op)
            moved = _repeated(n, makers, checked)
            if moved is None:
                checked.update(_checks(n))
                moved = _plain(n, makers) or _earlier(n, makers, uses)
            changed = changed or moved is not None or op is not n.op
            nodes += moved if moved is not None else [n if op is n.op else replace(n, op=op)]
        return Graph(graph.name, graph.params, tuple(nodes), graph.results) if changed else graph

    def _op(self, op: NodeOp) -> NodeOp:
        if isinstance(op, Shared):
            inside = self.run(op.graph)
            return op if inside is op.graph else Shared(inside, op.digest)
        graphs = inner_graphs(op)
        moved = [self.run(g) for g in graphs]
        same = all(a is b for a, b in zip(graphs, moved, strict=True))
        return op if same else with_graphs(op, moved)


def _applied(node: Node, primitive: Primitive) -> dict[str, Any] | None:
    """The attributes of a node that applies a primitive."""
    if isinstance(node.op, Apply) and node.op.primitive is primitive and not node.recompute:
        return dict(node.op.attributes)
    return None


def _apply(
    primitive: Primitive, inputs: tuple[Value, ...], type_: ArrayType, like: Node, **attributes: Any
) -> Node:
    op = Apply(primitive, tuple(sorted(attributes.items())))
    return Node(op, inputs, (Value(type_),), like.origin)


def _source(v: Value, makers: Mapping[Value, Node]) -> tuple[Value, tuple[int, ...]]:
    """What a value repeats, and which of its axes are those of that."""
    axes = tuple(range(len(v.shape)))
    while v in makers:
        attributes = _applied(makers[v], broadcast)
        if attributes is None:
            break
        axes = tuple([axes[a] for a in attributes["axes"]])
        (v,) = makers[v].inputs
    return v, axes


def _counting(
    sources: Sequence[tuple[Value, tuple[int, ...]]],
    shape: tuple[int, ...],
    sizes: tuple[int, ...],
    makers: Mapping[Value, Node],
) -> dict[int, int]:
    """Which indices count along one of their axes, along which no others differ: their numbers, and the axes."""
    found: dict[int, int] = {}
    for j, (v, at) in enumerate(sources):
        others = {a for k, (_, other) in enumerate(sources) if k != j for a in other}
        counts = v in makers and _applied(makers[v], iota) is not None
        if counts and len(at) == 1 and shape[at[0]] == sizes[j] and at[0] not in others:
            found[j] = at[0]
    return found


def _plain(n: Node, makers: Mapping[Value, Node]) -> list[Node] | None:
    """A gather without the indices that count along an axis: that axis stays as it is."""
    attributes = _applied(n, gather)
    if attributes is None:
        return None
    x, *indices = n.inputs
    axes: tuple[int, ...] = attributes["axes"]
    shape = indices[0].shape
    sources = [_source(i, makers) for i in indices]
    counting = _counting(sources, shape, tuple([x.shape[a] for a in axes]), makers)
    if not counting or len(counting) == len(indices):
        return None
    kept = [d for d in range(len(shape)) if d not in counting.values()]
    nodes: list[Node] = []
    operands = []
    for j, (v, at) in enumerate(sources):
        if j in counting:
            continue
        where = tuple([kept.index(a) for a in at])
        if where != tuple(range(len(kept))):
            assert isinstance(v.type, ArrayType)
            type_ = ArrayType(v.type.dtype, tuple([shape[d] for d in kept]))
            nodes.append(_apply(broadcast, (v,), type_, n, axes=where, shape=type_.shape))
            (v,) = nodes[-1].outputs
        operands.append(v)
    new = tuple([a for j, a in enumerate(axes) if j not in counting])
    rest = [a for a in range(len(x.shape)) if a not in new]
    assert isinstance(x.type, ArrayType)
    inner = ArrayType(x.type.dtype, (*[shape[d] for d in kept], *[x.shape[a] for a in rest]))
    nodes.append(_apply(gather, (x, *operands), inner, n, axes=new))
    back = {d: axes[j] for j, d in counting.items()}
    order = [
        kept.index(d) if d in kept else len(kept) + rest.index(back[d]) for d in range(len(shape))
    ]
    order += [len(kept) + rest.index(a) for a in range(len(x.shape)) if a not in axes]
    whole = Apply(transpose, (("permutation", tuple(order)),))
    nodes.append(Node(whole, nodes[-1].outputs, n.outputs, n.origin))
    return nodes


def _checks(n: Node) -> list[tuple[Value, int]]:
    """The indices that a gather finds to be in range, with the sizes of their axes."""
    attributes = _applied(n, gather)
    if attributes is None:
        return []
    x, *indices = n.inputs
    return [(i, x.shape[a]) for i, a in zip(indices, attributes["axes"], strict=True)]


def _repeated(
    n: Node, makers: Mapping[Value, Node], checked: Collection[tuple[Value, int]]
) -> list[Node] | None:
    """A gather of what a broadcast repeats, without the indices that others have checked: all give the same."""
    attributes = _applied(n, gather)
    made = makers.get(n.inputs[0]) if attributes is not None else None
    if attributes is None or made is None or made.recompute:
        return None
    literal = made.op if isinstance(made.op, Literal) else None
    repeats = _applied(made, broadcast)
    if literal is None and repeats is None:
        return None
    own = () if repeats is None else repeats["axes"]
    axes, indices = attributes["axes"], n.inputs[1:]
    at = {a: i for a, i in zip(axes, indices, strict=True) if a in own}
    gone = [check for check, a in zip(_checks(n), axes, strict=True) if a not in at]
    if not gone or not all(check in checked for check in gone):
        return None
    if literal is not None:
        assert isinstance(n.outputs[0].type, ArrayType)
        return [Node(Literal(literal.value, n.outputs[0].type), (), n.outputs, n.origin)]
    return _broadcast_of_part(n, made, axes, at)


def _earlier(n: Node, makers: Mapping[Value, Node], uses: Mapping[Value, int]) -> list[Node] | None:
    """A gather of what is computed, as the computation on gathers of its operands."""
    attributes = _applied(n, gather)
    if attributes is None:
        return None
    x, *indices = n.inputs
    made = makers.get(x)
    if made is None or made.recompute or uses[x] > 1 or n.outputs[0].type.size >= x.type.size:
        return None
    axes: tuple[int, ...] = attributes["axes"]
    if _applied(made, broadcast) is not None:
        return _of_broadcast(n, made, axes, tuple(indices))
    if _applied(made, contract) is not None:
        return _of_contraction(n, made, axes, tuple(indices))
    if _applied(made, gather) is not None:
        return _of_gather(n, made, axes, tuple(indices))
    if _applied(made, reduce_sum) is not None:
        return _of_sum(n, made, axes, tuple(indices))
    if _applied(made, reshape) is not None:
        return _of_reshape(n, made, axes, tuple(indices))
    if not _is_elementwise(made):
        return None
    parts = [_part(v, axes, tuple(indices), n) for v in made.inputs]
    inputs = tuple([p.outputs[0] for p in parts])
    return [*parts, Node(made.op, inputs, n.outputs, made.origin)]


def _is_elementwise(n: Node) -> bool:
    if isinstance(n.op, Add):
        return isinstance(n.outputs[0].type, ArrayType)
    if not isinstance(n.op, Apply) or n.op.primitive.scalar is None or not n.inputs:
        return False
    shapes = {v.shape for v in (*n.inputs, *n.outputs)}
    return len(n.outputs) == 1 and len(shapes) == 1 and not n.op.primitive.transient


def _part(v: Value, axes: tuple[int, ...], indices: tuple[Value, ...], like: Node) -> Node:
    """A value at indices."""
    assert isinstance(v.type, ArrayType)
    rest = [k for a, k in enumerate(v.shape) if a not in axes]
    type_ = ArrayType(v.type.dtype, (*indices[0].shape, *rest))
    return _apply(gather, (v, *indices), type_, like, axes=axes)


def _of_broadcast(
    n: Node, made: Node, axes: tuple[int, ...], indices: tuple[Value, ...]
) -> list[Node] | None:
    own = dict(made.op.attributes)["axes"]  # type: ignore[union-attr]
    if not set(axes) <= set(own):
        return None
    return _broadcast_of_part(n, made, axes, dict(zip(axes, indices, strict=True)))


def _broadcast_of_part(
    n: Node, made: Node, axes: tuple[int, ...], at: Mapping[int, Value]
) -> list[Node]:
    """A gather of a broadcast along axes, of which some have an index: the part at these, repeated."""
    (x,), own = made.inputs, dict(made.op.attributes)["axes"]  # type: ignore[union-attr]
    indices = tuple(at.values())
    parts = [_part(x, tuple([own.index(a) for a in at]), indices, n)] if at else []
    rank = len(n.outputs[0].shape) - len(made.outputs[0].shape) + len(axes)
    rest = [a for a in range(len(made.outputs[0].shape)) if a not in axes]
    first = range(rank) if at else ()
    places = (*first, *[rank + rest.index(a) for a in own if a not in axes])
    whole = Apply(broadcast, (("axes", places), ("shape", n.outputs[0].shape)))
    inputs = parts[0].outputs if parts else (x,)
    return [*parts, Node(whole, inputs, n.outputs, made.origin)]


def _of_gather(
    n: Node, made: Node, axes: tuple[int, ...], indices: tuple[Value, ...]
) -> list[Node] | None:
    """A gather along other axes than those of the gather before it: the two change places."""
    x, *before = made.inputs
    own: tuple[int, ...] = dict(made.op.attributes)["axes"]  # type: ignore[union-attr]
    first, rank = len(before[0].shape), len(indices[0].shape)
    if min(axes) < first:
        return None
    rest = [a for a in range(len(x.shape)) if a not in own]
    taken = tuple([rest[a - first] for a in axes])
    part = _part(x, taken, indices, n)
    left = [a for a in range(len(x.shape)) if a not in taken]
    inner = _part(part.outputs[0], tuple([rank + left.index(a) for a in own]), tuple(before), n)
    order = (
        *range(first, first + rank),
        *range(first),
        *range(first + rank, len(n.outputs[0].shape)),
    )
    whole = Apply(transpose, (("permutation", order),))
    return [part, inner, Node(whole, inner.outputs, n.outputs, made.origin)]


def _of_sum(n: Node, made: Node, axes: tuple[int, ...], indices: tuple[Value, ...]) -> list[Node]:
    """The sum of the elements at the indices."""
    (x,), summed = made.inputs, dict(made.op.attributes)["axes"]  # type: ignore[union-attr]
    rest = [a for a in range(len(x.shape)) if a not in summed]
    taken = tuple([rest[a] for a in axes])
    part = _part(x, taken, indices, n)
    left = [a for a in range(len(x.shape)) if a not in taken]
    rank = len(indices[0].shape)
    whole = Apply(reduce_sum, (("axes", tuple([rank + left.index(a) for a in summed])),))
    return [part, Node(whole, part.outputs, n.outputs, made.origin)]


def _of_reshape(
    n: Node, made: Node, axes: tuple[int, ...], indices: tuple[Value, ...]
) -> list[Node] | None:
    """A gather along axes that a reshape leaves as they are, since all after them are as they were."""
    (x,), shape = made.inputs, made.outputs[0].shape
    same = 0
    while same < min(len(x.shape), len(shape)) and x.shape[-1 - same] == shape[-1 - same]:
        same += 1
    if min(axes) < len(shape) - same:
        return None
    part = _part(x, tuple([a - len(shape) + len(x.shape) for a in axes]), indices, n)
    whole = Apply(reshape, (("shape", n.outputs[0].shape),))
    return [part, Node(whole, part.outputs, n.outputs, made.origin)]


def _of_contraction(
    n: Node, made: Node, axes: tuple[int, ...], indices: tuple[Value, ...]
) -> list[Node] | None:
    """Each operand at the indices along the axes that it has; all of them or none, for the indices are of one axis.

    Only where sums keep their order: whether a product is also read as a whole is a matter of what a plan keeps.
    """
    *given, result = dict(made.op.attributes)["spec"]  # type: ignore[union-attr]
    if len(axes) != 1 or len(indices[0].shape) != 1:
        return None
    label = result[axes[0]]
    if any(labels.count(label) > 1 for labels in (*given, result)):
        return None
    nodes: list[Node] = []
    operands, labels = [], []
    for v, own in zip(made.inputs, given, strict=True):
        if label in own:
            nodes.append(_part(v, (own.index(label),), indices, n))
            (v,) = nodes[-1].outputs
            own = (label, *[k for k in own if k != label])
        operands.append(v)
        labels.append(own)
    spec = (*labels, (label, *[k for k in result if k != label]))
    whole = Node(Apply(contract, (("spec", spec),)), tuple(operands), n.outputs, made.origin)
    orders = _orders(made)
    return None if orders is None or orders != _orders(whole) else [*nodes, whole]


def _orders(n: Node) -> list[Order] | None:
    """The orders in which loops sum up; None if a library does it."""
    loops = loops_of(n)
    if loops is None:
        return None
    return [order_of(nest, k) for nest in loops if isinstance(nest, Nest) for k in nest.reduced]
