"""Examples that take different branches: each branch runs for all of them, on a tape that is its own."""

import numpy as np
import pytest

import lineara
from lineara.errors import DtypeError, TraceError
from lineara.syntax import parse_function
from lineara.transforms.batch import batch

X = np.array([[1.0, 2.0, 3.0], [-1.0, 5.0, 2.0]])


def largest(a):
    return a[np.argmax(a)] ** 2


def largest_of_longer(a):
    b = np.concatenate([a * 0 - 5, a * 0 - 5, a])
    return b[np.argmax(b)] ** 3


def either(a):
    return lineara.cond(a[0] > 0, largest, largest_of_longer, a)


def test_a_branch_is_not_given_the_indices_of_another():
    assert np.array_equal(lineara.vmap(lineara.grad(either))(X), [[0, 0, 6], [0, 75, 0]])


def test_the_tangent_of_an_index_stays_linear():
    expected = [np.diag([0.0, 0.0, 2.0]), np.diag([0.0, 30.0, 0.0])]
    assert np.array_equal(lineara.hessian(either)(X[0]), expected[0])
    assert np.array_equal(lineara.vmap(lineara.hessian(either))(X), expected)


def test_the_tape_of_a_loop_is_that_of_one_branch():
    def f(x):
        def doubled(a):
            return lineara.while_loop(lambda s: s < 3, lambda s: s * s + 1, a)

        return lineara.cond(x > 0.5, doubled, np.cos, x)

    x = np.array([0.3, 1.2])
    expected = [lineara.grad(f)(v) for v in x]
    assert np.array_equal(lineara.vmap(lineara.grad(f))(x), expected)
    assert np.array_equal(lineara.vmap(lineara.vmap(lineara.grad(f)))(x[None]), [expected])


def test_a_list_that_no_example_makes_goes_with_what_each_makes():
    def f(w, x):
        def both(w, x):
            grown = lineara.while_loop(lambda c: c < 10, lambda c: c * c + w, w)
            return grown, np.sin(x) * w

        a, b = lineara.jit(both)(w, x)
        return a * b

    x = np.array([0.0, 1.0, 4.0])
    given = lineara.vmap(lineara.grad(f), (None, 0))(2.0, x)
    assert np.array_equal(given, [lineara.grad(f)(2.0, v) for v in x])


def test_loops_in_loops_have_lists_of_lists():
    def f(x):
        def inner(s):
            return lineara.while_loop(lambda t: t < s + 2, lambda t: t * t + 1, s * x)

        return lineara.while_loop(lambda s: s < 30, inner, x)

    x = np.array([1.1, 2.0, 1.3])
    expected = [lineara.grad(f)(v) for v in x]
    np.testing.assert_allclose(lineara.vmap(lineara.grad(f))(x), expected, rtol=1e-12)


LISTS = """
def more(x: f64) -> bool =
  lt(x, 10.0)

def step(x: f64) -> (f64, f64) =
  let y = x * x
  (y, x)

def one(x: f64) -> list[f64] =
  let n, y, l = while more do step from (x)
  let () = drop n
  let () = drop y
  l

def f(i: i64, x: f64) -> list[f64] =
  switch i of one, one with (x)
"""


def test_examples_do_not_choose_between_lists():
    function = parse_function(LISTS, "f")
    with pytest.raises(TraceError, match=r"the list of another branch[^$]*mend: "):
        batch(function, 2, (True, True))


def test_a_bound_of_a_loop_is_an_integer():
    with pytest.raises(DtypeError, match=r"integer, not 2\.5"):
        lineara.fori_loop(0, 2.5, lambda i, c: c + 1, 1.0)
