"""Callables of several signatures, with containers."""

import functools
import inspect
import sys
import threading
from collections import OrderedDict, namedtuple

import numpy as np
import pytest

from lineara.backends.native.calling import ARRAY, Dispatcher, Kernel, Made, Signature, Static
from lineara.ir import ArrayType

F, N = ArrayType("f64"), ArrayType("i64")
MISSED = object()


@pytest.fixture(scope="module")
def both(executable):
    """Makes a callable of the sum and the difference of two numbers in a structure."""
    kernel = Kernel(executable("both", (F, F), (F, F)))

    def make(arguments, result=(ARRAY, ARRAY), **options):
        f = Dispatcher(lambda *args, **kwargs: MISSED)
        f.add(Signature(kernel, arguments, result, **options))
        return f

    return make


@pytest.mark.parametrize(
    ("structure", "args"),
    [
        ([ARRAY, ARRAY], (3.0, np.array(1.0))),
        ([(ARRAY, ARRAY)], ((3.0, 1.0),)),
        ([[ARRAY], (ARRAY,)], ([3.0], (1.0,))),
        ([{"a": ARRAY, "b": ARRAY}], ({"b": 1.0, "a": 3.0},)),
        ([{"a": (ARRAY, []), 2: [{}, ARRAY]}, ()], ({"a": (3.0, []), 2: [{}, 1.0]}, ())),
        ([ARRAY, Static("relu"), ARRAY, Static(None)], (3.0, "relu", 1.0, None)),
        ([Static((1, (2, "x"))), ARRAY, ARRAY], ((1, (2, "x")), 3.0, 1.0)),
    ],
)
def test_containers_match(structure, args, both):
    assert both(structure)(*args) == (4.0, 2.0)


Pair = namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    ("structure", "args"),
    [
        ([ARRAY, ARRAY], (3.0,)),
        ([ARRAY, ARRAY], (3.0, 1)),
        ([ARRAY, ARRAY], (3.0, None)),
        ([(ARRAY, ARRAY)], ([3.0, 1.0],)),
        ([(ARRAY, ARRAY)], (Pair(3.0, 1.0),)),
        ([(ARRAY, ARRAY)], ((3.0, 1.0, 2.0),)),
        ([[ARRAY, ARRAY]], ([3.0],)),
        ([{"a": ARRAY, "b": ARRAY}], ({"a": 3.0, "c": 1.0},)),
        ([{"a": ARRAY, "b": ARRAY}], ({"a": 3.0},)),
        ([{"a": ARRAY, "b": ARRAY}], (OrderedDict(a=3.0, b=1.0),)),
        ([ARRAY, ARRAY, Static(1)], (3.0, 1.0, 1.0)),
        ([ARRAY, ARRAY, Static(1)], (3.0, 1.0, True)),
        ([ARRAY, ARRAY, Static(1)], (3.0, 1.0, 2)),
        ([ARRAY, ARRAY, Static(np.zeros(3))], (3.0, 1.0, np.zeros(3))),
    ],
)
def test_other_arguments_go_to_python(structure, args, both):
    assert both(structure)(*args) is MISSED


@pytest.mark.parametrize(
    ("structure", "expected"),
    [
        ((ARRAY, ARRAY), (4.0, 2.0)),
        ([ARRAY, (ARRAY,)], [4.0, (2.0,)]),
        ((ARRAY, {"b": ARRAY, "a": Static("aux")}), (4.0, {"b": 2.0, "a": "aux"})),
        (Made(lambda arrays: Pair(*arrays), 2), Pair(4.0, 2.0)),
        ((Static(None), Made(list, 2), {}, []), (None, [4.0, 2.0], {}, [])),
    ],
)
def test_results_are_built(structure, expected, both):
    given = both([ARRAY, ARRAY], structure)(3.0, 1.0)
    assert given == expected
    assert type(given) is type(expected)


def test_dictionaries_keep_the_order_of_their_structure(both):
    given = both([ARRAY, ARRAY], {"z": ARRAY, "a": ARRAY})(3.0, 1.0)
    assert list(given) == ["z", "a"]


def test_an_error_while_a_result_is_built(both):
    f = both([ARRAY, ARRAY], (ARRAY, Made(lambda arrays: 1 / 0, 1)))
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            f(3.0, 1.0)


def test_named_arguments(both):
    f = both([ARRAY, ARRAY], names=("y",))
    assert f(3.0, y=1.0) == (4.0, 2.0)
    assert f(3.0, **{"".join(["y"]): 1.0}) == (4.0, 2.0)
    g = both([ARRAY, ARRAY], names=("x", "y"))
    assert g(y=1.0, x=3.0) == g(x=3.0, y=1.0) == (4.0, 2.0)
    assert f(3.0, z=1.0) is f(3.0, 1.0) is f(y=3.0) is f(3.0, y=1.0, z=2.0) is MISSED


def test_bound_arrays_come_last(executable):
    kernel = Kernel(executable("both", (F, F), (F, F)))
    y = np.array(1.0)
    f = Dispatcher(lambda *args: MISSED)
    f.add(Signature(kernel, [ARRAY], (ARRAY, ARRAY), bound=[y]))
    y[...] = 9.0
    assert f(3.0) == (4.0, 2.0)


def test_structures_that_do_not_fit_the_kernel(both):
    for structure in ([ARRAY], [ARRAY, ARRAY, ARRAY]):
        with pytest.raises(ValueError, match="as many arrays"):
            both(structure)
    with pytest.raises(ValueError, match="as many arrays"):
        both([ARRAY, ARRAY], ARRAY)
    with pytest.raises(ValueError, match="no place for a OrderedDict"):
        both([OrderedDict(a=ARRAY, b=ARRAY)])
    deep = functools.reduce(lambda tree, _: [tree], range(200), ARRAY)
    with pytest.raises(ValueError, match="nested"):
        both([deep, ARRAY])


def test_signatures_are_found_among_many(executable):
    copy = Kernel(executable("copy_8", (N,), (N,)))
    both = Kernel(executable("both", (F, F), (F, F)))

    def miss(*args):
        if len(args) > 1:
            f.add(Signature(both, [ARRAY] * 2, (ARRAY, ARRAY)))
        else:
            f.add(Signature(copy, [ARRAY], ARRAY))
        missed.append(args)
        return f(*args)

    missed = []
    f = Dispatcher(miss)
    for _ in range(3):
        assert f(2.0, 1.0) == (3.0, 1.0)
        assert f(7) == 7
    assert len(missed) == 2
    assert len(f.signatures) == 2
    f.clear()
    assert f(7) == 7
    assert len(missed) == 3


def test_a_callable_is_like_a_function(both):
    def f(x, y=2.0):
        """What it does."""

    g = functools.update_wrapper(both([ARRAY, ARRAY]), f)
    assert (g.__name__, g.__doc__, g.__wrapped__) == ("f", "What it does.", f)
    assert str(inspect.signature(g)) == "(x, y=2.0)"
    assert callable(g)
    assert isinstance(g, Dispatcher)
    g.note = 1
    assert g.note == 1


def test_a_callable_is_a_method_of_a_class():
    class Model:
        method = Dispatcher(lambda *args, **kwargs: (args, kwargs))

    model = Model()
    assert model.method(1, a=2) == ((model, 1), {"a": 2})
    assert Model.method(1) == ((1,), {})


def test_a_miss_may_fail(both):
    f = Dispatcher(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        f()
    with pytest.raises(TypeError, match="positional"):
        f(1)


def test_a_static_argument_that_changes_its_list_while_it_is_compared(both):
    class Rude:
        def __eq__(self, other):
            arguments.clear()
            return True

        __hash__ = None

    arguments = [np.array(3.0), Rude(), np.array(1.0)]
    assert both([[ARRAY, Static(Rude()), ARRAY]])(arguments) is MISSED


def test_signatures_may_be_forgotten_while_they_run(executable):
    def miss(n):
        f.add(Signature(Kernel(executable("busy", (N,), (N,), releases_gil=True)), [ARRAY], ARRAY))
        return f(n)

    f = Dispatcher(miss)
    results = []
    threads = [threading.Thread(target=lambda: results.append(f(20_000_000))) for _ in range(3)]
    for t in threads:
        t.start()
    while any(t.is_alive() for t in threads):
        f.clear()
    assert results == [0, 0, 0]


@pytest.mark.parametrize("order", ["transposed", "strided", "reversed", "unaligned"])
def test_arrays_in_other_orders_are_copied_natively(order, executable):
    wide = ArrayType("f64", (2, 3))
    f = Dispatcher(lambda *args: MISSED)
    f.add(Signature(Kernel(executable("copy_48", (wide,), (wide,))), [[ARRAY]], ARRAY))
    x = {
        "transposed": np.arange(6.0).reshape(3, 2).T,
        "strided": np.arange(24.0).reshape(4, 6)[::2, ::2],
        "reversed": np.arange(6.0).reshape(2, 3)[::-1, ::-1],
        "unaligned": np.arange(56, dtype=np.uint8)[3:51].view("f8").reshape(2, 3),
    }[order]
    before = sys.getrefcount(x)
    for _ in range(10):
        np.testing.assert_array_equal(f([x]), x)
    assert sys.getrefcount(x) == before
