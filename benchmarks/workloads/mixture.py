"""ADBench's Gaussian mixture: the log-posterior in its einsum form."""

from __future__ import annotations

import math

import numpy as onp
from harness.libraries import Library
from harness.limits import like, limit, scalar
from harness.workload import Bar, Function, Inputs, Workload, gradient

GAMMA, WISHART = 1.0, 0


def inputs(d: int, k: int):
    def make(n: int) -> Inputs:
        r = onp.random.default_rng(0)
        return {
            "alphas": r.normal(size=k),
            "means": r.uniform(size=(k, d)),
            "icf": r.normal(size=(k, d * (d + 1) // 2)),
            "x": r.normal(size=(n, d)),
        }

    return make


def places(d: int) -> onp.ndarray:
    """Where each entry of a triangular factor stands: the diagonal, the columns below it, one zero."""
    index = onp.full((d, d), d * (d + 1) // 2)
    onp.fill_diagonal(index, range(d))
    columns, rows = onp.triu_indices(d, 1)
    index[rows, columns] = d + onp.arange(len(rows))
    return index


def constant(n: int, d: int, k: int) -> float:
    """What does not depend on the parameters."""
    freedom = d + WISHART + 1
    log_gamma = 0.25 * d * (d - 1) * math.log(math.pi)
    log_gamma += sum(math.lgamma(0.5 * freedom + 0.5 * (1 - j)) for j in range(1, d + 1))
    prior = freedom * d * (math.log(GAMMA) - 0.5 * math.log(2)) - log_gamma
    return -n * d * 0.5 * math.log(2 * math.pi) - k * prior


def program(d: int, k: int):
    def mixture(lib: Library, n: int) -> Function:
        np, logsumexp, index = lib.numpy, lib.logsumexp, places(d)

        def log_posterior(alphas, means, icf, x):
            logs, low = icf[:, :d], icf[:, d:]
            diagonal, sums = np.exp(logs), np.sum(logs, axis=1)
            Q = np.concatenate([diagonal, low, np.zeros((k, 1))], axis=1)[:, index]
            centred = np.expand_dims(x, 1) - means
            Qx = np.einsum("kij,nkj->nki", Q, centred)
            main = alphas + sums - 0.5 * np.sum(Qx**2, axis=2)
            prior = 0.5 * GAMMA**2 * (np.sum(diagonal**2) + np.sum(low**2)) - WISHART * np.sum(sums)
            return (
                constant(n, d, k) + np.sum(logsumexp(main, axis=1)) - n * logsumexp(alphas) + prior
            )

        return log_posterior

    return mixture


def workload(n: int, d: int, k: int, name: str, jax: float) -> Workload:
    return Workload(
        name,
        f"ADBench GMM, n {n:,}, d {d}, K {k}",
        n,
        inputs(d, k),
        program(d, k),
        gradient(0, 1, 2),
        limit(
            "gmm_limit.cpp",
            "gmm_f",
            "gmm_g",
            lambda v, n: [d, k, n, v["alphas"], v["means"], v["icf"], v["x"], GAMMA, WISHART],
            scalar,
            like("alphas", "means", "icf"),
        ),
        Bar(limit=1.5, jax=jax, gradient=3.5),
    )


WORKLOADS = (
    workload(1_000, 2, 5, "gmm-1k-d2", 5),
    workload(1_000, 10, 25, "gmm-1k-d10", 5),
    workload(10_000, 10, 25, "gmm-10k-d10", 10),
)
