"""A branch that is not taken contributes nothing, not 0 × inf: gradients are free of NaN, to second order, in all modes."""

import warnings

import numpy as np
import pytest
from scipy import special

import lineara
import lineara.numpy as lnp

ZERO_ONE = np.array([0.0, 1.0, 4.0])
SIGNED = np.array([-1.0, 0.0, 2.0])
LOGS = np.array([-np.inf, 0.0, 1.0, -np.inf])


def norm_or_nothing(x):
    return np.sum(np.where(np.sum(x * x, axis=-1) > 0, np.sqrt(np.sum(x * x, axis=-1)), 0.0))


def unit_vectors(x):
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return np.sum(np.where(length > 0, x / length, 0.0) * np.arange(1.0, 3.0))


def attention(x):
    scores = np.where(np.tri(3, dtype=bool), np.outer(x, x), -np.inf)
    weights = np.exp(scores - lnp.logsumexp(scores, axis=1)[:, None])
    return np.sum(weights * x[:, None] * np.arange(3.0))


def forward(log_p):
    step = np.log(np.array([[0.5, 0.5], [0.3, 0.7]]))
    start = np.where(np.array([True, False]), log_p, -np.inf)
    return lnp.logsumexp(lnp.logsumexp(start[:, None] + step, axis=0))


# the function, the point, its gradient where it is defined
CASES = {
    "sqrt": (lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)), ZERO_ONE, [0, 0.5, 0.25]),
    "sqrt of negatives": (lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)), SIGNED, None),
    "log": (lambda x: np.sum(np.where(x > 0, np.log(x), 0.0)), SIGNED, [0, 0, 0.5]),
    "log, the branches the other way": (
        lambda x: np.sum(np.where(x <= 0, 0.0, np.log(x))),
        SIGNED,
        [0, 0, 0.5],
    ),
    "power": (lambda x: np.sum(np.where(x > 0, x**0.3, 0.0)), ZERO_ONE, None),
    "power of both": (lambda x: np.sum(np.where(x > 0, x**x, 0.0)), SIGNED, None),
    "reciprocal": (lambda x: np.sum(np.where(x != 0, 1 / x, 0.0)), SIGNED, [-1, 0, -0.25]),
    "arcsin": (lambda x: np.sum(np.where(np.abs(x) < 1, np.arcsin(x), 0.0)), SIGNED, [0, 1, 0]),
    "arctanh": (lambda x: np.sum(np.where(np.abs(x) < 1, np.arctanh(x), 0.0)), SIGNED, None),
    "cbrt": (lambda x: np.sum(np.where(x != 0, np.cbrt(x), 0.0)), SIGNED, None),
    "exp that overflows": (
        lambda x: np.sum(np.where(x < 700, np.exp(x), 0.0)),
        np.array([800.0, 0.0, 1.0]),
        None,
    ),
    "x times inf": (
        lambda x: np.sum(np.where(x > 0, np.exp(1 / x) * np.sqrt(x), 0.0)),
        ZERO_ONE,
        None,
    ),
    "log of a difference": (
        lambda x: np.sum(np.where(x > 1, np.log(x - 1) * np.sqrt(x - 1), x)),
        ZERO_ONE,
        None,
    ),
    "norm behind a where": (norm_or_nothing, np.array([[0.0, 0.0], [3.0, 4.0]]), None),
    "norm at 0": (
        lambda x: np.sum(np.linalg.norm(x, axis=-1)),
        np.array([[0.0, 0.0], [3.0, 4.0]]),
        [[0, 0], [0.6, 0.8]],
    ),
    "norm of order 3 at 0": (
        lambda x: np.sum(np.linalg.norm(x, 3, axis=-1)),
        np.array([[0.0, 0.0], [1.0, 1.0]]),
        None,
    ),
    "unit vectors": (unit_vectors, np.array([[0.0, 0.0], [3.0, 4.0]]), None),
    "hypot at 0": (lambda x: np.sum(np.hypot(x, 0 * x)), ZERO_ONE, None),
    "arctan2 behind a where": (
        lambda x: np.sum(np.where(x > 0, np.arctan2(x, x**2), 0.0)),
        ZERO_ONE,
        None,
    ),
    "logsumexp": (lnp.logsumexp, LOGS, [0, 0.2689414213699951, 0.7310585786300049, 0]),
    "logsumexp of −inf alone": (lambda x: lnp.logsumexp(x[:1]), LOGS, None),
    "softmax": (lambda x: lnp.softmax(x) @ np.arange(4.0), LOGS, None),
    "log_softmax": (lambda x: lnp.log_softmax(x)[1:3] @ np.array([1.0, 2.0]), LOGS, None),
    "logaddexp": (lambda x: np.logaddexp(x[0], x[1]) + np.logaddexp(x[0], x[3]) * 0, LOGS, None),
    "logaddexp.reduce": (lambda x: np.logaddexp(np.logaddexp(x[0], x[1]), x[3]), LOGS, None),
    "masked attention": (attention, np.array([1.0, 2.0, 3.0]), None),
    "hidden Markov": (forward, np.array([-0.5, -1.0]), [1, 0]),
    "piecewise": (
        lambda x: np.sum(np.piecewise(x, [x > 0], [np.sqrt, lambda v: v * v])),
        SIGNED,
        [-2, 0, 1 / np.sqrt(8)],
    ),
    "select": (lambda x: np.sum(np.select([x > 0, x < 0], [np.log(x), 1 / x])), SIGNED, None),
    "cond": (
        lambda x: lineara.cond(x[1] > 0, lambda v: np.sqrt(v[1]), lambda v: v[2] ** 2, x),
        SIGNED,
        [0, 0, 4],
    ),
    "maximum": (lambda x: np.sum(np.sqrt(np.maximum(x, 1.0))), SIGNED, [0, 0, 1 / np.sqrt(8)]),
    "xlogy": (lambda x: np.sum(special.xlogy(x, x)), ZERO_ONE[1:], None),
    "xlogy of a constant": (lambda x: np.sum(special.xlogy([0.0, 1.0], x)), ZERO_ONE[:2], [0, 1]),
    "nanmean": (lambda x: np.nanmean(x**2), np.array([np.nan, 1.0, 3.0]), [0, 1, 3]),
    "nanstd": (np.nanstd, np.array([np.nan, 1.0, 3.0]), [0, -0.5, 0.5]),
    "nanmedian": (lambda x: np.nanmedian(x**2), np.array([np.nan, 1.0, 3.0]), [0, 1, 3]),
    "nan_to_num": (lambda x: np.sum(np.nan_to_num(1 / x)), SIGNED, None),
    "sinc": (lambda x: np.sum(np.sinc(x)), SIGNED, None),
    "masked assignment": (
        lambda x: np.sum(_assigned(x)),
        SIGNED,
        [0, 0, 0.5],
    ),
    "prod with zeros": (lambda x: np.prod(x[:2]) * x[2], np.array([0.0, 0.0, 3.0]), [0, 0, 0]),
    "cumprod with zeros": (lambda x: np.sum(np.cumprod(x)), np.array([2.0, 0.0, 3.0]), [1, 8, 0]),
}


def _assigned(x):
    y = np.log(x)
    y[np.array([True, True, False])] = 0.0
    return y


@pytest.mark.parametrize("name", CASES)
def test_no_nan(name):
    f, x, expected = CASES[name]
    gradient = lineara.grad(f)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = gradient(x)
        assert not np.isnan(found).any()
        if expected is not None:
            np.testing.assert_allclose(found, expected, rtol=1e-14)
        forward_mode = lineara.jacfwd(f)(x)
        np.testing.assert_allclose(forward_mode, found, rtol=1e-13, atol=1e-15)
        second = [mode(gradient)(x) for mode in (lineara.jacfwd, lineara.jacrev)]
        second += [mode(lineara.jacfwd(f))(x) for mode in (lineara.jacfwd, lineara.jacrev)]
    for h in second:
        assert not np.isnan(h).any()
        np.testing.assert_allclose(h, second[0], rtol=1e-10, atol=1e-12)
