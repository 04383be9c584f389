"""The same bits, whatever is kept, however much is optimised, wherever arrays begin, in this process or another."""

import subprocess
import sys
from random import Random

import numpy as np
import pytest

from lineara import cond, fori_loop, grad, jit, scan, vmap, while_loop
from lineara.backends.native import run as native
from lineara.syntax import parse_function
from lineara.testing.laws import mixed_form, random_policy
from lineara.testing.machine import compiled, same_bits, watched
from lineara.testing.programs import generate
from lineara.testing.staged import STAGES, batched_form
from lineara.testing.staged import gradient as gradient_of
from lineara.testing.values import bits
from lineara.transforms import as_written, everything, nothing, save_names

X = np.linspace(0.1, 2.3, 37)
M = np.sin(np.arange(19 * 23.0)).reshape(19, 23)
F32 = M.astype(np.float32)
LONG, CHUNKED = np.sin(np.arange(1103.0)), np.sin(np.arange(20_011.0))
WIDE = np.cos(np.arange(301 * 77.0)).reshape(301, 77)

FUNCTIONS = {
    "a chain": (lambda x: np.tanh(np.sin(x) * np.exp(-x) + x**3) / (1 + x * x), X),
    "sums along axes": (lambda m: np.exp(m - np.sum(m * m, 0)) / np.sum(np.exp(m), 1)[:, None], M),
    "sums in single precision": (lambda m: np.sum(np.sin(m) @ m.T, 0) * np.mean(m), F32),
    "products": (lambda m: np.tanh(m @ m.T) @ m, M),
    "a stencil": (lambda x: (x[2:] - 2 * x[1:-1] + x[:-2]) * np.sin(x[1:-1]), X),
    "reads": (lambda x: x[np.arange(60) % 37] * np.cumsum(x)[5], X),
    "a scan": (lambda m: scan(lambda c, t: (np.sin(c * t) + c, np.sum(c * t)), m[0], m), M),
    "a loop": (lambda x: fori_loop(0, 9, lambda i, v: np.tanh(v * x[i]) + v[::-1], x), X),
    "a while_loop": (lambda x: while_loop(lambda c: np.sum(c) < 99, lambda c: c * 1.3 + x, x), X),
    "long sums": (lambda x: np.sum(np.sin(x) * x) * np.tanh(x[1:] - x[:-1] ** 2) / np.max(x), LONG),
    "sums in chunks": (lambda x: np.sum((x[1:] - x[:-1] ** 2) ** 2) * np.sum(np.cos(x)), CHUNKED),
    "sums of rows": (lambda m: np.log(np.sum(np.exp(m - np.max(m, 1)[:, None]), 1)) @ m, WIDE),
    "tall products": (lambda m: np.sum(np.tanh(m[:, :5].T @ m[:, :7]) * np.mean(m)), WIDE),
    "examples of rows": (vmap(lambda r: np.sum(np.exp(r)) * np.sum(np.sin(r)[:12] ** 2) + r), WIDE),
    "branches": (lambda x: cond(x[0] > 0, lambda v: np.sin(v) * v, lambda v: v, x), X),
    "examples": (vmap(lambda r: np.sum(np.outer(r, r) * r[:, None], 0) + np.log1p(r * r)), M),
}
FUNCTION = pytest.mark.parametrize("name", FUNCTIONS)


@pytest.fixture
def program(gradient):
    def make(name, policy=as_written):
        f, x = FUNCTIONS[name]
        return gradient(f, x, policy=policy)

    return make


POLICIES = (as_written, everything, nothing, save_names("a"), random_policy(Random(3)))


@FUNCTION
def test_whatever_is_kept(program, name):
    given = [same_bits(compiled(p, 1), args) for p, args in (program(name, q) for q in POLICIES)]
    assert len({bits(x) for x in given}) == 1


PRODUCT = "let c = contract[spec=((0, 2), (1, 2), (0, 1))](o, b)"
ALONE = f"""
def f(b: f64[23,19], o: f64[19,19]) -> f64[19,23] =
  {PRODUCT}
  c
"""
BESIDE = f"""
def f(b: f64[23,19], x: f64[19,19]) -> (f64[19,23], f64[19,19]) =
  let o = x * x
  {PRODUCT}
  (c, o)
"""


def test_whatever_is_beside_a_product():
    b, x = np.sin(np.arange(23 * 19.0)).reshape(23, 19), M[:, :19]
    alone = same_bits(compiled(parse_function(ALONE)), [b, x * x])
    beside = same_bits(compiled(parse_function(BESIDE)), [b, x])
    assert bits(alone) == bits(beside[:1])


@FUNCTION
def test_however_much_is_optimised(program, name):
    function, args = program(name)
    kernels = [compiled(function, n, on_stack=s) for n, s in ((0, False), (1, True), (3, True))]
    assert len({bits(same_bits(k, args)) for k in kernels}) == 1


@FUNCTION
def test_however_often_it_runs(program, name):
    function, args = program(name)
    kernel = compiled(function, 2)
    given = {bits(watched(kernel, args, n, fence_before=bool(n % 2))) for n in range(20)}
    assert len(given) == 1


@FUNCTION
def test_wherever_arrays_begin(program, name):
    function, args = program(name)
    given = [native.run(function, [moved(x, n) for x in args], 1) for n in range(4)]
    assert len({bits(x) for x in given}) == 1


def moved(x, elements):
    """The same array so many elements after a multiple of 64 bytes."""
    room = np.empty(x.nbytes + 64 + elements * x.itemsize, np.uint8)
    start = -room.ctypes.data % 64 + elements * x.itemsize
    place = room[start : start + x.nbytes].view(x.dtype).reshape(x.shape)
    place[...] = x
    return place


@FUNCTION
def test_whether_or_not_under_jit(weighed, name):
    f, x = FUNCTIONS[name]
    gradient = grad(lambda v: weighed(f(v)))
    assert bits(gradient(x)) == bits(jit(gradient)(x)) == bits(jit(gradient)(np.asfortranarray(x)))


@pytest.mark.parametrize("case", range(10))
def test_generated_programs_do_not_depend_on_the_level(case):
    for seed in range(case * 10, case * 10 + 10):
        rng = Random(seed)
        stage = rng.choice(list(STAGES))
        function, args = STAGES[stage](generate(seed, 8), rng)
        given = [same_bits(compiled(function, n, on_stack=n > 0), args) for n in (0, 1)]
        assert bits(given[0]) == bits(given[1]), f"{stage} of generate({seed}, 8)"


@pytest.mark.parametrize("case", range(6))
def test_generated_programs_do_not_depend_on_what_is_kept(case):
    for seed in range(case * 4, case * 4 + 4):
        m, args = FORMS[seed % 2](generate(seed, 8), Random(seed))
        policies = (*POLICIES, random_policy(Random(seed)), random_policy(Random(-1 - seed)))
        programs = [gradient_of(m, args, Random(seed), p) for p in policies]
        given = {bits(same_bits(compiled(f, 1), given)) for f, given in programs}
        assert len(given) == 1, f"generate({seed}, 8)"


FORMS = (lambda p, rng: (mixed_form(p), p.args), batched_form)


PROGRAM = """
import numpy as np
from lineara import jit, value_and_grad
f = jit(value_and_grad(lambda x: np.sum(np.tanh(np.sin(x) * np.exp(-x)) @ np.ones((7, 5)))))
value, gradient = f(np.cos(np.arange(21.0)).reshape(3, 7))
print(value.tobytes().hex(), gradient.tobytes().hex())
"""


def test_in_another_process_that_finds_the_code(tmp_path, monkeypatch):
    monkeypatch.setenv("LINEARA_CACHE_DIR", str(tmp_path))
    given = [
        subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True).stdout
        for _ in range(2)
    ]
    assert given[0] == given[1] != b""
    assert any(tmp_path.iterdir())
