"""Arrays that are known when a function is compiled: what `jit` has captured.

They are data of the module. What is computed of them exactly, a part, a comparison, a sum, is computed here and now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lineara.backends.native.flat import Constant, Graph, Node, Value
from lineara.backends.native.recomputing import is_cheap
from lineara.ir import Add, Apply, ArrayType, Literal
from lineara.primitives.gathering import gather

SMALL = 4096
"""The elements up to which an array is made part of a program."""


@dataclass(frozen=True, slots=True)
class Known:
    """The arrays that are known, by the number of the parameter; equal ones are equal."""

    arrays: Mapping[int, Constant]

    @classmethod
    def of(cls, arrays: Sequence[Any], first: int) -> Known:
        """The small ones among arrays, whose parameters begin with the first."""
        return cls(
            {
                i: Constant(x)
                for i, x in enumerate(arrays, first)
                if isinstance(x, np.ndarray) and 0 < x.size <= SMALL
            }
        )

    @property
    def key(self) -> tuple[tuple[int, str], ...]:
        """What tells one from another."""
        return tuple([(i, c.key) for i, c in self.arrays.items()])


NOTHING = Known({})


def with_known(graph: Graph, known: Known) -> Graph:
    """The graph in which parameters are the arrays that are known; it still takes them, and reads them no more."""
    params = list(graph.params)
    nodes: list[Node] = []
    for i, constant in known.arrays.items():
        nodes.append(Node(constant, (), (params[i],)))
        params[i] = Value(params[i].type)
    return Graph(graph.name, tuple(params), (*nodes, *graph.nodes), graph.results)


def folded(node: Node, known: Mapping[Value, Constant | Literal]) -> list[Constant]:
    """The constants that the results of a node of constants are; none if they are not known."""
    op = node.op
    given = [known[v] for v in node.inputs if v in known]
    if not isinstance(op, Apply | Add) or len(given) < len(node.inputs):
        return []
    if not any(isinstance(g, Constant) for g in given) or not _is_exact(node):
        return []
    if not all(isinstance(v.type, ArrayType) and 0 < v.type.size <= SMALL for v in node.outputs):
        return []
    arrays = [_array(g) for g in given]
    with np.errstate(all="ignore"):
        if isinstance(op, Add):
            return [Constant(np.asarray(arrays[0] + arrays[1]))]
        try:
            made = op.primitive.evaluate(*arrays, **dict(op.attributes))
        except IndexError:  # it is raised when the program runs
            return []
    return list(map(Constant, made))


def filled(op: Constant) -> Constant | Literal:
    """An array of reals that are all the same, and not zero, as what it is filled with."""
    flat = op.value.ravel()
    same = op.value.dtype.kind == "f" and np.isfinite(flat[0]) and (flat == flat[0]).all()
    if not same or flat[0] == 0:
        return op
    return Literal(float(flat[0]), ArrayType(op.value.dtype, op.value.shape))


def _is_exact(node: Node) -> bool:
    """Whether every way to compute it gives the same."""
    if isinstance(node.op, Add):
        return True
    picks = isinstance(node.op, Apply) and node.op.primitive is gather
    return not node.recompute and (picks or is_cheap(node))


def _array(op: Constant | Literal) -> Any:
    if isinstance(op, Constant):
        return op.value
    return np.full(op.type.shape, op.value, op.type.dtype)
