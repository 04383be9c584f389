"""Calls with rules, and calls that are declared linear, as text."""

from __future__ import annotations

import numpy as np
import pytest

from lineara import custom_jvp, grad, linear_solve, linearize, trace
from lineara.backends.reference import evaluate
from lineara.cost import size
from lineara.errors import LinearTypeError, ParseError
from lineara.ir import callees_first
from lineara.pipeline import Request, run
from lineara.syntax import parse_function, to_text
from lineara.transforms import jvp

TANH = """
def f(x: f64) -> f64 =
  let y = tanh(x)
  y

def f.rule(x: f64 ; x_dot: f64) -> (f64 ; f64) =
  let y = f with f.rule (x)
  let c = 1.0 - y * y
  let (; y_dot) = c *. x_dot
  (y ; y_dot)

def g(x: f64) -> f64 =
  let y = f with f.rule (x)
  let z = checkpoint f with f.rule (y)
  z
"""

LINEAR = """
def f(c: f64, b: f64) -> f64 = b / c

def f.rule(c: f64, b: f64 ; c_dot: f64, b_dot: f64) -> (f64 ; f64) =
  let x = f with f.rule (c, b)
  let d = -x
  let (; r) = d *. c_dot +. b_dot
  let (; x_dot) = linear f with f.rule, f with f.rule (c ; r)
  (x ; x_dot)

def g(c: f64 ; b: f64) -> ( ; f64) =
  let (; x) = linear f with f.rule, f with f.rule (c ; b)
  ( ; x)
"""


def test_a_rule_is_read_and_used():
    g = parse_function(TANH)
    assert parse_function(to_text(g)) == g
    names = [f.name for f in callees_first(jvp(g))]
    assert "f.rule" in names
    (gradient,) = run(g, Request(), "grad")
    expected = grad(lambda x: np.tanh(np.tanh(x)))(0.3)
    assert evaluate(gradient, [np.array(0.3)])[1] == pytest.approx(expected)
    (second,) = run(gradient, Request(outputs=1), "grad")
    assert evaluate(second, [np.array(0.3)])[2] == pytest.approx(expected)


def test_a_declared_linear_call_is_read():
    g = parse_function(LINEAR)
    assert parse_function(to_text(g)) == g


def test_what_is_traced_reads_back():
    f = custom_jvp(lambda x: np.sin(x))
    f.defjvp(lambda p, t: (f(*p), np.cos(p[0]) * t[0]))
    program = trace(lambda x: f(f(x)), 1.0).function
    assert parse_function(to_text(program)) == program


def test_the_size_counts_rules_once():
    g = parse_function(TANH)
    plain = parse_function(TANH.replace(" with f.rule", ""))
    assert size(g) > size(plain)
    assert size(g) == size(parse_function(to_text(g)))


def test_a_derivative_through_a_solution_prints():
    def f(t):
        return linear_solve(lambda v: v * t, t, lambda m, b: b / m(1.0), symmetric=True)

    text = str(linearize(f, 2.0)[1])
    assert "linear f with f.rule, f with f.rule (" in text


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        (TANH.replace("f.rule (y)", "h.rule (y)"), LinearTypeError, "unknown function `h.rule`"),
        (TANH.replace("f.rule (y)", "g (y)"), LinearTypeError, "not a derivative of"),
        (TANH.replace("c *. x_dot\n", "c *. x_dot\n  let e = c\n"), LinearTypeError, "never used"),
        (LINEAR.replace("f.rule (c ; b)", "f.rule, f (c ; b)"), ParseError, "and its transpose"),
        (LINEAR.replace("f.rule (c ; b)", "f.rule (c, c ; b)"), LinearTypeError, "takes"),
        (
            LINEAR.replace("def g(", "def h(c: f64) -> f64 = c\n\ndef g(").replace(
                "f.rule (c ; b)", "f.rule, h (c ; b)"
            ),
            (LinearTypeError, ParseError),
            "transpose",
        ),
    ],
)
def test_errors(text, error, words):
    with pytest.raises(error, match=words):
        parse_function(text)
