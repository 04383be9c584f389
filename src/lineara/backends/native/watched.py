"""An emitter that takes down what it does: the groups of steps and the loops that they share, how loops are cut, memory.

    recorder = Recorder(); Program(graph, recorder.emitter)      recorder.functions: a tree of parts for each function

A group that is emitted several times, for the ends of a loop or trip by trip, is one part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lineara.backends.native.control import Control
from lineara.backends.native.flat import Choice, Graph, Until, Value
from lineara.backends.native.groups import Group
from lineara.backends.native.outer import Product
from lineara.backends.native.places import Buffer, Position
from lineara.backends.native.space import Space
from lineara.backends.native.steps import At, Step
from lineara.backends.native.trips import Trips


@dataclass(frozen=True, slots=True)
class Stretch:
    """Trips of a loop that run alike: from start to stop, on so many lanes, in chunks for threads or not."""

    start: int
    stop: int
    lanes: int
    shared: bool


@dataclass(slots=True, eq=False)
class Part:
    """A group of steps, in a loop if it has an extent; or a graph that is run inside of a construct."""

    title: str = ""
    steps: tuple[Step, ...] = ()
    extent: int | None = None
    stretches: list[Stretch] = field(default_factory=list)
    parts: dict[Any, Part] = field(default_factory=dict)
    cell: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is one step that runs as a whole: a construct, a call, a routine."""
        return len(self.steps) == 1 and self.steps[0].loops is None

    def group(self, g: Group) -> Part:
        """The part of a group inside of this one."""
        key = (g.extent, *[(id(s.node), s.node.outputs.index(s.outputs[0])) for s in g.steps])
        return self.parts.setdefault(key, Part("", tuple(g.steps), g.extent))


@dataclass(slots=True, eq=False)
class Listing:
    """One function of a module: its graph, its parts, and the memory that it and its chunks take."""

    name: str
    root: Part = field(default_factory=Part)
    graph: Graph | None = None
    spaces: dict[str, Space] = field(default_factory=dict)


class Recorder:
    """What was emitted, function by function."""

    def __init__(self) -> None:
        self.functions: list[Listing] = []

    def emitter(self, m: Any, space: Space, program: Any, lists: Any, out_of_range: Any) -> Watched:
        """The emitter of the next function."""
        listing = Listing(m.builder.function.name)
        self.functions.append(listing)
        return Watched(listing, m, space, program, lists, out_of_range)

    def finish(self) -> None:
        """All functions are there."""


class Watched(Control):
    """Emits as `Control` does, and takes it down."""

    def __init__(self, listing: Listing, *rest: Any) -> None:
        super().__init__(*rest)
        self.listing = listing
        self.stack = [listing.root]

    @contextmanager
    def _inside(self, part: Part) -> Iterator[None]:
        self.stack.append(part)
        yield
        self.stack.pop()

    def _note_space(self) -> None:
        self.listing.spaces[self.m.builder.function.name] = self.space

    def begin(self, part: Part, g: Group, at: At) -> None:
        """A group begins; the first time and any other."""

    def end(self, part: Part) -> None:
        """A group has ended."""

    def graph(self, graph: Graph, homes: dict[Value, Buffer]) -> None:
        """Run the steps of a graph: that of the function, or one inside of a construct."""
        self._note_space()
        if self.listing.graph is None:
            self.listing.graph = graph
            super().graph(graph, homes)
            return
        title = _title(self.stack[-1], graph)
        part = self.stack[-1].parts.setdefault(id(graph), Part(title)) if title else self.stack[-1]
        with self._inside(part):
            super().graph(graph, homes)

    def loop(self, g: Group, at: At) -> None:
        """A loop over one index of each step of a group."""
        part = self.stack[-1].group(g)
        self.begin(part, g, at)
        with self._inside(part):
            super().loop(g, at)
        self.end(part)

    def _step(self, s: Step, at: dict[int, Position], group: Group) -> None:
        part = self.stack[-1].group(group)
        if s is group.steps[0]:
            self.begin(part, group, {s: at})
        with self._inside(part):
            super()._step(s, at, group)
        if s is group.steps[-1]:
            self.end(part)

    def segment(self, *args: Any, **base: Any) -> None:
        """A part of a loop, on so many lanes."""
        *_, lanes, _, (start, stop) = args
        self._note_space()
        stretch = Stretch(start, stop, lanes, self.apart)
        if stretch not in self.stack[-1].stretches:
            self.stack[-1].stretches.append(stretch)
        super().segment(*args, **base)

    def tiled(self, product: Product, at: dict[int, Position], trips: Trips) -> None:
        """A sum of products, tile by tile."""
        s = product.step
        part = self.stack[-1].parts.setdefault(id(s), Part(product.title))
        part.group(Group(None, [s]))
        super().tiled(product, at, trips)


def _title(part: Part, graph: Graph) -> str:
    """What a graph is in the construct that it is in; nothing for the body of a counted loop."""
    op = part.steps[0].node.op
    match op:
        case Choice(branches):
            return f"branch {_index(branches, graph)}"
        case Until():
            return "condition" if graph is op.condition else "body"
    return ""


def _index(graphs: Sequence[Graph], graph: Graph) -> int:
    return next(i for i, g in enumerate(graphs) if g is graph)
