"""Arrays that are captured are part of the machine code; elements at indices are taken before they are computed."""

import numpy as np
import pytest

import lineara as lin
from lineara.api.record import record
from lineara.backends.native.constants import SMALL, Known, folded
from lineara.backends.native.flat import Constant, Node, Value
from lineara.backends.native.run import graph_of
from lineara.backends.reference import evaluate
from lineara.ir import Apply, ArrayType
from lineara.primitives.gathering import gather

CHOSEN = np.array([2, 0, 1, 1])
r = np.random.default_rng(0)
A, B, INDICES = r.normal(size=(5, 6)), r.normal(size=(6, 40)), r.integers(-40, 40, 7)


def compiled(f, *args):
    """What is compiled of a function, with what it captures."""
    recorded = record(f, args, lambda leaves: (tuple(leaves), {}))
    return graph_of(recorded.function, Known.of(list(recorded.captured), len(args)))


def largest(graph):
    return max(v.type.size for n in graph.nodes for v in n.outputs)


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b, i: (a @ b)[:, i],
        lambda a, b, i: ((a @ b) * 2 + np.sin(a @ b))[:, i],
        lambda a, b, i: (a @ b)[[1, 2, 1], i[:3]],
        lambda a, b, i: lin.jacfwd(lambda a: (a @ b)[:, i])(a),
        lambda a, b, i: lin.vmap(lambda x: (x * x + 1)[CHOSEN])(a),
        lambda a, b, i: lin.vmap(lambda x: (x @ b)[i])(a),
        lambda a, b, i: lin.vmap(lambda x: np.outer(x, x)[CHOSEN, :][:, CHOSEN[:2]], in_axes=1)(a),
        lambda a, b, i: lin.vmap(lambda x, j: (x * 2)[j])(a, np.stack([CHOSEN] * 5)),
        lambda a, b, i: lin.grad(lambda a: np.sum(np.sin(a @ b)[:, i] ** 2))(a),
    ],
)
def test_elements_at_indices(f):
    recorded = record(f, (A, B, INDICES), lambda leaves: (tuple(leaves), {}))
    (wanted,) = evaluate(recorded.function, [A, B, INDICES, *recorded.captured])
    np.testing.assert_allclose(lin.jit(f)(A, B, INDICES), wanted, rtol=1e-12, atol=1e-13)


def test_what_is_not_read_is_not_computed():
    assert largest(compiled(lambda a, b, i: np.exp(a @ b)[:, i], A, B, INDICES)) < (A @ B).size


def test_indices_of_what_is_not_computed_are_checked():
    f = lin.jit(lambda a, b, i: (a @ b)[:, i])
    with pytest.raises(IndexError, match="40"):
        f(A, B, np.array([1, 40]))


def test_indices_of_a_batch_that_count_are_gone():
    graph = compiled(lambda a, i: lin.vmap(lambda x: (x * x)[i])(a), A, CHOSEN)
    indices = [
        n for n in graph.nodes if isinstance(n.op, Apply) and n.op.primitive.name == "gather"
    ]
    assert [len(n.inputs) for n in indices] == [2]


def test_a_captured_array_is_a_constant_and_what_is_computed_of_it_too():
    table = np.arange(6.0)
    graph = compiled(lambda x: x * (table[::2] + 1), np.ones(3))
    (constant,) = [n.op for n in graph.nodes if isinstance(n.op, Constant)]
    np.testing.assert_array_equal(constant.value, table[::2] + 1)


def test_a_large_captured_array_is_none():
    table = np.zeros(SMALL + 1)
    assert not any(isinstance(n.op, Constant) for n in compiled(lambda x: x + table, table).nodes)


def test_a_captured_array_is_what_it_was():
    table = np.ones(3)
    f = lin.jit(lambda x: x + table)
    f(np.zeros(3))
    table[:] = 7
    np.testing.assert_array_equal(f(np.zeros(3)), np.ones(3))


def test_a_known_index_out_of_range_is_left_to_the_run():
    types = [ArrayType("f64", (3,)), ArrayType("i64", (2,))]
    x, i = (Value(t) for t in types)
    node = Node(Apply(gather, (("axes", (0,)),)), (x, i), (Value(ArrayType("f64", (2,))),))
    known = {x: Constant(np.arange(3.0)), i: Constant(np.array([0, 3]))}
    assert folded(node, known) == []
    (constant,) = folded(node, known | {i: Constant(np.array([2, 0]))})
    np.testing.assert_array_equal(constant.value, [2.0, 0.0])
