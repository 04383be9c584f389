"""Costs of small programs, as integers worked out by hand."""

import pytest

from lineara import cost
from lineara.syntax import parse_function

SIN = 10
"""What the record of the sine says that a scalar costs."""

CASES = {
    "literals and bindings": ("def f() -> f64 = 2.0", 0),
    "a primitive": ("def f(x: f64[3]) -> f64[3] = sin(x)", 3 * SIN),
    "a sum and a product": ("def f(x: f64[4], y: f64[4]) -> f64[4] = x * y + x", 4 + 4),
    "tuples": ("def f(x: f64) -> f64 =\n  let a, b = unpack tuple(x, x)\n  a + b", 1),
    "a nonlinear drop": ("def f(x: f64[5], y: f64) -> f64 =\n  drop x\n  y", 5),
    "dup and add": (
        "def f( ; u: f64[2]) -> ( ; f64[2]) =\n  let (; a, b) = dup u\n  ( ; a +. b)",
        2 + 2,
    ),
    "scaling": ("def f(c: f64[2] ; u: f64[2]) -> ( ; f64[2]) = ( ; c *. u)", 2),
    "zero and a linear drop": (
        "def f( ; u: f64[3]) -> ( ; f64[2]) =\n  drop u\n  let (; z) = zero: f64[2]\n  ( ; z)",
        3 + 2,
    ),
    "two calls": (
        "def g(x: f64) -> f64 = sin(x)\ndef f(x: f64) -> f64 = g(g(x))",
        2 * SIN,
    ),
    "the dearest branch": (
        "def g(x: f64) -> f64 = sin(x)\ndef h(x: f64) -> f64 = x * x\n"
        "def f(i: i64, x: f64) -> f64 = switch i of g, h with (x)",
        SIN,
    ),
    "every trip of a scan": (
        "def g(x: f64) -> f64 = x * x + x\ndef f(x: f64) -> f64 = scan[7] g from (x)",
        7 * 2,
    ),
    "one trip of a while, and its condition": (
        "def p(x: f64) -> bool = lt(x, x)\ndef g(x: f64) -> f64 = sin(x)\n"
        "def f(x: f64) -> f64 =\n  let n, y = while p do g from (x)\n  drop n\n  y",
        1 + SIN + 1,
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_the_work_is_what_was_worked_out_by_hand(text, expected):
    assert cost.work(parse_function(text)) == expected


def test_the_size_counts_a_shared_function_once():
    once = "def g(x: f64) -> f64 = sin(x)\n"
    f = parse_function(once + "def f(x: f64) -> f64 = g(x)")
    twice = parse_function(once + "def f(x: f64) -> f64 = g(g(x))")
    assert cost.size(f) == 6 + 6
    assert cost.size(twice) == 6 + 9


def test_the_peak_is_the_most_bytes_that_are_alive():
    f = parse_function(
        "def f(x: f64[4]) -> f64[4] =\n  let a = sin(x)\n  let b = a * a\n  let c = b + b\n  c"
    )
    assert cost.peak_bytes(f) == 2 * 4 * 8
