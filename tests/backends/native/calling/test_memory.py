"""Calls leave nothing behind."""

import gc
import resource
import sys
import weakref

import numpy as np
import pytest

from lineara.backends.native.calling import ARRAY, Dispatcher, Kernel, Signature
from lineara.errors import ShapeError
from lineara.ir import ArrayType

F, N = ArrayType("f64"), ArrayType("i64")
LARGE = ArrayType("f64", (1000,))


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )


def growth(f, calls):
    for _ in range(1000):
        f()
    start = peak()
    for _ in range(calls):
        f()
    return peak() - start


def test_a_million_calls_take_no_memory(entry):
    f = entry("both", (F, F), (F, F))
    assert growth(lambda: f(1.0, 2.0), 1_000_000) < 1 << 20


def test_calls_with_containers_take_no_memory(executable):
    f = Dispatcher(lambda *args: None)
    kernel = Kernel(executable("both", (F, F), (F, LARGE)))
    f.add(Signature(kernel, [{"a": ARRAY, "b": [ARRAY]}], (ARRAY, {"a": [ARRAY]})))
    x = {"a": np.array(1.0), "b": [2.0]}
    assert growth(lambda: f(x), 50_000) < 1 << 20


def test_errors_take_no_memory(entry):
    f = entry("fails", (LARGE,), (LARGE,), failures=(ValueError, ValueError))
    x = np.zeros(1000)

    def fail():
        with pytest.raises(ValueError, match="7"):
            f(x)
        with pytest.raises(ShapeError):
            f(x[:3])

    assert growth(fail, 3000) < 1 << 20


def test_conversions_take_no_memory(entry):
    f = entry("both", (F, F), (LARGE, LARGE))
    assert growth(lambda: f(np.float32(1.0), 2), 20_000) < 1 << 20


def test_workspaces_go_with_their_kernels(entry):
    def once():
        entry("busy", (N,), (N,), workspace=1 << 12)(3)

    assert growth(once, 5000) < 1 << 22


def test_a_cycle_through_a_callable_is_collected(executable):
    class Token:
        pass

    token = Token()
    watched = weakref.ref(token)

    f = Dispatcher(lambda *args: args)
    f.token, f.itself = token, f
    f.add(Signature(Kernel(executable("both", (F, F), (F, F))), [ARRAY, ARRAY], (ARRAY, ARRAY)))
    f(1.0, 2.0)
    del f, token
    gc.collect()
    assert watched() is None
