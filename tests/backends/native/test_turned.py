"""Rows that lanes make beside each other, and small arrays that a loop puts together trip by trip."""

import numpy as np
import pytest

import lineara as lin
from lineara.syntax import parse_function
from lineara.testing.machine import agrees

r = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", ["f64", "f32", "i32"])
@pytest.mark.parametrize("columns", [2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 30, 128, 129])
def test_rows_of_any_length(columns, dtype):
    row = f"{dtype}[45,{columns}]"
    program = f"""
def f(a: {dtype}[45], b: {row}) -> ({row}, {row}) =
  let c = broadcast[axes=(0,), shape=(45, {columns})](a)
  let d = b + c
  let e = c + c
  (d, e)
"""
    given = (r.normal(size=45) * 100, r.normal(size=(45, columns)) * 100)
    type_ = np.dtype(dtype.replace("f", "float").replace("i", "int"))
    assert agrees(parse_function(program), [x.astype(type_) for x in given])


def test_rows_that_are_put_together():
    def row(t):
        return np.concatenate([np.stack([np.sin(t), t]), np.broadcast_to(t, (3,))])

    x = r.normal(size=1001)
    given = lin.jit(lin.vmap(row))(x)
    np.testing.assert_allclose(given, np.stack([np.sin(x), x, x, x, x], 1), rtol=1e-15)


def residual(z):
    a, b, c = z[:3], z[3:5], z[5]
    return c * np.stack([np.sum(a * a) * b[0], np.sum(np.sin(a)) + b[1]])


@pytest.mark.parametrize("mode", [lin.jacrev, lin.jacfwd])
def test_small_jacobians_of_many_points(mode):
    z = r.normal(size=(45, 6))
    given = lin.jit(lin.vmap(mode(residual)))(z)
    one_by_one = np.stack([mode(residual)(x) for x in z])
    np.testing.assert_allclose(given, one_by_one, rtol=1e-13, atol=1e-13)


def test_cotangents_of_parts_are_put_together_in_the_loop_that_makes_them():
    plan = lin.jit(lin.vmap(lin.jacrev(residual))).show(r.normal(size=(45, 6)), stage="plan")
    outside = [line for line in plan.splitlines()[1:] if not line.startswith("    ")]
    assert [line.split()[0] for line in outside if "[view]" not in line] == ["loop"]


def arm(q):
    a, b = q[0] + q[1], q[0] + q[1] + q[2]
    return np.stack([np.cos(q[0]) + np.cos(a) + np.cos(b), np.sin(q[0]) + np.sin(a), b])


@pytest.mark.parametrize("mode", [lin.jacrev, lin.jacfwd])
def test_cotangents_that_all_examples_share(mode):
    q = r.normal(size=(45, 3))
    given = lin.jit(lin.vmap(mode(arm)))(q)
    one_by_one = np.stack([mode(arm)(x) for x in q])
    np.testing.assert_allclose(given, one_by_one, rtol=1e-13, atol=1e-13)
    plan = lin.jit(lin.vmap(mode(arm))).show(q, stage="plan")
    assert plan.count("\n  loop") == 1
    assert not [x for x in plan.splitlines() if x.startswith("  %") and "[45,3,3] = acc" in x]


def test_an_array_that_is_put_together_is_wanted_besides():
    program = """
def f(a: f64[40,2], b: f64[40,3]) -> (f64[40,5], f64[40]) =
  let c = a + a
  let d = 0.0: f64[40,5]
  let e = accumulate_slice[start=(0, 0), stop=(40, 2), step=(1, 1)](d, c)
  let g = b * b
  let h = accumulate_slice[start=(0, 1), stop=(40, 4), step=(1, 1)](e, g)
  let i = sum[axes=(1,)](h)
  (h, i)
"""
    assert agrees(parse_function(program), [r.normal(size=(40, 2)), r.normal(size=(40, 3))])
