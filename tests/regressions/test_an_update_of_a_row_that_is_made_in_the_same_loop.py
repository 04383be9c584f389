"""A column was changed in the memory of one row, which the loop over rows used again, and the result was never written."""

import numpy as np

from lineara.syntax import parse_function
from lineara.testing.machine import agrees

PROGRAM = """
def f(a: i32, b: f64[2,3], c: f64[2]) -> f64[2,3] =
  let d = b + b
  let e = write_at[axes=(1,)](d, c, a)
  let g = 0.0: f64[2]
  let h = write_at[axes=(1,)](e, g, a)
  h
"""


def test_the_result_holds_all_rows():
    args = [np.array(1, np.int32), np.arange(6.0).reshape(2, 3), np.array([7.0, 8.0])]
    assert agrees(parse_function(PROGRAM), args)
