"""Where the time of a program goes: machine code that counts the ticks of the processor around each group of steps.

Groups of a function and of the bodies of its constructs are counted, not the loops within a group: a loop that several threads
share is one group. To count takes some ticks itself, so that bodies of very few operations look dearer than they are.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from time import perf_counter_ns
from typing import Any

from llvmlite import ir

from lineara.backends.native.calling import Kernel
from lineara.backends.native.compile import Library, host, load, object_code
from lineara.backends.native.entry import entry_of
from lineara.backends.native.flat import Graph, Loop, Shared
from lineara.backends.native.groups import Group
from lineara.backends.native.listing import Names, lines_of, loop_title, operation
from lineara.backends.native.program import Program
from lineara.backends.native.steps import At
from lineara.backends.native.watched import Listing, Part, Recorder, Watched
from lineara.ir import Function

CELLS = "lineara.profile"
LONG, POINTER = ir.IntType(64), ir.PointerType()
SHORTEST = 50_000_000
"""The nanoseconds for which a program is run, again and again."""
MOST = 10_000
"""The runs at most."""
SHOWN = 4
"""The operations of a group that its title names."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one group took in one run, in seconds; how often it ran; the lines of the user's program that it stands for."""

    function: str
    depth: int
    title: str
    lines: tuple[str, ...]
    seconds: float
    count: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The groups of a program in order, function by function; the seconds of a whole run, and the number of runs."""

    entries: tuple[Entry, ...]
    seconds: float
    runs: int


class Counting(Recorder):
    """Takes down what is emitted, and has it counted."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def emitter(self, m: Any, space: Any, program: Any, lists: Any, out_of_range: Any) -> Watched:
        """The emitter of the next function."""
        listing = Listing(m.builder.function.name)
        self.functions.append(listing)
        return _Counted(self, listing, m, space, program, lists, out_of_range)


class _Counted(Watched):
    """Emits counters around groups that are in no loop of a group."""

    def __init__(self, counting: Counting, *rest: Any) -> None:
        super().__init__(*rest)
        self.counting = counting
        self.begun: list[tuple[Part, Any]] = []

    def begin(self, part: Part, g: Group, at: At) -> None:
        """Read the counter."""
        views = g.extent is None and all(s.is_view for s in g.steps)
        if views or self.apart or any(at[s] for s in g.steps if s in at):
            return
        if part.cell is None:
            part.cell, self.counting.count = self.counting.count, self.counting.count + 1
        b = self.m.builder
        self.begun.append((part, b.call(_counter(self.m.module), [])))

    def end(self, part: Part) -> None:
        """Add what has passed to the cells of the part."""
        if not self.begun or self.begun[-1][0] is not part:
            return
        _, start = self.begun.pop()
        b = self.m.builder
        passed = b.sub(b.call(_counter(self.m.module), []), start)
        for i, more in enumerate((passed, ir.Constant(LONG, 1))):
            index = ir.Constant(LONG, 2 * (part.cell or 0) + i)
            cell = b.gep(_cells(self.m.module), [index], source_etype=LONG)
            cell.type = POINTER
            b.store(b.add(b.load(cell, typ=LONG), more), cell)


def _counter(module: Any) -> Any:
    """The processor's counter: of cycles where user code may read it."""
    kind = "cycle" if host().triple.startswith(("x86_64", "i")) else "steady"
    name = f"llvm.read{kind}counter"
    found = module.globals.get(name)
    return found or ir.Function(module, ir.FunctionType(LONG, []), name)


def _cells(module: Any) -> Any:
    found = module.globals.get(CELLS)
    if found is None:
        found = ir.GlobalVariable(module, ir.ArrayType(LONG, 0), CELLS)
    return found


def measured(function: Function, graph: Graph, args: Sequence[Any], level: int | None) -> Measured:
    """Run a program on arrays, again and again, and count."""
    counting = Counting()
    program = Program(graph, counting.emitter)
    size = 2 * max(1, counting.count)
    cells, type_ = _cells(program.module), ir.ArrayType(LONG, size)
    cells.value_type, cells.initializer = type_, ir.Constant(type_, None)
    program.exports.append(CELLS)
    executable = program.executable(level)
    library: Any = executable.keep[0]  # type: ignore[index]
    counts = (ctypes.c_int64 * size).from_address(library[CELLS])
    runs, nanoseconds, tick = _run(entry_of(Kernel(executable)), args, counts)
    read = _Reader(Names(function, graph), list(counts), tick / runs / 1e9, runs)
    found = [e for listing in counting.functions for e in read.function(listing)]
    return Measured(tuple(found), nanoseconds / runs / 1e9, runs)


def _run(entry: Callable[..., Any], args: Sequence[Any], counts: Any) -> tuple[int, int, float]:
    """How often the program ran, in how many nanoseconds, and how many of them a tick has."""
    entry(*args)
    ctypes.memset(counts, 0, ctypes.sizeof(counts))
    first, begun, runs = now(), perf_counter_ns(), 0
    while runs < MOST and (runs == 0 or perf_counter_ns() - begun < SHORTEST):
        entry(*args)
        runs += 1
    passed = perf_counter_ns() - begun
    return runs, passed, passed / max(1, now() - first)


def now() -> int:
    """The processor's counter."""
    return int(ctypes.CFUNCTYPE(ctypes.c_int64)(_clock()["now"])())


@cache
def _clock() -> Library:
    module = ir.Module("lineara.now")
    function = ir.Function(module, ir.FunctionType(LONG, []), "now")
    builder = ir.IRBuilder(function.append_basic_block())
    builder.ret(builder.call(_counter(module), []))
    return load(object_code(str(module), 1), ["now"])


class _Reader:
    """Reads the cells of parts; `tick` is in seconds of one run."""

    def __init__(self, names: Names, cells: Sequence[int], tick: float, runs: int) -> None:
        self.names, self.cells, self.tick, self.runs = names, cells, tick, runs

    def function(self, listing: Listing) -> Iterator[Entry]:
        """The entries of one function."""
        assert listing.graph is not None
        yield from self._parts(listing.graph.name, listing.root, 0)

    def _parts(self, name: str, part: Part, depth: int) -> Iterator[Entry]:
        for p in part.parts.values():
            if p.cell is not None:
                seconds = self.cells[2 * p.cell] * self.tick
                count = self.cells[2 * p.cell + 1] / self.runs
                yield Entry(name, depth, title(p), tuple(lines_of(p)), seconds, count)
            yield from self._parts(name, p, depth + (p.cell is not None))


def title(part: Part) -> str:
    """What a group does, in a few words."""
    done = [operation(s.node) for s in part.steps if not s.is_view] or ["views"]
    text = ", ".join(done[:SHOWN]) + (f" and {len(done) - SHOWN} more" if len(done) > SHOWN else "")
    if part.is_whole and isinstance(part.steps[0].node.op, Loop | Shared):
        return text
    return f"{loop_title(part)}: {text}" if part.extent is not None else text
