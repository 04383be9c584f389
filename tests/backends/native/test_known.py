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


def gathers(graph):
    return [n for n in graph.nodes if isinstance(n.op, Apply) and n.op.primitive.name == "gather"]


def beside(x, b, i):
    """Columns of a matrix, and of one whose columns are all the same."""
    return b[:, i] * np.broadcast_to(np.reshape(x, (6, 1)), (6, 40))[:, i]


def alone(x, b, i):
    return np.broadcast_to(np.reshape(x, (6, 1)), (6, 40))[:, i]


@pytest.mark.parametrize(("f", "number"), [(beside, 1), (alone, 1)])
def test_indices_along_a_repeated_axis_are_checked_once(f, number):
    x = np.arange(6.0)
    assert len(gathers(compiled(f, x, B, INDICES))) == number
    np.testing.assert_array_equal(lin.jit(f)(x, B, INDICES), f(x, B, INDICES))
    with pytest.raises(IndexError, match="40"):
        lin.jit(f)(x, B, np.array([1, 40]))


def test_some_indices_along_a_repeated_axis():
    f = lambda x, b, i, j: (b[j, i], np.broadcast_to(np.reshape(x, (6, 1)), (6, 40))[j, i])
    x, j = np.arange(6.0), np.array([0, 5, -6, 1, 1, 2, 3])
    for got, wanted in zip(lin.jit(f)(x, B, INDICES, j), f(x, B, INDICES, j), strict=True):
        np.testing.assert_array_equal(got, wanted)
    for wrong in ((np.array([40]), j[:1]), (INDICES[:1], np.array([6]))):
        with pytest.raises(IndexError):
            lin.jit(f)(x, B, *wrong)


def test_an_array_of_ones_is_a_one():
    ones = np.ones((3, 4))
    assert compiled(lambda x: ones * x, np.zeros((3, 4))).nodes == ()


@pytest.mark.parametrize("zeros", [(0.0, 0.0), (-0.0, -0.0), (0.0, -0.0), (np.nan, np.nan)])
def test_arrays_of_one_number_keep_its_sign(zeros):
    zeros = np.array(zeros)
    f = lambda x: (np.copysign(x, zeros), x + zeros)
    for x in (np.ones(2), np.full(2, -0.0)):
        for got, wanted in zip(lin.jit(f)(x), f(x), strict=True):
            assert got.tobytes() == wanted.tobytes()
