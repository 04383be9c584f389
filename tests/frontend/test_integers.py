"""Divisors, bits, and the representation of numbers: as NumPy has them, at the ends of every dtype too."""

import numpy as np
import pytest

import lineara
from lineara.frontend.integers import BODIES
from lineara.frontend.ordering import COMPARISONS
from lineara.testing import check_derivatives

INTEGERS = ("i1", "u1", "i2", "i4", "i8", "u8")


def exactly(f, *args):
    with np.errstate(all="ignore"):
        expected = f(*args)
        got = lineara.trace(f, *args)(*args)
    pairs = (got, expected) if isinstance(expected, tuple) else ([got], [expected])
    for a, b in zip(*pairs, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def test_every_ufunc_of_the_table_is_tried():
    tried = {np.gcd, np.lcm, np.bitwise_count, np.spacing, np.ldexp, np.frexp}
    assert set(BODIES) == tried


@pytest.mark.parametrize("dtype", INTEGERS)
def test_divisors_and_bits(dtype):
    info = np.iinfo(dtype)
    rng = np.random.default_rng(0)
    x = rng.integers(info.min, info.max, 40, dtype=dtype)
    y = np.arange(40, dtype=dtype) % 11
    x[:3] = 0, 0, info.max
    exactly(np.gcd, x, y)
    exactly(np.gcd, y, x[0])
    exactly(np.lcm, x % 11, y)
    exactly(np.bitwise_count, x)
    if info.min:
        exactly(np.bitwise_count, np.array([info.min], dtype))
    assert lineara.jit(lambda v: np.gcd(v, y))(x).tolist() == np.gcd(x, y).tolist()


def test_bits_of_truth_values():
    exactly(np.bitwise_count, np.array([True, False]))


@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_mantissas_and_exponents(dtype):
    info = np.finfo(dtype)
    ends = (info.max, info.tiny, info.smallest_subnormal, info.tiny / 8, np.inf)
    sizes = np.array([0.0, 0.5, 0.9999999, 1.0, 2.0, 3.7, 1e-5, 1024.0, *ends], dtype)
    x = np.concatenate([sizes, -sizes, np.array([np.nan], dtype)])
    exactly(np.frexp, x)
    exactly(np.spacing, x)
    for n in (0, 3, -3, 120, -120, 1000, -1000, 2100, -2100, 10**6, -(10**6)):
        exactly(lambda x, n=n: np.ldexp(x, n), x)
    exactly(np.ldexp, sizes, np.arange(sizes.size))


def test_their_derivatives():
    x, n = np.array([0.3, -5.0, 2.5]), np.array([2, -1, 3])
    check_derivatives(lambda x: np.sum(np.ldexp(np.sin(x), n)), x)
    check_derivatives(lambda x: np.sum(np.frexp(x)[0] ** 2), x)
    np.testing.assert_array_equal(lineara.grad(lambda x: np.sum(np.spacing(x)))(x), 0.0)


@pytest.mark.parametrize("ufunc", COMPARISONS)
def test_comparisons_of_signed_with_unsigned_integers(ufunc):
    unsigned = np.array([0, 1, 2**63, 2**64 - 1], np.uint64)
    signed = np.array([-1, 1, 5, np.iinfo(np.int64).max], np.int64)
    exactly(ufunc, unsigned, signed)
    exactly(ufunc, signed, unsigned)
    exactly(ufunc, unsigned[:2].astype("u4"), signed[:2])
    exactly(lambda x: ufunc(x, -1), unsigned)
    exactly(lambda x: ufunc(2**70, x), signed)
