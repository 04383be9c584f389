"""First and second derivatives agree with JAX's, to 1e-10 in double precision."""

import numpy as np
import pytest
import scipy.special

import lineara

jax = pytest.importorskip("jax")
M, N, S = (3, 4), (5,), ()


@pytest.fixture(autouse=True)
def double_precision():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


# programs of NumPy or jax.numpy, of scipy.special or its JAX twin, and an array; then a range, and shapes
PROGRAMS = {
    "sin": (lambda np, sp, x: np.sin(x), -3, 3, [M, S]),
    "cos": (lambda np, sp, x: np.cos(x), -3, 3, [M, S]),
    "tan": (lambda np, sp, x: np.tan(x), -1, 1, [M]),
    "arcsin": (lambda np, sp, x: np.arcsin(x), -0.9, 0.9, [M]),
    "arccos": (lambda np, sp, x: np.arccos(x), -0.9, 0.9, [M]),
    "arctan": (lambda np, sp, x: np.arctan(x), -3, 3, [M]),
    "arctan2": (lambda np, sp, x: np.arctan2(x, 1 + x[::-1] ** 2), -3, 3, [M]),
    "sinh": (lambda np, sp, x: np.sinh(x), -2, 2, [M]),
    "cosh": (lambda np, sp, x: np.cosh(x), -2, 2, [M]),
    "tanh": (lambda np, sp, x: np.tanh(x), -2, 2, [M, S]),
    "arcsinh": (lambda np, sp, x: np.arcsinh(x), -2, 2, [M]),
    "arccosh": (lambda np, sp, x: np.arccosh(x), 1.2, 3, [M]),
    "arctanh": (lambda np, sp, x: np.arctanh(x), -0.8, 0.8, [M]),
    "exp": (lambda np, sp, x: np.exp(x), -2, 2, [M, S]),
    "exp2": (lambda np, sp, x: np.exp2(x), -2, 2, [M]),
    "expm1": (lambda np, sp, x: np.expm1(x), -2, 2, [M]),
    "log": (lambda np, sp, x: np.log(x), 0.2, 3, [M, S]),
    "log1p": (lambda np, sp, x: np.log1p(x), -0.5, 3, [M]),
    "log2": (lambda np, sp, x: np.log2(x), 0.2, 3, [M]),
    "log10": (lambda np, sp, x: np.log10(x), 0.2, 3, [M]),
    "sqrt": (lambda np, sp, x: np.sqrt(x), 0.2, 3, [M, S]),
    "cbrt": (lambda np, sp, x: np.cbrt(x), 0.2, 3, [M]),
    "square": (lambda np, sp, x: np.square(x) * x, -2, 2, [M]),
    "reciprocal": (lambda np, sp, x: np.reciprocal(x), 0.5, 2, [M]),
    "power": (lambda np, sp, x: np.power(x, x[::-1]), 0.5, 2, [M]),
    "integer power": (lambda np, sp, x: x**5 - x**-2, 0.5, 2, [M, S]),
    "abs": (lambda np, sp, x: np.abs(x) ** 3, -2, 2, [M]),
    "maximum": (lambda np, sp, x: np.maximum(x, x[::-1]) ** 2, -2, 2, [M]),
    "minimum": (lambda np, sp, x: np.minimum(x, 0.3) ** 2, -2, 2, [M]),
    "ties": (lambda np, sp, x: np.maximum(x, x) ** 2 + np.max(x * 0 + 1) * x, 1, 2, [M]),
    "hypot": (lambda np, sp, x: np.hypot(x, 2.0), -2, 2, [M]),
    "logaddexp": (lambda np, sp, x: np.logaddexp(x, x[::-1]), -3, 3, [M]),
    "remainder": (lambda np, sp, x: np.remainder(x, 0.7) ** 2 * x, 0.1, 3, [M]),
    "sinc": (lambda np, sp, x: np.sinc(x), -2, 2, [M]),
    "erf": (lambda np, sp, x: sp.erf(x), -2, 2, [M]),
    "erfc": (lambda np, sp, x: sp.erfc(x), -2, 2, [M]),
    "gammaln": (lambda np, sp, x: sp.gammaln(x), 0.5, 4, [M]),
    "digamma": (lambda np, sp, x: sp.digamma(x), 0.5, 4, [M]),
    "expit": (lambda np, sp, x: sp.expit(x), -3, 3, [M]),
    "logit": (lambda np, sp, x: sp.logit(x), 0.1, 0.9, [M]),
    "xlogy": (lambda np, sp, x: sp.xlogy(x, x[::-1]), 0.2, 3, [M]),
    "sum": (lambda np, sp, x: np.sum(x**3, axis=-1) ** 2, -2, 2, [M, N]),
    "prod": (lambda np, sp, x: np.prod(x, axis=0), 0.5, 2, [M, N]),
    "mean": (lambda np, sp, x: np.mean(x, axis=-1, keepdims=True) * x**2, -2, 2, [M, N]),
    "var": (lambda np, sp, x: np.var(x, axis=-1, ddof=1) ** 2, -2, 2, [M, N]),
    "std": (lambda np, sp, x: np.std(x, axis=0), -2, 2, [M, N]),
    "max": (lambda np, sp, x: np.max(x, axis=-1) ** 3, -2, 2, [M, N]),
    "min": (lambda np, sp, x: np.min(x, axis=0) ** 3, -2, 2, [M, N]),
    "median": (lambda np, sp, x: np.median(x, axis=-1) ** 3, -2, 2, [M, N]),
    "quantile": (lambda np, sp, x: np.quantile(x, 0.3, axis=-1) ** 3, -2, 2, [M, N]),
    "sort": (lambda np, sp, x: np.sort(x, axis=-1) ** 3 * np.arange(x.shape[-1]), -2, 2, [M, N]),
    "cumsum": (lambda np, sp, x: np.cumsum(x, axis=-1) ** 3, -2, 2, [M, N]),
    "cumprod": (lambda np, sp, x: np.cumprod(x, axis=-1), 0.5, 2, [M, N]),
    "where": (lambda np, sp, x: np.where(x > 0, np.sin(x), x**2), -2, 2, [M, N]),
    "clip": (lambda np, sp, x: np.clip(x, -1, 1) ** 3, -2, 2, [M, N]),
    "matmul": (lambda np, sp, x: x @ x.T @ x, -1, 1, [M]),
    "dot": (lambda np, sp, x: np.dot(x, x) * x, -1, 1, [N]),
    "outer": (lambda np, sp, x: np.outer(x, np.sin(x)), -1, 1, [N, M]),
    "tensordot": (lambda np, sp, x: np.tensordot(x, np.exp(x), ((0,), (0,))), -1, 1, [M]),
    "einsum": (lambda np, sp, x: np.einsum("ij,kj,kl->il", x, x, np.sin(x)), -1, 1, [M]),
    "trace": (lambda np, sp, x: np.trace(x[:, :3] @ x[:, 1:]) ** 2, -1, 1, [M]),
    "diag": (lambda np, sp, x: np.diag(x) ** 3, -1, 1, [M, N]),
    "kron": (lambda np, sp, x: np.kron(x, x**2), -1, 1, [N, M]),
    "cross": (lambda np, sp, x: np.cross(x[:3].T, np.sin(x[:3]).T), -1, 1, [M]),
    "norm": (lambda np, sp, x: np.linalg.norm(x, axis=-1), 0.5, 1, [M, N]),
    "concatenate": (lambda np, sp, x: np.concatenate([x, x**2]) ** 2, -1, 1, [M, N]),
    "stack": (lambda np, sp, x: np.stack([x, np.sin(x)], -1) ** 2, -1, 1, [M, S]),
    "pad": (lambda np, sp, x: np.pad(x, 2, "edge") ** 3, -1, 1, [M, N]),
    "roll": (lambda np, sp, x: np.roll(x, 2) * x**2, -1, 1, [M, N]),
    "flip": (lambda np, sp, x: np.flip(x) * x**2, -1, 1, [M, N]),
    "tile": (lambda np, sp, x: np.tile(x, 2) ** 3, -1, 1, [M, N]),
    "repeat": (lambda np, sp, x: np.repeat(x, 2, axis=0) ** 3, -1, 1, [M, N]),
    "take": (lambda np, sp, x: np.take(x, np.array([2, 0, 2]), axis=0) ** 3, -1, 1, [M, N]),
    "index": (lambda np, sp, x: x[np.array([0, 2, 2])] ** 3 * x[::-1][:3], -1, 1, [M, N]),
    "diff": (lambda np, sp, x: np.diff(x) ** 3, -1, 1, [M, N]),
    "tril": (lambda np, sp, x: np.tril(x) ** 3, -1, 1, [M]),
    "transpose": (lambda np, sp, x: x.T.reshape(-1) * x.ravel() ** 2, -1, 1, [M]),
    "interp": (lambda np, sp, x: np.interp(x, np.arange(4.0), np.arange(4.0) ** 2) ** 2, 0, 3, [M]),
    "linspace": (lambda np, sp, x: np.linspace(x[0], x[-1] ** 2, 4) ** 2, -1, 1, [N]),
    "polyval": (lambda np, sp, x: np.polyval(x, x[0]), -1, 1, [N]),
    "logsumexp": (lambda np, sp, x: np.log(np.sum(np.exp(x - np.max(x)))) + np.max(x), -3, 3, [M]),
    "softmax": (lambda np, sp, x: np.exp(x) / np.sum(np.exp(x), -1, keepdims=True), -3, 3, [M, N]),
    "complex": (lambda np, sp, x: np.exp(1j * x) * (1 + 2j) / (x + 1j), -3, 3, [M, S]),
    "complex parts": (lambda np, sp, x: np.abs((x + 2j) ** 3) + np.angle(x + 1j), -3, 3, [M]),
}
HOLOMORPHIC = {
    "sin": lambda np, x: np.sin(x),
    "exp": lambda np, x: np.exp(x),
    "log": lambda np, x: np.log(x),
    "sqrt": lambda np, x: np.sqrt(x),
    "tanh": lambda np, x: np.tanh(x),
    "power": lambda np, x: x**3 / (1 + x),
    "abs": lambda np, x: np.abs(x) ** 3,
    "conj": lambda np, x: np.conj(x) * x**2,
    "parts": lambda np, x: np.real(x) ** 2 * np.imag(x),
    "matmul": lambda np, x: x @ x.T @ x,
    "prod": lambda np, x: np.prod(x),
    "cumsum": lambda np, x: np.cumsum(x, axis=0) ** 2,
}


def scalar(np, y):
    """Every element of a result, with a weight of its own, in one real number."""
    weights = np.cos(np.arange(y.size)).reshape(y.shape)
    return np.sum(np.real(y) * weights) + np.sum(np.imag(y) * weights) / 2


def first_and_second(np, grad, f):
    """The gradient of a function, and the gradient of a number made of it."""
    gradient = grad(lambda x: scalar(np, f(x)))

    def both(x):
        return gradient(x), grad(lambda x: scalar(np, gradient(x) ** 2))(x)

    return both


def jax_twins():
    return jax.numpy, jax.scipy.special


def compare(f, twin, x, tolerance):
    ours = first_and_second(np, lineara.grad, f)(x)
    theirs = jax.jit(first_and_second(jax.numpy, jax.grad, twin))(x)
    for a, b in zip(ours, theirs, strict=True):
        b = np.asarray(b)
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        assert isinstance(a, np.ndarray)
        scale = max(1, np.max(np.abs(b)))
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale)


def test_sixty_functions_are_compared():
    assert len(PROGRAMS) >= 60


@pytest.mark.parametrize("name", PROGRAMS)
def test_real(name):
    f, low, high, shapes = PROGRAMS[name]
    rng = np.random.default_rng(5)
    for shape in shapes:
        x = rng.uniform(low, high, shape)
        x = x if shape else float(x)
        compare(lambda x: f(np, scipy.special, x), lambda x: f(*jax_twins(), x), x, 1e-10)


SINGLE = ("sin", "exp", "prod", "matmul", "einsum", "softmax", "var", "sort", "where", "index")


@pytest.mark.parametrize("name", SINGLE)
def test_single_precision(name):
    f, low, high, shapes = PROGRAMS[name]
    x = np.random.default_rng(6).uniform(low, high, shapes[0]).astype(np.float32)

    def single(np, sp, x):
        return f(np, sp, x).astype(np.float32)

    compare(lambda x: single(np, scipy.special, x), lambda x: single(*jax_twins(), x), x, 2e-5)


@pytest.mark.parametrize("name", HOLOMORPHIC)
def test_complex(name):
    f = HOLOMORPHIC[name]
    rng = np.random.default_rng(7)
    x = rng.uniform(0.5, 1.5, (2, 3)) + 1j * rng.uniform(0.5, 1.5, (2, 3))
    compare(lambda x: f(np, x), lambda x: f(jax.numpy, x), x, 1e-10)
