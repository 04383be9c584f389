"""Results that are views of what is computed are written where they are wanted, and nothing is copied."""

import numpy as np
import pytest

import lineara as lin
from lineara.api.record import record
from lineara.backends.reference import evaluate

r = np.random.default_rng(0)
X, ORDER = r.normal(size=(20, 12, 3)), np.arange(20)[::-1]


def transposed(x, i):
    return (np.exp(x).transpose(2, 1, 0),)


def flat(x, i):
    return (np.ravel(np.exp(x).transpose(1, 0, 2)),)


def rows(x, i):
    """Lanes run along the rows, whose elements lie in another order in the result."""
    return (np.reshape(np.exp(x[i]).transpose(0, 2, 1), (20, 36)),)


def columns(x, i):
    return (np.reshape(np.exp(x).transpose(1, 0, 2), (12, 60)).T,)


def with_an_axis_of_one(x, i):
    return (np.reshape(np.exp(x).transpose(2, 0, 1), (3, 1, 240)).T,)


def read_elsewhere(x, i):
    y = np.exp(x)
    return y.transpose(1, 0, 2), np.sum(y, axis=0)


def twice(x, i):
    y = np.exp(x).transpose(1, 0, 2)
    return y, y


def split_and_merged(x, i):
    """No strides describe it: it is copied."""
    return (np.reshape(np.exp(x).transpose(1, 0, 2), (20, 12, 3)) * 1.0,)


def in_a_loop(x, i):
    """Rows of the stacks of a loop."""
    return lin.scan(lambda c, v: (c + v, (np.ravel(np.exp(v).T), np.cos(v).T)), x[0], x)


def of_none(x, i):
    return (np.exp(x[:0]).transpose(1, 0, 2), np.ravel(np.exp(x[:0]).T))


CASES = [
    transposed,
    flat,
    rows,
    columns,
    with_an_axis_of_one,
    read_elsewhere,
    twice,
    split_and_merged,
    in_a_loop,
    of_none,
]


@pytest.mark.parametrize("f", CASES)
@pytest.mark.parametrize("dtype", ["f8", "f4", "c16", "i4"])
def test_results(f, dtype):
    x = X.astype(dtype)
    recorded = record(f, (x, ORDER), lambda leaves: (tuple(leaves), {}))
    wanted = evaluate(recorded.function, [x, ORDER, *recorded.captured])
    got = [
        y for part in lin.jit(f)(x, ORDER) for y in (part if isinstance(part, tuple) else [part])
    ]
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)
        assert a.dtype == b.dtype
        assert a.shape == b.shape


@pytest.mark.parametrize("f", [transposed, flat, rows, columns, with_an_axis_of_one])
def test_no_copy(f):
    g = lin.jit(f)
    g(X, ORDER)
    plan = g.show(stage="plan")
    assert "exp(" in plan
    assert "transpose(" not in plan
    assert "reshape(" not in plan
