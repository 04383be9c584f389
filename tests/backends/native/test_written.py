"""A result in pieces is written in a loop that does something else too: the same bits, and one loop less."""

from random import Random

import numpy as np
import pytest

import lineara as lin
from lineara.backends.native import kept, stencils, written
from lineara.frontend.trees import flatten
from lineara.testing.machine import on_reference

r = np.random.default_rng(0)


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def curved(x):
    return np.sum((x[2:] - 2 * x[1:-1] + x[:-2]) ** 2)


def smoothed(x):
    """A sum and an array in pieces, of which none is the gradient of the other."""
    return np.max(x[3:] * x[:-3]), np.concatenate([x[:5], x[2:] - x[:-2]])


def both(f):
    return f if f is smoothed else lin.value_and_grad(f)


@pytest.mark.parametrize("f", [rosenbrock, curved, smoothed])
@pytest.mark.parametrize("n", [64, 65, 72, 1000, 16_385, 131_073, 131_074, 300_001])
def test_the_bits_are_those_of_each_alone(f, n):
    x = r.normal(size=n)
    value, written = lin.jit(both(f))(x)
    assert value.tobytes() == lin.jit(lambda x: both(f)(x)[0])(x).tobytes()
    assert written.tobytes() == lin.jit(lambda x: both(f)(x)[1])(x).tobytes()


@pytest.mark.parametrize("f", [rosenbrock, curved])
@pytest.mark.parametrize("n", [1000, 100_000])
def test_it_takes_one_loop(f, n):
    plan = lin.jit(lin.value_and_grad(f)).show(r.normal(size=n), stage="plan")
    assert plan.count("loop of") == 1
    assert plan.count("is written") == 1


@pytest.mark.parametrize("f", [rosenbrock, curved, smoothed])
def test_threads_change_no_bit(f):
    x, found = r.normal(size=500_000), set()
    compiled, before = lin.jit(both(f)), lin.get_num_threads()
    for threads in (1, 2, 3):
        lin.set_num_threads(threads)
        value, written = compiled(x)
        found.add((value.tobytes(), written.tobytes()))
    lin.set_num_threads(before)
    assert len(found) == 1


def test_a_carry_is_read_before_it_is_written():
    def f(x):
        def step(c, _):
            change = c[2:] - 2 * c[1:-1] + c[:-2]
            z = c.copy()
            z[1:-1] += 0.1 * change
            return z, np.sum(c[1:] * c[:-1])

        return lin.scan(step, x, None, length=7)

    x = r.normal(size=1000)
    expected = x
    for _ in range(7):
        expected = expected.copy()
        expected[1:-1] += 0.1 * (expected[2:] - 2 * expected[1:-1] + expected[:-2])
    np.testing.assert_allclose(lin.jit(f)(x)[0], expected, rtol=1e-13)


@pytest.mark.parametrize("scale", [1e-310, 1e-5, 1.0, 1e306, 9e307])
@pytest.mark.parametrize("factor", [1.0, 3.7, -100.0, 0.1])
def test_a_factor_after_a_power_of_two_changes_no_bit(factor, scale):
    def f(x):
        return factor * (2 * x), (4 * x) * factor

    x = r.uniform(-1.9, 1.9, 50) * scale
    with np.errstate(over="ignore"):
        for got, wanted in zip(lin.jit(f)(x), f(x), strict=True):
            assert got.tobytes() == wanted.tobytes()


@pytest.fixture
def joined(monkeypatch):
    """Whatever may be computed where it is read, and written in another loop, is; gives the loops that became one."""
    monkeypatch.setattr(kept, "key_of", lambda *program, strict: None)
    monkeypatch.setattr(stencils, "SMALLEST", 1)
    monkeypatch.setattr(stencils, "OFFSETS", 100)
    monkeypatch.setattr(stencils, "LEVELS", ((0, 1e9),))
    monkeypatch.setattr(written, "SMALLEST", 1)
    monkeypatch.setattr(written, "APART", 100)
    found, join = [], written._join
    monkeypatch.setattr(written, "_join", lambda *groups: found.append(join(*groups)))
    return found


def total(rng, n):
    """A sum or an extremum of what is read of two arrays at offsets."""
    short = rng.randrange(min(5, n - 1))
    first, second = [(rng.randrange(2), rng.randrange(short + 1)) for _ in range(2)]
    element = rng.choice([np.multiply, np.subtract, lambda x, y: np.sin(x) * y])
    reduce = rng.choice([np.sum, np.max, lambda z: np.sum(z * z)])

    def f(*arrays):
        x, y = [arrays[i][start : start + n - short] for i, start in (first, second)]
        return reduce(element(x, y))

    return f


def in_pieces(rng):
    """An array that is put together of parts of another."""
    k = rng.randrange(1, 5)

    def added(x):
        z = x.copy()
        z[k:] += 0.5 * x[:-k]
        return z

    return rng.choice(
        [
            lambda x: np.concatenate([x[:k], x[k:] - x[:-k]]),
            lambda x: np.pad(x[k:] * x[:-k], (0, k)),
            lambda x: np.roll(2 * x, k) + x,
            added,
        ]
    )


def generated(rng, n):
    """A program of sums and of an array in pieces, in a loop or not, or of its gradient."""
    terms, pieces = [total(rng, n) for _ in range(rng.randrange(1, 4))], in_pieces(rng)

    def value(x, y):
        return sum(term(x, y) for term in terms)

    def looped(x, y):
        return lin.scan(lambda c, _: (pieces(c) * 0.5, value(c, y)), x, None, length=3)

    return rng.choice(
        [
            lin.value_and_grad(value, argnums=(0, 1)),
            lin.value_and_grad(lambda x, y: value(pieces(x), y)),
            lambda x, y: (value(x, y), pieces(x), np.max(pieces(y))),
            looped,
        ]
    )


@pytest.mark.parametrize("case", range(6))
def test_generated_programs(case, joined):
    for seed in range(12 * case, 12 * case + 12):
        rng = Random(seed)
        n = rng.choice([7, 33, 64, 65, 100, 257, 1000, 20_000])
        f, args = generated(rng, n), np.random.default_rng(seed).normal(size=(2, n))
        got = flatten(lin.jit(f, optimize=1)(*args))[0]
        wanted = flatten(on_reference(f, *args))[0]
        for x, y in zip(got, wanted, strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-9 * max(1.0, np.max(np.abs(y))))
    assert joined
