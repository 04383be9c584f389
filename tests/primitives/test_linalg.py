"""Linear algebra: values as NumPy's, derivatives as JAX's, in both modes and to second order."""

import numpy as np
import pytest
import scipy.linalg

import lineara
from lineara.cost import work
from lineara.errors import TraceError, TransformError
from lineara.frontend.decompositions import expm, solve_triangular
from lineara.transforms import transpose

jax = pytest.importorskip("jax")
jnp = jax.numpy
RNG = np.random.default_rng(3)


@pytest.fixture(scope="module", autouse=True)
def _double_precision():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def real(*shape):
    return RNG.normal(size=shape)


def mixed(*shape):
    return real(*shape) + 1j * real(*shape)


def positive(a):
    """A positive definite matrix made of any."""
    return a @ a.conj().swapaxes(-1, -2) + a.shape[-1] * np.eye(a.shape[-1])


def hermitian(a):
    return (a + a.conj().swapaxes(-1, -2)) / 2


def reading(xp, *parts):
    """A real number that depends on every element."""
    total = 0.0
    for k, x in enumerate(parts):
        weights = np.cos(np.arange(np.size(x)) + k).reshape(np.shape(x))
        total = total + xp.sum(xp.real(x * weights)) + 0.5 * xp.sum(xp.imag(x * weights))
    return total


def projectors(xp, v, values):
    """What vectors stand for, whatever their phases: v f(w) vᴴ."""
    return (v * xp.sin(values)[..., None, :]) @ xp.conj(xp.swapaxes(v, -1, -2))


def of_svd(xp, a):
    u, s, vh = xp.linalg.svd(a, full_matrices=False)
    return reading(xp, s, (u * xp.exp(s)[..., None, :]) @ vh)


def of_eigh(xp, a):
    w, v = xp.linalg.eigh(hermitian(a))
    return reading(xp, w, projectors(xp, v, w))


def of_qr(xp, a):
    q, r = xp.linalg.qr(a)
    return reading(xp, q, r)


def of_slogdet(xp, a):
    sign, logarithm = xp.linalg.slogdet(a)
    return reading(xp, sign, logarithm)


def of_power(xp, a):
    return reading(xp, xp.linalg.matrix_power(a, -2))


CASES = {
    "cholesky": (lambda xp, a: reading(xp, xp.linalg.cholesky(positive(a))), real),
    "cholesky-complex": (lambda xp, a: reading(xp, xp.linalg.cholesky(positive(a))), mixed),
    "inv": (lambda xp, a: reading(xp, xp.linalg.inv(a)), mixed),
    "det": (lambda xp, a: reading(xp, xp.linalg.det(a)), mixed),
    "slogdet": (of_slogdet, real),
    "slogdet-complex": (of_slogdet, mixed),
    "qr": (of_qr, real),
    "qr-complex": (of_qr, mixed),
    "svd": (of_svd, real),
    "svd-complex": (of_svd, mixed),
    "eigh": (of_eigh, real),
    "eigh-complex": (of_eigh, mixed),
    "pinv": (lambda xp, a: reading(xp, xp.linalg.pinv(a)), mixed),
    "power": (of_power, real),
    "nuclear": (lambda xp, a: xp.sum(xp.linalg.matrix_norm(a, ord="nuc")), real),
    "cond": (lambda xp, a: xp.sum(xp.linalg.cond(a)), real),
}
SQUARE = [(3, 3), (1, 1), (2, 2, 2)]


def cases():
    for name, (f, make) in CASES.items():
        tall = name.startswith(("svd", "qr", "pinv", "nuclear"))
        wide = name.startswith(("svd", "pinv", "nuclear"))
        shapes = SQUARE + [(4, 2)] * tall + [(2, 2, 3)] * wide
        for shape in shapes:
            yield pytest.param(f, make, shape, id=f"{name}-{'x'.join(map(str, shape))}")


def second(grad, xp, f):
    """The gradient of a reading of the gradient."""
    return grad(lambda x: reading(xp, grad(f)(x)))


@pytest.mark.parametrize(("f", "make", "shape"), list(cases()))
def test_derivatives_are_those_of_jax(f, make, shape):
    a = make(*shape)
    ours, theirs = (lambda x: f(np, x)), (lambda x: f(jnp, x))
    np.testing.assert_allclose(lineara.trace(ours, a)(a), theirs(a), rtol=1e-9)
    got, wanted = lineara.grad(ours)(a), jax.jit(jax.grad(theirs))(a)
    np.testing.assert_allclose(got, wanted, rtol=1e-7, atol=1e-7)
    if make is real and shape in ((3, 3), (4, 2)):
        got, wanted = second(lineara.grad, np, ours)(a), jax.jit(second(jax.grad, jnp, theirs))(a)
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("make", [real, mixed])
@pytest.mark.parametrize(
    ("of_a", "of_b"), [((3, 3), (3,)), ((2, 3, 3), (3, 2)), ((1, 1), (2, 1, 4))]
)
def test_solve_has_the_derivatives_of_jax_in_both_operands(make, of_a, of_b):
    a, b = make(*of_a), make(*of_b)

    def f(xp):
        return lambda x, y: reading(xp, xp.linalg.solve(x, y))

    got = lineara.grad(f(np), (0, 1))(a, b)
    for ours, theirs in zip(got, jax.grad(f(jnp), (0, 1))(a, b), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10)


def test_solve_is_linear_in_its_right_hand_side_and_transposes_to_a_solve():
    a, b = mixed(3, 3), mixed(3, 2)
    back = lineara.linear_transpose(lambda y: np.linalg.solve(a, y), b)
    w = mixed(3, 2)
    np.testing.assert_allclose(back(w), np.linalg.solve(a.T, w))


def test_a_map_and_its_transpose_cost_the_same():
    a, b = real(3, 3), real(3, 2)
    f = lineara.linearize(lambda y: np.linalg.solve(a, y), b)[1].function
    assert work(transpose(f)) == work(f)


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("transposed", [True, False])
@pytest.mark.parametrize("unit_diagonal", [True, False])
def test_triangular_solves_are_those_of_scipy(differentiates_, lower, transposed, unit_diagonal):
    a, b = real(3, 3) + 3 * np.eye(3), real(3, 2)
    flags = {"lower": lower, "unit_diagonal": unit_diagonal}

    def f(x, y):
        return solve_triangular(x, y, transposed=transposed, **flags)

    wanted = scipy.linalg.solve_triangular(a, b, trans=int(transposed), **flags)
    np.testing.assert_allclose(lineara.trace(f, a, b)(a, b), wanted)
    differentiates_(f, a, b)


@pytest.fixture
def differentiates_():
    """Forward mode equals reverse mode and central differences."""

    def compare(f, *args, rtol=1e-6):
        def g(*x):
            return reading(np, f(*x))

        directions = tuple(RNG.normal(size=np.shape(x)) for x in args)
        value, forward = lineara.jvp(g, args, directions)
        slopes = lineara.grad(g, tuple(range(len(args))))(*args)
        reverse = sum(np.sum(s * d) for s, d in zip(slopes, directions, strict=True))
        program, h = lineara.trace(g, *args), 1e-6
        ahead, behind = (
            program(*(x + s * d for x, d in zip(args, directions, strict=True))) for s in (h, -h)
        )
        assert forward == pytest.approx(reverse, rel=1e-9)
        assert forward == pytest.approx((ahead - behind) / (2 * h), rel=rtol, abs=rtol)
        return value

    return compare


def test_wide_matrices_have_derivatives_of_qr(differentiates_):
    a = real(2, 4)
    differentiates_(lambda x: np.linalg.qr(x).Q, a)
    differentiates_(lambda x: np.linalg.qr(x, mode="complete").R, a)


def test_eigenvalues_of_general_matrices_have_derivatives(differentiates_):
    a = real(4, 4)

    def weighted(values):
        return np.sum(values**3 * np.exp(values))

    got = lineara.grad(lambda x: np.real(weighted(np.linalg.eigvals(x))))(a)
    exact = 3 * a @ a @ scipy.linalg.expm(a) + a @ a @ a @ scipy.linalg.expm(a)
    np.testing.assert_allclose(got, exact.T, rtol=1e-8)
    differentiates_(lambda x: np.linalg.eig(x).eigenvectors, a)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (3, 3)])
def test_least_squares_have_derivatives(differentiates_, shape):
    a, b = real(*shape), real(shape[0], 2)
    differentiates_(lambda x, y: np.linalg.lstsq(x, y)[0], a, b)
    differentiates_(lambda x, y: np.linalg.lstsq(x, y)[1], a, b)
    for got, wanted in zip(
        lineara.trace(lambda x, y: np.linalg.lstsq(x, y), a, b)(a, b),
        np.linalg.lstsq(a, b),
        strict=True,
    ):
        np.testing.assert_allclose(got, wanted, atol=1e-12)


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_the_exponential_has_the_derivatives_of_jax(scale):
    a = scale * real(3, 3) / 3
    np.testing.assert_allclose(lineara.trace(expm, a)(a), scipy.linalg.expm(a), rtol=1e-11)
    got = lineara.grad(lambda x: reading(np, expm(x)))(a)
    wanted = jax.grad(lambda x: reading(jnp, jax.scipy.linalg.expm(x)))(a)
    np.testing.assert_allclose(got, wanted, rtol=1e-8)


def test_equal_eigenvalues_do_no_harm_to_what_does_not_depend_on_their_vectors():
    a = np.diag([1.0, 1.0, 2.0])

    def exponential(x):
        w, v = np.linalg.eigh((x + x.T) / 2)
        return np.sum(((v * np.exp(w)) @ v.T) ** 2)

    got = lineara.grad(exponential)(a)
    np.testing.assert_allclose(got, 2 * scipy.linalg.expm(2 * a), atol=1e-12)
    assert np.isfinite(lineara.grad(lambda x: np.linalg.norm(x, "nuc"))(np.eye(3))).all()


def test_the_gradient_of_a_determinant_exists_where_it_is_zero():
    a = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]])
    minors = [
        [np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) * (-1) ** (i + j) for j in range(3)]
        for i in range(3)
    ]
    np.testing.assert_allclose(lineara.grad(np.linalg.det)(a), minors, atol=1e-12)


def test_the_lower_triangle_is_what_is_read():
    a = positive(real(3, 3))
    for f in (np.linalg.cholesky, np.linalg.eigvalsh):
        slope = lineara.grad(lambda x, f=f: np.sum(f(x) ** 3))(a)
        assert np.all(np.triu(slope, 1) == 0)
    slope = lineara.grad(lambda x: np.sum(np.linalg.cholesky(x, upper=True)))(a)
    assert np.all(np.tril(slope, -1) == 0)


@pytest.mark.parametrize(
    "f",
    [
        np.linalg.inv,
        np.linalg.det,
        np.linalg.slogdet,
        np.linalg.eigh,
        np.linalg.eigvalsh,
        np.linalg.cholesky,
        np.linalg.qr,
        np.linalg.pinv,
        lambda a: np.linalg.svd(a, full_matrices=False),
    ],
)
@pytest.mark.parametrize("shape", [(0, 0), (0, 2, 2), (2, 0, 0)])
def test_empty_matrices_are_as_in_numpy(f, shape):
    a = np.zeros(shape)
    got, wanted = lineara.trace(f, a)(a), f(a)
    assert isinstance(got, np.ndarray) or type(got) is type(wanted)
    for x, y in zip(*(r if isinstance(r, tuple) else (r,) for r in (got, wanted)), strict=True):
        assert x.shape == y.shape
        assert x.dtype == y.dtype
    slope = lineara.grad(lambda x: reading(np, *(r if isinstance(r := f(x), tuple) else (r,))))(a)
    assert slope.shape == shape


def test_what_is_singular_or_indefinite_is_numpys_error():
    for f in (np.linalg.inv, np.linalg.cholesky):
        with pytest.raises(np.linalg.LinAlgError):
            lineara.grad(lambda x, f=f: np.sum(f(x)))(-np.zeros((2, 2)))


def test_what_has_no_derivative_says_so():
    a = real(3, 2)
    with pytest.raises(TransformError, match="svd_with_full_matrices` has no derivative") as error:
        lineara.grad(lambda x: np.sum(np.linalg.svd(x)[0]))(a)
    assert "test_linalg.py" in str(error.value)
    with pytest.raises(TransformError, match="`complete_qr` has no derivative"):
        lineara.grad(lambda x: np.sum(np.linalg.qr(x, "complete")[0]))(a)
    with pytest.raises(TraceError, match="use mode='reduced'"):
        lineara.trace(lambda x: np.linalg.qr(x, "raw"), a)


def test_what_is_determined_of_full_matrices_has_a_derivative():
    a = real(4, 2)
    for whole, part in (
        (lambda x: np.linalg.svd(x)[1], lambda x: np.linalg.svd(x, compute_uv=False)),
        (lambda x: np.linalg.svd(x)[2] ** 2, lambda x: np.linalg.svd(x, False)[2] ** 2),
        (lambda x: np.linalg.qr(x, "complete")[1][:2], lambda x: np.linalg.qr(x, "r")),
    ):
        np.testing.assert_allclose(
            lineara.grad(lambda x, f=whole: np.sum(np.sin(f(x))))(a),
            lineara.grad(lambda x, f=part: np.sum(np.sin(f(x))))(a),
            rtol=1e-12,
        )


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (2, 4, 2), (0, 2), (3, 0)])
@pytest.mark.parametrize("unit", [1.0, 1j])
def test_full_matrices_are_orthonormal(shape, unit):
    a = real(*shape) + unit * real(*shape)
    u, s, vh = lineara.trace(lambda x: tuple(np.linalg.svd(x)), a)(a)
    q, r = lineara.trace(lambda x: tuple(np.linalg.qr(x, "complete")), a)(a)
    k = s.shape[-1]
    np.testing.assert_allclose((u[..., :k] * s[..., None, :]) @ vh[..., :k, :], a, atol=1e-12)
    np.testing.assert_allclose(q @ r, a, atol=1e-12)
    assert [x.shape for x in (u, vh)] == [np.linalg.svd(a)[i].shape for i in (0, 2)]
    assert [x.shape for x in (q, r)] == [x.shape for x in np.linalg.qr(a, "complete")]
    for x in (u, vh, q):
        np.testing.assert_allclose(
            x @ np.conj(x.mT), np.broadcast_to(np.eye(x.shape[-1]), x.shape), atol=1e-12
        )


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
def test_least_squares_of_matrices_of_lower_rank(shape, differentiates_):
    a = real(*shape)
    a[:, -1] = a[:, 0]
    a[-1] = a[0]
    b = real(shape[0], 2)
    given = lineara.trace(np.linalg.lstsq, a, b)(a, b)
    for x, y in zip(given, np.linalg.lstsq(a, b), strict=True):
        assert x.shape == y.shape
        np.testing.assert_allclose(x, y, atol=1e-12)
    differentiates_(lambda y: np.linalg.lstsq(a, y)[0], b)


def test_a_gaussian_process_has_the_gradient_of_jax():
    x, y = np.linspace(0, 3, 12), np.sin(np.linspace(0, 3, 12))

    def likelihood(xp):
        def f(parameters):
            length, noise = xp.exp(parameters[0]), xp.exp(parameters[1])
            k = xp.exp(-(((x[:, None] - x) / length) ** 2)) + noise * np.eye(12)
            lower = xp.linalg.cholesky(k)
            z = xp.linalg.solve(lower, y)
            return z @ z / 2 + xp.sum(xp.log(xp.diagonal(lower)))

        return f

    at = np.array([0.1, -2.0])
    got, wanted = lineara.grad(likelihood(np))(at), jax.grad(likelihood(jnp))(at)
    np.testing.assert_allclose(got, wanted, rtol=1e-8)
    got, wanted = lineara.hessian(likelihood(np))(at), jax.hessian(likelihood(jnp))(at)
    np.testing.assert_allclose(got, wanted, rtol=1e-7)
