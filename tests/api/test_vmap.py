"""vmap: through every construct and transformation, in both orders."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from lineara import (
    cond,
    grad,
    hessian,
    jacfwd,
    jit,
    jvp,
    linearize,
    scan,
    switch,
    vjp,
    vmap,
    while_loop,
)
from lineara.errors import LinearaError, ShapeError, TraceError
from lineara.frontend.trace import apply, current_trace, is_traced
from lineara.primitives import REGISTRY
from lineara.testing.values import sample

X = np.random.default_rng(0).normal(size=(5, 3))


def smooth(x):
    return np.sum(np.sin(x) * x[::-1]) + np.max(x) * np.prod(x)


def looped(x):
    return while_loop(lambda v: v < 100.0, lambda v: v * x + 1.0, x)


def scanned(x):
    return np.sum(scan(lambda c, t: (c * x + t, np.sin(c)), x, np.arange(4.0))[1])


def branched(x):
    return cond(x > 2.0, np.sin, lambda v: v * v, x)


def switched(x):
    return switch(np.floor(x).astype(int), [np.sin, np.cos, lambda v: v * x], x)


def each(f, xs, *others):
    return np.stack([np.asarray(f(x, *others)) for x in xs])


@pytest.mark.parametrize("f", [smooth, jacfwd(np.sin), hessian(smooth), grad(smooth)])
def test_vmap_is_a_loop_over_examples(f):
    np.testing.assert_allclose(vmap(f)(X), each(f, X), rtol=1e-12)


@pytest.mark.parametrize("f", [looped, scanned, branched, switched], ids=lambda f: f.__name__)
def test_vmap_goes_through_control_flow_in_both_orders(f):
    xs = np.array([3.0, 2.5, 1.5, 1.2])
    np.testing.assert_allclose(vmap(f)(xs), each(f, xs), rtol=1e-12)
    np.testing.assert_allclose(vmap(grad(f))(xs), each(grad(f), xs), rtol=1e-12)
    np.testing.assert_allclose(
        grad(lambda v: np.sum(vmap(f)(v)))(xs), each(grad(f), xs), rtol=1e-12
    )
    np.testing.assert_allclose(
        vmap(lambda x: jvp(f, (x,), (1.0,))[1])(xs), each(grad(f), xs), rtol=1e-12
    )
    np.testing.assert_allclose(vmap(grad(grad(f)))(xs), each(grad(grad(f)), xs), rtol=1e-10)


def test_axes_go_in_and_out_where_they_are_said():
    a, b = np.ones((4, 2, 3)), np.ones((3, 4, 5))
    assert vmap(lambda x, y: x @ y, (0, 1), 1)(a, b).shape == (2, 4, 5)
    assert vmap(lambda x, y: x @ y, (0, -2), -1)(a, b).shape == (2, 5, 4)
    out = vmap(lambda p, x: {"s": p["w"] * x, "k": p["c"]}, ({"w": 0, "c": None}, 0))(
        {"w": np.arange(3.0), "c": 7.0}, np.ones((3, 2))
    )
    assert out["s"].shape == (3, 2)
    assert out["k"].tolist() == [7.0, 7.0, 7.0]
    assert vmap(lambda x, c: c, (0, None), None)(X, 2.0) == 2.0


def test_vmaps_nest():
    np.testing.assert_allclose(vmap(vmap(np.sin))(X), np.sin(X))
    outer = vmap(vmap(np.multiply, (None, 0)), (0, None))
    np.testing.assert_allclose(outer(X[:, 0], X[:, 1]), np.outer(X[:, 0], X[:, 1]))


def test_closed_over_arrays_are_the_same_for_all():
    A = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(vmap(lambda x: A @ x)(X), X @ A.T)
    np.testing.assert_allclose(
        grad(lambda A: np.sum(vmap(lambda x: A @ x)(X) ** 2))(A), 2 * A @ X.T @ X, rtol=1e-12
    )


def test_indices_may_be_examples():
    i = np.array([2, 0, 1, 1, 2])
    np.testing.assert_array_equal(vmap(lambda x, j: x[j])(X, i), X[np.arange(5), i])
    np.testing.assert_array_equal(vmap(lambda x, j: x[j], (None, 0))(X[0], i), X[0][i])
    bars = vmap(grad(lambda x, j: x[j] * x[0]))(X, i)
    np.testing.assert_allclose(bars, each(lambda k: grad(lambda x: x[i[k]] * x[0])(X[k]), range(5)))


def test_linear_maps_are_batched_too():
    def f(x, v):
        _, L = linearize(smooth, x)
        return L(v)

    v = X[::-1].copy()
    np.testing.assert_allclose(vmap(f)(X, v), each(lambda k: f(X[k], v[k]), range(5)))
    pulled = vmap(lambda x, w: vjp(np.sin, x)[1](w)[0])(X, v)
    np.testing.assert_allclose(pulled, np.cos(X) * v)


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_record_is_batched_as_a_loop_would(name):
    record = REGISTRY[name]
    rng = Random(7)
    for example in record.examples:
        if not example.operands or (record.borrows and record.linear_in):
            continue
        examples = [operands_of(record, example, rng) for _ in range(3)]
        stacks = [np.stack(column) for column in zip(*examples, strict=True)]
        f = applied(record, dict(example.attributes))
        expected = [f(*operands) for operands in examples]
        for given, column in zip(vmap(f)(*stacks), zip(*expected, strict=True), strict=True):
            np.testing.assert_allclose(given, np.stack(column), rtol=1e-6, atol=1e-12)


def operands_of(record, example, rng):
    for _ in range(1000):
        operands = [sample(t, rng, example.low, example.high) for t in example.operands]
        if record.admits is None or record.admits(*operands):
            return operands
    raise AssertionError(f"no operands in the domain of {record}")


def applied(record, attributes):
    def f(*operands):
        if current_trace() is None or not any(map(is_traced, operands)):
            return record.evaluate(*operands, **attributes)
        given = apply(record, *operands, **attributes)
        return given if isinstance(given, tuple) else (given,)

    return f


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda: vmap(np.sin)(1.0), ShapeError, "no axis 0"),
        (lambda: vmap(np.add)(np.ones(2), np.ones(3)), ShapeError, "one number of examples"),
        (lambda: vmap(np.add, (0,))(X, X), ShapeError, "1 entries"),
        (lambda: vmap(np.sin, None)(X), ShapeError, "no argument has one"),
        (lambda: vmap(np.sin, out_axes=None)(X), ShapeError, "depends on the example"),
        (lambda: vmap(lambda x: x if x > 0 else -x)(X[:, 0]), TraceError, r"lineara\.cond"),
        (lambda: vmap(np.sin, {"a": 0})(X), LinearaError, "in_axes"),
        (lambda: vmap(3.0), LinearaError, "takes a function"),
    ],
)
def test_errors_say_what_is_wrong(attempt, error, message):
    with pytest.raises(error, match=message):
        attempt()


@pytest.mark.parametrize("in_axes", [(None, 0), (0, None), (0, 0)])
def test_products_of_which_examples_change_one_operand(in_axes):
    rng = np.random.default_rng(1)
    m = rng.normal(size=(5, 4, 3) if in_axes[0] == 0 else (4, 3))
    v = rng.normal(size=(5, 3) if in_axes[1] == 0 else 3)
    weights = rng.normal(size=(5, 4))

    def one_by_one(m, v):
        rows = [
            np.tanh((m[i] if m.ndim > 2 else m) @ (v[i] if v.ndim > 1 else v)) for i in range(5)
        ]
        return np.sum(weights * np.stack(rows))

    def together(m, v):
        return np.sum(weights * vmap(lambda m, v: np.tanh(m @ v), in_axes)(m, v))

    assert np.isclose(together(m, v), one_by_one(m, v))
    for found, meant in zip(
        grad(together, (0, 1))(m, v), grad(one_by_one, (0, 1))(m, v), strict=True
    ):
        np.testing.assert_allclose(found, meant)


def test_a_matrix_is_not_repeated_for_each_vector():
    m = np.arange(12.0).reshape(4, 3)
    assert "broadcast" not in jit(vmap(lambda v: m @ v)).show(X)
