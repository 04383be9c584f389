"""What is printed is read back as the same function."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineara.errors import LinearaError
from lineara.ir import (
    DEEPEST,
    Apply,
    ArrayType,
    Builder,
    Equation,
    Function,
    ListType,
    Literal,
    TupleType,
    Var,
    infer,
)
from lineara.primitives import REGISTRY
from lineara.syntax import parse, parse_function, to_text
from lineara.syntax.parser import read
from lineara.syntax.printer import datum_text
from lineara.syntax.tree import Number, Source
from lineara.transforms import erase, jvp, transpose, unzip
from lineara.typecheck import check

F64 = ArrayType("f64")

PROGRAMS = {
    "a bare result": "def f(x: f64) -> f64 = x",
    "no results": "def f(x: f64 ; u: f64) -> () =\n  drop x\n  drop u\n  ()",
    "no parameters": "def f() -> (f64 ; f32[2]) = (2.0 ; zero: f32[2])",
    "a tuple as the one result": "def f(x: (f64, f64)) -> ((f64, f64)) = x",
    "tuples": """
        def f(m: ((f64, f64), (f64,), ()) ; m_dot: (f64, (f32,))) -> ((f64,), () ; (f32,), f64) =
          let a, b, c = unpack m
          let x, y = unpack a
          let (z ; ) = unpack b
          let (; p, q) = unpack m_dot
          let s = tuple(x + y * z)
          (s, c ; q, p)
        """,
    "linear operations": """
        def f(c: f64 ; x: f64) -> ( ; f64) =
          let (; a, b) = dup x
          let (; o) = zero: f64
          let (; s) = a +. c *. b
          (; s +. o)
        """,
    "calls": """
        def g(x: f64 ; u: f64) -> (f64 ; f64) = (x ; x *. u)
        def f(x: f64 ; u: f64) -> (f64 ; f64) =
          let (a ; p) = checkpoint g(x ; u)
          let (b ; q) = recompute g(sin(a) ; p)
          (b ; q)
        """,
    "a call as the result": """
        def g(x: f64 ; u: f64) -> (f64 ; f64) = (x ; x *. u)
        def f.jvp.lin.T(x: f64 ; u: f64) -> (f64 ; f64) = g(x ; u)
        """,
    "recompute": "def f(x: f64) -> f64 =\n  let y = recompute sin(x)\n  let z = cos(y)\n  x * z",
    "attributes": "def f(x: f64[3]) -> f64[2,3] = broadcast[axes=(1,), shape=(2, 3)](x)",
    "shared callees": """
        def a(x: f64) -> f64 = x * x
        def b(x: f64) -> f64 = a(a(x))
        def c(x: f64) -> f64 = a(x) + b(x)
        """,
    "names": "def λ(ẋ: f64, x̄: f64, _1: f64, v: f64) -> f64 = ẋ * x̄ + _1 * v",
}


def same_again(function):
    text = to_text(function)
    again = next(reversed(parse(text).values()))
    assert again == function
    assert to_text(again) == text


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_programs(program):
    same_again(parse_function(program))


def test_the_programs_of_the_language_page():
    page = Path(__file__).parents[2] / "docs" / "language.md"
    blocks = re.findall(r"```text\n(def .*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 4
    for function in [f for block in blocks for f in parse(block).values()]:
        same_again(check(function))


def test_every_stage():
    f = parse_function("""
        def g(x: f64[2], y: f64[2]) -> (f64[2], f64[2]) = (sin(x) * y, x / y)
        def f(x: f64[2]) -> f64 =
          let a, b = checkpoint g(x, exp(x))
          let c, d = g(a, b)
          sum[axes=(0,)](c - d)
        """)
    derivative = jvp(f)
    halves = unzip(derivative)
    backward = transpose(halves.linear)
    for stage in (f, derivative, halves.nonlinear, halves.linear, backward, erase(backward)):
        same_again(stage)
    same_again(jvp(erase(backward)))


def one_application(primitive, example, linear=frozenset()):
    attributes = tuple(sorted(dict(example.attributes).items()))
    params = [Var(t, linear=i in linear) for i, t in enumerate(example.operands)]
    types = infer(primitive, attributes, example.operands)
    results = [Var(t, linear=bool(linear)) for t in types]
    return Function(
        "f",
        tuple(v for v in params if not v.linear),
        tuple(v for v in params if v.linear),
        (Equation(Apply(primitive, attributes), tuple(params), tuple(results)),),
        tuple(v for v in results if not v.linear),
        tuple(v for v in results if v.linear),
    )


@pytest.mark.parametrize("primitive", REGISTRY.values(), ids=REGISTRY.keys())
def test_every_primitive(primitive):
    """At its examples: as nonlinear code, and in each way that it stands in linear code."""
    assert primitive.examples
    for example in primitive.examples:
        groups = [] if primitive.borrows else [frozenset()]
        if primitive.transpose:
            groups += primitive.linear_groups(len(example.operands))
        for group in groups:
            if all(example.operands[i].is_inexact for i in group):
                same_again(one_application(primitive, example, group))


def holding(value, type_=F64):
    v = Var(type_)
    return Function("f", (), (), (Equation(Literal(value, type_), (), (v,)),), (v,), ())


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        *[(x, "f64") for x in (0.0, -0.0, 1e16, 5e-324, -2.2e-308, 1.7976931348623157e308, 0.1)],
        *[(x, dtype) for x in (math.inf, -math.inf, math.nan) for dtype in ("f64", "f32")],
        *[(float(np.float32(x)), "f32") for x in (0.1, 1e-45, 3.4028235e38, 16777216.0, -0.0)],
        *[(x, "i64") for x in (0, -1, 2**63 - 1, -(2**63))],
        *[(x, "u64") for x in (0, 2**64 - 1)],
        *[(x, "i8") for x in (-128, 127)],
        *[(x, "bool") for x in (True, False)],
        *[(complex(a, b), "c128") for a in (0.0, -0.0, 1.5) for b in (0.0, -0.0, -2.5)],
        (complex(math.nan, -math.inf), "c128"),
        (complex(-math.inf, math.nan), "c128"),
        (complex(float(np.float32(0.1)), -0.0), "c64"),
    ],
)
@pytest.mark.parametrize("shape", [(), (3,), (2, 0)])
def test_literals(value, type_, shape):
    f = holding(value, ArrayType(type_, shape))
    same_again(f)
    (literal,) = parse_function(to_text(f)).equations
    assert repr(literal.op.value) == repr(value)


@given(st.floats(), st.floats(), st.floats(width=32))
def test_all_floats(x, y, single):
    same_again(holding(x))
    same_again(holding(complex(x, y), ArrayType("c128", (2,))))
    same_again(holding(single, ArrayType("f32")))


@given(st.text(max_size=8), st.text(max_size=8))
def test_all_hints_and_function_names(hint, other):
    b = Builder(hint)
    x, y = b.param(F64, hint=hint), b.param(F64, hint=other)
    g = b.finish([b.add(x, y)])
    b = Builder(hint)
    x = b.param(F64, hint="v")
    (called,), _ = b.call(g, (x, x))
    b.call(parse_function(PROGRAMS["a bare result"]), (x,))
    f = b.finish([called])
    same_again(f)


@pytest.mark.parametrize(
    "value",
    [
        *('quote " backslash \\ newline \n λ # ( , ;', "", "f64", "None"),
        *(None, True, False, 0, -2, 10**30, 2.5, -0.0, math.inf, -math.inf, 1 - 2j, -0.0j),
        *(np.dtype("f4"), np.dtype("?"), (), (1,), ((1, None), (), ("a", np.dtype("c16")))),
    ],
    ids=repr,
)
def test_attributes(value):
    text = datum_text(value)
    found = read(Source(text, "<text>"), text, "one_datum")
    found = found.value if isinstance(found, Number) else found
    assert repr(found) == repr(value)


@pytest.mark.parametrize("wrap", [lambda t: TupleType((t,)), ListType])
@pytest.mark.parametrize("inside", [F64, ArrayType("f64", (2,))])
def test_what_is_too_deep_to_be_read_is_not_printed(wrap, inside):
    type_ = inside
    while type_.depth < DEEPEST - 1:
        type_ = wrap(type_)
    b = Builder("f")
    x = b.param(type_)
    b.zero(type_)
    same_again(b.finish([x]))
    b = Builder("f")
    f = b.finish([b.param(wrap(type_))])
    with pytest.raises(LinearaError, match="a type nested 200 levels deep has no text"):
        to_text(f)


def test_a_very_deep_type_has_a_short_name():
    type_ = F64
    for _ in range(5000):
        type_ = TupleType((type_, type_))
    assert repr(type_) == "(… 5000 levels …)"
    assert repr(ListType(type_)) == "list[… 5001 levels …]"
