"""A loop evaluated again for its tape alone bound its trips, and carries that the tape needs, a second time."""

import numpy as np
import pytest

from lineara import checkpoint, grad, scan, while_loop
from lineara.api import trace
from lineara.transforms import Decision, jvp, unzip
from lineara.typecheck import check

X = np.array([0.3, -0.7, 1.1])


def loop(x):
    return while_loop(lambda v: v < 9.0, lambda v: v * x, x)


def stacks(x):
    c, ys = scan(lambda c, v: (c * v, c + v), 1.0, x)
    return c * (ys * ys).sum()


@pytest.mark.parametrize(("f", "x"), [(loop, 2.0), (stacks, X)])
def test_the_tape_alone_is_rebuilt(f, x):
    halves = unzip(jvp(trace(f, x).function), lambda site: Decision.CHECKPOINT)
    check(halves.nonlinear)
    check(halves.linear)
    np.testing.assert_array_equal(grad(checkpoint(f))(x), grad(f)(x))
