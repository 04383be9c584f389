"""linear_function: black boxes with an adjoint, and what is wrong with them; records of the user's."""

from __future__ import annotations

import numpy as np
import pytest

from lineara import (
    apply,
    grad,
    hessian,
    jacfwd,
    jvp,
    linear_function,
    linear_transpose,
    vmap,
)
from lineara.errors import DtypeError, LinearaError, LinearTypeError, ShapeError
from lineara.ir import ArrayType, Example
from lineara.primitives import differentiable, elementwise, multilinear, nondifferentiable
from lineara.primitives.elementary import cos

X = np.array([0.5, -1.0, 2.0])
A = np.array([[1.0, 2.0, 0.5], [3.0, -1.0, 0.0]])
COMPLEX = np.array([[1.0, 2.0j], [3.0, 4.0 + 1.0j]])


def host_matmul(x):
    assert type(x) is np.ndarray
    return A @ x


operator = linear_function(host_matmul, adjoint=lambda w: A.T @ w)


def through(f):
    return lambda x: np.sum(np.sin(f(x)) * f(x))


@pytest.mark.parametrize(
    "derivative",
    [
        lambda f: f,
        lambda f: grad(f),
        lambda f: hessian(f),
        lambda f: jacfwd(jacfwd(f)),
        lambda f: lambda x: jvp(grad(f), (x,), (x,))[1],
        lambda f: lambda x: vmap(grad(f))(np.stack([x, 2.0 * x])),
    ],
)
def test_a_black_box_has_the_derivatives_of_what_it_computes(derivative):
    expected = derivative(through(lambda x: A @ x))(X)
    np.testing.assert_allclose(derivative(through(operator))(X), expected, rtol=1e-12, atol=1e-12)


def test_it_is_linear_and_transposes():
    w = np.array([1.0, -2.0])
    np.testing.assert_array_equal(linear_transpose(operator, X)(w), A.T @ w)
    np.testing.assert_array_equal(linear_transpose(operator, X).T(X), A @ X)
    twice = grad(lambda v: np.sum(linear_transpose(operator, X)(v) ** 2))(w)
    np.testing.assert_allclose(twice, 2.0 * A @ A.T @ w)


def test_the_pairing_of_complex_arrays_is_without_conjugation():
    z = np.array([1.0 + 1.0j, 2.0 - 0.5j])
    box = linear_function(lambda x: COMPLEX @ x, adjoint=lambda w: COMPLEX.T @ w)

    def loss(f):
        return lambda v: np.sum(np.abs(f(v)) ** 2)

    np.testing.assert_allclose(grad(loss(box))(z), grad(loss(lambda v: COMPLEX @ v))(z))
    conjugated = linear_function(lambda x: COMPLEX @ x, adjoint=lambda w: COMPLEX.conj().T @ w)
    with pytest.raises(LinearaError, match="without conjugation"):
        conjugated(z)
    fourier = linear_function(np.fft.fft, adjoint=np.fft.fft)
    np.testing.assert_allclose(grad(loss(fourier))(z), 4.0 * z.conj())


def test_containers_in_and_out():
    box = linear_function(
        lambda a, b: {"s": a["x"] + 2.0 * b},
        adjoint=lambda w: ({"x": w["s"]}, 2.0 * w["s"]),
    )
    bars = grad(lambda a, b: np.sum(box({"x": a}, b)["s"] ** 2), (0, 1))(X, X)
    np.testing.assert_array_equal(bars, (6.0 * X, 12.0 * X))


def test_an_adjoint_that_is_not_the_transpose_is_refused_with_both_sides():
    box = linear_function(lambda x: 2.0 * x, adjoint=lambda w: 3.0 * w)
    with pytest.raises(LinearaError) as error:
        grad(lambda x: np.sum(box(x)))(X)
    text = str(error.value)
    assert "⟨w, f(v)⟩" in text
    assert "⟨adjoint(w), v⟩" in text
    unchecked = linear_function(lambda x: 2.0 * x, adjoint=lambda w: 3.0 * w, check=False)
    np.testing.assert_array_equal(grad(lambda x: np.sum(unchecked(x)))(X), np.full(3, 3.0))


@pytest.mark.parametrize(
    ("f", "adjoint", "kind", "words"),
    [
        (lambda x: x + 1.0, lambda w: w, LinearaError, "not linear: at 0"),
        (lambda x: x * x, lambda w: w, LinearaError, "not its transpose"),
        (lambda x: A @ x, lambda w: w, ShapeError, r"gives float64\[2\], and f64\[3\]"),
        (lambda x: x, lambda w: (w, w), ShapeError, "another structure"),
        (lambda x: x.astype(int), lambda w: w, DtypeError, "needs real or complex"),
        (1.0, lambda w: w, DtypeError, "takes a function"),
    ],
)
def test_bad_black_boxes(f, adjoint, kind, words):
    with pytest.raises(kind, match=words):
        linear_function(f, adjoint=adjoint)(X)


def test_a_black_box_does_not_close_over_traced_values():
    def f(a):
        return linear_function(lambda x: a * x, adjoint=lambda w: a * w)(3.0)

    with pytest.raises(LinearaError, match="closes over a traced value") as error:
        grad(f)(2.0)
    assert "test_linear_function.py" in str(error.value)


def test_exceptions_of_the_host_come_through():
    def fails(x):
        if np.any(x > 10.0):
            raise KeyError("too large")
        return x

    box = linear_function(fails, adjoint=lambda w: w)
    with pytest.raises(KeyError, match="too large"):
        grad(lambda x: np.sum(box(x * x)))(np.array([1.0, 9.0]))


def test_f_is_called_when_the_program_runs_and_types_are_found_once():
    calls = []

    def counted(x):
        calls.append(x)
        return 2.0 * x

    box = linear_function(counted, adjoint=lambda w: 2.0 * w)
    grad(lambda x: np.sum(box(x)))(X)
    first = len(calls)
    grad(lambda x: np.sum(box(x)))(X)
    assert len(calls) - first == 1


def test_two_black_boxes_of_one_name_are_told_apart():
    def scaled(c):
        return linear_function(lambda x: c * x, adjoint=lambda w: c * w)

    assert [float(grad(scaled(c))(1.0)) for c in (2.0, 3.0, 2.0)] == [2.0, 3.0, 2.0]


def test_an_integer_has_no_tangent():
    with pytest.raises(DtypeError, match="argument 0 of `host_matmul`"):
        operator(np.array([1, 2, 3]))


cube = elementwise("users_cube", "x³", lambda x: x**3, [lambda y, x: 3.0 * x * x])
flip = multilinear(
    "users_flip",
    "x from its end",
    lambda x: x[::-1],
    lambda x: (x,),
    lambda operands, cotangents: [flip(cotangents[0])],
    linear_in=(frozenset((0,)),),
    family="user",
    examples=(Example((ArrayType("f64", (3,)),)),),
)
wave = differentiable(
    "users_wave",
    "sin 2x",
    lambda x: np.sin(2.0 * x),
    lambda x: (x,),
    lambda operands, results, tangents, attributes: [
        tangents[0].scaled(cos(operands[0] * 2.0) * 2.0)
    ],
    family="user",
    examples=(Example((ArrayType("f64", (3,)),)),),
)
rank = nondifferentiable(
    "users_rank",
    "the place of each element in the sorted array",
    lambda x: np.argsort(np.argsort(x)).astype(np.float64),
    lambda x: (x,),
    family="user",
    examples=(Example((ArrayType("f64", (3,)),)),),
)


@pytest.mark.parametrize(
    ("record", "plain"),
    [
        (cube, lambda x: x**3),
        (flip, lambda x: x[::-1]),
        (wave, lambda x: np.sin(2.0 * x)),
        (rank, lambda x: 0.0 * x),
    ],
)
def test_a_record_of_the_users_is_used_like_any_other(record, plain):
    def mine(x):
        return np.sum(np.sin(apply(record, x * x)) + x)

    def theirs(x):
        return np.sum(np.sin(plain(x * x)) + x)

    if record is not rank:
        np.testing.assert_allclose(mine(X), theirs(X))
        np.testing.assert_allclose(hessian(mine)(X), hessian(theirs)(X), atol=1e-12)
        np.testing.assert_allclose(vmap(grad(mine))(A), vmap(grad(theirs))(A), atol=1e-12)
    else:
        np.testing.assert_array_equal(grad(mine)(X), np.ones(3))


def test_records_refuse_what_they_do_not_take():
    with pytest.raises(ShapeError):
        apply(cube, X, X)
    with pytest.raises(LinearTypeError, match="users_cube"):
        linear_transpose(lambda x: apply(cube, x), X)
    other = elementwise("users_cube", "another x³", lambda x: 2.0 * x, [lambda y, x: y.full(2.0)])
    assert grad(lambda x: apply(other, x))(1.0) == 2.0
    assert grad(lambda x: apply(cube, x))(1.0) == 3.0
