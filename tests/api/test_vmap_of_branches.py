"""Examples that part: what vmap gives is what a Python loop over the examples gives, whatever the others would refuse."""

from __future__ import annotations

import numpy as np
import pytest

import lineara.numpy as lnp
from lineara import (
    checkpoint,
    cond,
    fori_loop,
    grad,
    jacfwd,
    jacrev,
    jit,
    scan,
    switch,
    vmap,
    while_loop,
)
from lineara.errors import IndexingError
from lineara.ir import Apply, Equation, Var, infer
from lineara.primitives import REGISTRY
from lineara.transforms.batch_choice import _is_total

X = np.random.default_rng(0).normal(size=(5, 3))
MATRICES = np.array([np.zeros((2, 2)), 2 * np.eye(2), [[1.0, 2.0], [3.0, 4.0]], np.ones((2, 2))])
SOME = np.array([1.1, 2.0, 1.3, 0.5])


def reads_in_range(x, i):
    return cond((i >= 0) & (i < 3), lambda: x[i] ** 2 * x[0], lambda: np.sum(x))


def solves_the_regular(b, a):
    def solved():
        return np.sum(np.linalg.solve(a, b * np.ones(2)) ** 2)

    return cond(np.linalg.det(a) != 0, solved, lambda: b * a[0, 0])


def raises_to_a_natural_power(n, x):
    return cond(n >= 0, lambda: lnp.pow(2 + 0 * n, n) * x**2, lambda: x)


def ends_for_the_positive(x):
    return cond(
        x > 0, lambda: while_loop(lambda s: s < 10, lambda s: s * (1 + x), x), lambda: x * x
    )


def loops(x):
    def squared(a):
        return while_loop(lambda s: s < 30, lambda s: s * s * x + 1, a)

    return cond(x > 0.5, squared, np.cos, x)


def loops_of_all_kinds(x):
    branches = [
        np.sin,
        lambda a: while_loop(lambda s: s < 30, lambda s: s * s * x + 1, a),
        lambda a: while_loop(lambda s: s[0] < 9, lambda s: (s[0] * s[1] + 1, s[1]), (a, x))[0] * a,
        lambda a: fori_loop(0, (a * 2).astype(int), lambda i, c: c * x + i, a),
    ]
    return switch(np.floor(x).astype(int), branches, x)


def loops_in_loops(x):
    def inner(s):
        return while_loop(lambda t: t < s + 2, lambda t: t * t + 1, s * x)

    return while_loop(lambda s: s < 30, lambda s: cond(s > 4, inner, lambda s: s * s + 1.5, s), x)


def branches_in_branches(x):
    def either():
        return cond(x > 1.5, lambda: loops(x) * x, lambda: x * loops_in_loops(x))

    return cond(x > 1, either, lambda: x**3)


def branches_in_a_scan(x):
    def step(c, t):
        return cond(c > t, lambda: loops(c * 0.1 + t), lambda: c * c + x), c

    return scan(step, x, np.arange(3.0))[0]


def reads_until_done(i, n, x):
    def step(state):
        i, total, x = state
        return i + 1, total + x[i] ** 3 * total, x

    return while_loop(lambda state: state[0] < n, step, (i, x[0], x))[1]


def called(x):
    return jit(lambda x: loops(x) * x + loops_in_loops(x))(x) * x


def checkpointed(x):
    return checkpoint(lambda x: loops(x) * x + loops_in_loops(x))(x) * x


CASES = [
    (reads_in_range, (X[:4], np.array([0, 7, 2, -1]))),
    (solves_the_regular, (np.arange(4.0) + 1, MATRICES)),
    (raises_to_a_natural_power, (np.array([2, -1, 3, -2]), SOME)),
    (ends_for_the_positive, (np.array([1.1, 2.0, -1.3, 0.5]),)),
    (loops, (SOME,)),
    (loops_of_all_kinds, (np.array([0.3, 1.2, 2.5, 3.5]),)),
    (loops_in_loops, (SOME,)),
    (branches_in_branches, (SOME,)),
    (branches_in_a_scan, (SOME,)),
    (reads_until_done, (np.array([0, 3, 1, 2]), np.array([3, 3, 1, 3]), X[:4])),
    (called, (SOME,)),
    (checkpointed, (SOME,)),
]
every_case = pytest.mark.parametrize(("f", "xs"), CASES, ids=[f.__name__ for f, _ in CASES])


def each(f, xs):
    return np.stack([f(*x) for x in zip(*xs, strict=True)])


def last(xs):
    """The argument that derivatives are taken of: the last that is not an integer."""
    return max(k for k, x in enumerate(xs) if x.dtype.kind == "f")


def close(given, expected):
    np.testing.assert_allclose(given, expected, rtol=1e-9, atol=1e-12)


@every_case
def test_values(f, xs):
    close(vmap(f)(*xs), each(f, xs))


@every_case
def test_gradients_in_both_orders(f, xs):
    k = last(xs)
    expected = each(grad(f, k), xs)
    close(vmap(grad(f, k))(*xs), expected)
    close(grad(lambda *args: np.sum(vmap(f)(*args)), k)(*xs), expected)


@every_case
def test_second_derivatives_in_all_orders(f, xs):
    k = last(xs)
    first = grad(f, k)

    def summed(*args):
        return np.sum(first(*args))

    expected = each(grad(summed, k), xs)
    close(vmap(grad(summed, k))(*xs), expected)
    close(grad(lambda *args: np.sum(vmap(first)(*args)), k)(*xs), expected)

    def of_all(*args):
        return np.sum(grad(lambda *args: np.sum(vmap(f)(*args)), k)(*args))

    close(grad(of_all, k)(*xs), expected)


@every_case
@pytest.mark.parametrize("mode", [jacfwd, jacrev])
def test_jacobians_of_gradients(f, xs, mode):
    derivative = mode(grad(f, last(xs)), last(xs))
    close(vmap(derivative)(*xs), each(derivative, xs))


@every_case
def test_nested(f, xs):
    k = last(xs)
    squares = [x.reshape(2, 2, *x.shape[1:]) for x in xs]
    values, expected = each(f, xs), each(grad(f, k), xs).reshape(squares[k].shape)
    close(vmap(vmap(f))(*squares), values.reshape(2, 2))
    close(vmap(vmap(grad(f, k)))(*squares), expected)
    close(vmap(grad(lambda *args: np.sum(vmap(f)(*args)), k))(*squares), expected)
    close(grad(lambda *args: np.sum(vmap(vmap(f))(*args)), k)(*squares), expected)


def test_what_the_example_itself_refuses_is_an_error():
    with pytest.raises(IndexingError, match="index 3 is out of bounds"):
        vmap(lambda i, x: cond(i < 4, lambda: x[i], lambda: 0.0))(np.array([0, 3]), X[:2])


def test_a_branch_that_no_example_takes_is_not_run():
    i = np.array([5, 6])
    assert vmap(lambda i, x: cond(i < 3, lambda: x[i], lambda: 0.0))(i, X[:2]).tolist() == [0, 0]
    assert (
        vmap(grad(lambda x, i: reads_in_range(x, i)))(X[:2], i).tolist() == np.ones((2, 3)).tolist()
    )


def test_no_examples_take_no_branch():
    assert vmap(reads_in_range)(np.zeros((0, 3)), np.zeros(0, int)).shape == (0,)
    assert vmap(grad(reads_in_range))(np.zeros((0, 3)), np.zeros(0, int)).shape == (0, 3)


def total_examples(record):
    for example in record.examples:
        types = infer(record, example.attributes, example.operands)
        operands, results = (tuple(map(Var, ts)) for ts in (example.operands, types))
        if _is_total(Equation(Apply(record, example.attributes), operands, results)):
            yield example


def extreme(type_, value):
    kind = type_.dtype.kind
    if kind in "fc":
        return np.full(type_.shape, value, type_.dtype)
    if kind == "b":
        return np.full(type_.shape, value > 0)
    bounds = np.iinfo(type_.dtype)
    return np.full(type_.shape, 0 if np.isnan(value) else np.clip(value, bounds.min, bounds.max))


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_a_record_that_is_run_for_all_examples_refuses_none(name):
    record = REGISTRY[name]
    for example in total_examples(record):
        for value in (0.0, 1.0, -3.5, 1e3, np.inf, -np.inf, np.nan):
            with np.errstate(all="ignore"):
                operands = [extreme(t, value).astype(t.dtype) for t in example.operands]
                record.evaluate(*operands, **dict(example.attributes))
