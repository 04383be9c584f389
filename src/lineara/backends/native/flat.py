"""Flat programs: what the native back end compiles.

A graph is a list of nodes over arrays and lists of arrays. There are no tuples, no linear zone, no `dup` and `drop`; functions
that are called once, or are small, stand in their callers, and the bodies of constructs are graphs of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import numpy as np

from lineara.errors import Origin
from lineara.ir import (
    Add,
    Apply,
    ArrayType,
    Call,
    Drop,
    Dup,
    Equation,
    Function,
    LinearCall,
    ListType,
    Literal,
    MakeTuple,
    Scan,
    Switch,
    TupleType,
    Type,
    Unpack,
    Var,
    While,
    Zero,
    callees_first,
    functions_of,
)
from lineara.transforms import erase

UNKNOWN = 1000
"""The trips that a loop of unknown length is taken to run."""
SMALL = 48
"""A function of so few nodes is copied into each of its callers."""


class Value:
    """An array, or a list of them, that one node makes."""

    __slots__ = ("type",)

    def __init__(self, type_: ArrayType | ListType) -> None:
        self.type = type_

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of an array."""
        assert isinstance(self.type, ArrayType)
        return self.type.shape

    def __repr__(self) -> str:
        return f"<{self.type!r}>"


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Nodes in the order in which they run."""

    name: str
    params: tuple[Value, ...]
    nodes: tuple[Node, ...]
    results: tuple[Value, ...]

    @property
    def size(self) -> int:
        """The nodes, those of the bodies of constructs too."""
        return sum(1 + sum(g.size for g in inner_graphs(n.op)) for n in self.nodes)


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """An array that is known."""

    value: np.ndarray[Any, Any]

    @property
    def key(self) -> str:
        """What tells one from another."""
        digest = sha256(np.ascontiguousarray(self.value).tobytes()).hexdigest()
        return f"constant {self.value.dtype} {self.value.shape} {digest}"


@dataclass(frozen=True, slots=True)
class Shared:
    """A call of a function that is compiled once."""

    graph: Graph
    digest: bytes


@dataclass(frozen=True, slots=True)
class Choice:
    """A switch: the first input is the index."""

    branches: tuple[Graph, ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """A scan. Inputs: trips if the length is None, constants, carry, stacks. Outputs: carry, stacks."""

    body: Graph
    length: int | None
    constants: int
    carry: int
    reverse: bool
    planned: bool = False


@dataclass(frozen=True, slots=True)
class Until:
    """A loop of unknown length. Inputs: constants of the condition, of the body, carry. Outputs: trips, carry, lists."""

    condition: Graph
    body: Graph
    constants: tuple[int, int]
    carry: int


NodeOp = Apply | Literal | Constant | Add | Shared | Choice | Loop | Until


@dataclass(slots=True, eq=False)
class Node:
    """One operation."""

    op: NodeOp
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    origin: Origin | None = None
    recompute: bool = False


def inner_graphs(op: NodeOp) -> tuple[Graph, ...]:
    """The graphs that stand in an operation."""
    match op:
        case Choice(branches):
            return branches
        case Loop():
            return (op.body,)
        case Until():
            return (op.condition, op.body)
        case _:
            return ()


def with_graphs(op: NodeOp, graphs: Sequence[Graph]) -> NodeOp:
    """The operation with other graphs in it."""
    match op:
        case Choice():
            return Choice(tuple(graphs))
        case Loop():
            return replace(op, body=graphs[0])
        case Until():
            return Until(graphs[0], graphs[1], op.constants, op.carry)
        case _:
            return op


def flat_types(type_: Type) -> list[ArrayType | ListType]:
    """The arrays in a type, left to right; a list of tuples is a tuple of lists."""
    if isinstance(type_, TupleType):
        return [t for element in type_.elements for t in flat_types(element)]
    if isinstance(type_, ListType):
        return [ListType(t) for t in flat_types(type_.element)]
    return [type_]


def fresh(type_: Type) -> list[Value]:
    """New values for the arrays of a type."""
    return [Value(t) for t in flat_types(type_)]


def flatten(function: Function) -> Graph:
    """The flat form of a function, erased."""
    function = erase(function)
    order = callees_first(function)
    calls = Counter(
        [id(g) for f in order for e in f.equations for g in functions_of(e.op) if _is_call(e)]
    )
    graphs: dict[int, Graph] = {}
    for f in order:
        graphs[id(f)] = _Flattener(f, graphs, calls).run()
    return graphs[id(function)]


def _is_call(e: Equation) -> bool:
    return isinstance(e.op, Call | LinearCall)


@dataclass(slots=True)
class _Flattener:
    """Flattens one function whose callees are flat."""

    function: Function
    graphs: dict[int, Graph]
    calls: Counter[int]
    known: dict[Var, list[Value]] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)

    def run(self) -> Graph:
        f = self.function
        for v in f.params:
            self.known[v] = fresh(v.type)
        params = tuple([x for v in f.params for x in self.known[v]])
        for e in f.equations:
            self._equation(e)
        results = tuple([x for v in f.results for x in self.known[v]])
        return Graph(f.name, params, tuple(self.nodes), results)

    def _inputs(self, e: Equation) -> list[Value]:
        return [x for v in e.inputs for x in self.known[v]]

    def _equation(self, e: Equation) -> None:
        match e.op:
            case MakeTuple():
                self.known[e.outputs[0]] = self._inputs(e)
            case Unpack():
                self._share(e.outputs, self._inputs(e))
            case Dup():
                for v in e.outputs:
                    self.known[v] = self._inputs(e)
            case Drop():
                pass
            case Zero(type_):
                self.known[e.outputs[0]] = [self._zero(t, e) for t in flat_types(type_)]
            case Add():
                count = len(self.known[e.inputs[0]])
                given = self._inputs(e)
                self.known[e.outputs[0]] = [
                    self._emit(e, Add(), [x, y], [x.type])[0]
                    for x, y in zip(given[:count], given[count:], strict=True)
                ]
            case Call(callee):
                self._call(e, callee)
            case LinearCall(forward):
                self._call(e, forward.function)
            case _:
                types = [t for v in e.outputs for t in flat_types(v.type)]
                self._share(e.outputs, self._emit(e, self._operation(e.op), self._inputs(e), types))

    def _operation(self, op: Any) -> NodeOp:
        match op:
            case Scan(body):
                return Loop(
                    self.graphs[id(body)],
                    op.length,
                    _width(body.params[: op.constants]),
                    _width(body.results[: op.carry]),
                    op.reverse,
                    op.planned,
                )
            case While(condition, body, (first, second)):
                return Until(
                    self.graphs[id(condition)],
                    self.graphs[id(body)],
                    (_width(condition.params[:first]), _width(body.params[:second])),
                    _width(body.results[: op.carry]),
                )
            case Switch(branches):
                return Choice(tuple([self.graphs[id(b)] for b in branches]))
            case Apply() | Literal():
                return op
        raise AssertionError(op)

    def _share(self, outputs: Sequence[Var], values: Sequence[Value]) -> None:
        """Give values to variables, each as many as its type has."""
        rest = iter(values)
        for v in outputs:
            self.known[v] = [next(rest) for _ in flat_types(v.type)]

    def _emit(
        self, e: Equation, op: NodeOp, inputs: Sequence[Value], types: Sequence[Any]
    ) -> tuple[Value, ...]:
        outputs = tuple([Value(t) for t in types])
        self.nodes.append(Node(op, tuple(inputs), outputs, e.origin, e.recompute))
        return outputs

    def _zero(self, type_: ArrayType | ListType, e: Equation) -> Value:
        return self._emit(e, Literal(0, type_), (), [type_])[0]  # type: ignore[arg-type]

    def _call(self, e: Equation, callee: Function) -> None:
        graph, inputs = self.graphs[id(callee)], self._inputs(e)
        if self.calls[id(callee)] > 1 and graph.size > SMALL:
            op = Shared(graph, callee.digest)
            types = [v.type for v in graph.results]
            self._share(e.outputs, self._emit(e, op, inputs, types))
            return
        results = splice(graph, inputs, self.nodes.append, again=e.recompute)
        self._share(e.outputs, results)


def splice(
    graph: Graph,
    inputs: Sequence[Value],
    emit: Callable[[Node], None],
    *,
    again: bool = False,
) -> list[Value]:
    """Copy a graph's nodes, at given values of its parameters; gives its results there."""
    new = dict(zip(graph.params, inputs, strict=True))
    for n in graph.nodes:
        outputs = tuple([Value(v.type) for v in n.outputs])
        new.update(zip(n.outputs, outputs, strict=True))
        emit(Node(n.op, tuple([new[v] for v in n.inputs]), outputs, n.origin, n.recompute or again))
    return [new[v] for v in graph.results]


def _width(variables: Sequence[Var]) -> int:
    return sum(len(flat_types(v.type)) for v in variables)


def graphs_within(graph: Graph) -> Iterator[Graph]:
    """The graph and all graphs in its constructs and shared calls, each once."""
    seen: set[int] = set()
    stack = [graph]
    while stack:
        g = stack.pop()
        if id(g) in seen:
            continue
        seen.add(id(g))
        yield g
        for n in g.nodes:
            stack.extend(inner_graphs(n.op))
            if isinstance(n.op, Shared):
                stack.append(n.op.graph)


def graph_work(graph: Graph) -> int:
    """About how many operations a graph takes, trip by trip, as its records count them."""
    return sum(map(node_work, graph.nodes))


def node_work(n: Node) -> int:
    """About how many operations a node takes, as its record counts them."""
    match n.op:
        case Shared(graph):
            return graph_work(graph)
        case Loop(body, length):
            return (length if length is not None else UNKNOWN) * graph_work(body)
        case Until():
            return UNKNOWN * (graph_work(n.op.condition) + graph_work(n.op.body))
        case Choice(branches):
            return max(map(graph_work, branches), default=0)
        case Literal() | Constant():
            return 0
        case Add():
            return n.outputs[0].type.size
        case Apply(primitive, attributes):
            operands: Any = tuple([v.type for v in n.inputs])
            results: Any = tuple([v.type for v in n.outputs])
            return primitive.work(operands, results, dict(attributes))
