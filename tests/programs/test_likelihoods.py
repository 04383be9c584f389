"""Likelihoods of sequences and functions: a Kalman filter, a hidden Markov model, a Gaussian process."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

import lineara
import lineara.numpy as lnp
from lineara.testing import check_derivatives

OBSERVED = np.array([0.3, 0.9, 1.4, 1.1, 2.3])


def kalman_log_likelihood(parameters, ys):
    """Of a position with a velocity, seen through noise."""
    q, r = np.exp(parameters)
    a = np.array([[1.0, 1.0], [0.0, 1.0]])
    noise = q * np.array([[1 / 3, 1 / 2], [1 / 2, 1.0]])

    def step(carry, y):
        mean, covariance = carry
        mean, covariance = a @ mean, a @ covariance @ a.T + noise
        s = covariance[0, 0] + r
        gain = covariance[:, 0] / s
        gap = y - mean[0]
        term = -0.5 * (np.log(2 * np.pi * s) + gap**2 / s)
        return (mean + gain * gap, covariance - np.outer(gain, covariance[0])), term

    _, terms = lineara.scan(step, (np.zeros(2), np.eye(2)), ys)
    return np.sum(terms)


def joint_log_density(parameters, ys):
    """The same as one normal distribution of all observations."""
    q, r = np.exp(parameters)
    n = len(ys)
    a = np.array([[1.0, 1.0], [0.0, 1.0]])
    noise = q * np.array([[1 / 3, 1 / 2], [1 / 2, 1.0]])
    covariance, states = np.eye(2), []
    for _ in range(n):
        covariance = a @ covariance @ a.T + noise
        states.append(covariance)
    joint = np.empty((n, n))
    for i, j in product(range(n), repeat=2):
        early, late = min(i, j), max(i, j)
        joint[i, j] = (np.linalg.matrix_power(a, late - early) @ states[early])[0, 0]
    return stats.multivariate_normal(np.zeros(n), joint + r * np.eye(n)).logpdf(ys)


def test_the_kalman_filter():
    parameters = np.array([-1.0, -0.5])
    value = kalman_log_likelihood(parameters, OBSERVED)
    assert value == pytest.approx(joint_log_density(parameters, OBSERVED), rel=1e-12)
    check_derivatives(kalman_log_likelihood, parameters, OBSERVED)


START = np.log(np.array([0.6, 0.3, 0.1]))
with np.errstate(divide="ignore"):
    MOVES = np.log(np.array([[0.7, 0.3, 0.0], [0.1, 0.6, 0.3], [0.0, 0.2, 0.8]]))
EMISSIONS = np.log(np.array([[0.5, 0.2, 0.1], [0.4, 0.4, 0.1], [0.1, 0.3, 0.9], [0.2, 0.2, 0.6]]))


def forward_algorithm(start, moves, emissions):
    def step(alpha, emission):
        return lnp.logsumexp(alpha[:, None] + moves, axis=0) + emission, ()

    alpha, _ = lineara.scan(step, start + emissions[0], emissions[1:])
    return lnp.logsumexp(alpha)


def path_log_probabilities():
    paths = np.array(list(product(range(3), repeat=4)))
    terms = START[paths[:, 0]] + MOVES[paths[:, :-1], paths[:, 1:]].sum(axis=1)
    return paths, terms + EMISSIONS[range(4), paths].sum(axis=1)


def test_the_hidden_markov_model():
    paths, terms = path_log_probabilities()
    total = np.log(np.sum(np.exp(terms)))
    value = lineara.trace(forward_algorithm, START, MOVES, EMISSIONS)(START, MOVES, EMISSIONS)
    assert value == pytest.approx(total, rel=1e-13)
    posterior = np.exp(terms - total)
    marginals = [[posterior[paths[:, t] == k].sum() for k in range(3)] for t in range(4)]
    by_grad = lineara.grad(forward_algorithm, (1, 2))(START, MOVES, EMISSIONS)
    np.testing.assert_allclose(by_grad[1], marginals, rtol=1e-12)
    steps = [
        [
            np.sum(posterior[:, None] * ((paths[:, :-1] == i) & (paths[:, 1:] == j)))
            for j in range(3)
        ]
        for i in range(3)
    ]
    np.testing.assert_allclose(by_grad[0], steps, rtol=1e-12)
    second = lineara.hessian(lambda e: forward_algorithm(START, MOVES, e))(EMISSIONS)
    assert not np.isnan(second).any()


POINTS = np.linspace(0.0, 2.0, 5)


def covariance(parameters, xp=np):
    scale, length, noise = xp.exp(parameters)
    gaps = (POINTS[:, None] - POINTS) / length
    return scale * xp.exp(-0.5 * gaps**2) + noise * np.eye(5)


def gaussian_process(parameters, ys):
    factor = np.linalg.cholesky(covariance(parameters))
    whitened = lnp.linalg.solve_triangular(factor, ys, lower=True)
    log_det = 2 * np.sum(np.log(np.diagonal(factor)))
    return -0.5 * (whitened @ whitened + log_det + len(ys) * np.log(2 * np.pi))


def test_the_gaussian_process():
    parameters = np.array([0.2, -0.3, -2.0])
    k = covariance(parameters)
    traced = lineara.trace(gaussian_process, parameters, OBSERVED)(parameters, OBSERVED)
    direct = stats.multivariate_normal(np.zeros(5), k).logpdf(OBSERVED)
    assert traced == pytest.approx(direct, rel=1e-12)
    alpha = np.linalg.solve(k, OBSERVED)
    slopes = np.moveaxis(lineara.jacfwd(covariance)(parameters), -1, 0)
    by_hand = [0.5 * np.sum((np.outer(alpha, alpha) - np.linalg.inv(k)) * s) for s in slopes]
    np.testing.assert_allclose(
        lineara.grad(gaussian_process)(parameters, OBSERVED), by_hand, rtol=1e-10
    )
    check_derivatives(gaussian_process, parameters, OBSERVED)
