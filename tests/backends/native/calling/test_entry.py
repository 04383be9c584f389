"""Kernels called with numbers and arrays of every kind."""

import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lineara.errors import DtypeError, ShapeError
from lineara.ir import DTYPE_NAMES, ArrayType

F, F6, N = ArrayType("f64"), ArrayType("f64", (2, 3)), ArrayType("i64")


def test_results_are_new_arrays_of_no_dimension(entry):
    given = entry("both", (F, F), (F, F))(3.0, 1.0)
    assert type(given) is tuple
    assert [type(x) for x in given] == [np.ndarray] * 2
    assert [(x.shape, x.dtype, x.base, x.flags.owndata) for x in given] == [
        ((), "f8", None, True)
    ] * 2
    assert given == (4.0, 2.0)


@pytest.mark.parametrize("name", DTYPE_NAMES)
def test_scalars_of_every_dtype(name, entry):
    dtype, type_ = DTYPE_NAMES[name], ArrayType(name)
    copy = entry(f"copy_{dtype.itemsize}", (type_,), (type_,))
    for x in (dtype.type(1), np.array(1, dtype), dtype.type(0)):
        (y,) = copy(x)
        assert y.dtype == dtype
        assert y == x


@pytest.mark.parametrize(
    ("name", "value"),
    [("f64", 2.5), ("f64", 2), ("f64", True), ("i64", -(2**63)), ("i64", 2**63 - 1), ("c128", 1 + 2j), ("c128", 2.5),
     ("bool", True), ("bool", False), ("i64", True), ("f32", 0.5), ("i32", 7), ("u8", 255), ("f64", float("nan"))],
)  # fmt: skip
def test_python_numbers(name, value, entry):
    type_ = ArrayType(name)
    (y,) = entry(f"copy_{type_.nbytes}", (type_,), (type_,))(value)
    assert y.dtype == type_.dtype
    np.testing.assert_equal(y, np.asarray(value, type_.dtype))


class Derived(np.ndarray):
    pass


X = np.arange(6.0).reshape(2, 3)
PADDED = np.zeros((2, 6))
PADDED[:, ::2] = X
UNALIGNED = np.zeros(49, np.uint8)[1:].view("f8").reshape(2, 3)
UNALIGNED[...] = X
READ_ONLY = X.copy()
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize(
    "x",
    [X, np.asfortranarray(X), PADDED[:, ::2], UNALIGNED, READ_ONLY, X.astype(">f8"), X.tolist(), X.astype("f4"), X.astype("i4"),
     X.astype(np.longlong), X[::-1][::-1], X.view(Derived), np.ma.array(X), X.astype(np.dtype("f8", metadata={"unit": "m"}))],
)  # fmt: skip
def test_arrays_in_any_memory(x, entry):
    (y,) = entry("copy_48", (F6,), (F6,))(x)
    assert type(y) is np.ndarray
    np.testing.assert_array_equal(y, np.asarray(x))


@pytest.mark.parametrize("dtype", [np.longlong, np.int_, np.intc, np.int8])
def test_every_c_integer(dtype, entry):
    copy = entry("copy_8", (N,), (N,))
    assert copy(np.array(-5, dtype)) == copy(dtype(-5)) == (-5,)


def test_arrays_without_elements(entry):
    empty = ArrayType("f64", (0, 3))
    (y,) = entry("busy", (N, empty), (N, empty)[:1])(3, np.zeros((0, 3)))
    assert y == 0
    with pytest.raises(ShapeError):
        entry("copy_8", (empty,), (empty,))(np.zeros((3, 0)))


@pytest.mark.parametrize(
    ("type_", "x", "error", "message"),
    [
        (F6, np.zeros((3, 2)), ShapeError, "argument 0 is float64[3, 2], and f64[2,3] is needed"),
        (F, X, ShapeError, "argument 0 is float64[2, 3], and f64 is needed"),
        (F, 1j, DtypeError, "argument 0 is complex128[], and f64 is needed"),
        (N, 1.5, DtypeError, "convert it: .astype('int64')"),
        (N, 2**63, OverflowError, "does not hold"),
        (ArrayType("u8"), -1, OverflowError, "it is not from 0 to 255"),
        (F, 10**400, DtypeError, "argument 0 is object"),
        (F, "text", DtypeError, "and f64 is needed"),
        (F, None, DtypeError, "and f64 is needed"),
        (F, object(), DtypeError, "and f64 is needed"),
    ],
)
def test_what_does_not_fit_is_refused(type_, x, error, message, entry):
    with pytest.raises(error, match=re.escape(message)):
        entry(f"copy_{type_.nbytes}", (type_,), (type_,))(x)


def test_the_number_of_arguments(entry):
    f = entry("both", (F, F), (F, F))
    for args in ((), (1.0,), (1.0,) * 3):
        with pytest.raises(ShapeError, match=f"2 arguments are needed, not {len(args)}"):
            f(*args)
    with pytest.raises(TypeError, match="unexpected keyword argument 'y'"):
        f(1.0, y=2.0)


def test_failures_tell_their_details(entry):
    def failure(details):
        return IndexError(f"index {details}")

    f = entry("fails", (F,), (F,), failures=(ValueError, failure))
    with pytest.raises(IndexError, match=re.escape("index (7, -8, 9, 10)")):
        f(1.0)


@pytest.mark.parametrize("bytes_", [0, 8, 64, 100, 1 << 20])
def test_workspaces_are_aligned(bytes_, entry):
    assert entry("busy", (N,), (N,), workspace=bytes_)(3) == (0,)


def test_a_workspace_that_is_too_large_is_an_error_of_memory(entry):
    with pytest.raises(MemoryError):
        entry("busy", (N,), (N,), workspace=1 << 62)(3)


def test_a_result_that_is_too_large_is_an_error_of_memory(entry):
    with pytest.raises(MemoryError):
        entry("busy", (N,), (N, ArrayType("f64", (1 << 45,))))(3)


@pytest.mark.parametrize("releases", [False, True])
def test_threads_have_workspaces_of_their_own(releases, entry):
    f = entry(
        "busy",
        (N,),
        (N,),
        failures=(lambda details: AssertionError("shared"),),
        releases_gil=releases,
    )
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(f, [200_000] * 40)) == [(0,)] * 40


def test_other_threads_run_while_a_long_kernel_does(entry):
    f = entry("busy", (N,), (N,), releases_gil=True)
    thread = threading.Thread(target=f, args=(300_000_000,))
    thread.start()
    turns = 0
    while thread.is_alive():
        turns += 1
    assert turns > 1000


def test_references_are_returned(entry):
    f = entry("fails", (F6,), (F6,), failures=(ValueError, ValueError))
    copy = entry("copy_48", (F6,), (F6,))
    x, dtype = X.copy(), X.dtype
    copy(x)
    before = sys.getrefcount(x), sys.getrefcount(dtype)
    for _ in range(100):
        (y,) = copy(x)
        assert sys.getrefcount(y) == 2
        with pytest.raises(ValueError, match="7"):
            f(x)
        with pytest.raises(ShapeError):
            copy(x, x)
    del y
    assert (sys.getrefcount(x), sys.getrefcount(dtype)) == before
