"""A constant that only the linear half of a body reads was dropped in every trip of the early half, so that work grew."""

from lineara.cost import work
from lineara.syntax import parse_function
from lineara.transforms import everything, unzip
from lineara.typecheck import check

TEXT = """
def body(a: f64, b: f64 ; u: f64) -> (f64 ; f64) =
  let (; v) = a *. u
  (b ; v)

def f(a: f64, b: f64 ; u: f64[3]) -> (f64 ; f64[3]) =
  let (c ; v) = scan[3] body(a) from (b) over ( ; u)
  (c ; v)
"""


def test_the_early_scan_does_not_take_it():
    f = check(parse_function(TEXT))
    halves = unzip(f, everything)
    assert work(check(halves.nonlinear)) == 0
    assert work(check(halves.linear)) == work(f) == 3
