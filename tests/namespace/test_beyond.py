"""What lineara.numpy adds to NumPy: creation from traced values, and what it does on ordinary arrays."""

import numpy as np
import pytest

import lineara
import lineara.numpy as lnp
from lineara.errors import ShapeError, TraceError
from lineara.testing import check_derivatives

X = np.array([0.5, 1.5, 2.5])


@pytest.mark.parametrize(
    ("f", "by_hand"),
    [
        (lambda x: lnp.array([x[0], x[1] * 2]), lambda x: np.array([x[0], x[1] * 2])),
        (lambda x: lnp.array([[x[0], 1], [2, x[1]]]), lambda x: np.array([[x[0], 1], [2, x[1]]])),
        (lambda x: lnp.array([x, [1, 2, 3]]), lambda x: np.array([x, [1, 2, 3]])),
        (lambda x: lnp.array((x, (1, 2, 3)), "f4"), lambda x: np.array([x, [1, 2, 3]], "f4")),
        (lambda x: lnp.array(x, ndmin=3), lambda x: np.array(x, ndmin=3)),
        (lambda x: lnp.array([[[x[0]]]]), lambda x: np.array([[[x[0]]]])),
        (lambda x: lnp.sum([x[0], x[1] * 2]), lambda x: np.sum([x[0], x[1] * 2])),
        (lambda x: lnp.mean([x, x * x], axis=0), lambda x: np.mean([x, x * x], axis=0)),
        (
            lambda x: lnp.max([[x[0], 1.0], [x[1], 0.7]], 1),
            lambda x: np.max([[x[0], 1.0], [x[1], 0.7]], 1),
        ),
        (lambda x: x * [x[0], 1.0, x[1]], lambda x: x * np.array([x[0], 1.0, x[1]])),
        (lambda x: lnp.asarray([x, x]), lambda x: np.asarray([x, x])),
        (lambda x: lnp.asanyarray([x, x]), lambda x: np.asanyarray([x, x])),
        (lambda x: lnp.asarray(x, int), lambda x: np.asarray(x, int)),
        (lambda x: lnp.ascontiguousarray(x[0]), lambda x: np.ascontiguousarray(x[0])),
        (lambda x: lnp.asarray_chkfinite(x), lambda x: np.asarray_chkfinite(x)),
        (lambda x: lnp.full((2, 3), x), lambda x: np.full((2, 3), x)),
        (lambda x: lnp.full(2, x[0], "f4"), lambda x: np.full(2, x[0], "f4")),
        (lambda x: lnp.full_like(np.ones(2), x[0]), lambda x: np.full_like(np.ones(2), x[0])),
        (lambda x: lnp.arange(x[0], 4, x[1]), lambda x: np.arange(x[0], 4, x[1])),
        (lambda x: lnp.arange(x[2]), lambda x: np.arange(x[2])),
        (
            lambda x: lnp.pad(np.ones(2), 1, constant_values=x[0]),
            lambda x: np.pad([1, 1.0], 1, constant_values=x[0]),
        ),
        (
            lambda x: lnp.take(np.arange(9.0), x.astype(int)),
            lambda x: np.arange(9.0)[x.astype(int)],
        ),
        (
            lambda x: lnp.select([np.arange(3) > 1], [x], x[0]),
            lambda x: np.select([np.arange(3) > 1], [x], x[0]),
        ),
        (lambda x: lnp.identity(3) @ x, lambda x: x),
        (lambda x: lnp.eye(3, k=1, dtype="f4") * x, lambda x: np.eye(3, k=1, dtype="f4") * x),
    ],
)
def test_values_and_derivatives(f, by_hand):
    expected = by_hand(X)
    for got in (f(X), lineara.trace(f, X)(X)):
        np.testing.assert_allclose(got, expected, rtol=1e-15)
        assert got.dtype == expected.dtype
    if expected.dtype == np.float64 and expected.shape != (9,):
        check_derivatives(f, X)


@pytest.mark.parametrize(
    "make", [lnp.zeros, lnp.ones, lnp.empty, lambda n: lnp.full(n, 2.0), lnp.eye]
)
def test_new_arrays_take_traced_values(make):
    def f(x):
        y = make(3)
        y[...] = 0.0
        y[0] = x * x
        return y.sum()

    plain = make(3)
    plain[0] = 1.0
    assert isinstance(plain, np.ndarray)
    weight = 3.0 if plain.ndim == 2 else 1.0
    assert lineara.grad(f)(3.0) == 6.0 * weight
    np.testing.assert_array_equal(lineara.jvp(f, (3.0,), (1.0,))[1], 6.0 * weight)


def test_new_arrays_of_integers_are_no_traced_ones():
    def f(x):
        i = lnp.zeros(2, dtype=int)
        i[1] = 2
        assert isinstance(i, np.ndarray)
        assert isinstance(lnp.arange(3), np.ndarray)
        return np.sum(x[i])

    np.testing.assert_array_equal(lineara.grad(f)(X), [1, 0, 1])


def test_a_copy_is_one():
    def f(x):
        y = x * 1.0
        same, copy = lnp.asarray(y), lnp.array(y)
        assert same is y
        y[0] = 7.0
        return same.sum() - copy.sum()

    assert lineara.trace(f, X)(X) == 6.5
    with pytest.raises(ValueError, match="Unable to avoid copy"):
        lineara.trace(lambda x: lnp.asarray(x, "f4", copy=False), X)


def test_what_traced_arrays_say_of_their_dtype():
    def f(x):
        assert lnp.finfo(x).eps == np.finfo(np.float32).eps
        assert lnp.iinfo(x.astype(int)).max == np.iinfo(int).max
        assert lnp.finfo(np.float64).bits == 64
        return x

    lineara.trace(f, X.astype("f4"))


@pytest.mark.parametrize(
    ("f", "kind", "message"),
    [
        (lambda x: lnp.array([x, x[:2]]), ShapeError, "np.stack of shapes"),
        (lambda x: lnp.arange(x[0], 3.0), TraceError, "the length of arange needs the value"),
        (lambda x: np.copyto(np.zeros(3), x), TraceError, "cannot be written to an ndarray"),
        (
            lambda x: np.fill_diagonal(np.eye(3), x),
            lineara.LinearaError,
            "cannot become an ndarray",
        ),
    ],
)
def test_errors(f, kind, message):
    with pytest.raises(kind, match=message) as error:
        lineara.trace(f, lineara.ArrayType("f64", (3,)))
    assert "test_beyond.py" in str(error.value)


def test_ordinary_arrays_have_the_errors_of_numpy():
    with pytest.raises(ValueError, match="inhomogeneous"):
        lnp.array([[1.0], [1.0, 2.0]])
    with pytest.raises(TypeError):
        lnp.zeros("a")
    with pytest.raises(IndexError):
        lnp.take(X, 5)


def test_sums_of_exponentials():
    x = np.array([[1000.0, -np.inf, 0.0], [-np.inf, -np.inf, 2.0]])
    np.testing.assert_allclose(lnp.logsumexp(x, axis=1), [1000.0, 2.0])
    np.testing.assert_allclose(lnp.softmax(x, axis=1).sum(axis=1), 1.0)
    check_derivatives(lambda v: lnp.logsumexp(v, axis=0, keepdims=True), X, order=3)
    check_derivatives(lambda v: lnp.softmax(v) + lnp.log_softmax(v), X)


@pytest.mark.parametrize(
    "flags", [{}, {"lower": True}, {"transposed": True, "unit_diagonal": True}]
)
@pytest.mark.parametrize("b_shape", [(2, 3), (2, 3, 2)])
def test_triangular_systems(flags, b_shape):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3, 3)) + 3 * np.eye(3), rng.normal(size=b_shape)
    plain = lnp.linalg.solve_triangular(a, b, **flags)
    triangle = np.tril(a) if "lower" in flags else np.triu(a)
    if flags.get("unit_diagonal"):
        triangle = triangle * (1 - np.eye(3)) + np.eye(3)
    triangle = triangle.mT if "transposed" in flags else triangle
    columns = b[..., None] if b.ndim == 2 else b
    np.testing.assert_allclose(triangle @ plain.reshape(columns.shape), columns, atol=1e-12)
    traced = lineara.trace(lambda a, b: lnp.linalg.solve_triangular(a, b, **flags), a, b)(a, b)
    np.testing.assert_allclose(traced, plain, rtol=1e-12)


def test_the_matrix_exponential():
    a = np.random.default_rng(1).normal(size=(2, 3, 3))
    plain = lnp.linalg.expm(a)
    np.testing.assert_allclose(lineara.trace(lnp.linalg.expm, a)(a), plain, rtol=1e-11, atol=1e-11)
    check_derivatives(lnp.linalg.expm, a)
