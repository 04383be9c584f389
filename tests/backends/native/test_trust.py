"""Products of tangents are plain ones where no nan comes of it: 0·∞ is 0 all the same, with the bits of the strict kernel."""

from random import Random

import numpy as np
import pytest

import lineara as lin
from lineara.backends.native import trust
from lineara.backends.native.executable import AGAIN
from lineara.backends.native.products.tiling import registers
from lineara.backends.native.program import Program
from lineara.backends.native.run import graph_of
from lineara.syntax import parse_function
from lineara.testing.machine import Compiled, agrees, on_reference, same_bits
from lineara.testing.programs import generate
from lineara.testing.staged import STAGES
from lineara.testing.values import bits

r = np.random.default_rng(0)
AWAY = (np.inf, -np.inf, np.nan, 0.0, -0.0)
FORMS = ("mixed", "linear", "transposed", "vjp", "batched vjp")
SIZES = (1, 3, 8, 45, 100_000)


def norm(x):
    return np.sqrt(np.sum(x * x))


def safe_root(x):
    return np.sum(np.where(x > 0, np.sqrt(x), 0.0) * np.arange(1.0, x.size + 1))


def scanned(x):
    def step(c, v):
        c = c + np.where(v > 0, np.log(v), v)
        return c, c * v

    return np.sum(lin.scan(step, 0.0, x)[1])


def chosen(x):
    return lin.cond(np.sum(x) > -1, safe_root, norm, x)


def parts(x):
    y = np.sqrt(x)
    return np.sum(y[: x.size // 2]) + np.max(y)


PROGRAMS = (norm, safe_root, scanned, chosen, parts)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("f", PROGRAMS)
def test_nothing_times_infinity_is_nothing(f, n, monkeypatch):
    monkeypatch.setattr(trust, "WORTH", 0)
    x = np.abs(r.normal(size=n))
    x[n // 2] = 0.0
    jitted = lin.jit(lin.grad(f))
    with np.errstate(all="ignore"):
        expected = on_reference(lin.grad(f), x)
        for _ in range(3):
            np.testing.assert_allclose(jitted(x), expected, rtol=1e-9, atol=1e-9)


def test_a_kernel_that_met_a_nan_stays_right(monkeypatch):
    monkeypatch.setattr(trust, "WORTH", 0)
    jitted = lin.jit(lin.vmap(lin.grad(lambda x: np.sqrt(x * x) * x)))
    ordinary, special = r.normal(size=45), np.zeros(45)
    first = jitted(ordinary)
    with np.errstate(all="ignore"):
        assert np.array_equal(jitted(special), special)
    assert np.array_equal(jitted(ordinary), first)


def test_a_nan_of_the_arguments_is_one_of_the_results():
    x = np.array([1.0, np.nan, 2.0])
    given = lin.jit(lin.grad(lambda x: np.sum(x * x * x)))(x)
    assert np.array_equal(np.isnan(given), np.isnan(x))


def test_a_failure_is_told_where_tangents_are_multiplied():
    g = lin.jit(lin.grad(lambda x, i: np.sum(np.sin(x)[i] * x[i])))
    with pytest.raises(IndexError, match="7"):
        g(np.arange(3.0), np.array([0, 7]))


def outcome(function, args, *, strict):
    """The bits of the results, or how the kernel failed."""
    program = Program(graph_of(function), strict=strict)
    try:
        return bits(same_bits(Compiled(function, program.executable(0)), args))
    except np.linalg.LinAlgError as error:
        return str(error)


@pytest.mark.parametrize("start", range(0, 80, 20))
def test_generated_programs_have_the_bits_of_the_strict_kernel(start, monkeypatch):
    monkeypatch.setattr(trust, "WORTH", 0)
    for seed in range(start, start + 20):
        rng = Random(seed)
        stage = rng.choice(FORMS)
        function, args = STAGES[stage](generate(seed, 8, mixed=False), rng)
        plain, strict = (outcome(function, args, strict=s) for s in (False, True))
        assert plain == strict, f"{stage} of generate({seed}, 8)"


@pytest.mark.parametrize("start", range(0, 80, 20))
def test_generated_programs_at_zeros_infinities_and_nans(start, monkeypatch):
    monkeypatch.setattr(trust, "WORTH", 0)
    for seed in range(start, start + 20):
        rng = Random(seed)
        function, args = STAGES[rng.choice(FORMS)](generate(seed, 8, mixed=False), rng)
        given = [special(x, rng) for x in args]
        plain, strict = (outcome(function, given, strict=s) for s in (False, True))
        assert plain == strict, f"generate({seed}, 8)"


def special(x, rng):
    """An array with some elements that are no ordinary numbers."""
    if not isinstance(x, np.ndarray | np.generic) or np.asarray(x).dtype.kind != "f":
        return x
    y = np.array(x)
    for i in np.ndindex(y.shape):
        if rng.random() < 0.2:
            y[i] = rng.choice(AWAY)
    return y


CHAIN = """
def f(c: f64[40]; x: f64[40]) -> ( ; f64[40]) =
  let (; y) = c *. x
  let (; z) = c *. y
  let (; w) = c *. z
  let (; u) = c *. w
  ( ; u)
"""


def looks(program):
    """How often the code of a program compares with nan."""
    return str(Program(graph_of(parse_function(program))).module).count("fcmp uno")


@pytest.mark.skipif(not registers().fused, reason="products are plain where the processor fuses")
def test_only_the_last_of_a_chain_is_looked_at():
    assert looks(CHAIN) > 0
    assert looks(CHAIN) == looks(CHAIN.replace("  let (; u) = c *. w\n  ( ; u)", "  ( ; w)"))


def test_the_code_that_asks_for_the_strict_kernel_is_no_failure():
    assert AGAIN < -1
    x = np.full(40, np.inf)
    assert agrees(parse_function(CHAIN), [x, np.zeros(40)])
