"""A program in one module: the kernel, the functions that it calls, its failures and its callbacks.

    kernel(inputs, outputs, workspace)      loads the pointers, runs the main function, gives back what hangs on the chain
    function(context, workspace, operands…, results…)

The first 64 bytes of the workspace are the context: four words that say what failed, the chain of memory for lists, and when
an interrupt was looked for. The addresses of callbacks are in a table that is filled when the code is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from llvmlite import ir

from lineara.backends.native.boundary import boundary_results, boundary_type
from lineara.backends.native.cache import key_of, machine_code
from lineara.backends.native.callback import Callback
from lineara.backends.native.control import Control
from lineara.backends.native.executable import AGAIN, Details, Executable
from lineara.backends.native.flat import Graph, Node, Value, flatten, graph_work
from lineara.backends.native.image import CALLBACKS, KERNEL, Image
from lineara.backends.native.interrupt import interrupted, trips_between_looks
from lineara.backends.native.lanes import Number
from lineara.backends.native.lists import RELEASE, ListPlace, Lists, release
from lineara.backends.native.places import LONG, Buffer, Index, Machine, Root, row_major
from lineara.backends.native.products.tiling import registers
from lineara.backends.native.simplify import simplified
from lineara.backends.native.space import Space
from lineara.backends.native.steps import Step
from lineara.ir import Apply, ArrayType, Function, ListType
from lineara.primitives.gathering import out_of_bounds

BYTE, INT, POINTER = ir.IntType(8), ir.IntType(32), ir.PointerType()
CONTEXT, CHAIN, CLOCK = 64, 32, 40
LONG_ENOUGH = 20_000
"""The operations of a kernel for which other threads may run Python."""


class OutOfRange:
    """An index that is out of range."""

    def __init__(self, axis: int, size: int) -> None:
        self.axis, self.size = axis, size

    def __call__(self, details: Details) -> Exception:
        """The exception."""
        return out_of_bounds(details[0], self.axis, self.size)


def out_of_memory(details: Details) -> Exception:
    """The tape of a loop that does not fit."""
    return MemoryError(f"no memory for the tape of a loop: {details[0]} bytes were asked for")


class Program:
    """Builds the module of one graph."""

    def __init__(
        self, graph: Graph, emitter: Callable[..., Control] = Control, *, strict: bool = False
    ) -> None:
        self.main = graph
        self.emitter = emitter
        self.strict = strict or not registers().fused
        self.exports: list[str] = []
        self.module = ir.Module("lineara")
        self.failures: list[Callable[[Details], Exception]] = []
        self.numbers: dict[Any, int] = {}
        self.functions: dict[bytes, tuple[Any, int]] = {}
        self.callbacks: list[Callback] = []
        self.evaluated: list[Node] = []
        self.work = graph_work(graph)
        self.trusting = False
        self.workspace = self._kernel()

    # ------------------------------------------------------------------ functions

    def _kernel(self) -> int:
        function, size = self._function(self.main, "main")
        kernel = ir.Function(self.module, ir.FunctionType(INT, [POINTER] * 3), KERNEL)
        for argument in kernel.args:
            argument.add_attribute("noalias")
        inputs, outputs, workspace = kernel.args
        b = ir.IRBuilder(kernel.append_basic_block("entry"))

        def pointers(table: Any, count: int) -> list[Any]:
            cells = [
                b.gep(table, [ir.Constant(LONG, i)], source_etype=POINTER) for i in range(count)
            ]
            return [b.load(cell, typ=POINTER) for cell in cells]

        given = pointers(inputs, len(self.main.params))
        made = pointers(outputs, len(boundary_results(self._results)))
        chain = b.gep(workspace, [ir.Constant(LONG, CHAIN)], source_etype=BYTE)
        null = ir.Constant(POINTER, None)
        b.store(null, chain)
        rest = b.gep(workspace, [ir.Constant(LONG, CONTEXT)], source_etype=BYTE)
        code = b.call(function, [workspace, rest, *given, *made[: len(self._results)]])
        if len(made) > len(self._results):
            with b.if_then(b.icmp_signed("==", code, ir.Constant(INT, 0))):
                b.store(b.load(chain, typ=POINTER), made[-1])
                b.store(null, chain)
            release(self.module).linkage = "external"
            self.exports.append(RELEASE)
        if "lineara.alloc" in self.module.globals:
            b.call(release(self.module), [chain, null])
        if self.trusting:
            self._again(b, code, kernel.args)
        b.ret(code)
        return CONTEXT + size

    @staticmethod
    def _again(b: Any, code: Any, pointers: Sequence[Any]) -> None:
        """Ask for the strict kernel at the same pointers, also where something failed: that may come of a nan."""
        again, none = ir.Constant(INT, AGAIN), ir.Constant(INT, 0)
        failed = b.or_(b.icmp_signed("==", code, again), b.icmp_signed(">", code, none))
        inputs, outputs, workspace = pointers
        with b.if_then(failed, likely=False):
            for i, pointer in enumerate((inputs, outputs)):
                b.store(pointer, b.gep(workspace, [ir.Constant(LONG, i)], source_etype=POINTER))
            b.ret(again)

    @property
    def _results(self) -> list[ArrayType | ListType]:
        return [v.type for v in self.main.results]

    def _function(self, graph: Graph, name: str) -> tuple[Any, int]:
        count = len(graph.params) + len(graph.results)
        type_ = ir.FunctionType(INT, [POINTER] * (2 + count))
        function = ir.Function(self.module, type_, name)
        function.linkage = "internal"
        for argument in function.args:
            argument.add_attribute("noalias")
        emitter = self._emitter(function)
        arguments = function.args[2:]
        for v, pointer in zip(graph.params, arguments, strict=False):
            emitter.places[v] = _place(v, pointer)
            if isinstance(v.type, ArrayType) and v.type.shape == ():
                emitter.numbers[v] = emitter.m.load(pointer, v.type.dtype)
        homes: dict[Value, Buffer] = {}
        outs = []
        for v, pointer in zip(graph.results, arguments[len(graph.params) :], strict=True):
            out = _place(v, pointer)
            outs.append(out)
            if isinstance(out, Buffer) and v not in graph.params:
                homes.setdefault(v, out)
        emitter.graph(graph, homes)
        for v, out in zip(graph.results, outs, strict=True):
            if isinstance(v.type, ListType):
                emitter.lists.copy_header(emitter.places[v], out)
            elif emitter.places.get(v) is not out:
                emitter.copy(v, out)
        emitter.m.builder.ret(ir.Constant(INT, 0))
        self.trusting = self.trusting or bool(emitter.trust.products)
        return function, emitter.space.size

    def _emitter(self, function: Any) -> Control:
        """What emits the body of a function."""
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        context, workspace = function.args[:2]

        def scratch(size: int) -> Any:
            return emitter.scratch(size)

        def fail_if(condition: Any, failure: Callable[[Details], Exception], *details: Any) -> None:
            with m.builder.if_then(condition, likely=False):
                self._fail(emitter, failure, details)

        m = Machine(builder, self.module, scratch, fail_if)
        chain = builder.gep(context, [ir.Constant(LONG, CHAIN)], source_etype=BYTE)

        def no_memory(pointer: Any) -> None:
            fail_if(
                m.builder.icmp_unsigned("==", pointer, ir.Constant(POINTER, None)), out_of_memory
            )

        def out_of_range(number: Number, axis: int, size: int) -> None:
            wrong = m.logical_or(m.lt(number, 0), m.ge(number, size))
            with m.builder.if_then(m.reduce_or(wrong).value, likely=False):
                worst = m.where(wrong, number, 0)
                index = m.lane(worst, 0)
                for i in range(1, worst.lanes):
                    x = m.lane(worst, i)
                    index = m.where(m.eq(index, 0), x, index)
                self._fail(emitter, OutOfRange(axis, size), (index.value,))

        emitter = self.emitter(
            m, Space(builder, workspace), self, Lists(m, chain, no_memory), out_of_range
        )
        emitter.context = context
        emitter.trust.allowed = not self.strict
        return emitter

    def _fail(
        self, emitter: Control, failure: Callable[[Details], Exception], details: Sequence[Any]
    ) -> None:
        builder, context = emitter.m.builder, emitter.context
        key = (
            (type(failure), tuple(vars(failure).values()))
            if isinstance(failure, OutOfRange)
            else failure
        )
        if key not in self.numbers:
            self.failures.append(failure)
            self.numbers[key] = len(self.failures)
        for i, detail in enumerate(details):
            cell = builder.gep(context, [ir.Constant(LONG, i)], source_etype=LONG)
            builder.store(
                detail if not isinstance(detail, int) else ir.Constant(LONG, detail), cell
            )
        builder.ret(ir.Constant(INT, self.numbers[key]))

    # ------------------------------------------------------------------ what emitters ask for

    def _checked(self, emitter: Control, code: Any) -> None:
        b = emitter.m.builder
        with b.if_then(b.icmp_signed("!=", code, ir.Constant(INT, 0)), likely=False):
            b.ret(code)

    def call(self, emitter: Control, s: Step, graph: Graph, arguments: Sequence[Any]) -> None:
        """Call another function of the module."""
        digest = s.node.op.digest  # type: ignore[union-attr]
        if digest not in self.functions:
            self.functions[digest] = self._function(graph, f"{graph.name}.{len(self.functions)}")
        function, size = self.functions[digest]
        start, length = emitter.space.block(max(1, size))
        block = Root(True, block=(start, length))
        code = emitter.m.builder.call(
            function, [emitter.context, emitter.space.at(start), *arguments]
        )
        emitter.space.release(block)
        self._checked(emitter, code)

    def callback(self, emitter: Control, s: Step, arguments: Sequence[Any]) -> None:
        """Call Python."""
        m, b, op = emitter.m, emitter.m.builder, s.node.op
        assert isinstance(op, Apply)
        evaluate, attributes = op.primitive.evaluate, dict(op.attributes)
        number = len(self.callbacks)
        self.callbacks.append(
            Callback(
                lambda *arrays: evaluate(*arrays, **attributes),
                [v.type for v in s.inputs],  # type: ignore[misc]
                [v.type for v in s.outputs],  # type: ignore[misc]
            )
        )
        self.evaluated.append(s.node)
        table = self.module.globals.get(CALLBACKS)
        if table is None:
            table = ir.GlobalVariable(self.module, ir.ArrayType(POINTER, 0), CALLBACKS)
        cell = b.gep(table, [ir.Constant(LONG, number)], source_etype=POINTER)
        cell.type = POINTER
        type_ = ir.FunctionType(INT, [POINTER] * 3)
        function = b.load(cell, typ=type_.as_pointer())
        count = len(s.inputs)
        tables = []
        for part in (arguments[:count], arguments[count:]):
            place = m.local(ir.ArrayType(POINTER, max(1, len(part))))
            for i, argument in enumerate(part):
                b.store(argument, b.gep(place, [ir.Constant(LONG, i)], source_etype=POINTER))
            tables.append(place)
        self._checked(emitter, b.call(function, [emitter.context, *tables]))

    def look(self, emitter: Control) -> None:
        """Look for an interrupt."""
        b = emitter.m.builder
        clock = b.gep(emitter.context, [ir.Constant(LONG, CLOCK)], source_etype=BYTE)
        self._checked(emitter, b.call(interrupted(self.module), [clock]))

    def sometimes_look(self, emitter: Control, i: Index, work: int) -> None:
        """Look for an interrupt now and then, in trip i of a loop whose trips take so many operations."""
        b, last = emitter.m.builder, ir.Constant(LONG, trips_between_looks(work) - 1)
        turn = b.and_(emitter.m.long(i), last)
        with b.if_then(b.icmp_signed("==", turn, last), likely=False):
            self.look(emitter)

    # ------------------------------------------------------------------ machine code

    def image(self, level: int | None = None) -> tuple[Image, bytes]:
        """The kernel, and its object code."""
        if self.callbacks:
            table = self.module.globals[CALLBACKS]
            type_ = ir.ArrayType(POINTER, len(self.callbacks))
            table.value_type, table.initializer = type_, ir.Constant(type_, None)
        text = str(self.module)
        image = Image(
            key_of(text, level),
            tuple(self.exports),
            tuple([boundary_type(v.type) for v in self.main.params]),
            tuple(boundary_results(self._results)),
            self.workspace,
            tuple(self.failures),
            self.work > LONG_ENOUGH,
        )
        return image, machine_code(text, level)

    def executable(self, level: int | None = None) -> Executable:
        """The kernel in memory."""
        image, code = self.image(level)
        strict = lambda: Program(self.main, strict=True).executable(level)  # noqa: E731
        return replace(image.loaded(code, self.callbacks), strict=strict)


def _place(v: Value, pointer: Any) -> Any:
    if isinstance(v.type, ListType):
        return ListPlace(pointer)
    return Buffer(pointer, v.type.dtype, v.type.shape, row_major(v.type.shape), Root(False))


def compiled(function: Function, level: int | None = None) -> Executable:
    """The machine code of a function."""
    return Program(simplified(flatten(function))).executable(level)
