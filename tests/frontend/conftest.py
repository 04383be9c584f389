"""What a traced program is compared with: NumPy, and differences of its values."""

import warnings

import numpy as np
import optree
import pytest

import lineara


def sample(shape, dtype="f8", low=-2.0, high=2.0, seed=0):
    """Values in a range, of any dtype; unsigned ones from 0."""
    rng = np.random.default_rng(seed + 7 * int(np.prod(shape)))
    dtype = np.dtype(dtype)
    values = rng.uniform(low, high, shape)
    if dtype.kind == "c":
        values = values + 1j * rng.uniform(low, high, shape)
    if dtype.kind == "b":
        return np.asarray(values > 0)
    if dtype.kind in "iu":
        values = np.floor(
            rng.uniform(3 * (max(low, 0) if dtype.kind == "u" else low), 3 * high, shape)
        )
    return np.asarray(values).astype(dtype)


@pytest.fixture(name="sample")
def sample_fixture():
    return sample


def assert_same(got, expected):
    got_leaves, got_spec = optree.tree_flatten(got)
    leaves, spec = optree.tree_flatten(expected)
    assert got_spec == spec
    for a, b in zip(got_leaves, leaves, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        tolerance = 8 * np.finfo(b.dtype).eps if b.dtype.kind in "fc" else 0
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.fixture
def agrees():
    """`agrees(f, *args)`: the traced program gives what NumPy gives, in value, dtype and shape."""

    def compare(f, *args):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            expected = f(*args)
        program = lineara.trace(f, *args)
        assert_same(program(*args), expected)

    return compare


def _weighted(f):
    """A scalar function that depends on every element of the result."""

    def scalar(*args):
        total = 0.0
        for k, r in enumerate(optree.tree_leaves(f(*args))):
            weights = np.cos(np.arange(np.size(r)) + k).reshape(np.shape(r))
            total = total + np.sum(np.real(r * weights) + np.imag(r * weights * 0.5))
        return total

    return scalar


@pytest.fixture
def differentiates():
    """`differentiates(f, *args)`: reverse mode equals forward mode, and both equal central differences."""

    def compare(f, *args, order=2):
        f = _weighted(f)
        for _ in range(order):
            slopes = lineara.grad(f, tuple(range(len(args))))(*args)
            directions = [sample(np.shape(x), np.asarray(x).dtype, seed=3) for x in args]
            h = 1e-5
            ahead = f(*(x + h * d for x, d in zip(args, directions, strict=True)))
            behind = f(*(x - h * d for x, d in zip(args, directions, strict=True)))
            difference = (ahead - behind) / (2 * h)
            _, forward = lineara.jvp(f, args, tuple(directions))
            pairs = zip(slopes, directions, strict=True)
            reverse = sum(np.sum(np.real(s * d)) for s, d in pairs)
            np.testing.assert_allclose(forward, reverse, rtol=1e-10, atol=1e-10)
            np.testing.assert_allclose(forward, difference, rtol=2e-6, atol=2e-6)
            f = _weighted(lineara.grad(f, tuple(range(len(args)))))

    return compare


def _tried(programs, shapes, dtypes):
    """The programs and arguments at which NumPy has no error; every program has some."""
    for program in programs:
        used = 0
        for shape in shapes:
            for dtype in dtypes:
                x = sample(shape, dtype)
                try:
                    with np.errstate(all="ignore"):
                        program(x)
                except (ValueError, TypeError, IndexError):
                    continue
                used += 1
                yield program, x
        assert used


@pytest.fixture
def agrees_in_all(agrees):
    """`agrees` for all programs, shapes and dtypes."""

    def compare(programs, shapes, dtypes):
        for program, x in _tried(programs, shapes, dtypes):
            agrees(program, x)

    return compare


@pytest.fixture
def differentiates_in_all(differentiates):
    """`differentiates` for all programs and shapes that have elements."""

    def compare(programs, shapes):
        for program, x in _tried(programs, shapes, ("f8",)):
            if x.size:
                differentiates(program, x)

    return compare
