"""custom_jvp and custom_vjp: values, both modes, orders, closures, static arguments, errors."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from lineara import (
    checkpoint,
    cond,
    custom_jvp,
    custom_vjp,
    grad,
    hessian,
    jacfwd,
    jit,
    jvp,
    linear_transpose,
    pipeline,
    scan,
    stop_gradient,
    vjp,
    vmap,
)
from lineara.errors import (
    DtypeError,
    LinearaError,
    LinearTypeError,
    ShapeError,
    TraceError,
    TransformError,
)
from lineara.testing import check_derivatives

X = np.array([0.3, -0.8, 1.4])


@custom_jvp
def tanh(x):
    return np.tanh(x)


@tanh.defjvp
def tanh_rule(primals, tangents):
    y = tanh(*primals)
    return y, (1.0 - y * y) * tangents[0]


@custom_jvp
def log1pexp(x):
    return np.log(1.0 + np.exp(x))


@log1pexp.defjvp
def log1pexp_rule(primals, tangents):
    (x,), (x_dot,) = primals, tangents
    return log1pexp(x), (1.0 - 1.0 / (1.0 + np.exp(x))) * x_dot


@custom_vjp
def product(x, y):
    return np.sin(x) * y


product.defvjp(
    lambda x, y: (product(x, y), (np.cos(x) * y, np.sin(x))),
    lambda residuals, bar: (residuals[0] * bar, residuals[1] * bar),
)


def plain_product(x, y):
    return np.sin(x) * y


def test_a_rule_is_used_where_the_derivative_of_the_function_is_not_finite():
    with np.errstate(over="ignore", invalid="ignore"):
        assert grad(log1pexp.fun)(1000.0) != 1.0
        assert grad(log1pexp)(1000.0) == 1.0
        assert grad(grad(log1pexp))(0.3) == pytest.approx(grad(grad(log1pexp.fun))(0.3))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_a_rule_that_uses_its_function_is_used_at_every_order(order):
    mine, numpys = tanh, np.tanh
    for _ in range(order):
        mine, numpys = grad(mine), grad(numpys)
    assert mine(0.4) == pytest.approx(numpys(0.4), rel=1e-12)


@pytest.mark.parametrize(
    ("derivative", "x"),
    [
        (jacfwd, X),
        (hessian, X[0]),
        (lambda f: vmap(grad(f)), X),
        (lambda f: grad(lambda x: np.sum(vmap(f)(x))), X),
        (lambda f: vmap(grad(grad(f))), X),
        (lambda f: jacfwd(grad(lambda x: np.sum(vmap(f)(x) ** 2))), X),
        (lambda f: grad(jit(lambda x: np.sum(f(x)))), X),
        (lambda f: grad(grad(checkpoint(lambda x: f(x)))), X[0]),
        (lambda f: grad(lambda x: np.sum(vmap(lambda v: cond(v > 0, f, np.sin, v))(x))), X),
        (lambda f: grad(lambda x: scan(lambda c, t: (f(c * t), c), x[0], x)[0]), X),
        (lambda f: jacfwd(grad(lambda x: scan(lambda c, t: (f(c * t), c), x[0], x)[0])), X),
    ],
)
def test_a_rule_goes_through_every_transformation(derivative, x):
    np.testing.assert_allclose(derivative(tanh)(x), derivative(np.tanh)(x), rtol=1e-10, atol=1e-14)


def test_reverse_mode_is_derived_from_a_jvp_and_forward_mode_from_a_vjp():
    for f in (tanh, lambda x: product(x, x * x)):
        check_derivatives(f, X, order=3)
    y, pull = vjp(product, X, X + 1.0)
    expected, expected_pull = vjp(plain_product, X, X + 1.0)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_allclose(pull(X), expected_pull(X), rtol=1e-12)
    primals, tangents = (0.3, 2.0), (0.5, -1.0)
    np.testing.assert_allclose(
        jvp(product, primals, tangents), jvp(plain_product, primals, tangents), rtol=1e-12
    )


def test_what_the_rule_says_is_what_comes_out():
    @custom_jvp
    def f(x):
        return x * 2.0

    f.defjvp(lambda primals, tangents: (f(*primals), 7.0 * tangents[0]))
    assert grad(f)(1.0) == jvp(f, (1.0,), (1.0,))[1] == 7.0
    assert grad(lambda x: f(x) * f(x))(1.0) == 28.0

    @custom_vjp
    def g(x):
        return x * 2.0

    g.defvjp(lambda x: (x * 2.0, None), lambda residuals, bar: (5.0 * bar,))
    assert grad(g)(1.0) == jvp(g, (1.0,), (1.0,))[1] == 5.0


def test_containers_integers_and_static_arguments():
    @partial(custom_vjp, nondiff_argnums=(1,))
    def f(x, how, y):
        return {"a": how(x["u"]) * y}, x["n"]

    def forward(x, how, y):
        return f(x, how, y), (np.cos(x["u"]) * y, how(x["u"]))

    def backward(how, residuals, bars):
        bar = bars[0]["a"]
        return {"u": residuals[0] * bar, "n": None}, np.sum(residuals[1] * bar)

    f.defvjp(forward, backward)

    def through(u, y):
        return np.sum(f({"u": u, "n": np.array(3)}, np.sin, y)[0]["a"])

    def plain(u, y):
        return np.sum(np.sin(u) * y)

    for n in (0, 1):
        np.testing.assert_allclose(grad(through, n)(X, 2.0), grad(plain, n)(X, 2.0))
    np.testing.assert_allclose(hessian(through)(X, 2.0), hessian(plain)(X, 2.0), atol=1e-15)
    _, tangent = jvp(lambda u: f({"u": u, "n": np.array(3)}, np.sin, 2.0), (X,), (np.ones_like(X),))
    np.testing.assert_allclose(tangent[0]["a"], 2.0 * np.cos(X))
    assert tangent[1] is None


def test_numbers_of_python_stay_numbers_and_keep_the_dtype():
    @custom_jvp
    def scaled(x, c):
        return x * c

    scaled.defjvp(lambda p, t: (scaled(*p), t[0] * p[1] + p[0] * t[1]))
    x = X.astype(np.float32)
    found = grad(lambda v: np.sum(scaled(v, 2.0)))(x)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.full(3, 2.0, np.float32))


def test_keywords_and_defaults_are_arguments():
    @custom_jvp
    def power(x, n=2.0):
        return x**n

    power.defjvp(lambda p, t: (power(*p), p[1] * p[0] ** (p[1] - 1.0) * t[0]))
    assert grad(power)(3.0) == 6.0
    assert grad(lambda x: power(n=3.0, x=x))(3.0) == 27.0


def test_a_rule_at_other_static_arguments_is_recorded_as_far_as_it_is_needed():
    @partial(custom_jvp, nondiff_argnums=(0,))
    def wave(n, x):
        return np.sin(x + n * np.pi / 2)

    wave.defjvp(lambda n, p, t: (wave(n, *p), wave(n + 1, *p) * t[0]))
    f = partial(wave, 0)
    for n in range(1, 6):
        f = grad(f)
        assert f(0.3) == pytest.approx(np.sin(0.3 + n * np.pi / 2), abs=1e-12)


def test_one_rule_for_each_argument():
    @custom_jvp
    def f(x, y, n):
        return np.sin(x) * y * n

    f.defjvps(
        lambda t, result, x, y, n: np.cos(x) * y * n * t,
        lambda t, result, x, y, n: result / y * t,
        None,
    )
    np.testing.assert_allclose(
        grad(f, (0, 1))(0.3, 2.0, 3), (np.cos(0.3) * 6.0, np.sin(0.3) * 3.0), rtol=1e-14
    )
    assert grad(lambda n: f(0.3, 2.0, n))(3.0) == 0.0


def test_a_rule_may_close_over_arrays_and_what_is_not_differentiated():
    weights = np.array([2.0, 3.0, 4.0])

    @custom_jvp
    def f(x):
        return np.sin(weights * x)

    f.defjvp(lambda p, t: (f(*p), weights * np.cos(weights * p[0]) * t[0] + 0.0 * f(*p) * t[0]))

    def plain(x):
        return np.sin(weights * x)

    for derivative in (jacfwd, lambda g: hessian(lambda x: np.sum(g(x) ** 2))):
        np.testing.assert_allclose(derivative(f)(X), derivative(plain)(X), atol=1e-13)

    def scaled(c, x):
        @custom_jvp
        def g(v):
            return np.sin(v) * c

        g.defjvp(lambda p, t: (g(*p), c * np.cos(p[0]) * t[0]))
        return g(x)

    assert grad(scaled, 1)(2.0, 0.3) == pytest.approx(2.0 * np.cos(0.3))
    assert grad(lambda c: scaled(stop_gradient(c), 0.3))(2.0) == 0.0
    with pytest.raises(
        TransformError, match=r"with respect to `c`, which its rule does not"
    ) as error:
        grad(scaled)(2.0, 0.3)
    assert "return g(x)" in str(error.value)


def scaled(kind, a):
    """x ↦ a·x², with a rule that closes over a."""
    if kind == "jvp":
        f = custom_jvp(lambda x: a * x * x)
        f.defjvp(lambda p, t: (f(*p), 2.0 * a * p[0] * t[0]))
    else:
        f = custom_vjp(lambda x: a * x * x)
        f.defvjp(lambda x: (f(x), x), lambda x, bar: (2.0 * a * x * bar,))
    return f


@pytest.mark.parametrize("kind", ["jvp", "vjp"])
def test_the_derivative_that_a_rule_gives_depends_on_what_it_closes_over(kind):
    assert grad(lambda a: grad(scaled(kind, a))(3.0))(2.0) == 6.0
    assert jvp(lambda a: grad(scaled(kind, a))(3.0), (2.0,), (1.0,))[1] == 6.0
    assert grad(lambda a: a * scaled(kind, stop_gradient(a))(3.0))(2.0) == 18.0
    assert grad(lambda a: grad(grad(scaled(kind, a)))(3.0))(2.0) == 2.0
    np.testing.assert_array_equal(vmap(lambda a: grad(scaled(kind, a))(a))(X), 2.0 * X * X)
    assert jit(lambda a: grad(lambda x: np.sum(vmap(scaled(kind, a))(x)))(X))(2.0)[0] == 4.0 * X[0]
    with pytest.raises(TransformError, match="with respect to `a`, which its rule does not") as e:
        grad(lambda a: scaled(kind, a)(3.0))(2.0)
    assert "test_custom_rules.py" in str(e.value)


def test_a_derivative_with_a_rule_is_transformed_once():
    def f(x):
        return np.sum(log1pexp(tanh(x)))

    grad(f)(X)
    before = len(pipeline.cache.entries)
    grad(f)(X)
    grad(f)(X + 1.0)
    assert len(pipeline.cache.entries) == before


def test_two_rules_of_one_function_are_told_apart():
    def with_factor(c):
        f = custom_jvp(np.sin)
        f.defjvp(lambda p, t: (np.sin(*p), c * t[0]))
        return grad(f)(1.0)

    assert [with_factor(c) for c in (2.0, 3.0, 2.0)] == [2.0, 3.0, 2.0]


def test_a_method_may_have_a_rule():
    class Scale:
        factor = 3.0

        @partial(custom_jvp, nondiff_argnums=(0,))
        def __call__(self, x):
            return self.factor * x

        @__call__.defjvp
        def rule(self, primals, tangents):
            return self(*primals), 5.0 * tangents[0]

    assert grad(Scale())(1.0) == 5.0


def nonlinear_rule(primals, tangents):
    scaled = 2.0 * primals[0] * tangents[0]
    return primals[0], scaled * tangents[0]


def constant_rule(primals, tangents):
    return primals[0], primals[0]


def leaking_rule(primals, tangents):
    return tangents[0], tangents[0]


def branching_rule(primals, tangents):
    return primals[0], tangents[0] if tangents[0] > 0 else -tangents[0]


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (nonlinear_rule, "return primals[0], scaled * tangents[0]"),
        (constant_rule, "def constant_rule"),
        (leaking_rule, "def leaking_rule"),
    ],
)
def test_a_rule_that_is_not_linear_is_refused_at_its_line(rule, line):
    f = custom_jvp(lambda x: x)
    f.defjvp(rule)
    with pytest.raises(LinearTypeError) as error:
        grad(f)(1.0)
    assert line in str(error.value)


def test_a_rule_cannot_look_at_the_value_of_a_tangent():
    f = custom_jvp(lambda x: x)
    f.defjvp(branching_rule)
    with pytest.raises(LinearaError):
        grad(f)(1.0)


def clipped(residuals, bar):
    return (np.clip(bar, -1.0, 1.0),)


def test_a_backward_rule_that_is_not_linear_is_refused_at_its_line():
    f = custom_vjp(lambda x: x)
    f.defvjp(lambda x: (x, None), clipped)
    with pytest.raises(LinearTypeError) as error:
        grad(f)(1.0)
    assert "np.clip(bar, -1.0, 1.0)" in str(error.value)


@pytest.mark.parametrize(
    ("rule", "kind", "words"),
    [
        (lambda p, t: p[0], DtypeError, "must return a pair"),
        (lambda p, t: (p[0], (t[0], t[0])), ShapeError, "another structure"),
        (lambda p, t: (p[0][:2], t[0]), ShapeError, r"a result of type f64\[2\], and f64\[3\]"),
        (lambda p, t: (p[0], t[0][:2]), ShapeError, r"a tangent of type f64\[2\], and f64\[3\]"),
        (
            lambda p, t: (p[0], t[0].astype(np.float32)),
            DtypeError,
            r"a tangent of type f32\[3\], and f64\[3\]",
        ),
    ],
)
def test_a_rule_gives_what_the_function_gives(rule, kind, words):
    f = custom_jvp(lambda x: x)
    f.defjvp(rule)
    with pytest.raises(kind, match=words) as error:
        grad(lambda x: np.sum(f(x)))(X)
    assert "lambda p, t" in str(error.value)


@pytest.mark.parametrize(
    ("backward", "words"),
    [
        (lambda r, bar: bar, "must return a tuple of 1"),
        (lambda r, bar: (bar, bar), "must return a tuple of 1"),
        (lambda r, bar: ([bar],), "another structure"),
        (lambda r, bar: (bar[:2],), r"a cotangent of type f64\[2\], and f64\[3\]"),
    ],
)
def test_a_backward_rule_gives_a_cotangent_for_each_argument(backward, words):
    f = custom_vjp(lambda x: x)
    f.defvjp(lambda x: (x, None), backward)
    with pytest.raises(ShapeError, match=words):
        grad(lambda x: np.sum(f(x)))(X)


def test_zero_tangents_can_be_none_or_constants():
    for zero in (None, 0.0, np.zeros(())):
        f = custom_jvp(np.sum)
        f.defjvp(lambda p, t, zero=zero: (np.sum(p[0]), zero))
        np.testing.assert_array_equal(grad(f)(X), np.zeros(3))
    g = custom_vjp(lambda x, y: x * y)
    g.defvjp(lambda x, y: (x * y, x), lambda x, bar: (None, x * bar))
    assert grad(g, (0, 1))(2.0, 3.0) == (0.0, 2.0)


def test_the_other_errors():
    f = custom_jvp(lambda x: x)
    with pytest.raises(LinearaError, match=r"no derivative rule yet[\s\S]*defjvp"):
        f(1.0)
    with pytest.raises(LinearaError, match=r"no derivative rule yet[\s\S]*defvjp"):
        custom_vjp(lambda x: x)(1.0)
    with pytest.raises(DtypeError, match="takes a function"):
        custom_jvp(1.0)
    with pytest.raises(DtypeError, match="nondiff_argnums"):
        grad(lambda x: tanh({"x": x, "name": "hidden"}))(1.0)
    with pytest.raises(LinearTypeError, match="applied to a linear value"):
        linear_transpose(tanh, 1.0)
    g = custom_vjp(lambda x: x)
    g.defvjp(lambda x: x, lambda r, bar: (bar,))
    with pytest.raises(DtypeError, match=r"must return a pair \(result, residuals\)"):
        grad(g)(1.0)
    h = custom_jvp(lambda x, *, n: x)
    h.defjvp(lambda p, t: (p[0], t[0]))
    with pytest.raises(DtypeError, match="by name only"):
        h(1.0, n=2)


def test_a_rule_may_branch_on_primals_where_values_are_known():
    @custom_jvp
    def absolute(x):
        return x if x > 0 else -x

    @absolute.defjvp
    def rule(primals, tangents):
        return absolute(*primals), tangents[0] if primals[0] > 0 else -tangents[0]

    assert grad(absolute)(-2.0) == -1.0
    with pytest.raises(TraceError, match=r"lineara\.cond"):
        vmap(grad(absolute))(X)


def test_the_same_as_jax():
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        theirs = jax.custom_jvp(lambda x, y: jax.numpy.sin(x) * y)
        theirs.defjvps(
            lambda t, ans, x, y: 3.0 * jax.numpy.cos(x) * y * t,
            lambda t, ans, x, y: 2.0 * jax.numpy.sin(x) * t,
        )
        expected = [float(v) for v in jax.grad(theirs, (0, 1))(0.3, 2.0)]
        second = float(jax.grad(jax.grad(theirs))(0.3, 2.0))
    mine = custom_jvp(lambda x, y: np.sin(x) * y)
    mine.defjvps(
        lambda t, ans, x, y: 3.0 * np.cos(x) * y * t, lambda t, ans, x, y: 2.0 * np.sin(x) * t
    )
    np.testing.assert_allclose(grad(mine, (0, 1))(0.3, 2.0), expected, rtol=1e-14)
    np.testing.assert_allclose(grad(grad(mine))(0.3, 2.0), second, rtol=1e-14)
