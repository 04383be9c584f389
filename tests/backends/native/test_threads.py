"""Threads: the same bits for every number of them, and kernels that run at once, again, and in forked processes."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import lineara
from lineara.backends import native
from lineara.backends.native import order, parallel, run
from lineara.errors import IndexingError, SettingError
from lineara.primitives import elementwise

NUMBERS = (1, 2, 3, 5)


@pytest.fixture(autouse=True)
def _threads():
    before = lineara.get_num_threads()
    yield
    lineara.set_num_threads(before)


def bytes_of(values):
    return [np.asarray(v).tobytes() for v in values]


def on_all_numbers(function, *args):
    """The bytes of what a function gives with each number of threads."""
    found = []
    for n in NUMBERS:
        lineara.set_num_threads(n)
        found += [bytes_of(function(*args)) for _ in range(3)]
    return found


def count_parallel(monkeypatch):
    """The loops that are emitted in chunks from now on."""
    loops = []

    def counted(emitter, g, *rest):
        loops.append(g)
        return original(emitter, g, *rest)

    original = parallel.run
    monkeypatch.setattr(parallel, "run", counted)
    run.clear()
    return loops


def sums(x):
    return np.sum(np.sin(x) * np.exp(-(x**2)) + np.tanh(x))


def rows(x):
    high = np.max(x, axis=1, keepdims=True)
    return np.sum(np.log(np.sum(np.exp(x - high), axis=1)) + high[:, 0])


def columns(x):
    return np.sum(np.tanh(np.mean(np.exp(x), axis=0)) + np.max(np.sin(x), axis=0))


def stencil(x):
    return np.sum(np.sin(x[2:] - 2 * x[1:-1] + x[:-2]) ** 2)


def steps(x):
    def step(c, _):
        return c + 0.1 * np.sin(c[::-1]), None

    return np.sum(lineara.scan(step, x, None, length=3)[0] ** 2)


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (sums, (200_000,)),
        (sums, (200_037,)),
        (rows, (2000, 100)),
        (rows, (40, 7001)),
        (columns, (3000, 71)),
        (stencil, (300_005,)),
        (steps, (150_001,)),
    ],
)
def test_every_number_of_threads_gives_the_same_bits(function, shape, monkeypatch):
    loops = count_parallel(monkeypatch)
    x = np.random.default_rng(0).normal(size=shape)
    derivative = lineara.jit(lineara.value_and_grad(function))
    first, *others = on_all_numbers(derivative, x)
    assert loops
    assert all(o == first for o in others)


@pytest.mark.parametrize("dtype", [np.float32, np.complex128, np.int64, np.bool_])
def test_reductions_of_every_kind_of_numbers(dtype, monkeypatch):
    loops = count_parallel(monkeypatch)
    x = (10 * np.random.default_rng(0).normal(size=(6_000, 130))).astype(dtype)

    def reduced(x):
        y = x if x.dtype != np.bool_ else x ^ x[::-1]
        return np.sum(y, axis=0), np.sum(y * y), np.any(y, axis=1)

    compiled = lineara.jit(reduced)
    first, *others = on_all_numbers(compiled, x)
    assert loops
    assert all(o == first for o in others)
    for got, wanted in zip(compiled(x), reduced(x), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-3 if dtype == np.float32 else 1e-10)


@pytest.mark.parametrize("function", [sums, rows, columns, stencil, steps])
def test_a_loop_in_chunks_computes_what_the_reference_does(function, monkeypatch):
    loops = count_parallel(monkeypatch)
    monkeypatch.setattr(parallel, "WORTH", 0)
    monkeypatch.setattr(order, "LARGE", 1)
    shape = (137, 65) if function in {rows, columns} else (201,)
    x = np.random.default_rng(0).normal(size=shape)
    derivative = lineara.value_and_grad(function)
    lineara.set_num_threads(3)
    got = lineara.jit(derivative)(x)
    assert loops
    monkeypatch.setenv("LINEARA_BACKEND", "reference")
    for a, b in zip(got, derivative(x), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


def test_a_small_loop_stays_in_one_thread(monkeypatch):
    loops = count_parallel(monkeypatch)
    lineara.jit(lineara.grad(sums))(np.ones(1000))
    assert not loops


def test_the_first_chunk_that_fails_is_the_one_that_is_reported():
    table = np.linspace(0.0, 1.0, 1000)
    places = np.arange(500_000) % 1000
    taken = lineara.jit(lambda t, i: np.sum(np.sin(t[i]) + np.exp(t[i])))
    right = on_all_numbers(lambda: [taken(table, places)])
    assert all(r == right[0] for r in right)
    places[100_003], places[400_001] = 7000, 5000
    for n in NUMBERS:
        lineara.set_num_threads(n)
        for _ in range(3):
            with pytest.raises(IndexingError, match="index 7000 is out of bounds"):
                taken(table, places)
    places[[100_003, 400_001]] = 0
    assert np.isfinite(taken(table, places))


def test_threads_of_python_may_run_one_kernel_at_once():
    lineara.set_num_threads(3)
    x = np.random.default_rng(0).normal(size=200_000)
    derivative = lineara.jit(lineara.value_and_grad(sums))
    wanted, wrong = bytes_of(derivative(x)), []

    def work():
        wrong.extend(i for i in range(20) if bytes_of(derivative(x)) != wanted)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for t in threads:
        t.start()
    lineara.set_num_threads(2)
    for t in threads:
        t.join()
    assert not wrong


def test_threads_that_have_no_work_sleep():
    lineara.set_num_threads(4)
    lineara.jit(sums)(np.ones(200_000))
    threading.Event().wait(0.05)
    before = os.times()
    threading.Event().wait(0.5)
    after = os.times()
    assert after.user + after.system - before.user - before.system < 0.1


FORK = """
import os
import numpy as np, lineara
lineara.set_num_threads(3)
f = lineara.jit(lineara.value_and_grad(lambda x: np.sum(np.sin(x) * np.exp(-x**2))))
x = np.linspace(-1, 1, 300_000)
wanted = [np.asarray(v).tobytes() for v in f(x)]
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        same = all([np.asarray(v).tobytes() for v in f(x)] == wanted for _ in range(20))
        os._exit(0 if same else 1)
    children.append(child)
assert [np.asarray(v).tobytes() for v in f(x)] == wanted
assert all(os.waitpid(c, 0)[1] == 0 for c in children)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_has_threads_of_its_own():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK], timeout=60, check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


def in_environment(value):
    return subprocess.run(
        [sys.executable, "-c", "import lineara; print(lineara.get_num_threads())"],
        env=os.environ | {"LINEARA_NUM_THREADS": value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_environment_says_how_many_threads_there_are():
    assert in_environment("7").stdout.strip() == "7"
    available = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
    assert in_environment("").stdout.strip() == str(len(available))
    refused = in_environment("many").stderr
    assert "'many' is no number of threads, in the environment (LINEARA_NUM_THREADS)" in refused


@pytest.mark.parametrize("wrong", [0, -1, 1025, 1.5, "2", None, True])
def test_what_is_no_number_of_threads_is_refused(wrong):
    before = lineara.get_num_threads()
    with pytest.raises(SettingError, match="is no number of threads, in set_num_threads"):
        lineara.set_num_threads(wrong)
    assert lineara.get_num_threads() == before


def test_a_number_that_is_set_is_the_number():
    lineara.set_num_threads(np.int64(3))
    assert lineara.get_num_threads() == 3
    assert native.threads.get_num_threads() == 3


def test_a_kernel_that_a_kernel_calls_back_shares_its_loops_too(monkeypatch):
    loops = count_parallel(monkeypatch)
    inner = lineara.jit(np.tanh)
    record = elementwise("inner", "tanh", inner, [lambda y, x: 1 - y * y])
    lineara.set_num_threads(3)
    outer = lineara.jit(lambda x: np.sum(np.exp(lineara.apply(record, np.sin(x)))))
    x = np.linspace(-1.0, 1.0, 200_000)
    got = [float(outer(x)) for _ in range(5)]
    assert len(loops) == 3
    assert set(got) == {got[0]}
    np.testing.assert_allclose(got[0], np.sum(np.exp(np.tanh(np.sin(x)))), rtol=1e-12)
