"""Checkpoints, partial evaluation, marks: what is kept and what is computed again."""

from __future__ import annotations

import numpy as np
import pytest

import lineara
from lineara import checkpoint, cost, grad, hessian, linearize, name, save_names, stop_gradient
from lineara.ir import callees_first
from lineara.optimize import simplify
from lineara.pipeline import Request, run

X = np.linspace(-1.0, 1.0, 50)


def layer(x):
    return np.sin(np.cos(np.sin(x) * x) + x)


def network(x, wrap=lambda f: f):
    for _ in range(8):
        x = wrap(layer)(x)
    return np.sum(x)


def checkpointed(x):
    return network(x, checkpoint)


def test_a_checkpoint_keeps_values_and_derivatives_to_the_last_bit():
    assert grad(network)(X).tobytes() == grad(checkpointed)(X).tobytes()
    small = X[:4]
    np.testing.assert_allclose(hessian(network)(small), hessian(checkpointed)(small), rtol=1e-12)


def test_a_checkpoint_shrinks_the_tape_and_the_peak():
    _, plain = linearize(network, X)
    _, saved = linearize(checkpointed, X)
    assert saved.tape_bytes <= 9 * X.nbytes < plain.tape_bytes / 2
    peaks = [
        cost.peak_bytes(run(lineara.trace(f, X).function, Request(), "grad")[0])
        for f in (checkpointed, network)
    ]
    assert peaks[0] < peaks[1] / 2


def test_a_recomputation_survives_every_simplification():
    function = lineara.trace(checkpointed, X).function
    (gradient,) = run(function, Request(), "grad")
    again = simplify(gradient)

    def recomputed(f):
        return sum(e.recompute for g in callees_first(f) for e in g.equations)

    assert recomputed(again) == recomputed(gradient) > 0
    assert cost.peak_bytes(again) <= cost.peak_bytes(gradient)


def test_names_choose_what_a_checkpoint_keeps():
    def f(x):
        return np.sum(np.sin(name(np.cos(x), "inner")) ** 2)

    plain = grad(f)(X)
    _, nothing_kept = linearize(checkpoint(f), X)
    _, kept = linearize(checkpoint(f, policy=save_names("inner")), X)
    assert nothing_kept.tape_bytes <= kept.tape_bytes <= 2 * X.nbytes
    assert grad(checkpoint(f, policy=save_names("inner")))(X).tobytes() == plain.tobytes()


def test_a_checkpoint_takes_containers_and_anything_else():
    @checkpoint
    def f(params, mode, *, power):
        return {"y": params["x"] ** power if mode == "power" else params["x"]}

    def loss(x):
        return np.sum(f({"x": x}, "power", power=3)["y"])

    np.testing.assert_allclose(grad(loss)(X), 3 * X**2)
    np.testing.assert_allclose(f({"x": X}, "power", power=3)["y"], X**3)


def test_checkpoints_nest():
    inner = checkpoint(layer)
    outer = checkpoint(lambda x: np.sum(inner(inner(x))))
    assert grad(outer)(X).tobytes() == grad(lambda x: np.sum(layer(layer(x))))(X).tobytes()


def test_partial_evaluation_does_the_known_part_early():
    def f(a, x):
        return {"only_a": np.sum(np.exp(a)), "both": np.sin(a) * x}

    split = lineara.partial_eval(f, X, 2.0, known=0)
    tape = split.early(X)
    done = split.late(tape, 3.0)
    np.testing.assert_allclose(done["both"], np.sin(X) * 3.0, rtol=1e-15)
    np.testing.assert_allclose(done["only_a"], np.sum(np.exp(X)), rtol=1e-14)
    assert cost.work(split.halves.late) <= 2 * X.size
    assert "exp" not in str(split).split("def f.unknown")[1]


def test_partial_evaluation_can_recompute_instead_of_keeping():
    split = lineara.partial_eval(lambda a, x: np.sin(a) * x, X, X, known=0, policy=lineara.nothing)
    assert cost.work(split.halves.early) == 0
    np.testing.assert_allclose(split.late(split.early(X), X), np.sin(X) * X, rtol=1e-15)


def test_stop_gradient_stops():
    assert grad(lambda x: x * stop_gradient(x) ** 2)(3.0) == 9.0
    assert stop_gradient({"a": 1.0}) == {"a": 1.0}


def test_a_policy_may_be_any_predicate():
    seen = []

    def policy(site):
        seen.append(site.operation)
        return site.nbytes < 100

    bar = grad(network, policy=policy)(X)
    assert bar.tobytes() == grad(network)(X).tobytes()
    assert seen


def test_partial_eval_refuses_an_argument_that_is_not_there():
    with pytest.raises(lineara.LinearaError, match="known"):
        lineara.partial_eval(lambda a: a, 1.0, known=3)
