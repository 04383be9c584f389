"""Sums of outer products, block by block: the reference's values, nothing touched beside the arrays, each sum in its order."""

import numpy as np
import pytest

import lineara
from lineara import jit, scan
from lineara.backends.native import outer
from lineara.backends.native.products.tiling import Registers
from lineara.testing.machine import agrees, compiled, same_bits
from lineara.testing.values import bits


def array(*shape, dtype=np.float64, shift=0.0):
    x = np.sin(np.arange(float(np.prod(shape))) + shift)
    return np.asarray(x * (1 + 0.5j) if np.dtype(dtype).kind == "c" else x, dtype).reshape(shape)


def together(x, y):
    """What is made in the loop, as it is in another one."""
    return np.einsum("nki,nkj->kij", np.tanh(x), np.cos(y) * x[:, :, :1])


def nested(x, y):
    """In a loop over examples, whose numbers stand in the operands."""
    return lineara.vmap(lambda a, b: np.einsum("ni,nj->ij", a * 2.0, b))(x, y)


def in_a_scan(x, y):
    def step(c, row):
        return c + np.einsum("ni,nj->ij", np.sin(x[:, 0] * c[0, 0]), y[:, 0] * row), 0.0

    return scan(step, np.zeros((x.shape[2], y.shape[2])), array(3))[0]


PROGRAMS = {
    "of what the loop makes": together,
    "of arguments": lambda x, y: np.einsum("nki,nkj->kij", x, y),
    "of columns": lambda x, y: np.einsum("ink,jnk->kij", np.transpose(x, (2, 0, 1)), np.transpose(y, (2, 0, 1))),
    "of what is wanted too": lambda x, y: (together(x, y), np.tanh(x), np.cos(y) * x[:, :, :1]),
    "of one array": lambda x, y: np.einsum("nki,nkj->kij", np.sin(x), np.sin(x)),
    "two of the same": lambda x, y: (together(x, y), np.einsum("nki,nlj->kilj", np.tanh(x), y)),
    "beside other sums": lambda x, y: (together(x, y), np.sum(np.tanh(x), 0), np.max(np.cos(y))),
    "of examples": nested,
    "in a scan": in_a_scan,
    "of a constant": lambda x, y: np.einsum("nki,nkj->kij", np.exp(x), np.ones(y.shape)),
}  # fmt: skip
SIZES = ((16, 3, 9, 8), (64, 2, 7, 11), (137, 3, 5, 5), (1000, 2, 10, 10), (203, 5, 4, 13))
PROCESSORS = (Registers(16, 16, False), Registers(32, 16, True), Registers(64, 32, True))
DTYPES = (np.float64, np.float32, np.complex128)


PROGRAM = pytest.mark.parametrize("name", PROGRAMS)


@PROGRAM
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_values(recorded, name, size):
    n, k, i, j = size
    function, args = recorded(PROGRAMS[name], array(n, k, i), array(n, k, j, shift=1.0))
    assert agrees(function, args, 1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(recorded, dtype):
    x, y = array(150, 3, 9, dtype=dtype), array(150, 3, 8, dtype=dtype, shift=1.0)
    function, args = recorded(together, x, y)
    assert agrees(function, args, 1)


@PROGRAM
def test_the_bits_are_those_of_a_loop_trip_by_trip(monkeypatch, recorded, name):
    function, args = recorded(PROGRAMS[name], array(1103, 3, 9), array(1103, 3, 8, shift=1.0))
    given = same_bits(compiled(function, 1), args)
    monkeypatch.setattr(outer, "MANY", 1 << 60)
    assert bits(same_bits(compiled(function, 1), args)) == bits(given)


@pytest.mark.parametrize("registers", PROCESSORS, ids=str)
def test_tiles_change_no_bits(monkeypatch, recorded, registers):
    function, args = recorded(together, array(300, 3, 9), array(300, 3, 8, shift=1.0))
    given = same_bits(compiled(function, 1), args)
    monkeypatch.setattr(outer, "registers", lambda: registers)
    assert bits(same_bits(compiled(function, 1), args)) == bits(given)


def test_a_plan_shows_them():
    x, y = array(300, 3, 9), array(300, 3, 8)
    f = jit(together)
    assert "block by block" in f.show(x, y)
    assert "test_outer.py" in f.show(x, y, stage="asm")
    assert "block by block" not in f.show(x[:, :1, :3], y[:, :1, :3])
