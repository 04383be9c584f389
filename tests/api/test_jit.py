"""jit: the Python runs once for each type."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

import lineara
from lineara import cost, grad, jit, vmap
from lineara.errors import LeakError, LinearaError, TraceError
from lineara.ir import callees_first

X = np.array([0.5, 1.5])


def counted(f):
    def wrapper(*args, **kwargs):
        wrapper.calls += 1
        return f(*args, **kwargs)

    wrapper.calls = 0
    return wrapper


def test_the_python_runs_once_for_each_type_and_structure():
    f = counted(lambda x: np.sin(x) * 2.0)
    g = jit(f)
    for x in (X, X + 1.0, X * 2.0):
        np.testing.assert_allclose(g(x), np.sin(x) * 2.0)
    assert f.calls == 1
    g(X.astype(np.float32))
    g(1.0)
    assert f.calls == 3


def test_jit_goes_with_every_transformation():
    f = jit(lambda x: np.sum(np.sin(x) * x))
    np.testing.assert_allclose(grad(f)(X), np.cos(X) * X + np.sin(X))
    np.testing.assert_allclose(jit(grad(f))(X), grad(f)(X))
    np.testing.assert_allclose(jit(grad(jit(grad(lambda x: jit(np.sin)(x)))))(0.3), -np.sin(0.3))
    np.testing.assert_allclose(vmap(jit(np.sin))(X), np.sin(X))
    np.testing.assert_allclose(jit(vmap(jit(np.sin)))(X), np.sin(X))


def test_inside_a_traced_function_it_is_one_shared_call():
    layer = jit(lambda x: np.tanh(np.sin(x) * x + 1.0))

    def deep(x):
        for _ in range(20):
            x = layer(x)
        return np.sum(x)

    function = lineara.trace(deep, X).function
    assert len(callees_first(function)) == 2
    assert cost.size(function) < 150


def test_static_arguments_are_python_values():
    f = counted(lambda x, n, *, mode: x**n if mode == "power" else x)
    g = jit(f, static_argnums=1, static_argnames="mode")
    np.testing.assert_allclose(g(X, 2, mode="power"), X**2)
    np.testing.assert_allclose(g(X, 3, mode="power"), X**3)
    np.testing.assert_allclose(g(X, 3, mode="power"), X**3)
    np.testing.assert_allclose(g(X, 3, mode="none"), X)
    assert f.calls == 3
    np.testing.assert_allclose(grad(lambda x: np.sum(g(x, 3, mode="power")))(X), 3 * X**2)


def test_closed_over_traced_values_are_those_of_each_call():
    def f(y):
        return jit(lambda x: x * y)(2.0) + jit(lambda x: x + y)(y)

    assert grad(f)(3.0) == 4.0
    g = None

    def outer(y):
        nonlocal g
        g = g or jit(lambda x: x * y)
        return g(y)

    assert grad(outer)(3.0) == 6.0


def test_containers_go_in_and_out():
    f = jit(lambda p, *, scale: {"y": p["w"] @ p["x"] * scale, "n": p["x"].shape[0]})
    out = f({"w": np.eye(2), "x": X}, scale=2.0)
    np.testing.assert_allclose(out["y"], 2 * X)
    assert out["n"] == 2


def test_a_python_branch_names_the_line_and_the_construct():
    @jit
    def f(x):
        if x > 0:
            return x
        return -x

    with pytest.raises(TraceError, match=r"lineara\.cond") as caught:
        f(1.0)
    assert "if x > 0:" in str(caught.value)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: jit(lambda x, s: x, static_argnums=1)(X, [1]), "not hashable"),
        (lambda: jit(lambda x: x)("text"), "not str"),
        (lambda: jit(lambda x: x)(None), "returns None"),
        (lambda: jit(5), "takes a function"),
        (lambda: jit(lambda x: None)(X), "returns None"),
        (lambda: jit(lambda x: np.nonzero(x))(X), "nonzero"),
    ],
)
def test_errors_say_what_is_wrong(attempt, message):
    with pytest.raises(LinearaError, match=message):
        attempt()


def test_a_side_effect_that_keeps_a_traced_value_is_an_error_when_it_is_used():
    kept = []
    jit(lambda x: kept.append(x) or x)(X)
    with pytest.raises(LeakError, match="after the function"):
        kept[0] + 1.0


def test_none_is_a_part_of_what_goes_in_and_of_what_comes_out():
    @jit
    def f(x, scale=None):
        return (x if scale is None else x * scale), None

    for _ in range(2):
        assert f(2.0) == f(2.0, None) == (2.0, None)
        assert f(2.0, 3.0) == f(2.0, scale=3.0) == (6.0, None)


def test_a_container_that_native_code_does_not_know_is_looked_up():
    point = namedtuple("point", ["x", "y"])
    traces = []
    f = jit(lambda p: traces.append(1) or p.x * p.y)
    assert [float(f(point(2.0, k))) for k in (1.0, 2.0, 3.0)] == [2.0, 4.0, 6.0]
    assert len(traces) == 1
