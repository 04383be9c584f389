"""check_derivatives finds wrong derivatives, says where, and leaves right ones alone."""

from __future__ import annotations

import numpy as np
import pytest

from lineara import custom_jvp, custom_vjp, stop_gradient
from lineara.testing import check_derivatives

X = np.array([0.1, 0.7])


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (lambda x: np.sin(x) * x, (X,)),
        (lambda x, y: {"p": x @ y, "q": [x * 2.0]}, (X, X + 1.0)),
        (lambda z: np.exp(z) * z.real, (X + 1j,)),
        (lambda x, n: (x**n, n), (2.0, 3)),
        (lambda x: np.exp(x), (X.astype(np.float32),)),
        (lambda x: np.linalg.inv(x), (np.array([[2.0, 1.0], [0.5, 3.0]]),)),
    ],
)
@pytest.mark.parametrize("modes", [("fwd",), ("rev",), ("fwd", "rev")])
def test_right_derivatives_pass(f, args, modes):
    check_derivatives(f, *args, modes=modes)


def wrong(first, second):
    f = custom_jvp(np.sin)
    f.defjvp(lambda p, t: (f(*p), first * second(np.cos(p[0])) * t[0]))
    return f


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("fwd", r"the jvp of sin and the difference disagree at result\[\d\]"),
        ("rev", "⟨vjp of sin, v⟩ and ⟨w, difference⟩ disagree at argument 0"),
    ],
)
def test_a_wrong_first_derivative_is_found(mode, words):
    with pytest.raises(AssertionError, match=words):
        check_derivatives(wrong(1.001, lambda c: c), X, order=1, modes=(mode,))


@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_a_wrong_second_derivative_is_found_at_order_two(mode):
    f = wrong(1.0, stop_gradient)
    check_derivatives(f, X, order=1, modes=(mode,))
    with pytest.raises(AssertionError, match=r"of the (jvp|vjp) of sin"):
        check_derivatives(f, X, order=2, modes=(mode,))


def test_one_wrong_element_of_one_argument_is_named():
    f = custom_vjp(lambda x, y: x * y)
    right, off = np.array([1.0, 1.0]), np.array([1.0, 1.01])
    f.defvjp(lambda x, y: (x * y, (x, y)), lambda r, w: (right * r[1] * w, off * r[0] * w))
    with pytest.raises(AssertionError, match="argument 1"):
        check_derivatives(f, X, X, modes=("rev",))
    with pytest.raises(AssertionError, match=r"result\[1\]"):
        check_derivatives(f, X, X, modes=("fwd",))


def test_a_value_that_depends_on_tracing_is_found():
    def f(x):
        return x if isinstance(x, np.ndarray) else x * 2.0

    with pytest.raises(AssertionError, match="traced and not"):
        check_derivatives(f, X, order=1)


def test_a_nan_is_a_disagreement():
    with pytest.raises(AssertionError, match="nan"):
        check_derivatives(wrong(np.nan, np.exp), X, order=1)


def test_bad_requests():
    with pytest.raises(ValueError, match="modes"):
        check_derivatives(np.sin, X, modes=("forward",))
    with pytest.raises(ValueError, match="nothing is real"):
        check_derivatives(lambda n: n, 1)


def test_the_coarsest_dtype_of_arguments_and_results_counts():
    check_derivatives(lambda x: x.astype(np.float32) ** 2, np.array([0.3, 1.2]))
