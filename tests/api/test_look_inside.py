"""What is made of a function can be read: the plan, the buffers, the code, the time of each loop."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import lineara
from lineara import apply, explain, grad, jit, profile
from lineara.errors import DtypeError
from lineara.primitives import elementwise

X = np.linspace(0.1, 1.0, 100)


def model(x, w):
    def step(c, v):
        h = np.tanh(c * v)
        return h, np.sum(h)

    c, sums = lineara.scan(step, x, w)
    return np.sum(np.sin(c)) + np.sum(sums)


W = np.linspace(0.5, 1.0, 30)


@pytest.fixture
def jitted():
    f = jit(grad(model))
    f(X, W)
    return f


def test_the_plan_names_parameters_loops_lanes_tapes_and_lines(jitted):
    plan = jitted.show(stage="plan")
    head, *lines = plan.splitlines()
    assert head == "model(x: f64[100], w: f64[30]) -> (f64[100])" or head.startswith("grad")
    assert any("scan, 30 trips, backward(" in line for line in lines)
    assert any("keeps %" in line for line in lines)
    assert any("loop of 100: " in line and " lanes" in line for line in lines)
    (tanh,) = [line for line in lines if "= tanh(" in line]
    assert "test_look_inside.py:" in tanh
    assert tanh.startswith("      ")


def test_steps_that_share_a_loop_stand_together():
    f = jit(lambda x: np.sum(np.sin(x) * 2.0))
    lines = f.show(X).splitlines()
    (loop,) = [i for i, line in enumerate(lines) if "loop of 100" in line]
    inside = lines[loop + 1 :]
    assert [op for line in inside for op in ("sin", "mul", "sum") if f"= {op}(" in line] == [
        "sin",
        "mul",
        "sum",
    ]


def test_branches_and_conditions_are_told_apart():
    def f(x):
        def body(c):
            return lineara.cond(c[0] > 3.0, lambda c: c * 2.0, lambda c: c + 1.0, c)

        return lineara.while_loop(lambda c: np.sum(c) < 100.0, body, x)

    plan = jit(f).show(X)
    for part in ("condition", "body", "branch 0", "branch 1"):
        assert f"\n{' ' * (4 if part in ('condition', 'body') else 8)}{part}\n" in plan


def test_the_buffers_sum_up(jitted):
    text = jitted.show(stage="buffers")
    total = int(text.split("workspace: ")[1].split()[0])
    blocks = [line for line in text.splitlines() if line.startswith("  at ")]
    ends = [int(b.split(",")[0].split()[1]) + int(b.split(",")[1].split()[0]) for b in blocks]
    assert ends
    assert max(ends) <= total - 64
    assert any("f64[30,100]" in b and "24000 bytes" in b for b in blocks)
    assert "stack, " in text


def test_the_code_is_shown(jitted):
    assert 'define i32 @"kernel"' in jitted.show(stage="llvm")
    assert re.search(r"define .*i32 @kernel\(", jitted.show(stage="optimized"))


def test_the_machine_code_names_the_lines_of_the_program(jitted):
    code = jitted.show(stage="asm")
    first = model.__code__.co_firstlineno
    assert "\nkernel:" in code
    assert f"# test_look_inside.py:{first + 2}\n" in code
    assert ".debug_line" not in code
    assert ".loc" not in code


def test_other_arguments_are_another_program():
    f = jit(lambda x: x + 1.0)
    f(X)
    assert "f64[100]" in f.show()
    assert "f32[7]" in f.show(np.ones(7, np.float32))
    assert "f32[7]" in f.show()


def test_static_arguments_are_no_parameters_of_a_plan():
    f = jit(lambda x, n: x**n, static_argnums=1)
    f(X, 3)
    assert f.show(X, 3) == f.show()
    assert profile(f, X, 3).runs > 0


def test_captured_arrays_are_part_of_what_is_shown():
    table = np.arange(100.0)
    f = jit(lambda x: np.sum(np.sin(x) * table))
    f(X)
    assert ", captured%" in f.show()
    assert explain(f, X).evaluated == ()
    np.testing.assert_allclose(f(X), np.sum(np.sin(X) * table))
    assert profile(f, X).runs > 0


def test_an_unknown_stage_is_refused(jitted):
    with pytest.raises(DtypeError, match="the stages are plan, buffers"):
        jitted.show(stage="c")


def test_a_method_under_jit_is_shown():
    class Model:
        @jit
        def f(self, x):
            return x * 2.0

    assert callable(Model().f.show)


@pytest.mark.parametrize("level", [0, 1, 2, 3, None])
def test_levels_give_the_same_bits(level):
    f = lineara.value_and_grad(model, argnums=(0, 1))
    expected = jit(f)(X, W)
    got = jit(f, optimize=level)(X, W)
    assert got[0].tobytes() == expected[0].tobytes()
    assert [a.tobytes() for a in got[1]] == [a.tobytes() for a in expected[1]]


@pytest.mark.parametrize("level", [4, -1, "fast"])
def test_a_level_that_is_none_is_refused(level):
    with pytest.raises(DtypeError, match="the levels are 0, 1, 2, 3 and None"):
        jit(model, optimize=level)


def test_code_of_level_0_is_longer():
    def f(x):
        return np.sum(np.sin(x) * np.cos(x))

    lengths = [jit(f, optimize=n).show(X, stage="asm").count("\n") for n in (0, 3)]
    assert lengths[0] > lengths[1]


# ------------------------------------------------------------------ explain


def test_machine_code_is_explained():
    found = explain(jit(model), X, W)
    assert found.jitted is None
    assert found.unjitted is None
    assert found.evaluated == ()
    assert str(found).splitlines()[0] == "model, under jit: machine code"


def test_functions_of_their_own_are_named():
    @jit
    def layer(x):
        for _ in range(60):
            x = np.sin(x) * x
        return x

    found = explain(lambda x: layer(layer(x)), X)
    assert found.functions == ("layer",)


def test_a_record_without_machine_code_is_evaluated_in_python():
    cube = elementwise("cube_in_python", "x³", lambda x: x**3, [lambda y, x: 3.0 * x * x])
    f = jit(lambda x: np.sum(apply(cube, x) * 2.0))
    found = explain(f, X)
    assert [e.name for e in found.evaluated] == ["cube_in_python"]
    assert "evaluated in Python: cube_in_python (test_look_inside.py:" in str(found)
    np.testing.assert_allclose(f(X), np.sum(X**3 * 2.0))


def test_the_other_back_end_is_a_reason():
    f = jit(lambda x: x + 1.0)
    lineara.set_backend("reference")
    try:
        found = explain(f, X)
        shown = f.show(X)
        with pytest.raises(DtypeError, match="the reference back end is chosen"):
            profile(f, X)
    finally:
        lineara.set_backend("native")
    assert found.jitted == "the reference back end is chosen"
    assert "NumPy, since the reference back end is chosen" in str(found)
    assert "runs in NumPy: the reference back end is chosen" in shown


# ------------------------------------------------------------------ profile


def test_a_profile_counts_trips_and_names_lines(jitted):
    found = profile(jitted, X, W)
    assert found.runs >= 1
    scans = [e for e in found.entries if e.title.startswith("scan, 30 trips")]
    assert [e.count for e in scans] == [1.0, 1.0]
    inside = [e for e in found.entries if e.depth == 1]
    assert {e.count for e in inside} == {30.0}
    assert all("test_look_inside.py:" in line for e in inside for line in e.lines)
    assert "tanh" in str(found)


def test_times_of_parts_are_within_that_of_the_whole(jitted):
    found = profile(jitted, X, W)
    top = sum(e.seconds for e in found.entries if e.depth == 0)
    assert 0.0 < top < found.seconds * 1.1


def test_a_trace_nests_its_events(jitted, tmp_path):
    found = profile(jitted, X, W)
    found.save(tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    spans = [e for e in events if e["ph"] == "X"]
    assert len(spans) == len(found.entries)
    for span, entry in zip(spans, found.entries, strict=True):
        if entry.depth:
            assert any(s["ts"] <= span["ts"] < s["ts"] + s["dur"] for s in spans if s is not span)


def test_a_loop_that_threads_share_is_one_entry():
    x = np.linspace(0.0, 1.0, 1_000_000)
    found = profile(jit(lambda x: np.sum(np.sin(x) * np.exp(x))), x)
    assert any("shared by threads" in e.title for e in found.entries)


def test_a_profile_leaves_the_function_as_it_was(jitted):
    before = jitted(X, W).tobytes()
    profile(jitted, X, W)
    assert jitted(X, W).tobytes() == before


def test_loops_without_lists_give_no_memory_back():
    def walk(x):
        return lineara.scan(lambda c, v: (c * v, c), 1.0, x)[0]

    def until(x):
        return lineara.while_loop(lambda c: c < 1e3, lambda c: c * c, x)

    code = lineara.jit(lineara.grad(walk)).show(np.full(9, 1.1), stage="llvm")
    assert "lineara.release" not in code
    assert "lineara.release" in lineara.jit(lineara.grad(until)).show(2.0, stage="llvm")
