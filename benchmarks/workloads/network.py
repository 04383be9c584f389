"""A multilayer perceptron in float32: matrix products and little else."""

from __future__ import annotations

import itertools

import numpy as onp
from harness.libraries import Library
from harness.workload import Bar, Function, Inputs, Peer, Workload, gradient

LAYERS = (784, 512, 512, 10)


def inputs(batch: int) -> Inputs:
    r = onp.random.default_rng(0)
    sizes = list(itertools.pairwise(LAYERS))
    weights = {f"W{i}": (r.normal(size=s) * 0.05).astype("f4") for i, s in enumerate(sizes)}
    biases = {f"b{i}": onp.zeros(n, "f4") for i, n in enumerate(LAYERS[1:])}
    X = r.normal(size=(batch, LAYERS[0])).astype("f4")
    return {**weights, **biases, "X": X, "Y": onp.eye(10, dtype="f4")[r.integers(0, 10, batch)]}


def perceptron(lib: Library, batch: int) -> Function:
    """The mean cross entropy of three layers."""
    np = lib.numpy

    def loss(W0, W1, W2, b0, b1, b2, X, Y):
        z = np.tanh(np.tanh(X @ W0 + b0) @ W1 + b1) @ W2 + b2
        return -np.sum((z - lib.logsumexp(z, axis=1, keepdims=True)) * Y) / batch

    return loss


def floor(inputs: Inputs, batch: int) -> Peer:
    """The matrix products alone, by NumPy's BLAS, into arrays that are there: three forward, five backward."""
    W0, W1, W2, X = (inputs[k] for k in ("W0", "W1", "W2", "X"))
    r = onp.random.default_rng(0)
    h, d = r.normal(size=(batch, 512)).astype("f4"), r.normal(size=(batch, 10)).astype("f4")
    hidden, small, *grads = (
        onp.empty(s, "f4") for s in [(batch, 512), (batch, 10), *(W.shape for W in (W0, W1, W2))]
    )

    def function() -> None:
        onp.dot(X, W0, out=hidden)
        onp.dot(h, W1, out=hidden)
        onp.dot(h, W2, out=small)

    def derivative() -> None:
        function()
        onp.dot(h.T, d, out=grads[2])
        onp.dot(d, W2.T, out=hidden)
        onp.dot(h.T, h, out=grads[1])
        onp.dot(h, W1.T, out=hidden)
        onp.dot(X.T, h, out=grads[0])

    return Peer(function, derivative, lambda _: [])


WORKLOADS = (
    Workload(
        "mlp",
        "MLP 784-512-512-10, batch 128, f32",
        128,
        inputs,
        perceptron,
        gradient(0, 1, 2, 3, 4, 5),
        floor,
        Bar(limit=1.15, jax=1.0, gradient=3),
        tolerance=1e-4,
    ),
)
