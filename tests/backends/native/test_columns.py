"""Rows that lanes read are turned: the reference's values, and nothing is read beside an array."""

import numpy as np
import pytest

import lineara
from lineara import scan
from lineara.backends.native import columns
from lineara.testing.machine import agrees, compiled, same_bits
from lineara.testing.values import bits


def array(*shape, dtype=np.float64):
    x = 1.5 + np.sin(np.arange(float(np.prod(shape))))
    return np.asarray(x if np.dtype(dtype).kind in "fc" else 4 * x, dtype).reshape(shape)


def norms(x):
    return np.sum(np.tanh(x[:, :, None] * x[:, None, :]), axis=(1, 2))


def changed(x):
    y = x * 2.0
    y[1::2] += norms(y)[::2][: len(y[1::2]), None]
    return norms(y), y


def in_a_scan(x):
    def step(c, t):
        return c + np.sum(np.exp(x * t), axis=1), np.sum(c)

    return scan(step, np.zeros(len(x)), array(3))


PROGRAMS = {
    "whole rows": norms,
    "parts of rows": lambda x: norms(x[:, 1:]),
    "every other row": lambda x: norms(x[::2]),
    "backwards": lambda x: norms(x[::-1, ::-1]),
    "rows of one of many": lambda x: lineara.vmap(norms)(np.stack([x, x + 1.0])),
    "rows and columns": lambda x: (norms(x), norms(x.T[:, :5])),
    "rows that change": changed,
    "in a scan": in_a_scan,
    "small matrices": lambda x: np.tanh(np.einsum("nij,nj->ni", x[:, :, None] * x[:, None, :], x)),
}  # fmt: skip
SIZES = ((8, 4), (37, 7), (64, 8), (21, 13), (16, 33), (24, 64), (9, 65))


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_values(recorded, name, size):
    function, args = recorded(PROGRAMS[name], array(*size))
    assert agrees(function, args, 1)


@pytest.mark.parametrize("dtype", ["f4", "c16", "i8", "u1", "i2"])
def test_dtypes(recorded, dtype):
    function, args = recorded(
        lambda x: np.sum(x[:, :, None] * x[:, None], (1, 2)), array(40, 9, dtype=dtype)
    )
    assert agrees(function, args, 1)


@pytest.mark.parametrize("name", PROGRAMS)
def test_they_change_no_bits(monkeypatch, recorded, name):
    function, args = recorded(PROGRAMS[name], array(137, 11))
    given = same_bits(compiled(function, 1), args)
    monkeypatch.setattr(columns, "MOST", 0)
    assert bits(same_bits(compiled(function, 1), args)) == bits(given)
