"""Indices out of range are errors before anything is touched; memory that is not there and signals are exceptions."""

import subprocess
import sys
from functools import partial
from textwrap import dedent

import numpy as np
import pytest

from lineara import cond, fori_loop, scan, vmap, while_loop
from lineara.backends.reference import evaluate
from lineara.testing.machine import compiled, watched

X = np.linspace(0.1, 2.3, 12)
M = np.linspace(-1.2, 1.3, 36).reshape(6, 6)


def written(x, i, v):
    y = np.copy(x)
    y[i] = v
    return y


def added(x, i, v):
    y = np.copy(x)
    np.add.at(y, i, v)
    return y


def spread(wrong, at, count=20):
    """Indices of which one is wrong."""
    indices = np.arange(count) % 6
    indices[at] = wrong
    return indices


INDICES = {
    "one beyond": 12,
    "one before": -13,
    "far beyond": 2**40,
    "the largest": 2**63 - 1,
    "the smallest": -(2**63),
    "a wrapped one": 2**61,
}
ONE = {
    "a read": lambda x, i: x[i],
    "a read of a row": lambda x, i: np.tile(x, (3, 1)).T[i],
    "a read of what is made": lambda x, i: np.sin(x)[i],
    "a write": lambda x, i: written(x, i, 1.0),
    "a write to what is made": lambda x, i: written(np.sin(x), i, 1.0),
    "an addition": lambda x, i: added(x, i, 1.0),
    "a read in a scan": lambda x, i: scan(lambda c, t: (c + x[i], t * x[i]), 0.0, x),
    "a write in a scan": lambda x, i: scan(lambda c, t: (written(c, i, t), t), x, x),
    "a read that runs out": lambda x, i: fori_loop(0, 3, lambda k, v: v + x[i + k], 0.0),
    "a write that runs out": lambda x, i: fori_loop(0, 3, lambda k, v: written(v, i + k, 1.0), x),
    "a read in a while_loop": lambda x, i: while_loop(lambda c: c < 9.0, lambda c: c + x[i], 0.0),
    "a read in a branch": lambda x, i: cond(x[0] > 0, lambda v: v[i], lambda v: v[0], x),
    "a read for each example": lambda x, i: vmap(lambda t: t * x[i])(x),
}
MANY = {
    "reads": lambda x, i: x[i],
    "reads in a sum": lambda x, i: np.sum(np.sin(x[i]) * 2.0),
    "reads of rows": lambda x, i: np.tile(x, (3, 1)).T[i] * 2.0,
    "reads of columns": lambda x, i: np.tile(x, (3, 1))[:, i] * 2.0,
    "writes": lambda x, i: written(x, i, 1.0),
    "additions": lambda x, i: added(x, i, 2.0),
    "additions to columns": lambda x, i: added(np.tile(x, (3, 1)), (slice(None), i), 2.0),
    "reads in a scan": lambda x, i: scan(lambda c, k: (c + x[k], x[k]), 0.0, i),
    "writes in a scan": lambda x, i: scan(lambda c, k: (written(c, k, 1.0), None), x, i)[0],
    "reads for each example": lambda x, i: vmap(lambda k: x[k] * 2.0)(i),
    "writes for each example": lambda x, i: vmap(lambda k: written(x + k, k, 2.0))(i),
}


def _place(message):
    """The message without the index: 64 bits without a sign are shown with one in machine code."""
    return str(message).partition(" is out of bounds")[1:]


@pytest.fixture
def refused(index_error):
    """Whether both back ends refuse, in the same words, however memory lies."""

    def check(program, args, level):
        message = index_error(evaluate, program, args)
        kernel = compiled(program, level, on_stack=level > 0)
        for before in (False, True):
            fenced = partial(watched, kernel, args, 0xFF, fence_before=before)
            assert _place(index_error(fenced)) == _place(message)
        return message is not None

    return check


@pytest.mark.parametrize("level", [0, 3])
@pytest.mark.parametrize("f", ONE.values(), ids=list(ONE))
@pytest.mark.parametrize("index", INDICES.values(), ids=list(INDICES))
def test_an_index_out_of_range_is_refused(refused, recorded, f, index, level):
    args = [X, np.array(index)]
    assert refused(*recorded(f, *args), level)


@pytest.mark.parametrize("f", ONE.values(), ids=list(ONE))
def test_so_it_is_in_gradients(refused, gradient, f):
    assert refused(*gradient(f, X, np.array(12)), 1)


@pytest.mark.parametrize("f", ["a read", "a write", "a read in a scan", "a read for each example"])
@pytest.mark.parametrize("index", [2**64 - 1, 2**63, 12], ids=str)
def test_unsigned_indices_do_not_wrap(refused, recorded, f, index):
    assert refused(*recorded(ONE[f], X, np.array(index, np.uint64)), 1)


@pytest.mark.parametrize("at", [0, 3, 7, 8, 16, 19])
@pytest.mark.parametrize("wrong", [12, -13, 2**62], ids=str)
@pytest.mark.parametrize("f", MANY.values(), ids=list(MANY))
def test_one_of_many_indices_out_of_range_is_refused(refused, recorded, f, wrong, at):
    assert refused(*recorded(f, X, spread(wrong, at)), at % 2)


@pytest.mark.parametrize("f", MANY.values(), ids=list(MANY))
def test_one_of_many_is_refused_in_gradients(refused, gradient, f):
    assert refused(*gradient(f, X, spread(12, 9)), 1)


@pytest.mark.parametrize("f", [ONE["a read"], ONE["a write"], MANY["reads"]])
def test_an_axis_without_elements_has_no_indices(refused, recorded, f):
    assert refused(*recorded(f, X[:0], np.array([0])), 1)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint32])
def test_small_integers_are_indices(refused, recorded, dtype):
    indices = np.array([100, 3, 12], dtype)
    assert refused(*recorded(MANY["reads"], X, indices), 1)
    assert not refused(*recorded(MANY["reads"], X, indices % 12), 1)


def result_of(program):
    return subprocess.run(
        [sys.executable, "-c", dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_tape_that_does_not_fit_is_a_memory_error():
    done = result_of("""
        import resource
        import numpy as np
        from lineara import grad, jit, while_loop

        gradient = jit(grad(lambda x, n: np.sum(
            while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, np.sin(c[1])), (0.0, x))[1])))
        x = np.ones(1000)
        gradient(x, 3.0)
        resource.setrlimit(resource.RLIMIT_AS, (3 << 29, 3 << 29))
        for _ in range(3):
            try:
                gradient(x, 1e9)
            except MemoryError as error:
                print(error)
            print(gradient(x, 3.0)[0])
    """)
    lines = done.stdout.splitlines()
    assert len(lines) == 6, done.stderr[-2000:]
    assert all("no memory for the tape" in line for line in lines[::2])
    assert len(set(lines[1::2])) == 1


def test_control_c_ends_a_long_loop():
    done = result_of("""
        import signal, time
        import numpy as np
        from lineara import jit, while_loop

        f = jit(lambda x, n: while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, np.sin(c[1])), (0.0, x))[1])
        x = np.ones(10)
        f(x, 3.0)
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        start = time.monotonic()
        try:
            f(x, 1e15)
        except KeyboardInterrupt:
            print("interrupted")
        assert time.monotonic() - start < 30
        print(f(x, 3.0)[0])
    """)
    assert done.stdout.startswith("interrupted"), done.stderr[-2000:]
