"""What the rules of switches, scans and loops refuse: in texts, and in functions that no text can be."""

from dataclasses import replace

import pytest

from lineara.errors import LinearaError, LinearTypeError
from lineara.ir import ArrayType, Builder, Equation, Function, Scan, Switch, Var, While
from lineara.syntax import parse_function
from lineara.typecheck import check

F64, I64, BOOL = ArrayType("f64"), ArrayType("i64"), ArrayType("bool")
BODIES = """
def body(k: f64, c: f64, x: f64 ; u: f64, w: f64) -> (f64, f64 ; f64, f64) =
  let (; v) = k *. u
  (c * x, c ; v, w)
def test(c: f64) -> bool = lt(c, 2.0)
def step(c: f64 ; u: f64) -> (f64 ; f64) = (c + 1.0 ; u)
def half(x: f64 ; u: f64) -> (f64 ; f64) = (0.5 * x ; 0.5 *. u)
def half.bare(x: f64) -> f64 = 0.5 * x
"""
HEAD = "def f(k: f64, c: f64, xs: f64[3], i: i64 ; u: f64, us: f64[3]) -> f64 ="


@pytest.mark.parametrize(
    ("line", "rule", "problem"),
    [
        (
            "let (y, ys ; v, vs) = scan[3] body(u) from (c ; u) over (xs ; us)",
            "used nonlinearly",
            "the linear variable `u` is used nonlinearly: a scan of `body` takes it left of the `;`",
        ),
        (
            "let (y, ys ; v, vs) = scan[3] body(k) from (c ; c) over (xs ; us)",
            "nonlinear factor",
            "a scan of `body` takes a linear argument where `c` is nonlinear",
        ),
        (
            "let (y, ys ; v, vs) = scan[4] body(k) from (c ; u) over (xs ; us)",
            "type",
            r"a scan of `body` takes f64\[4\] where `xs` is f64\[3\]",
        ),
        (
            "let (y, ys ; v, vs) = scan[3] body(k) from (xs ; u) over (xs ; us)",
            "type",
            r"a scan of `body` takes f64 where `xs` is f64\[3\]",
        ),
        (
            "let (y, ys ; v, vs) = scan[3] body(k, c) from (c ; u) over (xs ; us)",
            "arity",
            r"`body` takes \(3 ; 2\) arguments, not \(4 ; 2\)",
        ),
        (
            "let (n, y ; v) = while test do step from (u ; u)",
            "used nonlinearly",
            "the linear variable `u` is used nonlinearly: `test` takes it left of the `;`",
        ),
        (
            "let (n, y ; v) = while step do step from (c ; u)",
            "arity",
            r"`step` takes \(1 ; 1\) arguments, not \(1 ; 0\)",
        ),
        (
            "let (n, y ; v) = while half.bare do step from (c ; u)",
            "type",
            r"the condition of a loop gives one bool, and `half\.bare` gives \(f64\)",
        ),
        (
            "let (n, y ; v) = while test do step from (xs ; u)",
            "type",
            r"`test` takes f64 where `xs` is f64\[3\]",
        ),
        (
            "let (y ; v) = switch u of half with (c ; u)",
            "type",
            "the index of a switch is an integer scalar, not f64",
        ),
        (
            "let (y ; v) = switch i of half, step, body with (c ; u)",
            "arity",
            r"`body` takes \(3 ; 2\) arguments, not \(1 ; 1\)",
        ),
        (
            "let (y ; v) = switch i of half with (u ; u)",
            "used nonlinearly",
            "the linear variable `u` is used nonlinearly: `half` takes it left of the `;`",
        ),
    ],
)
def test_a_text_that_breaks_a_rule(line, rule, problem):
    with pytest.raises(LinearTypeError, match=problem) as caught:
        parse_function(f"{BODIES}\n{HEAD}\n  {line}\n  y\n", "f")
    assert caught.value.rule == rule
    assert caught.value.mend
    assert line in str(caught.value)


def test_a_linear_value_goes_into_a_loop_once():
    with pytest.raises(LinearTypeError, match="the linear variable `u` is used twice"):
        parse_function(
            BODIES
            + """
def f(c: f64 ; u: f64) -> (i64, f64 ; f64, f64) =
  let (n, y ; v) = while test do step from (c ; u)
  (n, y ; v, u)
""",
            "f",
        )


def function(op, params, results):
    """A function of one equation."""
    xs = [Var(t, linear=linear) for t, linear in params]
    ys = [Var(t, linear=linear) for t, linear in results]
    zones = [tuple(v for v in vs if v.linear == z) for vs in (xs, ys) for z in (False, True)]
    equation = Equation(op, tuple(xs), tuple(ys))
    return Function("f", zones[0], zones[1], (equation,), zones[2], zones[3])


def identity(*types):
    b = Builder("same")
    params = [b.param(t, linear=linear) for t, linear in types]
    return b.finish(b.params, b.linear_params) if params else b.finish([])


X, U = (F64, False), (F64, True)
LOOP = While(parse_function(BODIES, "test"), identity(X, U), (0, 0), 1, 1)
SCAN = Scan(identity(X, U), 3, 0, 1, 1)


def test_loops_of_the_identity_are_well_typed():
    check(function(LOOP, [X, U], [(I64, False), X, U]))
    check(function(SCAN, [X, U], [X, U]))
    check(function(Switch((identity(X, U),)), [(BOOL, False), X, U], [X, U]))


@pytest.mark.parametrize(
    ("op", "params"),
    [
        (replace(SCAN, carry=2), [X, U]),
        (replace(SCAN, linear_carry=2), [X, U]),
        (replace(SCAN, constants=1), [X, U]),
        (replace(SCAN, body=identity()), [X, U]),
        (replace(SCAN, length=None), [X, U]),
        (replace(SCAN, length=None), [U, X, U]),
        (SCAN, []),
        (replace(LOOP, carry=0), [X, U]),
        (replace(LOOP, linear_carry=0), [X, U]),
        (replace(LOOP, constants=(0, 1)), [X, U]),
        (replace(LOOP, constants=(1, 0)), [X, U]),
        (replace(LOOP, carry=3, linear_carry=3), [X, U]),
        (LOOP, []),
        (Switch(()), [X, U]),
        (Switch((identity(X, U),)), []),
        (Switch((identity(),)), [(I64, True)]),
    ],
)
def test_counts_that_do_not_fit_are_an_error(op, params):
    with pytest.raises(LinearTypeError) as caught:
        check(function(op, params, [X, U]))
    assert caught.value.mend


def test_a_size_is_not_negative():
    with pytest.raises(LinearaError, match=r"no negative size, as in \(2, -1\)"):
        ArrayType("f64", (2, -1))
