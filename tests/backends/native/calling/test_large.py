"""Large results own their memory, which serves the next of their size when they are gone."""

import ctypes
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy._core import _multiarray_umath
from numpy._core.multiarray import get_handler_name

from lineara.backends.native.calling.machine import LARGE, LARGEST
from lineara.ir import ArrayType

N = ArrayType("i64")
COUNT = LARGE // 8
VECTOR = ArrayType("f64", (COUNT,))


@pytest.fixture
def make(entry):
    """A kernel that takes a number and gives a large array, whatever is in it."""
    f = entry("busy", (N,), (N, VECTOR))
    return lambda: f(1)[1]


def test_large_results_are_arrays_like_others(make):
    x = make()
    assert x.base is None
    assert x.flags.owndata
    assert x.flags.writeable
    assert x.ctypes.data % 64 == 0
    assert get_handler_name(x) == "lineara"


def test_the_memory_of_one_that_is_gone_is_used_again(make):
    x = make()
    address = x.ctypes.data
    del x
    assert make().ctypes.data == address


def test_those_that_live_keep_their_memory(make):
    results = [make() for _ in range(4)]
    for i, x in enumerate(results):
        x[...] = i
    assert [float(x.sum()) for x in results] == [0.0, COUNT, 2.0 * COUNT, 3.0 * COUNT]
    assert len({x.ctypes.data for x in results}) == 4


def test_other_sizes_have_other_memory(make, entry):
    longer = entry("busy", (N,), (N, ArrayType("f64", (COUNT + 8,))))
    kept = make().ctypes.data
    x = longer(1)[1]
    x[...] = 1.0
    assert x.ctypes.data != kept
    assert make().ctypes.data == kept


def test_what_is_larger_than_what_is_kept(entry):
    f = entry("busy", (N,), (N, ArrayType("u8", (LARGEST + 1,))))
    x = f(1)[1]
    x[-1] = 3
    assert x[-1] == 3


@pytest.mark.parametrize("size", [3, COUNT // 2, 2 * COUNT])
def test_one_may_be_resized(size, make):
    x = make()
    x[:3] = [1.0, 2.0, 3.0]
    x.resize(size, refcheck=False)
    assert list(x[:3]) == [1.0, 2.0, 3.0]
    assert x.shape == (size,)
    del x
    assert make().shape == (COUNT,)


def test_the_handler_that_is_in_force_stays_so(make):
    before = get_handler_name()
    x = make()
    assert get_handler_name() == before
    assert get_handler_name(np.zeros(COUNT)) == before
    assert get_handler_name(x.copy()) == before


def test_a_handler_of_someone_else_is_respected(make):
    """It is NumPy's own under another name."""
    api = ctypes.pythonapi
    pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    capsule = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    get = pointer(("PyCapsule_GetPointer", api))
    table = ctypes.cast(get(_multiarray_umath._ARRAY_API, None), ctypes.POINTER(ctypes.c_void_p))
    numpy_own = ctypes.cast(table[306], ctypes.POINTER(ctypes.py_object))[0]
    other = ctypes.create_string_buffer(ctypes.string_at(get(numpy_own, b"mem_handler"), 168))
    other[:6] = b"other\0"
    named = capsule(("PyCapsule_New", api))(ctypes.addressof(other), b"mem_handler", None)
    change = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(table[304])
    before = change(named)
    try:
        assert get_handler_name(make()) == "other"
    finally:
        change(before)


def test_one_that_cannot_be_made_leaves_the_handler(entry):
    f = entry("busy", (N,), (N, ArrayType("f64", (1 << 45,))))
    before = get_handler_name()
    with pytest.raises(MemoryError):
        f(1)
    assert get_handler_name() == before


def test_threads_never_share_memory(entry):
    f = entry("busy", (N,), (N, VECTOR), releases_gil=True)

    def once(i):
        x = f(1000)[1]
        x[::512] = i
        return bool((x[::512] == i).all())

    with ThreadPoolExecutor(3) as pool:
        assert all(pool.map(once, range(60)))
