"""Every workload of the benchmarks computes what it says, at a small size."""

import importlib

import numpy as np
import pytest
from harness.of_lineara import LIBRARY
from harness.table import Row, first_calls, growth
from harness.turns import Measured
from harness.workload import Bar, Gradient, Workload, disagreement, flat, library_peer
from workloads import WORKLOADS

SIZES = {
    "elementwise": 50,
    "rosenbrock": 50,
    "index": 30,
    "gmm": 20,
    "lse": 50,
    "hvp": 30,
}
"""Where 10 is not the size."""

LARGER = {
    *(f"index-{n}" for n in (10**4, 10**5, 10**6)),
    *(f"elementwise-{n}" for n in (10**5, 10**7)),
    *("rosenbrock-1000000", "gmm-10k-d10", "lstm-4"),
}
"""Workloads that are another one, larger."""

GRADIENTS = [
    w for n, w in WORKLOADS.items() if isinstance(w.derivative, Gradient) and n not in LARGER
]


def small(workload: Workload) -> int:
    wanted = [n for beginning, n in SIZES.items() if workload.name.startswith(beginning)]
    return (wanted or [10])[0] if workload.scales else workload.size


def name(workload: Workload) -> str:
    return workload.name


def inputs(workload: Workload):
    """The inputs, in double precision: differences need it."""
    given = workload.inputs(small(workload))
    return {k: np.asarray(a, "f8") if np.asarray(a).dtype == "f4" else a for k, a in given.items()}


def program(workload: Workload):
    f = LIBRARY.jit(workload.program(LIBRARY, small(workload)))
    return list(inputs(workload).values()), f


def derivative(workload: Workload):
    peer = library_peer(workload, LIBRARY, inputs(workload), small(workload))
    return peer.result(peer.derivative())


def along(f, arguments, directions, step):
    """The derivative of every result along directions, by differences of fourth order."""

    def at(t):
        return flat(
            f(*[a if d is None else a + t * d for a, d in zip(arguments, directions, strict=True)])
        )

    near, far = (
        [(a - b) / (2 * t) for a, b in zip(at(t), at(-t), strict=True)] for t in (step, 2 * step)
    )
    return [(4 * a - b) / 3 for a, b in zip(near, far, strict=True)]


@pytest.mark.parametrize("workload", GRADIENTS, ids=name)
def test_a_gradient_is_the_slope(workload):
    arguments, f = program(workload)
    value, *bars = derivative(workload)
    r = np.random.default_rng(1)
    directions = [None] * len(arguments)
    for i in workload.derivative.argnums:
        directions[i] = r.normal(size=np.shape(arguments[i]))
    (slope,) = along(f, arguments, directions, 1e-4)
    expected = sum(
        np.sum(b * directions[i]) for b, i in zip(bars, workload.derivative.argnums, strict=True)
    )
    assert value == pytest.approx(float(f(*arguments)), rel=1e-12)
    assert slope == pytest.approx(float(expected), rel=1e-6, abs=1e-6)


def basis_along(f, arguments, step=1e-4):
    """The matrix of slopes of f along every element of its first argument."""
    x, others = arguments[0], [None] * (len(arguments) - 1)
    columns = [along(f, arguments, [e, *others], step)[0] for e in np.eye(len(x))]
    return np.stack(columns, -1)


def test_the_jacobian():
    arguments, f = program(WORKLOADS["jacobian"])
    np.testing.assert_allclose(
        derivative(WORKLOADS["jacobian"])[0], basis_along(f, arguments), atol=1e-7
    )


def test_the_hessian_and_its_product():
    arguments, f = program(WORKLOADS["hessian"])
    expected = basis_along(LIBRARY.grad(f), arguments)
    np.testing.assert_allclose(derivative(WORKLOADS["hessian"])[0], expected, atol=1e-4)
    (x, v), f = program(WORKLOADS["hvp"])
    (expected,) = along(LIBRARY.grad(f), [x, v], [v, None], 1e-3)
    np.testing.assert_allclose(derivative(WORKLOADS["hvp"])[0], expected, rtol=1e-8)


def test_the_jacobian_of_the_hand():
    arguments, f = program(WORKLOADS["hand"])
    errors, jacobian = derivative(WORKLOADS["hand"])
    np.testing.assert_allclose(errors, f(*arguments), atol=1e-12)
    direction = np.random.default_rng(2).normal(size=arguments[0].shape)
    (slope,) = along(f, arguments, [direction, *[None] * 6], 1e-3)
    np.testing.assert_allclose(jacobian @ direction, slope, atol=1e-8)


def test_the_blocks_of_bundle_adjustment():
    arguments, f = program(WORKLOADS["ba"])
    errors, weights, J, Jw = derivative(WORKLOADS["ba"])
    cameras, X, w, seen, _ = arguments
    r = np.random.default_rng(2)
    dc, dX, dw = (r.normal(size=a.shape) for a in (cameras, X, w))
    slopes = along(f, arguments, [dc, dX, dw, None, None], 1e-4)
    each = np.concatenate([dc[seen[:, 0]], dX[seen[:, 1]], dw[:, None]], 1)
    for found, expected in zip((errors, weights), f(*arguments), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(np.einsum("pij,pj->pi", J, each), slopes[0], rtol=1e-6)
    np.testing.assert_allclose(Jw * dw, slopes[1], rtol=1e-8)


def test_newton_goes_to_the_means():
    (centroids, points), _ = program(WORKLOADS["kmeans"])
    nearest = np.argmin(((points[:, None] - centroids) ** 2).sum(-1), 1)
    used = np.unique(nearest)
    with np.errstate(invalid="ignore"):
        (direction,) = derivative(WORKLOADS["kmeans"])
    means = [points[nearest == k].mean(0) for k in used]
    np.testing.assert_allclose((centroids - direction)[used], means, rtol=1e-10)


@pytest.mark.parametrize(
    "workload", [WORKLOADS[n] for n in ("index-1000", "hessian", "call-ten")], ids=name
)
def test_jax_agrees(workload):
    pytest.importorskip("jax")
    library, n = importlib.import_module("harness.of_jax").LIBRARY, small(workload)
    peer = library_peer(workload, library, workload.inputs(n), n)
    assert disagreement(derivative(workload), peer.result(peer.derivative())) < workload.tolerance


def test_bars_are_held_against_ratios():
    found = {
        "lineara": Measured(first=1.0, derivative=2e-3, function=1e-3),
        "limit": Measured(first=0.1, derivative=1e-3),
        "jax": Measured(first=3.0, derivative=10e-3),
    }
    workload = WORKLOADS["lorenz"]
    row = Row(workload, found)
    assert workload.bar == Bar(limit=1.5, jax=20, tuned=1, gradient=3.5)
    assert row.data()["met"] == {"limit": False, "jax": False, "gradient": True}
    assert row.verdict() == "not met: limit, jax"
    assert first_calls([row]).value == pytest.approx(3.0)


def test_growth_is_per_element():
    rows = [
        Row(WORKLOADS[f"index-{n}"], {"lineara": Measured(derivative=seconds)})
        for n, seconds in ((1_000, 1e-5), (1_000_000, 3e-2))
    ]
    assert growth(rows, "index-") == {"lineara": pytest.approx(3.0)}


def test_results_of_other_shapes_disagree():
    one = [np.ones(1), np.ones((2, 2))]
    assert disagreement(one, one) == 0
    assert disagreement(one, [np.ones(1), np.ones(3)]) == np.inf
    assert disagreement([np.ones(1), np.full((2, 2), np.nan)], one) == np.inf
