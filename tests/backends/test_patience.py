"""Very large programs that are not under `jit` run in NumPy first, and are compiled when that has taken as long."""

import numpy as np
import pytest

import lineara as lin
from lineara.backends import patience
from lineara.backends.native import run as native


@pytest.fixture(autouse=True)
def impatient(monkeypatch, tmp_path):
    """Programs are large from 50 equations on, and nothing is known of any."""
    monkeypatch.setattr(patience, "SMALL", 50)
    monkeypatch.setattr(patience, "_spent", type(patience._spent)())
    monkeypatch.setenv("LINEARA_CACHE_DIR", str(tmp_path))
    native.clear()


@pytest.fixture
def compiled(monkeypatch):
    """The functions that are compiled."""
    made = []
    executable = native._executable

    def counted(function, *rest):
        made.append(function)
        return executable(function, *rest)

    monkeypatch.setattr(native, "_executable", counted)
    return made


def long(x):
    for i in range(1, 60):
        x = x + np.sin(x) / (10.0 + i)
    return np.sum(x)


def looped(x):
    def step(c, _):
        return long(c * np.ones(3)) * 1e-3, None

    return lin.scan(step, x, None, length=1000)[0]


def test_it_is_evaluated_at_first(compiled):
    first = lin.grad(long)(np.ones(3))
    assert not compiled
    assert "it is compiled when it has run for" in lin.explain(lin.grad(long), np.ones(3)).unjitted
    np.testing.assert_allclose(first, lin.jit(lin.grad(long))(np.ones(3)), rtol=1e-10)


def test_it_is_compiled_when_it_has_run_as_long(compiled, monkeypatch):
    monkeypatch.setattr(patience, "COMPILING", 2e-5)
    runs = 0
    while not compiled and runs < 100:
        lin.grad(long)(np.ones(3))
        runs += 1
    assert 1 < runs < 100
    lin.grad(long)(np.ones(3))
    assert len(compiled) == 1


def test_a_long_loop_is_compiled_at_once(compiled):
    lin.grad(looped)(0.5)
    assert len(compiled) == 1


def test_what_is_known_is_not_evaluated(compiled):
    with pytest.MonkeyPatch.context() as m:
        m.setattr(patience, "SMALL", 10_000)
        lin.grad(long)(np.ones(3))
    assert len(compiled) == 1
    native.clear()
    lin.grad(long)(np.ones(3))
    assert len(compiled) == 2
