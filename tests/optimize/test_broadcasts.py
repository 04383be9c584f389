"""Linear broadcasts come late: what a linear map makes of copies is made once."""

from random import Random

import numpy as np
import pytest

from lineara.backends.reference import evaluate
from lineara.optimize import dead_code, late_broadcasts
from lineara.syntax import parse_function, to_text
from lineara.testing.laws import mixed_form
from lineara.testing.programs import generate
from lineara.testing.values import arrays, largest, sample
from lineara.typecheck import check

MOVED = {
    "past maps of one element": (
        """
        def f(; x: f64[3]) -> ( ; f64[2,3]) =
          let (; a) = broadcast[axes=(1,), shape=(2, 3)](x)
          let (; b) = -a
          ( ; b)
        """,
        """
        def f(; x: f64[3]) -> ( ; f64[2,3]) =
          let (; a) = -x
          let (; b) = broadcast[axes=(1,), shape=(2, 3)](a)
          ( ; b)
        """,
    ),
    "past coefficients that are copies too": (
        """
        def f(c: f64[3] ; x: f64[3]) -> ( ; f64[2,3]) =
          let d = broadcast[axes=(1,), shape=(2, 3)](c)
          let (; a) = broadcast[axes=(1,), shape=(2, 3)](x)
          let (; b) = d *. a
          ( ; b)
        """,
        """
        def f(c: f64[3] ; x: f64[3]) -> ( ; f64[2,3]) =
          let (; a) = c *. x
          let (; b) = broadcast[axes=(1,), shape=(2, 3)](a)
          ( ; b)
        """,
    ),
    "past contractions without the new axes": (
        """
        def f(c: f64[4,3] ; x: f64[3]) -> ( ; f64[4,2]) =
          let (; a) = broadcast[axes=(1,), shape=(2, 3)](x)
          let (; b) = contract[spec=((0, 1), (2, 1), (0, 2))](c, a)
          ( ; b)
        """,
        """
        def f(c: f64[4,3] ; x: f64[3]) -> ( ; f64[4,2]) =
          let (; a) = contract[spec=((0, 1), (1,), (0,))](c, x)
          let (; b) = broadcast[axes=(0,), shape=(4, 2)](a)
          ( ; b)
        """,
    ),
    "past sums of alike": (
        """
        def f(; x: f64[3], y: f64[3]) -> ( ; f64[2,3]) =
          let (; a) = broadcast[axes=(1,), shape=(2, 3)](x)
          let (; b) = broadcast[axes=(1,), shape=(2, 3)](y)
          let (; c) = a +. b
          ( ; c)
        """,
        """
        def f(; x: f64[3], y: f64[3]) -> ( ; f64[2,3]) =
          let (; a) = x +. y
          let (; c) = broadcast[axes=(1,), shape=(2, 3)](a)
          ( ; c)
        """,
    ),
}
STAYS = {
    "a coefficient of each copy": """
        def f(c: f64[2,3] ; x: f64[3]) -> ( ; f64[2,3]) =
          let (; a) = broadcast[axes=(1,), shape=(2, 3)](x)
          let (; b) = c *. a
          ( ; b)
        """,
    "a contraction over the copies": """
        def f(c: f64[2,3] ; x: f64[3]) -> ( ; f64) =
          let (; a) = broadcast[axes=(1,), shape=(2, 3)](x)
          let (; b) = contract[spec=((0, 1), (0, 1), ())](c, a)
          ( ; b)
        """,
    "copies along different axes": """
        def f(; x: f64[3], y: f64[3]) -> ( ; f64[3,3]) =
          let (; a) = broadcast[axes=(1,), shape=(3, 3)](x)
          let (; b) = broadcast[axes=(0,), shape=(3, 3)](y)
          let (; c) = a +. b
          ( ; c)
        """,
}


@pytest.mark.parametrize("name", MOVED)
def test_they_move(name):
    before, after = MOVED[name]
    made = dead_code(late_broadcasts(parse_function(before)))
    assert to_text(made) == to_text(parse_function(after))


@pytest.mark.parametrize("name", STAYS)
def test_they_stay(name):
    function = parse_function(STAYS[name])
    assert to_text(late_broadcasts(function)) == to_text(function)


@pytest.mark.parametrize("seed", range(60))
def test_values_stay_to_rounding(seed):
    program, rng = generate(seed, 10), Random(seed)
    m = mixed_form(program)
    moved = late_broadcasts(m)
    check(moved)
    args = [*program.args, *[sample(p.type, rng) for p in m.linear_params]]
    with np.errstate(all="ignore"):
        pairs = [list(arrays(evaluate(f, args))) for f in (moved, m)]
    for x, y in zip(*pairs, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-3, atol=1e-3 * largest(y))
