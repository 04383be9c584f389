"""One number after another becomes their product, where nothing is read later that is changed in place."""

from random import Random

import numpy as np
import pytest

from lineara.backends.reference import evaluate
from lineara.optimize import joined_scalings
from lineara.syntax import parse_function
from lineara.testing.laws import mixed_form
from lineara.testing.programs import generate
from lineara.testing.values import arrays, largest, sample
from lineara.transforms import transpose, unzip
from lineara.typecheck import check

JOINED = {
    "two numbers": (
        """
        def f(; x: f64[3]) -> ( ; f64[3]) =
          let c = 2.0: f64[3]
          let (; a) = c *. x
          let d = 0.25: f64[3]
          let (; b) = d *. a
          ( ; b)
        """,
        """
        def f(; x: f64[3]) -> ( ; f64[3]) =
          let e = 0.5: f64[3]
          let (; b) = e *. x
          ( ; b)
        """,
    ),
    "signs": (
        """
        def f(; x: f64) -> ( ; f64) =
          let (; a) = -x
          let c = 3.0: f64
          let (; b) = c *. a
          let (; d) = -b
          ( ; d)
        """,
        """
        def f(; x: f64) -> ( ; f64) =
          let e = 3.0: f64
          let (; d) = e *. x
          ( ; d)
        """,
    ),
    "what others read as well": (
        """
        def f(; x: f64) -> ( ; f64, f64) =
          let c = 3.0: f64
          let (; a) = c *. x
          let (; b, d) = dup a
          let (; e) = -b
          ( ; d, e)
        """,
        """
        def f(; x: f64) -> ( ; f64, f64) =
          let c = 3.0: f64
          let (; y, z) = dup x
          let (; a) = c *. y
          let g = -3.0: f64
          let (; e) = g *. z
          ( ; a, e)
        """,
    ),
}
STAYS = {
    "an overflow": """
        def f(; x: f64) -> ( ; f64) =
          let c = 1e+200: f64
          let (; a) = c *. x
          let (; b) = c *. a
          ( ; b)
        """,
    "an underflow": """
        def f(; x: f64) -> ( ; f64) =
          let c = 1e-200: f64
          let (; a) = c *. x
          let (; b) = c *. a
          ( ; b)
        """,
    "a zero": """
        def f(; x: f64) -> ( ; f64) =
          let c = 0.0: f64
          let (; a) = c *. x
          let (; b) = -a
          ( ; b)
        """,
    "what is changed in place": """
        def f(; x: f64[3], y: f64[2]) -> ( ; f64[3], f64[3]) =
          let c = 2.0: f64[3]
          let (; v, w) = dup x
          let (; a) = c *. v
          let (; b) = accumulate_slice[start=(0,), step=(1,), stop=(2,)](w, y)
          let (; d) = -a
          ( ; b, d)
        """,
}


@pytest.mark.parametrize("name", JOINED)
def test_they_join(name):
    before, after = JOINED[name]
    assert joined_scalings(parse_function(before)) == parse_function(after)


@pytest.mark.parametrize("name", STAYS)
def test_they_stay(name):
    function = parse_function(STAYS[name])
    assert joined_scalings(function) == function


@pytest.mark.parametrize("seed", range(60))
def test_values_stay_to_rounding(seed):
    program, rng = generate(seed, 10), Random(seed)
    m = mixed_form(program)
    halves = unzip(m)
    backward = transpose(halves.linear)
    joined = joined_scalings(backward)
    check(joined)
    with np.errstate(all="ignore"):
        tape = evaluate(halves.nonlinear, program.args)[len(m.results) :]
        args = [*tape, *[sample(p.type, rng) for p in backward.linear_params]]
        pairs = [list(arrays(evaluate(f, args))) for f in (joined, backward)]
    for x, y in zip(*pairs, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-3, atol=1e-3 * largest(y))
