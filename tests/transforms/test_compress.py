"""Jacobians whose basis vectors share rows are those of the basis vectors one by one."""

from __future__ import annotations

import numpy as np
import pytest

import lineara
from lineara.api.linear_map import LinearMap
from lineara.syntax import parse_function
from lineara.transforms import compress, recolor
from lineara.transforms.coloring import colored, least_colors
from lineara.transforms.sparsity import DependenceError

X = np.random.default_rng(0).normal(size=6)
W = np.random.default_rng(1).normal(size=(6, 6))
PLACES = np.array([[0, 3], [2, 1], [5, -1]])


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def stepped(x):
    def step(c, v):
        c = np.tanh(c * v + x[0])
        return c, c * v

    last, each = lineara.scan(step, x[1], x)
    return np.concatenate([each, [last]])


def chosen(x):
    return lineara.cond(x[0] > 0, lambda x: np.sin(x) * x[::-1], lambda x: x**2, x)


FUNCTIONS = {
    "dense": lambda x: np.tanh(W @ x) * np.sin(x) + x**2,
    "diagonal": lambda x: np.sin(x) * x,
    "a band of two": lambda x: x[1:] * x[:-1],
    "a band of three": lambda x: x[2:] * x[1:-1] + np.exp(x[:-2]),
    "an arrow": lambda x: x * x[0] + np.sum(x**2) * np.eye(6)[0],
    "known indices": lambda x: x[PLACES] ** 2 * x[0],
    "computed indices": lambda x: x[np.argsort(x)] * x[:1],
    "sorted": lambda x: np.sort(x) * x,
    "an outer product": lambda x: np.outer(x, x[::-1]),
    "a product of matrices": lambda x: x.reshape(2, 3) @ x.reshape(3, 2),
    "blocks": lambda x: np.einsum(
        "bij,bj->bi", np.sin(x.reshape(3, 1, 2)) * W[:3, :4].reshape(3, 2, 2), x.reshape(3, 2)
    ),
    "few terms of a product": lambda x: np.einsum("bi,bv->iv", np.sin(x).reshape(3, 2), W[:3]),
    "few terms, two at a time": lambda x: np.einsum(
        "bij,jv,bv->iv", np.sin(x)[:, None, None] * np.ones((6, 3, 4)), W[:4], W
    ),
    "rows summed up": lambda x: np.sum(np.sin(x.reshape(2, 3)) * x.reshape(2, 3)[::-1], axis=1),
    "the largest of a row": lambda x: np.max(x.reshape(2, 3) ** 2, axis=1),
    "padded": lambda x: np.pad(x[2:4], 1) ** 2 * 3,
    "cumulative": lambda x: np.cumsum(x * x),
    "a linear system": lambda x: np.linalg.solve(W + np.diag(x), x),
    "a transform": lambda x: np.real(np.fft.fft(x)),
    "a scan": stepped,
    "a branch": chosen,
    "a batch": lambda x: lineara.vmap(lambda a: np.sum(a) * a)(x.reshape(3, 2)),
    "a tree with a constant": lambda x: {"a": x[0] * x[1], "b": (np.ones(3), np.sum(x[:2]))},
    "nothing": lambda x: x[:0],
    "a scalar": rosenbrock,
}
TRANSFORMATIONS = {
    "jacfwd": lineara.jacfwd,
    "jacrev": lineara.jacrev,
    "hessian": lambda f: lineara.jacfwd(lineara.jacrev(f)),
    "jacobian of a batch": lambda f: lambda x: lineara.vmap(lineara.jacfwd(f))(np.stack([x, -x])),
}


def arrays(tree):
    if isinstance(tree, dict):
        tree = list(tree.values())
    return [a for t in tree for a in arrays(t)] if isinstance(tree, tuple | list) else [tree]


def one_by_one(monkeypatch):
    monkeypatch.setattr(
        LinearMap, "of_basis", lambda self, leaf, *, last=False: self._of_each(leaf, last)
    )


@pytest.fixture(params=[0, 300, 10**6])
def eager(request, monkeypatch):
    """Rows are shared wherever they can be, and moved at this price; in NumPy."""
    lineara.set_backend("reference")
    monkeypatch.setattr(compress, "WORTH", -(10**12))
    monkeypatch.setattr(recolor, "MOVE", request.param)
    compress.on_basis.cache_clear()
    yield
    lineara.set_backend("native")
    compress.on_basis.cache_clear()


def same(found, wanted):
    for x, y in zip(arrays(found), arrays(wanted), strict=True):
        assert x.shape == y.shape
        assert x.dtype == y.dtype
        np.testing.assert_allclose(x, y, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_shared_rows_give_what_rows_of_their_own_give(eager, monkeypatch, function, transformation):
    derivative = TRANSFORMATIONS[transformation](FUNCTIONS[function])
    found = derivative(X)
    one_by_one(monkeypatch)
    same(found, derivative(X))


@pytest.mark.parametrize("n", [40, 101])
def test_machine_code_of_shared_rows_gives_what_rows_of_their_own_give(monkeypatch, n):
    x = np.random.default_rng(n).normal(size=n)
    for f in (rosenbrock, lambda x: np.sum(np.sin(x[2:] * x[:-2]) * x[1])):
        found = lineara.jit(lineara.hessian(f))(x)
        with monkeypatch.context() as patch:
            one_by_one(patch)
            same(found, lineara.jit(lineara.hessian(f))(x))


def test_a_jacobian_by_several_arguments_in_containers(eager, monkeypatch):
    def f(p, y):
        return {"u": p["a"] * y[1:4], "v": (np.sum(p["b"] * y), y[:2])}

    p = {"a": X[:3], "b": X[:1].reshape(1, 1)}
    found = lineara.jacfwd(f, argnums=(0, 1))(p, X)
    assert found["u"][0]["a"].shape == (3, 3)
    one_by_one(monkeypatch)
    wanted = lineara.jacfwd(f, argnums=(0, 1))(p, X)
    for key in ("u", "v"):
        same(arrays(found[key]), arrays(wanted[key]))


def test_a_holomorphic_jacobian_with_an_auxiliary_result(eager, monkeypatch):
    def f(z):
        return np.exp(z[1:]) * z[:-1], np.abs(z)

    z = X + 1j * X[::-1]
    found, aux = lineara.jacfwd(f, has_aux=True, holomorphic=True)(z)
    one_by_one(monkeypatch)
    wanted, _ = lineara.jacfwd(f, has_aux=True, holomorphic=True)(z)
    same(found, wanted)
    np.testing.assert_array_equal(aux, np.abs(z))


def test_what_does_not_depend_on_an_infinity_is_zero(eager):
    x = np.array([np.inf, 1.0, 2.0, 3.0])
    found = lineara.jacfwd(lambda x: np.exp(x) * 2)(x)
    np.testing.assert_array_equal(found[~np.eye(4, dtype=bool)], np.zeros(12))


def shared(f, n):
    """The rows in which the derivative of f is computed, the largest number of them."""
    x = np.linspace(0.1, 1.0, n)
    _, derivative = lineara.linearize(f, x)
    made = compress.on_basis(derivative.function, 0, compress.NO_INDICES, True)
    rows = [c.shape[0] for c in made.constants if c.dtype.kind == "f"]
    return max(rows, default=1)


def test_a_derivative_with_three_diagonals_is_computed_in_three_rows():
    assert shared(lambda x: np.sin(x[2:] * x[1:-1]) * x[:-2], 100) == 3


def test_a_small_derivative_is_computed_in_rows_of_its_own():
    with pytest.raises(DependenceError):
        shared(lambda x: np.sin(x) * x, 4)


def test_calls_that_double_at_each_level_are_not_followed():
    lines = ["def f0(; x: f64[3]) -> (; f64[3]) = (; -x)"]
    lines += [
        f"def f{k + 1}(; x: f64[3]) -> (; f64[3]) =\n  let (; y) = f{k}(; x)\n  let (; z) = f{k}(; y)\n  (; z)"
        for k in range(40)
    ]
    function = parse_function("\n\n".join(lines), "f40")
    with pytest.raises(DependenceError):
        compress.on_basis(function, 0, compress.NO_INDICES, True)


def test_colors_are_as_few_as_the_elements_allow():
    band = np.eye(30, dtype=bool) | np.eye(30, k=1, dtype=bool) | np.eye(30, k=-1, dtype=bool)
    made = colored(band)
    assert made.count == least_colors(band) == 3
    assert made.fits(band)
    assert not made.fits(np.ones((30, 30), bool))
    assert colored(np.zeros((4, 2), bool)).count == 0
