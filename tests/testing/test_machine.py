"""What watches machine code sees what it is there to see."""

import ctypes
import signal
import subprocess
import sys

import numpy as np
import pytest

from lineara.syntax import parse_function
from lineara.testing import machine
from lineara.testing.machine import Fenced, agrees, same_bits

ADD = parse_function("def f(x: f64[3], y: f64[3]) -> f64[3] =\n  let z = x + y\n  z\n")
X = np.array([1.0, 2.0, 4.0])


@pytest.mark.parametrize("fence_before", [False, True])
def test_a_write_beside_an_array_is_seen(fence_before):
    fenced = Fenced(24, 0xFF, fence_before=fence_before)
    assert fenced.is_intact
    ctypes.memset(fenced.address + (24 if fence_before else -1), 0, 1)
    assert not fenced.is_intact


@pytest.mark.parametrize(("fence_before", "offset"), [(False, 24), (True, -1)])
def test_a_read_beyond_a_fence_ends_the_process(fence_before, offset):
    program = f"""
import ctypes
from lineara.testing.machine import Fenced
place = Fenced(24, 0, fence_before={fence_before})
print(ctypes.string_at(place.address, 24), flush=True)
ctypes.string_at(place.address + {offset}, 1)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.stdout.strip()
    assert done.returncode == -signal.SIGSEGV


def test_another_result_is_seen(monkeypatch):
    assert agrees(ADD, [X, X])
    other = machine.compiled(
        parse_function("def f(x: f64[3], y: f64[3]) -> f64[3] =\n  let () = drop y\n  x\n")
    )
    monkeypatch.setattr(machine, "compiled", lambda *args, **options: other)
    with pytest.raises(AssertionError, match="where rounding reaches"):
        agrees(ADD, [X, X])


def test_memory_that_is_read_before_it_is_written_is_seen(monkeypatch):
    kernel = machine.compiled(ADD)
    monkeypatch.setattr(machine, "_call", lambda *places: None)
    with pytest.raises(AssertionError, match="from one call to the next"):
        same_bits(kernel, [X, X])


def test_a_change_of_an_operand_is_seen(monkeypatch):
    kernel = machine.compiled(ADD)

    def change(executable, inputs, outputs, workspace):
        inputs[1].bytes[0] ^= 1

    monkeypatch.setattr(machine, "_call", change)
    with pytest.raises(AssertionError, match="an operand was changed"):
        same_bits(kernel, [X, X])


def test_at_a_jump_it_is_measured_what_rounding_does(monkeypatch):
    f = parse_function(
        "def f(x: f64, y: f64) -> f64 =\n  let () = drop y\n  let z = floor(x)\n  z\n"
    )
    one = np.array(1.0)
    other = machine.compiled(
        parse_function("def f(x: f64, y: f64) -> f64 =\n  let () = drop x\n  y\n")
    )
    monkeypatch.setattr(machine, "compiled", lambda *args, **options: other)
    assert not agrees(f, [one, np.array(0.0)])
