"""Linear maps as objects."""

from __future__ import annotations

import numpy as np
import pytest

from lineara import grad, jacfwd, linear_transpose, linearize

X = np.array([0.3, -0.7, 1.1])


def f(x):
    return np.sin(x) * x[::-1]


def test_a_linear_map_is_the_jacobian():
    _, L = linearize(f, X)
    J = jacfwd(f)(X)
    v = np.array([1.0, 2.0, -0.5])
    np.testing.assert_allclose(L(v), J @ v)
    np.testing.assert_allclose(L @ v, J @ v)
    np.testing.assert_allclose(L.T(v), J.T @ v)
    np.testing.assert_allclose(v @ L, v @ J)
    assert L.T.T is L


def test_a_linear_map_prints_its_program():
    _, L = linearize(f, X)
    assert "def f.jvp.lin" in str(L)
    assert "*." in str(L)
    assert repr(L) == "<LinearMap f64[3] -> f64[3]>"


def test_a_linear_map_counts_its_work_and_tape():
    _, L = linearize(f, X)
    assert L.T.work == pytest.approx(L.work, abs=2 * X.size)
    assert 0 < L.tape_bytes <= 4 * X.nbytes


def test_a_map_is_differentiable_in_what_it_was_made_from():
    def g(x):
        _, L = linearize(f, x)
        return np.sum(L(np.ones(3)))

    def h(x):
        return np.sum(jacfwd(f)(x))

    np.testing.assert_allclose(grad(g)(X), grad(h)(X), rtol=1e-12)


def test_the_transpose_of_a_linear_function():
    A = np.arange(6.0).reshape(2, 3)
    back = linear_transpose(lambda x: A @ x - 2.0 * (A @ x), X)
    w = np.array([1.0, -1.0])
    np.testing.assert_allclose(back(w), -A.T @ w)
    np.testing.assert_allclose(back.T(X), -A @ X)


def test_linear_functions_of_containers_and_several_arguments():
    back = linear_transpose(lambda p, q: {"s": np.sum(p["a"]) + q, "t": 3.0 * q}, {"a": X}, 1.0)
    p_bar, q_bar = back({"s": 2.0, "t": 1.0})
    np.testing.assert_allclose(p_bar["a"], [2.0, 2.0, 2.0])
    assert q_bar == 5.0


def test_slices_and_reshapes_are_linear():
    back = linear_transpose(lambda x: np.concatenate([x[1:], x[:1] * 2.0]).reshape(3, 1), X)
    np.testing.assert_allclose(back(np.array([[1.0], [2.0], [3.0]])), [6.0, 1.0, 2.0])


def test_linear_maps_apply_inside_linear_functions():
    _, L = linearize(np.sin, X)
    back = linear_transpose(lambda v: np.sum(L(v)), X)
    np.testing.assert_allclose(back(1.0), np.cos(X))
