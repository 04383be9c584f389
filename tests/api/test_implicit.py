"""linear_solve and custom_root: the derivative of a solution, whatever finds it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, cg, gmres

from lineara import (
    custom_root,
    grad,
    hessian,
    jacfwd,
    jacrev,
    jit,
    jvp,
    linear_solve,
    linear_transpose,
    pipeline,
    vmap,
    while_loop,
)
from lineara.errors import LinearTypeError, ShapeError, TransformError
from lineara.testing import check_derivatives

RNG = np.random.default_rng(0)
B = RNG.normal(size=4)
SYMMETRIC = np.eye(4) * 4.0 + np.array([[(i - j) ** 2 / 20.0 for i in range(4)] for j in range(4)])
GENERAL = np.eye(4) * 3.0 + RNG.normal(size=(4, 4)) / 2.0


def cg_in_python(matvec, b):
    x, r = b * 0.0, b
    p, rs = r, np.dot(r, r)
    while rs > 1e-28:
        q = matvec(p)
        alpha = rs / np.dot(p, q)
        x, r = x + alpha * p, r - alpha * q
        p, rs = r + np.dot(r, r) / rs * p, np.dot(r, r)
    return x


def cg_in_the_program(matvec, b):
    def step(state):
        x, r, p, rs = state
        q = matvec(p)
        alpha = rs / np.dot(p, q)
        x, r = x + alpha * p, r - alpha * q
        return x, r, r + np.dot(r, r) / rs * p, np.dot(r, r)

    return while_loop(lambda s: s[3] > 1e-28, step, (b * 0.0, b, b, np.dot(b, b)))[0]


def dense(matvec, b):
    return np.linalg.solve(jacfwd(matvec)(b), b)


def scipys(solver):
    def solve(matvec, b):
        return solver(LinearOperator((4, 4), matvec, dtype=float), b, rtol=1e-13, atol=0.0)[0]

    return solve


def quantity(solve, matrix, **how):
    """A function of a coefficient and a right-hand side, through a solution."""

    def f(t, b):
        matvec = lambda x: matrix @ x + t * t * np.arange(4.0) * x
        return np.sum(np.sin(linear_solve(matvec, b, solve, **how)))

    return f


def reference(matrix):
    return lambda t, b: np.sum(np.sin(np.linalg.solve(matrix + t * t * np.diag(np.arange(4.0)), b)))


SOLVERS = {
    "cg in Python": (cg_in_python, SYMMETRIC, {"symmetric": True}),
    "cg in the program": (cg_in_the_program, SYMMETRIC, {"symmetric": True}),
    "scipy's cg": (scipys(cg), SYMMETRIC, {"symmetric": True}),
    "scipy's gmres": (scipys(gmres), GENERAL, {"transpose_solve": scipys(gmres)}),
    "dense": (dense, GENERAL, {"transpose_solve": dense}),
}
DERIVATIVES = {
    "the value": lambda f: f,
    "grad": grad,
    "grad of b": lambda f: grad(f, 1),
    "forward": lambda f: lambda t, b: jvp(f, (t, b), (1.0, b))[1],
    "reverse over reverse": lambda f: grad(grad(f)),
    "forward over reverse": lambda f: hessian(f, 1),
    "reverse over forward": lambda f: jacrev(jacfwd(f, 1)),
    "third order": lambda f: grad(grad(grad(f))),
    "batched": lambda f: lambda t, b: vmap(grad(f), (0, None))(np.array([t, 0.1]), b),
    "batched b": lambda f: lambda t, b: vmap(grad(f), (None, 0))(t, np.stack([b, 2 * b])),
}


@pytest.mark.parametrize("derivative", DERIVATIVES.values(), ids=DERIVATIVES)
@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
def test_a_solution_has_the_derivatives_of_the_system(solver, derivative):
    solve, matrix, how = solver
    found = derivative(quantity(solve, matrix, **how))(0.7, B)
    expected = derivative(reference(matrix))(0.7, B)
    assert np.max(np.abs(expected)) > 1e-4
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


def test_a_solution_is_linear_in_its_right_hand_side():
    def solve(b):
        return linear_solve(lambda x: GENERAL @ x, b, dense, dense)

    back = linear_transpose(solve, B)
    np.testing.assert_allclose(back(B), np.linalg.solve(GENERAL.T, B), rtol=1e-12)
    np.testing.assert_allclose(back.T(B), np.linalg.solve(GENERAL, B), rtol=1e-12)
    np.testing.assert_allclose(grad(lambda b: np.sum(back(b)))(B), solve(np.ones(4)), rtol=1e-12)


def test_containers_as_unknowns():
    def solve(matvec, b):
        columns = [matvec(e) for e in ({"u": 1.0, "v": 0.0}, {"u": 0.0, "v": 1.0})]
        (p, r), (q, s) = ((c["u"], c["v"]) for c in columns)
        d = p * s - q * r
        return {"u": (s * b["u"] - q * b["v"]) / d, "v": (p * b["v"] - r * b["u"]) / d}

    def f(t):
        matvec = lambda x: {"u": 3.0 * x["u"] + t * x["v"], "v": t * t * x["u"] + 2.0 * x["v"]}
        x = linear_solve(matvec, {"u": t, "v": 1.0}, solve, solve)
        return x["u"] * x["v"]

    def plain(t):
        d = 6.0 - t**3
        return (2.0 * t - t) / d * (3.0 - t**3) / d

    check_derivatives(f, 0.5, order=2)
    assert grad(f)(0.5) == pytest.approx(grad(plain)(0.5))


def test_forward_mode_needs_no_transpose_and_reverse_mode_does():
    f = quantity(dense, GENERAL)
    expected = jvp(reference(GENERAL), (0.7, B), (1.0, B))[1]
    assert jvp(f, (0.7, B), (1.0, B))[1] == pytest.approx(expected)
    with pytest.raises(TransformError, match="transpose_solve"):
        grad(f)(0.7, B)


def test_bad_systems():
    with pytest.raises(LinearTypeError) as error:
        grad(lambda t: np.sum(linear_solve(lambda x: t * x * x, B, dense, dense)))(1.0)
    assert "t * x * x" in str(error.value)
    with pytest.raises(ShapeError, match="square"):
        grad(lambda t: np.sum(linear_solve(lambda x: t * x[:2], B, dense, dense)))(1.0)
    with pytest.raises(ShapeError, match="gives a solution of types"):
        grad(lambda t: np.sum(linear_solve(lambda x: t * x, B, lambda m, b: b[:2])))(1.0)


def newton(f, x):
    while np.max(np.abs(f(x))) > 1e-13:
        step = np.linalg.solve(jacfwd(f)(x), f(x)) if np.ndim(x) else f(x) / jacfwd(f)(x)
        x = x - step
    return x


def newton_in_the_program(f, x):
    return while_loop(
        lambda v: np.abs(f(v)) > 1e-13, lambda v: v - f(v) / jvp(f, (v,), (1.0,))[1], x
    )


def fixed_point(f, x):
    while np.max(np.abs(f(x))) > 1e-14:
        x = x + f(x)
    return x


@pytest.mark.parametrize("solve", [newton, newton_in_the_program])
def test_a_root_has_its_derivatives(solve):
    def root(a):
        found = custom_root(lambda x: x**3 - a, 1.5, solve, lambda g, y: y / g(1.0))
        return np.sin(found)

    def expected(a):
        return np.sin(a ** (1.0 / 3.0))

    check_derivatives(root, 3.0, order=2)
    for _ in range(4):
        np.testing.assert_allclose(root(3.0), expected(3.0), rtol=1e-10)
        root, expected = grad(root), grad(expected)


@pytest.mark.parametrize("solve", [newton, fixed_point])
def test_a_fixed_point_has_the_derivatives_of_its_iteration(solve):
    w = RNG.normal(size=(3, 3)) * 0.3

    def implicit(w):
        x = custom_root(lambda x: np.tanh(w @ x + 1.0) - x, np.zeros(3), solve, dense)
        return np.sum(x**2)

    def unrolled(w):
        x = np.zeros(3)
        for _ in range(60):
            x = np.tanh(w @ x + 1.0)
        return np.sum(x**2)

    np.testing.assert_allclose(implicit(w), unrolled(w), rtol=1e-12)
    np.testing.assert_allclose(grad(implicit)(w), grad(unrolled)(w), atol=1e-11)
    np.testing.assert_allclose(hessian(implicit)(w), hessian(unrolled)(w), atol=1e-10)


def test_a_root_batched_and_compiled():
    def root(a):
        return custom_root(lambda x: x * x - a, 1.0, newton_in_the_program, lambda g, y: y / g(1.0))

    a = np.array([2.0, 5.0])
    np.testing.assert_allclose(vmap(root)(a), np.sqrt(a), rtol=1e-12)
    np.testing.assert_allclose(vmap(grad(grad(root)))(a), -0.25 * a**-1.5, rtol=1e-10)
    np.testing.assert_allclose(grad(jit(root))(4.0), 0.25, rtol=1e-12)


def test_diagnostics_of_a_solver_have_no_derivative():
    def counted(f, x):
        steps = 0
        while np.abs(f(x)) > 1e-13:
            x, steps = x - f(x) / jacfwd(f)(x), steps + 1
        return x, {"steps": steps}

    def f(a):
        return custom_root(lambda x: x * x - a, 1.0, counted, lambda g, y: y / g(1.0), has_aux=True)

    gradient, aux = grad(f, has_aux=True)(4.0)
    np.testing.assert_allclose(gradient, 0.25)
    assert aux["steps"] == f(4.0)[1]["steps"] > 3


def test_a_root_that_needs_another_transposed_solver():
    def given(g, y):
        return np.linalg.solve(GENERAL, y)

    def transposed(g, y):
        return np.linalg.solve(GENERAL.T, y)

    def f(b):
        x = custom_root(
            lambda x: GENERAL @ x - b,
            np.zeros(4),
            newton,
            given,
            transpose_solve=transposed,
        )
        return np.sum(np.sin(x))

    np.testing.assert_allclose(grad(f)(B), grad(reference(GENERAL), 1)(0.0, B), rtol=1e-10)


def test_bad_roots():
    with pytest.raises(ShapeError, match="as many equations as unknowns"):
        grad(lambda a: np.sum(custom_root(lambda x: x[:1] * a, B, lambda f, x: x, dense)))(1.0)
    with pytest.raises(ShapeError, match="gives a root of types"):
        grad(lambda a: np.sum(custom_root(lambda x: x * a, B, lambda f, x: x[:1], dense)))(1.0)


def python_loop(matvec, b):
    x = b
    while np.max(np.abs(b - matvec(x))) > 1e-13:
        x = x + (b - matvec(x)) / 8.0
    return x


def test_programs_with_solvers_of_python_are_remembered_unless_the_solver_closes_over_values():
    def f(t, solve):
        return np.sum(linear_solve(lambda x: SYMMETRIC @ x * t, B, solve, symmetric=True))

    def remembered(solve):
        before = len(pipeline.cache.entries)
        grad(f)(1.0, solve)
        return len(pipeline.cache.entries) - before

    assert remembered(python_loop) > 0
    assert remembered(python_loop) == 0
    large = np.ones(1000)
    assert remembered(lambda m, b: python_loop(m, b * large[0])) == 0


def test_what_equations_and_solvers_close_over_may_be_traced():
    def cubic(a):
        return custom_root(
            lambda x: x**3 - a, 1.0, lambda f, x: a ** (1 / 3), lambda g, y: y / (3 * a ** (2 / 3))
        )

    def system(s):
        m = np.array([[3.0, 1.0], [1.0, 2.0]]) * s
        return linear_solve(
            lambda x: m @ x,
            np.array([1.0, 3.0]),
            lambda matvec, b: np.linalg.solve(m, b),
            lambda matvec, b: np.linalg.solve(m.T, b),
        )[1]

    for f, slope, curvature in (
        (cubic, lambda a: a ** (-2 / 3) / 3, lambda a: -2 / 9 * a ** (-5 / 3)),
        (system, lambda s: -1.6 / s**2, lambda s: 3.2 / s**3),
    ):
        for at in (2.0, 8.0):
            for g in (f, jit(f)):
                np.testing.assert_allclose(grad(g)(at), slope(at), rtol=1e-12)
                np.testing.assert_allclose(grad(grad(g))(at), curvature(at), rtol=1e-12)
        batch = np.array([2.0, 8.0])
        np.testing.assert_allclose(vmap(grad(f))(batch), slope(batch), rtol=1e-12)
