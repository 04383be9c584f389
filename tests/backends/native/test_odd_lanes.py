"""Loops of odd lengths, whose last lanes are beyond the end: nothing is read, written, summed up or refused there."""

import numpy as np
import pytest

import lineara as lin
from lineara.syntax import parse_function
from lineara.testing.machine import agrees, on_reference

r = np.random.default_rng(0)
LENGTHS = [4, 5, 6, 7, 9, 10, 13, 14, 15, 17, 20, 28, 31]
DTYPES = {"f64": "f8", "f32": "f4", "c128": "c16", "i32": "i4"}


def of_dtype(dtype, *shape):
    x = 8 * r.normal(size=shape)
    return (x + 1j * r.normal(size=shape) if dtype == "c128" else x).astype(DTYPES[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", LENGTHS)
def test_elements_that_are_read_forward_backward_and_apart(n, dtype):
    row = f"{dtype}[{n}]"
    program = f"""
def f(x: {row}, y: {dtype}[{2 * n}]) -> ({row}, {row}, {dtype}, bool[{n}]) =
  let a = reverse[axes=(0,)](x)
  let b = slice[start=(0,), stop=({2 * n},), step=(2,)](y)
  let c = a * b
  let d = c + x
  let e = sum[axes=(0,)](d)
  let g = eq(d, x)
  (c, d, e, g)
"""
    assert agrees(parse_function(program), [of_dtype(dtype, n), of_dtype(dtype, 2 * n)])


@pytest.mark.parametrize("n", LENGTHS)
def test_an_index_beyond_the_end_is_never_asked_for(n):
    def picked(x, i):
        return x[i - 1] * x

    x, i = r.normal(size=n), r.integers(1, n + 1, n)
    np.testing.assert_array_equal(lin.jit(picked)(x, i), picked(x, i))


@pytest.mark.parametrize("n", LENGTHS)
def test_parts_that_are_put_together_in_the_loop_that_makes_them(n):
    def total(x):
        def step(carry, row):
            return carry * 0.5, np.sum(np.sin(carry[0] * row) + carry[1] / (2 + row * row))

        return np.sum(lin.scan(step, x, x[2:])[1])

    x = r.normal(size=(5, n))
    jacobian = lin.jit(lin.grad(total))(x)
    for i, j in ((0, 0), (1, n - 1), (4, n - 1)):
        e = np.zeros_like(x)
        e[i, j] = 1e-6
        slope = (total(x + e) - total(x - e)) / 2e-6
        np.testing.assert_allclose(jacobian[i, j], slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("n", LENGTHS)
def test_gradients_by_rows_in_a_loop(n):
    def loss(w, xs):
        def step(carry, x):
            h = np.tanh(carry * w[0] + x * w[1])
            return h, np.sum(np.log(1 + h * h) / (2 + h))

        return np.sum(lin.scan(step, w[2], xs)[1])

    w, xs = r.normal(size=(3, n)), r.normal(size=(5, n))
    expected = on_reference(lin.grad(loss), w, xs)
    for level in (0, 1, 3):
        found = lin.jit(lin.grad(loss), optimize=level)(w, xs)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
