"""A solver that closes over something runs from machine code, also without `jit`: one kernel for all of them."""

from threading import Barrier, Thread

import numpy as np
import pytest

import lineara as lin
from lineara.backends.native import run as native
from lineara.testing.machine import on_reference

A = np.array([[3.0, 1.0], [1.0, 2.0]])


def steps(count):
    """A solver of the steepest descent, of so many steps: the fewer, the coarser."""

    def solve(matvec, b):
        x = np.zeros_like(b)
        for _ in range(count):
            r = b - matvec(x)
            if float(r @ r) > 0:
                x = x + (r @ r) / (r @ matvec(r)) * r
        return x

    return solve


def total(solve):
    def f(s):
        return np.sum(lin.linear_solve(lambda v: s * (A @ v), np.ones(2), solve, symmetric=True))

    return f


@pytest.fixture
def compiled(monkeypatch):
    """The functions that are compiled."""
    made = []
    executable = native._executable

    def counted(function, *rest):
        made.append(function.name)
        return executable(function, *rest)

    monkeypatch.setattr(native, "_executable", counted)
    native.clear()
    return made


def test_machine_code_runs_it():
    text = str(lin.explain(lin.grad(total(steps(3))), 2.0))
    assert "not under jit: machine code" in text
    assert "evaluated in Python: solve" in text


@pytest.mark.parametrize("transform", [lin.grad, lin.value_and_grad, lin.hessian])
def test_each_has_its_own_solver(transform):
    for count in (1, 2, 40):
        f = transform(total(steps(count)))
        np.testing.assert_allclose(f(2.0), on_reference(f, 2.0), rtol=1e-12)


def test_they_share_their_machine_code(compiled):
    lin.grad(total(steps(2)))(2.0)
    before = len(compiled)
    assert before > 0
    for count in (3, 4, 5):
        lin.grad(total(steps(count)))(2.0)
    assert len(compiled) == before


def test_a_linear_map_keeps_its_solver():
    maps = [lin.linearize(total(steps(count)), 2.0)[1] for count in (1, 40)]
    coarse, fine = [float(m(1.0)) for m in maps]
    assert fine == pytest.approx(-0.15)
    assert coarse == pytest.approx(float(on_reference(maps[0], 1.0)))
    assert abs(coarse - fine) > 1e-3


def test_a_solver_in_a_solver():
    def outer(matvec, b):
        inner = lin.grad(total(steps(40)))(2.0)
        return steps(40)(matvec, b) * (inner / -0.15)

    assert lin.grad(total(outer))(2.0) == pytest.approx(-0.15)


def test_two_solvers_in_one_program():
    def f(s):
        return total(steps(1))(s) + 10 * total(steps(40))(s)

    np.testing.assert_allclose(lin.grad(f)(2.0), on_reference(lin.grad(f), 2.0), rtol=1e-12)


def test_an_exception_of_a_solver():
    def failing(matvec, b):
        if float(b[0]) > 0:
            raise ArithmeticError(f"no solution after {len(b)} steps")
        return b

    with pytest.raises(ArithmeticError, match="after 2 steps"):
        lin.grad(total(failing))(2.0)


def test_roots():
    def newton(f, x):
        while abs(f(x)) > tolerance:
            x = x - f(x) / (2 * x)
        return x

    tolerance = 1e-12

    def divide(g, y):
        return y / float(g(np.ones(()))) if tolerance else y

    def root(a):
        return lin.custom_root(lambda x: x * x - a, 1.0, newton, divide)

    assert lin.grad(root)(4.0) == pytest.approx(0.25)


def test_threads_have_their_own():
    together, found = Barrier(4), {}

    def work(count):
        together.wait()
        found[count] = [float(lin.grad(total(steps(count)))(2.0)) for _ in range(5)]

    threads = [Thread(target=work, args=(count,)) for count in (1, 2, 3, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for count, values in found.items():
        assert values == [pytest.approx(float(lin.grad(total(steps(count)))(2.0)))] * 5
