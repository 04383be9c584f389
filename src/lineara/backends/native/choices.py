"""Branches: one of several graphs runs, and gives its results where all of them do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from lineara.backends.native.carries import changed_in_place, with_root
from lineara.backends.native.flat import Graph, Value
from lineara.backends.native.groups import Group
from lineara.backends.native.places import I64, LONG, Buffer, Root
from lineara.backends.native.steps import Step
from lineara.backends.native.wholes import Wholes
from lineara.ir import ArrayType, ListType


class Choices(Wholes):
    """Emits switches."""

    def choose(self, s: Step, branches: Sequence[Graph], group: Group) -> None:
        """A switch, as a jump."""
        b = self.m.builder
        outs, shared = self._outs(s, branches, group)
        after = b.append_basic_block("chosen")
        blocks = [b.append_basic_block(f"branch{n}") for n in range(len(branches))]
        switch = b.switch(self._index(s.inputs[0], len(branches) - 1), blocks[-1])
        for n, block in enumerate(blocks[:-1]):
            switch.add_case(ir.Constant(LONG, n), block)
        for graph, block in zip(branches, blocks, strict=True):
            b.position_at_end(block)
            scope = dict(self.numbers), dict(self.places)
            owned: dict[int, Root] = {}
            for i, (p, v) in enumerate(zip(graph.params, s.inputs[1:], strict=True)):
                self.alias(p, v)
                if i in shared:
                    root = owned[shared[i]] = Root(True, [p])
                    self.places[p] = with_root(outs[s.outputs[shared[i]]], root)
            self._branch(graph, s.outputs, outs, owned)
            b.branch(after)
            self.numbers, self.places = scope
        b.position_at_end(after)
        for v, out in outs.items():
            self.places[v] = out
            if isinstance(v.type, ArrayType):
                out.root.values.append(v)
                self.settle(v)

    def _index(self, v: Value, last: int) -> Any:
        """The number of the branch, in range."""
        m = self.m
        index = m.convert(self.element(v, (), 1), I64)
        index = m.where(m.lt(index, 0), 0, index)
        return m.where(m.gt(index, last), last, index).value

    def _outs(
        self, s: Step, branches: Sequence[Graph], group: Group
    ) -> tuple[dict[Value, Any], dict[int, int]]:
        """Where the results go; and which operands all branches change in place, and to which results."""
        operands = s.inputs[1:]
        outs: dict[Value, Any] = {}
        shared: dict[int, int] = {}
        for j, v in enumerate(s.outputs):
            if isinstance(v.type, ListType):
                outs[v] = self.lists.header()
                continue
            sources = {changed_in_place(g, g.results[j]) for g in branches}
            (i,) = sources if len(sources) == 1 else (None,)
            alone = i is not None and operands.count(operands[i]) == 1
            target = self.may_change(s, operands[i], group) if i is not None and alone else None
            if target is not None and i is not None:
                shared[i] = j
                outs[v] = target
            else:
                outs[v] = self.slot(v) if v.shape == () else self.made(v)
        return outs, shared

    def _branch(
        self,
        graph: Graph,
        outputs: Sequence[Value],
        outs: dict[Value, Any],
        owned: dict[int, Root],
    ) -> None:
        """One branch; what is in place already stays there, and is written last where it has to be written."""
        homes: dict[Value, Buffer] = {}
        for j, (v, r) in enumerate(zip(outputs, graph.results, strict=True)):
            if (
                isinstance(v.type, ArrayType)
                and v.shape
                and j not in owned
                and r not in graph.params
            ):
                homes.setdefault(r, outs[v])
        self.graph(graph, homes)
        late = []
        for j, (v, r) in enumerate(zip(outputs, graph.results, strict=True)):
            place = self.places.get(r)
            if isinstance(v.type, ListType):
                self.lists.copy_header(place, outs[v])
            elif j in owned:
                if not (isinstance(place, Buffer) and place.root is owned[j]):
                    late.append((r, outs[v]))
            elif not (homes.get(r) is outs[v] and place is outs[v]):
                self.copy(r, outs[v])
        for r, out in late:
            self.copy(r, out)
