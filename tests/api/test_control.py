"""Control flow: values, both modes, orders, nesting, memory, errors."""

from __future__ import annotations

import numpy as np
import pytest

import lineara
from lineara import (
    associative_scan,
    checkpoint,
    cond,
    cost,
    fori_loop,
    grad,
    jvp,
    linear_transpose,
    linearize,
    scan,
    switch,
    while_loop,
)
from lineara.errors import DtypeError, LinearaError, ShapeError, TraceError
from lineara.pipeline import Request, run

XS = np.array([0.3, -0.2, 0.9, 0.5])


def through_scan(x):
    carry, ys = scan(lambda c, t: (np.sin(c * x) + t, c * t), x, XS)
    return carry + np.sum(ys)


def through_while(x):
    value, trips = while_loop(
        lambda c: c[0] < 20.0, lambda c: (c[0] * x + 1.5 + np.sin(c[0]), c[1] + 1), (x, 0)
    )
    return value * np.cos(value / 30.0) + trips


def through_cond(x):
    return cond(x > 1.0, lambda v: v * x, lambda v: np.exp(v) * x, x * x)


def through_switch(x):
    branches = [np.sin, lambda v: v * v, lambda v: v * x]
    return sum(switch(np.floor(x).astype(int) + i, branches, x) for i in range(-1, 3))


def through_fori(x):
    return fori_loop(0, 5, lambda i, v: v * x + i, 1.0)


def through_traced_bound(x):
    n = np.floor(x * 3).astype(int)
    return fori_loop(0, n, lambda i, v: v * x + i, 1.0)


def nested(x):
    def body(c, t):
        z = while_loop(lambda v: v < 10.0, lambda v: v * x + t * t + 0.5, c)
        z = cond(z > 12.0, lambda q: np.sin(q) * x, lambda q: q * t, z)
        return np.sin(z) + 1.0, scan(lambda s, u: (s * u, s), z * x, XS)[0]

    c, ys = scan(body, 1.0, XS)
    return c + np.sum(ys)


FUNCTIONS = [
    through_scan,
    through_while,
    through_cond,
    through_switch,
    through_fori,
    through_traced_bound,
    nested,
]


def slope(f, x, step=1e-6):
    return (f(x + step) - f(x - step)) / (2 * step)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("x", [1.7, 1.05, 1.9])
def test_derivatives_agree_in_both_modes_and_to_second_order(f, x):
    reverse = grad(f)(x)
    assert reverse == pytest.approx(slope(f, x), rel=1e-5, abs=1e-5)
    assert jvp(f, (x,), (1.0,))[1] == pytest.approx(reverse, rel=1e-12)
    second = grad(grad(f))(x)
    assert second == pytest.approx(slope(grad(f), x), rel=1e-4, abs=1e-4)
    assert jvp(grad(f), (x,), (1.0,))[1] == pytest.approx(second, rel=1e-10)
    assert grad(lambda v: jvp(f, (v,), (1.0,))[1])(x) == pytest.approx(second, rel=1e-10)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_policies_and_checkpoints_change_no_bit(f):
    bars = {
        float(g(1.7))
        for g in (
            grad(f),
            grad(checkpoint(f)),
            *(grad(f, policy=p) for p in (lineara.nothing, lineara.everything)),
        )
    }
    assert len(bars) == 1


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_the_program_gives_what_python_gives(f):
    program = lineara.trace(f, 1.7)
    assert program(1.7) == f(1.7)


def test_a_loop_keeps_its_size():
    def power(n):
        return lineara.trace(lambda x: fori_loop(0, n, lambda i, v: v * x, 1.0), 1.1).function

    small, large = power(10), power(1000)
    for stage in ("source", "jvp", "grad"):
        sizes = [sum(map(cost.size, run(f, Request(), stage))) for f in (small, large)]
        assert sizes[0] == sizes[1]
    assert cost.work(large) == 100 * cost.work(small)


def test_the_numbers_of_trips_are_made_in_the_program():
    program = lineara.trace(lambda x: fori_loop(3, 10**9, lambda i, v: v + x * i, 0.0), 1.5)
    assert program.recorded.captured == ()
    assert grad(lambda x: fori_loop(3, 6, lambda i, v: v + x * i, 0.0))(1.5) == 12.0
    assert fori_loop(5, 2, lambda i, v: v * i, 7.0) == 7.0


def test_the_gradient_of_reading_in_a_loop_costs_what_was_read():
    def total(n):
        def f(x):
            return fori_loop(0, n, lambda i, v: v + x[i] * x[(7 * i) % n], 0.0)

        (gradient,) = run(lineara.trace(f, np.ones(n)).function, Request(), "grad")
        return cost.work(gradient)

    works = [total(n) for n in (10, 100, 1000)]
    assert works[1] <= 10 * works[0]
    assert works[2] <= 10 * works[1]
    x = np.linspace(0.5, 1.5, 6)
    bar = grad(lambda x: fori_loop(0, 6, lambda i, v: v + x[i] * x[(7 * i) % 6], 0.0))(x)
    expected = np.zeros(6)
    for i in range(6):
        expected[i] += x[(7 * i) % 6]
        expected[(7 * i) % 6] += x[i]
    np.testing.assert_allclose(bar, expected)


def test_the_tape_holds_what_the_linear_half_reads_and_no_more():
    k = np.ones(50)

    def linear_in_the_carry(c):
        return np.sum(scan(lambda c, t: (c * k + t, ()), c, XS)[0])

    _, derivative = linearize(linear_in_the_carry, np.zeros(50))
    assert derivative.tape_bytes <= k.nbytes + 8


def test_only_the_branch_taken_is_evaluated():
    assert grad(lambda x: cond(x > 0, lambda v: np.sqrt(v), lambda v: v * 2.0, x))(-4.0) == 2.0
    calls = []
    cond(True, lambda: calls.append("yes"), lambda: calls.append("no"))
    assert calls == ["yes"]


def test_scan_in_reverse_and_without_inputs():
    carry, ys = scan(lambda c, x: (c + x, c), 0.0, np.arange(4.0), reverse=True)
    np.testing.assert_array_equal(ys, [6.0, 5.0, 3.0, 0.0])
    assert carry == 6.0
    carry, ys = scan(lambda c, _: (c * 2.0, {"c": c}), 1.0, length=3)
    np.testing.assert_array_equal(ys["c"], [1.0, 2.0, 4.0])
    carry, ys = scan(lambda c, x: (c + x, c), 0.0, np.zeros(0))
    assert (carry, ys.shape) == (0.0, (0,))


def test_carries_may_be_containers_with_integers():
    def f(x):
        def body(c, t):
            return {"a": c["a"] * x, "n": c["n"] + 1}, (c["a"], c["n"])

        c, (a, n) = scan(body, {"a": x, "n": 0}, XS)
        assert n.dtype == np.int64
        return c["a"] + np.sum(a)

    assert grad(f)(2.0) == 5 * 16 + 1 + 4 + 12 + 32


def test_python_numbers_take_the_dtype_of_the_loop():
    xs = np.ones(3, np.float32)
    carry, _ = scan(lambda c, x: (c + x, ()), 0.0, xs)
    assert carry.dtype == np.float32
    carry, _ = scan(lambda c, x: (c + x * 1.5, ()), 0, np.ones(2))
    assert carry == 3.0


def test_linear_loops_transpose():
    def f(c, xs):
        return scan(lambda c, x: (c * 2.0 + x, c * 3.0), c, xs)

    back = linear_transpose(f, 1.0, np.ones(2))
    c_bar, xs_bar = back((1.0, np.array([1.0, 10.0])))
    assert c_bar == 4.0 + 3.0 + 60.0
    np.testing.assert_array_equal(xs_bar, [2.0 + 30.0, 1.0])


def test_map_is_a_loop_over_the_first_axis():
    np.testing.assert_allclose(lineara.map(np.sin, XS), np.sin(XS))
    np.testing.assert_allclose(grad(lambda x: np.sum(lineara.map(np.sin, x)))(XS), np.cos(XS))


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda: scan(lambda c, x: (c * 1j, x), np.ones(2), np.ones(3)), DtypeError, "goes in:"),
        (lambda: scan(lambda c, x: ((c, c), x), 1.0, np.ones(3)), DtypeError, "comes out:"),
        (lambda: scan(lambda c, x: c, 1.0, np.ones(3)), DtypeError, "pair"),
        (lambda: scan(lambda c, x: (c, x), 1.0), ShapeError, "no arrays"),
        (
            lambda: scan(lambda c, x: (c, x), 1.0, (np.ones(2), np.ones(3))),
            ShapeError,
            "one length",
        ),
        (lambda: cond(np.ones(2) > 0, np.sin, np.cos, 1.0), ShapeError, "a scalar"),
        (lambda: cond(1.5, np.sin, np.cos, 1.0), DtypeError, "a bool or an integer"),
        (lambda: switch(0, [], 1.0), ShapeError, "at least one branch"),
        (lambda: while_loop(lambda c: c, lambda c: c, 1.0), DtypeError, "one bool scalar"),
        (
            lambda: while_loop(lambda c: c > 0, lambda c: (c, c), 1.0),
            DtypeError,
            "changes its type",
        ),
    ],
)
def test_errors_say_what_is_wrong(attempt, error, message):
    with pytest.raises(error, match=message):
        attempt()


def test_branches_of_different_types_are_shown_side_by_side():
    with pytest.raises(DtypeError, match=r"(?s)\(f64, f64\).*: f64"):
        grad(lambda x: cond(x > 0, lambda v: v, lambda v: (v, v), x))(1.0)


def test_a_python_branch_in_a_body_names_the_line():
    def f(x):
        return scan(lambda c, t: (c if c > 0 else -c, t), x, XS)[0]

    with pytest.raises(TraceError, match=r"lineara\.cond") as caught:
        grad(f)(1.0)
    assert "test_control.py" in str(caught.value)


def test_a_value_cannot_leave_its_loop():
    kept = []

    def body(c, t):
        kept.append(c)
        return c, t

    scan(body, 1.0, XS)
    with pytest.raises(LinearaError, match="after the function"):
        kept[-1] + 1.0


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7, 8, 13])
@pytest.mark.parametrize("reverse", [False, True])
def test_associative_scans_are_running_combinations(count, reverse):
    x = np.random.default_rng(count).normal(size=(2, count))

    def affine(f, g):
        return {"a": f["a"] * g["a"], "b": g["a"] * f["b"] + g["b"]}

    given = associative_scan(affine, {"a": x, "b": x + 1.0}, reverse=reverse, axis=1)
    order = range(count)[::-1] if reverse else range(count)
    a, b = np.ones(2), np.zeros(2)
    for i in order:
        a, b = a * x[:, i], x[:, i] * b + x[:, i] + 1.0
        np.testing.assert_allclose(given["a"][:, i], a)
        np.testing.assert_allclose(given["b"][:, i], b)


def test_associative_scans_are_differentiable():
    x = np.array([0.5, -1.5, 2.0, 0.7, 1.1])
    bar = grad(lambda v: np.sum(np.sin(associative_scan(np.multiply, v))))(x)
    np.testing.assert_allclose(bar, grad(lambda v: np.sum(np.sin(np.cumprod(v))))(x), rtol=1e-12)
    with pytest.raises(ShapeError, match="changes the structure"):
        associative_scan(lambda a, b: np.sum(a + b), x)
    with pytest.raises(ShapeError, match="along axis 0"):
        associative_scan(np.add, (x, x[:2]))
