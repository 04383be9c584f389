"""One program for each way to break a typing rule: the error names the rule, the variable, the place and the mend."""

from typing import NamedTuple, get_args

import pytest

from lineara.errors import LinearTypeError, TextOrigin
from lineara.ir import ArrayType, Builder, Function, Op, Var
from lineara.syntax import parse_function
from lineara.typecheck import RULES, check


class Broken(NamedTuple):
    rule: str
    variable: str
    place: str
    """The line, and a caret under the column."""
    program: str


G = """
def g(x: f64 ; u: f64) -> (f64 ; f64) =
  let (; v) = x *. u
  (x ; v)
"""

BROKEN = {
    "a linear variable used twice": Broken(
        "used twice",
        "u",
        "                ^",
        """
def f(x: f64 ; u: f64) -> ( ; f64) =
  let (; v) = x *. u
  let (; w) = u +. v  #
  (; w)
""",
    ),
    "a linear variable returned twice": Broken(
        "used twice",
        "u",
        "    ^",
        """
def f( ; u: f64) -> ( ; f64, f64) =  #
  (; u, u)
""",
    ),
    "a linear variable dropped and used": Broken(
        "used twice",
        "u",
        "              ^",
        """
def f( ; u: f64) -> ( ; f64) =
  let () = drop u
  let (; v) = -u  #
  (; v)
""",
    ),
    "a linear variable not used": Broken(
        "never used",
        "b",
        "                 ^",
        """
def f( ; u: f64) -> ( ; f64) =
  let (; a, b) = dup u  #
  (; a)
""",
    ),
    "a linear parameter not used": Broken(
        "never used",
        "u",
        "    ^",
        """
def f(x: f64 ; u: f64) -> f64 =  #
  sin(x)
""",
    ),
    "a nonlinear variable not used": Broken(
        "never used",
        "y",
        "          ^",
        """
def f(x: f64) -> f64 =
  let y = sin(x)  #
  x
""",
    ),
    "another name of a variable not used": Broken(
        "never used",
        "y",
        "      ^",
        """
def f(x: f64) -> f64 =
  let y = x  #
  x
""",
    ),
    "a nonlinear parameter not used": Broken(
        "never used",
        "y",
        "    ^",
        """
def f(x: f64, y: f64) -> f64 =  #
  x
""",
    ),
    "a linear operand of a nonlinear primitive": Broken(
        "used nonlinearly",
        "u",
        "              ^",
        """
def f( ; u: f64) -> ( ; f64) =
  let (; v) = sin(u)  #
  (; v)
""",
    ),
    "a product of linear values": Broken(
        "used nonlinearly",
        "a",
        "                ^",
        """
def f( ; u: f64) -> ( ; f64) =
  let (; a, b) = dup u
  let (; v) = a *. b  #
  (; v)
""",
    ),
    "a nonlinear product of a linear value": Broken(
        "used nonlinearly",
        "u",
        "                ^",
        """
def f(x: f64 ; u: f64) -> ( ; f64) =
  let (; v) = x * u  #
  (; v)
""",
    ),
    "a linear argument left of the semicolon": Broken(
        "used nonlinearly",
        "a",
        "                ^",
        G
        + """
def f( ; u: f64) -> (f64 ; f64) =
  let (; a, b) = dup u
  let (y ; v) = g(a ; b)  #
  (y ; v)
""",
    ),
    "a linear value bound as nonlinear": Broken(
        "leaks",
        "v",
        "      ^",
        """
def f(x: f64 ; u: f64) -> f64 =
  let v = x *. u  #
  v
""",
    ),
    "a linear value returned as nonlinear": Broken(
        "leaks",
        "v",
        "   ^",
        """
def f(x: f64 ; u: f64) -> (f64, f64) =
  let (; v) = x *. u
  (v, x)  #
""",
    ),
    "a name bound twice": Broken(
        "shadowed",
        "y",
        "      ^",
        """
def f(x: f64) -> f64 =
  let y = sin(x)
  let y = cos(y)  #
  y
""",
    ),
    "a parameter bound again": Broken(
        "shadowed",
        "x",
        "         ^",
        """
def f(x: f64 ; u: f64) -> ( ; f64) =
  let (; x) = x *. u  #
  (; x)
""",
    ),
    "two parameters of one name": Broken(
        "shadowed",
        "x",
        "              ^",
        """
def f(x: f64, x: f64) -> f64 =  #
  x
""",
    ),
    "an unknown name": Broken(
        "unknown",
        "y",
        "      ^",
        """
def f(x: f64) -> f64 =
  x + y  #
""",
    ),
    "a variable used before it is bound": Broken(
        "unknown",
        "z",
        "              ^",
        """
def f(x: f64) -> f64 =
  let y = sin(z)  #
  let z = sin(y)
  x
""",
    ),
    "an unknown function": Broken(
        "unknown",
        "h",
        "          ^",
        """
def f(x: f64) -> f64 =
  let y = h(x)  #
  y
""",
    ),
    "too few nonlinear arguments": Broken(
        "arity",
        "g",
        "                ^",
        G
        + """
def f( ; u: f64) -> (f64 ; f64) =
  let (y ; v) = g( ; u)  #
  (y ; v)
""",
    ),
    "too many linear arguments": Broken(
        "arity",
        "g",
        "                ^",
        G
        + """
def f(x: f64 ; u: f64, w: f64) -> (f64 ; f64) =
  let (y ; v) = g(x ; u, w)  #
  (y ; v)
""",
    ),
    "too many operands": Broken(
        "type",
        "",
        "          ^",
        """
def f(x: f64) -> f64 =
  let y = sin(x, x)  #
  y
""",
    ),
    "too many variables": Broken(
        "arity",
        "sin",
        "             ^",
        """
def f(x: f64) -> f64 =
  let y, z = sin(x)  #
  y
""",
    ),
    "a nonlinear argument of the wrong type": Broken(
        "type",
        "x",
        "                ^",
        G
        + """
def f(x: f32 ; u: f64) -> (f64 ; f64) =
  let (y ; v) = g(x ; u)  #
  (y ; v)
""",
    ),
    "a linear argument of the wrong type": Broken(
        "type",
        "u",
        "                ^",
        G
        + """
def f(x: f64 ; u: f64[2]) -> (f64 ; f64) =
  let (y ; v) = g(x ; u)  #
  (y ; v)
""",
    ),
    "a sum of two types": Broken(
        "type",
        "v",
        "                ^",
        """
def f( ; u: f64, v: f64[2]) -> ( ; f64) =
  let (; w) = u +. v  #
  (; w)
""",
    ),
    "operands of two dtypes": Broken(
        "type",
        "",
        "    ^",
        """
def f(x: f64, y: f32) -> f64 =
  x * y  #
""",
    ),
    "an array unpacked": Broken(
        "type",
        "x",
        "             ^",
        """
def f(x: f64) -> f64 =
  let a, b = unpack x  #
  a
""",
    ),
    "a variable declared with another type": Broken(
        "type",
        "y",
        "      ^",
        """
def f(x: f64) -> f64 =
  let y: i64 = sin(x)  #
  x
""",
    ),
    "a linear integer": Broken(
        "type",
        "n",
        "    ^",
        """
def f( ; n: i64) -> ( ; i64) =  #
  (; n)
""",
    ),
    "a linear zero of an integer": Broken(
        "type",
        "n",
        "              ^",
        """
def f(x: f64) -> (f64 ; bool) =
  let (; n) = zero: bool  #
  (x ; n)
""",
    ),
    "a call cycle": Broken(
        "call cycle",
        "f",
        "          ^",
        """
def f(x: f64) -> f64 =
  let y = h(x)
  y
def h(x: f64) -> f64 =
  let y = f(x)  #
  y
""",
    ),
    "a product without a linear factor": Broken(
        "nonlinear factor",
        "v",
        "                ^",
        """
def f(x: f64, y: f64) -> (f64 ; f64) =
  let (; v) = x *. y  #
  (x ; v)
""",
    ),
    "a sum of a linear and a nonlinear value": Broken(
        "nonlinear factor",
        "x",
        "                ^",
        """
def f(x: f64 ; u: f64) -> ( ; f64) =
  let (; v) = u +. x  #
  (; v)
""",
    ),
    "a tuple of both zones": Broken(
        "nonlinear factor",
        "x",
        "              ^",
        """
def f(x: f64 ; u: f64) -> ( ; (f64, f64)) =
  let (; v) = tuple(x, u)  #
  (; v)
""",
    ),
    "a duplicate of a nonlinear value": Broken(
        "nonlinear factor",
        "x",
        "                 ^",
        """
def f(x: f64) -> ( ; f64, f64) =
  let (; a, b) = dup x  #
  (; a, b)
""",
    ),
    "a nonlinear argument right of the semicolon": Broken(
        "nonlinear factor",
        "x",
        "                ^",
        G
        + """
def f(x: f64) -> (f64 ; f64) =
  let (y ; v) = g(x ; x)  #
  (y ; v)
""",
    ),
    "a nonlinear value bound as linear": Broken(
        "nonlinear factor",
        "v",
        "         ^",
        """
def f(x: f64) -> ( ; f64) =
  let (; v) = sin(x)  #
  (; v)
""",
    ),
    "a nonlinear value returned as linear": Broken(
        "zone",
        "x",
        "      ^",
        """
def f(x: f64) -> ( ; f64) =
  ( ; x)  #
""",
    ),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_the_checker_rejects(broken):
    lines = broken.program.split("\n")
    marked = next(i for i, line in enumerate(lines) if line.endswith("#"))
    with pytest.raises(LinearTypeError) as caught:
        parse_function(broken.program)
    error = caught.value
    assert isinstance(error.origin, TextOrigin)
    found = error.origin.line, error.origin.column, error.rule, error.variable
    assert found == (marked + 1, len(broken.place), broken.rule, broken.variable), str(error)
    assert error.mend
    assert f"\n    {broken.place}\n  mend: {error.mend}" in str(error)


def test_every_rule_is_broken_by_some_program():
    documented = {
        *("used twice", "never used", "used nonlinearly", "leaks", "nonlinear factor", "zone"),
        *("type", "arity", "shadowed", "unknown", "call cycle"),
    }
    assert {broken.rule for broken in BROKEN.values()} == documented


def test_every_operation_has_a_rule():
    assert set(RULES) == set(get_args(Op))


@pytest.mark.parametrize("linear", [False, True])
def test_a_result_that_nothing_binds(linear):
    v = Var(ArrayType("f64"), linear=linear, hint="lost")
    function = Function("f", (), (), (), *((), (v,)) if linear else ((v,), ()))
    with pytest.raises(LinearTypeError, match="`lost` is not bound"):
        check(function)


def test_a_callee_is_checked_too():
    b = Builder("inner")
    x = b.param(ArrayType("f64"), hint="x")
    b.param(ArrayType("f64"), hint="y")
    inner = Function("inner", tuple(b.params), (), (), (x,), ())
    b = Builder("outer")
    x = b.param(ArrayType("f64"))
    (y,), _ = b.call(inner, (x, x))
    with pytest.raises(LinearTypeError, match=r"`y` is never used \(in `inner`\)"):
        check(b.finish([y]))


def test_what_is_well_typed_is_returned():
    f = parse_function(G)
    assert check(f) is f
