"""Constructs in machine code: loops as loops, branches as branches, calls as calls; and what runs as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from lineara.backends.native.carries import Carry, changed_in_place, leave, row_of
from lineara.backends.native.choices import Choices
from lineara.backends.native.flat import Choice, Graph, Loop, Shared, Until, Value, graph_work
from lineara.backends.native.groups import Group
from lineara.backends.native.interrupt import trips_between_looks
from lineara.backends.native.places import I64, LONG, Buffer, Formula, Index
from lineara.backends.native.steps import Step
from lineara.ir import Add, Apply, ListType, Literal


@dataclass(slots=True)
class Running:
    """A loop that is being emitted: its operands, without the number of trips; its carries; the outputs that are stacks."""

    op: Loop
    operands: Sequence[Value]
    carries: Sequence[Carry]
    stacks: Sequence[Value]
    trips: Index

    @property
    def constants(self) -> list[tuple[Value, Value]]:
        """The parameters that are the same in each trip, with their operands."""
        return list(zip(self.op.body.params, self.operands, strict=True))[: self.op.constants]

    @property
    def rows(self) -> list[tuple[Value, Value]]:
        """The parameters that are rows, with the stacks."""
        begin = self.op.constants + self.op.carry
        return list(zip(self.op.body.params, self.operands, strict=True))[begin:]

    @property
    def results(self) -> list[tuple[Value, Value]]:
        """The stacks that are made, with the results of the body."""
        return list(zip(self.stacks, self.op.body.results[self.op.carry :], strict=True))


class Control(Choices):
    """Emits the steps that run as a whole."""

    def whole(self, s: Step, group: Group) -> None:
        """A construct, a call, a routine."""
        match s.node.op:
            case Loop():
                self._loop_of(s, s.node.op, group)
            case Until():
                self._until(s, s.node.op, group)
            case Choice(branches):
                self.choose(s, branches, group)
            case Shared(graph):
                self.call(s, graph)
            case Apply(primitive, attributes) if primitive.routine is not None:
                self.call_routine(s, primitive.routine, dict(attributes))
            case Apply():
                self.call_python(s)
            case Literal():
                self.places[s.outputs[0]] = self.lists.empty()
            case Add():
                self.places[s.outputs[0]] = self.lists.sum(self, s.outputs[0], *s.inputs)

    def _carries(
        self,
        s: Step,
        graph: Graph,
        operands: Sequence[Value],
        params: Sequence[Value],
        group: Group,
    ) -> list[Carry]:
        carries = []
        for v, p, r in zip(operands, params, graph.results, strict=False):
            in_place = changed_in_place(graph, r) == graph.params.index(p)
            alone = s.inputs.count(v) == 1
            reused = self.may_change(s, v, group) if alone else None
            carries.append(Carry(self, v, p, r, in_place, reused))
        return carries

    def _loop_of(self, s: Step, op: Loop, group: Group) -> None:
        m, operands = self.m, s.inputs
        trips: Index = op.length if op.length is not None else 0
        if op.length is None:
            trips = m.convert(self.element(operands[0], (), 1), I64).value
            operands = operands[1:]
        begin, end = op.constants, op.constants + op.carry
        carries = self._carries(s, op.body, operands[begin:end], op.body.params[begin:end], group)
        loop = Running(op, operands, carries, s.outputs[op.carry :], trips)
        for v in loop.stacks:
            lists = isinstance(v.type, ListType)
            self.places[v] = self.lists.filled(v.type, trips) if lists else self.made(v)  # type: ignore[arg-type]
        for _, v in loop.rows:
            place = self.places.get(v)
            if isinstance(place, Formula) and place.borders and place.borders[0]:
                self.buffer(v)
        if op.length != 0:
            with self._counted(trips, graph_work(op.body)) as i:
                row = m.plus(m.plus(trips, -1), m.times(i, -1)) if op.reverse else i
                self._trip(loop, row)
        for c, v in zip(carries, s.outputs, strict=False):
            c.finish(v)

    def _trip(self, loop: Running, row: Index) -> None:
        """One trip: the parameters, the body, and what it gives to where it goes."""
        body = loop.op.body
        scope = dict(self.numbers), dict(self.places)
        mark = self.lists.mark(body)
        for p, v in loop.constants:
            self.alias(p, v)
        for c in loop.carries:
            c.enter()
        for p, v in loop.rows:
            self._enter_row(p, v, row)
        homes: dict[Value, Buffer] = {}
        targets = [self._target_row(v, r, row, homes, body) for v, r in loop.results]
        for c in loop.carries:
            c.want(homes)
        self.graph(body, homes)
        for target, (v, r) in zip(targets, loop.results, strict=True):
            if target is None:
                self.lists.copy_header(self.places[r], self.lists.item_header(self.places[v], row))
            elif self.places.get(r) is not target:
                self.copy(r, target)
        leave(loop.carries)
        self.lists.release(mark)
        self.numbers, self.places = scope

    def _target_row(
        self, v: Value, r: Value, row: Index, homes: dict[Value, Buffer], body: Graph
    ) -> Buffer | None:
        """Where a result of the body goes in a stack; None for a list."""
        if isinstance(r.type, ListType):
            return None
        place = self.places[v]
        listed = isinstance(v.type, ListType)
        target = self.lists.item(place, r.type, row) if listed else row_of(self.m, place, row)
        assert isinstance(target, Buffer)
        if r not in body.params and r.shape:
            homes.setdefault(r, target)
        return target

    def _enter_row(self, p: Value, v: Value, row: Index) -> None:
        """One row of a stack, or one item of a list."""
        self.numbers.pop(p, None)
        if isinstance(v.type, ListType):
            if isinstance(p.type, ListType):
                self.places[p] = self.lists.item_header(self.places[v], row)
                return
            self.places[p] = self.lists.item(self.places[v], p.type, row)
        else:
            place = self.places.get(v)
            if place is None or (v in self.numbers and not isinstance(place, Buffer)):
                number = self.numbers[v]
                self.numbers[p] = number
                self.places.pop(p, None)
                return
            self.places[p] = row_of(self.m, place, row)
        if p.shape == ():
            self.numbers[p] = self.element(p, (), 1)
            del self.places[p]

    @contextmanager
    def _counted(self, trips: Index, work: int) -> Iterator[Any]:
        """A loop of so many trips, or of none, each of which takes so many operations."""
        if isinstance(trips, int):
            with self._watched(trips, trips_between_looks(work)) as i:
                yield i
            return
        b = self.m.builder
        some = b.icmp_signed(">", trips, ir.Constant(LONG, 0))
        with b.if_then(some), self._watched(trips, trips_between_looks(work)) as i:
            yield i

    @contextmanager
    def _watched(self, trips: Index, often: int) -> Iterator[Any]:
        """A loop that looks for an interrupt every so many trips, outside of the loop that runs them.

        So nothing that the trips carry has to leave its register.
        """
        if isinstance(trips, int) and trips <= often:
            with self.repeat(0, trips, 1) as i:
                yield i
            return
        b = self.m.builder
        with self.repeat(0, trips, often) as first:
            end = b.add(first, self.m.long(often))
            last = self.m.long(trips)
            stop = b.select(b.icmp_signed("<", end, last), end, last)
            with self.repeat(first, stop, 1) as i:
                yield i
            self.program.look(self)

    def _until(self, s: Step, op: Until, group: Group) -> None:
        m, b = self.m, self.m.builder
        first, second = op.constants
        operands = s.inputs[first + second :]
        carries = self._carries(s, op.body, operands, op.body.params[second:], group)
        lists = s.outputs[1 + op.carry :]
        for v in lists:
            self.places[v] = self.lists.empty()
        count = m.variable(m.constant(0, I64))
        head, inside, after = [b.append_basic_block(n) for n in ("test", "again", "over")]
        b.branch(head)
        b.position_at_end(head)
        b.cbranch(self._goes_on(op, s.inputs[:first], carries), inside, after)
        b.position_at_end(inside)
        self._again(op, s.inputs[first : first + second], carries, lists)
        self.program.sometimes_look(self, count.get().value, graph_work(op.body))
        count.set(count.get() + 1)
        b.branch(head)
        b.position_at_end(after)
        self.numbers[s.outputs[0]] = count.get()
        for c, v in zip(carries, s.outputs[1:], strict=False):
            c.finish(v)

    def _goes_on(self, op: Until, tested: Sequence[Value], carries: Sequence[Carry]) -> Any:
        """Whether the condition holds."""
        condition = op.condition
        scope = dict(self.numbers), dict(self.places)
        for p, v in zip(condition.params, tested, strict=False):
            self.alias(p, v)
        for c, p in zip(carries, condition.params[len(tested) :], strict=True):
            c.show(p)
        self.graph(condition, {})
        value = self.element(condition.results[0], (), 1).value
        self.numbers, self.places = scope
        return value

    def _again(
        self,
        op: Until,
        constants: Sequence[Value],
        carries: Sequence[Carry],
        lists: Sequence[Value],
    ) -> None:
        """One trip of a loop of unknown length."""
        body = op.body
        scope = dict(self.numbers), dict(self.places)
        mark = None if lists else self.lists.mark(body)
        for p, v in zip(body.params, constants, strict=False):
            self.alias(p, v)
        homes: dict[Value, Buffer] = {}
        for c in carries:
            c.enter()
        for c in carries:
            c.want(homes)
        self.graph(body, homes)
        for v, r in zip(lists, body.results[op.carry :], strict=True):
            self.lists.append(self, self.places[v], r)
        leave(carries)
        self.lists.release(mark)
        self.numbers, self.places = scope
