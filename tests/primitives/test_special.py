"""Special functions with parameters: derivatives as mpmath's, and formulas that are stable at the edge."""

import mpmath
import numpy as np
import pytest
import scipy.special

import lineara
from lineara.errors import TraceError
from lineara.frontend import special

mpmath.mp.dps = 40


def slope(f, *at, wrt):
    """The derivative in one argument, by mpmath."""
    orders = [0] * len(at)
    orders[wrt] = 1
    return float(mpmath.diff(f, at, tuple(orders)))


FAMILIES = {
    "gammainc": (
        scipy.special.gammainc,
        lambda a, x: mpmath.gammainc(a, 0, x, regularized=True),
        [(0.5, 0.1), (2.5, 2.0), (10.0, 30.0), (50.0, 40.0), (3.0, 12.0)],
    ),
    "gammaincc": (
        scipy.special.gammaincc,
        lambda a, x: mpmath.gammainc(a, x, regularized=True),
        [(0.5, 0.1), (2.5, 2.0), (20.0, 21.0)],
    ),
    "betainc": (
        scipy.special.betainc,
        lambda a, b, x: mpmath.betainc(a, b, 0, x, regularized=True),
        [(0.5, 0.5, 0.3), (2.0, 3.0, 0.7), (20.0, 4.0, 0.8), (1.0, 1.0, 0.5), (0.3, 8.0, 0.05)],
    ),
    "zeta": (scipy.special.zeta, mpmath.zeta, [(1.5, 0.3), (3.0, 2.0), (8.0, 11.0), (1.1, 1.0)]),
}


def cases():
    return [
        pytest.param(f, exact, at, wrt, id=f"{name}-{at}-{wrt}")
        for name, (f, exact, points) in FAMILIES.items()
        for at in points
        for wrt in range(len(at))
    ]


@pytest.mark.parametrize(("f", "exact", "at", "wrt"), cases())
def test_derivatives_in_parameters_agree_with_mpmath(f, exact, at, wrt):
    wanted = slope(exact, *at, wrt=wrt)
    assert lineara.grad(f, wrt)(*at) == pytest.approx(wanted, rel=1e-9, abs=1e-14)


def test_second_derivatives_in_parameters_agree_with_mpmath():
    hessian = lineara.hessian(lambda p: scipy.special.betainc(p[0], p[1], p[2]))
    at = (2.0, 3.0, 0.4)
    exact = FAMILIES["betainc"][1]
    for i in range(3):
        for j in range(3):
            orders = tuple((i == k) + (j == k) for k in range(3))
            wanted = float(mpmath.diff(exact, at, orders))
            assert hessian(np.array(at))[i, j] == pytest.approx(wanted, rel=1e-8)


UNARY = {
    scipy.special.erfinv: (mpmath.erfinv, [-0.9, 0.0, 0.3]),
    scipy.special.ndtri: (
        lambda p: mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1),
        [1e-10, 0.2, 0.999],
    ),
    scipy.special.log_ndtr: (lambda x: mpmath.log(mpmath.ncdf(x)), [-30.0, -1.0, 0.0, 3.0]),
    scipy.special.erfcx: (lambda x: mpmath.exp(x * x) * mpmath.erfc(x), [-1.0, 0.0, 5.0]),
    scipy.special.i0: (lambda x: mpmath.besseli(0, x), [-2.0, 0.0, 7.0]),
    scipy.special.i1: (lambda x: mpmath.besseli(1, x), [-2.0, 0.0, 7.0]),
    scipy.special.i0e: (lambda x: mpmath.exp(-abs(x)) * mpmath.besseli(0, x), [-2.0, 30.0]),
    scipy.special.i1e: (lambda x: mpmath.exp(-abs(x)) * mpmath.besseli(1, x), [-2.0, 30.0]),
    scipy.special.j0: (lambda x: mpmath.besselj(0, x), [0.0, 3.0]),
    scipy.special.j1: (lambda x: mpmath.besselj(1, x), [0.0, 3.0]),
    scipy.special.gamma: (mpmath.gamma, [-1.5, 0.4, 5.0]),
    scipy.special.entr: (lambda x: -x * mpmath.log(x), [0.1, 3.0]),
    scipy.special.logit: (lambda x: mpmath.log(x / (1 - x)), [0.1, 0.9]),
}


@pytest.mark.parametrize(
    ("f", "exact", "x"),
    [pytest.param(f, e, x, id=f"{f.__name__}-{x}") for f, (e, xs) in UNARY.items() for x in xs],
)
def test_functions_of_one_variable_agree_with_mpmath_to_second_order(f, exact, x):
    assert lineara.trace(f, x)(x) == pytest.approx(f(x), rel=2e-15)
    first = lineara.grad(f)
    assert first(x) == pytest.approx(float(mpmath.diff(exact, x)), rel=1e-10)
    wanted = float(mpmath.diff(exact, x, 2))
    assert lineara.grad(first)(x) == pytest.approx(wanted, rel=1e-8, abs=1e-12)


def test_bessel_functions_of_integer_order_are_scipys():
    x = np.linspace(-2, 3, 5)
    for f in (scipy.special.iv, scipy.special.ive, scipy.special.jv):
        np.testing.assert_array_equal(lineara.trace(lambda v, f=f: f(3, v), x)(x), f(3, x))
        with pytest.raises(TraceError, match="integer orders"):
            lineara.trace(lambda v, f=f: f(0.5, v), x)


@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
def test_reductions_of_exponentials_are_scipys(name, axis):
    x = np.array([[0.5, -np.inf, 800.0], [1.0, 2.0, 801.0]])
    wanted = getattr(scipy.special, name)(x, axis=axis)
    ours = getattr(special, name)
    for got in (ours(x, axis=axis), lineara.trace(lambda v: ours(v, axis=axis), x)(x)):
        np.testing.assert_allclose(got, wanted, rtol=1e-14)


def test_impossible_entries_have_zero_gradients_to_second_order():
    x = np.array([-np.inf, 1.0, 2.0, -np.inf])
    probabilities = special.softmax(x)
    np.testing.assert_allclose(lineara.grad(special.logsumexp)(x), probabilities)
    curvature = np.diag(probabilities) - np.outer(probabilities, probabilities)
    np.testing.assert_allclose(lineara.hessian(special.logsumexp)(x), curvature, atol=1e-16)
    everywhere = np.full(3, -np.inf)
    assert special.logsumexp(everywhere) == -np.inf
    assert not np.isnan(lineara.grad(special.logsumexp)(everywhere)).any()


def test_weights_and_signs_of_logsumexp_are_scipys():
    x, b = np.array([1.0, 2.0, 3.0]), np.array([1.0, -4.0, 0.5])
    for given in ({"b": b, "return_sign": True}, {"b": np.abs(b), "keepdims": True}):
        got = lineara.trace(lambda v, given=given: special.logsumexp(v, **given), x)(x)
        wanted = scipy.special.logsumexp(x, **given)
        for one, other in zip(np.atleast_1d(*[got]), np.atleast_1d(*[wanted]), strict=True):
            np.testing.assert_allclose(one, other)


def test_entropies_at_the_edge_have_no_nan():
    x, y = np.array([0.0, 1.0, 0.0]), np.array([1.0, 2.0, 0.0])
    for f in (scipy.special.rel_entr, scipy.special.kl_div):
        np.testing.assert_allclose(lineara.trace(f, x, y)(x, y), f(x, y), rtol=1e-14)
        slopes = lineara.grad(lambda a, b, f=f: np.sum(f(a, b)), (0, 1))(x, y)
        assert np.isfinite(slopes).all()
