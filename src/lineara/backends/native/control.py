"""Constructs in machine code: loops as loops, branches as branches, calls as calls; and what runs as a whole.

The carry of a loop that is an array has two buffers, which change roles after each trip; the carry that the body changes in
place, as the cotangent of an array that is read element by element, has one. Numbers are carried in local variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from llvmlite import ir

from lineara.backends.native.emitter import Emitter
from lineara.backends.native.flat import Choice, Graph, Loop, Shared, Until, Value, graph_work
from lineara.backends.native.lanes import Number
from lineara.backends.native.lists import Lists, list_place
from lineara.backends.native.places import (
    I64,
    LONG,
    Buffer,
    Formula,
    Index,
    Machine,
    Place,
    Position,
    Root,
    row_major,
)
from lineara.backends.native.space import ON_STACK, Space
from lineara.backends.native.steps import Group, Step, steps_of
from lineara.ir import Add, Apply, ArrayType, ListType, Literal
from lineara.ir.nest import Update

POINTER = ir.PointerType()


class Program(Protocol):
    """What a function needs of the module that it is in."""

    def call(self, emitter: Control, s: Step, graph: Graph, arguments: Sequence[Any]) -> None:
        """Call another function of the module."""

    def callback(self, emitter: Control, s: Step, arguments: Sequence[Any]) -> None:
        """Call Python."""

    def sometimes_check(self, emitter: Control, i: Index, trips: Index, work: int) -> None:
        """Look for an interrupt now and then."""


class Control(Emitter):
    """Emits the steps that run as a whole."""

    def __init__(self, m: Machine, space: Space, program: Any, lists: Lists, out_of_range: Any) -> None:
        super().__init__(m, space, out_of_range)
        self.program = program
        self.lists = lists

    # ------------------------------------------------------------------ graphs

    def graph(self, graph: Graph, homes: dict[Value, Buffer]) -> None:
        """Run the steps of a graph whose parameters are in place, so that its results are readable."""
        self.homes.update(homes)
        steps = steps_of(graph)
        self.level(steps, {s: {} for s in steps}, graph.results)
        for v in homes:
            self.homes.pop(v, None)

    def whole(self, s: Step, group: Group) -> None:
        """A construct, a call, a routine."""
        match s.node.op:
            case Loop():
                self._loop_of(s, s.node.op, group)
            case Until():
                self._until(s, s.node.op, group)
            case Choice(branches):
                self._choice(s, branches, group)
            case Shared(graph):
                self._call(s, graph)
            case Apply(primitive, attributes) if primitive.routine is not None:
                self._routine(s, primitive.routine, dict(attributes))
            case Apply():
                self._callback(s)
            case Literal():
                self.places[s.outputs[0]] = self.lists.empty()
            case Add():
                self.places[s.outputs[0]] = self.lists.sum(self, s.outputs[0], *s.inputs)

    # ------------------------------------------------------------------ arguments

    def alias(self, p: Value, v: Value) -> None:
        """A parameter of a body is a value from outside, which the body does not change."""
        if isinstance(p.type, ListType):
            self.places[p] = self.places[v]
        elif v in self.numbers and (v not in self.places or p.shape == ()):
            self.numbers[p] = self.numbers[v]
            self.places.pop(p, None)
        else:
            self.places[p] = _borrowed(self.places[v])
            self.numbers.pop(p, None)
            if p.shape == ():
                self.numbers[p] = self.element(v, (), 1)

    def pointer(self, v: Value) -> Any:
        """The pointer to a value that lies contiguous in memory."""
        if isinstance(v.type, ListType):
            return list_place(self.places[v])
        buffer = self.buffer(v)
        if not buffer.contiguous:
            assert isinstance(v.type, ArrayType)
            pointer, root = self.space.take(v.type.size, v.type.dtype)
            packed = Buffer(pointer, v.type.dtype, v.shape, row_major(v.shape), root)
            self.copy(v, packed)
            buffer = packed
        return self.at(buffer)

    def at(self, buffer: Buffer) -> Any:
        """The pointer to the first element of an array."""
        if isinstance(buffer.offset, int) and buffer.offset == 0:
            return buffer.pointer
        offset = buffer.offset
        index = offset if isinstance(offset, int) else self.m.number(I64, offset)
        return self.m.at(buffer.pointer, index, buffer.dtype)

    def made(self, v: Value) -> Buffer:
        """Contiguous memory for a result."""
        home = self.homes.get(v)
        return home if home is not None and home.contiguous else self.new(v)

    def settle(self, v: Value) -> None:
        """Read a result of rank 0 into a register."""
        place = self.places.get(v)
        if isinstance(place, Buffer) and v.shape == ():
            self.numbers[v] = self.element(v, (), 1)

    # ------------------------------------------------------------------ wholes

    def _call(self, s: Step, graph: Graph) -> None:
        arguments = [self.pointer(v) for v in s.inputs]
        for v in s.outputs:
            self.places[v] = self.lists.empty() if isinstance(v.type, ListType) else self.made(v)
        self.program.call(self, s, graph, [*arguments, *[self._out(v) for v in s.outputs]])
        self._settle_all(s)

    def _out(self, v: Value) -> Any:
        place = self.places[v]
        return self.at(place) if isinstance(place, Buffer) and not isinstance(v.type, ListType) else list_place(place)

    def _callback(self, s: Step) -> None:
        arguments = [self.pointer(v) for v in s.inputs]
        for v in s.outputs:
            self.places[v] = self.made(v)
        self.program.callback(self, s, [*arguments, *[self._out(v) for v in s.outputs]])
        self._settle_all(s)

    def _routine(self, s: Step, routine: Any, attributes: dict[str, Any]) -> None:
        operands = [Block(v.type, self.pointer(v)) for v in s.inputs]
        for v in s.outputs:
            self.places[v] = self.made(v)
        results = [Block(v.type, self._out(v)) for v in s.outputs]
        routine(self.m, operands, results, **attributes)
        self._settle_all(s)

    def _settle_all(self, s: Step) -> None:
        for v in s.outputs:
            if not isinstance(v.type, ListType):
                self.settle(v)

    # ------------------------------------------------------------------ choices

    def _choice(self, s: Step, branches: Sequence[Graph], group: Group) -> None:
        b = self.m.builder
        index = self.m.convert(self.element(s.inputs[0], (), 1), I64)
        last = len(branches) - 1
        index = self.m.where(self.m.lt(index, 0), 0, index)
        index = self.m.where(self.m.gt(index, last), last, index)
        operands = s.inputs[1:]
        outs: dict[Value, Any] = {}
        shared: dict[int, int] = {}
        for j, v in enumerate(s.outputs):
            if isinstance(v.type, ListType):
                outs[v] = self.lists.header()
                continue
            sources = {changed_in_place(g, g.results[j]) for g in branches}
            (i,) = sources if len(sources) == 1 else (None,)
            target = self.may_change(s, operands[i], group) if i is not None else None
            if target is not None and operands.count(operands[i]) == 1:  # type: ignore[index]
                shared[i] = j  # type: ignore[index]
                outs[v] = target
            elif v.shape == ():
                outs[v] = self._slot(v)
            else:
                outs[v] = self.made(v)
        after = b.append_basic_block("chosen")
        blocks = [b.append_basic_block(f"branch{n}") for n in range(len(branches))]
        switch = b.switch(index.value, blocks[-1])
        for n, block in enumerate(blocks[:-1]):
            switch.add_case(ir.Constant(LONG, n), block)
        for graph, block in zip(branches, blocks, strict=True):
            b.position_at_end(block)
            scope = dict(self.numbers), dict(self.places)
            owned = {}
            for i, (p, v) in enumerate(zip(graph.params, operands, strict=True)):
                self.alias(p, v)
                if i in shared:
                    root = owned[i] = Root(True, [p])
                    place = outs[s.outputs[shared[i]]]
                    self.places[p] = _with_root(place, root)
            self._branch(graph, s.outputs, outs, {shared[i]: root for i, root in owned.items()})
            b.branch(after)
            self.numbers, self.places = scope
        b.position_at_end(after)
        for v, out in outs.items():
            if isinstance(v.type, ListType):
                self.places[v] = out
                continue
            self.places[v] = out
            out.root.values.append(v)
            if v.shape == ():
                self.numbers[v] = self.element(v, (), 1)

    def _branch(
        self,
        graph: Graph,
        outputs: Sequence[Value],
        outs: dict[Value, Any],
        owned: dict[int, Root],
    ) -> None:
        homes: dict[Value, Buffer] = {}
        for j, (v, r) in enumerate(zip(outputs, graph.results, strict=True)):
            if isinstance(v.type, ArrayType) and v.shape and j not in owned and r not in graph.params:
                homes.setdefault(r, outs[v])
        self.graph(graph, homes)
        late = []
        for j, (v, r) in enumerate(zip(outputs, graph.results, strict=True)):
            if isinstance(v.type, ListType):
                self.lists.copy_header(self.places[r], outs[v])
                continue
            place = self.places.get(r)
            if j in owned:
                if not (isinstance(place, Buffer) and place.root is owned[j]):
                    late.append((r, outs[v]))
            elif not (homes.get(r) is outs[v] and place is outs[v]):
                self.copy(r, outs[v])
        for r, out in late:
            self.copy(r, out)

    def _slot(self, v: Value) -> Buffer:
        assert isinstance(v.type, ArrayType)
        return Buffer(self.space.slot(v.type.dtype, 1), v.type.dtype, (), (), Root(True))

    # ------------------------------------------------------------------ loops

    def _carry(self, s: Step, graph: Graph, operands: Sequence[Value], params: Sequence[Value], results: Sequence[Value], group: Group) -> list[Carry]:
        carries = []
        for v, p, r in zip(operands, params, results, strict=True):
            in_place = r is p or changed_in_place(graph, r) == graph.params.index(p)
            reused = self.may_change(s, v, group) if operands.count(v) == 1 and s.inputs.count(v) == 1 else None
            carries.append(Carry(self, v, p, r, in_place, reused))
        return carries

    def _loop_of(self, s: Step, op: Loop, group: Group) -> None:
        body, m = op.body, self.m
        operands = s.inputs
        trips: Index = op.length if op.length is not None else 0
        if op.length is None:
            trips = m.convert(self.element(operands[0], (), 1), I64).value
            operands = operands[1:]
        begin, end = op.constants, op.constants + op.carry
        carries = self._carry(
            s, body, operands[begin:end], body.params[begin:end], body.results[: op.carry], group
        )
        stacks = s.outputs[op.carry :]
        for v in stacks:
            if isinstance(v.type, ListType):
                self.places[v] = self.lists.filled(v.type, trips)
            else:
                self.places[v] = self.made(v)
        for v in operands[end:]:
            place = self.places.get(v)
            if isinstance(place, Formula) and place.borders and place.borders[0]:
                self.buffer(v)
        if op.length != 0:
            with self._counted(trips) as i:
                row = m.plus(m.plus(trips, -1), m.times(i, -1)) if op.reverse else i
                self._trip(op, body, operands, carries, stacks, row, i, trips)
        for c, v in zip(carries, s.outputs, strict=False):
            c.finish(v)

    def _trip(self, op: Loop, body: Graph, operands: Sequence[Value], carries: Sequence[Carry], stacks: Sequence[Value], row: Index, i: Index, trips: Index) -> None:
        begin, end = op.constants, op.constants + op.carry
        scope = dict(self.numbers), dict(self.places)
        mark = self.lists.mark()
        for p, v in zip(body.params[:begin], operands[:begin], strict=True):
            self.alias(p, v)
        for c in carries:
            c.enter()
        for p, v in zip(body.params[end:], operands[end:], strict=True):
            self._enter_row(p, v, row)
        homes: dict[Value, Buffer] = {}
        rows = []
        for v, r in zip(stacks, body.results[op.carry :], strict=True):
            place = self.places[v]
            if isinstance(r.type, ListType):
                rows.append(None)
                continue
            if isinstance(v.type, ListType):
                target = self.lists.item(place, r.type, row)
            else:
                assert isinstance(place, Buffer)
                target = _row(m := self.m, place, row)
            rows.append(target)
            if r not in body.params and r.shape:
                homes.setdefault(r, target)
        for c in carries:
            c.want(homes)
        self.graph(body, homes)
        for target, v, r in zip(rows, stacks, body.results[op.carry :], strict=True):
            if target is None:
                self.lists.copy_header(self.places[r], self.lists.item_header(self.places[v], row))
            elif self.places.get(r) is not target:
                self.copy(r, target)
        _leave(carries)
        if not any(isinstance(r.type, ListType) for r in body.results):
            self.lists.release(mark)
        self.program.sometimes_check(self, i, trips, graph_work(body))
        self.numbers, self.places = scope

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
            if place is None or v in self.numbers and not isinstance(place, Buffer):
                number = self.numbers[v]
                self.numbers[p] = number
                self.places.pop(p, None)
                return
            self.places[p] = _row(self.m, place, row)
        if p.shape == ():
            self.numbers[p] = self.element(p, (), 1)
            del self.places[p]

    def _counted(self, trips: Index) -> Any:
        if isinstance(trips, int):
            return self.repeat(0, trips, 1)
        return self._maybe(trips)

    def _maybe(self, trips: Index) -> Any:
        from contextlib import contextmanager

        @contextmanager
        def run() -> Any:
            with self.m.builder.if_then(
                self.m.builder.icmp_signed(">", trips, ir.Constant(LONG, 0))
            ), self.repeat(0, trips, 1) as i:
                yield i

        return run()

    def _until(self, s: Step, op: Until, group: Group) -> None:
        m, b = self.m, self.m.builder
        first, second = op.constants
        tested, constants = s.inputs[:first], s.inputs[first : first + second]
        operands = s.inputs[first + second :]
        body, condition = op.body, op.condition
        carries = self._carry(
            s, body, operands, body.params[second:], body.results[: op.carry], group
        )
        lists = s.outputs[1 + op.carry :]
        for v in lists:
            self.places[v] = self.lists.empty()
        count = m.variable(m.constant(0, I64))
        head, inside, after = [b.append_basic_block(n) for n in ("test", "again", "over")]
        b.branch(head)
        b.position_at_end(head)
        scope = dict(self.numbers), dict(self.places)
        for p, v in zip(condition.params[:first], tested, strict=True):
            self.alias(p, v)
        for c, p in zip(carries, condition.params[first:], strict=True):
            c.show(p)
        self.graph(condition, {})
        goes_on = self.element(condition.results[0], (), 1)
        self.numbers, self.places = scope
        b.cbranch(goes_on.value, inside, after)
        b.position_at_end(inside)
        scope = dict(self.numbers), dict(self.places)
        mark = self.lists.mark()
        for p, v in zip(body.params[:second], constants, strict=True):
            self.alias(p, v)
        for c in carries:
            c.enter()
        homes: dict[Value, Buffer] = {}
        for c in carries:
            c.want(homes)
        self.graph(body, homes)
        for v, r in zip(lists, body.results[op.carry :], strict=True):
            self.lists.append(self, self.places[v], r)
        _leave(carries)
        if not any(isinstance(r.type, ListType) for r in body.results) and not lists:
            self.lists.release(mark)
        self.numbers, self.places = scope
        self.program.sometimes_check(self, count.get().value, None, graph_work(body))
        count.set(count.get() + 1)
        b.branch(head)
        b.position_at_end(after)
        self.numbers[s.outputs[0]] = count.get()
        for c, v in zip(carries, s.outputs[1:], strict=False):
            c.finish(v)


def _leave(carries: Sequence[Carry]) -> None:
    """The results of a trip become the carry of the next: those that read the old carry first."""
    for c in carries:
        c.stage()
    for c in carries:
        c.leave()


class Carry:
    """One carry of a loop.

    A number is in a slot. An array that is changed in place has one buffer; a small one has a second, that is copied back; a
    large one has two that change roles.
    """

    def __init__(self, e: Control, v: Value, p: Value, r: Value, in_place: bool, reused: Buffer | None) -> None:
        self.e, self.p, self.r, self.in_place = e, p, r, in_place
        self.type = v.type
        self.staged: Number | None = None
        self.small = True
        self.swapped: tuple[Any, Any] | None = None
        if isinstance(v.type, ListType):
            self.header = e.lists.header()
            e.lists.copy_header(e.places[v], self.header)
            return
        if v.shape == ():
            self.slot = e._slot(v)
            e.copy(v, self.slot)
            return
        self.small = v.type.nbytes <= ON_STACK
        if reused is not None and (in_place or reused.contiguous):
            self.buffer = reused
        else:
            self.buffer = self._new()
            e.copy(v, self.buffer)
        self.root = Root(True)
        if not in_place:
            self.other = self._new()
            if not self.small:
                slots = [e.m.local(POINTER) for _ in range(2)]
                for slot, buffer in zip(slots, (self.buffer, self.other), strict=True):
                    e.m.builder.store(e.at(buffer), slot)
                self.swapped = (slots[0], slots[1])

    def _new(self) -> Buffer:
        assert isinstance(self.type, ArrayType)
        pointer, root = self.e.space.take(self.type.size, self.type.dtype)
        root.values.append(self.p)
        return Buffer(pointer, self.type.dtype, self.type.shape, row_major(self.type.shape), root)

    def _now(self) -> Buffer:
        if self.swapped is None:
            return self.buffer
        pointer = self.e.m.builder.load(self.swapped[0], typ=POINTER)
        return Buffer(pointer, self.buffer.dtype, self.buffer.shape, row_major(self.buffer.shape), self.root)

    def show(self, p: Value) -> None:
        """The parameter of the condition."""
        e = self.e
        e.numbers.pop(p, None)
        if isinstance(self.type, ListType):
            e.places[p] = self.header
        elif p.shape == ():
            e.numbers[p] = e.m.load(self.slot.pointer, self.slot.dtype)
            e.places.pop(p, None)
        else:
            e.places[p] = _borrowed(self._now())

    def enter(self) -> None:
        """The parameter of the body at the start of a trip."""
        self.show(self.p)
        if isinstance(self.type, ArrayType) and self.type.shape:
            self.root = Root(self.in_place, [self.p])
            self.e.places[self.p] = _with_root(self._now(), self.root)
            if self.swapped is not None:
                pointer = self.e.m.builder.load(self.swapped[1], typ=POINTER)
                shape = self.buffer.shape
                self.target = Buffer(pointer, self.buffer.dtype, shape, row_major(shape), Root(True))
            elif not self.in_place:
                self.target = self.other

    def want(self, homes: dict[Value, Buffer]) -> None:
        """Say where the result of the body is wanted."""
        arrays = isinstance(self.type, ArrayType) and self.type.shape
        if arrays and not self.in_place and self.r not in homes and not self._is_param():
            homes[self.r] = self.target
            self.wanted = True
        else:
            self.wanted = False

    def _is_param(self) -> bool:
        place = self.e.places.get(self.r)
        return place is not None or self.r in self.e.numbers

    def stage(self) -> None:
        """Read what the body gives, before any carry changes."""
        e = self.e
        if isinstance(self.type, ListType):
            self.passed = e.lists.header()
            e.lists.copy_header(e.places[self.r], self.passed)
        elif self.type.shape == ():
            self.staged = e.element(self.r, (), 1)
        elif not self.in_place:
            if not (self.wanted and e.places.get(self.r) is self.target):
                e.copy(self.r, self.target)
        else:
            place = e.places.get(self.r)
            self.spare = None
            if not (isinstance(place, Buffer) and place.root is self.root):
                self.spare = self._new()
                e.copy(self.r, self.spare)

    def leave(self) -> None:
        """Change the carry."""
        e = self.e
        if isinstance(self.type, ListType):
            e.lists.copy_header(self.passed, self.header)
        elif self.type.shape == ():
            assert self.staged is not None
            e.m.store(self.slot.pointer, self.staged)
        elif self.in_place:
            if self.spare is not None:
                _move(e, self.spare, self.buffer)
        elif self.swapped is not None:
            now, then = [e.m.builder.load(slot, typ=POINTER) for slot in self.swapped]
            e.m.builder.store(then, self.swapped[0])
            e.m.builder.store(now, self.swapped[1])
        else:
            _move(e, self.target, self.buffer)

    def finish(self, v: Value) -> None:
        """The result of the loop."""
        e = self.e
        if isinstance(self.type, ListType):
            e.places[v] = self.header
        elif v.shape == ():
            e.numbers[v] = e.m.load(self.slot.pointer, self.slot.dtype)
        else:
            place = self._now()
            root = self.buffer.root
            e.places[v] = _with_root(place, root)
            root.values.append(v)
            if self.swapped is not None:
                self.other.root.values.append(v)


def _move(e: Emitter, source: Buffer, target: Buffer) -> None:
    from lineara.backends.native.places import read, write

    def move(at: dict[int, Position], lanes: int) -> None:
        positions = [at[a] for a in range(len(source.shape))]
        write(e.m, target, positions, read(e.m, source, positions, lanes), lanes)

    e.over(dict(enumerate(source.shape)), {}, move)


def changed_in_place(graph: Graph, result: Value) -> int | None:
    """The parameter that a result is made of by changes in place, if it is."""
    makers = {v: n for n in graph.nodes for v in n.outputs}
    v, changed = result, False
    while v in makers:
        from lineara.backends.native.steps import steps_of_node

        n = makers[v]
        op = n.op
        if isinstance(op, Loop):
            j = n.outputs.index(v)
            if j >= op.carry:
                return None
            v = n.inputs[(op.length is None) + op.constants + j]
        elif isinstance(op, Until):
            j = n.outputs.index(v) - 1
            if not 0 <= j < op.carry:
                return None
            v = n.inputs[sum(op.constants) + j]
        elif isinstance(op, Choice):
            j = n.outputs.index(v)
            sources = {changed_in_place(g, g.results[j]) for g in op.branches}
            (i,) = sources if len(sources) == 1 else (None,)
            if i is None:
                return None
            v = n.inputs[1 + i]
        else:
            steps = steps_of_node(n)
            step = next((t for t in steps if v in t.outputs), None)
            if step is None or not isinstance(step.loops, Update):
                return None
            v = n.inputs[0]
        changed = True
    return graph.params.index(v) if v in graph.params and (changed or v is result) else None


def _borrowed(place: Place) -> Place:
    """The same array, which is not to be changed."""
    return _with_root(place, Root(False)) if isinstance(place, Buffer) else place


def _with_root(place: Buffer, root: Root) -> Buffer:
    return Buffer(place.pointer, place.dtype, place.shape, place.strides, root, place.lanes, place.offset)


def _row(m: Machine, place: Place, row: Index) -> Place:
    """One row of a stack, along its first axis."""
    if isinstance(place, Formula):
        formula = place
        span = (row, row) if isinstance(row, int) else None
        return Formula(
            lambda positions, lanes: formula.element([Position(row, span=span), *positions], lanes),
            formula.borders[1:],
            formula.roots,
        )
    stride = place.strides[0]
    assert stride is not None
    offset = m.plus(place.offset, m.times(row, stride))
    return Buffer(place.pointer, place.dtype, place.shape[1:], place.strides[1:], Root(False), place.lanes, offset)


class Block:
    """An operand or a result of a routine."""

    def __init__(self, type_: Any, pointer: Any) -> None:
        self.type, self.pointer = type_, pointer
