"""Bad input: each has an error that says what is wrong and how to mend it."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest

import lineara
from lineara import LinearaError, grad, jvp, linear_transpose, linearize, value_and_grad, vjp
from lineara.errors import DtypeError, LeakError, LinearTypeError, ShapeError, TraceError
from lineara.frontend.trace import current_trace
from lineara.transforms import Plan

X = np.array([1.0, 2.0])


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda: grad(np.sum)(2), DtypeError, "integers have no tangent"),
        (lambda: grad(np.sum)(np.array([True])), DtypeError, r"bool\[1\]"),
        (lambda: grad(lambda x: x)(X), ShapeError, r"needs a scalar result.*f64\[2\]"),
        (lambda: grad(lambda x: (x, x))(1.0), ShapeError, "returns 2 arrays"),
        (lambda: grad(lambda x: x > 0)(1.0), DtypeError, "needs a real result.*bool"),
        (lambda: grad(lambda x: x * 1j)(1.0), DtypeError, "needs a real result.*c128"),
        (lambda: grad(lambda x: None)(1.0), DtypeError, "returns None"),
        (lambda: grad(lambda x: "text")(1.0), DtypeError, "not str"),
        (lambda: grad(np.sum)(None), DtypeError, "is None"),
        (lambda: grad(np.sum)({"a": [1.0, None]}), DtypeError, r"\['a'\]\[1\].*is None"),
        (lambda: grad(np.sum)(np.array([1, "a"], object)), DtypeError, "dtype object"),
        (lambda: grad(np.sum)(np.float16(1)), DtypeError, "float16"),
        (lambda: grad(np.sum)(np.longdouble(1)), DtypeError, "cannot be traced"),
        (lambda: grad(np.sum)("abc"), DtypeError, "not str"),
        (lambda: grad(np.sum)(), ShapeError, "0 positional"),
        (lambda: grad(np.sum)([]), DtypeError, "no arrays among the arguments"),
        (
            lambda: lineara.trace(lambda: 1.0),
            DtypeError,
            "(?s)no arrays among .*: pass an argument",
        ),
        (lambda: lineara.partial_eval(lambda: 1.0), DtypeError, "(?s)among .*: pass an argument"),
        (lambda: grad(np.argmax)(X), DtypeError, "(?s)returns i64.*have no derivative"),
        (lambda: lineara.checkpoint(3), DtypeError, "checkpoint takes a function, not int"),
        (lambda: lineara.name(1.0, 3), DtypeError, "a name is a string, not 3"),
        (lambda: Plan.parse(None), DtypeError, "read from text, not from NoneType"),
        (
            lambda: lineara.ArrayType("f64", 3),
            DtypeError,
            r"(?s), 3\): a shape is .*the shape \(3,\)",
        ),
        (lambda: lineara.ArrayType("f64", (2.0,)), DtypeError, "a tuple of integers"),
        (lambda: grad(3.0), DtypeError, r"not grad\(f\(x\)\)"),
        (lambda: grad(np.sum, argnums=2)(X), ShapeError, "argument 2"),
        (lambda: grad(np.sum, argnums="x")(X), DtypeError, "argnums"),
        (lambda: grad(lambda x: x, has_aux=True)(1.0), DtypeError, "pair"),
        (lambda: grad(lambda z: z, holomorphic=True)(1.0), DtypeError, "complex"),
        (lambda: lineara.jacfwd(lambda z: z * 1j)(1.0), DtypeError, "real arguments and results"),
        (lambda: jvp(np.sin, (X,), (1.0,)), ShapeError, r"tangent of `x`.*f64\[2\] is needed"),
        (lambda: jvp(np.sin, (X,), (X, X)), ShapeError, "1 primals and 2 tangents"),
        (lambda: jvp(np.sin, (X,), ([X],)), ShapeError, "structure"),
        (lambda: jvp(np.sin, (X,), (X * 1j,)), DtypeError, "c128"),
        (lambda: jvp(np.sin, X, X), DtypeError, "tuple or list"),
        (lambda: jvp(lambda n: n, (3,), (1,)), DtypeError, "give None"),
        (lambda: vjp(np.sin, X)[1](1.0), ShapeError, "cotangent"),
        (lambda: linearize(np.sin, X)[1](X, X), ShapeError, "one argument"),
        (lambda: grad(lambda x: x + np.ones(3))(X), ShapeError, r"\(2,\) and \(3,\)"),
        (lambda: grad(lambda x: math.sin(x))(1.0), TraceError, "np.sin, not math.sin"),
        (lambda: grad(lambda x: float(x))(1.0), TraceError, "lose its derivative"),
        (lambda: grad(lambda x: np.array([x, x]).sum())(1.0), TraceError, "np.stack"),
        (lambda: grad(lambda x: 1.0 if x else 0.0)(X), TraceError, "ambiguous"),
    ],
)
def test_a_bad_call_says_what_is_wrong(attempt, error, message):
    with pytest.raises(error, match=message) as caught:
        attempt()
    assert caught.value.mend or "mend" not in str(caught.value)
    assert current_trace() is None


def test_linear_transpose_names_the_line_that_is_not_linear():
    def f(x):
        y = 2.0 * x
        return y * y

    with pytest.raises(LinearTypeError, match="linear value") as caught:
        linear_transpose(f, 1.0)
    assert caught.value.origin.line == f.__code__.co_firstlineno + 2
    assert "return y * y" in str(caught.value)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (np.sin, "nonlinear"),
        (lambda x: x + 1.0, "affine"),
        (lambda x: 1.0 / x, "linear"),
        (lambda x: np.float64(1.0), "does not depend"),
        (lambda x: x if x > 0 else -x, "linear"),
    ],
)
def test_linear_transpose_refuses_what_is_not_linear(f, message):
    with pytest.raises(LinearaError, match=message):
        linear_transpose(f, 1.0)


def test_a_leaked_value_is_named_when_it_is_used():
    kept = []

    def f(x):
        kept.append(x)
        return x * x

    grad(f)(1.0)
    with pytest.raises(LeakError, match="after the function"):
        kept[0] + 1.0
    with pytest.raises(LeakError, match="after the function"):
        grad(lambda x: x * kept[0])(1.0)
    with pytest.raises(LeakError, match="after the function"):
        bool(kept[0] > 0)


def test_a_branch_on_a_type_without_a_value_names_the_line():
    with pytest.raises(TraceError, match="not known here") as caught:
        lineara.trace(lambda x: x if x > 0 else -x, lineara.ArrayType("f64"))
    assert "test_bad_input.py" in str(caught.value)


def test_an_exception_in_the_function_comes_through_and_leaves_no_state():
    class MineError(Exception):
        pass

    def f(x):
        np.sin(x)
        raise MineError("from the user")

    with pytest.raises(MineError, match="from the user") as caught:
        grad(f)(1.0)
    assert caught.traceback[-1].name == "f"
    assert current_trace() is None
    assert grad(np.sin)(0.0) == 1.0
    with pytest.raises(MineError):
        grad(lambda x: grad(f)(x))(1.0)
    assert current_trace() is None


def test_threads_do_not_disturb_each_other():
    failures = []
    barrier = threading.Barrier(4)

    def work(seed):
        def f(x):
            if seed % 2:
                raise ValueError(seed)
            return np.sum(np.sin(x) * seed)

        barrier.wait()
        for _ in range(20):
            try:
                bar = grad(f)(X)
                if not np.allclose(bar, seed * np.cos(X)):
                    failures.append((seed, bar))
            except ValueError as error:
                if error.args != (seed,):
                    failures.append((seed, error))
        if current_trace() is not None:
            failures.append((seed, "a trace is left"))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures


def test_a_traced_value_of_another_thread_is_leaked():
    errors = []

    def f(x):
        def use():
            try:
                x + 1.0
            except LeakError as error:
                errors.append(error)

        t = threading.Thread(target=use)
        t.start()
        t.join()
        return x

    grad(f)(1.0)
    assert len(errors) == 1


def test_a_traced_value_is_not_hashable():
    with pytest.raises(TypeError, match="not hashable"):
        grad(lambda x: {x: 1}[x])(1.0)


def test_assigning_to_an_ordinary_array_is_an_error_that_says_so():
    def f(x):
        y = np.zeros(2)
        y[0] = x
        return np.sum(y)

    with pytest.raises(TraceError, match="would lose its derivative") as caught:
        grad(f)(1.0)
    assert "y[0] = x" in str(caught.value)


def test_big_endian_arguments_are_taken():
    value, bar = value_and_grad(lambda x: np.sum(x * x))(X.astype(">f8"))
    assert value == 5.0
    np.testing.assert_array_equal(bar, 2 * X)


def test_masked_arrays_are_refused():
    with pytest.raises(DtypeError, match="masked"):
        grad(np.sum)(np.ma.masked_array([1.0, 2.0], [True, False]))
