"""Programs that differ in numbers alone share their machine code, and their results do not change by it."""

from random import Random

import numpy as np
import pytest

from lineara import checkpoint, grad, jit, scan, trace
from lineara.backends import lifting
from lineara.backends.choice import set_backend
from lineara.backends.native import run as native
from lineara.testing.programs import generate
from lineara.testing.staged import STAGES
from lineara.testing.values import bits
from lineara.typecheck import check

X = np.linspace(0.1, 2.3, 7)


def loss(x, rate):
    inner = jit(lambda v: np.sin(v * rate) ** rate)
    return np.sum(np.exp(rate * np.tanh(x)) / checkpoint(inner)(x)) + scan(
        lambda c, t: (c * rate + t, None), rate, x
    )[0] * (rate + 1.25)


@pytest.fixture(autouse=True)
def _machine_code():
    set_backend("native")


@pytest.mark.parametrize("stage", STAGES)
def test_results_have_the_same_bits(stage):
    compared = 0
    for seed in range(25):
        rng = Random(seed)
        function, args = STAGES[stage](generate(seed, 12), rng)
        shared, numbers = lifting.lifted(function)
        if numbers:
            check(shared)
            count = len(function.params)
            given = [*args[:count], *numbers, *args[count:]]
            assert bits(native.run(function, args, 1)) == bits(native.run(shared, given, 1))
            compared += 1
    assert compared


def test_a_gradient_at_other_numbers_is_not_compiled_again(monkeypatch):
    grad(lambda x: loss(x, 0.3))(X)
    made = []
    kernel = native.Kernel
    monkeypatch.setattr(native, "Kernel", lambda *args: made.append(1) or kernel(*args))
    for rate in (0.31, 0.7, 1.7):
        found = grad(lambda x, rate=rate: np.sum((np.sin(x * rate) - rate) ** 2))(X)
        wanted = jit(grad(lambda x, rate=rate: np.sum((np.sin(x * rate) - rate) ** 2)))(X)
        np.testing.assert_array_equal(found, wanted)
    assert len(made) == 1 + 3


def test_numbers_in_calls_are_lifted_and_those_that_code_is_made_for_are_not():
    function = trace(lambda x: loss(x, 0.3) + np.sum(x * 0.5 + 2.0), X).function
    shared, numbers = lifting.lifted(function)
    assert len(shared.params) == len(function.params) + len(numbers)
    assert set(map(float, numbers)) == {0.3, 1.55}


def test_too_many_numbers_stay():
    def f(x):
        for k in range(lifting.LARGEST + 1):
            x = x * (k + 0.3)
        return x

    function = trace(f, 1.5).function
    assert lifting.lifted(function) == (function, [])
    assert lifting.lifted(trace(lambda x: x * 0.3j, 1.5).function)[1] == []
