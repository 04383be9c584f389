"""A loop of a flat program taken apart, and put together again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lineara.backends.native.flat import Graph, Loop, Node, Value


@dataclass(slots=True)
class Parts:
    """A loop taken apart: its operands beside the parameters of its body."""

    node: Node
    op: Loop
    lead: tuple[Value, ...]
    constants: list[tuple[Value, Value]]
    carry: list[tuple[Value, Value]]
    rows: list[tuple[Value, Value]]

    @classmethod
    def of(cls, node: Node) -> Parts:
        """The parts of a loop."""
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
        op = replace(self.op, body=body, constants=len(self.constants), carry=len(self.carry))
        inputs = (*self.lead, *[v for _, v in pairs])
        outputs = (*self.node.outputs[: len(self.carry)], *[v for _, v in stacks])
        return replace(self.node, op=op, inputs=inputs, outputs=outputs)


def stacks_of(n: Node) -> list[tuple[Value, Value]]:
    """The results that a loop's body gives for its stacks, and the stacks."""
    op = n.op
    assert isinstance(op, Loop)
    return list(zip(op.body.results[op.carry :], n.outputs[op.carry :], strict=True))
