"""What is read at offsets is computed where it is read: the same bits, without arrays in between."""

from random import Random

import numpy as np
import pytest

import lineara as lin
from lineara.backends.native import stencils, written
from lineara.testing.machine import agrees, on_reference
from lineara.testing.programs import generate
from lineara.testing.staged import STAGES

r = np.random.default_rng(0)
LARGE = 40_000


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def shifted(x, y):
    z = 2 * x - y
    return z[1:] - z[:-1]


def around(x, y):
    z = x * y + 1
    return np.roll(z, 1) - 2 * z + np.roll(z, -1)


def padded(x, y):
    z = np.pad(x - 3 * y, 1)
    return z[2:] + z[:-2]


def chained(x, y):
    z = 3 * shifted(x, y)
    return z[2:] * z[:-2]


def added(x, y):
    z = x.copy()
    z[1:] += 2 * y[:-1]
    return z


def product(x, y):
    return lin.hvp(rosenbrock, (x,), (y,))


PROGRAMS = (shifted, around, padded, chained, added, product)


def arguments(n, dtype):
    x, y = r.normal(size=(2, n)) * 10
    return x.astype(dtype), y.astype(dtype)


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "c16"])
@pytest.mark.parametrize("n", [70, 1003, LARGE])
@pytest.mark.parametrize("f", PROGRAMS[:-1])
def test_elements_have_the_bits_of_the_reference(f, n, dtype):
    args = arguments(n, dtype)
    assert lin.jit(f)(*args).tobytes() == on_reference(f, *args).tobytes()


@pytest.mark.parametrize("n", [70, LARGE])
def test_rows_and_columns(n):
    def f(x):
        z = 2 * x + 1
        return z[1:, :-1] - z[:-1, 1:]

    x = r.normal(size=(n // 10, 10))
    assert lin.jit(f)(x).tobytes() == on_reference(f, x).tobytes()


@pytest.mark.parametrize("f", PROGRAMS)
def test_threads_change_no_bit(f):
    before = lin.get_num_threads()
    args = arguments(10 * LARGE, "f8")
    compiled, found = lin.jit(f), set()
    for threads in (1, 2, 3):
        lin.set_num_threads(threads)
        found.add(compiled(*args).tobytes())
    lin.set_num_threads(before)
    assert len(found) == 1


@pytest.mark.parametrize("f", [f for f in PROGRAMS if f is not added])
def test_large_arrays_are_not_made(f):
    compiled = lin.jit(f)
    compiled(*arguments(LARGE, "f8"))
    assert compiled.show(stage="buffers").startswith("workspace: 64 bytes")


def test_what_is_dear_is_kept():
    f = lin.jit(lambda x: np.exp(x)[1:] - np.exp(x)[:-1])
    f(arguments(LARGE, "f8")[0])
    assert not f.show(stage="buffers").startswith("workspace: 64 bytes")


def test_the_function_and_its_gradient():
    x = arguments(LARGE, "f8")[0]
    value, gradient = lin.jit(lin.value_and_grad(rosenbrock))(x)
    expected = on_reference(lin.value_and_grad(rosenbrock), x)
    np.testing.assert_allclose(value, expected[0], rtol=1e-12)
    np.testing.assert_allclose(gradient, expected[1], rtol=1e-12, atol=1e-9)


def test_an_operand_that_changes_in_place_is_read_before():
    def f(x):
        def step(c, _):
            z = 2 * c
            c = c.copy()
            c[1:] += 0.1 * z[:-1]
            c[:3] = 0.0
            return c, c[5] + z[4]

        return lin.scan(step, x, None, length=5)

    x = arguments(LARGE, "f8")[0]
    for got, wanted in zip(lin.jit(f)(x), on_reference(f, x), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-14)


@pytest.fixture
def eager(monkeypatch):
    """Whatever may be computed where it is read is, and whatever may be written in another loop."""
    monkeypatch.setattr(stencils, "SMALLEST", 1)
    monkeypatch.setattr(stencils, "OFFSETS", 100)
    monkeypatch.setattr(stencils, "LEVELS", ((0, 1e9),))
    monkeypatch.setattr(written, "SMALLEST", 1)
    monkeypatch.setattr(written, "APART", 100)


@pytest.mark.parametrize("case", range(20))
def test_generated_programs(case, eager):
    for seed in range(case * 20, case * 20 + 20):
        rng = Random(seed)
        stage = rng.choice(list(STAGES))
        function, args = STAGES[stage](generate(seed, rng.randrange(11)), rng)
        agrees(function, args, 0, on_stack=rng.random() < 0.7)
