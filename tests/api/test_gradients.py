"""Gradients of Python functions: values, structures, modes, orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import optree
import pytest

import lineara
from lineara import (
    cost,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    linearize,
    value_and_grad,
    vjp,
)


def central(f, x, step=1e-6):
    """The gradient of a scalar function by central differences."""
    x = np.asarray(x, float)
    result = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        result[i] = (f(up) - f(down)) / (2 * step)
    return result


def model(x):
    return np.sum(np.sin(x) * np.exp(-x * x)) + np.prod(np.cos(x[:2]))


X = np.array([0.3, -0.7, 1.1])


def test_a_gradient_equals_finite_differences():
    np.testing.assert_allclose(grad(model)(X), central(model, X), rtol=1e-7)


def test_results_are_numpy_arrays_that_own_their_memory():
    x = np.array([1.0, 2.0])
    value, bar = value_and_grad(lambda v: np.sum(v))(x)
    assert isinstance(value, np.ndarray)
    assert isinstance(bar, np.ndarray)
    bar[:] = 7
    assert grad(lambda v: np.sum(v))(x).tolist() == [1.0, 1.0]
    _, identity = linearize(lambda v: v, x)
    given = identity(x)
    given[:] = 0
    assert x.tolist() == [1.0, 2.0]


def test_argnums_select_arguments_and_their_order():
    def f(a, b, c):
        return a * b**2 * c**3

    assert grad(f, 1)(2.0, 3.0, 1.0) == 12.0
    assert [float(g) for g in grad(f, (2, 0))(2.0, 3.0, 1.0)] == [54.0, 9.0]
    assert grad(f, -1)(2.0, 3.0, 1.0) == 54.0


def test_other_arguments_may_be_anything():
    def f(x, mode, *, power):
        return x**power if mode == "power" else x

    assert grad(f)(3.0, "power", power=2) == 6.0
    assert grad(f)(3.0, "identity", power=2) == 1.0


def test_aux_is_returned_as_it_is():
    def f(x):
        return np.sum(x * x), {"twice": 2 * x, "label": "aux", "count": 3}

    (value, aux), bar = value_and_grad(f, has_aux=True)(X)
    assert value == pytest.approx(np.sum(X * X))
    np.testing.assert_array_equal(aux["twice"], 2 * X)
    assert (aux["label"], aux["count"]) == ("aux", 3)
    np.testing.assert_allclose(bar, 2 * X)
    bar, aux = grad(f, has_aux=True)(X)
    assert isinstance(aux["twice"], np.ndarray)


class Point(NamedTuple):
    x: object
    y: object


@dataclass
class Params:
    weight: object
    bias: object


optree.register_pytree_node(
    Params,
    lambda p: ((p.weight, p.bias), None, None),
    lambda _, children: Params(*children),
    namespace="lineara",
)


@pytest.mark.parametrize(
    "tree",
    [
        {"a": X, "b": [1.0, (X[0], X[:2])]},
        Point(X, 2.0),
        Params(X, (1.5, {"k": X})),
        [X],
    ],
    ids=["containers", "named tuple", "dataclass", "list"],
)
def test_gradients_have_the_structure_of_the_argument(tree):
    def f(t):
        leaves = optree.tree_leaves(t, namespace="lineara")
        return sum((i + 1) * np.sum(np.sin(x)) for i, x in enumerate(leaves))

    bars = grad(f)(tree)
    leaves, spec = optree.tree_flatten(tree, namespace="lineara")
    given, found = optree.tree_flatten(bars, namespace="lineara")
    assert found == spec
    for i, (x, bar) in enumerate(zip(leaves, given, strict=True)):
        np.testing.assert_allclose(bar, (i + 1) * np.cos(x))


def test_python_branches_and_loops_on_values_work():
    def f(x):
        while x < 10:
            x = x * 2 if x > 1 else x * 3
        return x

    assert grad(f)(0.5) == 3 * 2 * 2 * 2
    assert grad(f)(4.0) == 4.0
    assert grad(f)(11.0) == 1.0


def test_the_python_runs_on_every_call():
    calls = []

    def f(x):
        calls.append(1)
        return x * scale

    scale = 2.0
    assert grad(f)(1.0) == 2.0
    scale = 5.0
    assert grad(f)(1.0) == 5.0
    assert len(calls) == 2


def test_closed_over_arrays_are_constants_and_not_copied_into_the_program():
    data = np.arange(1000.0)
    program = lineara.trace(lambda x: np.sum(data * x), 2.0)
    assert len(program.function.params) == 2
    assert grad(lambda x: np.sum(data * x))(2.0) == data.sum()


def test_forward_and_reverse_agree():
    v = np.array([0.2, 0.5, -1.0])
    _, dot = jvp(model, (X,), (v,))
    assert dot == pytest.approx(grad(model)(X) @ v, rel=1e-13)


def test_vjp_gives_a_tuple_with_a_cotangent_for_each_argument():
    y, pull = vjp(lambda a, b: {"p": a * b, "q": a}, X, 2.0)
    a_bar, b_bar = pull({"p": np.ones(3), "q": np.zeros(3)})
    np.testing.assert_allclose(a_bar, 2.0 * np.ones(3))
    assert b_bar == pytest.approx(X.sum())
    np.testing.assert_allclose(y["p"], 2 * X)


def test_integer_inputs_and_results_have_no_tangent():
    def f(x, n):
        return x * n, n + 1

    (y, m), (y_dot, m_dot) = jvp(f, (2.0, 3), (1.0, None))
    assert (y, m, y_dot, m_dot) == (6.0, 4, 3.0, None)
    _, pull = vjp(f, 2.0, 3)
    assert pull((1.0, None)) == (3.0, None)


@pytest.mark.parametrize(
    "second",
    [
        lambda f: jacfwd(grad(f)),
        lambda f: jacrev(grad(f)),
        lambda f: jacrev(jacfwd(f)),
        lambda f: jacfwd(jacfwd(f)),
        hessian,
    ],
    ids=["forward-reverse", "reverse-reverse", "reverse-forward", "forward-forward", "hessian"],
)
def test_second_derivatives_agree_in_every_nesting(second):
    expected = np.stack([central(lambda x, i=i: grad(model)(x)[i], X) for i in range(3)])
    np.testing.assert_allclose(second(model)(X), expected, atol=1e-7)


def test_derivatives_nest_four_deep():
    f = np.sin
    for expected in (np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin):
        f = grad(f)
        assert f(0.6) == pytest.approx(expected(0.6), rel=1e-14)


def test_a_derivative_inside_a_function_does_not_confuse_perturbations():
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * jvp(lambda y: x * y, (2.0,), (1.0,))[1])(3.0) == 6.0
    assert jvp(lambda x: x * grad(lambda y: x * y * y)(x), (3.0,), (1.0,))[1] == 3 * 2 * 9.0


def test_jacobians_of_containers_have_their_nested_structure():
    def f(p):
        return {"s": np.sum(p["x"]) * p["k"], "v": p["x"] * p["k"]}

    p = {"x": X, "k": 2.0}
    for derivative in (jacfwd(f), jacrev(f)):
        j = derivative(p)
        np.testing.assert_allclose(j["v"]["x"], 2.0 * np.eye(3))
        np.testing.assert_allclose(j["v"]["k"], X)
        np.testing.assert_allclose(j["s"]["x"], 2.0 * np.ones(3))
        assert j["s"]["k"].shape == ()


def test_jacobians_of_empty_arrays_have_the_right_shape():
    assert jacfwd(lambda x: x * 2.0)(np.zeros(0)).shape == (0, 0)
    assert jacrev(lambda x: np.sum(x))(np.zeros((0, 2))).shape == (0, 2)


def test_float32_stays_float32():
    x = np.array([1.0, 2.0], np.float32)
    value, bar = value_and_grad(lambda v: np.sum(v * 2.5))(x)
    assert (value.dtype, bar.dtype) == (np.float32, np.float32)


def test_complex_gradients_follow_jax():
    z = 1.0 + 2.0j
    assert grad(lambda z: (z * np.conj(z)).real)(z) == pytest.approx(2 * np.conj(z))
    assert grad(lambda z: z**3, holomorphic=True)(z) == pytest.approx(3 * z**2)


def test_policies_change_memory_and_not_a_bit():
    bars = [
        grad(model, policy=policy)(X)
        for policy in (lineara.everything, lineara.nothing, lineara.save_only("sin"))
    ]
    assert len({bar.tobytes() for bar in bars}) == 1


def test_jacobian_takes_the_cheaper_mode():
    def wide(x):
        return np.sum(np.sin(x)) * np.ones(20)

    def tall(x):
        return np.sin(x) * np.sum(x)

    x = np.linspace(0.1, 1.0, 5)
    for f in (wide, tall, model):
        np.testing.assert_allclose(jacobian(f)(x[:3]), jacfwd(f)(x[:3]), rtol=1e-12)


def test_a_jacobian_inside_a_program_does_not_grow_it_with_the_shape():
    def size(n):
        return cost.size(lineara.trace(jacrev(np.sin), np.ones(n)).function)

    assert size(3) == size(30)


def test_hvp_is_the_product_with_the_hessian():
    v = np.array([0.2, 0.5, -1.0])
    np.testing.assert_allclose(hvp(model, (X,), (v,)), hessian(model)(X) @ v, rtol=1e-12)
    a_dot, b_dot = hvp(lambda a, b: a**2 * b, (2.0, 3.0), (1.0, 0.0))
    assert (a_dot, b_dot) == (6.0, 4.0)
