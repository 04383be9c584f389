"""Steps: the nodes of a graph as loops over indices, or as wholes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from lineara.backends.native.flat import Constant, Graph, Node, Value
from lineara.backends.native.places import Position
from lineara.ir import Add, Apply, ArrayType, Literal
from lineara.ir.nest import Along, Join, Loops, Nest, Update, straight


@dataclass(slots=True, eq=False)
class Step:
    """One result of a node: its loops, or None for what runs as a whole (then all results)."""

    node: Node
    loops: Loops | None
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    extents: tuple[int, ...] = ()
    places: tuple[int | None, ...] = ()
    bindable: frozenset[int] = frozenset()
    aligned: tuple[dict[int, int], ...] = ()
    work: int = 1

    @property
    def output(self) -> Value:
        """The only result."""
        (only,) = self.outputs
        return only

    @property
    def is_view(self) -> bool:
        """Whether it gives its operand, under other positions."""
        return isinstance(self.loops, Nest) and self.loops.element is None and bool(self.inputs)

    @property
    def is_repeated(self) -> bool:
        """Whether it gives its operand again and again: a view that nothing can be changed in."""
        if not self.is_view or not isinstance(self.loops, Nest) or self.loops.contiguous:
            return False
        read = {x.index for x in self.loops.operands[0] if isinstance(x, Along)}
        return any(k not in read for k, n in enumerate(self.extents) if n > 1)

    @property
    def is_formula(self) -> bool:
        """Whether it reads nothing: an element is made wherever it is read."""
        return isinstance(self.loops, Nest) and not self.inputs


At = dict[Step, dict[int, Position]]
"""The positions of the indices that are bound, of each step."""


def steps_of(graph: Graph) -> list[Step]:
    """The steps of a graph, in order."""
    return [s for n in graph.nodes for s in steps_of_node(n)]


def steps_of_node(node: Node) -> list[Step]:
    """The steps of a node: one for each result, changes of an operand after its readers, or one that gives all."""
    loops = loops_of(node)
    if loops is None:
        return [Step(node, None, node.inputs, node.outputs)]
    made = []
    for nest, output in zip(loops, node.outputs, strict=True):
        step = Step(node, nest, node.inputs, (output,))
        _describe(step)
        made.append(step)
    return sorted(made, key=lambda step: isinstance(step.loops, Update))


def loops_of(node: Node) -> Sequence[Loops] | None:
    """The loops of a node, one nest for each result; None if it runs as a whole."""
    op = node.op
    if isinstance(op, Add) and isinstance(node.inputs[0].type, ArrayType):
        return [_pointwise(node.outputs[0], 2, lambda m, index, x, y: x() + y())]
    if isinstance(op, Literal) and isinstance(op.type, ArrayType):
        value, dtype = op.value, op.type.dtype
        return [_pointwise(node.outputs[0], 0, lambda m, index: m.constant(value, dtype))]
    if isinstance(op, Constant):
        return [_pointwise(node.outputs[0], 0, None)]
    if isinstance(op, Apply):
        record, attributes = op.primitive, dict(op.attributes)
        types = [tuple([v.type for v in vs]) for vs in (node.inputs, node.outputs)]
        if record.prefers_routine is not None and record.prefers_routine(*types, attributes):
            return None
        if record.scalar is not None:
            law = record.scalar
            return [
                _pointwise(
                    node.outputs[0],
                    len(node.inputs),
                    lambda m, index, *reads: law(m, *[r() for r in reads], **attributes),
                )
            ]
        if record.nest is not None:
            made: Sequence[Loops] = record.nest(*types, **attributes)
            return made
    return None


def _pointwise(output: Value, arity: int, element: Any) -> Nest:
    axes = tuple(range(len(output.shape)))
    return Nest(output.shape, axes, (straight(*axes),) * arity, element)


def _describe(step: Step) -> None:
    """Where the axes of the result and of the operands are the indices themselves."""
    loops, shape = step.loops, step.output.shape
    match loops:
        case Nest():
            step.extents, step.places = loops.extents, loops.result
            step.bindable = frozenset(range(len(loops.extents)))
            accesses: Sequence[Any] = loops.operands
        case Update():
            step.extents = loops.extents
            step.places = tuple(
                [_whole_axis(x, n, loops.extents) for x, n in zip(loops.target, shape, strict=True)]
            )
            step.bindable = frozenset([k for k in step.places if k is not None])
            accesses = [_at_places(step), *loops.operands]
        case Join():
            step.extents = shape
            step.places = tuple([None if a in loops.apart else a for a in range(len(shape))])
            step.bindable = frozenset([a for a in step.places if a is not None])
            accesses = [_at_places(step)] * len(step.inputs)
    step.aligned = tuple(map(_aligned, accesses))
    step.work = prod(step.extents)


def _whole_axis(x: Any, size: int, extents: tuple[int, ...]) -> int | None:
    """The index that an axis is, if a target is all of it."""
    if not isinstance(x, Along) or not x.aligned or x.index is None:
        return None
    return x.index if extents[x.index] == size else None


def _at_places(step: Step) -> tuple[Any, ...]:
    """The access of the result, where it is that of an index."""
    return tuple([None if k is None else Along(k) for k in step.places])


def _aligned(access: Sequence[Any]) -> dict[int, int]:
    """The axes that are read at an index itself, with the index."""
    return {
        a: x.index
        for a, x in enumerate(access)
        if isinstance(x, Along) and x.aligned and x.index is not None
    }
