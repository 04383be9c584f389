"""An empty linear tuple came out nonlinear where batching took tuples apart."""

from lineara.syntax import parse_function
from lineara.transforms.batch import batch
from lineara.typecheck import check

TEXT = """
def body(x: f64 ; u: ()) -> (f64 ; ()) = (x ; u)

def f(x: f64[3] ; u: ()) -> (f64[3] ; ()) =
  let (y ; v) = scan[3] body over (x ; u)
  (y ; v)
"""


def test_it_stays_linear():
    batched, out = batch(check(parse_function(TEXT)), 2, (True, True))
    assert check(batched).linear_results[0].linear
    assert out == (True, True)
