"""Random programs and their derivatives in memory with guards, and kernels that the guards must catch."""

import subprocess
import sys

import numpy as np
import pytest

from lineara.backends.native.compile import load, object_code
from lineara.backends.native.executable import Executable
from lineara.ir import ArrayType
from lineara.testing.guarded import TrespassError, run_guarded

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no mprotect")

TEXT = """
define i32 @{name}(ptr %inputs, ptr %outputs, ptr %workspace) {{
  %x = load ptr, ptr %inputs
  %y = load ptr, ptr %outputs
  %v = load double, ptr %x
  store double %v, ptr %y
  %at = getelementptr double, ptr {pointer}, i64 {index}
  {action}
  ret i32 0
}}
"""
READ = "%w = load double, ptr %at\n  store double %w, ptr %y"
WRITE = "store double 0.5, ptr %at"

PROGRAMS = """
import sys
from random import Random
from lineara.backends.native.run import kernel
from lineara.errors import TransformError
from lineara.pipeline import Request, run
from lineara.testing import generate
from lineara.testing.guarded import run_guarded
from lineara.testing.values import arrays, sample

def check(function, args):
    made, entry = kernel(function, 1)
    given = [x for a in args for x in arrays(a)]
    code, results = run_guarded(made.executable, given)
    if code == 0:
        assert [x.tobytes() for x in results] == [x.tobytes() for x in entry(*given)]

for seed in range(int(sys.argv[1]), int(sys.argv[2])):
    print(seed, flush=True)
    program = generate(seed, 5)
    check(program.function, program.args)
    (vjp,) = run(program.function, Request(), "vjp")
    rng = Random(seed)
    check(vjp, [*program.args, *[sample(v.type, rng) for v in vjp.linear_params]])
print("done")
"""


def guarded(pointer, index, action):
    text = TEXT.format(name="k", pointer=pointer, index=index, action=action)
    library = load(object_code(text, 0), ["k"])
    three = ArrayType("f64", (3,))
    kernel = Executable(library["k"], (three,), (ArrayType("f64"),), 128, (), library)
    return run_guarded(kernel, [np.arange(3.0) + 1.0])


@pytest.mark.parametrize(
    ("pointer", "index", "action"),
    [("%x", 2, READ), ("%y", 0, WRITE), ("%workspace", 15, WRITE), ("%workspace", 0, WRITE)],
)
def test_what_is_allowed(pointer, index, action):
    code, (result,) = guarded(pointer, index, action)
    assert code == 0
    assert float(result) in {1.0, 3.0, 0.5}


@pytest.mark.parametrize(
    ("pointer", "index", "action", "message"),
    [
        ("%workspace", 3, READ, "memory that nobody wrote"),
        ("%y", -1, WRITE, "around an array of 8"),
        ("%workspace", -1, WRITE, "around an array of 128"),
    ],
)
def test_trespasses_are_seen(pointer, index, action, message):
    with pytest.raises(TrespassError, match=message):
        guarded(pointer, index, action)


@pytest.mark.parametrize(
    ("pointer", "index", "action"),
    [
        ("%x", 3, READ),
        ("%x", 0, WRITE),
        ("%y", 1, READ),
        ("%y", 1, WRITE),
        ("%workspace", 16, READ),
    ],
)
def test_trespasses_end_the_process(pointer, index, action):
    script = (
        "import importlib.util, sys\n"
        "spec = importlib.util.spec_from_file_location('guards', sys.argv[1])\n"
        "guards = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(guards)\n"
        f"guards.guarded({pointer!r}, {index}, {action!r})"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, __file__], check=False, timeout=60, capture_output=True
    )
    assert ended.returncode < 0, ended.stderr.decode()


def test_programs_stay_in_their_memory():
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAMS, "0", "60"],
        check=False, timeout=120, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.stdout.endswith("done\n"), f"{ended.stdout[-20:]} {ended.stderr[-2000:]}"
