"""Erasing a mixed function: what follows a call reads the nonlinear results of the call."""

from lineara.backends.reference import evaluate
from lineara.syntax import parse_function
from lineara.transforms import erase
from lineara.typecheck import check

TEXT = """
def g(x: f64 ; u: f64) -> (f64 ; f64) =
  let y = sin(x)
  let (; v) = y *. u
  (y ; v)

def f(x: f64 ; u: f64) -> (f64 ; f64) =
  let (y ; v) = g(x ; u)
  let z = y * y
  (z ; v)
"""


def test_a_nonlinear_equation_reads_the_result_of_a_mixed_call():
    f = parse_function(TEXT)
    assert evaluate(check(erase(f)), [0.5, 2.0]) == evaluate(f, [0.5, 2.0])
