"""Models of sequences: hidden Markov, Kalman, recurrent networks, reading in a loop."""

from __future__ import annotations

import numpy as onp
from harness.libraries import Library
from harness.limits import like, limit, scalar
from harness.workload import Bar, Function, Inputs, Workload, gradient

STATES, BATCH, HIDDEN, IN, OUT = 16, 16, 64, 32, 8
UNITS = 14


def hmm_inputs(steps: int) -> Inputs:
    r = onp.random.default_rng(0)
    return {"A": r.normal(size=(STATES, STATES)), "O": r.normal(size=(steps, STATES))}


def hmm(lib: Library, _steps: int) -> Function:
    """The log-likelihood of emissions by the forward recursion, from the logits of the transitions."""
    np, logsumexp = lib.numpy, lib.logsumexp

    def log_likelihood(A, emissions):
        log_p = A - logsumexp(A, axis=1, keepdims=True)

        def step(a, o):
            return logsumexp(np.expand_dims(a, 1) + log_p, axis=0) + o, None

        a, _ = lib.scan(step, emissions[0], emissions[1:])
        return logsumexp(a)

    return log_likelihood


def kalman_inputs(steps: int) -> Inputs:
    r = onp.random.default_rng(0)
    A = onp.eye(4)
    A[0, 2] = A[1, 3] = 0.1
    C = onp.eye(2, 4) + 0.05 * r.normal(size=(2, 4))
    return {
        "A": 0.98 * A,
        "Q": 0.05 * onp.eye(4) + 0.01,
        "R": 0.2 * onp.eye(2) + 0.03,
        "C": C,
        "Y": r.normal(size=(steps, 2)),
        "m0": onp.zeros(4),
        "P0": onp.eye(4),
    }


def kalman(lib: Library, _steps: int) -> Function:
    """The negative log-likelihood of a linear Gaussian model, the 2x2 system solved by its formula."""
    np = lib.numpy

    def solved(S, v):
        det = S[0, 0] * S[1, 1] - S[0, 1] * S[1, 0]
        rows = [np.stack([S[1, 1], -S[0, 1]]), np.stack([-S[1, 0], S[0, 0]])]
        inverse = np.stack(rows) / det
        return inverse @ v, inverse, np.log(det)

    return _filter(lib, solved)


def kalman_solve(lib: Library, _steps: int) -> Function:
    """The same by `solve` and `slogdet`."""
    np = lib.numpy

    def solved(S, v):
        inverse = np.linalg.inv(S)
        return np.linalg.solve(S, v), inverse, np.linalg.slogdet(S)[1]

    return _filter(lib, solved)


def _filter(lib: Library, solved: Function) -> Function:
    def negative_log_likelihood(A, Q, R, C, Y, m0, P0):
        def step(carry, y):
            m, P, total = carry
            m = A @ m
            P = A @ P @ A.T + Q
            v = y - C @ m
            G = P @ C.T
            u, inverse, log_det = solved(C @ G + R, v)
            total = total + 0.5 * (log_det + v @ u + 2 * onp.log(2 * onp.pi))
            P = P - G @ inverse @ G.T
            return (m + G @ u, 0.5 * (P + P.T), total), None

        (_, _, total), _ = lib.scan(step, (m0, P0, 0.0), Y)
        return total

    return negative_log_likelihood


def rnn_inputs(steps: int) -> Inputs:
    r = onp.random.default_rng(0)
    X, Y = r.normal(size=(steps, BATCH, IN)), r.normal(size=(steps, BATCH, OUT))
    return {
        "Wx": r.normal(size=(IN, HIDDEN)) / 6,
        "Wh": r.normal(size=(HIDDEN, HIDDEN)) / 8,
        "b": r.normal(size=HIDDEN) * 0.1,
        "Wo": r.normal(size=(HIDDEN, OUT)) / 8,
        "X": X,
        "Y": Y,
    }


def rnn(lib: Library, steps: int) -> Function:
    """The mean squared error of a recurrent network at every step."""
    np = lib.numpy

    def loss(Wx, Wh, b, Wo, X, Y):
        def step(carry, xy):
            h, total = carry
            x, y = xy
            h = np.tanh(x @ Wx + h @ Wh + b)
            return (h, total + np.sum((h @ Wo - y) ** 2)), None

        (_, total), _ = lib.scan(step, (np.zeros((BATCH, HIDDEN)), 0.0), (X, Y))
        return total / (steps * BATCH)

    return loss


def lstm_inputs(layers: int):
    def inputs(steps: int) -> Inputs:
        r = onp.random.default_rng(3)
        return {
            "main": r.normal(size=(layers, 2, 4, UNITS)),
            "extra": r.normal(size=(3, UNITS)),
            "state": r.normal(size=(layers, 2, UNITS)),
            "sequence": r.integers(0, 2, (steps, UNITS)).astype(float),
        }

    return inputs


def lstm(layers: int):
    def program(lib: Library, steps: int) -> Function:
        """The loss of ADBench's LSTM: gates without matrix products, a prediction at every step."""
        np, sigmoid = lib.numpy, lib.sigmoid

        def cell(weight, bias, hidden, cell, x):
            forget = sigmoid(x * weight[0] + bias[0])
            ingate = sigmoid(hidden * weight[1] + bias[1])
            outgate = sigmoid(x * weight[2] + bias[2])
            change = np.tanh(hidden * weight[3] + bias[3])
            cell = cell * forget + ingate * change
            return outgate * np.tanh(cell), cell

        def loss(main, extra, state, sequence):
            def step(carry, xy):
                states, total = carry
                x, expected = xy
                x = x * extra[0]
                after = []
                for i in range(layers):
                    x, c = cell(main[i, 0], main[i, 1], *states[i], x)
                    after.append((x, c))
                y = x * extra[1] + extra[2]
                y = y - np.log(np.sum(np.exp(y)) + 2)
                return (after, total + np.sum(expected * y)), None

            start = [(state[i, 0], state[i, 1]) for i in range(layers)]
            (_, total), _ = lib.scan(step, (start, 0.0), (sequence[:-1], sequence[1:]))
            return -total / ((steps - 1) * UNITS)

        return loss

    return program


def lstm_workload(layers: int) -> Workload:
    return Workload(
        f"lstm-{layers}",
        f"ADBench LSTM, {layers} layers, 1,024 steps",
        1_024,
        lstm_inputs(layers),
        lstm(layers),
        gradient(0, 1),
        limit(
            "lstm_limit.cpp",
            "lstm_f",
            "lstm_g",
            lambda d, n: [
                layers,
                n,
                UNITS,
                *(d[k] for k in ("main", "extra", "state", "sequence")),
            ],
            scalar,
            like("main", "extra"),
        ),
        Bar(limit=1.5, jax=15, gradient=3),
    )


def reading(lib: Library, n: int) -> Function:
    """A recurrence that reads two elements of an array in every trip."""
    np = lib.numpy

    def total(x):
        def trip(i, carry):
            c, s = carry
            c = np.tanh(c + x[i] * x[(i * 7) % n])
            return c, s + c

        return lib.fori_loop(0, n, trip, (0.0, 0.0))[1]

    return total


def reading_workload(n: int) -> Workload:
    return Workload(
        f"index-{n}",
        f"reading x[i] in a loop, n = {n:,}",
        n,
        lambda n: {"x": onp.random.default_rng(0).normal(size=n)},
        reading,
        gradient(0),
        limit("loops.cpp", "idx_f", "idx_g", lambda d, n: [n, d["x"]], scalar, like("x")),
        Bar(limit=1.5, jax=1.2, gradient=2.5),
    )


WORKLOADS = (
    Workload(
        "kalman",
        "Kalman likelihood, state 4, T = 1,000",
        1_000,
        kalman_inputs,
        kalman,
        gradient(0, 1, 2, 3),
        limit(
            "loops.cpp",
            "kal_f",
            "kal_g",
            lambda d, n: [n, *(d[k] for k in ("Y", "A", "Q", "R", "C", "m0", "P0"))],
            scalar,
            like("A", "Q", "R", "C"),
        ),
        Bar(limit=1.5, jax=20, tuned=1, gradient=3.5),
    ),
    Workload(
        "hmm",
        "HMM log-forward, 16 states, 1,000 steps",
        1_000,
        hmm_inputs,
        hmm,
        gradient(0, 1),
        limit(
            "loops.cpp", "hmm_f", "hmm_g", lambda d, n: [n, d["A"], d["O"]], scalar, like("A", "O")
        ),
        Bar(limit=1.5, jax=4, tuned=2, gradient=3),
    ),
    Workload(
        "rnn",
        "tanh RNN, hidden 64, batch 16, T = 500",
        500,
        rnn_inputs,
        rnn,
        gradient(0, 1, 2, 3),
        limit(
            "loops.cpp",
            "rnn_f",
            "rnn_g",
            lambda d, n: [n, *(d[k] for k in ("X", "Y", "Wx", "Wh", "b", "Wo"))],
            scalar,
            like("Wx", "Wh", "b", "Wo"),
        ),
        Bar(limit=1.5, jax=1.5, gradient=3),
    ),
    lstm_workload(2),
    lstm_workload(4),
    *[reading_workload(10**k) for k in (3, 4, 5, 6)],
    Workload(
        "kalman-solve",
        "the Kalman likelihood by np.linalg",
        1_000,
        kalman_inputs,
        kalman_solve,
        gradient(0, 1, 2, 3),
    ),
)
