"""Tapes of loops of unknown length between functions, in either back end."""

import pickle
import resource
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from lineara import grad, jit, linearize, partial_eval, set_backend, vjp, vmap, while_loop
from lineara.api import explain
from lineara.backends.tape import Tape
from lineara.errors import DtypeError, ShapeError
from lineara.ir import ArrayType, ListType, TupleType
from lineara.testing import generate
from lineara.testing.machine import agrees
from lineara.testing.staged import STAGES
from lineara.testing.values import bits

X, ROWS = np.array([0.3, -0.7, 1.1]), np.arange(6.0).reshape(2, 3)
F, V = ArrayType("f64"), ArrayType("f64", (3,))
NESTED = ListType(TupleType((F, ListType(V), TupleType((ArrayType("i64"),)))))


def deep(x):
    """A loop in a loop, neither with a number of trips that is known."""

    def inner(k, c):
        return while_loop(lambda s: s[0] < k, lambda s: (s[0] + 1, np.sin(s[1]) * x), (0, c))[1]

    return while_loop(lambda s: s[0] < 4, lambda s: (s[0] + 1, inner(s[0], s[1]) + x), (0, x))[1]


def root(x):
    return while_loop(lambda c: np.sum(c) < 9.0, lambda c: c * 1.5 + np.exp(-x), np.abs(x) + 0.1)


@pytest.fixture(params=["native", "reference"])
def either(request):
    """Each back end, chosen."""
    set_backend(request.param)
    yield request.param
    set_backend("native")


@pytest.mark.parametrize("f", [deep, root])
def test_both_halves_in_machine_code(f):
    y, L = linearize(f, X)
    np.testing.assert_allclose(y, f(X))
    columns = [L(e) for e in np.eye(3)]
    np.testing.assert_allclose(L.of_basis(0)[0], columns)
    for w, column in zip(np.eye(3), np.transpose(columns), strict=True):
        np.testing.assert_allclose(L.T(w), column)
        np.testing.assert_allclose(vjp(f, X)[1](w)[0], column)
        np.testing.assert_allclose(grad(lambda x, w=w: f(x) @ w)(X), column)


@pytest.mark.parametrize("f", [deep, root])
def test_a_half_in_each_back_end(f, either):
    _, L = linearize(f, X)
    here = L(X), L.T(X)
    set_backend("native" if either == "reference" else "reference")
    np.testing.assert_allclose((L(X), L.T(X)), here)


def test_what_is_split_by_what_is_known():
    split = partial_eval(lambda a, x: root(a) * x, X, X, known=0)
    tape = pickle.loads(pickle.dumps(split.early(X)))
    assert bits(split.late(tape, X)) == bits(split.late(split.early(X), X))
    np.testing.assert_allclose(split.late(tape, X), root(X) * X)


def has_list(type_):
    """Whether there is a list in a type."""
    inside = type_.elements if isinstance(type_, TupleType) else ()
    return isinstance(type_, ListType) or any(map(has_list, inside))


@pytest.mark.parametrize("stage", ["nonlinear", "linear", "transposed"])
def test_generated_functions_of_lists(stage):
    found = 0
    for seed in range(150):
        function, args = STAGES[stage](generate(seed, 10), Random(seed))
        if any(has_list(v.type) for v in (*function.params, *function.results)):
            assert agrees(function, args), seed
            found += 1
    assert found > 3


def test_items_and_back():
    items = [
        (np.asarray(0.5), [X, -X], (np.asarray(3),)),
        (np.asarray(1.5), [], (np.asarray(4),)),
        (np.asarray(2.5), [X], (np.asarray(5),)),
    ]
    tape = Tape.of(NESTED, items)
    assert bits(tuple(tape.items())) == bits(tuple(items))
    assert tape.nbytes == 3 * 8 + 3 * 24 + 3 * 8
    assert Tape.of(NESTED, []).items() == []


@pytest.mark.parametrize("items", [X, [X], [(np.asarray(0.5), [X])], [(X, [X], (0,))]])
def test_items_of_another_type_are_refused(items):
    with pytest.raises(ShapeError):
        Tape.of(NESTED, items)


@pytest.mark.usefixtures("either")
def test_the_tape_of_another_function_is_refused():
    first = partial_eval(lambda a, x: root(a) * x, X, X, known=0)
    second = partial_eval(lambda a, x: root(a) * x, ROWS, ROWS, known=0)
    with pytest.raises(ShapeError):
        first.late(second.early(ROWS), X)
    with pytest.raises(DtypeError):
        jit(np.sin)(Tape.of(ListType(F), []))


def tapes(value):
    """The tapes in a value."""
    return [t for x in value for t in tapes(x)] if isinstance(value, tuple) else [value]


def test_a_tape_that_is_changed_is_refused():
    _, L = linearize(deep, X)
    (tape, *_) = [t for t in tapes(tuple(L._tape)) if isinstance(t, Tape)]
    assert L(X) is not None
    for counts in (tape.parts[0].counts[-1], tape.parts[0].counts[0]):
        counts[0] += 1
        with pytest.raises(ShapeError, match="changed"):
            L(X)
        counts[0] -= 1
    part = tape.parts[0]
    short = replace(tape, parts=(replace(part, rows=part.rows[1:]), *tape.parts[1:]))
    L._tape = [_exchanged(x, tape, short) for x in L._tape]
    with pytest.raises(ShapeError, match="changed"):
        L(X)


def _exchanged(value, old, new):
    if isinstance(value, tuple):
        return tuple([_exchanged(x, old, new) for x in value])
    return new if value is old else value


def test_beyond_the_end_of_a_tape_there_are_zeros():
    set_backend("native")
    _, L = linearize(root, X)
    trips = [i for i, v in enumerate(L.function.params) if v.type is ArrayType("i64")]
    for i in trips:
        L._tape[i] = L._tape[i] * 100
    assert trips
    assert np.isfinite(L(X)).all()


@pytest.mark.usefixtures("either")
def test_a_map_inside_another_function():
    _, L = linearize(root, X)
    expected = L(X)
    assert bits(jit(lambda v: L(v))(X)) == bits(expected)
    np.testing.assert_allclose(vmap(L)(ROWS), [L(v) for v in ROWS])
    np.testing.assert_allclose(grad(lambda v: np.sum(L(v)))(X), L.T(np.ones(3)))
    set_backend("native")
    assert explain(lambda v: L(v), X).jitted is None
    assert explain(lambda v: L(v), X).evaluated == ()


def test_tapes_take_no_memory_when_they_are_gone():
    x = np.linspace(0.1, 1.0, 10_000)
    split = partial_eval(lambda a, x: root(a) * x, x, x, known=0)

    def both():
        split.late(split.early(x), x)

    def peak():
        for _ in range(200):
            both()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = peak()
    assert peak() <= 1.1 * before
