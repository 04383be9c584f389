"""How programs look: the printed text is what people read."""

import time

from lineara.ir import ArrayType, Builder
from lineara.ir.names import KEYWORDS
from lineara.primitives.elementary import sin
from lineara.syntax import format_equation, format_function, parse, parse_function, to_text
from lineara.syntax.parser import words
from lineara.transforms import jvp, transpose, unzip

F64 = ArrayType("f64")


def test_the_stages_of_a_small_function():
    f = parse_function("def f(x: f64, y: f64) -> f64 = sin(x) * y + x")
    derivative = jvp(f)
    halves = unzip(derivative)
    assert (
        to_text(f)
        == """\
def f(x: f64, y: f64) -> f64 =
  let a = sin(x)
  let b = a * y
  let c = b + x
  c
"""
    )
    assert to_text(transpose(halves.linear)).startswith("def f.jvp.lin.T(")


def test_zones():
    text = """\
def g(x: f64 ; u: f64) -> (f64 ; f64) =
  let (; v) = x *. u
  (x ; v)

def f(a: f64, t: (f64, f64) ; u: f64[2], w: f64) -> (f64, f64 ; f64, f64[2]) =
  let (b ; p) = g(a ; w)
  let c, d = unpack t
  let () = drop c
  let e = -d
  let s = recompute e - b
  let r = b / s
  let (; q, u_1) = dup u
  let (; o) = q +. u_1
  (s, r ; p, o)

def h( ; u: f64) -> ( ; f64) =
  ( ; u)
"""
    functions = parse(text)
    assert "\n".join([format_function(f) for f in functions.values()]) == text


def test_a_nonlinear_scale_is_no_infix():
    text = "def f(x: f64, y: f64) -> f64 =\n  let z = scale(x, y)\n  z\n"
    assert to_text(parse_function(text)) == text


def test_long_lines_are_broken_between_the_zones():
    count = 12
    params = ", ".join(f"parameter_{i}: f64[10,10]" for i in range(count))
    linear = ", ".join(f"parameter_{i}_dot: f64[10,10]" for i in range(3))
    ends = "".join(f"  let () = drop parameter_{i}\n" for i in range(1, count))
    ends += "".join(f"  let () = drop parameter_{i}_dot\n" for i in range(1, 3))
    results = "(parameter_0 ; parameter_0_dot)"
    g = f"def g({params} ; {linear}) -> (f64[10,10] ; f64[10,10]) =\n{ends}  {results}\n"
    names = ", ".join(f"parameter_{i}" for i in range(count))
    call = f"g({names} ; {', '.join(f'parameter_{i}_dot' for i in range(3))})"
    f = f"def f({params} ; {linear}) -> (f64[10,10] ; f64[10,10]) = {call}"
    text = to_text(parse_function(g + f))
    assert max(map(len, text.splitlines())) <= 100
    assert text.endswith("""\
def f(
    parameter_0: f64[10,10], parameter_1: f64[10,10], parameter_2: f64[10,10],
    parameter_3: f64[10,10], parameter_4: f64[10,10], parameter_5: f64[10,10],
    parameter_6: f64[10,10], parameter_7: f64[10,10], parameter_8: f64[10,10],
    parameter_9: f64[10,10], parameter_10: f64[10,10], parameter_11: f64[10,10]
    ; parameter_0_dot: f64[10,10], parameter_1_dot: f64[10,10], parameter_2_dot: f64[10,10]
) -> (f64[10,10] ; f64[10,10]) =
  let (a ; b) = g(
      parameter_0, parameter_1, parameter_2, parameter_3, parameter_4, parameter_5, parameter_6,
      parameter_7, parameter_8, parameter_9, parameter_10, parameter_11
      ; parameter_0_dot, parameter_1_dot, parameter_2_dot
  )
  (a ; b)
""")


def test_callees_come_first_and_the_main_function_keeps_its_name():
    inner = parse_function("def f(x: f64) -> f64 = sin(x)")
    b = Builder("f")
    (y,), _ = b.call(inner, (b.param(F64, hint="x"),))
    other = b.finish([y])
    b = Builder("f")
    (y,), _ = b.call(other, (b.param(F64, hint="x"),))
    text = to_text(b.finish([y]))
    assert [line for line in text.splitlines() if line.startswith("def")] == [
        "def f_2(x: f64) -> f64 =",
        "def f_1(x: f64) -> f64 =",
        "def f(x: f64) -> f64 =",
    ]


def test_names_are_made_writable():
    inner = Builder("<locals>.<lambda>")
    inner = inner.finish([inner.param(F64, hint="let")])
    b = Builder(sin.name)
    (y,), _ = b.call(inner, (b.param(F64, hint="a.b-c"),))
    b.add(y, y)
    text = to_text(b.finish([y]))
    assert text.startswith("def _locals_._lambda_(let_1: f64) -> f64 =\n")
    assert f"def {sin.name}_1(a_b_c: f64) -> f64 =" in text
    parse_function(text)


def test_one_equation():
    f = parse_function("def f(x: f64) -> f64 = sin(x)")
    (e,) = f.equations
    assert format_equation(e, {e.inputs[0]: "a", e.outputs[0]: "b"}) == "let b = sin(a)"


def test_the_words_of_the_grammar_are_the_names_that_are_avoided():
    assert words() | {"infj", "nanj"} == KEYWORDS


def test_fifty_thousand_equations_print_in_a_second():
    b = Builder("f")
    x = b.param(F64, hint="x")
    y = x
    for _ in range(50_000):
        (y,) = b.apply(sin, (y,))
    f = b.finish([y])
    start = time.perf_counter()
    text = to_text(f)
    assert time.perf_counter() - start < 1
    assert text.count("\n") == 50_002
