"""Python called from kernels, and signals in long ones."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lineara.backends.native.callback import Callback, install
from lineara.errors import ShapeError
from lineara.ir import ArrayType

V, F, EMPTY = ArrayType("f64", (3,)), ArrayType("f64"), ArrayType("f64", (0,))


@pytest.fixture
def asks(library, entry):
    """Makes a callable of a kernel that asks Python."""

    def make(evaluate, parameters=(V,), results=(V,), **options):
        callback = Callback(evaluate, parameters, results)
        install(library["callbacks"], [callback])
        return entry("asks", parameters, results, keep=(library, callback), **options)

    return make


@pytest.mark.parametrize("releases", [False, True])
def test_python_gives_results(releases, asks):
    f = asks(lambda x, y: (x + y, np.sum(x)), (V, F), (V, F), releases_gil=releases)
    total, s = f(np.arange(3.0), 1.0)
    np.testing.assert_array_equal(total, [1.0, 2.0, 3.0])
    assert s == 3.0


def test_results_are_converted(asks):
    (y,) = asks(lambda x: ([1, 2, 3],))(np.zeros(3))
    np.testing.assert_array_equal(y, [1.0, 2.0, 3.0])


def test_operands_cannot_be_changed(asks):
    def write(x):
        x[0] = 1.0

    with pytest.raises(ValueError, match="read-only"):
        asks(write)(np.zeros(3))


def test_arrays_without_elements(asks):
    (y,) = asks(lambda x: (x,), (EMPTY,), (EMPTY,))(np.zeros(0))
    assert y.shape == (0,)


@pytest.mark.parametrize("releases", [False, True])
@pytest.mark.parametrize("error", [KeyError("missing"), KeyboardInterrupt(), SystemExit(3)])
def test_what_python_raises_is_raised_by_the_call(error, releases, asks):
    def fail(x):
        raise error

    f = asks(fail, releases_gil=releases)
    for _ in range(3):
        with pytest.raises(type(error)) as caught:
            f(np.zeros(3))
        assert caught.value is error
        assert caught.traceback[-1].name == "fail"


@pytest.mark.parametrize(
    "given", [(np.zeros(4),), (np.zeros(3) * 1j,), (), (np.zeros(3), 1.0), None]
)
def test_results_of_other_types_are_refused(given, asks):
    with pytest.raises((ShapeError, ValueError, TypeError)):
        asks(lambda x: given)(np.zeros(3))


def test_threads_get_their_own_exceptions(asks):
    def fail(x):
        time.sleep(0.001)
        raise KeyError(float(x[0]))

    def once(i):
        with pytest.raises(KeyError) as caught:
            f(np.full(3, float(i)))
        return caught.value.args == (float(i),)

    f = asks(fail, releases_gil=True)
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(once, range(40)))


def test_a_callback_may_call_the_kernel_again(asks):
    def countdown(x):
        return (x,) if x[0] == 0.0 else f(x - 1.0)

    f = asks(countdown)
    (y,) = f(np.full(3, 5.0))
    np.testing.assert_array_equal(y, np.zeros(3))


@pytest.fixture
def alarm():
    """Lets a handler run in a tenth of a second."""
    before = signal.getsignal(signal.SIGALRM)

    def start(handler):
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.1)

    yield start
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("releases", [False, True])
def test_an_endless_kernel_is_interrupted(releases, entry, alarm):
    f = entry("endless", (F,), (F,), releases_gil=releases)
    for _ in range(2):
        alarm(signal.default_int_handler)
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            f(1.0)
        assert time.monotonic() - start < 5.0


def test_a_handler_of_a_signal_may_raise_what_it_likes(entry, alarm):
    def handler(number, frame):
        raise TimeoutError("too long")

    alarm(handler)
    with pytest.raises(TimeoutError, match="too long"):
        entry("endless", (F,), (F,), releases_gil=True)(1.0)


def test_a_handler_that_returns_lets_the_kernel_go_on(entry, alarm):
    calls = []

    def handler(number, frame):
        calls.append(number)
        alarm(signal.default_int_handler)

    alarm(handler)
    with pytest.raises(KeyboardInterrupt):
        entry("endless", (F,), (F,))(1.0)
    assert calls == [signal.SIGALRM]
