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
