"""What was made of a function, as text: its loops and what runs in each, its memory.

f(x: f64[1000]) -> (f64[])
  loop of 1000: 8 lanes
    %0: f64[1000] = sin(x)      model.py:3
    %1: f64[] = sum(%0)         model.py:3
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from lineara.backends.native.flat import (
    Choice,
    Constant,
    Graph,
    Loop,
    Node,
    Shared,
    Until,
    Value,
    graphs_within,
)
from lineara.backends.native.program import CONTEXT, Program
from lineara.backends.native.steps import Step
from lineara.backends.native.watched import Listing, Part, Recorder, Stretch
from lineara.errors import Origin, PythonOrigin
from lineara.ir import Add, Apply, Function, ListType, Literal

COLUMN = 56
"""Where the lines of the user's Python stand."""


def place(origin: Origin | None) -> str:
    """A line of the user's program, short."""
    if origin is None:
        return ""
    return f"{split_file(origin)[1]}:{origin.line}"


def split_file(origin: Origin) -> tuple[str, str]:
    """The directory and the name of the file of a program; what is typed in has a name alone."""
    file = origin.code.co_filename if isinstance(origin, PythonOrigin) else origin.file
    return ("", file) if file.startswith("<") else (str(Path(file).parent), Path(file).name)


class Names:
    """Names for the values of a program: parameters by their own, others by number."""

    def __init__(self, function: Function, graph: Graph) -> None:
        self.known: dict[Value, str] = {}
        self.kept: set[Value] = set()
        params = (*function.params, *function.linear_params)
        if len(params) == len(graph.params):
            for v, p in zip(graph.params, params, strict=True):
                if p.hint and p.hint not in self.known.values():
                    self.known[v] = p.hint
        for g in graphs_within(graph):
            for v in (*g.params, *[v for n in g.nodes for v in n.outputs]):
                self.known.setdefault(v, f"%{len(self.known)}")
            for n in g.nodes:
                self._node(n)

    def _node(self, n: Node) -> None:
        match n.op:
            case Literal(value):
                self.known[n.outputs[0]] = str(value)
            case Constant():
                self.known[n.outputs[0]] = f"captured{self.known[n.outputs[0]]}"
            case Loop():
                self.kept.update(n.outputs[n.op.carry :])
            case Until():
                self.kept.update([v for v in n.outputs if isinstance(v.type, ListType)])

    def __getitem__(self, v: Value) -> str:
        return self.known.get(v, "%?")

    def typed(self, values: Sequence[Value]) -> str:
        """Values with their types."""
        return ", ".join([f"{self[v]}: {v.type!r}" for v in values])

    def untyped(self, values: Sequence[Value]) -> str:
        """Values without their types."""
        return ", ".join([self[v] for v in values])


def operation(n: Node) -> str:
    """The name of what a node does."""
    match n.op:
        case Apply(primitive):
            return primitive.name
        case Literal():
            return f"literal {n.op.value}"
        case Constant():
            return "captured"
        case Add():
            return "add"
        case Shared(graph):
            return f"call {graph.name}"
        case Choice(branches):
            return f"switch of {len(branches)}"
        case Loop():
            trips = "as many as it is told" if n.op.length is None else str(n.op.length)
            return f"scan, {trips} trips{', backward' if n.op.reverse else ''}"
    return "while"


def lines_of(part: Part) -> list[str]:
    """The lines of the user's program that a part stands for, each once."""
    found = {place(s.node.origin): None for s in part.steps}
    return [line for line in found if line]


class Plan:
    """Writes the parts of functions."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def text(self, functions: Sequence[Listing]) -> str:
        """All functions."""
        return "\n".join([line for f in functions for line in self._function(f)])

    def _function(self, listing: Listing) -> Iterator[str]:
        graph = listing.graph
        assert graph is not None
        results = ", ".join([repr(v.type) for v in graph.results])
        yield f"{graph.name}({self.names.typed(graph.params)}) -> ({results})"
        yield from self._parts(listing.root, "  ")

    def _parts(self, part: Part, indent: str) -> Iterator[str]:
        listed: set[Step] = set()
        for p in part.parts.values():
            if not p.steps or not listed.issuperset(p.steps):
                yield from self._part(p, indent)
            listed.update(p.steps)

    def _part(self, p: Part, indent: str) -> Iterator[str]:
        if p.title:
            yield f"{indent}{p.title}"
        elif p.extent is not None:
            yield f"{indent}{loop_title(p)}"
        else:
            yield from [self._step(s, indent) for s in p.steps]
            if p.is_whole and isinstance(p.steps[0].node.op, Loop):
                yield indent + "  " + self._parameters(p.steps[0].node.op)
        deeper = p.title or p.extent is not None or p.is_whole
        yield from self._parts(p, f"{indent}  " if deeper else indent)

    def _step(self, s: Step, indent: str) -> str:
        names = self.names
        text = f"{names.typed(s.outputs)} = {operation(s.node)}({names.untyped(s.inputs)})"
        if not any(v in names.known for v in s.outputs):
            text = f"{names.untyped(s.inputs)} is written"
        notes = [
            note
            for note, holds in (
                ("view", s.is_view),
                ("computed again", s.node.recompute),
                (
                    "keeps " + names.untyped([v for v in s.outputs if v in names.kept]),
                    self._keeps(s),
                ),
            )
            if holds
        ]
        if notes:
            text = f"{text} [{'; '.join(notes)}]"
        line = place(s.node.origin)
        return f"{indent + text:<{COLUMN}}  {line}" if line else indent + text

    def _parameters(self, op: Loop) -> str:
        begin, end = op.constants, op.constants + op.carry
        params = op.body.params
        kinds = ("constant", params[:begin]), ("carried", params[begin:end]), ("rows", params[end:])
        return "; ".join([f"{kind} {self.names.typed(vs)}" for kind, vs in kinds if vs])

    def _keeps(self, s: Step) -> bool:
        return any(v in self.names.kept for v in s.outputs)


def loop_title(part: Part) -> str:
    """A loop, and how its trips are cut."""
    cuts = ", ".join([_stretch(c, part) for c in part.stretches])
    return f"loop of {part.extent}{': ' if cuts else ''}{cuts}"


def _stretch(stretch: Stretch, part: Part) -> str:
    lanes = f"{stretch.lanes} lanes" if stretch.lanes > 1 else "one by one"
    whole = (stretch.start, stretch.stop) == (0, part.extent)
    where = "" if whole else f" from {stretch.start} to {stretch.stop}"
    return f"{lanes}{where}{', shared by threads' if stretch.shared else ''}"


def buffers(names: Names, program: Program, functions: Sequence[Listing]) -> str:
    """The memory of a program: blocks of the workspace, in which values follow one another, and small arrays on the stack."""
    lines = [f"workspace: {program.workspace} bytes, {CONTEXT} of them the context"]
    for listing in functions:
        for name, space in listing.spaces.items():
            small = sum(size for _, size, start in space.taken if start is None)
            lines.append(f"{name}: {space.size} bytes in the workspace, {small} on the stack")
            order = sorted(space.taken, key=lambda t: (t[2] is None, t[2] or 0))
            for root, size, start in order:
                held = names.typed(list(dict.fromkeys(root.values))) or "working memory"
                where = "stack" if start is None else f"at {start}"
                lines.append(f"  {where + ',':<12} {size} bytes: {held}")
    return "\n".join(lines)


def listed(
    function: Function, graph: Graph, recorder: Recorder | None = None
) -> tuple[Program, Recorder, Names]:
    """The program of a graph, with what its emission took down."""
    recorder = recorder or Recorder()
    program = Program(graph, recorder.emitter)
    recorder.finish()
    return program, recorder, Names(function, graph)
