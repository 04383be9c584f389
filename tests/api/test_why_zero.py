"""why_zero: what stops a derivative, and where."""

from __future__ import annotations

import numpy as np
import pytest

from lineara import checkpoint, cond, scan, stop_gradient, while_loop, why_zero

X = np.array([1.5, -0.5])


@pytest.mark.parametrize(
    ("f", "kind", "words"),
    [
        (lambda x: np.sum(stop_gradient(x) * 2.0), "stop_gradient", "stop_gradient(x) * 2.0"),
        (lambda x: np.sum(x.astype(int) * 2.0), "integer", "x.astype(int)"),
        (lambda x: np.sum(np.where(x > 0, 1.0, 2.0)), "comparison", "np.where(x > 0"),
        (lambda x: np.sum(np.floor(x)), "nondifferentiable", "np.floor(x)"),
        (lambda x: np.argmax(x) * 1.0, "integer", "np.argmax(x)"),
        (lambda x: np.sum(np.ones(2)), "disconnected", "does not reach the result"),
        (lambda x: np.sum(np.maximum(x - 9.0, 0.0)), "value", "np.maximum(x - 9.0, 0.0)"),
        (lambda x: np.sum(checkpoint(np.sign)(x)), "nondifferentiable", "np.sign"),
        (
            lambda x: scan(lambda c, t: (c + np.sign(t), c), 0.0, x)[0],
            "nondifferentiable",
            "np.sign",
        ),
        (
            lambda x: while_loop(lambda c: c < 9.0, lambda c: c + np.round(x[0]), 0.0),
            "nondifferentiable",
            "np.round",
        ),
        (
            lambda x: cond(
                x[0] > 0, lambda v: np.sum(np.ceil(v)), lambda v: np.sum(np.floor(v)), x
            ),
            "nondifferentiable",
            "np.ceil",
        ),
    ],
)
def test_it_names_the_kind_and_the_line(f, kind, words):
    report = why_zero(f)(X)
    (leaf,) = report.leaves
    assert leaf.zero
    assert kind in report.kinds
    assert words in str(report)


def test_every_place_on_the_way_is_listed_and_nothing_else():
    def f(x):
        unused = np.floor(x)
        mask = x > 0
        part = stop_gradient(x)
        return np.sum(np.where(mask, part, 0.0)) + 0.0 * len(unused)

    report = why_zero(f)(X)
    assert [r.kind for r in report.leaves[0].reasons] == ["comparison", "stop_gradient"]
    assert "np.floor" not in str(report)


def test_a_derivative_that_is_not_zero_says_so():
    report = why_zero(lambda x: np.sum(x * np.floor(x)))(X)
    assert not report.leaves[0].zero
    assert "not zero" in str(report)
    assert report.kinds == {"nondifferentiable"}


def test_each_array_of_the_arguments_has_a_report():
    def f(p, n):
        return np.sum(p["a"]) * 2.0

    report = why_zero(f, (0, 1))({"a": X, "b": X}, 3)
    assert [(leaf.name, leaf.zero) for leaf in report.leaves] == [
        ("p['a']", False),
        ("p['b']", True),
        ("n", True),
    ]
    assert report.leaves[1].reasons[0].kind == "disconnected"
    assert report.leaves[2].reasons[0].kind == "integer"
