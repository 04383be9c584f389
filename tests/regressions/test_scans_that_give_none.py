"""A scan whose body gives nothing beside its carry says None, as in JAX."""

import numpy as np
import pytest

import lineara
from lineara.errors import DtypeError, LinearaError, PlanError, ShapeError


def test_none_beside_the_carry_stays_none():
    carry, ys = lineara.scan(lambda c, x: (c + x, None), 0.0, np.arange(3.0))
    assert (carry, ys) == (3.0, None)
    _, ys = lineara.scan(lambda c, x: (c, {"a": x, "b": None}), 0.0, np.arange(2.0))
    assert ys["b"] is None
    assert (
        lineara.grad(lambda x: lineara.scan(lambda c, t: (c * x, None), 1.0, np.ones(3))[0])(2.0)
        == 12.0
    )


def _step(c, x):
    return np.sin(c * x), None


@lineara.custom_jvp
def _with_jvp(c, x):
    return np.sin(c * x), None


@_with_jvp.defjvp
def _rule(primals, tangents):
    (c, x), (c_dot, x_dot) = primals, tangents
    return _with_jvp(c, x), (np.cos(c * x) * (c_dot * x + c * x_dot), None)


@lineara.custom_vjp
def _with_vjp(c, x):
    return np.sin(c * x), None


_with_vjp.defvjp(
    lambda c, x: (_with_vjp(c, x), (c, x)),
    lambda res, bar: tuple(np.cos(res[0] * res[1]) * k * bar[0] for k in reversed(res)),
)


@pytest.mark.parametrize(
    "step", [_step, lineara.checkpoint(_step), lineara.jit(_step), _with_jvp, _with_vjp]
)
def test_bodies_under_transformations_may_give_none(step):
    xs = np.array([0.1, 0.2, 0.3])
    slope = lineara.grad(lambda c: lineara.scan(step, c, xs)[0])(0.5)
    assert slope == pytest.approx(0.005992175247859, rel=1e-12)


def test_none_in_carries_branches_and_maps():
    carry, _ = lineara.scan(lambda c, x: ((c[0] + x, None), None), (0.0, None), np.arange(3.0))
    assert carry == (3.0, None)
    taken = lineara.grad(
        lambda a: lineara.cond(a > 0, lambda a: (2 * a, None), lambda a: (a, None), a)[0]
    )
    assert taken(1.0) == 2.0
    y, none = lineara.vmap(lambda x: (x, None))(np.ones(2))
    assert y.shape == (2,)
    assert none is None


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda: lineara.grad(np.sin, policy="everything")(1.0), PlanError, "function of a site"),
        (lambda: lineara.grad(np.sin, policy=lambda site: None)(1.0), PlanError, "says None"),
        (lambda: lineara.ArrayType("foo"), DtypeError, "no dtype 'foo'"),
        (lambda: lineara.vmap(np.sin, out_axes=2)(np.ones(3)), ShapeError, "out_axes is 2"),
        (lambda: lineara.scan(lambda c, x: (None, x), 1.0, np.ones(2)), LinearaError, "None"),
    ],
)
def test_what_is_wrong_is_said(attempt, error, message):
    with pytest.raises(error, match=message):
        attempt()
