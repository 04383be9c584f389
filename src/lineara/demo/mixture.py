"""A Gaussian mixture, written in NumPy as one would without thinking of derivatives.

Each component has a weight, a mean, and a lower triangular factor P of the inverse of its covariance, Σ⁻¹ = Pᵀ P, whose
diagonal is positive because its logarithm is the parameter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import lineara

Array = NDArray[np.float64]
Parameters = dict[str, Any]


def log_sum_exp(a: Any) -> Any:
    """The logarithm of the sum of exponentials along the last axis, without overflow."""
    largest = np.max(a, axis=-1, keepdims=True)
    return np.log(np.sum(np.exp(a - largest), axis=-1)) + largest[..., 0]


def factors(parameters: Parameters) -> Any:
    """The triangular factors, one matrix for each component."""
    size = parameters["means"].shape[-1]
    diagonal = np.exp(parameters["log_diagonal"])[:, :, None] * np.eye(size)
    return diagonal + parameters["below_diagonal"] * np.tri(size, k=-1)


def log_densities(parameters: Parameters, x: Any) -> Any:
    """The logarithm of weight times density, for each row of `x` and each component."""
    centred = x[:, None, :] - parameters["means"]
    whitened = np.sum(factors(parameters) * centred[:, :, None, :], axis=-1)
    log_normal = np.sum(parameters["log_diagonal"], axis=-1) - 0.5 * np.sum(whitened**2, axis=-1)
    log_weights = parameters["logits"] - log_sum_exp(parameters["logits"])
    return log_weights + log_normal - 0.5 * x.shape[-1] * np.log(2 * np.pi)


def loss(parameters: Parameters, x: Any) -> Any:
    """The negative log likelihood, per row."""
    return -np.mean(log_sum_exp(log_densities(parameters, x)))


def loss_in_less_memory(parameters: Parameters, x: Any) -> Any:
    """The same loss; the values inside `log_densities` are computed again in place of being kept."""
    return -np.mean(log_sum_exp(lineara.checkpoint(log_densities)(parameters, x)))


def start(x: Array, components: int) -> Parameters:
    """Parameters to begin with: the rows, sorted by their projection on the axis of most variance, in equal parts."""
    _, _, axes = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    parts = np.array_split(x[np.argsort(x @ axes[0])], components)
    size = x.shape[-1]
    return {
        "logits": np.zeros(components),
        "means": np.stack([part.mean(axis=0) for part in parts]),
        "log_diagonal": np.stack([-np.log(part.std(axis=0)) for part in parts]),
        "below_diagonal": np.zeros((components, size, size)),
    }


def weights(parameters: Parameters) -> Array:
    """The weights of the components."""
    shares: Array = np.exp(parameters["logits"] - log_sum_exp(parameters["logits"]))
    return shares


def covariances(parameters: Parameters) -> Array:
    """The covariance of each component."""
    p = factors(parameters)
    return np.linalg.inv(np.swapaxes(p, -1, -2) @ p)
