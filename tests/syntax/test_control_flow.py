"""Switches, scans and loops as text, and that every stage of traced ones is read back as it is printed."""

import numpy as np
import pytest

import lineara
from lineara import cond, fori_loop, scan, switch, while_loop
from lineara.backends.reference import evaluate
from lineara.ir import ArrayType, ListType, Scan, While
from lineara.pipeline import STAGE_NAMES, Request, run
from lineara.syntax import parse, parse_function, parse_type, to_text
from lineara.transforms import (
    as_written,
    erase,
    everything,
    jvp,
    nothing,
    save_only,
    transpose,
    unzip,
)
from lineara.typecheck import check

FUNCTIONS = """\
def half(x: f64) -> f64 =
  let a = 0.5
  let b = a * x
  b

def twice(x: f64) -> f64 =
  let a = 2.0
  let b = a * x
  b

def scaled(k: f64, c: f64, x: f64 ; c_dot: f64, x_dot: f64) -> (f64, f64 ; f64, f64) =
  let a = k * c
  let b = a + x
  let (; p, q) = dup c_dot
  let (; r) = k *. q
  let (; s) = r +. x_dot
  (b, c ; s, p)

def grows(c: f64) -> (f64, f64) =
  (c, c)

def below(limit: f64, c: f64) -> bool =
  let a = lt(c, limit)
  a

"""

CONSTRUCTS = {
    "a switch": """\
def f(i: i64, x: f64) -> f64 =
  let z = switch i of half, twice with (x)
  z
""",
    "a scan with everything": """\
def f(k: f64, c: f64, xs: f64[4] ; u: f64, us: f64[4]) -> (f64, f64[4] ; f64, f64[4]) =
  let (y, ys ; v, vs) = scan[4] scaled(k) from (c ; u) over (xs ; us)
  (y, ys ; v, vs)
""",
    "a scan in reverse, again": """\
def f(k: f64, c: f64, xs: f64[4] ; u: f64, us: f64[4]) -> (f64, f64[4] ; f64, f64[4]) =
  let (y, ys ; v, vs) = recompute scan[4, backward] scaled(k) from (c ; u) over (xs ; us)
  (y, ys ; v, vs)
""",
    "a scan that has constants alone": """\
def f(k: f64) -> (f64[3], f64[3]) =
  let a, b = scan[3] grows_both(k)
  (a, b)

def grows_both(c: f64) -> (f64, f64) =
  (c, c)
""",
    "a scan that has a carry alone": """\
def f(k: f64) -> (f64, f64[0]) =
  let a, b = scan[0] grows from (k)
  (a, b)
""",
    "a map": """\
def f(xs: f64[3,2]) -> f64[3,2] =
  let ys = scan[3] row over (xs)
  ys

def row(x: f64[2]) -> f64[2] =
  let y = sin(x)
  y
""",
    "a scan of lists": """\
def f(n: i64, xs: list[f64]) -> list[f64] =
  let ys = scan[n] half over (xs)
  ys
""",
    "a while": """\
def f(limit: f64, x: f64) -> (i64, f64, list[f64]) =
  let n, y, ys = while below(limit) do grows from (x)
  (n, y, ys)
""",
    "a while with both zones": """\
def f(limit: f64, k: f64, x: f64 ; x_dot: f64) -> (i64, f64 ; f64) =
  let (n, y ; y_dot) = while below(limit) do step(k) from (x ; x_dot)
  (n, y ; y_dot)

def step(k: f64, c: f64 ; c_dot: f64) -> (f64 ; f64) =
  let a = k * c
  let (; s) = k *. c_dot
  (a ; s)
""",
}


def same_again(function):
    text = to_text(check(function))
    again = next(reversed(parse(text).values()))
    assert again == function
    assert to_text(again) == text


@pytest.mark.parametrize("program", CONSTRUCTS.values(), ids=CONSTRUCTS.keys())
def test_a_construct_is_printed_as_it_is_written(program):
    f = parse_function(FUNCTIONS + program, "f")
    same_again(f)
    head = program.split("\n\n")[0].rstrip("\n") + "\n"
    assert to_text(f).endswith(head)


def test_the_groups_say_what_the_operation_is():
    f = parse_function(FUNCTIONS + CONSTRUCTS["a scan in reverse, again"], "f")
    (e,) = f.equations
    assert (e.op.constants, e.op.carry, e.op.linear_carry) == (1, 1, 1)
    assert (e.op.length, e.op.reverse, e.recompute) == (4, True, True)
    assert e.inputs == (*f.params, *f.linear_params)
    f = parse_function(FUNCTIONS + CONSTRUCTS["a while with both zones"], "f")
    (e,) = f.equations
    assert (e.op.constants, e.op.carry, e.op.linear_carry) == ((1, 1), 1, 1)
    f = parse_function(FUNCTIONS + CONSTRUCTS["a scan of lists"], "f")
    assert f.equations[0].op == Scan(f.equations[0].op.body, None, 0, 0)


def test_a_construct_is_an_expression_of_expressions_on_lines_of_its_own():
    f = parse_function(
        FUNCTIONS
        + """
def f(k: f64, xs: f64[3], limit: f64) -> (f64, f64) =
  let y, ys = scan[3] plus(2.0 * k)
    from (k + 1.0)
    over (xs * xs)
  let n, z, zs = while below(limit)
    do grows from (switch gt(k, y) of half, twice with (ys))
  drop n
  drop zs
  (y, z * switch 1 of half, twice with (y))

def plus(k: f64, c: f64, x: f64) -> (f64, f64) = (c + k * x, c)
""".replace("(ys))", "(y))").replace("  drop n\n", "  drop n\n  drop ys\n"),
        "f",
    )
    same_again(f)
    y, z = evaluate(f, [np.array(2.0), np.array([1.0, 2.0, 3.0]), np.array(0.0)])
    assert y == 3.0 + 4.0 * 14.0
    assert z == y / 2.0 * (2.0 * y) or z == (2.0 * y) * (2.0 * y)


@pytest.mark.parametrize("text", ["list[f64[3]]", "list[(f64, list[i64])]", "(list[()], f64)"])
def test_list_types(text):
    assert repr(parse_type(text)) == text


def test_a_list_of_arrays():
    assert parse_type("list[f64[3]]") is ListType(ArrayType("f64", (3,)))


X = np.array([0.3, -0.7, 1.1])
W = np.array([[0.2, 0.1, -0.3], [0.4, -0.2, 0.5], [0.1, 0.3, 0.2]])


def newton(x):
    return while_loop(lambda v: abs(v * v - x) > 1e-9, lambda v: 0.5 * (v + x / v), x)


def norm(x):
    return np.sqrt((x * x).sum())


TRACED = {
    "a sum of products": (lambda x: scan(lambda c, v: (c + np.sin(v) * c, c), 1.0, x)[0], X),
    "the ys of a scan": (lambda x: (scan(lambda c, v: (c * v, c + v), 1.0, x)[1] ** 2).sum(), X),
    "a scan in reverse": (lambda x: scan(lambda c, v: (c * v, c), 2.0, x, reverse=True)[0], X),
    "a scan of a constant": (lambda x: scan(lambda c, _: (c @ W * x, ()), x, None, 3)[0].sum(), X),
    "a recurrent net": (
        lambda w: scan(lambda h, v: (np.tanh(w @ h + v), h), X, np.stack([X, X, X]))[0].sum(),
        W,
    ),
    "a pair carried": (
        lambda x: scan(lambda c, v: ((c[1], c[0] * v + c[1]), c[0]), (1.0, 2.0), x)[0][0],
        X,
    ),
    "a map": (lambda x: lineara.map(lambda v: np.exp(v) * x.sum(), x).sum(), X),
    "a cond": (lambda x: cond(x > 0.0, np.sin, lambda v: v * v, x), 0.4),
    "a switch in a map": (
        lambda x: lineara.map(
            lambda v: switch((v * 2).astype("int64"), [np.sin, np.cos, lambda u: u * u], v), x
        ).sum(),
        X,
    ),
    "a while": (newton, 2.0),
    "a while in a map": (lambda x: lineara.map(lambda v: newton(v * v + 1.0), x).sum(), X),
    "a while in a while": (
        lambda x: while_loop(lambda v: v < 40.0, lambda v: v + newton(v) * x, x),
        3.0,
    ),
    "a scan in a while": (
        lambda x: while_loop(
            lambda v: norm(v) < 5.0,
            lambda v: v + scan(lambda c, u: (c + u * x[0], ()), 1.0, x)[0] ** 2,
            x,
        ).sum(),
        X,
    ),
    "a while in a scan": (
        lambda x: scan(
            lambda c, v: (while_loop(lambda u: u < 9.0, lambda u: u * 2.0 + v, c), c), 1.0, x
        )[0],
        X,
    ),
    "a cond in a while": (
        lambda x: while_loop(
            lambda v: v < 9.0, lambda v: cond(v > 4.0, lambda u: u * x, lambda u: u + x, v), x
        ),
        2.0,
    ),
    "a while in a cond": (lambda x: cond(x > 1.0, newton, lambda v: v * v, x), 2.0),
    "a loop of fixed length": (
        lambda x: fori_loop(0, 3, lambda i, v: v * x + i, 1.0) + fori_loop(0, 2, lambda i, v: v, x),
        1.5,
    ),
    "a loop of traced length": (
        lambda x: fori_loop(0, np.floor(x).astype("int64"), lambda i, v: v * x + i, 1.0),
        3.5,
    ),
    "a checkpointed scan": (
        lambda x: lineara.checkpoint(lambda v: scan(lambda c, u: (c * u, ()), 1.0, v)[0])(x),
        X,
    ),
}


def traced(name):
    f, x = TRACED[name]
    return lineara.trace(f, x).function


def gradient(function, policy=as_written):
    wrt = (True, *(False for _ in function.params[1:]))
    (g,) = run(function, Request(wrt, 1, policy), "grad")
    return g


@pytest.mark.parametrize("policy", [as_written, everything, nothing, save_only("sin", "mul")])
@pytest.mark.parametrize("name", TRACED)
def test_every_stage_of_a_traced_program(name, policy):
    f = traced(name)
    wrt = (True, *(False for _ in f.params[1:]))
    for stage in STAGE_NAMES:
        for g in run(f, Request(wrt, 1, policy), stage):
            same_again(g)


@pytest.mark.parametrize("policy", [everything, nothing])
@pytest.mark.parametrize("name", TRACED)
def test_every_transformation_by_itself(name, policy):
    derivative = jvp(traced(name))
    halves = unzip(derivative, policy)
    backward = transpose(halves.linear)
    for g in (derivative, erase(derivative), halves.nonlinear, halves.linear, backward):
        same_again(g)
    same_again(erase(backward))


@pytest.mark.parametrize("name", TRACED)
def test_the_gradient_of_a_gradient(name):
    inner = gradient(traced(name))
    body = lineara.ir.Builder("summed")
    params = [body.param(p.type, hint=p.hint) for p in inner.params]
    (_, slope), _ = body.call(inner, params)
    if slope.type.shape:
        (slope,) = body.apply(
            lineara.primitives.REGISTRY["sum"],
            (slope,),
            {"axes": tuple(range(len(slope.type.shape)))},
        )
    f = body.finish([slope])
    same_again(f)
    same_again(gradient(f))
    same_again(gradient(f, nothing))


@pytest.mark.parametrize("name", TRACED)
def test_what_is_read_back_computes_the_same(name):
    f, x = TRACED[name]
    program = lineara.trace(f, x)
    g = gradient(program.function)
    again = parse_function(to_text(g))
    args = [np.asarray(x), *program.recorded.captured]
    for left, right in zip(evaluate(g, args), evaluate(again, args), strict=True):
        np.testing.assert_array_equal(left, right)


def test_the_loops_are_there():
    ops = {type(e.op) for name in TRACED for e in traced(name).equations}
    assert {Scan, While, lineara.ir.Switch} <= ops
